"""The benchmarks run: each at its smallest, at night."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.nightly


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_grading_is_timed_and_compared_with_stock_nbgrader() -> None:
    found = json.loads(run("benchmarks/grading.py", "--chapter", "00", "--students", "8", "--json"))
    assert found["scores_equal"] is True
    assert found["cells_compared"] > 30
    assert min(found[key] for key in ("ratio_to_stock", "late_one_ratio", "first_mark_ratio", "nothing_to_do_s")) > 0


def test_checks_are_timed_in_a_chapter_that_uses_parts_of_earlier_ones() -> None:
    found = json.loads(run("benchmarks/student.py", "--json", "06_all_yours"))
    assert [len(one["checks"]) for one in found] == [3]


@pytest.mark.parametrize("command", ["load.py", "watch.py --times 1", "desk.py --runs 1"])
def test_the_others_print_what_they_found(command: str) -> None:
    assert any(character.isdigit() for character in run(*f"benchmarks/{command}".split()))

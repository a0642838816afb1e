"""What `make test` leaves out, `make nightly` runs."""

from __future__ import annotations

import pytest
from steps import make_steps


def commands(what: str) -> dict[str, str]:
    return {name: " ".join(command) for name, command in make_steps(what)}


def test_the_night_runs_every_step_of_the_day_and_leaves_no_case_out() -> None:
    day, night = commands("test"), commands("nightly")
    assert day.keys() < night.keys()
    changed = {name for name in day if day[name] != night[name]}
    assert changed - {"notebooks"} == {"build", "tests", "accuracy"}
    assert day["notebooks"].endswith(" solutions")
    assert night["notebooks"].endswith(" solutions")
    assert night["build"] == f"{day['build']} --again"
    assert night["accuracy"] == f"{day['accuracy']} --again"
    assert day["tests"] == f"{night['tests']} -m not network and not nightly"


@pytest.mark.parametrize("what", ["check", "test", "nightly"])
def test_each_round_begins_with_what_is_quick(what: str) -> None:
    assert list(commands(what))[:5] == ["set-up", "lint", "format", "prose", "types"]

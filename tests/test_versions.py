"""Pins that are there for a reason outside of this project: told here when the reason is gone. Asks the package registry, so `make test` leaves it out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.network


def test_jsonschema_still_loads_a_grammar_as_it_is_imported(tmp_path: Path) -> None:
    """Each process that reads a notebook would spend seconds on it."""
    newest = tmp_path / "newest"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(newest),
    ]
    done = subprocess.run([*install, "jsonschema[format-nongpl]"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"The package registry cannot be asked: {done.stderr.strip().splitlines()[-1]}"
    program = "import sys; sys.path.insert(0, sys.argv[1]); import jsonschema; print(jsonschema.__file__, 'lark' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program, str(newest)], capture_output=True, text=True, check=True)
    file, loaded = told.stdout.split()
    assert Path(file).is_relative_to(newest)
    assert loaded == "True", "The newest jsonschema no longer loads a grammar: take its pin out of pyproject.toml."

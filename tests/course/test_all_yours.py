"""The closing notebook reads digits with what the student has written, and as well with half of it missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest
import torch
from sampling import at_night

from autograder.checks.keeping import keep_answer
from autograder.course.mine import Part, mine, read_parts

ROOT = Path(__file__).parents[2]
CHAPTER = "06_all_yours"
SOURCE = ROOT / "source" / CHAPTER
FORBIDDEN = re.compile(r"torch\.nn|\bnn\.|\bF\.|autograd|requires_grad|backward\(\)|torch\.optim|enable_grad")


def read_cells() -> list[str]:
    notebook = nbformat.read(SOURCE / "1_all_yours.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / CHAPTER
    folder.mkdir()
    (folder / "parts.py").write_bytes((SOURCE / "parts.py").read_bytes())
    monkeypatch.chdir(folder)
    mine.owners.clear()
    return tmp_path


def write_own(workspace: Path, parts: list[Part]) -> None:
    """Keep the course's answers in the place of the student's."""
    names: dict[str, list[str]] = {}
    for part in parts:
        names.setdefault(part.exercise, []).append(part.name)
    for exercise, wanted in names.items():
        cells = ["", *(part.code for part in parts if part.exercise == exercise)]
        file = next(part.file for part in parts if part.exercise == exercise)
        assert keep_answer(exercise, wanted, {"In": cells}, workspace / "mine" / f"{file}.py").startswith("Kept in")


def run_all() -> dict[str, Any]:
    names: dict[str, Any] = {}
    matplotlib.use("agg")
    try:
        for cell in read_cells():
            exec(cell, names)
    finally:
        torch.set_grad_enabled(True)
        matplotlib.pyplot.close("all")
    return names


@pytest.mark.parametrize("every", [2, at_night(1)])
def test_it_reads_digits(every: int, workspace: Path, capsys: pytest.CaptureFixture[str]):
    parts = list(read_parts(Path.cwd()).values())
    exercises = list(dict.fromkeys(part.exercise for part in parts))[::every]
    write_own(workspace, [part for part in parts if part.exercise in exercises])
    names = run_all()
    assert names["right"] >= 0.9
    taken = {part.name: part.exercise in exercises for part in parts if part.name in mine.owners}
    assert mine.owners == taken
    assert len(taken) >= 25
    assert f"{sum(taken.values())} of {len(taken)} parts are your own." in capsys.readouterr().out


def test_it_uses_neither_layers_nor_autograd_nor_optimizers():
    shown = [cell for cell in read_cells() if "Check(" not in cell and "import" not in cell]
    found = [match[0] for cell in shown for match in FORBIDDEN.finditer(cell) if "linear_backward" not in match[0]]
    assert not found

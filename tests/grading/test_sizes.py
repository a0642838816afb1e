"""Submissions that are too large in one way or another: graded or refused in their time, with a short line in the journal and a page."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampling import at_night

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.submissions import get_id

CHAPTER, NAME = "01_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}


def add(count: int, text: str, kind: str = "code") -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        notebook.cells += [make(text.replace("NUMBER", str(number))) for number in range(count)]

    return change


def copy_a_cell(notebook: Any) -> None:
    notebook.cells += [next(cell for cell in notebook.cells if get_id(cell) == "relu")] * 20_000


def lengthen(notebook: Any) -> None:
    next(cell for cell in notebook.cells if get_id(cell) == "why").source = "long " * 200_000


LARGE: dict[str, Callable[[Any], None]] = {
    "1,000 added cells": add(1_000, "x = NUMBER\nprint(x)"),
    "20,000 copies of a cell": copy_a_cell,
    "1,000 added texts": add(1_000, "**text** NUMBER\n\n- [a](b)\n", "markdown"),
    "cells of 10 kB": add(500, "'" + "x" * 10_000 + "'"),
    "texts of brackets": add(50, "[" * 50_000, "markdown"),
    "an answer of 1 MB": lengthen,
}


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "kinds", [["20,000 copies of a cell", "an answer of 1 MB"], at_night(list(LARGE))], ids=["two", "all"]
)
def test_large_submissions_are_graded_and_shown_in_their_time(course: Path, kinds: list[str]) -> None:
    for number, change in enumerate(LARGE[kind] for kind in kinds):
        hand_in(course, CHAPTER, f"student-{number}", RIGHT)
        path = course / "submitted" / f"student-{number}" / CHAPTER / f"{NAME}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    began = time.monotonic()
    assert main(["grade", "1"]) == 0
    assert time.monotonic() - began < 120
    began = time.monotonic()
    assert main(["grade", "1", "--feedback"]) == 0
    assert time.monotonic() - began < 180
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    for one in stored["students"]:
        assert [e["score"] for e in one["exercises"]] == [3, 1, None], one["student"]
        assert one["seconds"] < 60
        page = course / "feedback" / one["student"] / CHAPTER / f"{NAME}.html"
        assert page.stat().st_size < 15_000_000
    for line in (course / "reports" / f"{CHAPTER}.journal").read_text(encoding="utf-8").splitlines():
        assert len(line) < 20_000

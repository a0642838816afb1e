"""The formulas that the chapters teach, taken from their own solutions."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from autograder.authoring.authored import read_chapter
from autograder.authoring.making import make_source

ROOT = Path(__file__).parents[3]


@functools.cache
def _run(chapter: str, notebook: str) -> SimpleNamespace:
    names: dict[str, object] = {"__name__": "solutions"}
    [found] = [one for one in read_chapter(ROOT, chapter) if one.name == notebook]
    for cell in make_source(found).cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and marks and not (marks["grade"] and not marks["solution"]):
            exec(compile(cell.source, f"{notebook}: {marks['grade_id']}", "exec"), names)
    return SimpleNamespace(**names)


@pytest.fixture
def taught(request: pytest.FixtureRequest) -> SimpleNamespace:
    """`taught.huber` is the function of the solution of the module's `NOTEBOOK`, a chapter and a name.

    Runs the notebook's setup cells and answers, not its explanations and checks. Random numbers begin anew.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    found = _run(*request.module.NOTEBOOK)
    torch.manual_seed(0)
    return found

"""What a cell of a graded notebook earns, by nbgrader's rules where they are sound.

As in nbgrader: an error earns no points; the first result that is a number is the score; a check that ends quietly earns full marks.
Other than nbgrader: what is written to stderr, such as a warning, costs nothing; NaN and negative numbers earn no points, not all of
them; a number above the maximum is the maximum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from autograder.engine.scores import get_extra, get_points, score_outputs
from autograder.grading.answers import find_untouched


@dataclass(frozen=True)
class CellMark:
    """One graded, solution or task cell of a notebook; `cell` is its `grade_id`.

    `auto_score` is `None` where a person has to grade it. A cell that is not `graded` only carries a comment; so does a
    task cell, as nbgrader's own `is_grade` has it. An answer that is not `answered` gets the comment "No response.".
    """

    cell: str
    auto_score: float | None
    graded: bool
    answered: bool
    extra: bool = False
    """Whether what it earns is extra credit, beside the chapter's maximum."""


def mark_notebook(notebook: NotebookNode, released: Mapping[str, str]) -> list[CellMark]:
    """The marks of an executed notebook, cell by cell; `released` are the texts by id that students began with."""
    untouched = find_untouched(notebook, released)
    return [mark_cell(cell, untouched) for cell in notebook.cells if is_marked(cell)]


def list_extra(marks: Iterable[CellMark]) -> dict[str, float]:
    """The extra credit that these marks bring, by cell."""
    return {mark.cell: mark.auto_score for mark in marks if mark.extra and mark.auto_score}


def read_extra(notebook: NotebookNode) -> dict[str, float]:
    """The extra credit that a graded notebook shows, by cell."""
    return list_extra(mark_cell(cell, ()) for cell in notebook.cells if get_extra(cell))


def is_marked(cell: Any) -> bool:
    """Whether the gradebook has an entry for this cell: it has points, or is for the student to fill in."""
    marks = cell.metadata.get("nbgrader") or {}
    return bool(marks.get("grade") or marks.get("solution") or marks.get("task"))


def mark_cell(cell: Any, untouched: Collection[str]) -> CellMark:
    """The mark of one such cell; `untouched` are the answers that nobody wrote."""
    marks = cell.metadata["nbgrader"]
    name = marks["grade_id"]
    answered = name not in untouched or bool(marks.get("task"))
    score: float | None = None
    if marks.get("grade"):
        if marks.get("solution"):
            score = 0.0 if name in untouched else None
        elif cell.cell_type == "code":
            score = score_outputs(cell.outputs, get_points(cell))
    return CellMark(name, score, bool(marks.get("grade")), answered, get_extra(cell) > 0)

"""What a newer release changes in a student's notebook, cell by cell."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.desk.notebooks import BESIDE, Cell, find_notebooks, read_cells
from autograder.errors import CourseError

Kind = Literal["changed", "added", "removed"]
CONTEXT = 2
"""Unchanged lines shown around a change."""


@dataclass(frozen=True)
class Change:
    """One cell that the release changes: the `lines` of both, each with " ", "-" for the student's, or "+" for the release's before it."""

    kind: Kind
    cell: str
    name: str
    lines: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "cell": self.cell, "name": self.name, "lines": self.lines}


def list_news(workspace: Path) -> list[dict[str, str]]:
    """The newer releases that lie beside a student's own notebooks, as JSON: the paths of both."""
    return [
        {"own": f"{place.name}/{own.name}", "newer": f"{place.name}/{newer.name}"}
        for place, notebooks in find_notebooks(workspace)
        for own, newer in notebooks
        if newer
    ]


def compare(own: Path, newer: Path) -> list[Change]:
    """Where the release `newer` differs from the notebook `own`, apart from the student's answers and the cells that they added.

    Raises `CourseError` when one of them can't be read, or `newer` isn't a release of `own`.
    """
    beside = BESIDE.fullmatch(newer.stem)
    if not beside or beside[1] != own.stem or newer.parent != own.parent:
        raise CourseError(f"{newer.name} is not a newer release of {own.name}.")
    before = {cell.id: cell for cell in read_cells(own)}
    after = {cell.id: cell for cell in read_cells(newer)}
    changes = []
    for id, cell in after.items():
        if id not in before:
            changes.append(Change("added", id, _name(cell), [f"+{line}" for line in cell.source.splitlines()]))
        elif not cell.solution and before[id].source != cell.source:
            changes.append(Change("changed", id, _name(cell), _compare_lines(before[id].source, cell.source)))
    for id, cell in before.items():
        if id not in after and cell.grade_id:
            changes.append(Change("removed", id, _name(cell), [f"-{line}" for line in cell.source.splitlines()]))
    return changes


def _name(cell: Cell) -> str:
    """A cell by its first words."""
    if cell.grade_id:
        return cell.grade_id
    first = next((line.strip("# ").strip() for line in cell.source.splitlines() if line.strip()), "")
    return first[:80] or "an empty cell"


def _compare_lines(before: str, after: str) -> list[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT))[2:]
    return ["⋯" if line.startswith("@@") else line for line in lines]

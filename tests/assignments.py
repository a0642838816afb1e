"""Assignments of other people's for tests: notebooks from a few lines, answers put in, marks read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook


def make_cell(kind: str, cell_type: str, text: str) -> Any:
    cell = (nbformat.v4.new_code_cell if cell_type == "code" else nbformat.v4.new_markdown_cell)(text)
    what, _, rest = kind.partition(":")
    if what == "prose":
        return cell
    name, _, points = rest.partition(":")
    cell.id = name.replace("_", "-")
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": name,
        "grade": what in ("check", "hand"),
        "solution": what in ("answer", "hand"),
        "locked": what in ("check", "task"),
        "task": what == "task",
        **({"points": float(points)} if points else {}),
    }
    return cell


PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def make_notebook(cells: list[tuple[str, str, str]], metadata: dict[str, Any] = PYTHON) -> Any:
    return nbformat.v4.new_notebook(cells=[make_cell(*cell) for cell in cells], metadata=metadata)


def answer(released: Path, handed_in: Path, answers: dict[str, str]) -> None:
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers and cell.metadata["nbgrader"]["solution"]:
            cell.source = answers[name]
    handed_in.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, handed_in)


def marks(
    course: Path, assignment: str = "quick", database: str = "gradebook.db"
) -> dict[tuple[str, str], tuple[float | None, bool]]:
    with Gradebook(f"sqlite:///{course / database}") as gradebook:
        return {
            (submission.student_id, grade.name): (grade.auto_score, grade.needs_manual_grade)
            for submission in gradebook.find_assignment(assignment).submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }

"""Make notebooks of authored cells: nbgrader's instructor version, and the one that is executed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.cells import Cell, Notebook
from autograder.formats import EXTRA, LANGUAGE, OURS

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def make_source(notebook: Notebook) -> Any:
    """The instructor's version: the authored cells, solutions and hidden tests included."""
    cells = []
    seen: Counter[str] = Counter()
    texts = iter(notebook.texts)
    for number, cell in enumerate(notebook.cells):
        if cell.kind == "code":
            made = nbformat.v4.new_code_cell(cell.source)
        else:
            made = nbformat.v4.new_markdown_cell(cell.source if cell.tag else next(texts))
        made.metadata = nbformat.from_dict(_make_metadata(cell, number))
        key = (
            made.metadata["nbgrader"]["grade_id"] if cell.tag else hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        )
        seen[key] += 1
        made.id = (key if seen[key] == 1 else f"{key}-{seen[key]}")[-64:]
        cells.append(made)
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": LANGUAGE})


def _make_metadata(cell: Cell, number: int) -> dict[str, Any]:
    """nbgrader's metadata (its schema 3) for one cell, and beside it what that has no place for."""
    if not cell.tag:
        return {}
    answer, graded = cell.tag in ("exercise", "explain"), cell.tag in ("check", "explain")
    names = {
        "setup": f"setup-{number}",
        "exercise": cell.exercise,
        "explain": cell.exercise,
        "check": f"{cell.exercise}-check",
    }
    metadata: dict[str, Any] = {
        "grade": graded,
        "grade_id": names[cell.tag],
        "locked": not answer,
        "schema_version": 3,
        "solution": answer,
        "task": False,
    }
    if graded:
        metadata["points"] = 0 if cell.extra else cell.points
    return {"nbgrader": metadata, **({OURS: {EXTRA: cell.points}} if cell.extra else {})}


def renew_texts(notebook: Notebook, path: Path) -> None:
    """Put the notebook's texts into the cells of a file that was made before its trials told what the checks look at."""
    made = nbformat.read(path, as_version=4)
    texts = {cell.id: cell.source for cell in make_source(notebook).cells if cell.cell_type == "markdown"}
    for cell in made.cells:
        if "nbgrader" not in cell.metadata:
            cell.source = texts.get(cell.id, cell.source)
    write_notebook(made, path)


def write_notebook(notebook: Any, path: Path) -> None:
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def make_solution(notebook: Notebook) -> Any:
    """The notebook to execute: the solutions without markers, and nothing of nbgrader's."""
    solution = make_source(notebook)
    for cell in solution.cells:
        cell.metadata = nbformat.from_dict({})
        cell.source = re.sub(r"(?m)^\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)\n?", "", cell.source).rstrip(
            "\n"
        )
        if cell.cell_type == "markdown":  # the pages lie in release/, and nowhere else
            cell.source = cell.source.replace("](../reference/", "](../../release/reference/")
    return solution

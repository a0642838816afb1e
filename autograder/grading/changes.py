"""Where `source/` and the gradebook differ: checks added or removed, points changed. Told before anything is graded, and settled on request."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry

from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.places import advise_build, find_places

KINDS = ("grade", "solution", "task", "source")
"""The kinds of cells that nbgrader keeps apart. A cell may be of several."""


@dataclass(frozen=True)
class Difference:
    """A cell, or a notebook where `cell` is empty, about which source and gradebook disagree; `says` is for a person."""

    notebook: str
    cell: str
    says: str


Cells = dict[tuple[str, str], tuple[float, str] | None]
"""Points and type of cell, by kind and name; None where a kind has none."""


NO_MARKS = (0.0, "")


def find_differences(course: Path, chapter: str, gradebook: Any) -> list[Difference]:
    """What the gradebook would have to be told before the submissions of `chapter` can be marked."""
    folder = find_places(course).source_folder(chapter)
    source = {path.stem: _read_source(path) for path in sorted(folder.glob("*.ipynb"))}
    if not source:
        raise CourseError(
            f"{os.path.relpath(folder, course.resolve())} has no notebook{advise_build(course, chapter)}."
        )
    known = {notebook.name: _read_known(notebook) for notebook in gradebook.find_assignment(chapter).notebooks}
    found = []
    for name in sorted(source.keys() | known.keys()):
        if name not in known:
            found.append(Difference(name, "", f"{name} is not in the gradebook"))
        elif name not in source:
            found.append(Difference(name, "", f"{name} is in the gradebook but not in source/"))
        else:
            found += _compare(name, source[name], known[name])
    return found


def _compare(notebook: str, source: Cells, known: Cells) -> Iterator[Difference]:
    names = dict.fromkeys(name for _, name in (*source, *known))
    for name in names:
        label = f"{notebook}/{name}"
        here, there = ({kind for kind, one in cells if one == name} for cells in (source, known))
        if not there:
            yield Difference(notebook, name, f"{label} is not in the gradebook")
        elif not here:
            yield Difference(notebook, name, f"{label} is in the gradebook but not in source/")
        elif here != there:
            yield Difference(notebook, name, f"{label} is a different kind of cell in the gradebook")
        else:
            for kind in sorted(here):
                (points, form), (before, once) = source[kind, name] or NO_MARKS, known[kind, name] or NO_MARKS
                if points != before:
                    yield Difference(notebook, name, f"{label} has {points:g} points, and {before:g} in the gradebook")
                elif form != once:
                    yield Difference(notebook, name, f"{label} is a {form} cell, and a {once} cell in the gradebook")


def _read_source(path: Path) -> Cells:
    try:
        cells = nbformat.read(path, as_version=4).cells
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read ({error}).") from None
    found: Cells = {}
    for cell in cells:
        if not (cell.metadata.get("nbgrader") or {}).get("grade_id"):
            continue
        name = cell.metadata.nbgrader["grade_id"]
        grade, solution, task = utils.is_grade(cell), utils.is_solution(cell), utils.is_task(cell)
        if grade or task:
            found["grade" if grade else "task", name] = float(cell.metadata.nbgrader["points"]), cell.cell_type
        if solution:
            found["solution", name] = None
        if grade or solution or task or utils.is_locked(cell):
            found["source", name] = None
    return found


def _read_known(notebook: Any) -> Cells:
    found: Cells = {}
    for kind in KINDS:
        for cell in getattr(notebook, f"{kind}_cells"):
            marked = kind in ("grade", "task")
            found[kind, cell.name] = (float(cell.max_score), str(cell.cell_type)) if marked else None
    return found


def refuse_differences(course: Path, chapter: str, gradebook: Any) -> None:
    """Raises `CourseError` where source and gradebook differ, before a mark is written or withdrawn."""
    if not (found := find_differences(course, chapter, gradebook)):
        return
    shown = "; ".join(one.says for one in found[:8]) + (f"; and {len(found) - 8} more" if len(found) > 8 else "")
    raise CourseError(
        f"{chapter} differs from the one in the gradebook: {shown}. Nothing was graded, and no mark was changed. "
        f"Run 'course grade {chapter} --update' to tell the gradebook what is in source/ and grade every submission again."
    )


def update_gradebook(course: Path, chapter: str, gradebook: Any) -> list[str]:
    """Tell the gradebook what is in source/, also where there are submissions; returns what it was told.

    nbgrader adds or removes no cell once something is graded. So the cells are set here, with what belongs to those that are gone,
    and nbgrader's `generate_assignment` does the rest.
    """
    try:
        found = find_differences(course, chapter, gradebook)
    except MissingEntry:
        found = []
    for name in dict.fromkeys(one.notebook for one in found):
        path = find_places(course).source_folder(chapter) / f"{name}.ipynb"
        _set_cells(gradebook, chapter, name, _read_source(path) if path.exists() else {})
        if not path.exists():
            _remove_notebook(gradebook, chapter, name)
    gradebook.db.commit()
    run_nbgrader(course, "generate_assignment", chapter, "--force")
    gradebook.db.expire_all()
    return [one.says for one in found]


def _set_cells(gradebook: Gradebook, chapter: str, name: str, source: Cells) -> None:
    """Leave in the gradebook the cells of `source`, and no other; texts and points are nbgrader's to set."""
    try:
        notebook = gradebook.find_notebook(name, chapter)
    except MissingEntry:
        notebook = gradebook.add_notebook(name, chapter, kernelspec=json.dumps({}))
    for kind in KINDS:
        for cell in list(getattr(notebook, f"{kind}_cells")):
            if (kind, cell.name) not in source:
                for one in (*getattr(cell, "grades", ()), *getattr(cell, "comments", ())):
                    gradebook.db.delete(one)
                gradebook.db.flush()
                gradebook.db.delete(cell)
    gradebook.db.commit()
    gradebook.db.expire_all()
    known = _read_known(gradebook.find_notebook(name, chapter))
    for (kind, cell), marks in source.items():
        if (kind, cell) not in known:
            extra: dict[str, Any] = {"max_score": marks[0], "cell_type": marks[1]} if marks else {}
            extra |= {"cell_type": "code", "source": "", "checksum": ""} if kind == "source" else {}
            getattr(gradebook, f"add_{kind}_cell")(cell, name, chapter, **extra)


def _remove_notebook(gradebook: Gradebook, chapter: str, name: str) -> None:
    with contextlib.suppress(MissingEntry):
        gradebook.remove_notebook(name, chapter)

"""Read what a student handed in, and rebuild from it the notebook that is graded.

Rebuild, don't trust: what is graded is the source with the student's answers put in by id, and the
cells that the student added kept where they are. Tests, points, order and metadata never come from a
submission. What is odd about it is noted and costs no points by itself.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from autograder.engine.planning.plan import get_name
from autograder.errors import CourseError
from autograder.grading.files import read_file

MISSING = "*No answer was handed in.*"
"""What replaces a written answer that isn't there."""

ADDED = "added-"
"""How the ids of cells begin that students added."""

MAX_ADDED, MAX_NOTES = 1_000, 40
"""Cells of a student's own that are kept in a notebook, and notes on it. Nobody who works writes more."""

_HIDDEN = re.compile(r"[^\n]*BEGIN (?:HIDDEN TESTS|MARK SCHEME).*?END (?:HIDDEN TESTS|MARK SCHEME)[^\n]*\n?", re.DOTALL)
"""What a release does not have of its source, by nbgrader's marks, which need no ### in front."""


class Unreadable(CourseError):
    """What was handed in isn't a notebook."""


def read_submission(path: Path) -> Any:
    """Read a submitted notebook as nbformat 4.

    Raises `CourseError` with the reason when it isn't a regular file, is too large, or isn't a notebook.
    """
    return parse_notebook(path.name, read_file(path))


def parse_notebook(name: str, data: bytes) -> Any:
    """The notebook in the bytes of the file `name`, as nbformat 4. Raises `Unreadable` when it isn't one."""
    text = data.decode("utf-8-sig", errors="replace")  # some editors begin a file with a byte-order mark
    try:
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("its JSON is not an object")
        if isinstance(stored.get("cells"), list) and str(stored.get("nbformat", 4)) in ("4", "4.0"):
            return _read_cells(stored)
        return _read_cells(nbformat.reads(text, as_version=4))  # an older format
    except Exception as error:  # nbformat raises many kinds for what isn't a notebook
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise Unreadable(f"{name} is not a notebook: {reason}") from error


def _read_cells(stored: Any) -> Any:
    """The notebook, in which every cell has a type, a text and metadata. Raises `ValueError` where one has not.

    What it says of its own minor version plays no part.
    """
    notebook: Any = nbformat.from_dict(stored)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = (
        notebook.get("metadata") if isinstance(notebook.get("metadata"), dict) else nbformat.from_dict({})
    )
    if not isinstance(notebook.cells, list):
        raise ValueError("its cells are not a list")
    for cell in notebook.cells:
        lines = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            cell["source"] = "".join(lines)
        if not _is_cell(cell):
            raise ValueError("a cell has no text")
    return notebook


def use_newlines(text: str) -> str:
    """The text with the line ends of Unix; an editor may have written others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_cell(cell: Any) -> bool:
    parts = {"source": str, "cell_type": str, "metadata": dict}
    return isinstance(cell, dict) and all(isinstance(cell.get(name), kind) for name, kind in parts.items())


def plain(text: str) -> str:
    """A text without what editors change by themselves: ends of lines, spaces there, empty lines around all."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def rebuild(source: Any, submitted: Any, released: Mapping[str, str] | None = None) -> tuple[Any, list[str]]:
    """The notebook to grade, and notes on what was odd about the submission. `released` has the texts that students were given, by id.

    Untagged cells of the source that the student edited run as the student left them, like cells that the student
    added. A second copy of a graded cell is treated as an added cell.
    """
    rebuilt = copy.deepcopy(source)
    find = _Finder(rebuilt.cells)
    notes: list[str] = []
    added: dict[int, list[Any]] = {-1: []}  # by the place of the cell that they come after
    found: set[int] = set()
    last, more = -1, 0
    for cell in submitted.cells:
        cell.source = use_newlines(cell.source)
        place = find(cell)
        if place is None or place in found:
            if place is not None:
                notes += _keep_better_answer(rebuilt.cells[place], cell)
            more += 1
            if more <= MAX_ADDED:
                added.setdefault(last, []).append(_make_added(cell))
            continue
        if place < last and get_id(rebuilt.cells[place]):
            notes.append(f"The cell '{get_id(rebuilt.cells[place])}' was moved; it is graded in its own place.")
        found.add(place)
        notes += _take_over(rebuilt.cells[place], cell, (released or {}).get(get_id(rebuilt.cells[place])))
        last = place
    for place, cell in enumerate(rebuilt.cells):
        if place not in found and get_id(cell):
            notes.append(
                f"The cell '{get_id(cell)}' is missing{'.' if is_answer(cell) else '; the original is graded.'}"
            )
            if is_answer(cell):
                cell.source = "" if cell.cell_type == "code" else MISSING
    if more > MAX_ADDED:
        notes.append(f"There are {more:,} cells that the notebook doesn't have; {MAX_ADDED:,} are kept.")
    rebuilt.cells = added[-1] + [
        one for place, cell in enumerate(rebuilt.cells) for one in (cell, *added.get(place, []))
    ]
    return rebuilt, cut_notes(notes)


def cut_notes(notes: Iterable[str]) -> list[str]:
    """The notes, each once, up to a number and a length."""
    every = list(dict.fromkeys(notes))
    kept = [note if len(note) <= 300 else f"{note[:300]}…" for note in every[:MAX_NOTES]]
    return kept + ([f"And {len(every) - MAX_NOTES:,} more notes."] if len(every) > MAX_NOTES else [])


class _Finder:
    """Finds the place in the source of a submitted cell: by nbgrader's id, by the notebook's, by its text."""

    def __init__(self, cells: list[Any]) -> None:
        self.graded = {get_id(cell): place for place, cell in enumerate(cells) if get_id(cell)}
        self.ids = {cell.get("id"): place for place, cell in enumerate(cells)}
        self.texts = {cell.source: place for place, cell in enumerate(cells) if not get_id(cell)}

    def __call__(self, cell: Any) -> int | None:
        nbgrader = cell.metadata.get("nbgrader")
        name = (
            str(nbgrader.get("grade_id")) if isinstance(nbgrader, dict) else ""
        )  # what it is said to be counts for nothing
        if get_id(cell) or name in self.graded:
            return self.graded.get(name)
        return self.ids.get(str(cell.get("id")), self.texts.get(cell.source))


def get_id(cell: Any) -> str:
    """nbgrader's id of a cell, "" when it marks none."""
    return get_name(cell)


def is_answer(cell: Any) -> bool:
    return bool(cell.metadata["nbgrader"].get("solution"))


def _take_over(target: Any, cell: Any, given: str | None) -> list[str]:
    """Put a submitted cell's text in place of the source's, if students may change it."""
    name, notes = get_id(target), []
    if not name:
        target.source = cell.source if cell.cell_type == target.cell_type else target.source
        return []
    if cell.cell_type != target.cell_type:
        notes.append(f"The cell '{name}' was made a {cell.cell_type} cell; it is graded as a {target.cell_type} cell.")
    if is_answer(target):
        target.source = cell.source
    elif plain(cell.source) not in {plain(text) for text in (_HIDDEN.sub("", plain(target.source)), given or "")}:
        notes.append(f"The cell '{name}' was changed, though students may not change it; the original is graded.")
    own = target.metadata["nbgrader"].get("points")
    handed_in = cell.metadata["nbgrader"].get("points") if get_id(cell) else own
    if handed_in != own:
        notes.append(f"The points of '{name}' were changed from {own} to {str(handed_in)[:80]}; it is worth {own}.")
    return notes


def _keep_better_answer(target: Any, cell: Any) -> list[str]:
    """Note a second copy; if a written answer is in the copy and not in the first, swap them."""
    if not get_id(target):
        return []
    if target.cell_type == "markdown" and is_answer(target) and len(cell.source) > len(target.source):
        target.source, cell.source = cell.source, target.source
    return [f"The cell '{get_id(target)}' is there more than once; the other copy runs as an added cell."]


def _make_added(cell: Any) -> Any:
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    made = getattr(nbformat.v4, f"new_{kind}_cell")(cell.source)
    made.id = f"{ADDED}{made.id}"
    return made


def fill_in(release: Any, answers: dict[str, str]) -> Any:
    """A submission: the released notebook with `answers` by exercise in the places of its stubs."""
    filled = copy.deepcopy(release)
    for cell in filled.cells:
        if get_id(cell) in answers and is_answer(cell):
            cell.source = answers[get_id(cell)]
    return filled

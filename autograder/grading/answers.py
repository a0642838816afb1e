"""Which cells of a notebook answer which checks, which answers nobody wrote, and which were graded before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from nbformat.v4 import new_output

from autograder.engine.scores import get_extra, get_points
from autograder.formats import OURS, RESULT
from autograder.grading.pictures import list_pictures
from autograder.grading.submissions import ADDED, MISSING, get_id, plain

ATTEMPTED = "attempted"
"""The key, in our part of a graded cell's metadata, that is false where nobody wrote an answer that a person would mark."""


def is_answer(cell: Any) -> bool:
    """Whether a cell of a rebuilt notebook is for the student to fill in."""
    return bool(get_id(cell) and cell.metadata["nbgrader"].get("solution"))


def find_own_answers(notebook: Any) -> dict[str, str]:
    """The answer to each check, both by id: the one that has its name, or else the last one before it."""
    names = {get_id(cell) for cell in notebook.cells if is_answer(cell)}
    own: dict[str, str] = {}
    last = ""
    for cell in notebook.cells:
        if is_answer(cell):
            last = get_id(cell) if cell.cell_type == "code" else last
        elif get_id(cell) and cell.metadata["nbgrader"].get("grade"):
            name = get_id(cell).removesuffix("-check")
            own[get_id(cell)] = name if name in names else last
    return own


def find_untouched(notebook: Any, released: Mapping[str, str]) -> set[str]:
    """The answers, by id, that are as students got them or empty. `released` has the texts that students began with.

    One with a text of the student's in a cell beside it has to be looked at by a person: the answer may be there.
    """
    untouched = set()
    cells = [None, *notebook.cells, None]
    for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False):
        if not is_answer(cell):
            continue
        began = plain(released.get(get_id(cell), MISSING))
        beside = _is_text_of_students(before) or _is_text_of_students(after)
        if plain(cell.source) in ("", MISSING, began) and not (beside and cell.metadata["nbgrader"].get("grade")):
            untouched.add(get_id(cell))
    return untouched


def _is_text_of_students(cell: Any) -> bool:
    if cell is None or cell.cell_type == "code" or not str(cell.get("id")).startswith(ADDED):
        return False
    return bool(plain(cell.source))


def tell_untouched(notebook: Any, released: Mapping[str, str]) -> None:
    """Make the check of an answer that nobody wrote say so: it may have found mistakes in the text that students began with.

    An answer that a person would mark says it in its metadata.
    """
    untouched, own = find_untouched(notebook, released), find_own_answers(notebook)
    for cell in notebook.cells:
        if is_answer(cell) and cell.metadata["nbgrader"].get("grade"):
            _tell(cell, get_id(cell) not in untouched)
        if own.get(get_id(cell)) not in untouched:
            continue
        for shown in [one for one in cell.get("outputs", []) if RESULT in one.get("data", {})][:1]:
            result = shown["data"][RESULT]
            if isinstance(result, dict) and result.get("attempted") is True and result.get("score") == 0:
                kind = "extra points" if get_extra(cell) else "points"
                says = f"○ {own[get_id(cell)]}: not attempted yet, 0 of {get_points(cell):g} {kind}.\n"
                shown["data"][RESULT] = {**result, "attempted": False, "mistakes": []}
                cell.outputs = [new_output("stream", text=says), shown]


def _tell(cell: Any, attempted: bool) -> None:
    """Write into the cell's metadata that nobody answered, or nothing."""
    own = cell.metadata.get(OURS)
    kept = {key: value for key, value in own.items() if key != ATTEMPTED} if isinstance(own, dict) else {}
    kept |= {} if attempted else {ATTEMPTED: False}
    if kept or OURS in cell.metadata:
        cell.metadata[OURS] = kept


def digest_answers(notebook: Any) -> dict[str, str]:
    """For each cell with points, a digest of what its mark judges: the answer's text with its pictures, or everything that students wrote
    for a task."""
    own = find_own_answers(notebook)
    pictures = {get_id(cell): list_pictures(cell) for cell in notebook.cells if is_answer(cell)}
    return {
        name: _digest(*texts, *pictures.get(own.get(name, name), [])) for name, texts in read_answers(notebook).items()
    }


def read_answers(notebook: Any) -> dict[str, list[str]]:
    """For each cell with points, the texts that its mark judges: one answer, or all that students wrote for a task."""
    own = find_own_answers(notebook)
    texts = {get_id(cell): cell.source for cell in notebook.cells if is_answer(cell)}
    students = [cell.source for cell in notebook.cells if not get_id(cell) or is_answer(cell)]
    judged: dict[str, list[str]] = {}
    for cell in notebook.cells:
        marks = cell.metadata["nbgrader"] if get_id(cell) else {}
        if marks.get("task"):
            judged[get_id(cell)] = students
        elif marks.get("grade"):
            judged[get_id(cell)] = [texts.get(own.get(get_id(cell), get_id(cell)), "")]
    return judged


def _digest(*texts: str) -> str:
    text = "\0".join(plain(text) for text in texts)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()

"""Finds out which notebook of which chapter a file holds: by nbgrader's ids and the ids of its cells, whatever it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.files import read_file
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, parse_notebook

SHARE = 0.5
"""The share of a notebook's cells that have to be in a file."""

FEW = 0.2
"""The share from which a file is a part of a notebook, which is told."""

HTML = re.compile(rb"<html|<!doctype html", re.IGNORECASE)


@dataclass(frozen=True)
class Recognized:
    """What a file holds. Without a `notebook` it is none of the course's, and `says` what it is instead."""

    chapter: str = ""
    notebook: str = ""
    says: str = ""


class Recognizer:
    """Knows the ids of all notebooks of a course; other chapters are read when a file asks for it."""

    def __init__(self, course: Path, chapter: str) -> None:
        self.places, self.chapter = find_places(course), chapter
        self._ids: dict[str, dict[str, frozenset[str]]] = {}
        if not self._read(chapter):
            raise CourseError(f"{chapter} has no notebook in {self.places.source_folder(chapter)}.")

    @property
    def notebooks(self) -> list[str]:
        """The names of the chapter's notebooks."""
        return sorted(self._read(self.chapter))

    def __call__(self, name: str, data: bytes) -> Recognized:
        """What the file `name` holds."""
        if name.lower().endswith(".ipynb") and not data.strip(b"\0 \t\r\n"):
            return Recognized(says="It is empty. Ask for it again.")
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") and b"c\0e\0l\0l\0s" in data:
            return Recognized(says="An editor saved it in UTF-16. Ask for the file as Jupyter saves it.")
        if not _may_be_notebook(name, data):
            return Recognized(says=_tell_other(name, data))
        try:
            cells = parse_notebook(name, data).cells
        except CourseError as error:
            return Recognized(
                says=str(error).partition(" is ")[2].capitalize() + "." if name.endswith(".ipynb") else ""
            )
        found = frozenset(get_id(cell) or str(cell.get("id")) for cell in cells)
        shares = [self._find_best(self.chapter, found)]
        if shares[0][0] < SHARE:
            shares += [
                self._find_best(other, found) for other in self.places.list_assignments() if other != self.chapter
            ]
        share, chapter, notebook = max(shares)
        if share >= SHARE:
            return Recognized(chapter, notebook)
        if share >= FEW:
            return Recognized(
                says=f"It has {share:.0%} of the cells of {chapter}/{notebook}: too few to be graded as that notebook."
            )
        return Recognized(says="It is a notebook, but none of this course: it has other cells.")

    def _find_best(self, chapter: str, found: frozenset[str]) -> tuple[float, str, str]:
        shares = ((len(found & ids) / len(ids), chapter, name) for name, ids in self._read(chapter).items() if ids)
        return max(shares, default=(0.0, chapter, ""))

    def _read(self, chapter: str) -> dict[str, frozenset[str]]:
        """The ids of the cells of a chapter's notebooks."""
        if chapter not in self._ids:
            found = {}
            for path in sorted(self.places.source_folder(chapter).glob("*.ipynb")):
                cells = parse_notebook(path.name, read_file(path)).cells
                found[path.stem] = frozenset(
                    get_id(cell) or str(cell.get("id")) for cell in cells if get_id(cell) or cell.get("id")
                )
            self._ids[chapter] = found
        return self._ids[chapter]


def _may_be_notebook(name: str, data: bytes) -> bool:
    """By its name, or, for `.ipynb.txt`, `.json` and no ending, by how it begins."""
    return name.lower().endswith(".ipynb") or (data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"cells"' in data)


def _tell_other(name: str, data: bytes) -> str:
    """What a file is that isn't a notebook, where that can be a mistake; "" for any other file."""
    if HTML.search(data[:2000]):
        made = b"jupyter" in data[:200_000].lower()
        return f"It is {'an HTML page made of a notebook' if made else 'an HTML page'}, which can't be graded. Ask for the .ipynb file."
    if name.lower().endswith(".pdf"):
        return "It is a PDF, which can't be graded. Ask for the .ipynb file."
    if name.lower().endswith((".lnk", ".url", ".webloc", ".gdoc", ".ipynb.link")):
        return "It is a link to a file on somebody's machine. Ask for the file itself."
    return ""

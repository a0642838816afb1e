"""What chapters, notebooks and exercises are called: the headings in `source/`, rather than ids."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, is_answer, read_submission
from autograder.grading.texts import is_random, plain_heading, tell_apart

Key = tuple[str, str]
"""Notebook and exercise."""


@dataclass(frozen=True)
class Titles:
    """The titles of a chapter; what has none is called by its id."""

    chapter: str
    notebooks: dict[str, str] = field(default_factory=dict)
    exercises: dict[Key, str] = field(default_factory=dict)
    cells: dict[Key, str] = field(default_factory=dict)
    """For each exercise the id of the cell that has its points."""

    def exercise(self, notebook: str, exercise: str) -> str:
        return self.exercises.get((notebook, exercise), exercise)

    def notebook(self, name: str) -> str:
        return self.notebooks.get(name, name)


def read_titles(course: Path, chapter: str) -> Titles:
    """The titles of a chapter as its source has them; a notebook that can't be read has none."""
    titles = Titles(name_chapter(chapter))
    for path in sorted(find_places(course).source_folder(chapter).glob("*.ipynb")):
        try:
            cells = read_submission(path).cells
        except CourseError:
            continue
        _read_notebook(titles, path.stem, cells)
    _tell_apart(titles)
    return titles


def _tell_apart(titles: Titles) -> None:
    """Notebooks that share a title have their file's name in it, and exercises what `tell_apart` says."""
    counts = Counter(titles.notebooks.values())
    for name, title in titles.notebooks.items():
        titles.notebooks[name] = f"{title} · {name}" if counts[title] > 1 else title
    keys = list(titles.exercises)
    told = tell_apart([(titles.exercises[key], *key) for key in keys])
    titles.exercises.update(zip(keys, told, strict=True))


def name_chapter(chapter: str) -> str:
    """`01_forward_pass` as "1 · Forward pass"."""
    found = re.fullmatch(r"0*(\d+)[_\- ]+(.+)", chapter)
    number, rest = (f"{found[1]} · ", found[2]) if found else ("", chapter)
    words = " ".join(
        one if re.search("[aeiouyA-Z]", one) else one.upper() for one in re.split(r"[_\s]+", rest.strip("_ "))
    )
    return f"{number}{words[:1].upper()}{words[1:]}" if words else chapter


def _read_notebook(titles: Titles, notebook: str, cells: list[object]) -> None:
    heading = exercise_heading = ""
    for cell in cells:
        if cell.cell_type == "markdown" and not (get_id(cell) and is_answer(cell)):  # type: ignore[attr-defined]
            for level, text in _HEADING.findall(cell.source):  # type: ignore[attr-defined]
                if level == "#":
                    titles.notebooks.setdefault(notebook, plain_heading(text))
                heading = _POINTS.sub("", plain_heading(text))
                exercise_heading = heading if re.match(r"Exercise\b", heading) else ""
        if not get_id(cell):
            continue
        marks = cell.metadata["nbgrader"]  # type: ignore[attr-defined]
        if marks.get("grade") or marks.get("task"):
            key = notebook, get_id(cell).removesuffix("-check")
            titles.cells[key] = get_id(cell)
            fallback = notebook if is_random(key[1]) else ""
            if title := re.sub(r"^Exercise\s+\d+\s*[·:.–-]\s*", "", exercise_heading) or heading or fallback:
                titles.exercises[key] = title


_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$", re.MULTILINE)


_POINTS = re.compile(r"(?<=\S)\s*[(\[]\s*\d+(?:[.,]\d+)?\s*(?:points?|pts?|marks?)\.?\s*[)\]]$", re.IGNORECASE)
"""What a heading says of points, which are beside the title anyway."""

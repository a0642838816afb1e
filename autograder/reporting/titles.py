"""What chapters, notebooks and exercises are called: the headings in `source/`, rather than ids."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from autograder.errors import CourseError
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, is_answer, read_submission
from autograder.grading.texts import is_random

_Name = TypeVar("_Name")

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
    """Exercises that share a title also have the name of their cell in it, or their notebook's and a number where that name is a random one.

    Notebooks that share a title have their file's name in it.
    """
    for name, title in _find_shared(titles.notebooks):
        titles.notebooks[name] = f"{title} · {name}"
    shared: dict[str, list[Key]] = {}
    for key, title in _find_shared(titles.exercises):
        shared.setdefault(title, []).append(key)
    for title, keys in shared.items():
        named = len({exercise for _, exercise in keys if not is_random(exercise)}) == len(keys)
        notebooks = Counter(notebook for notebook, _ in keys)
        numbers: Counter[str] = Counter()
        for notebook, exercise in keys:
            numbers[notebook] += 1
            place = [notebook] if len(notebooks) > 1 else []
            number = [str(numbers[notebook])] if notebooks[notebook] > 1 else []
            titles.exercises[notebook, exercise] = " · ".join([title, *([exercise] if named else place + number)])


def _find_shared(titles: dict[_Name, str]) -> list[tuple[_Name, str]]:
    counts = Counter(titles.values())
    return [(name, title) for name, title in titles.items() if counts[title] > 1]


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
                    titles.notebooks.setdefault(notebook, _plain(text))
                heading = _plain(text)
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


def _plain(text: str) -> str:
    """A heading's words, without the marks of Markdown, tags and addresses; formulas as far as letters and signs can write them."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    text = re.sub(r"(?<!\\)\$\$?([^$]+)\$\$?", lambda found: _write_formula(found[1]), text)
    return html.unescape(re.sub(r"(\*\*|__|[`*]|\\(?=[^\w\s]))", "", text)).strip()


def _write_formula(formula: str) -> str:
    r"""A formula as text, `\mu_{max} \le 3` as "μ_max ≤ 3"."""
    from IPython.core.latex_symbols import latex_symbols  # not before a title has a formula: its tables are large

    signs = {r"\le": "≤", r"\ge": "≥", r"\ne": "≠", r"\to": "→", **latex_symbols}
    text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", formula)
    text = re.sub(r"\\[A-Za-z]+", lambda found: signs.get(found[0], found[0][1:]), text)
    return re.sub(r"\\[^A-Za-z]|[{}]", "", text).strip()

"""What a person has to mark in a chapter: the cells of `source/` that are answered and marked by hand, with their model answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from autograder.engine.scores import get_extra, get_points
from autograder.errors import CourseError
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, read_submission
from autograder.grading.texts import is_random, plain_heading, tell_apart

Kind = Literal["text", "code", "task"]

_SCHEME = re.compile(r"[^\n]*BEGIN MARK SCHEME[^\n]*\n(.*?)[^\n]*END MARK SCHEME[^\n]*\n?", re.DOTALL)
_MARKS = re.compile(r"[^\n]*(?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)[^\n]*\n?")


@dataclass(frozen=True)
class Question:
    """One cell that a person marks. `points` are the most that it earns; `extra` ones count beside the chapter's maximum."""

    notebook: str
    cell: str
    kind: Kind
    points: float
    extra: bool
    title: str
    asked: str
    """The text before the cell, or of it where it is a task."""
    model: str
    scheme: str
    tests: str
    """What checks of the answer there are, hidden ones among them."""

    @property
    def name(self) -> str:
        return f"{self.notebook}/{self.cell}"


def find_questions(course: Path, chapter: str) -> list[Question]:
    """In the order of the chapter. Raises `CourseError` where a source notebook cannot be read."""
    paths = sorted(find_places(course).source_folder(chapter).glob("*.ipynb"))
    questions = [one for path in paths for one in _read_questions(path)]
    titles = tell_apart([(one.title, one.notebook, one.cell) for one in questions])
    return [replace(one, title=title) for one, title in zip(questions, titles, strict=True)]


def choose_question(questions: list[Question], chapter: str, wanted: str) -> int:
    """The place of the question that is meant: its cell's name, `NOTEBOOK/CELL`, its number from 1, or the start of a name."""
    names = [(one.cell, one.name) for one in questions]
    ways = (
        [place for place, found in enumerate(names) if wanted in found],
        [int(wanted) - 1] if wanted.isdecimal() and 1 <= int(wanted) <= len(names) else [],
        [place for place, found in enumerate(names) if any(one.startswith(wanted) for one in found)],
    )
    fits = next(filter(None, ways), [])
    if len(fits) != 1:
        problem = "fits several questions" if fits else "isn't a question to mark"
        listed = ", ".join(one.name for one in questions)
        raise CourseError(f"'{wanted}' {problem} of {chapter}. There are: {listed}.")
    return fits[0]


def _read_questions(path: Path) -> list[Question]:
    cells = read_submission(path).cells
    return [_read_question(path.stem, cells, place) for place, cell in enumerate(cells) if _is_by_hand(cell)]


def _is_by_hand(cell: Any) -> bool:
    marks = cell.metadata.get("nbgrader") if get_id(cell) else None
    return bool(marks and ((marks.get("grade") and marks.get("solution")) or marks.get("task")))


def _read_question(notebook: str, cells: list[Any], place: int) -> Question:
    cell = cells[place]
    scheme = "\n".join(found.strip() for found in _SCHEME.findall(cell.source))
    text = _MARKS.sub("", _SCHEME.sub("", cell.source)).strip()
    before = _read_before(cells, place)
    title, asked = _split_heading("\n\n".join(before))
    is_task = bool(cell.metadata["nbgrader"].get("task"))
    kind: Kind = "task" if is_task else "code" if cell.cell_type == "code" else "text"
    points, extra = get_points(cell), get_extra(cell) > 0
    tests = "" if kind != "code" else _read_tests(cells[place + 1 :])
    if is_task:
        title = _split_heading(text)[0] or title
    asked, model = (f"{asked}\n\n{text}", "") if is_task else (asked, text)
    if not title and is_random(get_id(cell)):
        headings = (_split_heading(text)[0] for text in _read_texts(cells, place))
        title = next(filter(None, headings), notebook)
    title = title or get_id(cell)
    return Question(notebook, get_id(cell), kind, points, extra, title, asked.strip(), model, scheme, tests)


def _read_before(cells: list[Any], place: int) -> list[str]:
    """The texts before a cell, back to the heading of their part, at most four."""
    found: list[str] = []
    for cell in reversed(cells[:place]):
        if cell.cell_type != "markdown" or len(found) == 4:
            break
        marks = cell.metadata["nbgrader"] if get_id(cell) else {}
        if marks.get("grade") or marks.get("solution") or marks.get("task"):
            break
        found.insert(0, cell.source)
        if _split_heading(cell.source)[0]:
            break
    return found


def _read_texts(cells: list[Any], place: int) -> Iterator[str]:
    """The texts before a cell that aren't answers, the nearest first."""
    for cell in reversed(cells[:place]):
        marks = cell.metadata["nbgrader"] if get_id(cell) else {}
        if cell.cell_type == "markdown" and not marks.get("solution"):
            yield cell.source


def _split_heading(text: str) -> tuple[str, str]:
    """The last heading, "" where there is none, and what follows it."""
    found = list(re.finditer(r"(?m)^#+ +([^\n]+)$", text))
    return (plain_heading(found[-1][1]), text[found[-1].end() :]) if found else ("", text)


def _read_tests(cells: list[Any]) -> str:
    """The check cells after an answer, up to the next answer."""
    found = []
    for cell in cells:
        marks = cell.metadata["nbgrader"] if get_id(cell) else {}
        if marks.get("solution") or marks.get("task"):
            break
        if marks.get("grade"):
            found.append(cell.source)
    return "\n\n".join(found)

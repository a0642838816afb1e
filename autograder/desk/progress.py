"""What a student has done, read from the results that checks left in the notebooks.

A result counts as long as it fits: the check's exercise and points are still the same, and the cell that the check asked about is
still in the notebook as it ran. An answer that is as it was handed out is not attempted, whatever its check found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from autograder.desk.notebooks import (
    Cell,
    Unreadable,
    as_number,
    find_notebooks,
    find_result,
    is_as_released,
    read_cells,
    read_points,
)
from autograder.errors import CourseError
from autograder.formats import digest_cell

State = Literal["right", "partly", "wrong", "untouched", "written"]
"""The state of an exercise. "written" is an answer without a result that fits: not checked since, or for a person to read."""

_HEADING = re.compile(r"(?m)^(#{1,6}) +(.+?) *#*$")
_NUMBER = re.compile(r"^(?:Exercise|Open task)(?: \d+)? *· *")
_TASK = re.compile(r"(?m)^\*\*[^*\n]+\*\* · (\d+) minutes?\b([^\n]*)")
_TIME = re.compile(r"\*\*Time\*\*: about (\d+) minutes(?:; \*More\*: (?:about |another )?(\d+))?")
_CODE = re.compile(r"(?ms)^(```|~~~).*?^\1[^\n]*$")


@dataclass(frozen=True)
class Exercise:
    """One exercise in its present state. `check` and `answer` are ids of cells; of one that a person marks, they are the same."""

    id: str
    title: str
    state: State
    points: float
    max: float
    extra: bool
    """Whether its points come on top of the chapter's."""
    more: bool
    minutes: int
    check: str
    answer: str

    @property
    def done(self) -> bool:
        """Whether it takes no more time: it is right, or written and for a person to read."""
        return self.state == "right" or (self.state == "written" and self.check == self.answer)


@dataclass(frozen=True)
class Notebook:
    """One notebook, by its path from the workspace; `minutes` of the core and of what is marked *More* are its own estimate.

    `newer` is the path of a newer release beside it, `problem` says why it couldn't be read.
    """

    path: str
    title: str
    minutes: int = 0
    minutes_more: int = 0
    exercises: list[Exercise] = field(default_factory=list)
    newer: str = ""
    problem: str = ""

    @property
    def minutes_left(self) -> int:
        """Of the core: the part of the estimate that the exercises' own minutes leave open."""
        core = [one for one in self.exercises if not one.more]
        whole = sum(one.minutes or 1 for one in core)
        left = sum(one.minutes or 1 for one in core if not one.done)
        return round(self.minutes * left / whole) if whole else 0


@dataclass(frozen=True)
class Chapter:
    """A folder of notebooks."""

    name: str
    title: str
    notebooks: list[Notebook]


@dataclass(frozen=True)
class Totals:
    """Of the core: exercises that are right, all of them, points and their maximum, minutes left. `extra` are the points that come on top."""

    right: int
    exercises: int
    points: float
    max: float
    extra: float
    minutes_left: int

    @classmethod
    def add_up(cls, notebooks: Iterable[Notebook]) -> Totals:
        notebooks = list(notebooks)
        exercises = [one for notebook in notebooks for one in notebook.exercises]
        core = [one for one in exercises if not one.more]
        counted = [one for one in exercises if not one.extra]
        return cls(
            sum(one.state == "right" for one in core),
            len(core),
            round(sum(one.points for one in counted), 4),
            round(sum(one.max for one in counted), 4),
            round(sum(one.points for one in exercises if one.extra), 4),
            sum(notebook.minutes_left for notebook in notebooks),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "right": self.right,
            "exercises": self.exercises,
            "points": self.points,
            "max": self.max,
            "extra": self.extra,
            "minutesLeft": self.minutes_left,
        }


@dataclass(frozen=True)
class Progress:
    """The state of a student's workspace."""

    chapters: list[Chapter]

    @property
    def totals(self) -> Totals:
        return Totals.add_up(notebook for chapter in self.chapters for notebook in chapter.notebooks)

    @property
    def next(self) -> tuple[Notebook, Exercise] | None:
        """Where to go on, in the core: the last exercise that was begun if it isn't done, else the first open one after it, else the first open one."""
        core = [
            (notebook, one)
            for chapter in self.chapters
            for notebook in chapter.notebooks
            for one in notebook.exercises
            if not one.more
        ]
        last = max((place for place, (_, one) in enumerate(core) if one.state != "untouched"), default=0)
        return next(((notebook, one) for notebook, one in core[last:] + core[:last] if not one.done), None)

    def as_json(self) -> dict[str, Any]:
        """For a panel: chapters with their notebooks and exercises, totals of each and of all, and where to go on."""
        to_do = self.next
        return {
            "chapters": [
                {
                    "name": chapter.name,
                    "title": chapter.title,
                    "notebooks": [_notebook_as_json(notebook) for notebook in chapter.notebooks],
                    "totals": Totals.add_up(chapter.notebooks).as_json(),
                }
                for chapter in self.chapters
            ],
            "totals": self.totals.as_json(),
            "next": {"path": to_do[0].path, **asdict(to_do[1])} if to_do else None,
        }


def _notebook_as_json(notebook: Notebook) -> dict[str, Any]:
    return {
        "path": notebook.path,
        "title": notebook.title,
        "minutes": notebook.minutes,
        "minutesMore": notebook.minutes_more,
        "minutesLeft": notebook.minutes_left,
        "newer": notebook.newer,
        "problem": notebook.problem,
        "exercises": [asdict(one) for one in notebook.exercises],
    }


def read_progress(folder: Path) -> Progress:
    """The state of the notebooks in the chapters of `folder`, a student's workspace.

    Reads files only. A notebook that can't be read is listed with its problem; one without exercises, a copy of another
    and a newer release beside a student's own are left out. Nothing there gives no chapters.
    """
    chapters = []
    for place, found in find_notebooks(folder):
        notebooks, seen = {}, set[str]()
        for path, newer in found:
            notebook = _read_notebook(path, f"{place.name}/{path.name}", f"{place.name}/{newer.name}" if newer else "")
            ids = {one.id for one in notebook.exercises}
            if notebook.problem or ids - seen:  # else it is the student's copy of another, or has no exercises
                notebooks[path] = notebook
                seen |= ids
        if any(notebook.exercises for notebook in notebooks.values()):
            in_order = [notebooks[path] for path in sorted(notebooks, key=lambda one: _natural(one.name))]
            chapters.append(Chapter(place.name, name_chapter(place.name), in_order))
    return Progress(chapters)


def pick_chapter(progress: Progress, name: str) -> Chapter:
    """The chapter that is meant by its name, the start of it, or its number. Raises `CourseError` for none and for several."""
    chapters = {chapter.name: chapter for chapter in progress.chapters}
    numbered = [one for one in chapters if name.isdecimal() and re.match(rf"0*{int(name)}(?!\d)", one)]
    found = numbered or [one for one in chapters if one == name or (name and one.startswith(name))]
    if name in chapters:
        found = [name]
    if len(found) != 1:
        problem = "fits several chapters" if found else "isn't a chapter"
        raise CourseError(f"'{name}' {problem} of your copy. Chapters: {', '.join(chapters)}.")
    return chapters[found[0]]


def name_chapter(folder: str) -> str:
    """A chapter's title by its folder: "1 · Activations" for `01_activations`."""
    found = re.fullmatch(r"(\d+)[_\W]+(.+)", folder)
    number, words = (str(int(found[1])), found[2]) if found else ("", folder)
    spelled = [word if re.search("[aeiouy]", word) else word.upper() for word in words.split("_") if word]
    text = " ".join(spelled) or folder
    return (f"{number} · " if number else "") + text[:1].upper() + text[1:]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _read_notebook(path: Path, name: str, newer: str) -> Notebook:
    try:
        cells = read_cells(path)
    except Unreadable as error:
        return Notebook(name, path.stem, newer=newer, problem=str(error))
    texts = [_CODE.sub("", cell.source) for cell in cells if cell.kind == "markdown"]
    title = next((found[2] for text in texts for found in _HEADING.finditer(text)), path.stem)
    time = next((found for text in texts if (found := _TIME.search(text))), None)
    core, more = (int(time[1]), int(time[2] or 0)) if time else (0, 0)
    return Notebook(name, title, core, more, list(read_exercises(cells)), newer)


def read_exercises(cells: list[Cell]) -> Iterator[Exercise]:
    """The exercises in order; of a cell that is there twice, the one that is graded counts, which is the first."""
    present = {digest_cell(cell.source) for cell in cells if cell.kind == "code"}
    answers: dict[str, Cell] = {}
    seen: set[str] = set()
    title, minutes, in_more, more = "", 0, False, False
    for cell in cells:
        if cell.kind == "markdown" and not cell.grade_id:
            text = _CODE.sub("", cell.source)
            for found in _HEADING.finditer(text):
                heading = found[2]
                if len(found[1]) < 3:
                    in_more = heading.startswith("More")
                title, minutes, more = _NUMBER.sub("", heading), 0, in_more or heading.startswith("More")
            for task in _TASK.finditer(text):
                minutes, more = int(task[1]), more or " · More" in task[2]
        if not cell.grade_id or cell.grade_id in seen:
            continue
        seen.add(cell.grade_id)
        if cell.solution:
            answers[cell.grade_id] = cell
        if not cell.grade:
            continue
        name = cell.grade_id if cell.solution else cell.grade_id.removesuffix("-check")
        answer = answers.get(name) or next(reversed(answers.values()), cell)
        most, extra = read_points(cell)
        state, points = _find_state(cell, answer, name, most, present)
        yield Exercise(name, title or name, state, points, most, extra, more, minutes, cell.id, answer.id)


def _find_state(check: Cell, answer: Cell, name: str, most: float, present: set[str]) -> tuple[State, float]:
    """The state of an exercise, and its points; `present` are the digests of the code that the notebook has now."""
    untouched = is_as_released(answer)
    if check.solution:  # a person reads it
        return ("untouched" if untouched or not answer.source.strip() else "written"), 0.0
    result = find_result(check) or {}
    told = result.get("answers")
    ran = {one for one in told if isinstance(one, str)} if isinstance(told, list) else set[str]()
    fits = ran <= present and result.get("exercise") == name and as_number(result.get("points")) == most
    if untouched and (
        not ran or not fits or digest_cell(answer.source) in ran
    ):  # else it is in a cell of the student's own
        return "untouched", 0.0
    if not fits:
        return "written", 0.0
    if result.get("attempted") is False:
        return "untouched" if untouched else "written", 0.0
    points = min(max(as_number(result.get("score")), 0.0), most)
    return ("right" if points == most else "partly" if points else "wrong"), points

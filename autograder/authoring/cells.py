"""The parts of an authored notebook: cells, exercises with their answers, and what is wrong with them."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path

from autograder.authoring.glossary import Term, link_terms
from autograder.errors import CourseError

ANSWERS = ".answers.md"


TAGS = ("setup", "exercise", "check", "explain")


ANSWER_TAGS = ("wrong", "right")


ROUNDS = "rounds"

ATTRIBUTES = {
    "setup": set(),
    "exercise": {"exercise", "part"},
    "check": {"exercise", "points", "extra"},
    "explain": {"exercise", "points", "extra"},
    "wrong": {"says", ROUNDS},
    "right": set(),
    "": set(),
}


MARKER = re.compile(r"^\s*#{2,}\s*(BEGIN|END)\b\s*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)


REGIONS = {"SOLUTION": ("exercise", "explain"), "HIDDEN TESTS": ("check",), "MARK SCHEME": ("explain",)}


@dataclass(frozen=True)
class Cell:
    """One cell of an authored file; its text begins in `line` of `file`, which is named as in messages."""

    kind: str
    source: str
    file: str
    line: int
    tag: str = ""
    exercise: str = ""
    points: float = 0
    says: str = ""
    extra: bool = False
    """Whether its points are extra: beside the chapter's maximum."""
    rounds: bool = False
    """Whether what a wrong answer gives depends on how the machine rounds."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def name_change(before: str, after: str, which: int) -> str:
    """How a change of a solution is written: `` `x + 1` → `x - 1` (2nd)``."""
    if not after:
        return f"`{before}` → any"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(which % 10 if which // 10 % 10 != 1 else 0, "th")
    return f"`{before}` → `{after}`" + (f" ({which}{ending})" if which > 1 else "")


@dataclass(frozen=True)
class Equivalent:
    """A change of a solution that its author declares to change nothing that the task asks for; see `steps.Change`."""

    before: str
    after: str
    """"" for any."""
    which: int
    """1 for the first place in the solution that reads so, 2 for the second."""
    reason: str
    file: str
    line: int

    @property
    def name(self) -> str:
        return name_change(self.before, self.after, self.which)

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Exercise:
    """An exercise with everything that its author wrote for it."""

    name: str
    answer: Cell
    check: Cell | None = None
    wrong: list[Cell] = field(default_factory=list)
    right: list[Cell] = field(default_factory=list)
    equivalents: list[Equivalent] = field(default_factory=list)


@dataclass
class Notebook:
    """An authored notebook: its file, its cells in order, and its exercises by name, with their answers."""

    path: Path
    cells: list[Cell]
    exercises: dict[str, Exercise]
    promises: dict[str, str] = field(default_factory=dict)
    """What each exercise's check looks at, in a line for the student."""
    terms: list[Term] = field(default_factory=list)
    """The course's glossary."""

    @property
    def texts(self) -> list[str]:
        """What students read in each cell of text without a tag, in order, with links to the glossary."""
        texts = [self.text(cell) for cell in self.cells if cell.kind == "markdown" and not cell.tag]
        return link_terms(texts, self.terms, f"{self.path.parent.name}/{self.name}")

    def text(self, cell: Cell) -> str:
        """The cell's source; under the task of an exercise, in front of the hints, with what its check looks at."""
        task = self._find_task(cell)
        if task not in self.promises:
            return cell.source
        before, heading, own = cell.source.rpartition("\n### ")  # what folds out above it isn't a hint
        text, fold, hints = own.partition("\n<details>")
        return f"{before}{heading}{text.rstrip()}\n\n{self.promises[task]}\n{fold}{hints}".rstrip()

    def _find_task(self, cell: Cell) -> str:
        """The name of the exercise whose task is in this cell of text: the nearest one above the exercise's own cell, apart from set-up code between them."""
        if cell.kind != "markdown" or cell.tag:
            return ""
        place = next(number for number, one in enumerate(self.cells) if one is cell)
        rest = itertools.dropwhile(lambda one: one.kind == "code" and one.tag != "exercise", self.cells[place + 1 :])
        following = next(rest, None)
        return following.exercise if following and following.tag == "exercise" else ""

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def answers(self) -> list[Cell]:
        """The cells of the answers file."""
        return [cell for exercise in self.exercises.values() for cell in (*exercise.wrong, *exercise.right)]


class AuthorErrors(CourseError):
    """What is wrong in authored files: one line for each mistake, with file, line and exercise."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))

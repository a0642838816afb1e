"""Every submission that was graded, as it was graded: `reports/CHAPTER.history`, a line of JSON for each.

The journal knows what holds now; this file forgets nothing. A line has the student, the number of the attempt, when it was handed in and
graded, digests of what its marks follow from, and points, state and messages of each exercise. The same submission graded again, say after a
check was fixed, is another line of the same number, with the reason. `counts` says whether the marks went into the gradebook.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.grading.results import ExerciseResult


@dataclass(frozen=True)
class Attempt:
    """One submission, graded once.

    `time` is when it was graded, `handed_in` when it came, if that is known; both in UTC. `submission`, `source` and `grader` are the digests
    that the journal calls causes. `reason` says why a submission was graded again, and is "" the first time. With `failed` it could not be
    graded, and has no exercises. Marks are those of the checks: what a person gives later is in the gradebook.
    """

    student: str
    number: int
    time: datetime
    handed_in: datetime | None = None
    submission: str = ""
    source: str = ""
    grader: str = ""
    reason: str = ""
    failed: str = ""
    exercises: list[ExerciseResult] = field(default_factory=list)
    counts: bool = True
    """As `read_history` returns it: whether these are the marks that count now. In the file: whether they did when they were written."""

    @property
    def points(self) -> dict[tuple[str, str], float | None]:
        """Points by notebook and exercise; None where a person has to grade."""
        return {(one.notebook, one.exercise): one.score for one in self.exercises}

    @property
    def score(self) -> float:
        """The points of all checks, extra ones included."""
        return sum(one.score or 0 for one in self.exercises)


def read_history(root: Path, chapter: str) -> list[Attempt]:
    """All graded submissions of `chapter` in the course at `root`, in the order in which they were graded; empty where there are none.

    `counts` is true for one line of a student at most: the last one of the attempt whose marks are in the gradebook.
    """
    found = list(_read_lines(history_path(root, chapter)))
    counted: dict[str, int] = {}
    for attempt in found:
        if attempt.counts:
            counted[attempt.student] = attempt.number
    last = {(one.student, one.number): place for place, one in enumerate(found)}
    return [
        replace(one, counts=counted.get(one.student) == one.number and last[one.student, one.number] == place)
        for place, one in enumerate(found)
    ]


def history_path(root: Path, chapter: str) -> Path:
    return root / "reports" / f"{chapter}.history"


class History:
    """The history of a chapter, to be written to. Whoever writes holds the chapter's journal."""

    def __init__(self, root: Path, chapter: str) -> None:
        self.path = history_path(root, chapter)
        self._read_to = 0
        self._numbers: dict[str, dict[str, int]] = {}
        self._last: dict[str, Attempt] = {}

    def find_number(self, student: str, submission: str) -> int:
        """The number of the attempt: the one it had before, or else the next."""
        self._catch_up()
        known = self._numbers.get(student, {})
        return known.get(submission) or max(known.values(), default=0) + 1

    def find_last(self, student: str) -> Attempt | None:
        self._catch_up()
        return self._last.get(student)

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Write these, and make sure that they survive a power failure. One that says what the student's last line says is left out."""
        self._catch_up()
        lines = []
        for attempt in attempts:
            before = self._last.get(attempt.student)
            if before is None or replace(before, time=attempt.time) != attempt:
                lines.append(_write_line(attempt))
                self._note(attempt)
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            if self.path.stat().st_size and not self._ends_whole():
                file.write(b"\n")  # the line before was cut off by the end of a process
            file.write("".join(lines).encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        self._read_to = self.path.stat().st_size

    def _ends_whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _catch_up(self) -> None:
        with contextlib.suppress(OSError):
            size = self.path.stat().st_size
            if size != self._read_to:
                begin = self._read_to if size > self._read_to else 0
                for attempt in _read_lines(self.path, begin):
                    self._note(attempt)
                self._read_to = size

    def _note(self, attempt: Attempt) -> None:
        self._numbers.setdefault(attempt.student, {})[attempt.submission] = attempt.number
        self._last[attempt.student] = attempt


def _write_line(attempt: Attempt) -> str:
    handed_in = attempt.handed_in.isoformat() if attempt.handed_in else None
    stored = asdict(attempt) | {"time": attempt.time.isoformat(), "handed_in": handed_in}
    return json.dumps(stored, ensure_ascii=False) + "\n"


def _read_lines(path: Path, begin: int = 0) -> Iterator[Attempt]:
    """The attempts in a file; a line that was cut off, or that somebody else wrote, is left out."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            text = file.read()
    except OSError:
        return
    for line in text.decode("utf-8", "replace").split("\n"):
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError, AttributeError):
            yield _read_attempt(json.loads(line))


def _read_attempt(stored: Mapping[str, Any]) -> Attempt:
    handed_in = datetime.fromisoformat(stored["handed_in"]) if stored["handed_in"] else None
    exercises = [ExerciseResult(**one) for one in stored["exercises"]]
    read = {"time": datetime.fromisoformat(stored["time"]), "handed_in": handed_in, "exercises": exercises}
    attempt = Attempt(**{**stored, **read})
    if not isinstance(attempt.student, str) or not isinstance(attempt.number, int):
        raise TypeError("a history has students' names and numbers of attempts")
    return attempt


def explain(known: Mapping[str, str], causes: Mapping[str, str]) -> str:
    """Why marks differ from those that followed from the causes `known`; without these, what was done."""
    words = {
        "submission": "a different submission",
        "source": "the source changed",
        "grader": "a different version of the grader",
    }
    found = [says for cause, says in words.items() if known and known.get(cause) != causes[cause]]
    return ", ".join(found) or "graded again"


def to_utc(time: datetime | None) -> datetime | None:
    """A time as nbgrader keeps it, UTC without saying so, with its zone."""
    return time.replace(tzinfo=UTC) if time else None


def now() -> datetime:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)

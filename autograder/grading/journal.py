"""What has been graded of a chapter, so that a grading that was stopped picks up where it left off, and a regrade can say why a mark changed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

try:
    import fcntl
except ImportError:  # Windows: nobody keeps two gradings of a chapter apart there
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Entry:
    """One graded submission.

    `causes` are digests of what its marks follow from: `submission`, `source` and `grader`. `written` has the time of each graded
    notebook's file, by name, so that a later change of it is noticed.
    """

    student: str
    causes: dict[str, str]
    notes: list[str] = field(default_factory=list)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    seconds: float = 0
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each notebook digests of the answers that were graded last, by cell: a mark given by hand is for these."""
    extra: dict[str, dict[str, float]] = field(default_factory=dict)
    """For each notebook the extra credit that was written last, by cell: any other was given by hand."""


class Journal:
    """The entries by student. A later one replaces an earlier one; a line that was cut off by the end of a process is left out."""

    def __init__(self, course: Path, chapter: str) -> None:
        self.path = course / "reports" / f"{chapter}.journal"
        self.entries: dict[str, Entry] = {}
        self._read()

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
                if entry := _read_entry(line):
                    self.entries[entry.student] = entry

    def differs(self, student: str, submission: str) -> bool:
        """Whether the submission of this digest has not been graded."""
        entry = self.entries.get(student)
        return entry is None or entry.causes.get("submission") != submission

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Hold the journal for writing. Raises `CourseError` when another grading of the chapter holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as self._file:
            if fcntl:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise CourseError(
                        f"Another 'course grade' is working on {self.path.stem}. Wait until it ends, or stop it first."
                    ) from None
            self._read()  # what was written meanwhile
            yield

    def add(self, entries: list[Entry]) -> None:
        """Note that these are graded, and make sure that the note survives a power failure."""
        for entry in entries:
            self.entries[entry.student] = entry
            self._file.write(
                json.dumps(entry, default=vars, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"
            )
        self._file.flush()
        os.fsync(self._file.fileno())

    def forget(self, student: str) -> None:
        """Note that a submission is not graded (any more)."""
        if student in self.entries:
            self.add([Entry(student, {}, answers=self.entries[student].answers)])


def list_entries(course: Path, chapter: str) -> list[Entry]:
    """Every entry that was ever written for a chapter, in order, also where a later one replaced it."""
    try:
        text = (course / "reports" / f"{chapter}.journal").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [entry for line in text.splitlines() if (entry := _read_entry(line))]


def _read_entry(line: str) -> Entry | None:
    """The entry in a line, `None` where there is none: the line was cut off, or somebody else wrote it."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        entry = Entry(**json.loads(line))
        if all(isinstance(getattr(entry, name), kind) for name, kind in _KINDS.items()):
            return entry
    return None


_KINDS: dict[str, Any] = {
    "student": str,
    "causes": dict,
    "notes": list,
    "findings": dict,
    "written": dict,
    "seconds": (int, float),
}

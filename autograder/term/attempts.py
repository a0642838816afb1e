"""What came in, kept on disk: `attempts/CHAPTER/STUDENT/0001/` has the files of an arrival, and `attempt.json` what became of it.

An arrival is copied here before anything else happens, and its folder appears whole or not at all. Its `state` goes from `arrived` to `graded` to
`done`; whoever starts again continues with what isn't done. Nothing here is ever removed. What was in `submitted/` without having
arrived here is kept beside these folders when something else takes its place (`grading.replaced`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from autograder.errors import CourseError
from autograder.grading.files import write_files
from autograder.grading.replaced import ATTEMPTS

try:
    import fcntl
except ImportError:  # Windows: nobody keeps two watches apart there
    fcntl = None  # type: ignore[assignment]

State = Literal["arrived", "graded", "done"]


@dataclass
class Arrival:
    """One thing that came in. `number` is which of the student's attempts it is, 0 as long as it hasn't been graded, and where it was refused or can't be read."""

    chapter: str
    student: str
    order: int
    origin: str
    """Where it came from: a path in the inbox, or a folder of the exchange."""
    digest: str
    handed_in: str
    """ISO, UTC."""
    number: int = 0
    state: State = "arrived"
    refused: str = ""
    """Why it isn't graded."""
    source: str = ""
    """The digest of the chapter that graded it last."""
    scores: dict[str, float] = field(default_factory=dict)
    """By notebook what the checks gave."""
    worth: float = 0
    counts: bool = False
    """Whether its marks were the ones in the gradebook, when it was graded last."""

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.handed_in)


class Store:
    """The arrivals of a course, in memory as on disk. One process at a time has it open."""

    def __init__(self, course: Path) -> None:
        self.folder = course.resolve() / ATTEMPTS
        self.found: dict[tuple[str, str], list[Arrival]] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Raises `CourseError` where another watch has it, or a record can't be read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            if fcntl:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise CourseError("Another 'course watch' is at work in this course. Stop it first.") from None
            for path in sorted(self.folder.glob("*/*/[0-9]*/attempt.json")):
                try:
                    one = Arrival(**json.loads(path.read_text(encoding="utf-8")))
                except (OSError, ValueError, TypeError) as error:
                    raise CourseError(f"{path} cannot be read ({error}). Put an earlier copy in its place.") from None
                self.found.setdefault((one.chapter, one.student), []).append(one)
            yield

    def list_of(self, chapter: str, student: str) -> list[Arrival]:
        """What came from a student, in order."""
        return self.found.get((chapter, student), [])

    def list_attempts(self, chapter: str, student: str) -> list[Arrival]:
        return [one for one in self.list_of(chapter, student) if one.number]

    def list_waiting(self) -> list[Arrival]:
        """What isn't done, the oldest first."""
        waiting = [one for ones in self.found.values() for one in ones if one.state != "done"]
        return sorted(waiting, key=lambda one: (one.handed_in, one.chapter, one.student, one.order))

    def is_known(self, chapter: str, student: str, origin: str, digest: str) -> bool:
        """Whether this has come before: the same from the same place, or from a new place what the student handed in already."""
        ones = self.list_of(chapter, student)
        here = [one for one in ones if one.origin == origin]
        return here[-1].digest == digest if here else any(one.digest == digest for one in ones)

    def add(
        self,
        chapter: str,
        student: str,
        origin: str,
        files: Mapping[str, bytes],
        handed_in: datetime,
        refused: str = "",
    ) -> Arrival:
        """Keep what came in; it is on disk when this returns."""
        ones = self.found.setdefault((chapter, student), [])
        one = Arrival(
            chapter,
            student,
            ones[-1].order + 1 if ones else 1,
            origin,
            digest_files(files),
            handed_in.isoformat(),
            refused=refused,
        )
        place = self.place(one)
        fresh = place.with_name(f".{place.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "files").mkdir(parents=True)
        write_files(fresh / "files", files)
        (fresh / "files" / "timestamp.txt").write_text(f"{one.time:%Y-%m-%d %H:%M:%S.%f} UTC", encoding="utf-8")
        _write_record(fresh, one)
        fresh.rename(place)
        _sync(place.parent)
        ones.append(one)
        return one

    def place(self, one: Arrival) -> Path:
        return self.folder / one.chapter / one.student / f"{one.order:04}"

    def files(self, one: Arrival) -> Path:
        return self.place(one) / "files"

    def save(self, one: Arrival) -> None:
        _write_record(self.place(one), one)


def digest_files(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"\0{name}\0".encode("utf-8", "replace") + hashlib.sha256(data).digest())
    return digest.hexdigest()


def _write_record(place: Path, one: Arrival) -> None:
    fresh = place / ".attempt.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(one), file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place / "attempt.json")


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system lets a folder be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

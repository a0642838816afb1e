"""What there is to do for a chapter: who handed in, and what of it has been graded as it is.

Reads files only, and imports neither nbgrader nor torch: where there is nothing to do, that is said at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.dates import DATES, EXTENSIONS
from autograder.grading.files import modified, read_file, walk
from autograder.grading.journal import Entry
from autograder.grading.places import find_places, list_settings
from autograder.grading.results import results_path


def list_submissions(course: Path, chapter: str) -> list[str]:
    """The students who handed in `chapter`, sorted."""
    return find_places(course).list_students(chapter)


def submission_folder(course: Path, student: str, chapter: str) -> Path:
    return find_places(course).submission_folder(student, chapter)


def digest_submission(course: Path, student: str, chapter: str) -> str:
    """A digest of all files that a student handed in."""
    return digest_folder(submission_folder(course, student, chapter))


def digest_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in walk(folder):
        digest.update(f"\0{path.relative_to(folder)}\0".encode("utf-8", "replace"))
        with contextlib.suppress(CourseError):
            digest.update(hashlib.sha256(read_file(path)).digest())
    return digest.hexdigest()


def is_current(course: Path, chapter: str, entry: Entry | None, causes: dict[str, str]) -> bool:
    """Whether a submission has been graded as it is: for the same reasons, and with notebooks that nobody changed since."""
    if entry is None:
        return False
    folder = find_places(course).graded_folder(entry.student, chapter)
    return entry.causes == causes and all(modified(folder / f"{name}.ipynb") for name in entry.written)


# --- nothing at all -------------------------------------------------------------------------------


class Stamp:
    """The state of all files that the last grading of a chapter read or left, as the system has it.

    If it is the same, there is nothing to do, and no file needs to be read to know that.
    """

    def __init__(self, course: Path, chapter: str) -> None:
        self.course, self.chapter = course, chapter
        self.path = course / "reports" / f"{chapter}.stamp"

    def holds(self) -> bool:
        """Whether nothing has changed since `set`."""
        with contextlib.suppress(OSError, ValueError):
            return bool(json.loads(self.path.read_text(encoding="utf-8")) == self._read())
        return False

    def set(self) -> None:
        """For a course whose gradebook is a file: of another database nobody knows whether it changed."""
        self.path.write_text(json.dumps(self._read()) + "\n", encoding="utf-8")

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def _read(self) -> list[str]:
        versions = [f"{name} {metadata.version(name)}" for name in ("autograded", "torch", "nbgrader")]
        return [*versions, *(state for path in self._files() for state in _states(path))]

    def _files(self) -> Iterator[Path]:
        places = find_places(self.course)
        students = [one for step in ("autograded", "submitted") for one in places.list_folders(step, self.chapter)]
        for place in (places.source_folder(self.chapter), *students):
            yield place
            yield from walk(place)
        results = results_path(self.course, self.chapter)
        yield from (results, results.with_suffix(".journal"), self.course / DATES, self.course / EXTENSIONS)
        yield from list_settings(self.course, places)


def _states(path: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        found = path.lstat()
        yield f"{path} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"

"""Puts what was collected where the grading reads it: a submission is there whole, or as it was, and what it replaces is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.files import write_files
from autograder.grading.replaced import TIMESTAMP, keep_replaced, read_timestamp
from autograder.grading.times import parse_stamp
from autograder.grading.todo import submission_folder


@dataclass(frozen=True)
class Place:
    """The submissions of a chapter with these notebooks. Without `write` nothing changes, and only what would is told."""

    course: Path
    chapter: str
    notebooks: Sequence[str]
    write: bool

    def put(self, student: str, files: dict[str, bytes], when: datetime | None) -> tuple[str, set[str]]:
        """Put the files in place of what is there; what that did, and which files are in place.

        A submission that is older than the one there doesn't replace it, and adds the notebooks that are lacking there.
        """
        folder = submission_folder(self.course, student, self.chapter)
        if folder.is_symlink() or folder.parent.is_symlink():
            raise CourseError(f"{folder} is a link. Remove it, and collect again.")
        stamp = "" if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"
        there, names = _read_folder(folder), set(files)
        if there is None:
            return self._replace(folder, files, stamp, "new"), names
        old = read_timestamp(folder)
        if all(there.get(name) == data for name, data in files.items()):
            if not stamp or stamp == old:
                return "the same as before", names
            if self.write:
                (folder / TIMESTAMP).write_text(stamp + "\n", encoding="utf-8")
            return f"the same as before, of {stamp}{f' rather than {old}' if old else ''}", names
        notebooks = {f"{name}.ipynb" for name in self.notebooks}
        if stamp and old and _is_before(stamp, old):
            says = f"kept what was collected before: it is of {old}, and this is of {stamp}"
            lacking = {name: data for name, data in files.items() if name in notebooks and name not in there}
            return (self._replace(folder, there | lacking, old, says) if lacking else says), set(lacking)
        left = {name: data for name, data in there.items() if name in notebooks and name not in files}
        if self.write:
            keep_replaced(self.course, self.chapter, student)
        also = f"; {', '.join(sorted(left))} stays, as it wasn't handed in again" if left else ""
        says = f"newer; the earlier one is in attempts/{self.chapter}/{student}{also}"
        return self._replace(folder, {**files, **left}, stamp, says), names

    def _replace(self, folder: Path, files: dict[str, bytes], stamp: str, says: str) -> str:
        """Write a folder at once: it is complete, or as it was."""
        if not self.write:
            return says
        fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        write_files(fresh, files)
        if stamp:
            (fresh / TIMESTAMP).write_text(stamp + "\n", encoding="utf-8")
        if folder.exists():
            old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
            folder.replace(old)
            fresh.replace(folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            fresh.replace(folder)
        return says


def _is_before(one: str, other: str) -> bool:
    try:
        return parse_stamp(one) < parse_stamp(other)
    except (CourseError, ValueError):
        return False


def _read_folder(folder: Path) -> dict[str, bytes] | None:
    """The files of a submission, without nbgrader's time; `None` where there is no submission."""
    if not folder.is_dir():
        return None
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.name != TIMESTAMP}

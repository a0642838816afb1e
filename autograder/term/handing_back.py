"""Feedback goes back the way the work came: beside a file or into an outbox, or by nbgrader's exchange."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.utils import make_unique_key, notebook_hash

from autograder.errors import CourseError
from autograder.term.arrivals import FEEDBACK, SECRET
from autograder.term.attempts import Arrival

RESULT = "result.txt"


@dataclass(frozen=True)
class Folder:
    """Hands back beside what came into the inbox, or in `outbox/STUDENT/CHAPTER/`."""

    inbox: Path
    outbox: Path | None = None

    def deliver(self, arrival: Arrival, files: Path, pages: Mapping[str, str], says: str) -> str:
        """Write the pages and the result of an attempt; returns where. Raises `OSError` where that isn't possible."""
        if self.outbox:
            place = self.outbox / arrival.student / arrival.chapter
        else:
            came = self.inbox / arrival.origin
            name = came.stem if came.suffix in (".ipynb", ".zip") else came.name
            place = came.with_name(name + FEEDBACK)
            if place.is_symlink():
                raise CourseError(f"{place} is a link: feedback isn't written through it. Remove it, or use --outbox.")
        target = place / (f"attempt-{arrival.number}" if arrival.number else f"not-graded-{arrival.order}")
        fresh = target.with_name(f".{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, page in pages.items():
            (fresh / f"{name}.html").write_text(page, encoding="utf-8", errors="replace")
        (fresh / RESULT).write_text(says + "\n", encoding="utf-8", errors="replace")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
        return str(target)


@dataclass(frozen=True)
class Exchange:
    """Hands back by the exchange: students get it with `nbgrader fetch_feedback`, each attempt its own."""

    folder: Path
    """The course's folder in the exchange."""
    course_id: str

    def deliver(self, arrival: Arrival, files: Path, pages: Mapping[str, str], says: str) -> str:
        """Raises `OSError` where the exchange can't be written."""
        feedback = self.folder / "feedback"
        if not feedback.is_dir():
            feedback.mkdir(parents=True)
            feedback.chmod(0o711)  # as nbgrader: whoever knows the name of a page can read it, and nobody can list them
        secret = files / SECRET
        for name, page in pages.items():
            if secret.is_file():
                key: Any = notebook_hash(secret=secret.read_text(encoding="utf-8"), notebook_id=name)
            else:
                stamp = (
                    arrival.origin.rsplit("+", 3)[2]
                    if arrival.origin.count("+") > 2
                    else arrival.origin.rsplit("+", 1)[1]
                )
                unique = make_unique_key(self.course_id, arrival.chapter, name, arrival.student, stamp)
                key = notebook_hash(str(files / f"{name}.ipynb"), unique)
            fresh = feedback / f"{key}-tmp.html"
            fresh.write_text(page, encoding="utf-8", errors="replace")
            fresh.chmod(0o644)
            os.replace(fresh, feedback / f"{key}.html")
        return str(feedback)


def write_for_nbgrader(folder: Path, files: Path, pages: Mapping[str, str]) -> None:
    """Put the pages where `nbgrader generate_feedback` does, for the attempt that counts."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, page in pages.items():
        (fresh / f"{name}.html").write_text(page, encoding="utf-8", errors="replace")
    for name in ("timestamp.txt", SECRET):
        if (files / name).is_file():
            shutil.copyfile(files / name, fresh / name)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)

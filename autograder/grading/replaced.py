"""What was handed in earlier, kept when something else comes in its place: in `attempts/CHAPTER/STUDENT/`, where `course watch` keeps what arrives."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from autograder.grading.files import walk
from autograder.grading.todo import digest_folder, submission_folder

ATTEMPTS = "attempts"
TIMESTAMP = "timestamp.txt"
"""nbgrader's file with the time of a submission."""


def keep_replaced(course: Path, chapter: str, student: str) -> Path | None:
    """Copy what is in the student's folder of submissions to a folder named after its time and its content; returns where.

    The same work is kept once: what is there already, or arrived in the watch, isn't copied. `None` where nothing was handed in.
    """
    folder = submission_folder(course, student, chapter)
    if not folder.is_dir() or not (files := [path for path in walk(folder) if not path.is_symlink()]):
        return None
    digest, place = digest_folder(folder), course / ATTEMPTS / chapter / student
    when = re.sub(r"[^0-9TZ]", "", read_timestamp(folder).replace(" ", "T")[:19])
    kept = place / f"{when or 'untimed'}-{digest[:10]}"
    arrived = (one for one in sorted(place.glob("[0-9]*/files")) if digest_folder(one) == digest)
    if (known := kept if kept.exists() else next(arrived, None)) is not None:
        return known
    fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    for path in files:
        target = fresh / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    fresh.replace(kept)
    return kept


def read_timestamp(folder: Path) -> str:
    """The text of a submission's `timestamp.txt`, "" where there is none."""
    try:
        return (folder / TIMESTAMP).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

"""What was handed in earlier, kept when something else comes in its place."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from autograder.grading.files import walk
from autograder.grading.todo import digest_submission, submission_folder

TIMESTAMP = "timestamp.txt"
"""nbgrader's file with the time of a submission."""


def keep_earlier(course: Path, chapter: str, student: str) -> Path | None:
    """Copy what is in the student's folder of submissions to `.autograder/earlier/`; returns where, `None` where there is nothing.

    The copy is named after its time and its content, so the same work is kept once.
    """
    folder = submission_folder(course, student, chapter)
    if not folder.is_dir() or not (files := [path for path in walk(folder) if not path.is_symlink()]):
        return None
    when = re.sub(r"[^0-9TZ]", "", (read_timestamp(folder) or "no time").replace(" ", "T")[:19])
    digest = digest_submission(course, student, chapter)[:10]
    kept = course / ".autograder" / "earlier" / chapter / student / f"{when or 'untimed'}-{digest}"
    if not kept.exists():
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

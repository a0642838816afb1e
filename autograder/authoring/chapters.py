"""Which chapters a course has. Imports nothing: a command that has nothing to do answers at once."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.errors import CourseError


def list_chapters(root: Path) -> list[str]:
    """The chapters' names, in order. A folder with nothing but an answers file counts, so that reading it refuses it."""
    folder = root / "notebooks"
    if not folder.is_dir():
        raise CourseError(
            f"{root} is not a course: it has no folder 'notebooks'. Run the command in the course's root folder."
        )
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.md")))


def find_chapters(root: Path, name: str | None) -> list[str]:
    """All chapters, or the one called `name`; a number or the start of a name will do."""
    chapters = list_chapters(root)
    if name is None:
        return chapters
    numbered = [chapter for chapter in chapters if name.isdecimal() and re.match(rf"0*{int(name)}_", chapter)]
    found = numbered or [chapter for chapter in chapters if chapter == name or (name and chapter.startswith(name))]
    if len(found) != 1:
        problem = "fits several chapters" if found else "isn't a chapter"
        raise CourseError(f"'{name}' {problem} of this course. Chapters: {', '.join(chapters)}.")
    return found

"""Where each submission came from, so that feedback finds its way back: `.autograder/collected/CHAPTER.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.errors import CourseError


@dataclass(frozen=True)
class Origin:
    """Of one notebook of a student: the platform, its key and name for them, the file, and the platform's number of the file."""

    platform: str
    key: str
    name: str
    file: str
    attachment: str
    upload: str = ""
    """The name of what was uploaded, the file or a zip around it."""


def origins_path(course: Path, chapter: str) -> Path:
    return course / ".autograder" / "collected" / f"{chapter}.json"


def load_origins(course: Path, chapter: str) -> dict[str, dict[str, Origin]]:
    """By student and notebook. Raises `CourseError` where the file is damaged."""
    path = origins_path(course, chapter)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {student: {name: Origin(**one) for name, one in found.items()} for student, found in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"{path} cannot be read ({error}). Delete it, and collect again.") from error


def save_origins(course: Path, chapter: str, found: Mapping[str, Mapping[str, Origin]]) -> None:
    """Add these to what is there."""
    if not found:
        return
    origins = load_origins(course, chapter)
    for student, notebooks in found.items():
        origins.setdefault(student, {}).update(notebooks)
    stored = {student: {name: asdict(one) for name, one in notebooks.items()} for student, notebooks in origins.items()}
    path = origins_path(course, chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(stored, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    fresh.replace(path)

"""Build or compare what a command names: a chapter, the reference pages, or all of it. Nothing is imported before something is stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autograder.authoring.chapters import find_chapters
from autograder.authoring.freshness import is_fresh, is_reference_fresh
from autograder.authoring.glossary import GLOSSARY
from autograder.errors import CourseError

PAGES = "reference"
"""How a command calls the reference pages, which a course has when it has a glossary."""


def find_wanted(root: Path, name: str | None) -> list[str]:
    """The chapters that are meant, and `PAGES`; raises `CourseError` where `name` is nothing of this course."""
    has_pages = (root / "notebooks" / GLOSSARY).is_file()
    if name == PAGES and not has_pages:
        raise CourseError(f"This course has no notebooks/{GLOSSARY}, and so no reference pages.")
    chapters = [] if name == PAGES else find_chapters(root, name)
    return [*chapters, PAGES] if has_pages and name in (None, PAGES) else chapters


def is_made(root: Path, name: str) -> bool:
    """Whether there is nothing to build."""
    return is_reference_fresh(root) if name == PAGES else is_fresh(root, name)


def build_all(root: Path, names: list[str], tell: Callable[[str], None]) -> list[str]:
    """Build what is named; returns the paths, relative to `root`, that changed."""
    changed = []
    if chapters := [name for name in names if name != PAGES]:
        from autograder.authoring.build import build

        changed += build(root, chapters, tell)
    if PAGES in names:
        from autograder.authoring.reference import build_reference

        tell("reference pages")
        changed += build_reference(root)
    return changed


def check_all(root: Path, names: list[str], tell: Callable[[str], None]) -> list[str]:
    """The generated files, relative to `root`, that a build of what is named would change."""
    stale = []
    if chapters := [name for name in names if name != PAGES]:
        from autograder.authoring.build import check

        stale += check(root, chapters, tell)
    if PAGES in names:
        from autograder.authoring.reference import check_reference

        tell("reference pages: comparing")
        stale += check_reference(root)
    return stale

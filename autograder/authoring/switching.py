"""Switch variants on and off: the course's key, in its root folder and in the generated files that have one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from autograder.authoring.freshness import digest_origin, find_key, is_fresh, note
from autograder.checks.variants import choose_variant, clean_id, load_variants
from autograder.errors import CourseError
from autograder.formats import KEY, VARIANTS
from autograder.grading.todo import list_submissions

SWITCHED = ("source", "release")


def list_varied(root: Path) -> list[str]:
    """The chapters that have exercises with variants."""
    return sorted(path.parent.name for path in root.glob(f"source/*/{VARIANTS}"))


def switch_chapter(folder: Path, key: str) -> bool:
    """Give the chapter whose notebooks are in `folder` this key, "" to switch its variants off; whether that changed anything.

    Raises `CourseError` where its file isn't one that the build made.
    """
    path = folder / VARIANTS
    if not path.is_file():
        return False
    try:
        text = path.read_text(encoding="utf-8")
        stored = json.loads(text)
        exercises = dict(stored["exercises"])
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path} isn't the file that 'course build' makes: build the chapter again.") from error
    written = json.dumps({"key": key, "exercises": exercises}, indent=1, ensure_ascii=False) + "\n"
    if written != text:
        _write(path, written)
    return written != text


def switch(root: Path, key: str, anyway: bool = False) -> Iterator[str]:
    """Switch variants on with this `key`, or off with ""; a line for each thing that was done.

    Raises `CourseError` where work was handed in that has other numbers, unless it's to be done `anyway`, and for a key that can't be one.
    """
    if key != clean_id(key):
        raise CourseError(f"{key!r} can't be a key: write it on one line, without spaces around it.")
    if key == find_key(root) and all(_has(root, chapter, key) for chapter in list_varied(root)):
        yield f"Variants are {'on, with this key,' if key else 'off'} already; nothing was changed."
        return
    handed_in = [
        chapter for chapter in list_varied(root) if not _has(root, chapter, key) and list_submissions(root, chapter)
    ]
    if handed_in and not anyway:
        raise CourseError(
            f"Work was handed in for {', '.join(handed_in)}, with the numbers as they are now. It would be graded with others. Nothing was "
            "changed. If everybody is to work on the new numbers, add --anyway."
        )
    fresh = {chapter: is_fresh(root, chapter) for chapter in list_varied(root)}
    if key:
        _write(root / KEY, f"{key}\n")
    elif (root / KEY).exists():
        (root / KEY).unlink()
    for chapter, was_fresh in fresh.items():
        changed = [kind for kind in SWITCHED if switch_chapter(root / kind / chapter, key)]
        if was_fresh:
            note(root, chapter, digest_origin(root, chapter))
        if changed:
            exercises = ", ".join(
                json.loads((root / "source" / chapter / VARIANTS).read_text(encoding="utf-8"))["exercises"]
            )
            yield f"{chapter}: {exercises}: {'each student has numbers of their own' if key else 'everybody has variant 0'}."
    if not fresh:
        yield "No chapter has exercises with variants yet."


def list_numbers(root: Path, student: str) -> Iterator[str]:
    """A line for each exercise with variants: which one a student has."""
    for chapter in list_varied(root):
        for name, known in load_variants(root / "source" / chapter).items():
            yield f"{chapter}: {name}: variant {choose_variant(known.key, student, name, known.count)} of {known.count}"


def _has(root: Path, chapter: str, key: str) -> bool:
    return all(known.key == key for known in load_variants(root / "source" / chapter).values())


def _write(path: Path, text: str) -> None:
    """Write under another name first, so that the file is never half there."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)

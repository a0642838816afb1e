"""What `course accuracy` found, kept for a chapter where every answer was graded as it should be, so that it doesn't have to be measured again.

The note is beside the solutions. It holds the counts, and one digest of these and of all that the marks follow from: the chapter's authored
and generated files, nbgrader's configuration, the modules of this package that grade, and the versions of the libraries at work. Whatever
changes, also in the note, changes the digest. Nothing in it depends on the machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from autograder.authoring import freshness
from autograder.authoring.accuracy import ExerciseAccuracy
from autograder.authoring.authored import read_chapter

USED = (
    *("__init__", "authoring.accuracy", "grading.pool", "grading.preprocessors"),
    *("checks", "course.figures", "course.mine", "digits", "penguins"),
    *("engine", "engine.planning", "engine.standins", "engine.walls", "engine.wire"),
)
"""What a run of `course accuracy` starts: the coordinator, workers, and the process that runs notebooks with all that it may load."""

LIBRARIES = (*freshness.LIBRARIES, "ipython", "nbconvert")

OTHER_ARITHMETIC = (
    *("AUTOGRADED_NOISE", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
)
"""Environment variables that make torch compute in another way: whoever sets one wants to see what it gives then."""


def recall(root: Path, chapter: str) -> list[ExerciseAccuracy] | None:
    """What was measured of the chapter as it is now; None where that is not known.

    A note counts only where it fits what is there, tells of every answer of the chapter, and of none that was graded wrongly.
    """
    if _computes_otherwise():
        return None
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        noted = json.loads(_note(root, chapter).read_text(encoding="utf-8"))
        found = [ExerciseAccuracy(chapter=chapter, **one) for one in noted["exercises"]]
        whole = noted["digest"] == _seal(digest_graded(root, chapter), found)
        if whole and all(one.good for one in found) and _count(found) == _expected(root, chapter):
            return found
    return None


def keep(root: Path, chapter: str, found: list[ExerciseAccuracy], origin: str) -> None:
    """Note what was `found` of the chapter, whose digest was `origin` before it was measured; no note where an answer was graded wrongly.

    A folder that cannot be written leaves the chapter to be measured again.
    """
    if _computes_otherwise():
        return
    path = _note(root, chapter)
    with contextlib.suppress(OSError):
        if not all(one.good for one in found):
            path.unlink(missing_ok=True)
            return
        noted = {"digest": _seal(origin, found), "exercises": [_describe(one) for one in found]}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def digest_graded(root: Path, chapter: str) -> str:
    """A digest of all that the marks of the chapter's answers follow from. It is taken before anything is graded."""
    return freshness.digest_with_code(root, chapter, ("notebooks", "source", "release"), USED, LIBRARIES)


def _computes_otherwise() -> bool:
    return any(os.environ.get(name) for name in OTHER_ARITHMETIC)


def _note(root: Path, chapter: str) -> Path:
    return root / "solutions" / chapter / freshness.MEASURED


def _describe(one: ExerciseAccuracy) -> dict[str, object]:
    return {name: value for name, value in asdict(one).items() if name != "chapter"}


def _seal(origin: str, found: list[ExerciseAccuracy]) -> str:
    text = json.dumps([origin, *map(_describe, found)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _count(found: list[ExerciseAccuracy]) -> list[tuple[str, int, int]]:
    return [(one.exercise, one.wrong, one.right) for one in found]


def _expected(root: Path, chapter: str) -> list[tuple[str, int, int]]:
    """Each exercise with its wrong and right answers, of which the solution is one."""
    exercises = [one for notebook in read_chapter(root, chapter) for one in notebook.exercises.values() if one.check]
    return [(one.name, len(one.wrong), len(one.right) + 1) for one in exercises]

"""Where nbgrader keeps the files of a course, as its configuration says: `CourseDirectory`.

Imports nbgrader only where the configuration changed since it was last read, so that a command that has nothing to do answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from autograder.errors import CourseError

CONFIGURATION = ("nbgrader_config.py", "nbgrader_config.json", "jupyter_config.py", "jupyter_config.json")

_CHANGING = re.compile(r"environ|getenv|load_subconfig|\bexec\b|\bopen\b|read_text")
"""A configuration with one of these in it may say something else the next time, though it hasn't changed."""


@dataclass(frozen=True)
class Places:
    """The folders of a course; `structure` has places for nbgrader's step, the student and the assignment."""

    root: str
    structure: str = os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")
    source: str = "source"
    release: str = "release"
    submitted: str = "submitted"
    autograded: str = "autograded"
    feedback: str = "feedback"
    database: str = ""
    """The file of the gradebook, where it is one."""

    def source_folder(self, chapter: str) -> Path:
        return self._folder(self.source, ".", chapter)

    def release_folder(self, chapter: str) -> Path:
        return self._folder(self.release, ".", chapter)

    def submission_folder(self, student: str, chapter: str) -> Path:
        return self._folder(self.submitted, student, chapter)

    def graded_folder(self, student: str, chapter: str) -> Path:
        return self._folder(self.autograded, student, chapter)

    def feedback_folder(self, student: str, chapter: str) -> Path:
        return self._folder(self.feedback, student, chapter)

    def _folder(self, step: str, student: str, chapter: str) -> Path:
        named = self.structure.format(nbgrader_step=step, student_id=student, assignment_id=chapter)
        return Path(os.path.normpath(os.path.join(self.root, named)))

    def list_students(self, chapter: str) -> list[str]:
        """Who handed in `chapter`, sorted."""
        return self._list(self.submitted, "student_id", {"assignment_id": chapter})

    def list_graded(self, chapter: str) -> list[str]:
        """Whose submissions of `chapter` were graded, sorted."""
        return self._list(self.autograded, "student_id", {"assignment_id": chapter})

    def list_assignments(self) -> list[str]:
        """The assignments that have a notebook in the source folder, sorted."""
        found = self._list(self.source, "assignment_id", {"student_id": "."})
        return [name for name in found if not name.startswith(".") and any(self.source_folder(name).glob("*.ipynb"))]

    def list_folders(self, step: str, chapter: str) -> list[Path]:
        """The folders of all students for a step, `submitted` or `autograded`."""
        names = self._list(getattr(self, step), "student_id", {"assignment_id": chapter})
        return [self._folder(getattr(self, step), name, chapter) for name in names]

    def _list(self, step: str, wanted: str, known: dict[str, str]) -> list[str]:
        """The values at the place `wanted` in the existing folders."""
        parts = os.path.join(self.root, self.structure.replace("{nbgrader_step}", step))
        for name, value in known.items():
            parts = parts.replace("{" + name + "}", value)
        before, _, after = os.path.normpath(parts).partition("{" + wanted + "}")
        folder, prefix = os.path.split(before)
        suffix, _, rest = after.partition(os.sep)
        found = set()
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                name = entry.name
                fits = name.startswith(prefix) and name.endswith(suffix) and len(name) > len(prefix + suffix)
                if fits and os.path.isdir(os.path.join(folder, name, rest)):
                    found.add(name[len(prefix) : len(name) - len(suffix)])
        return sorted(found)


_NAMES = {one.name for one in fields(Places)}


@functools.lru_cache
def find_places(course: Path) -> Places:
    """The places of the course whose commands are given at the folder `course`. Kept until `forget_places`.

    Raises `CourseError` where the configuration cannot be read.
    """
    files = [path for folder in settings(course) for name in CONFIGURATION if (path := folder / name).is_file()]
    if not files:
        return Places(str(course.resolve()), database=str(course.resolve() / "gradebook.db"))
    kept = course / ".autograder" / "places.json"
    key = [f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}" for path in files]
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["of"] == [*key, str(course.resolve())] and stored["places"].keys() == _NAMES:
            return Places(**stored["places"])
    places = _read_places(course)
    if not any(_CHANGING.search(path.read_text(encoding="utf-8", errors="replace")) for path in files):
        with contextlib.suppress(OSError):
            kept.parent.mkdir(exist_ok=True)
            text = json.dumps({"of": [*key, str(course.resolve())], "places": asdict(places)})
            fresh = kept.with_suffix(f".{os.getpid()}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(kept)
    return places


def forget_places() -> None:
    """Look at the configuration again: a command begins."""
    find_places.cache_clear()


def _read_places(course: Path) -> Places:
    """By nbgrader itself."""
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.database import find_database, load_config

    config = load_config(course)
    nbgrader = CourseDirectory(config=config)
    names = set(re.findall(r"\{(\w+)\}", nbgrader.directory_structure))
    if names != {"nbgrader_step", "student_id", "assignment_id"}:
        raise CourseError(
            f"CourseDirectory.directory_structure is {nbgrader.directory_structure!r}: it needs {{nbgrader_step}}, "
            "{student_id} and {assignment_id}, and nothing else in braces."
        )
    return Places(
        nbgrader.root,
        nbgrader.directory_structure,
        nbgrader.source_directory,
        nbgrader.release_directory,
        nbgrader.submitted_directory,
        nbgrader.autograded_directory,
        nbgrader.feedback_directory,
        find_database(course, config),
    )


def settings(course: Path) -> Iterable[Path]:
    """The folders whose settings nbgrader reads."""
    from jupyter_core.paths import jupyter_config_path

    return [course, *map(Path, jupyter_config_path())]


def name_unit(course: Path) -> str:
    """What a course that is graded here is made of: "chapter" in ours, and "assignment", nbgrader's word, in any other."""
    if (course / "notebooks").is_dir():
        return "chapter"
    try:
        text = (course / "nbgrader_config.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "assignment"
    return "chapter" if re.search(r"^(?:from|import) autograder\b", text, re.MULTILINE) else "assignment"


def advise_build(course: Path, chapter: str) -> str:
    """The end of a sentence that says that notebooks of a chapter are missing: the command that makes them."""
    command = "course build" if name_unit(course) == "chapter" else "nbgrader generate_assignment"
    return f"; '{command} {chapter}' makes them"


def find_assignment(course: Path, wanted: str, chapters: Iterable[str] = ()) -> str:
    """The assignment called `wanted`; a number, as in `01_tensors`, or the start of a name will do.

    `chapters` are names that count though nothing is built of them yet. Raises `CourseError`.
    """
    places = find_places(course)
    names = sorted({*places.list_assignments(), *chapters})
    if not names:
        raise CourseError(
            f"{course} isn't a course: there is no notebook in {places.source_folder('ASSIGNMENT')}. Run the command in the folder "
            "where you run nbgrader's commands."
        )
    number = f"0*{int(wanted)}_" if wanted.isdecimal() else "(?!)"
    ways = (
        [name for name in names if name == wanted],
        [name for name in names if re.match(number, name)],
        [name for name in names if wanted and name.startswith(wanted)],
    )
    found: list[str] = next(filter(None, ways), [])
    if len(found) != 1:
        problem = "fits several assignments" if found else "isn't an assignment"
        raise CourseError(f"'{wanted}' {problem} of this course. There are: {', '.join(names)}.")
    return found[0]


def list_settings(course: Path, places: Places) -> Iterator[Path]:
    """The files that may say where things are, and the gradebook."""
    for folder in (*settings(course), Path(places.root)):
        for name in CONFIGURATION:
            yield folder / name
    if places.database:
        yield from (Path(places.database), Path(f"{places.database}-wal"))

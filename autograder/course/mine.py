"""A student's own library, as later notebooks use it: `from autograder import mine`.

Checks keep what passed them in the folder `mine` beside the chapters (`checks.keeping`). What a student has not written is taken from the
course's answers in `parts.py`, and said so, so that one exercise that failed costs nothing later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.formats import HEAD, MINE, PARTS, name_file

_PART = re.compile(r"(?m)^# part: (?P<name>\w+), of (?P<exercise>\w+) in (?P<file>\w+) \((?P<place>[^)\n]+)\)\n")
_ANSWER = r"(?ms)^# answer: {}, [^\n]*\n(?P<code>.*?)(?=^# answer: |\Z)"


@dataclass(frozen=True)
class Part:
    """A function or class that an earlier chapter asked for, with the course's own answer."""

    name: str
    exercise: str
    file: str
    place: str
    code: str


class Library:
    """The parts that the student and the course have written. Call it with names of parts, and it gives these and says whose they are."""

    def __init__(self) -> None:
        self.owners: dict[str, bool] = {}
        """Each part that was asked for so far, and whether it is the student's own."""

    def __call__(self, *names: str) -> Any:
        """The part of that name; of several names a tuple, in order. Prints whose each of them is.

        Raises `CourseError` for a name that is none of the parts which this chapter may use.
        """
        parts, folder = read_parts(Path.cwd()), Path.cwd().parent / MINE
        for name in names:
            if not parts:
                raise CourseError(
                    f"{PARTS} isn't beside this notebook: copy the chapter's whole folder, and open it there."
                )
            if name not in parts:
                raise CourseError(f"'{name}' is none of the parts that this chapter uses: {', '.join(sorted(parts))}.")
        found = [self._take(parts[name], folder) for name in names]
        _say_owners(list(names), [self.owners[name] for name in names])
        return found[0] if len(found) == 1 else tuple(found)

    def instead_of(self, *others: Any) -> Any:
        """Functions and classes of this chapter: the student's own of the same name where its check has passed, else the given one. Prints whose each is.

        For what an earlier notebook of the *same* chapter asked for: its answers are in no `parts.py` of the chapter, so the notebook brings its own.
        """
        path = Path.cwd().parent / MINE / name_file(Path.cwd().name)
        found = [_find_own(path, other.__name__) for other in others]
        names = [other.__name__ for other in others]
        _say_owners(names, [own is not None for own in found])
        taken = [other if own is None else own for own, other in zip(found, others, strict=True)]
        return taken[0] if len(taken) == 1 else tuple(taken)

    def _take(self, part: Part, folder: Path) -> Any:
        try:
            own = _load(_find_answer(folder / f"{part.file}.py", part.exercise), part.name)
        except Exception as error:  # a file that somebody edited
            print(f"{part.name} in {MINE}/{part.file}.py cannot be used: {type(error).__name__}: {error}.")
            own = None
        self.owners[part.name] = own is not None
        return own if own is not None else _load(part.code, part.name)

    def tell(self) -> None:
        """Print how many of the parts that this notebook took are the student's own, and where the others are to be written."""
        parts = read_parts(Path.cwd())
        left = [parts[name] for name, own in self.owners.items() if not own]
        print(f"{len(self.owners) - len(left)} of {len(self.owners)} parts are your own.")
        for place in dict.fromkeys(part.place for part in left):
            print(
                f"  still the course's, of {place}: {', '.join(part.exercise for part in left if part.place == place)}"
            )


mine = Library()


def read_parts(folder: Path) -> dict[str, Part]:
    """The parts that the notebooks in `folder` may use, by name: of its own file, or for executed solutions of the sources'."""
    for path in (folder / PARTS, folder.parent.parent / "source" / folder.name / PARTS):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found = list(_PART.finditer(text))
            ends = [*(one.start() for one in found), len(text)][1:]
            return {
                one["name"]: Part(**one.groupdict(), code=text[one.end() : end])
                for one, end in zip(found, ends, strict=True)
            }
    return {}


def _say_owners(names: list[str], owned: list[bool]) -> None:
    for whose, own in (("Yours", True), ("The course's", False)):
        if some := [name for name, one in zip(names, owned, strict=True) if one is own]:
            print(f"{whose}: {', '.join(some)}.")


def _find_own(path: Path, name: str) -> Any:
    """The function or class of that name in the student's file, or `None`."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for found in re.finditer(_ANSWER.format(r"\w+"), text):
        if re.search(rf"(?m)^(?:def|class) {re.escape(name)}\b", found["code"]):
            try:
                return _load(found["code"], name)
            except Exception as error:  # a file that somebody edited
                print(f"{name} in {MINE}/{path.name} cannot be used: {type(error).__name__}: {error}.")
    return None


def _find_answer(path: Path, exercise: str) -> str | None:
    if not path.is_file():
        return None
    found = re.search(_ANSWER.format(re.escape(exercise)), path.read_text(encoding="utf-8"))
    return found["code"] if found else None


def _load(code: str | None, name: str) -> Callable[..., Any] | None:
    if code is None:
        return None
    names: dict[str, Any] = {"__name__": MINE}
    exec(compile(HEAD + code, f"<{MINE}: {name}>", "exec"), names)
    part: Callable[..., Any] = names[name]
    return part

"""Numbers that differ from student to student: which variant of an exercise is whose, and what is drawn for it.

An exercise with variants has a finite number of them. Which one a student has follows from the course's key, the student's id and the
exercise's name. Without a key variants are switched off, and without an id nobody is known: then it is variant 0. The file
`variants.json` beside the notebooks has the key, and the seals of the right answers in every variant.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from autograder.checks.seals import ANY, Sealed
from autograder.formats import STUDENT, STUDENT_VARIABLE, VARIANTS

T = TypeVar("T")

COUNT, MOST = 12, 64
"""How many variants an exercise has where its author does not say, and at most."""

_SHUFFLED = 4096
"""Of so many values at most, no two variants have the same as long as there are enough."""


@dataclass(frozen=True)
class Known:
    """What the file beside the notebooks says of one exercise: how many variants, and by evaluation the seal in each of them."""

    key: str
    count: int
    seals: dict[str, list[str]] = field(default_factory=dict)


def load_variants(folder: Path) -> dict[str, Known]:
    """The exercises with variants among the notebooks in `folder`, by name. None of them where there is no such file, or no valid one."""
    try:
        stored = json.loads((folder / VARIANTS).read_text(encoding="utf-8"))
        key = str(stored["key"])
        return {name: Known(key, one["count"], one["seals"]) for name, one in stored["exercises"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_variants(key: str, exercises: dict[str, tuple[int, dict[str, list[str]]]]) -> str:
    """The text of that file."""
    stored = {name: {"count": count, "seals": seals} for name, (count, seals) in exercises.items()}
    return json.dumps({"key": key, "exercises": stored}, indent=1, ensure_ascii=False) + "\n"


def find_owner(folder: Path) -> str:
    """The id of the student whose notebooks lie in `folder`, "" where nothing says it.

    Where a notebook is graded, that is the id of the submission. Elsewhere it is the first line of `student.txt` beside the notebooks or one
    folder above, or else the name under which a JupyterHub runs this.
    """
    if (graded := os.environ.get(STUDENT_VARIABLE)) is not None:
        return clean_id(graded)
    for place in (folder, folder.parent):
        try:
            if found := clean_id((place / STUDENT).read_text(encoding="utf-8-sig").strip().partition("\n")[0]):
                return found
        except (OSError, ValueError):
            continue
    return clean_id(os.environ.get("JUPYTERHUB_USER", ""))


def clean_id(text: str) -> str:
    """An id without what can't be seen in it."""
    return "".join(one for one in text if one.isprintable()).strip()


def choose_variant(key: str, student: str, exercise: str, count: int) -> int:
    """The number of the variant that a student has; capitals in the id make no difference."""
    plain = unicodedata.normalize("NFC", clean_id(student)).casefold()
    if not key or not plain:
        return 0
    found = hashlib.blake2b("\0".join((key, plain, exercise)).encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(found.digest(), "big") % count


@dataclass(frozen=True)
class _Trial:
    number: int
    seals: dict[str, str] | None


_trial: list[_Trial] = []
"""The variant that this process tries, where it is an author's."""


def try_variant(number: int, seals: dict[str, str] | None = None) -> None:
    """From now on, this process has variant `number` of every exercise, with these `seals` by evaluation; without any, every sealed answer is
    right. Variant 0 has the seals that its author wrote, unless there are others."""
    _trial[:] = [_Trial(number, seals)]


class Draw:
    """What one variant of an exercise draws. The same calls in the same order give the same values on every machine.

    Two variants get different values from a call as long as there are enough of them.
    """

    def __init__(self, exercise: str, count: int, number: int) -> None:
        self.exercise, self.count, self.number = exercise, count, number
        self._calls = 0

    def __repr__(self) -> str:
        return f"variant {self.number} of {self.exercise}"

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        if high < low:
            raise ValueError(f"there is no whole number from {low} to {high}")
        return low + self._place(high - low + 1)

    def decimal(self, low: float, high: float, digits: int = 1) -> float:
        """A number from `low` to `high`, both included, with at most `digits` decimals."""
        scale = 10**digits
        return round(float(self.integer(round(low * scale), round(high * scale)) / scale), digits)

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, in turn: variant 0 gets the first, variant 1 the second."""
        return choices[self.number % len(choices)]

    @property
    def seed(self) -> int:
        """A seed for data: `torch.Generator().manual_seed(draw.seed)`."""
        found = hashlib.blake2b(f"{self.exercise}\0{self.number}".encode(), digest_size=4)
        return int.from_bytes(found.digest(), "big") >> 1

    def _place(self, size: int) -> int:
        """A number from 0 to below `size`."""
        self._calls += 1
        if size > _SHUFFLED:
            return int(random.Random(f"{self.exercise} {self._calls} {self.number}").random() * size)
        generator = random.Random(f"{self.exercise} {self._calls}")
        order = list(range(size))
        for last in range(size - 1, 0, -1):  # `random()` alone is the same in every version of Python
            other = int(generator.random() * (last + 1))
            order[last], order[other] = order[other], order[last]
        return order[self.number % size]


def variant(exercise: str, count: int = COUNT) -> Draw:
    """Draw the numbers of `exercise`, which has `count` variants, for the student whose copy this is; says whose numbers they are.

    Raises `ValueError` for a count that is out of range.
    """
    check_count(count)
    if _trial:
        return Draw(exercise, count, _trial[0].number)
    known, student = load_variants(Path.cwd()).get(exercise), find_owner(Path.cwd())
    if known is None:
        print(
            f"{VARIANTS} isn't beside this notebook, so these are the numbers that everybody has. If your instructor gives each student "
            "numbers of their own, copy the chapter's whole folder, and open it there."
        )
    if known is None or not known.key:
        return Draw(exercise, count, 0)
    number = choose_variant(known.key, student, exercise, count)
    print(
        f"Your numbers: variant {number} of {count}, for student '{student}'."
        if student
        else f"These are the numbers of variant 0: this copy doesn't know whose it is. {_HOW_TO}"
    )
    return Draw(exercise, count, number)


_HOW_TO = (
    "Before you answer, write your id, as your instructor knows it, into a file student.txt beside this notebook (or start with "
    "'course lab --student ID'), then run the notebook again. What counts is the answer for your own numbers."
)


OTHER_NUMBERS = "This is right for other numbers than yours: answer for those that your notebook shows."


def check_count(count: object) -> None:
    if not isinstance(count, int) or not 2 <= count <= MOST:
        raise ValueError(f"an exercise has 2 to {MOST} variants, not {count!r}")


class Varied:
    """The variants of one exercise, for its check in a notebook."""

    def __init__(self, exercise: str) -> None:
        self.exercise = exercise

    @functools.cached_property
    def known(self) -> Known | None:
        return None if _trial else load_variants(Path.cwd()).get(self.exercise)

    @functools.cached_property
    def student(self) -> str:
        return find_owner(Path.cwd())

    @functools.cached_property
    def number(self) -> int:
        if _trial:
            return _trial[0].number
        return choose_variant(self.known.key, self.student, self.exercise, self.known.count) if self.known else 0

    @property
    def name(self) -> str:
        """Under which the mistakes of this variant are known."""
        return name_variant(self.exercise, self.number)

    def open(self, wanted: Any, evaluation: str) -> Any:
        """What is `sealed` for variant 0 becomes what this variant has in its place; anything else stays as it is."""
        if not isinstance(wanted, Sealed) or not self.number:
            return wanted
        if _trial:
            seals = _trial[0].seals
            return Sealed(ANY if seals is None else seals.get(evaluation, "?"), wanted.digits)
        every = self.known.seals.get(evaluation, []) if self.known else []
        return Sealed(every[self.number] if self.number < len(every) else "?", wanted.digits)

    def remark(self) -> str:
        """What to say below a check of a copy that doesn't know whose it is, "" elsewhere."""
        if not self.known or not self.known.key or self.student or STUDENT_VARIABLE in os.environ:
            return ""
        return "Checked for variant 0, which is nobody's: without your id, this copy can't know your numbers."

    def find_others(self, answered: Iterable[tuple[str, str | None]]) -> list[int]:
        """The variants to which all of these answers, by evaluation and seal, are right, where they aren't to this one."""
        given = list(answered)
        if not self.known or not self.known.key or not given:
            return []
        seals = self.known.seals
        right = [
            number
            for number in range(self.known.count)
            if all(own and name in seals and seals[name][number : number + 1] == [own] for name, own in given)
        ]
        return [] if self.number in right else right


def name_variant(exercise: str, number: int) -> str:
    """The key of a variant's mistakes in `mistakes.json`; variant 0 has the exercise's own."""
    return f"{exercise} #{number}" if number else exercise

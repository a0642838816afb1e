"""How the chapters' marks make one mark for the course: the rules in `course.toml`, and what they come to. Pure functions."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from autograder.errors import CourseError

SETTINGS, SECTION = "course.toml", "marks"

Weights = Literal["points", "equal"] | dict[str, float]


@dataclass(frozen=True)
class MarkRules:
    """The section `[marks]` of `course.toml`. Without one, every point of the course counts the same, and nothing is dropped."""

    weights: Weights = "points"
    """By chapter; or each chapter by its points; or each the same."""
    missing: Literal["leave out", "zero"] = "leave out"
    """What a chapter counts for which a student has no grade."""
    drop: int = 0
    """So many chapters, those that cost the student most, don't count."""
    bonus: dict[str, float] = field(default_factory=dict)
    """Chapters that can only add: so many percentage points for all of a chapter's points."""
    highest: float | None = None
    """The percentage at which a course's mark ends, however much extra credit there is."""

    def weigh(self, most: Mapping[str, float], known: Collection[str] = ()) -> dict[str, float]:
        """The weight of each chapter that counts, given the points of each that has marks; `known` are chapters that have none yet.

        Raises `CourseError` where the rules name a chapter that isn't there, or leave one out that has marks.
        """
        named = {*self.bonus, *(self.weights if isinstance(self.weights, dict) else ())}
        if unknown := sorted(named - most.keys() - set(known)):
            there = ", ".join(sorted({*most, *known})) or "none yet"
            raise _refuse(f"{', '.join(map(repr, unknown))} isn't in this course. There are: {there}")
        counted = [name for name in most if name not in self.bonus]
        if self.weights == "points":
            return {name: most[name] for name in counted}
        if self.weights == "equal":
            return dict.fromkeys(counted, 1.0)
        if both := sorted(self.bonus.keys() & self.weights.keys()):
            raise _refuse(f"{', '.join(both)} is under weights and under bonus: keep one of the two")
        if left := [name for name in counted if name not in self.weights]:
            raise _refuse(f"weights has no number for {', '.join(left)}: add it, 0 if it doesn't count")
        return {name: self.weights[name] for name in counted}


@dataclass(frozen=True)
class Weighed:
    """A mark for the course: a percentage, `None` where nothing counts yet, and the chapters that were dropped."""

    percent: float | None
    dropped: frozenset[str] = frozenset()


def read_rules(course: Path) -> MarkRules:
    """The rules of the course at this folder. Raises `CourseError` for a file that can't be read, unknown keys and impossible values."""
    path = course / SETTINGS
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return MarkRules()
    except (OSError, ValueError) as error:
        raise CourseError(f"{SETTINGS} cannot be read: {error}.") from None
    section = found.get(SECTION, {})
    if not isinstance(section, dict):
        raise _refuse(f"[{SECTION}] is a section, not {section!r}")
    known = MarkRules.__dataclass_fields__
    if unknown := [name for name in section if name not in known]:
        raise _refuse(f"'{unknown[0]}' isn't a setting. There are: {', '.join(known)}")
    return MarkRules(**{name: _READ[name](name, value) for name, value in section.items()})


def _refuse(says: str) -> CourseError:
    return CourseError(f"{SETTINGS}, [{SECTION}]: {says}. docs/dashboard.md explains this section.")


def _read_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise _refuse(f"{name} is a number, 0 or more, not {value!r}")
    return float(value)


def _read_count(name: str, value: Any) -> int:
    number = _read_number(name, value)
    if number != int(number):
        raise _refuse(f"{name} is a whole number, not {value!r}")
    return int(number)


def _read_table(name: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise _refuse(f"{name} has a number for each chapter, as in [{SECTION}.{name}], not {value!r}")
    return {chapter: _read_number(f"{name} of {chapter}", one) for chapter, one in value.items()}


def _read_weights(name: str, value: Any) -> Weights:
    if value == "points":
        return "points"
    if value == "equal":
        return "equal"
    if not isinstance(value, dict):
        raise _refuse(f'{name} is "points", "equal" or a number for each chapter, not {value!r}')
    table = _read_table(name, value)
    if not sum(table.values()):
        raise _refuse(f"all {name} are 0, so nothing counts")
    return table


def _read_missing(name: str, value: Any) -> str:
    if value not in ("leave out", "zero"):
        raise _refuse(f'{name} is "leave out" or "zero", not {value!r}')
    return str(value)


_READ: dict[str, Any] = {
    "weights": _read_weights,
    "missing": _read_missing,
    "drop": _read_count,
    "bonus": _read_table,
    "highest": _read_number,
}


def combine(rules: MarkRules, weights: Mapping[str, float], shares: Mapping[str, float | None]) -> Weighed:
    """One student's mark: the weighted mean of the chapters' shares, in percent, without those that are dropped.

    A share is points over the most points, above 1 with extra credit; `None` means that there isn't a grade. Where a chapter without a grade is left out,
    it uses up a drop first, so that nobody gains by handing in less. At least one chapter always counts.
    """
    known = {name: share for name in weights if weights[name] > 0 and (share := shares.get(name)) is not None}
    absent = sum(weights[name] > 0 for name in shares if name in weights and shares[name] is None)
    drops = max(0, min(rules.drop - absent, len(known) - 1))
    kept = _keep_best({name: (weights[name], share) for name, share in known.items()}, len(known) - drops)
    percent = 100 * _mean([(weights[name], known[name]) for name in kept]) if kept else None
    added = sum(points * (shares.get(name) or 0) for name, points in rules.bonus.items())
    if added:
        percent = (percent or 0) + added
    if percent is not None and rules.highest is not None:
        percent = min(percent, rules.highest)
    return Weighed(None if percent is None else round(percent, 6), frozenset(known.keys() - set(kept)))


def _mean(items: Sequence[tuple[float, float]]) -> float:
    return sum(weight * share for weight, share in items) / sum(weight for weight, _ in items)


def _keep_best(items: Mapping[str, tuple[float, float]], count: int) -> list[str]:
    """Those `count` items, of weight and share, whose weighted mean is highest.

    With unequal weights these needn't be those of the highest shares. Dinkelbach's method (1967) finds them: keep what lies above the
    mean so far by most, times its weight, until the mean rises no more.
    """
    kept: list[str] = list(items)
    if count >= len(items):
        return kept
    mean = -1.0
    while (new := _mean([items[name] for name in kept])) > mean + 1e-12 or len(kept) > count:
        mean = new
        kept = sorted(items, key=lambda name: items[name][0] * (items[name][1] - mean), reverse=True)[:count]
    return kept

"""Lists whose items are right, but too few, too many, or in a different order."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.checks.data import Data
from autograder.checks.flat import Flat, are_alike, flatten

_MOST = 50


def explain_length(got: Sequence[Data], want: Sequence[Data], within: float) -> str:
    """A sentence where all but one of the items, or the first or last of them, are the expected ones; else ""."""
    ours, theirs = _flatten_all(got), _flatten_all(want)
    if ours is None or theirs is None or min(len(ours), len(theirs)) < 2 or not _differ(theirs, within):
        return ""
    longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
    missing = longer is theirs
    by = len(longer) - len(shorter)
    count = "one" if by == 1 else str(by)
    if _match(longer[: len(shorter)], shorter, within):
        return f"The last {count if by > 1 else 'one'} {'is' if by == 1 else 'are'} {'missing' if missing else 'too many'}."
    if _match(longer[by:], shorter, within):
        return f"The first {count if by > 1 else 'one'} {'is' if by == 1 else 'are'} {'missing' if missing else 'too many'}."
    if by == 1:
        at = next(i for i in range(len(longer)) if i == len(shorter) or not are_alike(longer[i], shorter[i], within))
        if _match(longer[at + 1 :], shorter[at:], within):
            return f"The one at position {at} is {'missing' if missing else 'too many'}; the others are right."
    return ""


def explain_order(got: Data, want: Data, within: float) -> str:
    """A sentence where the items are right and their order is not; else ""."""
    if not isinstance(got, (list, tuple)) or not isinstance(want, (list, tuple)) or len(got) != len(want):
        return ""
    ours, theirs = _flatten_all(got), _flatten_all(want)
    if ours is None or theirs is None or not _differ(theirs, within):
        return ""
    if len(ours) > 2 and _match(ours, theirs[::-1], within):
        return "its items are right, but in reverse order."
    left = list(theirs)
    for item in ours:
        at = next((i for i, other in enumerate(left) if are_alike(item, other, within)), None)
        if at is None:
            return ""
        left.pop(at)
    return "its items are right, but in a different order."


def _flatten_all(items: Sequence[Data]) -> list[Flat] | None:
    flats = [flatten(item) for item in items[: _MOST + 1]]
    return None if len(flats) > _MOST or None in flats else [flat for flat in flats if flat is not None]


def _differ(items: list[Flat], within: float) -> bool:
    """Whether all are different: the order of equal ones says nothing."""
    return not any(are_alike(one, other, within) for i, one in enumerate(items) for other in items[i + 1 :])


def _match(ours: list[Flat], theirs: list[Flat], within: float) -> bool:
    return len(ours) == len(theirs) and all(are_alike(*pair, within) for pair in zip(ours, theirs, strict=True))

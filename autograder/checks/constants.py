"""Results that do not depend on the input as they should."""

from __future__ import annotations

from autograder.checks.cases import Case, Cases
from autograder.checks.data import Data, same
from autograder.checks.flat import Flat, are_alike


def explain_constant(cases: Cases) -> str:
    """A clause where every evaluation got one and the same result while other ones were expected; else ""."""
    everything = [*cases.failed, *cases.held]
    asked = _distinct([case.given for case in everything])
    results = [case.flat_got for case in everything]
    wanted = [case.flat_want for case in everything]
    if len(asked) < 3 or not _are_all_alike(results) or _are_all_alike(wanted):
        return ""
    example = next((case for case in cases.held if not case.hidden), None)
    if example is not None and _is_telling(example):
        return "you get the example's result for every input: compute it from the arguments"
    return "you get the same result for every input"


def _distinct(given: list[dict[str, Data]]) -> list[dict[str, Data]]:
    found: list[dict[str, Data]] = []
    for data in given:
        if data and not any(same(data, other) for other in found):
            found.append(data)
    return found


def _are_all_alike(flats: list[Flat | None]) -> bool:
    first = flats[0]
    return first is not None and all(one is not None and are_alike(one, first) for one in flats)


def _is_telling(case: Case) -> bool:
    """Whether the result is more than a 0, a 1, or a truth value, which have many causes."""
    flat = case.flat_want
    if flat is None or any(kind.startswith("truth") for kind in flat.kinds):
        return False
    return not bool(((flat.numbers == 0) | (flat.numbers == 1)).all())

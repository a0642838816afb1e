"""Search how a wrong result relates to the right one.

A relation predicts what result a mistake would give. The student reads it if it gives exactly what came on the reported evaluation and on
every other failed one of the same expression where it says anything, and if it explains enough numbers not to be chance. Nothing here
decides whether an answer is accepted, and nothing depends on a clock: the search is bounded by counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from autograder.checks.cases import Case, Cases, Place, gather_cases
from autograder.checks.constants import explain_constant
from autograder.checks.data import Data
from autograder.checks.flat import allowed, are_alike
from autograder.checks.problems import Expected
from autograder.checks.relations import Relation, propose_relations
from autograder.checks.what_if import Questions, propose_changes

_DEMOTED = 10


def relate(got: Data, want: Data, expected: Expected, place: Place) -> str:
    """How `got` relates to `want`, both at `place` of the result, in a clause without a period; "" where nothing simple holds."""
    cases = gather_cases(got, want, expected, place)
    first = cases.failed[0]
    if first.flat_got is None or first.flat_want is None:
        return ""
    if says := explain_constant(cases):
        return says
    found: dict[str, tuple[int, str, bool]] = {}
    for relation in _propose(cases):
        if relation.family not in found:
            rank = _verify(relation, cases)
            if rank is not None:
                found[relation.family] = (rank, relation.says, relation.is_cause)
    best = min((rank for rank, _, _ in found.values()), default=0)
    said = {says: is_cause for rank, says, is_cause in found.values() if rank == best}
    if len(said) == 2:
        one, other = (says.rstrip("?") for says in said)
        return f"either {one}, or {other}" if all(said.values()) else f"{one}; and {other}"
    return next(iter(said)) if len(said) == 1 else ""


def finish(clause: str) -> str:
    return clause if clause.endswith("?") else clause + "."


def _propose(cases: Cases) -> Iterator[Relation]:
    if cases.failed[0].fits:
        yield from propose_relations(cases.failed[0])
    if cases.failed[0].again is not None:
        yield from propose_changes(cases, Questions())


def _verify(relation: Relation, cases: Cases) -> int | None:
    """The relation's rank where it explains all failed evaluations, later where one that holds contradicts it, else `None`."""
    pairs: list[tuple[float, float]] = []
    others = (cases.also_failed, cases.also_held) if relation.is_cause else ([], [])
    for place, case in enumerate([*cases.failed, *others[0]]):
        given = relation.predict(case)
        if given is None:
            if not place:
                return None
            continue
        if case.flat_got is None or not are_alike(given, case.flat_got, case.within):
            return None
        pairs += _explained(case)
    if not _is_enough(pairs, relation):
        return None
    for case in [*cases.held, *others[1]]:
        given = relation.predict(case)
        if given is not None and case.flat_want and not are_alike(given, case.flat_want, case.within):
            return None if relation.is_cause else relation.rank + _DEMOTED
    return relation.rank


def _explained(case: Case) -> Iterator[tuple[float, float]]:
    """The pairs of expected and given numbers that clearly differ; for other shapes than the expected the given numbers alone."""
    got, want = case.flat_got, case.flat_want
    if got is None or want is None:
        return
    if got.kinds != want.kinds:
        yield from ((number, number) for number in _short(got.numbers) if number)
        return
    wrong = (got.numbers - want.numbers).abs() > 3 * allowed(want.numbers, case.within)
    yield from zip(_short(want.numbers[wrong]), _short(got.numbers[wrong]), strict=True)


def _short(numbers: Tensor) -> list[float]:
    return [float(f"{number:.5g}") for number in numbers[:1000].tolist()]


def _is_enough(pairs: list[tuple[float, float]], relation: Relation) -> bool:
    """Two different wrong numbers, or four if they are whole, because those match by chance more easily."""
    if relation.lone or (relation.is_likely and len(pairs) >= 2):
        return bool(pairs)
    if relation.of_truth:
        return len(pairs) >= 8 and len(set(pairs)) == 2
    whole = all(want == int(want) and got == int(got) for want, got in pairs)
    return len(set(pairs)) >= max(relation.need, 4 if whole else 2)

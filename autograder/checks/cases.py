"""One wrong result, or one gradient or item of it, with what was expected: what relations are tried on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from autograder.checks.data import Data
from autograder.checks.flat import Flat, flatten
from autograder.checks.problems import Answer, Expected

MAX_CASES = 12
"""How many failed evaluations, and how many that hold, are asked whether they agree."""


@dataclass(frozen=True)
class Place:
    """Where in a result: a path of positions and keys, in the value or in the gradient with respect to `gradient`."""

    path: tuple[Any, ...] = ()
    gradient: str | None = None

    def __truediv__(self, step: Any) -> Place:
        return Place((*self.path, step), self.gradient)


@dataclass(frozen=True, eq=False)
class Case:
    """What came and what was expected at one place of one evaluation. `again` is `None` except for whole values."""

    got: Data
    want: Data
    given: dict[str, Data]
    within: float = 1e-6
    hidden: bool = False
    again: Callable[..., Any] | None = None
    others: dict[str, Tensor] = field(default_factory=dict)
    """For a gradient: the expected ones with respect to the other inputs."""

    @functools.cached_property
    def flat_got(self) -> Flat | None:
        return flatten(self.got)

    @functools.cached_property
    def flat_want(self) -> Flat | None:
        return flatten(self.want)

    @property
    def fits(self) -> bool:
        """Whether both have the same structure, so that they differ only in numbers."""
        got, want = self.flat_got, self.flat_want
        return got is not None and want is not None and got.kinds == want.kinds


@dataclass(frozen=True)
class Cases:
    """The evaluations that a relation has to explain, the reported one first, and those of the same expression that hold."""

    failed: list[Case]
    held: list[Case]
    also_failed: list[Case] = field(default_factory=list)
    also_held: list[Case] = field(default_factory=list)
    """Those of other expressions over data of the same names: a cause has to agree with them too."""


class _Absent:
    pass


def gather_cases(got: Data, want: Data, expected: Expected, place: Place) -> Cases:
    """`got` and `want` are those at `place` of the evaluation that is reported."""
    found = Cases([_make_case(got, want, expected, place)], [])
    for answer in expected.answers:
        other = answer.expected
        if other is expected or other.part != expected.part or other.given.keys() != expected.given.keys():
            continue
        case = _find_case(answer, place)
        if case is None:
            continue
        same_expression = other.expression == expected.expression
        if _is_held(answer, place):
            _append(found.held if same_expression else found.also_held, case)
        elif answer.problem and answer.problem.look in ("values", "shape", "gradient"):
            _append(found.failed if same_expression else found.also_failed, case)
    return found


def _append(cases: list[Case], case: Case) -> None:
    if len(cases) < MAX_CASES:
        cases.append(case)


def _is_held(answer: Answer, place: Place) -> bool:
    if answer.problem is None:
        return True
    return place.gradient is None and answer.problem.look in ("gradient", "input")


def _find_case(answer: Answer, place: Place) -> Case | None:
    got: Data = answer.reply.value
    want: Data = answer.expected.value
    if place.gradient is not None:
        if not (answer.reply.gradients and answer.expected.gradients):
            return None
        got, want = answer.reply.gradients, answer.expected.gradients
        place = Place((place.gradient, *place.path), place.gradient)
    got, want = _follow(got, place.path), _follow(want, place.path)
    if got is _Absent or want is _Absent:
        return None
    return _make_case(got, want, answer.expected, place)


def _follow(value: Data, path: tuple[Any, ...]) -> Data:
    for step in path:
        try:
            value = value[step]
        except (IndexError, KeyError, TypeError):
            return _Absent
    return value


def _make_case(got: Data, want: Data, expected: Expected, place: Place) -> Case:
    whole = place == Place()
    others = {name: grad for name, grad in (expected.gradients or {}).items() if name != place.gradient}
    return Case(
        got,
        want,
        expected.given,
        expected.within,
        expected.hidden,
        _find_again(expected) if whole else None,
        others if place.gradient else {},
    )


def _find_again(expected: Expected) -> Callable[..., Any] | None:
    """The author's function; beside a constant that of another evaluation of the same expression, which is tried before it is trusted."""
    if expected.again is not None:
        return expected.again
    siblings = (answer.expected for answer in expected.answers)
    return next(
        (
            other.again
            for other in siblings
            if other.again and other.expression == expected.expression and other.given.keys() == expected.given.keys()
        ),
        None,
    )


def iterate_shown(cases: Cases) -> Iterator[Case]:
    """The cases that the notebook shows, except for the reported one."""
    return (case for case in (*cases.failed[1:], *cases.held) if not case.hidden)

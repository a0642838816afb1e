"""What a factor between a wrong result and the right one can come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from torch import Tensor

from autograder.checks.cases import Case
from autograder.checks.data import is_number
from autograder.checks.flat import are_near

Size = Callable[[Case], float | None]
"""The factor on a case, so that it can be tried on data of other sizes; `None` where it has none."""

_CONSTANTS = {
    math.log(2): "a logarithm to base 2 instead of the natural one, or the reverse",
    math.log(10): "a logarithm to base 10 instead of the natural one, or the reverse",
    100: "a percentage instead of a fraction, or the reverse",
    math.pi / 180: "degrees instead of radians, or the reverse",
    2 * math.pi: "a factor of 2π too many, or missing",
    math.sqrt(2 * math.pi): "a factor of √(2π) too many, or missing",
}


def find_factor(got: Tensor, want: Tensor) -> float | None:
    """The number by which to multiply `want` to get `got`; `None` if there is none."""
    if not want.any():
        return None
    largest = want.abs().argmax()
    factor = float(got[largest] / want[largest])
    return factor if factor and are_near(got, want * factor) else None


def propose_factors(factor: float, case: Case, value: str) -> Iterator[tuple[str, bool, int, Size]]:
    """Sentence, whether one number is enough, rank, and the factor on other data; the most telling first."""
    plain = f"{value} {factor:.4g} times what is expected"
    is_two = _is(abs(factor), 2) or _is(abs(factor), 0.5)
    if is_two:  # a constant of the formula more likely than a size that happens to be 2
        yield plain, True, 5, _always(factor)
    for name, number in case.given.items():
        if is_number(number) and number not in (0, 1, -1) and abs(number) < 1e9:
            yield from _explain_by_number(factor, name, float(number), value)
    for size, of in _sizes(case):
        yield from _explain_by_size(factor, size, of, plain, value.startswith("every"))
    for known, says in _CONSTANTS.items():
        for exact in (known, 1 / known):
            if _is(factor, exact):
                yield f"{plain}: {says}", True, 4, _always(exact)
    yield plain, False, 5, _always(factor)


def _is(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-4)


def _always(factor: float) -> Size:
    return lambda case: factor


def _sizes(case: Case) -> Iterator[tuple[int, Size]]:
    """Sizes of the data, with what finds each again in other data."""
    seen = set()
    for name, value in case.given.items():
        if isinstance(value, Tensor):
            for dim, size in enumerate(value.shape):
                yield size, _size_of(name, dim)
            if value.dim() > 1:
                yield value.numel(), _size_of(name, None)
        elif isinstance(value, (list, tuple)) and (name, len(value)) not in seen:
            seen.add((name, len(value)))
            yield len(value), _size_of(name, 0)


def _size_of(name: str, dim: int | None) -> Size:
    def find(case: Case) -> float | None:
        value = case.given.get(name)
        if isinstance(value, Tensor):
            if dim is None:
                return float(value.numel())
            return float(value.shape[dim]) if dim < value.dim() else None
        return float(len(value)) if isinstance(value, (list, tuple)) else None

    return find


_SIZES: list[tuple[Callable[[float], float], str]] = [
    (lambda n: n, ", and {n} is a size of the input: {sum}?"),
    (lambda n: 1 / n, ", and {n} is a size of the input: {mean}, or a division too many?"),
    (lambda n: n / (n - 1), ", which is n / (n - 1) for n = {n}: divided by n - 1 where n is meant?"),
    (lambda n: (n - 1) / n, ", which is (n - 1) / n for n = {n}: divided by n where n - 1 is meant?"),
    (lambda n: n / (n + 1), ", which is n / (n + 1) for n = {n}: divided by one too many?"),
    (lambda n: math.sqrt(n), ", which is √{n}, and {n} is a size of the input"),
    (lambda n: 1 / math.sqrt(n), ", which is 1/√{n}, and {n} is a size of the input"),
    (lambda n: math.sqrt(n / (n - 1)), ", which is √(n / (n - 1)) for n = {n}: n - 1 where n is meant?"),
    (lambda n: math.sqrt((n - 1) / n), ", which is √((n - 1) / n) for n = {n}: n where n - 1 is meant?"),
]


_OF_ONE = {"sum": "a sum where a mean is meant", "mean": "a mean where a sum is meant"}
_OF_MANY = {"sum": "are a sum and a mean mixed up", "mean": "are a sum and a mean mixed up"}
"""Of several values each may have been divided by a mean: which mean belongs where can't be told."""


def _explain_by_size(
    factor: float, size: int, of: Size, plain: str, many: bool
) -> Iterator[tuple[str, bool, int, Size]]:
    if size < 2:
        return
    for function, says in _SIZES:
        if _is(factor, function(size)):
            exact = function(3.0) in (3.0, 1 / 3)  # n or 1 / n; n / (n + 1) and the like come by chance, too
            yield plain + says.format(n=size, **(_OF_MANY if many else _OF_ONE)), exact, 4, _applied(function, of)


def _applied(function: Callable[[float], float], size: Size) -> Size:
    def find(case: Case) -> float | None:
        n = size(case)
        return None if n is None else _call(function, n)

    return find


_NUMBERS: list[tuple[Callable[[float], float], str]] = [
    (lambda a: a, "{value} `{name}` times what is expected"),
    (lambda a: 1 / a, "{value} what is expected divided by `{name}`"),
    (lambda a: 1 - a, "{value} (1 - `{name}`) times what is expected"),
    (lambda a: 1 / (1 - a), "{value} what is expected divided by (1 - `{name}`)"),
    (lambda a: a * a, "{value} `{name}` squared times what is expected"),
    (lambda a: -a, "{value} minus `{name}` times what is expected"),
]


def _explain_by_number(factor: float, name: str, own: float, value: str) -> Iterator[tuple[str, bool, int, Size]]:
    def find(case: Case) -> float | None:
        number = case.given.get(name)
        return float(number) if isinstance(number, (int, float)) else None

    for function, says in _NUMBERS:
        exact = _call(function, own)
        if exact is not None and _is(factor, exact):
            yield says.format(value=value, name=name), False, 4, _applied(function, find)


def _call(function: Callable[[float], float], number: float) -> float | None:
    try:
        return function(number)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None

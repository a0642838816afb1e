"""How a wrong result can relate to the right one by itself: a sign, a factor, an order, an extra function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.cases import Case
from autograder.checks.data import Data, is_number
from autograder.checks.factors import find_factor, propose_factors
from autograder.checks.flat import Flat, are_near, flatten


@dataclass(frozen=True)
class Relation:
    """A statement, and the result that it would give on a case (`None` where it says nothing there).

    Of one family only the first that holds is said, over families the one of lowest rank. `lone` may rest on a single number.
    A cause is not said where an evaluation that holds contradicts it; a fact is still a fact there.
    """

    family: str
    says: str
    rank: int
    predict: Callable[[Case], Flat | None]
    lone: bool = False
    is_cause: bool = False
    of_truth: bool = False
    need: int = 2
    is_likely: bool = False
    """A mistake so frequent that two wrong numbers are enough to name it, whatever they are."""


def propose_relations(case: Case) -> Iterator[Relation]:
    """Those that can be read off the two results of `case` and the given data."""
    assert case.flat_want is not None
    assert case.flat_got is not None
    if any(kind.startswith("truth") for kind in case.flat_want.kinds):
        yield Relation("sign", "True and False are swapped", 4, _on_numbers(_swap_truth), of_truth=True)
        return
    yield from _propose_copies(case)
    yield from _propose_functions(case.flat_want.numbers.numel() > 1)
    yield from _propose_factors(case)
    yield from _propose_sums_with_arguments(case)
    yield from _propose_orders(case)
    yield from _propose_scales(case)
    yield from _propose_bounds(case)


def _on_numbers(function: Callable[[Tensor], Tensor]) -> Callable[[Case], Flat | None]:
    def predict(case: Case) -> Flat | None:
        if not case.fits or case.flat_want is None:
            return None
        return _finite(case.flat_want.kinds, function(case.flat_want.numbers))

    return predict


def _finite(kinds: tuple[str, ...], numbers: Tensor) -> Flat | None:
    return Flat(kinds, numbers.flatten()) if numbers.isfinite().all() else None


def _swap_truth(numbers: Tensor) -> Tensor:
    return 1 - numbers


def _propose_copies(case: Case) -> Iterator[Relation]:
    for name, value in case.given.items():
        if _is_like(value, case.want):
            yield Relation(
                f"copy {name}", f"the input `{name}` comes back unchanged", 0, _copy_of(name), isinstance(value, Tensor)
            )
    for name in case.others:
        yield Relation(f"gradient {name}", f"it is the gradient with respect to `{name}`", 1, _gradient_of(name))


def _is_like(value: Data, want: Data) -> bool:
    return isinstance(value, (Tensor, list)) and getattr(value, "shape", None) == getattr(want, "shape", None)


def _copy_of(name: str) -> Callable[[Case], Flat | None]:
    return lambda case: flatten(case.given[name]) if name in case.given else None


def _gradient_of(name: str) -> Callable[[Case], Flat | None]:
    return lambda case: flatten(case.others[name]) if name in case.others else None


def _propose_functions(many: bool) -> Iterator[Relation]:
    value = "every value is" if many else "the value is"
    everywhere = " everywhere" if many else ""
    yield Relation("zero", f"{value} 0", 2, _on_numbers(torch.zeros_like), lone=True)
    yield Relation("sign", f"the sign is the wrong way around{everywhere}", 4, _on_numbers(torch.neg), lone=True)
    for says, rank, function in _FUNCTIONS:
        yield Relation("function", says, rank, _on_numbers(function), is_likely=function is torch.abs)


_FUNCTIONS: list[tuple[str, int, Callable[[Tensor], Tensor]]] = [
    ("it is the exponential of what is expected: a logarithm is missing", 4, lambda w: w.exp() if w.any() else w),
    ("it is the logarithm of what is expected: leave the log out, or exponentiate", 4, torch.log),
    ("it is 1 minus what is expected", 4, lambda w: 1 - w),
    ("it is 1 divided by what is expected", 4, torch.reciprocal),
    ("it is the square of what is expected", 4, torch.square),
    ("it is the square root of what is expected", 4, torch.sqrt),
    ("it is the sigmoid of what is expected: a sigmoid too many", 4, torch.sigmoid),
    ("it is what goes into a sigmoid to give what is expected: the sigmoid is missing", 4, torch.logit),
    ("it is the tanh of what is expected: a tanh too many", 4, torch.tanh),
    ("it is minus the logarithm of what is expected", 4, lambda w: -w.log()),
    ("it is minus 1 divided by what is expected", 4, lambda w: -1 / w),
    ("it is 1 divided by the square root of what is expected", 4, torch.rsqrt),
    ("the sign is lost: it is the absolute value of what is expected", 6, torch.abs),
    ("it is minus the absolute value of what is expected", 6, lambda w: -w.abs()),
    ("negative values became 0, and the others are right", 6, torch.relu),
    ("positive values became 0, and the others are right", 6, lambda w: w.clamp(max=0)),
    ("it is kept between 0 and 1, and what lies there is right", 6, lambda w: w.clamp(0, 1)),
    ("it is kept between -1 and 1, and what lies there is right", 6, lambda w: w.clamp(-1, 1)),
    ("it is rounded: keep all digits", 6, torch.round),
    ("the decimals are cut off: keep all digits", 6, torch.trunc),
    ("it is rounded down: keep all digits", 6, torch.floor),
    *[
        (f"it is rounded to {digits} decimals: keep all digits", 6, lambda w, digits=digits: w.round(decimals=digits))
        for digits in (1, 2, 3)
    ],
    ("only the signs are left: it is -1, 0 or 1", 6, torch.sign),
]


def _propose_factors(case: Case) -> Iterator[Relation]:
    assert case.flat_want is not None
    assert case.flat_got is not None
    want, got = case.flat_want.numbers, case.flat_got.numbers
    many = want.numel() > 1
    value = "every value is" if many else "the value is"
    factor = find_factor(got, want)
    if factor is not None:
        whole = torch.equal(got, got.round()) and torch.equal(want, want.round())
        for says, lone, rank, size in propose_factors(factor, case, value):
            chance = whole or (rank > 4 and _are_simple(got) and _are_simple(want))
            yield Relation("factor", says, rank, _scaled(size), lone and not chance)
    shift = float(got[0] - want[0]) if want.numel() else 0.0
    if abs(shift) > 1e-4:
        side = "large" if shift > 0 else "small"
        says = f"{value} {abs(shift):.4g} too {side}"
        yield Relation("shift", says, 5, _on_numbers(lambda want: want + shift), is_likely=True)


def _are_simple(numbers: Tensor) -> bool:
    """Whether all are fractions with small denominators, such as shares of a few examples: one is easily twice another."""
    return all(any(abs(x * n - round(x * n)) < 1e-6 for n in range(1, 13)) for x in numbers.tolist()[:20])


def _scaled(size: Callable[[Case], float | None]) -> Callable[[Case], Flat | None]:
    def predict(case: Case) -> Flat | None:
        factor = size(case)
        return _on_numbers(lambda want: want * factor)(case) if factor is not None else None

    return predict


_SUMS: list[tuple[str, Callable[[Tensor, Tensor], Tensor]]] = [
    ("what is expected plus `{}`", torch.add),
    ("what is expected minus `{}`", torch.sub),
    ("what is expected times `{}`", torch.mul),
    ("what is expected divided by `{}`", torch.div),
]


def _propose_sums_with_arguments(case: Case) -> Iterator[Relation]:
    for name, value in case.given.items():
        if not isinstance(value, Tensor) or value.dtype == torch.bool or not isinstance(case.want, Tensor):
            continue
        if value.numel() > 1 and _broadcasts(value, case.want):
            for says, function in _SUMS:
                yield Relation(f"with {name}", "it is " + says.format(name), 6, _with_argument(name, function))


def _broadcasts(value: Tensor, want: Tensor) -> bool:
    return value.dim() <= want.dim() and all(
        own in (1, other) for own, other in zip(reversed(value.shape), reversed(want.shape), strict=False)
    )


def _with_argument(name: str, function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Case], Flat | None]:
    def predict(case: Case) -> Flat | None:
        value, want = case.given.get(name), case.want
        if not (isinstance(value, Tensor) and isinstance(want, Tensor) and _broadcasts(value, want)):
            return None
        return flatten(function(want.double(), value.double()))

    return predict


def as_tensor(value: Data) -> Tensor | None:
    """A result whose order can be looked at: a tensor, or a list of numbers as one."""
    if isinstance(value, Tensor) and value.dtype != torch.bool:
        return value.double()
    if isinstance(value, (list, tuple)) and len(value) > 1 and all(map(is_number, value)):
        return torch.tensor(value, dtype=torch.float64)
    return None


def _on_tensor(function: Callable[[Tensor, Tensor], Tensor | None]) -> Callable[[Case], Flat | None]:
    """`function` takes the expected tensor and the one that came, and gives one of the same shape, or nothing."""

    def predict(case: Case) -> Flat | None:
        want, got = as_tensor(case.want), as_tensor(case.got)
        if want is None or got is None or not case.fits or case.flat_want is None:
            return None
        found = function(want, got)
        return None if found is None or found.shape != want.shape else _finite(case.flat_want.kinds, found)

    return predict


def _shift_on(want: Tensor, got: Tensor, dim: int, by: int) -> Tensor | None:
    """What is expected, moved on by one place; what comes in at the end is taken from `got`."""
    n = want.shape[dim]
    if n < 3:
        return None
    first, last = got.narrow(dim, 0, 1), got.narrow(dim, n - 1, 1)
    return torch.cat([first, want.narrow(dim, 0, n - 1)] if by > 0 else [want.narrow(dim, 1, n - 1), last], dim)


def _propose_orders(case: Case) -> Iterator[Relation]:
    want = as_tensor(case.want)
    if want is None or want.dim() == 0:
        return
    if want.dim() == 2 and want.shape[0] == want.shape[1]:
        yield Relation("order", "the result is transposed", 4, _on_tensor(lambda want, got: want.T), is_likely=True)
    along = "" if want.numel() == want.shape[-1] else " in each row"
    orders: list[tuple[str, Callable[[Tensor, Tensor], Tensor | None]]] = [
        (f"the order is reversed{along}", lambda want, got: want.flip(-1)),
        (f"it is sorted{along}, from small to large", lambda want, got: want.sort(-1).values),
        (f"it is sorted{along}, from large to small", lambda want, got: want.sort(-1, descending=True).values),
        (f"each value{along} is one place too late", lambda want, got: _shift_on(want, got, -1, 1)),
        (f"each value{along} is one place too early", lambda want, got: _shift_on(want, got, -1, -1)),
    ]
    if want.dim() > 1:
        orders += [
            ("the rows are in reverse order", lambda want, got: want.flip(0)),
            ("each row is one place too late", lambda want, got: _shift_on(want, got, 0, 1)),
            ("each row is one place too early", lambda want, got: _shift_on(want, got, 0, -1)),
        ]
    for says, function in orders:
        yield Relation(
            "order", says, 4, _on_tensor(function), need=5 if "too" in says else 3, is_likely="reversed" in says
        )
    for dim, name in ((-1, along), *([(0, " down each column")] if want.dim() > 1 else [])):
        yield Relation(
            "running",
            f"it is the running sum of what is expected{name}",
            4,
            _on_tensor(_along(lambda want, dim: want.cumsum(dim), dim)),
        )
        yield Relation(
            "running",
            f"it is what each value adds to the previous one{name}: the running sum is missing",
            4,
            _on_tensor(
                _along(lambda want, dim: want.diff(dim=dim, prepend=torch.zeros_like(want.narrow(dim, 0, 1))), dim)
            ),
        )


def _along(function: Callable[[Tensor, int], Tensor], dim: int) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda want, got: function(want, dim)


def _propose_scales(case: Case) -> Iterator[Relation]:
    want, got = as_tensor(case.want), as_tensor(case.got)
    if want is None or got is None or want.numel() < 2:
        return
    if (
        want.dim() == 2
        and min(want.shape) > 1
        and _sums_to_one(want, 1)
        and not _sums_to_one(got, 1)
        and _sums_to_one(got, 0)
    ):
        says = "each column sums to 1; each row should: a row is one example"
        yield Relation("sums", says, 3, _on_tensor(_if_columns_sum), is_cause=True)
    for dim, row in ((-1, "row"), (0, "column")) if want.dim() > 1 else ((-1, ""),):
        of = f"each {row}" if row else "it"
        yield Relation(
            "scale",
            f"it is what is expected divided by the sum of {of}: a division too many",
            5,
            _on_tensor(_along(lambda want, dim: want / want.sum(dim, keepdim=True), dim)),
        )
        yield Relation(
            "scale",
            f"it is what is expected divided by the length (norm) of {of}",
            5,
            _on_tensor(_along(lambda want, dim: want / want.norm(dim=dim, keepdim=True), dim)),
        )
        yield Relation(
            "scale",
            f"it is what is expected less the mean of {of}",
            5,
            _on_tensor(_along(lambda want, dim: want - want.mean(dim, keepdim=True), dim)),
        )
        yield Relation(
            "scale",
            f"it is the softmax of what is expected{f', {row} by {row}' if row else ''}: a softmax too many",
            4,
            _on_tensor(_along(lambda want, dim: want.softmax(dim), dim)),
        )
        yield Relation(
            "scale",
            f"the mean of what is expected{f' of the {row}' if row else ''} is in every place",
            4,
            _on_tensor(_along(lambda want, dim: want.mean(dim, keepdim=True).expand_as(want), dim)),
        )


def _sums_to_one(value: Tensor, dim: int) -> bool:
    return are_near(value.sum(dim), torch.ones(value.shape[1 - dim], dtype=value.dtype))


def _if_columns_sum(want: Tensor, got: Tensor) -> Tensor | None:
    """This relation foretells no numbers: what came, where it has the sums it speaks of."""
    if want.dim() != 2 or min(want.shape) < 2:
        return None
    return got if _sums_to_one(got, 0) else want


def _propose_bounds(case: Case) -> Iterator[Relation]:
    """Values beyond the smallest or largest expected one, wrong just there: a clamp that is missing."""
    want, got = as_tensor(case.want), as_tensor(case.got)
    if want is None or got is None or want.numel() < 3:
        return
    for side, says in ((1, "largest"), (-1, "smallest")):
        bound = (side * want).max() * side
        at = want == bound
        if int(at.sum()) >= 2 and not bool(at.all()) and bool((side * (got - want))[at].max() > 1e-3):
            limited = f"the {says} expected value" if case.hidden else f"{float(bound):.4g}, the {says} expected value,"
            text = f"it goes beyond {limited} and is right elsewhere: a limit (`clamp`) is missing"
            limit = float(bound)
            yield Relation("bound", text, 5, _on_numbers_beyond(limit, side))


def _on_numbers_beyond(limit: float, side: int) -> Callable[[Case], Flat | None]:
    def predict(case: Case) -> Flat | None:
        if not case.fits or case.flat_want is None or case.flat_got is None:
            return None
        want, got = case.flat_want.numbers, case.flat_got.numbers
        beyond = (want - limit).abs() < 1e-6
        if bool((side * (got - want))[beyond].lt(-1e-6).any()):
            return _finite(case.flat_want.kinds, want)
        return _finite(case.flat_want.kinds, torch.where(beyond, got, want))

    return predict

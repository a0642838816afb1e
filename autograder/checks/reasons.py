"""How a wrong value or shape relates to the expected one, in words."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from autograder.checks.data import show, show_apart
from autograder.checks.problems import Expected


def explain_shape(got: Tensor, want: Tensor, expected: Expected) -> str:
    g, w = tuple(got.shape), tuple(want.shape)
    if len(g) >= 2 and g == tuple(reversed(w)):
        return "It is transposed."
    if tuple(size for size in g if size != 1) == tuple(size for size in w if size != 1):
        if len(g) > len(w):
            return "There is a dimension of size 1 too many: `squeeze` it, or leave out `keepdim=True`."
        if len(g) < len(w):
            return "A dimension of size 1 is missing: `unsqueeze`, or `keepdim=True` in a reduction."
        return "A dimension of size 1 is in the wrong place."
    if g == ():
        return "Everything was reduced to one number: give the reduction its `dim`."
    if w == ():
        return "One number is expected: reduce over all dimensions, with a mean or a sum as the text says."
    if w in [g[:1], (*g[:1], 1)] and len(set(g)) == 1 and len(g) == 2:
        return "Two tensors of shapes (N,) and (N, 1) were broadcast to (N, N): give them the same shape first."
    if len(g) == 1 and g[0] == math.prod(w):
        return "It was flattened."
    for name, value in expected.given.items():
        shape = tuple(value.shape) if isinstance(value, Tensor) else ()
        if _removed_one(shape, g) and _removed_one(shape, w):
            return f"Dimension {_removed_one(shape, g) - 1} of `{name}` was reduced where dimension {_removed_one(shape, w) - 1} is meant."
    if len(g) == len(w) - 1 and _removed_one(w, g):
        return f"Dimension {_removed_one(w, g) - 1} was reduced away."
    if len(g) == len(w) + 1 and _removed_one(g, w):
        return f"Dimension {_removed_one(g, w) - 1} is still to be reduced."
    return ""


def _removed_one(longer: tuple[int, ...], shorter: tuple[int, ...]) -> int:
    """The place, from 1, of the one size that `longer` has and `shorter` lacks; 0 if there is none."""
    return next((i + 1 for i in range(len(longer)) if longer[:i] + longer[i + 1 :] == shorter), 0)


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-6)


def explain_values(got: Tensor, want: Tensor, expected: Expected) -> str:
    """A sentence on how `got` relates to `want`, where there is a simple relation; else ""."""
    if not (got.isfinite().all() and want.isfinite().all()):
        return ""
    for name, value in expected.given.items():
        if isinstance(value, Tensor) and value.shape == got.shape and _close(got, value.double()):
            return f"the input `{name}` comes back unchanged."
    if _close(got, torch.zeros_like(got)):
        return "every value is 0."
    if _close(got, -want):
        return f"the sign is the wrong way round{' everywhere' if got.numel() > 1 else ''}."
    if got.dim() == 2 and got.shape[0] == got.shape[1] and _close(got, want.T):
        return "the result is transposed."
    if got.dim() >= 1 and got.numel() > 1 and _close(got, want.flip(-1)):
        return "the order is reversed."
    return explain_factor(got, want, expected) or _explain_function(got, want) or _explain_sums(got, want)


def _explain_sums(got: Tensor, want: Tensor) -> str:
    if got.dim() != 2 or min(got.shape) < 2 or not _sums_to_one(want, 1) or _sums_to_one(got, 1):
        return ""
    if _sums_to_one(got, 0):
        return "each column sums to 1; each row should: a row is one example."
    return "the rows do not sum to 1."


def _sums_to_one(value: Tensor, dim: int) -> bool:
    return _close(value.sum(dim), torch.ones(value.shape[1 - dim], dtype=value.dtype))


_FACTORS = {
    math.log(2): "a logarithm to base 2 in place of the natural one, or the reverse",
    math.log(10): "a logarithm to base 10 in place of the natural one, or the reverse",
    100: "a percentage in place of a fraction, or the reverse",
}


def explain_factor(got: Tensor, want: Tensor, expected: Expected) -> str:
    largest = want.abs().argmax()
    pivot = want.flatten()[largest]
    factor = float(got.flatten()[largest] / pivot) if pivot else 0.0
    if factor and _close(got, want * factor):
        why = _explain_one_factor(factor, expected)
        if want.numel() > 1 or why or factor in (2.0, 0.5):
            return f"{'every value' if want.numel() > 1 else 'the value'} is {factor:.4g} times what is expected{why or '.'}"
    shift = float((got - want).flatten()[0])
    if (
        want.numel() > 1
        and abs(shift) > 1e-4
        and torch.allclose(got - want, torch.full_like(want, shift), rtol=1e-4, atol=1e-5)
    ):
        return f"every value is {abs(shift):.4g} too {'large' if shift > 0 else 'small'}."
    return ""


def _explain_one_factor(factor: float, expected: Expected) -> str:
    """The end of the sentence: a size of the data or a known constant that is the factor, else ""."""
    sizes = {size for value in expected.given.values() if isinstance(value, Tensor) for size in value.shape if size > 1}
    for size in sorted(sizes):
        if math.isclose(factor, size, rel_tol=1e-4):
            return f", and {size} is a size of the input: a sum where a mean is meant?"
        if math.isclose(factor, 1 / size, rel_tol=1e-4):
            return f", and {size} is a size of the input: a mean where a sum is meant, or a division too many?"
    for known, says in _FACTORS.items():
        if math.isclose(factor, known, rel_tol=1e-4) or math.isclose(factor, 1 / known, rel_tol=1e-4):
            return f": {says}."
    return ""


def _explain_function(got: Tensor, want: Tensor) -> str:
    if not want.any():  # exp(0) = 1 says nothing of where a 1 comes from
        return ""
    relations = [
        (want.exp(), "it is the exponential of what is expected: a logarithm is missing."),
        (want.log(), "it is the logarithm of what is expected: leave the log out, or exponentiate."),
        (1 - want, "it is 1 minus what is expected."),
        (1 / want, "it is 1 divided by what is expected."),
        (want.square(), "it is the square of what is expected."),
        (want.sqrt(), "it is the square root of what is expected."),
        (want.abs(), "the sign is lost: it is the absolute value of what is expected."),
        (want.round(), "it is rounded: keep all digits."),
        (want.trunc(), "the decimals are cut off: keep all digits."),
    ]
    return next((says for value, says in relations if value.isfinite().all() and _close(got, value)), "")


def count_wrong(wrong: Tensor, expected: Expected) -> str:
    count, total = int(wrong.sum()), wrong.numel()
    if total == 1:
        return "the value is not the expected one."
    if count == total:
        return "the values are not the expected ones."
    verdict = "is not the expected one" if count == 1 else "are not the expected ones"
    return f"{count} of {total} values {verdict}{_where_wrong(wrong, expected)}."


def _where_wrong(wrong: Tensor, expected: Expected) -> str:
    """Which inputs the wrong values belong to, where one plain condition tells them from the right ones."""
    for name, value in expected.given.items():
        if not isinstance(value, Tensor) or value.shape != wrong.shape or value.dtype == torch.bool:
            continue
        conditions = {f"{name} is negative": value < 0, f"{name} is positive": value > 0, f"{name} is 0": value == 0, f"{name} is not 0": value != 0, f"{name} is at least 0": value >= 0, f"{name} is at most 0": value <= 0}  # fmt: skip
        for text, holds in conditions.items():
            if torch.equal(holds, wrong):
                return f": {'the one' if wrong.sum() == 1 else 'all those'} where {text}"
    if wrong.dim() == 2 and wrong.shape[0] > 1:
        rows = wrong.any(1)
        if int(rows.sum()) == 1 and wrong.sum() > 1:
            return f", all in row {int(rows.nonzero()[0])}"
    return ""


def first_wrong(got: Tensor, want: Tensor, wrong: Tensor, expected: Expected) -> str:
    place = tuple(int(i) for i in wrong.nonzero()[0])
    inputs = [
        f"{name} is {show(value[place].item())}"
        for name, value in expected.given.items()
        if isinstance(value, Tensor) and value.shape == wrong.shape
    ]
    where = f"At {list(place)}" if place else "There"
    context = f", where {inputs[0]}," if inputs else ""
    one, other = show_apart(got[place].item(), want[place].item())
    return f"{where}{context} got {one}; expected {other}."

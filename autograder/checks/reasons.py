"""How a wrong value or shape relates to the expected one, in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.checks.data import show, show_apart
from autograder.checks.flat import MAX_NUMBERS, are_near
from autograder.checks.places import tell_where
from autograder.checks.problems import Expected


def explain_shape(got: Tensor, want: Tensor, expected: Expected) -> str:
    """A sentence on how the shapes, and where it can be told the values, relate; else ""."""
    g, w = tuple(got.shape), tuple(want.shape)
    if says := _explain_missing_step(got, want):
        return says
    if len(g) >= 2 and g == tuple(reversed(w)):
        turned = got.permute(*reversed(range(got.dim())))
        return "It is transposed." if _are_near(turned, want) else "Its sizes are in reverse order."
    if tuple(size for size in g if size != 1) == tuple(size for size in w if size != 1):
        if len(g) > len(w):
            return "There is a dimension of size 1 too many: `squeeze` it, or leave out `keepdim=True`."
        if len(g) < len(w):
            return "A dimension of size 1 is missing: `unsqueeze`, or `keepdim=True` in a reduction."
        return "A dimension of size 1 is in the wrong place."
    if g == ():
        shapes = [tuple(value.shape) for value in expected.given.values() if isinstance(value, Tensor) and value.dim()]
        if shapes and all(shape == w for shape in shapes):  # element by element
            return "Everything was reduced to one number, but each element has its own: leave out the mean or the sum."
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
        return f"Dimension {_removed_one(g, w) - 1} still has to be reduced."
    return ""


def _explain_missing_step(got: Tensor, want: Tensor) -> str:
    """One reduction, or one choice of a position, that makes what is expected of what came."""
    if 0 in got.shape or 0 in want.shape or got.is_complex() or (got.dim() != want.dim() + 1 and want.dim()):
        return ""
    if got.dim() == 0 or got.numel() > MAX_NUMBERS or got.numel() == want.numel():
        return ""
    dims = range(got.dim()) if want.dim() else (None,)
    for dim in dims:
        if (got.dtype == torch.bool and want.is_floating_point()) or not want.any():
            continue
        of = "" if dim is None or got.dim() == 1 else f" over dimension {dim}"
        for name, function in _STEPS.items():
            if name == "argmax" and (want.is_floating_point() or want.numel() < 2):
                continue
            found = function(got.double(), dim)
            if found.shape == want.shape and _are_near(found, want):
                return f"Its {name}{of} is what is expected: that step is missing."
    return ""


_STEPS: dict[str, Callable[[Tensor, Any], Tensor]] = {
    "mean": lambda value, dim: value.mean() if dim is None else value.mean(dim),
    "sum": lambda value, dim: value.sum() if dim is None else value.sum(dim),
    "argmax": lambda value, dim: value.argmax() if dim is None else value.argmax(dim),
}


def _are_near(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and are_near(one.double().flatten(), other.double().flatten())


def _removed_one(longer: tuple[int, ...], shorter: tuple[int, ...]) -> int:
    """The place, from 1, of the one size that `longer` has and `shorter` lacks; 0 if there is none."""
    return next((i + 1 for i in range(len(longer)) if longer[:i] + longer[i + 1 :] == shorter), 0)


def count_wrong(wrong: Tensor, expected: Expected) -> str:
    count, total = int(wrong.sum()), wrong.numel()
    if total == 1:
        return "the value is not the expected one."
    if count == total:
        return "the values are not the expected ones."
    verdict = "is not the expected one" if count == 1 else "are not the expected ones"
    return f"{count} of {total} values {verdict}{tell_where(wrong, expected)}."


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

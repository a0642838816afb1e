"""Where a value is in a result, and where in a tensor the wrong values are, in words."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from autograder.checks.cases import Place
from autograder.checks.problems import Expected

_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


def name_place(name: str, place: Place, expected: Expected) -> str:
    """Such as "The first item of `sizes`" or "Entry 'weight' of the second item of `layers`"."""
    path: tuple[Any, ...] = place.path
    whole = f"`{name}`"
    if path and not expected.hidden and (source := _find_source(expected.expression, path[0])):
        whole, path = f"`{source}`", path[1:]
    text = " of ".join([*(_name_step(step) for step in reversed(path)), whole])
    return text[0].upper() + text[1:]


def _name_step(step: Any) -> str:
    if isinstance(step, int):
        return f"the {_ORDINALS[step]} item" if step < len(_ORDINALS) else f"item [{step}]"
    return f"entry {step!r}"


@functools.lru_cache(maxsize=64)
def _find_source(expression: str, step: Any) -> str:
    """The part of an expression that makes the item at `step`, where the expression spells its list out."""
    try:
        last = ast.parse(expression).body[-1]
    except (SyntaxError, IndexError):
        return ""
    value = last.value if isinstance(last, ast.Expr) else None
    node: ast.expr | None = None
    if isinstance(value, (ast.List, ast.Tuple)) and isinstance(step, int) and step < len(value.elts):
        node = None if any(isinstance(item, ast.Starred) for item in value.elts[: step + 1]) else value.elts[step]
    elif isinstance(value, ast.Dict):
        found = zip(value.keys, value.values, strict=True)
        node = next((item for key, item in found if isinstance(key, ast.Constant) and key.value == step), None)
    text = ast.unparse(node) if node is not None else ""
    return text if len(text) <= 40 else ""


def tell_where(wrong: Tensor, expected: Expected) -> str:
    """Which inputs the wrong values belong to, where one plain condition tells them from the right ones; begins with ", " or ": "."""
    which = "the one" if wrong.sum() == 1 else "all those"
    for text, holds in _conditions(wrong, expected):
        if torch.equal(holds, wrong):
            return f": {which} where {text}"
    return next((f", {text}" for text, holds in _positions(wrong) if torch.equal(holds, wrong)), "")


def _conditions(wrong: Tensor, expected: Expected) -> Iterator[tuple[str, Tensor]]:
    same_shape = {
        name: value
        for name, value in expected.given.items()
        if isinstance(value, Tensor) and value.shape == wrong.shape and not value.is_complex()
    }
    for name, value in same_shape.items():
        if value.dtype == torch.bool:
            yield f"{name} is True", value
            yield f"{name} is False", ~value
            continue
        yield f"{name} is negative", value < 0
        yield f"{name} is positive", value > 0
        yield f"{name} is 0", value == 0
        yield f"{name} is not 0", value != 0
        yield f"{name} is at least 0", value >= 0
        yield f"{name} is at most 0", value <= 0
        if not value.is_floating_point() or bool(((value == 0) | (value == 1)).all()):
            yield f"{name} is 1", value == 1
    names = list(same_shape)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            first, second = same_shape[one], same_shape[other]
            yield f"{one} and {other} are equal", first == second
            yield f"{one} is larger than {other}", first > second
            yield f"{one} is smaller than {other}", first < second
            yield f"{one} and {other} differ", first != second
    for name, value in expected.given.items():
        yield from _conditions_by_row(name, value, wrong)
    for name, value in same_shape.items():
        if value.is_floating_point():
            yield from _conditions_by_size(name, value, wrong, expected.hidden)


def _conditions_by_row(name: str, labels: object, wrong: Tensor) -> Iterator[tuple[str, Tensor]]:
    """For classes, one for each row: the place of the class in its row, and the rows of a class."""
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64 or labels.dim() != 1:
        return
    if wrong.dim() != 2 or wrong.shape[0] != len(labels) or len(labels) < 2:
        return
    if int(labels.min()) >= 0 and int(labels.max()) < wrong.shape[1]:
        at = torch.nn.functional.one_hot(labels, wrong.shape[1]).bool()
        yield f"the column is the row's `{name}`", at
        yield f"the column is not the row's `{name}`", ~at
    for label in sorted(set(labels.tolist()))[:10]:
        rows = labels == label
        if 0 < int(rows.sum()) < len(rows):
            yield f"`{name}` of the row is {label}", rows[:, None].expand_as(wrong)


def _conditions_by_size(name: str, value: Tensor, wrong: Tensor, hidden: bool) -> Iterator[tuple[str, Tensor]]:
    """Beyond some size, where two wrong values and two right ones lie clearly on both sides of it."""
    if not 2 <= int(wrong.sum()) <= wrong.numel() - 2:
        return
    for text, size in ((f"|{name}|", value.abs()), (name, value)):
        for side, way in ((1.0, "above"), (-1.0, "below")):
            lowest, highest = (side * size[wrong]).min(), (side * size[~wrong]).max()
            if bool(lowest > highest + 0.1 * highest.abs()):
                limit = "a limit" if hidden else f"{side * float(highest):.4g}"
                yield f"{text} is {way} {limit}", side * size > highest


def _positions(wrong: Tensor) -> Iterator[tuple[str, Tensor]]:
    places = torch.zeros_like(wrong)
    if wrong.dim() == 1 and len(wrong) > 2:
        yield from _ends(places, 0, "", "", "value")
    if wrong.dim() != 2 or wrong.shape[0] < 2:
        return
    if wrong.shape[1] > 1:
        yield from _ends(places, 1, "all in the ", "all but those in the ", "column")
        yield from _ends(places, 0, "all in the ", "all but those in the ", "row")
        for row in range(min(wrong.shape[0], 50)):
            at = places.clone()
            at[row] = True
            yield f"all in row {row}", at
        if wrong.shape[0] == wrong.shape[1]:
            diagonal = torch.eye(len(wrong), dtype=torch.bool)
            yield "all on the diagonal", diagonal
            yield "all but those on the diagonal", ~diagonal
            yield "all above the diagonal", torch.ones_like(diagonal).triu(1)
            yield "all below the diagonal", torch.ones_like(diagonal).tril(-1)
    rows = wrong.any(1)
    if int(rows.sum()) == 1 and int(wrong.sum()) > 1:
        yield f"all in row {int(rows.nonzero()[0])}", wrong


def _ends(places: Tensor, dim: int, only: str, but: str, kind: str) -> Iterator[tuple[str, Tensor]]:
    for place, name in ((0, "first"), (places.shape[dim] - 1, "last")):
        at = places.clone()
        at.select(dim, place).fill_(True)
        if only:
            yield f"{only}{name} {kind}", at
            yield f"{but}{name} {kind}", ~at
        else:
            yield f"the {name}", at
            yield f"all but the {name}", ~at

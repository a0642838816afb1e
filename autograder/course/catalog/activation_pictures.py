"""The curves of activations: f and its derivative f′, with the part shaded where almost no gradient comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.course.catalog import activation_formulas as formulas
from autograder.course.catalog.svg import Line, Picture, Point, spread

FLAT = 0.05
"""Where |f′| is smaller than this, the picture is shaded."""

COUNT, JUMP = 120, 0.4
"""An even number of points: none lies at 0, or where a curve over (−5, 5) has a corner or jumps. There, rounding would decide."""


def curves(
    f: Callable[[Tensor], Tensor], title: str, ylim: Point = (-2, 4), xlim: Point = (-5, 5), f_name: str = "f"
) -> Picture:
    """f and f′ of one number, f of shape (COUNT,) → (COUNT,)."""
    x = spread(xlim, COUNT)
    z = torch.tensor(x, dtype=torch.float64).requires_grad_()
    values = f(z)
    slopes = torch.autograd.grad(values.sum(), z)[0] if values.requires_grad else torch.zeros_like(z)
    lines = [trace(f_name, x, values.tolist()), trace(f"{f_name}′", x, slopes.tolist())]
    return Picture(title, "z", "f(z) and f′(z)", xlim, ylim, lines, shade(x, slopes.tolist()))


def trace(label: str, x: list[float], y: list[float]) -> Line:
    """A line through the points, interrupted where the value jumps."""
    pieces: list[list[Point]] = [[]]
    for place, value in zip(x, y, strict=True):
        if pieces[-1] and abs(value - pieces[-1][-1][1]) > JUMP:
            pieces.append([])
        pieces[-1].append((place, value))
    return Line(label, pieces)


def shade(x: list[float], slopes: list[float]) -> list[Point]:
    """The spans of x on which the slope is flat, in halves: so they are the same on every processor."""
    spans: list[Point] = []
    for half in range(round(2 * x[0]), round(2 * x[-1])):
        begin, end = half / 2, (half + 1) / 2
        inside = [abs(slope) for place, slope in zip(x, slopes, strict=True) if begin + 0.05 < place < end - 0.05]
        if inside and max(inside) < FLAT:
            begin = spans.pop()[0] if spans and spans[-1][1] == begin else begin
            spans.append((begin, end))
    return spans


def first_of(function: Callable[[Tensor], Tensor], title: str, **more: Any) -> Picture:
    """The first of three outputs against the first of three scores; the two others are 0 and 1."""

    def f(z: Tensor) -> Tensor:
        scores = torch.stack([z, torch.zeros_like(z), torch.ones_like(z)], dim=-1)
        return function(scores)[:, 0]

    return curves(f, title, **more)


def draw_hardmax() -> Picture:
    one = first_of(formulas.hardmax, "", ylim=(-0.2, 1.4))
    soft = first_of(formulas.softmax, "", ylim=(-0.2, 1.4))
    lines = [Line("hardmax", one.lines[0].pieces), Line("softmax", soft.lines[0].pieces)]
    return Picture(
        "Hardmax is all or nothing", "z₁ (the others are 0 and 1)", "first output", (-5, 5), (-0.2, 1.4), lines
    )


def draw_adaptive() -> Picture:
    """What an example costs, in multiplications, against the number of classes in the head: 10,000 classes, as frequent as words."""
    classes, width, small = 10_000, 64, 16
    frequency = 1 / torch.arange(1, classes + 1, dtype=torch.float64)
    rare = 1 - frequency.cumsum(0) / frequency.sum()
    heads = list(range(50, 6001, 50))
    cost = [
        (width * (head + 1) + float(rare[head - 1]) * (width * small + small * (classes - head))) / 1000
        for head in heads
    ]
    x = [head / 1000 for head in heads]
    full: list[Point] = [(0, width * classes / 1000), (6, width * classes / 1000)]
    lines = [Line("adaptive", [list(zip(x, cost, strict=True))]), Line("full softmax", [full])]
    return Picture(
        "A short head saves most", "classes in the head, in thousands", "1,000 multiplications", (0, 6), (0, 700), lines
    )


def draw_crelu() -> Picture:
    z = spread((-5, 5), COUNT)
    both = formulas.crelu(torch.tensor(z, dtype=torch.float64)[:, None])
    lines = [trace("first output", z, both[:, 0].tolist()), trace("second output", z, both[:, 1].tolist())]
    return Picture("One score, two outputs", "z", "outputs", (-5, 5), (-1, 5), lines)


def draw_rrelu() -> Picture:
    z = spread((-5, 5), COUNT)
    inputs = torch.tensor(z, dtype=torch.float64)
    slopes = {"evaluation": 11 / 48, "least": 1 / 8, "most": 1 / 3}
    lines = [trace(label, z, formulas.leaky_relu(inputs, slope).tolist()) for label, slope in slopes.items()]
    return Picture("Training draws a slope in between", "z", "f(z)", (-5, 5), (-2, 4), lines)


def draw_maxout() -> Picture:
    weight = torch.tensor([[[-0.8]], [[0.1]], [[1.0]]], dtype=torch.float64)
    bias = torch.tensor([[-1.0], [0.5], [-1.0]], dtype=torch.float64)
    return curves(lambda z: formulas.maxout(z[:, None], weight, bias)[:, 0], "The largest of three lines")

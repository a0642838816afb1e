"""Drawings for activations: curves, boundaries, histograms."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from autograder.course.palette import BLACK, BLUE, ORANGE, RED


def draw_boundary(axes: Axes, net: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, size: float = 28) -> Axes:
    """Draw points `x` (N, 2) of classes `y` (N,) of 0 and 1, over the side of a net's boundary that each place is on.

    `net` turns places (M, 2) into scores (M, 1) or (M,). Where the score is above 0 it says class 1 (shaded). Class 0 is
    drawn as circles, class 1 as triangles; a point on the wrong side gets a ring.
    """
    low, high = x.min(0).values - 0.4, x.max(0).values + 0.4
    across, up = (torch.linspace(float(low[i]), float(high[i]), 150) for i in range(2))
    places = torch.cartesian_prod(across, up)
    with torch.no_grad():
        score = net(places).reshape(len(across), len(up)).T
        wrong = (net(x).flatten() > 0) != (y > 0.5)
    axes.contourf(across, up, score, levels=[-1e9, 0, 1e9], colors=["#FFFFFF", "#D6E6F2"])
    axes.contour(across, up, score, levels=[0], colors=BLACK, linewidths=1.5)
    for value, marker, color in ((0, "o", ORANGE), (1, "^", BLUE)):
        own, name = x[y == value], f"class {value}"
        axes.scatter(
            own[:, 0], own[:, 1], s=size, marker=marker, color=color, edgecolor="white", linewidth=0.4, label=name
        )
    missed = x[wrong]
    axes.scatter(
        missed[:, 0], missed[:, 1], s=90, facecolor="none", edgecolor=BLACK, linewidth=1.0, label="on the wrong side"
    )
    axes.set(xlabel="x₁", ylabel="x₂")
    axes.grid(False)
    return axes


def draw_activation(axes: Axes, function: Callable[[Tensor], Tensor], title: str, flat: float = 0.05) -> None:
    """Draw `function` and its derivative from -4 to 4, and shade where the derivative's size is below `flat`."""
    z = torch.linspace(-4, 4, 402).requires_grad_()
    f = function(z)
    (slope,) = torch.autograd.grad(f.sum(), z)
    inputs = z.detach()
    axes.fill_between(inputs, -3, 4, where=(slope.abs() < flat).tolist(), color="#DDDDDD", linewidth=0)
    axes.plot(inputs, f.detach(), color=BLUE, label="f")
    axes.plot(inputs, slope, color=RED, linestyle="--", label="f′")
    axes.set(title=title, xlim=(-4, 4), ylim=(-1.9, 3.1), xticks=(-3, 0, 3), yticks=(-1, 0, 1, 2, 3))


def draw_histogram(axes: Axes, values: Tensor, title: str = "", span: float = 1.0) -> None:
    """Draw the shares of `values` in 25 bins from -`span` to `span`, with their mean as a dotted line."""
    edges = torch.linspace(-span, span, 26)
    shares = torch.histogram(values.detach().flatten().float(), edges).hist / values.numel()
    axes.bar(edges[:-1], shares, width=2 * span / 25, align="edge", color=BLUE, linewidth=0)
    axes.axvline(float(values.mean()), color=RED, linestyle=":")
    axes.set(title=title, xlim=(-span, span), ylim=(0, 1), yticks=(0, 0.5, 1))


def draw_walk(axes: Axes, path: Tensor, goal: Tensor, title: str) -> None:
    """Draw the steps of two weights, `path` of shape (steps + 1, 2), from a square to the star at `goal`, shape (2,)."""
    axes.plot(*path.T, color=BLUE, linestyle="-", linewidth=1.2, marker="o", markersize=3)
    axes.plot(*path[0], color=BLACK, marker="s", linestyle="", label="start")
    axes.plot(*goal, color=ORANGE, marker="*", markersize=15, linestyle="", label="goal")
    axes.set(title=title, xlabel="weight $w_1$", aspect="equal")


def draw_sheet(axes: Axes, score: Callable[[Tensor], Tensor], low: float, high: float, points: Tensor) -> None:
    """Draw the square sheet from `low` to `high`, shaded where `score` of its places (M, 2) is above 0.

    On it go up to four `points` (P, 2), each with a marker of its own, the later ones smaller: those that a fold lays on
    each other can still be told apart.
    """
    across = torch.linspace(low, high, 161)
    with torch.no_grad():
        value = score(torch.cartesian_prod(across, across)).reshape(161, 161).T
    axes.contourf(across, across, value, levels=[-1e9, 0, 1e9], colors=["#FFFFFF", "#9CC6E0"])
    axes.contour(across, across, value, levels=[0], colors=BLACK, linewidths=1.5)
    axes.add_patch(Rectangle((low, low), high - low, high - low, fill=False, edgecolor=BLACK, linewidth=1.2))
    for (x1, x2), marker, size in zip(points.tolist(), "os^D", (12, 9, 7, 4), strict=False):
        axes.plot(x1, x2, marker=marker, markersize=size, color=ORANGE, markeredgecolor=BLACK, clip_on=False)
    axes.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
    axes.grid(False)

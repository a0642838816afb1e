"""The look of the course's figures, and the drawings that are too long for a notebook's cell."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#AA4499",
    "#56B4E9",
    "#222222",
    "#8A8A8A",
)
"""Colours that stay apart for colour-blind readers (after Okabe and Ito, 2008)."""

LINES = cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, BLACK]) + cycler(
    linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]
)
"""Lines differ in their dashes as well, so that they stay apart in grey print."""


def use_style() -> None:
    """Draw every figure that follows in the style of the course."""
    plt.rcParams.update(mpl.rcParamsDefault | {"backend": mpl.get_backend()})
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#E4E4E4",
            "axes.axisbelow": True,
            "axes.prop_cycle": LINES,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "image.cmap": "cividis",
        }
    )


def draw_boundary(axes: Axes, net: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Axes:
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
            own[:, 0], own[:, 1], s=28, marker=marker, color=color, edgecolor="white", linewidth=0.4, label=name
        )
    missed = x[wrong]
    axes.scatter(
        missed[:, 0], missed[:, 1], s=90, facecolor="none", edgecolor=BLACK, linewidth=1.0, label="on the wrong side"
    )
    axes.set(xlabel="x₁", ylabel="x₂")
    axes.grid(False)
    return axes


def draw_boxes(
    axes: Axes, values: Tensor, left: float = 0.0, top: float = 0.0, color: str = SKY, ghost: Tensor | None = None
) -> None:
    """Draw a tensor of one or two dimensions as a grid of boxes with its numbers, one unit a box.

    The corner of the first box is at (`left`, `top`), rows run downwards. Where `ghost`, of the same shape, is true, the
    box is a dashed copy: a number that broadcasting repeats and that is not stored.
    """
    rows = values if values.dim() == 2 else values[None]
    copies = torch.zeros_like(rows, dtype=torch.bool) if ghost is None else ghost.reshape(rows.shape)
    for i, row in enumerate(rows.tolist()):
        for j, number in enumerate(row):
            copied = bool(copies[i, j])
            face, line, ink = ("white", ":", "#666666") if copied else (color, "-", BLACK)
            corner = (left + j, top - i - 1)
            axes.add_patch(Rectangle(corner, 1, 1, edgecolor=BLACK, linewidth=1.1, facecolor=face, linestyle=line))
            axes.text(left + j + 0.5, top - i - 0.53, f"{number:g}", ha="center", va="center", color=ink)


def _frame_boxes(axes: Axes, width: float, height: float) -> None:
    axes.set(xlim=(-0.1, width), ylim=(-height, 0.5), aspect="equal", anchor="N")
    axes.axis("off")


def draw_reductions(axes: Axes, x: Tensor) -> None:
    """Draw `x` of shape (N, D) with its sums over dim 0 below it and over dim 1, dimension kept, beside it."""
    n, d = x.shape
    below, beside = x.sum(dim=0), x.sum(dim=1, keepdim=True)
    arrow = {"arrowstyle": "->", "linewidth": 1.6, "color": BLACK}
    draw_boxes(axes, x)
    draw_boxes(axes, below, top=-n - 1.2, color=ORANGE)
    draw_boxes(axes, beside, left=d + 5.0, color="#7FCDB4")
    axes.annotate("", (d / 2, -n - 1.1), (d / 2, -n - 0.1), arrowprops=arrow)
    axes.annotate("", (d + 4.8, -n / 2), (d + 0.2, -n / 2), arrowprops=arrow)
    axes.text(d / 2 + 0.25, -n - 0.6, "x.sum(dim=0)", va="center")
    axes.text(d + 2.45, -n / 2 + 0.2, "x.sum(dim=1, keepdim=True)", ha="center", va="bottom")
    axes.text(0, 0.2, f"x: {tuple(x.shape)}")
    axes.text(d + 0.25, -n - 1.7, f"shape {tuple(below.shape)}", va="center")
    axes.text(d + 5.0, 0.2, f"shape {tuple(beside.shape)}")
    _frame_boxes(axes, d + 7.0, n + 2.3)


def draw_broadcast(axes: Axes, one: Tensor, other: Tensor, title: str = "") -> None:
    """Draw `one + other` as boxes, one above the other, with dashed boxes for what broadcasting repeats."""
    total = one + other
    shape = n, d = total.shape
    top = 0.0
    for sign, tensor, color in (("", one, SKY), ("+", other, ORANGE), ("=", total, "#7FCDB4")):
        rows = tensor if tensor.dim() == 2 else tensor[None]
        stored = torch.zeros(shape, dtype=torch.bool)
        stored[: rows.shape[0], : rows.shape[1]] = True
        draw_boxes(axes, tensor.expand(shape), top=top, color=color, ghost=~stored)
        axes.text(-0.35, top - n / 2, sign, ha="center", va="center", fontsize=14)
        axes.text(d + 0.25, top - n / 2, f"{tuple(tensor.shape)}", va="center")
        top -= n + 0.5
    axes.set_title(title, pad=0)
    _frame_boxes(axes, d + 2.0, 3 * n + 1.1)
    axes.set_xlim(-0.7, d + 2.0)


def draw_residuals(axes: Axes, x: Tensor, y: Tensor, y_hat: Tensor) -> None:
    """Draw points (`x`, `y`), the line through (`x`, `y_hat`), and a dotted bar from each point to the line."""
    axes.vlines(x, y, y_hat, color=RED, linestyle=":", label="error")
    axes.plot(x, y_hat, color=ORANGE, linestyle="--", label="model")
    axes.scatter(x, y, color=BLUE, zorder=3, label="data")


def draw_activation(axes: Axes, function: Callable[[Tensor], Tensor], title: str, flat: float = 0.05) -> None:
    """Draw `function` and its derivative from -4 to 4, and shade where the derivative's size is below `flat`."""
    z = torch.linspace(-4, 4, 402).requires_grad_()
    f = function(z)
    (slope,) = torch.autograd.grad(f.sum(), z)
    inputs = z.detach()
    axes.fill_between(inputs, -3, 4, where=(slope.abs() < flat).tolist(), color="#DDDDDD", linewidth=0)
    axes.plot(inputs, f.detach(), color=BLUE, label="f")
    axes.plot(inputs, slope, color=ORANGE, linestyle="--", label="f′")
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


def draw_shares(axes: Axes, shares: Tensor, rows: list[str], columns: list[str]) -> None:
    """Draw `shares`, numbers from 0 to 1 of shape (rows, columns), as a table of percentages, darker for more."""
    axes.imshow(1 - shares, vmin=0, vmax=1, aspect="auto")
    for row, line in enumerate(shares.tolist()):
        for column, share in enumerate(line):
            colour = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    axes.grid(False)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)


def draw_numbers(axes: Axes, table: Tensor, row: str, column: str) -> Axes:
    """Draw `table` (R, C) of numbers from 0 to 1 as shaded squares with the numbers in them.

    The labels are `row` and `column` with their place and, below, their sum.
    """
    axes.imshow(table, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (i, j), value in ((place, float(table[place])) for place in np.ndindex(*table.shape)):
        axes.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.8 else BLACK)
    axes.set_xticks(range(table.shape[1]), [f"{column} {j}\nsum {float(s):.2f}" for j, s in enumerate(table.sum(0))])
    axes.set_yticks(range(table.shape[0]), [f"{row} {i}\nsum {float(s):.2f}" for i, s in enumerate(table.sum(1))])
    axes.grid(False)
    axes.tick_params(length=0)
    return axes


def draw_bars(axes: Axes, labels: list[str], groups: dict[str, Tensor]) -> Axes:
    """Draw a bar for each label and each of the named `groups` (two or three of shape (len(labels),)), with its number."""
    width = 0.88 / len(groups)
    looks = zip((SKY, BLUE, ORANGE), ("", "//", ".."), groups.items(), strict=False)
    for i, (color, hatch, (name, values)) in enumerate(looks):
        place = torch.arange(len(labels)) + (i - (len(groups) - 1) / 2) * width
        bars = axes.bar(place, values, width=width * 0.95, color=color, hatch=hatch, edgecolor="white", label=name)
        axes.bar_label(bars, fmt="%.2f", padding=2)
    axes.set_xticks(range(len(labels)), labels)
    axes.grid(False, axis="x")
    return axes

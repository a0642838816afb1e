"""Drawings of tensors and tables: shapes, broadcasting, products, numbers in colors."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from autograder.course.palette import BLACK, BLUE, ORANGE, SKY


def draw_boxes(
    axes: Axes, values: Tensor, left: float = 0.0, top: float = 0.0, color: str = SKY, ghost: Tensor | None = None
) -> None:
    """Draw a tensor of one or two dimensions as a grid of boxes with its numbers, each one unit wide.

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


def frame_boxes(axes: Axes, width: float, height: float) -> None:
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
    frame_boxes(axes, d + 7.0, n + 2.3)


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
    frame_boxes(axes, d + 2.0, 3 * n + 1.1)
    axes.set_xlim(-0.7, d + 2.0)


def draw_shares(axes: Axes, shares: Tensor, rows: list[str], columns: list[str]) -> None:
    """Draw `shares`, numbers from 0 to 1 of shape (rows, columns), as a table of percentages, darker for more."""
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.2, aspect="auto")
    for row, line in enumerate(shares.tolist()):
        for column, share in enumerate(line):
            color = "white" if share > 0.6 else "black"
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=color)
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


def draw_product(axes: Axes, left: Tensor, right: Tensor, names: list[str], row: int, column: int) -> None:
    """Draw `left @ right` as boxes under three `names` with shapes; what makes one number of the product is marked.

    `left` has the shape (R, K), `right` (K, C); the number is in `row` and `column` of the product.
    """
    product = left @ right
    height = max(len(left), len(right))
    place = 0.0
    marks = {0: (row, None), 1: (None, column), 2: (row, column)}
    for k, (sign, name, tensor) in enumerate(zip(("", "@", "="), names, (left, right, product), strict=True)):
        n, d = tensor.shape
        top = -(height - n) / 2
        axes.text(place - 0.5, -height / 2, sign, ha="center", va="center", fontsize=14)
        draw_boxes(axes, tensor, place, top, color="white")
        i, j = marks[k]
        for r in range(n) if i is None else [i]:
            for c in range(d) if j is None else [j]:
                draw_boxes(axes, tensor[r : r + 1, c : c + 1], place + c, top - r, color=ORANGE if k == 2 else SKY)
        axes.text(place + d / 2, top + 0.2, f"{name} {tuple(tensor.shape)}", ha="center")
        place += d + 1.0
    frame_boxes(axes, place - 0.9, height + 0.1)
    axes.set_ylim(-height - 0.1, 1.0)


def draw_signed(axes: Axes, table: Tensor, rows: list[str], columns: list[str], most: float = 1.0) -> None:
    """Draw `table` (R, C) as squares with their numbers: blue above 0, orange below, white at 0, full at +-`most`."""
    signed = LinearSegmentedColormap.from_list("signed", [ORANGE, "white", SKY])
    axes.imshow(table, cmap=signed, vmin=-1.3 * most, vmax=1.3 * most, aspect="auto")
    for (i, j), value in ((place, float(table[place])) for place in np.ndindex(*table.shape)):
        axes.text(j, i, f"{value:.2f}".replace("-", "−"), ha="center", va="center", color=BLACK)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.grid(False)

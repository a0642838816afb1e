"""Drawings of layers and nets: shapes, operations, signals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor, nn

from autograder.course.figures.tensors import draw_boxes, frame_boxes
from autograder.course.palette import BLACK, BLUE, GREY, ORANGE, SKY


def draw_operations(axes: Axes, steps: list[str], edges: list[str], inputs: list[str]) -> None:
    """Draw a computation graph as a row: an edge, a step, an edge, and so on, with the shapes in `edges` on the edges.

    `edges` has one entry more than `steps`; `inputs` has for each step the text of what enters it from below, or "".
    """
    arrow = {"arrowstyle": "->", "linewidth": 1.4, "color": BLACK}
    for i, (step, below) in enumerate(zip(steps, inputs, strict=True)):
        place = 2.0 * i + 2.0
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#D6E6F2", "edgecolor": BLACK}
        axes.text(place, 0, step, ha="center", va="center", bbox=box)
        if below:
            axes.annotate("", (place, -0.42), (place, -1.05), arrowprops=arrow)
            axes.text(place, -1.15, below, ha="center", va="top")
    for i, edge in enumerate(edges):
        left, right = 2.0 * i + 0.58, 2.0 * i + 1.42
        axes.annotate("", (right, 0), (left, 0), arrowprops=arrow)
        axes.text((left + right) / 2, 0.5, edge, ha="center", va="bottom")
    axes.set(xlim=(-0.1, 2.0 * len(edges) + 0.1), ylim=(-2.4, 1.2))
    axes.axis("off")


def draw_layer(axes: Axes, x: Tensor, W: Tensor, b: Tensor, example: int, unit: int) -> None:
    """Draw `x Wᵀ + b = z` as boxes with their shapes; the numbers behind z of one `example` and `unit` are marked.

    `x` has shape (N, D_in), `W` (D_out, D_in), `b` (D_out,).
    """
    z = x @ W.T + b
    height = max(len(x), W.shape[1])
    left = 0.0
    rows, columns = {"x": [example], "z": [example], "b": [0]}, {"Wᵀ": [unit], "z": [unit], "b": [unit]}
    for sign, name, tensor in (("", "x", x), ("@", "Wᵀ", W.T), ("+", "b", b[None]), ("=", "z", z)):
        n, d = tensor.shape
        top = -(height - n) / 2
        axes.text(left - 0.5, -height / 2, sign, ha="center", va="center", fontsize=14)
        draw_boxes(axes, tensor, left, top, color="white")
        for i in rows.get(name, range(n)):
            for j in columns.get(name, range(d)):
                draw_boxes(axes, tensor[i : i + 1, j : j + 1], left + j, top - i, color=ORANGE if name == "z" else SKY)
        shape = (d,) if name == "b" else (n, d)
        axes.text(left + d / 2, top + 0.2, f"{name} {shape}", ha="center")
        left += d + 1.0
    frame_boxes(axes, left - 0.9, height + 0.1)


def draw_shapes(axes: Axes, net: Iterable[nn.Module], x: Tensor) -> None:
    """Draw the layers of `net` as boxes with the shapes of the data between them and of the parameters above.

    `x` is a batch (N, ...) that is sent through the layers, one after the other.
    """
    box = {"boxstyle": "round,pad=0.45", "facecolor": "#D6E6F2", "edgecolor": BLACK}
    arrow = {"arrowstyle": "->", "linewidth": 1.5, "color": BLACK, "shrinkA": 0, "shrinkB": 0}
    place = 0.0
    axes.text(place, 0, "x", ha="right", va="center", fontsize=12)
    for layer in net:
        axes.annotate("", (place + 1.0, 0), (place + 0.08, 0), arrowprops=arrow)
        axes.text(place + 0.5, 0.12, str(tuple(x.shape)), ha="center", va="bottom")
        axes.text(place + 1.32, 0, type(layer).__name__, ha="center", va="center", bbox=box)
        owned = [f"{name} {tuple(p.shape)}" for name, p in layer.named_parameters()]
        if owned:
            axes.text(place + 1.32, 0.85, "\n".join(owned), ha="center", va="bottom", color=BLUE)
            axes.annotate("", (place + 1.32, 0.27), (place + 1.32, 0.82), arrowprops=arrow | {"color": BLUE})
        x, place = layer(x), place + 1.64
    axes.annotate("", (place + 1.0, 0), (place + 0.08, 0), arrowprops=arrow)
    axes.text(place + 0.5, 0.12, str(tuple(x.shape)), ha="center", va="bottom")
    axes.text(place + 1.1, 0, "z", va="center", fontsize=12)
    axes.set(xlim=(-0.3, place + 1.4), ylim=(-0.35, 1.5))
    axes.axis("off")


def draw_signal(
    axes: Axes, values: list[Tensor], weights: list[Tensor], names: list[str], backward: bool = False
) -> None:
    """Draw a small net for one example: a circle with a number for each unit, an edge for each weight.

    `values[k]` has the shape (D_k,), `weights[k]` (D_k+1, D_k); `names` are written below the columns. An edge is as thick as what
    travels along it, the weight times the number that it comes from: on the left, or with `backward` on the right.
    Solid blue is positive, dashed orange negative; where nothing travels, a gray line is left.
    """
    places = [[(2.6 * k, (len(v) - 1) / 2 - i) for i in range(len(v))] for k, v in enumerate(values)]
    low = -max(len(v) for v in values) / 2 - 0.1
    for k, W in enumerate(weights):
        source = values[k + 1][:, None] if backward else values[k][None, :]
        travels = (W * source).tolist()
        largest = max(abs(one) for line in travels for one in line) or 1.0  # where nothing travels
        for j, i in np.ndindex(*W.shape):
            (x0, y0), (x1, y1) = places[k][i], places[k + 1][j]
            share = travels[j][i] / largest
            look = (GREY, ":") if share == 0 else (BLUE, "-") if share > 0 else (ORANGE, "--")
            axes.plot([x0, x1], [y0, y1], color=look[0], linestyle=look[1], linewidth=0.6 + 4 * abs(share), zorder=1)
    for column, value, name in zip(places, values, names, strict=True):
        for place, number in zip(column, value.tolist(), strict=True):
            face = "white" if number else "#DDDDDD"
            axes.add_patch(Circle(place, 0.47, facecolor=face, edgecolor=BLACK, linewidth=1.3, zorder=2))
            axes.text(*place, f"{number:.2f}".replace("-", "−"), ha="center", va="center", zorder=3, fontsize=11)
        axes.text(column[0][0], low, name, ha="center", va="top")
    axes.set(xlim=(-0.6, 2.6 * (len(values) - 1) + 0.6), ylim=(low - 0.45, -low - 0.1), aspect="equal")
    axes.axis("off")

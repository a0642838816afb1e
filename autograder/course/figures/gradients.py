"""Drawings for derivatives: slopes and graphs with values and gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

from autograder.course.palette import BLACK, ORANGE, RED


def draw_slope(
    axes: Axes, function: Callable[[Tensor], Tensor], place: float, low: float, high: float, color: str = ORANGE
) -> Axes:
    """Draw `function` from `low` to `high` with its tangent at `place`, which autograd gives, and the tangent's slope."""
    x = torch.linspace(low, high, 201)
    at = torch.tensor(place, requires_grad=True)
    value = function(at)
    slope = float(torch.autograd.grad(value, at)[0])
    tangent = value.detach() + slope * (x - place)
    values = function(x).detach()
    margin = 0.12 * (values.max() - values.min())
    inside = (tangent > values.min() - margin) & (tangent < values.max() + margin)
    axes.plot(x, values, color=color, linestyle="-", label="function")
    axes.plot(x[inside], tangent[inside], color=RED, linestyle="--", label="tangent")
    axes.plot(place, value.detach(), "o", color=BLACK)
    axes.text(0.5, 0.97, f"slope {_short(slope)}", transform=axes.transAxes, ha="center", va="top", color=RED)
    axes.set_ylim(float(values.min() - margin), float(values.max() + 2.5 * margin))
    return axes


def draw_graph(
    axes: Axes, nodes: dict[str, tuple[float, float, float, float]], edges: dict[tuple[str, str], float]
) -> None:
    """Draw a computation graph with the value (above) and the gradient (below) of each node.

    `nodes` maps a name to its place (column, row), its value and its gradient; `edges` maps the pair (from, to) to the
    local derivative of the second with respect to the first, which is written on the arrow.
    """
    box = {"boxstyle": "round,pad=0.35", "facecolor": "#D6E6F2", "edgecolor": BLACK}
    boxes = {}
    for name, (x, y, value, gradient) in nodes.items():
        boxes[name] = axes.text(x, y, name, ha="center", va="center", bbox=box).get_bbox_patch()
        for number, side, color, weight in ((value, 1, BLACK, "normal"), (gradient, -1, RED, "bold")):
            shift = (0, 23 * side)
            text = axes.annotate(_short(number), (x, y), shift, textcoords="offset points", color=color, weight=weight)
            text.set(ha="center", va="center")
    for (start, end), local in edges.items():
        (x0, y0, *_), (x1, y1, *_) = nodes[start], nodes[end]
        ends = {"patchA": boxes[start], "patchB": boxes[end], "shrinkA": 3, "shrinkB": 3}
        axes.annotate("", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "linewidth": 1.4, "color": BLACK, **ends})
        middle, above = ((x0 + x1) / 2, (y0 + y1) / 2), 9 if y0 == y1 else 0
        label = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0 if above else 1}
        text = axes.annotate(f"× {_short(local)}", middle, (0, above), textcoords="offset points", bbox=label)
        text.set(ha="center", va="center", color="#555555")
    columns, rows = zip(*((x, y) for x, y, *_ in nodes.values()), strict=True)
    axes.set(xlim=(min(columns) - 0.4, max(columns) + 0.4), ylim=(min(rows) - 0.7, max(rows) + 0.7))
    axes.axis("off")


def _short(number: float) -> str:
    """At most four decimals, without the zeros at the end."""
    return f"{float(number):.4f}".rstrip("0").rstrip(".").replace("-", "−")


def draw_recorded(
    axes: Axes, nodes: list[tuple[str, float, float | None]], edges: list[tuple[int, int, float]], title: str = ""
) -> None:
    """Draw a graph that an autograd engine has recorded, inputs on the left; the nodes find their places by themselves.

    `nodes` holds the name, value and gradient (or `None`: left out) of each; `edges` the places in `nodes` of where an arrow
    starts and ends, with the local slope that is written on it. Two arrows between the same nodes are drawn as two.
    """
    places, middles = _place_nodes(len(nodes), edges)
    columns, rows = zip(*places, *(middle for middle in middles if middle), strict=True)
    axes.set(title=title, xlim=(min(columns) - 0.4, max(columns) + 0.4), ylim=(min(rows) - 0.55, max(rows) + 0.55))
    axes.axis("off")
    window = axes.get_window_extent()
    per_row = window.height / (max(rows) - min(rows) + 1.1)
    per_column = window.width / (max(columns) - min(columns) + 0.8)
    boxes = []
    for place, (name, value, gradient) in enumerate(nodes):
        made, used = (any(edge[i] == place for edge in edges) for i in (1, 0))
        color = "#F6E3C0" if not made else "#D6E6F2" if used else "#BFE3D4"
        box = {"boxstyle": "round,pad=0.3", "facecolor": color, "edgecolor": BLACK}
        lines = [*([name] if name else []), _short(value), *([] if gradient is None else [f"grad {_short(gradient)}"])]
        boxes.append(axes.text(*places[place], "\n".join(lines), ha="center", va="center", bbox=box, zorder=3))
    pairs = [(start, end) for start, end, _ in edges]
    for k, (start, end, slope) in enumerate(edges):
        (x0, y0), (x1, y1) = places[start], places[end]
        x, y = middles[k] or ((x0 + x1) / 2, (y0 + y1) / 2)
        if pairs.count((start, end)) > 1:
            y += 0.2 if pairs.index((start, end)) == k else -0.2
        bend = -2 * (y - y0 - (y1 - y0) * (x - x0) / (x1 - x0)) * per_row / ((x1 - x0) * per_column)
        arrow = {
            "arrowstyle": "-|>",
            "linewidth": 1.3,
            "color": BLACK,
            "connectionstyle": f"arc3,rad={bend}",
            "shrinkA": 0,
            "shrinkB": 1,
            "patchA": boxes[start].get_bbox_patch(),
            "patchB": boxes[end].get_bbox_patch(),
        }
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow, zorder=4)
        label = {"boxstyle": "round,pad=0.08", "facecolor": "white", "edgecolor": "none"}
        axes.text(x, y, f"×{_short(slope)}", ha="center", va="center", color="#555555", bbox=label, zorder=5)


def _place_nodes(
    count: int, edges: list[tuple[int, int, float]]
) -> tuple[list[tuple[float, float]], list[tuple[float, float] | None]]:
    """A column and a row for each node: behind all that it was made from, at the height of what is made from it.

    For each edge that passes by other columns also the free place through which it goes, else `None`.
    """
    made_from = [[start for start, end, _ in edges if end == node] for node in range(count)]
    used_by = [[end for start, end, _ in edges if start == node] for node in range(count)]
    column = [0] * count
    for _ in range(count):
        column = [max((column[start] + 1 for start in starts), default=0) for starts in made_from]
    column = [
        place if made_from[node] or not used_by[node] else min(column[end] for end in used_by[node]) - 1
        for node, place in enumerate(column)
    ]
    passing: dict[int, list[int]] = {}  # places of an edge's own in the columns that it passes, the last column first
    for k, (start, end, _) in enumerate(edges):
        ahead = end
        for place in range(column[end] - 1, column[start], -1):
            passing.setdefault(k, []).append(len(column))
            used_by.append([ahead])
            ahead = len(column)
            column.append(place)
        used_by[start] = [*used_by[start], ahead] if ahead != end else used_by[start]
    row = [0.0] * len(column)
    for place in sorted(set(column), reverse=True):
        own = [node for node in range(len(column)) if column[node] == place]
        wanted = {node: sum(row[end] for end in used_by[node]) / max(len(used_by[node]), 1) for node in own}
        own.sort(key=lambda node: -wanted[node])
        middle = sum(wanted.values()) / len(own)
        for i, node in enumerate(own):
            row[node] = middle + (len(own) - 1) / 2 - i
    places = [(float(at), height) for at, height in zip(column, row, strict=True)]
    middles = [places[passing[k][len(passing[k]) // 2]] if k in passing else None for k in range(len(edges))]
    return places[:count], middles

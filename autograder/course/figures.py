"""The look of the course's figures, and the drawings that are too long for a notebook's cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle, Rectangle
from torch import Tensor, nn

from autograder.course.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY

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


def draw_street(axes: Axes, x: Tensor, y: Tensor, w: Tensor, b: Tensor, title: str) -> None:
    """Draw points `x` (N, 2) of classes `y` of -1 and 1 with the border z = 0 and the street from z = -1 to z = 1.

    The score is z = x w + b, with `w` (2,) and `b` (). A point whose margin y z is below 1 gets a ring.
    """
    low, high = x.min(0).values - 0.4, x.max(0).values + 0.4
    across, up = (torch.linspace(float(low[i]), float(high[i]), 120) for i in range(2))
    score = (torch.cartesian_prod(across, up) @ w + b).reshape(120, 120).T
    axes.contourf(across, up, score, levels=[-1, 1], colors=["#D6E6F2"])
    axes.contour(across, up, score, levels=[-1, 0, 1], colors=BLACK, linewidths=[1, 1.8, 1], linestyles=[":", "-", ":"])
    for value, marker, color in ((-1, "o", ORANGE), (1, "^", BLUE)):
        own = x[y == value]
        label = f"y = {value}".replace("-", "−")
        axes.plot(own[:, 0], own[:, 1], marker, markersize=7, color=color, markeredgecolor="white", label=label)
    short = x[y * (x @ w + b) < 0.99]
    axes.plot(short[:, 0], short[:, 1], "o", markersize=11, fillstyle="none", color=BLACK, label="margin below 1")
    axes.set(title=title, xlabel="x₁", ylabel="x₂", aspect="equal")
    axes.grid(False)


def draw_triplet(axes: Axes, anchor: Tensor, positive: Tensor, negatives: Tensor, names: list[str], gap: float) -> None:
    """Draw an anchor (2,), its positive (2,) and several `negatives` (K, 2) with their names.

    The inner circle goes through the positive; the outer one, `gap` further out, bounds the shaded zone in which a
    negative still costs something.
    """
    near = float((positive - anchor).norm())
    middle = (float(anchor[0]), float(anchor[1]))
    axes.add_patch(Circle(middle, near + gap, facecolor="#F6E3C0", edgecolor=BLACK, linestyle=":"))
    axes.add_patch(Circle(middle, near, facecolor="#EBC27A", edgecolor=BLACK, linestyle="--"))
    axes.plot(*torch.stack([anchor, positive]).T, color=BLUE, linewidth=1.5, linestyle="-")
    axes.plot(*anchor, marker="o", color=BLACK, markersize=9, linestyle="")
    axes.plot(*positive, marker="P", color=BLUE, markersize=11, linestyle="")
    axes.plot(*negatives.T, marker="X", color=RED, markersize=10, linestyle="")
    for place, name in ((anchor, "anchor"), (positive, "positive"), *zip(negatives, names, strict=True)):
        axes.annotate(name, (float(place[0]), float(place[1])), xytext=(9, -4), textcoords="offset points")
    axes.set(aspect="equal")


def draw_alignments(axes: Axes, word: str, frames: int, path: list[int]) -> None:
    """Draw CTC's grid: `frames` columns, and a row for each letter of `word` and each blank (–) around the letters.

    A node holds the number of ways that lead to it from the left. `path`, a row for each frame, is drawn thick.
    """
    rows = ["–", *(label for letter in word for label in (letter, "–"))]
    ways = [[0] * len(rows) for _ in range(frames)]
    ways[0][:2] = [1, 1]
    for t in range(1, frames):
        for s, label in enumerate(rows):
            jump = s >= 2 and label != "–" and label != rows[s - 2]
            for before in [s, s - 1, s - 2][: 3 if jump else 2]:
                if before >= 0 and ways[t - 1][before]:
                    ways[t][s] += ways[t - 1][before]
                    axes.plot([t, t + 1], [before, s], color="#BBBBBB", linewidth=1, linestyle="-")
    axes.plot(range(1, frames + 1), path, color=ORANGE, linewidth=4, linestyle="-", solid_capstyle="round")
    for t, column in enumerate(ways):
        for s, count in enumerate(column):
            if count:
                last = t == frames - 1 and s >= len(rows) - 2
                box = {"boxstyle": "circle,pad=0.35", "facecolor": SKY if last else "white", "edgecolor": BLACK}
                axes.text(t + 1, s, str(count), ha="center", va="center", bbox=box)
    axes.set(xlabel="frame t", xticks=range(1, frames + 1), xlim=(0.6, frames + 0.4), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylabel("label")
    axes.grid(False)


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


def draw_matches(axes: Axes, prediction: Tensor, target: Tensor) -> None:
    """Draw `prediction == target` as boxes: a row under two rows of shape (N,), or a table where (N, 1) meets (N,)."""
    result = prediction == target
    n = len(target)
    table = prediction.dim() == 2
    left, top = (0.0, 0.0) if table else (0.0, -1.4)
    draw_boxes(axes, target, left=left, top=1.4 if table else 0.2, color=ORANGE)
    axes.text(n + 0.25, 0.9 if table else -0.3, f"target {tuple(target.shape)}", va="center")
    draw_boxes(axes, prediction, left=-1.4 if table else 0.0, top=0.0 if table else 1.4, color=SKY)
    place = (-1.6, -n / 2) if table else (n + 0.25, 0.9)
    side = "right" if table else "left"
    axes.text(*place, f"prediction{chr(10) if table else ' '}{tuple(prediction.shape)}", ha=side, va="center")
    rows = result if table else result[None]
    for i, row in enumerate(rows.tolist()):
        for j, same in enumerate(row):
            corner = (left + j, top - i - 1)
            face, sign = ("#7FCDB4", "=") if same else ("white", "≠")
            axes.add_patch(Rectangle(corner, 1, 1, edgecolor=BLACK, linewidth=1.1, facecolor=face))
            axes.text(corner[0] + 0.5, corner[1] + 0.47, sign, ha="center", va="center")
    summary = f"result {tuple(result.shape)}\nmean {result.float().mean():.2f}"
    axes.text(n + 0.25, top - len(rows) / 2, summary, va="center")
    left_end = -4.5 if table else -0.2
    axes.set(xlim=(left_end, left_end + n + 7.6), ylim=(-n - 0.2, 1.6), aspect="equal")
    axes.axis("off")


def draw_simplex(axes: Axes, paths: dict[str, Tensor], dots: Tensor, dots_name: str) -> None:
    """Draw the distributions over three classes A, B, C as a triangle, with named `paths` of shape (M, 3) in it.

    A corner is a class that is certain, the middle the uniform distribution. Grey rings join places of equal entropy and
    bear it in nats. `dots`, of shape (K, 3), are single distributions.
    """
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
    steps = 90
    p = torch.tensor([[i, j, steps - i - j] for i in range(steps + 1) for j in range(steps + 1 - i)]) / steps
    across, up = (p @ corners).T.numpy()
    entropy = torch.special.entr(p).sum(1)
    rings = axes.tricontour(across, up, entropy, levels=[0.5, 0.8, 1.0], colors=GREY, linewidths=0.9)
    axes.clabel(
        rings, fmt="%.1f", fontsize=11, manual=[(0.895, 0.06), (0.783, 0.126), (0.663, 0.195)], colors="#555555"
    )
    axes.plot(*corners[[0, 1, 2, 0]].T, color=BLACK, linestyle="-", linewidth=1.2)
    for (name, path), color, line in zip(paths.items(), (BLUE, RED, GREEN), ("-", "--", ":"), strict=False):
        axes.plot(*(path @ corners).T, color=color, linestyle=line, label=name)
    axes.plot(*(dots @ corners).T, "o", color=BLACK, label=dots_name)
    for name, (x, y), side, edge in zip(
        "ABC", corners.tolist(), ("right", "left", "center"), ("top", "top", "bottom"), strict=True
    ):
        axes.text(x, y, name, ha=side, va=edge, fontweight="bold")
    axes.legend(loc="upper left", bbox_to_anchor=(0.66, 1.0), handlelength=1.8)
    axes.set(aspect="equal", xlim=(-0.08, 1.5), ylim=(-0.08, 0.95))
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
    _frame_boxes(axes, left - 0.9, height + 0.1)


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
            axes.text(place + 1.32, 0.85, "\n".join(owned), ha="center", va="bottom", color=RED)
            axes.annotate("", (place + 1.32, 0.27), (place + 1.32, 0.82), arrowprops=arrow | {"color": RED})
        x, place = layer(x), place + 1.64
    axes.annotate("", (place + 1.0, 0), (place + 0.08, 0), arrowprops=arrow)
    axes.text(place + 0.5, 0.12, str(tuple(x.shape)), ha="center", va="bottom")
    axes.text(place + 1.1, 0, "z", va="center", fontsize=12)
    axes.set(xlim=(-0.3, place + 1.4), ylim=(-0.35, 1.5))
    axes.axis("off")


def draw_loss_surface(
    axes: Axes, loss: Callable[[Tensor, Tensor], Tensor], path: Tensor, span: float = 5.0, levels: int = 12
) -> Axes:
    """Draw the contours of `loss` over a weight and a bias from -`span` to `span`, with a descent over them.

    `loss` turns weights and biases of shape (M, M, 1) into losses (M, M). `path` (steps, 2) holds the weight and the bias
    at each step; its first place is marked with a square, its last with a star.
    """
    places = torch.linspace(-span, span, 121)
    weight, bias = torch.meshgrid(places, places, indexing="xy")
    height = loss(weight[..., None], bias[..., None])
    axes.contourf(places, places, height, levels=levels, antialiased=False)
    axes.plot(*path.T, color=RED, linestyle="-", linewidth=2.5, label="descent")
    for place, marker, size, name in ((path[0], "s", 8, "start"), (path[-1], "*", 15, "end")):
        axes.plot(*place, color=ORANGE, marker=marker, markersize=size, markeredgecolor=BLACK, linestyle="", label=name)
    axes.set(xlabel="weight w", xlim=(-span, span), ylim=(-span, span))
    axes.grid(False)
    return axes


def draw_slope(axes: Axes, function: Callable[[Tensor], Tensor], place: float, low: float, high: float) -> Axes:
    """Draw `function` from `low` to `high` with its tangent at `place`, which autograd gives, and the tangent's slope."""
    x = torch.linspace(low, high, 201)
    at = torch.tensor(place, requires_grad=True)
    value = function(at)
    slope = float(torch.autograd.grad(value, at)[0])
    tangent = value.detach() + slope * (x - place)
    values = function(x).detach()
    margin = 0.12 * (values.max() - values.min())
    inside = (tangent > values.min() - margin) & (tangent < values.max() + margin)
    axes.plot(x, values, label="function")
    axes.plot(x[inside], tangent[inside], label="tangent")
    axes.plot(place, value.detach(), "o", color=BLACK)
    axes.text(0.5, 0.97, f"slope {_short(slope)}", transform=axes.transAxes, ha="center", va="top")
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
        for number, side, color, weight in ((value, 1, BLUE, "normal"), (gradient, -1, RED, "bold")):
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


def draw_product(axes: Axes, left: Tensor, right: Tensor, names: list[str], row: int, column: int) -> None:
    """Draw `left @ right` as boxes under three `names` with shapes; what makes one number of the product is marked.

    `left` has the shape (R, K), `right` (K, C); the number stands in `row` and `column` of the product.
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
    _frame_boxes(axes, place - 0.9, height + 0.1)
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


def draw_signal(
    axes: Axes, values: list[Tensor], weights: list[Tensor], names: list[str], backward: bool = False
) -> None:
    """Draw a small net for one example: a circle with a number for each unit, an edge for each weight.

    `values[k]` has the shape (D_k,), `weights[k]` (D_k+1, D_k); `names` stand below the columns. An edge is as thick as what
    travels along it, the weight times the number that it comes from: on the left, or with `backward` on the right.
    Solid blue is positive, dashed orange negative; where nothing travels, a grey line is left.
    """
    places = [[(2.6 * k, (len(v) - 1) / 2 - i) for i in range(len(v))] for k, v in enumerate(values)]
    low = -max(len(v) for v in values) / 2 - 0.1
    for k, W in enumerate(weights):
        source = values[k + 1][:, None] if backward else values[k][None, :]
        travels = (W * source).tolist()
        largest = max(abs(one) for line in travels for one in line)
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


def draw_descent(axes: Axes, loss: Callable[[Tensor], Tensor], path: Tensor, low: float, high: float) -> Axes:
    """Draw `loss`, a function of one weight, from `low` to `high`, with a descent over it.

    `path` (steps + 1,) holds the weight at each step; its first place is marked with a square, its last with a star.
    """
    places = torch.linspace(low, high, 241)
    axes.plot(places, loss(places), color=GREY, linestyle="-", linewidth=1.5)
    axes.plot(path, loss(path), color=BLUE, linestyle="", marker="o", markersize=4)
    axes.plot(path[0], loss(path[0]), color=BLACK, marker="s", markersize=8, linestyle="", label="start")
    axes.plot(path[-1], loss(path[-1]), color=ORANGE, marker="*", markersize=15, markeredgecolor=BLACK, linestyle="")
    axes.set(xlabel="weight w")
    return axes


def draw_trajectory(
    axes: Axes, loss: Callable[[Tensor], Tensor], path: Tensor, across: float, up: float, levels: int | list[float] = 4
) -> Axes:
    """Draw contour lines of `loss` over two weights from -`across` to `across` and -`up` to `up`, with a descent over them.

    `loss` turns places (..., 2) into losses (...). `path` (steps + 1, 2) holds both weights at each step; its first place
    is marked with a square, its last with a star.
    """
    w1, w2 = torch.meshgrid(torch.linspace(-across, across, 101), torch.linspace(-up, up, 101), indexing="xy")
    height = loss(torch.stack([w1, w2], dim=-1))
    axes.contour(w1, w2, height, levels=levels, colors=GREY, linewidths=0.8)
    axes.plot(*path.T, color=RED, linestyle="-", linewidth=1.3, marker="o", markersize=3.5)
    axes.plot(*path[0], color=BLACK, marker="s", markersize=8, linestyle="", label="start")
    axes.plot(*path[-1], color=ORANGE, marker="*", markersize=15, markeredgecolor=BLACK, linestyle="", label="end")
    axes.set(xlabel="weight $w_1$", xlim=(-across, across), ylim=(-up, up))
    axes.grid(False)
    return axes


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
        lines = [name, _short(value), *([] if gradient is None else [f"grad {_short(gradient)}"])]
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


def draw_descents(
    axes: Axes,
    loss: Callable[[Tensor], Tensor],
    paths: dict[str, Tensor],
    across: tuple[float, float],
    up: tuple[float, float],
    levels: list[float],
    goal: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Draw the rings at `levels` of `loss`, which maps places (..., 2) to values (...), with named `paths` over them.

    The paths (steps + 1, 2) begin at the square; about 30 places of a path are marked. The cross is at `goal`.
    """
    places = torch.meshgrid(torch.linspace(*across, 160), torch.linspace(*up, 160), indexing="xy")
    height = loss(torch.stack(places, dim=-1))
    axes.contour(*places, height, levels=levels, colors="#B0B0B0", linewidths=1.0, antialiased=False)
    looks = zip((BLUE, ORANGE, GREEN), ("-", "--", ":"), ("o", "^", "D"), paths.items(), strict=False)
    for color, line, marker, (name, path) in looks:
        every = len(path) // 30 + 1
        axes.plot(*path.T, line, color=color, linewidth=1.3, marker=marker, markersize=4, markevery=every, label=name)
    axes.plot(*next(iter(paths.values()))[0], marker="s", markersize=8, color=BLACK)
    axes.plot(*goal, marker="X", markersize=10, color=RED, markeredgecolor="white", zorder=3)
    axes.set(xlim=across, ylim=up)
    axes.grid(False)


def draw_rates(axes: Axes, across: Tensor, up: Tensor, rate: Tensor, labels: list[tuple[float, float]]) -> None:
    """Draw `rate` (U, A), by how much a step shrinks the distance, over `across` (A,) and `up` (U,) as a map.

    Dark is fast. Lines bear the rate at the places `labels`; where it exceeds 1 the map is white.
    """
    levels = [0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0]
    axes.contourf(across, up, rate, levels=levels, colors=list(plt.get_cmap("cividis")(np.linspace(0, 1, 10))))
    marked = [0.8, 0.9, 0.95]
    lines = axes.contour(across, up, rate, levels=marked, colors=BLACK, linewidths=0.9, antialiased=False)
    axes.clabel(lines, fmt="%g", fontsize=11, manual=labels)
    axes.grid(False)


def draw_race(axes: Axes, loss: Callable[[Tensor], Tensor], paths: dict[str, Tensor], goals: Tensor) -> None:
    """Draw the contours of `loss`, the ways of several optimisers over it, and a star at each of the `goals` (G, 2).

    `loss` turns places (..., 2) into losses (...); they are drawn at levels that grow by factors. `paths` holds for each
    optimiser the places (steps + 1, 2) that it visited. All begin at the square.
    """
    places = torch.cat(list(paths.values()))
    low, high = torch.cat([places, goals]).aminmax(dim=0)
    low, high = low - 0.12 * (high - low), high + 0.12 * (high - low)
    across, up = (torch.linspace(float(low[i]), float(high[i]), 121) for i in range(2))
    height = loss(torch.stack(torch.meshgrid(across, up, indexing="xy"), dim=2))
    levels = height.max() * torch.logspace(-2, -0.4, 4)
    axes.contour(across, up, height, levels=levels, colors="#BBBBBB", linewidths=1, antialiased=False)
    looks = ((GREY, "-"), (ORANGE, "--"), (GREEN, "-."), (BLUE, "-"))
    for (name, path), (color, line) in zip(paths.items(), looks, strict=False):
        axes.plot(*path.T, color=color, linestyle=line, linewidth=1.6, label=name)
        axes.plot(*path[-1], color=color, marker="o", markersize=6, linestyle="")
    axes.plot(*places[0], color=BLACK, marker="s", markersize=7, linestyle="", label="start")
    axes.plot(*goals.T, color=RED, marker="*", markersize=12, linestyle="", label="lowest")
    axes.grid(False)


def draw_pictures(axes: Axes, x: Tensor, columns: int, names: list[str], signed: bool = False) -> Axes:
    """Draw the rows of `x` (K, 64) as pictures of 8 x 8, `columns` in a row, each with its name above it.

    0 is white and the largest number black; with `signed`, 0 is white, blue stands for positive and orange for negative numbers.
    """
    most = float(x.abs().max())
    two_sided = LinearSegmentedColormap.from_list("two_sided", [ORANGE, "white", BLUE])
    colours, least = (two_sided, -most) if signed else (mpl.colormaps["Greys"], 0.0)
    for place, (row, name) in enumerate(zip(x.tolist(), names, strict=True)):
        left, top = place % columns * 9.6, place // columns * 11.4
        picture = np.array(row).reshape(8, 8)
        axes.imshow(picture, cmap=colours, vmin=least, vmax=most, extent=(left, left + 8, top + 8, top))
        axes.add_patch(Rectangle((left, top), 8, 8, facecolor="none", edgecolor=GREY, linewidth=0.8))
        axes.text(left + 4, top - 0.5, name, ha="center", va="bottom")
    rows = -(-len(names) // columns)
    axes.set(xlim=(-0.5, columns * 9.6 - 1.1), ylim=(rows * 11.4 - 3.0, -2.6), aspect="equal")
    axes.axis("off")
    return axes


def draw_confusion(axes: Axes, counts: Tensor) -> Axes:
    """Draw `counts` (C, C), rows the true class and columns the predicted one: the diagonal blue, mistakes orange, 0 left empty."""
    hits = torch.eye(len(counts)) * counts
    for table, colours in ((hits, "Blues"), (counts - hits, "Oranges")):
        shown = np.ma.masked_equal(table.numpy(), 0)
        axes.imshow(shown, cmap=colours, vmin=-0.2 * float(table.max()), vmax=1.6 * float(table.max()) + 1e-9)
    for (i, j), count in np.ndenumerate(counts.numpy()):
        if count:
            weight = "bold" if i != j else "normal"
            axes.text(j, i, str(int(count)), ha="center", va="center", weight=weight, color=BLACK)
    axes.set(xticks=range(len(counts)), yticks=range(len(counts)), xlabel="predicted digit", ylabel="true digit")
    axes.tick_params(length=0)
    axes.grid(False)
    return axes

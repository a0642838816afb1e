"""Drawings for losses: residuals, margins, alignments, surfaces."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from autograder.course.figures.tensors import draw_boxes
from autograder.course.palette import BLACK, BLUE, GREEN, GREY, ORANGE, RED, SKY


def draw_residuals(axes: Axes, x: Tensor, y: Tensor, y_hat: Tensor) -> None:
    """Draw points (`x`, `y`), the line through (`x`, `y_hat`), and a dotted bar from each point to the line."""
    axes.vlines(x, y, y_hat, color=RED, linestyle=":", label="error")
    axes.plot(x, y_hat, color=ORANGE, linestyle="--", label="model")
    axes.scatter(x, y, color=BLUE, zorder=3, label="data")


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

    A corner is a class that is certain, the middle the uniform distribution. Gray rings join places of equal entropy and
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

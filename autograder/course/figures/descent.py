"""Drawings of optimizers at work: paths, rates, races."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from autograder.course.palette import BLACK, BLUE, GREEN, GREY, ORANGE, RED


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

    Dark is fast. Lines are labeled with the factor at the places `labels`; where it exceeds 1 the map is white.
    """
    levels = [0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0]
    axes.contourf(across, up, rate, levels=levels, colors=list(plt.get_cmap("cividis")(np.linspace(0, 1, 10))))
    marked = [0.8, 0.9, 0.95]
    lines = axes.contour(across, up, rate, levels=marked, colors=BLACK, linewidths=0.9, antialiased=False)
    axes.clabel(lines, fmt="%g", fontsize=11, manual=labels)
    axes.grid(False)


def draw_race(axes: Axes, loss: Callable[[Tensor], Tensor], paths: dict[str, Tensor], goals: Tensor) -> None:
    """Draw the contours of `loss`, the paths of several optimizers over it, and a star at each of the `goals` (G, 2).

    `loss` turns places (..., 2) into losses (...); they are drawn at levels that grow by factors. `paths` holds for each
    optimizer the places (steps + 1, 2) that it visited. All begin at the square.
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

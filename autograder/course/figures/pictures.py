"""Drawings of handwritten digits and of what a classifier takes them for."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from autograder.course.palette import BLACK, BLUE, GREY, ORANGE


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

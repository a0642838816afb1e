"""Axes for figures that are drawn again at each move of a slider."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

SMALL = 10
"""The smallest text."""


def make_panels(
    ratios: Sequence[float],
    size: tuple[float, float] = (8.6, 3.4),
    left: float = 0.09,
    right: float = 0.98,
    gap: float = 0.28,
    bottom: float = 0.16,
    top: float = 0.89,
) -> list[Axes]:
    """Axes side by side in one new figure, as wide as `ratios` say, all measures as shares of the figure.

    Their places are fixed: finding them by the texts inside takes as long as all the rest of a picture, and they would jump
    with the length of a number. The title of the first is the figure's: it has the width of all.
    """
    grid = {"width_ratios": ratios, "left": left, "right": right, "wspace": gap, "bottom": bottom, "top": top}
    _, axes = plt.subplots(1, len(ratios), figsize=size, layout="none", squeeze=False, gridspec_kw=grid)
    return list(axes[0])


def set_message(axes: Axes, text: str, pad: float = 6) -> None:
    """Give the figure its title, `pad` points above its first axes."""
    axes.set_title(text, loc="left", pad=pad)

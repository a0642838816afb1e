"""The look of the course's figures."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from autograder.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED

LINES = cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, BLACK]) + cycler(
    linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]
)
"""Lines differ in their dashes as well, so that you can tell them apart in gray print."""


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


def write_number(value: float, digits: int = 2) -> str:
    """`value` with `digits` decimals and a real minus sign; never −0."""
    text = f"{value:.{digits}f}"
    return f"{float(text) + 0.0:.{digits}f}".replace("-", "−")


def open_panels(
    columns: int = 1,
    size: tuple[float, float] = (9, 3.4),
    between: float = 0.9,
    above: float = 0.35,
    below: float = 0.62,
    **options: Any,
) -> tuple[Figure, Any]:
    """A figure of `size` (inches) and its axes in a row, with margins that are the same whatever is drawn.

    For figures that move: a layout computed again at each move takes as long as the drawing, and lets the axes jump.
    `between` two panels, `above` and `below` them there are so many inches, for the labels and titles. `options` go to
    `plt.subplots`.
    """
    width, height = size
    left, right = 0.8, 0.2
    inner = (width - left - right - (columns - 1) * between) / columns
    margins = {
        "left": left / width,
        "right": 1 - right / width,
        "bottom": below / height,
        "top": 1 - above / height,
        "wspace": between / inner,
    }
    return plt.subplots(1, columns, figsize=size, layout="none", gridspec_kw=margins, **options)

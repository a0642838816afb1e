"""The look of the course's figures."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler

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

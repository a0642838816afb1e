"""The report's two plots."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from autograder.course.palette import BLACK, BLUE, RED
from autograder.reporting.statistics import ExerciseStatistics, write_percent

STYLE: dict[Any, Any] = {
    **{name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"},  # not the user's settings
    "font.size": 11,
    "text.parse_math": False,
    "text.color": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "svg.hashsalt": "report",
}
"""Names are drawn as they are, also with `$` in them. The salt makes two reports on one class equal."""


def draw_histogram(spread: Sequence[tuple[str, int]]) -> str:
    """How many students have how many points, as an image's address."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.8), layout="constrained")
        axes = figure.subplots()
        counts = [count for _, count in spread]
        bars = axes.bar(range(len(spread)), counts, width=0.9, color=BLUE)
        axes.bar_label(bars, [str(count) if count else "" for count in counts], padding=2)
        axes.set_xticks(range(len(spread)), [label for label, _ in spread])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("points from the automatic checks (fractions rounded down)")
        axes.set_ylabel("students")
        axes.margins(y=0.12)
        return _to_address(figure)


def draw_comparison(exercises: Sequence[ExerciseStatistics], by_chance: float) -> str:
    """Facility and discrimination side by side, one row for each exercise, the hardest on top, as an image's address.

    A row each keeps 25 names apart, which a scatter plot of the two does not.
    """
    ordered = sorted(exercises, key=lambda exercise: 2 if exercise.facility is None else exercise.facility)
    rows = range(len(ordered))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 1.1 + 0.29 * len(ordered)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
        bars = left.barh(rows, [exercise.facility or 0 for exercise in ordered], height=0.72, color=BLUE)
        left.bar_label(bars, [write_percent(exercise.facility) for exercise in ordered], padding=3)
        left.set_yticks(rows, [shorten(exercise.exercise) for exercise in ordered])
        left.set_xlim(0, 1.2)
        left.set_xticks([0, 0.5, 1], ["0%\nall failed", "50%", "100%\nall solved"])
        left.set_xlabel("points earned on average")
        left.invert_yaxis()
        left.tick_params(axis="y", length=0)

        right.axvspan(-by_chance, by_chance, color="#EDEDED")
        right.axvline(0, color=BLACK, linewidth=1)
        for row, exercise in enumerate(ordered):
            value = exercise.discrimination
            if value is None:
                right.annotate("not defined", (0, row), (4, 0), textcoords="offset points", va="center", size=9)
                continue
            colour, marker = (RED, "D") if exercise.is_negative else (BLUE, "o")
            right.plot([0, value], [row, row], color=colour, linewidth=1.5)
            right.plot([value], [row], marker, color=colour, markersize=6.5)
        right.set_xlim(-1.05, 1.05)
        right.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
        right.set_xlabel("discrimination\n(gray: may be chance)")
        right.tick_params(axis="y", length=0)
        return _to_address(figure)


def _to_address(figure: Figure) -> str:
    """The figure as SVG in a `data:` address; letters become shapes, so that it looks the same everywhere."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def shorten(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"

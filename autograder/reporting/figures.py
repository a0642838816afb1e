"""The report's figures, as SVG inside the page: their colors are the page's, so they follow its light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

from markupsafe import Markup

from autograder.reporting.statistics import ExerciseStatistics, write_percent

WIDTH, ROW = 720, 24


def _draw(height: float, alt: str, parts: Sequence[Markup]) -> Markup:
    inside = Markup("").join(parts)
    return Markup('<svg role="img" viewBox="0 0 {} {:g}" aria-label="{}">{}</svg>').format(WIDTH, height, alt, inside)


def _text(x: float, y: float, text: object, anchor: str = "start", kind: str = "") -> Markup:
    return Markup('<text x="{:g}" y="{:g}" text-anchor="{}"{}>{}</text>').format(
        x, y, anchor, Markup(' class="{}"').format(kind) if kind else "", text
    )


def _rect(x: float, y: float, width: float, height: float, kind: str = "bar") -> Markup:
    return Markup('<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(
        kind, round(x, 1), round(y, 1), round(width, 1), round(height, 1)
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> Markup:
    return Markup('<line class="{}" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(
        kind, round(x1, 1), round(y1, 1), round(x2, 1), round(y2, 1)
    )


def draw_histogram(spread: Sequence[tuple[str, int]], label: str) -> Markup:
    """How many students are in each range; `label` names the axis."""
    top, base = 22, 182
    most = max((count for _, count in spread), default=0) or 1
    step = WIDTH / max(1, len(spread))
    parts = [_line(0, base, WIDTH, base)]
    for place, (name, count) in enumerate(spread):
        middle, height = (place + 0.5) * step, (base - top) * count / most
        if count:
            parts += [_rect(middle - 0.45 * step, base - height, 0.9 * step, height)]
            parts += [_text(middle, base - height - 5, count, "middle")]
        parts += [_text(middle, base + 17, name, "middle")]
    parts += [_text(WIDTH / 2, base + 40, label, "middle", "quiet")]
    told = ", ".join(f"{name}: {count}" for name, count in spread if count)
    return _draw(base + 48, f"Histogram of students by {label}. {told}.", parts)


def draw_comparison(exercises: Sequence[tuple[str, ExerciseStatistics]], by_chance: float) -> Markup:
    """Facility and discrimination side by side, a row for each exercise with its title, the hardest on top.

    A row each keeps 25 names apart, which a scatter plot of the two does not.
    """
    ordered = sorted(exercises, key=lambda one: 2 if one[1].facility is None else one[1].facility)
    left, width, middle, half = 232, 180, 582, 118
    bottom = 4 + ROW * len(ordered)
    parts = [_rect(middle - by_chance * half, 2, 2 * by_chance * half, bottom - 2, "track")]
    parts += [_line(middle, 2, middle, bottom), _line(left, 2, left, bottom)]
    for row, (title, one) in enumerate(ordered):
        y = 4 + (row + 0.5) * ROW
        parts += [_text(left - 8, y + 4.5, shorten(title), "end")]
        if one.facility is not None:
            parts += [_rect(left, y - 8, width * one.facility, 16)]
        parts += [_text(left + width * (one.facility or 0) + 5, y + 4.5, write_percent(one.facility))]
        value = one.discrimination
        if value is None:
            parts += [_text(middle + 6, y + 4.5, "not defined", kind="quiet")]
            continue
        x, kind = middle + value * half, "red" if one.is_negative else "blue"
        parts += [_line(middle, y, x, y, kind)]
        if one.is_negative:
            shape = '<path class="red" d="M{:g} {:g}l6 6l-6 6l-6 -6z"/>'
            parts += [Markup(shape).format(round(x, 1), round(y - 6, 1))]
        else:
            parts += [Markup('<circle class="blue" cx="{:g}" cy="{:g}" r="5"/>').format(round(x, 1), round(y, 1))]
    for x, text in ((left, "0%"), (left + width / 2, "50%"), (left + width, "100%")):
        parts += [_text(x, bottom + 17, text, "middle")]
    for value in (-1, -0.5, 0, 0.5, 1):
        parts += [_text(middle + value * half, bottom + 17, f"{value:g}".replace("-", "−"), "middle")]
    parts += [_text(left + width / 2, bottom + 37, "points earned on average", "middle", "quiet")]
    parts += [_text(middle, bottom + 37, "discrimination (gray: may be chance)", "middle", "quiet")]
    alt = "Two charts side by side, a row for each exercise: points earned on average, and discrimination. The table has the same numbers."
    return _draw(bottom + 46, alt, parts)


def draw_profile(rows: Sequence[tuple[str, float | None, Sequence[float]]], name: str) -> Markup:
    """One student in the class: by chapter a dot for the student's share of the points, on a bar from the class's quarter to its three quarters."""
    left, bottom = 190, 4 + 28 * len(rows)
    most = max([1.0, *(share for _, own, others in rows for share in (own or 0, *others))])
    width = 500 / most
    parts = [_line(left + width * share, 2, left + width * share, bottom, "track grid") for share in (0, 0.5, 1)]
    told = []
    for row, (title, own, others) in enumerate(rows):
        y = 4 + (row + 0.5) * 28
        parts += [_text(left - 10, y + 4.5, shorten(title, 26), "end")]
        if len(others) >= 2:
            low, median, high = quantiles(others, n=4, method="inclusive")
            parts += [_rect(left + width * low, y - 8, width * (high - low), 16, "track")]
            parts += [_line(left + width * median, y - 8, left + width * median, y + 8)]
        if own is not None:
            x = left + width * own
            parts += [Markup('<circle class="blue" cx="{:g}" cy="{:g}" r="6"/>').format(round(x, 1), round(y, 1))]
            told += [f"{title}: {write_percent(own)}"]
        else:
            parts += [_text(left + 4, y + 4.5, "no grade", kind="quiet")]
            told += [f"{title}: no grade"]
    for share in (0, 0.5, 1):
        parts += [_text(left + width * share, bottom + 17, f"{share:.0%}", "middle")]
    alt = f"Share of the points. {name}: {'; '.join(told)}."
    return _draw(bottom + 26, alt, parts)


def spread_shares(percents: Sequence[float]) -> list[tuple[str, int]]:
    """How many marks for the course are in each range of ten percentage points; what is above 100 is in a range of its own."""
    counts = dict.fromkeys(range(10), 0)
    above = 0
    for percent in percents:
        if percent > 100:
            above += 1
        else:
            counts[min(9, int(percent // 10))] += 1
    spread = [(f"{10 * place}–{10 * place + 9 if place < 9 else 100}", count) for place, count in counts.items()]
    return spread + ([(">100", above)] if above else [])


def shorten(name: str, most: int = 30) -> str:
    """At most so many letters; what tells exercises of one title apart, after its last dot, stays."""
    start, dot, end = name.rpartition(" · ")
    left = most - 1 - len(dot + end)
    if len(name) <= most:
        return name
    return f"{start[:left].rstrip()}…{dot}{end}" if start and left >= most // 4 else f"{name[: most - 1]}…"

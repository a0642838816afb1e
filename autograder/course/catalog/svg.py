"""Small line drawings as SVG: readable in a light and in a dark theme, and the same text at every run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 390, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 50, 42
CHARACTER = 7.0
"""The width of a letter of the legend, in pixels: enough for the fonts that browsers take."""

Point = tuple[float, float]

# Without the @media rule, for a page whose theme is not the system's, the grays can be read on white and on black.
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#757575}.t{font-size:13px;font-weight:bold}"
    ".a{stroke:#757575;stroke-width:1;fill:none}.g{stroke:#8A8A8A;stroke-opacity:.3;stroke-width:1;fill:none}"
    ".s{fill:#8A8A8A;fill-opacity:.22}"
    ".l0,.l1,.l2,.l3{fill:none;stroke-width:2.2;stroke-linejoin:round}"
    ".l0{stroke:#0072B2}.l1{stroke:#D98F00;stroke-dasharray:7 4}.l2{stroke:#009E73;stroke-dasharray:9 3 2 3}"
    ".l3{stroke:#D55E00;stroke-dasharray:2 3}"
    "@media (prefers-color-scheme:dark){text{fill:#C8C8C8}.a{stroke:#C8C8C8}.l0{stroke:#56B4E9}.l1{stroke:#E69F00}}"
    "@media (prefers-color-scheme:light){text{fill:#333}.a{stroke:#333}}"
)


@dataclass(frozen=True)
class Line:
    """A curve through points of the plane, in pieces where it is interrupted. Without a label it is thin and gray."""

    label: str
    pieces: Sequence[Sequence[Point]]


@dataclass(frozen=True)
class Picture:
    """Up to four labeled lines over a pair of axes."""

    title: str
    x: str
    y: str
    xlim: Point
    ylim: Point
    lines: Sequence[Line]
    shaded: Sequence[Point] = ()
    """Spans of x that are shaded."""
    squares: Sequence[Point] = ()
    stars: Sequence[Point] = ()


def spread(limits: Point, count: int) -> list[float]:
    """So many numbers, evenly from limit to limit, the same on every processor (`torch.linspace` differs in the last bits)."""
    low, high = limits
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def write_svg(picture: Picture, description: str) -> str:
    """The picture as the text of an SVG file. `description` is for readers who can't see it."""
    across, up = _Scale(picture.xlim, LEFT, WIDTH - RIGHT), _Scale(picture.ylim, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(picture.title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<clipPath id="c"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"/></clipPath>',
        f'<text class="t" x="{LEFT}" y="16">{escape(picture.title)}</text>',
        *_write_axes(picture, across, up),
    ]
    labeled = 0
    legend = float(LEFT)
    for line in picture.lines:
        kind = f"l{labeled}" if line.label else "g"
        for piece in line.pieces:
            points = " ".join(f"{_near(across(x), WIDTH):.1f},{_near(up(y), HEIGHT):.1f}" for x, y in piece)
            parts.append(f'<polyline class="{kind}" clip-path="url(#c)" points="{points}"/>')
        if line.label:
            parts.append(f'<path class="{kind}" d="M{legend:.0f} 34h24"/>')
            parts.append(f'<text x="{legend + 29:.0f}" y="38">{escape(line.label)}</text>')
            legend += 29 + CHARACTER * len(line.label) + 12
            labeled += 1
    for x, y in picture.squares:
        parts.append(f'<rect class="a" x="{across(x) - 4:.0f}" y="{up(y) - 4:.0f}" width="8" height="8"/>')
    for x, y in picture.stars:
        parts.append(f'<path class="a" d="M{across(x) - 5:.0f} {up(y):.0f}h10m-5 -5v10"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _write_axes(picture: Picture, across: _Scale, up: _Scale) -> Iterable[str]:
    low, high = HEIGHT - BOTTOM, WIDTH - RIGHT
    for begin, end in picture.shaded:
        x = across(begin)
        yield f'<rect class="s" x="{x:.0f}" y="{TOP}" width="{across(end) - x:.0f}" height="{low - TOP}"/>'
    for value in make_ticks(picture.xlim):
        x = across(value)
        yield f'<path class="g" d="M{x:.0f} {TOP}V{low}"/>'
        yield f'<text x="{x:.0f}" y="{low + 16}" text-anchor="middle">{_say(value)}</text>'
    for value in make_ticks(picture.ylim):
        y = up(value)
        yield f'<path class="g" d="M{LEFT} {y:.0f}H{high}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{_say(value)}</text>'
    yield f'<path class="a" d="M{LEFT} {TOP}V{low}H{high}"/>'
    yield f'<text x="{(LEFT + high) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(picture.x)}</text>'
    middle = (TOP + low) // 2
    yield f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(picture.y)}</text>'


def make_ticks(limits: Point) -> list[float]:
    """Round numbers between the limits, three to six of them."""
    low, high = limits
    size = 10 ** math.floor(math.log10((high - low) / 2))
    step = next(size * factor for factor in (0.5, 1, 2, 5) if (high - low) / (size * factor) < 6)
    return [round(count * step, 9) for count in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _say(value: float) -> str:
    return f"{value:g}".replace("-", "−")


class _Scale:
    """Where a value lies, in pixels."""

    def __init__(self, limits: Point, begin: float, end: float) -> None:
        self.low, self.begin = limits[0], begin
        self.factor = (end - begin) / (limits[1] - limits[0])

    def __call__(self, value: float) -> float:
        return self.begin + (value - self.low) * self.factor


def _near(value: float, size: float) -> float:
    """`value`, or a place just outside of the picture: what is cut off needs no large number."""
    return min(max(value, -size), 2 * size)

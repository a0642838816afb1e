"""Which values of a moved figure the book shows: a picture is drawn for each combination when the book is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from autograder.course.figures.moving import WIDE, Range

MOST = 50
"""How many pictures of one figure there are at most."""

ALONE = 25
"""How many values the only slider of a figure has at most."""

FEWEST = 2


@dataclass(frozen=True)
class Control:
    """What a reader moves: its name, the values that it has in the book, in order, and the place of the one that it starts with."""

    name: str
    values: tuple[Any, ...]
    start: int
    is_choice: bool

    @property
    def says(self) -> list[str]:
        """The values as a reader sees them."""
        return [_say(value) for value in self.values]


def plan_controls(controls: Mapping[str, Range], most: int = MOST) -> list[Control]:
    """The controls of a figure in the book, given those that it has in a notebook (see `figures.move`), for at most `most` pictures in all.

    Choices keep all their values. The sliders share what is left, and always keep the value that they start with.
    """
    choices = {name: _list_choices(control) for name, control in controls.items() if not isinstance(control, tuple)}
    left = max(1, most // math.prod(len(values) for values in choices.values()))
    sliders: dict[str, tuple[Any, Any, Any]] = {name: one for name, one in controls.items() if isinstance(one, tuple)}
    counts = _share(sliders, min(left, ALONE) if len(sliders) == 1 else left)
    planned = []
    for name, control in controls.items():
        if isinstance(control, tuple):
            low, high, start = control
            values = _spread(low, high, start, counts[name])
            planned.append(Control(name, values, values.index(start), is_choice=False))
        else:
            planned.append(Control(name, tuple(choices[name]), 0, is_choice=True))
    return planned


def list_frames(controls: list[Control]) -> list[dict[str, Any]]:
    """The values of each picture; the last control changes fastest."""
    names = [control.name for control in controls]
    return [dict(zip(names, values, strict=True)) for values in product(*(one.values for one in controls))]


def find_start(controls: list[Control]) -> int:
    """The number of the picture that the figure starts with."""
    place = 0
    for control in controls:
        place = place * len(control.values) + control.start
    return place


def _list_choices(control: Any) -> list[Any]:
    return [control, not control] if isinstance(control, bool) else list(control)


def _share(sliders: Mapping[str, tuple[Any, Any, Any]], left: int) -> dict[str, int]:
    """How many values each slider gets: as evenly as can be, the first ones more."""
    counts = dict.fromkeys(sliders, FEWEST)
    grew = True
    while grew:
        grew = False
        for name, control in sliders.items():
            more = counts | {name: counts[name] + 1}
            if more[name] <= _count_values(*control) and math.prod(more.values()) <= left:
                counts, grew = more, True
    return counts


def _count_values(low: Any, high: Any, start: Any) -> float:
    return high - low + 1 if all(isinstance(end, int) for end in (low, high, start)) else math.inf


def _spread(low: Any, high: Any, start: Any, count: int) -> tuple[Any, ...]:
    """`count` values from `low` to `high`, evenly, or by a factor where a slider would be logarithmic; the one nearest to `start` is `start`."""
    shares = [number / (count - 1) for number in range(count)]
    if low > 0 and high / low >= WIDE:
        values = [low * (high / low) ** share for share in shares]
        nearest = min(range(count), key=lambda place: abs(math.log(values[place] / start)))
    else:
        values = [low + (high - low) * share for share in shares]
        nearest = min(range(count), key=lambda place: abs(values[place] - start))
    whole = all(isinstance(end, int) for end in (low, high, start))
    values = [round(value) if whole else float(f"{value:.3g}") for value in values]
    values[nearest] = start
    return tuple(sorted(set(values)))


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float) else str(value)

"""How far two markers agree: in percent, and beyond what chance gives (Cohen 1960, doi.org/10.1177/001316446002000104)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Of `count` answers that both marked. `percent` is the share with equal points; `kappa` is `None` where chance alone agrees always.

    `weighted` is kappa with quadratic weights (Cohen 1968, doi.org/10.1037/h0026256): a difference counts by its square, in points.
    """

    count: int
    percent: float | None
    kappa: float | None
    weighted: float | None
    difference: float | None
    """The mean of the first marker's points minus the second's: who is stricter."""


def measure_agreement(pairs: Sequence[tuple[float, float]]) -> Agreement:
    """Of the points that two markers gave to the same answers."""
    count = len(pairs)
    if not count:
        return Agreement(0, None, None, None, None)
    first, second = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    same = sum(a == b for a, b in pairs) / count
    by_chance = sum(first[mark] * second[mark] for mark in first) / count**2
    apart = sum((a - b) ** 2 for a, b in pairs) / count
    apart_by_chance = sum((a - b) ** 2 * first[a] * second[b] for a in first for b in second) / count**2
    return Agreement(
        count,
        round(100 * same, 1),
        None if by_chance == 1 else round((same - by_chance) / (1 - by_chance), 3),
        None if apart_by_chance == 0 else round(1 - apart / apart_by_chance, 3),
        round(sum(a - b for a, b in pairs) / count, 3),
    )

"""Schedules in plain code: each takes a step, counted from 0, and gives the learning rate of that step."""

from __future__ import annotations

import math
from collections.abc import Sequence


def step_decay(t: int, lr: float, every: int, factor: float = 0.1) -> float:
    return lr * factor ** (t // every)


def exponential_decay(t: int, lr: float, k: float) -> float:
    return lr * math.exp(-k * t)


def plateau(losses: Sequence[float], lr: float, factor: float = 0.1, patience: int = 10) -> float:
    best, bad = math.inf, 0
    for loss in losses:
        best, bad = (loss, 0) if loss < best * (1 - 1e-4) else (best, bad + 1)
        if bad > patience:
            lr, bad = lr * factor, 0
    return lr


def cosine(t: int, lr: float, steps: int, lowest: float = 0.0) -> float:
    return lowest + (lr - lowest) * (1 + math.cos(math.pi * t / steps)) / 2


def one_cycle(t: int, highest: float, steps: int, rise: float = 0.3) -> float:
    first, last, top = highest / 25, highest / 250_000, rise * steps - 1
    if t <= top:
        return first + (highest - first) * (1 - math.cos(math.pi * t / top)) / 2
    return last + (highest - last) * (1 + math.cos(math.pi * (t - top) / (steps - 1 - top))) / 2


def warm_up(t: int, lr: float, steps: int, begin: float = 0.01) -> float:
    return lr * min(1, begin + (1 - begin) * t / steps)

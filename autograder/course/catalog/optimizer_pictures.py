"""Paths of optimizers through one ravine, all from the same start, and schedules against steps."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import torch
from torch import Tensor

from autograder.course.catalog import optimizer_formulas as formulas
from autograder.course.catalog import schedule_formulas as schedules
from autograder.course.catalog.svg import Line, Picture, Point

CURVATURES = torch.tensor([1.0, 20.0], dtype=torch.float64)
"""The ravine is ½ (w₁² + 20 w₂²): κ = 20, and gradient descent is stable below η = 0.1."""

START: Point = (-9.0, 2.0)
XLIM, YLIM = (-10.0, 3.0), (-3.0, 3.0)
STEPS = 40

Optimizer = Callable[..., Tensor]


def walk(optimizer: Optimizer, steps: int = STEPS, **settings: float) -> list[Point]:
    """The weights from START on, `steps` + 1 places."""
    w = torch.tensor(START, dtype=torch.float64)
    state: formulas.State = {}
    path: list[Point] = [START]
    for _ in range(steps):
        w = optimizer(w, CURVATURES * w, state, **settings)
        path.append((float(w[0]), float(w[1])))
    return path


def ravine(title: str, paths: dict[str, list[Point]]) -> Picture:
    """Paths over the ravine's level lines; the square is the start, the cross the minimum."""
    rings = [Line("", [_make_ring(level)]) for level in (1, 5, 15, 30, 60)]
    lines = [Line(label, [path]) for label, path in paths.items()]
    return Picture(title, "w₁", "w₂", XLIM, YLIM, [*rings, *lines], squares=[START], stars=[(0, 0)])


def _make_ring(level: float) -> list[Point]:
    """The ellipse on which the ravine is `level` high."""
    across, up = (math.sqrt(2 * level / float(c)) for c in CURVATURES)
    angles = [2 * math.pi * i / 60 for i in range(61)]
    return [(across * math.cos(a), up * math.sin(a)) for a in angles]


def draw_gradient_descent() -> Picture:
    paths = {f"η = {lr}": walk(formulas.gradient_descent, lr=lr) for lr in (0.03, 0.093)}
    return ravine("Slow along the valley, or zig-zag across it", paths)


def compare(title: str, label: str, optimizer: Optimizer, lr: float, steps: int = STEPS, **settings: float) -> Picture:
    """A path of an optimizer beside plain gradient descent's at η = 0.03."""
    paths = {
        f"{label}, η = {lr:g}": walk(optimizer, steps, lr=lr, **settings),
        "GD, η = 0.03": walk(formulas.gradient_descent, lr=0.03),
    }
    return ravine(title, paths)


def draw_adamw() -> Picture:
    paths = {f"decay {decay:g}": walk(formulas.adamw, lr=0.5, decay=decay) for decay in (0.0, 0.3)}
    return ravine("Decay pulls straight toward 0 (η = 0.5)", paths)


def draw_asgd() -> Picture:
    """Noisy gradients; the average begins at the 22nd step."""
    noise = random.Random(3)
    w = torch.tensor(START, dtype=torch.float64)
    state: formulas.State = {}
    path: list[Point] = [START]
    mean: list[Point] = []
    for _ in range(60):
        disturbance = torch.tensor([noise.gauss(0, 8), noise.gauss(0, 8)], dtype=torch.float64)
        w = formulas.asgd(w, CURVATURES * w + disturbance, state, lr=0.06, t0=20)
        path.append((float(w[0]), float(w[1])))
        mean.append((float(state["average"][0]), float(state["average"][1])))
    return ravine("The average is calmer than the weights", {"weights": path, "their average": mean[21:]})


def draw_sparse_adam() -> Picture:
    """The gradient has a number for one of the two weights only: the second at every third step, the first at the others."""
    w = torch.tensor(START, dtype=torch.float64)
    state: formulas.State = {}
    path: list[Point] = [START]
    for t in range(STEPS):
        seen = torch.tensor([t % 3 != 2, t % 3 == 2])
        w = formulas.sparse_adam(w, torch.where(seen, CURVATURES * w, 0.0), state, lr=0.5)
        path.append((float(w[0]), float(w[1])))
    return ravine("Only what has a gradient moves (η = 0.5)", {"SparseAdam": path})


def draw_muon() -> Picture:
    """The two weights as a matrix of one row: every step has nearly the same length."""

    def one_row(w: Tensor, g: Tensor, state: formulas.State, lr: float) -> Tensor:
        return formulas.muon(w[None, :], g[None, :], state, lr, decay=0.0)[0]

    return compare("Steps of nearly the same length", "Muon", one_row, 0.4)


def rates(title: str, lines: dict[str, Callable[[int], float]], top: float = 0.11, steps: int = 100) -> Picture:
    """Learning rates of at most `top` for 100 steps."""
    drawn = [Line(label, [[(t, rate(t)) for t in range(steps + 1)]]) for label, rate in lines.items()]
    return Picture(title, "step", "learning rate η", (0, steps), (0, top), drawn)


def draw_plateau() -> Picture:
    """A loss that falls fast, stays, and falls again when the learning rate has been cut."""
    losses: list[float] = []
    found: list[Point] = []
    for t in range(101):
        lr = schedules.plateau(losses, 0.1, factor=0.3, patience=8)
        floor = 0.09 * lr / 0.1 + 0.01
        losses.append(floor + 0.09 * math.exp(-t / 6) if t < 100 else floor)
        losses[-1] = max(losses[-1], floor + 0.002)
        found.append((t, lr))
    lines = [Line("η", [found]), Line("loss, scaled", [[(t, loss) for t, loss in enumerate(losses)]])]
    return Picture("It waits, then cuts", "epoch", "learning rate η", (0, 100), (0, 0.2), lines)

"""Figures that the reader moves: what the learning rate and momentum do in a ravine, and five optimizers in one."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from numpy.typing import NDArray

from autograder.course.figures.panels import SMALL, make_panels, set_message
from autograder.course.palette import BLACK, BLUE, PURPLE

Array = NDArray[np.float64]

SPEEDS = (0, 5, 10, 20, 50, 100, 10**9)
"""Borders of the colors of the map, in steps for a tenth of the distance."""

SHADES = ("#08306B", "#1967AD", "#4A98C9", "#94C4DF", "#CADDF0", "#EAF1FA")

START, PLANE_STEPS = (-4.0, 1.0), 60


def show_momentum_plane(learning_rate: float = 0.6, momentum: float = 0.3, condition: float = 30.0) -> None:
    """Show the plane of learning rate η and momentum μ for a ravine of `condition` κ, with the path from the chosen point.

    The ravine has the curvatures 1 and 1/κ; κ = 1 is a single mode. With v ← μv + g, w ← w − ηv each mode of curvature λ shrinks
    like ρᵏ, where ρ is the larger size of the roots of z² − (1 + μ − ηλ)z + μ = 0. The map says how many steps the slower mode takes to
    a tenth of its distance, −1/log₁₀ρ; white diverges, from η = 2(1 + μ). On a line one mode is critically damped; at the
    star, where the lines cross, no other point is faster. Sources: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964;
    Goh, "Why Momentum Really Works", Distill, 2017, https://doi.org/10.23915/distill.00006.

    Controls: `learning_rate=(0.1, 4.0, 0.6), momentum=(0.0, 0.98, 0.3), condition=(1.0, 200.0, 30.0)`.
    """
    plane, ravine = make_panels([1, 1.05], size=(9.0, 3.6), left=0.07, gap=0.2, bottom=0.15)
    _draw_plane(plane, condition)
    plane.plot(
        learning_rate, momentum, "o", color=PURPLE, markeredgecolor="white", markersize=12, clip_on=False, zorder=5
    )
    path = descend(learning_rate, momentum, condition)
    _draw_path(ravine, path, condition)
    ravine.set(xlabel="weight w₁ (curvature 1/κ)", ylabel="weight w₂ (curvature 1)", xlim=(-5, 3.5), ylim=(-2.5, 2.5))
    ravine.set(xticks=[-4, -2, 0, 2], yticks=[-2, -1, 0, 1, 2])
    factor = max(find_factor(learning_rate, momentum, curvature) for curvature in (1.0, 1 / condition))
    set_message(plane, f"η = {learning_rate:.2f}, μ = {momentum:.2f}, κ = {condition:.0f}: {_tell_speed(factor)}")


def _draw_plane(plane: Axes, condition: float) -> None:
    """The map with its key, the lines of critical damping, and a star at the best point."""
    plane.imshow(
        map_speeds(condition),
        cmap=ListedColormap(SHADES),
        norm=BoundaryNorm(SPEEDS, len(SHADES)),
        extent=(0, 4, 0, 1),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    rates = np.linspace(0, 4, 201)
    for curvature, line in ((1.0, "-"), (1 / condition, "--")):
        momenta = (1 - np.sqrt(rates * curvature)) ** 2
        inside = rates <= 2 * (1 + momenta)
        plane.plot(rates[inside], momenta[inside], color=BLACK, linestyle=line, linewidth=1)
    root = (math.sqrt(condition) - 1) / (math.sqrt(condition) + 1)
    plane.plot(
        (1 + root) ** 2, root**2, "*", color="white", markeredgecolor=BLACK, markersize=16, clip_on=False, zorder=4
    )
    heights = 0.42 - 0.064 * np.arange(len(SHADES) + 1)
    plane.scatter([3.35] * len(heights), heights, c=[*SHADES, "white"], marker="s", s=70, edgecolors="#B0B0B0")
    names = ["steps", *(f"≤ {border}" for border in SPEEDS[1:-1]), f"> {SPEEDS[-2]}", "never"]
    for height, name in zip([0.496, *heights], names, strict=True):
        plane.text(3.48 if name != "steps" else 3.27, height, name, va="center", fontsize=SMALL)
    plane.set(xlabel="learning rate η", ylabel="momentum μ", xlim=(0, 4), ylim=(0, 1), xticks=[0, 1, 2, 3, 4])
    plane.grid(False)


def _draw_path(axes: Axes, path: Array, condition: float) -> None:
    """Rings of equal loss, `condition` being that of the ravine along the first of its axes, and a path (steps + 1, 2)."""
    angle = np.linspace(0, 2 * np.pi, 61)
    rings = [(level * np.cos(angle), level * np.sin(angle) / math.sqrt(condition)) for level in (1.0, 2.0, 4.0)]
    across, up = (np.concatenate([[*ring[i], np.nan] for ring in rings]) for i in range(2))
    axes.plot(across, up, color="#B0B0B0", linewidth=1, linestyle="-")
    far = np.abs(path).max(axis=1) > 50
    path = path[: int(far.argmax()) + 1] if far.any() else path
    axes.plot(*path.T, color=BLUE, linestyle="-", linewidth=1.2, marker="o", markersize=3.5, label="path")
    axes.plot(*path[0], "s", color=BLACK, markersize=8)
    axes.plot(0, 0, "+", color=BLACK, markersize=10, markeredgewidth=2)
    axes.grid(False)


def find_factor(learning_rate: float, momentum: float, curvature: float) -> float:
    """The convergence factor ρ of a mode: the larger size of the roots of z² − (1 + μ − ηλ)z + μ."""
    return float(_find_factors(np.array(learning_rate), np.array(momentum), curvature))


def _find_factors(rates: Array, momenta: Array, curvature: float) -> Array:
    half = (1 + momenta - rates * curvature) / 2
    inside = half**2 - momenta
    factors: Array = np.where(inside < 0, np.sqrt(momenta), np.abs(half) + np.sqrt(np.maximum(inside, 0)))
    return factors


@lru_cache(maxsize=32)
def map_speeds(condition: float) -> Array:
    """The steps for a tenth of the distance over μ (150,) from 0 to 1 and η (240,) from 0 to 4; nan where it diverges."""
    rates = (np.arange(240) + 0.5) / 60
    momenta = ((np.arange(150) + 0.5) / 150)[:, None]
    factors = np.maximum(_find_factors(rates, momenta, 1.0), _find_factors(rates, momenta, 1 / condition))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(factors < 1, -1 / np.log10(factors), np.nan)


def descend(learning_rate: float, momentum: float, condition: float) -> Array:
    """The path (61, 2) of 60 steps of momentum on (w₁²/κ + w₂²)/2."""
    curvature = np.array([1 / condition, 1.0])
    place, velocity = np.array(START), np.zeros(2)
    path = [place]
    for _ in range(PLANE_STEPS):
        velocity = momentum * velocity + curvature * place
        place = place - learning_rate * velocity
        path.append(place)
    return np.array(path)


def _tell_speed(factor: float) -> str:
    if factor > 1.0005:
        return f"diverges, ρ = {factor:.2f} per step"
    if factor > 0.9995:
        return "neither shrinks nor grows"
    steps = 0.0 if factor < 1e-6 else -1 / math.log10(factor)
    return f"a factor of 10 in distance takes about {max(1, round(steps))} step{'s' if round(steps) > 1 else ''}"


RAVINE_STEPS = 40

OPTIMIZERS = ("GD", "momentum", "Nesterov", "RMSprop", "Adam")


def show_ravine(rate_factor: float = 1.0, condition: float = 30.0) -> None:
    """Show 40 steps of five optimizers in one ravine of `condition` κ, at `rate_factor` times a learning rate that is usual for each.

    The loss is (w₁² + κw₂²)/2. Gradient descent, momentum and Nesterov (μ = 0.9) have the learning rate 1/κ, at which a step
    lands on the floor of the ravine; RMSprop (α = 0.99) and Adam (0.9, 0.999) have 0.1. All are as `torch.optim` defines them.

    Controls: `rate_factor=(0.1, 10.0, 1.0), condition=(1.0, 100.0, 30.0)`.
    """
    panels = make_panels([1] * 5, size=(9.0, 3.6), left=0.065, right=0.99, gap=0.08, bottom=0.15, top=0.76)
    paths = run_optimizers(rate_factor, condition)
    losses = {name: (path[-1, 0] ** 2 + condition * path[-1, 1] ** 2) / 2 for name, path in paths.items()}
    for axes, (name, path) in zip(panels, paths.items(), strict=True):
        _draw_path(axes, path, condition)
        axes.text(0.5, 1.02, f"{name}\n{_tell_loss(losses[name])}", transform=axes.transAxes, ha="center", va="bottom")
        axes.set(xlabel="weight w₁", xlim=(-5, 3), ylim=(-2.2, 2.2), xticks=[-4, 0], yticks=[])
    panels[0].set(ylabel="weight w₂", yticks=[-2, -1, 0, 1, 2])
    best = min(losses, key=losses.__getitem__)
    text = f"κ = {condition:.0f}, learning rates × {rate_factor:.2g}: after {RAVINE_STEPS} steps {best} has the lowest loss"
    set_message(panels[0], text, pad=42)


def _tell_loss(loss: float) -> str:
    if loss > 1e4:
        return "diverges"
    return "loss < 0.001" if loss < 1e-3 else f"loss {loss:.3f}" if loss < 1 else f"loss {loss:.1f}"


def run_optimizers(rate_factor: float, condition: float) -> dict[str, Array]:
    """The path (41, 2) of each of the five from (−4, 1)."""
    curvature = np.array([1.0, condition])
    paths = {}
    for name in OPTIMIZERS:
        place, first, second = np.array([-4.0, 1.0]), np.zeros(2), np.zeros(2)
        path = [place]
        rate = rate_factor * (0.1 if name in ("RMSprop", "Adam") else 1 / condition)
        for step in range(1, RAVINE_STEPS + 1):
            gradient = curvature * place
            if name == "GD":
                move = gradient
            elif name == "RMSprop":
                second = 0.99 * second + 0.01 * gradient**2
                move = gradient / (np.sqrt(second) + 1e-8)
            elif name == "Adam":
                first = 0.9 * first + 0.1 * gradient
                second = 0.999 * second + 0.001 * gradient**2
                move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            else:
                first = 0.9 * first + gradient
                move = first if name == "momentum" else gradient + 0.9 * first
            place = place - rate * move
            path.append(place)
        paths[name] = np.array(path)
    return paths

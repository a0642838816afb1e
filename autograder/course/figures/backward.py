"""Figures that the reader moves: what a derivative costs with differences, and how backpropagation gets it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from autograder.course.figures.panels import SMALL, make_panels, set_message
from autograder.course.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY

PLACE, SLOPE = 1.0, 3.0
"""The cube has slope 3 at 1. Its value takes two multiplications, which every processor rounds alike."""

STEPS = np.logspace(-12, 0, 145)

TICKS, TICK_LABELS = [1e-12, 1e-9, 1e-6, 1e-3, 1], ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]


def show_step_size(step: float = 0.1, precision: str = "float32") -> None:
    """Show the error of a forward and of a central difference against their step h, and beside it both secants at `step`.

    The function is x³ at x = 1, with slope 3, computed in `precision`, "float32" or "float64". A large step has the error of the
    bend (about 3h forward, h² central), a small one that of rounding (about ε/h, for ε see `torch.finfo`).
    Source: Press et al., Numerical Recipes, 3rd edition (2007), chapter 5.7.

    Controls: `step=(1e-12, 0.9, 0.1), precision=["float32", "float64"]`.
    """
    left, right = make_panels([1.15, 1])
    forward, central = _find_slopes(step, precision)
    looks = (
        ("forward", PURPLE, "-", 2.6, "o", 10, forward, PLACE),
        ("central", SKY, "--", 1.6, "D", 6, central, PLACE - step),
    )
    x = np.linspace(0, 2, 81)
    right.plot(x, x**3, color=GREY, linestyle="-", linewidth=1.5, label="f(x) = x³")
    right.plot(x, 1 + SLOPE * (x - PLACE), color=RED, linestyle="-", linewidth=6, alpha=0.3, label="tangent")
    for (name, color, line, width, mark, size, slope, foot), errors in zip(looks, _find_errors(precision), strict=True):
        left.plot(STEPS, errors, color=color, linestyle=line, linewidth=width)
        left.plot(step, max(abs(slope - SLOPE), 1e-12), mark, color=color, markeredgecolor=BLACK, markersize=size)
        right.plot(x, foot**3 + slope * (x - foot), color=color, linestyle=line, linewidth=width, label=name)
    ends = np.array([PLACE - step, PLACE, PLACE + step])
    right.plot(ends, ends**3, "o", color=BLACK, markersize=5, zorder=3)
    left.axvline(step, color=BLACK, linewidth=1, linestyle=":", zorder=1)
    left.set(
        xscale="log", yscale="log", xlim=(1e-12, 1), ylim=(1e-12, 20), xlabel="step h", ylabel="error of the slope"
    )
    left.set(xticks=TICKS, xticklabels=TICK_LABELS, yticks=TICKS, yticklabels=TICK_LABELS)
    left.minorticks_off()
    right.set(xlabel="x", ylabel="f(x)", xlim=(0, 2), ylim=(-2, 8), xticks=[0, 0.5, 1, 1.5, 2])
    right.legend(fontsize=SMALL, loc="upper left")
    errors = [_say_power(abs(slope - SLOPE)) for slope in (forward, central)]
    set_message(
        left, f"h = {_say_power(step)}: the forward slope is off by {errors[0]}, the central one by {errors[1]}"
    )


def _find_slopes(step: float, precision: str) -> tuple[float, float]:
    """The forward and the central difference of x³ at 1, every operation rounded to `precision`."""
    number = np.dtype(precision).type
    x, h = number(PLACE), number(step)

    def cube(x: np.floating) -> np.floating:
        return x * x * x

    forward = (cube(x + h) - cube(x)) / h
    central = (cube(x + h) - cube(x - h)) / (h + h)
    return float(forward), float(central)


@cache
def _find_errors(precision: str) -> NDArray[np.float64]:
    """The error (2, 145) of both differences at each of `STEPS`, 1e-12 where it is less."""
    slopes = [_find_slopes(float(step), precision) for step in STEPS]
    return np.maximum(np.abs(np.array(slopes).T - SLOPE), 1e-12)


def _say_power(number: float) -> str:
    """Two digits, with a power of ten below 0.001: 0.0032, 1.5·10⁻⁵, 10⁻⁸."""
    if number == 0 or number >= 1e-3:
        return f"{number:.2g}"
    digits, power = f"{number:.1e}".split("e")
    digits = digits.removesuffix(".0")
    raised = "10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return raised if digits == "1" else f"{digits}·{raised}"


NODES = {
    "w": (0.0, 2.2, BLUE),
    "x": (0.0, 0.9, GREY),
    "wx": (1.0, 1.55, BLACK),
    "b": (1.0, 0.25, BLUE),
    "z": (2.0, 0.9, BLACK),
    "p": (3.1, 0.9, GREEN),
    "y": (3.1, 2.2, GREY),
    "L": (4.2, 0.9, ORANGE),
}
"""Column, row and color of each node of the neuron."""

EDGES = (("w", "wx"), ("x", "wx"), ("wx", "z"), ("b", "z"), ("z", "p"), ("p", "L"), ("y", "L"))

ORDER = (("L",), ("p",), ("z",), ("wx", "b"), ("w",))
"""Which gradients each step of the backward pass finds."""


def show_backward_steps(step: int = 0, label: int = 1) -> None:
    """Show how the backward pass goes through a neuron with binary cross-entropy, one node at a time.

    The neuron has w = 0.8, b = −0.4 and x = 1.5; the graph is z = w·x + b, p = σ(z), L = −y log p − (1 − y) log(1 − p) for the
    label y, 0 or 1. Above each node is its value, below it its gradient as soon as `step`, from 0 to 5, has reached it.

    Controls: `step=(0, 5, 0), label=[1, 0]`.
    """
    (axes,) = make_panels([1], size=(8.6, 3.3), left=0.02, right=0.98, bottom=0.02)
    values, gradients, locals_ = run_neuron(label)
    known = [node for nodes in ORDER[:step] for node in nodes]
    new = ORDER[step - 1] if step else ()
    for start, end in EDGES:
        used = start in new
        _draw_edge(axes, start, end, f"× {_say(locals_[start])}" if used else "")
    for name, (x, y, color) in NODES.items():
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color, "linewidth": 2.2}
        axes.text(x, y, name, ha="center", va="center", fontsize=12, color=color, weight="bold", bbox=box, zorder=3)
        axes.text(x, y + 0.26, _say(values[name]), ha="center", va="bottom", color=BLACK)
        if name in known:
            loud = name in new
            text = axes.text(x, y - 0.26, _say(gradients[name]), ha="center", va="top", color=RED)
            text.set(weight="bold" if loud else "normal", alpha=1 if loud else 0.55, fontsize=13 if loud else 11)
    axes.text(
        4.55, -0.3, "above each node: value\nbelow: gradient", ha="right", va="center", fontsize=SMALL, color="#555555"
    )
    axes.set(xlim=(-0.4, 4.6), ylim=(-0.55, 2.75))
    axes.axis("off")
    set_message(axes, _tell_step(step, values, gradients, locals_))


def _draw_edge(axes: Axes, start: str, end: str, local: str) -> None:
    """An arrow forward; one that the gradient has just come back along is loud, with the local slope on it."""
    (x0, y0, _), (x1, y1, _) = NODES[start], NODES[end]
    color = RED if local else "#BBBBBB"
    arrow = {"arrowstyle": "<|-" if local else "-|>", "color": color, "linewidth": 2.2 if local else 1.4}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops={**arrow, "shrinkA": 19, "shrinkB": 19})
    if local:
        box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        axes.text((x0 + x1) / 2, (y0 + y1) / 2, local, ha="center", va="center", color=PURPLE, bbox=box, zorder=4)


@cache
def run_neuron(label: int) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Of each node of the neuron its value, its gradient, and the local slope of the next node with respect to it."""
    w, b, x = 0.8, -0.4, 1.5
    z = w * x + b
    p = 1 / (1 + math.exp(-z))
    loss = -math.log(p if label else 1 - p)
    values = {"w": w, "x": x, "wx": w * x, "b": b, "z": z, "p": p, "y": float(label), "L": loss}
    slopes = {"p": -1 / p if label else 1 / (1 - p), "z": p * (1 - p), "wx": 1.0, "b": 1.0, "w": x}
    gradients = {"L": 1.0}
    for name, after in (("p", "L"), ("z", "p"), ("wx", "z"), ("b", "z"), ("w", "wx")):
        gradients[name] = gradients[after] * slopes[name]
    return values, gradients, slopes


def _tell_step(step: int, values: dict[str, float], gradients: dict[str, float], slopes: dict[str, float]) -> str:
    if step == 0:
        return f"Forward: every value is known, up to the loss L = {_say(values['L'])}, and no gradient"
    if step == 1:
        return "Step 1: the loss has the gradient 1 with respect to itself"
    if step == 4:
        return f"Step 4: a sum hands its gradient {_say(gradients['z'])} on to both inputs unchanged"
    name, after, formula, end = {
        2: ("p", "L", "∂L/∂L × (−1/p)" if values["y"] else "∂L/∂L × 1/(1 − p)", ""),
        3: ("z", "p", "∂L/∂p × p(1 − p)", ", just p − y"),
        5: ("w", "wx", "∂L/∂(wx) × x", ""),
    }[step]
    product = f"{_say(gradients[after])} × {_say(slopes[name])}"
    return f"Step {step}: ∂L/∂{name} = {formula} = {product} = {_say(gradients[name])}{end}"


def _say(number: float) -> str:
    """At most three decimals, without the zeros at the end."""
    return f"{number:.3f}".rstrip("0").rstrip(".").replace("-", "−")

"""Figures that the reader moves: gradient descent in a bowl, and the noise of mini-batches."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from autograder.course.figures.panels import SMALL, make_panels, set_message
from autograder.course.palette import BLACK, BLUE, GREY, ORANGE, RED

BOWL_STEPS = 15


def show_bowl(learning_rate: float = 0.3, curvature: float = 2.0) -> None:
    """Show gradient descent with `learning_rate` η on the loss λw²/2 with `curvature` λ, from w = −2: in the bowl and step by step.

    Each step multiplies w by 1 − ηλ, so it shrinks if and only if η < 2/λ. A product within 0.01 of 2 counts as critical.

    Controls: `learning_rate=(0.1, 2.5, 0.3), curvature=(0.5, 4.5, 2.0)`.
    """
    left, right = make_panels([1, 1])
    factor = 1 - learning_rate * curvature
    path = -2.0 * factor ** np.arange(BOWL_STEPS + 1)
    seen = path[: np.argmax(np.abs(path) > 3.5) + 1] if np.abs(path).max() > 3.5 else path
    w = np.linspace(-3, 3, 121)
    left.plot(w, curvature * w**2 / 2, color=ORANGE, linestyle="-", linewidth=2)
    left.plot(seen, curvature * seen**2 / 2, color=BLUE, linestyle="-", linewidth=1, marker="o", markersize=5)
    left.plot(path[0], curvature * 2, "s", color=BLACK, markersize=8)
    left.set(xlabel="weight w", ylabel="loss λw²/2", xlim=(-3, 3), ylim=(-0.3, 10))
    right.axhline(0, color=GREY, linewidth=1)
    right.plot(np.arange(len(seen)), seen, color=BLUE, linestyle="-", linewidth=1.3, marker="o", markersize=5)
    right.plot(0, path[0], "s", color=BLACK, markersize=8)
    right.set(xlabel="step", ylabel="weight w", xlim=(-0.5, BOWL_STEPS + 0.5), ylim=(-3, 3), xticks=[0, 5, 10, 15])
    product, border = learning_rate * curvature, 2 / curvature
    message = (
        f"η = {learning_rate:.2f} < 2/λ = {border:.2f}: stable, each step leaves {abs(factor):.2f} of the distance"
    )
    if abs(product - 2) < 0.01:
        message = f"η = 2/λ = {border:.2f}: critical, the distance stays what it is"
    elif product > 2:
        message = f"η = {learning_rate:.2f} > 2/λ = {border:.2f}: divergent, each step multiplies the distance by {abs(factor):.2f}"
    set_message(left, message)


DRAWN, BATCHES, LARGEST = 200, 1000, 256


def show_batch_noise(batch_size: int = 8) -> None:
    """Show the gradients of 200 mini-batches of `batch_size` examples around the full gradient, and their spread by batch size.

    A linear regression with 4,096 examples y = 1.5x + 0.5 + noise and the mean squared error, at w = b = 0. The batches are drawn
    with replacement; the spread, measured over 1,000, is the root mean square of the distance to the full gradient, which is σ/√B for the spread σ
    of the examples' own gradients.

    Controls: `batch_size=(1, 256, 8)`.
    """
    left, right = make_panels([1, 1])
    full, cloud, spread, single = _draw_batches()
    left.plot(
        *cloud[:DRAWN, batch_size - 1].T, "o", color=RED, alpha=0.4, markersize=4, markeredgewidth=0, label="batches"
    )
    left.plot(*full, "*", color=BLACK, markersize=14, markeredgecolor="white", label="all examples")
    left.set(xlabel="gradient for w", ylabel="gradient for b", xlim=(-17, 6), ylim=(-10, 7), yticks=[-10, -5, 0, 5])
    left.legend(fontsize=SMALL, loc="lower right")
    sizes = np.arange(1, LARGEST + 1)
    right.loglog(sizes, single / np.sqrt(sizes), color=GREY, linestyle="--", linewidth=1.6, label="σ/√B")
    right.plot(sizes, spread, color=RED, linestyle="-", linewidth=1.6, label="measured")
    right.plot(batch_size, spread[batch_size - 1], "o", color=RED, markeredgecolor=BLACK, markersize=9)
    right.set(xlabel="batch size B", ylabel="spread of the gradients", xlim=(0.8, 320), ylim=(0.15, 10))
    right.set(xticks=[1, 4, 16, 64, 256], xticklabels=["1", "4", "16", "64", "256"])
    right.set(yticks=[0.2, 0.5, 1, 2, 5], yticklabels=["0.2", "0.5", "1", "2", "5"])
    right.minorticks_off()
    right.legend(fontsize=SMALL, loc="upper right")
    share = 1 / np.sqrt(batch_size)
    set_message(
        left, f"B = {batch_size}: the gradients spread by {spread[batch_size - 1]:.2f}, σ/√B is {single * share:.2f}"
    )


@cache
def _draw_batches() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """The full gradient (2,), those of 1,000 batches of each size (1000, 256, 2), their spread (256,), and σ."""
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, 4096, generator=generator, dtype=torch.float64)
    error = -(1.5 * x + 0.5 + noise)  # prediction 0 minus target
    each = torch.stack([2 * error * x, 2 * error], dim=1)  # (4096, 2)
    full = each.mean(dim=0)
    rows = torch.randint(4096, (BATCHES, LARGEST), generator=generator)
    # A batch of B has the first B of its 256 rows: the cloud shrinks as the slider moves, and doesn't flicker.
    cloud = each[rows].cumsum(dim=1) / torch.arange(1, LARGEST + 1)[:, None]
    spread = (cloud - full).square().sum(dim=2).mean(dim=0).sqrt()
    single = float((each - full).square().sum(dim=1).mean().sqrt())
    return full.numpy(), cloud.numpy(), spread.numpy(), single

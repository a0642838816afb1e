"""Figures that the reader moves: the learning rate in training, by Adam's start, a schedule, a range test."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from autograder.course.digits import load_digits
from autograder.course.figures.panels import SMALL, make_panels, set_message
from autograder.course.palette import BLACK, GREY, ORANGE, PURPLE, RED, SKY

Array = NDArray[np.float64]

ADAM_STEPS, NOISE = 1000, 0.3


def show_bias_correction(beta1: float = 0.9, beta2: float = 0.999) -> None:
    """Show Adam's averages and the length of its steps with and without bias correction, from gradients of 1 with noise.

    The gradients of the 1,000 steps are 1 + 0.3·noise. Left: the root of v, the average of squared gradients with decay β₂, raw and divided by
    1 − β₂ᵏ. Right: the step in learning rates, m/√v, with m of decay β₁. Without correction the first is
    (1 − β₁)/√(1 − β₂), with it 1. Source: Kingma and Ba, "Adam", 2015, https://arxiv.org/abs/1412.6980, section 3.

    Controls: `beta1=[0.9, 0.0, 0.5, 0.99], beta2=[0.999, 0.9, 0.99, 0.9999]`.
    """
    left, right = make_panels([1, 1], right=0.965)
    steps = np.arange(1, ADAM_STEPS + 1)
    gradients = _draw_gradients()
    means, squares = (_average(values, beta) for values, beta in ((gradients, beta1), (gradients**2, beta2)))
    true_means, true_squares = means / (1 - beta1**steps), squares / (1 - beta2**steps)
    raw, corrected = means / np.sqrt(squares), true_means / np.sqrt(true_squares)
    seen = np.unique(np.geomspace(1, ADAM_STEPS, 90).round().astype(int)) - 1  # evenly on the axis
    for axes, with_it, without in ((left, np.sqrt(true_squares), np.sqrt(squares)), (right, corrected, raw)):
        axes.plot(steps[seen], without[seen], color=PURPLE, linestyle="--", label="raw")
        axes.plot(steps[seen], with_it[seen], color=RED, linestyle="-", label="corrected")
        axes.set(xscale="log", xlabel="step k", xlim=(1, ADAM_STEPS))
        axes.set(xticks=[1, 10, 100, 1000], xticklabels=["1", "10", "100", "1000"])
    left.axhline(math.sqrt(1 + NOISE**2), color=GREY, linewidth=1.2, linestyle=":")
    left.set(ylabel="√v, size of the gradients", ylim=(0, 1.5), yticks=[0, 0.5, 1, 1.5])
    right.set(yscale="log", ylabel="step / learning rate", ylim=(0.02, 150))
    right.set(yticks=[0.1, 1, 10, 100], yticklabels=["0.1", "1", "10", "100"])
    left.minorticks_off()
    right.minorticks_off()
    right.legend(fontsize=SMALL, loc="upper right")
    first = (1 - beta1) / math.sqrt(1 - beta2)
    set_message(
        left, f"β₁ = {beta1:g}, β₂ = {beta2:g}: without correction the first step is {_say(first)} learning rates long"
    )


@cache
def _draw_gradients() -> Array:
    noise = torch.randn(ADAM_STEPS, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    gradients: Array = 1 + NOISE * noise.numpy()
    return gradients


def _average(values: Array, beta: float) -> Array:
    """The moving averages a ← βa + (1 − β)x (n,) of `values` (n,), from 0."""
    average, averages = 0.0, []
    for value in values.tolist():
        average = beta * average + (1 - beta) * value
        averages.append(average)
    return np.array(averages)


def _say(number: float) -> str:
    """Two digits, without an exponent."""
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}" if number >= 1 else f"{number:.2f}"


KINDS = ("cosine", "step", "exponential", "one-cycle")


def show_schedule(kind: str = "cosine", warmup: float = 0.1, peak: float = 0.1, lowest: float = 0.001) -> None:
    """Show a schedule of the learning rate over one training, with the area under it, which is its average.

    `kind` is "cosine", "step" (four levels with a constant ratio), "exponential" or "one-cycle" (rises and falls by half a cosine, as
    `torch.optim.lr_scheduler.OneCycleLR` does). For the share `warmup` of the training the learning rate rises, from 0 along a line or, in
    the one-cycle, from peak/25; then it falls from `peak` to `lowest`, or to the peak where that is less. Raises `ValueError` for
    another kind.

    Controls: `kind=["cosine", "step", "exponential", "one-cycle"], warmup=(0.0, 0.5, 0.1), peak=(0.01, 0.2, 0.1), lowest=(0.0001, 0.05, 0.001)`.
    """
    (axes,) = make_panels([1])
    share = np.linspace(0, 1, 1001)
    rates = find_rates(share, kind, warmup, peak, lowest)
    average = float(np.trapezoid(rates, share))
    axes.fill_between(share, rates, color=PURPLE, alpha=0.18, linewidth=0)
    axes.plot(share, rates, color=PURPLE, linestyle="-", label="schedule")
    axes.axhline(average, color=BLACK, linewidth=1.3, linestyle="--")
    axes.text(0.995, average + 0.002, "average", ha="right", va="bottom", fontsize=SMALL)
    axes.axvline(warmup, color=GREY, linewidth=1.3, linestyle=":")
    axes.set(xlabel="share of the training", ylabel="learning rate η", xlim=(0, 1), ylim=(0, 0.21))
    start = f"{kind.capitalize()} after {100 * warmup:.0f}% warm-up" if warmup else f"{kind.capitalize()}, no warm-up"
    set_message(axes, f"{start}: η is {average:.3f} on average, {100 * average / peak:.0f}% of the peak")


def find_rates(share: Array, kind: str, warmup: float, peak: float, lowest: float) -> Array:
    """The learning rates at each `share` (n,) of a training."""
    if kind not in KINDS:
        raise ValueError(f"the kind of a schedule is one of {', '.join(KINDS)}, not {kind}")
    lowest = min(lowest, peak)
    rising = share / max(warmup, 1e-9)
    falling = np.clip((share - warmup) / (1 - warmup), 0, 1)
    if kind == "step":
        fallen = peak * (lowest / peak) ** (np.minimum(np.floor(4 * falling), 3) / 3)
    elif kind == "exponential":
        fallen = peak * (lowest / peak) ** falling
    else:
        fallen = lowest + (peak - lowest) * (1 + np.cos(np.pi * falling)) / 2
    start = peak / 25 if kind == "one-cycle" else 0.0
    shape = (1 - np.cos(np.pi * rising)) / 2 if kind == "one-cycle" else rising
    rates: Array = np.where(share < warmup, start + (peak - start) * shape, fallen)
    return rates


TEST_STEPS, TRAINING_STEPS, LOWEST_RATE, HIGHEST_RATE = 150, 60, 1e-3, 30.0


def show_range_test(learning_rate: float = 0.1) -> None:
    """Show the loss against the learning rate from one range test, with the band that it recommends, and a training at `learning_rate`.

    A network 64-32-10 with ReLU learns the handwritten digits, 32 a batch, by plain gradient descent, while η grows by a constant factor
    from 0.001 to 30 in 150 steps; the loss is a moving average. The band is a rule of thumb: it ends at a third of the η with the lowest loss
    and begins at a tenth of its end. Right: the loss of the same network in 60 steps at the constant `learning_rate`, really trained.
    Source of the test: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, https://arxiv.org/abs/1506.01186, section 3.3.

    Controls: `learning_rate=(0.001, 30.0, 0.1)`.
    """
    left, right = make_panels([1.25, 1])
    rates, losses = run_range_test()
    low, high = find_band()
    left.axvspan(low, high, color=SKY, alpha=0.3, linewidth=0)
    left.plot(rates, losses, color=ORANGE, linestyle="-", label="range test")
    left.axvline(learning_rate, ymax=0.88, color=PURPLE, linestyle="--", linewidth=1.8)
    left.text(math.sqrt(low * high), 3.85, "recommended", ha="center", va="top", fontsize=SMALL)
    left.set(
        xscale="log",
        xlabel="learning rate η",
        ylabel="loss in the range test, smoothed",
        xlim=(LOWEST_RATE, HIGHEST_RATE),
        ylim=(0, 4),
    )
    left.set(yticks=range(5), xticks=[0.001, 0.01, 0.1, 1, 10], xticklabels=["0.001", "0.01", "0.1", "1", "10"])
    left.minorticks_off()
    training = np.array(_train(learning_rate))
    right.plot(
        np.arange(1, TRAINING_STEPS + 1),
        np.minimum(training, 50),
        color=ORANGE,
        linestyle="-",
        linewidth=1.4,
        label="training",
    )
    right.set(
        yticks=range(5), xlabel="step at this η", ylabel="loss of the batch", xlim=(0, TRAINING_STEPS), ylim=(0, 4)
    )
    where = "below" if learning_rate < low else "above" if learning_rate > high else "inside"
    set_message(
        left, f"η = {learning_rate:.2g} is {where} the band from {low:.1g} to {high:.1g} that the range test recommends"
    )


def find_band() -> tuple[float, float]:
    """The lowest and the highest learning rate that the range test recommends, to one digit."""
    rates, losses = run_range_test()
    high = float(f"{rates[losses.argmin()] / 3:.0e}")
    return high / 10, high


@cache
def run_range_test() -> tuple[Array, Array]:
    """The learning rates (150,) of one range test and the smoothed losses (150,)."""
    rates = np.geomspace(LOWEST_RATE, HIGHEST_RATE, TEST_STEPS)
    losses = np.minimum(_run(rates.tolist()), 50)
    smooth = _average(losses, 0.9) / (1 - 0.9 ** np.arange(1, TEST_STEPS + 1))
    return rates, smooth


@lru_cache(maxsize=64)
def _train(rate: float) -> tuple[float, ...]:
    return tuple(_run([rate] * TRAINING_STEPS))


def _run(rates: list[float]) -> list[float]:
    """The loss of each batch in a training from the same start with a learning rate for each step."""
    x, y, weights = _prepare()
    weights = [weight.clone() for weight in weights]
    losses = []
    for step, rate in enumerate(rates):
        rows = slice(32 * (step % 40), 32 * (step % 40) + 32)
        for weight in weights:
            weight.requires_grad_()
        w1, b1, w2, b2 = weights
        loss = F.cross_entropy(torch.relu(x[rows] @ w1 + b1) @ w2 + b2, y[rows])
        gradients = torch.autograd.grad(loss, weights)
        weights = [weight.detach() - rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]
        losses.append(min(float(loss.detach()), 1e6) if math.isfinite(float(loss.detach())) else 1e6)
    return losses


@cache
def _prepare() -> tuple[Tensor, Tensor, list[Tensor]]:
    """1,280 digits in an order of chance, and the first weights of the network."""
    generator = torch.Generator().manual_seed(0)
    x, y = load_digits()
    order = torch.randperm(len(x), generator=generator)[:1280]
    w1 = torch.randn(64, 32, generator=generator, dtype=torch.float64) * (2 / 64) ** 0.5
    w2 = torch.randn(32, 10, generator=generator, dtype=torch.float64) * (1 / 32) ** 0.5
    zeros = [torch.zeros(size, dtype=torch.float64) for size in (32, 10)]
    return x[order].double(), y[order], [w1, zeros[0], w2, zeros[1]]

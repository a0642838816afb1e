"""Figures to move about losses: their shapes, their gradients, and what these do to a fit."""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations

import torch
from matplotlib.patches import Circle
from torch import Tensor

from autograder.course.figures.style import open_panels, write_number
from autograder.course.palette import BLACK, GREEN, GREY, ORANGE, PURPLE, RED

ZONE, INNER_ZONE = "#E3E3E3", "#C4C4C4"
EASY, HARD = 1000, 10
"""How many examples of the true class' probability 0.95, and how many of 0.2, the focal loss is shown on."""


def show_squared_or_entropy(z: float = -4.0) -> None:
    """The squared error (σ(z) − 1)² and the binary cross-entropy −ln σ(z) for the target 1, each with its gradient in z.

    `z` is a score from −6 to 6. Loss and gradient share an axis; cross-entropy is in nats. Move `z=(-6.0, 6.0, -4.0)`.
    """
    scores = torch.linspace(-6, 6, 121, dtype=torch.float64).tolist()
    figure, axes = open_panels(2, (9, 3.6), 0.5, 0.65, sharey=True)
    for ax, name in zip(axes, ("MSE", "BCE"), strict=True):
        pairs = [_follow_score(name, score) for score in scores]
        ax.plot(scores, [loss for loss, _ in pairs], color=ORANGE, linestyle="-", label="loss")
        ax.plot(scores, [slope for _, slope in pairs], color=RED, linestyle="--", label="gradient dL/dz")
        loss, slope = _follow_score(name, z)
        ax.axvline(z, color=GREY, linewidth=1, linestyle=":")
        ax.plot([z, z], [loss, slope], "o", color=BLACK, markersize=7, linestyle="")
        ax.set(
            title=f"{name}: loss {write_number(loss)}, gradient {write_number(slope, 3)}",
            xlabel="score z, target 1",
            xlim=(-6.2, 6.2),
            ylim=(-1.4, 6.4),
            xticks=range(-6, 7, 3),
            yticks=range(0, 7, 2),
        )
    axes[0].set_ylabel("loss, gradient")
    axes[0].legend(loc="upper right")
    message = f"Score {write_number(z, 1)}. Sure and wrong (far left), MSE's gradient fades, BCE's does not"
    figure.suptitle(message, fontweight="bold", fontsize=12)


def _follow_score(name: str, z: float) -> tuple[float, float]:
    """The loss of a score for the target 1, and its derivative."""
    p = 1 / (1 + math.exp(-z))
    if name == "MSE":
        return (p - 1) ** 2, 2 * (p - 1) * p * (1 - p)
    return -math.log(p), p - 1


@cache
def _make_points() -> tuple[Tensor, Tensor]:
    """Sixteen points near the line y = 2x + 1; the one at index 13 is moved by the reader."""
    generator = torch.Generator().manual_seed(0)
    x = torch.linspace(-3, 3, 16, dtype=torch.float64)
    return x, 2 * x + 1 + 0.6 * torch.randn(16, generator=generator, dtype=torch.float64)


def _fit_squared(x: Tensor, y: Tensor, weight: Tensor) -> tuple[float, float]:
    """The line (w, b) that makes the sum of `weight` times the squared residuals smallest."""
    mean_x, mean_y = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    w = (weight * (x - mean_x) * (y - mean_y)).sum() / (weight * (x - mean_x) ** 2).sum()
    return float(w), float(mean_y - w * mean_x)


def _fit_absolute(x: Tensor, y: Tensor) -> tuple[float, float]:
    """The line with the smallest sum of absolute residuals: one of those through two of the points."""
    i, j = torch.tensor(list(combinations(range(len(x)), 2))).T
    w = (y[j] - y[i]) / (x[j] - x[i])
    b = y[i] - w * x[i]
    best = (y - w[:, None] * x - b[:, None]).abs().sum(1).argmin()
    return float(w[best]), float(b[best])


def _fit_huber(x: Tensor, y: Tensor, delta: float) -> tuple[float, float]:
    """The line with the smallest sum of Huber losses, by iteratively reweighted least squares."""
    weight = torch.ones_like(x)
    for _ in range(20):
        w, b = _fit_squared(x, y, weight)
        weight = delta / (y - w * x - b).abs().clamp(min=delta)
    return w, b


def show_outlier(outlier: float = -14.0) -> None:
    """Lines fitted to 16 points under the squared, the absolute and the Huber loss (δ = 1); one point is moved up or down.

    `outlier` is the target y of that point; the gray line is the squared loss's fit to the other 15. The first fit is
    exact, the second goes through the best pair of points, which is exact too, and the third iterates reweighted least
    squares. Move `outlier=(-16.0, 16.0, -14.0)`.
    Source: Huber (1964), doi:10.1214/aoms/1177703732.
    """
    x, y = _make_points()
    y, kept = y.clone(), torch.arange(len(y)) != 13
    y[13] = outlier
    ends = torch.tensor([-3.3, 3.3], dtype=torch.float64)
    rest = _fit_squared(x[kept], y[kept], torch.ones(15, dtype=torch.float64))
    fits = {
        "Squared": _fit_squared(x, y, torch.ones_like(x)),
        "Absolute": _fit_absolute(x, y),
        "Huber, δ = 1": _fit_huber(x, y, 1.0),
    }
    figure, axes = open_panels(3, (9, 3.6), 0.25, 0.65, sharey=True)
    for ax, (name, (w, b)) in zip(axes, fits.items(), strict=True):
        ax.plot(ends, rest[0] * ends + rest[1], color=GREY, linestyle=":", label="without it")
        ax.plot(ends, w * ends + b, color=GREEN, linestyle="-", label="fit")
        ax.plot(x[kept], y[kept], "o", color=BLACK, markersize=4)
        ax.plot(x[13], y[13], "X", color=PURPLE, markersize=11, label="outlier")
        ax.set(title=f"{name}: w = {write_number(w)}", xlabel="x", xlim=(-3.4, 3.4), ylim=(-18, 18))
    axes[0].set_ylabel("y")
    axes[0].legend(loc="upper left", handlelength=1.4)
    figure.suptitle("Only the squared loss follows an outlier however far it goes", fontweight="bold", fontsize=12)


def show_huber(delta: float = 1.0) -> None:
    """The Huber loss of a residual r and its gradient: r²/2 up to δ (shaded), then straight, with the slope δ.

    `delta` δ is above 0 and has the unit of the target. Move `delta=(0.1, 3.0, 1.0)`.
    Source: Huber (1964), doi:10.1214/aoms/1177703732.
    """
    r = torch.linspace(-4, 4, 161, dtype=torch.float64)
    loss = torch.where(r.abs() <= delta, r**2 / 2, delta * (r.abs() - delta / 2))
    _, (left, right) = open_panels(2)
    for ax in (left, right):
        ax.axvspan(-delta, delta, color=ZONE, linewidth=0)
        ax.set(xlabel="residual r = ŷ − y", xlim=(-4, 4), xticks=range(-4, 5, 2))
    left.plot(r, r**2 / 2, color=GREY, linestyle=":", linewidth=1.5, label="r²/2")
    left.plot(r, loss, color=ORANGE, linestyle="-", label="Huber")
    left.legend(loc="upper center")
    left.set(
        title=f"δ = {write_number(delta)}: squared inside, then straight",
        ylabel="loss",
        ylim=(-0.2, 8),
        yticks=(0, 4, 8),
    )
    right.plot(r, r, color=GREY, linestyle=":", linewidth=1.5)
    right.plot([-4, -delta, delta, 4], [-delta, -delta, delta, delta], color=RED, linestyle="--")
    right.set(
        title=f"The gradient stops at ±{write_number(delta)}", ylabel="gradient dL/dr", ylim=(-4, 4), yticks=(-4, 0, 4)
    )


def _share_easy(gamma: Tensor) -> Tensor:
    """The share of the easy examples in the sum of the focal losses."""
    easy, hard = (n * (1 - p) ** gamma * -math.log(p) for n, p in ((EASY, 0.95), (HARD, 0.2)))
    return easy / (easy + hard)


def show_focal(gamma: float = 2.0) -> None:
    """The focal loss −(1 − p)^γ ln p beside the cross-entropy, and the share of the total loss that easy examples make.

    p is the probability of the true class; `gamma` γ is from 0 (cross-entropy) to 5. The share is that of 1,000
    easy examples (p = 0.95) beside 10 hard ones (p = 0.2). Move `gamma=(0.0, 5.0, 2.0)`.
    Source: Lin, Goyal, Girshick, He and Dollár (2017), arXiv:1708.02002.
    """
    p = torch.linspace(0.01, 1, 100, dtype=torch.float64)
    gammas = torch.linspace(0, 5, 51, dtype=torch.float64)
    share = float(_share_easy(torch.tensor(gamma, dtype=torch.float64)))
    _, (left, right) = open_panels(2)
    left.plot(p, -((1 - p) ** gamma) * p.log(), color=ORANGE, linestyle="-", label=f"focal, γ = {write_number(gamma)}")
    left.plot(p, -p.log(), color=BLACK, linestyle=":", linewidth=1.5, label="cross-entropy")
    left.legend(loc="upper right")
    left.set(
        title="The surer, the more the loss is cut",
        xlabel="probability p of the true class",
        ylabel="loss (nats)",
        xlim=(0, 1),
        ylim=(-0.1, 4.6),
        xticks=(0, 0.5, 1),
        yticks=(0, 2, 4),
    )
    right.plot(gammas, _share_easy(gammas), color=ORANGE, linestyle="-")
    right.plot([gamma], [share], "o", color=BLACK, markersize=9)
    right.set(
        title=f"Share of the easy examples: {share:.1%}",
        xlabel="γ, with 1,000 easy and 10 hard examples",
        ylabel="share of the total loss",
        xlim=(-0.15, 5.15),
        ylim=(-0.04, 1.04),
        xticks=range(6),
        yticks=(0, 0.5, 1),
    )


def show_triplet(across: float = 1.0, up: float = 0.9, margin: float = 0.6) -> None:
    """An anchor at (0, 0), its positive, and a negative at (`across`, `up`), with the triplet loss of the three.

    The loss is max(0, d(a, p) − d(a, n) + m) with Euclidean distances and the `margin` m, at least 0. A negative is hard if
    it is nearer than the positive (inner disk), semi-hard if it is less than m further out (ring), else easy.
    Move `across=(-2.5, 2.5, 1.0), up=(-2.0, 2.0, 0.9), margin=(0.1, 1.0, 0.6)`.
    Source: Schroff, Kalenichenko and Philbin (2015), arXiv:1503.03832, which squares the distances.
    """
    positive = (-0.8, 0.6)
    near, far = math.hypot(*positive), math.hypot(across, up)
    loss = max(0.0, near - far + margin)
    kind = "Hard" if far < near else "Semi-hard" if far < near + margin else "Easy"
    _, (left, right) = open_panels(2, (9, 3.6), width_ratios=(1.45, 1))
    left.add_patch(Circle((0, 0), near + margin, facecolor=ZONE, edgecolor=BLACK, linestyle=":"))
    left.add_patch(Circle((0, 0), near, facecolor=INNER_ZONE, edgecolor=BLACK, linestyle="--"))
    left.plot(0, 0, "o", color=BLACK, markersize=9, linestyle="", label="anchor")
    left.plot(*positive, "P", color=BLACK, markersize=11, linestyle="", label="positive")
    left.plot([across], [up], "X", color=PURPLE, markersize=12, linestyle="", label="negative")
    left.legend(loc="upper left", handletextpad=0.2, borderaxespad=0)
    left.set(
        title=f"{kind} negative: loss {write_number(loss)}",
        xlabel="embedding, dimension 1",
        ylabel="dimension 2",
        xlim=(-4.2, 2.8),
        ylim=(-2.2, 2.2),
        xticks=(-2, 0, 2),
        yticks=(-2, 0, 2),
        aspect="equal",
    )
    left.grid(False)
    right.axvspan(0, near, color=INNER_ZONE, linewidth=0)
    right.axvspan(near, near + margin, color=ZONE, linewidth=0)
    right.plot([0, near + margin, 3.4], [near + margin, 0, 0], color=ORANGE, linestyle="-", linewidth=2.5)
    right.plot([far], [loss], "X", color=PURPLE, markersize=12)
    right.text(near / 2, 2.1, "hard", ha="center")
    right.text(near + margin / 2, 1.85, "semi-hard", ha="center")
    right.text((near + margin + 3.4) / 2, 2.1, "easy", ha="center")
    right.set(
        title="Past the ring, the loss is 0",
        xlabel="distance of the negative from the anchor",
        ylabel="triplet loss",
        xlim=(0, 3.4),
        ylim=(-0.08, 2.3),
        xticks=range(4),
        yticks=range(3),
    )

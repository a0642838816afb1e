"""Figures to move about scores: what a temperature, a sigmoid and a threshold make of them."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from autograder.course.figures.style import open_panels, write_number
from autograder.course.palette import BLACK, GREEN, GREY, PURPLE, RED

PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
"""Behind a text that a line may cross."""

WORDS = ("mat", "floor", "sofa", "roof", "moon")
WORD_SCORES = (3.0, 2.2, 1.5, 0.5, -1.0)


def show_temperature(temperature: float = 1.0) -> None:
    """The probabilities of five words, softmax(z / T), as bars, with those at T = 1 as outlines.

    `temperature` T is above 0, without a unit. Move `temperature=(0.1, 10.0, 1.0)`.
    Source: Hinton, Vinyals and Dean (2015), section 2, arXiv:1503.02531.
    """
    z = torch.tensor(WORD_SCORES, dtype=torch.float64)
    p, plain = torch.softmax(z / temperature, dim=0).tolist(), torch.softmax(z, dim=0).tolist()
    _, ax = open_panels(size=(7, 3.5), below=0.85)
    places = range(len(WORDS))
    ax.bar(places, p, width=0.6, color=GREEN, label=f"T = {write_number(temperature)}")
    ax.bar(places, plain, width=0.72, fill=False, edgecolor=BLACK, linestyle=":", linewidth=1.4, label="T = 1")
    for place, share in zip(places, p, strict=True):
        ax.text(place, share + 0.04, write_number(share), ha="center", bbox=PAPER)
    names = [f"{word}\nz = {write_number(score, 1)}" for word, score in zip(WORDS, WORD_SCORES, strict=True)]
    ax.set_xticks(places, names)
    ax.set(
        title=f"Cold sharpens, hot flattens: at T = {write_number(temperature)}, “mat” gets {write_number(p[0])}",
        xlabel="next word after “The cat sat on the”, and its score z",
        ylabel="probability",
        ylim=(0, 1.1),
        yticks=(0, 0.5, 1),
    )
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper right")


def show_sigmoid_slope(z: float = 2.0) -> None:
    """The sigmoid σ with its tangent at `z`, and the slope σ′(z) = σ(z)(1 − σ(z)) over all scores.

    `z` is a score from −6 to 6. Move `z=(-6.0, 6.0, 2.0)`.
    """
    scores = torch.linspace(-6, 6, 121, dtype=torch.float64)
    curve = torch.sigmoid(scores)
    value = float(torch.sigmoid(torch.tensor(z, dtype=torch.float64)))
    slope = value * (1 - value)
    _, (left, right) = open_panels(2)
    left.plot(scores, curve, color=GREEN, linestyle="-")
    left.plot([z - 2, z + 2], [value - 2 * slope, value + 2 * slope], color=RED, linestyle="--")
    left.plot([z], [value], "o", color=BLACK, markersize=8)
    left.set(
        title=f"Tangent of σ at z = {write_number(z, 1)}: slope {write_number(slope, 3)}",
        ylabel="σ(z)",
        ylim=(-0.15, 1.15),
        yticks=(0, 0.5, 1),
    )
    right.plot(scores, curve * (1 - curve), color=RED, linestyle="--")
    right.plot([z], [slope], "o", color=BLACK, markersize=8)
    right.set(
        title="The slope is never above 0.25",
        ylabel="slope σ′(z)",
        ylim=(-0.01, 0.3),
        yticks=(0, 0.125, 0.25),
    )
    for ax in (left, right):
        ax.set(xlabel="score z", xlim=(-6.4, 6.4), xticks=range(-6, 7, 3))


@cache
def _make_scores() -> tuple[Tensor, Tensor]:
    """Scores from 0 to 1 of 100 examples of class 1, and of 300 of class 0."""
    generator = torch.Generator().manual_seed(3)
    ones = torch.sigmoid(1.2 + 1.3 * torch.randn(100, generator=generator, dtype=torch.float64))
    zeros = torch.sigmoid(-1.4 + 1.3 * torch.randn(300, generator=generator, dtype=torch.float64))
    return ones, zeros


@cache
def _follow_thresholds() -> tuple[Tensor, Tensor]:
    """Recall and precision with the threshold at each score in turn, from the highest down."""
    ones, zeros = _make_scores()
    order = torch.cat([ones, zeros]).argsort(descending=True)
    found = (order < len(ones)).double().cumsum(0)
    return found / len(ones), found / torch.arange(1, len(order) + 1)


def show_threshold(threshold: float = 0.5) -> None:
    """The scores of two classes cut by a threshold: four counts, and a place on the precision-recall curve.

    `threshold` is a score from 0 to 1; an example at or above it is called 1. Class 1 goes up from the axis and class 0
    down, so that the four corners are the confusion matrix. Move `threshold=(0.05, 0.95, 0.5)`.
    Source: Davis and Goadrich (2006), doi:10.1145/1143844.1143874.
    """
    ones, zeros = _make_scores()
    hits, alarms = int((ones >= threshold).sum()), int((zeros >= threshold).sum())
    edges = torch.linspace(0, 1, 26, dtype=torch.float64)
    _, (left, right) = open_panels(2, (9, 3.5), width_ratios=(1.5, 1))
    for scores, sign, colors in ((ones, 1, (PURPLE, GREY)), (zeros, -1, (GREY, PURPLE))):
        below = sign * torch.histogram(scores[scores < threshold], edges).hist.numpy()
        above = sign * torch.histogram(scores[scores >= threshold], edges).hist.numpy()
        left.stairs(below, edges, fill=True, color=colors[0])
        left.stairs(below + above, edges, baseline=below, fill=True, color=colors[1])
    left.axhline(0, color=BLACK, linewidth=1, linestyle="-")
    left.axvline(threshold, color=BLACK, linewidth=2, linestyle="--")
    for x, y, side, text, color in (
        (0.0, 23, "left", f"FN, missed: {len(ones) - hits}", PURPLE),
        (1.0, 23, "right", f"TP, found: {hits}", BLACK),
        (0.0, -44, "left", f"TN, left alone: {len(zeros) - alarms}", BLACK),
        (1.0, -44, "right", f"FP, false alarms: {alarms}", PURPLE),
    ):
        left.text(x, y, text, ha=side, color=color, fontweight="bold", bbox=PAPER)
    left.set(
        title=f"Threshold {write_number(threshold)}: {len(ones) - hits + alarms} mistakes (purple)",
        xlabel="score",
        ylabel="examples: 1 up, 0 down",
        xlim=(-0.02, 1.02),
        xticks=(0, 0.5, 1),
        ylim=(-48, 30),
    )
    left.set_yticks((-40, -20, 0, 20), ("40", "20", "0", "20"))
    recall, precision = _follow_thresholds()
    right.plot(recall, precision, color=GREEN, linestyle="-", linewidth=1.5)
    share = "–"
    if hits + alarms:
        share = write_number(hits / (hits + alarms))
        right.plot([hits / len(ones)], [hits / (hits + alarms)], "o", color=BLACK, markersize=9)
    right.set(
        title=f"Precision {share}, recall {write_number(hits / len(ones))}",
        xlabel="recall",
        ylabel="precision",
        xlim=(-0.03, 1.03),
        ylim=(0, 1.05),
        xticks=(0, 0.5, 1),
        yticks=(0, 0.5, 1),
    )

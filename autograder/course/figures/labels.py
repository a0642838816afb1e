"""A figure that the reader moves: a picture that gets noisy or dim, and what a classifier says of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.course.digits import load_digits
from autograder.course.figures.panels import make_panels, set_message
from autograder.course.palette import BLACK, GREEN

TRAINED = 1500


def show_label(picture: int = 3, noise: float = 0.0, brightness: float = 1.0) -> None:
    """Show a handwritten digit with noise and another brightness, and the probabilities that a softmax classifier gives it.

    `picture` is the digit, from 0 to 9: the first such that the classifier wasn't trained on. The ink is multiplied by `brightness`, then noise
    of standard deviation `noise` is added and the whole kept from 0 to 1. The classifier, logits = xW + b, learned from the first 1,500
    digits by 200 steps of gradient descent.

    Controls: `picture=(0, 9, 3), noise=(0.0, 1.0, 0.0), brightness=(0.0, 2.0, 1.0)`.
    """
    left, right = make_panels([1, 1.6], left=0.06, gap=0.2)
    image = make_picture(picture, noise, brightness)
    probabilities = classify(image)
    left.imshow(image.reshape(8, 8).numpy(), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    left.set(xlabel="column", ylabel="row", xticks=[0, 7], yticks=[0, 7])
    left.grid(False)
    bars = right.bar(np.arange(10), probabilities.numpy(), color=GREEN, alpha=0.35, width=0.8)
    said = int(probabilities.argmax())
    bars[said].set_alpha(1)
    right.plot(picture, 1.04, "v", color=BLACK, markersize=9)
    right.text(
        picture + (0.3 if picture < 8 else -0.3), 1.04, "label", ha="left" if picture < 8 else "right", va="center"
    )
    right.set(
        xlabel="digit", ylabel="probability", xlim=(-0.6, 9.6), ylim=(0, 1.1), xticks=range(10), yticks=[0, 0.5, 1]
    )
    right.grid(False, axis="x")
    verdict = "right" if said == picture else "wrong"
    set_message(left, f"The classifier says {said} with probability {probabilities[said]:.2f}, and is {verdict}")


def make_picture(picture: int, noise: float, brightness: float) -> Tensor:
    """The pixels (64,) of the digit `picture`."""
    x, y = load_digits()
    clean = x[TRAINED:][y[TRAINED:] == picture][0]
    grain = torch.randn(64, generator=torch.Generator().manual_seed(picture))
    return (brightness * clean + noise * grain).clamp(0, 1)


def classify(image: Tensor) -> Tensor:
    """The probabilities (10,) of a picture (64,)."""
    weight, bias = train_classifier()
    return F.softmax(image.double() @ weight + bias, dim=0)


@cache
def train_classifier() -> tuple[Tensor, Tensor]:
    """The weight (64, 10) and bias (10,) of the softmax classifier after 200 steps with all of 1,500 digits and η = 1."""
    x, y = load_digits()
    x, targets = x[:TRAINED].double(), F.one_hot(y[:TRAINED], 10).double()
    weight, bias = torch.zeros(64, 10, dtype=torch.float64), torch.zeros(10, dtype=torch.float64)
    for _ in range(200):
        error = (F.softmax(x @ weight + bias, dim=1) - targets) / TRAINED  # gradient for the logits
        weight, bias = weight - x.T @ error, bias - error.sum(dim=0)
    return weight, bias

"""Two small moons for the scalar engine of notebook 4.4: a net of neurons with tanh, trained number by number."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.course.scalars import Num, send_back, sort_nodes

BUDGET = 400
"""At most so many times a neuron is trained: a scalar engine is slow."""


def small_moons() -> tuple[list[list[float]], list[float]]:
    """20 points on two half circles, as a list of [x1, x2], and their classes."""
    draw = torch.Generator().manual_seed(1)
    angle = torch.pi * torch.rand(10, generator=draw)
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    x = torch.cat([upper, lower])
    return (x + 0.1 * torch.randn(x.shape, generator=draw)).tolist(), [0.0] * 10 + [1.0] * 10


def start_weights(width: int, number: Callable[[float], Any] = Num) -> dict[str, Any]:
    """The net before training: `hidden`, a list of [w1, w2, b, v] for each of `width` neurons, and `c`, the bias of the score."""
    draw = torch.Generator().manual_seed(2)
    W, v, b = (torch.randn(shape, generator=draw) for shape in ((width, 2), (width, 1), (width, 1)))
    rows = torch.cat([3 * W, b, v / width**0.5], dim=1).tolist()
    return {"hidden": [[number(one) for one in row] for row in rows], "c": number(0.0)}


def moons_loss(
    weights: dict[str, Any], points: list[list[float]], classes: list[float], number: Callable[[float], Any] = Num
) -> tuple[Any, int]:
    """The mean cross-entropy as one number of the engine, and how many points are on the right side."""
    total, right = number(0.0), 0
    for (x1, x2), y in zip(points, classes, strict=True):
        z = weights["c"]
        for w1, w2, b, v in weights["hidden"]:
            z = z + v * (w1 * x1 + w2 * x2 + b).tanh()
        total = total + z.softplus() - y * z
        right += (z.data > 0) == (y == 1)
    return total * (1 / len(points)), right


def send_all_back(root: Any) -> None:
    send_back(sort_nodes(root))


def train_moons(
    width: int,
    eta: float,
    steps: int,
    number: Callable[[float], Any] = Num,
    backward: Callable[[Any], None] = send_all_back,
) -> dict[str, Any]:
    """Train on the 20 points with the engine that `number` and `backward` make up.

    Returns the losses, how many points are right at the end, and the weights as plain numbers.
    """
    points, classes = small_moons()
    weights = start_weights(width, number)
    parameters = [weights["c"], *(p for neuron in weights["hidden"] for p in neuron)]
    losses = []
    for _ in range(steps):
        loss, _ = moons_loss(weights, points, classes, number)
        losses.append(loss.data)
        for p in parameters:
            p.grad = 0.0
        backward(loss)
        for p in parameters:
            p.data -= eta * p.grad
    loss, right = moons_loss(weights, points, classes, number)
    numbers = {"hidden": [[p.data for p in neuron] for neuron in weights["hidden"]], "c": weights["c"].data}
    return {"losses": [*losses, loss.data], "right": right, "weights": numbers}


def torch_score(numbers: dict[str, Any]) -> Callable[[Tensor], Tensor]:
    """The trained net as a function of points (N, 2) that gives scores (N,), for `figures.draw_boundary`."""
    hidden = torch.tensor(numbers["hidden"])  # (width, 4)
    return lambda x: torch.tanh(x @ hidden[:, :2].T + hidden[:, 2]) @ hidden[:, 3] + numbers["c"]


def judge_moons(width: int, eta: float, steps: int) -> str:
    """What comes of these settings, in words; "reached" is the target."""
    if not all(isinstance(n, int) and n >= 1 for n in (width, steps)):
        return "width and steps must be whole numbers from 1 on"
    if not (isinstance(eta, (int, float)) and eta > 0):
        return "eta must be a number above 0"
    if width * steps > BUDGET:
        return "over the budget: width times steps is above 400"
    run = train_moons(width, eta, steps)
    losses = run["losses"]
    if losses[-1] < 0.06 and run["right"] == 20:
        return "reached"
    if width == 1:
        return "one neuron is not enough"
    if width == 2:
        return "two neurons are not enough"
    rises = sum(later > 1.05 * earlier for earlier, later in itertools.pairwise(losses))
    if rises > 2:
        return "the loss jumps up again and again"
    return "the loss falls, and is not there yet"

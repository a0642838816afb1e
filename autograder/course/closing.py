"""What the closing notebook trains to judge a student's settings, with PyTorch's own parts, so that it does not depend on the student's."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.course.digits import load_digits

MOST_STEPS, LEAST_RIGHT = 100, 171


def judge_recipe(recipe: object) -> str:
    """What becomes of the closing notebook's net with these settings: "reached", or what is missing, in a few words.

    `recipe` is a dictionary with `batch_size` (8 to 256), `epochs` (1 to 20) and `peak`, the highest learning rate (above 0, at most 1).
    """
    if not isinstance(recipe, dict) or set(recipe) != {"batch_size", "epochs", "peak"}:
        return "other keys"
    try:
        batch_size, epochs, peak = int(recipe["batch_size"]), int(recipe["epochs"]), float(recipe["peak"])
    except (TypeError, ValueError):
        return "no numbers"
    whole = batch_size == recipe["batch_size"] and epochs == recipe["epochs"]
    if not (whole and 8 <= batch_size <= 256 and 1 <= epochs <= 20 and 0 < peak <= 1):
        return "outside the ranges"
    x, y = load_digits()
    mixed = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, val = mixed[:1437], mixed[1437:1617]
    if epochs * math.ceil(len(train) / batch_size) > MOST_STEPS:
        return "too many steps"
    right = _train(x, y, train, val, epochs, batch_size, peak)
    if right >= LEAST_RIGHT:
        return "reached"
    return "too few right" + (", peak below 0.02" if peak < 0.02 else ", peak above 0.2" if peak > 0.2 else "")


@torch.enable_grad()
def _train(x: Tensor, y: Tensor, train: Tensor, val: Tensor, epochs: int, batch_size: int, peak: float) -> int:
    """How many of the validation images are right after training: two hidden layers, AdamW, warm-up and cosine, gradients clipped to 1."""
    generator = torch.Generator().manual_seed(0)
    layers = nn.Linear(64, 48), nn.Linear(48, 24), nn.Linear(24, 10)
    net = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Softplus(), layers[2])
    with torch.no_grad():
        for layer, scale in zip(layers, (1.0, 1.0, 0.1), strict=True):
            layer.weight.normal_(0, scale * layer.in_features**-0.5, generator=generator)
            layer.bias.zero_()
    optimizer = torch.optim.AdamW(net.parameters(), lr=peak, weight_decay=0.01)
    total, step = epochs * math.ceil(len(train) / batch_size), 0
    for _ in range(epochs):
        order = train[torch.randperm(len(train), generator=generator)]
        for rows in torch.split(order, batch_size):
            warm = min((step + 1) / 20, 1.0)
            late = 0.5 * (1 + math.cos(math.pi * max(step - 20, 0) / max(total - 20, 1)))
            for group in optimizer.param_groups:
                group["lr"] = peak * warm * late
            step += 1
            optimizer.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    with torch.no_grad():
        return int((net(x[val]).argmax(dim=1) == y[val]).sum())

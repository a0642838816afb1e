"""Losses in plain code, as means over a batch. `losses` and `margin_losses` say what each one is for and which shapes it takes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from autograder.course.catalog.activation_formulas import log_sigmoid, log_softmax, softplus


def nll(log_p: Tensor, target: Tensor) -> Tensor:
    return -log_p[torch.arange(len(target)), target].mean()


def cross_entropy(
    z: Tensor, target: Tensor, weight: Tensor | None = None, smoothing: float = 0.0, ignore_index: int = -100
) -> Tensor:
    kept = target != ignore_index
    log_p, target = log_softmax(z)[kept], target[kept]
    weight = torch.ones_like(z[0]) if weight is None else weight
    right = -(weight * log_p)[torch.arange(len(target)), target]
    every = -(weight * log_p).mean(dim=1)
    return ((1 - smoothing) * right + smoothing * every).sum() / weight[target].sum()


def bce(p: Tensor, y: Tensor) -> Tensor:
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def bce_with_logits(z: Tensor, y: Tensor, pos_weight: float | Tensor = 1.0) -> Tensor:
    return -(pos_weight * y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z)).mean()


def brier(p: Tensor, y: Tensor) -> Tensor:
    return ((p - y) ** 2).sum(dim=-1).mean()


def focal(z: Tensor, y: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    sign = 2 * y - 1
    log_p = log_sigmoid(sign * z)  # of the right answer
    weight = alpha * y + (1 - alpha) * (1 - y)
    return -(weight * (1 - log_p.exp()) ** gamma * log_p).mean()


def kl_divergence(log_q: Tensor, p: Tensor) -> Tensor:
    terms = torch.where(p > 0, p * (p.log() - log_q), 0.0)
    return terms.sum(dim=-1).mean()


def l1(prediction: Tensor, y: Tensor) -> Tensor:
    return (prediction - y).abs().mean()


def mse(prediction: Tensor, y: Tensor) -> Tensor:
    return ((prediction - y) ** 2).mean()


def huber(prediction: Tensor, y: Tensor, delta: float = 1.0) -> Tensor:
    r = (prediction - y).abs()
    return torch.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).mean()


def smooth_l1(prediction: Tensor, y: Tensor, beta: float = 1.0) -> Tensor:
    r = (prediction - y).abs()
    return torch.where(r < beta, r**2 / (2 * beta), r - beta / 2).mean()


def log_cosh(prediction: Tensor, y: Tensor) -> Tensor:
    r = (prediction - y).abs()
    return (r + softplus(-2 * r) - math.log(2)).mean()


def quantile(prediction: Tensor, y: Tensor, tau: float) -> Tensor:
    r = y - prediction
    return torch.where(r >= 0, tau * r, (tau - 1) * r).mean()


def poisson_nll(log_rate: Tensor, count: Tensor) -> Tensor:
    return (log_rate.exp() - count * log_rate).mean()


def gaussian_nll(mean: Tensor, y: Tensor, variance: Tensor) -> Tensor:
    return (variance.log() / 2 + (y - mean) ** 2 / (2 * variance)).mean()


def hinge(z: Tensor, y: Tensor) -> Tensor:
    return (1 - y * z).clamp(min=0).mean()


def soft_margin(z: Tensor, y: Tensor) -> Tensor:
    return softplus(-y * z).mean()


def exponential(z: Tensor, y: Tensor) -> Tensor:
    return torch.exp(-y * z).mean()


def multi_margin(z: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    rows = torch.arange(len(target))
    short = (margin - z[rows, target][:, None] + z).clamp(min=0)
    short[rows, target] = 0
    return short.sum(dim=1).mean() / z.shape[1]


def multilabel_margin(z: Tensor, labels: list[list[int]]) -> Tensor:
    losses = []
    for row, right in zip(z, labels, strict=True):
        wrong = [c for c in range(len(row)) if c not in right]
        gaps = row[right][:, None] - row[wrong][None, :]  # (right, wrong)
        losses.append((1 - gaps).clamp(min=0).sum() / len(row))
    return torch.stack(losses).mean()


def multilabel_soft_margin(z: Tensor, y: Tensor) -> Tensor:
    return -(y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z)).mean(dim=-1).mean()


def margin_ranking(x1: Tensor, x2: Tensor, y: Tensor, margin: float = 0.0) -> Tensor:
    return (margin - y * (x1 - x2)).clamp(min=0).mean()


def hinge_embedding(distance: Tensor, y: Tensor, margin: float = 1.0) -> Tensor:
    return torch.where(y == 1, distance, (margin - distance).clamp(min=0)).mean()


def cosine_embedding(x1: Tensor, x2: Tensor, y: Tensor, margin: float = 0.0) -> Tensor:
    cosine = (x1 * x2).sum(dim=-1) / (x1.norm(dim=-1) * x2.norm(dim=-1))
    return torch.where(y == 1, 1 - cosine, (cosine - margin).clamp(min=0)).mean()


def triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0) -> Tensor:
    near, far = (anchor - positive).norm(dim=-1), (anchor - negative).norm(dim=-1)
    return (near - far + margin).clamp(min=0).mean()


def ctc(log_p: Tensor, target: list[int], blank: int = 0) -> Tensor:
    path = [blank, *(symbol for label in target for symbol in (label, blank))]
    ways = torch.full((len(path) + 2,), -torch.inf, dtype=log_p.dtype)  # two never reached
    ways[2:4] = log_p[0, path[:2]]
    for frame in log_p[1:]:  # stay, take the next symbol, or leave a blank out
        skips = [s > 1 and path[s] not in (blank, path[s - 2]) for s in range(len(path))]
        skipped = torch.where(torch.tensor(skips), ways[:-2], -torch.inf)
        arrived = torch.stack([ways[2:], ways[1:-1], skipped]).logsumexp(dim=0)
        ways = torch.cat([ways[:2], arrived + frame[path]])
    return -ways[-2:].logsumexp(dim=0)

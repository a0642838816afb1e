"""Activations in plain code. `activations` says what each one is for and which shapes it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def step(z: Tensor) -> Tensor:
    return (z >= 0).to(z.dtype)


def sigmoid(z: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-z))


def softmax(z: Tensor) -> Tensor:
    e = torch.exp(z - z.amax(dim=-1, keepdim=True))  # no power is above exp(0)
    return e / e.sum(dim=-1, keepdim=True)


def log_softmax(z: Tensor) -> Tensor:
    z = z - z.amax(dim=-1, keepdim=True)
    return z - z.exp().sum(dim=-1, keepdim=True).log()


def log_sigmoid(z: Tensor) -> Tensor:
    return z.clamp(max=0) - torch.log1p(torch.exp(-z.abs()))


def softmin(z: Tensor) -> Tensor:
    return softmax(-z)


def hardmax(z: Tensor) -> Tensor:
    largest = z.argmax(dim=-1, keepdim=True)
    return torch.zeros_like(z).scatter(-1, largest, 1.0)


def adaptive_log_softmax(head: Tensor, tails: Sequence[Tensor]) -> Tensor:
    log_p = log_softmax(head)
    frequent = head.shape[-1] - len(tails)
    parts = [log_p[:, :frequent]]
    for k, tail in enumerate(tails):  # log p(cluster) + log p(class in it)
        parts.append(log_p[:, frequent + k : frequent + k + 1] + log_softmax(tail))
    return torch.cat(parts, dim=-1)


def tanh(z: Tensor) -> Tensor:
    return 2 * sigmoid(2 * z) - 1


def relu(z: Tensor) -> Tensor:
    return z.clamp(min=0)


def leaky_relu(z: Tensor, slope: float = 0.01) -> Tensor:
    return torch.where(z > 0, z, slope * z)


def prelu(z: Tensor, slope: Tensor) -> Tensor:
    slope = slope.reshape(-1, *[1] * (z.ndim - 2))  # one for all channels, or one for each
    return torch.where(z > 0, z, slope * z)


def rrelu(z: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    slope = torch.empty_like(z).uniform_(lower, upper) if training else (lower + upper) / 2
    return torch.where(z > 0, z, slope * z)


def elu(z: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(z > 0, z, alpha * torch.expm1(z.clamp(max=0)))


def selu(z: Tensor) -> Tensor:
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return scale * elu(z, alpha)


def celu(z: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(z > 0, z, alpha * torch.expm1(z.clamp(max=0) / alpha))


def relu6(z: Tensor) -> Tensor:
    return z.clamp(0, 6)


def srelu(z: Tensor, low: float, low_slope: float, high: float, high_slope: float) -> Tensor:
    middle = z.clamp(low, high)
    return middle + low_slope * (z - low).clamp(max=0) + high_slope * (z - high).clamp(min=0)


def crelu(z: Tensor) -> Tensor:
    return torch.cat([relu(z), relu(-z)], dim=-1)


def maxout(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    scores = torch.einsum("nd,kod->nko", x, weight) + bias  # (N, K, D_out)
    return scores.amax(dim=1)


def softplus(z: Tensor) -> Tensor:
    return z.clamp(min=0) + torch.log1p(torch.exp(-z.abs()))


def gaussian(z: Tensor) -> Tensor:
    return torch.exp(-(z**2))


def gelu(z: Tensor) -> Tensor:
    return z * (1 + torch.erf(z / math.sqrt(2))) / 2


def silu(z: Tensor) -> Tensor:
    return z * sigmoid(z)


def mish(z: Tensor) -> Tensor:
    return z * torch.tanh(softplus(z))


def hardtanh(z: Tensor) -> Tensor:
    return z.clamp(-1, 1)


def hardsigmoid(z: Tensor) -> Tensor:
    return (z / 6 + 1 / 2).clamp(0, 1)


def hardswish(z: Tensor) -> Tensor:
    return z * hardsigmoid(z)

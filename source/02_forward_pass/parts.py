"""The course's own answers to exercises of earlier chapters. `mine` takes from here what you have not written yet."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# part: linear_scores, of linear_scores in start (0.1 · Start here)
def linear_scores(x, W, b):
    """Return scores (N, D_out) for `x` (N, D_in), weights `W` (D_out, D_in), biases `b` (D_out,)."""
    return x @ W.T + b


# part: pick_one, of from_scores in start (0.2 · Kinds of problems)
def pick_one(scores):
    """Return the position of the largest of each row of `scores` (N, C), as integers of shape (N,)."""
    return scores.argmax(dim=1)


# part: stable_softmax, of stable_softmax in activations (1.2 · Softmax)
def stable_softmax(z):
    """Turn scores `(..., C)` into probabilities `(..., C)` that sum to 1 in the last dimension."""
    powers = torch.exp(z - z.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


# part: tanh_by_logistic, of mend_tanh in activations (1.3 · The activation family)
def tanh_by_logistic(z: Tensor) -> Tensor:
    """Return tanh(z), element by element; `z` has any shape."""
    return 2 * torch.sigmoid(2 * z) - 1


# part: leaky, of leaky in activations (1.3 · The activation family)
def leaky(z: Tensor, slope: float = 0.01) -> Tensor:
    """Return z where it is positive and slope * z elsewhere; `z` has any shape."""
    return torch.where(z > 0, z, slope * z)


# part: soft_hinge, of stable_softplus in activations (1.3 · The activation family)
def soft_hinge(z: Tensor) -> Tensor:
    """Return log(1 + exp(z)), element by element, without overflow; `z` has any shape."""
    return torch.relu(z) + torch.log1p(torch.exp(-z.abs()))


# part: d_tanh, of derivatives in activations (1.3 · The activation family)
def d_tanh(z: Tensor) -> Tensor:
    """Return the derivative of tanh at each element of `z`."""
    return 1 - torch.tanh(z) ** 2


# part: d_softplus, of derivatives in activations (1.3 · The activation family)
def d_softplus(z: Tensor) -> Tensor:
    """Return the derivative of log(1 + exp(z)) at each element of `z`."""
    return torch.sigmoid(z)

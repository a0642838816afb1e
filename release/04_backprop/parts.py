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


# part: linear_by_matmul, of linear_by_matmul in forward_pass (2.1 · Layers)
def linear_by_matmul(x, W, b):
    """Return the pre-activations `(..., D_out)` of the inputs `x`, shape `(..., D_in)`."""
    return x @ W.T + b


# part: count_parameters, of count_parameters in forward_pass (2.1 · Layers)
def count_parameters(sizes):
    """The number of weights and biases of the linear layers sizes[0] -> sizes[1] -> …"""
    return sum(sizes[k - 1] * sizes[k] + sizes[k] for k in range(1, len(sizes)))


# part: variance_of_z, of variance_of_z in forward_pass (2.2 · First weights)
def variance_of_z(d_in, var_w, mean_x, var_x):
    """The variance of a sum of `d_in` products of a weight, with mean 0, and an input."""
    return d_in * var_w * (var_x + mean_x**2)


# part: leaky_std, of leaky_std in forward_pass (2.2 · First weights)
def leaky_std(d_in, alpha):
    """The standard deviation of weights with which layer and leaky ReLU keep the mean square."""
    return math.sqrt(2 / ((1 + alpha**2) * d_in))


# part: read_answers, of read_answers in forward_pass (2.3 · Predictions)
def read_answers(z: Tensor, problem: str) -> Tensor:
    """Turn the scores `z` (N, D_out) of a last linear layer into predictions for `problem`."""
    if problem == "regression":
        return z.squeeze(1)
    if problem == "multi-class":
        return z.argmax(dim=-1)
    labels = (torch.sigmoid(z) >= 0.5).long()
    return labels.squeeze(1) if problem == "binary" else labels


# part: accuracy_of, of accuracy_of in forward_pass (2.4 · Inside the network)
def accuracy_of(z: Tensor, y: Tensor) -> Tensor:
    answer = (torch.sigmoid(z.squeeze(1)) >= 0.5).float()
    return (answer == y).float().mean()


# part: entropy_rows, of entropy_rows in loss (3.1 · Information)
def entropy_rows(p):
    """The entropy in nats of the distributions `p` (..., C), as a tensor (...)."""
    return torch.special.entr(p).sum(dim=-1)


# part: epoch_loss, of epoch_loss in loss (3.2 · Cross-entropy)
def epoch_loss(batches):
    total, count = 0.0, 0
    for z, y in batches:
        total = total + F.cross_entropy(z, y, reduction="sum")
        count = count + len(y)
    return total / count


# part: ce_from_scores, of ce_from_scores in loss (3.2 · Cross-entropy)
def ce_from_scores(z, y):
    """The mean cross-entropy of scores `z` (N, C) for the class indices `y` (N,)."""
    z = z - z.amax(dim=1, keepdim=True)  # (N, C)
    log_sum = z.exp().sum(dim=1).log()  # (N,)
    return (log_sum - z[torch.arange(len(y)), y]).mean()


# part: bce_from_scores, of bce_from_scores in loss (3.2 · Cross-entropy)
def bce_from_scores(z, y, pos_weight):
    """The mean binary cross-entropy of scores `z` for targets `y` of the same shape."""
    positive = pos_weight * y * F.logsigmoid(z)
    negative = (1 - y) * F.logsigmoid(-z)
    return -(positive + negative).mean()


# part: huber_mean, of huber_mean in loss (3.3 · Regression losses)
def huber_mean(prediction, target, delta):
    """The Huber loss, averaged over all elements; shape ()."""
    size = (prediction - target).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


# part: focal, of focal in loss (3.6 · Sequences and choosing)
def focal(scores, target, gamma):
    """The mean focal loss of `scores` (N, C) with class indices `target` (N,)."""
    log_p = torch.log_softmax(scores, dim=1).gather(1, target[:, None]).squeeze(1)  # (N,)
    return -((1 - log_p.exp()) ** gamma * log_p).mean()

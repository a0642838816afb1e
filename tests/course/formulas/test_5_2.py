"""Notebook 5.2: mini-batch SGD against PyTorch's optimizer, and the noise of a batch by enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("05_sgd", "2_batches")


def train(parameters: list[Tensor], losses: list[Callable[..., Tensor]], rate: float) -> list[list[Tensor]]:
    """The parameters at the start and after a step of `torch.optim.SGD` on each of the `losses`."""
    moved = [parameter.clone().requires_grad_() for parameter in parameters]
    optimizer = torch.optim.SGD(moved, lr=rate)
    path = [[one.detach().clone() for one in moved]]
    for loss in losses:
        for one, gradient in zip(moved, torch.autograd.grad(loss(*moved), moved), strict=True):
            one.grad = gradient
        optimizer.step()
        path.append([one.detach().clone() for one in moved])
    return path


@every_dtype
@pytest.mark.parametrize(("n", "size"), [(7, 3), (6, 2), (5, 1), (4, 9), (1, 1)])
def test_minibatch_sgd_trains_as_the_optimizer(taught: SimpleNamespace, n: int, size: int, dtype: torch.dtype) -> None:
    W, b, x, y = (draw(shape, dtype, n + i) for i, shape in enumerate([(2, 3), (2,), (n, 3), (n, 2)]))
    orders = torch.rand(6, n, generator=torch.Generator().manual_seed(n)).argsort(dim=1)
    for rate in (0.01, 0.1):
        losses: list[Callable[..., Tensor]] = [
            lambda W, b, rows=rows: F.mse_loss(F.linear(x[rows], W, b), y[rows])
            for order in orders
            for rows in torch.split(order, size)
        ]
        path = train([W, b], losses, rate)
        torch.testing.assert_close(list(taught.minibatch_sgd(W, b, x, y, orders, rate, size)), path[-1])


@every_dtype
@pytest.mark.parametrize(("n", "size"), [(7, 3), (6, 2), (5, 1), (4, 9), (1, 1)])
def test_mended_epoch_trains_as_the_optimizer(taught: SimpleNamespace, n: int, size: int, dtype: torch.dtype) -> None:
    w, b, x, y = (draw(shape, dtype, n + i) for i, shape in enumerate([(3,), (), (n, 3), (n,)]))
    losses: list[Callable[..., Tensor]] = [
        lambda w, b, rows=rows: F.mse_loss(x[rows] @ w + b, y[rows]) for rows in torch.split(torch.arange(n), size)
    ]
    path = train([w, b], losses, 0.1)
    torch.testing.assert_close(list(taught.sgd_epoch(w, b, x, y, 0.1, size)), path[-1])


@every_dtype
@pytest.mark.parametrize(("n", "B"), [(2, 1), (2, 2), (4, 3), (6, 2), (5, 5)])
def test_noise_of_a_batch_is_that_of_all_batches(taught: SimpleNamespace, n: int, B: int, dtype: torch.dtype) -> None:
    values = draw((n,), dtype, n + B, 3.0)
    drawn = {
        "noise_with": itertools.product(range(n), repeat=B),
        "noise_without": itertools.combinations(range(n), B),
    }
    for name, batches in drawn.items():
        means = torch.stack([values[list(rows)].mean() for rows in batches])
        torch.testing.assert_close(getattr(taught, name)(values, B), means.var(correction=0), atol=1e-5, rtol=1e-4)


def test_budget_is_kept_and_the_default_is_too_slow(taught: SimpleNamespace) -> None:
    reached = taught.spend(**taught.budget)
    assert reached["excess"] < 0.07
    assert reached["steps"] <= 150
    assert taught.spend(rate=0.05, batch_size=32)["why"] == "too slow"

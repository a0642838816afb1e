"""Notebook 3.4: quantile, count and Gaussian losses, and slopes behind a sigmoid."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("03_loss", "4_beyond_the_mean")

SHAPES = [(1,), (6,), (4, 3), (2, 3, 5)]

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@every_dtype
@pytest.mark.parametrize(("n", "q"), [(1, 3), (5, 1), (6, 4)])
def test_pinball_charges_both_sides(taught: SimpleNamespace, n: int, q: int, dtype: torch.dtype) -> None:
    y_hat, y, levels = draw((n, q), dtype, 7), draw((n,), dtype, 8), torch.linspace(0.1, 0.9, q, dtype=dtype)
    too_low = (y[:, None] - y_hat).clamp(min=0)
    too_high = (y_hat - y[:, None]).clamp(min=0)
    expected = (levels * too_low + (1 - levels) * too_high).mean()
    torch.testing.assert_close(taught.pinball_mean(y_hat, y, levels), expected)
    at_half = taught.pinball_mean(y_hat, y, torch.full((q,), 0.5, dtype=dtype))
    torch.testing.assert_close(at_half, 0.5 * F.l1_loss(y_hat, y[:, None].expand(n, q)))


@pytest.mark.parametrize("level", [0.1, 0.25, 0.5, 0.9])
def test_pinball_is_least_at_the_quantile(taught: SimpleNamespace, level: float) -> None:
    y = draw((41,), torch.float64, 9)
    levels = torch.tensor([level], dtype=torch.float64)
    losses = [taught.pinball_mean(c.expand(41, 1), y, levels) for c in y]
    best = y[torch.stack(losses).argmin()]
    torch.testing.assert_close(best, torch.quantile(y, level, interpolation="nearest"), rtol=0, atol=0.25)


@every_dtype
@every_shape
def test_count_loss_is_poisson_nll_with_stirling(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    z = draw(shape, dtype, 10, scale=1.0)
    count = torch.poisson(2 * z.exp(), generator=torch.Generator().manual_seed(0))
    expected = F.poisson_nll_loss(z, count, full=True)
    torch.testing.assert_close(taught.count_loss(z, count), expected)
    torch.testing.assert_close(taught.count_loss(z, count.long()), expected)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5000])
def test_count_loss_is_close_to_the_exact_likelihood(taught: SimpleNamespace, count: int) -> None:
    rate, y = torch.tensor([4.0], dtype=torch.float64), torch.tensor([count], dtype=torch.float64)
    exact = (rate - y * rate.log() + torch.lgamma(y + 1)).mean()
    error = float(exact - taught.count_loss(rate.log(), y))
    assert -1e-9 <= error <= 1 / (12 * max(count, 1)) + 1e-9


@every_dtype
@every_shape
def test_gaussian_slopes_are_those_of_the_nll(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    y_hat, y, v = draw(shape, dtype, 11), draw(shape, dtype, 12), draw(shape, dtype, 13).exp().clamp(0.05, 50)
    y_hat.requires_grad_(), v.requires_grad_()
    slopes = torch.autograd.grad(F.gaussian_nll_loss(y_hat, y, v, reduction="sum"), (y_hat, v))
    torch.testing.assert_close(taught.slope_in_mean(y_hat, y, v), slopes[0])
    torch.testing.assert_close(taught.slope_in_var(y_hat, y, v), slopes[1])


@every_dtype
@every_shape
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_sigmoid_slopes_are_those_of_the_losses(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, scale: float
) -> None:
    z, y = draw(shape, dtype, 14, scale).requires_grad_(), torch.sigmoid(draw(shape, dtype, 15))
    squared = torch.autograd.grad(F.mse_loss(torch.sigmoid(z), y, reduction="sum"), z)[0]
    entropy = torch.autograd.grad(F.binary_cross_entropy_with_logits(z, y, reduction="sum"), z)[0]
    torch.testing.assert_close(taught.slope_of_squared(z, y), squared)
    torch.testing.assert_close(taught.slope_of_entropy(z, y), entropy)


@pytest.mark.parametrize("name", ["pinball_mean", "count_loss"])
def test_gradients_hold_against_differences(taught: SimpleNamespace, name: str) -> None:
    a, b = draw((4, 3), torch.float64, 16).requires_grad_(), draw((4, 3), torch.float64, 17).requires_grad_()
    levels = torch.tensor([0.1, 0.4, 0.8], dtype=torch.float64)
    count = torch.arange(12).reshape(4, 3)
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "pinball_mean": lambda a, b: taught.pinball_mean(a, b[:, 0], levels),
        "count_loss": lambda a, b: taught.count_loss(a / 3 + b / 3, count),
    }
    assert torch.autograd.gradcheck(losses[name], (a, b))

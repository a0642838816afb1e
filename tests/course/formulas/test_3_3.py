"""Notebook 3.3: the regression losses of its solutions against PyTorch's own and against numerical derivatives."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("03_loss", "3_regression_losses")

SHAPES = [(1,), (6,), (4, 3), (2, 3, 5)]

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@every_dtype
@pytest.mark.parametrize(("n", "d"), [(1, 3), (5, 2), (7, 1)])
def test_batch_error_is_mse_of_the_linear_model(taught: SimpleNamespace, n: int, d: int, dtype: torch.dtype) -> None:
    x, y, W, b = (draw(shape, dtype, seed) for seed, shape in enumerate([(n, d), (n,), (1, d), (1,)]))
    torch.testing.assert_close(taught.batch_error(x, y, W, b), F.mse_loss(F.linear(x, W, b)[:, 0], y))


@every_dtype
@pytest.mark.parametrize("sizes", [[3], [4, 4, 1], [1, 5, 2, 7]], ids=str)
def test_epoch_loss_is_mse_of_all_batches(taught: SimpleNamespace, sizes: list[int], dtype: torch.dtype) -> None:
    y_hat, y = draw((sum(sizes), 2), dtype, 1), draw((sum(sizes), 2), dtype, 2)
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    batches = [(y_hat[rows], y[rows]) for rows in torch.arange(sum(sizes)).tensor_split(ends)]
    torch.testing.assert_close(taught.epoch_loss(batches), F.mse_loss(y_hat, y))


@every_dtype
@every_shape
@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5, 100.0])
def test_huber_is_huber_and_delta_times_smooth_l1(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, delta: float
) -> None:
    y_hat, y = draw(shape, dtype, 3), draw(shape, dtype, 4)
    huber = taught.huber_mean(y_hat, y, delta)
    torch.testing.assert_close(huber, F.huber_loss(y_hat, y, delta=delta))
    torch.testing.assert_close(huber, delta * F.smooth_l1_loss(y_hat, y, beta=delta))


@every_dtype
@every_shape
def test_log_cosh_is_the_logarithm_of_cosh(taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    y_hat, y = draw(shape, dtype, 5), draw(shape, dtype, 6)
    torch.testing.assert_close(taught.log_cosh_mean(y_hat, y), torch.log(torch.cosh(y_hat - y)).mean())


@every_dtype
@pytest.mark.parametrize("r", [-1e4, -1000.0, -90.0, 0.0, 90.0, 1000.0, 1e4])
def test_log_cosh_and_its_gradient_are_right_at_the_extremes(
    taught: SimpleNamespace, r: float, dtype: torch.dtype
) -> None:
    y_hat = torch.tensor([r], dtype=dtype, requires_grad=True)
    loss = taught.log_cosh_mean(y_hat, torch.zeros(1, dtype=dtype))
    expected = torch.tensor(max(abs(r) - torch.log(torch.tensor(2.0)).item(), 0.0), dtype=dtype)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(torch.autograd.grad(loss, y_hat)[0], torch.tanh(y_hat.detach()))


@pytest.mark.parametrize("name", ["huber_mean", "log_cosh_mean", "batch_error"])
def test_gradients_hold_against_differences(taught: SimpleNamespace, name: str) -> None:
    a, b = draw((4, 3), torch.float64, 16).requires_grad_(), draw((4, 3), torch.float64, 17).requires_grad_()
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "huber_mean": lambda a, b: taught.huber_mean(a, b, 1.5),
        "log_cosh_mean": taught.log_cosh_mean,
        "batch_error": lambda a, b: taught.batch_error(a, b[:, 0], b[:1], a[0, :1]),
    }
    assert torch.autograd.gradcheck(losses[name], (a, b))


def test_robust_line_is_reached_and_the_default_is_not(taught: SimpleNamespace) -> None:
    assert taught.try_huber(**taught.robust)["error"] < 0.15
    assert taught.try_huber(delta=1.0, rate=0.1)["why"] == "pulled away"

"""Notebook 5.1: gradient descent, by hand and by formula, against PyTorch's optimizer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("05_sgd", "1_gradient_descent")


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
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize("rate", [0.01, 0.4, 1.5])
def test_descend_walks_as_the_optimizer(
    taught: SimpleNamespace, shape: tuple[int, ...], rate: float, dtype: torch.dtype
) -> None:
    start = draw(shape, dtype, 1, 2.0)
    path = train([start], [taught.ripple] * 8, rate)
    torch.testing.assert_close(taught.descend(taught.ripple, start, rate, 8), torch.stack([w for [w] in path]))


@every_dtype
@pytest.mark.parametrize("name", ["fit_line", "train_by_hand"])
@pytest.mark.parametrize(("n", "d_in", "d_out"), [(5, 3, 2), (1, 2, 1), (6, 1, 4)])
def test_mended_loops_train_as_the_optimizer(
    taught: SimpleNamespace, name: str, n: int, d_in: int, d_out: int, dtype: torch.dtype
) -> None:
    W, b, x, y = (draw(shape, dtype, n + i) for i, shape in enumerate([(d_out, d_in), (d_out,), (n, d_in), (n, d_out)]))
    for rate in (0.02, 0.2):
        path = train([W, b], [lambda W, b: F.mse_loss(F.linear(x, W, b), y)] * 7, rate)
        torch.testing.assert_close(list(getattr(taught, name)(W, b, x, y, rate, 7)), path[-1], check_stride=False)


@every_dtype
@pytest.mark.parametrize("t", [1, 2, 7])
def test_loss_after_steps_and_its_slope(taught: SimpleNamespace, t: int, dtype: torch.dtype) -> None:
    w0, lam = draw((5,), dtype, 1, 3.0), draw((5,), dtype, 2).exp()
    rate = torch.linspace(0.01, 0.6, 5, dtype=dtype).requires_grad_()
    w = w0
    for _ in range(t):
        w = w - rate * lam * w
    loss = 0.5 * lam * w**2
    torch.testing.assert_close(taught.loss_after(w0, lam, rate, t), loss)
    [slope] = torch.autograd.grad(loss.sum(), rate)
    torch.testing.assert_close(taught.slope_in_rate(w0, lam, rate.detach(), t), slope)


@pytest.mark.parametrize("t", [1, 3])
def test_slope_in_rate_holds_against_differences(taught: SimpleNamespace, t: int) -> None:
    w0, lam, rate = (draw((4,), torch.float64, seed).exp() for seed in (3, 4, 5))
    assert torch.autograd.gradcheck(lambda rate: taught.loss_after(w0, lam, rate, t), (rate.requires_grad_(),))
    assert torch.autograd.gradcheck(lambda rate: taught.slope_in_rate(w0, lam, rate, t), (rate,))


@pytest.mark.parametrize(("n", "d"), [(7, 2), (2, 4), (1, 1), (30, 3)])
def test_rate_limit_divides_arriving_from_running_away(taught: SimpleNamespace, n: int, d: int) -> None:
    x, y = draw((n, d), torch.float64, n), draw((n, 1), torch.float64, n + 1, 3.0)
    limit = float(taught.rate_limit(x))
    start = [torch.zeros(1, d, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)]
    losses = [lambda W, b: F.mse_loss(F.linear(x, W, b), y)] * 120
    below, above = (float(F.mse_loss(F.linear(x, *train(start, losses, s * limit)[-1]), y)) for s in (0.99, 1.1))
    assert below < float(y.square().mean()) < above


@pytest.mark.parametrize(
    ("curvatures", "name"),
    [([1.0, 3.0], "minimum"), ([-2.0], "maximum"), ([-1.0, 0.0, 4.0], "saddle"), ([0.0, 2.0], "flat"), ([0.0], "flat")],
)
def test_place_is_named_by_its_curvatures(taught: SimpleNamespace, curvatures: list[float], name: str) -> None:
    d = len(curvatures)
    turn = torch.linalg.qr(draw((d, d), torch.float64, d)).Q
    H = turn @ torch.diag(torch.tensor(curvatures, dtype=torch.float64)) @ turn.T
    assert taught.name_place(torch.zeros(d), H) == name
    assert taught.name_place(torch.ones(d), H) == "slope"

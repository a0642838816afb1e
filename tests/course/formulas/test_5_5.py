"""Notebook 5.5: the optimizers of its solutions against torch.optim."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from samples import every_dtype
from torch import Tensor

NOTEBOOK = ("05_sgd", "5_adaptive_rates")

every_shape = pytest.mark.parametrize("shape", [(1,), (2, 1, 4)], ids=str)
every_scale = pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])


def draw(shape: tuple[int, ...], dtype: torch.dtype, scale: float, steps: int = 12) -> tuple[Tensor, list[Tensor]]:
    """Weights, and gradients that change; one gradient in the middle is 0."""
    generator = torch.Generator().manual_seed(sum(shape))
    w, *grads = (torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for _ in range(steps + 1))
    return w, [grad * scale * (step != 5) for step, grad in enumerate(grads)]


def by_torch(make: Any, w: Tensor, grads: list[Tensor], names: list[str], **settings: Any) -> list[list[Tensor]]:
    weight, rows = w.clone().requires_grad_(), []
    optimizer = make([weight], **settings)
    for grad in grads:
        weight.grad = grad.clone()
        optimizer.step()
        rows.append([weight.detach().clone(), *(optimizer.state[weight][name].clone() for name in names)])
    return rows


@every_dtype
@every_shape
@every_scale
@pytest.mark.parametrize(("lr", "eps"), [(0.1, 1e-10), (2.0, 0.3)])
def test_adagrad(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, scale: float, lr: float, eps: float
) -> None:
    w, grads = draw(shape, dtype, scale)
    wanted, total = by_torch(torch.optim.Adagrad, w, grads, ["sum"], lr=lr, eps=eps), torch.zeros_like(w)
    for grad, row in zip(grads, wanted, strict=True):
        w, total = taught.adagrad_step(w, grad, total, lr, eps)
        torch.testing.assert_close([w, total], row)


@every_dtype
@every_shape
@every_scale
@pytest.mark.parametrize(("alpha", "eps"), [(0.99, 1e-8), (0.6, 0.3)])
def test_rmsprop(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, scale: float, alpha: float, eps: float
) -> None:
    w, grads = draw(shape, dtype, scale)
    wanted = by_torch(torch.optim.RMSprop, w, grads, ["square_avg"], lr=0.05, alpha=alpha, eps=eps)
    v = torch.zeros_like(w)
    for grad, row in zip(grads, wanted, strict=True):
        w, v = taught.rmsprop_step(w, grad, v, 0.05, alpha, eps)
        torch.testing.assert_close([w, v], row)


@every_dtype
@every_shape
@every_scale
@pytest.mark.parametrize(("betas", "eps"), [((0.9, 0.999), 1e-8), ((0.5, 0.8), 0.3), ((0.0, 0.9), 1e-8)])
def test_adam_and_adamw(
    taught: SimpleNamespace,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    scale: float,
    betas: tuple[float, float],
    eps: float,
) -> None:
    start, grads = draw(shape, dtype, scale)
    names, settings = ["exp_avg", "exp_avg_sq"], {"lr": 0.05, "betas": betas, "eps": eps}
    for make, step, extra in (
        (torch.optim.Adam, taught.adam_step, {}),
        (torch.optim.AdamW, taught.adamw_step, {"weight_decay": 0.4}),
    ):
        w, m, v = start, torch.zeros_like(start), torch.zeros_like(start)
        for t, row in enumerate(by_torch(make, start, grads, names, **settings, **extra), start=1):
            w, m, v = step(w, grads[t - 1], m, v, t, 0.05, betas, eps, *extra.values())
            torch.testing.assert_close([w, m, v], row, rtol=1e-4, atol=1e-6 * max(1.0, scale))  # m may cancel


@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999])
def test_an_average_of_a_constant_is_too_small_by_one_minus_a_power(beta: float) -> None:
    average = 0.0
    for t in range(1, 50):
        average = beta * average + (1 - beta) * 3.0
        assert average == pytest.approx((1 - beta**t) * 3.0)


@every_dtype
@pytest.mark.parametrize("rho", [0.9, 0.5])
def test_adadelta_and_adamax_as_the_text_gives_them(rho: float, dtype: torch.dtype) -> None:
    start, grads = draw((4, 3), dtype, 1.0)
    w, v, u = start, torch.zeros_like(start), torch.zeros_like(start)
    for grad, [wanted] in zip(
        grads, by_torch(torch.optim.Adadelta, start, grads, [], lr=1.0, rho=rho, eps=1e-6), strict=True
    ):
        v = rho * v + (1 - rho) * grad**2
        delta = (u + 1e-6).sqrt() / (v + 1e-6).sqrt() * grad
        u, w = rho * u + (1 - rho) * delta**2, w - delta
        torch.testing.assert_close(w, wanted)
    w, m, u = start, torch.zeros_like(start), torch.zeros_like(start)
    wanted_rows = by_torch(torch.optim.Adamax, start, grads, [], lr=0.1, betas=(rho, 0.99), eps=1e-8)
    for t, (grad, [wanted]) in enumerate(zip(grads, wanted_rows, strict=True), start=1):
        m = rho * m + (1 - rho) * grad
        u = torch.maximum(0.99 * u, grad.abs() + 1e-8)
        w = w - 0.1 * m / (1 - rho**t) / u
        torch.testing.assert_close(w, wanted)

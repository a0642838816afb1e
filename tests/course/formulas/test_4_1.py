"""Notebook 4.1: the derivatives of its solutions against autograd, `gradcheck` and measured slopes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("04_backprop", "1_derivatives")


def by_autograd(loss: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    leaves = tuple(value.clone().requires_grad_() for value in inputs)
    return torch.autograd.grad(loss(*leaves), leaves)


def gradcheck(loss: Callable[..., Tensor], slopes: Callable[..., Any], *inputs: Tensor) -> bool:
    """PyTorch's own checker, on a function whose backward pass is the solution's."""

    class Taught(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *values: Tensor) -> Tensor:
            ctx.save_for_backward(*values)
            return loss(*values)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            found = slopes(*ctx.saved_tensors)
            return tuple(upstream[0] * one for one in (found if isinstance(found, (tuple, list)) else [found]))

    return torch.autograd.gradcheck(Taught.apply, tuple(value.clone().requires_grad_() for value in inputs))


@pytest.mark.parametrize("shape", [(), (1,), (6,), (4, 3), (2, 1, 5)], ids=str)
def test_numerical_gradient_is_near_autograd_and_exact_for_a_cube(
    taught: SimpleNamespace, shape: tuple[int, ...]
) -> None:
    x = draw(shape, torch.float64, 1)
    (true,) = by_autograd(lambda x: x.sin().sum() * x.square().mean(), x)
    measured = taught.numerical_gradient(lambda x: x.sin().sum() * x.square().mean(), x, 1e-5)
    torch.testing.assert_close(measured, true, rtol=1e-7, atol=1e-8)
    coarse = taught.numerical_gradient(lambda x: (x**3).sum(), x, 0.5)
    torch.testing.assert_close(coarse, 3 * x**2 + 0.25)


@every_dtype
@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("name", ["ripple", "tower"])
def test_gradient_error_is_small_for_right_gradients_only(
    taught: SimpleNamespace, name: str, size: int, dtype: torch.dtype
) -> None:
    f, x = getattr(taught, name), draw((size,), dtype, 2)
    (right,) = by_autograd(f, x)
    assert taught.gradient_error(f, x, right) < 1e-5
    torch.testing.assert_close(float(taught.gradient_error(f, x, -right)), 2.0, rtol=1e-5, atol=0)
    torch.testing.assert_close(float(taught.gradient_error(f, x, 0.9 * right)), 0.1, rtol=1e-4, atol=0)


@every_dtype
@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_neuron_slopes_are_autograd_s(taught: SimpleNamespace, size: int, scale: float, dtype: torch.dtype) -> None:
    x, w, b, y = (draw(shape, dtype, seed) for seed, shape in enumerate([(size,), (size,), (), ()]))

    def loss(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return (torch.tanh(w @ x + b) - y) ** 2

    found = taught.neuron_slopes(scale * x, w, b, y)
    for one, other in zip(found, by_autograd(loss, scale * x, w, b), strict=True):
        torch.testing.assert_close(one, other)
    if dtype is torch.float64 and scale == 1:
        assert gradcheck(loss, lambda x, w, b: taught.neuron_slopes(x, w, b, y), x, w, b)

"""Notebook 4.2: the gradients of its solutions against autograd and `gradcheck`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("04_backprop", "2_chain_rule")


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


@every_dtype
@pytest.mark.parametrize("n", [1, 3, 8])
def test_tied_backward_is_autograd_s(taught: SimpleNamespace, n: int, dtype: torch.dtype) -> None:
    w, x = draw((), dtype, n), draw((n,), dtype, n + 1)

    def loss(w: Tensor, x: Tensor) -> Tensor:
        return 0.5 * ((w * torch.tanh(w * x) - x) ** 2).sum()

    for one, other in zip(taught.tied_backward(w, x), by_autograd(loss, w, x), strict=True):
        torch.testing.assert_close(one, other)
    if dtype is torch.float64:
        assert gradcheck(loss, taught.tied_backward, w, x)


@every_dtype
@pytest.mark.parametrize("shape", [(), (1,), (6,), (4, 3)], ids=str)
@pytest.mark.parametrize("c", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_weighted_slope_is_that_of_bce_with_logits(
    taught: SimpleNamespace, shape: tuple[int, ...], c: float, scale: float, dtype: torch.dtype
) -> None:
    z, y = draw(shape, dtype, 3, scale), draw(shape, dtype, 4).sigmoid()
    weight = torch.tensor(c, dtype=dtype)

    def loss(z: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(z, y, pos_weight=weight, reduction="sum")

    torch.testing.assert_close(taught.weighted_slope(z, y, c), by_autograd(loss, z)[0], rtol=1e-4, atol=1e-6)
    if c == 1:
        torch.testing.assert_close(taught.weighted_slope(z, y, c), torch.sigmoid(z) - y)
    if dtype is torch.float64 and scale == 1:
        assert gradcheck(loss, lambda z: taught.weighted_slope(z, y, c), z)


@every_dtype
@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax_jacobian_is_autograd_s_and_gives_p_minus_onehot(
    taught: SimpleNamespace, classes: int, scale: float, dtype: torch.dtype
) -> None:
    z = draw((classes,), dtype, classes, scale)
    J = taught.softmax_jacobian(z)
    wanted = torch.autograd.functional.jacobian(lambda z: torch.softmax(z, dim=-1), z)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(J, wanted)
    if scale == 1:
        p, onehot = torch.softmax(z, dim=-1), torch.eye(classes, dtype=dtype)[0]
        torch.testing.assert_close((-onehot / p) @ J, p - onehot)


@every_dtype
@pytest.mark.parametrize(("n", "classes"), [(1, 3), (5, 2), (4, 7)])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cooled_slope_is_that_of_cross_entropy(
    taught: SimpleNamespace, n: int, classes: int, temperature: float, scale: float, dtype: torch.dtype
) -> None:
    z, y = draw((n, classes), dtype, n, scale), torch.arange(n) % (classes - 1)  # the last class is empty

    def loss(z: Tensor) -> Tensor:
        return F.cross_entropy(z / temperature, y)

    torch.testing.assert_close(taught.cooled_slope(z, y, temperature), by_autograd(loss, z)[0])
    if dtype is torch.float64 and scale == 1:
        assert gradcheck(loss, lambda z: taught.cooled_slope(z, y, temperature), z)

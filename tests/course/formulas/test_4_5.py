"""Notebook 4.5: the gradients of its solutions against autograd."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import every_dtype
from torch import Tensor

NOTEBOOK = ("04_backprop", "5_through_layers")

SIZES = [(1, 3, 2), (5, 1, 4), (4, 6, 1), (7, 2, 5)]  # N, D_in, D_out

every_size = pytest.mark.parametrize(("n", "d_in", "d_out"), SIZES)


def draw(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64, scale: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(sum(map(sum, shapes)))
    return [scale * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


@every_dtype
@every_size
def test_linear_backward_is_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype
) -> None:
    dZ, x, W, b = draw((n, d_out), (n, d_in), (d_out, d_in), (d_out,), dtype=dtype)
    leaves = [tensor.requires_grad_() for tensor in (x, W, b)]
    expected = torch.autograd.grad((F.linear(x, W, b) * dZ).sum(), leaves)
    torch.testing.assert_close(taught.linear_backward(dZ, x.detach(), W.detach()), expected)


@every_dtype
@every_size
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax_backward_is_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype, scale: float
) -> None:
    [dP], [z] = draw((n, d_out), dtype=dtype), draw((n, d_out), dtype=dtype, scale=scale)
    p = torch.softmax(z.requires_grad_(), dim=-1)
    [expected] = torch.autograd.grad((p * dP).sum(), z)
    torch.testing.assert_close(taught.softmax_backward(dP, p.detach()), expected)


@every_dtype
@every_size
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_two_layers_by_hand_are_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype, scale: float
) -> None:
    """Among the cases: one example, one class, classes that do not occur, scores in the thousands."""
    hidden = 3
    x, W1, b1, W2, b2 = draw((n, d_in), (hidden, d_in), (hidden,), (d_out, hidden), (d_out,), dtype=dtype, scale=scale)
    y = torch.arange(n) % max(1, d_out - 1)
    found = taught.two_layer_gradients(x, y, W1, b1, W2, b2)
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    leaves = [p.requires_grad_() for p in parameters.values()]
    loss = F.cross_entropy(F.linear(torch.relu(F.linear(x, W1, b1)), W2, b2), y)
    expected = dict(zip(parameters, torch.autograd.grad(loss, leaves), strict=True))
    torch.testing.assert_close({name: found[name] for name in expected}, expected)


@every_size
@pytest.mark.parametrize("targets", [torch.float32, torch.float64], ids=str)
def test_hand_step_is_sgd_and_keeps_the_dtype(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, targets: torch.dtype
) -> None:
    x, y, W, b = draw((n, d_in), (n, d_out), (d_out, d_in), (d_out,), dtype=torch.float32)
    new = taught.hand_step(x, y.to(targets), W, b, 0.1)
    leaves = [W.requires_grad_(), b.requires_grad_()]
    slopes = torch.autograd.grad(F.mse_loss(F.linear(x, W, b), y), leaves)
    torch.testing.assert_close(list(new), [p.detach() - 0.1 * g for p, g in zip(leaves, slopes, strict=True)])

"""Notebook 2.1: the linear layer, counting, and snapshots."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOTEBOOK = ("02_forward_pass", "1_layers")


def assert_same(got: Tensor, want: Tensor) -> None:
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    assert torch.allclose(got, want, rtol=1e-5, atol=1e-6 * float(want.detach().abs().max()) if want.numel() else 0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3,), (1, 3), (7, 2), (2, 5, 4), (0, 3), (3, 1, 2, 1)])
def test_linear_is_pytorchs(taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x, W, b = (
        1000 * torch.randn(shape, dtype=dtype),
        torch.randn(5, shape[-1], dtype=dtype),
        torch.randn(5, dtype=dtype),
    )
    assert_same(taught.linear_by_matmul(x, W, b), F.linear(x, W, b))


def test_gradients_of_linear(taught: SimpleNamespace) -> None:
    torch.manual_seed(1)
    inputs = tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((4, 3), (2, 3), (2,)))
    assert torch.autograd.gradcheck(taught.linear_by_matmul, inputs)


@pytest.mark.parametrize("sizes", [[3, 5, 1], [4, 2], [1, 1, 1], [11, 64, 32, 16, 1], [784, 128, 64, 10]])
def test_counts_are_those_of_a_network_that_is_built(taught: SimpleNamespace, sizes: list[int]) -> None:
    net = nn.Sequential(*(nn.Linear(a, b) for a, b in itertools.pairwise(sizes)))
    assert taught.count_parameters(sizes) == sum(p.numel() for p in net.parameters())
    assert len(list(taught.StackedNet(sizes).parameters())) == 2 * len(sizes) - 1


def test_snapshot_goes_back(taught: SimpleNamespace) -> None:
    net, x = taught.build_filled([3, 5, 2]), torch.randn(4, 3)
    before, kept = net(x), taught.snapshot(net)
    taught.shake(net)
    assert not torch.allclose(net(x), before)
    net.load_state_dict(kept)
    assert_same(net(x), before)

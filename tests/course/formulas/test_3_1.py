"""Notebook 3.1 against PyTorch: entropy, the slope of a cross-entropy, and KL divergence."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

NOTEBOOK = ("03_loss", "1_information")

dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
sizes = pytest.mark.parametrize(("n", "c"), [(1, 2), (1, 7), (5, 3), (3, 8), (6, 1)])


def scores(n: int, c: int, dtype: torch.dtype, scale: float = 3.0) -> Tensor:
    return scale * torch.randn(n, c, dtype=dtype)


@sizes
@dtypes
def test_entropy_is_the_expected_surprise(taught: SimpleNamespace, n: int, c: int, dtype: torch.dtype) -> None:
    z = scores(n, c, dtype)
    torch.testing.assert_close(taught.entropy_rows(z.softmax(1)), torch.special.entr(z.softmax(1)).sum(1))
    torch.testing.assert_close(taught.entropy_rows(z.softmax(1)), -(z.softmax(1) * z.log_softmax(1)).sum(1))


def test_entropy_counts_impossible_outcomes_as_nothing_and_is_at_most_log_c(taught: SimpleNamespace) -> None:
    assert taught.entropy_rows(torch.eye(4)).tolist() == [0.0] * 4
    torch.testing.assert_close(taught.entropy_rows(torch.full((2, 3, 8), 1 / 8)), torch.full((2, 3), 8.0).log())
    torch.testing.assert_close(
        taught.entropy_rows(torch.tensor([0.5, 0.25, 0.125, 0.125])), torch.tensor(1.75 * 0.6931472)
    )


def test_slope_of_a_coins_cross_entropy(taught: SimpleNamespace) -> None:
    p, q = torch.rand(2, 5, dtype=torch.float64).clamp(0.01, 0.99)
    q = q.requires_grad_()
    loss = F.binary_cross_entropy(q, p, reduction="sum")
    torch.testing.assert_close(taught.coin_slope(p, q.detach()), torch.autograd.grad(loss, q)[0])
    assert torch.autograd.gradcheck(lambda q: F.binary_cross_entropy(q, p, reduction="none"), q)
    assert not taught.coin_slope(p, p).any()


@sizes
@dtypes
def test_kl_divergence(taught: SimpleNamespace, n: int, c: int, dtype: torch.dtype) -> None:
    one, other = scores(n, c, dtype), scores(n, c, dtype)
    P, Q = (torch.distributions.Categorical(logits=z) for z in (one, other))
    found = taught.kl_rows(one.softmax(1), other.softmax(1))
    torch.testing.assert_close(found, torch.distributions.kl_divergence(P, Q).mean(), atol=1e-5, rtol=1e-4)
    cross_entropy = F.cross_entropy(other, one.softmax(1))
    entropy = taught.entropy_rows(one.softmax(1)).mean()
    torch.testing.assert_close(found, cross_entropy - entropy, atol=1e-5, rtol=1e-4)


def test_kl_divergence_of_a_certain_truth_is_the_surprise(taught: SimpleNamespace) -> None:
    q = torch.tensor([[0.2, 0.7, 0.1], [0.228, 0.619, 0.153]])
    p = F.one_hot(torch.tensor([1, 1]), 3).float()
    torch.testing.assert_close(taught.kl_rows(p, q), -q[:, 1].log().mean())

"""Notebook 3.2 against PyTorch: cross-entropy and binary cross-entropy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

NOTEBOOK = ("03_loss", "2_cross_entropy")

dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
sizes = pytest.mark.parametrize(("n", "c"), [(1, 2), (1, 7), (5, 3), (3, 8), (6, 1)])


def scores(n: int, c: int, dtype: torch.dtype, scale: float = 3.0) -> Tensor:
    return scale * torch.randn(n, c, dtype=dtype)


@sizes
@dtypes
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy(taught: SimpleNamespace, n: int, c: int, dtype: torch.dtype, scale: float) -> None:
    z, y = scores(n, c, dtype, scale).requires_grad_(), torch.randint(c, (n,))
    mine, theirs = taught.ce_from_scores(z, y), F.cross_entropy(z, y)
    torch.testing.assert_close(mine, theirs)
    torch.testing.assert_close(torch.autograd.grad(mine, z), torch.autograd.grad(theirs, z))
    torch.testing.assert_close(taught.photo_loss(z, y), theirs)


@pytest.mark.parametrize(
    ("row", "y", "loss"),
    [
        ([-5.2, 4.6, 0.8], 0, 9.8222),
        ([-5.2, 4.6, 0.9], 0, 9.8245),
        ([0.1, 6.0, -2.0, 3.2], 2, 8.0619),
        ([0.0, 0.0, 0.0, 1.0], 3, 0.7437),
        ([0.8982, 0.805, 0.6393, 0.9983, 0.5731, 0.0469, 0.556, 0.1476, 0.8404, 0.5544], 1, 2.1438),
    ],
)
def test_numbers_of_the_text(taught: SimpleNamespace, row: list[float], y: int, loss: float) -> None:
    assert round(taught.ce_from_scores(torch.tensor([row]), torch.tensor([y])).item(), 4) == loss


def test_cross_entropy_gradcheck(taught: SimpleNamespace) -> None:
    z = scores(4, 3, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: taught.ce_from_scores(z, torch.tensor([0, 2, 1, 1])), z)


@pytest.mark.parametrize("batches", [[4, 4, 1], [1], [3, 5]])
def test_loss_of_an_epoch_is_the_mean_of_its_examples(taught: SimpleNamespace, batches: list[int]) -> None:
    z, y = scores(sum(batches), 3, torch.float32), torch.randint(3, (sum(batches),))
    pairs = list(zip(torch.split(z, batches), torch.split(y, batches), strict=True))
    torch.testing.assert_close(taught.epoch_loss(pairs), F.cross_entropy(z, y))


@dtypes
@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (2, 3, 4)])
def test_binary_cross_entropy(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, scale: float
) -> None:
    z, y = (scale * torch.randn(shape, dtype=dtype)).requires_grad_(), torch.rand(shape, dtype=dtype).round()
    mine = taught.bce_from_scores(z, y, 2.5)
    theirs = F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(2.5))
    torch.testing.assert_close(mine, theirs)
    torch.testing.assert_close(torch.autograd.grad(mine, z), torch.autograd.grad(theirs, z))


def test_binary_cross_entropy_gradcheck(taught: SimpleNamespace) -> None:
    z, y = torch.randn(5, dtype=torch.float64, requires_grad=True), torch.rand(5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: taught.bce_from_scores(z, y, 3.0), z)


def test_tagger_gives_both_answers_the_same_weight_in_total(taught: SimpleNamespace) -> None:
    y = torch.cat([torch.ones(100, 1), torch.zeros(300, 1)]).expand(400, 2)
    z = torch.zeros(400, 2)
    three = F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(3.0))
    torch.testing.assert_close(taught.tagger_loss(z, y), three)
    torch.testing.assert_close(taught.tagger_loss(z, y), torch.tensor(1.5).mul(0.6931472))


def test_temperature_reaches_the_target_and_leaves_the_accuracy(taught: SimpleNamespace) -> None:
    assert taught.validation_loss(taught.modest) <= 0.892 < taught.validation_loss(1.0)
    assert taught.validation_accuracy(taught.modest) == taught.validation_accuracy(1.0)

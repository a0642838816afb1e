"""Notebook 5.7: the digits, data sets, splits, batches, training and measuring."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from autograder.course.digits import load_digits

NOTEBOOK = ("05_sgd", "7_training_a_classifier")

DTYPES = [torch.float32, torch.float64]


def make_batch(n: int, d: int, c: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> list[Tensor]:
    """W (c, d), b (c,), x (n, d) and y (n,)."""
    generator = torch.Generator().manual_seed(n + 10 * d)
    W, b, x = (torch.randn(*shape, generator=generator, dtype=dtype) for shape in ((c, d), (c,), (n, d)))
    return [scale * W, b, x, torch.randint(c, (n,), generator=generator)]


def test_digits_are_as_the_notebook_says() -> None:
    x, y = load_digits()
    assert x.shape == (1797, 64)
    assert y.shape == (1797,)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert [x.min().item(), x.max().item()] == [0, 1]
    assert torch.equal(x * 16, (x * 16).round())
    assert y.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.parametrize("shape", [(1, 8, 8), (9, 2, 5), (30, 7, 1)])
def test_pictures_are_the_pixels_in_order(taught: SimpleNamespace, shape: tuple[int, int, int]) -> None:
    pixels = torch.arange(math.prod(shape)).remainder(17).reshape(shape).to(torch.uint8)
    data = taught.Pictures(pixels, [3] * shape[0])
    x, y = next(iter(DataLoader(data, batch_size=len(data))))
    assert torch.equal(x, pixels.flatten(1) / 16)
    assert torch.equal(y, torch.full((shape[0],), 3))


@pytest.mark.parametrize(("n", "n_val", "n_test"), [(10, 3, 2), (1797, 300, 300), (5, 0, 1), (4, 2, 2)])
def test_split_is_a_partition(taught: SimpleNamespace, n: int, n_val: int, n_test: int) -> None:
    parts = taught.split_rows(n, n_val, n_test, seed=1)
    assert [len(part) for part in parts] == [n - n_val - n_test, n_val, n_test]
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(n))


@pytest.mark.parametrize(("n", "size"), [(1197, 50), (1200, 50), (3, 8), (1, 1), (1197, 32)])
def test_epoch_has_the_ceiling_of_steps(n: int, size: int) -> None:
    data = TensorDataset(torch.zeros(n, 2))
    assert len(DataLoader(data, batch_size=size)) == math.ceil(n / size)
    assert len(DataLoader(data, batch_size=size, drop_last=True)) == n // size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "d", "c", "size"), [(1, 3, 2, 4), (11, 2, 5, 4), (12, 5, 3, 5)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_evaluate_measures_as_if_at_once(
    taught: SimpleNamespace, n: int, d: int, c: int, size: int, scale: float, dtype: torch.dtype
) -> None:
    W, b, x, y = make_batch(n, d, c, dtype, scale)
    loss, accuracy = taught.evaluate(taught.make_net(W, b, 0.5), taught.make_loader(x, y, size))
    z = F.linear(x, W, b)
    torch.testing.assert_close(loss, F.cross_entropy(z, y).item(), rtol=1e-4, atol=1e-6)
    assert accuracy == pytest.approx((z.argmax(dim=1) == y).double().mean().item())


@pytest.mark.parametrize("c", [2, 3, 10, 1000])
def test_softmax_in_front_of_the_loss_has_a_floor(c: int) -> None:
    floor = math.log(1 + (c - 1) / math.e)
    z = torch.zeros(1, c, dtype=torch.float64)
    z[0, 1] = 1000
    assert F.cross_entropy(torch.softmax(z, dim=-1), torch.tensor([1])).item() == pytest.approx(floor)
    others = torch.softmax(torch.randn(50, c, dtype=torch.float64, generator=torch.Generator().manual_seed(c)), dim=-1)
    assert F.cross_entropy(others, torch.ones(50, dtype=torch.int64), reduction="none").min() > floor


@pytest.mark.parametrize(("n", "d", "c"), [(1, 2, 3), (6, 4, 2), (9, 1, 5)])
@pytest.mark.parametrize("size", [1, 4, 20])
def test_mended_loop_is_a_step_of_sgd_for_each_batch(
    taught: SimpleNamespace, n: int, d: int, c: int, size: int
) -> None:
    W, b, x, y = make_batch(n, d, c)
    model = nn.Linear(d, c, dtype=torch.float64)
    model.load_state_dict({"weight": W, "bias": b})
    for _, (xb, yb) in itertools.product(range(2), zip(torch.split(x, size), torch.split(y, size), strict=True)):
        for weight, slope in zip(
            model.parameters(),
            torch.autograd.grad(F.cross_entropy(model(xb), yb), list(model.parameters())),
            strict=True,
        ):
            weight.data -= 0.2 * slope
    torch.testing.assert_close(taught.run_epochs(W, b, x, y, 0.2, size, 2), [model.weight, model.bias])
    assert len(taught.memorize(W, b, x, y, 0.2, 3)) == 3

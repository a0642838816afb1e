"""Notebook 5.8: early stopping, confusion matrices, weights without a gradient, and checkpoints."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

NOTEBOOK = ("05_sgd", "8_measuring_and_stopping")


def make_batch(n: int, d: int, c: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> list[Tensor]:
    """W (c, d), b (c,), x (n, d) and y (n,)."""
    generator = torch.Generator().manual_seed(n + 10 * d)
    W, b, x = (torch.randn(*shape, generator=generator, dtype=dtype) for shape in ((c, d), (c,), (n, d)))
    return [scale * W, b, x, torch.randint(c, (n,), generator=generator)]


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("losses", list(itertools.product([1.0, 2.0, 3.0], repeat=4)))
def test_early_stopping_waits_for_patience(taught: SimpleNamespace, losses: tuple[float, ...], patience: int) -> None:
    best, last = taught.stop_early(list(losses), patience)
    seen = list(losses[: last + 1])
    assert seen.index(min(seen)) == best
    assert last - best == patience or (last == len(losses) - 1 and last - best < patience)
    assert all(e - losses.index(min(losses[: e + 1])) < patience for e in range(last))


@pytest.mark.parametrize(("n", "c"), [(1, 2), (50, 3), (8, 12), (0, 4)])
def test_confusion_counts_and_shares(taught: SimpleNamespace, n: int, c: int) -> None:
    y, y_hat = torch.randint(c, (2, n), generator=torch.Generator().manual_seed(n))
    counts, recall, precision = taught.confusion(y, y_hat, c)
    assert counts.sum() == n
    for i in range(c):
        assert [int(k) for k in counts[i]] == [int(((y == i) & (y_hat == j)).sum()) for j in range(c)]
        is_i, called_i = int((y == i).sum()), int((y_hat == i).sum())
        assert recall[i] == pytest.approx(int(counts[i, i]) / is_i if is_i else 0.0)
        assert precision[i] == pytest.approx(int(counts[i, i]) / called_i if called_i else 0.0)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_checkpoint_goes_on_as_if_never_stopped(
    taught: SimpleNamespace, optimizer: Callable[..., torch.optim.Optimizer]
) -> None:
    W, b, x, y = make_batch(6, 3, 4)
    settings = {"lr": 0.1, "momentum": 0.9} if optimizer is torch.optim.SGD else {"lr": 0.1}
    models = [taught.make_net(W, b), taught.make_net(W, b), taught.make_net(0 * W, 0 * b)]
    whole, first, second = (optimizer(model.parameters(), **settings) for model in models)
    taught.take_steps(models[0], whole, x, y, 5)
    taught.take_steps(models[1], first, x, y, 3)
    file = io.BytesIO()
    taught.save_run(models[1], first, 3, file)
    file.seek(0)
    assert taught.load_run(models[2], second, file) == 3
    taught.take_steps(models[2], second, x, y, 2)
    for one, other in zip(models[0].parameters(), models[2].parameters(), strict=True):
        assert torch.equal(one, other)


def test_weights_of_inputs_that_are_always_zero_get_no_gradient() -> None:
    W, b, x, y = make_batch(7, 4, 3)
    x[:, 2] = 0
    W.requires_grad_()
    [slope] = torch.autograd.grad(F.cross_entropy(F.linear(x, W, b), y), W)
    assert torch.equal(slope[:, 2], torch.zeros(3, dtype=torch.float64))
    assert slope[:, [0, 1, 3]].ne(0).all()
    assert torch.autograd.gradcheck(lambda W: F.cross_entropy(F.linear(x, W, b), y), W)

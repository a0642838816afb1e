"""Notebook 3.5: the margin losses of its solutions and of its text against PyTorch's own."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype
from torch import Tensor

NOTEBOOK = ("03_loss", "5_margins")

every_size = pytest.mark.parametrize(("n", "c"), [(1, 4), (6, 2), (3, 9)])
every_scale = pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])


def signs(n: int, dtype: torch.dtype) -> Tensor:
    return 1 - 2 * (torch.arange(n) % 3 == 1).to(dtype)


@every_dtype
@every_size
@every_scale
@pytest.mark.parametrize("margin", [0.3, 1.0, 2.5])
def test_multi_margin(taught: SimpleNamespace, n: int, c: int, scale: float, margin: float, dtype: torch.dtype) -> None:
    scores, target = draw((n, c), dtype, n + c, scale), torch.arange(n) % c
    torch.testing.assert_close(
        taught.multi_margin(scores, target, margin), F.multi_margin_loss(scores, target, margin=margin)
    )


@every_dtype
@pytest.mark.parametrize("n", [2, 5, 9])
def test_pair_loss_is_the_ranking_loss_of_all_pairs_that_differ(
    taught: SimpleNamespace, n: int, dtype: torch.dtype
) -> None:
    scores, grades = draw((n,), dtype, n), (torch.arange(n) % 3).to(dtype)
    wanted = [
        F.margin_ranking_loss(scores[i : i + 1], scores[j : j + 1], torch.ones(1, dtype=dtype), margin=0.7)
        for i, j in itertools.permutations(range(n), 2)
        if grades[i] > grades[j]
    ]
    torch.testing.assert_close(taught.pair_loss(scores, grades, 0.7), torch.stack(wanted).mean())


@every_dtype
@every_size
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_triplet(taught: SimpleNamespace, n: int, c: int, scale: float, dtype: torch.dtype) -> None:
    anchor, positive, negative = (draw((n, c), dtype, seed, scale) for seed in range(3))
    wanted = F.triplet_margin_loss(anchor, positive, negative, margin=0.4, eps=0.0)
    torch.testing.assert_close(taught.triplet(anchor, positive, negative, 0.4), wanted)
    torch.testing.assert_close(taught.triplet(anchor, anchor, anchor, 0.4), torch.tensor(0.4, dtype=dtype))


def test_gradients(taught: SimpleNamespace) -> None:
    scores, target = draw((4, 3), torch.float64, 0).requires_grad_(), torch.tensor([0, 2, 1, 2])
    grades, row = torch.tensor([0.0, 2.0, 2.0, 1.0, 3.0]), draw((5,), torch.float64, 1).requires_grad_()
    points = [draw((4, 3), torch.float64, seed).requires_grad_() for seed in (2, 3, 4)]
    assert torch.autograd.gradcheck(lambda z: taught.multi_margin(z, target, 1.0), scores)
    assert torch.autograd.gradcheck(lambda z: taught.pair_loss(z, grades.double(), 1.0), row)
    assert torch.autograd.gradcheck(lambda a, p, n: taught.triplet(a, p, n, 1.0), points)


@every_dtype
def test_formulas_of_the_text(dtype: torch.dtype) -> None:
    """What the text writes by hand is what PyTorch computes, one loss for each example."""
    z, x1, x2 = draw((7, 4), dtype, 1), draw((7, 3), dtype, 2), draw((7, 3), dtype, 3)
    y, labels = signs(7, dtype), (torch.arange(28).reshape(7, 4) % 3 == 0).to(dtype)
    margin = y * z[:, 0]
    soft = F.soft_margin_loss(z[:, 0], y, reduction="none")
    torch.testing.assert_close(torch.log(1 + torch.exp(-margin)), soft)
    torch.testing.assert_close(
        F.binary_cross_entropy_with_logits(z[:, 0], (y + 1) / 2, reduction="none"), F.softplus(-margin)
    )
    by_class = -(labels * F.logsigmoid(z) + (1 - labels) * F.logsigmoid(-z)).mean(dim=1)
    torch.testing.assert_close(by_class, F.multilabel_soft_margin_loss(z, labels, reduction="none"))
    ranking = F.relu(-y * (z[:, 0] - z[:, 1]) + 0.5)
    torch.testing.assert_close(ranking, F.margin_ranking_loss(z[:, 0], z[:, 1], y, margin=0.5, reduction="none"))
    d = (x1 - x2).norm(dim=1) / 4
    torch.testing.assert_close(torch.where(y == 1, d, F.relu(1 - d)), F.hinge_embedding_loss(d, y, reduction="none"))
    s = (x1 * x2).sum(dim=1) / (x1.norm(dim=1) * x2.norm(dim=1))
    wanted = F.cosine_embedding_loss(x1, x2, y, reduction="none")
    torch.testing.assert_close(torch.where(y == 1, 1 - s, F.relu(s)), wanted)


@every_dtype
def test_multi_label_margin_reads_class_numbers_up_to_the_first_minus_one(dtype: torch.dtype) -> None:
    z = torch.tensor([[0.1, 0.2, 0.4, 0.8]], dtype=dtype)
    terms = [F.relu(1 - z[0, j] + z[0, c]) for j in (3, 0) for c in (1, 2)]
    found = F.multilabel_margin_loss(z, torch.tensor([[3, 0, -1, 1]]))
    torch.testing.assert_close(found, torch.stack(terms).sum() / 4)
    torch.testing.assert_close(found, torch.tensor(0.85, dtype=dtype))


def test_street_settings_reach_the_target_and_the_given_ones_do_not(taught: SimpleNamespace) -> None:
    assert taught.judge_street(taught.fit_street(**taught.street_settings)) == "reached"
    assert taught.judge_street(taught.fit_street(decay=0.0, learning_rate=0.01, steps=50)) != "reached"

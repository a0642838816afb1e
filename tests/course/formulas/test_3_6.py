"""Notebook 3.6: focal loss and distillation against PyTorch's own, and CTC against a sum over all paths."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import draw, every_dtype

NOTEBOOK = ("03_loss", "6_sequences_and_choosing")

every_size = pytest.mark.parametrize(("n", "c"), [(1, 4), (6, 2), (3, 9)])
every_scale = pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])


def test_ctc_cost_is_the_sum_over_all_paths(taught: SimpleNamespace) -> None:
    words, scores = ["ab", "bb", "a"], draw((3, 4, 3), torch.float64, 1)
    p = torch.softmax(scores, dim=2)
    wanted = []
    for n, word in enumerate(words):
        paths = [
            path
            for path in itertools.product(range(3), repeat=4)
            if "".join("-ab"[label] for label, _ in itertools.groupby(path) if label) == word
        ]
        total = torch.stack([p[n, torch.arange(4), list(path)].prod() for path in paths]).sum()
        wanted.append(-total.log() / len(word))
    torch.testing.assert_close(taught.ctc_cost(scores, words), torch.stack(wanted).mean())


@every_dtype
@every_size
@every_scale
def test_focal(taught: SimpleNamespace, n: int, c: int, scale: float, dtype: torch.dtype) -> None:
    scores, target = draw((n, c), dtype, n, scale), torch.arange(n) % c
    torch.testing.assert_close(taught.focal(scores, target, 0), F.cross_entropy(scores, target))
    loss = F.cross_entropy(scores, target, reduction="none")
    torch.testing.assert_close(taught.focal(scores, target, 3.0), ((1 - torch.exp(-loss)) ** 3 * loss).mean())


@every_dtype
@every_size
@every_scale
def test_distil(taught: SimpleNamespace, n: int, c: int, scale: float, dtype: torch.dtype) -> None:
    student, teacher = draw((n, c), dtype, n, scale), draw((n, c), dtype, c)
    log_p, log_q = torch.log_softmax(teacher, dim=1), torch.log_softmax(student, dim=1)
    wanted = (log_p.exp() * (log_p - log_q)).sum() / n
    torch.testing.assert_close(taught.distil(student, teacher), wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(taught.distil(teacher + 5, teacher), torch.zeros_like(wanted), rtol=0, atol=1e-5)


def test_gradients(taught: SimpleNamespace) -> None:
    scores, target = draw((4, 3), torch.float64, 0).requires_grad_(), torch.tensor([0, 2, 1, 2])
    teacher, frames = draw((4, 3), torch.float64, 2), draw((2, 5, 4), torch.float64, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: taught.focal(z, target, 2.0), scores)
    assert torch.autograd.gradcheck(lambda z: taught.distil(z, teacher), scores)
    assert torch.autograd.gradcheck(lambda z: taught.ctc_cost(z, ["cab", "bb"]), frames)

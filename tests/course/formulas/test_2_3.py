"""Notebook 2.3: reading predictions, thresholds, and networks to a specification."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOTEBOOK = ("02_forward_pass", "3_predictions")

DTYPES = [torch.float32, torch.float64]


def make_scores(*shape: int, scale: float = 2.0, dtype: torch.dtype = torch.float64) -> Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "c"), [(1, 3), (7, 4), (30, 2)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_answers_are_those_of_the_probabilities(
    taught: SimpleNamespace, n: int, c: int, scale: float, dtype: torch.dtype
) -> None:
    z, one = make_scores(n, c, scale=scale, dtype=dtype), make_scores(n, 1, scale=scale, dtype=dtype)
    assert torch.equal(taught.read_answers(z, "multi-class"), F.log_softmax(z, dim=-1).argmax(dim=-1))
    assert torch.equal(taught.read_answers(z, "multi-label"), torch.sigmoid(z).ge(0.5).long())
    assert torch.equal(taught.read_answers(one, "binary"), torch.sigmoid(one[:, 0]).ge(0.5).long())
    assert torch.equal(taught.read_answers(one, "regression"), one[:, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threshold", [0.01, 0.2, 0.5, 0.77, 0.999])
def test_threshold_on_a_probability_is_the_logit_of_it_on_a_score(
    taught: SimpleNamespace, threshold: float, dtype: torch.dtype
) -> None:
    z = torch.cat([make_scores(50, 1, dtype=dtype), torch.tensor([[-1000.0], [1000.0]], dtype=dtype)])
    logit = torch.logit(torch.tensor(threshold, dtype=dtype))
    assert torch.equal(taught.raise_alarm(z, threshold), z[:, 0] >= logit)
    torch.testing.assert_close(logit, torch.log(torch.tensor(threshold / (1 - threshold), dtype=dtype)))


def test_networks_are_those_of_the_specifications(taught: SimpleNamespace) -> None:
    def sizes(net: nn.Sequential) -> list[tuple[int, int]]:
        return [(layer.in_features, layer.out_features) for layer in net if isinstance(layer, nn.Linear)]

    assert sizes(taught.rain_net) == [(8, 1)]
    assert sizes(taught.price_net) == [(11, 64), (64, 32), (32, 16), (16, 1)]
    assert sizes(taught.grade_net) == [(11, 20), (20, 12), (12, 6), (6, 4)]
    assert sizes(taught.build_delay_net()) == [(6, 24), (24, 12), (12, 1)]
    torch.testing.assert_close(taught.grade_net(torch.randn(7, 11)).sum(dim=1), torch.ones(7))

"""Notebook 2.2: reading predictions, thresholds, the forward pass by hand, folding, and the two switches."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOTEBOOK = ("02_forward_pass", "2_predictions")

DTYPES = [torch.float32, torch.float64]


def make_scores(*shape: int, scale: float = 2.0, dtype: torch.dtype = torch.float64) -> Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=dtype)


def make_net(*sizes: int, dtype: torch.dtype) -> nn.Sequential:
    torch.manual_seed(len(sizes))
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after, dtype=dtype), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Softmax(dim=-1))


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(3, 4), (2, 5, 3), (6, 10, 7, 3), (4, 1, 2, 8, 5)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_forward_pass_by_hand_is_the_network(
    taught: SimpleNamespace, sizes: tuple[int, ...], scale: float, dtype: torch.dtype
) -> None:
    net = make_net(*sizes, dtype=dtype)
    for n in (1, 9):
        x = make_scores(n, sizes[0], scale=scale, dtype=dtype)
        torch.testing.assert_close(taught.run_by_hand(x, net.state_dict()), net(x))


def test_forward_pass_by_hand_is_differentiable(taught: SimpleNamespace) -> None:
    state = make_net(3, 6, 4, dtype=torch.float64).state_dict()
    x = make_scores(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: taught.run_by_hand(x, state), x)


def test_networks_are_those_of_the_specifications(taught: SimpleNamespace) -> None:
    def sizes(net: nn.Sequential) -> list[tuple[int, int]]:
        return [(layer.in_features, layer.out_features) for layer in net if isinstance(layer, nn.Linear)]

    assert sizes(taught.rain_net) == [(8, 1)]
    assert sizes(taught.price_net) == [(11, 64), (64, 32), (32, 16), (16, 1)]
    assert sizes(taught.grade_net) == [(11, 20), (20, 12), (12, 6), (6, 4)]
    assert sizes(taught.build_delay_net()) == [(6, 24), (24, 12), (12, 1)]
    torch.testing.assert_close(taught.grade_net(torch.randn(7, 11)).sum(dim=1), torch.ones(7))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 8, 33])
def test_accuracy_compares_each_answer_with_its_own_target(taught: SimpleNamespace, n: int, dtype: torch.dtype) -> None:
    z = make_scores(n, 1, scale=0.5, dtype=dtype)
    y = (make_scores(n, 2)[:, 1] > 0).to(dtype)
    expected = sum((score >= 0) == (target == 1) for score, target in zip(z[:, 0], y, strict=True)) / n
    assert float(taught.accuracy_of(z, y)) == pytest.approx(float(expected))
    assert float(taught.accuracy_of(z, (z[:, 0] >= 0).to(dtype))) == 1.0


def test_two_relus_fold_and_two_folds_make_four_diamonds() -> None:
    x = make_scores(200, 2, scale=1.0)
    v = ((x.relu() + (-x).relu()) - 1).abs()
    torch.testing.assert_close(v, (x.abs() - 1).abs())
    assert torch.equal((0.5 - v.sum(dim=1)) > 0, (x - x.sign()).abs().sum(dim=1) < 0.5)


def test_parity_of_three_bits(taught: SimpleNamespace) -> None:
    p = taught.try_parity(**taught.parity)
    assert torch.equal(p.round(), torch.tensor([0.0, 1.0, 0.0, 1.0]))
    assert torch.where(torch.arange(4) % 2 == 1, p, 1 - p).min() >= 0.95


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n", [1, 6])
def test_quiet_prediction_leaves_no_trace(taught: SimpleNamespace, training: bool, n: int) -> None:
    net, x = taught.make_weather_net().train(training), make_scores(n, 4, dtype=torch.float32)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    p = taught.predict_quietly(net, x)
    assert not p.requires_grad
    assert all(layer.training == training for layer in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    torch.testing.assert_close(p, taught.weather_probabilities(x).detach())

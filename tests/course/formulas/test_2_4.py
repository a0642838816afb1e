"""Notebook 2.4: the forward pass by hand, folding, and the two switches."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

NOTEBOOK = ("02_forward_pass", "4_inside_the_network")

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

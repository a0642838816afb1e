"""Notebook 5.4: the theory of momentum against simulation."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

NOTEBOOK = ("05_sgd", "4_why_momentum_works")

SETTINGS = [(0.1, 0.9), (0.5, 0.3), (1e-3, 0.99), (2.0, 0.5)]

every_setting = pytest.mark.parametrize(("lr", "mu"), SETTINGS)


@pytest.mark.parametrize("curvature", [0.01, 1.0, 40.0, -2.0])
@every_setting
def test_matrix_of_a_mode_is_a_step_and_has_the_roots_of_the_text(
    taught: SimpleNamespace, lr: float, mu: float, curvature: float
) -> None:
    R = taught.mode_matrix(lr, mu, curvature).double()
    w = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr, momentum=mu)
    pair = torch.tensor([0.0, 1.7], dtype=torch.float64)
    for _ in range(3):
        w.grad = curvature * w.detach()
        optimizer.step()
        pair = R @ pair
        torch.testing.assert_close(pair[1], w.detach(), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(pair[0], optimizer.state[w]["momentum_buffer"], rtol=1e-5, atol=1e-5)
    assert float(R.trace()) == pytest.approx(1 + mu - lr * curvature, abs=1e-5)
    assert float(R[0, 0] * R[1, 1] - R[0, 1] * R[1, 0]) == pytest.approx(mu, abs=1e-5)


def larger_root(product: Tensor, mu: Tensor) -> Tensor:
    half = ((1 + mu - product) / 2).to(torch.complex128)
    root = (half**2 - mu).sqrt()
    return torch.maximum((half + root).abs(), (half - root).abs())


@pytest.mark.parametrize(("smallest", "largest"), [(1.0, 100.0), (0.01, 9.0), (2.0, 2.5), (1e-4, 1e4), (5.0, 5.0)])
def test_best_settings_have_the_best_rate(taught: SimpleNamespace, smallest: float, largest: float) -> None:
    lr, mu = taught.best_settings(smallest, largest)
    root = math.sqrt(largest / smallest)
    curvatures = torch.linspace(smallest, largest, 50, dtype=torch.float64)
    rate = float(larger_root(lr * curvatures, torch.tensor(mu, dtype=torch.float64)).max())
    assert rate == pytest.approx((root - 1) / (root + 1), abs=1e-6)
    ends = torch.tensor([smallest, largest], dtype=torch.float64)
    others = torch.linspace(0.02, 4, 200, dtype=torch.float64)[:, None, None] / largest * ends
    other_mus = torch.linspace(0, 0.999, 40, dtype=torch.float64)[:, None]
    assert float(larger_root(others, other_mus).amax(-1).min()) >= rate - 1e-6


@pytest.mark.parametrize(("lr", "mu"), [(0.1, 0.0), (0.1, 0.9), (0.5, 0.5)])
def test_noise_floor_solves_the_equation_of_the_covariance(taught: SimpleNamespace, lr: float, mu: float) -> None:
    R = taught.mode_matrix(lr, mu, 1.0).double()
    push = torch.tensor([1.0, -lr], dtype=torch.float64)  # what a unit of noise does to (u, x)
    S = torch.zeros(2, 2, dtype=torch.float64)
    for _ in range(500):
        S = R @ S @ R.T + torch.outer(push, push)
    assert float(S[1, 1]) == pytest.approx(lr * (1 + mu) / ((1 - mu) * (2 * (1 + mu) - lr)), rel=1e-4)


def test_target_line_is_reached_and_the_usual_settings_do_not(taught: SimpleNamespace) -> None:
    assert taught.fit_line(**taught.settings_for_line)["why"] == "reached"
    assert taught.fit_line(lr=0.01, momentum=0.9)["gap"] > 1e-3
    assert taught.fit_line(lr=0.075, momentum=0.0)["gap"] > 1e-3

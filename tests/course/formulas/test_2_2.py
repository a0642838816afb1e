"""Notebook 2.2: the variances behind Xavier and He."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

NOTEBOOK = ("02_forward_pass", "2_first_weights")


@pytest.mark.parametrize(
    ("d_in", "var_w", "mean_x", "var_x"),
    [(1, 4.0, 0.0, 9.0), (3, 0.5, 3.0, 2.0), (4, 2.0, -1.5, 0.0), (2, 0.0, 1.0, 1.0), (4, 1e-6, 1e3, 1e-3)],
)
def test_variance_over_all_outcomes(
    taught: SimpleNamespace, d_in: int, var_w: float, mean_x: float, var_x: float
) -> None:
    outcomes = [
        sum(
            w * math.sqrt(var_w) * (mean_x + x * math.sqrt(var_x))
            for w, x in zip(signs[:d_in], signs[d_in:], strict=True)
        )
        for signs in itertools.product((-1, 1), repeat=2 * d_in)
    ]
    exact = torch.tensor(outcomes, dtype=torch.float64).var(correction=0).item()
    assert taught.variance_of_z(d_in, var_w, mean_x, var_x) == pytest.approx(exact)


@pytest.mark.parametrize("d_in", [1, 7, 100, 10_000])
@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.3, 1.0, -1.0, 3.0])
def test_leaky_std_is_pytorchs_gain(taught: SimpleNamespace, d_in: int, alpha: float) -> None:
    gain = nn.init.calculate_gain("leaky_relu", alpha)
    assert taught.leaky_std(d_in, alpha) == pytest.approx(gain / math.sqrt(d_in))


@pytest.mark.parametrize(("d_in", "d_out"), [(100, 700), (700, 100)])
def test_he_is_pytorchs(taught: SimpleNamespace, d_in: int, d_out: int) -> None:
    layer, theirs = nn.Linear(d_in, d_out), torch.empty(d_out, d_in)
    torch.manual_seed(0)
    taught.start_with_he(nn.Sequential(layer))
    torch.manual_seed(0)
    nn.init.kaiming_normal_(theirs, nonlinearity="relu")
    assert torch.equal(layer.weight.detach(), theirs)
    assert not layer.bias.any()


@pytest.mark.parametrize("d_in", [4, 64, 300])
def test_default_and_xavier_have_the_variances_that_the_text_says(d_in: int) -> None:
    torch.manual_seed(0)
    layer, xavier = nn.Linear(d_in, 9000), torch.empty(9000, d_in)
    nn.init.xavier_uniform_(xavier)
    for values in (layer.weight, layer.bias):
        assert d_in**-0.5 * 0.99 < values.abs().max().item() <= d_in**-0.5
    assert layer.weight.var().item() == pytest.approx(1 / (3 * d_in), rel=0.03)
    assert xavier.var().item() == pytest.approx(2 / (d_in + 9000), rel=0.03)
    assert xavier.abs().max().item() <= math.sqrt(6 / (d_in + 9000))

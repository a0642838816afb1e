"""Notebook 5.3: momentum and Nesterov of its solutions against `torch.optim.SGD`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from samples import every_dtype
from torch import Tensor, nn

NOTEBOOK = ("05_sgd", "3_momentum")

SETTINGS = [(0.1, 0.9), (0.5, 0.3), (1e-3, 0.99), (2.0, 0.5)]

every_shape = pytest.mark.parametrize("shape", [(), (1,), (6,), (4, 3), (2, 3, 5)], ids=str)
every_setting = pytest.mark.parametrize(("lr", "mu"), SETTINGS)


def draw(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64, scale: float = 3.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


@every_dtype
@every_shape
@every_setting
@pytest.mark.parametrize("nesterov", [False, True], ids=["momentum", "nesterov"])
def test_steps_are_those_of_sgd(
    taught: SimpleNamespace, shape: tuple[int, ...], dtype: torch.dtype, lr: float, mu: float, nesterov: bool
) -> None:
    step = taught.nesterov_step if nesterov else taught.momentum_step
    w, grads = draw(shape, 1, dtype), draw((9, *shape), 2, dtype, scale=100.0)
    places, velocities = taught.walk_with_sgd(w, grads, lr=lr, momentum=mu, nesterov=nesterov)
    v = torch.zeros_like(w)
    for grad, place, velocity in zip(grads, places, velocities, strict=True):
        w, v = step(w, v, grad, lr, mu)
        torch.testing.assert_close(w, place, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(v, velocity)


@every_dtype
@every_setting
def test_heavy_ball_trains_like_sgd(taught: SimpleNamespace, dtype: torch.dtype, lr: float, mu: float) -> None:
    starts = [draw(shape, seed, dtype) for seed, shape in enumerate([(3, 2), (3,), (1, 3), (1,)])]
    own, theirs = ([nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    heavy_ball, sgd = taught.HeavyBall(own, lr, mu), torch.optim.SGD(theirs, lr=lr, momentum=mu)
    for t in range(7):
        for i, (p, q) in enumerate(zip(own, theirs, strict=True)):
            p.grad = draw(tuple(p.shape), 10 * t + i, dtype)
            q.grad = p.grad.clone()
        heavy_ball.step()
        sgd.step()
    for p, q, v in zip(own, theirs, heavy_ball.velocities, strict=True):
        torch.testing.assert_close(p, q)
        torch.testing.assert_close(v, sgd.state[q]["momentum_buffer"])


@pytest.mark.parametrize(("lr", "mu"), [(0.05, 0.9), (0.1, 0.3), (0.01, 0.99)])
def test_sgd_with_nesterov_walks_on_the_look_ahead_points(taught: SimpleNamespace, lr: float, mu: float) -> None:
    curvature, start = torch.tensor([1.0, 7.0, 0.2], dtype=torch.float64), draw((3,), 5)
    places = taught.look_ahead_descent(start, lambda place: curvature * place, lr, mu, 12)
    ahead = places + mu * torch.diff(places, dim=0, prepend=start[None])
    w = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr, momentum=mu, nesterov=True)
    for wanted in ahead:
        w.grad = (curvature * w).detach()
        optimizer.step()
        torch.testing.assert_close(w.detach(), wanted)


@pytest.mark.parametrize("mu_max", [0.0, 0.6, 0.9, 0.995, 0.999])
def test_schedule_is_the_staircase(taught: SimpleNamespace, mu_max: float) -> None:
    for t in [0, 1, 249, 250, 499, 500, 12_345, 10**6]:
        assert taught.momentum_at(t, mu_max) == pytest.approx(min(1 - 0.5 / (t // 250 + 1), mu_max))

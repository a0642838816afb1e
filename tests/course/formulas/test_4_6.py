"""Notebook 4.6: what its solutions read and change in PyTorch against autograd, gradcheck and torch.optim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import every_dtype
from torch import Tensor, nn

NOTEBOOK = ("04_backprop", "6_gradients_in_pytorch")


def draw(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64, scale: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(sum(map(sum, shapes)))
    return [scale * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


@pytest.mark.parametrize("frozen", ["", "first.weight", "last.bias"])
def test_gradient_norms_know_none_from_zero(taught: SimpleNamespace, frozen: str) -> None:
    [x] = draw((4, 3), dtype=torch.float32)
    net = taught.Tower(3, 2, frozen)
    net(x).sum().backward()  # to be forgotten
    norms = taught.gradient_norms(net, F.cross_entropy(net(x), torch.tensor([0, 1, 1, 0])))
    assert {name for name, norm in norms.items() if norm is None} == {"spare.weight", "spare.bias", frozen} - {""}
    assert all(
        norm == pytest.approx(float(net.get_parameter(name).grad.norm())) for name, norm in norms.items() if norm
    )


@pytest.mark.parametrize("sizes", [[2, 1], [3, 5, 2], [1, 4, 4, 3]], ids=str)
def test_manual_step_is_sgd(taught: SimpleNamespace, sizes: list[int]) -> None:
    x, y = draw((6, sizes[0]), (6, sizes[-1]), dtype=torch.float32)
    one, other = taught.make_net(sizes), taught.make_net(sizes)
    optimiser = torch.optim.SGD(other.parameters(), lr=0.07)
    for _ in range(4):
        optimiser.zero_grad()
        loss = F.mse_loss(other(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        assert taught.manual_step(one, x, y, 0.07) == pytest.approx(loss.item())
    torch.testing.assert_close(one.state_dict(), other.state_dict())


def test_run_epoch_moves_the_net_down(taught: SimpleNamespace) -> None:
    [x] = draw((8, 3), dtype=torch.float32)
    losses = taught.run_epoch(taught.make_net([3, 6, 2]), [(x, torch.arange(8) % 2)] * 5, 0.2)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("shape", [(), (6,), (3, 4)], ids=str)
def test_swish_passes_gradcheck(taught: SimpleNamespace, shape: tuple[int, ...]) -> None:
    [z] = draw(shape, scale=4.0)
    assert torch.autograd.gradcheck(taught.Swish.apply, [z.requires_grad_()])


@every_dtype
def test_swish_is_silu_at_the_extremes(taught: SimpleNamespace, dtype: torch.dtype) -> None:
    z = torch.tensor([-1000.0, -100.0, 0.0, 100.0, 1000.0], dtype=dtype, requires_grad=True)
    torch.testing.assert_close(taught.Swish.apply(z), F.silu(z))
    slopes = [torch.autograd.grad(f(z).sum(), z)[0] for f in (taught.Swish.apply, F.silu)]
    torch.testing.assert_close(*slopes)


@every_dtype
@pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("max_norm", [0.1, 5.0])
def test_clip_by_norm_is_clip_grad_norm(
    taught: SimpleNamespace, scale: float, max_norm: float, dtype: torch.dtype
) -> None:
    grads = draw((4, 2), (4,), (), dtype=dtype, scale=scale)
    parameters = [nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for p, grad in zip(parameters, grads, strict=True):
        p.grad = grad.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    torch.testing.assert_close(taught.clip_by_norm(grads, max_norm), [p.grad for p in parameters], rtol=1e-5, atol=1e-7)


def test_the_target_is_reached_and_the_default_is_not(taught: SimpleNamespace) -> None:
    assert taught.judge_echo(taught.train_echo(**taught.echo_settings)) == "reached"
    assert taught.judge_echo(taught.train_echo(learning_rate=0.1, max_norm=1e9)) == "explodes, not clipped"

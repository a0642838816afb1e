"""Notebook 4.3: the gradients of its solutions against autograd and gradcheck, its steps against torch.optim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from samples import every_dtype
from torch import Tensor, nn

NOTEBOOK = ("04_backprop", "3_through_layers")

SIZES = [(1, 3, 2), (5, 1, 4), (4, 6, 1), (7, 2, 5)]  # N, D_in, D_out

every_size = pytest.mark.parametrize(("n", "d_in", "d_out"), SIZES)


def draw(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64, scale: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(sum(map(sum, shapes)))
    return [scale * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


@every_dtype
@every_size
def test_linear_backward_is_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype
) -> None:
    dZ, x, W, b = draw((n, d_out), (n, d_in), (d_out, d_in), (d_out,), dtype=dtype)
    leaves = [tensor.requires_grad_() for tensor in (x, W, b)]
    expected = torch.autograd.grad((F.linear(x, W, b) * dZ).sum(), leaves)
    torch.testing.assert_close(taught.linear_backward(dZ, x.detach(), W.detach()), expected)


@every_dtype
@every_size
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax_backward_is_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype, scale: float
) -> None:
    [dP], [z] = draw((n, d_out), dtype=dtype), draw((n, d_out), dtype=dtype, scale=scale)
    p = torch.softmax(z.requires_grad_(), dim=-1)
    [expected] = torch.autograd.grad((p * dP).sum(), z)
    torch.testing.assert_close(taught.softmax_backward(dP, p.detach()), expected)


@every_dtype
@every_size
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_two_layers_by_hand_are_autograd(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, dtype: torch.dtype, scale: float
) -> None:
    """Among the cases: one example, one class, classes that do not occur, scores in the thousands."""
    hidden = 3
    x, W1, b1, W2, b2 = draw((n, d_in), (hidden, d_in), (hidden,), (d_out, hidden), (d_out,), dtype=dtype, scale=scale)
    y = torch.arange(n) % max(1, d_out - 1)
    found = taught.two_layer_gradients(x, y, W1, b1, W2, b2)
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    leaves = [p.requires_grad_() for p in parameters.values()]
    loss = F.cross_entropy(F.linear(torch.relu(F.linear(x, W1, b1)), W2, b2), y)
    expected = dict(zip(parameters, torch.autograd.grad(loss, leaves), strict=True))
    torch.testing.assert_close({name: found[name] for name in expected}, expected)


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


@every_size
@pytest.mark.parametrize("targets", [torch.float32, torch.float64], ids=str)
def test_hand_step_is_sgd_and_keeps_the_dtype(
    taught: SimpleNamespace, n: int, d_in: int, d_out: int, targets: torch.dtype
) -> None:
    x, y, W, b = draw((n, d_in), (n, d_out), (d_out, d_in), (d_out,), dtype=torch.float32)
    new = taught.hand_step(x, y.to(targets), W, b, 0.1)
    leaves = [W.requires_grad_(), b.requires_grad_()]
    slopes = torch.autograd.grad(F.mse_loss(F.linear(x, W, b), y), leaves)
    torch.testing.assert_close(list(new), [p.detach() - 0.1 * g for p, g in zip(leaves, slopes, strict=True)])


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

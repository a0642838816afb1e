"""Notebook 4.4: neurons, layers and training on the engine against PyTorch's autograd."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

NOTEBOOK = ("04_backprop", "4_engine_in_use")


def test_backward_of_a_deep_graph_needs_no_recursion(taught: SimpleNamespace) -> None:
    x = taught.Num(1.0)
    total = x
    for _ in range(5000):
        total = total + x
    taught.backward(total)
    assert x.grad == 5001


@pytest.mark.parametrize(("n", "d_in", "d_out"), [(1, 1, 1), (4, 3, 2), (3, 1, 5)])
def test_two_layers_with_cross_entropy_are_pytorchs(taught: SimpleNamespace, n: int, d_in: int, d_out: int) -> None:
    torch.manual_seed(n)
    x, W1, b1 = torch.randn(n, d_in).double(), torch.randn(d_out, d_in).double(), torch.randn(d_out).double()
    w2, b2, y = torch.randn(1, d_out).double(), torch.randn(1).double(), torch.arange(n).double() % 2
    first = taught.ScalarLayer(W1.tolist(), b1.tolist())
    second = taught.ScalarLayer(w2.tolist(), b2.tolist())
    loss = taught.Num(0.0)
    for row, target in zip(x.tolist(), y.tolist(), strict=True):
        [z] = second([one.tanh() for one in first(row)])
        loss = loss + z.softplus() - target * z
    taught.backward(loss)
    leaves = [tensor.requires_grad_() for tensor in (W1, b1, w2, b2)]
    scores = F.linear(torch.tanh(F.linear(x, W1, b1)), w2, b2).squeeze(1)
    theirs = F.binary_cross_entropy_with_logits(scores, y, reduction="sum")
    wanted = torch.cat([grad.flatten() for grad in torch.autograd.grad(theirs, leaves)])
    assert loss.data == pytest.approx(theirs.item())
    assert [p.grad for p in first.parameters() + second.parameters()] == pytest.approx(wanted.tolist(), abs=1e-12)


@pytest.mark.parametrize("d_in", [1, 2, 7])
def test_neuron_is_pytorchs(taught: SimpleNamespace, d_in: int) -> None:
    torch.manual_seed(d_in)
    x, w, b = (torch.randn(shape, dtype=torch.float64).requires_grad_() for shape in ((d_in,), (d_in,), ()))
    inputs, weights, bias = ([taught.Num(v) for v in t.tolist()] for t in (x, w, b.reshape(1)))
    out = taught.neuron(inputs, weights, bias[0])
    taught.backward(out)
    wanted = torch.cat([grad.flatten() for grad in torch.autograd.grad(torch.tanh(x @ w + b), (x, w, b))])
    assert [p.grad for p in inputs + weights + bias] == pytest.approx(wanted.tolist())


@pytest.mark.parametrize("eta", [0.0, 0.05, 0.3])
def test_descent_is_sgd(taught: SimpleNamespace, eta: float) -> None:
    ours, theirs = taught.Num(-1.0), torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    ours.grad = 9.0
    losses = taught.descend([ours], lambda: (ours - 3.0) * (ours - 3.0), eta, 6)
    for loss in losses:
        value = (theirs - 3.0) ** 2
        assert loss == pytest.approx(value.item())
        theirs.data -= eta * torch.autograd.grad(value, theirs)[0]
    assert ours.data == pytest.approx(theirs.item())

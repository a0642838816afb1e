"""Notebook 4.2: local slopes, the order, and the engine against PyTorch's autograd."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

NOTEBOOK = ("04_backprop", "2_autograd_engine")

Recipe = list[list[Any]]

SHARED: list[Recipe] = [
    [["leaf", 3.0], ["+", 0, 0]],
    [["leaf", -2.0], ["*", 0, 0], ["*", 1, 1], ["+", 1, 2]],
    [["leaf", 1.5], ["-", 0, 0]],
    [["leaf", 0.0], ["*", 0, 0], ["tanh", 1]],
    [["leaf", 1000.0], ["tanh", 0], ["*", 1, 0]],
    [["leaf", 7.0]],
]


@pytest.mark.parametrize(("x", "y"), [*itertools.product([-1e3, -0.7, 0.0, 2.5], [-40.0, 1e-2, 3.0])])
def test_recorded_slopes_are_autograds(taught: SimpleNamespace, x: float, y: float) -> None:
    functions: list[tuple[Any, Callable[[Any, Any], Any]]] = [
        (taught.times, lambda a, b: a * b),
        (taught.divide, lambda a, b: a / b),
        (taught.plus, lambda a, b: a + b),
    ]
    for ours, theirs in functions:
        node = ours(taught.Node(x), taught.Node(y))
        a, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
        value = theirs(a, b)
        assert node.data == pytest.approx(value.item())
        assert node.slopes == pytest.approx([slope.item() for slope in torch.autograd.grad(value, (a, b))])


@pytest.mark.parametrize("z", [-1000.0, -30.0, -1.0, 0.0, 2.0, 40.0, 1000.0])
def test_unary_slopes_are_autograds_at_extremes(taught: SimpleNamespace, z: float) -> None:
    for name, theirs in (("tanh", torch.tanh), ("softplus", F.softplus)):
        node = getattr(taught.Scalar(z), name)()
        tensor = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        value = theirs(tensor)
        assert node.data == pytest.approx(value.item(), abs=1e-9)
        assert node.slopes[0] == pytest.approx(torch.autograd.grad(value, tensor)[0].item(), abs=1e-9)


def recipes(taught: SimpleNamespace) -> list[Recipe]:
    return SHARED + [
        taught.random_recipe(steps, seed) for steps, seed in itertools.product((1, 9, 20), range(100, 104))
    ]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_engines_agree_with_torch(taught: SimpleNamespace, times: int) -> None:
    for recipe in recipes(taught):
        wanted = taught.torch_grads(recipe, times=times)
        for run in (lambda nodes: taught.backward(nodes[-1]), taught.send_back):
            nodes = taught.build(recipe, taught.Scalar)
            for _ in range(times):
                run(nodes)
            assert [node.grad for node in nodes] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_queue_agrees_with_torch(taught: SimpleNamespace) -> None:
    for recipe in recipes(taught):
        nodes = taught.build(recipe, taught.Scalar)
        taught.backward_by_queue(nodes[-1], taught.count_uses(nodes[-1]))
        assert [node.grad for node in nodes] == pytest.approx(taught.torch_grads(recipe), rel=1e-9, abs=1e-12)


def test_order_has_each_node_once_and_parents_first(taught: SimpleNamespace) -> None:
    for recipe in recipes(taught):
        root = taught.build(recipe, taught.Scalar)[-1]
        order = taught.sort_nodes(root)
        place = {node: i for i, node in enumerate(order)}
        assert len(place) == len(order) == len(taught.count_uses(root))
        assert order[-1] is root
        assert all(place[parent] < place[node] for node in order for parent in node.parents)


def test_backward_of_a_deep_graph_needs_no_recursion(taught: SimpleNamespace) -> None:
    x = taught.Scalar(1.0)
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
    loss = taught.Scalar(0.0)
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
    inputs, weights, bias = ([taught.Scalar(v) for v in t.tolist()] for t in (x, w, b.reshape(1)))
    out = taught.neuron(inputs, weights, bias[0])
    taught.backward(out)
    wanted = torch.cat([grad.flatten() for grad in torch.autograd.grad(torch.tanh(x @ w + b), (x, w, b))])
    assert [p.grad for p in inputs + weights + bias] == pytest.approx(wanted.tolist())


@pytest.mark.parametrize("eta", [0.0, 0.05, 0.3])
def test_descent_is_sgd(taught: SimpleNamespace, eta: float) -> None:
    ours, theirs = taught.Scalar(-1.0), torch.tensor(-1.0, dtype=torch.float64, requires_grad=True)
    ours.grad = 9.0
    losses = taught.descend([ours], lambda: (ours - 3.0) * (ours - 3.0), eta, 6)
    for loss in losses:
        value = (theirs - 3.0) ** 2
        assert loss == pytest.approx(value.item())
        theirs.data -= eta * torch.autograd.grad(value, theirs)[0]
    assert ours.data == pytest.approx(theirs.item())

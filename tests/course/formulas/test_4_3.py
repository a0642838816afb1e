"""Notebook 4.3: local slopes, the order, and the engine against PyTorch's autograd."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from autograder.course.scalars import Num, build, random_recipe, send_back, torch_grads

NOTEBOOK = ("04_backprop", "3_autograd_engine")

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
        node = getattr(Num(z), name)()
        tensor = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        value = theirs(tensor)
        assert node.data == pytest.approx(value.item(), abs=1e-9)
        assert node.slopes[0] == pytest.approx(torch.autograd.grad(value, tensor)[0].item(), abs=1e-9)


def recipes(taught: SimpleNamespace) -> list[Recipe]:
    return SHARED + [random_recipe(steps, seed) for steps, seed in itertools.product((1, 9, 20), range(100, 104))]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_engines_agree_with_torch(taught: SimpleNamespace, times: int) -> None:
    for recipe in recipes(taught):
        wanted = torch_grads(recipe, times=times)
        for run in (taught.send_back, send_back):
            nodes = build(recipe, Num)
            for _ in range(times):
                run(nodes)
            assert [node.grad for node in nodes] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_queue_agrees_with_torch(taught: SimpleNamespace) -> None:
    for recipe in recipes(taught):
        nodes = build(recipe, Num)
        taught.backward_by_queue(nodes[-1], taught.count_uses(nodes[-1]))
        assert [node.grad for node in nodes] == pytest.approx(torch_grads(recipe), rel=1e-9, abs=1e-12)


def test_order_has_each_node_once_and_parents_first(taught: SimpleNamespace) -> None:
    for recipe in recipes(taught):
        root = build(recipe, Num)[-1]
        order = taught.sort_nodes(root)
        place = {node: i for i, node in enumerate(order)}
        assert len(place) == len(order) == len(taught.count_uses(root))
        assert order[-1] is root
        assert all(place[parent] < place[node] for node in order for parent in node.parents)

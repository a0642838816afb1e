"""The scalar engine that notebooks 4.3 and 4.4 build, for their checks: numbers that record how they were made, compared with PyTorch.

A *recipe* is a calculation as data, so that both can carry it out: a list of steps, each `["leaf", number]` or `[operation, place, ...]` with the places of
earlier steps.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor

Recipe = list[list[Any]]


class Num:
    """A number with its parents, one local slope for each of them, and operators that make more of them. Plain numbers may join in on either side."""

    def __init__(
        self, data: float, parents: tuple[Self, ...] = (), slopes: tuple[float, ...] = (), name: str = ""
    ) -> None:
        self.data = float(data)
        self.parents = tuple(parents)
        self.slopes = tuple(slopes)
        self.grad = 0.0
        self.name = name

    def __add__(self, other: Num | float) -> Num:
        other = as_num(other)
        return Num(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Num | float) -> Num:
        other = as_num(other)
        return Num(self.data * other.data, (self, other), (other.data, self.data))

    def __neg__(self) -> Num:
        return self * -1.0

    def __sub__(self, other: Num | float) -> Num:
        other = as_num(other)
        return Num(self.data - other.data, (self, other), (1.0, -1.0))

    def __radd__(self, other: float) -> Num:
        return as_num(other) + self

    def __rmul__(self, other: float) -> Num:
        return as_num(other) * self

    def __rsub__(self, other: float) -> Num:
        return as_num(other) - self

    def tanh(self) -> Any:
        return tanh(self)

    def softplus(self) -> Any:
        return softplus(self)


def as_num(value: Num | float) -> Num:
    return value if isinstance(value, Num) else Num(value)


def tanh(v: Any) -> Any:
    """The node of tanh v, of the same class as `v`."""
    t = math.tanh(v.data)
    return type(v)(t, (v,), (1 - t * t,))


def softplus(v: Any) -> Any:
    """The node of log(1 + exp(v)), without overflow; its slope is the sigmoid of v."""
    sigmoid = 0.5 * (1 + math.tanh(v.data / 2))
    return type(v)(max(v.data, 0) + math.log1p(math.exp(-abs(v.data))), (v,), (sigmoid,))


def sort_nodes(root: Any) -> list[Any]:
    """`root` and all nodes it was made from, parents first. On the stack, a node waits until its parents, pushed above it, are done."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, parents_are_done = stack.pop()
        if parents_are_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order


def send_back(order: list[Any]) -> None:
    """Add d order[-1] / d node to `node.grad`, for every node in `order`, parents first."""
    flow = dict.fromkeys(order, 0.0)  # what flows in this call; .grad may hold something from before
    flow[order[-1]] = 1.0
    for node in reversed(order):
        node.grad += flow[node]
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            flow[parent] += slope * flow[node]


def read_graph(
    root: Any, grads: bool = True
) -> tuple[list[tuple[str, float, float | None]], list[tuple[int, int, float]]]:
    """The graph that ends in `root`, for `figures.draw_recorded`: nodes (name, value, gradient), and edges (from, to, slope)."""
    found = [root]
    for node in found:  # the list grows while it is read
        found += [parent for parent in dict.fromkeys(node.parents) if parent not in found]
    place = {node: k for k, node in enumerate(found)}
    nodes = [(node.name, node.data, node.grad if grads else None) for node in found]
    edges = [
        (place[parent], place[node], slope)
        for node in found
        for parent, slope in zip(node.parents, node.slopes, strict=True)
    ]
    return nodes, edges


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "tanh": lambda v: v.tanh() if hasattr(v, "tanh") else tanh(v),
}


def torch_leaf(number: Any) -> Tensor:
    """PyTorch's counterpart of `Num(number)`, in float64."""
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def build(recipe: Recipe, leaf: Callable[[float], Any] = Num) -> list[Any]:
    """Carry out `recipe`; returns every number made, in order. `leaf` makes a leaf of a plain number."""
    made: list[Any] = []
    for what, *rest in recipe:
        made.append(leaf(rest[0]) if what == "leaf" else OPERATIONS[what](*(made[k] for k in rest)))
    return made


def torch_grads(recipe: Recipe, times: int = 1) -> list[float]:
    """PyTorch's gradient of the last number with respect to each, after `times` calls of backward."""
    made = build(recipe, torch_leaf)
    for tensor in made:
        tensor.retain_grad()  # keep the gradients of results, too
    for _ in range(times):
        made[-1].backward(retain_graph=True)
    return [0.0 if tensor.grad is None else tensor.grad.item() for tensor in made]


def random_recipe(steps: int, seed: int) -> Recipe:
    """Three leaves and `steps` random operations; at the end, what is unused is added up."""
    draw = torch.Generator().manual_seed(seed)

    def pick(end: int) -> int:
        return int(torch.randint(end, (), generator=draw))

    recipe: Recipe = [["leaf", round(float(v), 2)] for v in torch.randn(3, generator=draw)]
    for _ in range(steps):
        what = ["+", "-", "*", "*", "tanh"][pick(5)]
        recipe.append([what, *(pick(len(recipe)) for _ in range(1 if what == "tanh" else 2))])
        if what == "*":
            recipe.append(["tanh", len(recipe) - 1])  # so that numbers stay small
    for place in range(len(recipe) - 1):
        if not any(place in step[1:] for step in recipe if step[0] != "leaf"):
            recipe.append(["+", len(recipe) - 1, place])
    return recipe

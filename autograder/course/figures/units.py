"""Figures to move about units and layers: dead ones, folds, and the spread of a signal on its way down."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from autograder.course.figures.style import open_panels, write_number
from autograder.course.palette import BLACK, GREY, ORANGE, PURPLE, SKY

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DEPTH, WIDTH, EXAMPLES = 30, 100, 64


@cache
def _make_units() -> tuple[Tensor, Tensor, Tensor]:
    """Sorted pre-activations of 200 examples and 300 units without a bias, the largest of each unit, and the share of
    dead units at 81 biases."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 4, generator=generator, dtype=torch.float64)
    W = torch.randn(300, 4, generator=generator, dtype=torch.float64) * math.sqrt(2 / 4)
    z = x @ W.T
    largest = z.max(dim=0).values
    biases = torch.linspace(-6, 2, 81, dtype=torch.float64)
    return z.flatten().sort().values, largest, (largest + biases[:, None] <= 0).double().mean(1)


def show_dead_units(bias: float = 0.0) -> None:
    """The pre-activations of a ReLU layer with all of its biases at `bias`, and the share of its units that are dead.

    A unit is dead if z ≤ 0 for every one of the 200 examples; there are 300 units with He's weights on 4 inputs. Gray
    are the z that ReLU sets to 0. Move `bias=(-6.0, 2.0, 0.0)`.
    Source: Lu, Shin, Su and Karniadakis (2019), arXiv:1903.06733.
    """
    z, largest, shares = _make_units()
    dead = float((largest + bias <= 0).double().mean())
    edges = torch.linspace(-12, 8, 81, dtype=torch.float64)  # 0 is the one at index 48
    below = torch.searchsorted(z, edges - bias, right=True) / len(z)  # the share of all z up to each edge
    counts = below.diff()
    _, (left, right) = open_panels(2)
    left.stairs(counts[:48], edges[:49], fill=True, color=GREY)
    left.stairs(counts[48:], edges[48:], fill=True, color=PURPLE)
    left.set(
        title=f"Bias {write_number(bias, 1)}: {float(below[48]):.1%} of outputs are 0",
        xlabel="pre-activation z, all units and examples",
        ylabel="share",
        xlim=(-12, 8),
        xticks=(-10, -5, 0, 5),
        ylim=(0, 0.1),
        yticks=(0, 0.05, 0.1),
    )
    right.plot(torch.linspace(-6, 2, 81), shares, color=PURPLE, linestyle="-")
    right.plot([bias], [dead], "o", color=BLACK, markersize=9)
    right.set(
        title=f"Dead, all outputs 0: {dead:.0%} of units",
        xlabel="bias of all units",
        ylabel="share of dead units",
        xlim=(-6.2, 2.2),
        ylim=(-0.04, 1.04),
        xticks=range(-6, 3, 2),
        yticks=(0, 0.5, 1),
    )


def show_folded_plane(units: int = 2, angle: float = 0.0) -> None:
    """A grid of points in the plane, and where a layer of 1 to 4 ReLU units and the reading of it put them.

    With the directions u, at `angle` degrees (0 to 90), and v, perpendicular to it, the units are relu(u·x),
    relu(v·x), relu(−u·x) and relu(−v·x), in this order. The first and third add up to the new place along u, the second
    and fourth to that along v: two units of opposite sign make an absolute value, which is a fold.
    Move `units=(1, 4, 2), angle=(0.0, 90.0, 0.0)`.
    Source: Montúfar, Pascanu, Cho and Bengio (2014), arXiv:1402.1869.
    """
    turn = math.radians(angle)
    u = torch.tensor([math.cos(turn), math.sin(turn)], dtype=torch.float64)
    v = torch.tensor([-math.sin(turn), math.cos(turn)], dtype=torch.float64)
    ticks = torch.arange(-1.75, 2, 0.5, dtype=torch.float64)
    x = torch.cartesian_prod(ticks, ticks)  # (64, 2)
    W = torch.stack([u, v, -u, -v])[:units]
    image = torch.relu(x @ W.T) @ torch.stack([u, v, u, v])[:units]
    quarter = 2 * (x @ u < 0).int() + (x @ v < 0).int()
    _, (left, right) = open_panels(2, (7.6, 3.6), 0.8)
    looks = ((BLACK, "o", 4), (SKY, "s", 7), (ORANGE, "D", 9), (PURPLE, "^", 12))
    for ax, places in ((left, x), (right, image)):
        for crease, count in ((v, 1), (u, 2)):
            if units >= count:
                ax.plot(*torch.stack([-4 * crease, 4 * crease]).T, color=GREY, linestyle=":", linewidth=1.5)
        for number, (color, marker, size) in enumerate(looks):
            own = places[quarter == number]
            ax.plot(*own.T, marker, color=color, markersize=size, fillstyle="none", markeredgewidth=1.4)
        ax.set(xlim=(-2.8, 2.8), ylim=(-2.8, 2.8), xticks=(-2, 0, 2), yticks=(-2, 0, 2), aspect="equal")
        ax.grid(False)
    left.set(title="The plane and its creases", xlabel="x₁", ylabel="x₂")
    fates = ("a ray is left", "a quarter is left", "one fold", "two folds")
    plural = "unit" if units == 1 else "units"
    right.set(title=f"{units} ReLU {plural}: {fates[units - 1]}", xlabel="new x₁", ylabel="new x₂")


@cache
def _make_layers() -> tuple[Tensor, Tensor]:
    """An input (N=64, D=100) of spread 1, and He's weights for 30 layers, (30, 100, 100)."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(EXAMPLES, WIDTH, generator=generator, dtype=torch.float64)
    W = torch.randn(DEPTH, WIDTH, WIDTH, generator=generator, dtype=torch.float64) * math.sqrt(2 / WIDTH)
    return x, W


def _measure_spreads(factor: float, activation: str) -> list[float]:
    """The standard deviation of the input and of the activations after each of 30 layers."""
    h, weights = _make_layers()
    spreads = [float(h.std())]
    for W in weights:
        z = factor * (h @ W.T)
        h = torch.tanh(z) if activation == "tanh" else torch.relu(z)
        spreads.append(float(h.std()))
    return spreads


@cache
def _measure_plain_spreads(activation: str) -> list[float]:
    return _measure_spreads(1.0, activation)


def show_scale_by_depth(factor: float = 1.0, activation: str = "ReLU") -> None:
    """The spread of the activations after each of 30 layers of 100 units, run with random weights and no biases.

    The weights have the standard deviation `factor` · √(2/100), so 1 is He's initialization; `activation` is "ReLU" or
    "tanh". The axis of the spread is logarithmic. Move `factor=(0.5, 2.0, 1.0), activation=["ReLU", "tanh"]`.
    Source: He, Zhang, Ren and Sun (2015), section 2.2, arXiv:1502.01852.
    """
    spreads, shown = _measure_spreads(factor, activation), write_number(factor)
    _, ax = open_panels(size=(7.5, 3.4))
    layers = range(DEPTH + 1)
    ax.axhspan(0.1, 10, color="#E3E3E3", linewidth=0, label="within 10 times the input's")
    ax.semilogy(layers, spreads, color=PURPLE, linestyle="-", marker="o", markersize=4, label=f"{shown} × He")
    ax.semilogy(layers, _measure_plain_spreads(activation), color=BLACK, linestyle=":", linewidth=1.5, label="1 × He")
    ax.legend(loc="upper left")
    ax.set(
        title=f"{activation}, {shown} × He: the spread at layer {DEPTH} is {_write_power(spreads[-1])}",
        xlabel="layer (0 is the input)",
        ylabel="standard deviation",
        xlim=(-0.5, DEPTH + 0.5),
        ylim=(1e-10, 1e10),
        xticks=range(0, DEPTH + 1, 10),
        yticks=[10.0**power for power in (-8, -4, 0, 4, 8)],
    )
    ax.minorticks_off()


def _write_power(value: float) -> str:
    """`value` with two decimals, or from 100 up and from 0.01 down as about a power of ten."""
    if 0.01 < value < 100:
        return write_number(value)
    return "about 10" + str(round(math.log10(value))).translate(SUPERSCRIPTS)

"""Figures on training that the reader moves: each draws all that its controls offer, and shows what it says."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes

from autograder import figures

matplotlib.use("agg")

FIGURES = [
    figures.show_backward_steps,
    figures.show_batch_noise,
    figures.show_bowl,
    figures.show_step_size,
]


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    figures.use_style()
    yield
    plt.close("all")


def read_controls(draw: Callable[..., None]) -> dict[str, Any]:
    """The controls that a docstring recommends."""
    found = re.search(r"Controls: `(.*)`\.", inspect.getdoc(draw) or "")
    assert found, "no controls in the docstring"
    call = ast.parse(f"f({found[1]})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}


def show(draw: Callable[..., None], **values: Any) -> list[Axes]:
    """Draw, as a picture too, and return the axes from left to right."""
    plt.close("all")
    draw(**values)
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    figure.canvas.draw()
    return figure.axes


def title(axes: list[Axes]) -> str:
    return axes[0].get_title(loc="left")


def find_line(axes: Axes, label: str) -> np.ndarray:
    """The places (n, 2) of the line with a label."""
    (line,) = (line for line in axes.get_lines() if line.get_label() == label)
    return np.asarray(line.get_xydata())


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.filterwarnings("error")
def test_a_figure_draws_wherever_its_controls_can_be(draw: Callable[..., None]) -> None:
    controls = read_controls(draw)
    assert list(controls) == list(inspect.signature(draw).parameters)
    starts = {name: control[2 if isinstance(control, tuple) else 0] for name, control in controls.items()}
    assert starts == {name: word.default for name, word in inspect.signature(draw).parameters.items()}
    settings = [starts]
    for name, control in controls.items():
        ends = control[:2] if isinstance(control, tuple) else control
        settings += [starts | {name: end} for end in ends]
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index,union-attr]
    limits = set()
    for setting in settings:
        axes = show(draw, **setting)
        figure = axes[0].figure
        limits.add(tuple((ax.get_xlim(), ax.get_ylim()) for ax in axes))
        assert all(ax.get_xlabel() or not ax.axison for ax in axes)
        assert axes[0].get_ylabel() or not axes[0].axison
        width, height = figure.get_size_inches()
        assert width <= 9
        assert height <= 3.6
        heading = axes[0]._left_title  # type: ignore[attr-defined]
        assert heading.get_text()
        assert heading.get_window_extent().x1 <= 100 * width, f"{heading.get_text()} is cut off"
        for text in figure.findobj(matplotlib.text.Text):
            assert text.get_fontsize() >= 10 or not text.get_text()
    assert len(limits) == 1, "the axes jump"
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index,union-attr]


def test_a_central_difference_is_more_exact_and_both_have_a_best_step() -> None:
    for precision, best in (("float32", 1e-3), ("float64", 1e-6)):
        errors = show(figures.show_step_size, step=best, precision=precision)[0].get_lines()
        for line in errors[:3:2]:
            step, error = line.get_xydata().T
            assert 0 < error.argmin() < len(step) - 1
        marks = [line.get_ydata()[0] for line in errors[1:4:2]]
        assert marks[1] < marks[0] / 10
    assert (
        title(show(figures.show_step_size, step=0.5))
        == "h = 0.5: the forward slope is off by 2, the central one by 0.2"
    )


@pytest.mark.parametrize("label", [0, 1])
def test_the_backward_steps_are_those_of_autograd(label: int) -> None:
    w, b = (torch.tensor(value, requires_grad=True) for value in (0.8, -0.4))
    wx = w * 1.5
    z = wx + b
    p = torch.sigmoid(z)
    loss = torch.nn.functional.binary_cross_entropy(p, torch.tensor(float(label)))
    right = torch.autograd.grad(loss, (loss, p, z, wx, b, w))
    (axes,) = show(figures.show_backward_steps, step=5, label=label)
    shown = [text for text in axes.texts if text.get_color() == figures.RED]
    found = sorted(float(text.get_text().replace("−", "-")) for text in shown)
    assert found == pytest.approx(sorted(float(gradient) for gradient in right), abs=6e-4)
    (loud,) = (text for text in shown if text.get_alpha() == 1)
    assert float(loud.get_text().replace("−", "-")) == pytest.approx(float(right[-1]), abs=6e-4)


def test_no_gradient_is_shown_before_the_backward_pass() -> None:
    (axes,) = show(figures.show_backward_steps, step=0)
    assert not [text for text in axes.texts if text.get_color() == figures.RED]


@pytest.mark.parametrize("rate", [0.5, 1.3, 2.0, 2.1])
def test_descent_in_a_bowl_diverges_above_two_over_the_curvature(rate: float) -> None:
    axes = show(figures.show_bowl, learning_rate=rate, curvature=1.0)
    place = next(line for line in axes[1].get_lines() if len(line.get_xdata()) > 2).get_ydata()
    kind = "stable" if rate < 2 else "critical" if rate == 2 else "divergent"
    assert f": {kind}" in title(axes)
    assert np.sign(np.abs(place[-1]) - np.abs(place[0])) == np.sign(rate - 2)
    assert place[1] == pytest.approx((1 - rate) * place[0])


def test_the_gradients_of_batches_spread_as_one_over_the_root_of_their_size() -> None:
    axes = show(figures.show_batch_noise, batch_size=64)
    cloud, full = find_line(axes[0], "batches"), find_line(axes[0], "all examples")
    spread = np.sqrt(((cloud - full) ** 2).sum(axis=1).mean())
    expected = dict(find_line(axes[1], "σ/√B"))
    assert expected[1] / expected[64] == pytest.approx(8)
    assert spread == pytest.approx(expected[64], rel=0.15)
    assert dict(find_line(axes[1], "measured")) == pytest.approx(expected, rel=0.05)

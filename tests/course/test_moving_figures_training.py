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
from sampling import sample

from autograder import figures
from autograder.course.figures.labels import TRAINED, classify, make_picture, train_classifier
from autograder.digits import load_digits

matplotlib.use("agg")

FIGURES = [
    figures.show_backward_steps,
    figures.show_batch_noise,
    figures.show_bias_correction,
    figures.show_bowl,
    figures.show_label,
    figures.show_momentum_plane,
    figures.show_range_test,
    figures.show_ravine,
    figures.show_schedule,
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


@pytest.mark.parametrize("draw", sample(FIGURES, 4))
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
        == "h = 0.5: the forward slope is off by 1.8, the central one by 0.25"
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


@pytest.mark.parametrize(
    ("rate", "momentum", "kind"), [(1.9, 0.0, "takes about"), (2.1, 0.0, "diverges"), (2.9, 0.5, "takes about")]
)
def test_the_momentum_plane_tells_where_descent_diverges(rate: float, momentum: float, kind: str) -> None:
    axes = show(figures.show_momentum_plane, learning_rate=rate, momentum=momentum, condition=30.0)
    assert kind in title(axes)
    distance = np.linalg.norm(find_line(axes[1], "path"), axis=1)
    assert (distance[-1] > distance[0]) == (kind == "diverges")
    (image,) = axes[0].get_images()
    cells = np.ma.getmaskarray(image.get_array())
    assert cells[int(momentum * 150), int(rate * 60)] == (kind == "diverges")


def test_the_star_of_the_momentum_plane_is_its_fastest_point() -> None:
    axes = show(figures.show_momentum_plane, learning_rate=1.0, momentum=0.5, condition=100.0)
    map_ = axes[0].get_images()[0].get_array()
    row, column = np.unravel_index(map_.argmin(), map_.shape)
    (star,) = (line for line in axes[0].get_lines() if line.get_marker() == "*")
    assert star.get_xydata()[0] == pytest.approx(((column + 0.5) / 60, (row + 0.5) / 150), abs=0.03)


def test_the_map_says_how_many_steps_a_tenth_takes() -> None:
    axes = show(figures.show_momentum_plane, learning_rate=1.0, momentum=0.8, condition=30.0)
    said = int(re.findall(r"about (\d+) steps", title(axes))[0])
    distance = np.linalg.norm(find_line(axes[1], "path"), axis=1)
    assert distance[2 * said :].max() / distance[:said].max() == pytest.approx(0.01, rel=0.5)
    assert axes[0].get_images()[0].get_array()[120, 60] == pytest.approx(said, rel=0.1)


@pytest.mark.parametrize("factor", [0.5, 2.5])
def test_the_paths_in_the_ravine_are_those_of_torch(factor: float) -> None:
    condition = 20.0
    rate, usual = factor / condition, 0.1 * factor
    panels = show(figures.show_ravine, rate_factor=factor, condition=condition)
    makers: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "GD": lambda w: torch.optim.SGD(w, rate),
        "momentum": lambda w: torch.optim.SGD(w, rate, momentum=0.9),
        "Nesterov": lambda w: torch.optim.SGD(w, rate, momentum=0.9, nesterov=True),
        "RMSprop": lambda w: torch.optim.RMSprop(w, usual),
        "Adam": lambda w: torch.optim.Adam(w, usual),
    }
    for axes, (name, make) in zip(panels, makers.items(), strict=True):
        assert axes.texts[0].get_text().startswith(name)
        w = torch.tensor([-4.0, 1.0], dtype=torch.float64, requires_grad=True)
        optimizer, path = make([w]), [w.tolist()]
        for _ in range(40):
            optimizer.zero_grad()
            (0.5 * (w[0] ** 2 + condition * w[1] ** 2)).backward()
            optimizer.step()
            path.append(w.tolist())
        drawn = find_line(axes, "path")
        np.testing.assert_allclose(drawn, path[: len(drawn)], rtol=1e-6, atol=1e-9)
        assert len(drawn) == 41 or np.abs(drawn[-1]).max() > 50


@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.0, 0.9)])
def test_the_steps_of_adam_are_those_of_torch_and_the_first_is_off_without_correction(
    beta1: float, beta2: float
) -> None:
    axes = show(figures.show_bias_correction, beta1=beta1, beta2=beta2)
    raw, corrected = find_line(axes[1], "raw"), find_line(axes[1], "corrected")
    assert raw[0, 1] == pytest.approx((1 - beta1) / np.sqrt(1 - beta2))
    assert corrected[0, 1] == pytest.approx(1)
    w = torch.zeros(1, dtype=torch.float64)
    optimizer = torch.optim.Adam([w], lr=1.0, betas=(beta1, beta2))
    noise = torch.randn(1000, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for gradient in (1 + 0.3 * noise)[:10]:
        before = float(w)
        w.grad = gradient[None]
        optimizer.step()
    assert before - float(w) == pytest.approx(dict(corrected)[10], rel=1e-6)


def test_the_schedules_are_those_of_torch() -> None:
    def read(make: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler], rate: float) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
        scheduler, rates = make(optimizer), []
        for _ in range(1000):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return rates

    peak = 0.1
    torchs = {
        "cosine": (0.0, read(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 1000, 0.001), peak)),
        "exponential": (0.0, read(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01**0.001), peak)),
        "step": (0.0, read(lambda o: torch.optim.lr_scheduler.StepLR(o, 250, 0.01 ** (1 / 3)), peak)),
        "one-cycle": (
            0.3,
            read(
                lambda o: torch.optim.lr_scheduler.OneCycleLR(o, peak, 1001, pct_start=0.301, final_div_factor=4), peak
            ),
        ),
    }
    for kind, (warmup, rates) in torchs.items():
        axes = show(figures.show_schedule, kind=kind, warmup=warmup, peak=peak, lowest=0.001)
        drawn = find_line(axes[0], "schedule")[:-1, 1]
        np.testing.assert_allclose(drawn, rates, atol=2e-4 if kind == "one-cycle" else 1e-9)
        said = re.findall(r"η is ([\d.]+) on average", title(axes))
        assert float(said[0]) == pytest.approx(np.mean(rates), abs=1e-3)


def test_a_schedule_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="cosine, step, exponential, one-cycle, not linear"):
        figures.show_schedule(kind="linear")


def test_what_the_range_test_recommends_trains_and_the_rest_does_not() -> None:
    ends, places = {}, {}
    for rate in (0.001, 0.1, 0.3, 30.0):
        axes = show(figures.show_range_test, learning_rate=rate)
        ends[rate] = find_line(axes[1], "training")[-10:, 1].mean()
        places[rate] = title(axes).split(" the band")[0].split(" is ")[1]
    assert places == {0.001: "below", 0.1: "inside", 0.3: "inside", 30.0: "above"}
    assert max(ends[0.1], ends[0.3]) < 1.5 < 2 < min(ends[0.001], ends[30.0])


@pytest.mark.parametrize(("picture", "noise"), [(3, 0.0), (9, 0.6), (8, 1.0)])
def test_the_bars_of_a_digit_are_probabilities_and_the_title_reads_them(picture: int, noise: float) -> None:
    axes = show(figures.show_label, picture=picture, noise=noise)
    heights = [bar.get_height() for bar in axes[1].patches]
    assert sum(heights) == pytest.approx(1)
    said = int(np.argmax(heights))
    verdict = "right" if said == picture else "wrong"
    assert title(axes) == f"The classifier says {said} with probability {max(heights):.2f}, and is {verdict}"


def test_the_classifier_is_sure_of_clean_digits_and_less_so_of_noisy_ones() -> None:
    sure = [np.mean([float(classify(make_picture(k, noise, 1.0))[k]) for k in range(10)]) for noise in (0.0, 0.6)]
    assert sure[0] > 0.8 > sure[1] + 0.1


def test_the_classifier_is_seldom_wrong_about_digits_it_was_not_trained_on() -> None:
    x, y = load_digits()
    weight, bias = train_classifier()
    assert ((x[TRAINED:].double() @ weight + bias).argmax(dim=1) == y[TRAINED:]).double().mean() > 0.85

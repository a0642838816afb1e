"""The figures that the reader moves: what moves them, and what each of them draws at every setting."""

from __future__ import annotations

import base64
import inspect
import io
import itertools
import json
import math
import random
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from nbclient import NotebookClient
from sampling import sample

from autograder.course import figures
from autograder.course.figures.style import write_number

SHOWN = (
    "dead_units", "focal", "folded_plane", "huber", "outlier", "scale_by_depth", "sigmoid_slope", "squared_or_entropy",
    "temperature", "threshold", "triplet",
)  # fmt: skip


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    """The course's style, and no figure left over."""
    with mpl.rc_context():
        plt.switch_backend("agg")
        figures.use_style()
        yield
        plt.close("all")


def find_function(name: str) -> Callable[..., object]:
    function: Callable[..., object] = getattr(figures, f"show_{name}")
    return function


def read_controls(name: str) -> dict[str, Any]:
    """The controls that the docstring recommends."""
    found = re.search(r"Move `(.+?)`", inspect.getdoc(find_function(name)) or "", re.DOTALL)
    assert found, name
    controls: dict[str, Any] = eval(f"dict({found[1]})")
    return controls


def list_settings(name: str) -> list[dict[str, Any]]:
    """All at the start, and each control in turn at its ends or at its other choices."""
    controls = read_controls(name)
    start = {one: control[2] if isinstance(control, tuple) else control[0] for one, control in controls.items()}
    return [start] + [
        start | {one: value}
        for one, control in controls.items()
        for value in (control[:2] if isinstance(control, tuple) else control[1:])
    ]


def draw(name: str, **setting: Any) -> Figure:
    plt.close("all")
    find_function(name)(**setting)
    assert len(plt.get_fignums()) == 1
    return plt.gcf()


def read_line(figure: Figure, axes: int, line: int) -> tuple[np.ndarray, np.ndarray]:
    """The places along both axes of a line, counted in the order of drawing."""
    x, y = figure.axes[axes].lines[line].get_data()
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def read_title(figure: Figure, axes: int) -> str:
    return figure.axes[axes].get_title(loc="left")


# --- every figure ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_move_starts_where_the_function_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plt, "show", lambda: None)
    starts: list[Any] = []
    figures.move(lambda **values: starts.append(values), **read_controls(name))
    own = {one: value.default for one, value in inspect.signature(find_function(name)).parameters.items()}
    assert starts == [own]


@pytest.mark.parametrize("name", sample(SHOWN, 4))
def test_a_figure_is_whole_at_every_end_of_its_controls_and_nothing_jumps(name: str) -> None:
    frames = set()
    for setting in list_settings(name):
        before = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure = draw(name, **setting)
            figure.savefig(io.BytesIO(), format="png")
        assert torch.equal(before[0], torch.get_rng_state())
        assert before[1:] == (str(np.random.get_state()), random.getstate())
        width, height = figure.get_size_inches()
        assert width <= 9
        assert height <= 3.6
        for ax in figure.axes:
            assert ax.get_title(loc="left")
            assert ax.get_xlabel()
            assert ax.get_ylabel() or ax.get_shared_y_axes().joined(ax, figure.axes[0])
        assert_texts_are_seen(figure, setting)
        frames.add(str([(ax.get_xlim(), ax.get_ylim(), ax.get_position().bounds) for ax in figure.axes]))
    assert len(frames) == 1


def assert_texts_are_seen(figure: Figure, setting: dict[str, Any]) -> None:
    """No text is small, nothing is cut off by the figure's border, and no title runs into its neighbor's."""
    renderer = figure.canvas.get_renderer()
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    assert min(sizes) >= 10, setting
    box, (width, height) = figure.get_tightbbox(renderer), figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, (box, setting)
    titles = [ax._left_title.get_window_extent(renderer) for ax in figure.axes]
    for left, right in itertools.pairwise(titles):
        assert left.x1 + 5 < right.x0, setting


def test_numbers_have_a_real_minus_and_no_minus_zero() -> None:
    assert [write_number(-1.5), write_number(-0.001), write_number(2, 1)] == ["−1.50", "0.00", "2.0"]


# --- what each of them shows -------------------------------------------------------------------------


def test_temperature_bars_sum_to_1_and_flatten() -> None:
    largest = []
    for temperature in (0.1, 1.0, 10.0):
        shares, outlines = (
            [bar.get_height() for bar in bars]
            for bars in draw("temperature", temperature=temperature).axes[0].containers
        )
        assert sum(shares) == pytest.approx(1)
        assert sum(outlines) == pytest.approx(1)
        largest.append(max(shares))
    assert largest[0] > 0.99
    assert largest == sorted(largest, reverse=True)
    assert largest[2] == pytest.approx(1 / 5, abs=0.05)


@pytest.mark.parametrize("z", [-6.0, 0.0, 2.0])
def test_sigmoid_tangent_has_the_slope_that_is_marked(z: float) -> None:
    figure = draw("sigmoid_slope", z=z)
    x, y = read_line(figure, 0, 1)
    slope = (y[1] - y[0]) / (x[1] - x[0])
    step = 1e-5
    measured = (1 / (1 + math.exp(-z - step)) - 1 / (1 + math.exp(-z + step))) / (2 * step)
    assert slope == pytest.approx(measured, rel=1e-4)
    assert read_line(figure, 1, 1)[1][0] == pytest.approx(slope)


def test_threshold_counts_every_example_and_marks_its_place_on_the_curve() -> None:
    for threshold in (0.05, 0.5, 0.95):
        figure = draw("threshold", threshold=threshold)
        counts = {text.get_text()[:2]: int(text.get_text().split()[-1]) for text in figure.axes[0].texts}
        assert counts["TP"] + counts["FN"] == 100
        assert counts["FP"] + counts["TN"] == 300
        bars = [sum(abs(patch.get_data().values - patch.get_data().baseline)) for patch in figure.axes[0].patches]
        assert bars == [counts[name] for name in ("FN", "TP", "TN", "FP")]
        (recall,), (precision,) = read_line(figure, 1, 1)
        assert recall == counts["TP"] / 100
        assert precision == pytest.approx(counts["TP"] / (counts["TP"] + counts["FP"]))
        curve = np.stack(read_line(figure, 1, 0))
        assert np.abs(curve - [[recall], [precision]]).sum(0).min() < 1e-9


def test_threshold_above_every_score_has_no_precision() -> None:
    figure = draw("threshold", threshold=1.0)
    assert read_title(figure, 1) == "Precision –, recall 0.00"
    assert len(figure.axes[1].lines) == 1


def test_dead_units_are_those_whose_outputs_are_all_0() -> None:
    figure = draw("dead_units", bias=-3.0)
    zero, rest = (patch.get_data().values for patch in figure.axes[0].patches)
    assert 0.99 < sum(zero) + sum(rest) <= 1 + 1e-9
    assert read_title(figure, 0) == f"Bias −3.0: {sum(zero):.1%} of outputs are 0"
    biases, shares = read_line(figure, 1, 0)
    assert (np.diff(shares) <= 0).all()
    assert shares[0] > 0.9
    assert (shares[biases >= 0] == 0).all()
    assert read_line(figure, 1, 1)[1][0] == pytest.approx(np.interp(-3.0, biases, shares), abs=0.01)


def read_points(figure: Figure, axes: int) -> np.ndarray:
    lines = [line.get_xydata() for line in figure.axes[axes].lines if line.get_linestyle() == "None"]
    return np.concatenate(lines)


def test_four_units_fold_the_plane_onto_a_quarter_and_two_keep_one() -> None:
    turn = math.radians(20)
    u, v = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    for units, kept in ((4, 64), (3, None), (2, None), (1, None)):
        figure = draw("folded_plane", units=units, angle=20.0)
        before, after = read_points(figure, 0), read_points(figure, 1)
        assert len(before) == len(after) == 64
        assert (after @ u >= -1e-9).all()
        assert (after @ v >= -1e-9).all()
        same = np.isclose(np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1))
        quarter = (before @ u > 0) & (before @ v > 0)
        if units > 1:
            assert np.allclose(before[quarter], after[quarter])
            assert same.sum() == (kept or {3: (before @ v > 0).sum(), 2: quarter.sum()}[units])
        else:
            assert np.allclose(after @ v, 0)


def test_scale_by_depth_is_a_power_for_relu_and_bounded_for_tanh() -> None:
    def read(**setting: Any) -> np.ndarray:
        return read_line(draw("scale_by_depth", **setting), 0, 0)[1]

    plain, half = (read(factor=factor, activation="ReLU") for factor in (1.0, 0.5))
    assert half / plain == pytest.approx(0.5 ** np.arange(31), rel=1e-6)
    assert 0.2 < plain[30] < 5
    assert read(factor=2.0, activation="tanh")[30] < 1
    assert read(factor=0.5, activation="tanh")[30] < 1e-3
    assert read_title(draw("scale_by_depth", factor=0.5), 0).endswith("about 10⁻⁹")


@pytest.mark.parametrize("axes", [0, 1])
def test_squared_or_entropy_draws_the_gradient_of_its_loss(axes: int) -> None:
    figure = draw("squared_or_entropy", z=-4.0)
    (z, loss), (_, gradient) = read_line(figure, axes, 0), read_line(figure, axes, 1)
    assert np.gradient(loss, z)[1:-1] == pytest.approx(gradient[1:-1], abs=2e-3)
    assert gradient[0] == pytest.approx((-0.005, -0.998)[axes], abs=1e-3)
    assert read_line(figure, axes, 3)[1] == pytest.approx(
        np.array([np.interp(-4, z, loss), np.interp(-4, z, gradient)])
    )


def test_outlier_pulls_the_squared_fit_in_proportion_and_each_fit_is_a_minimum() -> None:
    weights = []
    for outlier in (-16.0, 0.0, 16.0):
        figure = draw("outlier", outlier=outlier)
        x, y = (
            np.append(kept, moved) for kept, moved in zip(read_line(figure, 0, 2), read_line(figure, 0, 3), strict=True)
        )
        losses = (
            lambda r: r**2,
            np.abs,
            lambda r: np.where(np.abs(r) < 1, r**2 / 2, np.abs(r) - 0.5),
        )
        for axes, loss in enumerate(losses):
            ends, heights = read_line(figure, axes, 1)
            w = (heights[1] - heights[0]) / (ends[1] - ends[0])
            b = heights[0] - w * ends[0]
            least = loss(y - w * x - b).sum()
            for dw, db in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02), (0.02, -0.05), (-0.02, 0.05)):
                assert loss(y - (w + dw) * x - b - db).sum() > least - 1e-6
            weights.append(w)
    squared, absolute, huber = (np.diff(weights[axes::3]) for axes in range(3))
    assert squared[0] == pytest.approx(squared[1])
    assert min(squared) > 0.5
    assert max(abs(absolute)) < 0.25
    assert max(abs(huber)) < 0.25


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_huber_gradient_stops_at_delta_where_the_loss_turns_straight(delta: float) -> None:
    figure = draw("huber", delta=delta)
    r, loss = read_line(figure, 0, 1)
    assert loss[-1] == pytest.approx(delta * (4 - delta / 2))
    assert loss[80] == pytest.approx(0)
    places, gradient = read_line(figure, 1, 1)
    assert gradient.max() == delta
    assert np.gradient(loss, r)[1:-1] == pytest.approx(np.interp(r, places, gradient)[1:-1], abs=0.03)
    zone = figure.axes[0].patches[0].get_extents().transformed(figure.axes[0].transData.inverted())
    assert (zone.x0, zone.x1) == pytest.approx((-delta, delta))


def test_focal_is_cross_entropy_at_0_and_leaves_the_easy_examples_little_at_2() -> None:
    figure = draw("focal", gamma=0.0)
    assert read_line(figure, 0, 0)[1] == pytest.approx(read_line(figure, 0, 1)[1])
    assert read_line(figure, 1, 1)[1][0] == pytest.approx(0.761, abs=1e-3)
    figure = draw("focal", gamma=2.0)
    p, loss = read_line(figure, 0, 0)
    assert loss == pytest.approx(-((1 - p) ** 2) * np.log(p))
    assert read_line(figure, 1, 1)[1][0] == pytest.approx(0.0123, abs=1e-4)


@pytest.mark.parametrize(
    ("across", "up", "title"),
    [
        (0.3, 0.4, "Hard negative: loss 1.10"),
        (0.0, -1.2, "Semi-hard negative: loss 0.40"),
        (-2.0, 1.5, "Easy negative: loss 0.00"),
    ],
)
def test_triplet_names_the_negative_and_its_loss(across: float, up: float, title: str) -> None:
    figure = draw("triplet", across=across, up=up, margin=0.6)
    assert read_title(figure, 0) == title
    (distance,), (loss,) = read_line(figure, 1, 1)
    assert distance == pytest.approx(math.hypot(across, up))
    assert loss == pytest.approx(np.interp(distance, *read_line(figure, 1, 0)))
    assert [patch.radius for patch in figure.axes[0].patches] == [1.6, 1.0]


# --- what moves them ---------------------------------------------------------------------------------

DRAW = """\
def draw(**values):
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.set_title(str(values))
"""

LIVE = (
    f"import json\nimport matplotlib.pyplot as plt\nfrom autograder.course.figures import move\n{DRAW}",
    "move(draw, size=(0.0, 1.0, 0.5))",
    "move(draw, rate=(0.001, 1.0, 0.1), steps=(1, 9, 3), kind=['a', 'b'], bold=True)",
    """\
from ipywidgets.widgets.widget import _instances
widgets = {widget.description: widget for widget in _instances.values() if getattr(widget, "description", "")}
ends = [[getattr(widget, name, None) for name in ("min", "max")] for widget in widgets.values()]
print(json.dumps([[type(widget).__name__, name, *end] for (name, widget), end in zip(widgets.items(), ends)]))
""",
    "widgets['size'].value = 0.75",
    "widgets['rate'].value = 0.01\nwidgets['steps'].value = 9\nwidgets['kind'].value = 'b'\nwidgets['bold'].value = False",
    "print(plt.get_fignums())",
)
"""Two figures that move, what their controls are, and somebody who moves them."""


@pytest.fixture(scope="module")
def live() -> list[Any]:
    """The outputs of each cell of a notebook, run in a kernel; a picture that is updated is so where it is shown."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in LIVE])
    NotebookClient(
        notebook, kernel_name="python3", timeout=120, store_widget_state=False, coalesce_streams=True
    ).execute()
    return [cell.outputs for cell in notebook.cells]


def test_in_a_kernel_there_are_the_controls_and_below_them_the_picture(live: list[Any]) -> None:
    for outputs, text in ((live[1], "size = 0.5"), (live[2], "rate = 0.1, steps = 3, kind = a, bold = True")):
        box, picture = outputs
        assert "application/vnd.jupyter.widget-view+json" in box.data
        assert box.data["text/plain"] == f"To move: {text}"
        assert base64.b64decode(picture.data["image/png"]).startswith(b"\x89PNG")


def test_a_control_is_what_its_range_says(live: list[Any]) -> None:
    assert json.loads(live[3][0].text) == [
        ["FloatSlider", "size", 0.0, 1.0],
        ["FloatLogSlider", "rate", -3.0, 0.0],
        ["IntSlider", "steps", 1, 9],
        ["ToggleButtons", "kind", None, None],
        ["Checkbox", "bold", None, None],
    ]


def test_a_move_draws_the_picture_anew_in_its_place(live: list[Any]) -> None:
    assert live[1][1].data["text/plain"] == "Figure: {'size': 0.75}"
    assert live[2][1].data["text/plain"] == "Figure: {'rate': 0.01, 'steps': 9, 'kind': 'b', 'bold': False}"
    assert live[1][1].data["image/png"] != live[2][1].data["image/png"]
    assert [len(outputs) for outputs in live] == [0, 2, 2, 1, 0, 0, 1]
    assert live[6][0].text == "[]\n", "a figure was left open"


def test_without_a_kernel_there_is_the_picture_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(plt, "show", lambda: drawn.append("shown"))
    figures.move(lambda **values: drawn.append(values), size=(0.0, 1.0, 0.5), kind=["a", "b"], bold=False)
    assert drawn == [{"size": 0.5, "kind": "a", "bold": False}, "shown"]


@pytest.mark.parametrize("control", [(0.0, 1.0, 2.0), (1, 9, 0)])
def test_a_start_outside_of_its_range_is_refused_before_anything_is_drawn(control: tuple[float, float, float]) -> None:
    drawn: list[Any] = []
    with pytest.raises(ValueError, match=rf"size starts at {control[2]}, outside of {control[0]} to {control[1]}"):
        figures.move(lambda **values: drawn.append(values), size=control)
    assert drawn == []

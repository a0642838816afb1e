"""Figures that the reader moves: sliders above a picture that's drawn again at each move."""

from __future__ import annotations

import base64
import io
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt

WIDE = 50
"""A slider whose ends are this many times apart, both above 0, is logarithmic."""

TICKS = 200

Range = tuple[float, float, float] | Sequence[Any] | bool
"""What a control offers: `(lowest, highest, start)`, a list of choices of which the first is the start, or a start of yes or no."""


def move(draw: Callable[..., object], **controls: Range) -> None:
    """Show the figure that `draw` makes, with a control for each of its parameters.

    `draw(**values)` makes one matplotlib figure of plain numbers, texts or booleans, and returns nothing that is needed. A control is
    `(lowest, highest, start)` for a slider (whole numbers where all three are, logarithmic where the ends are 50 times apart),
    a list of choices, or a boolean. Without a live notebook, and wherever the notebook is only read, there is the picture at the start.

    Raises `ValueError` for a start outside of its range.
    """
    starts = {name: _find_start(name, control) for name, control in controls.items()}
    if not _is_live():
        draw(**starts)
        plt.show()
        return
    import ipywidgets
    from IPython.display import display

    width = f"{max(map(len, controls), default=0)}ch"
    widgets = {name: _make_widget(name, control, width) for name, control in controls.items()}
    box = ipywidgets.VBox(list(widgets.values()))
    bundle = dict(box._repr_mimebundle_())
    # Words of our own: what a widget says of itself changes with its version.
    bundle["text/plain"] = "To move: " + ", ".join(f"{name} = {start}" for name, start in starts.items())
    display(bundle, raw=True)
    handle: Any = display(_draw_picture(draw, starts), raw=True, display_id=True)

    def update(_: object) -> None:
        handle.update(_draw_picture(draw, {name: widget.value for name, widget in widgets.items()}), raw=True)

    for widget in widgets.values():
        widget.observe(update, "value")


def _is_live() -> bool:
    """Whether this runs in a notebook's kernel, which answers a slider."""
    module = sys.modules.get("IPython")
    return getattr(module.get_ipython() if module else None, "kernel", None) is not None


def _find_start(name: str, control: Range) -> Any:
    if isinstance(control, tuple):
        low, high, start = control
        if not low <= start <= high:
            raise ValueError(f"{name} starts at {start}, outside of {low} to {high}")
        return start
    return control if isinstance(control, bool) else control[0]


def _make_widget(name: str, control: Range, width: str) -> Any:
    import ipywidgets

    look = {"description": name.replace("_", " "), "style": {"description_width": width}}
    if isinstance(control, bool):
        return ipywidgets.Checkbox(value=control, **look)
    if not isinstance(control, tuple):
        return ipywidgets.ToggleButtons(options=list(control), value=control[0], **look)
    low, high, start = control
    look["layout"] = {"width": "min(100%, 480px)"}
    if all(isinstance(end, int) for end in control):
        return ipywidgets.IntSlider(value=start, min=low, max=high, **look)
    look["readout_format"] = ".3g"
    if low > 0 and high / low >= WIDE:
        first, last, here = (math.log10(end) for end in control)
        ticks = round(TICKS * (here - first) / (last - first))  # so that one of them is the start
        step = (here - first) / ticks if ticks else (last - first) / TICKS
        return ipywidgets.FloatLogSlider(value=start, base=10, min=first, max=last, step=step, **look)
    step = 10.0 ** math.floor(math.log10((high - low) / 50))
    return ipywidgets.FloatSlider(value=start, min=low, max=high, step=step, **look)


def _draw_picture(draw: Callable[..., object], values: dict[str, Any]) -> dict[str, str]:
    """The figure as the data of an output; the figure itself is closed."""
    before = set(plt.get_fignums())
    draw(**values)
    figure = plt.gcf()
    target = io.BytesIO()
    figure.savefig(target, format="png")
    for number in set(plt.get_fignums()) - before:
        plt.close(number)
    titles = [figure.get_suptitle(), *(ax.get_title(loc="left") or ax.get_title() for ax in figure.axes)]
    return {
        "image/png": base64.b64encode(target.getvalue()).decode(),
        "text/plain": "Figure: " + "; ".join(filter(None, titles)),
    }

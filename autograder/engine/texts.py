"""Figures as the text in them, in place of their pictures."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib_inline.config import InlineBackend


def show_texts() -> None:
    """From now on this process's shell shows the text of a figure, and no picture."""
    shell = InteractiveShell.instance()
    InlineBackend.instance().figure_formats = set()
    shell.display_formatter.formatters["text/plain"].for_type(Figure, _print_figure)


def read_texts(figure: Figure) -> list[str]:
    """What is written in a figure: titles, labels of axes and ticks, legends, annotations."""
    renderer = _Reader(figure)
    figure.draw(renderer)
    return renderer.texts


def _print_figure(figure: Figure, printer: Any, cycle: bool) -> None:
    printer.text("\n  ".join([repr(figure), *read_texts(figure)]))


class _Reader(RendererBase):
    """Draws nothing and keeps the texts that are drawn, in their order."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.figure, self.texts = figure, list[str]()

    def draw_text(self, gc: Any, x: float, y: float, s: str, *how: Any, **also: Any) -> None:
        self.texts.append(s)

    def get_canvas_width_height(self) -> tuple[float, float]:
        width, height = self.figure.bbox.size
        return float(width), float(height)

    def points_to_pixels(self, points: Any) -> Any:
        return points * self.figure.dpi / 72

    def _draw_nothing(self, *what: Any, **how: Any) -> None:
        pass

    draw_path = draw_image = draw_markers = draw_path_collection = draw_quad_mesh = _draw_nothing
    draw_gouraud_triangles = _draw_nothing

"""What a figure says, for readers who don't see it: its titles, its axes and the names of its lines, as they were drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MOST_NAMES, MOST_LETTERS = 8, 420
"""Longer lists of lines and longer texts aren't read to the end."""


def describe_figure(figure: Any) -> str:
    """A sentence or some about a matplotlib figure: the title of all of it, then of each panel the title, the axes and the legend.

    The paragraph after a figure reads its numbers, so these are left out.
    """
    panels = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]
    bare = [axes for axes in figure.axes if not axes.axison and _find_title(axes)]
    title = _clean(figure.get_suptitle())
    told = [text for axes in figure.axes if axes in panels or axes in bare if (text := _describe_panel(axes))]
    parts = [title, *(_join_alike(told))]
    text = " ".join(_end(part) for part in parts if part)
    if not text:
        words = [_clean(one.get_text()) for axes in figure.axes for one in axes.texts]
        text = _end(", ".join(list(dict.fromkeys(word for word in words if word))[:MOST_NAMES]))
    return (text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS].rsplit(" ", 1)[0] + " …") or "A picture."


def _describe_panel(axes: Any) -> str:
    title = _find_title(axes)
    x, y = _clean(axes.get_xlabel()), _clean(axes.get_ylabel())
    between = f"{y} against {x}" if x and y else y or (f"along {x}" if x else "")
    names = _list_names(axes)
    lines = f"({', '.join(names)})" if names else ""
    rest = " ".join(part for part in (between, lines) if part)
    return f"{title}: {rest}" if title and rest else title or rest


def _find_title(axes: Any) -> str:
    return _clean(axes.get_title(loc="left") or axes.get_title() or axes.get_title(loc="right"))


def _list_names(axes: Any) -> list[str]:
    """The lines that the legend names."""
    legend = axes.get_legend()
    found = [_clean(text.get_text()) for text in legend.get_texts()] if legend else []
    return [name for name in found if name][:MOST_NAMES]


def _join_alike(panels: Iterable[str]) -> list[str]:
    """The panels, each text once."""
    return list(dict.fromkeys(panels))


def _end(text: str) -> str:
    return text if not text or text[-1] in ".!?…" else text + "."


_COMMANDS = {
    r"\eta": "η", r"\lambda": "λ", r"\theta": "θ", r"\sigma": "σ", r"\beta": "β", r"\mu": "μ", r"\kappa": "κ", r"\delta": "δ",
    r"\gamma": "γ", r"\rho": "ρ", r"\partial": "∂", r"\nabla": "∇", r"\times": "×", r"\cdot": "·", r"\ln": "ln", r"\log": "log",
    r"\sqrt": "√", r"\approx": "≈", r"\leq": "≤", r"\geq": "≥", r"\le": "≤", r"\ge": "≥", r"\to": "→", r"\infty": "∞", r"\,": " ",
}  # fmt: skip


def _clean(text: str) -> str:
    """The text without line breaks, and its math in words and signs."""

    def unfold(found: re.Match[str]) -> str:
        math = found[1]
        for command, sign in sorted(_COMMANDS.items(), key=lambda pair: -len(pair[0])):
            math = math.replace(command, sign)
        return re.sub(r"\\(?:mathrm|mathbf|text|hat|bar)|[{}\\_]", "", math)

    return " ".join(re.sub(r"\$([^$]*)\$", unfold, str(text)).split())

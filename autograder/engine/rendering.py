"""An error as an examiner's cell shows it: written here, because it may be the student's, and made to be written by others.

IPython shows the line of a file that a `SyntaxError` names, calls what an exception brings along, and follows it to what it came from.
Here only the lines of the author's cells are shown, by the frames that really ran.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from types import TracebackType

AROUND = 2
"""Lines shown before and after the one that stopped."""

MAX_TEXT = 20_000
"""Characters of an error's text."""

MAX_FRAMES = 20

RULE = "-" * 75


def render(error: BaseException, trace: TracebackType | None, cells: Mapping[str, tuple[int, list[str]]]) -> list[str]:
    """The lines of a traceback. `cells` has the number and the lines of each cell, by the name that its code has."""
    name, text = type(error).__name__, write_text(error)
    shown = [_show(frame.f_code.co_filename, line, cells) for frame, line in traceback.walk_tb(trace)]
    frames = [lines for lines in shown if lines]
    if len(frames) > MAX_FRAMES:
        frames = [*frames[: MAX_FRAMES // 2], "… and more", *frames[-MAX_FRAMES // 2 :]]
    head = f"{name}{'Traceback (most recent call last)':>{max(75 - len(name), 35)}}"
    return [*([RULE, head] if frames else []), *frames, f"{name}: {text}"]


def write_text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # an exception made without what its class needs
        text = ""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _show(file: str, line: int, cells: Mapping[str, tuple[int, list[str]]]) -> str:
    if file not in cells:
        return ""
    number, lines = cells[file]
    first = max(line - AROUND, 1)
    shown = [
        f"{'----> ' if at == line else '      '}{at} {text.rstrip()}"
        for at, text in enumerate(lines[first - 1 : line + AROUND], start=first)
    ]
    return "\n".join([f"Cell In[{number}], line {line}", *shown, ""])

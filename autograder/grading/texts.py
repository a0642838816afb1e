"""Texts of other people's on their way to other programs: a terminal, a spreadsheet."""

from __future__ import annotations

import codecs
import io
import os
import re
import select
import sys
from typing import TextIO


def printable(text: object) -> str:
    """The text as a terminal may be given it: anything but a visible character, such as a control character, becomes its escape sequence."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def is_random(name: str) -> bool:
    """Whether a cell's name is one that nbgrader, or another maker of notebooks, gave it: to a person it says nothing."""
    return bool(re.fullmatch(r"(?:cell-)?[0-9a-f]{8,}(?:-[0-9a-f]{4,})*", name))


RUNS = tuple("=+-@\t\r\n＝＋－＠")
"""What the cells begin with that a spreadsheet takes for a formula."""


def cell(value: object) -> str:
    """The value as a cell of a table that a spreadsheet may open: numbers as they are, and texts as texts."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return f"'{printable(text)}" if text.lstrip(" ").startswith(RUNS) else printable(text)


_PLAIN = {
    "✓": "ok",
    "✗": "x",
    "○": "o",
    "◐": "-",
    "→": "->",
    "…": "...",
    "“": '"',
    "”": '"',
    "’": "'",
    "–": "-",
    "−": "-",
    "·": "-",
    "│": "|",
    "─": "-",
    "━": "-",
    "✎": "w",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
}


def print_anywhere() -> None:
    """Let what this process prints end in no error where its output takes fewer characters than we use: in a file on Windows, or in plain ASCII."""
    codecs.register_error("plain", _write_plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def is_cut_off() -> bool:
    """Whether nobody reads what this process prints any more: the other end of its pipe is closed."""
    return any(_is_closed(stream) for stream in (sys.stdout, sys.stderr))


def _is_closed(stream: TextIO) -> bool:
    try:
        stream.flush()
        if not hasattr(select, "poll"):
            return False
        watch = select.poll()
        watch.register(stream.fileno(), select.POLLOUT)
        return any(events & select.POLLERR for _, events in watch.poll(0))
    except io.UnsupportedOperation:
        return False  # not a file: a test's or a notebook's
    except OSError:
        return True


def stop_printing() -> None:
    """Let whatever is still to be printed go nowhere, so that the end of the process finds nothing to complain about."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if _is_closed(stream):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _write_plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end

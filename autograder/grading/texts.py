"""Texts of other people's on their way to other programs: a terminal, a spreadsheet."""

from __future__ import annotations

import codecs
import io
import sys


def printable(text: object) -> str:
    """The text as a terminal may be given it: anything but a visible character, such as a control character, becomes its escape sequence."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


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
}


def print_anywhere() -> None:
    """Let what this process prints end in no error where its output takes fewer characters than we use: in a file on Windows, or in plain ASCII."""
    codecs.register_error("plain", _write_plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _write_plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end

"""Texts of other people's on their way to other programs: a terminal, a spreadsheet."""

from __future__ import annotations

import codecs
import html
import io
import os
import re
import select
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TextIO


def printable(text: object) -> str:
    """The text as a terminal may be given it: anything but a visible character, such as a control character, becomes its escape sequence."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def is_random(name: str) -> bool:
    """Whether a cell's name is one that nbgrader, or another maker of notebooks, gave it: to a person it says nothing."""
    return bool(re.fullmatch(r"(?:cell-)?[0-9a-f]{8,}(?:-[0-9a-f]{4,})*", name))


def tell_apart(named: Sequence[tuple[str, str, str]]) -> list[str]:
    """Titles of cells, given with the cells' notebooks and names: those that are shared have the cell's name in them as well.

    Where that is a random one, or shared too, it is the notebook's name, and a number.
    """
    shared = Counter(title for title, _, _ in named)
    places = Counter((title, notebook) for title, notebook, _ in named)
    clear = {title: {cell for one, _, cell in named if one == title and not is_random(cell)} for title in shared}
    numbers: Counter[tuple[str, str]] = Counter()
    titles = []
    for title, notebook, cell in named:
        numbers[title, notebook] += 1
        more = [notebook] if shared[title] > places[title, notebook] and notebook != title else []
        more += [str(numbers[title, notebook])] if places[title, notebook] > 1 else []
        more = [cell] if len(clear[title]) == shared[title] else more
        titles.append(" · ".join([title, *more]) if shared[title] > 1 else title)
    return titles


def plain_heading(text: str) -> str:
    """A heading's words, without the marks of Markdown, tags and addresses; formulas as far as letters and signs can write them."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    text = re.sub(r"(?<!\\)\$\$?([^$]+)\$\$?", lambda found: _write_formula(found[1]), text)
    return html.unescape(re.sub(r"(\*\*|__|[`*]|\\(?=[^\w\s]))", "", text)).strip()


def _write_formula(formula: str) -> str:
    r"""A formula as text, `\mu_{max} \le 3` as "μ_max ≤ 3"."""
    from IPython.core.latex_symbols import latex_symbols  # not before a title has a formula: its tables are large

    signs = {r"\le": "≤", r"\ge": "≥", r"\ne": "≠", r"\to": "→", **latex_symbols}
    text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", formula)
    text = re.sub(r"\\[A-Za-z]+", lambda found: signs.get(found[0], found[0][1:]), text)
    return re.sub(r"\\[^A-Za-z]|[{}]", "", text).strip()


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

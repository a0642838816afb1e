"""IPython's magics in a cell: the lines that make no name and change nothing of a program, and what is left without them."""

from __future__ import annotations

import re

from autograder.engine.planning.syntax import parse

LINES = frozenset(
    "matplotlib load_ext reload_ext autoreload config precision pinfo pdb xmode colors pip conda mamba uv ls pwd env who whos lsmagic "
    "alias notebook system sx bash sh reset".split()
)
"""Line magics that make no names. Of these, and of lines for the shell, the examiner runs none: it has no need of a plot's style, and what
`%reset` takes away is the student's process's."""

CELLS = frozenset(("time", "prun"))
"""Cell magics under which the cell is ordinary code."""

_MAGIC = re.compile(r"^[ \t]*[%!?]", re.MULTILINE)
_LINE = re.compile(r"([ \t]*)(?:%(\w+)\b(?![ \t]*[=.(\[])|!|\?\w)(?P<rest>[^\n]*)")


def strip_magics(source: str) -> str:
    """The cell with `pass` in place of such lines; any other magic stays, so that the cell isn't Python."""
    if not _MAGIC.search(source) or _is_python(source):
        return source
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if (found := re.match(r"%%(\w+)", lines[first])) and found[1] in CELLS:
        lines[first] = ""
    return "\n".join(map(_strip, lines))


def _strip(line: str) -> str:
    if found := re.fullmatch(r"([ \t]*)%time[ \t]+(\w.*)", line):
        return found[1] + found[2]
    found = _LINE.fullmatch(line)
    if (
        not found
        or line.endswith("\\")
        or (found[2] is not None and found[2] not in LINES)
        or line.lstrip()[:2] == "!!"
    ):
        return line
    return f"{found[1]}pass"


def _is_python(source: str) -> bool:
    """Whether what looks like a magic may be inside a string."""
    try:
        parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True

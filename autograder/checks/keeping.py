"""Keep an answer that passed its check in the student's own library, the folder `mine` beside the chapters.

One file for each chapter, readable and importable, holds for each exercise the functions and classes that its check asked for, with whatever
else of the notebook these use. A later answer that passes takes the place of an earlier one; a block that was changed by hand is left alone.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from autograder.excerpts import excerpt
from autograder.formats import HEAD, MINE, MISTAKES, name_file

_BLOCK = re.compile(r"(?m)^# answer: (?P<exercise>\w+), kept on (?P<day>[\d-]+), (?P<digest>\w+)\n")


def find_library(folder: Path) -> Path | None:
    """The student's file for the chapter whose released notebooks lie in `folder`; `None` where this is nobody's own copy."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    graded = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    if getattr(shell, "kernel", None) is None or graded or not (folder / MISTAKES).is_file():
        return None
    if (folder.parent.parent / "nbgrader_config.py").is_file() and folder.parent.name in ("source", "release"):
        return None
    return folder.parent / MINE / name_file(folder.name)


def keep_answer(exercise: str, wanted: Iterable[str], names: dict[str, Any], library: Path) -> str:
    """Keep what binds the names `wanted` in the notebook with these `names`; returns a line for the student, "" where nothing changed."""
    cells = names.get("In")
    block, missing = excerpt(wanted, cells if isinstance(cells, list) else [], names)
    here = f"{library.parent.name}/{library.name}"
    if missing and getattr(names.get(missing), "__module__", "").split(".")[0] in (MINE, __package__.split(".")[0]):
        return ""  # it is put together from parts that the library has, or that the course lent
    if missing:
        return f"Not kept in {here}: it uses `{missing}` of this notebook. Pass that as an argument, and it will be."
    if not block:
        return ""
    try:
        text = library.read_text(encoding="utf-8") if library.exists() else ""
        written = _put(text, exercise, block, library)
        if written == text:
            return ""
        if not written:
            return f"In {here}, `{exercise}` was changed by hand and stays so."
        library.parent.mkdir(exist_ok=True)
        spare = library.with_name(f".{library.name}.{os.getpid()}")
        spare.write_text(written, encoding="utf-8")
        spare.replace(library)
    except (OSError, UnicodeDecodeError) as error:
        return f"Not kept in {here}: {getattr(error, 'strerror', None) or error}."
    return f"Kept in {here}."


def read_blocks(text: str) -> dict[str, str]:
    """The code of each exercise in the text of a student's file."""
    found = list(_BLOCK.finditer(text))
    ends = [*(one.start() for one in found), len(text)][1:]
    return {one["exercise"]: text[one.end() : end].strip() for one, end in zip(found, ends, strict=True)}


def _put(text: str, exercise: str, block: str, library: Path) -> str:
    """The file's text with the new block; as it was where nothing is new, "" where the old one was changed by hand."""
    blocks = read_blocks(text)
    digests = {one["exercise"]: one["digest"] for one in _BLOCK.finditer(text)}
    if blocks.get(exercise) == block:
        return text
    if exercise in blocks and _digest(blocks[exercise]) != digests[exercise]:
        return ""
    new = f"# answer: {exercise}, kept on {date.today().isoformat()}, {_digest(block)}\n{block}\n"
    if exercise in blocks:
        [old] = [one for one in _BLOCK.finditer(text) if one["exercise"] == exercise]
        rest = _BLOCK.search(text, old.end())
        return text[: old.start()] + new + (f"\n\n{text[rest.start() :]}" if rest else "")
    if not text:
        topic = library.stem.replace("_", " ")
        text = f'"""Your own answers on {topic}, each kept when its check passed. They are yours: read them, use them, show them."""\n\n{HEAD}'
    return f"{text.rstrip()}\n\n\n{new}"


def _digest(block: str) -> str:
    return sha256(block.encode()).hexdigest()[:8]

"""Find a notebook that was handed in under another name, such as `p1 (1).ipynb`, by the ids of its cells."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets.log import get_logger

from autograder.errors import CourseError
from autograder.grading.files import modified, read_file
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, parse_notebook

MOST = 20
"""Files that are looked at."""

SHARE = 0.5
"""The share of a notebook's cells that have to be in a file."""


def find_renamed(paths: Mapping[str, Path], sources: Mapping[str, str]) -> dict[str, list[str]]:
    """For each notebook the files, of these by relative path, that hold it under another name: the last changed first."""
    held: dict[str, list[str]] = {}
    for name in [one for one in paths if one.endswith(".ipynb")][:MOST]:
        try:
            cells = parse_notebook(name, read_file(paths[name])).cells
        except CourseError:
            continue
        found = {get_id(cell) or str(cell.get("id")) for cell in cells}
        shares = {notebook: _share(found, _read_ids(text)) for notebook, text in sources.items()}
        best = max(shares, key=lambda notebook: shares[notebook])
        if shares[best] >= SHARE:
            held.setdefault(best, []).append(name)
    return {notebook: sorted(names, key=lambda name: -modified(paths[name])) for notebook, names in held.items()}


def _share(found: set[str], ids: frozenset[str]) -> float:
    return len(found & ids) / len(ids) if ids else 0.0


@functools.lru_cache(maxsize=64)
def _read_ids(source: str) -> frozenset[str]:
    """The ids of a source's cells: nbgrader's where there is one."""
    cells = parse_notebook("source", source.encode("utf-8", "replace")).cells
    return frozenset(get_id(cell) or str(cell.get("id")) for cell in cells if get_id(cell) or cell.get("id"))


def refuse_renamed(assignment: str, notebooks: list[str], **known: Any) -> None:
    """nbgrader's `pre_convert_hook`: have `nbgrader autograde` stop at a submission in which a notebook is there under another name.

    nbgrader would give its cells 0. Emptying the list of `notebooks` makes it give up this submission before it writes any mark.
    """
    folder = find_places(Path.cwd()).source_folder(Path(notebooks[0]).parent.name if "*" in assignment else assignment)
    sources = {path.stem: path for path in folder.glob("*.ipynb")}
    handed_in = {Path(path).stem: Path(path) for path in notebooks}
    others = {path.name: path for name, path in handed_in.items() if name not in sources}
    missing = sources.keys() - handed_in.keys()
    if not others or not missing:
        return
    texts = {name: read_file(path).decode("utf-8", "replace") for name, path in sources.items()}
    for name, copies in find_renamed(others, texts).items():
        if name in missing:
            get_logger().error(
                "%s.ipynb was not handed in; '%s' holds its cells. This submission is left as it is: rename the file, "
                "or grade it with 'course grade %s', which recognizes it.",
                *(name, copies[0], folder.name),
            )
            notebooks.clear()

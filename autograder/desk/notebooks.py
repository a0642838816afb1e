"""Notebooks in a student's folder, read as they lie there: quickly, and prepared for anything."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.formats import EXTRA, OURS, RELEASED, RESULT

MAX_BYTES = 50_000_000
"""Bytes of a notebook with all its figures; a larger file isn't read."""

BESIDE = re.compile(r"(.+)\.(new|before)-([0-9a-f]{6,})")
"""How the stem of a file ends that lies beside a student's own: a newer release, or what they had before they moved to it."""


class Unreadable(CourseError):
    """A file that isn't a notebook."""


@dataclass(frozen=True)
class Cell:
    """A cell with what nbgrader says of it; without a `grade_id`, it says nothing. `raw` is the cell as stored."""

    id: str
    kind: str
    source: str
    grade_id: str
    grade: bool
    solution: bool
    raw: dict[str, Any]


def find_notebooks(folder: Path) -> Iterator[tuple[Path, list[tuple[Path, Path | None]]]]:
    """The chapters of a workspace in order, each with its notebooks, a student's own first, and the newer release beside each."""
    record = _read_record(folder)
    try:
        places = sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError:
        return
    for place in places:
        try:
            paths = sorted(one for one in place.iterdir() if one.suffix == ".ipynb" and one.is_file())
        except OSError:
            continue
        paths = [path for path in paths if not path.name.startswith(".")]
        stems = {path.stem for path in paths}
        newer: dict[str, Path] = {}
        own = []
        for path in paths:
            beside = BESIDE.fullmatch(path.stem)
            if not beside or beside[1] not in stems:
                own.append(path)
            elif beside[2] == "new" and _is_newest(beside[3], record.get(f"{place.name}/{beside[1]}.ipynb")):
                known = newer.setdefault(beside[1], path)
                newer[beside[1]] = max(known, path, key=_modified)
        own.sort(key=lambda one: (f"{place.name}/{one.name}" not in record, len(one.name), one.name))
        if own:
            yield place, [(path, newer.get(path.stem)) for path in own]


def _is_newest(digest: str, released: object) -> bool:
    """Whether the release with this digest in its name is the one that the record has, which goes by the last; any is where there is no record."""
    return not isinstance(released, str) or released.startswith(digest)


def _read_record(folder: Path) -> dict[str, Any]:
    """The hash of each file that came with a release, where the workspace says so."""
    try:
        stored = json.loads((folder / RELEASED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def read_stored(path: Path) -> dict[str, Any]:
    """The notebook as stored, whose `cells` are a list of dictionaries. Raises `Unreadable` when it isn't one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable(f"{path.name} is larger than {MAX_BYTES / 1e6:.0f} MB: clear its outputs, and save it.")
        stored = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path.name} is damaged: it isn't a notebook's JSON.") from error
    cells = stored.get("cells") if isinstance(stored, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unreadable(f"{path.name} is damaged: it has no list of cells.")
    return dict(stored)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, all of it or nothing: under another name first."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_cells(path: Path) -> list[Cell]:
    """The cells of a notebook. Raises `Unreadable` when it isn't one."""
    return [as_cell(raw) for raw in read_stored(path)["cells"]]


def as_cell(raw: dict[str, Any]) -> Cell:
    """A stored cell; what is missing or of the wrong kind is empty."""
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    marks = marks if isinstance(marks, dict) and isinstance(marks.get("grade_id"), str) else {}
    grade_id = marks.get("grade_id", "")
    return Cell(
        id=str(raw["id"]) if isinstance(raw.get("id"), str) else grade_id,
        kind=str(raw.get("cell_type", "")),
        source=join(raw.get("source")),
        grade_id=grade_id,
        grade=marks.get("grade") is True,
        solution=marks.get("solution") is True,
        raw=raw,
    )


def join(text: object) -> str:
    """A text that the format keeps as one string or as a list of lines."""
    if isinstance(text, list):
        return "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""


def read_points(cell: Cell) -> tuple[float, bool]:
    """The most that a graded cell gives, and whether that is extra."""
    ours = cell.raw["metadata"].get(OURS)
    extra = ours.get(EXTRA) if isinstance(ours, dict) else None
    found = extra or cell.raw["metadata"]["nbgrader"].get("points")
    return max(as_number(found), 0.0), bool(extra)


def as_number(value: object) -> float:
    """A number in a file that anyone may have written; -1 where it isn't one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e9 or math.isnan(value):
        return -1.0
    return float(value)


def find_result(cell: Cell) -> dict[str, Any] | None:
    """The result that the cell's check left in its outputs; `None` where there is none."""
    outputs = cell.raw.get("outputs")
    for output in reversed(outputs if isinstance(outputs, list) else []):
        data = output.get("data") if isinstance(output, dict) else None
        result = data.get(RESULT) if isinstance(data, dict) else None
        if isinstance(result, dict):
            return result
    return None


def is_as_released(cell: Cell) -> bool:
    """Whether an answer is as it was handed out, apart from spaces at ends of lines: nbgrader left a checksum of that in the cell."""
    said = cell.raw["metadata"]["nbgrader"].get("checksum") if cell.grade_id else None
    lines = "\n".join(line.rstrip() for line in cell.source.splitlines()).strip("\n")
    return said in {_checksum(cell, cell.source), _checksum(cell, lines)}


def _checksum(cell: Cell, source: str) -> str:
    """nbgrader's own (`nbgrader.utils.compute_checksum`), without the seconds that importing it takes."""
    marks = cell.raw["metadata"]["nbgrader"]
    grade, solution, locked = (bool(marks.get(name, False)) for name in ("grade", "solution", "locked"))
    locked = locked if not solution else False
    parts = [source, cell.kind, str(grade), str(solution), str(locked), cell.grade_id]
    if grade:
        parts.append(str(as_number(marks.get("points"))))
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()

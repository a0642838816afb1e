"""Put generated files in place of older ones, and leave alone what another processor would have made in their place."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

from autograder.authoring.freshness import MEASURED, NOTE
from autograder.checks.mistakes import same_mistakes
from autograder.errors import CourseError
from autograder.formats import MISTAKES

TENTHS = 0.2
"""By how many pixels a point of the same line may lie elsewhere where it was worked out on another processor."""

SHADE = 16 / 255
"""By how much a pixel of the same figure may differ where it was drawn on another processor."""


def put_in_place(made: Path, target: Path, root: Path) -> list[str]:
    """Make the folder `target` equal to `made`; returns the paths that changed."""
    changed = []
    for label, path in find_differences(made, target, root):
        new = made / path.relative_to(target)
        try:
            if new.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(new, path)
            else:
                path.unlink()
        except OSError as error:
            raise CourseError(
                f"{label} cannot be written: {error.strerror}. Are you allowed to write in this folder?"
            ) from error
        changed.append(label)
    return changed


def find_differences(made: Path, target: Path, root: Path) -> list[tuple[str, Path]]:
    files = {
        path.relative_to(folder)
        for folder in (made, target)
        for path in folder.rglob("*")
        if path.is_file() and not _is_scratch(path)
    }
    different = []
    for name in sorted(files):
        new, kept = made / name, target / name
        if not (new.exists() and kept.exists() and _same(kept, new)):
            different.append((kept.relative_to(root).as_posix(), kept))
    return different


def _same(kept: Path, new: Path) -> bool:
    """Whether two files say the same: equal bytes, or what another processor would have made in their place."""
    first, second = kept.read_bytes(), new.read_bytes()
    if first == second or kept.name == MISTAKES:
        return first == second or same_mistakes(first.decode(), second.decode())
    if kept.suffix == ".svg":
        return _same_lines(first.decode(), second.decode())
    if kept.suffix == ".ipynb" and b'"image/png"' in first:
        notebooks = [json.loads(text) for text in (first, second)]
        pictures = [_take_pictures(notebook) for notebook in notebooks]
        return notebooks[0] == notebooks[1] and all(map(_look_alike, *pictures))
    return False


def _same_lines(one: str, other: str) -> bool:
    """Whether two drawings have the same text, and the points of their lines in the same places."""
    first, second = (re.split(r' points="([^"]*)"', text) for text in (one, other))
    if first[::2] != second[::2]:
        return False
    places = zip(*(" ".join(found[1::2]).replace(",", " ").split() for found in (first, second)), strict=False)
    sizes = [[line.count(",") for line in found[1::2]] for found in (first, second)]
    return sizes[0] == sizes[1] and all(round(abs(float(a) - float(b)), 1) <= TENTHS for a, b in places)


def _take_pictures(notebook: Any) -> list[str]:
    """Take the pictures out of a notebook's outputs."""
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    return ["".join(output["data"].pop("image/png")) for output in outputs if "image/png" in output.get("data", {})]


def _look_alike(one: str, other: str) -> bool:
    """Whether two pictures, as base64, differ by no more than the edges of their lines do between processors."""
    from matplotlib.image import imread

    first, second = (imread(io.BytesIO(base64.b64decode(picture))) for picture in (one, other))
    return first.shape == second.shape and bool((abs(first - second) <= SHADE).all())


def _is_scratch(path: Path) -> bool:
    return path.name in (NOTE, MEASURED) or ".ipynb_checkpoints" in path.parts or "__pycache__" in path.parts

"""The rubrics of a chapter: items with points, in a file that people can read, edit and put under version control."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError

MAX_ITEMS, MAX_WORDS = 40, 2_000


@dataclass(frozen=True)
class Item:
    """One line of a rubric. Marks refer to its `id`, so its words and points may change."""

    id: str
    text: str
    points: float


@dataclass(frozen=True)
class Rubric:
    """What a question's marks are made of: the points at the `start`, and those of each item that is ticked."""

    start: float = 0.0
    items: tuple[Item, ...] = field(default_factory=tuple)

    @property
    def revision(self) -> str:
        """Another one for another rubric."""
        return hashlib.blake2b(json.dumps(asdict(self)).encode("utf-8", "replace"), digest_size=6).hexdigest()

    def add_up(self, ticked: list[str], adjust: float, most: float) -> float:
        """The points of a mark, between 0 and `most`."""
        points = {item.id: item.points for item in self.items}
        total = self.start + sum(points.get(one, 0.0) for one in ticked) + adjust
        return round(min(max(total, 0.0), most), 6)


def rubric_path(course: Path, chapter: str) -> Path:
    return course / "rubrics" / f"{chapter}.json"


def read_rubrics(course: Path, chapter: str) -> dict[str, Rubric]:
    """The rubrics of a chapter, by `NOTEBOOK/CELL`. Raises `CourseError` where the file is not one."""
    path = rubric_path(course, chapter)
    try:
        stored = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(stored, dict):
            raise ValueError("it isn't an object")
        return {name: parse_rubric(one, name) for name, one in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise CourseError(
            f"The rubric file rubrics/{path.name} cannot be read ({error}). Correct it, or put an earlier version in its place. "
            "No mark was changed."
        ) from None


def parse_rubric(stored: Any, name: str) -> Rubric:
    """Raises `ValueError`, which says what is wrong."""
    if not isinstance(stored, dict) or not isinstance(stored.get("items"), list):
        raise ValueError(f"'{name}' has no list of items")
    items = []
    for one in stored["items"]:
        if not isinstance(one, dict) or not isinstance(one.get("text"), str) or not isinstance(one.get("id"), str):
            raise ValueError(f"an item of '{name}' has no id or no text")
        if not re.fullmatch(r"[\w-]{1,40}", one["id"]):
            raise ValueError(f"'{one['id'][:50]}' in '{name}' can't be an item's id: letters, digits and - make one")
        items.append(Item(one["id"], one["text"].strip()[:MAX_WORDS], _read_points(one.get("points"), name)))
    if len({item.id for item in items}) < len(items):
        raise ValueError(f"two items of '{name}' have the same id")
    if len(items) > MAX_ITEMS:
        raise ValueError(f"'{name}' has more than {MAX_ITEMS} items")
    return Rubric(_read_points(stored.get("start", 0), name), tuple(items))


def _read_points(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e6:
        raise ValueError(f"points in '{name}' are not a number: {str(value)[:40]}")
    return round(float(value), 6)


def save_rubric(course: Path, chapter: str, name: str, rubric: Rubric) -> None:
    """Write one question's rubric; those of the others stay as they are in the file."""
    stored = {**read_rubrics(course, chapter), name: rubric}
    path = rubric_path(course, chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: asdict(one) for name, one in sorted(stored.items())}, indent=2, ensure_ascii=False)
    fresh = path.with_suffix(f".json.{os.getpid()}")
    fresh.write_bytes((text + "\n").encode("utf-8", "replace"))
    fresh.replace(path)


def propose(scheme: str, points: float) -> Rubric:
    """A rubric made of a mark scheme's lines such as "1 point for the reason" or "0.5 points: the sign"; empty if it has none."""
    found = re.findall(
        r"(?:^|[;\n])\s*[-*]?\s*([\d.]+)\s+points?\s*(?::|for\b)\s*(.+?)(?=;\s*[\d.]+\s+points?\b|\n|\Z)", scheme
    )
    items = []
    for number, (worth, text) in enumerate(found, start=1):
        try:
            items.append(Item(f"i{number}", text.strip().rstrip(".;"), float(worth)))
        except ValueError:
            continue
    return Rubric(0.0, tuple(item for item in items if 0 < item.points <= points)[:9])


def count_uses(ticked: list[list[str]]) -> Mapping[str, int]:
    """How many marks use an item, by its id."""
    uses: dict[str, int] = {}
    for one in ticked:
        for item in one:
            uses[item] = uses.get(item, 0) + 1
    return uses

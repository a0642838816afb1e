"""What nbgrader's tables have no room for: grace, the zone a due date was given in, and extensions before anything is handed in.

`dates.json` has grace and zone by chapter. `extensions.jsonl` has a line for each extension that was granted or taken back, with the reason; the
last one of a student holds. Both are in the course folder. The due date itself, and the extension of whoever has handed in, are nbgrader's.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.grading.times import find_zone

DATES, EXTENSIONS = "dates.json", "extensions.jsonl"


@dataclass(frozen=True)
class Dates:
    """What is noted of a chapter's due date: its zone, "" where none is; grace, None where the course's rule has it."""

    zone: str = ""
    grace: timedelta | None = None


@dataclass(frozen=True)
class Extension:
    """An extension, `by` some seconds or `until` a moment (ISO, UTC); with neither it was taken back.

    With a `zone`, `by` is whole days, and the end has the due date's time of day there, also where clocks change in between.
    """

    chapter: str
    student: str
    by: float | None = None
    until: str | None = None
    reason: str = ""
    granted: str = ""
    zone: str = ""

    @property
    def holds(self) -> bool:
        return self.by is not None or self.until is not None

    def after(self, duedate: datetime | None) -> timedelta | None:
        """As nbgrader keeps it: by how much the due date, which is UTC without a zone, moves. An extension never makes it earlier."""
        if self.by is not None and self.zone and duedate is not None:
            local = duedate.replace(tzinfo=UTC).astimezone(find_zone(self.zone))
            end = local + timedelta(seconds=self.by)  # on the clock
            return end.astimezone(UTC).replace(tzinfo=None) - duedate
        if self.by is not None:
            return timedelta(seconds=self.by)
        if self.until is None or duedate is None:
            return None
        return max(datetime.fromisoformat(self.until).astimezone(UTC).replace(tzinfo=None) - duedate, timedelta())


def read_dates(root: Path, chapter: str) -> Dates:
    """Raises `CourseError` where the file isn't as we write it."""
    stored = _read(root)
    try:
        one = stored.get("chapters", {}).get(chapter, {})
        grace = one.get("grace")
        zone = str(one.get("zone") or stored.get("zone", ""))
        return Dates(zone, None if grace is None else timedelta(seconds=float(grace)))
    except (AttributeError, TypeError, ValueError) as error:
        raise CourseError(
            f"{root / DATES} cannot be read ({error}). Fix or remove it; 'course due' writes a new one."
        ) from None


def write_dates(root: Path, chapter: str, dates: Dates) -> None:
    """Note them; the zone is also the one that is meant the next time."""
    stored = _read(root)
    kept: dict[str, Any] = {"zone": dates.zone} if dates.zone else {}
    if dates.grace is not None:
        kept["grace"] = dates.grace.total_seconds()
    chapters = {**stored.get("chapters", {}), chapter: kept}
    whole = {
        "zone": dates.zone or stored.get("zone", ""),
        "chapters": {name: chapters[name] for name in sorted(chapters)},
    }
    fresh = root / f".{DATES}.{os.getpid()}"
    fresh.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(root / DATES)


def _read(root: Path) -> dict[str, Any]:
    try:
        stored = json.loads((root / DATES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{root / DATES} cannot be read ({error}). Fix or remove it; 'course due' writes a new one."
        ) from None
    if not isinstance(stored, dict):
        raise CourseError(f"{root / DATES} isn't as 'course due' writes it. Fix or remove it.")
    return stored


def read_extensions(root: Path, chapter: str) -> dict[str, Extension]:
    """What was granted or taken back last, by student. A line that can't be read is an error: an extension must not get lost."""
    path = root / EXTENSIONS
    found: dict[str, Extension] = {}
    with contextlib.suppress(FileNotFoundError):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if line.strip():
                try:
                    one = Extension(**json.loads(line))
                    one.after(datetime(2000, 1, 1))
                except (ValueError, TypeError) as error:
                    raise CourseError(
                        f"{path}, line {number} cannot be read ({error}). Fix the line, or remove it."
                    ) from None
                if one.chapter == chapter:
                    found[one.student] = one
    return found


def add_extensions(root: Path, granted: Mapping[str, Extension]) -> None:
    """Note extensions, by student, so that they survive a power failure."""
    path = root / EXTENSIONS
    lines = [json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in granted.values()]
    whole = not path.exists() or path.read_bytes()[-1:] in (b"", b"\n")
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(("" if whole else "\n") + "".join(lines))
        file.flush()
        os.fsync(file.fileno())

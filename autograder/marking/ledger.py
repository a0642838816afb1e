"""Who gave which mark to which answer, item by item: an append-only file in the course's `.autograder/marking/`, for several markers at once.

A line is written, and on the disk, before the gradebook is. A mark belongs to a text: it is kept with the digest of the answer that it judged.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: there is one marker at a time
    fcntl = None  # type: ignore[assignment]

FORMGRADER = "formgrader"
"""The marker's name for what was set elsewhere; such a mark has its points as `adjust`."""

Target = tuple[str, str, str, str]
"""A student, a notebook, a cell, and the digest of the answer."""

Wrote = tuple[float | None, float | None, bool]
"""What was written into the gradebook: manual score, extra credit, and whether a person is still needed."""


@dataclass(frozen=True)
class Mark:
    """What one marker gave. Without `given` it is a comment alone."""

    marker: str
    items: tuple[str, ...] = ()
    adjust: float = 0.0
    given: bool = False
    comment: str = ""
    blind: bool = False
    """Whether the marker gave it without having seen another one's."""


@dataclass
class Held:
    """What is known of an answer: the marks that count by marker, the first independent ones by marker, and what the gradebook was told."""

    marks: dict[str, Mark] = field(default_factory=dict)
    blind: dict[str, Mark] = field(default_factory=dict)
    wrote: Wrote | None = None
    count: int = 0


def ledger_path(course: Path, chapter: str) -> Path:
    return course / ".autograder" / "marking" / f"{chapter}.marks.jsonl"


class Ledger:
    """The marks in the file, read as it grows. Writing needs `lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts: dict[Target, str] = {}
        self.latest: dict[tuple[str, str, str], Target] = {}
        self._lines: list[dict[str, Any]] = []
        self._held: dict[Target, Held] = {}
        self._offset = 0

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else writes until the block ends, and what others wrote before is known."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as self._file:
            if fcntl:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self.refresh()
            if self.path.stat().st_size > self._offset:  # a line that was cut off when a machine went down
                self._file.write(b"\n")
                self._file.flush()
                self.refresh()
            yield

    def refresh(self) -> None:
        """Read what was added, whole lines only."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < self._offset:  # somebody put an earlier copy there
                self._offset, self._lines, self._held = 0, [], {}
                self.texts, self.latest = {}, {}
            file.seek(self._offset)
            data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError, RecursionError):
                    self._take(json.loads(line))

    def held(self, target: Target) -> Held:
        return self._held.get(target) or Held()

    def find(self, student: str, notebook: str, cell: str, digest: str) -> list[Mark]:
        """The marks of an answer, also of an earlier one."""
        return list(self.held((student, notebook, cell, digest)).marks.values())

    def add(self, target: Target, mark: Mark, wrote: Wrote | None, *, settles: bool, text: str, at: str) -> int:
        """Append a mark; `settles` says that it takes the place of everybody's. Returns the number of the line."""
        line = {"target": target, **vars(mark), "settles": settles, "wrote": wrote, "at": at}
        if target not in self.texts:
            line["text"] = text
        return self._append(line)

    def add_written(self, target: Target, wrote: Wrote, because: str, at: str) -> int:
        """Append that the gradebook was told something else of an answer, with the reason."""
        return self._append({"target": target, "wrote": wrote, "because": because, "at": at})

    def void(self, number: int) -> None:
        """Take a line back: the gradebook could not be written."""
        self._append({"void": number})

    def _append(self, line: Mapping[str, Any]) -> int:
        self._file.write((json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.refresh()
        return len(self._lines) - 1

    def _take(self, line: Any) -> None:
        if not isinstance(line, dict):
            return
        self._lines.append(line)
        if isinstance(number := line.get("void"), int) and 0 <= number < len(self._lines):
            self._lines[number] = {}
            self._held, self.latest = {}, {}
            for one in self._lines:
                self._replay(one)
        else:
            self._replay(line)

    def _replay(self, line: Mapping[str, Any]) -> None:
        if not _is_line(line):
            return
        student, notebook, cell, digest = line["target"]
        target = (student, notebook, cell, digest)
        held = self._held.setdefault(target, Held())
        held.count += 1
        self.latest[student, notebook, cell] = target
        if isinstance(line.get("text"), str):
            self.texts.setdefault(target, line["text"])
        if isinstance(wrote := line.get("wrote"), list) and len(wrote) == 3:
            held.wrote = (wrote[0], wrote[1], bool(wrote[2]))
        if "marker" not in line:
            return
        names = ("marker", "adjust", "given", "comment", "blind")
        mark = Mark(items=tuple(line["items"]), **{name: line[name] for name in names})
        if line.get("settles"):
            held.marks.clear()
        held.marks[mark.marker] = mark
        if mark.blind:
            held.blind[mark.marker] = mark
        elif not mark.given:
            held.blind.pop(mark.marker, None)


def _is_line(line: Mapping[str, Any]) -> bool:
    target = line.get("target")
    if not (isinstance(target, list) and len(target) == 4 and all(isinstance(part, str) for part in target)):
        return False
    kinds: dict[str, Any] = {"items": list, "adjust": (int, float), "given": bool, "comment": str, "blind": bool}
    return "marker" not in line or all(isinstance(line.get(name), kind) for name, kind in kinds.items())

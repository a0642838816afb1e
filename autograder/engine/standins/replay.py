"""The second run of a check, with the student's answers of the first one.

A check runs twice where an answer changed an argument that the author's solution leaves alone. What the student's code remembers, such as
a counter or a generator, has moved on by then. So as long as the check asks the same, it gets the same answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from autograder.engine.planning.chance import fingerprint, set_states, take_states
from autograder.engine.standins.registry import Registry

MAX_KEPT = 32 << 20
"""Bytes of a check's answers that are kept."""

_MISSING = object()

Answer = tuple[int, bytes, bytearray]


class Replay:
    """What one check asked and was answered, and how things were before it."""

    def __init__(self, names: dict[str, Any], registry: Registry) -> None:
        self.names, self.registry = names, registry
        self.rows: list[tuple[bytes, bytes, Answer]] = []
        self.size = 0
        self.waiting: deque[tuple[bytes, bytes, Answer]] | None = None
        """What the check has not asked again yet; `None` in its first run."""
        self.diverged = False

    def start(self, wanted: Sequence[str], tables: Sequence[dict[Any, Any]]) -> None:
        """Note how things are before the first run: the `wanted` names, and tables of whoever asks."""
        self.rows, self.size, self.waiting, self.diverged = [], 0, None, False
        self.bound = {name: self.names.get(name, _MISSING) for name in wanted}
        self.tables = [(table, _copy(table)) for table in tables]
        self.known = len(self.registry.locals)
        self.random = fingerprint(), take_states()

    def start_again(self, answers: bool) -> None:
        """Put things as they were; with `answers`, those of the first run are given."""
        self.waiting = deque(self.rows) if answers else None
        self.diverged = answers and self.size > MAX_KEPT
        for name, value in self.bound.items():
            self.names.pop(name, None) if value is _MISSING else self.names.update({name: value})
        for table, before in self.tables:
            table.clear()
            table.update(_copy(before))
        self.registry.forget_locals(self.known)
        if fingerprint() != self.random[0]:
            set_states(self.random[1])

    def keep(self, frame: tuple[bytes, bytes], answer: Answer) -> None:
        self.size += len(answer[1]) + len(answer[2])
        if self.size <= MAX_KEPT:
            self.rows.append((_without_time(frame[0]), frame[1], answer))

    def find(self, frame: tuple[bytes, bytes]) -> Answer | None:
        """The answer to the same question in the first run; `None` where the check asks another one."""
        row = self.waiting.popleft() if self.waiting else None
        if row is None or self.diverged or row[:2] != (_without_time(frame[0]), frame[1]):
            self.diverged = True
            return None
        return row[2]


def _without_time(text: bytes) -> bytes:
    """A request without the seconds that are left, which come first in it."""
    return text.partition(b"]")[2] if b'"seconds"' in text[:40] else text


def _copy(table: dict[Any, Any]) -> dict[Any, Any]:
    return {key: deque(value) if type(value) is deque else value for key, value in table.items()}

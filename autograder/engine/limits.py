"""The time of a cell, as its process keeps it for itself: what passes, except for the time in which it waits for a core that others have."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

FRESH = 0.02
"""Seconds for which what was read of the waiting holds."""

CLOSE = 0.002
"""Seconds that are as good as none."""


class OutOfTime(KeyboardInterrupt):
    """The time of a cell is over."""


def read_wait(process: str) -> float:
    """For how many seconds a process, a folder of /proc, was ready to run and had no core (Linux; elsewhere nothing is known)."""
    try:
        with open(f"{process}/schedstat", "rb") as stream:
            return int(stream.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


class _Waiting:
    """How long this process and those that it has started have waited for a core, and others on which it depends."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}
        self.ended = self.allowed = self.read_at = 0.0

    def total(self, now: float) -> float:
        if now - self.read_at > FRESH:
            self.read_at = now
            for process in self._list():
                waited, before = read_wait(process), self.known.get(process, 0.0)
                self.ended += (
                    before if waited < before else 0.0
                )  # another process with the number of one that has ended
                self.known[process] = waited
        return self.allowed + self.ended + sum(self.known.values())

    @staticmethod
    def _list() -> list[str]:
        if os.getppid() == 0:  # in a namespace that holds nobody else's
            with contextlib.suppress(OSError):
                return [f"/proc/{name}" for name in os.listdir("/proc") if name.isdecimal()]
        return ["/proc/self"]


_waiting = _Waiting()


def counted() -> float:
    """Seconds on a clock that stands still while this process waits for a core. How long that may last, others see to."""
    now = time.monotonic()
    return now - _waiting.total(now)


def allow(seconds: float) -> None:
    """Another process, for which this one waited, had no core for so long."""
    _waiting.allowed += seconds


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` here when `seconds` are over. Whoever goes on in spite of it is killed from outside."""
    deadline = counted() + seconds

    def stop(number: int, frame: object) -> None:
        left = deadline - counted()
        if left <= CLOSE:
            raise OutOfTime
        signal.setitimer(signal.ITIMER_REAL, left)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def pause_timer() -> Iterator[None]:
    """Let the time run on without a limit until here: half a frame, or a question without its answer, would be of no use."""
    began = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))

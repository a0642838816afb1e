"""The time of a cell, as its process keeps it for itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class OutOfTime(KeyboardInterrupt):
    """The time of a cell is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` here when `seconds` are over. Whoever goes on in spite of it is killed from outside."""

    def stop(number: int, frame: object) -> NoReturn:
        raise OutOfTime

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def pause_timer() -> Iterator[None]:
    """Let the time run on without an end until here: half a frame, or a question without its answer, would be of no use."""
    began = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))

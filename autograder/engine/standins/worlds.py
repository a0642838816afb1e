"""Two ways to go on from where an answer changed an argument that the author's solution leaves alone: the check has to hold in both.

In one world the check's data stay as they were, in the other one they are as the answer left them. So both processes fork there: the forks
finish the check in the first world and end, then the check goes on in the second one, whose state is what later checks find. Nothing runs
twice that came before, and whatever a function of the author's or the student's remembers is in each world what it would be in one process.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from autograder.engine.limits import allow
from autograder.engine.planning.chance import fingerprint, set_states, take_states

_MISSING = object()

_STREAMS = (1, 2)
"""The descriptors by which a cell prints past Python, into files that a fork shares."""


def has_threads() -> bool:
    """Whether this process has other threads; a fork would be without them."""
    with suppress(OSError):
        return len(os.listdir("/proc/self/task")) > 1
    return threading.active_count() > 1


class Fork:
    """Of the examiner's process, in the middle of a check: `told` is what the fork told of the rest of it, and `seconds` how long that took."""

    def __init__(self) -> None:
        """Returns in both processes. Raises `OSError` where there can be no fork."""
        source, sink = os.pipe()
        ends = {number: _tell_size(number) for number in _STREAMS}
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        began = time.monotonic()
        self.told: dict[str, Any] = {}
        self.sink: int | None = None
        try:
            pid = os.fork()
        except OSError:
            os.close(source)
            os.close(sink)
            signal.setitimer(signal.ITIMER_REAL, left)
            raise
        if pid == 0:
            os.close(source)
            self.sink = sink
        else:
            os.close(sink)
            with open(source, "rb") as stream:
                text = stream.read()
            _, status = os.waitpid(pid, 0)
            if status or not text:  # it would have ended this process
                end_like(status)
            self.told = json.loads(text)
            for number, size in ends.items():
                with suppress(OSError):
                    os.ftruncate(number, size)
                    os.lseek(number, size, os.SEEK_SET)
        self.seconds = time.monotonic() - began
        if self.sink is None:
            allow(self.seconds)
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)

    def leave(self, told: dict[str, Any]) -> NoReturn:
        """In the fork: tell what came of the check, and end."""
        assert self.sink is not None
        with open(self.sink, "wb") as stream:
            stream.write(json.dumps(told).encode())
        os._exit(0)


def _tell_size(descriptor: int) -> int:
    try:
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return 0


def serve_in_fork() -> bool:
    """Whether this is a fork of the student's process, made here; the process itself goes on when the fork has ended, as if no time had passed.

    Where the fork is ended by what it does, so is the process. Where there can be none, nothing happens.
    """
    began = time.monotonic()
    try:
        pid = None if has_threads() else os.fork()
    except OSError:
        pid = None
    if not pid:
        return pid == 0
    with suppress(ChildProcessError):  # a student's code may have had the kernel bury it
        if status := os.waitpid(pid, 0)[1]:
            end_like(status)
    allow(time.monotonic() - began)
    return False


def end_like(status: int) -> NoReturn:
    """End this process with the wait status of another one, as far as that can be."""
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status) or 1)


class Start:
    """How things are before a check, for where it has to run again from its beginning because there can be no fork."""

    def __init__(self, names: dict[str, Any], wanted: Sequence[str], tables: Sequence[dict[Any, Any]]) -> None:
        """The `wanted` ones of the `names`, and `tables` of whoever asks."""
        self.names = names
        self.bound = {name: names.get(name, _MISSING) for name in wanted}
        self.tables = [(table, _copy(table)) for table in tables]
        self.random = fingerprint(), take_states()

    def put_back(self) -> None:
        for name, value in self.bound.items():
            self.names.pop(name, None) if value is _MISSING else self.names.update({name: value})
        for table, before in self.tables:
            table.clear()
            table.update(_copy(before))
        if fingerprint() != self.random[0]:
            set_states(self.random[1])


def _copy(table: dict[Any, Any]) -> dict[Any, Any]:
    return {key: deque(value) if type(value) is deque else value for key, value in table.items()}

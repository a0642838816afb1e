"""Run functions in forks of this process, so that they can change nothing here."""

from __future__ import annotations

import functools
import gc
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from autograder.errors import CourseError

T = TypeVar("T")


def in_fork(function: Callable[[], T], seconds: float = 120) -> T:
    """Call `function` in a forked process and return what it returns.

    For the author's own code only: the result comes back as a pickle. Raises `CourseError` when the
    process ends without a result, or has none after `seconds`.
    """
    [result] = in_forks([function], seconds)
    return result


def in_forks(functions: Iterable[Callable[[], T]], seconds: float = 120, jobs: int | None = None) -> Iterator[T]:
    """What each of `functions` returns, in order. `jobs` of them run at a time, as many as there are cores by default. See `in_fork`.

    A function is forked off as it comes: what its iterable does afterwards, it does not see.
    """
    if not hasattr(os, "fork"):
        raise CourseError("This system cannot fork a process: build and measure a course on Linux or macOS.")
    running: dict[int, _Running] = {}  # by the descriptor
    done: dict[int, Callable[[], T]] = {}  # what gives the result, or raises
    given = 0
    try:
        for number, function in enumerate(functions):
            while len(running) == (jobs or os.cpu_count() or 1):
                _wait(running, done, seconds)
            while given in done:
                yield done.pop(given)()
                given += 1
            child, reader = _begin(function)
            running[reader] = _Running(number, child, time.monotonic() + seconds)
        while running or done:
            while given in done:
                yield done.pop(given)()
                given += 1
            if running:
                _wait(running, done, seconds)
    finally:
        for reader, one in running.items():
            os.close(reader)
            os.kill(one.child, signal.SIGKILL)
            os.waitpid(one.child, 0)


class _Running(NamedTuple):
    number: int
    child: int
    until: float


def _wait(running: dict[int, _Running], done: dict[int, Callable[[], Any]], seconds: float) -> None:
    """Wait for a process to end, or for its time to be over."""
    left = min(one.until for one in running.values()) - time.monotonic()
    ready = select.select(list(running), [], [], max(left, 0))[0]
    late = [reader for reader, one in running.items() if one.until <= time.monotonic()]
    for reader in ready or late:
        one = running.pop(reader)
        try:
            result = _finish(one.child, reader, None if ready else seconds)
            done[one.number] = functools.partial(_give, result)
        except CourseError as error:
            done[one.number] = functools.partial(_fail, error)


def _give(result: Any) -> Any:
    return result


def _fail(error: CourseError) -> Any:
    raise error


def _begin(function: Callable[[], object]) -> tuple[int, int]:
    """The process, and the descriptor at which its answer is read."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        gc.freeze()  # a full collection here would write to all that the parent has, and so copy it
        if torch := sys.modules.get("torch"):
            # The parent's other threads are not in the fork, and who waits for them waits for ever.
            torch.set_num_threads(1)
        _answer(function, writer)
    os.close(writer)
    return child, reader


def _finish(child: int, reader: int, late: float | None) -> Any:
    """The result of a process that has one, or that is `late`: had none in so many seconds."""
    try:
        with os.fdopen(reader, "rb") as stream:
            if late is not None:
                os.kill(child, signal.SIGKILL)
                raise CourseError(f"gave no result within {late:g} seconds.")
            sent = stream.read()
    finally:
        os.waitpid(child, 0)
    if not sent:
        raise CourseError("ended its process (by a crash or os._exit).")
    good, result = pickle.loads(sent)
    if not good:
        raise CourseError(result)
    return result


def _answer(function: Callable[[], object], writer: int) -> None:
    try:
        try:
            sent = pickle.dumps((True, function()))
        except CourseError as error:  # says all that there is to say
            sent = pickle.dumps((False, str(error)))
        except BaseException as error:
            sent = pickle.dumps((False, f"stopped with {type(error).__name__}: {error}\n{traceback.format_exc()}"))
        with os.fdopen(writer, "wb") as stream:
            stream.write(sent)
    finally:
        os._exit(0)

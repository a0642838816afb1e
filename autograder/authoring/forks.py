"""Run functions in forks of this process, so that they can change nothing here."""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from autograder.errors import CourseError

T = TypeVar("T")


def in_fork(function: Callable[[], T], seconds: float = 120) -> T:
    """Call `function` in a forked process and return what it returns.

    For the author's own code only: the result comes back as a pickle. Raises `CourseError` when the
    process ends without a result, or has none after `seconds`.
    """
    [result] = in_forks([function], seconds)
    return result


def in_forks(functions: Iterable[Callable[[], T]], seconds: float = 120) -> Iterator[T]:
    """What each of `functions` returns, in order; as many run at a time as there are cores. See `in_fork`."""
    if not hasattr(os, "fork"):
        raise CourseError("This system cannot fork a process: build and measure a course on Linux or macOS.")
    running: deque[tuple[int, int]] = deque()
    try:
        for function in functions:
            if len(running) == (os.cpu_count() or 1):
                yield _finish(*running.popleft(), seconds)
            running.append(_begin(function))
        while running:
            yield _finish(*running.popleft(), seconds)
    finally:
        for child, reader in running:
            os.close(reader)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


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


def _finish(child: int, reader: int, seconds: float) -> Any:
    try:
        with os.fdopen(reader, "rb") as stream:
            if not select.select([stream], [], [], seconds)[0]:
                os.kill(child, signal.SIGKILL)
                raise CourseError(f"gave no result within {seconds:g} seconds.")
            sent = stream.read()
    finally:
        os.waitpid(child, 0)
    if not sent:
        raise CourseError("ended its process (a crash, or os._exit).")
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

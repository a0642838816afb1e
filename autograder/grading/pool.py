"""Hand submissions to workers: processes on this machine that grade one after the other.

A worker is a program of its own, this module. So whoever calls `grade_class` needs no `if __name__ == "__main__"`,
nothing of shared memory is used, and one that cannot start says why.
"""

from __future__ import annotations

import contextlib
import errno
import queue
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from autograder.engine.walls.surroundings import make_worker_environment
from autograder.engine.warm import explain_start
from autograder.engine.zygote import die_with_parent
from autograder.errors import GraderError
from autograder.grading.worker import Assignment, Graded, Grader, Submission

ATTEMPTS = 3
"""How often a submission is graded again because the worker was ended from outside."""

WORKER = ("-P", "-m", "autograder.grading.pool")
"""What Python runs as a worker."""

Submit = Callable[[Submission], "Future[Graded]"]


@contextlib.contextmanager
def open_pool(assignment: Assignment, workers: int) -> Iterator[Submit]:
    """A function that has a submission graded by one of so many workers. Those at work when the block ends are stopped.

    Raises `GraderError` where no worker can be started, and so do the futures.
    """
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    threads = ThreadPoolExecutor(workers)
    with contextlib.ExitStack() as stack:
        stack.callback(threads.shutdown)
        for _ in range(workers):
            worker = _Worker(assignment)
            stack.callback(worker.close)
            idle.put(worker)

        def grade(submission: Submission) -> Graded:
            worker = idle.get()
            try:
                return worker.grade(submission)
            finally:
                idle.put(worker)

        def submit(submission: Submission) -> Future[Graded]:
            try:
                return threads.submit(grade, submission)
            except RuntimeError as error:  # Python cannot start a thread
                raise _explain(str(error)) from error

        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        yield submit


class _Worker:
    """A worker process, started at once and heard at its first submission; where it was ended, the next one finds another."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.ready = self.closed = False
        self.trouble: GraderError | None = None
        self.place = tempfile.TemporaryDirectory(
            prefix="autograder-", ignore_cleanup_errors=True
        )  # whose end it outlives
        self._start()

    def _start(self) -> None:
        own, theirs = socket.socketpair()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the worker)
        try:
            self.process = subprocess.Popen(
                [sys.executable, *WORKER, str(theirs.fileno()), self.place.name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                pass_fds=[theirs.fileno()],
                env=make_worker_environment(),
            )
        except OSError as error:
            own.close()
            raise _explain(error.strerror or str(error), error.errno) from error
        finally:
            theirs.close()
        self.connection: Connection[Any, Any] = Connection(own.detach())
        self.ready = False

    def grade(self, submission: Submission) -> Graded:
        """Raises `GraderError` where a worker cannot start, and what the worker raises."""
        began = False
        for _ in range(ATTEMPTS):
            if self.trouble:
                raise self.trouble
            try:
                if not self.ready:
                    self._wait()
                began = True
                self.connection.send(submission)
                answer = self.connection.recv()
            except (EOFError, OSError):
                if self.closed:
                    break
                self._begin_anew()
                continue
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, Graded)
            return answer
        if not began and not self.closed:
            self.trouble = _explain(f"it was ended {ATTEMPTS} times from outside before it was ready")
            raise self.trouble
        reason = f"The process that graded it was ended {ATTEMPTS} times from outside."
        return Graded(submission.student, reason, suspect=True)

    def _wait(self) -> None:
        self.connection.send(self.assignment)
        self.connection.recv()
        self.ready = True

    def _begin_anew(self) -> None:
        """Start another process. Raises `GraderError` where this one ended by itself before it was ready."""
        self.connection.close()
        status = self.process.wait()
        self.said.seek(0)
        lines = self.said.read().decode("utf-8", "replace").strip().splitlines()
        self.said.close()
        if not self.ready and status >= 0:
            self.trouble = _explain(lines[-1] if lines else f"exit status {status}")
            raise self.trouble
        self._start()

    def close(self) -> None:
        self.closed = True
        self.process.kill()
        self.process.wait()
        self.place.cleanup()


def _explain(reason: str, number: int | None = None) -> GraderError:
    number = errno.EAGAIN if "new thread" in reason else number
    return GraderError(f"A process that grades could not be started: {reason.rstrip('.')}. {explain_start(number)}")


def main() -> None:
    """A worker: says that it is ready, then grades what comes until the other end is closed. What is raised is sent as it is."""
    die_with_parent()
    connection: Connection[object, Any] = Connection(int(sys.argv[1]))
    grader = Grader(connection.recv(), sys.argv[2])
    connection.send(None)
    with contextlib.suppress(EOFError):
        while True:
            submission = connection.recv()
            try:
                connection.send(grader.grade(submission))
            except (GraderError, OSError) as error:
                connection.send(error)
    grader.close()


if __name__ == "__main__":
    main()

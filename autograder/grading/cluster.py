"""Grade on the workers of a Dask scheduler."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from autograder.errors import CourseError
from autograder.grading.worker import Assignment, Graded, Submission, grade_submission

RETRIES = 3
"""How often a submission is tried again when its worker was lost."""


@contextlib.contextmanager
def open_cluster(address: str, assignment: Assignment) -> Iterator[Callable[[Submission], Future[Graded]]]:
    """A function that has a submission graded by a worker of the scheduler at `address`.

    The workers need this package, and isolate student code themselves: one that cannot gives that as the reason. What a lost worker
    was about to grade is graded by another one. Raises `CourseError` when no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CourseError(
            "--cluster needs Dask: install the course with its extra, pip install -e '.[cluster]'."
        ) from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise CourseError(f"No Dask scheduler answers at {address}: {error}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise CourseError(
                f"The Dask scheduler at {address} has no workers: start some with 'dask worker {address}'."
            )
        everywhere = dataclasses.replace(assignment, address="")  # a warm process is on one machine only
        kept = client.scatter(everywhere, broadcast=True, hash=False)
        executor = client.get_executor(pure=False, retries=RETRIES)
        yield lambda submission: executor.submit(grade_submission, submission, kept)
        executor.shutdown(wait=False)

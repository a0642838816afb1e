"""nbgrader's own commands, run as it is installed here."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.errors import CourseError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def run_nbgrader(course: Path, *arguments: str) -> str:
    """Run an nbgrader command at the course folder; returns what it logged.

    Raises `CourseError` with nbgrader's own last words when it fails.
    """
    with _in_turn(course):
        status, said = execute(course, arguments)
    if status or "Exception while loading config file" in said:  # nbgrader would go on without it
        last = [line for line in said.splitlines() if "ERROR" in line] or said.splitlines()[-1:] or ["no message"]
        raise CourseError(f"nbgrader {arguments[0]} failed: {last[-1]}")
    return said


@contextlib.contextmanager
def _in_turn(course: Path) -> Iterator[None]:
    """One command of a course at a time: two that find a new gradebook both tell it of the course, and one of them fails."""
    lock = course / ".autograder" / "nbgrader.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def execute(course: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """Run the command to its end in a process of its own; the exit status, and what was logged."""
    # nbgrader calls `alembic` from PATH for a fresh gradebook, also where the environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr

"""nbgrader's own commands, run as it is installed here."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.errors import CourseError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

OLD_METADATA = "use an old version"
"""What nbgrader says where notebooks were made with an nbgrader of years ago."""

_EMPTY = ("There was an error processing", "Please see the", "Traceback ", "Notebook JSON is invalid")


def run_nbgrader(course: Path, *arguments: str) -> str:
    """Run an nbgrader command at the course folder; returns what it logged.

    Raises `CourseError` with nbgrader's own reason when it fails.
    """
    with _in_turn(course):
        status, said = execute(course, arguments)
    if status or "Exception while loading config file" in said:  # nbgrader would go on without it
        raise CourseError(f"nbgrader {arguments[0]} failed: {_find_reason(said)}")
    return said


def _find_reason(said: str) -> str:
    """Why a command failed, from what it logged: its last error that says more than where to look, and what was raised first.

    nbgrader's own last words may be that there was an error, or the first half of a sentence.
    """
    if OLD_METADATA in said:
        return (
            "notebooks of this assignment have nbgrader's metadata in an old version. Keep a copy of the course's folder, "
            "then run 'nbgrader update .' in it."
        )
    errors = re.findall(r"(?m)^\[\w+ \| ERROR\] (.*)$", said)
    told = [error.strip() for error in errors if error.strip() and not error.startswith(_EMPTY)][-1:]
    raised = re.findall(r"(?m)^ *(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*(?:Error|Exception|Entry): \S.*)$", said)[:1]
    reason = " ".join([*told, *(f"({one})" if told else one for one in raised if one not in "".join(told))])
    place = re.findall(r"(?m)^\[\w+ \| INFO\] Converting notebook (.*)$", said) if raised else []
    found = f"{Path(place[-1]).name}: {reason}" if place else reason
    return found or (errors or said.splitlines() or ["no message"])[-1].strip()


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

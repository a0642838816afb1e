"""nbgrader's own commands, run as it is installed here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autograder.errors import CourseError


def run_nbgrader(course: Path, *arguments: str) -> str:
    """Run an nbgrader command at the course folder; returns what it logged.

    Raises `CourseError` with nbgrader's own last words when it fails.
    """
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
    if done.returncode or "Exception while loading config file" in done.stderr:  # nbgrader would go on without it
        last = (
            [line for line in done.stderr.splitlines() if "ERROR" in line]
            or done.stderr.splitlines()[-1:]
            or ["no message"]
        )
        raise CourseError(f"nbgrader {arguments[0]} failed: {last[-1]}")
    return done.stderr

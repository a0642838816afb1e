"""Run the hub: everything is looked at and made first, then this process becomes JupyterHub."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.errors import CourseError
from autograder.hub.machine import find_problems, find_remarks, make_path, refuse
from autograder.hub.preparing import prepare, run_as
from autograder.hub.settings import Settings

SETTINGS_VARIABLE = "AUTOGRADED_HUB"
"""The variable that has the path of hub.toml, in the hub and in the graders' server."""


def set_up(settings: Settings, program: Path, tell: Callable[[str], None]) -> None:
    """Make what is missing. Raises `CourseError` where the hub can't run."""
    refuse(find_problems(settings, program))
    prepare(settings, program, tell)
    command = [sys.executable, "-m", "autograder.cli", "hub", "release", "--settings", str(settings.file)]
    run_as(settings.grader, command, settings.course, JUPYTER_CONFIG_PATH=str(settings.etc / "grader"))
    for remark in find_remarks(settings):
        tell(f"Note: {remark}")


def start(settings: Settings, program: Path, tell: Callable[[str], None]) -> None:
    """Become JupyterHub. Raises `CourseError` where the hub can't run, or runs already."""
    set_up(settings, program, tell)
    lock = os.open(settings.private / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CourseError(f"A hub with {settings.data} is running already; two would end each other's proxy.") from None
    os.set_inheritable(lock, True)  # as long as JupyterHub runs
    tell(f"The hub is at {settings.address}. Stop it with Ctrl+C.")
    configuration = program.resolve() / "hub" / "jupyterhub_config.py"
    os.environ |= {SETTINGS_VARIABLE: str(settings.file), "PATH": make_path()}
    os.chdir(settings.private)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub", "-f", str(configuration)])

"""Run the hub: everything is looked at and made first, then this process becomes JupyterHub."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.errors import CourseError
from autograder.hub.machine import BIN, check_ports, find_problems, find_remarks, make_path, refuse
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
    if settings.watches:
        _check_isolation(settings)
    for remark in find_remarks(settings):
        tell(f"Note: {remark}")


def _check_isolation(settings: Settings) -> None:
    """Raises `CourseError` where the grader's account can't isolate student code: JupyterHub would start its watch again and again."""
    try:
        run_as(settings.grader, [sys.executable, "-m", "autograder.cli", "doctor"], settings.course)
    except CourseError:
        raise CourseError(
            f"Student code can't be isolated on this machine, so nothing can be graded as it comes. 'sudo -u {settings.grader} {BIN / 'course'} doctor' says what is missing; "
            "without grading on arrival, [watch] chapters = [] starts the hub anyway."
        ) from None


def find_former(settings: Settings) -> set[str]:
    """Who could log in once and is in hub.toml no more: JupyterHub knows them, and a browser may still be logged in."""
    with _opened(settings) as database:
        return (
            {name for (name,) in database.execute("SELECT name FROM users")} - set(settings.people)
            if database
            else set()
        )


def forget_groups(settings: Settings) -> None:
    """JupyterHub only ever adds to groups, so it starts with empty ones: an instructor who became a student isn't both."""
    with _opened(settings) as database:
        if database:
            database.execute("DELETE FROM user_group_map")
            database.commit()


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[sqlite3.Connection | None]:
    """JupyterHub's database, or `None` before its first start."""
    if not settings.database.is_file():
        yield None
        return
    with contextlib.closing(sqlite3.connect(settings.database)) as database:
        yield database


def start(settings: Settings, program: Path, tell: Callable[[str], None]) -> None:
    """Become JupyterHub. Raises `CourseError` where the hub can't run, or runs already."""
    set_up(settings, program, tell)
    lock = os.open(settings.private / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CourseError(f"A hub with {settings.data} is running already; two would end each other's proxy.") from None
    if not (settings.private / "proxy.pid").exists():  # else a proxy outlived its hub, and JupyterHub ends it first
        refuse(check_ports(settings))
    forget_groups(settings)
    os.set_inheritable(lock, True)  # as long as JupyterHub runs
    tell(f"The hub is at {settings.address}. Stop it with Ctrl+C.")
    configuration = program.resolve() / "hub" / "jupyterhub_config.py"
    os.environ |= {SETTINGS_VARIABLE: str(settings.file), "PATH": make_path()}
    os.chdir(settings.private)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub", "-f", str(configuration)])

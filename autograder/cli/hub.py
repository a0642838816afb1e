"""The commands about a hub."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.cli.parsing import CHAPTER, Adder
from autograder.errors import CourseError
from autograder.grading.texts import printable

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

WHERE = "the hub's settings (default: those of the hub that this runs on, or hub/hub.toml)"


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    hub = add("hub", _check, "run JupyterHub for the course on this machine")
    commands = hub.add_subparsers(metavar="check|setup|start|release", required=True)
    for name, run, text in (
        ("check", _check, "say what keeps the hub from running here, and change nothing"),
        ("setup", _set_up, "make the accounts and folders that are missing"),
        ("start", _start, "make what is missing, then run the hub until it is stopped"),
        ("release", _release, "hand out chapters to students; hand them out again after a change"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.set_defaults(run=run)
        command.add_argument("--settings", type=Path, metavar="FILE", help=WHERE)
        if name == "release":
            command.add_argument("chapters", nargs="*", metavar="CHAPTER", help=f"{CHAPTER} (default: prepare only)")


def _read(options: argparse.Namespace) -> Settings:
    from autograder.hub.settings import read_settings

    return read_settings(options.settings or Path(os.environ.get("AUTOGRADED_HUB", "hub/hub.toml")))


def _tell(line: str) -> None:
    print(printable(line), flush=True)


def _check(options: argparse.Namespace) -> int:
    from autograder.hub.machine import find_problems, find_remarks, refuse

    settings = _read(options)
    refuse(find_problems(settings, Path.cwd()))
    for remark in find_remarks(settings):
        _tell(f"Note: {remark}")
    _tell(f"The hub can run here: {len(settings.students)} students, {settings.address}.")
    return 0


def _set_up(options: argparse.Namespace) -> int:
    from autograder.hub.starting import set_up

    settings = _read(options)
    set_up(settings, Path.cwd(), _tell)
    _tell(f"Everything is there for {len(settings.students)} students; 'course hub start' runs the hub.")
    return 0


def _start(options: argparse.Namespace) -> int:
    from autograder.hub.starting import start

    start(_read(options), Path.cwd(), _tell)
    return 0


def _release(options: argparse.Namespace) -> int:
    from autograder.grading.places import find_assignment
    from autograder.hub.machine import find_account
    from autograder.hub.releases import release, start_repository

    settings = _read(options)
    account = find_account(settings.grader)
    if account is None or account.pw_uid != os.geteuid():
        raise CourseError(
            f"Chapters are handed out by {settings.grader}: in a terminal of the graders' JupyterLab, or with 'sudo -u {settings.grader}' before the command."
        )
    os.environ["JUPYTER_CONFIG_PATH"] = str(settings.etc / "grader")
    if not options.chapters:
        start_repository(settings)
        return 0
    for line in release(settings, [find_assignment(settings.course, name) for name in options.chapters]):
        _tell(line)
    return 0

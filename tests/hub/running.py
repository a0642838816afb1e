"""A hub that runs for a test: real accounts, real servers, on loopback; nothing of it is left afterwards."""

from __future__ import annotations

import contextlib
import csv
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from autograder.hub.settings import PORTS_AFTER, Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]

OPENED = """
set -e
closed=$1 kept=$2; shift 2
for path in $KEEP; do mkdir -p "$kept$path"; mount --bind "$path" "$kept$path"; done
mount -t tmpfs -o mode=755 tmpfs "$closed"
for path in $KEEP; do mkdir -p "$path"; mount --move "$kept$path" "$path"; done
exec "$@"
"""
"""In a mount space of its own, a folder that others can't enter has only what everyone has to read: Python, and the course."""


START = [sys.executable, "-m", "autograder.cli", "hub", "start", "--settings", "hub.toml"]


@dataclass
class Hub:
    """A hub; `folder` has its program, its data and its course."""

    folder: Path
    settings: Settings
    kept: Path
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.settings.address

    def home(self, name: str) -> Path:
        return Path(pwd.getpwnam(name).pw_dir)

    def open_to_all(self, command: list[str]) -> tuple[list[str], dict[str, str]]:
        """The command, so that everyone can read what it needs, and its environment."""
        needed = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), ROOT}
        shut = {folder for path in needed for folder in path.parents if not folder.stat().st_mode & 1}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if not shut:
            return command, environment
        closed = min(shut, key=lambda folder: len(folder.parts))
        keep = sorted(str(path) for path in needed if closed in path.parents)
        words = ["unshare", "--mount", "sh", "-c", OPENED, "sh", str(closed), tempfile.mkdtemp(dir=self.kept)]
        return [*words, *command], {**environment, "KEEP": " ".join(keep)}

    def start_another(self) -> str:
        """What a second `course hub start` says, which has to fail."""
        command, environment = self.open_to_all([*START])
        done = subprocess.run(
            command, cwd=self.folder / "program", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def run_as_grader(self, *arguments: str) -> str:
        """A command in the course's folder, as in a terminal of the graders' JupyterLab; what it printed."""
        grader = pwd.getpwnam(self.settings.grader)
        who = [f"--reuid={grader.pw_uid}", f"--regid={grader.pw_gid}", "--init-groups"]
        command, environment = self.open_to_all(["setpriv", *who, sys.executable, "-m", *arguments])
        environment |= {"HOME": grader.pw_dir, "USER": grader.pw_name, "AUTOGRADED_HUB": str(self.settings.file)}
        environment |= {"JUPYTER_CONFIG_PATH": str(self.settings.etc / "grader")}
        done = subprocess.run(
            command, cwd=self.settings.course, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def free_ports(number: int) -> int:
    """The first of so many ports in a row that nobody listens at."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for port in range(first + 1, first + number):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return int(first)


@contextlib.contextmanager
def make_hub(course: Path, watched: list[str]) -> Iterator[Hub]:
    """The program's folder with the chapters of `course`, and settings with accounts that don't exist yet; removes the accounts."""
    number = secrets.token_hex(3)
    names = {role: f"{role}{number}" for role in ("grader", "ines", "ada", "bo")}
    with tempfile.TemporaryDirectory(prefix="hub-", dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        program = folder / "program"
        program.mkdir()
        (program / "hub").symlink_to(ROOT / "hub")
        for name in ("source", "release", "nbgrader_config.py"):
            copy = shutil.copytree if (course / name).is_dir() else shutil.copyfile
            copy(course / name, program / name)
        file = program / "hub.toml"
        file.write_text(
            f"""
[course]
id = "autograded"
folder = "../data/course"
[people]
grader = "{names["grader"]}"
instructors = ["{names["ines"]}"]
students = ["{names["ada"]}", "{names["bo"]}"]
[hub]
address = "http://127.0.0.1:{free_ports(PORTS_AFTER + 1)}"
data = "../data"
[watch]
chapters = {watched}
""",
            encoding="utf-8",
        )
        kept = folder / "kept"
        kept.mkdir(0o700)
        hub = Hub(folder, read_settings(file), kept)
        try:
            yield hub
        finally:
            for name in names.values():
                remove_account(name)


def remove_account(name: str) -> None:
    """The account, what it still runs, and its home. Raises `AssertionError` when any of it is left."""
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return
    running = [
        one for one in psutil.process_iter(["uids"]) if (uids := one.info["uids"]) and uids.real == account.pw_uid
    ]
    for process in running:  # a kernel ends a little later than its server
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(running, timeout=30)
    done = subprocess.run(["userdel", "--remove", name], capture_output=True, text=True, check=False)
    assert not Path(account.pw_dir).exists(), done.stderr


def wait_until_up(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until JupyterHub answers. Raises `AssertionError` with the end of its log when it ends first, or takes minutes."""
    until = time.monotonic() + 180
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/hub/api", timeout=5).close()
            return
        time.sleep(0.3)
    raise AssertionError(log.read_text(encoding="utf-8")[-4000:])


@contextlib.contextmanager
def run_hub(hub: Hub) -> Iterator[None]:
    """`course hub start`, until the block ends."""
    command, environment = hub.open_to_all(START)
    log = hub.folder / "hub.log"
    with log.open("a", encoding="utf-8") as stream:
        server = subprocess.Popen(
            command, cwd=hub.folder / "program", env=environment, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            wait_until_up(server, hub.address, log)
            with (hub.settings.private / "first_passwords.csv").open(encoding="utf-8") as table:
                hub.passwords = dict(csv.reader(table))  # type: ignore[arg-type]
            yield
        finally:
            started = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
            own = [one for one in started if one.uids().real == os.getuid()]
            server.send_signal(signal.SIGTERM)
            server.wait(60)
            _, left = psutil.wait_procs(own, timeout=30)
            for process in left:
                process.kill()
            assert not left, f"left running: {left}"

"""A student's own copy of the released chapters, and JupyterLab on it.

What a student has changed is never overwritten. A newer release of a changed notebook arrives beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import zmq

from autograder.errors import CourseError
from autograder.formats import CELLS, LANGUAGE, MISTAKES, PARTS, RELEASED

START_SECONDS = 60

PAGE = {
    "buildAvailable": False,
    "buildCheck": False,
    "disabledExtensions": [
        "@jupyterlab/apputils-extension:announcements",  # asks whether Jupyter's news may be fetched
        "@jupyter/nbgrader:assignment-list",
        "@jupyter/nbgrader:course-list",
        "@jupyter/nbgrader:create-assignment",
        "@jupyter/nbgrader:formgrader",
        "@jupyter/nbgrader:menu",
        "@jupyter/nbgrader:validate-assignment",  # the desk has a button of its own, which says more
    ],
}
"""JupyterLab's page in a student's hands: without questions, and with the desk in place of nbgrader's tools."""

SETTINGS = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}}
"""The page's settings, until a student chooses others: a reference page opens as it reads, not as it's written."""

DESK = "autograder.desk"
"""The server's part of the desk; what the page loads lies beside it, so that it's found without an installation as well."""

SWITCHED_OFF = [f"nbgrader.server_extensions.{name}" for name in ("formgrader", "assignment_list", "course_list")]
"""The server's part of the same: else it logs an error that the course is outside the workspace."""


def update_workspace(release: Path, workspace: Path) -> list[str]:
    """Bring the releases into `workspace`; returns a line for each thing that the student should know.

    A file that is missing is copied, one that is as it was released is replaced by the newer release, one
    that was changed stays and has the newer release put beside it. Raises `CourseError` when there is no release, or
    when the workspace cannot be read and written.
    """
    try:
        return _update(release, workspace)
    except OSError as error:
        raise CourseError(
            f"The workspace cannot be brought up to date: {error.filename or workspace}: {error.strerror}."
        ) from error


def _update(release: Path, workspace: Path) -> list[str]:
    notebooks = sorted(release.glob("*/*.ipynb"))
    if not notebooks:
        raise CourseError(f"There is no release to open in {release}. Run the command in the course's root folder.")
    record_path = workspace / RELEASED
    record = _read_record(record_path)
    news = []
    for path in sorted(
        path for path in release.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts
    ):
        name = path.relative_to(release)
        own = workspace / name
        newest = path.read_bytes()
        released = _hash(newest)
        known = record.get(name.as_posix())
        present = own.read_bytes() if own.exists() else b""
        own.parent.mkdir(parents=True, exist_ok=True)
        if not own.exists() or own.name in (MISTAKES, CELLS, PARTS) or known in _hashes(present):
            if own.exists() and _hash(present) != released and own.suffix == ".ipynb":
                news.append(f"{name} was replaced by its new release; you had not changed it.")
            _write(_prepare(newest, own), own)
        elif _hash(present) != released and known not in _hashes(newest):
            beside = own.with_name(f"{own.stem}.new-{released[:6]}{own.suffix}")
            if not beside.exists():  # when the record was lost, the student may have gone on in it
                _write(_prepare(newest, own), beside)
            news.append(
                f"{name}: there is a new release; it is in {beside.name}, and your own work is unchanged. "
                "To take it over with your answers: course new-release"
            )
        record[name.as_posix()] = released
    _write((json.dumps(record, indent=1, sort_keys=True) + "\n").encode(), record_path)
    return news


def _prepare(released: bytes, own: Path) -> bytes:
    """A released notebook as JupyterLab saves it: with all that the kernel says of its language, its version among it.

    JupyterLab writes that in when it opens a notebook, and then shows unsaved changes that nobody made.
    """
    stored = _read_notebook(released) if own.suffix == ".ipynb" else None
    if stored is None:
        return released
    stored["metadata"]["language_info"] = LANGUAGE | {"version": sys.version.split()[0]}
    return (json.dumps(stored, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _read_notebook(data: bytes) -> dict[str, Any] | None:
    try:
        stored = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return stored if isinstance(stored, dict) and isinstance(stored.get("metadata"), dict) else None


def _write(data: bytes, target: Path) -> None:
    """Write under another name first: a copy that was cut off would later count as the student's own."""
    part = target.with_name(f"{target.name}.part")
    try:
        if target.is_file() and target.read_bytes() == data:
            return
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from error


def _read_record(path: Path) -> dict[str, str]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    except (OSError, ValueError):
        return {}  # without a record every file counts as changed, so nothing is lost


def _hash(data: bytes) -> str:
    """Of a notebook, whatever it says of the language: JupyterLab writes that, with the version of Python."""
    if (stored := _read_notebook(data)) is not None:
        stored["metadata"].pop("language_info", None)
        data = json.dumps(stored, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def _hashes(data: bytes) -> set[str]:
    """What a record may have of these bytes; older ones have the hash of all bytes."""
    return {_hash(data), hashlib.sha256(data).hexdigest()}


def open_lab(root: Path, workspace: Path, port: int, ip: str, browser: bool) -> int:
    """Update the workspace and run JupyterLab on it until it is stopped; returns its exit status.

    Raises `CourseError` when the port is taken or JupyterLab does not start.
    """
    _check_port(ip, port)
    for line in update_workspace(root / "release", workspace):
        print(line)
    token = secrets.token_hex(16)
    address = f"http://{'localhost' if ip in ('127.0.0.1', '0.0.0.0') else ip}:{port}/lab?token={token}"
    for name in ("SIGTERM", "SIGHUP"):  # a stopped container, a closed terminal: JupyterLab has to end as well
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    with TemporaryDirectory(prefix="course-lab-") as settings:
        command = make_command(workspace, ip, port, token, Path(settings))
        environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # else it asks at Ctrl+C
        try:
            wait_until_up(server, f"http://{'127.0.0.1' if ip == '0.0.0.0' else ip}:{port}/api")
            print(
                f"JupyterLab is open on {workspace}/. Your work is kept there. Stop it with Ctrl+C.\n\n    {address}\n",
                flush=True,
            )
            if browser:
                open_in_browser(address)
            return server.wait()
        except KeyboardInterrupt:
            print("Stopped. Your work is in", workspace)
            return 0
        finally:
            server.terminate()
            server.wait()


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def make_command(folder: Path, ip: str, port: int, token: str, settings: Path) -> list[str]:
    """The command that serves JupyterLab on `folder`; writes into `settings`, a folder that has to outlive it.

    What is in `settings` yields to the user's own settings, which are read as ever and left alone.
    """
    (settings / "page_config.json").write_text(json.dumps(PAGE), encoding="utf-8")
    (settings / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--ServerApp.ip={ip}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        f"--IdentityProvider.token={token}",
        *(f"--ServerApp.jpserver_extensions={name}=False" for name in SWITCHED_OFF),
        f"--ServerApp.jpserver_extensions={DESK}=True",
        f"--LabApp.extra_labextensions_path={Path(__file__).parents[1] / 'desk' / 'labextension'}",
        f"--LabApp.app_settings_dir={settings}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if zmq.has("curve"):  # else each kernel warns that its connection is not encrypted
        command.append("--KernelManager.transport_encryption=auto")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _check_port(ip: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # as JupyterLab does, so that a port just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no such port"
            raise CourseError(
                f"Port {port} at {ip} cannot be used ({reason}). Choose another: course lab --port {8889 if port == 8888 else 8888}"
            ) from error


def wait_until_up(server: subprocess.Popen[Any], address: str) -> None:
    """Wait until the server answers at `address`; raises `CourseError` when it ends first or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise CourseError(
                f"JupyterLab ended at once, with exit status {server.returncode}; its own message is above."
            )
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise CourseError(f"JupyterLab did not answer within {START_SECONDS} seconds.")


def open_in_browser(address: str) -> None:
    """Open `address` where a browser can be; elsewhere the printed address has to do."""
    import webbrowser

    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)

"""The warm process as its clients see it: started, connected to, ended."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.engine.walls.surroundings import make_environment
from autograder.engine.wire.channel import Channel, Closed, Malformed, read_message, write_message
from autograder.errors import GraderError

WARM = "warm"
"""A file beside the socket of the warm process, which it makes when it is warm."""


class Lost(Exception):
    """The warm process is gone."""


class WarmProcess:
    """The warm process, and its folder, in which its socket is. It can be connected to at once, and answers when it is warm."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True)
        self.address = f"{self.folder.name}/socket"
        os.mkdir(f"{self.folder.name}/root")
        try:
            with socket.socket(socket.AF_UNIX) as listener, open(f"{self.folder.name}/said", "wb") as said:
                with _reachable(self.address) as address:
                    listener.bind(address)
                listener.listen()
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "autograder.engine.zygote", str(listener.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    env=make_environment(Path(self.folder.name), environment or {}),
                    cwd=self.folder.name,
                    pass_fds=[listener.fileno()],
                )  # the only one that has the listener, so that its end is seen at once
        except OSError as error:
            self.folder.cleanup()
            raise GraderError(f"{CANNOT_START}: {error.strerror or error}. {explain_start(error.errno)}") from error

    def complain(self) -> None:
        """Raises `GraderError` where the process ended by itself before it was warm."""
        status = self.process.wait()
        if status < 0 or Path(self.folder.name, WARM).exists():
            return
        said = Path(self.folder.name, "said").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        self.close()
        raise GraderError(
            f"{CANNOT_START}: {said[-1].rstrip('.') if said else f'exit status {status}'}. {explain_start()}"
        )

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


CANNOT_START = "The process that runs notebooks could not be started"


def explain_start(number: int | None = None) -> str:
    """What to do where a process could not be started, for a reason that may have the number of an error of the system."""
    if number == errno.EAGAIN:
        return "The system allows you no more processes (see 'ulimit -u'): end some, or grade with fewer jobs (-j 1)."
    return "Fix that, then grade again; what was graded before is kept."


@contextlib.contextmanager
def _reachable(address: str) -> Iterator[str]:
    """A name for a socket's place: its own may be longer than the system takes, which is about 100 bytes."""
    if len(os.fsencode(address)) < 100 or sys.platform != "linux":
        yield address
        return
    folder = os.open(os.path.dirname(address), os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(address)}"
    finally:
        os.close(folder)


class Connection:
    """A client's connection to the warm process. Raises `Lost` where there is none, or none any more."""

    def __init__(self, address: str) -> None:
        connection = socket.socket(socket.AF_UNIX)
        self.channel = Channel(connection)
        try:
            with _reachable(address) as reachable:
                connection.connect(reachable)
        except OSError:
            self.channel.close()
            raise Lost from None

    def ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        try:
            self.channel.send(Channel.CONTROL, write_message(request), descriptors=descriptors)
            _, text, _ = self.channel.receive()
            return read_message(text)
        except (Closed, Malformed):
            raise Lost from None

    def close(self) -> None:
        self.channel.close()

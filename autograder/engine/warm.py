"""The warm process as its clients see it: started, connected to, ended."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.errors import GraderError

WARM = "warm"
"""A file beside the socket of the warm process, which it makes when it is warm."""


_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
    "AUTOGRADED_NOISE",
)


_ARITHMETIC = ("ATEN_", "ONEDNN_", "DNNL_", "MKL_", "OPENBLAS_", "NPY_", "KMP_")
"""What variables begin with that choose how numbers are computed."""


class Lost(Exception):
    """The warm process is gone."""


class WarmProcess:
    """The warm process, and the folder in which its socket is. It can be connected to at once, and answers when it is warm."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True)
        self.address = f"{self.folder.name}/socket"
        os.mkdir(f"{self.folder.name}/root")
        inherited = {
            name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith(_ARITHMETIC)
        }
        try:
            with socket.socket(socket.AF_UNIX) as listener, open(f"{self.folder.name}/said", "wb") as said:
                listener.bind(self.address)
                listener.listen()
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "autograder.engine.zygote", str(listener.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    env={**inherited, **(environment or {})},
                    cwd="/",
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
    return "Mend that, then grade again; what was graded before is kept."


class Connection:
    """A client's connection to the warm process. Raises `Lost` where there is none, or none any more."""

    def __init__(self, address: str) -> None:
        self.root = str(Path(address).parent / "root")
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise Lost from None
        self.answers = self.socket.makefile("rb")

    def ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        try:
            socket.send_fds(self.socket, [json.dumps(request).encode()], list(descriptors))
            line = self.answers.readline()
        except OSError:
            line = b""
        if not line:
            raise Lost
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self.answers.close()
        self.socket.close()

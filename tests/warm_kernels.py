"""Run a command whose Jupyter kernels are forks of one process that has imported torch and matplotlib. Linux only.

    python tests/warm_kernels.py COMMAND...

A kernel of its own spends three CPU seconds on these imports, and `solutions/` needs one for each notebook. In COMMAND, the kernel is called
`warm`; its program, `kernels/warm/kernel.py`, asks this process for a fork and stands for it as long as it lives.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

DOOR = "WARM_KERNELS"
"""The environment variable that tells the kernel's program where this process listens."""

LOADED = (
    *("torch", "torch._dynamo", "torch.optim"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.font_manager"),
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipywidgets", "autograder.checks.check"),
)
"""Neither pyplot nor its inline backend: when they are imported, they look for the IPython that runs."""


def run(command: list[str]) -> int:
    """Load everything, run `command` to its end beside the forks that it asks for, and return its exit status."""
    os.environ["MPLBACKEND"] = (
        "module://matplotlib_inline.backend_inline"  # as a kernel does before anything is imported
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in LOADED:
            importlib.import_module(name)
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(Path(folder, "door")))
        door.listen()
        paths = [str(Path(__file__).resolve().parent), os.environ.get("JUPYTER_PATH", "")]
        environment = {**os.environ, DOOR: door.getsockname(), "JUPYTER_PATH": os.pathsep.join(filter(None, paths))}
        running = subprocess.Popen(command, env=environment)
        ended = os.pidfd_open(running.pid)
        while True:
            ready, _, _ = select.select([door, ended], [], [])
            if ended in ready:
                return running.wait()
            asking, _ = door.accept()
            if os.fork() == 0:
                door.close()
                guard(asking)
            asking.close()
            reap(running.pid)


def reap(command: int) -> None:
    """Forget the guards that have ended; the command is waited for elsewhere."""
    while True:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None or found.si_pid == command:
            return
        os.waitpid(found.si_pid, 0)


def guard(asking: socket.socket) -> None:
    """Fork a kernel, tell its number, and see to it that neither the kernel nor who asked for it outlives the other."""
    text, streams, _, _ = socket.recv_fds(asking, 1 << 20, 2)
    kernel = os.fork()
    if kernel == 0:
        asking.close()
        be_kernel(json.loads(text), streams)
    asking.sendall(str(kernel).encode())
    ended = os.pidfd_open(kernel)
    ready, _, _ = select.select([asking, ended], [], [])
    if ended not in ready:
        os.kill(kernel, signal.SIGKILL)
    os.waitpid(kernel, 0)
    os._exit(0)


def be_kernel(request: dict[str, object], streams: list[int]) -> None:
    """Become the kernel that was asked for: its folder, its environment, its output, its connection file."""
    os.setsid()
    os.chdir(str(request["folder"]))
    environment = request["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.pop("JPY_PARENT_PID", None)  # the kernel would miss a parent that it never had, and end
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    from ipykernel.kernelapp import IPKernelApp

    try:
        IPKernelApp.launch_instance(argv=["-f", str(request["connection"])])
    finally:
        os._exit(0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

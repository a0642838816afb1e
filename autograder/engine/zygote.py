"""The warm process: imports what notebooks need once, and forks on request. It never sees a notebook, a test or a submission.

It is started in its own folder, with the descriptor of a socket that listens. A client sends frames (`wire.channel`), a message each:
`{"fork": "student" or "examiner", "libraries": […]}` comes with the descriptors that the fork is to have: its channel, a lifeline, whose
other end is closed when nobody waits any more, and folders; the answer has the fork's `pid`. What the fork is to do it reads from its
channel by itself; see `sides`. `{"end": pid, "kill": …}` waits a moment for the end of that process, or kills it, and answers with its wait
`status`, `null` where it goes on; other clients are served meanwhile. What a client forked ends with its connection, and the warm process
with its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import io
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from autograder.engine.walls.isolation import enclose
from autograder.engine.walls.laying import Source, copy
from autograder.engine.walls.preparation import prepare
from autograder.engine.walls.surroundings import forget_host
from autograder.engine.walls.terms import UNAVAILABLE, Limits
from autograder.engine.warm import WARM
from autograder.engine.wire.channel import Channel, Closed, Malformed, read_message
from autograder.errors import CourseError

MOMENT = 1.0
"""Seconds to wait for the end of a process."""

TICK = 0.002
"""Seconds from one look whether it has ended to the next."""


class _Client:
    """Who asks for forks, and the processes that were forked for it."""

    def __init__(self, connection: socket.socket) -> None:
        self.channel = Channel(connection, takes_descriptors=True)
        self.forked: set[int] = set()
        self.ending: tuple[int, float] | None = None
        """The process whose end it waits for, and until when."""

    def serve(self) -> bool:
        """Do what it asks for, as far as it has come; whether it is still there."""
        try:
            frame = self.channel.receive_ready()
            if frame:
                self._do(read_message(frame[1]))
        except (Closed, Malformed):
            return False
        return True

    def _do(self, job: dict[str, Any]) -> None:
        if "fork" in job:
            load(job["libraries"])
            pid = _fork(job["fork"], self.channel.take_descriptors())
            self.forked.add(pid)
            self.channel.tell(pid=pid)
        else:
            if job["kill"]:
                _kill(job["end"])
            self.ending = job["end"], time.monotonic() + MOMENT

    def look(self) -> bool:
        """Answer it where what it waits for has ended, or it waited long enough; whether it is still there."""
        if self.ending is None:
            return True
        pid, end = self.ending
        status = _find_status(pid)
        if status is None and time.monotonic() < end:
            return True
        self.ending = None
        if status is not None:
            self.forked.discard(pid)
        try:
            self.channel.tell(status=status)
        except Closed:
            return False
        return True


class _Clients:
    """All of them, and what clients that are gone have left."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.all, self.left = listener, set[_Client](), set[int]()
        self.selector = selectors.DefaultSelector()
        self.selector.register(0, selectors.EVENT_READ)
        self.selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> bool:
        """Wait until there is something to do, and do it; whether the standard input is still open."""
        waiting = any(client.ending for client in self.all)
        for key, _ in self.selector.select(TICK if waiting else MOMENT if self.left else None):
            if isinstance(key.data, _Client):
                if not key.data.serve():
                    self._part(key.data)
            elif key.fileobj is self.listener:
                client = _Client(self.listener.accept()[0])
                self.selector.register(client.channel, selectors.EVENT_READ, client)
                self.all.add(client)
            else:
                return False
        for client in [client for client in self.all if not client.look()]:
            self._part(client)
        self.left = {pid for pid in self.left if _find_status(pid) is None}
        return True

    def _part(self, client: _Client) -> None:
        self.all.discard(client)
        self.selector.unregister(client.channel)
        client.channel.close()
        for pid in client.forked:
            _kill(pid)
        self.left |= client.forked


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command that started this
    die_with_parent()
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        warm_up()
        get_ready_to_fork()
        os.dup2(1, 2)  # until now there was somebody to read what is wrong
        Path(WARM).touch()
        clients = _Clients(listener)
        while clients.serve():
            pass


def _fork(side: str, descriptors: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _close_all_but(descriptors)
            _live(side, descriptors)
        finally:
            os._exit(1)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _close_all_but(descriptors: list[int]) -> None:
    """Leave the connections of the warm process behind, and its standard input with them."""
    os.dup2(1, 0)
    first = 3
    for descriptor in sorted(descriptors):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, first + 100)


def _live(side: str, descriptors: list[int]) -> NoReturn:
    """In the fork: read what there is to do, lay out the files, and become one of the two sides."""
    number, lifeline, *folders = descriptors
    channel = Channel(socket.socket(fileno=number))
    body = _make_body(side, channel)
    job = read_message(channel.receive()[1])
    files = {name: Source(folders[folder], path) for name, folder, path in job["files"]}
    try:
        if job["isolated"]:
            enclose(body, files, Limits(**job["limits"]), [number], lifeline, Path("root"))
        die_with_parent()
        os.setsid()
        os.fchdir(folders[-1])  # a fresh one
        copy(files)
    except CourseError as error:  # what prevents the walls
        channel.tell(unavailable=str(error))
        os._exit(UNAVAILABLE)
    sys.path.insert(0, "")
    body()
    os._exit(0)


def _make_body(side: str, channel: Channel) -> Callable[[], None]:
    from autograder.engine.examiner import be_examiner
    from autograder.engine.student import be_student

    def body() -> None:
        forget_host()
        if side == "examiner":
            be_examiner(channel)
        if side == "kernel":
            from autograder.engine.kernels import be_kernel

            told = read_message(channel.receive()[1])
            be_kernel(channel, told["kernel"], told["by_stderr"])
        be_student(channel)

    return body


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # without isolation, what it started as well
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)


def _find_status(pid: int) -> int | None:
    """The wait status of a process that has ended, else nothing."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return status if found else None


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def warm_up() -> None:
    """Import what notebooks need, and use it, so that a fork has nothing to wait for."""
    os.environ["MPLBACKEND"] = "agg"
    import matplotlib.pyplot
    import nbformat  # noqa: F401
    import numpy.random
    import torch
    import torch.nn.functional
    import torch.utils.data

    import autograder.checks
    import autograder.course.figures
    import autograder.engine.examiner
    import autograder.engine.shell
    import autograder.engine.student

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    score = torch.ones(2, 3).requires_grad_().sum()
    torch.autograd.grad(score, [score])  # its first call loads much
    numpy.random.default_rng(0).normal()
    figure, axes = matplotlib.pyplot.subplots()
    axes.set_title("Fonts, also for $x$")
    figure.canvas.print_figure(io.BytesIO(), bbox_inches="tight")
    matplotlib.pyplot.close(figure)
    with matplotlib.rc_context():
        autograder.course.figures.use_style()  # how fonts are named in settings is parsed once
    shell = autograder.engine.shell.make_shell()
    shell.run_one("import warnings\nwarnings.warn('warm')\n[1, 2]\n", 1)
    shell.run_one("raise ValueError('warm')", 2)
    shell.run_one("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\nNone", 3)
    shell.start_afresh()
    close_fonts()
    if seed := os.environ.get("AUTOGRADED_NOISE"):
        from autograder.engine.arithmetic import Noise

        Noise(int(seed)).enter()  # it holds in every fork


def close_fonts() -> None:
    """Let go of the files that matplotlib holds open: a fork that forgets such a font would close a descriptor that is another's by then."""
    for kept in gc.get_objects():
        if type(kept) is functools._lru_cache_wrapper:  # some of torch warn when asked for their class
            module = str(kept.__module__)
            if module.startswith("matplotlib.") and module != "matplotlib._fontconfig_pattern":
                kept.cache_clear()
    gc.collect()


def load(libraries: Iterable[str]) -> None:
    """Load what a notebook uses and `warm_up` leaves out, once."""
    fresh = set(libraries) - _loaded
    if "torch.optim" in fresh:
        import torch

        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # its first use loads torch's compiler
    for name in fresh:
        with contextlib.suppress(ImportError):  # the notebook will say that it is missing
            importlib.import_module(name)
    if fresh:
        _loaded.update(fresh)
        get_ready_to_fork()


_loaded: set[str] = set()


def get_ready_to_fork() -> None:
    """Get ready for forks: what is in memory now stays as it is."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        prepare()


if __name__ == "__main__":
    main()

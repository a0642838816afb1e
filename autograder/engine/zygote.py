"""The warm process: imports what notebooks need once, and forks on request. It never sees a notebook, a test or a submission.

It is started with the descriptor of a socket that listens. A client sends one JSON message at a time. `{"fork": "student" or "examiner", …}`
comes with the descriptors that the fork is to have: its channel, and for a student a lifeline, whose other end is closed when nobody
waits any more; the answer has the fork's `pid`. `{"end": pid}` waits a moment for the end of that process, or kills it, and answers
with its wait `status`, `null` where it goes on. What a client forked ends with its connection, and the warm process with its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from autograder.engine.walls.isolation import enclose
from autograder.engine.walls.preparation import prepare
from autograder.engine.walls.terms import UNAVAILABLE, Limits
from autograder.engine.warm import WARM
from autograder.engine.wire.channel import Channel
from autograder.errors import CourseError

MAX_REQUEST = 1 << 20

MOMENT = 1.0
"""Seconds to wait for the end of a process."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command that started this
    die_with_parent()
    with socket.socket(fileno=int(sys.argv[1])) as listener, selectors.DefaultSelector() as selector:
        warm_up()
        settle()
        os.dup2(1, 2)  # until now there was somebody to read what is wrong
        Path(listener.getsockname()).with_name(WARM).touch()
        selector.register(0, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        clients: dict[socket.socket, set[int]] = {}
        while True:
            for key, _ in selector.select():
                ready = key.fileobj
                if not isinstance(ready, socket.socket):
                    return
                if ready is listener:
                    client, _ = listener.accept()
                    clients[client] = set()
                    selector.register(client, selectors.EVENT_READ)
                elif not _serve(ready, clients[ready]):
                    selector.unregister(ready)
                    for pid in clients.pop(ready):
                        _end(pid, kill=True)
                    ready.close()


def _serve(client: socket.socket, forked: set[int]) -> bool:
    """Do what a client asks for; whether it is still there."""
    try:
        text, descriptors, _, _ = socket.recv_fds(client, MAX_REQUEST, 4)
        if not text:
            return False
        job = json.loads(text)
        if "fork" in job:
            load(job.get("libraries", ()))
            pid = _fork(job, descriptors)
            forked.add(pid)
            answer: dict[str, Any] = {"pid": pid}
        else:
            answer = {"status": _end(job["end"], job["kill"])}
            if answer["status"] is not None:
                forked.discard(job["end"])
        client.sendall(json.dumps(answer).encode() + b"\n")
    except OSError:
        return False
    return True


def _fork(job: dict[str, Any], descriptors: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _close_all_but(descriptors)
            _live(job, descriptors)
        except CourseError as error:  # what stands in the way of the walls
            _open(descriptors).tell(unavailable=str(error))
            os._exit(UNAVAILABLE)
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


def _live(job: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """In the fork."""
    if job["fork"] == "examiner":
        from autograder.engine.examiner import be_examiner

        die_with_parent()
        if job["memory"]:  # what it does with a student's numbers may take as much as they say
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
        os.chdir(job["folder"])
        sys.path.insert(0, job["folder"])  # what the author ships beside the notebook, and nothing of a student's
        be_examiner(_open(descriptors), frozenset(job["answers"]), frozenset(job["judged"]), frozenset(job["authored"]))
    else:
        files = {name: Path(path) for name, path in job["files"].items()}
        body: Callable[[], None] = lambda: _be_student(descriptors, job["kernel"])  # noqa: E731
        if job["isolated"]:
            limits = Limits(**job["limits"])
            enclose(body, files, limits, [descriptors[0]], descriptors[1], Path(job["root"]))
        die_with_parent()
        _populate(Path(job["folder"]), files)
        body()
    os._exit(0)


def _be_student(descriptors: list[int], kernel: str) -> NoReturn:
    if kernel:
        from autograder.engine.kernels import be_kernel

        be_kernel(_open(descriptors), kernel)
    from autograder.engine.student import be_student

    be_student(_open(descriptors))


def _open(descriptors: list[int]) -> Channel:
    return Channel(socket.socket(fileno=descriptors[0]))


def _populate(folder: Path, files: dict[str, Path]) -> None:
    """Without isolation: the student's working folder."""
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
    os.chdir(folder)
    os.setsid()
    sys.path.insert(0, "")


def _end(pid: int, kill: bool) -> int | None:
    if kill:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # without isolation, what it started as well
            if os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + MOMENT
    try:
        while time.monotonic() < deadline:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return status
            time.sleep(0.002)
    except ChildProcessError:
        return 0
    return None


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def warm_up() -> None:
    """Import what notebooks need, and use it, so that a fork has nothing to wait for."""
    os.environ["OMP_NUM_THREADS"] = "1"
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
    tempfile.gettempdir()
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
        if isinstance(kept, functools._lru_cache_wrapper) and str(kept.__module__).startswith("matplotlib."):
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
        settle()


_loaded: set[str] = set()


def settle() -> None:
    """Get ready for forks: what is in memory now stays as it is."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        prepare()


if __name__ == "__main__":
    main()

"""The warm process: reads jobs from stdin, runs each in a fork, writes the results to stdout. See `client`.

A job is a line of JSON: the texts of the code cells, the folder to run in, and the seconds that a cell may take. The answer is a line with
the outputs of each cell. A cell that takes too long is interrupted, then killed; a cell that ended its process is left out, and the cells
before it run again in a new fork, so that those behind it find what they need.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from typing import Any

GRACE_SECONDS = 2.0
"""Time to come to an end after an interrupt."""

MAX_RUNS = 6
"""How often one notebook may end its process; then the rest of its cells is not run."""

Output = dict[str, Any]


def run_cells(sources: list[str], folder: str, seconds: float) -> list[list[Output]]:
    """The outputs of each cell. Cells that ended the process have an error that says how."""
    found: dict[int, list[Output]] = {}
    lost: dict[int, str] = {}
    for _ in range(MAX_RUNS):
        reason, culprit = _run_in_fork(sources, set(lost), folder, seconds, found)
        if culprit is None:
            break
        lost[culprit] = reason
        found[culprit] = [_error("CellTimeoutError" if "time" in reason else "ProcessEnded", reason)]
    return [
        found.get(place, [_error("NotRun", "Earlier cells ended the process too often.")])
        for place in range(len(sources))
    ]


def _error(name: str, text: str) -> Output:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def _run_in_fork(
    sources: list[str], lost: set[int], folder: str, seconds: float, found: dict[int, list[Output]]
) -> tuple[str, int | None]:
    """Run the cells but the `lost` ones; returns why the process ended and at which cell, or `None` when all have run."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_notebook(sources, lost, folder, writer)
    os.close(writer)
    running: int | None = None
    reason = ""
    try:
        with os.fdopen(reader, "rb") as stream:
            for running, outputs in _watch(stream, child, seconds):
                if running is None:
                    return "", None
                if outputs is not None:
                    # A cell keeps the outputs of its first run; a second run only restores the names.
                    found.setdefault(running, outputs)
                    running = None
    except TimeoutError:
        reason = f"The cell did not end within its time of {seconds:g} seconds."
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    return reason or _explain_end(status), running if running is not None else len(sources)


def _explain_end(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"The cell ended its process (signal {signal.Signals(os.WTERMSIG(status)).name})."
    return f"The cell ended its process (exit status {os.WEXITSTATUS(status)})."


def _watch(stream: Any, child: int, seconds: float) -> Iterator[tuple[int | None, list[Output] | None]]:
    """The child's messages: a cell begins, a cell has these outputs, all is done (`None`).

    Raises `TimeoutError` when a cell goes on after its time and an interrupt. Ends early when the child does.
    """
    buffer = bytearray()
    deadline = time.monotonic() + seconds
    interrupted = False
    while True:
        while b"\n" not in buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                if interrupted:
                    raise TimeoutError
                interrupted, deadline = True, time.monotonic() + GRACE_SECONDS
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGINT)
                continue
            received = os.read(stream.fileno(), 1 << 20)
            if not received:
                return
            buffer += received
        line, _, rest = bytes(buffer).partition(b"\n")
        buffer = bytearray(rest)
        message = json.loads(line)
        if "outputs" not in message:
            deadline, interrupted = time.monotonic() + seconds, False
            yield message["cell"], None
        else:
            outputs = message["outputs"]
            if interrupted:
                outputs = [output for output in outputs if output.get("ename") != "KeyboardInterrupt"]
                outputs.append(
                    _error("CellTimeoutError", f"The cell did not end within its time of {seconds:g} seconds.")
                )
            yield message["cell"], outputs
            deadline, interrupted = time.monotonic() + seconds, False


def _be_notebook(sources: list[str], lost: set[int], folder: str, writer: int) -> None:
    """In the fork: run the cells in order and report each."""
    status = 1
    try:
        os.setsid()
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from autograder.engine.shell import make_shell

        shell = make_shell()

        def tell(**message: Any) -> None:
            sent = json.dumps(message).encode() + b"\n"
            while sent:
                sent = sent[os.write(writer, sent) :]

        for place, source in enumerate(sources):
            if place not in lost:
                tell(cell=place)
                tell(cell=place, outputs=shell.run_one(source, place + 1))
        tell(cell=None)
        status = 0
    finally:
        os._exit(status)


def warm_up() -> None:
    """Import what notebooks need, and run a cell, so that a fork has nothing to wait for."""
    os.environ["OMP_NUM_THREADS"] = "1"
    import matplotlib.pyplot
    import torch
    import torch.nn.functional

    import autograder.checks
    import autograder.engine.shell
    import autograder.figures  # noqa: F401  (imported for the forks)

    torch.set_num_threads(1)
    score = torch.ones(2, 3).requires_grad_().sum()
    torch.autograd.grad(score, [score])  # its first call loads much
    figure, axes = matplotlib.pyplot.subplots()
    axes.set_title("Fonts, also for $x$")
    figure.canvas.print_figure(io.BytesIO(), bbox_inches="tight")
    matplotlib.pyplot.close(figure)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    jobs = os.fdopen(os.dup(0), "r")
    os.dup2(null, 0)
    warm_up()
    for line in jobs:
        job = json.loads(line)
        answers.write(json.dumps(run_cells(job["cells"], job["folder"], job["seconds"])) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

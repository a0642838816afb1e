"""The student's process of a notebook in another language: a Jupyter kernel behind the same walls, and this process beside it.

The kernel is reached by TCP, since Java's know nothing else; behind the walls there is no network but this one. Checks run in it as
well: what only one language can do, keeping them apart from the student's code, is for Python alone (see `planning.plan`).
"""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from autograder.engine.outputs import MAX_OUTPUTS, make_error
from autograder.engine.wire.channel import Channel, read_message
from autograder.errors import CourseError

UNSTARTED = "KernelNotStarted"
"""The error of every cell where the kernel does not start."""

START_SECONDS = 60.0
MOMENT = 0.5
MAX_TEXT = 100_000
"""Characters kept of what one cell prints."""

LIBRARIES = ("jupyter_client.blocking.client", "jupyter_client.manager", "nbformat.v4")
"""What the warm process loads for this."""


def find_kernel(name: str, language: str) -> str:
    """The kernel to run a notebook with: the one called `name`, or one of its language. Raises `CourseError` where there is none."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    if name in specs:
        return name
    fitting = [known for known, spec in sorted(specs.items()) if spec["spec"]["language"].lower() == language.lower()]
    if not fitting:
        raise CourseError(
            f"The notebook needs the Jupyter kernel '{name or language}', and this machine has only {', '.join(sorted(specs)) or 'none'}. "
            "Install it for all users ('jupyter kernelspec list' then names it), and grade again."
        )
    return str(fitting[0])


def be_kernel(channel: Channel, name: str, by_stderr: bool) -> NoReturn:
    """Serve until the other end is closed: run cells in the kernel `name`, which may tell of errors `by_stderr` alone."""
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    kernel: _Kernel | None = None
    problem = ""
    while True:
        _, text, _ = channel.receive()
        job = read_message(text)
        if kernel is None and not problem:
            kernel, problem = _start(name)
        if kernel is None:
            channel.tell(outputs=[make_error(UNSTARTED, problem)], late=False)
        else:
            outputs, late = kernel.run(job["run"], job["seconds"])
            if by_stderr and (said := next((output for output in outputs if output.get("name") == "stderr"), None)):
                outputs.append(make_error("Error", said["text"].strip()[:1000]))
            channel.tell(outputs=outputs, late=late)


def _start(name: str) -> tuple[_Kernel | None, str]:
    """The kernel, or why there is none; a second attempt is made."""
    problem = ""
    for _ in range(2):
        try:
            return _Kernel(name), ""
        except Exception as error:
            problem = f"The kernel '{name}' does not start: {type(error).__name__}: {error}"[:1000]
    return None, problem


class _Kernel:
    def __init__(self, name: str) -> None:
        from jupyter_client.manager import KernelManager

        folder = Path(os.environ.get("TMPDIR", "/tmp"), f"kernel-{os.getpid()}-{time.monotonic_ns()}")
        folder.mkdir(mode=0o700)
        self.manager: Any = KernelManager(kernel_name=name, connection_file=str(folder / "kernel.json"))
        said = folder / "said"
        with open(os.devnull, "wb") as nowhere, said.open("wb") as file:
            self.manager.start_kernel(stdout=nowhere, stderr=file)
        self.client: Any = self.manager.blocking_client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=START_SECONDS)
        except RuntimeError as error:
            self.manager.shutdown_kernel(now=True)
            last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(*(last or [str(error)])) from None

    def run(self, source: str, seconds: float) -> tuple[list[dict[str, Any]], bool]:
        """The outputs of a cell, and whether its time was over."""
        asked = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        outputs: list[dict[str, Any]] = []
        late = False
        for message in self._listen(asked, time.monotonic() + seconds):
            if message is None:
                late = True
            else:
                _add(outputs, message)
        if not late and not any(output["output_type"] == "error" for output in outputs):
            reply = self._find_reply(asked)
            if reply.get("status") == "error":  # some show it as a text alone
                outputs.append(make_error(str(reply.get("ename") or "Error"), str(reply.get("evalue"))[:1000]))
        return outputs, late

    def _find_reply(self, asked: str) -> dict[str, Any]:
        """What the kernel answers to a request that is done; nothing where it keeps silent."""
        with contextlib.suppress(queue.Empty):
            while True:
                message = self.client.get_shell_msg(timeout=MOMENT)
                if message["parent_header"].get("msg_id") == asked:
                    return dict(message["content"])
        return {}

    def _listen(self, asked: str, deadline: float) -> Iterator[dict[str, Any] | None]:
        """What the kernel says of a request; `None` where its time is over. It is interrupted then, and ended if it goes on."""
        interrupted = False
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=MOMENT)
            except queue.Empty:
                if not self.manager.is_alive():
                    self._end()
            else:
                if message["parent_header"].get("msg_id") == asked:
                    if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                        return
                    yield message
            if time.monotonic() > deadline and not interrupted:
                interrupted, deadline = True, time.monotonic() + 1.0
                yield None
                with contextlib.suppress(Exception):
                    self.manager.interrupt_kernel()
            elif time.monotonic() > deadline:
                time.sleep(3600)  # whoever waits for this process ends it, and the kernel with it

    def _end(self) -> NoReturn:
        """As the kernel ended."""
        status = self.manager.provisioner.process.returncode
        if status < 0:
            os.kill(os.getpid(), -status)
        os._exit(status)


def _add(outputs: list[dict[str, Any]], message: dict[str, Any]) -> None:
    from nbformat.v4 import output_from_msg

    if message["msg_type"] not in ("stream", "display_data", "execute_result", "error"):
        return
    output = dict(output_from_msg(message))
    last = outputs[-1] if outputs else {}
    if output["output_type"] == "stream" and last.get("name") == output["name"]:
        last["text"] += output["text"][: max(MAX_TEXT - len(last["text"]), 0)]
    elif len(outputs) < MAX_OUTPUTS or output["output_type"] == "error":
        outputs.append(output)

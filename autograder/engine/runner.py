"""Run one notebook after the other in forks of the warm process: student's cells on one side, checks on the other.

The runner stands between the two: it passes on what the examiner asks and the student answers, unopened, watches the time, and goes on
where a cell ended its process. It imports neither torch nor IPython.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

from autograder.engine.walls.terms import OUT_OF_MEMORY, UNAVAILABLE, Limits
from autograder.engine.wire.channel import Channel, Closed, Late, Malformed, read_message
from autograder.errors import CourseError, GraderError

Output = dict[str, Any]

GRACE_SECONDS = 2.0
"""Time to come to an end after the time of a cell."""

MAX_RUNS = 6
"""How often one notebook may end its process; then the rest of its cells is not run."""

MAX_CELLS_LATE = 20
"""How many times the time of a cell one notebook may take in all; then the rest of its cells is not run."""

MAX_OUTPUTS, MAX_OUTPUT, MAX_DEPTH = 200, 4_000_000, 100
"""Outputs kept of a cell, characters of each, and levels of its data."""

WARM = "warm"
"""A file beside the socket of the warm process, which it makes when it is warm."""

TOO_LONG = "Earlier cells took all the time that there is for the notebook."

LIBRARIES = ("torch.optim",)
"""What the warm process loads when the first notebook comes that uses it, because it takes as long as all the rest together."""

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


@dataclass(frozen=True)
class Step:
    """One code cell: its text, and the process that it runs in."""

    source: str
    side: Literal["student", "examiner", "both"]
    number: int
    needs: Sequence[str] = ()
    """Of a check: the names in it that are the student's."""
    imports: str = ""
    """Import statements that the examiner runs first."""
    authored: str | None = None
    """What the examiner runs in the place of `source`: the author's text of a cell that a student may have changed."""
    random: dict[str, str] = field(default_factory=dict)
    """States of random generators to begin with; see `facts`."""
    facts: Sequence[str] | None = None
    """For the reference run: the names of which to tell whether they are mutable."""


@dataclass(frozen=True)
class Job:
    """One notebook: the cells to run in order, and what they find around them."""

    steps: Sequence[Step]
    answers: frozenset[str] = frozenset()
    """The names that the author's own answers bind."""
    judged: frozenset[str] = frozenset()
    """The expressions of checks that the examiner evaluated with the author's answers."""
    folder: Path = Path()
    """The examiner's working folder: what the author ships with the notebook."""
    files: dict[str, Path] = field(default_factory=dict)
    """The student's working folder: name there → file to copy."""
    seconds: float = 30
    """The time of a cell."""


def available() -> bool:
    """Whether this system can fork."""
    return hasattr(os, "fork")


class Engine:
    """Runs notebooks by forks of a warm process.

    That is started by `start`, or at the first run, and ends with `close`; or it is the one at the `address` of another engine. Where it
    is ended from outside, another one is started. `environment` has variables for it on top of those that it inherits.
    """

    def __init__(
        self,
        isolated: bool = True,
        limits: Limits | None = None,
        address: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.isolated, self.limits = isolated, limits or Limits()
        self.environment = environment or {}
        self._warm: WarmProcess | None = None
        self._address = address
        self._connection: _Connection | None = None

    def start(self) -> str:
        """Start the warm process without waiting for it; its address."""
        if not self._address:
            self._warm = WarmProcess(self.environment)
            self._address = self._warm.address
        return self._address

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        if self._warm:
            self._warm.close()
        self._warm, self._address, self._connection = None, "", None

    def run(self, job: Job) -> list[Ran]:
        """What each step gave. A cell that stops, hangs or ends its process has an error that says so.

        Raises `CourseError` when the engine itself is ended again and again, `GraderError` where it cannot start.
        """
        for _ in range(3):
            try:
                self._connection = self._connection or _Connection(self.start())
                return list(_Run(job, self._connection, self.isolated, self.limits).go())
            except _Lost:
                if self._warm:
                    self._warm.complain()
                self.close()
        raise CourseError("The process that runs notebooks was ended three times from outside.")


@dataclass(frozen=True)
class Ran:
    """What came of a step: its outputs and, where asked for, the facts of it."""

    outputs: list[Output]
    facts: dict[str, Any]


class _Lost(Exception):
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


class _Connection:
    """A client's connection to the warm process. Raises `_Lost` where there is none, or none any more."""

    def __init__(self, address: str) -> None:
        self.root = str(Path(address).parent / "root")
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise _Lost from None
        self.answers = self.socket.makefile("rb")

    def ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        try:
            socket.send_fds(self.socket, [json.dumps(request).encode()], list(descriptors))
            line = self.answers.readline()
        except OSError:
            line = b""
        if not line:
            raise _Lost
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self.answers.close()
        self.socket.close()


class _Process:
    """A fork of the warm process, and the channel to it."""

    def __init__(self, zygote: _Connection, request: dict[str, Any]) -> None:
        self.zygote, self.guarded = zygote, bool(request.get("isolated"))
        own, theirs = socket.socketpair()
        alive, lifeline = socket.socketpair()
        self.channel, self.lifeline = Channel(own), alive
        try:
            self.pid = zygote.ask(request, [theirs.fileno(), lifeline.fileno()])["pid"]
        finally:
            theirs.close()
            lifeline.close()

    def end(self, kill: bool) -> int:
        """End it, or wait for its end; the status is that of `os.waitpid`."""
        self.channel.close()
        status: int | None = None
        if not kill:
            status = self.zygote.ask({"end": self.pid, "kill": False})["status"]
        self.lifeline.close()  # whoever guards a student's processes ends them, and then itself
        for _ in range(10):
            if status is not None:
                break
            status = self.zygote.ask({"end": self.pid, "kill": not self.guarded})["status"]
        return status or 0


class _Ended(Exception):
    """The process of a cell ended, or was ended: with the name and the words of the error."""

    def __init__(self, name: str, says: str, again: bool = False) -> None:
        super().__init__(says)
        self.name, self.says, self.again = name, says, again


class _Side:
    """The process of one side; where it was ended, the next cell finds a new one in which the earlier cells have run.

    `tell` makes the message that has a step run.
    """

    def __init__(self, run: _Run, request: dict[str, Any], tell: Callable[[Step], dict[str, Any]]) -> None:
        self.run, self.request, self.tell = run, request, tell
        self.facts: dict[str, Any] = {}
        self.process: _Process | None = None
        self.done: list[Step] = []
        self.starts = 0

    def send(self, step: Step) -> _Process:
        """Let a cell begin. Raises `_Ended`."""
        process = self.process or self._restart()
        self._tell(process, step)
        return process

    def _tell(self, process: _Process, step: Step) -> None:
        message = {**self.tell(step), "number": step.number, "seconds": self.run.job.seconds}
        self.pass_on(process, Channel.CONTROL, json.dumps(message).encode())

    def pass_on(self, process: _Process, kind: int, text: bytes, raw: bytes | bytearray = b"") -> None:
        """Send a frame. Raises `_Ended`, also where the process takes nothing any more."""
        try:
            process.channel.patience = self.run.job.seconds + GRACE_SECONDS
            process.channel.send(kind, text, raw)
        except Closed:
            raise self.explain(process, kill=False) from None
        except Late:
            raise self.explain(process, kill=True) from None

    def _restart(self) -> _Process:
        while self.starts < MAX_RUNS:
            self.starts += 1
            self.process = _Process(self.run.zygote, self.request)
            for step in list(self.done):
                try:
                    self._tell(self.process, step)
                    self.wait(self.process)
                except _Ended:
                    self.done.remove(step)
                    break
            else:
                return self.process
        raise _Ended("NotRun", "Earlier cells ended the process too often.")

    def wait(self, process: _Process) -> list[Output]:
        """The outputs of the cell that runs. Raises `_Ended`."""
        kind, text, _ = self.receive(process, time.monotonic() + self.run.job.seconds + GRACE_SECONDS)
        if kind != Channel.CONTROL:
            raise self.explain(process, kill=True)
        return self.read(process, text)

    def read(self, process: _Process, text: bytes) -> list[Output]:
        try:
            message = read_message(text)
            if "unavailable" in message:
                return self._give_up(process, str(message["unavailable"]))
            outputs = clean_outputs(message["outputs"])
            late = message["late"] is True
            self.facts = message.get("facts", {})
        except (Malformed, KeyError):
            raise self.explain(process, kill=True) from None
        if late:
            outputs = [output for output in outputs if output.get("ename") != "OutOfTime"]
            outputs.append(make_error("CellTimeoutError", _out_of_time(self.run.job.seconds)))
        return outputs

    def _give_up(self, process: _Process, reason: str) -> NoReturn:
        """A wall could not be built, if the box says so too: what a student's code says of it is worth nothing."""
        status = self.drop(process, kill=True)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == UNAVAILABLE:
            raise CourseError(reason)
        raise _Ended("ProcessEnded", "The cell broke its connection to the grader.")

    def receive(self, process: _Process, deadline: float) -> tuple[int, bytes, bytearray]:
        """The next frame. Raises `_Ended`."""
        try:
            return process.channel.receive(max(deadline - time.monotonic(), 0.01))
        except Late:
            self.drop(process, kill=True)
            raise _Ended("CellTimeoutError", _out_of_time(self.run.job.seconds)) from None
        except Closed:
            raise self.explain(process, kill=False) from None
        except Malformed:
            raise self.explain(process, kill=True) from None

    def explain(self, process: _Process, kill: bool) -> _Ended:
        status = self.drop(process, kill)
        if kill:
            return _Ended("ProcessEnded", "The cell broke its connection to the grader.")
        return _explain_end(status)

    def drop(self, process: _Process, kill: bool) -> int:
        self.process = None
        return process.end(kill)

    def close(self) -> None:
        if self.process is not None:
            with contextlib.suppress(_Lost):
                self.drop(self.process, kill=True)


class _Run:
    """One notebook, once."""

    def __init__(self, job: Job, zygote: _Connection, isolated: bool, limits: Limits) -> None:
        self.job, self.zygote = job, zygote
        libraries = [name for name in LIBRARIES if any(_mentions(step, name) for step in job.steps)]
        self.scratch = None if isolated else tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.student = _Side(
            self,
            {
                "fork": "student",
                "libraries": libraries,
                "files": {name: str(path.absolute()) for name, path in job.files.items()},
                "isolated": isolated,
                "limits": asdict(limits),
                "root": zygote.root,
                "folder": self.scratch.name if self.scratch else "",
            },
            _tell_student,
        )
        self.examiner = _Side(
            self,
            {
                "fork": "examiner",
                "libraries": libraries,
                "folder": str(job.folder.absolute()),
                "answers": sorted(job.answers),
                "judged": sorted(job.judged),
                "memory": limits.memory if isolated else 0,
            },
            _tell_examiner,
        )

    def go(self) -> Iterator[Ran]:
        try:
            end = time.monotonic() + MAX_CELLS_LATE * self.job.seconds
            for step in self.job.steps:
                self.student.facts, self.examiner.facts = {}, {}
                late = time.monotonic() > end
                yield Ran(
                    [make_error("NotRun", TOO_LONG)] if late else self._step(step),
                    {**self.student.facts, **self.examiner.facts},
                )
        finally:
            self.student.close()
            self.examiner.close()
            if self.scratch:
                self.scratch.cleanup()

    def _step(self, step: Step) -> list[Output]:
        if step.side == "student":
            return self._try(self.student, step)
        if step.side == "both":
            outputs = self._try(self.student, step)
            if step.authored is not None and step.authored != step.source:  # the student's version is the one to show
                self._try(self.examiner, step)
                return outputs
        return self._try(self.examiner, step)

    def _try(self, side: _Side, step: Step) -> list[Output]:
        for attempt in (1, 2):
            try:
                process = side.send(step)
                outputs = side.wait(process) if side is self.student else self._examine(process)
            except _Ended as end:
                if side is self.examiner:  # the student's process may wait for an answer of the one that is gone
                    self.student.close()
                if end.again and attempt == 1:  # killed from outside, perhaps: give it another chance
                    continue
                return [make_error(end.name, end.says)]
            side.done.append(step)
            return outputs
        raise AssertionError

    def _examine(self, process: _Process) -> list[Output]:
        """Pass questions and answers on until the check is done. Raises `_Ended` where the examiner's process ends."""
        deadline = time.monotonic() + self.job.seconds + 2 * GRACE_SECONDS
        gone: _Ended | None = None
        while True:
            kind, text, raw = self.examiner.receive(process, deadline + GRACE_SECONDS)
            if kind == Channel.CONTROL:
                if gone and gone.again:
                    raise gone
                return self.examiner.read(process, text)
            if not gone:
                try:
                    student = self.student.process or self.student._restart()
                    self.student.pass_on(student, kind, text, raw)
                    kind, text, raw = self.student.receive(student, deadline)
                    if kind != Channel.DATA:
                        raise self.student.explain(student, kill=True)
                except _Ended as end:
                    gone = end
            if gone:
                kind, text, raw = Channel.CONTROL, json.dumps(_tell_gone(gone)).encode(), bytearray()
            self.examiner.pass_on(process, kind, text, raw)


def _mentions(step: Step, library: str) -> bool:
    """Whether a cell may use a library, such as `torch.optim`."""
    word = library.rpartition(".")[2]
    return word in step.source or word in (step.authored or "")


def _tell_student(step: Step) -> dict[str, Any]:
    extra = {"facts": list(step.facts)} if step.facts is not None else {}
    return {"run": step.source, "random": step.random, **extra}


def _tell_examiner(step: Step) -> dict[str, Any]:
    source = step.source if step.authored is None else step.authored
    return {"run": source, "needs": list(step.needs), "imports": step.imports}


def _tell_gone(end: _Ended) -> dict[str, str]:
    """What a check says of a student's process that is gone."""
    if end.name == "CellTimeoutError":
        return {"error": "TimeoutError", "detail": "it did not come to an end in the time allowed"}
    return {
        "error": end.name,
        "detail": end.says.replace("The cell ended its process", "it ended the notebook's process"),
    }


def _out_of_time(seconds: float) -> str:
    return f"The cell did not end within its time of {seconds:g} seconds."


def _explain_end(status: int) -> _Ended:
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    if code == OUT_OF_MEMORY:
        return _Ended("ProcessEnded", "The cell ended its process (it used too much memory).")
    if code > 128 and code - 128 in set(signal.Signals):
        name = signal.Signals(code - 128).name
        return _Ended("ProcessEnded", f"The cell ended its process (signal {name}).", again=name == "SIGKILL")
    return _Ended("ProcessEnded", f"The cell ended its process (exit status {code}).")


def make_error(name: str, text: str) -> Output:
    """The output of a cell that stopped."""
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def clean_outputs(found: Any) -> list[Output]:
    """The outputs of a cell as nbformat has them, whatever its process sent. Raises `Malformed`."""
    if not isinstance(found, list):
        raise Malformed("no outputs")
    return [_clean_output(output) for output in found[:MAX_OUTPUTS]]


def _clean_output(output: Any) -> Output:
    if not isinstance(output, dict):
        raise Malformed("no output")
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        traceback = [_text(line) for line in lines[:200]] if isinstance(lines, list) else []
        names = {key: _text(output.get(key)) for key in ("ename", "evalue")}
        return {"output_type": "error", **names, "traceback": traceback}
    if kind not in ("execute_result", "display_data"):
        raise Malformed("an unknown output")
    data = output.get("data")
    items = {_text(mime)[:200]: item for mime, item in data.items()} if isinstance(data, dict) else {}
    kept = {mime: _text(item) if isinstance(item, str) else item for mime, item in items.items() if _fits(mime, item)}
    cleaned: Output = {"output_type": kind, "data": kept, "metadata": {}}
    if kind == "execute_result":
        count = output.get("execution_count")
        cleaned["execution_count"] = count if type(count) is int and 0 <= count < 1 << 31 else None
    return cleaned


def _fits(mime: str, item: Any) -> bool:
    """Whether nbformat takes this for an output: a text or, under a type of JSON, data that every reader can read."""
    if isinstance(item, str):
        return True
    if not re.fullmatch(r"application/(.*\+)?json", mime):
        return False
    level = [item]
    for _ in range(MAX_DEPTH):
        inner = [one for one in level if isinstance(one, (list, dict))]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
    try:
        return not level and len(json.dumps(item, allow_nan=False)) <= MAX_OUTPUT
    except ValueError:  # NaN
        return False


def _text(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    return text if len(text) <= MAX_OUTPUT else f"{text[:MAX_OUTPUT]}…"

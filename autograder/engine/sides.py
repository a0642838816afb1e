"""One side of a run, the process of the student or of the examiner: found again, with the earlier cells run, where it was ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from autograder.engine.jobs import Output, Step
from autograder.engine.outputs import clean_outputs, make_error
from autograder.engine.walls.guard import ASK, BEGIN, USED
from autograder.engine.walls.kernel import read_proc
from autograder.engine.walls.laying import gather, open_folders
from autograder.engine.walls.meter import Meter
from autograder.engine.walls.terms import OUT_OF_MEMORY, UNAVAILABLE, Limits
from autograder.engine.warm import Connection, Lost
from autograder.engine.wire.channel import Channel, Closed, Late, Malformed, read_message, write_message
from autograder.errors import CourseError

GRACE_SECONDS = 2.0
"""Time to come to an end after the time of a cell."""

MOST_TIMES = 10
"""How many times its time a step may take by the clock, however long it waits for a core."""

AUTHORS_CELL = "A cell of the author's, which no student reaches, did not run here ({}). Grade again when the machine has less to do."
"""Where that happens on the examiner's side, no student is to blame."""

PATIENCE = 60.0
"""Seconds that a fork may take to read what it is to do."""

MAX_RUNS = 6
"""How often one notebook may end its process; then the rest of its cells is not run."""


@dataclass(frozen=True)
class Place:
    """What a side is forked for and finds there: its `name`, the `files` of its working folder, and what it is told first, if anything."""

    name: str
    libraries: Sequence[str]
    files: Mapping[str, Path]
    told: Mapping[str, Any] | None = None


class Watch:
    """The time of a step, from outside of the processes at work: what they wait for a core does not count, what they take of cores does."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.began, self.excused = seconds, time.monotonic(), 0.0
        self.processes: list[Process] = []

    def add(self, process: Process) -> None:
        process.begin_to_count()
        self.processes.append(process)

    def left(self) -> float:
        """Seconds; none, or less, when the time is over. Looks closely only when it may be."""
        passed = time.monotonic() - self.began - self.excused
        if passed < self.seconds:
            return self.seconds - passed
        used = [process.tell_used() for process in self.processes]
        most, waited = max(cores for cores, _ in used), sum(waits for _, waits in used)
        return min(self.seconds - passed + waited, self.seconds - most, self.seconds * MOST_TIMES - passed)


class Process:
    """A fork of the warm process, and the channel to it.

    The warm process is asked for a fork with descriptors; all else goes to the fork by its own channel. Folders are passed on
    as descriptors, so that no student's process has ever held a path of the host.
    """

    def __init__(self, zygote: Connection, place: Place, limits: Limits | None) -> None:
        """Without `limits` there are no walls, and the working folder is one that ends with this."""
        self.zygote, self.guarded = zygote, limits is not None
        self.scratch = None if limits else tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        own, theirs = socket.socketpair()
        alive, lifeline = socket.socketpair()
        self.channel, self.lifeline = Channel(own), alive
        folders, sources = gather(place.files)
        opened: list[int] = []
        try:
            opened = open_folders([*folders, *([Path(self.scratch.name)] if self.scratch else [])])
            request = {"fork": place.name, "libraries": list(place.libraries)}
            self.pid = zygote.ask(request, [theirs.fileno(), lifeline.fileno(), *opened])["pid"]
        finally:
            theirs.close()
            lifeline.close()
            for descriptor in opened:
                os.close(descriptor)
        rows = [[name, source.folder, source.path] for name, source in sources.items()]
        job = {"files": rows, "isolated": self.guarded, "limits": asdict(limits) if limits else {}}
        self.meter = Meter()
        self.lifeline.settimeout(GRACE_SECONDS)
        self.channel.patience = PATIENCE
        with contextlib.suppress(Closed, Late):  # whoever reads from it finds out
            self.channel.tell(**job)
            if place.told is not None:
                self.channel.tell(**place.told)

    def begin_to_count(self) -> None:
        if self.guarded:
            with contextlib.suppress(OSError):
                self.lifeline.sendall(BEGIN)
        else:
            self.meter.begin([f"/proc/{self.pid}"])

    def tell_used(self) -> tuple[float, float]:
        """The seconds of cores that it had since `begin_to_count`, and the seconds that it waited for one; from its guard, if it has one."""
        if not self.guarded:
            return self.meter.read([f"/proc/{self.pid}"])
        try:
            self.lifeline.sendall(ASK)
            cores, waited = USED.unpack(self.lifeline.recv(USED.size))
            return cores, waited
        except (OSError, struct.error):  # it has ended, or is about to
            return 0.0, 0.0

    def leave(self) -> None:
        """Let it know that nobody waits any more: whoever guards a student's processes ends them, and then itself."""
        self.channel.close()
        self.lifeline.close()

    def end(self, kill: bool) -> int:
        """End it, or wait for its end; the status is that of `os.waitpid`."""
        self.channel.close()
        status: int | None = None
        if not kill:
            status = self.zygote.ask({"end": self.pid, "kill": False})["status"]
        self.leave()
        for _ in range(10):
            if status is not None:
                break
            status = self.zygote.ask({"end": self.pid, "kill": not self.guarded})["status"]
        if self.scratch:
            self.scratch.cleanup()
        return status or 0


class Ended(Exception):
    """The process of a cell ended, or was ended: with the name and the words of the error.

    `killed`: by a signal that nobody can handle. It may have come from outside, and to a check's process it has.
    """

    def __init__(self, name: str, says: str, killed: bool = False, of_check: bool = False) -> None:
        super().__init__(says)
        self.name, self.says, self.killed, self.of_check = name, says, killed, of_check


class Side:
    """The process of one side; where it was ended, the next cell finds a new one in which the earlier cells have run.

    `place` is what it is forked for, `write_message` writes the message that has a step run, and a cell may take `seconds`.
    """

    def __init__(
        self,
        zygote: Connection,
        place: Place,
        write_message: Callable[[Step], dict[str, Any]],
        seconds: float,
        limits: Limits | None,
    ) -> None:
        self.zygote, self.place, self.write_message, self.seconds = zygote, place, write_message, seconds
        self.limits = limits
        self.facts: dict[str, Any] = {}
        """What the step that ran last found besides its outputs, where it was asked to."""
        self.process: Process | None = None
        self.done: list[Step] = []
        self.starts = 0

    def send(self, step: Step) -> tuple[Process, Watch]:
        """Let a cell begin. Raises `Ended`."""
        process = self.process or self.restart()
        return process, self._begin(process, step)

    def _begin(self, process: Process, step: Step) -> Watch:
        watch = Watch(self.seconds + GRACE_SECONDS)
        watch.add(process)
        message = {**self.write_message(step), "number": step.number, "seconds": self.seconds}
        self.pass_on(process, Channel.CONTROL, write_message(message))
        return watch

    def pass_on(self, process: Process, kind: int, text: bytes, raw: bytes | bytearray = b"") -> None:
        """Send a frame. Raises `Ended`, also where the process takes nothing any more."""
        try:
            process.channel.patience = self.seconds + GRACE_SECONDS
            process.channel.send(kind, text, raw)
        except Closed:
            raise self.explain(process, kill=False) from None
        except Late:
            raise self.explain(process, kill=True) from None

    def restart(self) -> Process:
        while self.starts < MAX_RUNS:
            self.starts += 1
            self.process = Process(self.zygote, self.place, self.limits)
            for step in list(self.done):
                try:
                    self.wait(self.process, self._begin(self.process, step))
                except Ended as end:
                    if step.side == "both" and self.place.name == "examiner":
                        raise CourseError(AUTHORS_CELL.format(end.says.rstrip("."))) from None
                    self.done.remove(step)
                    break
            else:
                return self.process
        raise Ended("NotRun", "Earlier cells ended the process too often.")

    def wait(self, process: Process, watch: Watch) -> list[Output]:
        """The outputs of the cell that runs. Raises `Ended`."""
        kind, text, _ = self.receive(process, watch)
        if kind != Channel.CONTROL:
            raise self.explain(process, kill=True)
        return self.read(process, text)

    def read(self, process: Process, text: bytes) -> list[Output]:
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
            outputs.append(make_error("CellTimeoutError", _out_of_time(self.seconds)))
        return outputs

    def _give_up(self, process: Process, reason: str) -> NoReturn:
        """A wall could not be built, if the box says so too: what a student's code says of it is worth nothing."""
        status = self.drop(process, kill=True)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == UNAVAILABLE:
            raise CourseError(reason)
        raise Ended("ProcessEnded", "The cell broke its connection to the grader.")

    def receive(self, process: Process, watch: Watch, more: float = 0.0) -> tuple[int, bytes, bytearray]:
        """The next frame, at latest `more` seconds after the time of the step. Raises `Ended`."""
        try:
            while (left := watch.left() + more) > 0:
                with contextlib.suppress(Late):
                    return process.channel.receive(max(left, 0.01))
            self.drop(process, kill=True)
            raise Ended("CellTimeoutError", _out_of_time(self.seconds))
        except Closed:
            raise self.explain(process, kill=False) from None
        except Malformed:
            raise self.explain(process, kill=True) from None

    def explain(self, process: Process, kill: bool) -> Ended:
        status = self.drop(process, kill)
        if kill:
            return Ended("ProcessEnded", "The cell broke its connection to the grader.")
        return _explain_end(status, self.place.name == "examiner")

    def drop(self, process: Process, kill: bool) -> int:
        self.process = None
        return process.end(kill)

    def close(self) -> None:
        if self.process is not None:
            with contextlib.suppress(Lost):
                self.drop(self.process, kill=True)


def _out_of_time(seconds: float) -> str:
    return f"The cell did not finish within {seconds:g} seconds."


def _explain_end(status: int, of_check: bool) -> Ended:
    """Why a process ended, with this status of `os.waitpid`. Nobody is to read of a check's process that an answer ended it."""
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    signalled = code > 128 and code - 128 in set(signal.Signals)
    how = f"signal {signal.Signals(code - 128).name}" if signalled else f"exit status {code}"
    killed = how == "signal SIGKILL"
    if of_check:
        says = f"The check's own process ended ({how}); no cell of this notebook did that."
        if code == OUT_OF_MEMORY:
            says = "The check was stopped: with what it was given here, it used more memory than a check may."
    else:
        how = "it used too much memory" if code == OUT_OF_MEMORY else how
        says = f"The cell ended its process ({how})."
    return Ended("ProcessEnded", says, killed, of_check)


def count_kills() -> int:
    """How many processes the kernel has killed since it started because there was no memory left (Linux)."""
    found = re.search(r"^oom_kill (\d+)$", read_proc("/proc/vmstat"), re.MULTILINE)
    return int(found[1]) if found else 0

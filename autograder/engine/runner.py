"""Run one notebook after the other in forks of the warm process: student's cells on one side, checks on the other.

The runner is between the two: it passes on what the examiner asks and the student answers, unopened, keeps time, and continues after a cell
that ended its process. It imports neither torch nor IPython.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from autograder.engine.jobs import Job, Output, Ran, Step
from autograder.engine.kernels import LIBRARIES as KERNEL_LIBRARIES
from autograder.engine.outputs import make_error
from autograder.engine.sides import GRACE_SECONDS, Ended, Place, Process, Side, Watch, count_kills
from autograder.engine.walls.laying import list_files
from autograder.engine.walls.terms import Limits
from autograder.engine.warm import Connection, Lost, WarmProcess
from autograder.engine.wire.channel import Channel, read_message, write_message
from autograder.errors import CourseError

NOTABLE = 0.5
"""Seconds after which an answer's waiting for a core is looked at."""


MAX_CELLS_LATE = 20
"""How many times the time of a cell one notebook may take in all; then the rest of its cells is not run."""


TOO_LONG = "Earlier cells used up the time allowed for the notebook."


KILLED = (
    "A process that ran this notebook was killed from outside, and again after a restart. "
    "Most likely the machine ran out of memory: grade with fewer jobs (-j), then grade this submission again."
)


LIBRARIES = ("torch.optim", "pandas")
"""What the warm process loads when the first notebook comes that uses it, because it takes long and few do."""


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
        self._connection: Connection | None = None

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

        Raises `CourseError` when processes of the engine are ended again and again from outside, `GraderError` where it cannot start.
        """
        for _ in range(3):
            try:
                self._connection = self._connection or Connection(self.start())
                return list(Run(job, self._connection, self.isolated, self.limits).go())
            except Lost:
                if self._warm:
                    self._warm.complain()
                self.close()
        raise CourseError("The process that runs notebooks was ended three times from outside.")


class Run:
    """One notebook, once."""

    def __init__(self, job: Job, zygote: Connection, isolated: bool, limits: Limits) -> None:
        self.job, self.kills = job, count_kills()
        libraries = [name for name in LIBRARIES if any(_mentions(step, name) for step in job.steps)]
        libraries += KERNEL_LIBRARIES if job.kernel else ()
        walls = limits if isolated else None
        known = {"answers": sorted(job.answers), "judged": sorted(job.judged), "authored": sorted(job.authored)}
        authored = list_files(job.folder) if job.folder else {}
        told = {} if job.student is None else {"owner": job.student}
        asked, asks = Place("student", libraries, job.files), Place("examiner", libraries, authored, known)
        if job.kernel:
            asked = Place("kernel", libraries, job.files, {"kernel": job.kernel, "by_stderr": job.by_stderr})
            walls = walls and replace(walls, kernel=True)
        self.student = Side(zygote, asked, lambda step: _write_to_student(step) | told, job.seconds, walls)
        self.examiner = Side(zygote, asks, lambda step: _write_to_examiner(step) | told, job.seconds, walls)

    def go(self) -> Iterator[Ran]:
        try:
            end = time.monotonic() + MAX_CELLS_LATE * self.job.seconds
            for side in (self.student, self.examiner):
                if any(step.side in (side.place.name, "both") for step in self.job.steps):
                    side.restart()
            for step in self.job.steps:
                self.student.facts, self.examiner.facts = {}, {}
                late = time.monotonic() > end
                yield Ran(
                    [make_error("NotRun", TOO_LONG)] if late else self._step(step),
                    {**self.student.facts, **self.examiner.facts},
                )
        finally:
            for side in (self.student, self.examiner):
                if side.process:
                    side.process.leave()  # both, before the end of one is waited for
            self.student.close()
            self.examiner.close()

    def _step(self, step: Step) -> list[Output]:
        if step.side == "student":
            return self._try(self.student, step)
        if step.side == "both":
            outputs = self._try(self.student, step)
            if step.authored is not None and step.authored != step.source:  # the student's version is the one to show
                self._try(self.examiner, step)
                return outputs
        return self._try(self.examiner, step)

    def _try(self, side: Side, step: Step) -> list[Output]:
        for attempt in (1, 2):
            try:
                process, watch = side.send(step)
                outputs = side.wait(process, watch) if side is self.student else self._examine(process, watch)
            except Ended as end:
                if side is self.examiner:  # the student's process may wait for an answer of the one that is gone
                    self.student.close()
                if end.killed and attempt == 1:  # from outside, perhaps: give it another chance
                    continue
                if end.killed and (end.of_check or count_kills() > self.kills):  # by nothing that the student wrote
                    raise CourseError(KILLED) from None
                return [make_error(end.name, end.says)]
            side.done.append(step)
            return outputs
        raise AssertionError

    def _examine(self, process: Process, watch: Watch) -> list[Output]:
        """Pass questions and answers on until the check is done. Raises `Ended` where the examiner's process ends."""
        watch.seconds += GRACE_SECONDS
        gone: Ended | None = None
        told = 0.0
        while True:
            kind, text, raw = self.examiner.receive(process, watch, GRACE_SECONDS)
            if kind == Channel.CONTROL and text.startswith(
                b'{"again"'
            ):  # a part of the check runs a second time; see `worlds`
                watch.seconds += min(float(read_message(text)["again"]), self.job.seconds + GRACE_SECONDS)
                continue
            if kind == Channel.CONTROL:
                if gone and gone.killed:
                    raise gone
                return self.examiner.read(process, text)
            if not gone:
                asked, waited = time.monotonic(), told
                try:
                    student = self._find_student(watch)
                    self.student.pass_on(student, kind, text, raw)
                    kind, text, raw = self.student.receive(student, watch)
                    if kind != Channel.DATA:
                        raise self.student.explain(student, kill=True)
                    if time.monotonic() - asked > NOTABLE:
                        waited = watch.excused + student.tell_used()[1]
                except Ended as end:
                    gone = end
                if waited > told:
                    self._pass_on(process, {"waited": waited - told})
                    told = waited
            if gone:
                self._pass_on(process, _describe_end(gone))
            else:
                self.examiner.pass_on(process, kind, text, raw)

    def _pass_on(self, process: Process, message: dict[str, Any]) -> None:
        """Tell the examiner something of the student's process."""
        self.examiner.pass_on(process, Channel.CONTROL, write_message(message))

    def _find_student(self, watch: Watch) -> Process:
        """The student's process; that its earlier cells have to run again first is not the check's time."""
        if self.student.process is None:
            began = time.monotonic()
            self.student.restart()
            watch.excused += time.monotonic() - began
        process = self.student.process
        assert process
        if process not in watch.processes:
            watch.add(process)
        return process


def _mentions(step: Step, library: str) -> bool:
    """Whether a cell may use a library, such as `torch.optim`."""
    word = library.rpartition(".")[2]
    return word in step.source or word in (step.authored or "")


def _write_to_student(step: Step) -> dict[str, Any]:
    extra: dict[str, Any] = {"facts": list(step.facts)} if step.facts is not None else {}
    extra |= {"cells": step.cells} if step.cells is not None else {}
    return {"run": step.source, "random": step.random, "owns": list(step.owns), **extra}


def _write_to_examiner(step: Step) -> dict[str, Any]:
    source = step.source if step.authored is None else step.authored
    told = {"run": source, "needs": list(step.needs), "imports": step.imports, "rests": step.rests}
    told |= {"cells": step.cells} if step.cells is not None else {}
    return {**told, "history": list(step.history)} if step.history is not None else told


def _describe_end(end: Ended) -> dict[str, str]:
    """What a check says of a student's process that is gone."""
    if end.name == "CellTimeoutError":
        return {"error": "TimeoutError", "detail": "it did not finish in the time allowed"}
    return {
        "error": end.name,
        "detail": end.says.replace("The cell ended its process", "it ended the notebook's process"),
    }

"""The student's process: runs cells, and answers the examiner, where the student's names live."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from autograder.checks.reading import read_history, show_cells
from autograder.checks.student import Names, Reply
from autograder.checks.watching import Ban
from autograder.engine.authors import Authors
from autograder.engine.limits import OutOfTime, time_limit
from autograder.engine.planning.facts import digest_values, read_random, take_facts, take_state, write_random
from autograder.engine.shell import NotebookShell, adopt_shell
from autograder.engine.shell import outputs as shown
from autograder.engine.standins.originals import Originals
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed, read_message
from autograder.formats import STUDENT_VARIABLE


def run_timed(shell: NotebookShell, job: dict[str, Any]) -> dict[str, Any]:
    """Run the cell of a job; what to tell the runner.

    With an `owner`, it finds this student's id. With `facts`, the names that the cell needs, it is also told what else the cell changed. With `random`, the states of the
    random generators that the cell begins with.
    """
    if "owner" in job:
        os.environ[STUDENT_VARIABLE] = job["owner"]
    if job.get("random"):
        write_random(job["random"])
    around = (take_state(), read_random(), digest_values(shell.user_ns, job["facts"])) if "facts" in job else None
    outputs: list[dict[str, Any]] = []
    late = False
    try:
        with time_limit(job["seconds"]):
            outputs = shell.run_one(job["run"], job["number"])
    except OutOfTime:  # between the end of the cell and that of its time
        late = True
    late = late or any(output.get("ename") == OutOfTime.__name__ for output in outputs)
    told: dict[str, Any] = {"outputs": outputs, "late": late}
    if around:
        told["facts"] = take_facts(*around, shell.user_ns)
    return told


def be_student(channel: Channel) -> NoReturn:
    """Serve until the other end is closed."""
    sys.path.insert(0, "")
    shell = adopt_shell()
    originals = Originals(shell.user_ns, channel)
    authors = Authors(shell.user_ns)
    while True:
        kind, text, raw = channel.receive()
        if kind == Channel.DATA:
            channel.send(Channel.DATA, *_answer(authors, originals, text, raw))
            shown.take()  # what it showed belongs to no cell
        else:
            job = read_message(text)
            owns = job.get("owns", [])
            intact = authors.list_intact() if owns else []
            with show_cells(read_history(job.get("cells"))):
                told = run_timed(shell, job)
            authors.keep(owns, intact)
            channel.tell(**told)


def _answer(authors: Authors, originals: Originals, text: bytes, raw: bytearray) -> tuple[bytes, bytes]:
    try:
        request = wire.decode(text, raw, originals.read)
    except Malformed as error:
        return originals.refuse(error)
    if isinstance(request, dict):
        return originals.answer(request)
    expression, data, upstream, seconds, ban = request
    names = authors.put_right()
    try:
        with time_limit(seconds):
            reply = Names(names).evaluate(expression, data, upstream, Ban(ban[0], tuple(ban[1])) if ban else None)
            return wire.encode(tuple(vars(reply).values()))
    except KeyboardInterrupt:
        reply = Reply("raised", "", error="TimeoutError", detail="it did not finish in the time allowed")
    except wire.Unsendable as error:
        reply = Reply("raised", "", error="ValueError", detail=f"what it gives cannot be looked at: {error}")
    return wire.encode(tuple(vars(reply).values()))

"""The examiner's process: runs set-up and check cells, and asks the student's process for everything of the student's."""

from __future__ import annotations

import contextlib
import math
from dataclasses import fields, replace
from types import ModuleType
from typing import Any, NoReturn

import numpy
from torch import Tensor

from autograder.checks.data import Data, Opaque, same
from autograder.checks.reading import read_history, show_cells
from autograder.checks.student import Names, Reply, connect, read_expression
from autograder.checks.watching import Ban
from autograder.engine.cuts import Cut, cut
from autograder.engine.limits import counted, pause_timer
from autograder.engine.scores import score_outputs
from autograder.engine.shell import NotebookShell, adopt_shell
from autograder.engine.standins.answers import Gone, Unreadable, receive_answer
from autograder.engine.standins.library import look_at_standins
from autograder.engine.standins.standins import StandIns
from autograder.engine.student import run_timed
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed, read_message

_PARTS = [part.name for part in fields(Reply)]

LATE_ANSWER = 1.0
"""Seconds after its time in which a check may still say what came of an answer that took all of it."""

MAX_WORDS = 4_000
"""Characters of one text in a reply."""


_LISTS = ("range", "dict_keys", "dict_values", "collections.deque")
_DTYPES = ("bool", *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)))
"""Of the arrays that are read: numbers and truth values."""


def be_examiner(channel: Channel) -> NoReturn:
    """Serve until the other end is closed.

    First comes a message with `answers`, the names that the author's own answers bind, `judged`, the expressions that were
    evaluated here with them, and `authored`, the names that the author's cells bind in both processes.
    """
    shell = adopt_shell()
    shell.examines = True
    known = read_message(channel.receive()[1])
    student = RemoteStudent(channel, shell.user_ns, frozenset(known["answers"]), frozenset(known["judged"]))
    standins = StandIns(channel, shell.user_ns, frozenset(known["authored"]))
    look_at_standins()
    with connect(student):
        while True:
            _, text, _ = channel.receive()
            job = read_message(text)
            student.deadline = counted() + job["seconds"]
            student.gone = None
            student.judged_before = job.get("rests") is not None
            if job.get("imports"):
                with contextlib.suppress(ImportError):  # the check will say what is missing
                    exec(job["imports"], shell.user_ns)
            standins.texts = job.get("history")
            if "history" in job:
                shell.show_history(job["history"])
            told = _run(shell, standins, job, student.deadline)
            standins.leave(told)
            if standins.fork:
                told = min(standins.fork.told, told, key=_score)
            elif standins.again and _score(told):
                told = min(told, _run(shell, standins, job, student.deadline, follow=True), key=_score)
            channel.tell(**told, facts={"judged": sorted(student.judged), "rests": standins.trust.found()})


def _run(
    shell: NotebookShell, standins: StandIns, job: dict[str, Any], deadline: float, follow: bool = False
) -> dict[str, Any]:
    """Run the cell of a job with the student's names that it needs; what to tell the runner.

    A change in place that the author's solution does not make is kept from the cell, so that what it expects is worked out of the data as
    they were, and it goes on once more from there with the data as they are: a check that holds has to hold both ways, because it may be
    about that change. Where the cell can't be split in two, it runs once more from its beginning, to `follow` all changes.
    """
    try:
        standins.begin(job.get("needs", []), deadline, job["run"], job.get("rests"), follow)
    except (Gone, Unreadable) as problem:
        return {"outputs": [_describe(problem)], "late": False}
    watch = standins.trust.watch() if job.get("needs") else contextlib.nullcontext()
    with show_cells(read_history(job.get("cells"))), watch:
        told = run_timed(shell, {**job, "seconds": job["seconds"] + LATE_ANSWER})
    error = standins.finish()
    if error is not None and not any(output["output_type"] == "error" for output in told["outputs"]):
        return {**told, "outputs": [*told["outputs"], _describe(error)]}
    return told


def _score(told: dict[str, Any]) -> float:
    return score_outputs(told["outputs"], math.inf)


def _describe(error: Exception) -> dict[str, Any]:
    name, text = type(error).__name__, str(error)
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


class RemoteStudent:
    """A student (see `checks.student`) whose names live in another process. Every reply of it is looked at with suspicion."""

    def __init__(
        self, channel: Channel, names: dict[str, Any], answers: frozenset[str], judged: frozenset[str] = frozenset()
    ) -> None:
        self.channel, self.names, self.answers, self.judged = channel, names, answers, set(judged)
        self.deadline = 0.0
        self.gone: Reply | None = None
        self.ban: Ban | None = None
        """What the answers to the evaluation at work may not use."""
        self.judged_before = False
        """Whether the author's answers were looked at before, so that what is judged is known."""

    def evaluate(
        self, expression: str, data: dict[str, Data], upstream: Tensor | None, ban: Ban | None = None
    ) -> Reply:
        """Ask for the value of `expression`, evaluated under a `ban` where there is one.

        What can be worked out here is (see `cuts`), if it was with the author's answer: a student could have it both ways.
        """
        self.ban = ban
        parts = self._cut(expression, data) if upstream is None else None
        if parts is None or (self.judged_before and expression not in self.judged):
            return self._ask(expression, data, upstream)
        if expression in self.judged:
            return self._judge(expression, parts, data)
        found = self._judge(expression, parts, data)
        whole = self._ask(expression, data, upstream) if parts.calls or found.outcome != "value" else found
        if found.outcome == whole.outcome == "value" and same(found.value, whole.value):
            self.judged.add(expression)
        return whole

    def _cut(self, expression: str, data: dict[str, Data]) -> Cut | None:
        free = set(read_expression(expression).free) - set(data)
        own = {name for name in free if name in self.names and name not in self.answers}
        modules = {name for name in own if isinstance(self.names[name], ModuleType)}
        return cut(expression, frozenset(free - own), frozenset(modules | set(data)))

    def _judge(self, expression: str, parts: Cut, data: dict[str, Data]) -> Reply:
        """Work the value out here, of what the student's process gives."""
        replies: dict[str, Reply] = {}
        for name, asked in parts.asked.items():
            free = read_expression(asked).free
            replies[name] = self._ask(asked, {each: data[each] for each in data if each in free}, None)
            if replies[name].outcome != "value":
                return replies[name]
        values = {name: self._read_array(parts.asked[name], reply.value, data) for name, reply in replies.items()}
        arrays = {name: value for name, value in values.items() if isinstance(value, numpy.ndarray)}
        plain = {name: value for name, value in values.items() if name not in arrays}
        found = Names({**self.names, **arrays}).evaluate(parts.rest, {**data, **plain}, None)
        changed = {name: value for reply in (found, *replies.values()) for name, value in reply.arguments.items()}
        printed = "".join(reply.printed for reply in replies.values()) + found.printed
        subject = read_expression(expression).subject(self.names, data)
        arguments = {name: changed[name] for name in data if name in changed}
        return replace(found, name=subject, arguments=arguments, printed=printed)

    def _read_array(self, asked: str, value: Data, data: dict[str, Data]) -> Any:
        """`value`, which `asked` has; of a NumPy array or a range the numbers are asked for, so that the rest of an expression finds them."""
        kind = value.kind if isinstance(value, Opaque) else ""
        given = {name: data[name] for name in data if name in read_expression(asked).free}
        if kind in _LISTS:
            return self._ask(f"list({asked})", given, None).value
        if kind.startswith("numpy"):
            found = self._ask(f"array_ = {asked}\n[array_.tolist(), str(array_.dtype)]", given, None).value
            if isinstance(found, list) and len(found) == 2 and found[1] in _DTYPES:
                with contextlib.suppress(ValueError, TypeError, OverflowError):
                    return numpy.array(found[0], dtype=found[1])
        return value

    def _ask(self, expression: str, data: dict[str, Data], upstream: Tensor | None) -> Reply:
        if self.gone:
            return self.gone
        seconds = max(self.deadline - counted(), 0.001)
        ban = (self.ban.words, list(self.ban.given)) if self.ban else None
        frame = wire.encode((expression, data, upstream, seconds, ban))
        with pause_timer():
            self.channel.send(Channel.DATA, *frame)
            kind, text, raw = receive_answer(self.channel)
        if kind == Channel.CONTROL:  # the runner: there is nobody to answer
            subject = read_expression(expression).subject(self.names, data)
            self.gone = Reply("raised", subject, **read_message(text))
            return self.gone
        try:
            return _read_reply(wire.decode(text, raw), set(data), self.ban is not None)
        except Malformed:
            return Reply("raised", "", error="ValueError", detail="what it gives cannot be read")


def _read_reply(found: Any, data: set[str], ruled: bool) -> Reply:
    """Make a `Reply` of what came, if it is one; that a rule was broken, only where there is one. Raises `Malformed`."""
    if type(found) is not tuple or len(found) != len(_PARTS):
        raise Malformed("no reply")
    words = dict(zip(_PARTS, found, strict=True))
    value, arguments, gradients = words.pop("value"), words.pop("arguments"), words.pop("gradients")
    if not all(type(word) is str and len(word) <= MAX_WORDS for word in words.values()):
        raise Malformed("no words")
    if words["outcome"] not in ("value", "missing", "not attempted", "not callable", "raised", *["ruled"] * ruled):
        raise Malformed("no outcome")
    if type(arguments) is not dict or not arguments.keys() <= data:
        raise Malformed("no arguments")
    if gradients is not None and (
        type(gradients) is not dict or not all(isinstance(gradient, Tensor) for gradient in gradients.values())
    ):
        raise Malformed("no gradients")
    return Reply(**words, value=_plain(value), arguments=arguments, gradients=gradients)


def _plain(value: Any) -> Data:
    """A check expects the types of `checks.data` alone; others that the wire can carry are opaque to it."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(map(_plain, value))
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if value is None or kind in (bool, int, float, complex, str, Opaque) or isinstance(value, Tensor):
        return value
    return Opaque(kind.__name__)

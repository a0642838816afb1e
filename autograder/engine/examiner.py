"""The examiner's process: runs set-up and check cells, and asks the student's process for everything of the student's."""

from __future__ import annotations

import contextlib
import time
from dataclasses import fields
from typing import Any, NoReturn

from torch import Tensor

from autograder.checks.data import Data, Opaque
from autograder.checks.student import Names, Reply, connect, read_expression
from autograder.engine.limits import pause_timer
from autograder.engine.shell import adopt_shell
from autograder.engine.standins.library import look_at_standins
from autograder.engine.standins.standins import Gone, StandIns, Unreadable
from autograder.engine.student import run_timed
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed, read_message

_PARTS = [part.name for part in fields(Reply)]

MAX_WORDS = 4_000
"""Characters of one text in a reply."""


def be_examiner(
    channel: Channel, answers: frozenset[str], judged: frozenset[str], authored: frozenset[str] = frozenset()
) -> NoReturn:
    """Serve until the other end is closed.

    `answers` are the names that the author's own answers bind, `judged` the expressions that were evaluated here with them, `authored`
    the names that the author's cells bind in both processes.
    """
    shell = adopt_shell()
    student = RemoteStudent(channel, shell.user_ns, answers, judged)
    standins = StandIns(channel, shell.user_ns, authored)
    look_at_standins()
    with connect(student):
        while True:
            _, text, _ = channel.receive()
            job = read_message(text)
            student.deadline = time.monotonic() + job["seconds"]
            student.gone = None
            problem = _begin(standins, job.get("needs", []), student.deadline)
            if job.get("imports"):
                with contextlib.suppress(ImportError):  # the check will say what is missing
                    exec(job["imports"], shell.user_ns)
            standins.texts = job.get("history")
            if "history" in job:
                shell.show_history(job["history"])
            told = {"outputs": [problem], "late": False} if problem else run_timed(shell, job)
            channel.tell(**_finish(standins, told), facts={"judged": sorted(student.judged)})


def _begin(standins: StandIns, needs: list[str], deadline: float) -> dict[str, Any] | None:
    """Bring the student's names that a cell needs; the output of the error where that cannot be."""
    try:
        standins.begin(needs, deadline)
    except (Gone, Unreadable) as error:
        return _describe(error)
    return None


def _finish(standins: StandIns, told: dict[str, Any]) -> dict[str, Any]:
    """`told`, with an error that the cell caught and must not have."""
    error = standins.finish()
    if error is not None and not any(output["output_type"] == "error" for output in told["outputs"]):
        return {**told, "outputs": [*told["outputs"], _describe(error)]}
    return told


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

    def evaluate(self, expression: str, data: dict[str, Data], upstream: Tensor | None) -> Reply:
        """Ask for the value of `expression`.

        Where it gives plain data of the student's, such as settings, to a function of the author's, that function runs here; and
        so it does where the author's answer was plain data and the student's is none, or a student could have it both ways.
        """
        free = set(read_expression(expression).free) - set(data)
        own = {name for name in free if name in self.names and name not in self.answers}
        others = free - own
        if any(_is_authored(self.names[name]) for name in own):
            given = {name: self._ask(name, {}, None) for name in sorted(others)}
            if problem := next((reply for reply in given.values() if reply.outcome != "value"), None):
                return problem
            values = {name: reply.value for name, reply in given.items()}
            if expression in self.judged or not any(map(_holds_opaque, values.values())):
                self.judged.add(expression)
                return Names({**self.names, **values}).evaluate(expression, data, upstream)
        return self._ask(expression, data, upstream)

    def _ask(self, expression: str, data: dict[str, Data], upstream: Tensor | None) -> Reply:
        if self.gone:
            return self.gone
        seconds = max(self.deadline - time.monotonic(), 0.001)
        frame = wire.encode((expression, data, upstream, seconds))
        with pause_timer():
            self.channel.send(Channel.DATA, *frame)
            kind, text, raw = self.channel.receive()
        if kind == Channel.CONTROL:  # the runner: there is nobody to answer
            subject = read_expression(expression).subject(self.names, data)
            self.gone = Reply("raised", subject, **read_message(text))
            return self.gone
        try:
            return _read_reply(wire.decode(text, raw), set(data))
        except Malformed:
            return Reply("raised", "", error="ValueError", detail="what it gives cannot be read")


def _is_authored(value: object) -> bool:
    """Whether this is a function or class that was defined in the notebook."""
    return callable(value) and getattr(value, "__module__", None) == "__main__"


def _holds_opaque(value: Data) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_opaque, value))
    if isinstance(value, dict):
        return any(map(_holds_opaque, value.values()))
    return isinstance(value, Opaque)


def _read_reply(found: Any, data: set[str]) -> Reply:
    """Make a `Reply` of what came, if it is one. Raises `Malformed`."""
    if type(found) is not tuple or len(found) != len(_PARTS):
        raise Malformed("no reply")
    words = dict(zip(_PARTS, found, strict=True))
    value, arguments, gradients = words.pop("value"), words.pop("arguments"), words.pop("gradients")
    if not all(type(word) is str and len(word) <= MAX_WORDS for word in words.values()):
        raise Malformed("no words")
    if words["outcome"] not in ("value", "missing", "not attempted", "not callable", "raised"):
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

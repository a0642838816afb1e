"""The examiner's side of stand-ins: brings the student's names into a test, and asks the student's process for every operation.

The student's process is an enemy: it can only answer, each answer is opened as typed data (see `wire`), and an answer can make a copy of
data, a stand-in, or an exception, nothing else. The other side is `originals`.
"""

from __future__ import annotations

import builtins
import inspect
import io
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.engine.errors import StudentError
from autograder.engine.limits import pause_timer
from autograder.engine.planning.chance import fingerprint, move_on, take_states
from autograder.engine.standins.catalogue import Catalogue
from autograder.engine.standins.locate import locate
from autograder.engine.standins.originals import CARRIED, MAX_PRINTED, MAX_TRACKED
from autograder.engine.standins.proxies import CannotSplit, StandInClass, identify, refusals
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed, read_message
from autograder.engine.wire.owned import is_changeable, is_owned, replace_parts, write_owned
from autograder.engine.wire.values import is_mutable, mark, replace_contents, write_value

MAX_RECEIVED = 1 << 30
"""Bytes that the answers to one cell may have together."""

MAX_NESTED = 40
"""Functions of a test's that may run inside one another, called by the student's code."""

SINGLE, BATCH = 64, 1000
"""Items of an iterator that are asked for one by one, as a test may look at what each does; and how many at once, after these."""

_MISSING = object()


class Gone(Exception):
    """The student's process ended. The class that is raised has the name that the runner gave."""


class Unreadable(Exception):
    """The student's process gave an answer that cannot be read: too much, or none."""


class _Brought:
    """A name: what it stands for, and what the student's process has under it now."""

    def __init__(self, number: int, value: Any, snapshot: Callable[[Any], tuple[bytes, bytes] | None]) -> None:
        self.number, self.value, self.snapshot = number, value, snapshot
        self.show(value)

    def show(self, value: Any) -> None:
        self.shown, self.data = value, self.snapshot(value)


class StandIns:
    """The student's names in the namespace of the examiner's cells."""

    def __init__(self, channel: Channel, names: dict[str, Any], authored: frozenset[str] = frozenset()) -> None:
        self.channel, self.names, self.authored = channel, names, authored
        self.deadline = 0.0
        self.gone: Gone | None = None
        self.catalogue = Catalogue(self, self._find)
        self.local_numbers: dict[int, int] = {}
        self.brought: dict[str, _Brought] = {}
        self.history: dict[str, _Brought] = {}
        self.texts: list[str] | None = None
        """The cells before, where a check may ask for the source of an answer."""
        self.ahead: dict[int, deque[Any]] = {}
        self.taken: dict[int, int] = {}
        self.random = fingerprint()
        self.builtins = {name: getattr(builtins, name) for name in CARRIED}
        self.carried = dict(self.builtins)
        """What the student's process has under these names now."""
        self.lock = threading.RLock()
        self.nested, self.received = 0, 0
        self.touched = False
        self.pending: BaseException | None = None

    # A cell

    def begin(self, names: list[str], deadline: float) -> None:
        """Bring `names` into the namespace. Names that the student does not have stay missing, and so do modules.

        What a test bound a name to stays, unless the student has bound it anew since. Raises `Gone` and `Unreadable`.
        """
        self.deadline, self.gone, self.received = deadline, None, 0
        self.brought = {}
        refusals.clear()
        if not names:
            return
        classes = sorted(name for name in self.authored if self._find(name))
        found = self._ask({"do": "bring", "names": names, "authored": classes, "seconds": self._left()})["names"]
        if type(found) is not dict:
            raise Unreadable("no names")
        for name in names:
            before, current = self.history.get(name), self.names.get(name, _MISSING)
            if name not in found:
                if before is not None and current is before.value:
                    del self.names[name]
                self.brought[name] = _Brought(0, _MISSING, self._snapshot)  # the test may bind it
                continue
            number, value = found[name]
            self.brought[name] = self.history[name] = _Brought(number, value, self._snapshot)
            if before is None or before.number != number or current is before.value:
                self.names[name] = value

    def finish(self) -> Exception | None:
        """Undo in the student's process what the test did to names. Returns an error that the cell must not have passed over."""
        if self.touched and not self.gone:
            self.touched = False
            self.carried = dict(self.builtins)
            try:
                self._ask({"do": "restore", "seconds": max(self._left(), 1.0)})
            except (Gone, Unreadable) as error:
                return error
        if self.gone:
            return self.gone
        return CannotSplit(refusals[0]) if refusals else None

    # Operations

    def operate(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Do an operation on originals, and here whatever else it did: to arguments, names and the screen."""
        __tracebackhide__ = True
        with self.lock:
            reply = self._ask(
                {
                    "do": "operate",
                    "op": operation,
                    "args": list(map(mark, arguments)),
                    "grad": torch.is_grad_enabled(),
                    "seconds": self._left(),
                    **({"kwargs": {name: mark(value) for name, value in named.items()}} if named else {}),
                    **self._changed_random(),
                    **self._changed_names(),
                }
            )
        try:
            every: dict[Any, Any] = {**dict(enumerate(arguments)), **named}
            given = {slot: value for slot, value in every.items() if self._is_mutable(value)}
            for slot, contents in dict(reply.get("changed", {})).items():
                replace_contents(given[slot], contents)
                replace_parts(given[slot], contents)
            self._follow(dict(reply.get("names", {})))
            if reply.get("drew") is True:  # a test that sets the same seed again is to be seen
                move_on()
                self.random = fingerprint()
            if "error" not in reply:
                return given[reply["same"]] if "same" in reply else reply["value"]
            error = reply["error"]
        except (KeyError, TypeError, ValueError):
            raise Unreadable("an answer without its parts") from None
        raise error if isinstance(error, Exception) else Unreadable("no error")

    def next(self, iterator: Any) -> Any:
        """The next item of an original. Raises `StopIteration`."""
        __tracebackhide__ = True
        number = identify(iterator)
        ahead = self.ahead.get(number)
        if not ahead:
            self.taken[number] = self.taken.get(number, 0) + 1
            if self.taken[number] <= SINGLE:
                return self.operate("next", iterator)
            answer = self.operate("fetch", iterator, BATCH)
            if type(answer) is not tuple or len(answer) != 2 or type(answer[0]) is not list:
                raise Unreadable("no items")
            ahead = self.ahead[number] = deque(answer[0])
            if isinstance(answer[1], Exception):
                ahead.append(answer[1])
        item = ahead.popleft()
        if isinstance(item, Exception) and not ahead:
            raise item
        return item

    def signature(self, thing: Any) -> inspect.Signature:
        """The signature of an original. Raises what `inspect.signature` raises."""
        rows = self.operate("signature", thing)
        empty = inspect.Parameter.empty
        try:
            return inspect.Signature(
                [
                    inspect.Parameter(name, list(inspect._ParameterKind)[kind], default=default if given else empty)
                    for name, kind, given, default in rows
                ]
            )
        except (TypeError, ValueError, IndexError):
            raise ValueError("no signature found") from None

    def source(self, thing: Any) -> str:
        """The source of an original. Raises what `inspect.getsource` raises."""
        text = self.operate("source", thing)
        if type(text) is not str or (self.texts is not None and not any(text.strip() in each for each in self.texts)):
            raise OSError("could not get source code")  # or it stands in no cell
        return text

    def _left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.001)

    def _changed_names(self) -> dict[str, Any]:
        """What the test did to the names since the last operation."""
        deleted, restored, bound, updated = [], [], {}, {}
        for name, each in self.brought.items():
            current = self.names.get(name, _MISSING)
            if current is not each.shown:
                if current is _MISSING:
                    deleted.append(name)
                elif current is each.value:
                    restored.append(name)
                elif each.number or self._can_write(current):
                    bound[name] = mark(current)
                each.show(current)
            elif each.data is not None and (data := self._snapshot(current)) != each.data:
                each.data = data
                updated[name] = current
        for name, shown in self.carried.items():
            current = self.names.get(name, getattr(builtins, name, shown))
            if current is not shown and name not in self.brought:
                self.carried[name] = current
                if current is self.builtins[name]:
                    restored.append(name)
                else:
                    bound[name] = current
        self.touched = self.touched or bool(deleted or bound)
        changes = {"deleted": deleted, "restored": restored, "bound": bound, "updated": updated}
        return {what: names for what, names in changes.items() if names}

    def _changed_random(self) -> dict[str, Any]:
        """The states of the random generators, where they are not those of the last operation."""
        now = fingerprint()
        if now == self.random:
            return {}
        self.random = now
        return {"random": take_states()}

    def _follow(self, changes: dict[str, Any]) -> None:
        """What the student's code did to its names."""
        for name, each in self.brought.items():
            if name in changes and self.names.get(name, _MISSING) is each.shown:
                what, *values = changes[name]
                if what == "deleted":
                    self.names.pop(name, None)
                    each.show(_MISSING)
                elif what == "bound":
                    self.names[name] = each.value = values[0]
                    each.show(values[0])
                elif what == "updated":
                    replace_contents(each.shown, values[0])
                    replace_parts(each.shown, values[0])
                    each.show(each.shown)

    # Questions and answers

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request; what the student's code asks for meanwhile is done. Raises `Gone`, `Unreadable` and `CannotSplit`."""
        __tracebackhide__ = True
        with self.lock:
            try:
                frame = wire.encode(request, self.write)
            except wire.Unsendable as error:
                raise CannotSplit(f"a test in a process of its own cannot pass this on: {error}") from None
            while True:
                reply = self._exchange(frame)
                printed = reply.get("printed")
                if type(printed) is str and printed:
                    sys.stdout.write(printed[:MAX_PRINTED])
                if reply.get("do") != "callback":
                    break
                frame = self._call(reply)
            if self.pending and not self.nested:
                pending, self.pending = self.pending, None
                raise pending
            return reply

    def _exchange(self, frame: tuple[bytes, bytes]) -> dict[str, Any]:
        __tracebackhide__ = True
        if self.gone:
            raise self.gone
        with pause_timer():
            self.channel.send(Channel.DATA, *frame)
            kind, text, raw = self.channel.receive()
        if kind == Channel.CONTROL:
            message = read_message(text)
            self.gone = type(str(message["error"]), (Gone,), {"__module__": "__main__"})(message["detail"])
            raise self.gone
        self.received += len(text) + len(raw)
        if self.received > MAX_RECEIVED:
            raise Unreadable("the answers to this cell are too large together")
        try:
            reply = wire.decode(text, raw, self.catalogue.read)
        except (Malformed, AttributeError) as error:
            raise Unreadable(f"what it gives cannot be read: {error}") from None
        if type(reply) is not dict:
            raise Unreadable("no answer")
        return reply

    def _call(self, request: dict[str, Any]) -> tuple[bytes, bytes]:
        """Call a function of the test's for the student's code; the frame to answer with."""
        self.nested += 1
        try:
            if self.nested > MAX_NESTED:
                raise RecursionError("functions of a test and of the student call one another too deep")
            if self.pending or self.deadline + 1 < time.monotonic():
                raise TimeoutError("the time of the cell is over")
            value = self.catalogue.locals[request["target"]](*request["args"], **request["kwargs"])
            return wire.encode({"do": "answer", "value": mark(value)}, self.write)
        except wire.Unsendable as error:
            return wire.encode(
                {"do": "answer", "error": CannotSplit(f"a result that cannot be passed on: {error}")}, self.write
            )
        except Exception as error:
            return self._pass_on(error)
        except BaseException as error:
            self.pending = error
            return self._pass_on(TimeoutError("the time of the cell is over"))
        finally:
            self.nested -= 1

    def _pass_on(self, error: Exception) -> tuple[bytes, bytes]:
        try:
            return wire.encode({"do": "answer", "error": error}, self.write)
        except wire.Unsendable:
            return wire.encode(
                {"do": "answer", "error": RuntimeError(f"{type(error).__name__}: {error}"[:1000])}, self.write
            )

    # What goes out

    def _find(self, name: str) -> Any:
        """The author's class of this name."""
        found = self.names.get(name) if name in self.authored else None
        own = isinstance(found, type) and type(found) is not StandInClass and found.__module__ == "__main__"
        return found if own else None

    def _is_mutable(self, value: Any) -> bool:
        return is_mutable(value) or (is_owned(value, self._find) and is_changeable(value))

    def _write_data(self, value: object, write: wire.Part) -> dict[str, Any] | None:
        return write_value(value, write) or write_owned(value, write, self._find)

    def _can_write(self, value: Any) -> bool:
        try:
            wire.encode(mark(value), self.write)
        except wire.Unsendable:
            return False
        return True

    def _snapshot(self, value: Any) -> tuple[bytes, bytes] | None:
        if not self._is_mutable(value):
            return None
        try:
            data = wire.encode(value, self._write_data)
        except wire.Unsendable:
            return None
        return data if len(data[0]) + len(data[1]) <= MAX_TRACKED else None

    def write(self, value: Any, write: wire.Part) -> Any:
        """The `other` of `wire.encode`."""
        kind = type(value)
        if kind is StandInClass or isinstance(kind, StandInClass):
            return {"t": "ref", "id": identify(value)}
        if isinstance(value, type) and value in self.catalogue.errors:
            return {"t": "ref", "id": self.catalogue.errors[value]}
        if isinstance(value, BaseException):
            if isinstance(value, StudentError) and value._number is not None:
                return {"t": "ref", "id": value._number}
            return {
                "t": "error",
                "class": write(TypeError if kind is CannotSplit else kind),
                "args": write(list(value.args)),
            }
        if (written := self._write_data(value, write)) is not None:
            return written
        if place := locate(value):
            return {"t": "import", "module": place[0], "name": place[1]}
        if kind in (type({}.keys()), type({}.values()), type({}.items())):
            return write(list(value))
        iterator = isinstance(value, Iterator) and not callable(value) and not isinstance(value, io.IOBase)
        if isinstance(value, (type, torch.nn.Module)) or not (iterator or callable(value)):
            return None
        function = value if not iterator else value.__next__
        number = self.local_numbers.setdefault(id(value), len(self.catalogue.locals) + 1)
        self.catalogue.locals[number] = function
        text = getattr(value, "__doc__", None)
        text = text[:4000] if type(text) is str and not iterator else None
        return {
            "t": "local",
            "id": number,
            "iterator": iterator,
            "name": str(getattr(value, "__name__", "function")),
            "doc": text,
        }

"""The examiner's side of stand-ins: brings the student's names into a test, and asks the student's process for every operation.

The student's process is an enemy: it can only answer, each answer is opened as typed data (see `wire`), and an answer can make a copy of
data, a stand-in, or an exception, nothing else. The other side is `originals`.
"""

from __future__ import annotations

import builtins
import inspect
import sys
import threading
from collections import deque
from contextlib import suppress
from typing import Any

import torch

from autograder.engine.limits import OutOfTime, counted, pause_timer
from autograder.engine.planning.chance import fingerprint, move_on, take_states
from autograder.engine.standins.answers import Brought, Gone, Unreadable, copy_changed, receive_answer
from autograder.engine.standins.library import read_signature
from autograder.engine.standins.originals import CARRIED, MAX_PRINTED
from autograder.engine.standins.proxies import CannotSplit, StandInClass, identify, refusals
from autograder.engine.standins.registry import Registry
from autograder.engine.standins.trust import Rests, Trust
from autograder.engine.standins.worlds import Fork, Start, has_threads
from autograder.engine.standins.written import find_written
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed, read_message
from autograder.engine.wire.owned import replace_parts
from autograder.engine.wire.values import mark, replace_contents

MAX_RECEIVED = 1 << 30
"""Bytes that the answers to one cell may have together."""

MAX_NESTED = 40
"""Functions of a test's that may run inside one another, called by the student's code."""

SINGLE, BATCH = 64, 1000
"""Items of an iterator that are asked for one by one, as a test may look at what each does; and how many at once, after these."""

_MISSING = object()


class StandIns:
    """The student's names in the namespace of the examiner's cells."""

    def __init__(self, channel: Channel, names: dict[str, Any], authored: frozenset[str] = frozenset()) -> None:
        self.channel, self.names, self.authored = channel, names, authored
        self.deadline = 0.0
        self.gone: Gone | None = None
        self.registry = Registry(self, self._find)
        self.brought: dict[str, Brought] = {}
        self.history: dict[str, Brought] = {}
        self.texts: list[str] | None = None
        """The cells before, where a check may ask for the source of an answer."""
        self.ahead: dict[int, deque[Any]] = {}
        self.taken: dict[int, int] = {}
        self.random = self.random_before = fingerprint()
        self.builtins = {name: getattr(builtins, name) for name in CARRIED}
        self.carried = dict(self.builtins)
        """What the student's process has under these names now."""
        self.lock = threading.RLock()
        self.nested, self.received = 0, 0
        self.touched = False
        self.pending: BaseException | None = None
        self.trust = Trust(names)
        self.follow = False
        """Whether changes in place that the author's solution does not make are seen by the cell."""
        self.fork: Fork | None = None
        self.again = False
        """Whether the cell has to run again to see them."""
        self.start: Start | None = None

    # A cell

    def begin(
        self, names: list[str], deadline: float, source: str, allowed: Rests | None, follow: bool = False
    ) -> None:
        """Bring `names` into the namespace of a cell. Names that the student does not have stay missing, and so do modules.

        What a test bound a name to stays, unless the student has bound it again since. `allowed` is what the run of the
        author's solutions found (see `trust`); `None` in that run itself, in which all is. With `follow`, the cell runs again, and all changes in place are
        seen. Raises `Gone` and `Unreadable`.
        """
        if follow and self.start:
            self.start.put_back()
            self.random = self.random_before
        else:
            self.start = Start(self.names, names, (self.history, self.ahead, self.taken))
            self.random_before = self.random
        self.trust.begin(source, allowed)
        self.follow, self.fork, self.again = follow, None, False
        self.deadline, self.gone, self.received = deadline, None, 0
        self.brought = {}
        refusals.clear()
        if not names:
            return
        classes = sorted(name for name in self.authored if self._find(name))
        found = self._ask({"seconds": self._left(), "do": "bring", "names": names, "authored": classes})["names"]
        if type(found) is not dict:
            raise Unreadable("no names")
        for name in names:
            before, current = self.history.get(name), self.names.get(name, _MISSING)
            if name not in found:
                if before is not None and current is before.value:
                    del self.names[name]
                self.brought[name] = Brought(0, _MISSING, self.registry.snapshot)  # the test may bind it
                continue
            number, value = found[name]
            self.brought[name] = self.history[name] = Brought(number, value, self.registry.snapshot)
            if before is None or before.number != number or current is before.value:
                self.names[name] = value

    def finish(self) -> Exception | None:
        """Undo in the student's process what the test did to names. Returns an error that the cell must not have passed over."""
        if self.touched and not self.gone:
            self.touched = False
            self.carried = dict(self.builtins)
            try:
                self._ask({"seconds": max(self._left(), 1.0), "do": "restore"})
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
                    "seconds": self._left(),
                    "do": "operate",
                    "op": operation,
                    "args": list(map(mark, arguments)),
                    "grad": torch.is_grad_enabled(),
                    **({"kwargs": {name: mark(value) for name, value in named.items()}} if named else {}),
                    **self._changed_random(),
                    **self._changed_names(),
                }
            )
        try:
            every: dict[Any, Any] = {**dict(enumerate(arguments)), **named}
            given = {slot: value for slot, value in every.items() if self.registry.is_mutable(value)}
            changed = dict(reply.get("changed", {}))
            if not changed.keys() <= given.keys():
                raise KeyError("changed")
            place = f"{operation} {self._call_name(arguments)}"
            known = [slot for slot in changed if self.trust.may("changes", f"{place} {slot}")]
            if len(known) < len(changed) and self._follows():
                known = list(changed)
            for slot in known:
                contents = changed.pop(slot)
                replace_contents(given[slot], contents)
                replace_parts(given[slot], contents)
            self._follow(dict(reply.get("names", {})))
            if reply.get("drew") is True:  # so that a test that sets the same seed again is noticed
                move_on()
                self.random = fingerprint()
            if "error" not in reply:
                if "same" not in reply:
                    return reply["value"]
                same = given[reply["same"]]
                return copy_changed(same, changed[reply["same"]]) if reply["same"] in changed else same
            error = reply["error"]
        except (KeyError, TypeError, ValueError):
            raise Unreadable("an answer without its parts") from None
        if isinstance(error, (StopIteration, StopAsyncIteration)) and operation != "next":
            error = RuntimeError(f"the answer raised {type(error).__name__}")  # it would end a loop of the test's
        raise error if isinstance(error, Exception) else Unreadable("no error")

    def _follows(self) -> bool:
        """Whether the cell sees a change in place that the author's solution does not make: at the first one it goes on in two worlds."""
        if self.follow or self.fork or self.again:
            return self.follow
        if has_threads() or self._ask({"do": "fork"}).get("forked") is not True:
            self.again = True
            return False
        try:
            self.fork = Fork()
        except OSError:
            self.again = True
            self._ask({"do": "join"})
            return False
        self.follow = self.fork.sink is None
        if self.follow:
            self.channel.tell(again=self.fork.seconds)
        if self.fork.told.get("late"):
            raise OutOfTime
        return self.follow

    def leave(self, told: dict[str, Any]) -> None:
        """In a fork, tell what came of the cell, and end with that of the student's process; else nothing."""
        if self.fork and self.fork.sink is not None:
            if not self.gone:
                with suppress(Gone, Unreadable, CannotSplit):
                    self._ask({"do": "join"})
            self.fork.leave(told)

    def trusts(self, name: str, how: str = "") -> bool:
        """Whether the test leaves decisions, or those which `how` names, to objects of the class `name`; see `proxies`."""
        return self.trust.trusts(name, how)

    def tells(self, method: str) -> bool:
        """Whether the test tells objects of the author's solution a value by this method; see `proxies`."""
        return self.trust.tells(method)

    def makes(self, name: str) -> bool:
        """Whether the test makes objects of this class where it is now; see `proxies`."""
        return self.trust.makes(name)

    def _call_name(self, arguments: tuple[Any, ...]) -> str:
        """What an operation is done on, as the test knows it: a name of the student's, else a class."""
        if not isinstance(type(arguments[0]), StandInClass) and type(arguments[0]) is not StandInClass:
            return ""
        number = identify(arguments[0])
        names = (name for name, each in self.brought.items() if each.number == number)
        return next(names, type(arguments[0]).__name__)

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
        return read_signature(self.operate("signature", thing))

    def source(self, thing: Any) -> str:
        """The source of an original, as the cells have it under its name. Raises what `inspect.getsource` raises."""
        number = identify(thing)
        names = [name for name, each in self.brought.items() if each.number == number]
        if names and self.texts is not None:
            written = [text for name in names if (text := find_written(self.texts, name)) is not None]
            if len(written) < len(names):
                raise OSError("could not get source code")
            return written[0]
        text = self.operate("source", thing)
        if type(text) is not str or (self.texts is not None and not any(text.strip() in each for each in self.texts)):
            raise OSError("could not get source code")  # or it is in no cell
        return text

    def _left(self) -> float:
        return max(self.deadline - counted(), 0.001)

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
                elif each.number or self.registry.can_write(current):
                    bound[name] = mark(current)
                each.show(current)
            elif each.data is not None and (data := self.registry.snapshot(current)) != each.data:
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
                frame = wire.encode(request, self.registry.write)
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
            kind, text, raw = receive_answer(self.channel)
        if kind == Channel.CONTROL:
            message = read_message(text)
            self.gone = type(str(message["error"]), (Gone,), {"__module__": "__main__"})(message["detail"])
            raise self.gone
        self.received += len(text) + len(raw)
        if self.received > MAX_RECEIVED:
            raise Unreadable("the answers to this cell are too large together")
        try:
            reply = wire.decode(text, raw, self.registry.read)
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
            if self.pending or self.deadline + 1 < counted():
                raise TimeoutError("the time of the cell is over")
            value = self.registry.locals[request["target"]](*request["args"], **request["kwargs"])
            return wire.encode({"do": "answer", "value": mark(value)}, self.registry.write)
        except wire.Unsendable as error:
            return wire.encode(
                {"do": "answer", "error": CannotSplit(f"a result that cannot be passed on: {error}")},
                self.registry.write,
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
            return wire.encode({"do": "answer", "error": error}, self.registry.write)
        except wire.Unsendable:
            return wire.encode(
                {"do": "answer", "error": RuntimeError(f"{type(error).__name__}: {error}"[:1000])}, self.registry.write
            )

    def _find(self, name: str) -> Any:
        """The author's class of this name."""
        found = self.names.get(name) if name in self.authored else None
        own = isinstance(found, type) and type(found) is not StandInClass and found.__module__ == "__main__"
        return found if own else None

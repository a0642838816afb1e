"""The student's side of stand-ins: does what the examiner asks with the objects that live here, and answers in data and numbers.

Nothing here can be trusted, and nothing has to be: it shares a process with the student's code. The other side is `standins`.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import math
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import torch

from autograder.engine.limits import OutOfTime, pause_timer, time_limit
from autograder.engine.planning.chance import fingerprint, set_states
from autograder.engine.standins.locate import locate
from autograder.engine.standins.methods import SPECIAL
from autograder.engine.standins.operations import OPERATIONS, PLAIN_BASES
from autograder.engine.standins.worlds import serve_in_fork
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Channel, Malformed
from autograder.engine.wire.owned import is_changeable, is_owned, read_owned, replace_parts, write_owned
from autograder.engine.wire.values import is_mutable, mark, read_value, replace_contents, write_value

MAX_PRINTED = 20_000
MAX_TRACKED = 1 << 20
"""Bytes of a global variable that is looked at after each operation for changes in place."""

CARRIED = ("input", "print")
"""Built-in functions that a test may put another one in place of, for the student's code as well."""

_MISSING = object()


class Callback:
    """A function of the examiner's, as the student's code sees it."""

    def __init__(self, originals: Originals, number: int, name: str, text: str | None = None) -> None:
        self._originals, self._number, self.__name__, self.__qualname__ = originals, number, name, name
        self.__doc__ = text

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        return self._originals.call_back(self._number, arguments, named)


class CallbackIterator(Callback):
    """An iterator of the examiner's."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self()


class _Forced:
    """A value that should be a stand-in, though its type is plain."""

    def __init__(self, value: object) -> None:
        self.value = value


class _Printed(io.StringIO):
    """Keeps the first characters that are written and drops the rest."""

    def write(self, text: str, /) -> int:
        super().write(text[: max(MAX_PRINTED - self.tell(), 0)])
        return len(text)


class _Shown:
    """A name as the examiner knows it: the object, and its data if it is data that can change in place."""

    def __init__(self, value: object, data: tuple[bytes, bytes] | None) -> None:
        self.value, self.data = value, data


class Originals:
    """The objects of this process that the examiner knows by a number."""

    def __init__(self, names: dict[str, Any], channel: Channel) -> None:
        self.names, self.channel = names, channel
        self.authored: frozenset[str] = frozenset()
        """The names of the author's classes that the examiner has as well."""
        self.objects: dict[int, object] = {}
        self.numbers: dict[int, int] = {}
        self.described: set[int] = set()
        self.fresh: set[int] = set()
        """Classes that the examiner knows, and those that it will know by the frame that is being written."""
        self.callbacks: dict[int, Callback] = {}
        self.first = int.from_bytes(os.urandom(4), "big") << 20
        """Where the numbers begin; an earlier process, whose objects are gone, had others."""
        self.shown: dict[str, _Shown] = {}
        self.replaced: dict[str, object] = {}
        """What the examiner's test put another value in place of, or deleted."""
        self.printed = _Printed()
        self.seeded = False
        """Whether a test has set the state of the random generators."""

    # Requests

    def refuse(self, error: Exception) -> tuple[bytes, bytes]:
        """The frame to answer with where a request cannot be read: it may name an object of a process that has ended."""
        return self._encode({"error": RuntimeError(f"an object of an earlier cell is gone ({error})"), "printed": ""})

    def answer(self, request: dict[str, Any]) -> tuple[bytes, bytes]:
        """Do what is asked; the frame to answer with."""
        if request["do"] == "fork":
            return self._encode({"forked": serve_in_fork()})
        if request["do"] == "join":
            os._exit(0)
        outer, self.printed = self.printed, _Printed()
        try:
            with (
                time_limit(request["seconds"]),
                contextlib.redirect_stdout(self.printed),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                actions = {"bring": self._bring, "restore": self._restore, "operate": self._operate}
                reply = actions[request["do"]](request)
                frame = self._encode({**reply, **_filled(printed=self.printed.getvalue())})
        except BaseException as error:
            frame = self._encode({"error": self._soften(error), "printed": self.printed.getvalue()})
        finally:
            self.printed = outer
        self.described |= self.fresh
        return frame

    def _encode(self, reply: dict[str, Any]) -> tuple[bytes, bytes]:
        self.fresh = set()
        try:
            return wire.encode(reply, self.write)
        except wire.Unsendable:
            self.fresh = set()
            return wire.encode({key: self._soften(value) for key, value in reply.items()}, self.write)

    def _bring(self, request: dict[str, Any]) -> dict[str, Any]:
        self._restore(request)
        self.shown = {}
        self.authored = frozenset(request["authored"])
        found = {name: self.names[name] for name in request["names"] if name in self.names}
        for name, value in found.items():
            if not isinstance(value, ModuleType):
                self.shown[name] = _Shown(value, self._snapshot(value, MAX_TRACKED))
        return {
            "names": {
                name: (self._number(each.value), self._soften(mark(each.value))) for name, each in self.shown.items()
            }
        }

    def _restore(self, request: dict[str, Any]) -> dict[str, Any]:
        """Undo what the test did to names."""
        for name, value in self.replaced.items():
            self._bind(name, value)
        self.replaced = {}
        return {}

    def _operate(self, request: dict[str, Any]) -> dict[str, Any]:
        self._adopt(request)
        arguments, named = request["args"], request.get("kwargs", {})
        slots = {**dict(enumerate(arguments)), **named}
        before = {slot: self._snapshot(value) for slot, value in slots.items() if self._is_mutable(value)}
        reply: dict[str, Any]
        states = fingerprint() if self.seeded else None
        try:
            value = OPERATIONS[request["op"]](*arguments, **named)
            same = [slot for slot in before if slots[slot] is value]
            reply = {"same": same[0]} if same else {"value": mark(value)}
        except OutOfTime:
            reply = {"error": TimeoutError("it did not finish in the time allowed")}
        except BaseException as error:
            reply = {"error": error}
        changed = {slot: slots[slot] for slot, data in before.items() if self._snapshot(slots[slot]) != data}
        drew = self.seeded and fingerprint() != states
        return {**reply, **_filled(changed=changed, names=self._changed_names(), drew=drew)}

    def _adopt(self, request: dict[str, Any]) -> None:
        """Take over what the test changed on its side: the random state, gradients on or off, names."""
        torch.set_grad_enabled(request["grad"])
        if "random" in request:
            set_states(request["random"])
            self.seeded = True
        for name in request.get("deleted", ()):
            self._replace(name, _MISSING)
        for name, value in request.get("bound", {}).items():
            self._replace(name, value)
        for name in request.get("restored", ()):
            if name in self.replaced:
                self._bind(name, self.replaced.pop(name))
        for name, value in request.get("updated", {}).items():
            replace_contents(self.names[name], value)
            replace_parts(self.names[name], value)
            self._show(name)

    def _replace(self, name: str, value: object) -> None:
        self.replaced.setdefault(name, self._space(name).get(name, _MISSING))
        self._bind(name, value)

    def _bind(self, name: str, value: object) -> None:
        space = self._space(name)
        if value is _MISSING:
            space.pop(name, None)
        else:
            space[name] = value
        self._show(name)

    def _space(self, name: str) -> dict[str, Any]:
        return vars(builtins) if name in CARRIED and name not in self.shown else self.names

    def _show(self, name: str) -> None:
        if name in self.shown:
            self.shown[name] = _Shown(value := self.names.get(name, _MISSING), self._snapshot(value, MAX_TRACKED))

    def _changed_names(self) -> dict[str, Any]:
        """The names that the examiner knows and that are bound to something else now, or changed in place: name → what it is now."""
        changed: dict[str, Any] = {}
        for name, shown in list(self.shown.items()):
            value = self.names.get(name, _MISSING)
            if value is not shown.value:
                self._show(name)
                self.replaced.pop(name, None)
                changed[name] = ("deleted",) if value is _MISSING else ("bound", self._soften(mark(value)))
            elif shown.data is not None and (data := self._snapshot(value, MAX_TRACKED)) != shown.data:
                shown.data = data
                changed[name] = ("updated", value)
        return changed

    def _snapshot(self, value: object, limit: float = math.inf) -> tuple[bytes, bytes] | None:
        """The contents of `value`, where they can change in place and are no more than `limit` bytes."""
        if not self._is_mutable(value):
            return None
        try:
            data = wire.encode(value, self.write)
        except (wire.Unsendable, RecursionError):
            return None
        return data if len(data[0]) + len(data[1]) <= limit else None

    def _find(self, name: str) -> Any:
        """The author's class of this name."""
        return self.names.get(name) if name in self.authored else None

    def _is_mutable(self, value: object) -> bool:
        return is_mutable(value) or (is_owned(value, self._find) and is_changeable(value))

    # Callbacks

    def call_back(self, number: int, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call the examiner's function `number`. Meanwhile the examiner may ask for more."""
        printed = self.printed.getvalue()
        self.printed.seek(0)
        self.printed.truncate()
        message = {"do": "callback", "target": number, "args": arguments, "kwargs": named, "printed": printed}
        frame = self._encode(message)
        while True:
            self.described |= self.fresh
            with pause_timer():
                self.channel.send(Channel.DATA, *frame)
                kind, text, raw = self.channel.receive()
                if kind != Channel.DATA:
                    os._exit(1)  # there is no examiner any more
                try:
                    request = wire.decode(text, raw, self.read)
                except Malformed as error:
                    frame = self.refuse(error)
                    continue
                if request["do"] != "answer":
                    frame = self.answer(request)
                    continue
            if "error" in request:
                raise request["error"]
            return request["value"]

    # What goes out

    def write(self, value: Any, write: wire.Part) -> dict[str, Any] | None:
        """The `other` of `wire.encode`: anything that isn't data becomes a number."""
        kind = type(value)
        if kind is _Forced:
            value, kind = value.value, type(value.value)
        elif kind in (Callback, CallbackIterator):
            return {"t": "local", "id": value._number}
        elif (written := write_value(value, write) or write_owned(value, write, self._find)) is not None:
            return written
        elif issubclass(kind, BaseException):
            texts = [self._soften(argument) for argument in value.args]
            return {
                "t": "error",
                "class": self._describe(kind),
                "args": write(texts),
                "text": _text(value),
                "id": self._number(value),
            }
        if issubclass(kind, type):
            return {"t": "class", "class": self._describe(value)}
        return {"t": "ref", "id": self._number(value), "class": self._describe(kind)}

    def _soften(self, value: Any) -> Any:
        """`value`, or where it cannot be written something that stands for it; the items of a list each for themselves."""
        try:
            wire.encode(value, self.write)
            return value
        except Exception:
            if isinstance(value, BaseException):
                return RuntimeError(f"a {type(value).__name__} that cannot be shown")
            if type(value) in (list, tuple) and len(value) <= 1000 and not any(item is value for item in value):
                return type(value)(_Forced(item) if not self._writes(item) else item for item in value)
            return _Forced(value)

    def _writes(self, value: Any) -> bool:
        try:
            wire.encode(value, self.write)
        except Exception:
            return False
        return True

    def _number(self, value: object) -> int:
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = self.first + len(self.numbers)
            self.objects[number] = value
        return number

    def _describe(self, kind: Any) -> dict[str, Any]:
        name = kind.__name__
        if issubclass(kind, BaseException) and vars(builtins).get(name) is kind:
            return {"builtin": name}
        number = self._number(kind)
        if number in self.described:
            return {"id": number}
        self.fresh.add(number)
        error = issubclass(kind, BaseException)
        bases = [base for base in kind.__bases__ if error or base.__module__ == "__main__"]
        origins = [each for each in kind.__mro__ if each is not object]
        return {
            "id": number,
            "name": name,
            "module": str(kind.__module__),
            "error": error,
            "special": sorted(name for name in SPECIAL if any(name in vars(each) for each in origins))
            + self._hashing(origins),
            "base": next((base.__name__ for base in PLAIN_BASES if base in origins), None),
            "known": [place for each in origins[:20] if each.__module__ != "__main__" and (place := locate(each))],
            "bases": [self._describe(base) for base in bases if base is not object],
        }

    def _hashing(self, origins: list[Any]) -> list[str]:
        found = next((vars(each)["__hash__"] for each in origins if "__hash__" in vars(each)), True)
        return ["unhashable"] if found is None else []

    # What comes in

    def read(self, tree: dict[str, Any], read: wire.Part) -> Any:
        """The `other` of `wire.decode`."""
        tag = tree["t"]
        if tag == "ref":
            return self.objects[tree["id"]]
        if tag == "local":
            kind = CallbackIterator if tree["iterator"] else Callback
            return self.callbacks.setdefault(tree["id"], kind(self, tree["id"], tree["name"], tree["doc"]))
        if tag == "own":
            return read_owned(tree, read, self._find)
        if tag == "import":
            return _resolve(tree["module"], tree["name"])
        if tag == "error":
            kind = read(tree["class"])
            try:
                return kind(*read(tree["args"]))
            except Exception:
                return RuntimeError(str(tree["args"]))
        return read_value(tree, read)


def _resolve(module: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception:
        raise Malformed(f"{module}.{name} is not there") from None
    return found


def _filled(**parts: Any) -> dict[str, Any]:
    """The parts of a frame that hold anything."""
    return {name: part for name, part in parts.items() if part}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:4000]
    except Exception:
        return ""

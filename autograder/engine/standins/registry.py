"""The student's objects and classes as the examiner knows them: opens what an answer holds besides plain data, and writes what a test gives.

Every tag is of a fixed list, and every part of it is looked at. A number that is wrong only hurts the student.
"""

from __future__ import annotations

import functools
import io
import types
from abc import ABCMeta
from collections.abc import Iterator
from typing import Any

import numpy
import torch
from torch import Tensor

from autograder.engine.standins.errors import StudentError, find_builtin, make_error, make_error_class
from autograder.engine.standins.library import make_coroutine
from autograder.engine.standins.locate import find, locate
from autograder.engine.standins.methods import SPECIAL, make_class
from autograder.engine.standins.operations import PLAIN_BASES
from autograder.engine.standins.originals import MAX_TRACKED
from autograder.engine.standins.proxies import (
    CannotSplit,
    Link,
    StandIn,
    StandInClass,
    forget_made,
    identify,
    make_object,
)
from autograder.engine.wire import values, wire
from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.owned import Find, is_changeable, is_owned, read_owned, write_owned
from autograder.engine.wire.values import mark, read_value, write_value


class Registry:
    """Stand-ins by the numbers that the student's process gave; `locals` are the examiner's own functions by theirs."""

    def __init__(self, link: Link, find: Find) -> None:
        self.link, self.find = link, find
        self.things: dict[int, Any] = {}
        self.locals: dict[int, Any] = {}
        self.local_numbers: dict[int, int] = {}
        self.errors: dict[type, int] = {}
        self.coroutines: dict[int, Any] = {}

    def read(self, tree: dict[str, Any], read: wire.Part) -> Any:
        """The `other` of `wire.decode`."""
        tag = tree["t"]
        if tag == "ref":
            return self._thing(_number(tree["id"]), tree["class"])
        if tag == "own":
            return read_owned(tree, read, self.find, doubted=True)
        if tag == "class":
            return self._class(tree["class"], 0)
        if tag == "local":
            return self.locals[tree["id"]]
        if tag == "error":
            kind = self._class(tree["class"], 0)
            arguments = read(tree["args"])
            if not issubclass(kind, Exception) or type(arguments) is not list or type(tree["text"]) is not str:
                raise Malformed("no error")
            return make_error(kind, arguments, tree["text"][:4000], _number(tree["id"]))
        return read_value(tree, read)

    def write(self, value: Any, write: wire.Part) -> Any:
        """The `other` of `wire.encode`."""
        kind = type(value)
        if kind is StandInClass or isinstance(kind, StandInClass):
            return {"t": "ref", "id": identify(value)}
        if isinstance(value, type) and value in self.errors:
            return {"t": "ref", "id": self.errors[value]}
        if isinstance(value, BaseException):
            if isinstance(value, StudentError) and value._number is not None:
                return {"t": "ref", "id": value._number}
            return {
                "t": "error",
                "class": write(TypeError if kind is CannotSplit else kind),
                "args": write(list(value.args)),
            }
        if (written := self.write_data(value, write)) is not None:
            return written
        if place := locate(value):
            return {"t": "import", "module": place[0], "name": place[1]}
        if kind in (type({}.keys()), type({}.values()), type({}.items())):
            return write(list(value))
        iterator = isinstance(value, Iterator) and not callable(value) and not isinstance(value, io.IOBase)
        if isinstance(value, (type, torch.nn.Module)) or not (iterator or callable(value)):
            return None
        function = value if not iterator else value.__next__
        number = self.local_numbers.setdefault(id(value), len(self.locals) + 1)
        self.locals[number] = function
        text = getattr(value, "__doc__", None)
        return {
            "t": "local",
            "id": number,
            "iterator": iterator,
            "name": str(getattr(value, "__name__", "function")),
            "doc": text[:4000] if type(text) is str and not iterator else None,
        }

    def forget_locals(self, known: int) -> None:
        """Forget the examiner's own functions but the first `known` ones."""
        self.locals = {number: function for number, function in self.locals.items() if number <= known}
        self.local_numbers = {key: number for key, number in self.local_numbers.items() if number <= known}

    def is_mutable(self, value: Any) -> bool:
        return values.is_mutable(value) or (is_owned(value, self.find) and is_changeable(value))

    def write_data(self, value: object, write: wire.Part) -> dict[str, Any] | None:
        return write_value(value, write) or write_owned(value, write, self.find)

    def can_write(self, value: Any) -> bool:
        try:
            wire.encode(mark(value), self.write)
        except wire.Unsendable:
            return False
        return True

    def snapshot(self, value: Any) -> tuple[bytes, bytes] | None:
        if not self.is_mutable(value):
            return None
        try:
            data = wire.encode(value, self.write_data)
        except wire.Unsendable:
            return None
        return data if len(data[0]) + len(data[1]) <= MAX_TRACKED else None

    def _thing(self, number: int, described: Any) -> Any:
        thing = self.things.get(number)
        if thing is None:
            kind = self._class(described, 0)
            if not isinstance(kind, StandInClass):
                raise Malformed("an object of no class")
            thing = make_object(kind, number)
            if kind.__name__ == "coroutine":
                if number not in self.coroutines:
                    self.coroutines[number] = make_coroutine(self.link, thing)
                return self.coroutines[number]
            self.things[number] = thing
        if not isinstance(thing, StandIn):
            raise Malformed("a class for an object")
        forget_made(thing)
        return thing

    def _class(self, described: Any, depth: int) -> Any:
        if type(described) is not dict or depth > 10:
            raise Malformed("no class")
        if "builtin" in described:
            return find_builtin(described["builtin"]) or make_error_class(
                self.link, _word(described["builtin"]), "", []
            )
        number = _number(described["id"])
        if number not in self.things:
            self.things[number] = self._make_class(number, described, depth)
        if isinstance(self.things[number], StandIn):
            raise Malformed("an object for a class")
        return self.things[number]

    def _make_class(self, number: int, described: dict[str, Any], depth: int) -> Any:
        name, bases = _word(described["name"]), [self._class(base, depth + 1) for base in described["bases"][:5]]
        real = self.find(name) if described["module"] == "__main__" else None
        if described["error"] is True and isinstance(real, type) and issubclass(real, Exception):
            self.errors[real] = number
            return real
        if described["error"] is True:
            kind = make_error_class(
                self.link,
                name,
                _word(described["module"]),
                [base for base in bases if not isinstance(base, StandInClass)],
            )
            self.errors[kind] = number
            return kind
        own = tuple(base for base in bases if isinstance(base, StandInClass))
        special = {each for each in described["special"] if each in SPECIAL}
        known = [real, *(find(*place) for place in described.get("known", [])[:20])]
        reals = tuple(each for each in known if isinstance(each, type) and _is_ordinary(each))
        others = [
            each for each in known if isinstance(each, type) and each not in reals and not issubclass(each, _DATA)
        ]
        passes_for = (
            _BUILTIN.get(name) if described["module"] in ("builtins", "functools") else next(iter(others), None)
        )
        for above, built_on in ((own, reals), (own, ()), ((), ())):
            try:
                foreign = described["module"] != "__main__"
                return make_class(
                    self.link, number, name, above, special, described["base"], built_on, passes_for, foreign
                )
            except TypeError:  # classes that do not go together
                continue
        raise Malformed("no class")


_BUILTIN: dict[str, type] = {
    "function": types.FunctionType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    "method": types.MethodType,
    "generator": types.GeneratorType,
    "property": property,
    "staticmethod": staticmethod,
    "classmethod": classmethod,
    "partial": functools.partial,
}
"""What a stand-in for one of these passes for under `isinstance`, by its class's name."""


_DATA = (*PLAIN_BASES, BaseException, numpy.ndarray, numpy.generic, Tensor)
"""What passes as data, or not at all."""


class _Ordinary:
    pass


_HEAP = 1 << 9
"""The flag of a class that Python code has made."""


def _is_ordinary(kind: type) -> bool:
    """Whether a class is laid out in memory like any of Python's, and runs nothing by itself: only such a one may a stand-in pass for."""
    return all(
        bool(each.__flags__ & _HEAP)
        and type(each) in (type, ABCMeta)
        and each.__basicsize__ <= _Ordinary.__basicsize__
        and not each.__itemsize__
        and not vars(each).get("__slots__")
        and not {"__del__", "__init_subclass__"} & vars(each).keys()
        for each in kind.__mro__[:-1]
    )


def _number(value: Any) -> int:
    if type(value) is not int:
        raise Malformed("no number")
    return value


def _word(value: Any) -> str:
    """A name for a class."""
    name = value[:100] if type(value) is str else ""
    return name if name.replace(".", "_").isidentifier() else "object"

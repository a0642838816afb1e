"""What the author's cells made in the student's process, to put it right where a student's code changed it."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

_ABSENT = object()

_OWN = frozenset(("__dict__", "__weakref__", "__doc__", "__annotations__", "__abstractmethods__", "_abc_impl"))
"""Attributes of a class that Python changes by itself, or that do nothing."""

_Parts = tuple[Any, Any, Any]


class Authors:
    """The author's names, with what each was bound to and what that function or class did."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.values: dict[str, Any] = {}
        self.functions: dict[int, tuple[FunctionType, _Parts]] = {}
        self.classes: dict[int, tuple[type, dict[str, Any]]] = {}

    def list_intact(self) -> list[str]:
        return [name for name, value in self.values.items() if self.names.get(name, _ABSENT) is value]

    def keep(self, names: Iterable[str], intact: Iterable[str] = ()) -> None:
        """Take these names as the author's, as they are bound now; of `intact` ones, which were that before, what is new."""
        for name in intact:
            if name in self.names:
                self.values[name] = self.names[name]
        for name in names:
            if name in self.names:
                value = self.values[name] = self.names[name]
                if getattr(value, "__module__", None) == "__main__":
                    self._keep(value)

    def _keep(self, value: Any) -> None:
        if isinstance(value, FunctionType):
            self.functions[id(value)] = value, _take_parts(value)
        elif isinstance(value, type):
            self.classes[id(value)] = value, {name: part for name, part in vars(value).items() if name not in _OWN}
            for part in vars(value).values():
                function = getattr(part, "__func__", part)
                if isinstance(function, FunctionType):
                    self.functions[id(function)] = function, _take_parts(function)

    def put_right(self) -> dict[str, Any]:
        """The names with what the author bound, where a student redefined it; the author's functions then see one another's.

        What a student's code changed in an author's function or class is changed back.
        """
        for function, parts in self.functions.values():
            if _take_parts(function) != parts:
                function.__code__, function.__defaults__, function.__kwdefaults__ = parts
        for kind, parts_of_class in self.classes.values():
            _restore(kind, parts_of_class)
        names, values = self.names, self.values
        if all(names.get(name, _ABSENT) is value for name, value in values.items()):
            return names
        right = {**names, **values}
        for name, value in values.items():
            if isinstance(value, FunctionType) and value.__globals__ is names:
                right[name] = _copy_function(value, right)
        return right


def _take_parts(function: FunctionType) -> _Parts:
    return function.__code__, function.__defaults__, function.__kwdefaults__


def _restore(kind: type, parts: dict[str, Any]) -> None:
    """Give a class back what it did. What a student's code added to it stays, and so does what the class counts or collects."""
    now = vars(kind)
    for name, part in parts.items():
        if now.get(name, _ABSENT) is not part and (_does(part) or _does(now.get(name))):
            type.__setattr__(kind, name, part)
    for name in [name for name in now if name not in parts and name not in _OWN and _does(now[name])]:
        if any(name in vars(base) for base in kind.__mro__[1:]):  # in place of what the class inherits
            type.__delattr__(kind, name)


def _does(part: Any) -> bool:
    return callable(part) or isinstance(part, (staticmethod, classmethod, property))


def _copy_function(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    """The same function, whose global names are `names`."""
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__, made.__dict__ = function.__kwdefaults__, dict(function.__dict__)
    return made

"""Containers of the standard library that behave like plain ones: an answer may give a `UserList` where a list is expected.

Each passes as a copy. A class that a student builds on one doesn't.
"""

from __future__ import annotations

from array import array
from collections import ChainMap, UserDict, UserList, UserString
from types import MappingProxyType
from typing import Any

from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.wire import Part

_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_CODES = "bBhHiIlLqQfd"
TAGS = ("view", "user list", "user dict", "user text", "chain", "proxy", "machine array", "memory")


def write_relative(value: Any, write: Part) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is none of these."""
    kind = type(value)
    if kind in _VIEWS:
        return {"t": "view", "of": _VIEWS[kind], "v": write(list(value))}
    if kind is UserList:
        return {"t": "user list", "v": write(value.data)}
    if kind is UserDict:
        return {"t": "user dict", "v": write(value.data)}
    if kind is UserString:
        return {"t": "user text", "v": write(value.data)}
    if kind is ChainMap and all(type(each) is dict for each in value.maps):
        return {"t": "chain", "v": write(value.maps)}
    if kind is MappingProxyType:
        return {"t": "proxy", "v": write(dict(value))}
    if kind is memoryview and value.format == "B" and value.ndim == 1:
        return {"t": "memory", "v": write(value.tobytes())}
    if kind is array and value.typecode in _CODES:
        return {"t": "machine array", "of": value.typecode, "v": write(value.tobytes())}
    return None


def read_relative(tree: dict[str, Any], read: Part) -> Any:
    """What `write_relative` wrote. Raises `Malformed`, and the errors that `wire.decode` expects."""
    tag, value = tree["t"], read(tree["v"])
    if tag == "view":
        of, items = tree["of"], _of(list, value)
        if of == "keys":
            return dict.fromkeys(items).keys()
        return dict(enumerate(items)).values() if of == "values" else dict(items).items()
    if tag == "user list":
        return UserList(_of(list, value))
    if tag == "user dict":
        return UserDict(_of(dict, value))
    if tag == "user text":
        return UserString(_of(str, value))
    if tag == "chain":
        return ChainMap(*(_of(dict, each) for each in _of(list, value)))
    if tag == "proxy":
        return MappingProxyType(_of(dict, value))
    if tag == "memory":
        return memoryview(_of(bytes, value))
    if type(tree["of"]) is not str or tree["of"] not in tuple(_CODES):
        raise Malformed("no type of numbers")
    return array(tree["of"], _of(bytes, value))


def is_changeable(value: object) -> bool:
    """Whether this is one of those that change in place."""
    return type(value) in (UserList, UserDict, ChainMap, array)


def replace_relative(old: Any, new: Any) -> None:
    """Give one that changes in place the contents of another one."""
    if isinstance(old, UserList):
        old.data[:] = new.data
    elif isinstance(old, array):
        old[:] = new
    elif isinstance(old, UserDict):
        old.data = new.data
    else:
        old.maps[:] = new.maps


def _of(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise Malformed(f"no {kind.__name__}")
    return value

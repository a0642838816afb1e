"""Objects of the author's classes as values: both processes ran the cell that defines the class, so an object can be rebuilt in the other.

What passes is the class's name and plain parts; the class is the receiver's own. A student who changes such a class in their process changes
nothing of the examiner's.
"""

from __future__ import annotations

import dis
import enum
import functools
from collections.abc import Callable
from typing import Any

from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.wire import Part

Find = Callable[[str], Any]
"""The class of the author's that has a name, or `None`."""


def is_owned(value: object, find: Find) -> bool:
    """Whether this is an object of an author's class, with parts that can be written."""
    kind = type(value)
    return kind.__module__ == "__main__" and find(kind.__name__) is kind and _parts(value) is not None


def is_changeable(value: object) -> bool:
    return not isinstance(value, (enum.Enum, tuple))


def _parts(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, enum.Enum):
        return None if value._name_ is None else value._name_
    if isinstance(value, tuple):
        return list(value) if hasattr(kind, "_fields") else None
    plain = all("__slots__" not in vars(each) for each in kind.__mro__[:-1]) and kind.__basicsize__ <= _SIZE
    return dict(vars(value)) if plain and hasattr(value, "__dict__") else None


class _Plain:
    pass


_SIZE = _Plain.__basicsize__


def write_owned(value: Any, write: Part, find: Find) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is no object of an author's class."""
    if not is_owned(value, find):
        return None
    return {"t": "own", "class": type(value).__name__, "v": write(_parts(value))}


def read_owned(tree: dict[str, Any], read: Part, find: Find, doubted: bool = False) -> Any:
    """What `write_owned` wrote. Runs no method of the class. Raises `Malformed`.

    An object that is `doubted` has no parts in place of what its class has for all of its objects, such as a tolerance. `None` there
    stands for what each has for itself.
    """
    kind, parts = find(tree["class"]), read(tree["v"])
    if type(parts) is str and isinstance(kind, enum.EnumMeta):
        return kind[parts]
    if not isinstance(kind, type) or isinstance(kind, enum.EnumMeta):
        raise Malformed("no class of the author's")
    if type(parts) is list and issubclass(kind, tuple) and len(parts) == len(getattr(kind, "_fields", ())):
        return tuple.__new__(kind, parts)
    if type(parts) is not dict or not all(type(name) is str for name in parts) or kind.__basicsize__ > _SIZE:
        raise Malformed("no parts of an object")
    if any(callable(getattr(kind, name, None)) for name in parts):
        raise Malformed("a method that the class doesn't have")
    if doubted:
        kept = {name for name in parts if isinstance(getattr(kind, name, None), functools.cached_property)}
        parts = {
            name: part for name, part in parts.items() if name not in kept
        }  # worked out here, where it is asked for
        if not parts.keys().isdisjoint(_find_constants(kind)):
            raise Malformed("another value for what all objects of the class have in common")
    made: Any = object.__new__(kind)
    vars(made).update(parts)
    return made


@functools.lru_cache(maxsize=256)
def _find_constants(kind: type) -> frozenset[str]:
    """What the body of a class binds, and none of its methods, except for fields with types."""
    stored, bound = set(), set()
    for each in kind.__mro__[:-1]:
        if each.__module__ != "__main__":
            continue
        fields = vars(each).get("__annotations__", {})
        bound |= {
            name
            for name, value in vars(each).items()
            if name not in fields and not name.startswith("__") and value is not None
        }
        for value in vars(each).values():
            code = getattr(getattr(value, "__func__", value), "__code__", None)
            if code is not None:
                stored |= {line.argval for line in dis.get_instructions(code) if line.opname == "STORE_ATTR"}
    return frozenset(bound - stored)


def replace_parts(old: Any, new: Any) -> None:
    """Give an object the parts of another one of its class."""
    if type(old) is type(new) and type(old).__module__ == "__main__" and is_changeable(old):
        vars(old).clear()
        vars(old).update(vars(new))

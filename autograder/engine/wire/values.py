"""Values that either process may hand to the other as copies, beyond the wire's own types.

All are of the standard library, numpy or torch, and are built here from plain parts that were looked at. Used as the `other` of
`wire.encode` and `wire.decode`.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import PosixPath, PurePosixPath
from typing import Any

import numpy
import torch
from torch import Tensor

from autograder.engine.wire import relatives, wire
from autograder.engine.wire.arrays import TAGS, is_changeable, read_array, replace_array, write_array
from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.hints import read_hint, write_hint
from autograder.engine.wire.tables import is_table, read_table, replace_table, write_table
from autograder.engine.wire.wire import Part

MAX_LETTERS = 16 << 20
"""Characters of an array of words."""

_PLAIN = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    bytearray,
    list,
    tuple,
    dict,
    set,
    frozenset,
    range,
    slice,
    object,
    type,
)
_FIXED: dict[str, Any] = {
    "Ellipsis": Ellipsis,
    "NotImplemented": NotImplemented,
    "NoneType": type(None),
    **{kind.__name__: kind for kind in _PLAIN},
    **{str(kind): kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)},
    **{
        f"numpy.{kind}": getattr(numpy, kind)
        for kind in "bool int8 uint8 int32 int64 float32 float64 complex128".split()
    },
    **{
        f"dtype {kind}": numpy.dtype(kind)
        for kind in "bool int8 uint8 int16 int32 int64 float32 float64 complex128".split()
    },
    **{f"device {kind}": torch.device(kind) for kind in ("cpu", "cuda", "meta")},
    "Tensor": Tensor,
    "ndarray": numpy.ndarray,
}
"""Values that have a name of their own."""

_NAMES = {(type(value), value): name for name, value in _FIXED.items()}

_TEXTS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "date": (date, date.isoformat, date.fromisoformat),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "time": (time, time.isoformat, time.fromisoformat),
    "PosixPath": (PosixPath, str, PosixPath),
    "PurePosixPath": (PurePosixPath, str, PurePosixPath),
}
"""Values that are written as a text: their type, how to write it and how to read it."""

_FACTORIES: dict[str, Any] = {kind.__name__: kind for kind in (int, float, str, list, dict, set)}
MUTABLE = (list, dict, set, bytearray, deque, OrderedDict, Counter, defaultdict, numpy.ndarray)
"""Types of data that a call may change in place; tensors too."""


def is_mutable(value: object) -> bool:
    """Whether this is data that can change in place."""
    if type(value) is numpy.ndarray:
        return value.dtype.kind in "biufcUOMmS"
    known = type(value) in MUTABLE or isinstance(value, Tensor) or is_table(value)
    return known or is_changeable(value) or relatives.is_changeable(value)


class Leaf:
    """Holds a tensor that requires a gradient; see `mark`."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def mark(value: Any) -> Any:
    """`value` with its tensors that require a gradient as `Leaf`, also one level into a list or tuple."""
    if isinstance(value, Tensor):
        return Leaf(value) if value.requires_grad else value
    if type(value) in (list, tuple) and any(isinstance(item, Tensor) and item.requires_grad for item in value):
        return type(value)(mark(item) if isinstance(item, Tensor) else item for item in value)
    return value


def write_value(value: object, write: Part) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is not of a known type."""
    kind: Any = type(value)
    if (
        kind is type
        or kind in (type(Ellipsis), type(NotImplemented), torch.dtype, torch.device)
        or isinstance(value, numpy.dtype)
    ):
        name = _NAMES.get((kind, value))
        return None if name is None else {"t": "fixed", "v": name}
    if (written := write_table(value, write) or write_array(value, write)) is not None:
        return written
    if kind.__module__ in ("types", "typing") and (hint := write_hint(value, write)) is not None:
        return hint
    if (relative := relatives.write_relative(value, write)) is not None:
        return relative
    if isinstance(value, Leaf):
        return {"t": "leaf", "v": write(value.tensor.detach())}
    if isinstance(value, slice):
        return {"t": "slice", "v": [write(part) for part in (value.start, value.stop, value.step)]}
    if kind is torch.Size:
        return {"t": "size", "v": list(value)}  # type: ignore[call-overload]
    if kind is bytearray:
        return {"t": "bytearray", "v": write(bytes(value))}  # type: ignore[call-overload]
    if kind is numpy.str_:
        return {"t": "word", "v": write(str(value))}
    if kind is numpy.ndarray and value.dtype.kind == "U":  # type: ignore[attr-defined]
        return {"t": "words", "shape": write(list(value.shape)), "v": write(value.reshape(-1).tolist())}  # type: ignore[attr-defined]
    if kind is deque:
        return {"t": "deque", "v": write(list(value)), "size": write(value.maxlen)}  # type: ignore[call-overload, attr-defined]
    if kind is OrderedDict or kind is Counter:
        return {"t": kind.__name__, "v": write(dict(value))}  # type: ignore[call-overload]
    if kind is defaultdict:
        factory = value.default_factory  # type: ignore[attr-defined]
        known = factory is None or factory in _FACTORIES.values()
        made = getattr(factory, "__name__", None) if known else write(factory)
        return {"t": "defaultdict", "factory": made, "v": write(dict(value))}  # type: ignore[call-overload]
    if kind is re.Pattern:
        return {"t": "pattern", "flags": value.flags, "v": write(value.pattern)}  # type: ignore[attr-defined]
    if kind is timedelta:
        return {"t": "timedelta", "v": [value.days, value.seconds, value.microseconds]}  # type: ignore[attr-defined]
    if kind.__name__ in _TEXTS and kind is _TEXTS[kind.__name__][0]:
        return {"t": kind.__name__, "v": write(_TEXTS[kind.__name__][1](value))}
    return None


def read_value(tree: dict[str, Any], read: Part) -> Any:
    """What `write_value` wrote. Raises `Malformed`, and the errors that `wire.decode` expects."""
    tag = tree["t"]
    if tag == "fixed":
        return _FIXED[tree["v"]]
    if tag in ("frame", "series", "index", "moment", "nothing"):
        return read_table(tree, read)
    if tag in TAGS:
        return read_array(tree, read)
    if tag == "hint":
        return read_hint(tree, read)
    if tag == "size":
        return torch.Size([_natural(size) for size in _of(list, tree["v"])])
    if tag == "slice":
        return slice(*(read(part) for part in _of(list, tree["v"])[:3]))
    if tag == "timedelta":
        days, seconds, microseconds = (_of(int, part) for part in tree["v"])
        return timedelta(days, seconds, microseconds)
    if tag == "words":
        return _words([_natural(size) for size in read(tree["shape"])], _of(list, read(tree["v"])))
    if tag in relatives.TAGS:
        return relatives.read_relative(tree, read)
    factory = tree.get("factory")
    if type(factory) is dict:
        factory = read(factory)
    value = read(tree["v"])
    if tag == "leaf":
        return _of(Tensor, value).requires_grad_()
    if tag == "bytearray":
        return bytearray(_of(bytes, value))
    if tag == "pattern":
        return re.compile(value, _of(int, tree["flags"]))
    if tag == "word":
        return numpy.str_(_of(str, value))
    if tag == "deque":
        size = read(tree["size"])
        return deque(_of(list, value), None if size is None else _natural(size))
    if tag == "OrderedDict":
        return OrderedDict(_of(dict, value))
    if tag == "Counter":
        return Counter(_of(dict, value))
    if tag == "defaultdict":
        made = _FACTORIES.get(factory) if type(factory) is str else factory
        return defaultdict(made if callable(made) else None, _of(dict, value))
    if tag in _TEXTS:
        return _TEXTS[tag][2](_of(str, value)[:4096])
    raise Malformed("an unknown type")


def replace_contents(old: Any, new: Any) -> None:
    """Give `old` the contents of `new`, if it is of the same type; what is in both stays the very same object."""
    if isinstance(old, Tensor):
        if isinstance(new, Tensor) and old.shape == new.shape and old.dtype == new.dtype:
            with torch.no_grad():
                old.copy_(new)
    elif type(old) is type(new):
        if is_table(old):
            replace_table(old, new)
        elif is_changeable(old):
            replace_array(old, new)
        elif relatives.is_changeable(old):
            relatives.replace_relative(old, new)
        elif isinstance(old, numpy.ndarray):
            if old.shape == new.shape and old.dtype == new.dtype and old.flags.writeable:
                old[...] = new
        elif isinstance(old, (list, bytearray)):
            old[:] = [_keep(new[place], old, place) for place in range(len(new))] if type(old) is list else new
        elif isinstance(old, dict):
            kept = {key: _keep(value, old, key) for key, value in new.items()}
            old.clear()
            old.update(kept)
        elif isinstance(old, (set, deque)):
            old.clear()
            old.extend(new) if isinstance(old, deque) else old.update(new)


def _keep(item: Any, old: Any, place: Any) -> Any:
    """The item that is at its place already, where it is the same as the new one."""
    known = place < len(old) if type(old) is list else place in old
    found = old[place] if known else None
    if type(found) is type(item) and type(item) in (list, dict, tuple, set):
        try:
            return found if wire.encode(found) == wire.encode(item) else item
        except wire.Unsendable:
            pass
    return item


def _words(shape: list[int], words: list[Any]) -> Any:
    if len(words) * max((len(_of(str, word)) for word in words), default=0) > MAX_LETTERS:
        raise Malformed("too many letters")
    return numpy.array(words, dtype=str).reshape(shape)


def _of(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise Malformed(f"no {kind.__name__}")
    return value


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise Malformed("not a size")
    return value

"""What can be done with an original: each operation by its name, as `originals` does it and `proxies` asks for it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy

PLAIN_BASES = (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
"""The plain types that a class may be built on."""


def _call(function: Any, /, *arguments: Any, **named: Any) -> Any:
    return function(*arguments, **named)


def _array(value: Any) -> Any:
    return numpy.array(value, subok=False)


def _enter(manager: Any) -> Any:
    return type(manager).__enter__(manager)


def _exit(manager: Any, *error: Any) -> Any:
    return bool(type(manager).__exit__(manager, *error))


def _signature(function: Any) -> list[tuple[Any, ...]]:
    parameters = inspect.signature(function).parameters.values()
    empty = inspect.Parameter.empty
    return [(each.name, int(each.kind), each.default is not empty, _plain_or_none(each.default)) for each in parameters]


def _source(thing: Any) -> str:
    return inspect.getsource(thing)


def _await(thing: Any) -> Any:
    """The result of an awaitable."""

    async def wait() -> Any:
        return await thing

    return asyncio.get_event_loop().run_until_complete(wait())


def _plain_or_none(value: Any) -> Any:
    return value if type(value) in (bool, int, float, str) else None


def _payload(value: Any, base: str) -> Any:
    kind: Any = next(kind for kind in PLAIN_BASES if kind.__name__ == base)
    if kind in (list, tuple):
        return kind.__getitem__(value, slice(None))
    if kind is dict:
        return dict(dict.items(value))
    if kind in (set, frozenset):
        return kind(kind.__iter__(value))
    if kind in (str, bytes):
        return kind(kind.__getitem__(value, slice(None)))
    return kind.__add__(value, kind())


def _fetch(iterator: Any, count: int) -> tuple[list[Any], Exception | None]:
    """The next items of an iterator, and the error that ended it."""
    items: list[Any] = []
    try:
        while len(items) < count:
            items.append(next(iterator))
    except Exception as error:
        return items, error
    return items, None


OPERATIONS: dict[str, Callable[..., Any]] = {
    **{
        function.__name__: function
        for function in (getattr, setattr, delattr, str, repr, format, hash, bool, len, int, float)
    },
    **{function.__name__: function for function in (complex, iter, next, reversed, round, abs, divmod, dir)},
    **{
        name: getattr(operator, name)
        for name in "eq ne lt le gt ge neg pos invert index contains getitem setitem delitem".split()
    },
    **{
        name: getattr(operator, name)
        for name in "add sub mul truediv floordiv mod pow matmul lshift rshift xor and_ or_".split()
    },
    **{f"i{name}": getattr(operator, f"i{name}") for name in "add sub mul truediv floordiv mod pow matmul".split()},
    **{f"i{name}": getattr(operator, f"i{name}") for name in "lshift rshift xor and or".split()},
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "call": _call,
    "array": _array,
    "enter": _enter,
    "exit": _exit,
    "signature": _signature,
    "source": _source,
    "await": _await,
    "payload": _payload,
    "fetch": _fetch,
}
"""What can be done with an original."""

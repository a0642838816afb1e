"""The special methods of stand-ins, by which they take part in a test's own operations, and the classes that have them."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy
from torch import Tensor

from autograder.engine.standins.proxies import (
    OWN,
    PAYLOADS,
    READABLE,
    CannotSplit,
    Link,
    StandIn,
    StandInClass,
    get_guarded,
    get_payload,
    is_made,
    keep_made,
    link_of,
    stay_made,
)

MAX_ITEMS = 1_000_000
"""Of an object in which a test looks for a value."""


def make_class(
    link: Link,
    number: int,
    name: str,
    bases: tuple[type, ...],
    special: set[str],
    base: str | None,
    reals: tuple[type, ...] = (),
    passes_for: type | None = None,
    foreign: bool = False,
) -> StandInClass:
    """The stand-in for a class. `special` are the special methods that it has, `base` the plain type that it is built on, `reals` the
    classes of this process that it passes for under `isinstance` and `issubclass`; `passes_for` is one that it can pass for under
    `isinstance` alone, and `foreign` is one that the student's code does not define.

    Raises `TypeError` where classes cannot have these bases.
    """
    borrowed = [(name, value) for real in reals for each in real.__mro__[:-1] for name, value in vars(each).items()]
    special = special | {name for name, _ in borrowed if name in _SPECIAL and name != "__hash__"}
    if special & {
        "__iter__",
        "__getitem__",
    }:  # Python would look for a value among the items, and stop where it finds one
        special = special | {"__contains__"}
    # A class that it passes for must not answer in its place: `unittest.mock.ANY` is equal to everything.
    methods: dict[str, Any] = {name: None for name, value in borrowed if _speaks(name, value)}
    methods |= {name: _SPECIAL[name] for name in special if name in _SPECIAL}
    if "unhashable" in special:
        methods["__hash__"] = None
    elif "__hash__" not in methods:  # a class with `__eq__` alone would have none
        methods["__hash__"] = object.__hash__
    for each in ("__doc__", "__annotations__"):  # every class has them itself
        methods[each] = property(lambda self, each=each: link_of(self).operate("getattr", self, each))  # type: ignore[misc]
    if base in PAYLOADS:
        passes_for = type(name, (PAYLOADS[base],), {"__module__": "__main__"})
    if passes_for is not None:
        methods["__class__"] = property(lambda self: passes_for)
    if reals:
        methods["__getattribute__"] = _get_own
    own: dict[str, Any] = {"__standin__": (link, number, PAYLOADS.get(base or "")), "__module__": "__main__"}
    if not reals:  # Python takes an object for one with a dictionary where its class passes for one of those
        own["__slots__"] = ()
    own["__foreign__"] = foreign
    own["__reals__"] = reals + tuple(each for one in bases for each in getattr(one, "__reals__", ()))
    made: StandInClass = type.__new__(StandInClass, name, bases or (StandIn,), {**methods, **own})
    return made


def _speaks(name: str, value: Any) -> bool:
    """Whether a library's class, such as torch's, may speak to Python or to numpy by this for an object that passes for one of its own."""
    inner = getattr(value, "__func__", value)
    known = name in OWN or name in READABLE or not (name.startswith("__") and name.endswith("__"))
    return not known and callable(inner) and getattr(inner, "__module__", "") != "__main__"


def _get_own(self: StandIn, name: str) -> Any:
    """What a class of this process that it passes for has is not the original's."""
    __tracebackhide__ = True
    if name not in READABLE and (name in OWN or (name.startswith("__") and name.endswith("__"))):
        return object.__getattribute__(self, name)
    return StandIn.__getattr__(self, name)


def _unary(operation: str) -> Callable[..., Any]:
    def method(self: StandIn, *arguments: Any) -> Any:
        __tracebackhide__ = True
        return keep_made(self, link_of(self).operate(operation, self, *arguments))

    return method


def _number(operation: str, plain: type) -> Callable[..., Any]:
    """A conversion to the `plain` type. What is built on it is that number for all of C's code, whatever its own method says."""
    ask = _unary(operation)

    def method(self: StandIn) -> Any:
        __tracebackhide__ = True
        return get_payload(self) if self.__standin__[2] is plain else ask(self)

    return method


def _binary(operation: str, reflected: bool = False) -> Callable[..., Any]:
    """Arithmetic. What is built on a plain type counts as that."""

    def method(self: StandIn, other: Any) -> Any:
        __tracebackhide__ = True
        plain = not isinstance(other, StandIn)
        trusted = _trusts(self, f"{operation.removeprefix('i').strip('_')} plain data" if plain else "")
        if not is_made(self):
            payload, given = get_payload(self), other if plain else get_payload(other)
            if payload is not NotImplemented and given is not NotImplemented:
                here = getattr(operator, operation)
                return here(given, payload) if reflected else here(payload, given)
            if not trusted:
                raise CannotSplit(
                    f"arithmetic of a {type(self).__name__} of the student's and a {type(other).__name__}"
                )
        pair = (other, self) if reflected else (self, other)
        return keep_made(self, link_of(self).operate(operation, *pair))

    return method


def _comparison(operation: str) -> Callable[..., Any]:
    """Between two stand-ins it is the word of a class that is tested, if it is one; with plain data it is decided here."""

    def method(self: StandIn, other: Any) -> Any:
        __tracebackhide__ = True
        payload = get_payload(self)
        if not isinstance(other, (StandIn, StandInClass)):
            return NotImplemented if payload is NotImplemented else getattr(operator, operation)(payload, other)
        if _trusts(self) or is_made(self):
            return link_of(self).operate(operation, self, other)
        given = get_payload(other) if isinstance(other, StandIn) else NotImplemented
        if payload is not NotImplemented and given is not NotImplemented:
            return getattr(operator, operation)(payload, given)
        return NotImplemented  # the same object or another one; none is more or less

    return method


def _trusts(thing: StandIn, how: str = "") -> bool:
    return link_of(thing).trusts((thing if isinstance(thing, StandInClass) else type(thing)).__name__, how)


def _call(self: StandIn, /, *arguments: Any, **named: Any) -> Any:
    __tracebackhide__ = True
    result = link_of(self).operate("call", self, *arguments, **named)
    owner, name, plain, made = get_guarded(self) or (None, "", False, False)
    if owner is not None and (arguments or named) and result is not None:
        known = link_of(owner).tells(f"{name}{'?' * _is_verdict(result)}")
        decides = (plain and result is not owner) or _is_verdict(result) or not known
        of_class = isinstance(owner, StandInClass)
        if decides and not known and not made and (of_class or not is_made(owner)):
            raise CannotSplit("a method of an object of the student's was told a value, and decides")
        if decides:
            _trusts(owner)  # to be noted, in the run of the author's solutions; a student may give a class any name
    if made and owner is not None and result is owner:
        stay_made(owner)
    return result


def _is_verdict(result: Any) -> bool:
    if isinstance(result, (Tensor, numpy.ndarray)):
        return str(result.dtype).endswith("bool")
    return isinstance(result, (bool, numpy.bool_))


def _contains(self: StandIn, item: Any) -> Any:
    """The student's own word where the test left it to an object of that class; of anything else, found out here, among all of its items."""
    if (isinstance(item, StandIn) and _trusts(self, "contains")) or is_made(self):
        return link_of(self).operate("contains", self, item)
    items = list(itertools.islice(iter(self), MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        raise CannotSplit("a value was looked for among items that do not end")
    return any(found is item or found == item for found in items)


def _next(self: StandIn) -> Any:
    __tracebackhide__ = True
    return link_of(self).next(self)


def _exit(self: StandIn, kind: Any, error: Any, trace: Any) -> Any:
    """No error inside `with`, such as a test's assertion that fails, is taken away where the author's solution takes none away."""
    passes = link_of(self).operate("exit", self, kind, error, None)
    if not passes or error is None:
        return False
    if not link_of(self).tells("__exit__"):
        raise CannotSplit(f"a {type(self).__name__} of the student's takes an error away")
    return True


_ARITHMETIC = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor".split()
_SPECIAL: dict[str, Any] = {
    "__call__": _call,
    "__contains__": _contains,
    "__next__": _next,
    "__exit__": _exit,
    **{
        f"__{name}__": _unary(name)
        for name in "neg pos invert abs round index bool len iter reversed hash trunc floor ceil enter "
        "getitem setitem delitem".split()
    },
    **{f"__{plain.__name__}__": _number(plain.__name__, plain) for plain in (int, float, complex)},
    **{f"__{name}__": _comparison(name) for name in "eq ne lt le gt ge".split()},
    **{f"__{name}__": _binary(name + "_" * (name in ("and", "or"))) for name in _ARITHMETIC},
    **{f"__r{name}__": _binary(name + "_" * (name in ("and", "or")), reflected=True) for name in _ARITHMETIC},
    **{f"__i{name}__": _binary("i" + name) for name in _ARITHMETIC},
}
"""The special methods of a stand-in, for an original that has them."""

SPECIAL = frozenset(_SPECIAL) | {"unhashable"}

"""Stand-ins: what the student's objects and classes are in the examiner's process.

Each operation on a stand-in is done on the original, in the student's process, with one exception: **the student's process never
learns what a test expects, nor decides whether it is so**. A stand-in is never equal to plain data. What a test leaves to the methods of
a class of the student's (arithmetic, comparing two objects, a method that is told a value and decides) is left to them only where the
author's own solution has a class of that name there, and the test left it to that: see `Link.trusts`.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import numpy
from torch import Tensor

refusals: list[str] = []
"""The words of every `CannotSplit` of the cell that runs; a test may have caught it."""


class CannotSplit(TypeError):
    """A test does what cannot be done from another process."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        refusals.append(says)


class Link(Protocol):
    """The way to the originals."""

    def operate(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """The result of an operation on originals; see `originals.OPERATIONS`."""
        ...

    def next(self, iterator: Any) -> Any:
        """The next item of an original. Raises `StopIteration`."""
        ...

    def signature(self, thing: Any) -> Any:
        """The `inspect.Signature` of an original. Raises `AttributeError` where it has none."""
        ...

    def makes(self, name: str) -> bool:
        """Whether the statement that runs makes objects of the class `name`, as the run of the author's solution showed."""
        ...

    def trusts(self, name: str, how: str = "") -> bool:
        """Whether the statement that runs leaves decisions, or those which `how` names, to objects of the class `name`, as that run showed."""
        ...

    def tells(self, method: str) -> bool:
        """Whether the statement that runs tells objects of the author's solution a value by this `method`, with a "?" where it gives a verdict."""
        ...

    def source(self, thing: Any) -> str:
        """The text of an original's definition. Raises `OSError` where there is none."""
        ...


READABLE = frozenset(
    "__name__ __qualname__ __doc__ __dict__ __annotations__ __defaults__ __kwdefaults__ __code__ __closure__ __self__ __func__ "
    "__init__ __dataclass_fields__ __dataclass_params__ __match_args__ __slots__ __members__ __abstractmethods__ __isabstractmethod__ "
    "__wrapped__".split()
)
"""The attributes with two underscores that are asked for. Others speak to Python or to numpy (`__array_interface__` holds an address)."""

_PLAIN_METHODS = frozenset(
    name
    for kind in (int, float, complex, str, bytes, list, tuple, dict, set, range, numpy.ndarray, Tensor)
    for name in dir(kind)
    if not name.startswith("_")
)
"""Methods of plain data, such as `allclose` and `startswith`, which a test would tell what it expects."""

PAYLOADS: dict[str, type] = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
}
"""The plain types that a class of the student's may be built on."""

_FIXED = (int, float, complex, str, bytes)
"""Those whose values never change."""


class StandInClass(type):
    """The type of stand-ins for classes; a stand-in for an object is an instance of one."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> StandInClass:
        if bases:
            raise CannotSplit("a class of the student's cannot be a base of a class in a test")
        return super().__new__(cls, name, bases, namespace)

    def mro(cls) -> list[type]:
        """With what `isinstance` is to know: classes of libraries and of the author's that the original is built on."""
        order = super().mro()
        known = [
            each
            for real in type.__getattribute__(cls, "__dict__").get("__reals__", ())
            for each in real.__mro__
            if each not in order
        ]
        return [*order[:-1], *dict.fromkeys(known), object]

    def __getattribute__(cls, name: str) -> Any:
        own = type.__getattribute__(cls, "__dict__")
        if name in ("__dict__", "__init__") and "__standin__" in own:
            return _get(cls, name)
        if name.startswith("__") or name == "mro" or not type.__getattribute__(cls, "__reals__"):
            return type.__getattribute__(cls, name)
        return _get_guarded(cls, name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        made = link_of(cls).operate("call", cls, *arguments, **named)
        if isinstance(made, cls) and link_of(cls).makes(cls.__name__):
            _MADE(made, True)
        return made

    def __getattr__(cls, name: str) -> Any:
        __tracebackhide__ = True
        return _get_guarded(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        link_of(cls).operate("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        link_of(cls).operate("delattr", cls, name)

    def __getitem__(cls, key: Any) -> Any:
        return link_of(cls).operate("getitem", cls, key)

    def __iter__(cls) -> Any:
        return link_of(cls).operate("iter", cls)

    def __len__(cls) -> Any:
        return link_of(cls).operate("len", cls)

    def __bool__(cls) -> bool:
        return True

    def __dir__(cls) -> Any:
        return link_of(cls).operate("dir", cls)

    @property
    def __doc__(cls) -> Any:  # type: ignore[override]
        return link_of(cls).operate("getattr", cls, "__doc__") if cls is not StandIn else None


class StandIn(metaclass=StandInClass):
    """Stands for an object of the student's. The class of each has the special methods that the original's has."""

    __slots__ = ("__guarded", "__id", "__kept", "__made", "__weakref__")
    __standin__: Any
    __id: int
    __made: bool
    __guarded: Any
    __kept: Any

    __array_ufunc__ = None
    __reals__: tuple[type, ...] = ()
    __foreign__ = False

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        return _get_guarded(self, name, self.__made)

    def __setattr__(self, name: str, value: Any) -> None:
        __tracebackhide__ = True
        link_of(self).operate("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        __tracebackhide__ = True
        link_of(self).operate("delattr", self, name)

    def __str__(self) -> Any:
        return link_of(self).operate("str", self)

    def __repr__(self) -> Any:
        return link_of(self).operate("repr", self)

    def __format__(self, spec: str) -> Any:
        return link_of(self).operate("format", self, spec)

    def __dir__(self) -> Any:
        return link_of(self).operate("dir", self)

    def __copy__(self) -> Any:
        return keep_made(self, link_of(self).operate("copy", self))

    def __deepcopy__(self, memo: Any) -> Any:
        return keep_made(self, link_of(self).operate("deepcopy", self))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise CannotSplit("an object of the student's cannot be pickled")

    def __array__(self, *arguments: Any, **named: Any) -> Any:
        payload = get_payload(self)
        if payload is NotImplemented and type(self).__foreign__:  # of a library that has arrays of its own
            payload = link_of(self).operate("array", self)
            if type(payload) is numpy.ndarray:
                return payload
        if type(payload) not in (list, tuple, int, float, complex):
            raise TypeError(f"a {type(self).__name__} isn't an array")
        return numpy.asarray(payload)


_ID = StandIn.__dict__["_StandIn__id"].__set__
_MADE = StandIn.__dict__["_StandIn__made"].__set__
_KEPT = StandIn.__dict__["_StandIn__kept"].__set__
_get_kept = StandIn.__dict__["_StandIn__kept"].__get__
_GUARDED = StandIn.__dict__["_StandIn__guarded"].__set__
_get_id = StandIn.__dict__["_StandIn__id"].__get__
is_made = StandIn.__dict__["_StandIn__made"].__get__
get_guarded = StandIn.__dict__["_StandIn__guarded"].__get__


OWN = frozenset(StandIn.__dict__) | frozenset(dir(object))


def make_object(kind: StandInClass, number: int) -> StandIn:
    made: StandIn = object.__new__(kind)  # type: ignore[arg-type]
    _ID(made, number)
    _MADE(made, False)
    _GUARDED(made, None)
    _KEPT(made, None)
    return made


def stay_made(thing: StandIn) -> None:
    """A method of an object that the test has made gives the object itself."""
    _MADE(thing, True)


def forget_made(thing: StandIn) -> None:
    """It came from a function of the student's: it may be anything."""
    _MADE(thing, False)


def identify(thing: Any) -> int:
    """The number by which the student's process knows it."""
    number: int = thing.__standin__[1] if isinstance(thing, StandInClass) else _get_id(thing)
    return number


def get_payload(thing: StandIn) -> Any:
    """The plain data in an object of a class that is built on a plain type, else `NotImplemented`."""
    base = thing.__standin__[2]
    if base is None:
        return NotImplemented
    kept = _get_kept(thing)
    if kept is not None:
        return kept
    payload = link_of(thing).operate("payload", thing, base.__name__)
    if type(payload) is not base:
        raise TypeError(f"a {type(thing).__name__} without a {base.__name__}")
    if base in _FIXED:  # else the student's process could give each question another number
        _KEPT(thing, payload)
    return payload


def link_of(thing: Any) -> Link:
    link: Link = thing.__standin__[0]
    return link


def _get(thing: Any, name: str) -> Any:
    __tracebackhide__ = True
    if name == "__signature__":
        return link_of(thing).signature(thing)
    if name.startswith("__") and name.endswith("__") and name not in READABLE:
        raise AttributeError(f"a stand-in has no attribute {name!r}")
    return link_of(thing).operate("getattr", thing, name)


def _get_guarded(thing: Any, name: str, made: bool = False) -> Any:
    """An attribute; where it is a function or a class, whoever calls it with a value finds out what it belongs to."""
    __tracebackhide__ = True
    found = _get(thing, name)
    if not isinstance(found, StandIn):
        # A class, one of Python's too, says yes to whatever it is told: `bool`, `type`.
        if isinstance(found, type) and not made and not link_of(thing).tells(f"{name} class"):
            raise CannotSplit(f"a class of the student's as the method {name!r}")
    else:
        _GUARDED(found, (thing, name, name in _PLAIN_METHODS, made))
    return found


def keep_made(origin: StandIn, result: Any) -> Any:
    if isinstance(result, StandIn) and is_made(origin) and type(result) is type(origin):
        _MADE(result, True)
    return result

"""Stand-ins: what the student's objects and classes are in the examiner's process.

Each operation on a stand-in is done on the original, in the student's process, with one exception: **the student's process never
learns what a test expects, nor decides whether it is so**. A stand-in is never equal to plain data; and only objects that the test itself
made, by calling a class of the student's, may take part in arithmetic with plain data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
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

    def source(self, thing: Any) -> str:
        """The text of an original's definition. Raises `OSError` where there is none."""
        ...


_READABLE = frozenset(
    "__name__ __qualname__ __doc__ __dict__ __annotations__ __defaults__ __kwdefaults__ __code__ __closure__ __self__ __func__ "
    "__init__ __dataclass_fields__ __dataclass_params__ __match_args__ __slots__ __members__ __abstractmethods__ __isabstractmethod__".split()
)
"""The attributes with two underscores that are asked for. Others speak to Python or to numpy (`__array_interface__` holds an address)."""

_PLAIN_METHODS = frozenset(
    name
    for kind in (int, float, complex, str, bytes, list, tuple, dict, set, range, numpy.ndarray, Tensor)
    for name in dir(kind)
    if not name.startswith("_")
)
"""Methods of plain data, such as `allclose` and `startswith`, which a test would tell what it expects."""

_PAYLOADS: dict[str, type] = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
}
"""The plain types that a class of the student's may be built on."""


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
        return _get(cls, name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        made = _link(cls).operate("call", cls, *arguments, **named)
        if isinstance(made, cls):
            _MADE(made, True)
        return made

    def __getattr__(cls, name: str) -> Any:
        __tracebackhide__ = True
        return _get(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        _link(cls).operate("setattr", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        _link(cls).operate("delattr", cls, name)

    def __getitem__(cls, key: Any) -> Any:
        return _link(cls).operate("getitem", cls, key)

    def __iter__(cls) -> Any:
        return _link(cls).operate("iter", cls)

    def __len__(cls) -> Any:
        return _link(cls).operate("len", cls)

    def __bool__(cls) -> bool:
        return True

    def __dir__(cls) -> Any:
        return _link(cls).operate("dir", cls)

    @property
    def __doc__(cls) -> Any:  # type: ignore[override]
        return _link(cls).operate("getattr", cls, "__doc__") if cls is not StandIn else None


class StandIn(metaclass=StandInClass):
    """Stands for an object of the student's. The class of each has the special methods that the original's has."""

    __slots__ = ("__guarded", "__id", "__made", "__weakref__")
    __standin__: Any
    __id: int
    __made: bool
    __guarded: Any

    __array_ufunc__ = None
    __reals__: tuple[type, ...] = ()

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if self.__made or name not in _PLAIN_METHODS:
            return _get(self, name)
        found = _get(self, name)
        if isinstance(found, StandInClass):
            raise CannotSplit(f"a class of the student's as the method {name!r}")
        if isinstance(found, StandIn):
            _GUARDED(found, self)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        __tracebackhide__ = True
        _link(self).operate("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        __tracebackhide__ = True
        _link(self).operate("delattr", self, name)

    def __str__(self) -> Any:
        return _link(self).operate("str", self)

    def __repr__(self) -> Any:
        return _link(self).operate("repr", self)

    def __format__(self, spec: str) -> Any:
        return _link(self).operate("format", self, spec)

    def __dir__(self) -> Any:
        return _link(self).operate("dir", self)

    def __copy__(self) -> Any:
        return _keep_made(self, _link(self).operate("copy", self))

    def __deepcopy__(self, memo: Any) -> Any:
        return _keep_made(self, _link(self).operate("deepcopy", self))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise CannotSplit("an object of the student's cannot be pickled")

    def __array__(self, *arguments: Any, **named: Any) -> Any:
        payload = get_payload(self)
        if type(payload) not in (list, tuple, int, float, complex):
            raise TypeError(f"a {type(self).__name__} is no array")
        return numpy.asarray(payload)


_ID = StandIn.__dict__["_StandIn__id"].__set__
_MADE = StandIn.__dict__["_StandIn__made"].__set__
_GUARDED = StandIn.__dict__["_StandIn__guarded"].__set__
_get_id = StandIn.__dict__["_StandIn__id"].__get__
_is_made = StandIn.__dict__["_StandIn__made"].__get__
_get_guarded = StandIn.__dict__["_StandIn__guarded"].__get__


_OWN = frozenset(StandIn.__dict__) | frozenset(dir(object))


def make_class(
    link: Link,
    number: int,
    name: str,
    bases: tuple[type, ...],
    special: set[str],
    base: str | None,
    reals: tuple[type, ...] = (),
    passes_for: type | None = None,
) -> StandInClass:
    """The stand-in for a class. `special` are the special methods that it has, `base` the plain type that it is built on, `reals` the
    classes of this process that it passes for under `isinstance` and `issubclass`; `passes_for` is one that it can pass for under
    `isinstance` alone.

    Raises `TypeError` where classes cannot have these bases.
    """
    methods = {name: _SPECIAL[name] for name in special if name in _SPECIAL}
    if "unhashable" in special:
        methods["__hash__"] = None
    elif "__hash__" not in methods:  # a class with `__eq__` alone would have none
        methods["__hash__"] = object.__hash__
    for each in ("__doc__", "__annotations__"):  # every class has them itself
        methods[each] = property(lambda self, each=each: _link(self).operate("getattr", self, each))  # type: ignore[misc]
    if base in _PAYLOADS:
        passes_for = type(name, (_PAYLOADS[base],), {"__module__": "__main__"})
    if passes_for is not None:
        methods["__class__"] = property(lambda self: passes_for)
    if reals:
        methods["__getattribute__"] = _get_own
    own = {"__standin__": (link, number, _PAYLOADS.get(base or "")), "__module__": "__main__"}
    if not reals:  # Python takes an object for one with a dictionary where its class passes for one of those
        own["__slots__"] = ()
    own["__reals__"] = reals + tuple(each for one in bases for each in getattr(one, "__reals__", ()))
    made: StandInClass = type.__new__(StandInClass, name, bases or (StandIn,), {**methods, **own})
    return made


def _get_own(self: StandIn, name: str) -> Any:
    """What a class of this process that it passes for has is not the original's."""
    __tracebackhide__ = True
    if name not in _READABLE and (name in _OWN or (name.startswith("__") and name.endswith("__"))):
        return object.__getattribute__(self, name)
    return StandIn.__getattr__(self, name)


def make_object(kind: StandInClass, number: int) -> StandIn:
    made: StandIn = object.__new__(kind)  # type: ignore[arg-type]
    _ID(made, number)
    _MADE(made, False)
    _GUARDED(made, None)
    return made


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
    payload = _link(thing).operate("payload", thing, base.__name__)
    if type(payload) is not base:
        raise TypeError(f"a {type(thing).__name__} without a {base.__name__}")
    return payload


def _link(thing: Any) -> Link:
    link: Link = thing.__standin__[0]
    return link


def _get(thing: Any, name: str) -> Any:
    __tracebackhide__ = True
    if name == "__signature__":
        return _link(thing).signature(thing)
    if name.startswith("__") and name.endswith("__") and name not in _READABLE:
        raise AttributeError(f"a stand-in has no attribute {name!r}")
    return _link(thing).operate("getattr", thing, name)


def _keep_made(origin: StandIn, result: Any) -> Any:
    if isinstance(result, StandIn) and _is_made(origin) and type(result) is type(origin):
        _MADE(result, True)
    return result


def _unary(operation: str) -> Callable[..., Any]:
    def method(self: StandIn, *arguments: Any) -> Any:
        __tracebackhide__ = True
        return _keep_made(self, _link(self).operate(operation, self, *arguments))

    return method


def _binary(operation: str, reflected: bool = False) -> Callable[..., Any]:
    """Arithmetic. With plain data, only for what the test has made; what is built on a plain type counts as that."""

    def method(self: StandIn, other: Any) -> Any:
        __tracebackhide__ = True
        if not isinstance(other, StandIn) and not _is_made(self):
            payload = get_payload(self)
            if payload is NotImplemented:
                raise CannotSplit(
                    f"arithmetic of a {type(self).__name__} of the student's and a {type(other).__name__}"
                )
            here = getattr(operator, operation)
            return here(other, payload) if reflected else here(payload, other)
        pair = (other, self) if reflected else (self, other)
        return _keep_made(self, _link(self).operate(operation, *pair))

    return method


def _comparison(operation: str) -> Callable[..., Any]:
    """Between two stand-ins it is the student's own word; with plain data it is decided here."""

    def method(self: StandIn, other: Any) -> Any:
        __tracebackhide__ = True
        if isinstance(other, (StandIn, StandInClass)):
            return _link(self).operate(operation, self, other)
        payload = get_payload(self)
        return NotImplemented if payload is NotImplemented else getattr(operator, operation)(payload, other)

    return method


def _call(self: StandIn, /, *arguments: Any, **named: Any) -> Any:
    __tracebackhide__ = True
    result = _link(self).operate("call", self, *arguments, **named)
    guarded = _get_guarded(self)
    if guarded is not None and (arguments or named) and result is not None and result is not guarded:
        raise CannotSplit("a method that plain data has too was told a value, and answers")
    return result


def _contains(self: StandIn, item: Any) -> Any:
    """Of what the test has made, the student's own word; of anything else, found out here."""
    if isinstance(item, StandIn) or _is_made(self):
        return _link(self).operate("contains", self, item)
    iterator: Iterator[Any] = iter(self)
    return any(found is item or found == item for found in iterator)


def _next(self: StandIn) -> Any:
    __tracebackhide__ = True
    return _link(self).next(self)


def _exit(self: StandIn, kind: Any, error: Any, trace: Any) -> Any:
    return _link(self).operate("exit", self, kind, error, None)


_ARITHMETIC = "add sub mul truediv floordiv mod pow matmul lshift rshift and or xor".split()
_SPECIAL: dict[str, Any] = {
    "__call__": _call,
    "__contains__": _contains,
    "__next__": _next,
    "__exit__": _exit,
    **{
        f"__{name}__": _unary(name)
        for name in "neg pos invert abs round int float complex index bool len iter reversed hash trunc floor ceil enter "
        "getitem setitem delitem".split()
    },
    **{f"__{name}__": _comparison(name) for name in "eq ne lt le gt ge".split()},
    **{f"__{name}__": _binary(name + "_" * (name in ("and", "or"))) for name in _ARITHMETIC},
    **{f"__r{name}__": _binary(name + "_" * (name in ("and", "or")), reflected=True) for name in _ARITHMETIC},
    **{f"__i{name}__": _binary("i" + name) for name in _ARITHMETIC},
}
"""The special methods of a stand-in, for an original that has them."""

SPECIAL = frozenset(_SPECIAL) | {"unhashable"}

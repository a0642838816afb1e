"""Type hints as values that pass between the processes: `list[int]`, `int | None`, `typing.Optional[float]`."""

from __future__ import annotations

import types
import typing
from typing import Any

from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.wire import Part

_PLAIN: dict[str, Any] = {kind.__name__: kind for kind in (list, tuple, dict, set, frozenset, type)}
_FORMS: dict[str, Any] = {
    name: getattr(typing, name)
    for name in "Any Optional Union List Dict Tuple Set FrozenSet Type Callable Iterable Iterator Sequence Mapping Literal".split()
}
_NAMES = {form: name for name, form in _FORMS.items()}
MAX_PARTS = 50


def write_hint(value: Any, write: Part) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is no hint that is known."""
    if isinstance(value, types.UnionType):
        return {"t": "hint", "of": "|", "v": [write(part) for part in value.__args__]}
    if isinstance(value, types.GenericAlias) and value.__origin__ in _PLAIN.values():
        return {"t": "hint", "of": value.__origin__.__name__, "v": [write(part) for part in value.__args__]}
    if type(value).__module__ != "typing":
        return None
    if _is_form(value):
        return {"t": "hint", "of": _NAMES[value], "v": []}
    name, origin = getattr(value, "_name", None), getattr(value, "__origin__", None)
    name = name or ("Union" if origin is typing.Union else "Literal" if origin is typing.Literal else None)
    if name not in _FORMS or name == "Callable":
        return None
    return {"t": "hint", "of": name, "v": [write(part) for part in value.__args__]}


def _is_form(value: Any) -> bool:
    try:
        return value in _NAMES
    except TypeError:
        return False


def read_hint(tree: dict[str, Any], read: Part) -> Any:
    """What `write_hint` wrote. Raises `Malformed`."""
    name, parts = tree["of"], tree["v"]
    if type(name) is not str or type(parts) is not list or len(parts) > MAX_PARTS or (name == "|" and not parts):
        raise Malformed("no hint")
    arguments = tuple(map(read, parts))
    if name == "|":
        return _join(arguments)
    form = _PLAIN.get(name) or _FORMS[name]
    if not arguments:
        return form
    if name == "Optional":  # as Python has it, its arguments are the type and that of None
        name, form = "Union", typing.Union
    return form[arguments]


def _join(arguments: tuple[Any, ...]) -> Any:
    joined = arguments[0]
    for each in arguments[1:]:
        joined = joined | each
    if type(joined).__module__ not in ("types", "typing"):
        raise Malformed("no hint")
    return joined

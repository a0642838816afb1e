"""Where the standard library looks at an object's type before anything else: the ways for stand-ins that it needs in the examiner."""

from __future__ import annotations

import ast
import functools
import inspect
import typing
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from autograder.engine.standins.proxies import CannotSplit, Link, StandIn, StandInClass, link_of

_find_lines = inspect.getsourcelines


def look_at_standins() -> None:
    """From now on `inspect.getsource` and `inspect.getsourcelines` know stand-ins."""

    def getsourcelines(object: Any) -> tuple[list[str], int]:
        if isinstance(type(object), StandInClass) or isinstance(object, StandInClass):
            link: Link = object.__standin__[0]
            return link.source(object).splitlines(keepends=True), 1
        return _find_lines(object)

    inspect.getsourcelines = getsourcelines
    _only_read_hints()


def _only_read_hints() -> None:
    """A hint that is a text is evaluated, as by `typing.get_type_hints`: a student's may be any program. Only names of types are."""
    make, find = typing.ForwardRef.__init__, inspect.get_annotations

    @functools.wraps(make)
    def init(self: Any, arg: Any, *arguments: Any, **named: Any) -> None:
        _check_hint(arg)
        make(self, arg, *arguments, **named)

    @functools.wraps(find)
    def get_annotations(obj: Any, **named: Any) -> dict[str, Any]:
        if named.get("eval_str"):
            for hint in find(obj, **{**named, "eval_str": False}).values():
                _check_hint(hint)
        return find(obj, **named)

    typing.ForwardRef.__init__ = init  # type: ignore[method-assign]
    inspect.get_annotations = get_annotations


_HINTS = (
    *(ast.Expression, ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Constant, ast.expr_context),
    *(ast.BinOp, ast.BitOr, ast.Starred),
)
"""What a hint is written with."""


def _check_hint(hint: Any) -> None:
    """Raises `CannotSplit` for a text that would do something when it is evaluated."""
    if type(hint) is str:
        try:
            nodes = list(ast.walk(ast.parse(hint.strip(), mode="eval")))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise CannotSplit("a type hint that can't be read") from None
        hidden = any(isinstance(node, ast.Attribute) and node.attr.startswith("_") for node in nodes)
        if hidden or not all(isinstance(node, _HINTS) for node in nodes):
            raise CannotSplit("a type hint that is a program")


def show_value(thing: StandIn) -> str:
    """The text of a stand-in that is the value of a test's cell. Raises `CannotSplit` where it reads like a score that nobody worked out here."""
    text = repr(thing)
    with suppress(ValueError):
        float(text)
        if not link_of(thing).trusts(type(thing).__name__):
            raise CannotSplit("the value of a test is an object of the student's")
    return text


def read_signature(rows: Any) -> inspect.Signature:
    """A signature of what the student's process tells of it. Raises what `inspect.signature` raises."""
    empty = inspect.Parameter.empty
    try:
        return inspect.Signature(
            [
                inspect.Parameter(name, list(inspect._ParameterKind)[kind], default=default if given else empty)
                for name, kind, given, default in rows
            ]
        )
    except (TypeError, ValueError, IndexError):
        raise ValueError("no signature found") from None


def make_coroutine(link: Link, thing: StandIn) -> Coroutine[Any, Any, Any]:
    """A coroutine of this process that does what one of the student's does, to its end."""

    async def wait() -> Any:
        return link.operate("await", thing)

    return wait()

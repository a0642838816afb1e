"""Where the standard library looks at an object's type before anything else: the ways for stand-ins that it needs in the examiner."""

from __future__ import annotations

import inspect
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

"""Where the standard library looks at an object's type before anything else: the ways for stand-ins that it needs in the examiner."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any

from autograder.engine.standins.proxies import Link, StandIn, StandInClass

_find_lines = inspect.getsourcelines


def look_at_standins() -> None:
    """From now on `inspect.getsource` and `inspect.getsourcelines` know stand-ins."""

    def getsourcelines(object: Any) -> tuple[list[str], int]:
        if isinstance(type(object), StandInClass) or isinstance(object, StandInClass):
            link: Link = object.__standin__[0]
            return link.source(object).splitlines(keepends=True), 1
        return _find_lines(object)

    inspect.getsourcelines = getsourcelines


def make_coroutine(link: Link, thing: StandIn) -> Coroutine[Any, Any, Any]:
    """A coroutine of this process that does what one of the student's does, to its end."""

    async def wait() -> Any:
        return link.operate("await", thing)

    return wait()

"""What a test's verdict may rest on besides plain data, and where in the test: the run of the author's solution showed it.

A decision is left to an object of the student's only where the author's solution has an object of that class there, in the same statement. Of
a statement that the author's run did not reach, such as another branch, only the class is asked.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.syntax import parse

Rests = dict[str, list[str]]
"""By kind, what a verdict rests on: classes that decide (`decides`), those in each place (`with`), classes of which the test makes objects
(`makes`), methods that are told a value (`tells`), operations that change an argument, and which one (`changes`); and the places that were
reached (`reached`)."""


class Trust:
    """For one cell of a test; `names` is the namespace of its code."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.allowed: Rests | None = None
        self.used: dict[str, set[str]] = {}
        self.starts: dict[int, int] = {}

    def begin(self, source: str, allowed: Rests | None) -> None:
        """`allowed` is what the run of the author's solutions found; `None` in that run itself, in which all is."""
        self.allowed = allowed
        self.used = {
            "decides": set(),
            "changes": set(),
            "tells": set(),
            "with": set(),
            "makes": set(),
            "reached": set(),
        }
        self.starts = _find_starts(source)

    def found(self) -> Rests:
        return {what: sorted(names) for what, names in self.used.items()}

    def may(self, what: str, name: str) -> bool:
        """Whether the verdict may rest on this anywhere in the cell."""
        self.used[what].add(name)
        return self.allowed is None or name in self.allowed.get(what, ())

    def trusts(self, name: str, how: str) -> bool:
        """Whether the statement at work leaves decisions, or those which `how` names, to objects of the class `name`."""
        return self.may("decides", name) and self._may_here("with", f"{name} {how}")

    def makes(self, name: str) -> bool:
        """Whether the statement at work makes objects of the class `name`."""
        return self.may("decides", name) and self._may_here("makes", name)

    def tells(self, method: str) -> bool:
        """Whether the statement at work tells objects of the author's solution a value by this method."""
        return self._may_here("tells", method)

    def _may_here(self, what: str, name: str) -> bool:
        inner, outer = self._find_place()
        here = self.may(what, f"{name} @{inner} {outer}")
        anywhere = self.may(what, name)
        if here or self.allowed is None:
            return True
        reached = self.allowed.get("reached", ())
        return anywhere and not (inner in reached and outer in reached)

    def _find_place(self) -> tuple[str, str]:
        """The statements of the notebook's code that run: the innermost one and, where it is in a function, the one of the cell."""
        frame: FrameType | None = sys._getframe(1)
        places: list[str] = []
        while frame is not None:
            if frame.f_globals is self.names:
                places.append(self._tell(frame))
            frame = frame.f_back
        return (places[0], places[-1]) if places else ("", "")

    def _tell(self, frame: FrameType) -> str:
        return f"{frame.f_code.co_qualname}:{self.starts.get(frame.f_lineno, frame.f_lineno)}"

    @contextmanager
    def watch(self) -> Iterator[None]:
        """In the run of the author's solutions, note the statements that are reached."""
        if self.allowed is not None:
            yield
            return

        def trace(frame: FrameType, event: str, value: object) -> Any:
            if frame.f_globals is not self.names:
                return None
            self.used["reached"].add(self._tell(frame))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)


def _find_starts(source: str) -> dict[int, int]:
    """For each line of a cell the first line of the statement that it belongs to."""
    try:
        program = parse(strip_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    return {
        line: node.lineno
        for node in ast.walk(program)
        if isinstance(node, ast.stmt)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }

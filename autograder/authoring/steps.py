"""Change a solution by one small step, as a slip would: another operator, a constant off by one, a statement left out.

Whatever a check accepts of these, a student may hand in; `mutants` tries them.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import CodeType
from typing import Any

from autograder.authoring import swaps
from autograder.authoring.cells import MARKER, name_change
from autograder.authoring.swaps import Swap, show

SHORT, LONG = 12, 90
"""A text below SHORT says too little, and is shown with what is around it, up to LONG."""


@dataclass(frozen=True)
class Change:
    """One step away from a solution. `line` counts in the answer's cell, from 1; `which` tells places apart that read the same."""

    line: int
    before: str
    after: str
    which: int
    source: str

    @property
    def name(self) -> str:
        """How an author names it."""
        return name_change(self.before, self.after, self.which)


def make_changes(source: str, words: Sequence[str] = ()) -> list[Change]:
    """All that is one step away from the answer in `source`, in order; only its solution is changed, and the defaults above it.

    `words` may take each other's place as strings. What compiles to the same as the answer, or as another change, is left out.
    Raises `SyntaxError` where the answer isn't Python.
    """
    return _Maker(source, words).make()


class _Maker:
    def __init__(self, source: str, words: Sequence[str]) -> None:
        self.tree = ast.parse(source)
        self.words = tuple(words)
        self.regions = find_regions(source)
        self.parents = {id(child): node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.seen = {key(compile(self.tree, "", "exec"))}
        self.count: Counter[tuple[str, str]] = Counter()
        self.found: list[Change] = []

    def make(self) -> list[Change]:
        self._visit(self.tree)
        self.found.sort(key=lambda change: change.line)
        return [self._number(change) for change in self.found]

    def _number(self, change: Change) -> Change:
        self.count[change.before, change.after] += 1
        return Change(change.line, change.before, change.after, self.count[change.before, change.after], change.source)

    def _allows(self, node: ast.AST) -> bool:
        line, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if line is None or end is None:
            return False
        if any(first < line and end < last for first, last in self.regions):
            return True
        above = self.parents.get(id(node))
        while above is not None and not isinstance(above, ast.arguments):
            above = self.parents.get(id(above))
        function = self.parents[id(above)] if above else None
        return isinstance(function, ast.FunctionDef) and any(
            function.lineno < first < (function.end_lineno or 0) for first, _ in self.regions
        )

    def _visit(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if (type(node).__name__, name) in _NOT_CHANGED or name in ("annotation", "returns"):
                continue
            if isinstance(value, list):
                for swap, texts, line in self._reorder(value) if name in ("body", "orelse") else ():
                    self._try(node, name, swap, line, *texts)
                for place, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        self._replace(node, name, item, lambda new, p=place, v=value: [*v[:p], new, *v[p + 1 :]])  # type: ignore[misc]
            elif isinstance(value, ast.AST):
                self._replace(node, name, value, lambda new: new)

    def _replace(self, owner: ast.AST, name: str, item: ast.AST, place: Callable[[ast.AST], Any]) -> None:
        """Put each of the steps from `item` into its place, and look into it."""
        if swaps.is_docstring(item):
            return
        if self._allows(item):
            for made in swaps.steps(item, self.parents, self.words):
                swap = made if isinstance(made, Swap) else Swap(made)
                self._try(owner, name, place(swap.new), getattr(item, "lineno", 0), item, swap)
        if not isinstance(item, ast.Constant):
            self._visit(item)

    def _reorder(self, body: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], tuple[str, str], int]]:
        """Neighbors, swapped."""
        simple = (ast.Expr, ast.Assign, ast.AugAssign)
        for place, (first, second) in enumerate(pairwise(body)):
            if not (isinstance(first, simple) and isinstance(second, simple) and swaps.may_depend(first, second)):
                continue
            if not swaps.is_docstring(first) and self._allows(first) and self._allows(second):
                one, other = show(first, 40), show(second, 40)
                swapped = [*body[:place], second, first, *body[place + 2 :]]
                yield swapped, (f"{one}; {other}", f"{other}; {one}"), first.lineno

    def _try(self, owner: ast.AST, name: str, value: Any, line: int, old: ast.AST | str, new: Swap | str) -> None:
        """Keep the change where it is one. `old` and `new` are nodes, or how they are shown."""
        shown = old if isinstance(old, str) else None
        above: ast.AST | None = None
        if isinstance(old, ast.AST):
            above, shown = self._find_shown(old)
        kept = getattr(owner, name)
        setattr(owner, name, value)
        try:
            source = ast.unparse(ast.fix_missing_locations(self.tree))
            code = key(compile(source, "", "exec"))
            if isinstance(new, str):
                after = new
            elif new.text is not None:
                shown, after = new.text
            else:
                after = show(above if above is not None and above is not old else new.new)
        except (SyntaxError, ValueError, TypeError):  # a step that isn't a program
            return
        finally:
            setattr(owner, name, kept)
        if code not in self.seen:
            self.seen.add(code)
            self.found.append(Change(line, shown or "", after, 1, source))

    def _find_shown(self, node: ast.AST) -> tuple[ast.AST, str]:
        """The smallest part around a node that says something, and its text."""
        text = show(node)
        above: ast.AST | None = self.parents.get(id(node))
        while len(text) < SHORT and above is not None and not isinstance(node, ast.stmt):
            if not isinstance(above, (ast.comprehension, ast.arguments)):
                wider = show(above)
                if isinstance(above, ast.Module) or len(wider) > LONG:
                    break
                node, text = above, wider
            above = self.parents.get(id(above))
        return node, text


_NOT_CHANGED = {
    ("Raise", "exc"),  # the words of an error are free
    ("Assert", "msg"),
    ("FormattedValue", "format_spec"),
    ("JoinedStr", "values"),
}


def find_regions(source: str) -> list[tuple[int, int]]:
    """The lines of the markers around each solution."""
    found = [
        (match[1].upper(), source.count("\n", 0, match.start(1)) + 1)
        for match in MARKER.finditer(source)
        if match[2].upper() == "SOLUTION"
    ]
    return [(first[1], last[1]) for first, last in zip(found[::2], found[1::2], strict=False)]


def key(code: CodeType) -> tuple[object, ...]:
    """What a program is, without the places of its lines."""
    consts = tuple(key(item) if isinstance(item, CodeType) else (type(item), repr(item)) for item in code.co_consts)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_name)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (code.co_code, getattr(code, "co_exceptiontable", b""), consts, names, counts)


def find_words(texts: Sequence[str]) -> list[str]:
    """The short strings in quotes in the texts, in order."""
    found = (
        match[1] or match[2] for text in texts for match in re.finditer(r'"([^"\n]{1,24})"|\'(\w[^\'\n]{0,23})\'', text)
    )
    return [word for word in dict.fromkeys(found) if re.fullmatch(r"[\w][\w .,+-]*", word) and "  " not in word]

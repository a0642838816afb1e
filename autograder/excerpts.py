"""What of a notebook a function needs: its definition, with those of the names that it uses."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress

IN_HEAD = frozenset(("math", "torch", "F", "Tensor", "nn"))
"""The names that `formats.HEAD` binds."""

MAX_STATEMENTS = 30
"""What needs more of a notebook than this can't be taken out of it."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def excerpt(wanted: Iterable[str], cells: Iterable[str], known: Container[str] = ()) -> tuple[str, str]:
    """The statements of `cells` that define the functions and classes `wanted`, with definitions, imports and constants that these use.

    Where a name is bound more than once, the last counts. Returns them as text, in order, and "", or "" and a name that they use and that is nothing of the
    kind: bound otherwise in the cells, or `known` and not bound there. What the cells do not define is left out of `wanted`.
    """
    bindings = {name: found for found in _read(cells) for name in _bind(found[2])}
    waiting = [name for name in wanted if name in bindings and isinstance(bindings[name][2], _DEFINITIONS)]
    pieces: dict[tuple[int, int], str] = {}
    seen = set(waiting)
    while waiting:
        cell, source, statement = bindings[waiting.pop()]
        pieces[cell, statement.lineno] = _cut(source, statement)
        for name in _use(statement):
            if (
                name in seen
                or name in IN_HEAD
                or hasattr(builtins, name)
                or (name not in bindings and name not in known)
            ):
                continue
            if name not in bindings or not _may_move(bindings[name][2]) or len(pieces) > MAX_STATEMENTS:
                return "", name
            seen.add(name)
            waiting.append(name)
    return "\n\n\n".join(pieces[place] for place in sorted(pieces)), ""


def _read(cells: Iterable[str]) -> Iterator[tuple[int, str, ast.stmt]]:
    for number, cell in enumerate(cells):
        with suppress(SyntaxError, ValueError, TypeError):
            yield from ((number, cell, statement) for statement in ast.parse(cell).body)


def _bind(statement: ast.stmt) -> set[str]:
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return _find_names(statement, ast.Store)


def _may_move(statement: ast.stmt) -> bool:
    """Whether a statement does the same in a file: a definition, an import, or a constant."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        with suppress(ValueError):
            ast.literal_eval(statement.value)
            return True
    return isinstance(statement, (*_DEFINITIONS, ast.Import, ast.ImportFrom))


def _use(statement: ast.stmt) -> list[str]:
    """The names that a statement takes from outside, in order."""
    own = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)} | _bind(statement)
    if isinstance(statement, _DEFINITIONS):
        own |= _find_names(statement, ast.Store)
        own |= {
            name
            for node in ast.walk(statement)
            if isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom))
            for name in _bind(node)
        }
    used = (node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [name for name in dict.fromkeys(used) if name not in own]


def _find_names(statement: ast.stmt, kind: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


def _cut(source: str, statement: ast.stmt) -> str:
    first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
    return "\n".join(source.splitlines()[first - 1 : statement.end_lineno])

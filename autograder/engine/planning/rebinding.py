"""Which global names a student's cell gives another value, also in ways that no assignment shows; for a note, as nothing depends on it."""

from __future__ import annotations

import ast

from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.names import MAX_CHARACTERS, read_names
from autograder.engine.planning.syntax import parse

_SPACES = ("globals", "vars", "locals")


def read_rebound(source: str) -> set[str]:
    """The names that a cell binds or changes, by `globals()["f"] = …`, `setattr(main, "f", …)`, `exec("def f(): …")` as well."""
    found = set(read_names(source).bound)
    if len(source) > MAX_CHARACTERS:
        return found
    try:
        nodes = list(ast.walk(parse(strip_magics(source))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_space(node.value):
            found |= _read_text(node.slice)
        elif isinstance(node, ast.Call):
            found |= _read_call(node)
    return found


def _is_space(node: ast.expr) -> bool:
    """Whether this may be a namespace: `globals()`, `__main__.__dict__`, `shell.user_ns`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _SPACES
    return isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__globals__", "f_globals", "user_ns")


def _read_call(node: ast.Call) -> set[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called == "setattr" and len(node.args) == 3:
        return _read_text(node.args[1]) | {one.id for one in node.args[:1] if isinstance(one, ast.Name)}
    if called == "exec" and node.args:
        return {name for text in _read_text(node.args[0]) for name in read_names(text).bound}
    if called in ("update", "setdefault") and isinstance(node.func, ast.Attribute) and _is_space(node.func.value):
        keys = [key for one in node.args if isinstance(one, ast.Dict) for key in one.keys if key]
        names = {name for key in keys for name in _read_text(key)} | {one.arg for one in node.keywords if one.arg}
        return names | (_read_text(node.args[0]) if node.args else set())
    return set()


def _read_text(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()

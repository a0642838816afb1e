"""What the cells of a notebook say of a name, read in the examiner: a student's process may say anything of its own functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.rebinding import read_rebound
from autograder.engine.planning.syntax import parse

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_OWN = (*_DEFINITIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def find_written(cells: Sequence[str], name: str) -> str | None:
    """The text of the function or class that the `cells` define last under `name`, with those that decorate it or that it is made of.

    `None` where the cells bind it in a way that doesn't show what it is, such as by `globals()`, or give functions other code.
    """
    made: dict[str, str] = {}
    for cell in cells:
        text = strip_magics(cell)
        try:
            program = parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if "__code__" in text or name in _list_hidden(program, text):
            return None
        lines = text.splitlines(keepends=True)
        for node in _walk(program):
            for bound, found in _read(node, lines, made):
                made[bound] = found
    return made.get(name) or None


def _read(node: ast.AST, lines: list[str], made: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The names that a part of a cell binds, each with the text that shows what it is, or ""."""
    if isinstance(node, _DEFINITIONS):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        text = "".join(lines[first - 1 : node.end_lineno])
        yield node.name, text + _mention(node.decorator_list, made)
    elif isinstance(node, ast.Assign):
        text = "".join(lines[node.lineno - 1 : node.end_lineno]) if isinstance(node.value, ast.Lambda) else ""
        text += _mention([node.value], made)
        for target in node.targets:
            for one in ast.walk(target):
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                    yield one.id, text if one is target else ""
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, ""


def _mention(nodes: Sequence[ast.AST], made: dict[str, str]) -> str:
    """The texts of the functions and classes that an expression names, and of those that these name."""
    texts: dict[str, str] = {}
    waiting = [part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]
    while waiting:
        name = waiting.pop(0)
        if name in texts or not made.get(name):
            continue
        texts[name] = made[name]
        try:
            waiting += [part.id for part in ast.walk(parse(made[name])) if isinstance(part, ast.Name)]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return "".join(texts.values())


def _list_hidden(program: ast.Module, text: str) -> set[str]:
    """The names that a cell may bind without a statement of its own that shows it."""
    shown = {bound for node in _walk(program) for bound, _ in _read(node, [], {})}
    nodes = list(ast.walk(program))
    hidden = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    hidden |= {one.target.id for one in nodes if isinstance(one, ast.NamedExpr)}
    imports = (node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))
    hidden |= {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    if "__main__" in text:
        stores = (node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
        hidden |= {node.attr for node in stores}
    if any(word in text for word in ("globals", "exec", "setattr", "__dict__", "user_ns")):
        hidden |= read_rebound(text) - shown
        hidden |= read_rebound(_without(program, shown))
    return hidden


def _without(program: ast.Module, shown: set[str]) -> str:
    """A cell without the statements that bind the `shown` names openly: what is bound in it is bound in another way as well."""
    kept = [node for node in program.body if not any(name in shown for name, _ in _read(node, [], {}))]
    return ast.unparse(ast.Module(kept, []))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a program that run at its top level, in their order."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.Assign, *_OWN)):
            yield from _walk(child)

"""What the cells of a notebook say of a name, read in the examiner: a student's process may say anything of its own functions."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence

from autograder.engine.planning.magics import strip_magics

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_OWN = (*_DEFINITIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def find_written(cells: Sequence[str], name: str) -> str | None:
    """The text of the function or class that the `cells` define last under `name`; `None` where they bind it in another way."""
    made: dict[str, str | None] = {}
    for cell in cells:
        text = strip_magics(cell)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                program = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        lines = text.splitlines(keepends=True)
        for node in _walk(program):
            if isinstance(node, _DEFINITIONS):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                made[node.name] = "".join(lines[first - 1 : node.end_lineno])
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        made[target.id] = made.get(node.value.id)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                made[node.id] = None
    return made.get(name)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a program that run at its top level, in their order."""
    for child in ast.iter_child_nodes(node):
        if (isinstance(child, ast.Assign) and isinstance(child.value, ast.Name)) or isinstance(child, _OWN):
            yield child
        else:
            yield child
            yield from _walk(child)

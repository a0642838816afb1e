"""Wrong and odd variants of the author's answers, to see whether a notebook's checks say the same in two processes as in one.

Tests of identity, of what is shared, of warnings or of the interpreter's own state hold for the author's solution either way; that they
would be blind in two processes shows in an answer that breaks them. Where one of these variants earns something else in two processes
than in one, the notebook runs in one.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

_WRAP = """
def __vary(names, space, change):
    import functools, types
    def wrap(function):
        @functools.wraps(function)
        def variant(*values, **named):
            return change(function, *values, **named)
        return variant
    for name in names:
        value = space.get(name)
        if isinstance(value, types.FunctionType):
            space[name] = wrap(value)
        elif isinstance(value, type) and value.__module__ == "__main__":
            for key, item in list(vars(value).items()):
                if isinstance(item, types.FunctionType) and not key.startswith("__"):
                    setattr(value, key, wrap(item))
"""

_VARIANTS = {
    "is not written": """
def __change(function, *values, **named):
    raise NotImplementedError
""",
    "gives its argument back": """
def __change(function, *values, **named):
    result = function(*values, **named)
    return next((value for value in values if type(value) is type(result)), None)
""",
    "gives a copy": """
def __change(function, *values, **named):
    import copy
    return copy.deepcopy(function(*values, **named))
""",
    "gives the same object each time": """
__given = {}
def __change(function, *values, **named):
    result = function(*values, **named)
    return __given.setdefault((function, repr(result)), result)
""",
    "gives items that are one object": """
def __change(function, *values, **named):
    result = function(*values, **named)
    if type(result) in (list, tuple):
        return type(result)(next(first for first in result if first is item or repr(first) == repr(item)) for item in result)
    return result
""",
    "keeps and changes what it was given": """
__kept = []
def __change(function, *values, **named):
    for value in __kept:
        value.append(None) if type(value) is list else value.fill(0) if hasattr(value, "fill") else None
    result = function(*values, **named)
    __kept.extend(value for value in (result, *values) if type(value) is list or hasattr(value, "fill"))
    return result
""",
    "warns": """
def __change(function, *values, **named):
    import warnings
    warnings.warn("a warning of the answer's")
    warnings.warn("another one", DeprecationWarning)
    return function(*values, **named)
""",
    "divides by zero in numpy": """
def __change(function, *values, **named):
    import numpy, warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numpy.float64(1) / numpy.float64(0)
    return function(*values, **named)
""",
    "calls itself 400 times": """
def __change(function, *values, **named):
    def deep(left):
        return function(*values, **named) if left == 0 else deep(left - 1)
    return deep(400)
""",
    "prints": """
def __change(function, *values, **named):
    print("printed by the answer")
    return function(*values, **named)
""",
}
"""What each variant does to the functions of the author's: text of a function `__change`."""

_STATE = frozenset(
    "globals locals setrecursionlimit testmod run_docstring_examples monkeypatch settrace setprofile".split()
)
"""Names in a check that look at, or change, what no variant of an answer can show."""

_PASSED_ON = ("print", "input")
"""What a check may put something in the place of, for the answer too; see `standins`."""


class _WithoutCopies(ast.NodeTransformer):
    """Takes what copies its argument out of a program."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        made = self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("copy", "clone", "deepcopy", "list", "dict", "set", "array", "tensor") and len(node.args) == 1:
            return node.args[0]
        if name in ("copy", "clone") and isinstance(node.func, ast.Attribute) and not node.args:
            return node.func.value
        return made

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        made = self.generic_visit(node)
        whole = isinstance(node.slice, ast.Slice) and not (node.slice.lower or node.slice.upper or node.slice.step)
        return node.value if whole and isinstance(node.ctx, ast.Load) else made


def _take_copies_out(source: str) -> str:
    try:
        return ast.unparse(_WithoutCopies().visit(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return source


def make_variants(cells: list[Any], roles: list[str], bound: list[list[str]]) -> Iterator[list[Any]]:
    """The code cells of a notebook, once for each variant of its answers; `bound` has the names that each cell binds."""
    without = [copy.deepcopy(cell) if role == "answer" else cell for cell, role in zip(cells, roles, strict=True)]
    for cell, role in zip(without, roles, strict=True):
        if role == "answer":
            cell.source = _take_copies_out(cell.source)
    yield without
    for change in _VARIANTS.values():
        made = []
        for cell, role, names in zip(cells, roles, bound, strict=True):
            made.append(cell)
            if role == "answer":
                made[-1] = copy.deepcopy(cell)
                made[-1].source += f"\n{_WRAP}{change}__vary({names!r}, globals(), __change)\n"
        yield made


def looks_at_state(source: str) -> bool:
    """Whether a check is about the state of its own process, or puts something in the place of a library's function."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return False
    words = {node.id for node in nodes if isinstance(node, ast.Name)}
    words |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if words & _STATE:
        return True
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return any(map(_replaces, nodes)) or any(
        isinstance(node.value, ast.Name) and node.value.id in imported and node.attr not in _PASSED_ON
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )


def _replaces(node: ast.AST) -> bool:
    """Whether this is a call such as `mock.patch("math.sqrt")`."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    words = {part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in ast.walk(node.func)}
    if "patch" not in words:
        return False
    target = getattr(node.args[0], "value", None)
    return not (isinstance(target, str) and target.removeprefix("builtins.") in _PASSED_ON)

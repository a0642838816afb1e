"""Wrong and odd variants of the author's answers, to see whether a notebook's checks say the same in two processes as in one.

Tests of identity, of what is shared, of warnings or of the interpreter's own state hold for the author's solution either way; that they
would be blind in two processes shows in an answer that breaks them. Where one of these variants earns something else in two processes
than in one, the notebook runs in one.
"""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograder.engine.planning.syntax import parse

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

_WRONG = {
    "is not written": """
def __change(function, *values, **named):
    raise NotImplementedError
""",
    "gives its argument back": """
def __change(function, *values, **named):
    result = function(*values, **named)
    return next((value for value in values if type(value) is type(result)), None)
""",
}
_ODD = {
    "does much on the way, and gives a copy": """
def __change(function, *values, **named):
    import copy, numpy, warnings
    print("printed by the answer")
    warnings.warn("a warning of the answer's")
    warnings.warn("another one", DeprecationWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numpy.float64(1) / numpy.float64(0)
    def deep(left):
        return function(*values, **named) if left == 0 else deep(left - 1)
    return copy.deepcopy(deep(400))
""",
    "gives the same object each time, and items that are one object": """
__given = {}
def __change(function, *values, **named):
    result = function(*values, **named)
    if type(result) in (list, tuple):
        result = type(result)(next(first for first in result if first is item or repr(first) == repr(item)) for item in result)
    return __given.setdefault((function, repr(result)), result)
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
    "gives a copy": """
def __change(function, *values, **named):
    import copy
    return copy.deepcopy(function(*values, **named))
""",
}
"""What each variant does to the functions of the author's: text of a function `__change`. Those of `_ODD` are right except for what they do besides;
the first does at once what the last ones do one by one."""

_AT_ONCE = frozenset(list(_ODD)[2:])


_STATE = frozenset(
    "globals locals setrecursionlimit testmod run_docstring_examples DocTestFinder DocTestParser DocTestRunner DocTestSuite monkeypatch "
    "settrace setprofile".split()
)
"""Names in a check that look at, or change, what no variant of an answer can show."""

_PASSED_ON = ("print", "input", "stdout")
"""What a check may replace by something else, for the answer too; see `standins`."""


def find_copied(node: ast.AST) -> ast.expr | None:
    """What an expression is a copy of: `x` for `x.clone()`, `copy(x)`, `list(x)` and `x[:]`; None for any other."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("copy", "clone", "deepcopy", "list", "dict", "set", "array", "tensor") and len(node.args) == 1:
            return node.args[0]
        if name in ("copy", "clone") and isinstance(node.func, ast.Attribute) and not node.args:
            return node.func.value
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Slice):
        return None if node.slice.lower or node.slice.upper or node.slice.step else node.value
    return None


class _WithoutCopies(ast.NodeTransformer):
    """Takes what copies its argument out of a program."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return find_copied(node) or node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return find_copied(node) or node


def _take_copies_out(source: str) -> str:
    try:
        program = parse(source)
        before = ast.dump(program)
        changed = _WithoutCopies().visit(program)
        return source if ast.dump(changed) == before else ast.unparse(changed)
    except (SyntaxError, ValueError, RecursionError):
        return source


class _WithoutImports(ast.NodeTransformer):
    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)

    visit_ImportFrom = visit_Import


def _take_imports_out(source: str) -> str:
    try:
        return ast.unparse(_WithoutImports().visit(parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return source


Judge = Callable[[list[Any], bool], list[float]]
"""What the checks of a notebook's code cells give, in two processes (`True`) or in one."""


def judge_alike(
    cells: list[Any], roles: Sequence[str], bound: Sequence[list[str]], judge: Judge, until: float, imports: bool
) -> bool:
    """Whether the checks say the same of every variant of the answers in two processes as in one; `bound` has the names that each cell
    binds, and with `imports` a check is about what an answer imports and nothing else. What is not known at the time `until` is left open."""
    changes: list[str | Callable[[str], str]] = [_take_copies_out, *[_take_imports_out] * imports, *_WRONG.values()]
    for change in changes:
        varied = _vary(cells, roles, bound, change)
        if varied == cells or time.monotonic() > until:
            continue
        apart = judge(varied, True)
        if any(apart) and apart != judge(varied, False):  # what earns nothing does no harm
            return False
    harmless = False
    for name, change in _ODD.items():
        if time.monotonic() > until or (harmless and name in _AT_ONCE):
            continue
        varied = _vary(cells, roles, bound, change)
        apart, together = judge(varied, True), judge(varied, False)
        if apart != together:
            return False
        harmless = harmless or (name not in _AT_ONCE and name == next(iter(_ODD)) and all(apart))
    return True


def _vary(
    cells: list[Any], roles: Sequence[str], bound: Sequence[list[str]], change: str | Callable[[str], str]
) -> list[Any]:
    made = []
    for cell, role, names in zip(cells, roles, bound, strict=False):
        made.append(copy.deepcopy(cell) if role == "answer" else cell)
        if role == "answer" and callable(change):
            made[-1].source = change(cell.source)
        elif role == "answer":
            made[-1].source += f"\n{_WRAP}{change}__vary({names!r}, globals(), __change)\n"
    return made


def looks_at_state(source: str) -> bool:
    """Whether a check is about the state of its own process, or replaces a library's function."""
    try:
        nodes = list(ast.walk(parse(source)))
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

"""Tests that run a text or a pickle as a program: where a student's answer gave it, the student's code would run where the verdict is."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.syntax import parse

_BUILTIN = frozenset(("eval", "exec", "compile"))
_METHODS = frozenset(
    "eval exec query sympify parse_expr run_path run_cell run_line_magic run_cell_magic read_pickle".split()
)
"""Of modules and tables; those of an object without an argument, such as `net.eval()`, run nothing."""

_MODULES = frozenset("pickle dill cloudpickle joblib marshal shelve subprocess os yaml np numpy torch".split())
_OF_MODULES = frozenset(
    "load loads unsafe_load Unpickler open run Popen call check_call check_output getoutput system popen".split()
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def runs_text(source: str, students: Iterable[str], defines: bool = False) -> bool:
    """Whether a test runs what may come from the `students` names. With `defines`, only in functions, of what they are given."""
    try:
        program = parse(strip_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = [node for function in _find_functions(program) for node in ast.walk(function)]
    if not defines:
        nodes = list(ast.walk(program))
    students = set(students)
    calls = [node for node in nodes if isinstance(node, ast.Call) and _runs(node, students)]
    if not calls:
        return False
    doubted = _follow(nodes, students)
    return any(doubted & _mention(argument) for call in calls for argument in _arguments(call))


def _find_functions(program: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(program) if isinstance(node, _FUNCTIONS))


def _runs(call: ast.Call, students: set[str]) -> bool:
    if isinstance(call.func, ast.Attribute):
        module = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
        if module in students:  # a method of the student's runs where the student's code does
            return False
        return call.func.attr in _METHODS or (module in _MODULES and call.func.attr in _OF_MODULES)
    return isinstance(call.func, ast.Name) and call.func.id in _BUILTIN | (_OF_MODULES - {"open", "run", "call"}) | {
        "sympify",
        "parse_expr",
    }


def _arguments(call: ast.Call) -> list[ast.expr]:
    """What is run: not what another process would be told besides, and not what was packed here."""
    given = [*call.args, *(word.value for word in call.keywords)]
    return [one for one in given if not (isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "dumps")]


def _follow(nodes: list[ast.AST], doubted: set[str]) -> set[str]:
    """The names that may hold what comes from the `doubted` ones, by assignments, loops and calls of the test's own functions."""
    doubted = doubted | {
        argument.arg for node in nodes if isinstance(node, _FUNCTIONS) for argument in ast.walk(node.args)
        if isinstance(argument, ast.arg)
    }  # fmt: skip
    pairs = [(set(_stored(target)), _mention(value)) for node in nodes for target, value in _list_bindings(node)]
    size = -1
    while size != len(doubted):
        size = len(doubted)
        for bound, mentioned in pairs:
            if mentioned & doubted:
                doubted |= bound
    return doubted


def _list_bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # `texts.append(answer())`
        yield from ((node.func.value, argument) for argument in node.args)


def _stored(target: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _mention(value: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}

"""Evaluate an expression where the student's names live: data in, data out.

A check never touches a student's object. It sends the text of an expression with plain data for
its free names, and gets a `Reply` of plain data. In a notebook both sides are one process; a grader
can put another `Student` in place with `connect` and leave the check cells as they are.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import io
import random
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any, Literal, Protocol

import numpy
import torch
from torch import Tensor

from autograder.checks.data import Data, same, to_data
from autograder.checks.watching import Ban, Watch, tell

PRINTED_LIMIT = 2_000

_GENERATOR = numpy.random.MT19937(0)
"""What numpy draws from during an evaluation. Putting it in place and taking it away costs much less than copying a state, and only loses the
second of a pair of normal numbers, where the notebook has drawn the first."""

Outcome = Literal["value", "missing", "not attempted", "not callable", "raised", "ruled"]


@dataclass(frozen=True)
class Reply:
    """What came back from the student's side; plain data throughout.

    `name` is the student's name that the expression is about, or the one that is missing, not written or not
    callable; its `detail` says "stub" for a function that stops as it was handed out. "raised" has the exception's type in `error` and its first line in `detail`; "ruled" stands for a rule that was broken,
    and has in `value` how (see `watching.tell`). `arguments` holds
    those that the call left changed. `gradients` is `None` where none was asked for or none flows.
    """

    outcome: Outcome
    name: str
    value: Data = None
    error: str = ""
    detail: str = ""
    arguments: dict[str, Data] = field(default_factory=dict)
    gradients: dict[str, Data] | None = None
    printed: str = ""


class Student(Protocol):
    """Where the student's names live."""

    def evaluate(
        self, expression: str, data: dict[str, Data], upstream: Tensor | None, ban: Ban | None = None
    ) -> Reply:
        """Run `expression` (a few lines of Python whose last line is the value) with `data`.

        With `upstream`, a tensor of the value's shape, the reply carries the gradients of
        `(value * upstream).sum()` with respect to every floating-point tensor in `data`. With a `ban`, it is watched for what that forbids.
        """
        ...


_connected: ContextVar[Student | None] = ContextVar("student", default=None)


@contextlib.contextmanager
def connect(student: Student) -> Iterator[None]:
    """Let every check made in this context ask `student`."""
    token = _connected.set(student)
    try:
        yield
    finally:
        _connected.reset(token)


def find_student(names: dict[str, Any]) -> Student:
    """The connected student, else the names of this very process."""
    return _connected.get() or Names(names)


class Names:
    """A student whose names are a dictionary of this process, such as a notebook's globals."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def evaluate(
        self, expression: str, data: dict[str, Data], upstream: Tensor | None, ban: Ban | None = None
    ) -> Reply:
        program = read_expression(expression)
        problem = self._look_at_names(program, data)
        if problem:
            return problem
        subject = program.subject(self.names, data)
        given = {name: _copy_in(value, upstream is not None) for name, value in data.items()}
        scope = {**self.names, **given}
        printed = _Clipped()
        watched = Watch(ban, self.names, program.free)
        try:
            with _quiet(printed):
                with watched:
                    value = program.run(scope)
                gradients = None if upstream is None else _gradients(value, given, upstream)
                result = to_data(value)
                after = {name: to_data(value) for name, value in given.items()}
                changed = {name: value for name, value in after.items() if not same(value, data[name])}
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            if watched.broken:
                return Reply("ruled", subject, tell(watched.broken))
            text = re.sub(r" at 0x[0-9a-fA-F]+", "", str(error).strip().split("\n")[0])  # another in every run
            if isinstance(error, NotImplementedError) and not text:  # what a release has in place of a solution
                return Reply("not attempted", subject, detail="stub")
            return Reply("raised", subject, error=type(error).__name__, detail=text[:300], printed=printed.getvalue())
        if watched.broken:
            return Reply("ruled", subject, tell(watched.broken))
        return Reply("value", subject, result, arguments=changed, gradients=gradients, printed=printed.getvalue())

    def _look_at_names(self, program: Expression, data: dict[str, Data]) -> Reply | None:
        """A reply where a name in `program` is missing, still empty, or called and not callable."""
        for name in program.free:
            if name in data:
                continue
            if name not in self.names:
                return Reply("missing", name)
            value = self.names[name]
            if value is None or value is Ellipsis:
                return Reply("not attempted", name)
            if name in program.called and not callable(value):
                return Reply("not callable", name, detail=type(value).__name__)
        return None


def find_last_cells(names: dict[str, Any], wanted: Iterable[str]) -> dict[str, str]:
    """The text of the cell that bound each name last, in a notebook whose names these are; a name that no cell bound is left out."""
    cells = names.get("In")
    cells = [str(cell) for cell in cells] if isinstance(cells, list) else []
    typed = _find_typed(names, len(cells))
    left = {name for name in wanted if not isinstance(names.get(name), ModuleType)}
    found = {}
    for number in range(len(cells) - 1, -1, -1):
        for name in left & find_bound(cells[number]):
            found[name] = typed[number] if typed else cells[number]
        left -= found.keys()
        if not left:
            break
    return found


def _find_typed(names: dict[str, Any], count: int) -> list[str]:
    """The cells as they were typed, with magics, where these are the names of this process's shell; else nothing."""
    module = sys.modules.get("IPython")
    shell: Any = module.get_ipython() if module else None
    if shell is None or shell.user_ns is not names:
        return []
    typed = [str(cell) for cell in shell.history_manager.input_hist_raw]
    return typed if len(typed) == count else []


@functools.lru_cache(maxsize=4096)
def find_bound(cell: str) -> frozenset[str]:
    """The names that a cell binds, as far as it can be read; also inside of a magic such as `%%time`."""
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        nodes = list(ast.walk(ast.parse(cell)))
        magics = [node.args[-1] for node in nodes if isinstance(node, ast.Call) and _is_magic(node) and node.args]
        inside = [
            find_bound(one.value) for one in magics if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        return frozenset(_bound_names(nodes)).union(*inside)
    return frozenset()


def _is_magic(call: ast.Call) -> bool:
    """Whether it is what IPython makes of a magic; its last argument is the code."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("run_cell_magic", "run_line_magic")


class Expression:
    """A few lines of Python whose last line is the value. See `read_expression`."""

    def __init__(self, text: str) -> None:
        program = ast.parse(text)
        *steps, last = program.body or [ast.Pass()]
        if not isinstance(last, ast.Expr):
            raise ValueError("the last line of a check's expression must be a value")
        self._steps, self._last = ast.Module(steps, []), ast.Expression(last.value)
        nodes = list(ast.walk(program))
        bound = _bound_names(nodes)
        calls = [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        self.free = [name for name in dict.fromkeys(names) if name not in bound and not hasattr(builtins, name)]
        """The names that it uses and neither makes itself nor has from Python, in order."""
        self.called = set(calls)
        self._subjects = [name for name in calls + names if name in self.free]

    def run(self, scope: dict[str, Any]) -> object:
        steps, last = self._code
        exec(steps, scope)
        return eval(last, scope)

    @functools.cached_property
    def _code(self) -> tuple[CodeType, CodeType]:
        return compile(self._steps, "<check>", "exec"), compile(self._last, "<check>", "eval")

    def subject(self, names: dict[str, Any], data: Iterable[str]) -> str:
        """The name that a message is about: the first function of the student's that is called, else their first name."""
        own = (name for name in self._subjects if name not in data)
        return next((name for name in own if not isinstance(names.get(name), ModuleType)), "your answer")


read_expression = functools.lru_cache(maxsize=256)(Expression)
"""Parse the text of an expression; the same text is parsed once. Raises `SyntaxError` and `ValueError`."""


def _copy_in(value: Data, with_gradient: bool) -> Any:
    value = to_data(value)
    if with_gradient and isinstance(value, Tensor) and value.is_floating_point():
        value.requires_grad_()
    return value


def _gradients(value: object, given: dict[str, Any], upstream: Tensor) -> dict[str, Data] | None:
    if not isinstance(value, Tensor) or value.shape != upstream.shape or not value.requires_grad:
        return None
    inputs = {name: tensor for name, tensor in given.items() if isinstance(tensor, Tensor) and tensor.requires_grad}
    # Of a sum, not with `grad_outputs`: that makes torch load its symbolic shapes, which takes most of a second.
    found = torch.autograd.grad((value * upstream).sum(), list(inputs.values()), allow_unused=True)
    return {
        name: to_data(torch.zeros_like(inputs[name]) if gradient is None else gradient)
        for name, gradient in zip(inputs, found, strict=True)
    }


def _bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that a program makes itself."""
    bound = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
    return bound


class _Clipped(io.StringIO):
    """Keeps the first characters that are written and drops the rest."""

    def write(self, text: str, /) -> int:
        if self.tell() < PRINTED_LIMIT:
            super().write(text[: PRINTED_LIMIT - self.tell()])
        return len(text)


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    """Keep prints and warnings out of the check's output, and the random state as it was (but see `_GENERATOR`).

    A warning on stderr would cost all points under nbgrader. Random numbers are the same at every
    evaluation, so that the notebook and the grader see the same result.
    """
    states = random.getstate(), torch.random.get_rng_state(), torch.is_grad_enabled()
    generator = numpy.random.mtrand.get_bit_generator()
    random.seed(0)
    numpy.random.mtrand.set_bit_generator(_GENERATOR)
    numpy.random.seed(0)
    torch.default_generator.manual_seed(0)  # torch.manual_seed looks for accelerators and takes 100 times as long
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.set_grad_enabled(True)
            yield
    finally:
        random.setstate(states[0])
        numpy.random.mtrand.set_bit_generator(generator)
        torch.random.set_rng_state(states[1])
        torch.set_grad_enabled(states[2])

"""Read the code of an answer for what its exercise forbids (see `rules`).

What is read is the text of the cells that ran before the check, on the check's side: the statements that bind the names in its
expression, and whatever of the student's these reach by name. Names of the author's cells and of other exercises are a border.
"""

from __future__ import annotations

import ast
import builtins
import functools
import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from autograder.checks.rules import ROOTS, Broken, Rule, is_module
from autograder.checks.walking import Walker, const_text, parse_text

MAX_CHARACTERS = 300_000
"""A longer cell is not read."""

MAX_NAMES = 500
"""So many names are followed from one answer."""

DEPTH = 40_000
"""How deeply expressions may be nested that are read; Python's own functions take no room on the stack of C."""

_CHANGES = frozenset("append extend insert add_module register_module register_forward_hook update setdefault".split())
"""Methods by which a statement changes what a name stands for."""


@dataclass(frozen=True)
class CellText:
    """A cell that ran before a check; `exercise` is the one that it answers, "" for none and `None` where that is not known."""

    source: str
    authored: bool = False
    exercise: str | None = None


@dataclass(frozen=True)
class History:
    """The cells that ran before a check, in order, and the names that the author's own answers bind, by exercise."""

    cells: Sequence[CellText] = ()
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_history(told: dict[str, Any] | None) -> History | None:
    """A history out of `Step.cells`."""
    return None if told is None else History([CellText(*row) for row in told["cells"]], told["answers"])


@dataclass(frozen=True)
class _Binding:
    cell: int
    statement: ast.stmt
    whole: bool
    """Whether nothing of what the name stood for before is left."""


class Program:
    """The cells before the check of `exercise`, and where each name in them is bound."""

    def __init__(self, history: History, exercise: str) -> None:
        self.history, self.exercise = history, exercise
        self.bindings: dict[str, list[_Binding]] = {}
        self.changes: dict[str, list[_Binding]] = {}
        self._resolving: set[str] = set()
        self.methods: set[str] = set()
        """Attributes that classes in the cells define."""
        for number, cell in enumerate(history.cells):
            for statement in _parse(cell.source):
                self._add(number, statement)
                self.methods |= _find_methods(statement)

    def _add(self, number: int, statement: ast.stmt) -> None:
        plain = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign))
        loaded = _find_loaded(statement) if plain else set()
        for name in _find_bound(statement):
            whole = (plain and name not in loaded) or isinstance(statement, (ast.Import, ast.ImportFrom))
            self.bindings.setdefault(name, []).append(_Binding(number, statement, whole))
        for name in _find_changed(statement):
            self.changes.setdefault(name, []).append(_Binding(number, statement, False))

    def is_given(self, name: str) -> bool:
        """Whether a name is not of this answer: the author's, or another exercise's."""
        bound = self.bindings.get(name)
        if not bound:
            return False
        cell = self.history.cells[bound[-1].cell]
        own = self.history.answers.get(self.exercise, ())
        if cell.authored or name in own or cell.exercise == self.exercise:
            return cell.authored
        if cell.exercise is None:
            return any(name in names for names in self.history.answers.values())
        return name in self.history.answers.get(cell.exercise, ())

    def is_own(self, name: str) -> bool:
        """Whether a cell of the student's binds a name."""
        bound = self.bindings.get(name)
        return bool(bound and not self.history.cells[bound[-1].cell].authored)

    @functools.cached_property
    def given(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.bindings if self.is_given(name)))

    def find_statements(self, name: str) -> list[tuple[ast.stmt, int]]:
        """The student's statements, with their cells, that make what `name` stands for when the check runs."""
        found: list[_Binding] = []
        first = -1
        for binding in reversed(self.bindings.get(name, [])):
            first = binding.cell
            found.append(binding)
            if binding.whole:
                break
        if self.is_given(name):
            found = []
        found = found[::-1] + [one for one in self.changes.get(name, []) if one.cell >= first]
        return [(one.statement, one.cell) for one in found if not self.history.cells[one.cell].authored]

    def find_alias(self, name: str) -> str | None:
        """The path of what a name at the top level stands for, if that is a library's."""
        bound = self.bindings.get(name)
        if not bound:
            return ROOTS.get(name) or (f"builtins.{name}" if hasattr(builtins, name) else None)
        for binding in reversed(bound):
            path = _find_import(binding.statement, name) or self._find_assigned(binding.statement, name)
            if path is not None:
                return path
            if binding.whole:
                break
        return None

    def _find_assigned(self, statement: ast.stmt, name: str) -> str | None:
        """The module that `G = torch.nn.functional` binds `name` to."""
        if not isinstance(statement, ast.Assign) or name in self._resolving:
            return None
        if not any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
            return None
        self._resolving.add(name)
        try:
            path = Walker(Rule(()), self.find_alias, self.methods).find_path(statement.value)
        finally:
            self._resolving.discard(name)
        return path if path and is_module(path) else None

    def read(self, names: Iterable[str], rule: Rule) -> Broken | None:
        """How an answer breaks a rule of which a check asks for `names`; `None` where it does not."""
        waiting = deque(dict.fromkeys(names))
        seen = set(waiting)
        limit = sys.getrecursionlimit()
        try:
            sys.setrecursionlimit(max(limit, DEPTH))
            while waiting and len(seen) < MAX_NAMES:
                name = waiting.popleft()
                for statement, number in self.find_statements(name):
                    if _find_import(statement, name) and (word := rule.find(path := self.find_alias(name))):
                        return self._locate(Broken(word.text, path or "", path or "", statement.lineno), number, name)
                    walker = Walker(rule, self.find_alias, self.methods)
                    walker.visit(statement)
                    if walker.found:
                        return self._locate(walker.found[0], number, name)
                    fresh = [each for each in walker.reached if each not in seen]
                    waiting.extend(fresh)
                    seen.update(fresh)
        except RecursionError:
            return None
        finally:
            sys.setrecursionlimit(limit)
        return None

    def _locate(self, found: Broken, cell: int, name: str) -> Broken:
        lines = self.history.cells[cell].source.splitlines()
        code = lines[found.line - 1].strip() if 0 < found.line <= len(lines) else ""
        where = "" if self.find_alias(name) and not self.is_own(name) else name
        return Broken(found.word, found.path, found.spelled, found.line, code[:100], where)


@functools.lru_cache(maxsize=512)
def _parse(source: str) -> tuple[ast.stmt, ...]:
    """The statements of a cell at its top level, and those in texts that it executes; none where it isn't Python."""
    if len(source) > MAX_CHARACTERS:
        return ()
    found: list[ast.stmt] = []
    for statement in parse_text(_strip_magics(source)):
        found.append(statement)
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "exec" and call.args:
            for inner in parse_text(const_text(call.args[0]) or ""):
                for node in ast.walk(inner):
                    if hasattr(node, "lineno"):
                        node.lineno = statement.lineno
                found.append(inner)
    return tuple(found)


def _strip_magics(source: str) -> str:
    """The cell with `pass` in place of lines for IPython and the shell, where it isn't Python with them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            lines = source.split("\n")
            if lines and lines[0].startswith(("%%time", "%%capture", "%%prun")):
                lines[0] = ""
            marks = ("%", "!", "?")
            return "\n".join(
                line[: len(line) - len(line.lstrip())] + "pass" if line.lstrip().startswith(marks) else line
                for line in lines
            )
    return source


def _walk_now(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with a statement at the top level: the bodies of functions and classes run later, or in a place of their own."""
    waiting = deque([node])
    while waiting:
        node = waiting.popleft()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
        elif isinstance(node, ast.ClassDef):
            waiting.extend([*node.decorator_list, *node.bases])
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting.extend(one for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
        elif not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _find_bound(statement: ast.stmt) -> set[str]:
    found: set[str] = set()
    for node in _walk_now(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_globals(node.value):
            found.add(const_text(node.slice) or "")
    found |= {name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names}
    return found


def _is_globals(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "locals")


def _find_loaded(statement: ast.stmt) -> set[str]:
    return {node.id for node in _walk_now(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _find_changed(statement: ast.stmt) -> set[str]:
    """The names of which a statement changes what they stand for: `net.head = …`, `layers.append(…)`, `setattr(net, …)`."""
    found: set[str | None] = set()
    for node in _walk_now(statement):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            found.add(_find_root(node))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _CHANGES:
                found.add(_find_root(node.func))
            elif name == "setattr" and node.args:
                found.add(_find_root(node.args[0]))
    return {name for name in found if name}


def _find_root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _find_methods(statement: ast.stmt) -> set[str]:
    """The attributes that classes in a statement define, by a method or an assignment."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.ClassDef):
            for part in ast.walk(node):
                if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found.add(part.name)
                elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    found.add(part.attr)
    return found


def _find_import(statement: ast.stmt, name: str) -> str | None:
    """The path that an import in a statement binds `name` to."""
    for node in _walk_now(statement):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name.split(".")[0]) == name:
                    return alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return f"{node.module}.{alias.name}"
    return None


_shown: list[History] = []


@contextmanager
def show_cells(history: History | None) -> Iterator[None]:
    """Let the checks made in this context read these cells; with `None` they look for themselves."""
    if history is None:
        yield
        return
    _shown.append(history)
    try:
        yield
    finally:
        _shown.pop()


def get_shown() -> History | None:
    return _shown[-1] if _shown else None

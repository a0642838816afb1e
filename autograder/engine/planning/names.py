"""Which global names the code of a cell needs, and which it makes, by reading it."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from dataclasses import dataclass, field
from typing import TypeGuard

from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.syntax import parse

_DYNAMIC = {
    "globals",
    "locals",
    "vars",
    "exec",
    "eval",
    "compile",
    "get_ipython",
    "In",
    "Out",
    "_",
    "__",
    "___",
    "_i",
    "_ih",
    "_oh",
}
"""Code that uses one of these may reach any name."""


MAX_CHARACTERS = 50_000
"""A longer text is not read: that would take seconds and gigabytes, here, where there is no wall around it."""


_SPACES = frozenset(("__globals__", "f_globals", "f_locals", "f_back"))

_MENTIONED = re.compile(r"(?<![\w.@])@([A-Za-z_]\w*)")

_BUILTINS = frozenset(vars(builtins)) - {"__annotations__"}


@dataclass
class Names:
    """`incoming` are needed from before, `late` of these in functions, which may be called at any time; `called` are all that functions
    need, also of the cell's own. `bound` are made or changed, `made`
    of these at the top level, whatever happens; `imports` of these, name → what is imported.

    `builtin` are the built-in names that it uses, which an earlier cell may have bound to something else.
    `dynamic` code may use any name: magics, `exec`, `import *`, or text that isn't Python at all.
    """

    incoming: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    imports: dict[str, str] = field(default_factory=dict)
    builtin: set[str] = field(default_factory=set)
    dynamic: bool = False


@functools.lru_cache(maxsize=4096)
def read_names(source: str) -> Names:
    """Read the names of a cell. The result is shared: do not change it."""
    if len(source) > MAX_CHARACTERS:
        return Names(dynamic=True)
    try:
        program = parse(strip_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(dynamic=True)
    reader = _Reader()
    try:
        for statement in program.body:
            reader.visit(statement)
    except RecursionError:
        return Names(dynamic=True)
    found = reader.found
    found.made = {name for statement in program.body for name in _made_by(statement)}
    found.called = reader.called
    found.late = reader.late - found.bound  # what a function declares global, an earlier cell may have made
    found.bound |= reader.declared
    found.incoming |= found.late
    found.dynamic = found.dynamic or bool(found.incoming & _DYNAMIC)
    found.builtin = found.incoming & _BUILTINS
    found.incoming -= _BUILTINS
    return found


def _made_by(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a new value, if it doesn't fail."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def find_imports(source: str, wanted: set[str]) -> list[str]:
    """The import statements at the top level of a cell that bind one of the `wanted` names."""
    try:
        program = parse(strip_magics(source))
    except (SyntaxError, ValueError):
        return []
    return [
        ast.unparse(statement)
        for statement in program.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        and any((alias.asname or alias.name).split(".")[0] in wanted for alias in statement.names)
    ]


@functools.lru_cache(maxsize=4096)
def read_asked(source: str) -> frozenset[str]:
    """The names that the strings of a check may be about: `check("relu(z)", z=…)` asks for `relu`."""
    try:
        program = parse(source)
    except (SyntaxError, ValueError):
        return frozenset(re.findall(r"\w+", source))
    asked: set[str] = set()
    given = {keyword.arg for node in ast.walk(program) if isinstance(node, ast.Call) for keyword in node.keywords}
    for node in ast.walk(program):
        if _is_text(node):
            asked |= read_names(node.value).incoming - given
    return frozenset(asked)


def _is_text(node: ast.AST) -> TypeGuard[_Text]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


class _Text(ast.Constant):
    value: str


class _Reader(ast.NodeVisitor):
    """Visits the code of a cell in the order in which it runs, as far as that can be told.

    Bodies of functions run later, at a time unknown: what they need counts unless the cell itself makes it somewhere.
    """

    def __init__(self) -> None:
        self.found = Names()
        self.late: set[str] = set()
        self.called: set[str] = set()
        self.declared: set[str] = set()  # global, in a function
        self.depth = 0
        self.scopes: list[set[str]] = []  # of functions: their own names

    def _visit_all(self, nodes: object) -> None:
        for node in nodes if isinstance(nodes, list) else [nodes]:
            if isinstance(node, ast.AST):
                self.visit(node)

    def _bind(self, name: str) -> None:
        if not self.scopes:
            self.found.bound.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in scope for scope in self.scopes):
            return
        if not isinstance(node.ctx, ast.Load):
            if isinstance(node.ctx, ast.Del) and node.id not in self.found.bound:
                self.found.incoming.add(node.id)
            self._bind(node.id)
        elif self.scopes:
            self.late.add(node.id)
            if self.depth:
                self.called.add(node.id)
        elif node.id not in self.found.bound and node.id not in self.declared:
            self.found.incoming.add(node.id)

    def visit_Constant(self, node: ast.Constant) -> None:
        """`table.query("n > @least")` uses a name."""
        if isinstance(node.value, str):
            for name in _MENTIONED.findall(node.value):
                self.visit_Name(ast.Name(name, ast.Load()))
            self.found.dynamic = self.found.dynamic or "import __main__" in node.value or "from __main__" in node.value

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._visit_all(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_all([node.annotation, node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.Name(node.target.id, ast.Load()))
        self.visit(node.value)
        self.visit(node.target)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        self.found.dynamic = self.found.dynamic or node.attr in _SPACES
        if not isinstance(node.ctx, ast.Load):
            self._changes(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.visit(node.slice)
        main = isinstance(node.slice, ast.Constant) and node.slice.value == "__main__"  # sys.modules["__main__"]
        self.found.dynamic = self.found.dynamic or main
        if not isinstance(node.ctx, ast.Load):
            self._changes(node.value)

    def _changes(self, node: ast.expr) -> None:
        """`a.b[c] = …` changes what `a` stands for."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not any(node.id in scope for scope in self.scopes):
            self.found.bound.add(node.id)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._visit_all([item.context_expr, item.optional_vars])
        self._visit_all(node.body)

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._visit_all(node.type)
        if node.name:
            self._bind(node.name)
        self._visit_all(node.body)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        origin = f"{'.' * node.level}{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if alias.name == "*" or "__main__" in (alias.name, getattr(node, "module", "")):
                self.found.dynamic = True
            elif not self.scopes:
                self.found.bound.add(name)
                self.found.imports[name] = origin + (alias.name if alias.asname or origin else name)

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all([*node.decorator_list, node.returns])
        self._function(node.args, node.body)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node.args, [node.body])

    def _function(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        self._visit_all([*arguments.defaults, *arguments.kw_defaults, *(one.annotation for one in every)])
        self.scopes.append({one.arg for one in every} | _own_names(list(body), self.declared))
        self.depth += 1
        self._visit_all(list(body))
        self.depth -= 1
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        self.scopes.append(_own_names(list(node.body), self.declared))
        self._visit_all(list(node.body))
        self.scopes.pop()
        self._bind(node.name)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        own = {name.id for one in node.generators for name in ast.walk(one.target) if isinstance(name, ast.Name)}
        self.visit(node.generators[0].iter)
        outer, self.scopes = self.scopes, [*self.scopes, own] if self.scopes else [own]
        before = set(self.late)
        self.generic_visit(node)
        self.scopes = outer
        if not outer:  # it runs at once
            self.found.incoming |= self.late - before - self.found.bound - self.declared

    visit_SetComp = visit_ListComp
    visit_DictComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp


def _own_names(body: list[ast.AST], globals_: set[str]) -> set[str]:
    """The local names of a function or class body; what it declares global is added to `globals_`."""
    own: set[str] = set()
    declared: set[str] = set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            own.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            own.add(node.name)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        elif isinstance(node, ast.ExceptHandler) and node.name:
            own.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            own.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        waiting += list(ast.iter_child_nodes(node))
    globals_ |= declared
    return own - declared

"""Cut a check's expression into what only the student's process can give and what is worked out of that.

Of `bool((net(x) >= 0).all())` the student's process gives `net(x)`, and the examiner does the rest. So nothing that decides runs where
the student's code could have changed it.
"""

from __future__ import annotations

import ast
import builtins
import functools
from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """An expression in two parts: `asked` are expressions by the names under which `rest` uses their values."""

    asked: dict[str, str]
    rest: str
    calls: bool
    """Whether something is called in the student's process; else its names are read only."""


@functools.lru_cache(maxsize=256)
def cut(expression: str, students: frozenset[str], known: frozenset[str]) -> Cut | None:
    """The parts of `expression`, if it has two. `students` are the student's names in it, `known` those that both processes have.

    Not cut is what would call the student's functions more than once, in a loop, or with values that the rest makes first.
    """
    program = ast.parse(expression)
    cutter = _Cutter(students, known)
    try:
        rest = cutter.visit(program)
    except _Whole:
        return None
    calls = sum(any(isinstance(node, ast.Call) for node in ast.walk(one)) for one in cutter.found)
    if (
        not cutter.found
        or calls > 1
        or (isinstance(rest.body[-1], ast.Expr) and isinstance(rest.body[-1].value, ast.Name))
    ):
        return None
    asked = {f"{_PREFIX}{at}": ast.unparse(node) for at, node in enumerate(cutter.found)}
    return Cut(asked, ast.unparse(rest), bool(calls))


_PREFIX = "students_"


class _Whole(Exception):
    """The expression cannot be cut."""


class _Cutter(ast.NodeTransformer):
    """Puts a name in place of each part that the student's process gives."""

    def __init__(self, students: frozenset[str], known: frozenset[str]) -> None:
        self.students, self.known = students, known
        self.found: list[ast.expr] = []
        self.loops = 0

    def _chain(self, node: ast.expr) -> ast.AST:
        """A student's name with what is called, taken and read of it."""
        if not self._starts_with_a_student(node):
            return self.generic_visit(node)
        taken, after = node, []  # what follows the last call is done here
        if any(isinstance(part, ast.Call) for part in _links(node)):
            while not isinstance(taken, ast.Call):
                after.append(taken)
                taken = taken.value  # type: ignore[attr-defined]
        names = {name.id for name in ast.walk(taken) if isinstance(name, ast.Name)}
        calls = any(isinstance(part, ast.Call) for part in ast.walk(taken))
        if not names <= self.students | self.known | _BUILTIN or (calls and self.loops):
            raise _Whole
        self.found.append(taken)
        put: ast.expr = ast.Name(f"{_PREFIX}{len(self.found) - 1}", ast.Load())
        for part in reversed(after):
            part.value = put  # type: ignore[attr-defined]
            if isinstance(part, ast.Subscript):
                part.slice = self.visit(part.slice)
            put = part
        return ast.copy_location(put, node)

    visit_Name = visit_Attribute = visit_Subscript = visit_Call = _chain

    def _starts_with_a_student(self, node: ast.expr) -> bool:
        *_, root = _links(node)
        if isinstance(root, ast.Name) and root.id in self.students:
            if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                raise _Whole
            return True
        return False

    def _loop(self, node: ast.AST) -> ast.AST:
        self.loops += 1
        made = self.generic_visit(node)
        self.loops -= 1
        return made

    visit_For = visit_While = visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _loop
    visit_Lambda = visit_FunctionDef = visit_ClassDef = _loop


def _links(node: ast.expr) -> list[ast.expr]:
    """A chain such as `net.layers[0](x).shape` from its end to the name that it starts with."""
    links = [node]
    while isinstance(links[-1], (ast.Attribute, ast.Subscript, ast.Call)):
        last = links[-1]
        links.append(last.func if isinstance(last, ast.Call) else last.value)
    return links


_BUILTIN = frozenset(vars(builtins))

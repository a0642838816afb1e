"""Walk through one statement of an answer: what in it a rule forbids, and which other names it reaches. See `reading`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable

from autograder.checks.rules import Broken, Rule

_COMPREHENSIONS = {
    ast.ListComp: "a list comprehension",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension",
    ast.GeneratorExp: "a generator expression",
}


def parse_text(text: str) -> list[ast.stmt]:
    """The statements of a text; none where it isn't Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def const_text(node: ast.AST) -> str | None:
    """A text that is in the code as one string, or as several put together."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = const_text(node.left), const_text(node.right)
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.JoinedStr):
        return _join(node.values, "")
    if isinstance(node, ast.FormattedValue):
        return const_text(node.value) if node.format_spec is None else None
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "::-1":
        text = const_text(node.value)
        return None if text is None else text[::-1]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and node.args:
        between, parts = const_text(node.func.value), node.args[0]
        return _join(parts.elts, between) if isinstance(parts, (ast.List, ast.Tuple)) else None
    return None


def _join(nodes: Iterable[ast.AST], between: str | None) -> str | None:
    texts = [const_text(node) for node in nodes]
    known = [text for text in texts if text is not None]
    return between.join(known) if between is not None and len(known) == len(texts) else None


class _Scope:
    """The local names of a function, a class or a comprehension, each with the path of what of a library it stands for, if it does."""

    def __init__(self, kind: str, names: dict[str, str | None]) -> None:
        self.kind, self.names = kind, names


class Walker(ast.NodeVisitor):
    """Walks through a statement at the top level.

    `find_alias` gives the path of what a name at the top level stands for. `methods` are attributes that classes of the notebook define:
    a call of one of these says nothing about a tensor's method of that name.
    """

    def __init__(self, rule: Rule, find_alias: Callable[[str], str | None], methods: set[str]) -> None:
        self.rule, self.find_alias, self.methods = rule, find_alias, methods
        self.found: list[Broken] = []
        self.reached: list[str] = []
        self.scopes: list[_Scope] = []
        self.functions: list[str] = []

    # What is in the code

    def _report(self, node: ast.AST, word: str, path: str, spelled: str) -> None:
        self.found.append(Broken(word, path, spelled, getattr(node, "lineno", 0)))

    def _look(self, node: ast.expr, path: str | None) -> bool:
        """Whether `node`, which stands for `path`, is forbidden; it is noted then."""
        word = self.rule.find(path)
        if word is None or path is None or (path.startswith("?.") and path[2:] in self.methods):
            return False
        if path.endswith("requires_grad_") and self._is_switched_off(node):
            return False
        spelled = ast.unparse(node).replace("\n", " ")
        if len(spelled) > 40 or "." not in spelled:
            spelled = path.removeprefix("?").removeprefix("builtins.")
        self._report(node, word.text, path, f"`{spelled}`, which loops as well" if word.kind == "loops" else spelled)
        return True

    def _is_switched_off(self, node: ast.expr) -> bool:
        """Whether this is the method in `w.requires_grad_(False)`."""
        return node in self._switched_off

    _switched_off: frozenset[ast.expr] = frozenset()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._look(node, self.find_path(node))
            if self._find_scope(node.id) is None:
                self.reached.append(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not (isinstance(node.ctx, ast.Load) and self._look(node, self.find_path(node))):
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        path = self.find_path(node)
        if not (isinstance(node.ctx, ast.Load) and self._look(node, path)):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if self._look(node, self.find_path(node)):
            return
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "requires_grad_" and node.args and ast.unparse(node.args[0]) == "False":
            self._switched_off |= {node.func}
        if node.args and (text := const_text(node.args[0])) is not None:
            if name in ("exec", "eval", "compile"):
                for statement in parse_text(text.strip()):
                    for part in ast.walk(statement):
                        if hasattr(part, "lineno"):
                            part.lineno = node.lineno
                    self.visit(statement)
            elif name in ("attrgetter", "methodcaller"):
                self._look(node, f"?.{text.rpartition('.')[2]}")
        word = self.rule.has("loops")
        if word and isinstance(node.func, ast.Name) and name in self.functions and self._is_function(name):
            self._report(node, word.text, "recursion", f"a function that calls itself (`{name}`)")
        self.generic_visit(node)

    def _is_function(self, name: str) -> bool:
        scope = self._find_scope(name)
        return scope is None or scope.names[name] == "a function"

    def visit_BinOp(self, node: ast.BinOp | ast.AugAssign) -> None:
        if isinstance(node.op, ast.MatMult) and (word := self.rule.find("torch.matmul")):
            self._report(node, word.text, "torch.matmul", "@")
        self.generic_visit(node)

    visit_AugAssign = visit_BinOp

    def _visit_loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if word := self.rule.has("loops"):
            kind = "while" if isinstance(node, ast.While) else "for"
            self._report(node, word.text, kind, f"a `{kind}` loop")
        self.generic_visit(node)

    visit_For = visit_AsyncFor = visit_While = _visit_loop

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        if word := self.rule.has("loops"):
            kind = _COMPREHENSIONS[type(node)]
            self._report(node, word.text, kind, kind)
        own = [each.id for one in node.generators for each in ast.walk(one.target) if isinstance(each, ast.Name)]
        self.visit(node.generators[0].iter)
        self.scopes.append(_Scope("comprehension", dict.fromkeys(own)))
        self.generic_visit(node)
        self.scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for part in (node.value, node.target):
            if part is not None:
                self.visit(part)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in node.decorator_list:
            self.visit(part)
        self._visit_function(node.args, node.body, node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node.args, [node.body], "")

    def _visit_function(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr], name: str) -> None:
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self.visit(default)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        scope = _Scope("function", {one.arg: None for one in every if one})
        self.scopes.append(scope)
        self._bind_locals(scope, list(body))
        self.functions.append(name)
        for part in body:
            self.visit(part)
        self.functions.pop()
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.visit(part)
        scope = _Scope("class", {})
        self.scopes.append(scope)
        self._bind_locals(scope, list(node.body))
        outer, self.functions = self.functions, []
        for statement in node.body:
            self.visit(statement)
        self.functions = outer
        self.scopes.pop()

    def _bind_locals(self, scope: _Scope, body: list[ast.AST]) -> None:
        """Note the names that a body binds, and what of a library they stand for."""
        outside: set[str] = set()
        assigned: list[ast.Assign] = []
        waiting = list(body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                outside.update(node.names)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                scope.names.setdefault(node.id, None)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                scope.names[node.name] = None if isinstance(node, ast.ClassDef) else "a function"
                continue
            elif isinstance(node, ast.Lambda):
                continue
            elif isinstance(node, ast.ExceptHandler) and node.name:
                scope.names.setdefault(node.name, None)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.split(".")[0]
                    scope.names[name] = alias.name if alias.asname else name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    scope.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Assign):
                assigned.append(node)
            waiting += list(ast.iter_child_nodes(node))
        for name in outside:
            scope.names.pop(name, None)
        for node in assigned:
            if len(node.targets) == 1 and isinstance(target := node.targets[0], ast.Name) and target.id in scope.names:
                path = self.find_path(node.value)
                if path is not None and not path.startswith("?.") and scope.names[target.id] is None:
                    scope.names[target.id] = path

    def _find_scope(self, name: str) -> _Scope | None:
        """The scope that a name is local to; methods do not see the names of their class."""
        for depth, scope in enumerate(reversed(self.scopes)):
            if name in scope.names and (scope.kind != "class" or depth == 0):
                return scope
        return None

    # What an expression stands for

    def find_path(self, node: ast.AST) -> str | None:
        """The path of what an expression stands for, if it is a library's; `?.name` for an attribute of anything else."""
        if isinstance(node, ast.Name):
            scope = self._find_scope(node.id)
            path = self.find_alias(node.id) if scope is None else scope.names[node.id]
            return None if path == "a function" else path
        if isinstance(node, ast.Attribute):
            return self._join_path(node.value, node.attr)
        if isinstance(node, ast.Subscript):
            return self._find_subscript(node)
        return self._find_call(node) if isinstance(node, ast.Call) else None

    def _join_path(self, base: ast.AST, name: str) -> str:
        path = self.find_path(base)
        return f"{path}.{name}" if path and not path.startswith("?.") else f"?.{name}"

    def _find_subscript(self, node: ast.Subscript) -> str | None:
        """`torch.__dict__["softmax"]`, `vars(torch)["softmax"]`, `globals()["torch"]`, `sys.modules["torch"]`."""
        text, base = const_text(node.slice), node.value
        if text is None:
            return None
        if isinstance(base, ast.Attribute) and base.attr == "__dict__":
            return self._join_path(base.value, text)
        if isinstance(base, ast.Call) and isinstance(base.func, ast.Name):
            if base.func.id == "vars" and base.args:
                return self._join_path(base.args[0], text)
            if base.func.id in ("globals", "locals", "vars"):
                self.reached.append(text)
                return self.find_alias(text)
        return text if self.find_path(base) == "sys.modules" else None

    def _find_call(self, node: ast.Call) -> str | None:
        """`getattr(torch, "softmax")`, `torch.__getattribute__("softmax")`, `importlib.import_module("torch.nn")`."""
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [const_text(argument) for argument in node.args]
        if name == "getattr" and len(texts) > 1 and texts[1] is not None:
            return self._join_path(node.args[0], texts[1])
        if texts and texts[0] is not None:
            if name in ("__getattribute__", "__getattr__") and isinstance(node.func, ast.Attribute):
                return self._join_path(node.func.value, texts[0])
            if name in ("import_module", "__import__"):
                return texts[0] if name == "import_module" else texts[0].split(".")[0]
        if name == "eval" and texts and texts[0] is not None:
            body = parse_text(texts[0].strip())
            return self.find_path(body[0].value) if len(body) == 1 and isinstance(body[0], ast.Expr) else None
        return None

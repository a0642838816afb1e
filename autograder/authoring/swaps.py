"""What may replace one part of a program, a step away from it: see `steps`."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograder.engine.planning.mutants import find_copied

_OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mod),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}

_GROUPS = """
max min, amax amin, argmax argmin, mean sum, zeros ones, zeros_like ones_like, log log2, exp exp2, sin cos, tanh sigmoid, rand randn,
floor ceil, any all, cumsum cumprod, maximum minimum, triu tril, eval train, softmax log_softmax, var std, stack cat, vstack hstack,
float32 float64, float double, int64 int32, Tanh Sigmoid, ReLU Tanh, keys values, zeros_ ones_, xavier_uniform_ xavier_normal_,
kaiming_uniform_ kaiming_normal_, normal_ uniform_, weight bias, parameters buffers, isnan isinf, add_ sub_, mul_ div_, add sub, mul div,
gt ge, lt le, no_grad enable_grad, fan_in fan_out, median mean, prod sum, relu abs, append extend, floor round
"""

SIBLINGS: dict[str, list[str]] = {}
for _group in _GROUPS.split(","):
    for _one, _other in (_group.split(), _group.split()[::-1]):
        SIBLINGS.setdefault(_one, []).append(_other)

_DROPPED = frozenset(
    "sqrt abs exp log square log2 log1p expm1 detach clone relu tanh sigmoid softmax log_softmax float long int bool double item contiguous "
    "t flip flatten squeeze unsqueeze mean sum max min amax amin copy deepcopy sorted reversed round set list tuple clamp floor "
    "cumsum transpose permute reshape view lower upper strip requires_grad_ expand to std var norm argmax argmin cpu numpy tolist "
    "softplus sign neg reciprocal pow trunc".split()
)
"""Functions of one thing that may be forgotten."""

_DIMS = ("dim", "axis")

_GUARDS = ("strict",)
"""Settings that make no difference to what is right."""

_DRAWS = re.compile(
    r"rand|normal|uniform|multinomial|bernoulli|shuffle|choice|dropout|next\(|pop\(|read\(|seed|\.step\(|backward"
)
"""What gives something else each time, or changes what is not named."""

LONGEST = 100
"""Letters of a text that shows a part of a program."""


@dataclass(frozen=True)
class Swap:
    """What replaces a node, and how both are shown where that isn't their code."""

    new: ast.AST
    text: tuple[str, str] | None = None


Made = Iterator[ast.AST | Swap]


def changed(node: Any, **fields: Any) -> Any:
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def show(node: ast.AST, most: int = LONGEST) -> str:
    """A node as one line; of a compound statement, its first."""
    if isinstance(node, ast.stmt) and hasattr(node, "body"):
        empty: dict[str, list[ast.AST]] = {
            name: [] for name in ("orelse", "finalbody", "decorator_list") if hasattr(node, name)
        }
        head = changed(node, body=[ast.Pass()], **empty)
        text = ast.unparse(ast.fix_missing_locations(head)).split("\n")[0]
    else:
        text = " ".join(ast.unparse(node).split())
    text = text.replace("`", "'")
    return text if len(text) <= most else f"{text[: most * 2 // 3]} … {text[-most // 4 :]}"


def may_depend(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether the order of two statements may matter. Statements that only bind names, each its own, can be in either order."""
    if isinstance(first, ast.Expr) or isinstance(second, ast.Expr):
        return True
    names = [{node.id for node in ast.walk(one) if isinstance(node, ast.Name)} for one in (first, second)]
    bound = [_find_bound(one) for one in (first, second)]
    return bool(bound[0] & names[1] or bound[1] & names[0]) or all(
        _DRAWS.search(ast.unparse(one)) for one in (first, second)
    )


def _find_bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, or whose parts it binds."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", statement)]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def steps(node: ast.AST, parents: Mapping[int, ast.AST], words: Sequence[str]) -> Made:
    """All that is one step away from `node`; `parents` has what each node of the program is in."""
    above = parents.get(id(node))
    if isinstance(node, ast.expr) and isinstance(above, ast.Return):
        yield from _negated_result(node)
    if isinstance(node, ast.stmt):
        yield from _statement(node, above)
    elif isinstance(node, ast.Constant):
        if not (isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.USub)):
            yield from _constant(node.value, above, words)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            yield from _constant(-node.operand.value, above, words)  # type: ignore[operator]
    elif isinstance(node, ast.BinOp):
        yield from _operation(node)
    elif isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            for other in _OPERATORS.get(type(op), ()):
                yield changed(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield from (changed(node, op=other()) for other in _OPERATORS[type(node.op)])
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield changed(node, test=_not(node.test))
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, (ast.Attribute, ast.Name)):
        yield from _name(node)
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        yield from (changed(node, elts=one) for one in _reordered(node.elts))
    elif isinstance(node, (ast.Subscript, ast.Slice)):
        yield from _slice(node)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
        yield from _comprehension(node)


def _not(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _negated_result(node: ast.expr) -> Made:
    if isinstance(node, (ast.Name, ast.Call, ast.BinOp, ast.Attribute, ast.Subscript)):
        yield ast.UnaryOp(ast.USub(), node)


def _constant(value: object, above: ast.AST | None, words: Sequence[str]) -> Made:
    if isinstance(above, ast.keyword) and above.arg in _GUARDS:
        return
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, (int, float)):
        if isinstance(above, ast.keyword) and above.arg in _DIMS:
            yield from (ast.Constant(other) for other in (0, 1, -1) if other != value)
        else:
            yield from (ast.Constant(other) for other in (value + 1, value - 1, value * 2))
    elif isinstance(value, str):
        others = [word for word in (*SIBLINGS.get(value, ()), *words) if word != value]
        yield from (ast.Constant(other) for other in others[:4])


def _operation(node: ast.BinOp) -> Made:
    yield from (changed(node, op=other()) for other in _OPERATORS.get(type(node.op), ()))
    yield node.left
    if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr)):
        yield node.right
    if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)):
        yield changed(node, left=node.right, right=node.left)


def _reordered(items: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """The items with two neighbors swapped."""
    for place, (first, second) in enumerate(pairwise(items)):
        values = [getattr(item, "value", item) if isinstance(item, ast.Constant) else item for item in (first, second)]
        if values[0] != values[1]:  # 0 and 0.0 are as good as one
            yield [*items[:place], second, first, *items[place + 2 :]]


def _call(node: ast.Call) -> Made:
    yield from (changed(node, args=args) for args in _reordered(node.args))
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for place, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, *_GUARDS):
            yield changed(node, keywords=[*node.keywords[:place], *node.keywords[place + 1 :]])
    if node.args and (len(node.args) > 1 or isinstance(node.func, ast.Attribute)):
        yield changed(node, args=node.args[:-1])
    if copied := find_copied(node):
        yield copied
    elif name in _DROPPED:
        library = isinstance(node.func, ast.Name) or (
            isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("torch", "F", "math", "np", "numpy", "copy")
        )
        if not library:
            yield node.func.value  # type: ignore[attr-defined]
        elif node.args:
            yield node.args[0]
    if name == "range":
        for place, bound in enumerate(node.args):
            if not isinstance(bound, ast.Constant):
                for other in _beside(bound):
                    yield changed(node, args=[*node.args[:place], other, *node.args[place + 1 :]])
        if len(node.args) == 1:
            yield changed(node, args=[ast.Constant(1), *node.args])


def _beside(bound: ast.expr) -> Iterator[ast.expr]:
    yield ast.BinOp(bound, ast.Add(), ast.Constant(1))
    yield ast.BinOp(bound, ast.Sub(), ast.Constant(1))


def _name(node: ast.Attribute | ast.Name) -> Made:
    if not isinstance(node.ctx, ast.Load):
        return
    name, field = (node.attr, "attr") if isinstance(node, ast.Attribute) else (node.id, "id")
    known = isinstance(node, ast.Attribute) or name in ("max", "min", "any", "all", "sum", "zip")
    yield from (changed(node, **{field: other}) for other in SIBLINGS.get(name, ()) if known)
    if isinstance(node, ast.Attribute) and name in ("T", "mT", "data", "real"):
        yield node.value


def _slice(node: ast.Subscript | ast.Slice) -> Made:
    if isinstance(node, ast.Subscript):
        if copied := find_copied(node):
            yield copied
        return
    for name, missing in (("lower", 1), ("upper", -1)):
        bound = getattr(node, name)
        if bound is None:
            yield changed(node, **{name: ast.Constant(missing)})
            continue
        yield changed(node, **{name: None})
        if not isinstance(bound, ast.Constant):
            yield from (changed(node, **{name: other}) for other in _beside(bound))


def _comprehension(node: Any) -> Made:
    for place, part in enumerate(node.generators):
        for number, test in enumerate(part.ifs):
            for others in ([_not(test)], []):
                ifs = [*part.ifs[:number], *others, *part.ifs[number + 1 :]]
                parts = [*node.generators[:place], changed(part, ifs=ifs), *node.generators[place + 1 :]]
                yield changed(node, generators=parts)


def _statement(node: ast.stmt, above: ast.AST | None) -> Made:
    if isinstance(
        node, (ast.Expr, ast.Assign, ast.AugAssign, ast.Assert, ast.Raise, ast.Return, ast.Continue, ast.Break)
    ):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield from (changed(node, op=other()) for other in _OPERATORS.get(type(node.op), ()))
        yield ast.Assign([node.target], node.value)
    elif isinstance(node, ast.Assign) and isinstance(above, ast.FunctionDef) and isinstance(node.targets[0], ast.Name):
        yield ast.Return(node.value)
    elif isinstance(node, ast.With):
        yield ast.If(ast.Constant(True), node.body, [])
    elif isinstance(node, (ast.If, ast.While)):
        yield changed(node, test=_not(node.test))
        yield ast.Pass()
    elif isinstance(node, ast.For):
        yield ast.Pass()
        head = show(node)
        yield Swap(changed(node, body=[*node.body, ast.Break()]), (head, f"{head} ...; break"))
    elif isinstance(node, ast.FunctionDef):
        for place, one in enumerate(node.decorator_list):
            rest = [*node.decorator_list[:place], *node.decorator_list[place + 1 :]]
            yield Swap(changed(node, decorator_list=rest), (f"@{ast.unparse(one)}".replace("`", "'"), "pass"))

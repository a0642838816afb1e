"""What a check wants, in one line for the student, and what in a check is its author's mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor

from autograder.checks.check import Check, Evaluation
from autograder.checks.data import Data, is_number, same
from autograder.checks.describe import describe_input

MOST_KINDS = 6


def describe_check(check: Check) -> str:
    """What `check`, which was asked of the solution, looks at: the results, gradients, inputs, and kinds of hidden inputs."""
    parts = [_describe_results(check.evaluations)]
    gradients = dict.fromkeys(name for one in check.evaluations for name in (one.expected.gradients or {}))
    if gradients:
        parts.append(f"gradient with respect to {_name(gradients)}")
    kept = sorted(
        {name for one in check.evaluations for name in one.expected.unchanged if _could_change(one.data[name])}
    )
    if kept:
        parts.append(f"{_name(kept)} {'stays as it is' if len(kept) == 1 else 'stay as they are'}")
    if check.without:
        words = [word if word in ("loops", "autograd", "numpy") else f"`{word}`" for word in check.without]
        parts.append(f"written without {' and '.join([', '.join(words[:-1]), words[-1]] if words[1:] else words)}")
    if kinds := _find_hidden_kinds(check.evaluations):
        parts.append(f"also on {_join_kinds(kinds)}")
    elif any(one.hidden for one in check.evaluations):
        parts.append("also on inputs that are not shown")
    return f"**Checked:** {'; '.join(parts)}."


def _describe_results(evaluations: list[Evaluation]) -> str:
    """Which sides of the results count. Where a Python number and a tensor of one element are as good, it says so."""
    values = [(one.expected.value, one.expected.gradients is not None) for one in evaluations if not one.sealed]
    if any(isinstance(one, Tensor) and (one.dim() or strict) for value, strict in values for one in _flatten(value)):
        return "value, shape, dtype"
    if values and all(is_number(value) or isinstance(value, Tensor) for value, _ in values):
        return "value, as a Python number or as a tensor of one element"
    digits = sorted({one.sealed.digits for one in evaluations if one.sealed and _has_decimals(one.reply.value)})
    if digits and not values:
        return f"value, numbers to {' or '.join(map(str, digits))} decimal{'s' if digits != [1] else ''}"
    return "value"


def _could_change(value: Data) -> bool:
    """Whether a function could change it in place, so that it is worth saying that it must not."""
    return isinstance(value, (Tensor, list, dict))


def _flatten(value: Data) -> Iterator[Data]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flatten(item)
    else:
        yield value


def _has_decimals(value: Data) -> bool:
    return any(
        one.is_floating_point() if isinstance(one, Tensor) else isinstance(one, float) for one in _flatten(value)
    )


def _find_hidden_kinds(evaluations: list[Evaluation]) -> list[str]:
    """What the hidden inputs are that none of those shown is: in the author's words, else the most telling kind of each."""
    kinds: dict[str, None] = {}
    for one in evaluations:
        if one.hidden:
            shown = [other.data for other in evaluations if not other.hidden and other.expression == one.expression]
            new = [one.on] if one.on else describe_input(one.data, shown) if shown else []
            fresh = [kind for kind in new if kind not in kinds]
            kinds |= dict.fromkeys(fresh[:1])
    said = {kind.partition("` ")[2] for kind in kinds if kind.startswith("`")}
    return [kind for kind in kinds if not kind.startswith("an item") or kind.partition("` ")[2] not in said][
        :MOST_KINDS
    ]


def _join_kinds(kinds: list[str]) -> str:
    """The kinds in a row, with each name once: "`z` of one row, of one column, `x` of one row"."""
    by_name: dict[str, list[str]] = {}
    for kind in kinds:
        name, _, rest = kind.partition(" ") if kind.startswith("`") else ("", "", kind)
        by_name.setdefault(name, []).append(rest.removeprefix("a single number, "))
    return ", ".join(f"{name} {', '.join(rest)}".strip() for name, rest in by_name.items())


def _name(names: Iterable[str]) -> str:
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def find_misuse(check: Check) -> Iterator[str]:
    """What `check` asks twice: that is its author's mistake. Asking the same question with two ways to the answer isn't."""
    asked: list[Evaluation] = []
    for one in check.evaluations:
        for other in asked:
            if (one.expression, one.part) != (other.expression, other.part) or not _same_data(one.data, other.data):
                continue
            if one.hidden != other.hidden:
                yield f'"{one.expression}" is asked with the same data in the shown part and in the hidden part: hide different data.'
                break
            if same(one.expected.value, other.expected.value):
                yield f'"{one.expression}" is asked twice with the same data: change the data of one, or leave it out.'
                break
        asked.append(one)


def _same_data(one: dict[str, Data], other: dict[str, Data]) -> bool:
    return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)


def find_dependence(answer: str, check: str) -> list[str]:
    """The names that the answer binds and that a check's `gives` uses: it would expect whatever the student made of them."""
    bound = set(_bound_above(ast.parse(answer)))
    try:
        program = ast.parse(check)
    except SyntaxError:  # magics; the shell runs the cell, and the trial tells whether it holds
        return []
    functions = {node.name: node for node in program.body if isinstance(node, ast.FunctionDef)}
    waiting: list[ast.AST] = [
        word.value
        for call in ast.walk(program)
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg == "gives"
    ]
    used: set[str] = set()
    while waiting:
        node = waiting.pop()
        own = {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
        names = {
            name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
        } - own
        waiting += [functions[name] for name in names - used if name in functions]
        used |= names
    return sorted((used & bound) - set(_bound_above(program)))


def _bound_above(program: ast.Module) -> Iterator[str]:
    """The names that the statements of a cell bind, functions and classes included."""
    for node in program.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
            continue
        targets: list[Any] = [*getattr(node, "targets", []), getattr(node, "target", None)]
        for target in targets:
            if target is not None:
                yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))

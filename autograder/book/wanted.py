"""What a check wants, as a reader may see it: the examples that it tries, without the code that knows the right answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from html import escape

SETTINGS = {"gives", "gradient", "within", "part", "on"}
"""Keywords of a check that aren't data (see `checks.Check.__call__`)."""

PLAIN = {"torch.tensor", "torch.ones", "torch.zeros", "torch.full", "torch.arange", "torch.eye"}
"""Calls that write a value down. Any other call may compute the answer, and isn't shown."""

MOST_EXAMPLES, MOST_LETTERS = 6, 160


def describe_check(source: str, points: float, extra: float) -> str:
    """The block of Markdown in place of a check cell: its points, and its examples folded away."""
    worth = f"{points:g} point{'' if points == 1 else 's'}" if points else f"{extra:g} extra points" if extra else ""
    line = f"Checked in your lab{f': {worth}' if worth else ''}."
    examples = list(list_examples(source))
    if not examples:
        return f'<div class="check">\n<p>{line} The right answers aren’t in the book.</p>\n</div>'
    items = "\n".join(f"<li>{example}</li>" for example in examples)
    more = "<p>It also tries inputs of its own.</p>\n" if has_more(source) else ""
    return f'<details class="check">\n<summary>{line} What it tries</summary>\n<ul>\n{items}\n</ul>\n{more}</details>'


def list_examples(source: str) -> Iterator[str]:
    """The evaluations that are written down in the cell as HTML: the expression, its data, and the result if it is written down too."""
    for call in list(_list_calls(source))[:MOST_EXAMPLES]:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        data = {name: _write(value) for name, value in keywords.items() if name not in SETTINGS}
        if not all(data.values()):
            continue
        [expression] = [one.value for one in call.args[:1] if isinstance(one, ast.Constant)] or [""]
        said = f"<code>{escape(str(expression))}</code>"
        if data:
            said += " with " + ", ".join(f"<code>{escape(f'{name} = {text}')}</code>" for name, text in data.items())
        result = _write(keywords.get("gives"))
        yield f"{said} should give <code>{escape(result)}</code>" if result else said


def has_more(source: str) -> bool:
    """Whether the check evaluates anything that isn't an example: in a loop, through a helper, or past what is shown."""
    shown = list(_list_calls(source))[:MOST_EXAMPLES]
    calls = [node for node in ast.walk(ast.parse(source)) if _is_check(node)]
    return len(calls) > len(shown)


def _list_calls(source: str) -> Iterator[ast.Call]:
    """The calls of `check` that stand by themselves."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _is_check(statement.value):
            yield statement.value


def _is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"


def _write(value: ast.expr | None) -> str:
    """A value as the author wrote it, on one line; "" where it isn't plain, or too long to read."""
    if value is None or not _is_plain(value):
        return ""
    text = ast.unparse(value)
    return text if len(text) <= MOST_LETTERS else ""


def _is_plain(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, (ast.List, ast.Tuple)):
        return all(_is_plain(one) for one in value.elts)
    if isinstance(value, ast.Dict):
        return all(key is not None and _is_plain(key) for key in value.keys) and all(map(_is_plain, value.values))
    if isinstance(value, ast.UnaryOp):
        return _is_plain(value.operand)
    if isinstance(value, ast.Attribute):  # torch.float64
        return isinstance(value.value, ast.Name) and value.value.id == "torch"
    if isinstance(value, ast.Call):
        arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
        return ast.unparse(value.func) in PLAIN and all(map(_is_plain, arguments))
    return False

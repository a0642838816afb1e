"""What an answer is made of, so that two of them can be compared: shapes of code, words of one's own, and on which line each is.

Of code, a *shape* is a run of nodes of the syntax tree, in which the names that the student chose look all the same, so renaming, other spaces
and other comments change nothing. The names, comments and texts themselves count apart: two people who choose the same odd ones
may have a reason. Of prose, it's a run of words.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

from autograder.engine.planning.magics import strip_magics

RUN, WORDS = 7, 4
"""Nodes in a shape of code, and words in a shape of prose."""

MOST = 20_000
"""Characters of an answer that are looked at."""

Features = dict[str, set[int]]
"""Each feature with the lines on which it starts, from 1."""


def find_features(text: str, code: bool) -> Features:
    """The features of an answer. Code that Python can't read is taken token by token."""
    text = text[:MOST]
    if not code:
        return _in_runs([(word.lower(), line) for line, word in _words(text)], WORDS)
    found: Features = {}
    tree = _parse(text)
    nodes = list(_walk(tree)) if tree else [(word, line) for line, word in _words(text)]
    found |= _in_runs(nodes, RUN)
    for feature, line in (*_find_names(tree), *_find_remarks(text)):
        found.setdefault(feature, set()).add(line)
    return found


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(strip_magics(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _words(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        for word in re.findall(r"\w+|[^\w\s]", line):
            yield number, word


def _in_runs(items: list[tuple[str, int]], length: int) -> Features:
    """Every `length` items in a row as one feature; fewer than that are one."""
    found: Features = {}
    for start in range(max(1, len(items) - length + 1)):
        part = items[start : start + length]
        if part:
            found.setdefault(" ".join(word for word, _ in part), set()).update(line for _, line in part)
    return found


def _walk(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The nodes from the top down, each as a word with its line: kind, and what of it nobody can rename."""
    own = {name for name, _ in _own_names(tree)}
    todo: list[tuple[ast.AST, int]] = [(tree, 1)]
    while todo:
        node, line = todo.pop()
        line = getattr(node, "lineno", line)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
        if not isinstance(node, (ast.expr_context, ast.Module, ast.arguments)):
            yield _name_node(node, own), line
        todo += [(child, line) for child in reversed(list(ast.iter_child_nodes(node)))]


def _name_node(node: ast.AST, own: set[str]) -> str:
    kind = type(node).__name__
    match node:
        case ast.Name(id=name):
            return "own" if name in own else name
        case ast.arg():
            return "own"
        case ast.Attribute(attr=name):
            return f".{name}"
        case ast.keyword(arg=name):
            return f"{name}="
        case ast.Constant(value=value):
            return "text" if isinstance(value, (str, bytes)) else repr(value)
        case ast.alias(name=name):
            return f"import {name}"
        case _:
            return kind


def _own_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names that the answer makes, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node.lineno


def _find_names(tree: ast.Module | None) -> Iterator[tuple[str, int]]:
    for name, line in _own_names(tree) if tree else ():
        if name not in _COMMON:
            yield f"name {name}", line


def _find_remarks(text: str) -> Iterator[tuple[str, int]]:
    """Comments and texts, which no computer needs."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            words = re.sub(r"\W+", " ", token.string).strip().lower()
            if token.type in (tokenize.COMMENT, tokenize.STRING) and len(words) > 3:
                yield f"remark {words}", token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return


_COMMON = frozenset((*dir(builtins), *"abcdefghijklmnopqrstuvwxyz", "_", "self", "out", "result", "total", "cls"))
"""Names that say nothing about who chose them."""

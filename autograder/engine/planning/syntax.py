"""Python's parser, for programs with several threads."""

from __future__ import annotations

import ast
import threading
import warnings

_one = threading.Lock()


def parse(source: str) -> ast.Module:
    """`ast.parse` without its warnings, one text at a time: the filters of warnings are every thread's, and up to
    Python 3.11.7 and 3.12.1 two threads in the parser end in a `SystemError` (gh-106905)."""
    with _one, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)

"""Exceptions of the student's as the examiner's process raises them: real classes, for `except` and `pytest.raises`."""

from __future__ import annotations

import binascii
import builtins
import copy
import csv
import dataclasses
import decimal
import json
import queue
import re
import statistics
import struct
import subprocess
import zlib
from typing import Any

import numpy

from autograder.engine.standins.proxies import Link
from autograder.engine.wire.channel import Malformed

_LIBRARY: tuple[type[Exception], ...] = (
    *(binascii.Error, copy.Error, csv.Error, re.error, struct.error, zlib.error, json.JSONDecodeError),
    *(
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        statistics.StatisticsError,
        dataclasses.FrozenInstanceError,
    ),
    *(queue.Empty, queue.Full, subprocess.CalledProcessError, subprocess.TimeoutExpired),
    *(numpy.linalg.LinAlgError, numpy.exceptions.AxisError),
)
_KNOWN = {(kind.__module__, kind.__name__): kind for kind in _LIBRARY}


class StudentError(Exception):
    """An exception of a class that the student's code defines, or that only their process knows."""

    _link: Link
    _number: int | None = None
    _text: str | None = None

    def __str__(self) -> str:
        return super().__str__() if self._text is None else self._text

    def __getattr__(self, name: str) -> Any:
        if self._number is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._link.operate("getattr", self, name)


def find_builtin(name: Any) -> type[Exception] | None:
    """A built-in exception class; none of those that end a process or a cell."""
    kind = vars(builtins).get(name) if type(name) is str else None
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else None


def make_error_class(link: Link, name: str, module: str, bases: list[type[Exception]]) -> type[Exception]:
    if (module, name) in _KNOWN:
        return _KNOWN[module, name]
    others = tuple(base for base in bases if not any(base is not other and issubclass(other, base) for other in bases))
    space = {"__module__": "__main__", "_link": link}
    own = any(issubclass(base, StudentError) for base in others)
    try:
        return type(name, others if own else (StudentError, *(base for base in others if base is not Exception)), space)
    except TypeError:  # bases that do not go together
        return type(name, (StudentError,), space)


def make_error(kind: type[Exception], arguments: list[Any], text: str, number: int) -> Exception:
    """An exception as the student's process has it, without running any code of its class."""
    try:
        error = kind(*arguments)
    except Exception:  # it takes others, and keeps these
        error = kind.__new__(kind, *arguments)
    if isinstance(error, StudentError):
        error._text, error._number = text, number
    if type(text) is not str or type(number) is not int:
        raise Malformed("no error")
    return error

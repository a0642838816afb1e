"""Watch what an answer calls while it is evaluated, for what its exercise forbids (see `rules`).

It sees what no reading of the code does, such as a name that is put together on the way. What an allowed function of torch's calls inside,
and what functions of the author's call, doesn't count.
"""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dis import get_instructions
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy
import torch
from torch.overrides import TorchFunctionMode

from autograder.checks.rules import Broken, Rule, Word, find_key, read_rule

_TORCH = os.path.dirname(torch.__file__) + os.sep
_CHECKS = os.path.dirname(__file__) + os.sep
_PASSED_THROUGH = (os.path.dirname(numpy.__file__) + os.sep,)
_PACKAGES = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_STANDARD = sysconfig.get_path("stdlib") + os.sep

_OPERATORS = frozenset("add sub rsub mul div rdiv pow rpow neg eq ne lt le gt ge and or xor mod getitem".split())
"""Operations that operators such as `+` do as well: at run time nobody can see which of the two it was."""

_OF_AUTOGRAD = frozenset(("backward", "grad"))
_INSIDE_AUTOGRAD = (_TORCH + "_functorch", _TORCH + "autograd", _TORCH + "func", _TORCH + "utils/_pytree")


@dataclass(frozen=True)
class Ban:
    """A rule as it is sent to where the answer runs: its words, and the names that are not of the answer."""

    words: str
    given: tuple[str, ...] = ()


def tell(broken: Broken) -> tuple[str, str, str, int, str, str]:
    """`broken` as the plain data of a reply."""
    return broken.word, broken.path, broken.spelled, broken.line, broken.code, broken.where


class RuleBroken(BaseException):
    """Stops an answer. No `except Exception` of the answer's catches it, and it is noted besides."""


class Watch:
    """Watches over an evaluation, of an expression with the free names `wanted`, where `names` are the student's.

    `broken` is what was found; entering, and what runs then, may raise `RuleBroken`. Without a `ban` nothing is done.
    """

    def __init__(self, ban: Ban | None, names: Mapping[str, Any], wanted: Iterable[str]) -> None:
        self.ban, self.names, self.wanted = ban, names, wanted
        self.broken: Broken | None = None
        self._mode: _Mode | None = None

    def __enter__(self) -> None:
        if self.ban is None:
            return
        rule = read_rule(self.ban.words)
        if (word := rule.has("loops")) and (looping := _find_looping(self.names, self.wanted, self.ban.given)):
            name, line = looping
            self.broken = Broken(word.text, "loop", "a loop", line, "", name)
            raise RuleBroken
        if any(one.kind not in ("loops", "builtin") for one in rule.words):
            self._mode = _Mode(rule, self.names, self.ban.given, self)
            self._mode.__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._mode is not None:
            self._mode.__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
            self._mode = None


class _Mode(TorchFunctionMode):
    """Sees each of torch's functions that is called, except for calls inside these."""

    def __init__(self, rule: Rule, names: Mapping[str, Any], given: Iterable[str], watch: Watch) -> None:
        super().__init__()
        self.names, self.given, self.watch = names, given, watch
        self.keys = {word.key: word for word in rule.words if word.kind == "operation"}
        self.modules = [word for word in rule.words if word.kind == "module"]
        self.autograd, self.numpy = rule.has("autograd"), rule.has("numpy")

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        word = self._find_word(func)
        if word is not None and (frame := self._find_caller(sys._getframe(1), word)):
            self.watch.broken = self._describe(func, word, frame)
            raise RuleBroken
        return func(*args, **(kwargs or {}))

    def _describe(self, func: Any, word: Word, frame: FrameType) -> Broken:
        name, module = getattr(func, "__name__", ""), getattr(func, "__module__", None)
        home = "torch.Tensor" if getattr(torch.Tensor, name, None) is func else module or "torch"
        code = frame.f_code
        where = code.co_name if code.co_name in self.names else ""
        short = {"torch.Tensor": "Tensor", "torch.nn.functional": "F"}.get(home, home)
        line = 0 if code.co_filename == "<string>" else frame.f_lineno
        return Broken(word.text, f"{home}.{name}", f"{short}.{name}", line, "", where)

    def _find_word(self, func: Any) -> Word | None:
        name = getattr(func, "__name__", "")
        key = find_key(name)
        if key in self.keys and key not in _OPERATORS:
            return self.keys[key]
        if self.autograd and name in _OF_AUTOGRAD:
            return self.autograd
        if self.numpy and name in ("numpy", "__array__"):
            return self.numpy
        module = getattr(func, "__module__", None) or ""
        if not name.startswith("_"):
            return next((word for word in self.modules if word.key != "torch" and word.forbids(module)), None)
        return None

    def _find_caller(self, frame: FrameType | None, word: Word) -> FrameType | None:
        """The frame of the student's that calls a function, perhaps by a module that is there for it; `None` where somebody else calls it."""
        own = True  # the function itself, where it is written in Python
        while frame is not None:
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if file.startswith(_TORCH):
                inside = word.kind == "autograd" and file.startswith(_INSIDE_AUTOGRAD)
                plumbing = file.endswith(("overrides.py", "_ops.py", "_tensor.py")) or name.endswith("_call_impl")
                same = own and (word.kind != "operation" or find_key(name) == word.key)
                if name == "forward":
                    kind = type(frame.f_locals.get("self"))
                    same = find_key(kind.__name__) == word.key or (
                        word.kind == "module" and word.forbids(kind.__module__)
                    )
                if not (inside or plumbing or same):
                    return None
                own = own and plumbing
            elif file.startswith(_PASSED_THROUGH) or (file.startswith(_STANDARD) and not file.startswith(_PACKAGES)):
                pass
            elif is_students(file) and frame.f_code not in self._given:
                return frame
            else:
                return None
            frame = frame.f_back
        return None

    @functools.cached_property
    def _given(self) -> set[CodeType]:
        """The code of what is not of the answer."""
        return {code for name in self.given for code in _find_code(self.names.get(name))}


def is_students(file: str) -> bool:
    """Whether code of this file may be a student's: of a cell, or of a text that was executed."""
    return file != "<check>" and not file.startswith((_CHECKS, _TORCH, _STANDARD, "<frozen", *_PACKAGES))


def _find_code(value: Any) -> Iterator[CodeType]:
    """The code of a function, or of the methods of a class or of an object's class."""
    waiting: deque[Any] = deque()
    for one in (value, *(vars(value).values() if isinstance(value, type) else vars(type(value)).values())):
        one = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
        while isinstance(one, FunctionType):
            waiting.append(one.__code__)
            one = vars(one).get("__wrapped__")
    while waiting:
        code = waiting.popleft()
        yield code
        waiting.extend(part for part in code.co_consts if isinstance(part, CodeType))


@functools.lru_cache(maxsize=1024)
def _find_loop(code: CodeType) -> int | None:
    """The line of a loop in a function's code, also of one in what it defines; `None` without one."""
    for one in (code, *(part for part in code.co_consts if isinstance(part, CodeType))):
        if one is not code:
            if (line := _find_loop(one)) is not None:
                return line
            continue
        for step in get_instructions(one):
            again = "JUMP_BACKWARD" in step.opname and not step.opname.endswith("NO_INTERRUPT")
            if again or step.opname == "FOR_ITER":
                return (step.positions.lineno if step.positions else None) or one.co_firstlineno
    return None


def _find_looping(names: Mapping[str, Any], wanted: Iterable[str], given: Iterable[str]) -> tuple[str, int] | None:
    """The name of a function with a loop among the `wanted` and those that they use, with its line."""
    left = set(given)
    waiting = deque(name for name in wanted if name not in left)
    while waiting:
        name = waiting.popleft()
        left.add(name)
        value = names.get(name)
        if not isinstance(value, (FunctionType, type)):
            continue
        for code in _find_code(value):
            if not is_students(code.co_filename):
                continue
            if (line := _find_loop(code)) is not None:
                return name, line
            waiting.extend(each for each in code.co_names if each in names and each not in left)
    return None

"""Rules of an exercise's text, such as "without `torch.softmax`": what the words of `Check(without=...)` forbid, and the message about it.

A rule is enforced twice: `reading` reads the answer's code, where the check runs, and `watching` sees what is called where
the answer runs, also what cannot be read.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import torch

ROOTS = {"torch": "torch", "F": "torch.nn.functional", "nn": "torch.nn", "optim": "torch.optim", "np": "numpy"}
"""What beginners' names of modules stand for, where no cell says otherwise."""

_HOMES = ("torch", "torch.nn.functional", "torch.Tensor", "torch.nn", "torch.special", "torch.linalg", "torch.optim")
_LIBRARIES = ("torch.", "numpy.", "scipy.", "math.", "statistics.", "cmath.", "operator.")
"""Where one name means one operation."""

_SAME = {
    "expit": "sigmoid",
    "clip": "clamp",
    "absolute": "abs",
    "multiply": "mul",
    "divide": "div",
    "truedivide": "div",
    "truediv": "div",
    "subtract": "sub",
    "negative": "neg",
    "concat": "cat",
    "concatenate": "cat",
    "binarycrossentropy": "bce",
    "binarycrossentropywithlogits": "bcewithlogits",
    "batchnorm1d": "batchnorm",
    "batchnorm2d": "batchnorm",
    "batchnorm3d": "batchnorm",
}

AUTOGRAD_METHODS = frozenset(("backward", "requires_grad_", "grad_fn"))
_AUTOGRAD = re.compile(
    r"torch\.(autograd\.(grad|backward|functional\.\w+|forward_ad\.\w+)$|func\.(grad|jac|vjp|jvp|hessian|linearize)|Tensor\.(backward|requires_grad_|grad_fn)$)"
)
LOOP_METHODS = frozenset(("apply_", "map_", "map2_"))
_LOOPS = re.compile(
    r"builtins\.(map|filter)$|functools\.reduce$|itertools\.(accumulate|starmap)$|torch\.(func\.)?vmap$|torch\.Tensor\.(apply_|map2?_)$"
    r"|numpy\.(vectorize|apply_along_axis|apply_over_axes|frompyfunc|fromfunction|fromiter|nditer)$"
)


@dataclass(frozen=True)
class Word:
    """One word of a rule as its author wrote it. `key` is an operation, or the path of a module, of which all is forbidden."""

    text: str
    kind: Literal["loops", "autograd", "numpy", "module", "operation", "builtin"]
    key: str = ""

    def forbids(self, path: str) -> bool:
        """Whether this is about `path`: what a dotted name stands for, from its module on; `?.name` is a method of something unknown."""
        if self.kind == "loops":
            return bool(_LOOPS.match(path)) or (path.startswith("?.") and path[2:] in LOOP_METHODS)
        if self.kind == "autograd":
            return bool(_AUTOGRAD.match(path)) or (path.startswith("?.") and path[2:] in AUTOGRAD_METHODS)
        if self.kind == "numpy":
            return f"{path}.".startswith("numpy.") or path in ("?.numpy", "torch.Tensor.numpy", "torch.from_numpy")
        if self.kind == "module":
            return f"{path}.".startswith(f"{self.key}.")
        name = path.rpartition(".")[2]
        if find_key(name) != self.key:
            return False
        if self.kind == "builtin":
            return path.startswith("builtins.")
        return path.startswith(_LIBRARIES) or (path.startswith("?.") and hasattr(torch.Tensor, name))


@dataclass(frozen=True)
class Rule:
    """What an exercise must be solved without."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words, as they can be read in again."""
        return " ".join(word.text for word in self.words)

    def find(self, path: str | None) -> Word | None:
        return next((word for word in self.words if path and word.forbids(path)), None)

    def has(self, kind: str) -> Word | None:
        return next((word for word in self.words if word.kind == kind), None)


@dataclass(frozen=True)
class Broken:
    """How a rule is broken: its `word`, the `path` of what was found, as it stands in the code, and its line, in the code of the name `where`."""

    word: str
    path: str
    spelled: str
    line: int = 0
    code: str = ""
    where: str = ""

    def describe(self, subject: str) -> tuple[str, str]:
        """The sentence about an answer, with its name, and where to find what it says."""
        [word] = read_rule(self.word).words
        one = "it" if self.where in ("", subject) else f"`{self.where}`"
        who = f"`{subject}`" if one == "it" else f"`{subject}` needs `{self.where}`, which"
        says = f"{who} {_SAYS[word.kind].format(self.spelled)}"
        place = f" of the cell with `{self.where}`" if one != "it" else ""
        detail = f"Line {self.line}{place}{': ' + self.code if self.code else ''}" if self.line else ""
        return says, detail


_SAYS = {
    "loops": "has {}: solve this exercise without loops, with operations on whole tensors.",
    "autograd": "uses `{}`: this exercise is about working the gradient out yourself, without autograd.",
    "numpy": "uses NumPy (`{}`): solve this exercise without it.",
    "module": "uses `{}`: this exercise is about writing that yourself.",
    "operation": "uses `{}`: this exercise is about writing that yourself.",
    "builtin": "uses `{}`: this exercise is about writing that yourself.",
}


@functools.lru_cache(maxsize=4096)
def find_key(name: str) -> str:
    """The operation of a function, method or class: `softmax`, `Softmax`, `softmax_` and `special_softmax` are one."""
    key = name.strip("_").replace("_", "").lower()
    for prefix in ("special", "linalg"):
        key = key.removeprefix(prefix) or key
    key = key.removesuffix("loss") or key
    return _SAME.get(key, key)


@functools.lru_cache(maxsize=256)
def read_rule(without: str | tuple[str, ...]) -> Rule:
    """The rule of these words, in one text or several. Raises `ValueError` for a word that is neither a name of torch's nor one of the general ones."""
    texts = (without,) if isinstance(without, str) else without
    words = dict.fromkeys(word for text in texts for word in re.split(r"[\s,]+", text) if word)
    return Rule(tuple(map(_read_word, words)))


def normalise(without: str | Sequence[str]) -> Rule:
    """As `read_rule`, of what an author gives. Raises `ValueError` also where that isn't text."""
    texts = (without,) if isinstance(without, str) else tuple(without)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"without={without!r}: give the names in one text, or several texts")
    return read_rule(texts)


def _read_word(text: str) -> Word:
    plain = text.removeprefix(".").removesuffix("()")
    if plain in ("loops", "autograd", "numpy"):
        return Word(text, plain)  # type: ignore[arg-type]
    if plain == "torch.autograd":
        return Word(text, "autograd")
    if plain in ("np", "loop"):
        return Word(text, "numpy" if plain == "np" else "loops")
    head, dot, rest = plain.partition(".")
    path = f"{ {**ROOTS, 'Tensor': 'torch.Tensor'}.get(head, head) }{dot}{rest}"
    if text.startswith("."):
        path = f"torch.Tensor.{plain}"
    found = _find(path) if (dot or head in ROOTS or text.startswith(".")) else None
    if isinstance(found, ModuleType):
        return Word(text, "module", found.__name__)
    if found is not None:
        return Word(text, "operation", find_key(path.rpartition(".")[2]))
    if not dot and not text.startswith("."):
        key = find_key(plain)
        if any(key in _keys(home) for home in _HOMES):
            return Word(text, "operation", key)
        if hasattr(builtins, plain):
            return Word(text, "builtin", key)
    raise ValueError(
        f"without={text!r}: it is neither a function, method, class or module of torch, nor 'loops', 'autograd' or 'numpy'"
    )


@functools.cache
def _keys(home: str) -> frozenset[str]:
    return frozenset(find_key(name) for name in dir(_find(home)) if not name.startswith("__"))


def is_module(path: str) -> bool:
    """Whether a path is that of a module of the libraries that a rule can name."""
    return isinstance(_find(path), ModuleType)


@functools.lru_cache(maxsize=1024)
def _find(path: str) -> Any:
    """What a dotted name stands for, `None` for nothing. Only modules of the libraries that a rule can name are imported."""
    head, *rest = path.split(".")
    if head not in ("torch", "numpy", "scipy", "math", "statistics", "functools", "itertools"):
        return None
    try:
        found: Any = importlib.import_module(head)
        for at, name in enumerate(rest, start=1):
            if not hasattr(found, name):
                found = importlib.import_module(".".join([head, *rest[:at]]))
            else:
                found = getattr(found, name)
    except (ImportError, AttributeError):
        return None
    return found

"""Where to find a function or class of a library by name, so that another process can take its own."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

import numpy
import torch
import torch.nn.functional

_ROOTS = frozenset(sys.stdlib_module_names) | {"numpy", "torch", "scipy", "pandas", "matplotlib", "sklearn"}
_HIDDEN = (torch, torch.nn.functional, numpy, math, operator, torch.Tensor)
"""Where functions live that do not know it themselves."""


def locate(value: Any) -> tuple[str, str] | None:
    """The module and the qualified name of a library's function or class."""
    origin = getattr(value, "__objclass__", None)
    module = getattr(value, "__module__", None) or getattr(origin, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str):
        return None
    if isinstance(module, str) and module.split(".")[0] in _ROOTS and _follow(sys.modules.get(module), name) is value:
        return module, name
    for place in _HIDDEN:
        short = name.rpartition(".")[2]
        if getattr(place, short, None) is value:
            return ("torch", f"Tensor.{short}") if place is torch.Tensor else (place.__name__, short)
    return None


def find(module: Any, name: Any) -> Any:
    """The library's class of this name, if this process has imported it."""
    if type(module) is not str or type(name) is not str or module.split(".")[0] not in _ROOTS:
        return None
    found = _follow(sys.modules.get(module), name)
    return found if isinstance(found, type) else None


def _follow(place: Any, name: str) -> Any:
    for part in name.split("."):
        place = getattr(place, part, None)
    return place

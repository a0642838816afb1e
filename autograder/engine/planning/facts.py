"""Facts: what running a cell of the author's changed besides its names.

They are taken once, in the reference run of a notebook, and say which cells need not run for each student.
"""

from __future__ import annotations

import base64
import builtins
import decimal
import hashlib
import locale
import os
import random
import sys
import types
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import matplotlib
import numpy
import torch

from autograder.engine.wire import wire

_FIXED = (
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    type,
    int,
    float,
    complex,
    str,
    bytes,
    tuple,
    type(None),
)


def take_state() -> dict[str, Any]:
    """Everything around a cell that a later cell could notice, as texts to compare."""
    files = sorted(
        (str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in Path().rglob("*") if path.is_file()
    )
    return {
        "files": files,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "figures": repr(dict(matplotlib.rcParams)),
        "path": list(sys.path),
        "builtins": {name: id(value) for name, value in vars(builtins).items() if name not in ("_", "__", "___")},
        "warnings": repr(warnings.filters),
        "torch": (
            str(torch.get_default_dtype()),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
        ),
        "shown": (repr(numpy.get_printoptions()), repr(vars(torch._tensor_str.PRINT_OPTS)), _changed_options()),
        "numbers": (
            numpy.geterr(),
            decimal.getcontext().prec,
            decimal.getcontext().rounding,
            locale.setlocale(locale.LC_ALL),
        ),
        "depth": sys.getrecursionlimit(),
    }


def _changed_options() -> list[str]:
    """The options of pandas that are not as they come."""
    config: Any = sys.modules.get("pandas._config.config")
    options = getattr(config, "_registered_options", {})
    return [f"{name} {value!r}" for name in options if (value := config.get_option(name)) != options[name].defval]


def take_facts(
    before: dict[str, Any],
    seen: dict[str, Any],
    values: dict[str, str | None],
    names: dict[str, Any],
) -> dict[str, Any]:
    """`effects`: whether the cell changed anything but names; `mutable`: which of the names that it needs it changed in place, or may have;
    `random`: the random state after it, where it moved since `seen`, the state before. `values` are those of `digest_values` before."""
    after = read_random()
    moved = {name: state for name, state in after.items() if state != seen[name]}
    now = digest_values(names, list(values))
    return {
        "effects": take_state() != before,
        "mutable": [name for name, digest in values.items() if digest is None or now[name] != digest],
        "random": moved,
    }


def digest_values(names: dict[str, Any], wanted: list[str]) -> dict[str, str | None]:
    """A digest of each value with all that can be changed in it, by name; `None` for one that cannot be looked through."""
    found: dict[str, str | None] = {}
    for name in wanted:
        digest = hashlib.sha256()
        try:
            _add(names.get(name), digest, set())
        except (_Unknown, RecursionError):
            found[name] = None
        else:
            found[name] = digest.hexdigest()
    return found


class _Unknown(Exception):
    """A value of a kind that may hide state."""


def _add(value: Any, digest: Any, above: set[int]) -> None:
    """Add a value to a digest. Raises `_Unknown`."""
    kind = type(value)
    digest.update(f"\0{kind.__module__}.{kind.__qualname__}\0".encode())
    if isinstance(value, torch.Tensor) and value.layout == torch.strided and kind in (torch.Tensor, torch.nn.Parameter):
        digest.update(f"{tuple(value.shape)} {value.dtype} {value.requires_grad}".encode())
        digest.update(value.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        if value.is_leaf and value.grad is not None:
            _add(value.grad, digest, above)
    elif kind is numpy.ndarray and value.dtype != object:
        digest.update(f"{value.shape} {value.dtype}".encode() + value.tobytes())
    elif kind is torch.Generator:
        digest.update(value.get_state().numpy().tobytes())
    elif kind in (list, tuple, set, dict, OrderedDict) or isinstance(value, torch.nn.Module):
        if id(value) in above:
            raise _Unknown
        parts = vars(value) if isinstance(value, torch.nn.Module) else value
        flat = (
            [part for item in parts.items() for part in item]
            if isinstance(parts, dict)
            else sorted(parts, key=repr)
            if kind is set
            else parts
        )
        for part in flat:
            _add(part, digest, above | {id(value)})
    elif isinstance(value, (bool, int, float, complex, str, bytes)):
        digest.update(repr(value).encode("utf-8", "replace"))
    elif not isinstance(value, _FIXED):
        raise _Unknown


def read_random() -> dict[str, str]:
    """The states of the three random generators, as text."""
    states: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": numpy.random.get_state(),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }
    return {
        name: " ".join(base64.b64encode(part).decode() for part in wire.encode(state)) for name, state in states.items()
    }


def write_random(states: dict[str, str]) -> None:
    """Set the generators to what `read_random` read."""
    for name, text in states.items():
        head, raw = (base64.b64decode(part) for part in text.split(" "))
        state = wire.decode(head, bytearray(raw))
        if name == "python":
            random.setstate(state)
        elif name == "numpy":
            numpy.random.set_state(state)
        else:
            torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

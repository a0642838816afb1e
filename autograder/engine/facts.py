"""What running a cell of the author's changed besides its names; taken once, in the reference run of a notebook."""

from __future__ import annotations

import base64
import builtins
import os
import random
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy
import torch

from autograder.engine import wire

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
    }


def take_facts(
    before: dict[str, Any], seen: dict[str, Any], names: dict[str, Any], incoming: list[str]
) -> dict[str, Any]:
    """`effects`: whether the cell changed anything but names; `mutable`: which of its `incoming` names could have been changed in place;
    `random`: the random state behind it, where it moved since `seen`, the state before."""
    after = read_random()
    moved = {name: state for name, state in after.items() if state != seen[name]}
    return {
        "effects": take_state() != before,
        "mutable": [name for name in incoming if not isinstance(names.get(name), _FIXED)],
        "random": moved,
    }


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

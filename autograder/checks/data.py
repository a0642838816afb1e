"""Plain data: the only thing that passes between a check and a student's work.

Numbers, strings, booleans, `None`, tensors, and lists, tuples and dicts of these. Anything else is
`Opaque`: the check learns what kind of thing it is and nothing more.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

Data: TypeAlias = Any
"""Plain data as above; Python's type system has no short name for it."""

MAX_DEPTH = 20
MAX_ITEMS = 100_000


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that isn't data: `kind` is the name of its type."""

    kind: str


def to_data(value: object, depth: int = 0) -> Data:
    """Copy `value` into plain data that shares nothing with it.

    Subclasses become their plain type, tensors are detached and cloned, NumPy scalars become numbers, integers
    beyond 64 bits floats, `torch.Size` a tuple, a dtype its name. What isn't data becomes `Opaque`.
    """
    if type(value) is int and value.bit_length() > 63:  # more than a tensor, and at length `repr`, can take
        return float(value) if value.bit_length() < 1024 else math.inf if value > 0 else -math.inf
    if value is None or type(value) in (bool, int, float, complex, str):
        return value
    if depth > MAX_DEPTH:
        return Opaque("deeply nested " + type(value).__name__)
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.is_meta or value.is_quantized:
            return Opaque("Tensor that is not dense")
        return value.detach().to("cpu").as_subclass(Tensor).clone()
    if isinstance(value, torch.dtype):
        return str(value)
    if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS:
        items = [to_data(item, depth + 1) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict) and len(value) <= MAX_ITEMS:
        return {_key(key): to_data(item, depth + 1) for key, item in value.items()}
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()  # type: ignore[attr-defined]
    for plain in (int, float, str):
        if isinstance(value, plain):
            return to_data(plain(value), depth)
    return Opaque(_kind(value))


def _key(key: object) -> Data:
    return key if type(key) in (bool, int, float, str) else str(key)


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def same(one: Data, other: Data) -> bool:
    """Whether two pieces of data are equal to the last bit; NaN equals NaN."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        return torch.equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def is_number(value: Data) -> bool:
    """Whether `value` is an `int` or a `float`; a `bool` is not a number here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def show(value: Data, limit: int = 12, digits: int = 4) -> str:
    """`value` as a student would read it, or "" when it has more than `limit` numbers to show."""
    if isinstance(value, Tensor):
        if value.numel() > limit:
            return ""
        return _numbers(value.tolist(), f"tensor({{}}{_dtype_note(value)})", digits)
    if isinstance(value, Opaque):
        return f"a {value.kind}"
    if isinstance(value, (list, tuple, dict)):
        parts = [show(item, limit, digits) for item in (value.values() if isinstance(value, dict) else value)]
        if not all(parts) or len(parts) > limit:
            return ""
        if isinstance(value, dict):
            inner = ", ".join(f"{key!r}: {part}" for key, part in zip(value, parts, strict=True))
            return f"{{{inner}}}"
        inner = ", ".join(parts)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(parts) == 1 else ''})"
    if isinstance(value, float):
        return _number(value, digits)
    text = repr(value)
    return text if len(text) <= 200 else ""


def _dtype_note(value: Tensor) -> str:
    if value.dtype in (torch.float32, torch.int64, torch.bool) and value.numel():
        return ""
    return f", dtype={value.dtype}"


def show_apart(one: Data, other: Data) -> tuple[str, str]:
    """Two different values, with as many digits as it takes to tell them apart."""
    for digits in (4, 6, 9, 16):
        shown = show(one, digits=digits), show(other, digits=digits)
        if len({re.sub(r"(\.\d*?)0+(?!\d)", r"\1", text) for text in shown}) == 2:  # 1.0000 looks like 1.0
            break
    return shown


def show_numbers(item: Any, digits: int = 4) -> str:
    """One number of a tensor, or a nested list of them, as text."""
    return _numbers(item, "{}", digits)


def _numbers(nested: Any, frame: str, digits: int) -> str:
    def write(item: Any) -> str:
        if isinstance(item, list):
            return "[" + ", ".join(map(write, item)) + "]"
        return _number(item, digits) if isinstance(item, float) else str(item)

    return frame.format(write(nested))


def _number(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return str(value)
    value += 0.0  # no -0.0
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.1f}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits}f}"
    return f"{value:.{digits - 1}e}"

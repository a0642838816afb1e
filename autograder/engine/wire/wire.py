"""What passes between the processes of the engine: typed plain data, as JSON and raw bytes, never a pickle.

`decode` opens every frame as if an enemy had written it: a fixed list of types, and limits on size, depth and count.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import torch
from torch import Tensor

from autograder.checks.data import MAX_DEPTH, Opaque
from autograder.engine.wire.channel import MAX_RAW, MAX_TEXT, Malformed

MAX_ITEMS = 400_000
MAX_DIGITS = 4_000

_TENSORS = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
    )
}
_ARRAYS = {
    name: numpy.dtype(name)
    for name in (
        *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}

Part = Callable[[Any], Any]
"""Writes or reads a part of an object."""

Other = Callable[[object, Part], "dict[str, Any] | None"]
"""Writes an object that isn't plain data as a tagged dictionary, or says `None`."""


_to_json = json.JSONEncoder(allow_nan=False).encode


class Unsendable(Exception):
    """An object that isn't plain data, or is too much of it."""


def encode(value: object, other: Other | None = None) -> tuple[bytes, bytes]:
    """The JSON and the raw bytes of a frame that holds `value`. Raises `Unsendable`.

    `other` may write what isn't plain data; see `decode`.
    """
    raw: list[bytes] = []
    text = _to_json(_write(value, raw, other, 0)).encode("utf-8", "replace")
    size = sum(map(len, raw))
    if len(text) > MAX_TEXT or size > MAX_RAW:
        raise Unsendable(f"{(len(text) + size) / 1e6:.0f} MB are too much to pass on")
    return text, b"".join(raw)


def decode(text: bytes, raw: bytearray, other: Callable[[dict[str, Any], Part], Any] | None = None) -> Any:
    """The value in a frame's two parts. Raises `Malformed`.

    Tags that are not of plain data go to `other`, which raises `Malformed` for those that it does not know.
    """
    try:
        tree = json.loads(text)
        return _Reader(memoryview(raw), other).read(tree, 0)
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError, RuntimeError) as error:
        raise Malformed(f"{type(error).__name__}: {error}"[:300]) from None


def _write(value: Any, raw: list[bytes], other: Other | None, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if kind is int:
        if -(1 << 63) <= value < 1 << 63:
            return value
        if value.bit_length() > 3 * MAX_DIGITS:
            raise Unsendable("an integer of more than 4,000 digits")
        return {"t": "int", "v": str(value)}
    if kind is float:
        return value if value - value == 0 else {"t": "float", "v": str(value)}
    if depth > MAX_DEPTH + 4:
        raise Unsendable("data nested too deeply")

    def items(values: Any) -> list[Any]:
        if len(values) > MAX_ITEMS:
            raise Unsendable(f"{len(values)} items are too many to pass on")
        return [_write(item, raw, other, depth + 1) for item in values]

    if kind is list:
        return items(value)
    if kind is tuple or kind is set or kind is frozenset:
        return {"t": kind.__name__, "v": items(value)}
    if kind is dict:
        return {"t": "dict", "v": [items(pair) for pair in value.items()]}
    if kind is bytes:
        raw.append(value)
        return {"t": "bytes", "n": len(value)}
    if isinstance(value, Tensor):
        return _write_tensor(value, raw)
    if kind is numpy.ndarray and value.dtype.name in _ARRAYS and value.dtype.isnative:
        raw.append(value.tobytes())
        return {"t": "array", "dtype": value.dtype.name, "shape": list(value.shape)}
    if kind is complex:
        return {"t": "complex", "v": [_write(value.real, raw, other, depth), _write(value.imag, raw, other, depth)]}
    if isinstance(value, numpy.generic) and value.dtype.name in _ARRAYS:
        raw.append(value.tobytes())
        return {"t": "scalar", "dtype": value.dtype.name}
    if kind is range:
        return {"t": "range", "v": items([value.start, value.stop, value.step])}
    if kind is Decimal or kind is Fraction:
        return {"t": kind.__name__, "v": str(value)[:MAX_DIGITS]}
    if kind is Opaque:
        return {"t": "opaque", "v": value.kind[:200].encode("utf-8", "replace").decode()}
    written = other(value, lambda part: _write(part, raw, other, depth + 1)) if other else None
    if written is None:
        raise Unsendable(f"a {kind.__name__} isn't plain data")
    return written


def _write_tensor(value: Tensor, raw: list[bytes]) -> dict[str, Any]:
    name = str(value.dtype).removeprefix("torch.")
    if name not in _TENSORS or value.layout != torch.strided or value.is_meta:
        raise Unsendable(f"a tensor of {name}")
    if value.numel() * value.element_size() > MAX_RAW:
        raise Unsendable("a tensor of more than 256 MB")
    plain = value.detach().cpu().as_subclass(Tensor).resolve_conj().resolve_neg().contiguous()
    raw.append(
        plain.reshape(-1).clone(memory_format=torch.contiguous_format).view(torch.uint8).numpy().tobytes()
        if plain.numel()
        else b""
    )
    return {"t": "tensor", "dtype": name, "shape": list(value.shape)}


class _Reader:
    def __init__(self, raw: memoryview, other: Callable[[dict[str, Any], Part], Any] | None) -> None:
        self.raw, self.place, self.count, self.other = raw, 0, 0, other

    def read(self, tree: Any, depth: int) -> Any:
        self.count += 1
        if depth > MAX_DEPTH + 4 or self.count > MAX_ITEMS:
            raise ValueError("too deep or too many")
        if tree is None or type(tree) in (bool, int, float, str):
            return tree
        if type(tree) is list:
            return [self.read(item, depth + 1) for item in tree]
        tag = tree["t"]
        if tag == "tensor":
            return self._tensor(tree)
        if tag == "dict":
            return {self.read(key, depth + 1): self.read(item, depth + 1) for key, item in _list(tree["v"])}
        if tag in _SEQUENCES:
            return _SEQUENCES[tag]([self.read(item, depth + 1) for item in _list(tree["v"])])
        if tag == "float":
            return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[tree["v"]]
        if tag == "int":
            return int(tree["v"])
        if tag == "bytes":
            return bytes(self._take(_natural(tree["n"])))
        if tag == "array" or tag == "scalar":
            return self._array(tree, _shape(tree["shape"]) if tag == "array" else None)
        if tag == "complex":
            real, imaginary = (float(self.read(part, depth + 1)) for part in _list(tree["v"]))
            return complex(real, imaginary)
        if tag == "range":
            return range(*(_integer(number) for number in _list(tree["v"])))
        if tag == "Decimal" or tag == "Fraction":
            return self._exact(tag, tree["v"])
        if tag == "opaque" and type(tree["v"]) is str:
            return Opaque(tree["v"][:200])
        if self.other is None:
            raise ValueError("an unknown type")
        return self.other(tree, lambda part: self.read(part, depth + 1))

    def _take(self, size: int) -> memoryview:
        if self.place + size > len(self.raw):
            raise ValueError("more bytes are named than are there")
        self.place += size
        return self.raw[self.place - size : self.place]

    def _tensor(self, tree: dict[str, Any]) -> Tensor:
        dtype, shape = _TENSORS[tree["dtype"]], _shape(tree["shape"])
        count = _count(shape)
        taken = self._take(count * dtype.itemsize)
        if not count:
            return torch.empty(shape, dtype=dtype)
        values = bytearray(taken)
        if dtype is torch.bool:  # a byte that is neither 0 nor 1 would be a truth value of its own
            return torch.frombuffer(values, dtype=torch.uint8).ne(0).reshape(shape)
        return torch.frombuffer(values, dtype=dtype).reshape(shape)

    def _array(self, tree: dict[str, Any], shape: tuple[int, ...] | None) -> Any:
        dtype = _ARRAYS[tree["dtype"]]
        taken = self._take(_count(shape or ()) * dtype.itemsize)
        if dtype == numpy.dtype("bool"):
            values = numpy.frombuffer(taken, numpy.uint8) != 0
        else:
            values = numpy.frombuffer(taken, dtype).copy()
        return values[0] if shape is None else values.reshape(shape)

    def _exact(self, tag: str, text: Any) -> Decimal | Fraction:
        if type(text) is not str or len(text) > MAX_DIGITS or ("e" in text.lower() and tag == "Fraction"):
            raise ValueError("not a number")
        return Decimal(text) if tag == "Decimal" else Fraction(text)


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError("a list is wanted")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("an integer is wanted")
    return value


def _natural(value: Any) -> int:
    if _integer(value) < 0:
        raise ValueError("a negative size")
    return int(value)


def _shape(value: Any) -> tuple[int, ...]:
    shape = tuple(_natural(size) for size in _list(value))
    if len(shape) > 32 or max(shape, default=0) > 1 << 40:
        raise ValueError("not a shape")
    return shape


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
        if count > MAX_RAW:
            raise ValueError("too many elements")
    return count

"""Data as one row of numbers, so that any two results can be compared whatever they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.data import Data, is_number

MAX_NUMBERS = 10_000
"""Larger data is not searched: what a student reads about it comes from a smaller evaluation."""


@dataclass(frozen=True)
class Flat:
    """`kinds` is all but the numbers: the structure, shapes, strings. `numbers` are float64, of shape (N,)."""

    kinds: tuple[str, ...]
    numbers: Tensor


def flatten(value: Data) -> Flat | None:
    """`None` for data with more than `MAX_NUMBERS` numbers, with complex ones, or with nan or inf.

    A number is like a tensor without dimensions, a list like a tuple, an integer like a float; a truth value is none of these.
    """
    kinds: list[str] = []
    pieces: list[Tensor] = []
    _collect(value, kinds, pieces)
    if sum(piece.numel() for piece in pieces) > MAX_NUMBERS or any(piece.is_complex() for piece in pieces):
        return None
    numbers = torch.cat([piece.flatten().double() for piece in pieces]) if pieces else torch.zeros(0).double()
    return Flat(tuple(kinds), numbers) if numbers.isfinite().all() else None


def _collect(value: Data, kinds: list[str], pieces: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        kinds.append(f"{'truth' if value.dtype == torch.bool else ''}{tuple(value.shape)}")
        pieces.append(value)
    elif isinstance(value, bool):
        kinds.append("truth()")
        pieces.append(torch.tensor(value))
    elif is_number(value):
        kinds.append("()")
        pieces.append(torch.tensor(value, dtype=torch.float64))
    elif isinstance(value, (list, tuple)):
        kinds.append(f"{len(value)} items")
        for item in value:
            _collect(item, kinds, pieces)
    elif isinstance(value, dict):
        kinds.append(f"keys {sorted(map(str, value))}")
        for key in sorted(value, key=str):
            _collect(value[key], kinds, pieces)
    else:
        kinds.append(repr(value))


def are_near(one: Tensor, other: Tensor, within: float = 1e-6) -> bool:
    """Whether numbers are equal except for rounding: a little more than what is accepted, so that a last bit decides nothing."""
    return one.shape == other.shape and bool(((one - other).abs() <= allowed(other, within)).all())


def allowed(numbers: Tensor, within: float) -> Tensor:
    size = numbers.abs()
    return within + 1e-4 * size + (1e-5 * size.max() if size.numel() else 0.0)


def are_alike(one: Flat, other: Flat, within: float = 1e-6) -> bool:
    return one.kinds == other.kinds and are_near(one.numbers, other.numbers, within)

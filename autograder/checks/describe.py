"""What kind of input data is, without its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from autograder.checks.data import Data, is_number

Given = dict[str, Data]

_COUNTS = "no one two three four five six seven eight nine ten".split()


def describe_input(
    given: Given, shown: Sequence[Given], held: Sequence[Given] = (), failed: Sequence[Given] = ()
) -> list[str]:
    """The kinds of `given` that no input of `shown` is, such as "`z` with numbers of size 1000" or "`x` of one row".

    Where others of the inputs that are not shown are known, those that `failed` and those that `held`, the kinds come first and
    alone that all of `failed` and none of `held` have, else those that none of `held` has. Never more than three; none of
    them shows a number of the input, except for a size, a whole number below 2 and a choice.
    """
    kinds = find_kinds(given)
    seen = [find_kinds(other) for other in shown]
    new = [kind for kind in kinds if not any(kind in other for other in seen)]
    right = [find_kinds(other) for other in held]
    wrong = [find_kinds(other) for other in failed]
    apart = [kind for kind in new if not any(kind in other for other in right)]
    shared = [kind for kind in apart if all(kind in other for other in wrong)]
    return [kinds[kind] for kind in shared or apart or new][:3]


class Asked(Protocol):
    """What this module needs to know of an evaluation."""

    @property
    def expression(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def hidden(self) -> bool: ...
    @property
    def data(self) -> Given: ...
    @property
    def problem(self) -> object: ...


def describe_hidden(asked: Asked, everything: Sequence[Asked]) -> str:
    """What sets the input of a hidden evaluation apart from those that are shown, and its shapes; of one of `everything`."""
    alike = [one for one in everything if (one.part, one.expression) == (asked.part, asked.expression)]
    shown = [one.data for one in alike if not one.hidden]
    held = [one.data for one in alike if one.hidden and not one.problem]
    failed = [one.data for one in alike if one.hidden and one.problem]
    kinds = describe_input(asked.data, shown, held, failed) if shown else []
    tensors = {name: tuple(value.shape) for name, value in asked.data.items() if isinstance(value, Tensor)}
    shapes = ", ".join(f"{name} of shape {shape}" for name, shape in tensors.items())
    return "; ".join(filter(None, (", ".join(kinds), shapes)))


def find_kinds(given: Given) -> dict[tuple[str, str], str]:
    """The kinds of each of the given data by name and kind, in words; the most telling first."""
    found: dict[tuple[str, str], str] = {}
    for rank in (0, 1, 2):
        for name, value in given.items():
            for own, kind, words in _kinds_of(name, value):
                if own == rank:
                    found.setdefault((name, kind), words)
    return found


def _kinds_of(name: str, value: Data) -> Iterator[tuple[int, str, str]]:
    """Rank, kind, words."""
    called = f"`{name}`"
    if isinstance(value, bool):
        yield 0, str(value), f"{called} = {value}"
    elif is_number(value):
        yield from _kinds_of_number(called, value)
    elif isinstance(value, str):
        yield 0, value, f"{called} = {value!r}" if len(value) <= 20 else f"another {called}"
    elif value is None:
        yield 0, "None", f"{called} = None"
    elif isinstance(value, Tensor):
        yield from _kinds_of_tensor(called, value)
    elif isinstance(value, (list, tuple, dict)):
        yield from _kinds_of_items(called, value)


def _kinds_of_number(called: str, value: float) -> Iterator[tuple[int, str, str]]:
    if value in (0, 1):
        yield 0, f"is {value}", f"{called} = {int(value)}"
    if not math.isfinite(value):
        yield 0, "not finite", f"{called} infinite or nan"
        return
    if value < 0:
        yield 0, "negative", f"{called} negative"
    if isinstance(value, float) and value != int(value):
        yield 2 if 0 < value < 1 else 0, "fraction", f"{called} not a whole number"
    yield 1, "below 1" if abs(value) < 1 else "at least 1", f"{called} {'below' if abs(value) < 1 else 'not below'} 1"
    yield from _kinds_of_size(f"{called} of size", f"{called} near 0", abs(value))
    if isinstance(value, int) and abs(value) > 10:
        yield 1, "more than ten", f"{called} above ten"


def _kinds_of_size(large: str, small: str, size: float) -> Iterator[tuple[int, str, str]]:
    if size >= 30:
        power = 10 ** round(math.log10(size))
        yield 0, f"size {power}", f"{large} {power:,}"
    elif 0 < size < 1e-3:
        yield 0, "near 0", small


def _kinds_of_tensor(called: str, value: Tensor) -> Iterator[tuple[int, str, str]]:
    yield from _kinds_of_shape(called, value.shape)
    yield from _kinds_of_dtype(called, value.dtype)
    if value.numel() == 0 or value.is_complex() or value.dtype == torch.bool:
        if value.dtype == torch.bool and value.numel() and bool(value.all() | ~value.any()):
            yield 1, "all alike", f"{called} all {bool(value.flatten()[0])}"
        return
    if value.numel() > 1_000_000:
        return
    numbers = value.double().flatten()
    yield from _kinds_of_numbers(called, numbers, value.is_floating_point())


def _kinds_of_numbers(called: str, numbers: Tensor, real: bool) -> Iterator[tuple[int, str, str]]:
    if not numbers.isfinite().all():
        yield 0, "not finite", f"{called} with inf or nan"
        return
    yield from _kinds_of_size(
        f"{called} with numbers of size", f"{called} with numbers near 0", float(numbers.abs().max())
    )
    if real:
        if not numbers.any():
            yield 0, "zeros", f"{called} all zeros"
        elif (numbers < 0).all():
            yield 1, "all negative", f"{called} with only negative numbers"
        elif (numbers > 0).all():
            yield 1, "all positive", f"{called} with only positive numbers"
        elif (numbers < 0).any():
            yield 1, "negative", f"{called} with negative numbers"
        if numbers.any() and (numbers == 0).any():
            yield 1, "a zero", f"{called} with zeros among its numbers"
        if len(numbers) > 1 and (numbers == numbers[0]).all():
            yield 1, "all equal", f"{called} with all numbers equal"
        elif len(set(numbers.tolist())) < len(numbers):
            yield 2, "ties", f"{called} with equal numbers (ties)"
    else:
        different = len(set(numbers.tolist()))
        if different == 1 and len(numbers) > 1:
            yield 1, "one label", f"{called} with one and the same number"
        if different == 2 and len(numbers) > 2:
            yield 2, "two labels", f"{called} with two different numbers"
        if (numbers < 0).any():
            yield 1, "negative", f"{called} with negative numbers"


def _kinds_of_shape(called: str, shape: torch.Size) -> Iterator[tuple[int, str, str]]:
    dims = len(shape)
    if dims == 0:
        yield 0, "0 dimensions", f"{called} a single number, of shape ()"
    elif 0 in shape:
        yield 0, "empty", f"{called} empty, of shape {tuple(shape)}"
    elif dims == 1:
        yield from _kinds_of_count(called, shape[0], "number")
    elif dims == 2:
        yield from _kinds_of_count(called, shape[0], "row")
        yield from _kinds_of_count(called, shape[1], "column")
        order = (shape[0] > shape[1]) - (shape[0] < shape[1])
        yield 2, f"order {order}", f"{called} with " + ("as many rows as columns", "more rows than columns", "more columns than rows")[order]  # fmt: skip
    yield 0, f"{dims} dimensions", f"{called} of {_count(dims, 'dimension')}"


def _kinds_of_count(called: str, count: int, what: str) -> Iterator[tuple[int, str, str]]:
    if count <= 1:
        yield 0, f"{count} {what}", f"{called} of {_count(count, what)}"
    elif count == 2:
        yield 2, f"two {what}", f"{called} of two {what}s"
    elif count > 10:
        yield 2, f"many {what}", f"{called} of more than ten {what}s"


def _kinds_of_dtype(called: str, dtype: torch.dtype) -> Iterator[tuple[int, str, str]]:
    if dtype == torch.bool:
        yield 1, "truth", f"{called} of truth values"
    elif not dtype.is_floating_point and not dtype.is_complex:
        yield 1, "integers", f"{called} of integers"
    if dtype not in (torch.float32, torch.int64, torch.bool):
        yield 2, str(dtype), f"{called} of dtype {str(dtype)[6:]}"


def _kinds_of_items(called: str, value: Data) -> Iterator[tuple[int, str, str]]:
    count = len(value)
    if count == 0:
        yield 0, "empty", f"{called} empty"
        return
    if isinstance(value, (list, tuple)) and all(map(is_number, value)):
        yield from _kinds_of_count(called, count, "number")
        real = any(isinstance(item, float) for item in value)
        yield from _kinds_of_numbers(called, torch.tensor(value, dtype=torch.float64), real)
        return
    yield from _kinds_of_count(called, count, "item")
    if isinstance(value, (list, tuple)) and count <= 100:
        for item in value:
            if isinstance(item, Tensor):
                yield from _kinds_of_tensor(f"an item of {called}", item)


def _count(count: int, what: str) -> str:
    number = _COUNTS[count] if count < len(_COUNTS) else str(count)
    return f"{number} {what}{'' if count == 1 else 's'}"

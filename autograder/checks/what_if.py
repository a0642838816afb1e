"""What would be expected if the data were different: whether a wrong result is the right one of another question.

An author's `gives` is asked again, with two arguments swapped, one left out, one step less. It runs on the trusted side, after a
failure, and a bounded number of its lines: changed data could send it into an endless loop.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, islice
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from autograder.checks.cases import Case, Cases, iterate_shown
from autograder.checks.data import Data, is_number, same, show, to_data
from autograder.checks.flat import MAX_NUMBERS, Flat, are_alike, flatten
from autograder.checks.relations import Relation

MAX_CHANGES = 40
MAX_CALLS = 80
MAX_LINES = 8_000
MAX_BATCHES = 8

Given = dict[str, Data]
Change = Callable[[Given], Given | None]
"""Other data, or `None` where the change is not possible."""


class _TooLong(Exception):
    pass


class Questions:
    """Asks cases what they would expect of other data; the answers are kept, and calls and lines are counted."""

    def __init__(self) -> None:
        self._calls = MAX_CALLS
        self._lines = MAX_LINES
        self._known: dict[tuple[Case, str], Data | None] = {}
        self._usable: dict[Case, bool] = {}

    def ask(self, case: Case, key: str, change: Change) -> Data | None:
        """What `case` would expect after `change`, or `None` where that can't be said. `key` names the change."""
        if (case, key) not in self._known:
            self._known[case, key] = self._find(case, change)
        return self._known[case, key]

    def is_usable(self, case: Case) -> bool:
        """Whether the same data give the same again: a function may read what has changed since, or draw at random."""
        if case not in self._usable:
            small = sum(_size(value) for value in case.given.values()) <= MAX_NUMBERS
            found = flatten(self._call(case, case.given)) if small and case.again is not None else None
            same_again = found is not None and case.flat_want is not None and found.kinds == case.flat_want.kinds
            self._usable[case] = same_again and are_alike(found, case.flat_want, case.within)  # type: ignore[arg-type]
        return self._usable[case]

    def _find(self, case: Case, change: Change) -> Data | None:
        if not self.is_usable(case):
            return None
        changed = change(to_data(case.given))
        return None if changed is None else self._call(case, changed)

    def _call(self, case: Case, data: Given) -> Data | None:
        if self._calls <= 0 or self._lines <= 0 or case.again is None:
            return None
        self._calls -= 1
        with _apart():
            try:
                return to_data(self._count_lines(case.again, to_data(data)))
            except Exception:  # the author's function was never meant for such data
                return None

    def _count_lines(self, again: Callable[..., Any], data: Given) -> Any:
        def count(frame: FrameType, event: str, argument: object) -> Any:
            if "/torch/" in frame.f_code.co_filename:
                return None
            self._lines -= 1
            if self._lines <= 0:
                raise _TooLong
            return count

        tracer = sys.gettrace()
        sys.settrace(count)
        try:
            return again(**data)
        finally:
            sys.settrace(tracer)


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Nothing is printed, and the random state stays: a warning on stderr would cost all points under nbgrader."""
    states = random.getstate(), torch.random.get_rng_state(), torch.is_grad_enabled()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0])
        torch.random.set_rng_state(states[1])
        torch.set_grad_enabled(states[2])


def propose_changes(cases: Cases, questions: Questions) -> Iterator[Relation]:
    """Causes, the more likely first; no more than `MAX_CHANGES`."""
    first = cases.failed[0]
    if not questions.is_usable(first):
        return
    for family, says, rank, change, back in islice(_changes(first, cases), MAX_CHANGES):
        key = f"{family} {says}"

        def predict(case: Case, key: str = key, change: Change = change, back: Back = back) -> Flat | None:
            found = questions.ask(case, key, change)
            return None if found is None else flatten(back(found, case.given))

        truth = first.flat_want is not None and any(kind.startswith("truth") for kind in first.flat_want.kinds)
        yield Relation(family, says, rank, predict, is_cause=True, of_truth=truth)
    yield from _batches(first, questions)


Back = Callable[[Data, Given], Data]
"""From what is expected of the changed data to what would have come."""
Proposal = tuple[str, str, int, Change, Back]


def _as_it_is(found: Data, given: Given) -> Data:
    return found


def _changes(first: Case, cases: Cases) -> Iterator[Proposal]:
    given = first.given
    yield from _examples(cases)
    for name, value in given.items():
        if isinstance(value, bool):
            yield (
                f"about {name}",
                f"it is what the opposite of `{name}` gives",
                4,
                _set(name, lambda v: not v),
                _as_it_is,
            )
        elif is_number(value):
            yield from _numbers(name, value)
    yield from _swaps(given)
    for name, value in given.items():
        if isinstance(value, Tensor) and value.numel() > 0 and value.dtype != torch.bool:
            yield from _tensors(name, value)
    yield from _cuts(first)
    for name, value in given.items():
        if isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 0:
            yield from _functions(name, value)


def _functions(name: str, value: Tensor) -> Iterator[Proposal]:
    """An input that goes through an extra function, or shouldn't have gone through one."""
    for call, function in _INPUT_FUNCTIONS.items():
        if value.dim() or "softmax" not in call:
            says = f"it is what `{call.format(name)}` instead of `{name}` gives"
            yield f"about {name}", says, 5, _set(name, function), _as_it_is


_INPUT_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax({})": lambda v: v.softmax(-1),
    "log_softmax({})": lambda v: v.log_softmax(-1),
    "sigmoid({})": torch.sigmoid,
    "exp({})": torch.exp,
    "log({})": torch.log,
    "abs({})": torch.abs,
    "1 - {}": lambda v: 1 - v,
}


def _set(name: str, function: Callable[[Any], Any]) -> Change:
    def change(given: Given) -> Given | None:
        return {**given, name: function(given[name])} if name in given else None

    return change


def _always(name: str, value: Data) -> Change:
    return _set(name, lambda old: value)


def _examples(cases: Cases) -> Iterator[Proposal]:
    """A number or a choice that is taken as in an example, whatever is asked for."""
    first = cases.failed[0].given
    seen = set()
    for case in iterate_shown(cases):
        for name, value in case.given.items():
            plain = isinstance(value, (str, float, int)) and not isinstance(value, bool)
            if plain and name in first and not same(value, first[name]) and (name, value) not in seen:
                seen.add((name, value))
                says = f"it is what `{name}` = {show(value)} gives, as in another example: does `{name}` take effect?"
                yield f"about {name}", says, 4, _always(name, value), _as_it_is


def _numbers(name: str, value: float) -> Iterator[Proposal]:
    about = f"about {name}"
    if isinstance(value, int):
        yield about, f"it is what `{name}` - 1 gives: one too few", 4, _set(name, lambda v: v - 1), _as_it_is
        yield about, f"it is what `{name}` + 1 gives: one too many", 4, _set(name, lambda v: v + 1), _as_it_is
    for other in (0, 1):
        if value != other:
            says = f"it is what `{name}` = {other} gives: does `{name}` take effect?"
            yield about, says, 5, _always(name, type(value)(other)), _as_it_is
    if value and not isinstance(value, int):
        yield about, f"it is what `{name}` with the opposite sign gives", 5, _set(name, lambda v: -v), _as_it_is
        yield about, f"it is what 1 - `{name}` instead of `{name}` gives", 5, _set(name, lambda v: 1 - v), _as_it_is


def _swaps(given: Given) -> Iterator[Proposal]:
    pairs = (pair for pair in combinations(given, 2) if _are_of_a_kind(given[pair[0]], given[pair[1]]))
    for one, other in islice(pairs, 6):

        def swap(given: Given, one: str = one, other: str = other) -> Given | None:
            if one not in given or other not in given or same(given[one], given[other]):
                return None
            return {**given, one: given[other], other: given[one]}

        yield f"swap {one} {other}", f"it is what you get when `{one}` and `{other}` are swapped", 4, swap, _as_it_is


def _are_of_a_kind(one: Data, other: Data) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and one.dtype == other.dtype
    return type(one) is type(other) and type(one) in (int, float, str, list)


def _tensors(name: str, value: Tensor) -> Iterator[Proposal]:
    about = f"about {name}"
    if value.dim() == 2:
        roles = (
            f"it is what you get when the rows and columns of `{name}` trade roles: a different `dim`, or a transpose?"
        )
        yield f"roles {name}", roles, 4, _turn(name), _turn_back(name)
        if value.shape[0] == value.shape[1]:
            yield about, f"it is what `{name}.T` instead of `{name}` gives", 4, _set(name, lambda v: v.T), _as_it_is
        if min(value.shape) > 1:
            says = f"it is what you get when all of `{name}` is taken as one row: is the `dim` missing?"
            yield f"roles {name}", says, 4, _set(name, lambda v: v.reshape(1, -1)), _shape_back(name)
    if value.is_floating_point():
        if value.any():
            says = f"it is what you get when `{name}` is all zeros"
            yield about, says, 5, _set(name, torch.zeros_like), _as_it_is
        yield about, f"it is what -`{name}` instead of `{name}` gives", 5, _set(name, lambda v: -v), _as_it_is


def _turn(name: str) -> Change:
    def change(given: Given) -> Given | None:
        value = given.get(name)
        wide = isinstance(value, Tensor) and value.dim() == 2 and min(value.shape) > 1
        return {**given, name: given[name].T} if wide else None  # of a single column it would be its first number

    return change


def _turn_back(name: str) -> Back:
    def back(found: Data, given: Given) -> Data:
        return found.T if isinstance(found, Tensor) and found.dim() == 2 else found

    return back


def _shape_back(name: str) -> Back:
    def back(found: Data, given: Given) -> Data:
        whole = isinstance(found, Tensor) and found.numel() == given[name].numel()
        return found.reshape(given[name].shape) if whole else found

    return back


def _examples_in(given: Given) -> list[str]:
    """The names of the data with one entry per example: tensors and lists with the first size that is most frequent, and more than 1."""
    sizes = {name: len(value) for name, value in given.items() if _has_length(value) and len(value) > 1}
    if not sizes:
        return []
    most = Counter(sizes.values()).most_common(1)[0][0]
    return [name for name, size in sizes.items() if size == most]


def _has_length(value: Data) -> bool:
    return isinstance(value, list) or (isinstance(value, Tensor) and value.dim() > 0)


def _cut(part: slice) -> Change:
    def change(given: Given) -> Given | None:
        names = _examples_in(given)
        return {**given, **{name: given[name][part] for name in names}} if names else None

    return change


def _cuts(first: Case) -> Iterator[Proposal]:
    names = _examples_in(first.given)
    if not names:
        return
    of = " and ".join(f"`{name}`" for name in names[:2]) + (" …" if len(names) > 2 else "")
    for part, says in (
        (slice(0, 1), f"it is what the first item of {of} alone gives"),
        (slice(-1, None), f"it is what the last item of {of} alone gives"),
        (slice(0, -1), f"it is what you get without the last item of {of}"),
        (slice(1, None), f"it is what you get without the first item of {of}"),
    ):
        yield "items", says, 4, _cut(part), _as_it_is


def _batches(first: Case, questions: Questions) -> Iterator[Relation]:
    """For a measure over batches: their results combined in the wrong way. Asks once for each batch."""
    for name, value in first.given.items():
        if "batch" in name and type(value) is int and value > 0:
            parts = _by_size(name)
        elif isinstance(value, list) and 2 <= len(value) <= MAX_BATCHES and not is_number(value[0]):
            parts = _by_item(name)
        else:
            continue
        for says, join in _JOINS if type(value) is int else _JOINS[:2]:
            yield Relation("batches", says, 4, _joined(name, parts, join, questions), is_cause=True)


_JOINS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("it is the mean of the batches' means: a batch of fewer examples has to count less", lambda rows: rows.mean(0)),
    ("it is the sum of the batches' results", lambda rows: rows.sum(0)),
    ("it is the result of the last batch alone", lambda rows: rows[-1]),
    ("it is the result of the first batch alone", lambda rows: rows[0]),
]

Parts = Callable[[Given], list[Change] | None]
"""What makes each batch of the data, if there are batches."""


def _by_size(name: str) -> Parts:
    def parts(given: Given) -> list[Change] | None:
        names, size = _examples_in(given), given.get(name)
        if not names or type(size) is not int or not 0 < size < len(given[names[0]]):
            return None
        return [_cut(slice(i, i + size)) for i in range(0, len(given[names[0]]), size)]

    return parts


def _by_item(name: str) -> Parts:
    def parts(given: Given) -> list[Change] | None:
        items = given.get(name)
        if not isinstance(items, list) or len(items) < 2:
            return None
        return [_always(name, [item]) for item in items]

    return parts


def _joined(
    name: str, parts: Parts, join: Callable[[Tensor], Tensor], questions: Questions
) -> Callable[[Case], Flat | None]:
    def predict(case: Case) -> Flat | None:
        changes = parts(case.given)
        if changes is None or len(changes) > MAX_BATCHES:
            return None
        found = [questions.ask(case, f"part {i} by {name}", change) for i, change in enumerate(changes)]
        flats = [flatten(one) for one in found if one is not None]
        whole = [flat for flat in flats if flat is not None]
        if len(whole) < len(changes) or len({flat.kinds for flat in whole}) > 1:
            return None
        return Flat(whole[0].kinds, join(torch.stack([flat.numbers for flat in whole])))

    return predict


def _size(value: Data) -> int:
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return sum(map(_size, value.values())) if isinstance(value, dict) else 1

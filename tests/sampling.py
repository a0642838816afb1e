"""Which cases of a long test `make test` runs: a sample of each kind. The others are marked `nightly`, and run in `make nightly` and plain pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet

NIGHTLY = pytest.mark.nightly


def sample(cases: Iterable[Any], every: int, kind: Callable[[Any], object] = lambda case: None) -> list[Any]:
    """The cases for `parametrize`: the first of each `kind` and each `every`-th stay, in their order; the rest is for the night."""
    seen: set[object] = set()
    marked = []
    for number, case in enumerate(cases):
        stays = number % every == 0 or kind(case) not in seen
        seen.add(kind(case))
        marked.append(case if stays else at_night(case))
    return marked


def at_night(case: Any) -> Any:
    """A case, or a value for a fixture, that is for the night. A tuple holds the values of several arguments."""
    if isinstance(case, ParameterSet):
        return pytest.param(*case.values, id=case.id, marks=[*case.marks, NIGHTLY])
    return pytest.param(*(case if type(case) is tuple else [case]), marks=NIGHTLY)

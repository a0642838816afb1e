"""What a look finds, and what an evaluation must give."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from autograder.checks.data import Data
from autograder.checks.student import Reply

Words = tuple[str, str]
"""One sentence, and a detail that shows values."""


@dataclass(frozen=True)
class Problem:
    """The first look that failed: its name, and its words, or what finds them when they are asked for."""

    look: str
    sentence: str | Callable[[], Words]
    evidence: str = ""

    @functools.cached_property
    def _words(self) -> Words:
        return (self.sentence, self.evidence) if isinstance(self.sentence, str) else self.sentence()

    @property
    def says(self) -> str:
        return self._words[0]

    @property
    def detail(self) -> str:
        return self._words[1]


@dataclass(frozen=True)
class Expected:
    """What an evaluation must give. `within` is the absolute tolerance; relative is 1e-4 besides."""

    value: Data
    gradients: dict[str, Tensor] | None = None
    within: float = 1e-6
    unchanged: frozenset[str] = frozenset()
    given: dict[str, Data] = field(default_factory=dict)
    hidden: bool = False
    expression: str = ""
    part: str = ""
    again: Callable[..., Any] | None = None
    """Works the value out for other data with the same names; `None` where the author wrote a constant."""
    answers: list[Answer] = field(default_factory=list)
    """All answers to the same check, in order; `find_problem` adds its own, and reasons are looked for when all are there."""


@dataclass(frozen=True)
class Answer:
    """What came, what was expected, and the first look that failed."""

    reply: Reply
    expected: Expected
    problem: Problem | None

"""What the engine is asked to run, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Output = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One code cell: its text, and the process that it runs in."""

    source: str
    side: Literal["student", "examiner", "both"]
    number: int
    needs: Sequence[str] = ()
    """Of a check: the names in it that are the student's."""
    imports: str = ""
    """Import statements that the examiner runs first."""
    rests: dict[str, list[str]] | None = None
    """What its verdict may rest on besides plain data (see `StandIns.begin`); `None`: on anything, and the run tells on what."""
    history: Sequence[str] | None = None
    """The cells before, for a check that asks for them."""
    cells: dict[str, Any] | None = None
    """For a check that has a rule (`Check(without=...)`): the cells before, and the names that the author's answers bind (see `reading`)."""
    authored: str | None = None
    """What the examiner runs in place of `source`: the author's text of a cell that a student may have changed."""
    owns: Sequence[str] = ()
    """Names that this cell, which is the author's, binds and no answer does: a check finds what it bound them to."""
    random: dict[str, str] = field(default_factory=dict)
    """States of random generators to begin with; see `planning.facts`."""
    facts: Sequence[str] | None = None
    """For the reference run, the names that the cell needs: the facts say which of them it changed in place."""


@dataclass(frozen=True)
class Job:
    """One notebook: the cells to run in order, and what they find around them."""

    steps: Sequence[Step]
    answers: frozenset[str] = frozenset()
    """The names that the author's own answers bind."""
    judged: frozenset[str] = frozenset()
    """The expressions of checks that the examiner worked out itself in the reference run; see `engine.cuts`."""
    folder: Path | None = None
    """What the author ships with the notebook: the files of the examiner's working folder."""
    files: dict[str, Path] = field(default_factory=dict)
    """The student's working folder: name there → file to copy."""
    seconds: float = 30
    """The time of a cell."""
    authored: frozenset[str] = frozenset()
    """The names that the author's cells bind in both processes, and no answer does."""
    kernel: str = ""
    """The Jupyter kernel that runs the cells of a notebook in a language other than Python."""
    by_stderr: bool = False
    """Whether what that kernel writes to stderr is an error."""
    student: str | None = None
    """The id of the student, for a notebook whose numbers depend on it; "" for nobody."""


@dataclass(frozen=True)
class Ran:
    """What came of a step: its outputs and, in the reference run, the facts: what it changed, or which expressions were judged."""

    outputs: list[Output]
    facts: dict[str, Any]

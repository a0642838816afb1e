"""What passes through collecting: the ways to read, a file of a student, what each file became, and the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from autograder.platforms.archives import Found, is_checkpoint
from autograder.platforms.naming import Named, number_again
from autograder.platforms.recognizing import Recognized
from autograder.platforms.roster import Person


@dataclass(frozen=True)
class Told:
    """What a file became, in words."""

    path: str
    says: str
    taken: bool = False
    trouble: bool = False
    """Whether an instructor has to do something about it."""
    junk: bool = False
    """Whether a program made it for itself."""


@dataclass
class Piece:
    """A file of a student that may be handed in."""

    found: Found
    named: Named
    person: Person
    recognized: Recognized
    data: bytes
    when: datetime | None
    """In UTC."""

    @property
    def rank(self) -> tuple[object, ...]:
        """Grows from one attempt to the next: by the platform's time, its number, the time of the file, its copy's number, the size.

        A checkpoint, Jupyter's own copy, comes before everything.
        """
        changed = self.found.modified.timestamp() if self.found.modified else 0.0
        when = self.when.timestamp() if self.when else 0.0
        copy, deep = is_checkpoint(self.found.name), len(self.found.parts)
        again = number_again(self.found.name)
        return (not copy, when, self.named.order, changed, again, len(self.data), -deep, self.found.path)


@dataclass
class Collected:
    """What collecting came to."""

    chapter: str
    told: list[Told] = field(default_factory=list)
    students: dict[str, str] = field(default_factory=dict)
    """By id what became of a student's submission."""
    late: list[str] = field(default_factory=list)
    """Whose submission the platform calls late without saying by how much."""
    untimed: int = 0
    """Submissions without a time."""
    newcomers: list[str] = field(default_factory=list)
    """Students who weren't in the roster before."""
    chosen: list[tuple[Found, str, str, datetime | None]] = field(default_factory=list)
    """The files that count, each with the student, the notebook and the time."""
    missing: list[str] = field(default_factory=list)
    """Students of the roster of whom there is nothing."""

    @property
    def troubles(self) -> list[Told]:
        return [one for one in self.told if one.trouble]


@dataclass(frozen=True)
class Ways:
    """How to read what was given."""

    platform: str = ""
    zone: tzinfo | None = None
    """The zone of times without one; that of this machine where it is `None`."""
    file_times: str = "auto"
    """Whether the time of a file is that of the submission: `auto`, `yes` or `no`."""
    student: str = ""
    """Whose work all of it is."""
    new: bool = False
    """Whether students who aren't in the roster are taken as new ones."""
    write: bool = True

"""What the reference pages say of one activation, loss, optimizer or schedule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograder.course.catalog.svg import Picture


@dataclass(frozen=True)
class Entry:
    """One item of a reference page. All texts are Markdown, and each field is a sentence or two."""

    name: str
    idea: str
    formula: str
    """LaTeX, without its dollar signs."""
    shapes: str
    use: str
    trap: str
    torch: str
    """What PyTorch calls it, and "" where PyTorch doesn't have it."""
    code: Callable[..., Any]
    """The formula in a few lines; its source is printed on the page."""
    draw: Callable[[], Picture]
    sees: str
    """The picture for readers who can't see it."""
    source: str = ""
    note: str = ""

    @property
    def anchor(self) -> str:
        return make_anchor(self.name)


@dataclass(frozen=True)
class Page:
    """A reference page: its groups of entries, by heading, in order."""

    file: str
    title: str
    opening: str
    groups: dict[str, list[Entry]]

    @property
    def entries(self) -> list[Entry]:
        return [entry for group in self.groups.values() for entry in group]


def make_anchor(name: str) -> str:
    """The end of a link to the item called `name`: `L-BFGS` → `l-bfgs`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("′", "")).strip("-")

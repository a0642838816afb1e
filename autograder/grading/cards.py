"""What a check found, as a feedback page lays it out: like the card in JupyterLab (`labextension/src/card.ts`), with small tables for tensors.

A result may be forged, as all that a notebook shows, so nothing is taken from it that isn't of the right kind and small. What has no card has its
printed words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from autograder.formats import RESULT
from autograder.grading.submissions import get_id

MOST_MISTAKES, MOST_PARTS, MOST_VALUES, MOST_NUMBERS = 20, 30, 30, 200
MOST_LETTERS, MOST_WORDS = 60, 4_000
"""Characters of a number in a table, and of a text."""


@dataclass(frozen=True)
class Value:
    """A value: `rows` of numbers, each with whether it differs from what was expected, or a `text`; `about` says its shape or kind."""

    name: str
    rows: list[list[tuple[str, bool]]]
    text: str
    about: str


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, of the `part` with this name."""

    part: str
    says: Markup
    hidden: Markup | None = None
    tried: str = ""
    given: list[Value] = field(default_factory=list)
    got: Value | None = None
    expected: Value | None = None
    detail: Markup | None = None


@dataclass(frozen=True)
class Part:
    """A part of a check that has points of its own."""

    name: str
    score: float
    points: float

    @property
    def right(self) -> bool:
        return self.score >= self.points


@dataclass(frozen=True)
class Card:
    """What a check found."""

    score: float
    points: float
    attempted: bool
    start: Markup | None
    parts: list[Part]
    mistakes: list[Mistake]

    @property
    def symbol(self) -> str:
        if not self.attempted:
            return "○"
        return "✓" if self.score >= self.points else "◐" if self.score else "✗"

    @property
    def earned(self) -> str:
        """Such as "1 of 3 points"."""
        return f"{write_points(self.score)} of {write_points(self.points)} point{'s' if self.points != 1 else ''}"


def read_cards(notebook: Any) -> dict[str, Card]:
    """The cards of a graded notebook, by the id of the check's cell."""
    found: dict[str, Card] = {}
    for cell in notebook.cells:
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, Mapping) else None
            if isinstance(data, Mapping) and RESULT in data and (name := get_id(cell)):
                if card := read_card(data[RESULT]):
                    found[name] = card
                break
    return found


def read_card(told: Any) -> Card | None:
    """The card of a check's result, `None` where it isn't one."""
    try:
        return _read(told)
    except _Odd:
        return None


class _Odd(ValueError):
    """Something that no check says."""


def _read(told: Any) -> Card:
    _need(isinstance(told, Mapping) and type(told.get("attempted")) is bool)
    parts = [
        Part(_text(one.get("name")), _number(one.get("score")), _number(one.get("points")))
        for one in _items(told.get("parts"), MOST_PARTS)
    ]
    mistakes = dict[str, Mistake]()
    for one in _items(told.get("mistakes"), MOST_MISTAKES):
        mistake = _read_mistake(one, bool(parts))
        mistakes.setdefault(mistake.says, mistake)
    score, points = _number(told.get("score")), _number(told.get("points"))
    start = draw_words(_text(told["start"])) if "start" in told else None
    return Card(score, points, told["attempted"], start, parts, list(mistakes.values()))


def _read_mistake(told: Mapping[str, Any], named: bool) -> Mistake:
    got, expected = ([_read_value(told[key])] if key in told else [] for key in ("got", "expected"))
    pair = got and expected
    hidden = None
    if "hidden" in told:
        kind = _text(told["hidden"])
        hidden = draw_words(f"Seen only on an input that the notebook doesn't show{f': {kind}' if kind else ''}.")
    return Mistake(
        _text(told.get("part", "")) if named else "",
        draw_words(_text(told.get("says"))),
        hidden,
        _text(told.get("tried", "")),
        [_read_value(one) for one in _items(told.get("given"), MOST_VALUES)],
        _mark(got[0], expected[0]) if pair else None,
        expected[0] if pair else None,
        draw_words(_text(told["detail"])) if "detail" in told else None,
    )


def _read_value(told: Any) -> Value:
    _need(isinstance(told, Mapping))
    rows = [[(_text(item, MOST_LETTERS), False) for item in _list(row)] for row in _list(told.get("rows", []))]
    _need(sum(map(len, rows)) <= MOST_NUMBERS and len(rows) <= MOST_NUMBERS)
    return Value(_text(told.get("name", "")), rows, _text(told.get("text", "")), _tell_kind(told))


def _tell_kind(told: Mapping[str, Any]) -> str:
    """The shape of a tensor, and its type unless that is the usual one; the kind of what isn't shown itself."""
    if "shape" not in told:
        kind = _text(told.get("kind", ""), MOST_LETTERS)
        return f"a {kind}" if kind else ""
    shape = _list(told["shape"])
    _need(len(shape) <= 10 and all(type(one) is int and 0 <= one < 10**12 for one in shape))
    sizes = f"{shape[0]}," if len(shape) == 1 else ", ".join(map(str, shape))
    dtype = _text(told.get("dtype", "float32"), MOST_LETTERS)
    return f"shape ({sizes})" + ("" if dtype == "float32" else f", {dtype}")


def _mark(got: Value, expected: Value) -> Value:
    """What was got, with the numbers that `expected` has otherwise marked, where both have the same size."""
    if [len(row) for row in got.rows] != [len(row) for row in expected.rows]:
        return got
    pairs = zip(got.rows, expected.rows, strict=True)
    rows = [[(one, one != other) for (one, _), (other, _) in zip(*pair, strict=True)] for pair in pairs]
    return Value(got.name, rows, got.text, got.about)


def write_points(value: float) -> str:
    return f"{round(value, 2):g}"


def draw_words(text: str) -> Markup:
    """A sentence, with what it has in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _need(holds: bool) -> None:
    if not holds:
        raise _Odd


def _text(told: Any, most: int = MOST_WORDS) -> str:
    _need(isinstance(told, str) and len(told) <= most)
    return str(told)


def _number(told: Any) -> float:
    _need(type(told) in (int, float) and math.isfinite(told) and 0 <= told < 1e9)
    return float(told)


def _list(told: Any) -> list[Any]:
    _need(isinstance(told, (list, tuple)))
    return list(told)


def _items(told: Any, most: int) -> Iterator[Mapping[str, Any]]:
    """Up to `most` objects of a list, which may be missing."""
    for one in _list([] if told is None else told)[:most]:
        _need(isinstance(one, Mapping))
        yield one

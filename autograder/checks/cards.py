"""What was tried, what came and what was expected: for a page to lay out, and as lines of the printed text.

Of an input that the notebook doesn't show, nothing is given but the kind.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from autograder.checks.data import Data, show, show_numbers
from autograder.checks.describe import describe_hidden

if TYPE_CHECKING:
    from autograder.checks.check import Evaluation

WIDTH = 80
"""Fits beside JupyterLab's file browser, and in the 83 characters that nbgrader's validation shows."""

MOST_NUMBERS, MOST_COLUMNS = 48, 12
"""The largest table: numbers in all, and in a row."""

COMPARED = ("type", "shape", "dtype", "finite", "values")
"""The looks that compare what the answer gave as a whole."""

Shown = dict[str, Any]
"""A value to show: its `text`, or `rows` of numbers as text; of a tensor also its `shape` and `dtype`."""


def describe_evidence(evaluation: Evaluation, everything: Sequence[Evaluation]) -> dict[str, Any]:
    """What was tried and what came of it, as far as the student may see it; JSON, empty where there is nothing to show."""
    problem, found = evaluation.problem, dict[str, Any]()
    assert problem is not None
    if problem.look == "rule":
        return {"detail": problem.detail} if problem.detail else {}
    if evaluation.hidden:
        return {"hidden": evaluation.on or describe_hidden(evaluation, everything)}
    if evaluation.data and "\n" not in evaluation.expression:
        found["tried"] = evaluation.expression
        found["given"] = [{"name": name, **_show_one(value)} for name, value in evaluation.data.items()]
    compared = problem.look in COMPARED and evaluation.reply.outcome == "value" and not evaluation.sealed
    if compared and problem.detail:
        found |= _show_pair(evaluation.reply.value, evaluation.expected.value)
    if problem.detail and "got" not in found:
        found["detail"] = problem.detail
    return found


def _show_pair(got: Data, expected: Data) -> dict[str, Shown]:
    """Both, with as many digits as it takes to tell them apart; nothing where one of them is too large."""
    for digits in (4, 6, 9, 16):
        pair = _show_one(got, digits), _show_one(expected, digits)
        if pair[0] != pair[1]:
            break
    small = all("rows" in one or "text" in one for one in pair)
    return {"got": pair[0], "expected": pair[1]} if small else {}


def _show_one(value: Data, digits: int = 4) -> Shown:
    """A value as a table, as text, or only by its shape."""
    if isinstance(value, Tensor):
        shown: Shown = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        if value.dim() <= 2 and 0 < value.numel() <= MOST_NUMBERS and value.shape[-1:].numel() <= MOST_COLUMNS:
            table = value if value.dim() == 2 else value.reshape(1, -1)
            shown["rows"] = [[show_numbers(item, digits) for item in row] for row in table.tolist()]
        elif text := show(value, digits=digits):
            shown["text"] = text
        return shown
    text = show(value, digits=digits)
    return {"text": text} if text else {"kind": type(value).__name__}


def wrap(text: str, indent: str = "  ") -> list[str]:
    """The lines of a message in the printed text."""
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent=indent, break_on_hyphens=False)


def tell_evidence(evaluation: Evaluation, everything: Sequence[Evaluation]) -> Iterator[str]:
    """The same as lines of the printed text."""
    assert evaluation.problem is not None
    if evaluation.problem.look == "rule":  # which no input is about
        if evaluation.problem.detail:
            yield from wrap(evaluation.problem.detail, "    ")
        return
    if evaluation.hidden:
        kinds = evaluation.on or describe_hidden(evaluation, everything)
        yield from wrap(f"Seen only on an input that this notebook does not show{': ' + kinds if kinds else ''}.")
        return
    if evaluation.data and "\n" not in evaluation.expression:
        given = ", ".join(f"{name} = {show(value) or _outline(value)}" for name, value in evaluation.data.items())
        yield from wrap(f"Tried: {evaluation.expression} with {given}", "    ")
    if evaluation.problem.detail:
        yield from wrap(evaluation.problem.detail, "    ")


def _outline(value: Data) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}" + (
        f" of {len(value)} items" if isinstance(value, (list, tuple, dict, str)) else ""
    )

"""Answers that a check cell recognizes but doesn't show."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from autograder.checks.data import Data, show
from autograder.checks.looks import find_problem
from autograder.checks.mistakes import digest
from autograder.checks.problems import Expected, Problem
from autograder.checks.spelling import is_written_otherwise
from autograder.checks.student import Reply


@dataclass(frozen=True)
class Sealed:
    """A right answer that the check cell can recognize but doesn't show. See `sealed`."""

    digest: str
    digits: int


ANY = "any"
"""The digest of whatever the solution gives, while the build works out what that is."""


def sealed(digest: str, digits: int = 3) -> Sealed:
    """Expect an answer whose digest this is, so that a prediction or a choice is not given away.

    Where the exercise has variants (see `variants`) it is the digest for variant 0, and the build works out those of the others.

    Text is compared without regard to capitals and outer spaces, numbers after rounding to `digits` decimals,
    a list like a tuple. The build prints the digest of the solution where it does not match.
    """
    return Sealed(digest, digits)


def seal(expression: str, value: Data, digits: int = 3) -> str:
    """The digest for `sealed` of `value` as an answer to `expression`."""
    return digest(expression, json.dumps(_canonical(value, digits)))


def _canonical(value: Data, digits: int) -> Any:
    if isinstance(value, Tensor):
        return _canonical(value.tolist(), digits)
    if isinstance(value, (list, tuple)):
        return [_canonical(item, digits) for item in value]
    if isinstance(value, dict):
        return {str(key): _canonical(value[key], digits) for key in sorted(value, key=str)}
    if isinstance(value, str):
        return value.strip().casefold()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(float(value), digits) + 0.0
    return repr(value)


EDGE = 0.02
"""How close to the edge of its rounding a sealed number may not come, in units of its last digit."""


def find_near_edge(value: Data, digits: int) -> float | None:
    """A number in `value` that a last bit, or a student's own rounding, could take to another digest; `None` where there is none."""
    if isinstance(value, Tensor):
        return find_near_edge(value.tolist(), digits)
    if isinstance(value, dict):
        return find_near_edge(list(value.values()), digits)
    if isinstance(value, (list, tuple)):
        return next((found for item in value if (found := find_near_edge(item, digits)) is not None), None)
    if isinstance(value, float) and math.isfinite(value):
        scaled = value * 10**digits
        return value if abs(abs(scaled - math.floor(scaled)) - 0.5) < EDGE else None
    return None


def look_at_seal(
    reply: Reply, wanted: Sealed, expression: str, expected: Expected
) -> tuple[Problem | None, str | None]:
    """What is wrong with a reply to a sealed question, and the seal of its value."""
    if reply.outcome != "value":
        return find_problem(reply, expected), None
    own_seal = seal(expression, reply.value, wanted.digits)
    if wanted.digest in (own_seal, ANY):
        return None, own_seal
    if is_written_otherwise(reply.value, lambda value: seal(expression, value, wanted.digits) == wanted.digest):
        says = f"`{expression}` is nearly there: write it as in the text, without other punctuation."
        return Problem("values", says), own_seal
    answer = show(reply.value) or "your answer"
    return Problem("values", f"{_name_answer(expression)} is {answer}, which is not right."), own_seal


def _name_answer(expression: str) -> str:
    """The answer that a question is about, without what the check does to its numbers before it compares."""
    if found := re.fullmatch(r"round\(float\(([\w.\[\]\"' ,-]+)\), (\d)\)", expression):
        return f"`{found[1]}`, rounded to {found[2]} decimal{'' if found[2] == '1' else 's'},"
    if found := re.fullmatch(r"float\(([\w.\[\]\"' ,-]+)\)", expression):
        return f"`{found[1]}`"
    if found := re.fullmatch(r"\[round\(float\((\w+)\), (\d)\) for \1 in (\w+)\]", expression):
        return f"`{found[3]}`, rounded to {found[2]} decimal{'' if found[2] == '1' else 's'},"
    return f"`{expression}`"

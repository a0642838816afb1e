"""Words that are nearly right. A wrong choice among several is never corrected into the right one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator

from autograder.checks.data import Data
from autograder.checks.problems import Expected

_NEAR = 0.8


def explain_key(missing: object, extra: Iterable[object]) -> str:
    """The end of "has no key …": one that is there instead and is spelled almost alike."""
    names = [key for key in extra if isinstance(key, str)]
    near = difflib.get_close_matches(missing, names, n=1, cutoff=_NEAR) if isinstance(missing, str) else []
    return f"; is {near[0]!r} misspelled?" if near else ""


def explain_text(got: Data, want: Data, expected: Expected) -> str:
    """What follows the subject where a text or a truth value is wrong."""
    if isinstance(want, str) and isinstance(got, str):
        if got.strip().casefold() == want.strip().casefold():
            return " differs from the expected text in capitals or spaces only."
        if is_misspelled(got, want, _choices(expected)):
            return f" is {got!r}: did you mean {want!r}?"
    return " is not the expected answer."


def is_misspelled(got: str, want: str, choices: Iterable[str]) -> bool:
    """Whether `got` isn't a choice itself, and is much closer to `want` than to any other choice."""
    text, right = _plain(got), _plain(want)
    others = {_plain(choice) for choice in choices} - {right}
    if len(right) < 4 or text in others or any(char.isdigit() for char in text + right):
        return False
    near = _likeness(text, right)
    return near >= _NEAR and all(near > _likeness(text, other) + 0.15 for other in others)


def _plain(text: str) -> str:
    return text.strip().casefold()


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _choices(expected: Expected) -> Iterator[str]:
    """Every text that the check gives or expects anywhere."""
    for answer in expected.answers:
        yield from _texts(answer.expected.value)
        yield from _texts(answer.expected.given)


def _texts(value: Data) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def is_written_otherwise(answer: Data, matches: Callable[[Data], bool]) -> bool:
    """Whether a sealed answer is right except for quotation marks, punctuation, a hyphen for a space, or a hyphen that is missing."""
    if not isinstance(answer, str):
        return False
    text = answer.strip()
    bare = re.sub(r"^[\s\"'`]+|[\s\"'`.,;:!?]+$", "", text)
    spellings = {bare, re.sub(r"[-_\s]+", " ", bare), re.sub(r"[-_\s]+", "-", bare), re.sub(r"[-_\s]+", "_", bare), re.sub(r"[-_\s]+", "", bare)}  # fmt: skip
    if bare.isalpha() and len(bare) <= 20:  # multilabel
        spellings |= {f"{bare[:place]}-{bare[place:]}" for place in range(1, len(bare))}
    return any(matches(spelling) for spelling in sorted(spellings - {text}))

"""Recognize the results of known wrong answers, without having the wrong answers at hand.

The build runs every wrong answer of a chapter and keeps, for each evaluation that it fails, a fingerprint of
the reply: what kind of result it was, and three numbers that summarize its values. Of a reply that depends on
how this machine rounds, only the evaluation is kept. They are in
`mistakes.json` beside the notebooks, each with the message that its author wrote. A
student whose reply has the same fingerprint on the same evaluation reads that message.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from autograder.checks.data import Data, Opaque
from autograder.checks.student import Reply
from autograder.formats import MISTAKES

MAX_NUMBERS = 10_000
"""Of a larger tensor the first so many numbers are looked at."""


@dataclass(frozen=True)
class Fingerprint:
    """One reply to one evaluation.

    `on` names the evaluation, `kind` everything about the reply but its numbers, `near` holds their
    two weighted sums and the sum of their sizes, which allow for rounding on another machine. `also` has kind and numbers of the
    gradients of a wrong value: they tell two mistakes with the same value apart, but may depend on a tie or a nan, and so on a last bit.
    """

    on: str
    kind: str
    near: tuple[float, ...]
    also: tuple[str, tuple[float, ...]] | None = None

    @property
    def loose(self) -> bool:
        """Whether the reply, and whether the evaluation fails at all, depends on rounding: then it says nothing about it."""
        return not self.near

    def loosen(self) -> Fingerprint:
        return Fingerprint(self.on, "", ())

    def matches(self, other: Fingerprint) -> bool:
        if self.loose:
            return self.on == other.on
        return (self.on, self.kind) == (other.on, other.kind) and _is_near(self.near, other.near)

    def agrees(self, other: Fingerprint) -> bool:
        """Whether also the gradients match."""
        if self.also is None or other.also is None:
            return self.also == other.also
        return self.also[0] == other.also[0] and _is_near(self.also[1], other.also[1])

    def store(self) -> list[Any]:
        """As JSON."""
        return [self.on, self.kind, *self.near, *([self.also[0], *self.also[1]] if self.also else [])]

    @classmethod
    def load(cls, stored: list[Any]) -> Fingerprint:
        on, kind, *numbers = stored
        return cls(on, kind, tuple(numbers[:3]), (numbers[3], tuple(numbers[4:])) if numbers[3:] else None)


def _is_near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    allowed = 1e-4 * max(one[2], other[2]) + 1e-7  # below that is what rounding leaves of a 0
    return all(abs(first - second) <= allowed for first, second in zip(one, other, strict=True))


def fingerprint(evaluation: str, reply: Reply, gradients_count: bool = False) -> Fingerprint:
    """Take the fingerprint of `reply` to the evaluation named `evaluation`; its gradients count where its values are right."""
    said = [reply.outcome, reply.error, _strip_wording(reply.error, reply.detail)]
    if gradients_count or reply.gradients is None:
        return Fingerprint(evaluation, *_summarise([reply.value, reply.gradients, reply.arguments], said))
    also = _summarise(reply.gradients, [])
    return Fingerprint(evaluation, *_summarise([reply.value, None, reply.arguments], said), also)


def _strip_wording(error: str, says: str) -> str:
    """What an exception says, as far as versions of Python agree on it: newer ones add what was meant or given, or have other words."""
    if error == "ZeroDivisionError":
        return ""
    if error == "ValueError" and re.match(r"math domain error|expected a .+ input, got ", says):
        return "math domain error"
    if found := re.search(r"unhashable type: '\w+'", says):
        return found[0]
    says = re.sub(r"[.?:;,]? Did you (mean|forget).*", "", says)
    return re.sub(r"\((expected (?:at least )?\d+), got \d+\)", r"(\1)", says)


def _summarise(value: Data, kinds: list[str]) -> tuple[str, tuple[float, ...]]:
    """A digest of all in `value` but its numbers, and three sums of these."""
    numbers: list[float] = []
    _collect(value, kinds, numbers)
    sums = (
        sum(math.sin(1 + 1.3 * i) * x for i, x in enumerate(numbers)),
        sum(math.cos(2 + 0.7 * i) * x for i, x in enumerate(numbers)),
        sum(map(abs, numbers)),
    )
    return digest(*kinds), tuple(float(f"{value:.6g}") for value in sums)


def name_evaluation(expression: str, place: int, hidden: bool) -> str:
    """A short name for an evaluation: what it asks for, and its place among those of its check that are shown, or hidden.

    Nothing of its data goes into it, which may differ in the last bits on another machine.
    """
    return digest(expression, f"{'hidden' if hidden else 'shown'} {place}")


def digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=6).hexdigest()


def _collect(value: Data, kinds: list[str], numbers: list[float]) -> None:
    """Split `value` into what is exact (`kinds`) and what is a number (`numbers`)."""
    if isinstance(value, Tensor):
        kinds.append(f"{tuple(value.shape)} {value.dtype}")
        for number in value.flatten()[:MAX_NUMBERS].tolist():
            _collect_number(number, kinds, numbers)
    elif isinstance(value, (list, tuple)):
        kinds.append(f"{len(value)} items")
        for item in value:
            _collect(item, kinds, numbers)
    elif isinstance(value, dict):
        kinds.append("dict " + " ".join(map(str, value)))
        for item in value.values():
            _collect(item, kinds, numbers)
    elif isinstance(value, (int, float, complex)) and not isinstance(value, bool):
        kinds.append(type(value).__name__)
        _collect_number(value, kinds, numbers)
    elif isinstance(value, str):
        kinds.append(value.strip().casefold())
    else:
        kinds.append(value.kind if isinstance(value, Opaque) else repr(value))


def _collect_number(number: complex, kinds: list[str], numbers: list[float]) -> None:
    if isinstance(number, complex):
        number = number.real + 3.7 * number.imag
    try:
        number = float(number)
    except OverflowError:
        number = math.inf
    if math.isfinite(number):
        numbers.append(number)
    else:
        kinds.append(f"{len(numbers)} {number}")


class KnownMistakes:
    """The known wrong answers of an exercise, to be looked up by the fingerprints of what they give."""

    def __init__(self, mistakes: Iterable[tuple[str, list[Fingerprint]]]) -> None:
        self.mistakes = [(says, {one.on: one for one in results}) for says, results in mistakes]

    @classmethod
    def load(cls, exercise: str, folder: Path) -> KnownMistakes:
        """Read the file in `folder`; without it, or with one that is no such file, no mistake is known."""
        try:
            stored = _read(folder)[exercise]
            return cls((mistake["says"], [Fingerprint.load(one) for one in mistake["results"]]) for mistake in stored)
        except (OSError, ValueError, KeyError, TypeError):
            return cls([])

    def explain(self, failed: Sequence[Fingerprint], held: Iterable[str] = ()) -> list[str]:
        """The messages of the mistakes that explain all: each `failed` reply is what they give, and they fail nothing that held (by name).

        At least one reply has to be so by its numbers. Of several, those are left whose gradients agree with as many of the replies as anyone's.
        """
        fine = set(held)
        found = [
            (says, sum(results[reply.on].agrees(reply) for reply in failed))
            for says, results in self.mistakes
            if not any(not one.loose and one.on in fine for one in results.values())
            and all(reply.on in results and results[reply.on].matches(reply) for reply in failed)
            and any(not results[reply.on].loose for reply in failed)
        ]
        most = max((agreeing for _, agreeing in found), default=0)
        return list(dict.fromkeys(says for says, agreeing in found if agreeing == most))

    def explain_alone(self, reply: Fingerprint) -> list[str]:
        """The messages of the mistakes that give `reply` and fail nothing else."""
        found = [
            says
            for says, results in self.mistakes
            if len(results) == 1
            and reply.on in results
            and not results[reply.on].loose
            and results[reply.on].matches(reply)
        ]
        return list(dict.fromkeys(found))


def tell_mistakes(messages: list[str]) -> str | None:
    """What to say where the mistakes with these messages explain a failure: of two, both; more say nothing, and so does none."""
    if len(messages) == 2:
        return f"Either: {messages[0]} Or: {messages[1]}"
    return messages[0] if len(messages) == 1 else None


STUBS = ""
"""The key of the stubs' digests in the file; no exercise has this name."""


EXTRAS = "+"
"""The key of the exercises whose points are extra; no exercise has this name either."""


def _read(folder: Path) -> Any:
    """What the file in `folder` says, parsed again only when it has changed. Raises `OSError` and `ValueError`."""
    path = folder / MISTAKES
    found = path.stat()
    return _parse(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=2)
def _parse(path: Path, changed: int, size: int) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def digest_stub(source: str) -> str:
    """A digest of an answer cell as it is handed out, which spaces at the ends of its lines do not change."""
    return digest(*(line.rstrip() for line in source.strip().splitlines()))


def load_stub(exercise: str, folder: Path) -> str | None:
    """The digest of the exercise's answer cell as it was handed out, where one is kept: results don't tell whether it was changed."""
    try:
        found = _read(folder)[STUBS][exercise]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def load_extras(folder: Path) -> frozenset[str]:
    """The exercises whose points are extra, as the file in `folder` says."""
    try:
        return frozenset(_read(folder)[EXTRAS])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def same_mistakes(kept: str, made: str) -> bool:
    """Whether the file's text that was `kept` says what the newer one, `made`, does: equal except for numbers that recognition takes as equal."""
    if kept == made:
        return True
    try:
        first, second = json.loads(kept), json.loads(made)
        if any(first.pop(key, None) != second.pop(key, None) for key in (STUBS, EXTRAS)):
            return False
        return list(first) == list(second) and all(
            [(mistake["says"], len(mistake["results"])) for mistake in first[name]]
            == [(mistake["says"], len(mistake["results"])) for mistake in second[name]]
            and all(
                _are_alike(Fingerprint.load(left), Fingerprint.load(right))
                for mistake, twin in zip(first[name], second[name], strict=True)
                for left, right in zip(mistake["results"], twin["results"], strict=True)
            )
            for name in first
        )
    except (ValueError, KeyError, TypeError):
        return False


def _are_alike(kept: Fingerprint, made: Fingerprint) -> bool:
    if kept.loose or made.loose:
        return kept.loose
    return kept.matches(made) and (kept.also is None) == (made.also is None)


def write_mistakes(
    exercises: dict[str, list[tuple[str, list[Fingerprint]]]],
    stubs: dict[str, str] | None = None,
    extra: Sequence[str] = (),
) -> str:
    """The text of the file: a mistake's message with the fingerprints of its replies, an exercise at a time, and the digests of stubs.

    `extra` names the exercises whose points are extra.
    """
    stored: dict[str, Any] = {
        name: [{"says": says, "results": [one.store() for one in results]} for says, results in mistakes]
        for name, mistakes in exercises.items()
    }
    lines = []
    for name, mistakes in stored.items():
        rows = ",\n".join("    " + json.dumps(mistake, ensure_ascii=False) for mistake in mistakes)
        lines.append(f"  {json.dumps(name)}: [\n{rows}\n  ]" if rows else f"  {json.dumps(name)}: []")
    lines += [f"  {json.dumps(STUBS)}: {json.dumps(stubs)}"] if stubs else []
    lines += [f"  {json.dumps(EXTRAS)}: {json.dumps(extra)}"] if extra else []
    return "{\n" + ",\n".join(lines) + "\n}\n"

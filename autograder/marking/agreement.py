"""How far two markers agree: in percent, and beyond what chance gives (Cohen 1960, doi.org/10.1177/001316446002000104)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

from autograder.marking.ledger import Held, Ledger, Mark, ledger_path
from autograder.marking.questions import find_questions
from autograder.marking.rubrics import Rubric, read_rubrics
from autograder.marking.verdicts import score_of


@dataclass(frozen=True)
class Agreement:
    """Of `count` answers that both marked. `percent` is the share with equal points; `kappa` is `None` where chance alone agrees always.

    `weighted` is kappa with quadratic weights (Cohen 1968, doi.org/10.1037/h0026256): a difference counts by its square, in points.
    """

    count: int
    percent: float | None
    kappa: float | None
    weighted: float | None
    difference: float | None
    """The mean of the first marker's points minus the second's: who is stricter."""


def measure_agreement(pairs: Sequence[tuple[float, float]]) -> Agreement:
    """Of the points that two markers gave to the same answers."""
    count = len(pairs)
    if not count:
        return Agreement(0, None, None, None, None)
    first, second = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    same = sum(a == b for a, b in pairs) / count
    by_chance = sum(first[mark] * second[mark] for mark in first) / count**2
    apart = sum((a - b) ** 2 for a, b in pairs) / count
    apart_by_chance = sum((a - b) ** 2 * first[a] * second[b] for a in first for b in second) / count**2
    return Agreement(
        count,
        round(100 * same, 1),
        None if by_chance == 1 else round((same - by_chance) / (1 - by_chance), 3),
        None if apart_by_chance == 0 else round(1 - apart / apart_by_chance, 3),
        round(sum(a - b for a, b in pairs) / count, 3),
    )


def compare_markers(answers: Iterable[Held], score: Callable[[Mark], float]) -> dict[tuple[str, str], Agreement]:
    """For each two markers how far they agree on what both marked independently."""
    blind = [{name: score(mark) for name, mark in one.blind.items()} for one in answers]
    found = {}
    for first, second in combinations(sorted({name for one in blind for name in one}), 2):
        pairs = [(one[first], one[second]) for one in blind if {first, second} <= one.keys()]
        if pairs:
            found[first, second] = measure_agreement(pairs)
    return found


def read_agreement(
    course: Path, chapter: str, answers: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[tuple[str, str], dict[tuple[str, str], Agreement]]:
    """By notebook and cell, for each two markers. `answers` has, by student, notebook and cell, the digest of the answer that counts now.

    Raises `CourseError` where a rubric can't be read.
    """
    path = ledger_path(course, chapter)
    if not path.is_file():
        return {}
    ledger, rubrics, found = Ledger(path), read_rubrics(course, chapter), {}
    ledger.refresh()
    for question in find_questions(course, chapter):
        rubric = rubrics.get(question.name, Rubric())
        held = [
            ledger.held((student, question.notebook, question.cell, digest))
            for student, notebooks in answers.items()
            if (digest := notebooks.get(question.notebook, {}).get(question.cell)) is not None
        ]
        pairs = compare_markers(held, partial(score_of, rubric=rubric, question=question))
        if pairs:
            found[question.notebook, question.cell] = pairs
    return found

"""What counts of the marks that an answer has: one marker's, the one that all agree on, or none as long as they don't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.marking.ledger import FORMGRADER, Held, Mark, Wrote
from autograder.marking.questions import Question
from autograder.marking.rubrics import Rubric


@dataclass(frozen=True)
class Verdict:
    """The mark that counts, `None` where there is none; `disputed` where markers gave different points."""

    score: float | None
    comment: str
    disputed: bool = False


def judge(held: Held, rubric: Rubric, question: Question) -> Verdict:
    """Markers who differ leave an answer without a mark: somebody has to settle it."""
    given = [mark for mark in held.marks.values() if mark.given]
    scores = {score_of(mark, rubric, question) for mark in given}
    disputed = len(scores) > 1
    comment = "\n\n".join(dict.fromkeys(mark.comment for mark in held.marks.values() if mark.comment))
    return Verdict(scores.pop() if len(scores) == 1 else None, comment, disputed)


def score_of(mark: Mark, rubric: Rubric, question: Question) -> float:
    if mark.marker == FORMGRADER:
        return round(mark.adjust, 6)
    return rubric.add_up(list(mark.items), mark.adjust, question.points)


def write_out(verdict: Verdict, question: Question, bonus: float | None) -> Wrote:
    """The verdict as the gradebook has it. `bonus` is extra credit beside a mark that counts in the maximum: it stays as it is."""
    if question.extra:
        return None, verdict.score, verdict.score is None
    return verdict.score, bonus, verdict.score is None


def find_unknown(marks: Iterable[Mark], rubric: Rubric) -> set[str]:
    """Items that marks use and the rubric doesn't have."""
    known = {item.id for item in rubric.items}
    return {item for mark in marks if mark.given for item in mark.items} - known

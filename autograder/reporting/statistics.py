"""What a class got, in numbers: pure functions of its results."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import correlation, mean
from typing import Literal

from autograder.grading.results import ClassResult, ExerciseResult, StudentResult

Outcome = Literal["right", "partial", "wrong", "stopped", "not attempted", "to grade"]


SYMBOLS: dict[Outcome, str] = {
    "right": "✓",
    "partial": "◐",
    "wrong": "✗",
    "stopped": "!",
    "not attempted": "○",
    "to grade": "?",
}


MEANINGS: dict[Outcome, str] = {
    "right": "all points",
    "partial": "some points",
    "wrong": "attempted, no points",
    "stopped": "the check itself did not finish",
    "not attempted": "left as it was, or not handed in",
    "to grade": "waiting for a person's marks",
}


MOST_MISTAKES = 25
"""So many mistakes are listed. A long tail of single ones says nothing about the class."""


FEW_STUDENTS = 10
"""With fewer graded students, no discrimination is called a finding."""


@dataclass(frozen=True)
class ExerciseStatistics:
    """One exercise over the graded students. `facility` and `discrimination` are `None` where they are undefined."""

    notebook: str
    exercise: str
    points: float
    by_hand: bool
    counts: Counter[Outcome]
    facility: float | None
    discrimination: float | None
    extra: bool = False
    """Whether its points are extra: beside the chapter's maximum."""

    @property
    def attempted(self) -> int:
        return self.counts.total() - self.counts["not attempted"]

    @property
    def is_negative(self) -> bool:
        """Whether the discrimination is below 0, as far as its two printed decimals tell."""
        return self.discrimination is not None and round(self.discrimination, 2) < 0


@dataclass(frozen=True)
class Mistake:
    """One message that students read for one exercise, with how many attempted it, and who read it."""

    exercise: str
    message: str
    attempted: int
    students: list[str] = field(default_factory=list)
    notebook: str = ""

    @property
    def count(self) -> int:
        return len(self.students)

    @property
    def share(self) -> float:
        """The share of those who attempted the exercise."""
        return self.count / self.attempted


@dataclass(frozen=True)
class Row:
    """A graded student as the page shows one: `mark` is from the automatic checks, `by_hand` from a person so far, `extra` from either."""

    student: str
    mark: float
    by_hand: float
    to_grade: float
    extra: float
    extra_to_grade: float
    outcomes: list[Outcome]
    notes: list[str]


def get_outcome(exercise: ExerciseResult) -> Outcome:
    """How an exercise went; one graded by hand counts as right with all points and as wrong with none."""
    if exercise.state != "by hand":
        return exercise.state
    if exercise.score is None:
        return "to grade"
    if exercise.score >= exercise.points:
        return "right"
    return "partial" if exercise.score > 0 else "wrong"


def complete(result: ClassResult) -> list[StudentResult]:
    """The graded students, each with all exercises of the chapter in the same order.

    An exercise that a student's results lack was not handed in: it is not attempted, with 0 points.
    """
    graded = [student for student in result.students if student.state == "graded"]
    known: dict[tuple[str, str], ExerciseResult] = {}
    for student in sorted(graded, key=lambda one: -len(one.exercises)):  # the fullest knows the order best
        for exercise in student.exercises:
            known.setdefault((exercise.notebook, exercise.exercise), exercise)
    blanks = {
        key: replace(known[key], score=0, state="not attempted", mistakes=[])
        for key in sorted(known, key=lambda key: key[0])
    }
    completed = []
    for student in graded:
        own = {(exercise.notebook, exercise.exercise): exercise for exercise in student.exercises}
        completed.append(replace(student, exercises=[own.get(key, blank) for key, blank in blanks.items()]))
    return completed


def compute_statistics(graded: Sequence[StudentResult]) -> list[ExerciseStatistics]:
    """The statistics of each exercise, for students who are `complete`.

    What is not attempted counts with 0 points; what waits for a person's marks does not count, and where all
    answers wait there is no facility. The total that an exercise is compared
    with is that of the automatic checks, without extra points.
    """
    columns = list(zip(*(student.exercises for student in graded), strict=True))
    by_hand = [any(cell.by_hand or cell.state == "by hand" for cell in column) for column in columns]
    apart = [hand or column[0].extra for hand, column in zip(by_hand, columns, strict=True)]
    totals = [
        sum(cell.score or 0 for cell, other in zip(student.exercises, apart, strict=True) if not other)
        for student in graded
    ]
    statistics = []
    for column, hand, other in zip(columns, by_hand, apart, strict=True):
        marked = [(cell.score or 0, total) for cell, total in zip(column, totals, strict=True) if _is_marked(cell)]
        scores = [score for score, _ in marked]
        told = any(cell.state != "not attempted" for cell in column if _is_marked(cell)) or all(map(_is_marked, column))
        rest = [total if other else total - score for score, total in marked]
        first = column[0]
        statistics.append(
            ExerciseStatistics(
                first.notebook,
                first.exercise,
                first.points,
                hand,
                Counter(get_outcome(cell) for cell in column),
                facility(scores, first.points) if told else None,
                discrimination(scores, rest),
                first.extra,
            )
        )
    return statistics


def _is_marked(exercise: ExerciseResult) -> bool:
    return get_outcome(exercise) != "to grade"


def facility(scores: Sequence[float], points: float) -> float | None:
    """The mean share of the points that was earned: 1 when all students earned all points, so low means hard.

    `mean(scores) / points`, the item difficulty p of classical test theory for items with several points (Crocker and
    Algina, Introduction to Classical and Modern Test Theory, 1986). `None` without students or without points.
    """
    return mean(scores) / points if scores and points else None


def discrimination(scores: Sequence[float], rest: Sequence[float]) -> float | None:
    """The corrected item-total correlation, from −1 to 1: do those who do well elsewhere do well here?

    Pearson's correlation, over students, of an exercise's score with the total of the *other* exercises, `rest`; with
    the exercise in the total it would correlate with itself (Nunnally and Bernstein, Psychometric Theory, 1994).
    `None` for fewer than 3 students, and where either side is the same for all.
    """
    scores, rest = [round(score, 6) for score in scores], [round(total, 6) for total in rest]
    if len(scores) < 3 or len(set(scores)) == 1 or len(set(rest)) == 1:
        return None
    return correlation(scores, rest)


def chance(students: int) -> float:
    """How far from 0 a correlation over so many students is by chance alone, in 19 of 20 cases.

    Two standard deviations, `2 / √(n − 1)`, of Pearson's r for unrelated normal variables; never above 1.
    """
    return min(1.0, 2 / math.sqrt(students - 1)) if students > 1 else 1.0


def count_mistakes(graded: Sequence[StudentResult]) -> list[Mistake]:
    """The mistakes over the class, most frequent first; a student counts once for a message in an exercise."""
    attempted = Counter(
        (cell.notebook, cell.exercise)
        for student in graded
        for cell in student.exercises
        if get_outcome(cell) != "not attempted"
    )
    found: dict[tuple[str, str, str], Mistake] = {}
    for student in graded:
        for cell in student.exercises:
            for message in dict.fromkeys(cell.mistakes):
                blank = Mistake(cell.exercise, message, attempted[cell.notebook, cell.exercise], [], cell.notebook)
                found.setdefault((cell.notebook, cell.exercise, message), blank).students.append(student.student)
    return sorted(found.values(), key=lambda mistake: (-mistake.count, -mistake.share))


def get_mark(student: StudentResult, exercises: Sequence[ExerciseStatistics]) -> float:
    """The points from the automatic checks; extra ones are apart, and those given by hand, as some may not be given yet."""
    pairs = zip(student.exercises, exercises, strict=True)
    return round(sum(cell.score or 0 for cell, exercise in pairs if not (exercise.by_hand or exercise.extra)), 6)


def make_row(student: StudentResult, exercises: Sequence[ExerciseStatistics]) -> Row:
    pairs = list(zip(student.exercises, exercises, strict=True))
    by_hand = [cell for cell, exercise in pairs if exercise.by_hand and not exercise.extra]
    extra = [cell for cell, exercise in pairs if exercise.extra]
    return Row(
        student.student,
        get_mark(student, exercises),
        sum(cell.score or 0 for cell in by_hand),
        sum(cell.points for cell in by_hand if not _is_marked(cell)),
        round(sum(cell.score or 0 for cell in extra), 6),
        sum(cell.points for cell in extra if not _is_marked(cell)),
        [get_outcome(cell) for cell in student.exercises],
        student.notes,
    )


def count_marks(marks: Sequence[float], highest: float) -> list[tuple[str, int]]:
    """How many marks fall in each of at most 13 ranges of whole points, lowest first; fractions are rounded down.

    All ranges are equally wide and end at `highest`; only the first may be narrower.
    """
    if not marks or highest <= 0:
        return []
    top = math.floor(highest)
    width = math.ceil((top + 1) / 13)
    counts = Counter(max(0, top - math.floor(mark)) // width for mark in marks)
    ranges = []
    for place in reversed(range(top // width + 1)):
        low, high = max(0, top - (place + 1) * width + 1), top - place * width
        ranges.append((f"{low}–{high}" if low < high else f"{low}", counts[place]))
    return ranges


def write_number(value: float) -> str:
    return f"{round(value, 2):g}"


def write_percent(share: float | None) -> str:
    """A share in percent; 0% and 100% are kept for none and all."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share in (0, 1) else f"{min(max(share, 0.01), 0.99):.0%}"


def write_decimal(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")

"""What the page of a student and the page of an exercise show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from autograder.grading.results import ExerciseResult
from autograder.reporting.figures import draw_profile
from autograder.reporting.gathering import Chapter, Course, Try, read_by_number, to_local
from autograder.reporting.links import PageLinks
from autograder.reporting.statistics import Outcome, get_outcome
from autograder.reporting.titles import Key
from autograder.reporting.trouble import Fate, Stuck


@dataclass(frozen=True)
class Step:
    """One exercise in one submission."""

    number: int
    outcome: Outcome
    score: float | None


@dataclass(frozen=True)
class MarkChange:
    """How one exercise differs from the submission, or the grading, before."""

    key: Key
    before: Outcome
    after: Outcome
    points_before: float
    points_after: float


@dataclass(frozen=True)
class HistoryRow:
    """One line of a student's history."""

    number: int
    again: bool
    handed_in: str
    graded: str
    late: str
    score: float
    reason: str
    failed: str
    changes: list[MarkChange]
    edited: list[Key]
    """Exercises whose answers changed and whose marks didn't."""
    counts: bool


@dataclass(frozen=True)
class ExerciseRow:
    """One exercise of one student."""

    student: str
    key: Key
    steps: list[Step]
    result: ExerciseResult
    outcome: Outcome
    regraded: list[str]
    """Reasons why its mark changed though the submission didn't."""


def describe_student(
    course: Course, student: str, stuck: Sequence[Stuck], reasons: Sequence[str], link: PageLinks
) -> dict[str, Any]:
    """The values for `student.html`."""
    mark = next((one for one in course.marks.students if one.student == student), None) if course.marks else None
    parts = []
    for chapter in course.chapters:
        result = next((one for one in chapter.result.students if one.student == student), None)
        complete = next((one for one in chapter.graded if one.student == student), None)
        tries = chapter.tries.get(student, [])
        parts.append(
            {
                "chapter": chapter,
                "result": result,
                "mark": mark.chapters.get(chapter.name) if mark else None,
                "history": describe_history(tries),
                "rows": [_describe_row(student, one, tries) for one in complete.exercises] if complete else [],
                "notes": result.notes if result else [],
            }
        )
    return {
        "student": student,
        "name": course.students[student],
        "mark": mark,
        "weights": course.marks.weights if course.marks else {},
        "rules": course.marks.rules if course.marks else None,
        "profile": _draw_profile(course, student),
        "stuck": stuck,
        "reasons": reasons,
        "parts": parts,
    }


def _draw_profile(course: Course, student: str) -> Markup:
    """ "" where there is no mark to compare."""
    if not course.marks:
        return Markup("")
    own = next((one for one in course.marks.students if one.student == student), None)
    titles = {chapter.name: chapter.titles.chapter for chapter in course.chapters}
    rows = []
    for name in course.marks.most:
        shares = [share for one in course.marks.students if (share := one.chapters[name].share) is not None]
        rows.append((titles.get(name, name), own.chapters[name].share if own else None, shares))
    return draw_profile(rows, course.students[student]) if rows else Markup("")


def _describe_row(student: str, result: ExerciseResult, tries: Sequence[Try]) -> ExerciseRow:
    key = result.notebook, result.exercise
    steps = [
        Step(one.number, get_outcome(one.marks[key]), one.marks[key].score)
        for one in read_by_number(tries)
        if key in one.marks
    ]
    regraded = [
        one.reason
        for before, one in pairwise(tries)
        if one.reason and any(change.key == key for change in _compare(before, one))
    ]
    return ExerciseRow(student, key, steps, result, get_outcome(result), list(dict.fromkeys(regraded)))


def describe_history(tries: Sequence[Try]) -> list[HistoryRow]:
    """A student's submissions of a chapter, the first one first, with what changed from each to the next, mark by mark."""
    rows = []
    before: Try | None = None
    for one in tries:
        changes = _compare(before, one) if before and not (before.failed or one.failed) else []
        moved = {change.key for change in changes}
        rows.append(
            HistoryRow(
                one.number,
                bool(one.reason),
                to_local(one.handed_in),
                to_local(one.graded),
                write_late(one.late),
                one.score,
                one.reason,
                one.failed,
                changes,
                sorted((one.changed or frozenset()) - moved),
                one.counts,
            )
        )
        before = one
    return rows


def _compare(before: Try, after: Try) -> list[MarkChange]:
    """Marks given by hand are left out: what the history has of them is that they were missing when a submission was graded."""
    found = []
    for key, mark in after.marks.items():
        old = before.marks.get(key)
        if old is None or mark.by_hand or "by hand" in (old.state, mark.state):
            continue
        outcomes = get_outcome(old), get_outcome(mark)
        if outcomes[0] != outcomes[1] or old.score != mark.score:
            found.append(MarkChange(key, *outcomes, old.score or 0, mark.score or 0))
    return found


def write_late(late: timedelta) -> str:
    """The two largest units, "" where it isn't late."""
    minutes = int(late.total_seconds()) // 60
    if late <= timedelta():
        return ""
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{max(1, rest)} min"


def describe_exercise(
    course: Course, chapter: Chapter, key: Key, fates: Sequence[Fate], reasons: Sequence[str], link: PageLinks
) -> dict[str, Any]:
    """The values for `exercise.html`."""
    place = list(chapter.exercises).index(key)
    rows = [
        _describe_row(student.student, student.exercises[place], chapter.tries.get(student.student, []))
        for student in chapter.graded
    ]
    read = {one.message: one for one in chapter.mistakes if (one.notebook, one.exercise) == key}
    followed = {one.message: one for one in fates}
    messages = sorted(read.keys() | followed.keys(), key=lambda text: (-_count(read, followed, text), text))
    keys = list(chapter.exercises)
    return {
        "course": course,
        "chapter": chapter,
        "key": key,
        "title": chapter.titles.exercise(*key),
        "statistics": chapter.exercises[key],
        "reasons": reasons,
        "agreement": chapter.agreement.get((key[0], chapter.titles.cells.get(key, key[1])), {}),
        "rows": rows,
        "messages": [(text, read.get(text), followed.get(text)) for text in messages[:MOST_MESSAGES]],
        "more_messages": len(messages[MOST_MESSAGES:]),
        "has_fates": any(one.tried or one.unchanged for one in fates),
        "regraded": [row for row in rows if row.regraded],
        "attempts": sum(len(row.steps) for row in rows),
        "before": keys[place - 1] if place else None,
        "after": keys[place + 1] if place + 1 < len(keys) else None,
    }


MOST_MESSAGES = 40


def _count(read: Any, followed: Any, text: str) -> int:
    now = read[text].count if text in read else 0
    return int(now + (followed[text].tried if text in followed else 0))

"""Marks for the whole course: each student's chapters as the gradebook has them, and one mark by the rules in `course.toml`."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, select

from autograder.errors import CourseError
from autograder.grading.collecting import find_extra
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.dates import read_extensions
from autograder.grading.places import find_places
from autograder.grading.rows import (
    ASSIGNMENT,
    CELL,
    GRADE,
    GRADE_CELL,
    NOTEBOOK,
    STUDENT,
    SUBMISSION,
    SUBMITTED,
    TASK_CELL,
)
from autograder.grading.weighing import MarkRules, combine, read_rules

State = Literal["graded", "pending", "not graded", "missing"]
"""`pending`: some answers wait for a person; `not graded`: handed in, and nothing of it has a mark; `missing`: nothing was handed in."""


@dataclass(frozen=True)
class ChapterMark:
    """One student's mark in one chapter: points so far with extra credit, after the late penalty. `score` is `None` without a grade."""

    chapter: str
    state: State
    score: float | None
    most: float
    pending: float = 0
    """Points, extra ones too, of the answers that wait for a person."""
    penalty: float = 0
    dropped: bool = False

    @property
    def share(self) -> float | None:
        return None if self.score is None or not self.most else self.score / self.most


@dataclass(frozen=True)
class CourseMark:
    """One student's mark for the course, in percent.

    `percent` is what the marks so far come to; `at_most` what they come to if every answer that waits for a person gets all its points.
    """

    student: str
    name: str
    chapters: dict[str, ChapterMark]
    percent: float | None
    at_most: float | None

    @property
    def is_final(self) -> bool:
        """Whether nothing waits for a person."""
        return all(one.state in ("graded", "missing") for one in self.chapters.values())


@dataclass(frozen=True)
class CourseMarks:
    """Everyone's marks. `most` and `weights` have the points and the share of the course's mark by chapter, in order."""

    rules: MarkRules
    most: dict[str, float]
    weights: dict[str, float]
    students: list[CourseMark]


def course_marks(course: Path, now: datetime | None = None) -> CourseMarks:
    """The marks of all students of the gradebook in all chapters for which anybody has a grade, as of `now` (UTC).

    A student without a grade has no 0, unless the rules say `missing = "zero"` and the due date, if there is one, has passed. Raises
    `CourseError` when the gradebook or `course.toml` cannot be used.
    """
    rules = read_rules(course)
    when = now or datetime.now(UTC)
    with _open(course) as open_:
        names = _read_names(open_)
        chapters = _read_chapters(open_)
        found = _read_marks(open_, course, chapters)
        deadlines = _read_deadlines(open_, course)
    most = {name: chapters[name] for name in chapters if any(one.score is not None for one in found[name].values())}
    weights = rules.weigh(most, {*chapters, *find_places(course).list_assignments()})
    total = sum(weights.values())
    shares = {name: weight / total if total else 0 for name, weight in weights.items()}
    students = []
    for student, name in names.items():
        marks = {chapter: found[chapter].get(student) or _miss(chapter, points) for chapter, points in most.items()}
        due = {chapter: one.get(student, one[""]) for chapter, one in deadlines.items()}
        overdue = {chapter for chapter in most if chapter not in due or due[chapter] < when}
        students.append(_weigh(rules, weights, CourseMark(student, name, marks, None, None), overdue))
    return CourseMarks(rules, most, shares, students)


@contextlib.contextmanager
def _open(course: Path) -> Iterator[Connection]:
    """The gradebook, to be read. Raises `CourseError` where there is none: looking makes none."""
    database = find_places(course).database
    if database and not Path(database).exists():
        raise CourseError(
            f"There is no gradebook here ({Path(database).name}): grade something first, or run the command in the course's folder."
        )
    with (
        open_gradebook(course, find_url(course, load_config(course))) as gradebook,
        gradebook.engine.connect() as open_,
    ):
        yield open_


def _miss(chapter: str, most: float) -> ChapterMark:
    return ChapterMark(chapter, "missing", None, most)


def _weigh(rules: MarkRules, weights: Mapping[str, float], mark: CourseMark, overdue: set[str]) -> CourseMark:
    now: dict[str, float | None] = {}
    best: dict[str, float | None] = {}
    for name, one in mark.chapters.items():
        zero = rules.missing == "zero" and one.state == "missing" and name in overdue
        now[name] = 0.0 if zero else one.share
        waits = one.state in ("pending", "not graded") and one.most
        best[name] = ((one.score or 0) + one.pending) / one.most if waits else now[name]
    weighed, highest = combine(rules, weights, now), combine(rules, weights, best)
    chapters = {name: replace(one, dropped=name in weighed.dropped) for name, one in mark.chapters.items()}
    return replace(mark, chapters=chapters, percent=weighed.percent, at_most=highest.percent)


def _read_names(connection: Connection) -> dict[str, str]:
    """The students by id, in order, with first and last name where the gradebook has them."""
    rows = connection.execute(select(STUDENT).order_by(STUDENT.c.id))
    return {row.id: " ".join(filter(None, (row.first_name, row.last_name))) for row in rows}


def _read_chapters(connection: Connection) -> dict[str, float]:
    """The points of each, by name, in order."""
    most: dict[str, float] = dict.fromkeys(
        connection.scalars(select(ASSIGNMENT.c.name).order_by(ASSIGNMENT.c.name)), 0.0
    )
    for table in (GRADE_CELL, TASK_CELL):
        for row in connection.execute(
            select(ASSIGNMENT.c.name, table.c.max_score)
            .join(NOTEBOOK, NOTEBOOK.c.assignment_id == ASSIGNMENT.c.id)
            .join(CELL, CELL.c.notebook_id == NOTEBOOK.c.id)
            .join(table, table.c.id == CELL.c.id)
        ):
            most[row.name] += row.max_score
    return most


def _read_marks(
    connection: Connection, course: Path, chapters: Mapping[str, float]
) -> dict[str, dict[str, ChapterMark]]:
    """By chapter and student, for all who handed in."""
    scores: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(
            ASSIGNMENT.c.name.label("chapter"),
            SUBMISSION.c.student_id,
            NOTEBOOK.c.name.label("notebook"),
            CELL.c.name.label("cell"),
            GRADE.c.auto_score,
            GRADE.c.manual_score,
            GRADE.c.extra_credit,
            GRADE.c.needs_manual_grade,
            GRADE_CELL.c.max_score,
            TASK_CELL.c.max_score.label("task_score"),
        )
        .join(SUBMISSION, SUBMISSION.c.assignment_id == ASSIGNMENT.c.id)
        .join(SUBMITTED, SUBMITTED.c.assignment_id == SUBMISSION.c.id)
        .join(NOTEBOOK, NOTEBOOK.c.id == SUBMITTED.c.notebook_id)
        .join(GRADE, GRADE.c.notebook_id == SUBMITTED.c.id)
        .join(CELL, CELL.c.id == GRADE.c.cell_id)
        .outerjoin(GRADE_CELL, GRADE_CELL.c.id == CELL.c.id)
        .outerjoin(TASK_CELL, TASK_CELL.c.id == CELL.c.id)
    ):
        scores[row.chapter, row.student_id].append(row)
    penalties: dict[tuple[str, str], float] = defaultdict(float)
    for row in connection.execute(
        select(ASSIGNMENT.c.name, SUBMISSION.c.student_id, SUBMITTED.c.late_submission_penalty)
        .join(SUBMISSION, SUBMISSION.c.assignment_id == ASSIGNMENT.c.id)
        .join(SUBMITTED, SUBMITTED.c.assignment_id == SUBMISSION.c.id)
    ):
        penalties[row.name, row.student_id] += row.late_submission_penalty or 0
    found: dict[str, dict[str, ChapterMark]] = {name: {} for name in chapters}
    for chapter, most in chapters.items():
        extra = find_extra(course, chapter)
        handed_in = set(find_places(course).list_students(chapter))
        for (name, student), rows in scores.items():
            if name == chapter:
                mark = _sum(chapter, most, rows, penalties[name, student], extra)
                if mark.score is not None or student in handed_in:
                    found[chapter][student] = mark
    return found


def _sum(
    chapter: str, most: float, rows: list[Any], penalty: float, extra: Mapping[tuple[str, str], float]
) -> ChapterMark:
    """The sum as nbgrader has it; what waits for a person counts nothing in it, as there."""
    marked = [row for row in rows if row.auto_score is not None or row.manual_score is not None]
    waiting = [row for row in rows if row.needs_manual_grade and row.manual_score is None]
    earned = 0.0
    for row in marked:
        earned += (row.auto_score if row.manual_score is None else row.manual_score) + (row.extra_credit or 0)
    pending = sum(_points(row, extra) - (row.auto_score or 0) - (row.extra_credit or 0) for row in waiting)
    if not marked:
        return ChapterMark(chapter, "not graded", None, most, round(pending, 6))
    score = round(max(0.0, earned - penalty), 6)
    return ChapterMark(chapter, "pending" if pending else "graded", score, most, round(pending, 6), penalty)


def _points(row: Any, extra: Mapping[tuple[str, str], float]) -> float:
    known = row.max_score if row.max_score is not None else row.task_score
    return extra.get((row.notebook, row.cell)) or known or 0.0


def read_deadlines(course: Path) -> dict[str, dict[str, datetime]]:
    """By chapter when it is due, in UTC: under "" for all, and under a student's id where there is an extension. Those without a date are left out."""
    with _open(course) as open_:
        return _read_deadlines(open_, course)


def _read_deadlines(connection: Connection, course: Path) -> dict[str, dict[str, datetime]]:
    due = {
        row.name: row.duedate for row in connection.execute(select(ASSIGNMENT).where(ASSIGNMENT.c.duedate.is_not(None)))
    }
    found = {name: {"": when} for name, when in due.items()}
    for row in connection.execute(
        select(ASSIGNMENT.c.name, SUBMISSION.c.student_id, SUBMISSION.c.extension)
        .join(SUBMISSION, SUBMISSION.c.assignment_id == ASSIGNMENT.c.id)
        .where(ASSIGNMENT.c.duedate.is_not(None), SUBMISSION.c.extension.is_not(None))
    ):
        found[row.name][row.student_id] = due[row.name] + row.extension
    for chapter, when in due.items():  # those who have handed in nothing are here only
        for student, one in read_extensions(course, chapter).items():
            if one.holds and (more := one.after(when)) is not None:
                found[chapter][student] = when + more
    return {name: {student: when.replace(tzinfo=UTC) for student, when in one.items()} for name, one in found.items()}

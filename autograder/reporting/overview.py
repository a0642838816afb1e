"""What the dashboard's first page and its list of exercises show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from autograder.grading.coursewide import CourseMark, CourseMarks
from autograder.grading.weighing import SECTION, SETTINGS
from autograder.reporting.figures import draw_histogram, spread_shares
from autograder.reporting.gathering import Chapter, Course, read_by_number
from autograder.reporting.statistics import Mistake, get_outcome, write_number
from autograder.reporting.titles import Key, name_chapter
from autograder.reporting.trouble import Complaint, Stuck, find_worries

MOST_COMPLAINTS, MOST_STUCK, MOST_WORRIES = 8, 12, 10
"""So many are on the first page at once; the others are folded away."""


@dataclass(frozen=True)
class ChapterRow:
    """One chapter in the overview's table."""

    chapter: Chapter
    handed_in: int
    submissions: int
    late: int
    graded: int
    not_graded: int
    median: float | None
    most: float
    to_grade: int
    weight: float | None


def describe_overview(course: Course, stuck: Sequence[Stuck], complaints: Sequence[Complaint]) -> dict[str, Any]:
    """The values for `overview.html`."""
    rows = [_describe_chapter(course, chapter) for chapter in course.chapters]
    marks = course.marks
    percents = [one.percent for one in marks.students if one.percent is not None] if marks else []
    failed = [
        (chapter, student)
        for chapter in course.chapters
        for student in chapter.result.students
        if student.state == "not graded"
    ]
    times = [
        one.graded for chapter in course.chapters for tries in chapter.tries.values() for one in tries if one.graded
    ]
    return {
        "course": course,
        "rows": rows,
        "marks": marks,
        "rules": describe_rules(marks, course.unit) if marks else [],
        "percents": percents,
        "median": median(percents) if percents else None,
        "histogram": draw_histogram(spread_shares(percents), "mark for the course so far, in percent")
        if percents
        else "",
        "students": _list_students(course),
        "submissions": sum(row.submissions for row in rows),
        "late": sum(row.late for row in rows),
        "to_grade": sum(row.to_grade for row in rows),
        "failed": failed,
        "pending": sum(not one.is_final for one in marks.students) if marks else 0,
        "complaints": complaints,
        "most_complaints": MOST_COMPLAINTS,
        "stuck": stuck,
        "most_stuck": MOST_STUCK,
        "worries": find_worries(course, stuck),
        "most_worries": MOST_WORRIES,
        "latest": max(times).astimezone().strftime("%Y-%m-%d %H:%M") if times else "",
    }


def _describe_chapter(course: Course, chapter: Chapter) -> ChapterRow:
    students = chapter.result.students
    marks = course.marks.students if course.marks else []
    shares = [
        share for one in marks if (known := one.chapters.get(chapter.name)) and (share := known.share) is not None
    ]
    first = {student: read_by_number(tries) for student, tries in chapter.tries.items()}
    lasts = [tries[-1] for tries in first.values() if tries]
    return ChapterRow(
        chapter,
        sum(one.state != "nothing handed in" for one in students),
        sum(len({one.number for one in tries}) for tries in chapter.tries.values()),
        sum(bool(one.late) for one in lasts),
        sum(one.state == "graded" for one in students),
        sum(one.state == "not graded" for one in students),
        median(shares) if shares else None,
        course.marks.most.get(chapter.name, 0) if course.marks else 0,
        sum(get_outcome(one) == "to grade" for student in chapter.graded for one in student.exercises),
        course.marks.weights.get(chapter.name) if course.marks else None,
    )


def _list_students(course: Course) -> list[tuple[str, CourseMark | None]]:
    known = {one.student: one for one in course.marks.students} if course.marks else {}
    return [(student, known.get(student)) for student in course.students]


def describe_rules(marks: CourseMarks, unit: str = "chapter") -> list[str]:
    """How the marks for the course are made, in words; `unit` is what it is made of."""
    rules = marks.rules
    a_unit = f"An {unit}" if unit[0] in "aeiou" else f"A {unit}"
    weights = {
        "points": "Every point of the course counts the same",
        "equal": f"Every {unit} counts the same",
    }.get(rules.weights if isinstance(rules.weights, str) else "", f"The {unit}s count as their weights say")
    says = [f"{weights}."]
    if rules.drop:
        says.append(
            f"The {f'{rules.drop} {unit}s that cost' if rules.drop > 1 else f'{unit} that costs'} a student most "
            f"{'do' if rules.drop > 1 else 'does'}n't count (struck through)."
        )
    if rules.missing == "zero":
        says.append(f"{a_unit} that wasn't handed in counts 0 once its due date has passed.")
    else:
        says.append(f"{a_unit} without a grade is left out; it doesn't count as 0.")
    for name, points in rules.bonus.items():
        says.append(f"{name_chapter(name)} adds up to {write_number(points)} percentage points.")
    if rules.highest is not None:
        says.append(f"Nobody has more than {write_number(rules.highest)}%.")
    says.append(
        "Late penalties are taken off, and extra points count on top. Answers that wait for a person count nothing yet: "
        "“up to” says what the mark would be with all their points."
    )
    if rules == type(rules)():
        says.append(f"These are the defaults; the section [{SECTION}] of {SETTINGS} changes them.")
    return says


def describe_exercises(course: Course, complaints: Sequence[Complaint]) -> dict[str, Any]:
    """The values for `exercises.html`."""
    reasons = {(one.chapter.name, one.key): one.reasons for one in complaints}
    rows = []
    for chapter in course.chapters:
        most: dict[Key, Mistake] = {}
        for mistake in chapter.mistakes:
            most.setdefault((mistake.notebook, mistake.exercise), mistake)
        rows += [
            (chapter, key, one, most.get(key), reasons.get((chapter.name, key), []))
            for key, one in chapter.exercises.items()
        ]
    return {"course": course, "rows": rows}

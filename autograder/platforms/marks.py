"""The marks of a gradebook as a platform is told them: a number, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry

from autograder.errors import CourseError
from autograder.grading.collecting import find_extra
from autograder.grading.gradebook import load_submissions


@dataclass(frozen=True)
class Mark:
    """Points of a student. `waiting` says how many exercises a person has still to mark; they count nothing yet."""

    score: float
    waiting: int = 0


@dataclass
class Column:
    """What is one assignment on a platform: a chapter, an exercise of it, or its late penalties."""

    chapter: str
    exercise: str
    most: float
    marks: dict[str, Mark] = field(default_factory=dict)
    """By student; who has none isn't in it."""

    @property
    def title(self) -> str:
        return f"{self.chapter}: {self.exercise}" if self.exercise else self.chapter


PENALTY = "late penalty"
"""The title of the column with penalties, where points are told by exercise."""


def read_columns(course: Path, gradebook: Any, chapters: list[str], by_exercise: bool) -> list[Column]:
    """The marks of these chapters. Raises `CourseError` where one isn't in the gradebook."""
    columns = []
    for chapter in chapters:
        try:
            assignment = gradebook.find_assignment(chapter)
            submissions = load_submissions(gradebook, chapter)
        except MissingEntry:
            raise CourseError(
                f"{chapter} isn't in the gradebook yet. Grade it first: course grade {chapter}."
            ) from None
        columns += (
            _by_exercise(course, chapter, assignment, submissions)
            if by_exercise
            else [_whole(chapter, assignment, submissions)]
        )
    return columns


def _whole(chapter: str, assignment: Any, submissions: list[Any]) -> Column:
    """A chapter's points as nbgrader counts them: with extra credit, less the late penalty."""
    column = Column(chapter, "", float(assignment.max_score or 0))
    for submission in submissions:
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        waiting = sum(map(_waits, grades))
        if not any(map(_is_given, grades)):
            continue  # it could not be graded: no mark, which isn't 0
        score = sum(_score(grade) for grade in grades)
        column.marks[submission.student_id] = Mark(max(0.0, score - _penalty(submission)), waiting)
    return column


def _by_exercise(course: Path, chapter: str, assignment: Any, submissions: list[Any]) -> list[Column]:
    extra = find_extra(course, chapter)
    columns: dict[tuple[str, str], Column] = {}
    several = len(assignment.notebooks) > 1
    for notebook in sorted(assignment.notebooks, key=lambda one: str(one.name)):
        for cell in notebook.grade_cells + notebook.task_cells:
            exercise = cell.name.removesuffix("-check")
            name = f"{notebook.name}: {exercise}" if several else exercise
            columns[notebook.name, cell.name] = Column(
                chapter, name, float(cell.max_score or extra.get((notebook.name, cell.name), 0))
            )
    late = Column(chapter, PENALTY, 0.0)
    for submission in submissions:
        grades = [(notebook.name, grade) for notebook in submission.notebooks for grade in notebook.grades]
        if not any(_is_given(grade) for _, grade in grades):
            continue
        for notebook, grade in grades:
            if _is_given(grade) or not _waits(grade):
                columns[notebook, grade.name].marks[submission.student_id] = Mark(_score(grade), int(_waits(grade)))
        if penalty := _penalty(submission):
            late.marks[submission.student_id] = Mark(-penalty)
    return [*columns.values(), *([late] if late.marks else [])]


def _is_given(grade: Any) -> bool:
    return grade.auto_score is not None or grade.manual_score is not None


def _waits(grade: Any) -> bool:
    """Whether a person has still to mark it."""
    return bool(grade.needs_manual_grade) and grade.manual_score is None


def _score(grade: Any) -> float:
    """As `nbgrader.api.Grade.score`: the mark by hand counts before the automatic one."""
    score = grade.manual_score if grade.manual_score is not None else grade.auto_score
    return float(score or 0) + float(grade.extra_credit or 0 if score is not None else 0)


def _penalty(submission: Any) -> float:
    return float(sum(notebook.late_submission_penalty or 0 for notebook in submission.notebooks))

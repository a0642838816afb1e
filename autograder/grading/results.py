"""What grading a class has found, as it is kept in `reports/<chapter>.json` and read by the report.

Marks live in nbgrader's gradebook. Here is what the gradebook has no room for: why a submission could not be
graded, what was odd about it, and which mistake was behind each lost point.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from autograder.errors import CourseError

ExerciseState = Literal["right", "partial", "wrong", "not attempted", "stopped", "by hand"]
"""`stopped`: the cell of the answer or of its check ended with an error, or not in time."""

StudentState = Literal["graded", "not graded", "nothing handed in"]


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one student. `score` is `None` as long as a person has to grade it."""

    notebook: str
    exercise: str
    points: float
    score: float | None
    state: ExerciseState
    mistakes: list[str] = field(default_factory=list)
    by_hand: bool = False
    """Whether a person grades it, also where there is nothing to grade because it was not attempted."""
    extra: bool = False
    """Whether its points are extra: beside the chapter's maximum."""


@dataclass(frozen=True)
class StudentResult:
    """One student. `reason` says why a submission was not graded, `notes` what was odd about it."""

    student: str
    state: StudentState
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    exercises: list[ExerciseResult] = field(default_factory=list)
    seconds: float = 0
    handed_in: str = ""
    """When, in UTC, as ISO has it; "" where nobody knows."""
    due: str = ""
    """The due date with this student's extension, likewise."""
    late: float = 0
    """By how many seconds it came after that."""
    penalty: float = 0
    """What that costs, in points; `score` is without it."""

    @property
    def score(self) -> float | None:
        """Points so far, extra ones included, without those that a person has still to give; `None` when not graded."""
        return sum(e.score or 0 for e in self.exercises) if self.state == "graded" else None


@dataclass(frozen=True)
class ClassResult:
    """A chapter graded for a class."""

    chapter: str
    students: list[StudentResult]
    remarks: list[str] = field(default_factory=list)
    """What the marks rest on besides checks that no answer has a part in."""

    @property
    def points(self) -> float:
        """The highest number of points that can be had without the exercises graded by hand and extra ones."""
        counted = (
            [e.points for e in student.exercises if not (e.extra or e.by_hand or e.state == "by hand")]
            for student in self.students
        )
        return max(map(sum, counted), default=0)


def results_path(course: Path, chapter: str) -> Path:
    return course / "reports" / f"{chapter}.json"


def report_path(course: Path, chapter: str) -> Path:
    return results_path(course, chapter).with_suffix(".html")


def save_results(result: ClassResult, course: Path) -> Path:
    path = results_path(course, result.chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".json.new")
    fresh.write_text(
        json.dumps(result, default=vars, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
    )
    fresh.replace(path)
    return path


def load_results(course: Path, chapter: str) -> ClassResult:
    """Raises `CourseError` where the chapter has not been graded, or its results are not readable."""
    path = results_path(course, chapter)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        students = [
            StudentResult(**{**student, "exercises": [ExerciseResult(**exercise) for exercise in student["exercises"]]})
            for student in stored["students"]
        ]
        return ClassResult(stored["chapter"], students, [str(text) for text in stored.get("remarks", [])])
    except FileNotFoundError:
        raise CourseError(f"{chapter} has not been graded yet: run 'course grade {chapter}' first.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path} cannot be read ({error}). Run 'course grade {chapter}' to make it again.") from error

"""The marks of a gradebook as a table, to replace nbgrader's, whose cells a spreadsheet may run and whose commas break rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from nbgrader.api import Grade, MissingEntry, SubmittedNotebook
from nbgrader.plugins import ExportPlugin
from sqlalchemy import func

from autograder.grading.texts import cell

COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score", "extra_credit"),
)
"""Those of nbgrader's own exporter, in its order, and how much of the raw score is extra credit."""


class CsvExport(ExportPlugin):  # type: ignore[misc]
    """Writes `grades.csv`, or the file that `--to` names."""

    def export(self, gradebook: Any) -> None:
        path = self.to or "grades.csv"
        self.log.info("Exporting grades to %s", path)
        with open(path, "w", encoding="utf-8", errors="replace", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for row in self._list_rows(gradebook):
                table.writerow([cell(row[name]) for name in COLUMNS])

    def _list_rows(self, gradebook: Any) -> Iterator[dict[str, Any]]:
        for assignment in gradebook.assignments:
            if self.assignment and assignment.name not in map(str, self.assignment):
                continue
            for student in gradebook.students:
                if self.student and student.id not in map(str, self.student):
                    continue
                yield {
                    "assignment": assignment.name,
                    "duedate": assignment.duedate,
                    "student_id": student.id,
                    "last_name": student.last_name,
                    "first_name": student.first_name,
                    "email": student.email,
                    "max_score": assignment.max_score,
                    **_read_scores(gradebook, assignment.name, student.id),
                }


def _read_scores(gradebook: Any, assignment: str, student: str) -> dict[str, Any]:
    """For a student who handed in nothing: no points."""
    try:
        submission = gradebook.find_submission(assignment, student)
    except MissingEntry:
        return {"timestamp": "", "raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0, "extra_credit": 0.0}
    penalty = submission.late_submission_penalty
    return {
        "timestamp": submission.timestamp,
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
        "extra_credit": _sum_extra_credit(gradebook, submission),
    }


def _sum_extra_credit(gradebook: Any, submission: Any) -> float:
    """How much of a submission's score is extra credit, which nbgrader counts beside a score only."""
    counted = func.coalesce(Grade.auto_score, Grade.manual_score).is_not(None)
    found = gradebook.db.query(func.coalesce(func.sum(Grade.extra_credit), 0.0)).join(SubmittedNotebook)
    return float(found.filter(SubmittedNotebook.assignment_id == submission.id, counted).scalar())

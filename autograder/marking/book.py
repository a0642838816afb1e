"""One question in nbgrader's gradebook: each student's mark and comment, read and written as formgrader does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nbgrader.api import new_uuid
from sqlalchemy import Connection, select

from autograder.grading.gradebook import NO_RESPONSE
from autograder.grading.rows import (
    ASSIGNMENT,
    CELL,
    COMMENT,
    GRADE,
    NOTEBOOK,
    STUDENT,
    SUBMISSION,
    SUBMITTED,
    insert_rows,
    update_rows,
)
from autograder.marking.ledger import Wrote
from autograder.marking.questions import Question


@dataclass(frozen=True)
class Row:
    """What the gradebook has of one student's answer. `person` is the student's own name, "" where it isn't known."""

    student: str
    person: str
    grade: str
    notebook: str
    comment_row: str
    comment_cell: str
    manual_score: float | None
    extra_credit: float | None
    needs_manual_grade: bool
    comment: str
    answered: bool

    @property
    def wrote(self) -> Wrote:
        return self.manual_score, self.extra_credit, self.needs_manual_grade

    def given(self, question: Question) -> float | None:
        """The mark that somebody gave, whoever that was."""
        if question.extra:
            found = (self.manual_score, self.extra_credit)
            return None if found == (None, None) else (self.manual_score or 0.0) + (self.extra_credit or 0.0)
        return self.manual_score


def read_rows(connection: Connection, chapter: str, question: Question, student: str | None = None) -> dict[str, Row]:
    """By student, of one or of all who handed in the notebook or should have."""
    cells = connection.execute(
        select(CELL.c.id, CELL.c.type)
        .join(NOTEBOOK, NOTEBOOK.c.id == CELL.c.notebook_id)
        .join(ASSIGNMENT, ASSIGNMENT.c.id == NOTEBOOK.c.assignment_id)
        .where(ASSIGNMENT.c.name == chapter, NOTEBOOK.c.name == question.notebook, CELL.c.name == question.cell)
    ).all()
    graded = [row.id for row in cells if row.type in ("GradeCell", "TaskCell")]
    commented = [row.id for row in cells if row.type in ("SolutionCell", "TaskCell")]
    query = (
        select(GRADE, SUBMISSION.c.student_id, STUDENT.c.first_name, STUDENT.c.last_name)
        .join(SUBMITTED, SUBMITTED.c.id == GRADE.c.notebook_id)
        .join(SUBMISSION, SUBMISSION.c.id == SUBMITTED.c.assignment_id)
        .join(STUDENT, STUDENT.c.id == SUBMISSION.c.student_id)
        .where(GRADE.c.cell_id.in_(graded))
        .order_by(SUBMISSION.c.student_id)
    )
    grades = connection.execute(query if student is None else query.where(SUBMISSION.c.student_id == student)).all()
    notebooks = [row.notebook_id for row in grades] if student is not None else []
    comments = select(COMMENT).where(COMMENT.c.cell_id.in_(commented))
    found = connection.execute(comments.where(COMMENT.c.notebook_id.in_(notebooks)) if notebooks else comments).all()
    by_notebook = {row.notebook_id: row for row in found}
    rows = {}
    for row in grades:
        says = by_notebook.get(row.notebook_id)
        rows[row.student_id] = Row(
            row.student_id,
            " ".join(part for part in (row.first_name, row.last_name) if part),
            row.id,
            row.notebook_id,
            says.id if says else "",
            commented[0] if commented else "",
            row.manual_score,
            row.extra_credit,
            bool(row.needs_manual_grade),
            (says.manual_comment or "") if says else "",
            not (says and says.auto_comment == NO_RESPONSE),
        )
    return rows


def write_row(connection: Connection, row: Row, wrote: Wrote, comment: str) -> None:
    """Write a mark and its comment."""
    manual, extra, needs = wrote
    values: Mapping[str, object] = {"manual_score": manual, "extra_credit": extra, "needs_manual_grade": needs}
    update_rows(connection, GRADE, [{"row": row.grade, **values}])
    if comment == row.comment:
        return
    if row.comment_row:
        update_rows(connection, COMMENT, [{"row": row.comment_row, "manual_comment": comment or None}])
    elif row.comment_cell:
        new = {"id": new_uuid(), "notebook_id": row.notebook, "cell_id": row.comment_cell, "manual_comment": comment}
        insert_rows(connection, COMMENT, [new])

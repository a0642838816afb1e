"""The gradebook's tables, and many of their rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import Connection, bindparam, func, select

from autograder.errors import CourseError
from autograder.grading.marks import CellMark

# Core tables: one statement for many rows, and none of the sums that nbgrader's classes compute when they are loaded.
ASSIGNMENT, NOTEBOOK, CELL = Assignment.__table__, Notebook.__table__, BaseCell.__table__


GRADE_CELL, TASK_CELL, STUDENT = GradeCell.__table__, TaskCell.__table__, Student.__table__


SUBMISSION, SUBMITTED = SubmittedAssignment.__table__, SubmittedNotebook.__table__


GRADE, COMMENT = Grade.__table__, Comment.__table__


@dataclass(frozen=True)
class NotebookRow:
    """A notebook of the assignment, with the ids of its cells by name: those with a grade, and those with a comment."""

    name: str
    graded: dict[str, str]
    commented: dict[str, str]
    max_scores: dict[str, float]


@dataclass(frozen=True)
class AssignmentRow:
    """An assignment, with its notebooks by id."""

    id: str
    duedate: datetime | None
    notebooks: dict[str, NotebookRow]


@dataclass(frozen=True)
class SubmittedRow:
    """One notebook of one submission in the gradebook; `marks` is None when it was not handed in."""

    id: str
    student: str
    notebook: NotebookRow
    marks: dict[str, CellMark] | None
    penalty: float | None
    seconds_late: float
    same: Mapping[str, bool] = field(default_factory=dict)
    """By cell whether what is marked is what was marked before."""
    extra: Mapping[str, float] = field(default_factory=dict)
    """By cell the extra credit that the last grading wrote."""


def read_assignment_row(connection: Connection, name: str) -> AssignmentRow:
    # With PostgreSQL, coordinators of one assignment go one after the other; others may refer to the row meanwhile.
    found = connection.execute(
        select(ASSIGNMENT.c.id, ASSIGNMENT.c.duedate).where(ASSIGNMENT.c.name == name).with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise CourseError(
            f"The gradebook does not know the assignment {name}: run 'nbgrader generate_assignment {name}'."
        )
    notebooks: dict[str, NotebookRow] = {}
    for row in connection.execute(
        select(
            NOTEBOOK.c.id.label("notebook_id"),
            NOTEBOOK.c.name.label("notebook"),
            CELL.c.id,
            CELL.c.name,
            CELL.c.type,
            func.coalesce(GRADE_CELL.c.max_score, TASK_CELL.c.max_score).label("max_score"),
        )
        .outerjoin(CELL, CELL.c.notebook_id == NOTEBOOK.c.id)
        .outerjoin(GRADE_CELL, GRADE_CELL.c.id == CELL.c.id)
        .outerjoin(TASK_CELL, TASK_CELL.c.id == CELL.c.id)
        .where(NOTEBOOK.c.assignment_id == found.id)
        .order_by(NOTEBOOK.c.name, CELL.c.type == "TaskCell", CELL.c.name)  # nbgrader looks at task cells last
    ):
        notebook = notebooks.setdefault(row.notebook_id, NotebookRow(row.notebook, {}, {}, {}))
        if row.type in ("GradeCell", "TaskCell"):
            notebook.graded.setdefault(row.name, row.id)
            notebook.max_scores.setdefault(row.name, row.max_score)
        if row.type in ("SolutionCell", "TaskCell"):
            notebook.commented.setdefault(row.name, row.id)
    return AssignmentRow(found.id, found.duedate, notebooks)


def read_rows(
    connection: Connection, table: Any, cells: list[str], submitted: list[SubmittedRow]
) -> dict[tuple[str, str], Any]:
    """The grades or comments of these notebooks by notebook and cell; no other connection changes them until the end."""
    rows = connection.execute(
        select(table)
        # The table's index begins with the cell.
        .where(table.c.cell_id.in_(cells), table.c.notebook_id.in_(one.id for one in submitted))
        .with_for_update()
    ).all()
    return {(row.notebook_id, row.cell_id): row for row in rows}


def insert_rows(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def update_rows(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Write to each row, whose id is under "row", its other items, which are of the same columns in all."""
    if rows := list(rows):
        connection.execute(table.update().where(table.c.id == bindparam("row")), rows)

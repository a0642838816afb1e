"""Write the marks of many submissions to nbgrader's gradebook, each batch in one transaction.

Workers run and score notebooks and never see the database; the one coordinator calls `save_marks`. What it leaves in
the tables is what `nbgrader autograde` leaves (`Autograde.init_assignment`, `SaveAutoGrades`, `AssignLatePenalties`),
so that formgrader, exporters and feedback go on working. The tables are written with a few statements for a batch
instead of nbgrader's hundred queries and commits for a submission.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from nbgrader.api import (
    Comment,
    Grade,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import Connection, select
from sqlalchemy.orm import selectinload
from traitlets.config import Config

from autograder.errors import CourseError
from autograder.grading.database import write
from autograder.grading.dates import Extension
from autograder.grading.marks import CellMark
from autograder.grading.penalties import apply_extensions, seconds_late, write_penalties
from autograder.grading.rows import (
    ASSIGNMENT,
    CELL,
    COMMENT,
    GRADE,
    GRADE_CELL,
    NOTEBOOK,
    STUDENT,
    SUBMISSION,
    SUBMITTED,
    AssignmentRow,
    SubmittedRow,
    insert_rows,
    read_assignment_row,
    read_rows,
    update_rows,
)
from autograder.grading.texts import printable

NO_RESPONSE = "No response."
"""nbgrader's comment on an answer that nobody wrote."""


@dataclass(frozen=True)
class SubmissionMarks:
    """What one student handed in, marked: the marks of each notebook that was there.

    The assignment's other notebooks count as missing. `timestamp` is UTC; None keeps the one in the gradebook.
    """

    student: str
    timestamp: datetime | None
    notebooks: dict[str, list[CellMark]]
    same: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    """By notebook and cell whether what is marked is what was marked before; empty where nobody knows. A mark given by hand stands for
    the same answer, and not for another one."""
    extra: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By notebook and cell the extra credit that the last grading wrote: any other was given by hand."""


@dataclass(frozen=True)
class Change:
    """An earlier mark that is another one now; None means that there is none yet.

    It is the mark that counts: the one given by hand where there is one, with extra credit.
    """

    student: str
    notebook: str
    cell: str
    before: float | None
    after: float | None


def load_submissions(gradebook: Any, assignment: str) -> list[Any]:
    """nbgrader's submissions of an assignment with all that a report reads of them, in a few queries rather than some for each mark."""
    notebooks = selectinload(SubmittedAssignment.notebooks)
    grades = notebooks.selectinload(SubmittedNotebook.grades)
    found: list[Any] = (
        gradebook.db.query(SubmittedAssignment)
        .filter(SubmittedAssignment.assignment == gradebook.find_assignment(assignment))
        .options(
            notebooks.joinedload(SubmittedNotebook.notebook),
            grades.joinedload(Grade.cell),
            grades.undefer(Grade.max_score),
            grades.undefer(Grade.cell_type),
            notebooks.selectinload(SubmittedNotebook.comments).joinedload(Comment.cell),
        )
        .all()
    )
    return found


def save_marks(
    gradebook: Any,
    assignment: str,
    marks: Sequence[SubmissionMarks],
    config: Config | None = None,
    extensions: Mapping[str, Extension] | None = None,
) -> list[Change]:
    """Write the marks of these submissions, all or none, as `nbgrader autograde` does; what persons wrote stays.

    `config` (`load_config`) names the late penalty plugin. Returns where a submission that the gradebook had already
    gets another mark. `extensions` were granted by student, maybe before anything was handed in. The transaction is a connection of its own: commit what `gradebook.db` holds before.

    Raises `CourseError` when the gradebook cannot be used, does not know the assignment, a notebook or a cell, or
    knows a lower maximum than the mark; when the plugin fails; and for a new student where `Autograde.create_student`
    is off.
    """
    by_student = {one.student: one for one in marks}
    if len(by_student) < len(marks):
        raise ValueError("A student has two submissions in one batch.")
    config = config or Config()
    penalties = AssignLatePenalties(config=config)

    def work(connection: Connection) -> list[Change]:
        known = read_assignment_row(connection, assignment)
        for one in marks:
            _check(one, assignment, known)
        _add_students(connection, sorted(by_student), bool(config.Autograde.get("create_student", True)))
        granted = {name: one for name, one in (extensions or {}).items() if name in by_student}
        submitted = list(_add_submissions(connection, known, by_student, granted))
        changes = _write_grades(connection, known, submitted)
        _write_comments(connection, known, submitted)
        write_penalties(connection, submitted, penalties, assignment)
        return changes

    changes = write(gradebook.engine, work) if marks else []
    gradebook.db.expire_all()
    return changes


def withdraw_marks(
    gradebook: Any, assignment: str, student: str, extra: Mapping[str, Mapping[str, float]] | None = None
) -> list[Change]:
    """Leave no automatic mark of an earlier run, nor its late penalty, where this run failed; a person has to look.

    Marks given by hand stay; `extra` has by notebook and cell the extra credit that was not. A student without a submission in the
    gradebook is none of its business. Returns the marks that changed. Raises `CourseError` when the gradebook cannot be used.
    """
    known = extra or {}

    def work(connection: Connection) -> list[Change]:
        rows = connection.execute(
            select(GRADE, NOTEBOOK.c.name.label("notebook"), CELL.c.name.label("cell"), GRADE_CELL.c.max_score)
            .join(SUBMITTED, SUBMITTED.c.id == GRADE.c.notebook_id)
            .join(SUBMISSION, SUBMISSION.c.id == SUBMITTED.c.assignment_id)
            .join(ASSIGNMENT, ASSIGNMENT.c.id == SUBMISSION.c.assignment_id)
            .join(NOTEBOOK, NOTEBOOK.c.id == SUBMITTED.c.notebook_id)
            .join(CELL, CELL.c.id == GRADE.c.cell_id)
            .outerjoin(GRADE_CELL, GRADE_CELL.c.id == CELL.c.id)
            .where(ASSIGNMENT.c.name == assignment, SUBMISSION.c.student_id == student)
            .order_by(NOTEBOOK.c.name, CELL.c.name)
            .with_for_update(of=GRADE)
        ).all()
        left = [_withdraw(row, known.get(row.notebook, {}).get(row.cell)) for row in rows]
        update_rows(connection, GRADE, [{"row": row.id, **vars(one)} for row, one in zip(rows, left, strict=True)])
        notebooks = sorted({row.notebook_id for row in rows})
        update_rows(connection, SUBMITTED, [{"row": one, "late_submission_penalty": None} for one in notebooks])
        effects = ((row, _effective(row), _effective(one)) for row, one in zip(rows, left, strict=True))
        return [Change(student, row.notebook, row.cell, old, new) for row, old, new in effects if old != new]

    changes = write(gradebook.engine, work)
    gradebook.db.expire_all()
    return changes


def _check(marks: SubmissionMarks, assignment: str, known: AssignmentRow) -> None:
    """Raises `CourseError` where marks and gradebook are not of the same assignment."""
    notebooks = {notebook.name: notebook for notebook in known.notebooks.values()}
    advice = f"run 'course grade {assignment} --update', which tells the gradebook what is in source/."
    for name, cells in marks.notebooks.items():
        if name not in notebooks:
            raise CourseError(f"The gradebook does not know the notebook {assignment}/{name}: {advice}")
        for mark in cells:
            label = f"{assignment}/{name}, cell {mark.cell}"
            if mark.cell not in (notebooks[name].graded if mark.graded else notebooks[name].commented):
                raise CourseError(f"The gradebook does not know {label}: {advice}")
            if mark.graded and mark.auto_score is not None:
                highest = notebooks[name].max_scores[mark.cell]
                if not 0 <= mark.auto_score <= (math.inf if mark.extra and not highest else highest):
                    raise CourseError(
                        f"{printable(marks.student)} has {mark.auto_score} points for {label}, where the gradebook allows "
                        f"0 to {highest}. If the points were changed, {advice}"
                    )


def _add_students(connection: Connection, students: list[str], create: bool) -> None:
    known = set(connection.scalars(select(STUDENT.c.id).where(STUDENT.c.id.in_(students))))
    new = [name for name in students if name not in known]
    if new and not create:
        raise CourseError(
            f"The gradebook has no student {', '.join(map(printable, new))}, and Autograde.create_student is off: "
            "add them with 'nbgrader db student add'."
        )
    insert_rows(connection, STUDENT, [{"id": name} for name in new])


def _add_submissions(
    connection: Connection,
    known: AssignmentRow,
    marks: dict[str, SubmissionMarks],
    extensions: Mapping[str, Extension],
) -> Iterator[SubmittedRow]:
    """The submissions' notebooks as they are in the gradebook now, those that it did not have with an id only."""
    times = {name: parse_utc(one.timestamp) for name, one in marks.items()}
    apply_extensions(connection, known.id, known.duedate, extensions)
    found = connection.execute(
        select(SUBMISSION.c.id, SUBMISSION.c.student_id, SUBMISSION.c.timestamp, SUBMISSION.c.extension).where(
            SUBMISSION.c.assignment_id == known.id, SUBMISSION.c.student_id.in_(sorted(marks))
        )
    ).all()
    update_rows(
        connection,
        SUBMISSION,
        [
            {"row": row.id, "timestamp": times[row.student_id]}
            for row in found
            if times[row.student_id] not in (None, row.timestamp)
        ],
    )
    late = {row.id: seconds_late(times[row.student_id] or row.timestamp, known.duedate, row.extension) for row in found}
    submissions = {row.student_id: row.id for row in found}
    granted = {name: one.after(known.duedate) if one.holds else None for name, one in extensions.items()}
    new = [
        {"id": new_uuid(), "assignment_id": known.id, "student_id": name, "timestamp": times[name]}
        | {"extension": granted.get(name)}
        for name in sorted(marks)
        if name not in submissions
    ]
    insert_rows(connection, SUBMISSION, new)
    late |= {row["id"]: seconds_late(row["timestamp"], known.duedate, row["extension"]) for row in new}
    submissions |= {row["student_id"]: row["id"] for row in new}

    there = connection.execute(select(SUBMITTED).where(SUBMITTED.c.assignment_id.in_(row.id for row in found))).all()
    ids = {(row.assignment_id, row.notebook_id): (row.id, row.late_submission_penalty) for row in there}
    added = [
        {"id": new_uuid(), "assignment_id": submission, "notebook_id": notebook, "flagged": False}
        for submission in submissions.values()
        for notebook in known.notebooks
        if (submission, notebook) not in ids
    ]
    insert_rows(connection, SUBMITTED, added)
    ids |= {(row["assignment_id"], row["notebook_id"]): (row["id"], None) for row in added}
    for name, submission in submissions.items():
        for key, notebook in known.notebooks.items():
            cells = marks[name].notebooks.get(notebook.name)
            handed_in = None if cells is None else {mark.cell: mark for mark in cells}
            one, penalty = ids[submission, key]
            same, extra = marks[name].same.get(notebook.name, {}), marks[name].extra.get(notebook.name, {})
            yield SubmittedRow(one, name, notebook, handed_in, penalty, late[submission], same, extra)


_NEW_GRADE = SimpleNamespace(id=None, auto_score=None, manual_score=None, extra_credit=None, needs_manual_grade=True)


def _write_grades(connection: Connection, known: AssignmentRow, submitted: list[SubmittedRow]) -> list[Change]:
    """Returns the marks that differ from before; those of new rows don't count."""
    cells = [cell for notebook in known.notebooks.values() for cell in notebook.graded.values()]
    there = read_rows(connection, GRADE, cells, submitted)
    new, changed, changes = [], [], []
    for one in submitted:
        for name, cell in one.notebook.graded.items():
            row = there.get((one.id, cell), _NEW_GRADE)
            now = _judge(one, name, row)
            if row is _NEW_GRADE:
                new.append({"id": new_uuid(), "notebook_id": one.id, "cell_id": cell, **vars(now)})
                continue
            if any(getattr(row, column) != value for column, value in vars(now).items()):
                changed.append({"row": row.id, **vars(now)})
            before, after = _effective(row), _effective(now)
            if before != after:
                changes.append(Change(one.student, one.notebook.name, name, before, after))
    insert_rows(connection, GRADE, new)
    update_rows(connection, GRADE, changed)
    return sorted(changes, key=lambda change: (change.student, change.notebook, change.cell))


@dataclass(frozen=True)
class GradeValues:
    """The values in a row of nbgrader's grades."""

    auto_score: float | None
    needs_manual_grade: bool
    manual_score: float | None
    extra_credit: float | None


def decide(mark: CellMark, row: Any, same: bool | None, wrote: float | None) -> GradeValues:
    """The grade in `row` after a grading; whatever a person gave for the `same` answer stays.

    `wrote` is the extra credit that the last grading wrote. nbgrader does not tell it from a person's, and counts extra credit only
    beside a score, so that of an extra exercise is 0.
    """
    earned = (mark.auto_score or None) if mark.extra else None
    given = row.manual_score is not None or row.extra_credit not in (None, wrote, earned)
    by_hand = given if mark.extra else row.manual_score is not None
    stands = given and same is not False
    return GradeValues(
        0.0 if mark.extra else mark.auto_score,
        asks_for_a_person(mark, by_hand, same),
        row.manual_score if stands else None,
        row.extra_credit if stands else earned,
    )


def asks_for_a_person(mark: CellMark, by_hand: bool, same: bool | None) -> bool:
    """Whether a person has to look at a mark. `by_hand`: somebody has given one; `same`: for this answer, if that is known."""
    if by_hand and same is not None:
        return not same and mark.answered
    return by_hand or mark.auto_score is None


def _judge(one: SubmittedRow, cell: str, row: Any) -> GradeValues:
    """The cell's grade. As nbgrader decides, except that it asks again for every mark given by hand: one for the same answer is kept."""
    mark = CellMark(cell, 0.0, graded=True, answered=False) if one.marks is None else one.marks.get(cell)
    kept = mark if mark and mark.graded else CellMark(cell, row.auto_score, graded=True, answered=False)
    found = decide(kept, row, one.same.get(cell), one.extra.get(cell))
    if one.marks is None:
        return replace(found, needs_manual_grade=False)
    if kept is not mark:
        withdrawn = (found.manual_score, found.extra_credit) != (row.manual_score, row.extra_credit)
        return replace(found, needs_manual_grade=row.needs_manual_grade or withdrawn)
    return found


def _withdraw(row: Any, wrote: float | None) -> GradeValues:
    """What is left of a grade that belongs to no run: what a person gave. It also counts for an extra exercise, as its mark."""
    given = row.manual_score is not None or row.extra_credit not in (None, wrote)
    extra = row.extra_credit if given else None
    return GradeValues(0.0 if extra is not None and row.max_score == 0 else None, True, row.manual_score, extra)


def _effective(row: Any) -> float | None:
    """The mark that counts, as `nbgrader.api.Grade.score`, but None when there is none."""
    score = row.manual_score if row.manual_score is not None else row.auto_score
    return None if score is None else score + (row.extra_credit or 0.0)


def _write_comments(connection: Connection, known: AssignmentRow, submitted: list[SubmittedRow]) -> None:
    cells = [cell for notebook in known.notebooks.values() for cell in notebook.commented.values()]
    there = read_rows(connection, COMMENT, cells, submitted)
    new, changed = [], []
    for one in submitted:
        for name, cell in one.notebook.commented.items():
            row = there.get((one.id, cell))
            mark = (one.marks or {}).get(name)
            says = None if mark is None or mark.answered else NO_RESPONSE
            if row is None:
                new.append({"id": new_uuid(), "notebook_id": one.id, "cell_id": cell, "auto_comment": says})
            elif mark is not None and row.auto_comment != says:
                changed.append({"row": row.id, "auto_comment": says})
    insert_rows(connection, COMMENT, new)
    update_rows(connection, COMMENT, changed)

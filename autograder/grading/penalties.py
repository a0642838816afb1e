"""Late penalties, as nbgrader's plugin gives them; looked at again where a due date or an extension has moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from nbgrader.api import Grade
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Connection, func, select
from traitlets.config import Config

from autograder.errors import CourseError
from autograder.grading.database import first_line, write
from autograder.grading.dates import Extension
from autograder.grading.rows import SUBMISSION, SUBMITTED, SubmittedRow, read_assignment_row, update_rows
from autograder.grading.texts import printable


def refresh_penalties(
    gradebook: Any,
    assignment: str,
    handed_in: Mapping[str, Collection[str]],
    config: Config,
    extensions: Mapping[str, Extension] | None = None,
) -> int:
    """Update the penalties of submissions that don't have to be graded: `handed_in` has their notebooks by student.

    Extensions that were granted are written to their submissions first.

    Returns how many changed. Raises `CourseError` when the gradebook cannot be used, or for a bad plugin.
    """
    penalties = AssignLatePenalties(config=config)

    def work(connection: Connection) -> int:
        known = read_assignment_row(connection, assignment)
        apply_extensions(connection, known.id, known.duedate, extensions or {})
        found = connection.execute(
            select(
                SUBMITTED.c.id,
                SUBMITTED.c.notebook_id,
                SUBMITTED.c.late_submission_penalty,
                SUBMISSION.c.student_id,
                SUBMISSION.c.timestamp,
                SUBMISSION.c.extension,
            )
            .join(SUBMISSION, SUBMISSION.c.id == SUBMITTED.c.assignment_id)
            .where(SUBMISSION.c.assignment_id == known.id)
        ).all()
        rows = []
        for row in found:
            notebook = known.notebooks[row.notebook_id]
            if notebook.name in handed_in.get(row.student_id, ()):
                late = seconds_late(row.timestamp, known.duedate, row.extension)
                rows.append(SubmittedRow(row.id, row.student_id, notebook, {}, row.late_submission_penalty, late))
        return write_penalties(connection, rows, penalties, assignment)

    changed = write(gradebook.engine, work) if handed_in else 0
    gradebook.db.expire_all()
    return changed


def apply_extensions(
    connection: Connection, assignment: str, duedate: datetime | None, extensions: Mapping[str, Extension]
) -> None:
    """Write what was granted to the submissions of an assignment, by its id; one without a record keeps what nbgrader has."""
    wanted = {student: one.after(duedate) for student, one in extensions.items() if one.holds}
    if not wanted:
        return
    rows = connection.execute(
        select(SUBMISSION.c.id, SUBMISSION.c.student_id, SUBMISSION.c.extension).where(
            SUBMISSION.c.assignment_id == assignment, SUBMISSION.c.student_id.in_(sorted(wanted))
        )
    ).all()
    changed = [(row.id, wanted[row.student_id]) for row in rows if row.extension != wanted[row.student_id]]
    update_rows(connection, SUBMISSION, [{"row": row, "extension": extension} for row, extension in changed])


def check_rule(config: Config) -> None:
    """Raises `CourseError` where the late penalty plugin cannot be made as it is configured."""
    penalties = AssignLatePenalties(config=config)
    try:
        penalties.init_plugin()
    except Exception as error:  # the plugin is the instructor's own program
        raise CourseError(
            f"The late penalty plugin {penalties.plugin_class.__name__} cannot be used as it is configured: {first_line(error)}"
        ) from error


def find_penalty(
    penalties: Any, assignment: str, notebook: str, student: str, score: float, late: float
) -> float | None:
    """What a notebook with this score loses, as `AssignLatePenalties` has it; None where it loses nothing.

    Raises `CourseError` for a bad plugin.
    """
    # Where nbgrader's own step has them; a plugin may look there.
    penalties.assignment_id, penalties.notebook_id, penalties.student_id = assignment, notebook, student
    try:
        penalties.init_plugin()
        penalty = penalties.plugin_inst.late_submission_penalty(student, score, late)
        return None if penalty is None else float(penalties._check_late_penalty(SimpleNamespace(score=score), penalty))
    except Exception as error:  # the plugin is the instructor's own program
        plugin = penalties.plugin_class.__name__
        raise CourseError(
            f"The late penalty plugin {plugin} failed for {printable(student)}: {type(error).__name__}: {first_line(error)}"
        ) from error


def doubt_due_date(assignment: str, due: datetime | None) -> list[str]:
    """A warning where a due date looks as if nbgrader had misread it: an offset such as `+0200` after a space moves it by 200 seconds."""
    if due is None or due.second in (0, 59):
        return []
    return [
        f"The due date of {assignment} is {due:%Y-%m-%d %H:%M:%S} UTC. nbgrader takes an offset such as ' +0200' for 200 seconds; "
        "where that has happened, set the date again, written like 2026-11-30T18:00:00+02:00."
    ]


def seconds_late(timestamp: datetime | None, duedate: datetime | None, extension: timedelta | None) -> float:
    if timestamp is None or duedate is None:
        return 0
    return max(0, (timestamp - duedate - (extension or timedelta())).total_seconds())


def write_penalties(connection: Connection, submitted: list[SubmittedRow], penalties: Any, assignment: str) -> int:
    """As `AssignLatePenalties.preprocess`, for the notebooks that were handed in; returns how many changed.

    Raises `CourseError` for a bad plugin.
    """
    if not penalties.enabled:
        return 0
    handed_in = [one for one in submitted if one.marks is not None]
    late = [one.id for one in handed_in if one.seconds_late > 0]
    total = func.coalesce(func.sum(Grade.score), 0.0)
    scores: dict[str, float] = {}
    if late:
        rows = connection.execute(
            select(Grade.notebook_id, total).where(Grade.notebook_id.in_(late)).group_by(Grade.notebook_id)
        )
        scores = {row[0]: row[1] for row in rows}
    changed = []
    for one in handed_in:
        penalty = None
        if one.seconds_late > 0:
            score = float(scores.get(one.id, 0.0))
            penalty = find_penalty(penalties, assignment, one.notebook.name, one.student, score, one.seconds_late)
        if penalty != one.penalty:
            changed.append({"row": one.id, "late_submission_penalty": penalty})
    update_rows(connection, SUBMITTED, changed)
    return len(changed)

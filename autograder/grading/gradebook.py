"""Write the marks of many submissions to nbgrader's gradebook, each batch in one transaction.

Workers run and score notebooks and never see the database; the one coordinator calls `save_marks`. What it leaves in
the tables is what `nbgrader autograde` leaves (`Autograde.init_assignment`, `SaveAutoGrades`, `AssignLatePenalties`),
so that formgrader, exporters and feedback go on working. The tables are written with a few statements for a batch
instead of nbgrader's hundred queries and commits for a submission.
"""

from __future__ import annotations

import contextlib
import logging
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import nbgrader
from alembic.script import ScriptDirectory
from nbgrader.api import (
    Assignment,
    Base,
    BaseCell,
    Comment,
    Course,
    Grade,
    Gradebook,
    GradeCell,
    InvalidEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import URL, Connection, bindparam, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import selectinload
from traitlets.config import Application, Config

from autograder.errors import CourseError
from autograder.grading.marks import CellMark

PATIENCE = 60  # seconds to wait for another program that is writing
ATTEMPTS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class SubmissionMarks:
    """What one student handed in, marked: the marks of each notebook that was there.

    The assignment's other notebooks count as missing. `timestamp` is UTC; None keeps the one in the gradebook.
    """

    student: str
    timestamp: datetime | None
    notebooks: dict[str, list[CellMark]]


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


# --- the course's configuration and its database ---------------------------------------------------


def load_config(course: Path) -> Config:
    """The configuration with which nbgrader works at the course folder; its root and late penalty plugin are resolved.

    Raises `CourseError` when `nbgrader_config.py` cannot be read.
    """
    course = course.resolve()
    app = NbGrader()
    app.log_level = logging.ERROR
    app.raise_config_file_errors = True
    app.load_cwd_config = False
    with _importing_from(course):
        try:
            app.load_config_file(suppress_errors=False)
            Application.load_config_file(app, "nbgrader_config", path=str(course))
            app.config.CourseDirectory.root = str(course / app.config.CourseDirectory.get("root", ""))
            app.config.AssignLatePenalties.plugin_class = AssignLatePenalties(config=app.config).plugin_class
        except (Exception, SystemExit) as error:  # the file is a program, and traitlets exits for a bad value
            raise CourseError(
                f"nbgrader's configuration of the course cannot be read: {type(error).__name__}: {_first_line(error)}"
            ) from error
    config: Config = app.config
    return config


@contextlib.contextmanager
def _importing_from(course: Path) -> Iterator[None]:
    """As nbgrader does: what the configuration imports may lie in the course folder."""
    sys.path.insert(0, str(course))
    try:
        yield
    finally:
        sys.path.remove(str(course))


def find_url(course: Path, config: Config | None = None) -> str:
    """The URL of the database that nbgrader uses at the course folder; `sqlite:///…/gradebook.db` unless configured.

    `config` is the course's configuration, where that has been loaded.

    Raises `CourseError` when the configuration or the URL cannot be read.
    """
    url = _parse_url(str(CourseDirectory(config=config or load_config(course)).db_url))
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":memory:", "file:")):
        url = url.set(database=str(course.resolve() / url.database))
    return url.render_as_string(hide_password=False)


def _parse_url(text: str) -> URL:
    """Raises `CourseError`, which says nothing of the text: a part of the password may be in the wrong place."""
    with contextlib.suppress(ArgumentError, ValueError):
        url = make_url(text)
        if "@" not in (url.host or ""):
            return url
    raise CourseError(
        "The URL of the gradebook's database (CourseDirectory.db_url) cannot be read. "
        "In a password, @ is written as %40, : as %3A, / as %2F and % as %25."
    )


@contextlib.contextmanager
def open_gradebook(course: Path, url: str | None = None) -> Iterator[Any]:
    """nbgrader's gradebook at `url`, without one the file `gradebook.db` of the course; a new one gets its tables.

    Raises `CourseError`, also for a database error in the body: a broken gradebook is never replaced by a fresh one.
    """
    where = _parse_url(url) if url else URL.create("sqlite", database=str(course / "gradebook.db"))
    if where.get_backend_name() == "sqlite" and "timeout" not in where.query:
        where = where.update_query_dict({"timeout": str(PATIENCE)})
    try:
        _create_tables(where)
        gradebook = Gradebook(where.render_as_string(hide_password=False))
    except (SQLAlchemyError, InvalidEntry) as error:
        raise _broken(where, error) from error
    except ImportError as error:
        raise CourseError(
            f"The gradebook needs a database driver that is not installed ({error}). "
            "For PostgreSQL: pip install 'psycopg[binary]', and a URL that starts with postgresql+psycopg://"
        ) from error
    try:
        yield gradebook
    except SQLAlchemyError as error:
        raise _broken(where, error) from error
    finally:
        gradebook.close()


def _create_tables(url: URL) -> None:
    """Give an empty database nbgrader's tables, all at once: `Gradebook` would need `alembic` on PATH half-way."""
    engine = create_engine(url)

    def is_complete(connection: Connection) -> bool:
        tables = inspect(connection).get_table_names()
        if "assignment" in tables and "course" not in tables:  # Gradebook would add it, and 'db upgrade' fail over it
            raise _broken(url, ValueError("its tables are those of an older nbgrader"))
        if "course" not in tables:
            return bool(tables)  # another program's; nbgrader adds its own
        return connection.scalar(select(Course.id).where(Course.id == "default_course")) is not None

    def create(connection: Connection) -> None:
        if not inspect(connection).get_table_names():
            Base.metadata.create_all(connection)
            head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head})
        if not is_complete(connection):
            connection.execute(Course.__table__.insert(), [{"id": "default_course"}])

    try:
        with engine.connect() as connection:
            complete = is_complete(connection)
        if not complete:
            _write(engine, create)
    finally:
        engine.dispose()


def _broken(url: URL, error: Exception) -> CourseError:
    reason = _first_line(getattr(error, "orig", None) or error)
    for secret in (url.password, url.query.get("password")):
        reason = reason.replace(str(secret), "***") if secret else reason
    if _is_busy(error):
        return CourseError(
            f"The gradebook {_name(url)} is in use by another program and did not become free ({reason}). "
            "Nothing was written. End what writes to it, and grade again."
        )
    advice = "Put a copy from before in its place, or, after an update of nbgrader, run 'nbgrader db upgrade'."
    if url.get_backend_name() != "sqlite":
        advice = (
            "See that the server runs and that CourseDirectory.db_url in nbgrader_config.py names it, with a user who "
            "may write there; after an update of nbgrader, run 'nbgrader db upgrade'."
        )
    return CourseError(f"The gradebook {_name(url)} cannot be used ({reason}). It was left as it is. {advice}")


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").name
    return f"{url.database or ''} at {url.host or url.query.get('host') or 'the local server'}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# --- transactions ----------------------------------------------------------------------------------


def _write(engine: Any, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction that nobody else writes into; one that another writer got in the way of is repeated.

    Raises `CourseError` for a database error; nothing is written then.
    """
    attempt = 1
    while True:
        try:
            with engine.begin() as connection:
                _lock(connection)
                return work(connection)
        except SQLAlchemyError as error:
            if attempt == ATTEMPTS or not (_is_busy(error) or _is_overtaken(error)):
                raise _broken(engine.url, error) from error
        time.sleep(random.uniform(0, 0.05 * attempt))
        attempt += 1


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # From the start, so that what is read still holds when it is written. A transaction that reads first is not waited for.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")


def _is_busy(error: Exception) -> bool:
    """Another connection holds a lock for too long."""
    reason = getattr(error, "orig", None)
    if isinstance(reason, sqlite3.Error):
        return getattr(reason, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(reason, "sqlstate", None) == "55P03"  # lock_not_available


def _is_overtaken(error: Exception) -> bool:
    """Another connection wrote the same row first (a new student, a table), or each waited for the other."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, IntegrityError) or state in ("40001", "40P01", "42P07", "42710")


# --- marks -----------------------------------------------------------------------------------------

# Core tables: one statement for many rows, and none of the sums that nbgrader's classes compute when they are loaded.
_assignment, _notebook, _cell = Assignment.__table__, Notebook.__table__, BaseCell.__table__
_grade_cell, _task_cell, _student = GradeCell.__table__, TaskCell.__table__, Student.__table__
_submission, _submitted = SubmittedAssignment.__table__, SubmittedNotebook.__table__
_grade, _comment = Grade.__table__, Comment.__table__


@dataclass(frozen=True)
class _Notebook:
    """A notebook of the assignment, with the ids of its cells by name: those with a grade, and those with a comment."""

    name: str
    graded: dict[str, str]
    commented: dict[str, str]
    max_scores: dict[str, float]


@dataclass(frozen=True)
class _Assignment:
    """An assignment, with its notebooks by id."""

    id: str
    duedate: datetime | None
    notebooks: dict[str, _Notebook]


@dataclass(frozen=True)
class _Submitted:
    """One notebook of one submission in the gradebook; `marks` is None when it was not handed in."""

    id: str
    student: str
    notebook: _Notebook
    marks: dict[str, CellMark] | None
    penalty: float | None
    seconds_late: float


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
        )
        .all()
    )
    return found


def save_marks(
    gradebook: Any, assignment: str, marks: Sequence[SubmissionMarks], config: Config | None = None
) -> list[Change]:
    """Write the marks of these submissions, all or none, as `nbgrader autograde` does; what persons wrote stays.

    `config` (`load_config`) names the late penalty plugin. Returns where a submission that the gradebook had already
    gets another mark. The transaction is a connection of its own: commit what `gradebook.db` holds before.

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
        known = _read_assignment(connection, assignment)
        for one in marks:
            _check(one, assignment, known)
        _add_students(connection, sorted(by_student), bool(config.Autograde.get("create_student", True)))
        submitted = list(_add_submissions(connection, known, by_student))
        changes = _write_grades(connection, known, submitted)
        _write_comments(connection, known, submitted)
        _write_penalties(connection, submitted, penalties)
        return changes

    changes = _write(gradebook.engine, work) if marks else []
    gradebook.db.expire_all()
    return changes


def withdraw_marks(gradebook: Any, assignment: str, student: str) -> list[Change]:
    """Leave no automatic mark of an earlier run, nor its late penalty, where this run failed; a person has to look.

    Marks given by hand stay. A student without a submission in the gradebook is none of its business. Returns the marks
    that changed. Raises `CourseError` when the gradebook cannot be used.
    """

    def work(connection: Connection) -> list[Change]:
        rows = connection.execute(
            select(_grade, _notebook.c.name.label("notebook"), _cell.c.name.label("cell"))
            .join(_submitted, _submitted.c.id == _grade.c.notebook_id)
            .join(_submission, _submission.c.id == _submitted.c.assignment_id)
            .join(_assignment, _assignment.c.id == _submission.c.assignment_id)
            .join(_notebook, _notebook.c.id == _submitted.c.notebook_id)
            .join(_cell, _cell.c.id == _grade.c.cell_id)
            .where(_assignment.c.name == assignment, _submission.c.student_id == student)
            .order_by(_notebook.c.name, _cell.c.name)
            .with_for_update(of=_grade)
        ).all()
        _update(connection, _grade, [{"row": row.id, "auto_score": None, "needs_manual_grade": True} for row in rows])
        notebooks = sorted({row.notebook_id for row in rows})
        _update(connection, _submitted, [{"row": one, "late_submission_penalty": None} for one in notebooks])
        effects = ((row, _effective(row), _effective(row, auto_score=None)) for row in rows)
        return [Change(student, row.notebook, row.cell, old, new) for row, old, new in effects if old != new]

    changes = _write(gradebook.engine, work)
    gradebook.db.expire_all()
    return changes


def _read_assignment(connection: Connection, name: str) -> _Assignment:
    # With PostgreSQL, coordinators of one assignment go one after the other; others may refer to the row meanwhile.
    found = connection.execute(
        select(_assignment.c.id, _assignment.c.duedate)
        .where(_assignment.c.name == name)
        .with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise CourseError(
            f"The gradebook does not know the assignment {name}: run 'nbgrader generate_assignment {name}'."
        )
    notebooks: dict[str, _Notebook] = {}
    for row in connection.execute(
        select(
            _notebook.c.id.label("notebook_id"),
            _notebook.c.name.label("notebook"),
            _cell.c.id,
            _cell.c.name,
            _cell.c.type,
            func.coalesce(_grade_cell.c.max_score, _task_cell.c.max_score).label("max_score"),
        )
        .outerjoin(_cell, _cell.c.notebook_id == _notebook.c.id)
        .outerjoin(_grade_cell, _grade_cell.c.id == _cell.c.id)
        .outerjoin(_task_cell, _task_cell.c.id == _cell.c.id)
        .where(_notebook.c.assignment_id == found.id)
        .order_by(_notebook.c.name, _cell.c.type == "TaskCell", _cell.c.name)  # nbgrader looks at task cells last
    ):
        notebook = notebooks.setdefault(row.notebook_id, _Notebook(row.notebook, {}, {}, {}))
        if row.type in ("GradeCell", "TaskCell"):
            notebook.graded.setdefault(row.name, row.id)
            notebook.max_scores.setdefault(row.name, row.max_score)
        if row.type in ("SolutionCell", "TaskCell"):
            notebook.commented.setdefault(row.name, row.id)
    return _Assignment(found.id, found.duedate, notebooks)


def _check(marks: SubmissionMarks, assignment: str, known: _Assignment) -> None:
    """Raises `CourseError` where marks and gradebook are not of the same assignment."""
    notebooks = {notebook.name: notebook for notebook in known.notebooks.values()}
    advice = f"run 'nbgrader generate_assignment {assignment}', which tells the gradebook what is in source/."
    for name, cells in marks.notebooks.items():
        if name not in notebooks:
            raise CourseError(f"The gradebook does not know the notebook {assignment}/{name}: {advice}")
        for mark in cells:
            label = f"{assignment}/{name}, cell {mark.cell}"
            if mark.cell not in (notebooks[name].graded if mark.graded else notebooks[name].commented):
                raise CourseError(f"The gradebook does not know {label}: {advice}")
            if mark.graded and mark.auto_score is not None:
                highest = notebooks[name].max_scores[mark.cell]
                if not 0 <= mark.auto_score <= highest:
                    raise CourseError(
                        f"{marks.student} has {mark.auto_score} points for {label}, where the gradebook allows "
                        f"0 to {highest}. If the points were changed, {advice}"
                    )


def _add_students(connection: Connection, students: list[str], create: bool) -> None:
    known = set(connection.scalars(select(_student.c.id).where(_student.c.id.in_(students))))
    new = [name for name in students if name not in known]
    if new and not create:
        raise CourseError(
            f"The gradebook has no student {', '.join(new)}, and Autograde.create_student is off: "
            "add them with 'nbgrader db student add'."
        )
    _insert(connection, _student, [{"id": name} for name in new])


def _add_submissions(
    connection: Connection, known: _Assignment, marks: dict[str, SubmissionMarks]
) -> Iterator[_Submitted]:
    """The submissions' notebooks as they are in the gradebook now, those that it did not have with an id only."""
    times = {name: parse_utc(one.timestamp) for name, one in marks.items()}
    found = connection.execute(
        select(_submission.c.id, _submission.c.student_id, _submission.c.timestamp, _submission.c.extension).where(
            _submission.c.assignment_id == known.id, _submission.c.student_id.in_(sorted(marks))
        )
    ).all()
    _update(
        connection,
        _submission,
        [
            {"row": row.id, "timestamp": times[row.student_id]}
            for row in found
            if times[row.student_id] not in (None, row.timestamp)
        ],
    )
    late = {
        row.id: _seconds_late(times[row.student_id] or row.timestamp, known.duedate, row.extension) for row in found
    }
    submissions = {row.student_id: row.id for row in found}
    new = [
        {"id": new_uuid(), "assignment_id": known.id, "student_id": name, "timestamp": times[name]}
        for name in sorted(marks)
        if name not in submissions
    ]
    _insert(connection, _submission, new)
    late |= {row["id"]: _seconds_late(row["timestamp"], known.duedate, None) for row in new}
    submissions |= {row["student_id"]: row["id"] for row in new}

    there = connection.execute(select(_submitted).where(_submitted.c.assignment_id.in_(row.id for row in found))).all()
    ids = {(row.assignment_id, row.notebook_id): (row.id, row.late_submission_penalty) for row in there}
    added = [
        {"id": new_uuid(), "assignment_id": submission, "notebook_id": notebook, "flagged": False}
        for submission in submissions.values()
        for notebook in known.notebooks
        if (submission, notebook) not in ids
    ]
    _insert(connection, _submitted, added)
    ids |= {(row["assignment_id"], row["notebook_id"]): (row["id"], None) for row in added}
    for name, submission in submissions.items():
        for key, notebook in known.notebooks.items():
            cells = marks[name].notebooks.get(notebook.name)
            handed_in = None if cells is None else {mark.cell: mark for mark in cells}
            one, penalty = ids[submission, key]
            yield _Submitted(one, name, notebook, handed_in, penalty, late[submission])


def _seconds_late(timestamp: datetime | None, duedate: datetime | None, extension: timedelta | None) -> float:
    if timestamp is None or duedate is None:
        return 0
    return max(0, (timestamp - duedate - (extension or timedelta())).total_seconds())


_NEW_GRADE = SimpleNamespace(id=None, auto_score=None, manual_score=None, extra_credit=None, needs_manual_grade=True)


def _write_grades(connection: Connection, known: _Assignment, submitted: list[_Submitted]) -> list[Change]:
    """Returns the marks that are another one than before; those of new rows are not."""
    cells = [cell for notebook in known.notebooks.values() for cell in notebook.graded.values()]
    there = _read_rows(connection, _grade, cells, submitted)
    new, changed, changes = [], [], []
    for one in submitted:
        for name, cell in one.notebook.graded.items():
            row = there.get((one.id, cell), _NEW_GRADE)
            auto_score, needs_manual_grade = _judge(one, name, row)
            values = {"auto_score": auto_score, "needs_manual_grade": needs_manual_grade}
            if row is _NEW_GRADE:
                new.append({"id": new_uuid(), "notebook_id": one.id, "cell_id": cell, **values})
                continue
            if (auto_score, needs_manual_grade) != (row.auto_score, row.needs_manual_grade):
                changed.append({"row": row.id, **values})
            before, after = _effective(row), _effective(row, auto_score=auto_score)
            if before != after:
                changes.append(Change(one.student, one.notebook.name, name, before, after))
    _insert(connection, _grade, new)
    _update(connection, _grade, changed)
    return sorted(changes, key=lambda change: (change.student, change.notebook, change.cell))


def _judge(one: _Submitted, cell: str, row: Any) -> tuple[float | None, bool]:
    """The cell's automatic score, and whether a person has to look at it, as nbgrader decides."""
    if one.marks is None:
        return 0.0, False
    mark = one.marks.get(cell)
    if mark is None or not mark.graded:
        return row.auto_score, row.needs_manual_grade
    return mark.auto_score, row.manual_score is not None or mark.auto_score is None


def _effective(row: Any, **new: float | None) -> float | None:
    """The mark that counts, as `nbgrader.api.Grade.score`, but None when there is none."""
    score = row.manual_score if row.manual_score is not None else new.get("auto_score", row.auto_score)
    return None if score is None else score + (row.extra_credit or 0.0)


def _write_comments(connection: Connection, known: _Assignment, submitted: list[_Submitted]) -> None:
    cells = [cell for notebook in known.notebooks.values() for cell in notebook.commented.values()]
    there = _read_rows(connection, _comment, cells, submitted)
    new, changed = [], []
    for one in submitted:
        for name, cell in one.notebook.commented.items():
            row = there.get((one.id, cell))
            mark = (one.marks or {}).get(name)
            says = None if mark is None or mark.answered else "No response."
            if row is None:
                new.append({"id": new_uuid(), "notebook_id": one.id, "cell_id": cell, "auto_comment": says})
            elif mark is not None and row.auto_comment != says:
                changed.append({"row": row.id, "auto_comment": says})
    _insert(connection, _comment, new)
    _update(connection, _comment, changed)


def _write_penalties(connection: Connection, submitted: list[_Submitted], penalties: Any) -> None:
    """As `AssignLatePenalties.preprocess`, for the notebooks that were handed in. Raises `CourseError` for a bad plugin."""
    if not penalties.enabled:
        return
    handed_in = [one for one in submitted if one.marks is not None]
    late = [one.id for one in handed_in if one.seconds_late > 0]
    score = func.coalesce(func.sum(Grade.score), 0.0)
    scores: dict[str, float] = {}
    if late:
        rows = connection.execute(
            select(Grade.notebook_id, score).where(Grade.notebook_id.in_(late)).group_by(Grade.notebook_id)
        )
        scores = {row[0]: row[1] for row in rows}
    changed = []
    for one in handed_in:
        penalty = _find_penalty(one, scores.get(one.id, 0.0), penalties) if one.seconds_late > 0 else None
        if penalty != one.penalty:
            changed.append({"row": one.id, "late_submission_penalty": penalty})
    _update(connection, _submitted, changed)


def _find_penalty(one: _Submitted, score: float, penalties: Any) -> float | None:
    try:
        penalties.init_plugin()
        penalty = penalties.plugin_inst.late_submission_penalty(one.student, score, one.seconds_late)
        return None if penalty is None else float(penalties._check_late_penalty(SimpleNamespace(score=score), penalty))
    except Exception as error:  # the plugin is the instructor's own program
        plugin = penalties.plugin_class.__name__
        raise CourseError(
            f"The late penalty plugin {plugin} failed for {one.student}: {type(error).__name__}: {_first_line(error)}"
        ) from error


# --- many rows at a time ---------------------------------------------------------------------------


def _read_rows(
    connection: Connection, table: Any, cells: list[str], submitted: list[_Submitted]
) -> dict[tuple[str, str], Any]:
    """The grades or comments of these notebooks by notebook and cell; no other connection changes them until the end."""
    rows = connection.execute(
        select(table)
        # The table's index begins with the cell.
        .where(table.c.cell_id.in_(cells), table.c.notebook_id.in_(one.id for one in submitted))
        .with_for_update()
    ).all()
    return {(row.notebook_id, row.cell_id): row for row in rows}


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _update(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Write to each row, whose id is under "row", its other items, which are of the same columns in all."""
    if rows := list(rows):
        connection.execute(table.update().where(table.c.id == bindparam("row")), rows)

"""The gradebook after `save_marks` against the gradebook after nbgrader's own `autograde`, and under bad conditions."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pwd
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook, Student, SubmittedAssignment
from sqlalchemy import URL, create_engine, inspect, select, text

from autograder.errors import CourseError
from autograder.grading import database as databases
from autograder.grading import gradebook as module
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.gradebook import CellMark, Change, SubmissionMarks, save_marks, withdraw_marks

CONFIG = """
import penalty
c = get_config()
c.CourseDirectory.course_id = "small"
c.AssignLatePenalties.plugin_class = penalty.APointAnHour
# The outputs are handed in: what is compared is the bookkeeping, and kernels take their time.
c.ClearOutput.enabled = False
c.Execute.enabled = False
"""
PENALTY = """
from nbgrader.plugins import LateSubmissionPlugin

class APointAnHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return None if student_id == "excused" else total_seconds_late / 3600 - 0.5
"""
DUE = datetime(2026, 1, 10, 12, 0)
TASK = CellMark("drawing", None, graded=False, answered=True)


# --- a small course, graded by nbgrader itself -----------------------------------------------------


def mark_cell(cell: Any, name: str, points: float | None = None, solution: bool = False, task: bool = False) -> Any:
    """The cell with nbgrader's metadata: a check where it has points and no solution."""
    grade = points is not None and not task
    about = {"grade_id": name, "grade": grade, "solution": solution, "task": task, "locked": not solution}
    cell.metadata["nbgrader"] = about | {"schema_version": 3} | ({} if points is None else {"points": points})
    return cell


def write_notebook(path: Path, *cells: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=list(cells), metadata={"kernelspec": kernel}), path)


def hand_in(course: Path, student: str, notebooks: dict[str, dict[str, str | float]], timestamp: str = "") -> None:
    """The release as if run with these answers (text) and check cells' results (a number, 0 for an error)."""
    folder = course / "submitted" / student / "ps1"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, cells in notebooks.items():
        notebook = nbformat.read(course / "release" / "ps1" / f"{name}.ipynb", as_version=4)
        for cell in notebook.cells:
            match cells.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                case str(answer):
                    cell.source = answer
                case 0:
                    cell.outputs = [new_output("error", ename="AssertionError", evalue="", traceback=[])]
                case float(result):
                    cell.outputs = [new_output("execute_result", data={"text/plain": str(result)})]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with nbgrader's gradebook at four points of its life, in the files of `STAGES`."""
    course = tmp_path_factory.mktemp("stock")
    (course / "nbgrader_config.py").write_text(CONFIG)
    (course / "penalty.py").write_text(PENALTY)
    write_notebook(
        course / "source" / "ps1" / "one.ipynb",
        mark_cell(new_code_cell("### BEGIN SOLUTION\nx = 3\n### END SOLUTION"), "x", solution=True),
        mark_cell(new_code_cell("float(x)"), "x-partial", 3),
        mark_cell(new_code_cell("assert x > 1"), "x-large", 1),
        mark_cell(new_code_cell("### BEGIN SOLUTION\nplot = 1\n### END SOLUTION"), "plot", 3, solution=True),
        mark_cell(new_markdown_cell("Because."), "why", 2, solution=True),
        mark_cell(new_markdown_cell("Draw it."), "drawing", 4, task=True),
    )
    write_notebook(course / "source" / "ps1" / "two.ipynb", mark_cell(new_code_cell("assert True"), "true", 1.5))
    run_nbgrader(course, "generate_assignment", "ps1")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=DUE)
        gradebook.add_student("extra", first_name="Ex")
    stage = stages(course)
    next(stage)

    answers: dict[str, str | float] = {"x": "x = 1", "plot": "plot = 2", "why": "So."}
    hand_in(course, "early", {"one": {"x-partial": 1.5, **answers}, "two": {}}, "2026-01-10 11:00")
    hand_in(course, "extra", {"one": {"x-partial": 2.0}, "two": {}})
    hand_in(course, "late", {"one": {"x-partial": 1.0, "x-large": 0}}, "2026-01-10 15:00:00 CET")  # two hours
    hand_in(course, "excused", {"two": {}}, "2026-01-11 12:00:00 UTC")
    run_nbgrader(course, "autograde", "ps1")
    next(stage)

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        edit_by_hand(gradebook)
    next(stage)

    hand_in(course, "early", {"one": {"x-partial": 0, "x-large": 0}, "two": {}})
    hand_in(course, "late", {"one": {"x": "x = 3", "plot": "plot = 0"}, "two": {}}, "2026-01-10 15:45:00 UTC")
    run_nbgrader(course, "autograde", "ps1", "--force", "--CourseDirectory.student_id_exclude=extra,excused")
    next(stage)
    return course


STAGES = ["generated", "graded", "edited", "graded again"]


def stages(course: Path) -> Iterator[None]:
    """Each step keeps the gradebook under the name of the next stage."""
    for name in STAGES:
        shutil.copyfile(course / "gradebook.db", course / f"{name}.db")
        yield


def edit_by_hand(gradebook: Any) -> None:
    """What a person does in formgrader: marks, extra credit, comments, an extension, a flag."""
    plot = gradebook.find_grade("plot", "one", "ps1", "early")
    plot.manual_score, plot.extra_credit, plot.needs_manual_grade = 2.5, 0.5, False
    gradebook.find_grade("x-large", "one", "ps1", "early").extra_credit = 1
    checked = gradebook.find_grade("x-partial", "one", "ps1", "early")
    checked.manual_score, checked.needs_manual_grade = 2, False
    drawing = gradebook.find_grade("drawing", "one", "ps1", "early")
    drawing.manual_score, drawing.needs_manual_grade = 3, False
    gradebook.find_comment("plot", "one", "ps1", "early").manual_comment = "Label the axes."
    gradebook.find_comment("drawing", "one", "ps1", "early").manual_comment = "Well drawn."
    gradebook.find_submission_notebook("one", "ps1", "early").flagged = True
    gradebook.db.commit()
    gradebook.grant_extension("ps1", "late", hours=1)


def mark_one(partial: float, large: float, plot: str = "", why: str = "") -> list[CellMark]:
    """The marks of notebook one; `plot` and `why` are empty where the student left them as they were, and x with plot."""
    return [
        CellMark("x", None, graded=False, answered=bool(plot)),
        CellMark("x-partial", partial, graded=True, answered=True),
        CellMark("x-large", large, graded=True, answered=True),
        CellMark("plot", None if plot else 0, graded=True, answered=bool(plot)),
        CellMark("why", None if why else 0, graded=True, answered=bool(why)),
        TASK,
    ]


TWO = {"two": [CellMark("true", 1.5, graded=True, answered=True)]}
FIRST = [
    SubmissionMarks("early", datetime(2026, 1, 10, 11, 0), {"one": mark_one(1.5, 1, "2", "So."), **TWO}),
    SubmissionMarks("extra", None, {"one": mark_one(2, 1), **TWO}),
    SubmissionMarks("late", datetime(2026, 1, 10, 14, 0), {"one": mark_one(1, 0)}),
    SubmissionMarks("excused", datetime(2026, 1, 11, 12, 0, tzinfo=UTC), TWO),
]
SECOND = [
    SubmissionMarks("early", None, {"one": mark_one(0, 0), **TWO}),
    SubmissionMarks("late", datetime(2026, 1, 10, 15, 45), {"one": mark_one(3, 1, "0"), **TWO}),
]


@pytest.fixture
def course(stock: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function that gives a copy of the course at a stage, without submissions and graded notebooks."""

    def copy(stage: str) -> Path:
        for name in ("nbgrader_config.py", "penalty.py"):
            shutil.copyfile(stock / name, tmp_path / name)
        shutil.copyfile(stock / f"{stage}.db", tmp_path / "gradebook.db")
        return tmp_path

    return copy


def read_all(database: Path) -> dict[str, list[str]]:
    """All rows of all tables. An id that a grading gives is replaced by what it stands for."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}
    stands_for = {row["id"]: row["student_id"] for row in tables["submitted_assignment"]}
    for row in tables["submitted_notebook"]:
        stands_for[row["id"]] = f"{stands_for[row['assignment_id']]}, notebook {row['notebook_id']}"
    new = {"submitted_assignment", "submitted_notebook", "grade", "comment"}
    return {
        name: sorted(
            str({key: stands_for.get(value, value) for key, value in row.items() if name not in new or key != "id"})
            for row in rows
        )
        for name, rows in tables.items()
    }


def dump(course: Path) -> dict[str, list[str]]:
    return read_all(course / "gradebook.db")


# --- the same as nbgrader --------------------------------------------------------------------------


def test_the_rows_are_those_of_nbgrader(stock: Path, course: Callable[[str], Path]) -> None:
    ours = course("generated")
    with open_gradebook(ours) as gradebook:
        assert save_marks(gradebook, "ps1", FIRST, load_config(ours)) == []
    expected = read_all(stock / "graded.db")
    assert len(expected["grade"]) == 4 * 6
    assert dump(ours) == expected


def test_the_rows_of_a_second_grading_are_those_of_nbgrader(stock: Path, course: Callable[[str], Path]) -> None:
    ours = course("edited")
    with open_gradebook(ours) as gradebook:
        changes = save_marks(gradebook, "ps1", SECOND, load_config(ours))
    assert dump(ours) == read_all(stock / "graded again.db")
    assert changes == [  # not where the mark given by hand counts: plot, x-partial and drawing of early
        Change("early", "one", "why", None, 0),
        Change("early", "one", "x-large", 2, 1),
        Change("late", "one", "plot", 0, None),
        Change("late", "one", "x-large", 0, 1),
        Change("late", "one", "x-partial", 1, 3),
        Change("late", "two", "true", 0, 1.5),
    ]


def test_a_mark_that_becomes_none_is_a_change(course: Callable[[str], Path]) -> None:
    with open_gradebook(course("graded")) as gradebook:
        changes = save_marks(gradebook, "ps1", [replace(FIRST[2], notebooks={"one": mark_one(1, 0, "0")})])
    assert changes == [Change("late", "one", "plot", 0, None)]


def test_the_same_marks_again_change_nothing(stock: Path, course: Callable[[str], Path]) -> None:
    ours = course("graded")
    with open_gradebook(ours) as gradebook:
        assert save_marks(gradebook, "ps1", FIRST, load_config(ours)) == []
    assert dump(ours) == read_all(stock / "graded.db")


def test_what_persons_wrote_stays(course: Callable[[str], Path]) -> None:
    ours = course("edited")
    with open_gradebook(ours) as gradebook:
        save_marks(gradebook, "ps1", SECOND)
        plot = gradebook.find_grade("plot", "one", "ps1", "early")
        assert (plot.auto_score, plot.manual_score, plot.extra_credit, plot.needs_manual_grade) == (0, 2.5, 0.5, True)
        comment = gradebook.find_comment("plot", "one", "ps1", "early")
        assert (comment.auto_comment, comment.manual_comment) == ("No response.", "Label the axes.")
        assert gradebook.find_submission_notebook("one", "ps1", "early").flagged
        assert gradebook.find_submission("ps1", "late").extension == timedelta(hours=1)


def test_a_notebook_that_is_missing_scores_nothing(course: Callable[[str], Path]) -> None:
    with open_gradebook(course("generated")) as gradebook:
        save_marks(gradebook, "ps1", [SubmissionMarks("one", None, TWO)])
        grades = gradebook.find_submission_notebook("one", "ps1", "one").grades
        assert [(grade.auto_score, grade.needs_manual_grade) for grade in grades] == [(0, False)] * 5


def test_a_notebook_added_later_gets_its_rows(course: Callable[[str], Path]) -> None:
    with open_gradebook(course("graded")) as gradebook:
        gradebook.add_notebook("three", "ps1")
        gradebook.add_grade_cell("new", "three", "ps1", max_score=1, cell_type="code")
        marks = {**FIRST[0].notebooks, "three": [CellMark("new", 1, graded=True, answered=True)]}
        assert save_marks(gradebook, "ps1", [replace(FIRST[0], notebooks=marks)]) == []
        assert gradebook.find_grade("new", "three", "ps1", "early").score == 1


def test_withdrawn_marks_leave_those_given_by_hand(course: Callable[[str], Path]) -> None:
    ours = course("edited")
    with open_gradebook(ours) as gradebook:
        changes = withdraw_marks(gradebook, "ps1", "early")
        assert Change("early", "two", "true", 1.5, None) in changes
        assert {change.cell for change in changes} == {"x-large", "true"}
        grades = [grade for one in gradebook.find_submission("ps1", "early").notebooks for grade in one.grades]
        assert {(grade.auto_score, grade.needs_manual_grade) for grade in grades} == {(None, True)}
        assert sorted(grade.score for grade in grades if grade.score) == [2, 3, 3]
        withdraw_marks(gradebook, "ps1", "late")
        assert gradebook.find_submission("ps1", "late").late_submission_penalty == 0
        assert withdraw_marks(gradebook, "ps1", "nobody") == []


# --- what does not fit -----------------------------------------------------------------------------


def submit(**cells: float) -> list[SubmissionMarks]:
    marks = [CellMark(name.replace("_", "-"), score, graded=True, answered=True) for name, score in cells.items()]
    return [SubmissionMarks("new", None, {"one": marks})]


@pytest.mark.parametrize(
    ("assignment", "marks", "message"),
    [
        ("ps2", FIRST, "The gradebook does not know the assignment ps2: run 'nbgrader generate_assignment ps2'."),
        ("ps1", submit(y=1), "The gradebook does not know ps1/one, cell y: run 'course grade ps1 --update'"),
        ("ps1", submit(x=1), "The gradebook does not know ps1/one, cell x: "),
        ("ps1", [SubmissionMarks("new", None, {"six": []})], "The gradebook does not know the notebook ps1/six: "),
        ("ps1", submit(x_large=1.5), "new has 1.5 points for ps1/one, cell x-large, where the gradebook allows 0 to 1"),
        ("ps1", submit(x_large=float("nan")), "new has nan points for ps1/one, cell x-large"),
    ],
)
def test_marks_that_do_not_fit_are_refused(
    course: Callable[[str], Path], assignment: str, marks: list[SubmissionMarks], message: str
) -> None:
    ours = course("generated")
    before = dump(ours)
    with open_gradebook(ours) as gradebook, pytest.raises(CourseError) as caught:
        save_marks(gradebook, assignment, [FIRST[0], *marks] if marks is not FIRST else marks)
    assert str(caught.value).startswith(message)
    assert dump(ours) == before


def test_a_plugin_that_fails_is_named_and_nothing_is_written(course: Callable[[str], Path]) -> None:
    ours = course("generated")
    before = dump(ours)
    (ours / "strict.py").write_text(PENALTY.replace("return None", "return 1 / 0"))
    (ours / "nbgrader_config.py").write_text("get_config().AssignLatePenalties.plugin_class = 'strict.APointAnHour'")
    with open_gradebook(ours) as gradebook, pytest.raises(CourseError) as caught:
        save_marks(gradebook, "ps1", FIRST, load_config(ours))
    assert (
        str(caught.value)
        == "The late penalty plugin APointAnHour failed for excused: ZeroDivisionError: division by zero"
    )
    assert dump(ours) == before


def test_students_are_not_created_where_that_is_off(course: Callable[[str], Path]) -> None:
    ours = course("generated")
    (ours / "nbgrader_config.py").write_text("get_config().Autograde.create_student = False")
    with open_gradebook(ours) as gradebook, pytest.raises(CourseError, match="no student early, excused, late, and"):
        save_marks(gradebook, "ps1", FIRST, load_config(ours))


# --- the database's place --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ("", "sqlite:///COURSE/gradebook.db"),
        ("c.CourseDirectory.db_url = 'sqlite:///marks.db'", "sqlite:///COURSE/marks.db"),
        ("c.NbGrader.db_url = 'sqlite:////srv/marks.db'", "sqlite:////srv/marks.db"),
        (
            "c.CourseDirectory.db_url = 'postgresql+psycopg://me:a%40b@db/marks'",
            "postgresql+psycopg://me:a%40b@db/marks",
        ),
    ],
)
def test_the_url_is_that_of_nbgrader(tmp_path: Path, config: str, url: str) -> None:
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{config}\n")
    assert find_url(tmp_path) == url.replace("COURSE", str(tmp_path))


@pytest.mark.parametrize("config", ["1 / 0", "c.NbGrader.log_level = []", "import sys; sys.exit(1)"])
def test_a_configuration_that_cannot_be_read_is_said(tmp_path: Path, config: str) -> None:
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{config}\n")
    with pytest.raises(CourseError, match="nbgrader's configuration of the course cannot be read: "):
        load_config(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:sec@ret@db/marks",
        "postgresql://me:x@db:secret/marks",
        "sec:ret",
        "postgresql+none://me:secret@db/x",
    ],
)
def test_no_message_holds_a_part_of_the_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(CourseError) as caught, open_gradebook(tmp_path, url):
        pass
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


def test_a_new_gradebook_is_one_that_nbgrader_made(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("get_config().CourseDirectory.course_id = 'default_course'")
    with open_gradebook(tmp_path):
        pass
    shutil.move(tmp_path / "gradebook.db", tmp_path / "ours.db")
    run_nbgrader(tmp_path, "db", "student", "list")
    assert read_all(tmp_path / "ours.db") == dump(tmp_path)


# --- others at the same time, and broken databases -------------------------------------------------


def add_assignments(url: str | None, course: Path, *names: str) -> None:
    """Assignments of two notebooks with two graded cells each."""
    with open_gradebook(course, url) as gradebook:
        for assignment in names:
            gradebook.add_assignment(assignment)
            for notebook in "ab":
                gradebook.add_notebook(notebook, assignment)
                for name in ("c", "d"):
                    gradebook.add_grade_cell(name, notebook, assignment, max_score=9, cell_type="code")
                    gradebook.add_solution_cell(name, notebook, assignment)


def write_class(url: str, course: str, assignment: str, score: float, students: list[str], start: Any) -> None:
    """Another coordinator: save these students in batches of three, at the same moment as the others."""
    cells = [CellMark(name, score, graded=True, answered=True) for name in "cd"]
    with open_gradebook(Path(course), url) as gradebook:
        start.wait(60)
        for first in range(0, len(students), 3):
            batch = [SubmissionMarks(one, None, {"a": cells, "b": cells}) for one in students[first : first + 3]]
            save_marks(gradebook, assignment, batch)


def write_at_once(url: str, course: Path) -> None:
    """Two coordinators of `ps1` that share ten of twenty students, a third of `ps2` with all; then look at all rows."""
    fork = multiprocessing.get_context("fork")  # nbgrader takes seconds to import
    start = fork.Barrier(3)
    students = [f"s{number:02}" for number in range(20)]
    work = [("ps1", 1, students[:15]), ("ps1", 2, students[:4:-1]), ("ps2", 3, students)]
    writers = [fork.Process(target=write_class, args=(url, str(course), *what, start)) for what in work]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with open_gradebook(course, url) as gradebook:
        assert sorted(gradebook.db.scalars(select(Student.id))) == students
        submissions = gradebook.db.scalars(select(SubmittedAssignment)).all()
        assert sorted((one.assignment.name, one.student.id) for one in submissions) == [
            (assignment, one) for assignment in ("ps1", "ps2") for one in students
        ]
        for one in submissions:
            assert sorted(notebook.name for notebook in one.notebooks) == ["a", "b"]
            grades = [grade for notebook in one.notebooks for grade in notebook.grades]
            assert sorted(grade.name for grade in grades) == ["c", "c", "d", "d"]
            assert len([comment for notebook in one.notebooks for comment in notebook.comments]) == 4
            scores = {grade.auto_score for grade in grades}
            wrote = [score for assignment, score, names in work if assignment == one.name and one.student.id in names]
            assert len(scores) == 1
            assert scores < {*wrote, None}


def test_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    add_assignments(None, tmp_path, "ps1", "ps2")
    write_at_once(f"sqlite:///{tmp_path}/gradebook.db", tmp_path)


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    add_assignments(None, tmp_path, "ps1")
    other = sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None, check_same_thread=False)
    with open_gradebook(tmp_path) as gradebook:
        other.execute("BEGIN EXCLUSIVE")
        threading.Timer(1, other.rollback).start()
        started = time.monotonic()
        save_marks(gradebook, "ps1", [SubmissionMarks("one", None, {})])
        assert time.monotonic() - started >= 0.9
        assert gradebook.find_submission("ps1", "one").score == 0
    other.close()


@pytest.mark.parametrize("statement", ["UPDATE student SET email = NULL", "SELECT * FROM assignment"])
def test_a_database_that_stays_locked_is_said(tmp_path: Path, statement: str) -> None:
    add_assignments(None, tmp_path, "ps1")
    other = sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None)
    with open_gradebook(tmp_path, f"sqlite:///{tmp_path}/gradebook.db?timeout=0.1") as gradebook:
        other.execute("BEGIN")
        other.execute(statement).fetchone()  # a reader is in the way too, of the commit
        with pytest.raises(CourseError) as caught:
            save_marks(gradebook, "ps1", [SubmissionMarks("one", None, {})])
        other.rollback()
        assert gradebook.students == []
    other.close()
    assert str(caught.value) == (
        "The gradebook gradebook.db is in use by another program and stayed locked (database is locked). "
        "Nothing was written. Stop what writes to it, and grade again."
    )


def test_a_student_whom_another_added_meanwhile_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_assignments(None, tmp_path, "ps1")
    add = module._add_students
    tries = []

    def add_too_late(connection: Any, *rest: Any) -> None:
        tries.append(1)
        if len(tries) == 1:  # as if the row had come after ours looked
            connection.execute(text("INSERT INTO student (id) VALUES ('one')"))
            connection.execute(text("INSERT INTO student (id) VALUES ('one')"))
        add(connection, *rest)

    monkeypatch.setattr(module, "_add_students", add_too_late)
    with open_gradebook(tmp_path) as gradebook:
        save_marks(gradebook, "ps1", [SubmissionMarks("one", None, {})])
        assert [student.id for student in gradebook.students] == ["one"]
    assert len(tries) == 2


def test_a_broken_database_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "gradebook.db"
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(CourseError) as caught, open_gradebook(tmp_path):
        pass
    assert str(caught.value) == (
        "The gradebook gradebook.db cannot be used (file is not a database). It was left as it is. "
        "Put an earlier copy in its place, or, after an update of nbgrader, run 'nbgrader db upgrade'."
    )
    assert database.read_bytes() == b"no database" * 1000


def test_an_old_gradebook_is_not_half_upgraded(course: Callable[[str], Path]) -> None:
    ours = course("graded")
    with contextlib.closing(sqlite3.connect(ours / "gradebook.db")) as connection:
        connection.execute("DROP TABLE course")
    before = dump(ours)
    with pytest.raises(CourseError, match=r"those of an older nbgrader.*nbgrader db upgrade"), open_gradebook(ours):
        pass
    assert dump(ours) == before


def test_a_database_that_breaks_half_way_gets_nothing(stock: Path, course: Callable[[str], Path]) -> None:
    ours = course("generated")
    with contextlib.closing(sqlite3.connect(ours / "gradebook.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON comment BEGIN SELECT raise(ABORT, 'disk full'); END")
    before = dump(ours)
    with open_gradebook(ours) as gradebook, pytest.raises(CourseError, match=r"cannot be used \(disk full\)"):
        save_marks(gradebook, "ps1", FIRST)
    assert dump(ours) == before


# --- PostgreSQL ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres() -> Iterator[URL]:
    """A server of our own, at a socket in a folder that only its user can enter; it wants a password."""
    found = shutil.which("initdb") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1:]), None
    )
    if found is None:
        pytest.fail("These tests need the PostgreSQL server: apt-get install -y postgresql (Debian, Ubuntu)")
    programs = Path(found).resolve().parent
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    with TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        (folder / "password").write_text("s3cret")
        if user:
            for path in (folder, folder / "password"):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)

        def run(*command: str | Path) -> None:
            done = subprocess.run(
                command, user=user, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr + done.stdout

        run(
            programs / "initdb", "--pgdata", folder / "data", "--username", "grader", "--encoding", "UTF8", "--locale", "C",
            "--auth", "scram-sha-256", "--pwfile", folder / "password", "--no-sync",
        )  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run(
            programs / "pg_ctl",
            "--pgdata",
            folder / "data",
            "--log",
            folder / "log",
            "--wait",
            "--options",
            options,
            "start",
        )
        try:
            yield URL.create("postgresql+psycopg", "grader", "s3cret", database="postgres", query={"host": str(folder)})
        finally:
            run(programs / "pg_ctl", "--pgdata", folder / "data", "--wait", "--mode", "immediate", "stop")


@pytest.fixture
def database(postgres: URL) -> str:
    """The URL of a new, empty database of the server."""
    name = f"marks_{uuid4().hex}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres.set(database=name).render_as_string(hide_password=False)


def test_postgresql_takes_writers_at_once(database: str, tmp_path: Path) -> None:
    add_assignments(database, tmp_path, "ps1", "ps2")
    write_at_once(database, tmp_path)
    assert not (tmp_path / "gradebook.db").exists()


def test_postgresql_keeps_what_persons_wrote(database: str, tmp_path: Path) -> None:
    add_assignments(database, tmp_path, "ps1")
    marks = SubmissionMarks("one", datetime(2026, 1, 1), {"a": [CellMark("c", 4, graded=True, answered=True)]})
    with open_gradebook(tmp_path, database) as gradebook:
        save_marks(gradebook, "ps1", [marks])
        grade = gradebook.find_grade("c", "a", "ps1", "one")
        grade.manual_score = 6
        gradebook.db.commit()
        changes = save_marks(gradebook, "ps1", [replace(marks, notebooks={})])
        assert changes == [Change("one", "a", "d", None, 0)]
        assert (grade.auto_score, grade.manual_score, grade.score) == (0, 6, 6)
        assert len(withdraw_marks(gradebook, "ps1", "one")) == 3


def test_postgresql_waits_for_a_person_who_is_writing(database: str, tmp_path: Path) -> None:
    add_assignments(database, tmp_path, "ps1")
    marks = SubmissionMarks("one", None, {"a": [CellMark("c", 4, graded=True, answered=True)]})
    engine = create_engine(database)
    with open_gradebook(tmp_path, database) as gradebook, engine.connect() as formgrader:
        save_marks(gradebook, "ps1", [replace(marks, notebooks={})])
        row = gradebook.find_grade("c", "a", "ps1", "one").id
        gradebook.db.commit()
        formgrader.execute(text("UPDATE grade SET manual_score = 6 WHERE id = :row"), {"row": row})
        threading.Timer(0.5, formgrader.commit).start()
        assert save_marks(gradebook, "ps1", [marks]) == []
        grade = gradebook.find_grade("c", "a", "ps1", "one")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (4, 6, True)
    engine.dispose()


def test_postgresql_that_stays_locked_is_said(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "PATIENCE", 0.1)
    add_assignments(database, tmp_path, "ps1")
    engine = create_engine(database)
    with open_gradebook(tmp_path, database) as gradebook, engine.connect() as other:
        other.execute(text("SELECT * FROM assignment FOR UPDATE"))
        with pytest.raises(CourseError, match=r"is in use by another program .* Nothing was written\."):
            save_marks(gradebook, "ps1", [SubmissionMarks("one", None, {})])
        other.rollback()
        assert gradebook.students == []
    engine.dispose()


def test_nbgrader_itself_works_with_the_same_postgresql(database: str, tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text(f"get_config().CourseDirectory.db_url = {database!r}")
    add_assignments(find_url(tmp_path), tmp_path, "ps1")
    with open_gradebook(tmp_path, find_url(tmp_path)) as gradebook:
        save_marks(gradebook, "ps1", [SubmissionMarks("one", None, {})])
    run_nbgrader(tmp_path, "export")
    assert "ps1" in (tmp_path / "grades.csv").read_text()


def test_a_postgresql_that_refuses_is_said_without_the_password(database: str, tmp_path: Path) -> None:
    with pytest.raises(CourseError) as caught, open_gradebook(tmp_path, database.replace("s3cret", "wr0ng")):
        pass
    assert "password authentication failed" in str(caught.value)
    assert "Make sure that the server runs" in str(caught.value)
    assert "wr0ng" not in str(caught.value)
    gone = database.replace("?host=", "?host=/nowhere")
    with pytest.raises(CourseError) as caught, open_gradebook(tmp_path, gone):
        pass
    assert "cannot be used" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    with open_gradebook(tmp_path, database) as gradebook:
        assert "alembic_version" in inspect(gradebook.engine).get_table_names()

"""Grade a class: submissions in, gradebook and results out.

`grade_class` is the one way in, for instructors, the demo and the accuracy measurement alike. It hands each
submission to nbgrader, which runs the notebook by the step that its configuration names (`preprocessors.Execute`).
One submission that cannot be graded never stops another.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from autograder.build import run_nbgrader
from autograder.checks.check import RESULT
from autograder.errors import CourseError
from autograder.preprocessors import NOTES
from autograder.results import ClassResult, ExerciseResult, StudentResult, load_results, save_results
from autograder.submissions import get_id, read_submission


@dataclass(frozen=True)
class Outcome:
    """How the grading of one submission ended: well, or with the `reason` why not."""

    student: str
    reason: str
    seconds: float


def grade_class(
    course: Path, chapter: str, jobs: int | None = None, on_done: Callable[[int, int], None] | None = None
) -> ClassResult:
    """Grade every submission of `chapter` and store the results; `on_done` hears of it, with the count done and the total.

    Raises `CourseError` when nothing was handed in or the gradebook cannot be used.
    """
    students = list_submissions(course, chapter)
    if not students:
        raise CourseError(f"Nothing was handed in for {chapter}: there is no folder submitted/STUDENT/{chapter}.")
    prepare_gradebook(course, chapter)
    outcomes: dict[str, Outcome] = {}
    if on_done:
        on_done(0, len(students))
    for outcome in _grade_all(course, chapter, students, jobs or os.cpu_count() or 1):
        outcomes[outcome.student] = outcome
        if outcome.reason:
            _withdraw_marks(course, chapter, outcome.student)
        if on_done:
            on_done(len(outcomes), len(students))
    result = collect_results(course, chapter, outcomes)
    save_results(result, course)
    return result


def list_submissions(course: Path, chapter: str) -> list[str]:
    """The students who handed in `chapter`, sorted."""
    return sorted(folder.parent.name for folder in (course / "submitted").glob(f"*/{chapter}") if folder.is_dir())


def prepare_gradebook(course: Path, chapter: str) -> None:
    """Make sure that the gradebook opens and knows the chapter's exercises.

    Raises `CourseError` when it cannot be used; it is never replaced by a fresh one.
    """
    database = course / "gradebook.db"
    known = False
    if database.exists():
        with open_gradebook(course) as gradebook, contextlib.suppress(MissingEntry):
            known = bool(gradebook.find_assignment(chapter).notebooks)
    if not known:
        run_nbgrader(course, "generate_assignment", chapter, "--force")


@contextlib.contextmanager
def open_gradebook(course: Path) -> Iterator[Any]:
    """nbgrader's gradebook of the course; a broken one gives a `CourseError` that says how to go on."""
    database = course / "gradebook.db"
    try:
        gradebook = Gradebook(f"sqlite:///{database}")
    except SQLAlchemyError as error:
        raise _broken(database, error) from error
    try:
        yield gradebook
    except SQLAlchemyError as error:
        raise _broken(database, error) from error
    finally:
        gradebook.close()


def _broken(database: Path, error: Exception) -> CourseError:
    reason = str(getattr(error, "orig", error)).splitlines()[0]
    return CourseError(
        f"The gradebook {database.name} cannot be used ({reason}). It was left as it is. "
        "Put a copy from before in its place, or, after an update of nbgrader, run 'nbgrader db upgrade'."
    )


# --- one submission after the other, several at a time ---------------------------------------------


def _grade_all(course: Path, chapter: str, students: list[str], jobs: int) -> Iterator[Outcome]:
    waiting = list(students)
    while waiting:
        graded: set[str] = set()
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            min(jobs, len(waiting)), mp_context=spawn, initializer=_enter, initargs=(str(course),)
        ) as pool:
            futures = {pool.submit(autograde, str(course), chapter, student): student for student in waiting}
            with contextlib.suppress(BrokenProcessPool):
                for future in as_completed(futures):
                    yield future.result()
                    graded.add(futures[future])
        if not graded:  # the pool broke before anything was done: name the first and go on with the rest
            yield Outcome(waiting[0], "The process that graded it ended unexpectedly.", 0)
            graded.add(waiting[0])
        waiting = [student for student in waiting if student not in graded]


def _enter(course: str) -> None:
    """Make this worker process one that has its home in the course, as nbgrader expects."""
    os.chdir(course)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ["OMP_NUM_THREADS"] = "1"
    # What nbgrader and its kernels say there is in the log that nbgrader returns.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def autograde(course: str, chapter: str, student: str) -> Outcome:
    """Grade one submission with nbgrader, in this process."""
    started = time.monotonic()
    try:
        folder = Path(course) / "submitted" / student / chapter
        for notebook in _required_notebooks(Path(course), chapter):
            if (folder / notebook).exists() or (folder / notebook).is_symlink():
                read_submission(folder / notebook)
        if not any((folder / notebook).exists() for notebook in _required_notebooks(Path(course), chapter)):
            raise CourseError(f"None of the chapter's notebooks was handed in; the folder holds {_list_files(folder)}.")
        answer = _nbgrader_api().autograde(chapter, student, force=True)
        reason = (
            "" if answer["success"] else _explain_failure(str(answer.get("log", "")) + str(answer.get("error", "")))
        )
    except CourseError as error:
        reason = str(error)
    except Exception as error:  # whatever one submission brings about, it stays with that submission
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Outcome(student, reason, time.monotonic() - started)


def _required_notebooks(course: Path, chapter: str) -> list[str]:
    return sorted(path.name for path in (course / "source" / chapter).glob("*.ipynb"))


def _list_files(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"


def _nbgrader_api() -> Any:
    from nbgrader.apps import NbGrader
    from nbgrader.apps.api import NbGraderAPI

    app = NbGrader()
    app.load_config_file()
    api = NbGraderAPI(config=app.config)
    if api.coursedir.db_url.startswith("sqlite") and "?" not in api.coursedir.db_url:
        api.coursedir.db_url += "?timeout=60"  # seconds to wait for another worker that is writing
    return api


def _explain_failure(log: str) -> str:
    if "DeadKernelError" in log or "Kernel died" in log:
        return "The kernel ended while the notebook ran: a cell calls exit() or quit(), or uses too much memory."
    if "became unresponsive" in log or "UnresponsiveKernelError" in log:
        return "A cell does not end, and could not be interrupted."
    errors = [
        line for line in re.findall(r"(?m)^(?:\w+\.)*\w*(?:Error|Exception)\b.*$", log) if "above failures" not in line
    ]
    lines = errors or log.strip().splitlines()
    return f"nbgrader could not grade it: {lines[-1][:300] if lines else 'it gave no reason'}"


def _withdraw_marks(course: Path, chapter: str, student: str) -> None:
    """Leave no mark and no graded notebook of an earlier run where this run failed; marks given by hand stay."""
    shutil.rmtree(course / "autograded" / student / chapter, ignore_errors=True)
    with open_gradebook(course) as gradebook, contextlib.suppress(MissingEntry):
        for notebook in gradebook.find_submission(chapter, student).notebooks:
            for grade in notebook.grades:
                grade.auto_score = None
                grade.needs_manual_grade = True
        gradebook.db.commit()


# --- results -------------------------------------------------------------------------------------


def collect_results(course: Path, chapter: str, outcomes: dict[str, Outcome] | None = None) -> ClassResult:
    """Read marks from the gradebook and mistakes from the graded notebooks.

    Without `outcomes`, reasons and times are those of the last grading; so marks given by hand since then are found.
    """
    before = {} if outcomes is not None else {one.student: one for one in load_results(course, chapter).students}
    students = []
    with open_gradebook(course) as gradebook:
        names = set(list_submissions(course, chapter)) | {student.id for student in gradebook.students}
        for name in sorted(names):
            outcome = (outcomes or {}).get(name) or _outcome_before(before.get(name))
            students.append(_collect_student(gradebook, course, chapter, name, outcome))
    return ClassResult(chapter, students)


def _outcome_before(student: StudentResult | None) -> Outcome | None:
    if student is None or student.state == "nothing handed in":
        return None
    return Outcome(student.student, student.reason, student.seconds)


def _collect_student(
    gradebook: Any, course: Path, chapter: str, student: str, outcome: Outcome | None
) -> StudentResult:
    if outcome is None:
        return StudentResult(student, "nothing handed in")
    seconds = round(outcome.seconds, 2)
    if outcome.reason:
        return StudentResult(student, "not graded", outcome.reason, seconds=seconds)
    notes: list[str] = []
    exercises = []
    for notebook in sorted(gradebook.find_submission(chapter, student).notebooks, key=lambda one: str(one.name)):
        path = course / "autograded" / student / chapter / f"{notebook.name}.ipynb"
        found = nbformat.read(path, as_version=4) if path.exists() else nbformat.v4.new_notebook()
        notes += found.metadata.get(NOTES, []) if path.exists() else [f"{path.name} was not handed in."]
        grades = {grade.name: grade for grade in notebook.grades}
        cells = {get_id(cell): cell for cell in found.cells if get_id(cell)}
        order = {name: place for place, name in enumerate(cells)}
        for name, grade in sorted(grades.items(), key=lambda item: order.get(item[0], 0)):
            answer = cells.get(name.removesuffix("-check"))
            exercises.append(_read_exercise(notebook.name, grade, cells.get(name), answer))
    return StudentResult(student, "graded", "", notes, exercises, seconds)


def _read_exercise(notebook: str, grade: Any, cell: Any, answer: Any) -> ExerciseResult:
    found = ExerciseResult(notebook, grade.name.removesuffix("-check"), grade.max_score, grade.score, "wrong")
    if grade.cell.cell_type != "code" or (cell is not None and cell.metadata["nbgrader"].get("solution")):
        done = grade.manual_score is not None or not grade.needs_manual_grade
        return replace(found, state="by hand", score=grade.score if done else None)
    if cell is None:
        return replace(found, state="not attempted")
    result = next((output.data[RESULT] for output in cell.outputs if RESULT in output.get("data", {})), None)
    if stopped := _find_error(cell):
        return replace(found, state="stopped", mistakes=[_explain_stop("check", stopped)])
    if grade.score == grade.max_score:
        return replace(found, state="right")
    if result is not None and not result["attempted"]:
        if stopped := _find_error(answer):
            return replace(found, state="stopped", mistakes=[_explain_stop("answer", stopped)])
        return replace(found, state="not attempted")
    mistakes = [mistake["says"] for mistake in result["mistakes"]] if result else []
    return replace(found, state="partial" if grade.score else "wrong", mistakes=mistakes)


def _find_error(cell: Any) -> Any:
    outputs = cell.get("outputs", []) if cell is not None else []
    return next((output for output in outputs if output.output_type == "error"), None)


def _explain_stop(what: str, error: Any) -> str:
    if error.ename in ("CellTimeoutError", "KeyboardInterrupt"):
        return f"The cell of the {what} did not end in the time allowed."
    if error.ename == "ProcessEnded":
        return f"The cell of the {what} ended its own process."
    return f"The cell of the {what} stops with {error.ename}: {error.evalue}"[:300]


def generate_feedback(course: Path, chapter: str) -> None:
    """Write the feedback pages with nbgrader, for all graded students."""
    run_nbgrader(course, "generate_feedback", chapter, "--force")


def export_marks(course: Path) -> Path:
    """Write all marks of the gradebook to `grades.csv` with nbgrader, and return its path."""
    run_nbgrader(course, "export")
    return course / "grades.csv"

"""Gather what grading a class found: marks from the gradebook, the rest from the journal or from the graded notebooks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat

from autograder.engine.scores import get_extra, get_points
from autograder.errors import CourseError
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.files import modified
from autograder.grading.findings import Findings, keep_findings, read_findings
from autograder.grading.gradebook import NO_RESPONSE, load_submissions
from autograder.grading.journal import Entry, Journal
from autograder.grading.marks import is_marked
from autograder.grading.places import find_places, forget_places
from autograder.grading.results import ClassResult, ExerciseResult, StudentResult, load_results
from autograder.grading.submissions import get_id, read_submission
from autograder.grading.todo import list_submissions
from autograder.grading.worker import NOTES, Graded


def collect_results(course: Path, chapter: str) -> ClassResult:
    """The results of the last grading, with marks given by hand since then."""
    forget_places()
    before = {one.student: one for one in load_results(course, chapter).students}
    outcomes = {
        name: Graded(name, one.reason, seconds=one.seconds) for name, one in before.items() if one.state == "not graded"
    }
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        found = collect(gradebook, course, chapter, Journal(course, chapter), outcomes)
    return replace(found, remarks=load_results(course, chapter).remarks)


def collect(
    gradebook: Any, course: Path, chapter: str, journal: Journal, outcomes: Mapping[str, Graded]
) -> ClassResult:
    """Read marks from the gradebook and what was found from the journal, or else from the graded notebooks."""
    students = []
    extra = find_extra(course, chapter)
    graded = {one.student_id: one for one in load_submissions(gradebook, chapter)}
    for name in sorted(set(list_submissions(course, chapter)) | {student.id for student in gradebook.students}):
        outcome = outcomes.get(name)
        if outcome and outcome.reason:
            shown = name.encode("utf-8", "replace").decode()
            students.append(StudentResult(shown, "not graded", outcome.reason, seconds=round(outcome.seconds, 2)))
        elif name in graded:
            students.append(_collect_student(graded[name], course, chapter, name, journal.entries.get(name), extra))
        else:
            students.append(StudentResult(name, "nothing handed in"))
    return ClassResult(chapter, students)


def find_extra(course: Path, chapter: str) -> dict[tuple[str, str], float]:
    """The points of extra exercises, by notebook and cell, as `source/` has them: the gradebook knows only that they count 0 in the maximum."""
    found: dict[tuple[str, str], float] = {}
    for path in sorted(find_places(course).source_folder(chapter).glob("*.ipynb")):
        with contextlib.suppress(CourseError):
            found |= {
                (path.stem, get_id(cell)): extra for cell in read_submission(path).cells if (extra := get_extra(cell))
            }
    return found


def _collect_student(
    submission: Any,
    course: Path,
    chapter: str,
    student: str,
    entry: Entry | None,
    extra: Mapping[tuple[str, str], float],
) -> StudentResult:
    folder = find_places(course).graded_folder(student, chapter)
    notes: list[str] = list(entry.notes) if entry else []
    exercises = []
    for notebook in sorted(submission.notebooks, key=lambda one: str(one.name)):
        path = folder / f"{notebook.name}.ipynb"
        if entry and entry.written.get(notebook.name) == modified(path):
            findings = keep_findings(entry.findings.get(notebook.name))
        else:  # nbgrader itself has graded it since
            findings, told = _read_graded(path)
            notes += [note for note in told if note not in notes]
        order = {name: place for place, name in enumerate(findings)}
        comments = {comment.name: comment.auto_comment for comment in notebook.comments}
        for grade in sorted(notebook.grades, key=lambda grade: order.get(grade.name, 0)):
            most = extra.get((notebook.name, grade.name), 0)
            exercises.append(read_exercise(notebook.name, grade, findings, comments, most))
    found = StudentResult(student, "graded", "", notes, exercises, round(entry.seconds, 2) if entry else 0)
    return replace(
        found,
        handed_in=submission.timestamp.isoformat() if submission.timestamp else "",
        due=submission.duedate.isoformat() if submission.assignment.duedate else "",
        late=submission.total_seconds_late if submission.assignment.duedate else 0,
        penalty=sum(one.late_submission_penalty or 0 for one in submission.notebooks),
    )


def _read_graded(path: Path) -> tuple[Findings, list[str]]:
    """What a graded notebook shows, and the notes that it carries; one that can't be read shows only that."""
    if not path.exists():
        return {}, []
    try:
        found = read_submission(path)
    except CourseError as error:
        return {}, [f"The graded notebook cannot be read: {error}"]
    findings, notes = read_findings(found)
    stored = found.metadata.get(NOTES)
    return findings, [note for note in stored if isinstance(note, str)] + notes if isinstance(stored, list) else notes


class Described:
    """The results of submissions as they were graded, without a gradebook: the marks of the checks."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """`sources` are the texts of the source notebooks, by name."""
        self._cells = {
            name: {get_id(cell): cell for cell in nbformat.reads(text, as_version=4).cells if is_marked(cell)}
            for name, text in sources.items()
        }

    @property
    def points(self) -> dict[str, dict[str, float]]:
        """What each check can give in the chapter's maximum, by notebook and cell; what a person grades is left out."""
        return {
            name: {
                cell: 0.0 if get_extra(one) else get_points(one)
                for cell, one in cells.items()
                if one.metadata["nbgrader"].get("grade") and not one.metadata["nbgrader"].get("solution")
            }
            for name, cells in self._cells.items()
        }

    def list_exercises(self, graded: Graded) -> list[ExerciseResult]:
        """The exercises of the notebooks that were handed in."""
        found = []
        for name, marks in sorted(graded.marks.items()):
            cells, findings = self._cells[name], graded.findings.get(name, {})
            roles = {cell: one.metadata["nbgrader"] for cell, one in cells.items()}
            commented = [mark for mark in marks if roles[mark.cell].get("solution") or roles[mark.cell].get("task")]
            comments = {mark.cell: None if mark.answered else NO_RESPONSE for mark in commented}
            for mark in marks:
                if mark.graded or roles[mark.cell].get("task"):
                    extra = get_extra(cells[mark.cell])
                    grade = SimpleNamespace(
                        name=mark.cell,
                        cell_type=cells[mark.cell].cell_type,
                        max_score=0.0 if extra else get_points(cells[mark.cell]),
                        auto_score=mark.auto_score,
                        manual_score=None,
                        score=mark.auto_score,
                        needs_manual_grade=mark.auto_score is None,
                    )
                    found.append(read_exercise(name, grade, findings, comments, extra))
        return found


def _find_answer(cell: str, order: list[str], comments: Mapping[str, object]) -> str:
    """The answer of a check, as `find_own_answers` has it: answers are the cells that have a comment."""
    name = cell.removesuffix("-check")
    before = order[: order.index(cell)] if cell in order else []
    return name if name in comments else next((one for one in reversed(before) if one in comments), "")


def read_exercise(
    notebook: str, grade: Any, findings: Findings, comments: Mapping[str, object], extra: float
) -> ExerciseResult:
    """The exercise of a mark; `comments` are the automatic ones by cell, which say where nobody wrote an answer.

    `extra` are the points of one that is extra, 0 for any other.
    """
    name = _find_answer(grade.name, list(findings), comments)
    check, answer, untouched = findings.get(grade.name), findings.get(name, {}), comments.get(name) == NO_RESPONSE
    most, exercise = extra or grade.max_score, grade.name.removesuffix("-check")
    found = ExerciseResult(notebook, exercise, most, grade.score, "wrong", extra=extra > 0)
    if grade.cell_type != "code" or grade.auto_score is None or grade.name in comments:
        found = replace(found, by_hand=True)
        missing = check is None and not grade.needs_manual_grade  # its notebook wasn't handed in
        if (untouched or missing) and grade.manual_score is None and not grade.score and grade.auto_score is not None:
            return replace(found, state="not attempted")
        done = grade.manual_score is not None or not grade.needs_manual_grade
        return replace(found, state="by hand", score=grade.score if done else None)
    if check is None or (untouched and not grade.score):
        return replace(found, state="not attempted")
    failed = "stopped" in check and _is_verdict(*check["stopped"])
    if "stopped" in check and not failed:
        return replace(found, state="stopped", mistakes=[_explain_stop("check", *check["stopped"])])
    if grade.score is not None and grade.score >= most:
        return replace(found, state="right")
    result = check.get("result")
    if result is not None and not result["attempted"]:
        if "stopped" in answer:
            return replace(found, state="stopped", mistakes=[_explain_stop("answer", *answer["stopped"])])
        return replace(found, state="not attempted")
    mistakes = [mistake["says"] for mistake in result["mistakes"]] if result else []
    mistakes += [_read_verdict(check["stopped"][1])] if failed and not mistakes else []
    return replace(found, state="partial" if grade.score else "wrong", mistakes=mistakes)


def _is_verdict(error: str, says: str) -> bool:
    """Whether a check stopped because a test in it found the answer wrong: an `assert` of Python's, an expectation of R's `testthat`."""
    return error == "AssertionError" or (error == "ERROR" and bool(_TESTTHAT.search(says)))


_TESTTHAT = re.compile(r"^(?:Error: )?(?:Test failed|── Failure|-- Failure)", re.MULTILINE)


def _read_verdict(says: str) -> str:
    return says.strip()[:300] or "A test failed that has no message."


def _explain_stop(what: str, error: str, says: str) -> str:
    if error in ("CellTimeoutError", "KeyboardInterrupt"):
        return f"The cell of the {what} did not finish in the time allowed."
    if error == "ProcessEnded":
        return f"The cell of the {what} ended its own process."
    return f"The cell of the {what} stops with {error}{f': {says}' if says.strip() else '.'}"[:300]

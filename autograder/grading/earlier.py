"""Marks given by hand that a new answer took away, kept with the text that they were for: who marks the new answer sees both."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from autograder.errors import CourseError
from autograder.grading.answers import digest_answers, read_answers
from autograder.grading.gradebook import SubmissionMarks
from autograder.grading.rows import ASSIGNMENT, CELL, COMMENT, GRADE, NOTEBOOK, SUBMISSION, SUBMITTED
from autograder.grading.submissions import read_submission


@dataclass(frozen=True)
class Earlier:
    """A mark by hand that no longer counts. `digest` is that of the answer, as the journal has it; `text` is `None` where nobody kept it."""

    student: str
    notebook: str
    cell: str
    digest: str
    text: str | None
    score: float
    comment: str


Cell = tuple[str, str, str]
"""A student, a notebook and a cell."""


def earlier_path(course: Path, chapter: str) -> Path:
    return course / ".autograder" / "marking" / f"{chapter}.earlier.jsonl"


def keep_earlier(course: Path, chapter: str, found: Sequence[Earlier]) -> None:
    """Note marks that a grading takes away. A line survives a power failure once this returns."""
    if not found:
        return
    path = earlier_path(course, chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(vars(one), ensure_ascii=False) + "\n" for one in found)
    with path.open("ab") as file:
        file.write(lines.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())


def read_earlier(course: Path, chapter: str) -> dict[Cell, list[Earlier]]:
    """The marks that were taken away, by cell, the last one last. A line that was cut off is left out."""
    found: dict[Cell, list[Earlier]] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in earlier_path(course, chapter).read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                one = Earlier(**json.loads(line))
                found.setdefault((one.student, one.notebook, one.cell), []).append(one)
    return found


def find_earlier(
    gradebook: Any, assignment: str, marks: Iterable[SubmissionMarks], find_notebook: Callable[[str, str], Path]
) -> list[Earlier]:
    """The marks by hand that `save_marks` of these will take away, because the answers are different ones.

    `find_notebook` says where a student's graded notebook is, which still holds the old answers.
    """
    changed = {
        (one.student, notebook, cell): one.extra.get(notebook, {}).get(cell)
        for one in marks
        for notebook, cells in one.same.items()
        for cell, same in cells.items()
        if not same
    }
    if not changed:
        return []
    found = []
    students = sorted({student for student, _, _ in changed})
    with gradebook.engine.connect() as connection:
        comments = _read_comments(connection, assignment, students)
        for row in connection.execute(_select(GRADE, assignment, students)):
            key = (row.student_id, row.notebook, row.cell)
            by_hand = row.manual_score is not None or row.extra_credit not in (None, changed.get(key))
            if key in changed and by_hand:
                score = (row.manual_score or 0.0) + (row.extra_credit or 0.0)
                found.append((key, score, comments.get(key) or ""))
    texts: dict[tuple[str, str], tuple[Mapping[str, str], Mapping[str, str]]] = {}
    kept = []
    for (student, notebook, cell), score, comment in found:
        if (student, notebook) not in texts:
            texts[student, notebook] = _read_texts(find_notebook(student, notebook))
        answers, digests = texts[student, notebook]
        kept.append(
            Earlier(student, notebook, cell, digests.get(cell, ""), answers.get(cell), round(score, 6), comment)
        )
    return kept


def _read_texts(path: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The answers in a graded notebook, and their digests, by cell."""
    try:
        notebook = read_submission(path)
    except (CourseError, OSError):
        return {}, {}
    texts = {cell: "\n\n".join(filter(None, found)) for cell, found in read_answers(notebook).items()}
    return texts, digest_answers(notebook)


def _select(table: Any, assignment: str, students: Sequence[str]) -> Any:
    """The rows of a table of marks or comments, with the names that belong to them."""
    return (
        select(table, SUBMISSION.c.student_id, NOTEBOOK.c.name.label("notebook"), CELL.c.name.label("cell"))
        .join(SUBMITTED, SUBMITTED.c.id == table.c.notebook_id)
        .join(SUBMISSION, SUBMISSION.c.id == SUBMITTED.c.assignment_id)
        .join(ASSIGNMENT, ASSIGNMENT.c.id == SUBMISSION.c.assignment_id)
        .join(NOTEBOOK, NOTEBOOK.c.id == SUBMITTED.c.notebook_id)
        .join(CELL, CELL.c.id == table.c.cell_id)
        .where(ASSIGNMENT.c.name == assignment, SUBMISSION.c.student_id.in_(students))
        .order_by(SUBMISSION.c.student_id, NOTEBOOK.c.name, CELL.c.name)
    )


def _read_comments(connection: Any, assignment: str, students: Sequence[str]) -> dict[Cell, str]:
    rows = connection.execute(_select(COMMENT, assignment, students))
    return {(row.student_id, row.notebook, row.cell): row.manual_comment for row in rows if row.manual_comment}

"""Feedback pages, at the places that nbgrader has for them: the marks of one student's notebook, and the page."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import Exporter
from nbgrader.api import Comment, Grade, Gradebook, SubmittedNotebook
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy.orm import joinedload, selectinload, undefer

from autograder.errors import CourseError
from autograder.grading.marks import is_marked
from autograder.grading.pages import Marks, PageMarks, render_page
from autograder.grading.penalties import seconds_late


class GetGrades(NbGraderPreprocessor):  # type: ignore[misc]
    """Put marks and comments where the page finds them: in a few queries, and with what nbgrader's own step leaves out."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            found = _find_notebook(gradebook, names)
            grades = {grade.name: _read_grade(grade) for grade in found.grades}
            comments = {one.name: (one.auto_comment, one.manual_comment) for one in found.comments}
            handed_in, assignment = found.assignment, found.assignment.assignment
            penalty = found.late_submission_penalty or 0.0
            late = seconds_late(handed_in.timestamp, assignment.duedate, handed_in.extension)
            page = PageMarks(grades, comments, found.score, found.max_score, penalty, late, handed_in.duedate)
        for cell in filter(is_marked, nb.cells):
            _write_marks(cell, page)
        names |= {
            "marks": page,
            "score": page.score - penalty,
            "max_score": page.most,
            "late_penalty": penalty,
        }
        return nb, resources


def _find_notebook(gradebook: Any, names: dict[str, Any]) -> Any:
    """What the gradebook has of a student's notebook, read at once."""
    found = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
    grades = selectinload(SubmittedNotebook.grades)
    return (
        gradebook.db.query(SubmittedNotebook)
        .filter(SubmittedNotebook.id == found.id)
        .options(
            grades.joinedload(Grade.cell),
            grades.undefer(Grade.max_score),
            grades.undefer(Grade.cell_type),
            selectinload(SubmittedNotebook.comments).joinedload(Comment.cell),
            joinedload(SubmittedNotebook.notebook),
            undefer(SubmittedNotebook.score),
            undefer(SubmittedNotebook.max_score),
        )
        .populate_existing()
        .one()
    )


def _read_grade(grade: Any) -> Marks:
    return Marks(
        grade.name,
        grade.cell_type,
        grade.auto_score,
        grade.manual_score,
        grade.extra_credit or 0.0,
        grade.score,
        grade.max_score,
        bool(grade.needs_manual_grade),
    )


def _write_marks(cell: Any, page: PageMarks) -> None:
    """In the cell's metadata, where other pages than ours look for them. Raises `CourseError` where the gradebook has no mark."""
    marks = cell.metadata["nbgrader"]
    name = marks["grade_id"]
    if marks.get("solution") or marks.get("task"):
        auto, manual = page.comments.get(name, (None, None))
        marks["comment"] = manual or auto
    if marks.get("grade") or marks.get("task"):
        if name not in page.grades:
            raise CourseError(f"The gradebook has no mark for the cell '{name}': grade this submission again.")
        marks["score"], marks["points"] = page.grades[name].score, page.grades[name].max_score


class FeedbackExporter(Exporter):  # type: ignore[misc]
    """One page for each notebook, in which nothing runs, and that can always be made, whatever is in a cell."""

    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[str, Any]:
        cleaned, resources = super().from_notebook_node(nb, resources, **options)
        return render_page(cleaned, resources.get("nbgrader") or {}), resources

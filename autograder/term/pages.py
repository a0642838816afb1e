"""The feedback pages of an attempt, as nbgrader makes them, in this process and also for one that doesn't count."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from autograder.engine.scores import get_extra, get_points
from autograder.grading.feedback import GetGrades
from autograder.grading.gradebook import NO_RESPONSE
from autograder.grading.marks import CellMark, is_marked
from autograder.grading.pages import Marks, PageMarks
from autograder.grading.stockpages import complete_config
from autograder.grading.worker import Graded


class Pages:
    """Makes pages with the course's own settings for nbgrader's feedback."""

    def __init__(self, config: Any, url: str) -> None:
        config = complete_config(config)
        quiet = logging.getLogger("autograder.pages")
        quiet.setLevel(logging.ERROR)
        self.converter = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config, log=quiet)
        self.url = url
        # Kept, because compiling nbgrader's template takes most of the time that a page takes.
        self.exporter, self.grades = self.converter.exporter_class(config=self.converter.config), EitherGrades()
        for kind in self.converter.preprocessors:
            made = kind(parent=self.converter) if isinstance(kind, type) else kind
            if isinstance(made, GetGrades):
                made = self.grades = EitherGrades(parent=self.converter)
            self.exporter.register_preprocessor(made, enabled=True)
        self.grades.marks = {}
        self._render("warm", new_notebook(), "", "")

    def render(
        self, graded: Graded, chapter: str, says: str, *, counts: bool, penalties: Mapping[str, float]
    ) -> dict[str, str]:
        """The page of each notebook, by name. Where the attempt counts, marks and comments are the gradebook's.

        `says` is told at the top: which attempt this is.
        """
        pages = {}
        for name, text in graded.notebooks.items():
            self.grades.marks = None if counts else {mark.cell: mark for mark in graded.marks[name]}
            self.grades.penalty = penalties.get(name, 0.0)
            notebook = nbformat.reads(text, as_version=4)
            notebook.cells.insert(0, new_markdown_cell(says))
            pages[name] = self._render(name, notebook, graded.student, chapter)
        return pages

    def _render(self, name: str, notebook: Any, student: str, chapter: str) -> str:
        place = {"student": student, "assignment": chapter, "notebook": name, "db_url": self.url}
        resources = {"unique_key": name, "output_files_dir": f"{name}_files", "nbgrader": place}
        page, _ = self.exporter.from_notebook_node(notebook, {**resources, "metadata": {"name": name}})
        return str(page)


class EitherGrades(GetGrades):
    """Marks of the gradebook, or of an attempt that isn't in it."""

    marks: Mapping[str, CellMark] | None = None
    penalty = 0.0

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        if self.marks is None:
            return super().preprocess(nb, resources)
        grades: dict[str, Marks] = {}
        comments: dict[str, tuple[str | None, str | None]] = {}
        for cell in filter(is_marked, nb.cells):
            role = cell.metadata["nbgrader"]
            name = role["grade_id"]
            mark, extra = self.marks.get(name), get_extra(cell)
            if role.get("solution") or role.get("task"):
                comments[name] = (None if mark is None or mark.answered else NO_RESPONSE, None)
            if role.get("grade") or role.get("task"):
                earned = mark.auto_score if mark else None
                auto, bonus = (0.0, earned or 0.0) if extra else (earned, 0.0)
                most = 0.0 if extra else get_points(cell)
                grades[name] = Marks(name, cell.cell_type, auto, None, bonus, earned or 0.0, most, earned is None)
        score, most = (sum(getattr(one, what) for one in grades.values()) for what in ("score", "max_score"))
        page = PageMarks(grades, comments, score, most, self.penalty)
        resources["nbgrader"] |= {"marks": page, "score": score - self.penalty, "max_score": most}
        resources["nbgrader"]["late_penalty"] = self.penalty
        return nb, resources

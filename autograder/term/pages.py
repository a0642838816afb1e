"""The feedback pages of an attempt, as nbgrader makes them, in this process and also for one that doesn't count."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader import preprocessors
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from autograder.engine.scores import get_extra, get_points
from autograder.formats import EXTRA
from autograder.grading.feedback import Extra, GetGrades
from autograder.grading.gradebook import NO_RESPONSE
from autograder.grading.marks import CellMark
from autograder.grading.worker import Graded


class Pages:
    """Makes pages with the course's own settings for nbgrader's feedback."""

    def __init__(self, config: Any, url: str) -> None:
        config = copy.deepcopy(config)
        quiet = logging.getLogger("autograder.pages")
        quiet.setLevel(logging.ERROR)
        self.converter = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config, log=quiet)
        self.url = url
        # Kept, because compiling nbgrader's template takes most of the time that a page takes.
        self.exporter, self.grades = self.converter.exporter_class(config=self.converter.config), EitherGrades()
        for kind in self.converter.preprocessors:
            made = kind(parent=self.converter) if isinstance(kind, type) else kind
            if isinstance(made, preprocessors.GetGrades):
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
            return super().preprocess(nb, resources)  # type: ignore[no-any-return]
        self.score, self.most = 0.0, 0.0
        for index, cell in enumerate(nb.cells):
            nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
        own = {"score": self.score - self.penalty, "max_score": self.most, "late_penalty": self.penalty}
        resources["nbgrader"].update(own)
        return nb, resources

    def _get_comment(self, cell: Any, resources: Any) -> None:
        if self.marks is None:
            super()._get_comment(cell, resources)
            return
        mark = self.marks.get(cell.metadata["nbgrader"]["grade_id"])
        cell.metadata.nbgrader["comment"] = None if mark is None or mark.answered else NO_RESPONSE

    def _get_score(self, cell: Any, resources: Any) -> None:
        if self.marks is None:
            super()._get_score(cell, resources)
            return
        mark = self.marks.get(cell.metadata["nbgrader"]["grade_id"])
        earned = (mark.auto_score or 0.0) if mark else 0.0
        extra = get_extra(cell)
        points = get_points(cell)
        self.score += earned
        self.most += 0.0 if extra else points
        cell.metadata.nbgrader["score"], cell.metadata.nbgrader["points"] = (
            earned,
            Extra(f"{extra} {EXTRA}") if extra else points,
        )

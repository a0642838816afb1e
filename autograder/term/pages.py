"""The feedback pages of an attempt, as nbgrader makes them, in this process and also for one that doesn't count."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell
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
        self.of_gradebook, self.own = self._make_exporter(None), OwnGrades(parent=self.converter)
        self.of_own = self._make_exporter(self.own)

    def _make_exporter(self, own: OwnGrades | None) -> Any:
        exporter = self.converter.exporter_class(config=self.converter.config)
        for kind in self.converter.preprocessors:
            made = kind(parent=self.converter) if isinstance(kind, type) else kind
            replaced = own is not None and isinstance(made, preprocessors.GetGrades)
            exporter.register_preprocessor(own if replaced else made, enabled=True)
        return exporter

    def render(
        self, graded: Graded, chapter: str, says: str, *, counts: bool, penalties: Mapping[str, float]
    ) -> dict[str, str]:
        """The page of each notebook, by name. Where the attempt counts, marks and comments are the gradebook's.

        `says` is told at the top: which attempt this is.
        """
        pages = {}
        for name, text in graded.notebooks.items():
            self.own.marks, self.own.penalty = (
                {mark.cell: mark for mark in graded.marks[name]},
                penalties.get(name, 0.0),
            )
            notebook = nbformat.reads(text, as_version=4)
            notebook.cells.insert(0, new_markdown_cell(says))
            place = {"student": graded.student, "assignment": chapter, "notebook": name, "db_url": self.url}
            resources = {"unique_key": name, "output_files_dir": f"{name}_files", "nbgrader": place}
            exporter = self.of_gradebook if counts else self.of_own
            page, _ = exporter.from_notebook_node(notebook, {**resources, "metadata": {"name": name}})
            pages[name] = str(page)
        return pages


class OwnGrades(GetGrades):
    """Marks of an attempt that isn't in the gradebook."""

    marks: Mapping[str, CellMark]
    penalty: float

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        self.score, self.most = 0.0, 0.0
        for index, cell in enumerate(nb.cells):
            nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
        own = {"score": self.score - self.penalty, "max_score": self.most, "late_penalty": self.penalty}
        resources["nbgrader"].update(own)
        return nb, resources

    def _get_comment(self, cell: Any, resources: Any) -> None:
        mark = self.marks.get(cell.metadata["nbgrader"]["grade_id"])
        cell.metadata.nbgrader["comment"] = None if mark is None or mark.answered else NO_RESPONSE

    def _get_score(self, cell: Any, resources: Any) -> None:
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

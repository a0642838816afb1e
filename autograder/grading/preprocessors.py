"""What this course adds to nbgrader's own steps, at the places that nbgrader has for it."""

from __future__ import annotations

import atexit
import functools
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import preprocessors
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.engine import runner
from autograder.engine.execute import execute, make_plan
from autograder.engine.scores import score_outputs
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.feedback import CleanFeedback, FeedbackExporter
from autograder.grading.sources import read_source
from autograder.grading.stubs import ClearSolutions
from autograder.grading.submissions import rebuild
from autograder.grading.worker import NOTES

__all__ = ["CleanFeedback", "ClearSolutions", "Execute", "FeedbackExporter", "Rebuild", "SaveAutoGrades"]

NO_LIMIT = 1e6
"""Seconds, some days, for a course that sets `Execute.timeout` to `None`."""


class Rebuild(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade the source with the student's answers, whatever else the submission holds."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        rebuilt, notes = rebuild(_read_source(self, resources), nb)
        rebuilt.metadata[NOTES] = notes
        return rebuilt, resources


class Execute(preprocessors.Execute):  # type: ignore[misc]
    """Run a notebook in the engine, behind walls: a Python one in the time of a fork, another one in its kernel."""

    unsafe = Bool(False, help="Run student code without isolation, with all the rights of whoever grades.").tag(
        config=True
    )

    def preprocess(self, nb: Any, resources: Any, **options: Any) -> tuple[Any, Any]:
        if not runner.available():
            return super().preprocess(nb, resources, **options)  # type: ignore[no-any-return]
        if not (self.unsafe or doctor.stands()):
            raise CourseError(
                "Student code cannot be isolated on this system; 'course doctor' says what is missing. "
                "To grade in spite of that, set c.Execute.unsafe = True in nbgrader_config.py."
            )
        seconds = float(self.timeout) if self.timeout is not None and self.timeout > 0 else NO_LIMIT
        engine = _engine(not self.unsafe)
        folder, submitted = _source_folder(self, resources), Path(resources["metadata"]["path"])
        names = resources["nbgrader"]
        cache = Path(self.parent.parent.coursedir.root, ".autograder", names["assignment"], f"{names['notebook']}.json")
        plan = make_plan(engine, _read_source(self, resources), folder, _files(folder), seconds, cache)
        execute(engine, plan, nb, folder, _files(submitted), seconds)
        return nb, resources


@functools.cache
def _engine(isolated: bool) -> runner.Engine:
    """The engine of this process; its warm process ends with it."""
    engine = runner.Engine(isolated)
    atexit.register(engine.close)
    return engine


def _source_folder(step: NbGraderPreprocessor, resources: Any) -> Path:
    course = step.parent.parent.coursedir
    return Path(course.format_path(course.source_directory, ".", resources["nbgrader"]["assignment"])).resolve()


def _read_source(step: NbGraderPreprocessor, resources: Any) -> Any:
    names = resources["nbgrader"]
    with Gradebook(names["db_url"]) as gradebook:
        cells = gradebook.find_notebook(names["notebook"], names["assignment"]).source_cells
        released = {cell.name: cell.source for cell in cells}
    path = _source_folder(step, resources) / f"{names['notebook']}.ipynb"
    return nbformat.reads(read_source(path, released, step.config), as_version=4)


def _files(folder: Path) -> dict[str, Path]:
    """The regular files in a folder but its notebooks, by relative path."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path for path in found if path.suffix != ".ipynb"}


class SaveAutoGrades(preprocessors.SaveAutoGrades):  # type: ignore[misc]
    """Save marks by the rules of `marks`: a warning costs nothing, NaN is no score."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        marks = cell.metadata["nbgrader"]
        if cell.cell_type != "code" or marks.get("solution"):
            super()._add_score(cell, resources)
            return
        names = (marks["grade_id"], self.notebook_id, self.assignment_id, self.student_id)
        grade = self.gradebook.find_grade(*names)
        grade.auto_score = score_outputs(cell.outputs, float(marks["points"]))
        grade.needs_manual_grade = grade.manual_score is not None
        self.gradebook.db.commit()

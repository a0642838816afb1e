"""What this course adds to nbgrader's own steps, at the places that nbgrader has for it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import nbformat
import nbgrader
from nbconvert.preprocessors import Preprocessor
from nbgrader import preprocessors
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.engine import runner
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.formats import STUDENT_VARIABLE
from autograder.grading.answers import digest_answers, tell_untouched
from autograder.grading.cleaning import CleanFeedback
from autograder.grading.dates import read_extensions
from autograder.grading.drawing import FILTERS, draw_picture
from autograder.grading.earlier import Earlier, keep_earlier
from autograder.grading.export import CsvExport
from autograder.grading.feedback import FeedbackExporter, GetGrades
from autograder.grading.findings import read_findings, tell_other_variants
from autograder.grading.gradebook import NO_RESPONSE, decide
from autograder.grading.journal import Entry, Journal
from autograder.grading.lateness import LatePenalty
from autograder.grading.marks import list_extra, mark_notebook
from autograder.grading.penalties import doubt_due_date
from autograder.grading.pictures import take_pictures
from autograder.grading.renamed import refuse_renamed
from autograder.grading.sources import read_source
from autograder.grading.stock import StockRun
from autograder.grading.stockhistory import StockHistory
from autograder.grading.stubs import ClearSolutions
from autograder.grading.submissions import rebuild
from autograder.grading.times import read_stamp
from autograder.grading.worker import NOTES

__all__ = [
    "FILTERS",
    "TEMPLATES",
    "CleanFeedback",
    "ClearSolutions",
    "CsvExport",
    "Execute",
    "FeedbackExporter",
    "GetGrades",
    "LatePenalty",
    "Rebuild",
    "SaveAutoGrades",
    "ShowSafely",
    "refuse_renamed",
]

TEMPLATES = [
    str(Path(__file__).parent / "templates"),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
"""Where formgrader's pages come from: ours, where they differ, and nbgrader's."""

NO_LIMIT = 1e6
"""Seconds, some days, for a course that sets `Execute.timeout` to `None`."""


class ShowSafely(Preprocessor):  # type: ignore[misc]
    """For formgrader's pages: formulas and vector graphics of outputs in a form that needs no script and can hold none."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        for output in cell.get("outputs", []):
            data = output.get("data") or {}
            if "text/latex" in data:
                data.setdefault("text/markdown", data["text/latex"])
            if "image/svg+xml" in data:
                data.setdefault("text/html", draw_picture("image/svg+xml", data["image/svg+xml"], "A figure"))
        return cell, resources


class Rebuild(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade the source with the student's answers, whatever else the submission holds."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        rebuilt, notes = rebuild(_read_source(self, resources), nb)
        notes += take_pictures(rebuilt, nb)
        rebuilt.metadata[NOTES] = notes
        return rebuilt, resources


class Execute(preprocessors.Execute):  # type: ignore[misc]
    """Run a notebook in the engine, behind walls: a Python one in the time of a fork, another one in its kernel."""

    unsafe = Bool(False, help="Run student code without isolation, with all your rights.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any, **options: Any) -> tuple[Any, Any]:
        if not runner.available():
            os.environ[STUDENT_VARIABLE] = resources["nbgrader"]["student"]  # for the kernel
            return super().preprocess(nb, resources, **options)  # type: ignore[no-any-return]
        if not (self.unsafe or doctor.stands()):
            raise CourseError(
                "Student code cannot be isolated on this system; 'course doctor' says what is missing. "
                "To grade anyway, set c.Execute.unsafe = True in nbgrader_config.py."
            )
        submitted, names = Path(resources["metadata"]["path"]), resources["nbgrader"]
        run = self._find_run(resources)
        run.look_first()
        run.grade(names["notebook"], nb, _files(submitted), names["student"])
        nb.metadata.setdefault(NOTES, []).extend(tell_other_variants(read_findings(nb)[0]))
        run.look_again(names["notebook"], nb)
        return nb, resources

    def _find_run(self, resources: Any) -> StockRun:
        """This command's run of the assignment: one for all students whom it grades."""
        converter, names = self.parent.parent, resources["nbgrader"]
        seconds = float(self.timeout) if self.timeout is not None and self.timeout > 0 else NO_LIMIT
        runs = _runs.setdefault(converter, {})
        if names["assignment"] not in runs:
            folder = _source_folder(self, resources)
            known = [name for name in _list_notebooks(names) if (folder / f"{name}.ipynb").exists()]
            sources = {name: _read_source(self, {"nbgrader": {**names, "notebook": name}}) for name in known}
            cache = Path(converter.coursedir.root, ".autograder", names["assignment"])
            run = StockRun(
                _engine(not self.unsafe), names["assignment"], sources, folder, _files(folder), seconds, cache
            )
            for warning in [*run.warnings, *doubt_due_date(names["assignment"], _find_due_date(names))]:
                self.log.warning(warning)
            runs[names["assignment"]] = run
        return runs[names["assignment"]]


_runs: WeakKeyDictionary[Any, dict[str, StockRun]] = WeakKeyDictionary()
_histories: WeakKeyDictionary[Any, dict[str, StockHistory]] = WeakKeyDictionary()


def _find_due_date(names: Any) -> Any:
    with Gradebook(names["db_url"]) as gradebook:
        return gradebook.find_assignment(names["assignment"]).duedate


def _list_notebooks(names: Any) -> list[str]:
    with Gradebook(names["db_url"]) as gradebook:
        return [notebook.name for notebook in gradebook.find_assignment(names["assignment"]).notebooks]


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
    """Save marks by the rules of `marks`, and what persons gave by those of `course grade`: for the same answer, not for another one."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        known = resources["nbgrader"]
        chapter, notebook, student = known["assignment"], known["notebook"], known["student"]
        with Gradebook(known["db_url"]) as gradebook:
            released = {cell.name: cell.source for cell in gradebook.find_notebook(notebook, chapter).source_cells}
        self.marks = {mark.cell: mark for mark in mark_notebook(nb, released)}
        tell_untouched(nb, released)
        journal = Journal(Path(self.parent.parent.coursedir.root), chapter)
        entry = journal.entries.get(student) or Entry(student, {})
        answers, before = digest_answers(nb), entry.answers.get(notebook, {})
        self.before = before
        self.same = {cell: digest == answers.get(cell) for cell, digest in before.items()}
        self.wrote, extra = entry.extra.get(notebook, {}), list_extra(self.marks.values())
        nb, resources = super().preprocess(nb, resources)
        self._withdraw_missing(known, entry)
        self._correct_times(known)
        with contextlib.suppress(CourseError), journal.open():  # a 'course grade' at work writes the same
            every = {**entry.extra, notebook: extra}
            journal.add([replace(entry, answers={**entry.answers, notebook: answers}, extra=every)])
            self._note(nb, known)
        return nb, resources

    def _note(self, nb: Any, known: Any) -> None:
        """Write the line of the history when this is the last notebook of a submission."""
        converter, course = self.parent.parent, Path(self.parent.parent.coursedir.root)
        runs = _histories.setdefault(converter, {})
        if known["assignment"] not in runs:
            isolated = not Execute(config=self.config).unsafe
            with Gradebook(known["db_url"]) as gradebook:
                read = gradebook, self.config, isolated, _source_folder(self, {"nbgrader": known})
                runs[known["assignment"]] = StockHistory(course, known["assignment"], *read)
        history = runs[known["assignment"]]
        history.take(known["student"], known["notebook"], self.marks, read_findings(nb)[0])
        if Path(converter.notebooks[-1]).stem == known["notebook"]:
            history.write(self._find_folder(known))

    def _find_folder(self, known: Any) -> Path:
        course = self.parent.parent.coursedir
        return Path(course.format_path(course.submitted_directory, known["student"], known["assignment"]))

    def _withdraw_missing(self, known: Any, entry: Entry) -> None:
        """Take back the extra credit of notebooks that are not handed in any more; nbgrader itself sets only their scores to 0."""
        folder = self._find_folder(known)
        with Gradebook(known["db_url"]) as gradebook:
            for name, wrote in entry.extra.items():
                for cell, value in wrote.items() if not (folder / f"{name}.ipynb").exists() else ():
                    with contextlib.suppress(MissingEntry):
                        grade = gradebook.find_grade(cell, name, known["assignment"], known["student"])
                        if grade.manual_score is None and grade.extra_credit == value:
                            grade.extra_credit = None
            gradebook.db.commit()

    def _correct_times(self, known: Any) -> None:
        """Before lateness is looked at: give the submission its extension, which may be older than it, and the time that its stamp has.

        nbgrader reads the 200 of `+0200` as seconds, and takes `CEST` for UTC.
        """
        root = Path(self.parent.parent.coursedir.root)
        granted = read_extensions(root, known["assignment"]).get(known["student"])
        folder = self._find_folder(known)
        with Gradebook(known["db_url"]) as gradebook:
            submission = gradebook.find_submission(known["assignment"], known["student"])
            if granted and granted.holds:
                submission.extension = granted.after(submission.assignment.duedate)
            if time := read_stamp(folder, self.config.Exchange.get("timezone", "")):
                submission.timestamp = None
                submission.timestamp = time
            gradebook.db.commit()

    def _add_score(self, cell: Any, resources: Any) -> None:
        mark = self.marks[cell.metadata["nbgrader"]["grade_id"]]
        grade = self.gradebook.find_grade(mark.cell, self.notebook_id, self.assignment_id, self.student_id)
        now = decide(mark, grade, self.same.get(mark.cell), self.wrote.get(mark.cell))
        self._keep(mark.cell, grade)
        for column, value in vars(now).items():
            setattr(grade, column, value)
        self.gradebook.db.commit()

    def _add_comment(self, cell: Any, resources: Any) -> None:
        mark = self.marks[cell.metadata["nbgrader"]["grade_id"]]
        comment = self.gradebook.find_comment(mark.cell, self.notebook_id, self.assignment_id, self.student_id)
        comment.auto_comment = None if mark.answered else NO_RESPONSE
        self.gradebook.db.commit()

    def _keep(self, cell: str, grade: Any) -> None:
        """Note a mark by hand that a new answer takes away. nbgrader has removed the graded notebook with the old one by now."""
        by_hand = grade.manual_score is not None or grade.extra_credit not in (None, self.wrote.get(cell))
        if self.same.get(cell) is not False or not by_hand:
            return
        try:
            comment = self.gradebook.find_comment(cell, self.notebook_id, self.assignment_id, self.student_id)
            says = comment.manual_comment or ""
        except MissingEntry:
            says = ""
        score = round((grade.manual_score or 0.0) + (grade.extra_credit or 0.0), 6)
        one = Earlier(self.student_id, self.notebook_id, cell, self.before.get(cell, ""), None, score, says)
        keep_earlier(Path(self.parent.parent.coursedir.root), self.assignment_id, [one])

"""The history of what `nbgrader autograde` and formgrader's button grade: the lines that `course grade` would write."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.grading.collecting import Described
from autograder.grading.findings import Findings
from autograder.grading.history import Attempt, History, explain, now, to_utc
from autograder.grading.marks import CellMark
from autograder.grading.reading import digest_assignment, read_assignment
from autograder.grading.times import read_stamp
from autograder.grading.todo import digest_folder
from autograder.grading.worker import Graded


class StockHistory:
    """An assignment of one run. nbgrader hands over one notebook after the other; a submission is a line when its last one is graded."""

    def __init__(self, course: Path, chapter: str, gradebook: Any, config: Any, isolated: bool, folder: Path) -> None:
        """Raises `CourseError` where a notebook in `folder`, the chapter's source, cannot be graded."""
        assignment = read_assignment(course, chapter, gradebook, config, isolated, folder)
        self.causes = {"source": digest_assignment(assignment), "grader": metadata.version("autograded")}
        self.described = Described(assignment.sources)
        self.history = History(course, chapter)
        self.zone = config.Exchange.get("timezone", "")
        self._graded = Graded("")

    def take(self, student: str, notebook: str, marks: Mapping[str, CellMark], findings: Findings) -> None:
        """One notebook of a student's submission."""
        if self._graded.student != student:
            self._graded = Graded(student)
        self._graded.marks[notebook] = list(marks.values())
        self._graded.findings[notebook] = findings

    def write(self, folder: Path) -> None:
        """The line of the submission in this folder, whose notebooks were taken; whoever calls this holds the journal.

        A notebook of it that wasn't graded this time keeps its marks of the last.
        """
        student, self._graded, graded = self._graded.student, Graded(""), self._graded
        submission, last = digest_folder(folder), self.history.find_last(student)
        exercises, reason = self.described.list_exercises(graded), ""
        causes = {"submission": submission, **self.causes}
        if last and last.submission == submission:
            kept = [one for one in last.exercises if one.notebook not in graded.marks]
            exercises = sorted([*kept, *exercises], key=lambda one: one.notebook)
            reason = explain({name: getattr(last, name) for name in causes}, causes)
        number = self.history.find_number(student, submission)
        handed_in = to_utc(read_stamp(folder, self.zone))
        known = submission, causes["source"], causes["grader"], reason
        self.history.add([Attempt(student, number, now(), handed_in, *known, exercises=exercises)])

"""Keep what grading found: marks, graded notebooks, then the journal, so that whatever was interrupted is graded again."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.errors import CourseError, GraderError
from autograder.grading.answers import digest_answers
from autograder.grading.collecting import Described
from autograder.grading.dates import read_extensions
from autograder.grading.earlier import find_earlier, keep_earlier
from autograder.grading.files import is_text, modified, write_files
from autograder.grading.gradebook import Change, SubmissionMarks, save_marks, withdraw_marks
from autograder.grading.history import Attempt, History, explain, now, to_utc
from autograder.grading.journal import Entry, Journal
from autograder.grading.marks import list_extra, read_extra
from autograder.grading.places import find_places
from autograder.grading.submissions import read_submission
from autograder.grading.times import read_stamp
from autograder.grading.todo import submission_folder
from autograder.grading.worker import Assignment, Graded


@dataclass(frozen=True)
class Done:
    """A submission that was graded, with the student's files that belong beside its notebooks."""

    graded: Graded
    files: Mapping[str, bytes] = field(default_factory=dict)


class Keeper:
    """The one writer of a grading: of the course folder, the gradebook and the journal."""

    def __init__(self, course: Path, assignment: Assignment, gradebook: Any, config: Any, journal: Journal) -> None:
        self.course, self.assignment = course, assignment
        self.gradebook, self.config, self.journal = gradebook, config, journal
        self.outcomes: dict[str, Graded] = {}
        self.changes: list[tuple[Change, str]] = []
        self.history = History(course, assignment.name)

    @cached_property
    def described(self) -> Described:
        return Described(self.assignment.sources)

    def save(self, done: Sequence[Done], causes: Mapping[str, dict[str, str]]) -> None:
        """Write a batch; `causes` says by student what its marks follow from.

        Graded notebooks are made first and put in place when their marks are written, so that the two belong together.
        """
        self.outcomes.update({one.graded.student: one.graded for one in done})
        good = [one for one in done if not one.graded.reason]
        staged = {one.graded.student: self._stage(one) for one in good}
        marks = {one.graded.student: self._marks(one.graded) for one in good}
        try:
            taken = find_earlier(self.gradebook, self.assignment.name, marks.values(), self._graded_notebook)
            keep_earlier(self.course, self.assignment.name, taken)  # before, so that none is lost
            changes = self._save_marks([one.graded for one in good], marks)
        except BaseException:
            for folder in staged.values():
                shutil.rmtree(folder, ignore_errors=True)
            raise
        entries = []
        for graded in (one.graded for one in good):
            if self.outcomes[graded.student].reason:
                shutil.rmtree(staged[graded.student], ignore_errors=True)
                continue
            written = self._put_in_place(graded, staged[graded.student])
            known = causes[graded.student]
            extra = {name: list_extra(marks) for name, marks in graded.marks.items()}
            found = graded.findings, written, graded.seconds, graded.answers, extra
            entries.append(Entry(graded.student, known, graded.notes, *found))
        failed = [one.graded.student for one in done if one.graded.reason and not one.graded.kept]
        for student in failed:
            if is_text(student):
                extra = {name: one for name, (_, one) in self._recall(student).items()}
                changes += withdraw_marks(self.gradebook, self.assignment.name, student, extra)
            shutil.rmtree(self._graded_folder(student), ignore_errors=True)
        self.changes += [(change, self._explain(change.student, causes[change.student])) for change in changes]
        outcomes = [self.outcomes[one.graded.student] for one in done]
        self.history.add(self.make_attempt(one, causes[one.student]) for one in outcomes if not one.kept)
        self.journal.add(entries)
        for student in failed:
            self.journal.forget(student)

    def _save_marks(self, good: list[Graded], marks: Mapping[str, SubmissionMarks]) -> list[Change]:
        """Save a batch; where the gradebook refuses it, one submission after the other, so that only the cause of that is left out.

        Raises `GraderError` where the gradebook itself cannot be used.
        """
        try:
            own, extensions = [marks[one.student] for one in good], read_extensions(self.course, self.assignment.name)
            return save_marks(self.gradebook, self.assignment.name, own, self.config, extensions)
        except GraderError:
            raise
        except CourseError as error:
            if len(good) > 1:
                return [change for graded in good for change in self._save_marks([graded], marks)]
            [graded] = good
            self.outcomes[graded.student] = Graded(graded.student, str(error), seconds=graded.seconds, kept=True)
            return []

    def note(self, graded: Graded, causes: Mapping[str, str], handed_in: datetime, reason: str = "") -> None:
        """Write to the history a submission whose marks don't count, and to nothing else."""
        attempt = replace(self.make_attempt(graded, causes), counts=False, handed_in=handed_in, reason=reason)
        self.history.add([attempt])

    def make_attempt(self, graded: Graded, causes: Mapping[str, str]) -> Attempt:
        """The line of the history for a submission that was graded now, and isn't in the journal yet."""
        handed_in, last = self._read_time(graded.student), self.history.find_last(graded.student)
        again = last is not None and last.submission == causes["submission"] and graded.student in self.journal.entries
        return Attempt(
            graded.student,
            self.history.find_number(graded.student, causes["submission"]),
            now(),
            to_utc(handed_in),
            submission=causes["submission"],
            source=causes["source"],
            grader=causes["grader"],
            reason=self._explain(graded.student, dict(causes)) if again else "",
            failed=graded.reason,
            exercises=[] if graded.reason else self.described.list_exercises(graded),
        )

    def _read_time(self, student: str) -> datetime | None:
        """When it was handed in, as UTC."""
        folder = submission_folder(self.course, student, self.assignment.name)
        return read_stamp(folder, self.config.Exchange.get("timezone", ""))

    def _marks(self, graded: Graded) -> SubmissionMarks:
        timestamp = self._read_time(graded.student)
        before, same = self._recall(graded.student), {}
        for name, (answers, _) in before.items():
            now = graded.answers.get(name, {})
            same[name] = {cell: digest == now.get(cell) for cell, digest in answers.items()}
        extra = {name: one for name, (_, one) in before.items()}
        return SubmissionMarks(graded.student, timestamp, graded.marks, same, extra)

    def _recall(self, student: str) -> dict[str, tuple[dict[str, str], dict[str, float]]]:
        """By notebook what was graded last, as far as it is known: digests of the answers, and the extra credit, each by cell."""
        entry = self.journal.entries.get(student)
        found = {}
        for name in self.assignment.sources:
            path = self._graded_folder(student) / f"{name}.ipynb"
            answers, extra = (entry.answers.get(name, {}), entry.extra.get(name, {})) if entry else ({}, {})
            if path.exists() and not (answers and entry and entry.written.get(name) == modified(path)):
                with contextlib.suppress(CourseError):
                    notebook = read_submission(path)  # nbgrader itself has graded it since
                    answers, extra = digest_answers(notebook), read_extra(notebook)
            if answers:
                found[name] = answers, extra
        return found

    def _graded_notebook(self, student: str, name: str) -> Path:
        return self._graded_folder(student) / f"{name}.ipynb"

    def _graded_folder(self, student: str) -> Path:
        return find_places(self.course).graded_folder(student, self.assignment.name)

    def _stage(self, done: Done) -> Path:
        """Make the folder of the graded notebooks, beside the files of the submission and of the author, next to its place."""
        folder = self._graded_folder(done.graded.student)
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        notebooks = done.graded.notebooks
        # nbgrader takes every notebook that lies here for one of the assignment's: a student's other ones stay in submitted/.
        own = {name: data for name, data in done.files.items() if "/" in name or not name.endswith(".ipynb")}
        try:
            write_files(fresh, {**self.assignment.files, **own})
            write_files(fresh, {f"{name}.ipynb": text.encode("utf-8", "replace") for name, text in notebooks.items()})
        except OSError:  # a full disk: nothing half-written stays
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        return fresh

    def _put_in_place(self, graded: Graded, fresh: Path) -> dict[str, int]:
        """Put what was staged where nbgrader has graded notebooks; returns when each was written."""
        folder = self._graded_folder(graded.student)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        return {name: modified(folder / f"{name}.ipynb") for name in graded.notebooks}

    def _explain(self, student: str, causes: dict[str, str]) -> str:
        """Why a mark differs from before."""
        if self.outcomes[student].reason:
            return "it could no longer be graded"
        entry = self.journal.entries.get(student)
        return explain(entry.causes if entry else {}, causes)

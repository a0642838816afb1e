"""Grade one submission: notebooks in, graded notebooks and marks out.

This runs in the processes of a pool, on this machine or on others, and is given all that it needs: it reads no course folder and knows
no gradebook.
"""

from __future__ import annotations

import errno
import json
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import nbformat

from autograder.engine.execute import execute
from autograder.engine.planning.plan import Plan, Reference
from autograder.engine.runner import Engine
from autograder.errors import CourseError, GraderError
from autograder.grading.answers import digest_answers, tell_untouched
from autograder.grading.files import write_files
from autograder.grading.findings import Findings, read_findings, tell_other_variants
from autograder.grading.marks import CellMark, mark_notebook
from autograder.grading.pictures import take_pictures
from autograder.grading.submissions import Unreadable, parse_notebook, rebuild

NOTES = "autograded_notes"
"""The key in a graded notebook's metadata that has the notes on its submission."""

FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors of the machine, for which no submission can do anything."""


@dataclass(frozen=True)
class Assignment:
    """All that is the same for every submission."""

    name: str
    sources: Mapping[str, str]
    """The text of each source notebook, by name."""
    released: Mapping[str, Mapping[str, str]]
    """For each notebook the texts of the released cells, by id."""
    files: Mapping[str, bytes]
    """What the author ships beside the notebooks, by relative path."""
    references: Mapping[str, Reference] = field(default_factory=dict)
    """What the run of the author's own version of each notebook showed."""
    kept: frozenset[str] = frozenset()
    """Of these files, those of which a student's version counts."""
    seconds: float = 30
    """The time of a cell."""
    isolated: bool = True
    address: str = ""
    """Where a warm process on this machine listens."""

    def choose(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Those of a student's files that count: not those that would replace one of the author's files or folders."""
        folders = {parent.as_posix() for name in self.files for parent in PurePosixPath(name).parents}
        return {
            name: data
            for name, data in files.items()
            if (name not in self.files or name in self.kept)
            and name not in folders
            and not any(parent.as_posix() in self.files for parent in PurePosixPath(name).parents)
        }


@dataclass(frozen=True)
class Submission:
    """What one student handed in, as bytes by relative path; `notes` say what was odd about the files."""

    student: str
    notebooks: Mapping[str, bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graded:
    """What came of it. With a `reason` it could not be graded, and there is nothing else."""

    student: str
    reason: str = ""
    notebooks: dict[str, str] = field(default_factory=dict)
    """The text of each graded notebook, by name."""
    marks: dict[str, list[CellMark]] = field(default_factory=dict)
    findings: dict[str, Findings] = field(default_factory=dict)
    """For each notebook what its cells showed, by id; see `read_findings`."""
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each notebook digests of what was marked, by cell; see `digest_answers`."""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0
    suspect: bool = False
    """Whether the reason may lie with the grader: nothing that was handed in explains it."""
    kept: bool = False
    """Whether the reason is the grader's, so that what was graded before is kept."""


class Grader:
    """Grades submissions of one assignment, which it has parsed, with its files in a folder in `place`, until it is closed."""

    def __init__(self, assignment: Assignment, place: str | None = None) -> None:
        self.assignment = assignment
        self.sources = {name: nbformat.reads(text, as_version=4) for name, text in assignment.sources.items()}
        self.plans = {name: Plan(source) for name, source in self.sources.items()}
        for name, plan in self.plans.items():
            plan.reference = assignment.references[name]
        self.place = place
        self.folder = tempfile.TemporaryDirectory(prefix="autograder-", dir=place, ignore_cleanup_errors=True)
        write_files(Path(self.folder.name), assignment.files)
        self.engine = Engine(assignment.isolated, address=assignment.address)

    def close(self) -> None:
        self.engine.close()
        self.folder.cleanup()

    def grade(self, submission: Submission) -> Graded:
        """Grade `submission`. Whatever it brings about stays with it: it is the `reason` in what is returned.

        Raises `GraderError` and `OSError` where the machine itself is at fault, such as a full disk.
        """
        started = time.monotonic()
        try:
            graded = self._grade(submission)
        except GraderError:
            raise
        except Unreadable as error:
            graded = Graded(submission.student, str(error))
        except Exception as error:
            if isinstance(error, OSError) and error.errno in FAULTS:
                raise
            graded = Graded(submission.student, describe_error(error), suspect=True)
        return replace(graded, seconds=time.monotonic() - started)

    def _grade(self, submission: Submission) -> Graded:
        graded = Graded(submission.student, notes=list(submission.notes))
        with tempfile.TemporaryDirectory(dir=self.place, ignore_cleanup_errors=True) as extra:
            files = self._lay_files(Path(extra), submission)
            for name, data in submission.notebooks.items():
                released = self.assignment.released.get(name, {})
                submitted = parse_notebook(f"{name}.ipynb", data)
                notebook, notes = rebuild(self.sources[name], submitted, released)
                notes += take_pictures(notebook, submitted)
                execute(
                    self.engine,
                    self.plans[name],
                    notebook,
                    Path(self.folder.name),
                    files,
                    self.assignment.seconds,
                    submission.student,
                )
                if rebound := self.plans[name].find_rebound(notebook):
                    notes.append(
                        f"{name}: redefines {', '.join(rebound[:5])} of the author's; the checks use the author's."
                    )
                graded.marks[name] = mark_notebook(notebook, released)
                graded.answers[name] = digest_answers(notebook)
                tell_untouched(notebook, released)
                graded.findings[name], odd = read_findings(notebook)
                notes += [*odd, *tell_other_variants(graded.findings[name])]
                notebook.metadata[NOTES] = notes
                graded.notes.extend(notes)
                graded.notebooks[name] = json.dumps(notebook, indent=1, ensure_ascii=False)
        return graded

    def _lay_files(self, extra: Path, submission: Submission) -> dict[str, Path]:
        """What the student's cells find: the author's files, and the student's where no file of the author's has that name."""
        own = self.assignment.choose(submission.files)
        write_files(extra, own)
        return {name: Path(self.folder.name) / name for name in self.assignment.files} | {
            name: extra / name for name in own
        }


def describe_error(error: BaseException) -> str:
    """Why a submission could not be graded, in one line."""
    if isinstance(error, CourseError):
        return str(error)
    first = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {first}"[:300]


_own = threading.local()


def grade_submission(submission: Submission, assignment: Assignment) -> Graded:
    """`Grader.grade` for a cluster, whose workers keep the grader of their last assignment, one in each thread."""
    grader: Grader | None = getattr(_own, "grader", None)
    if grader is None or grader.assignment is not assignment:
        if grader is not None:
            grader.close()
        _own.grader = grader = Grader(assignment)
    return grader.grade(submission)

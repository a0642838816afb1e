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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder import RESULT
from autograder.engine.execute import execute
from autograder.engine.plan import Plan, Reference
from autograder.engine.runner import Engine
from autograder.engine.zygote import die_with_parent
from autograder.errors import CourseError
from autograder.marks import CellMark, mark_notebook
from autograder.submissions import get_id, parse_notebook, rebuild

NOTES = "autograded_notes"
"""The key in a graded notebook's metadata under which the notes on its submission stand."""

FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors of the machine, for which no submission can do anything."""


@dataclass(frozen=True)
class Assignment:
    """All that is the same for every submission."""

    name: str
    sources: Mapping[str, str]
    """The text of each source notebook, by name."""
    references: Mapping[str, Reference]
    released: Mapping[str, Mapping[str, str]]
    """For each notebook the texts of the released cells, by id."""
    files: Mapping[str, bytes]
    """What the author ships beside the notebooks, by relative path."""
    kept: frozenset[str] = frozenset()
    """Of these files, those of which a student's version counts."""
    seconds: float = 30
    """The time of a cell."""
    isolated: bool = True
    address: str = ""
    """Where a warm process on this machine listens."""

    def choose(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Those of a student's files that count: not those in the place of the author's."""
        return {name: data for name, data in files.items() if name not in self.files or name in self.kept}


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
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For each notebook what its cells showed, by id; see `read_findings`."""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0


_own = threading.local()


def begin(assignment: Assignment) -> None:
    """In a process of a pool: keep the assignment here, so that it need not come with every submission, and end with the pool's."""
    global _assignment
    _assignment = assignment
    die_with_parent()


_assignment: Assignment | None = None


def grade_submission(submission: Submission, assignment: Assignment | None = None) -> Graded:
    """Grade `submission`. Whatever it brings about stays with it: it is the `reason` in what is returned.

    Raises `OSError` where the machine itself is at fault, such as a full disk.
    """
    assignment = assignment or _assignment
    assert assignment is not None
    started = time.monotonic()
    try:
        graded = _grade(_prepare(assignment), submission)
    except CourseError as error:
        graded = Graded(submission.student, str(error))
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FAULTS:
            raise
        first = str(error).splitlines()[0] if str(error) else ""
        graded = Graded(submission.student, f"{type(error).__name__}: {first}"[:300])
    return Graded(**{**vars(graded), "seconds": time.monotonic() - started})


class _Prepared:
    """An assignment as this process uses it: parsed, and its files in a folder."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.sources = {name: nbformat.reads(text, as_version=4) for name, text in assignment.sources.items()}
        self.plans = {name: Plan(source) for name, source in self.sources.items()}
        for name, plan in self.plans.items():
            plan.reference = assignment.references[name]
        self.folder = tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True)
        write_files(Path(self.folder.name), assignment.files)
        self.engine = Engine(assignment.isolated, address=assignment.address)

    def files(self, extra: Path, submission: Submission) -> dict[str, Path]:
        """What the student's cells find: the author's files, and the student's where no file of the author's has that name."""
        own = self.assignment.choose(submission.files)
        write_files(extra, own)
        return {name: Path(self.folder.name) / name for name in self.assignment.files} | {
            name: extra / name for name in own
        }


def _prepare(assignment: Assignment) -> _Prepared:
    prepared: _Prepared | None = getattr(_own, "prepared", None)
    if prepared is None or prepared.assignment is not assignment:
        if prepared is not None:
            prepared.engine.close()
        _own.prepared = prepared = _Prepared(assignment)
    return prepared


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _grade(prepared: _Prepared, submission: Submission) -> Graded:
    graded = Graded(submission.student, notes=list(submission.notes))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as extra:
        files = prepared.files(Path(extra), submission)
        for name, data in submission.notebooks.items():
            notebook, notes = rebuild(prepared.sources[name], parse_notebook(f"{name}.ipynb", data))
            execute(
                prepared.engine,
                prepared.plans[name],
                notebook,
                Path(prepared.folder.name),
                files,
                prepared.assignment.seconds,
            )
            if not prepared.plans[name].reference.split:
                notes.append(
                    f"{name}: its checks run in the process of the student's code, because they share objects with it."
                )
            notebook.metadata[NOTES] = notes
            graded.notes.extend(notes)
            graded.marks[name] = mark_notebook(notebook, prepared.assignment.released.get(name, {}))
            graded.findings[name] = read_findings(notebook)
            graded.notebooks[name] = json.dumps(notebook, indent=1, ensure_ascii=False)
    return graded


def read_findings(notebook: Any) -> dict[str, dict[str, Any]]:
    """What a graded notebook's cells show beyond marks, by id and in order: the check's result, and what a cell stopped with."""
    findings: dict[str, dict[str, Any]] = {}
    for cell in notebook.cells:
        if not get_id(cell):
            continue
        outputs = cell.get("outputs", [])
        error = next((output for output in outputs if output["output_type"] == "error"), None)
        result = next((output["data"][RESULT] for output in outputs if RESULT in output.get("data", {})), None)
        found = {"result": result, "stopped": [error["ename"], error["evalue"][:300]] if error else None}
        findings[get_id(cell)] = {key: value for key, value in found.items() if value is not None}
    return findings

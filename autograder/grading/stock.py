"""One run of `nbgrader autograde`, or of formgrader's button: our engine between nbgrader's own steps, with a canary as in `course grade`.

nbgrader hands over one notebook of one student after the other. What is the same for all of them is kept here for the length of a run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from autograder.engine.execute import execute, make_plan
from autograder.engine.planning.plan import Plan
from autograder.engine.runner import Engine
from autograder.errors import GraderError
from autograder.grading.canary import Canary, is_suspect
from autograder.grading.files import modified
from autograder.grading.findings import read_findings
from autograder.grading.marks import mark_notebook
from autograder.grading.submissions import parse_notebook, rebuild
from autograder.grading.worker import Assignment, Graded, Submission

_well: set[str] = set()
"""The states of assignments, as digests, in which the author's answers have earned their marks in this process."""


class StockRun:
    """The plans and the canary of an assignment."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        sources: Mapping[str, Any],
        folder: Path,
        files: dict[str, Path],
        seconds: float,
        cache: Path,
    ) -> None:
        self.engine, self.sources, self.folder, self.files, self.seconds = engine, sources, folder, files, seconds
        self.plans: dict[str, Plan] = {
            notebook: make_plan(engine, source, folder, files, seconds, cache / f"{notebook}.json")
            for notebook, source in sources.items()
        }
        texts = {notebook: json.dumps(source) for notebook, source in sources.items()}
        references = {notebook: plan.reference for notebook, plan in self.plans.items()}
        self.canary = Canary(Assignment(name, texts, {}, {}, references), self._submit)
        self.warnings = self.canary.warnings
        self.fault = ""
        state = [engine.isolated, seconds, texts, {one: str(modified(path)) for one, path in files.items()}]
        self.digest = hashlib.blake2b(json.dumps(state, sort_keys=True).encode()).hexdigest()

    def grade(self, name: str, notebook: Any, files: dict[str, Path]) -> None:
        """Run a rebuilt notebook; its cells have their outputs then."""
        execute(self.engine, self.plans[name], notebook, self.folder, files, self.seconds)

    def look_first(self) -> None:
        """Make sure before the first mark that the grader works. Raises `GraderError` where it doesn't, for every student of the run."""
        if self.fault:
            raise GraderError(self.fault)
        if self.digest not in _well:
            self._look()
            _well.add(self.digest)

    def look_again(self, name: str, notebook: Any) -> None:
        """Make sure that the grader still works where what came of a notebook may be its doing."""
        graded = self._read(name, notebook)
        if is_suspect(graded):
            self._look()

    def _look(self) -> None:
        try:
            self.canary.send()
            self.canary.look()
        except GraderError as error:
            _well.discard(self.digest)
            self.fault = str(error)
            raise

    def _submit(self, submission: Submission) -> Future[Graded]:
        """Grade the author's answers as a student's are."""
        future: Future[Graded] = Future()
        try:
            graded = Graded(submission.student)
            for name, data in submission.notebooks.items():
                rebuilt, _ = rebuild(self.sources[name], parse_notebook(f"{name}.ipynb", data))
                self.grade(name, rebuilt, self.files)
                one = self._read(name, rebuilt)
                graded.marks.update(one.marks)
                graded.findings.update(one.findings)
            future.set_result(graded)
        except Exception as error:
            future.set_exception(error)
        return future

    @staticmethod
    def _read(name: str, notebook: Any) -> Graded:
        return Graded("", marks={name: mark_notebook(notebook, {})}, findings={name: read_findings(notebook)[0]})

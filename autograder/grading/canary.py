"""Tell a submission that cannot be graded from a grader that cannot grade: the author's own answers, handed in with the class.

What they earned in the reference run they must earn as a submission of the same run. Where they do not, no student is to blame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import nbformat

from autograder.engine.planning.plan import Plan, get_role
from autograder.engine.scores import get_points, score_outputs
from autograder.errors import CourseError, GraderError
from autograder.grading.submissions import get_id
from autograder.grading.worker import Assignment, Graded, Submission, describe_error

NAME = ""
"""The name it is submitted under: no folder, and so no student, has this name."""

TRIES = 3
"""How often it is graded before it counts as failed: a check may depend on chance, and a process may be killed from outside."""

MOST = 4
"""Cells that a warning names."""

Submit = Callable[[Submission], "Future[Graded]"]

Points = dict[tuple[str, str], float]
"""Points by notebook and cell."""

Stops = dict[tuple[str, str], str]
"""What a cell stopped with, by notebook and cell."""


class Canary:
    """The author's answers, to be graded by `submit` like a student's."""

    def __init__(self, assignment: Assignment, submit: Submit) -> None:
        self.submit = submit
        self.submission = Submission(
            NAME, {name: text.encode("utf-8", "replace") for name, text in assignment.sources.items()}
        )
        self.earned, worth = expect_points(assignment)
        self.warnings = list(_list_warnings(self.earned, worth, _find_stops(assignment)))
        self.unknown = {name for name in assignment.sources if not assignment.references[name].outputs}
        """Notebooks without a reference run, as those in other languages: what their answers earn shows when they are graded."""
        self.future: Future[Graded] | None = None

    def send(self) -> None:
        """Hand it in, so that it is graded with the rest."""
        self.future = self.submit(self.submission)

    def look(self) -> None:
        """Wait for what was handed in. Raises `GraderError` where the author's answers do not earn what they are worth."""
        for left in reversed(range(TRIES)):
            if self.future is None:
                return
            graded = self.wait_for(self.future, NAME)
            fault = find_fault(graded, self.earned)
            self.future = self.submit(self.submission) if fault and left else None
            if not fault:
                self._look_at_unknown(graded)
                return
        raise GraderError(
            f"The grader does not work here: {fault}. No mark was changed. "
            "Make sure there is room on the disk and in memory, see what 'course doctor' says, and grade again."
        )

    def _look_at_unknown(self, graded: Graded) -> None:
        """Warn, once, where the answers of a notebook without a reference run don't earn all points."""
        earned: Points = {}
        worth: Points = {}
        stops: Stops = {}
        for name in self.unknown:
            cells = [cell for cell in _read_cells(self.submission.notebooks[name]) if get_role(cell) == "check"]
            found = {mark.cell: mark.auto_score or 0.0 for mark in graded.marks.get(name, [])}
            worth |= {(name, get_id(cell)): get_points(cell) for cell in cells}
            earned |= {(name, get_id(cell)): found.get(get_id(cell), 0.0) for cell in cells}
            told = graded.findings.get(name, {})
            stops |= {(name, cell): ": ".join(one["stopped"]) for cell, one in told.items() if "stopped" in one}
        self.warnings += _list_warnings(earned, worth, stops)
        self.unknown = set()

    @staticmethod
    def wait_for(future: Future[Graded], student: str) -> Graded:
        """The result of a submission. Raises errors that are the machine's fault."""
        try:
            return future.result()
        except (CourseError, OSError):
            raise
        except Exception as error:  # of a cluster, for one, that lost its workers
            return Graded(student, describe_error(error), suspect=True)


def expect_points(assignment: Assignment) -> tuple[Points, Points]:
    """What the author's answers earned in the reference run, as far as it was kept, and what the checks are worth."""
    earned: Points = {}
    worth: Points = {}
    for name, text in assignment.sources.items():
        cells = Plan(nbformat.reads(text, as_version=4)).cells
        outputs = assignment.references[name].outputs
        for cell, shown in zip(cells, outputs, strict=True) if outputs else ():
            if get_role(cell) == "check":
                place = name, get_id(cell)
                worth[place] = get_points(cell)
                earned[place] = score_outputs(shown, worth[place])
    return earned, worth


def _list_warnings(earned: Points, worth: Points, stops: Stops) -> Iterator[str]:
    """A line for each notebook where the author's own answers don't earn all points, with an error: of something that isn't installed, or of the first such check."""
    short: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    for (name, _), error in stops.items():
        if _MISSING.search(error):
            errors.setdefault(name, error)
    for (name, cell), points in worth.items():
        if earned[name, cell] < points:
            short.setdefault(name, []).append(f"{earned[name, cell]:g} of {points:g} in {cell}")
            errors.setdefault(name, stops.get((name, cell), ""))
    for name, cells in short.items():
        more = f" and {len(cells) - MOST} more" if len(cells) > MOST else ""
        stop = f" {' '.join(errors[name].split())[:200]}" if errors[name] else ""
        yield f"{name}: the author's own answers don't earn all points: {', '.join(cells[:MOST])}{more}.{stop}"


_MISSING = re.compile(r"^(?:ModuleNotFoundError|ImportError)|there is no package called|could not find function")
"""Something that has to be installed where grading runs."""


def _find_stops(assignment: Assignment) -> Stops:
    """What the cells of the reference run stopped with."""
    stops: Stops = {}
    for name, text in assignment.sources.items():
        cells = Plan(nbformat.reads(text, as_version=4)).cells
        outputs = assignment.references[name].outputs
        for place, (cell, shown) in enumerate(zip(cells, outputs, strict=True) if outputs else ()):
            for error in (one for one in shown if one.get("output_type") == "error"):
                words = f"{error.get('ename')}: {str(error.get('evalue')).strip()}"
                stops[name, get_id(cell) or str(place)] = words.removesuffix(": ")
    return stops


def _read_cells(data: bytes) -> list[Any]:
    return list(nbformat.reads(data.decode("utf-8"), as_version=4).cells)


def find_fault(graded: Graded, earned: Points) -> str:
    """What is wrong with the grader, judging by the graded canary; "" if nothing is."""
    if graded.reason:
        return f"the author's own answers cannot be graded either: {graded.reason.rstrip('.')}"
    found = {(name, mark.cell): mark.auto_score for name, marks in graded.marks.items() for mark in marks}
    for (name, cell), points in earned.items():
        if (got := found.get((name, cell)) or 0.0) < points - 1e-6:
            return f"the author's own answers, handed in like a student's, earn {got:g} points in {name}/{cell} instead of {points:g}"
    return ""


def is_suspect(graded: Graded) -> bool:
    """Whether what came of a submission may be the grader's doing.

    So may a failure that its files do not explain, a process that was ended, and a submission whose every check earned nothing where
    one stopped with an error that isn't a check's own.
    """
    findings = [found for cells in graded.findings.values() for found in cells.values()]
    stops = {found["stopped"][0] for found in findings if "stopped" in found}
    earned = any(mark.auto_score for marks in graded.marks.values() for mark in marks)
    return graded.suspect or "ProcessEnded" in stops or (not earned and bool(stops - {"AssertionError"}))

"""Everything that the dashboard shows, gathered: results, every submission, due dates, marks for the course, titles."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.collecting import collect_results
from autograder.grading.coursewide import CourseMarks, course_marks, read_deadlines
from autograder.grading.history import Attempt, read_history
from autograder.grading.journal import Entry, list_entries
from autograder.grading.places import find_places, name_unit
from autograder.grading.results import ClassResult, ExerciseResult, StudentResult, results_path, save_results
from autograder.marking.agreement import Agreement, read_agreement
from autograder.reporting.statistics import (
    ExerciseStatistics,
    Mistake,
    complete,
    compute_statistics,
    count_mistakes,
)
from autograder.reporting.titles import Key, Titles, read_titles


@dataclass(frozen=True)
class Try:
    """One grading of one submission. A second grading of the same submission has the same number, and a reason."""

    number: int
    graded: datetime | None
    handed_in: datetime | None
    late: timedelta
    reason: str
    failed: str
    marks: dict[Key, ExerciseResult]
    changed: frozenset[Key] | None
    """The exercises whose answers differ from the submission before; `None` where nobody knows, as for the first one."""
    counts: bool

    @property
    def score(self) -> float:
        return round(sum(one.score or 0 for one in self.marks.values()), 6)


@dataclass(frozen=True)
class Chapter:
    """A graded chapter. `graded` are the students with a grade, each with all exercises in the order of `statistics`."""

    name: str
    titles: Titles
    page: str
    result: ClassResult
    graded: list[StudentResult]
    statistics: list[ExerciseStatistics]
    mistakes: list[Mistake]
    tries: dict[str, list[Try]]
    due: datetime | None
    agreement: dict[Key, dict[tuple[str, str], Agreement]] = field(default_factory=dict)
    """By exercise, for each two markers how far they agree."""

    @property
    def exercises(self) -> dict[Key, ExerciseStatistics]:
        return {(one.notebook, one.exercise): one for one in self.statistics}


@dataclass(frozen=True)
class Course:
    """All graded chapters, in order, and the marks for the course."""

    root: Path
    chapters: list[Chapter]
    students: dict[str, str]
    """Names by id; a student without a name is called by the id."""
    pages: dict[str, str] = field(default_factory=dict)
    """For each student the name of the page, without `.html`."""
    marks: CourseMarks | None = None
    unit: str = "chapter"
    """What it is made of, as its pages call it."""


def gather(root: Path) -> Course:
    """Read everything, with the marks given by hand since the last grading, and store these results.

    Raises `CourseError` where no chapter has been graded.
    """
    unit = name_unit(root)
    names = [name for name in find_places(root).list_assignments() if results_path(root, name).exists()]
    if not names:
        raise CourseError(f"No {unit} has been graded yet: run 'course grade {unit.upper()}' first.")
    deadlines = read_deadlines(root)
    pages = make_pages(names)
    chapters = []
    for name in names:
        result = collect_results(root, name)
        save_results(result, root)
        chapters.append(_gather_chapter(root, result, pages[name], deadlines.get(name, {})))
    marks = course_marks(root)
    students = {one.student: one.name or one.student for one in marks.students}
    for chapter in chapters:
        students |= {one.student: one.student for one in chapter.result.students if one.student not in students}
    students = dict(sorted(students.items()))
    return Course(root, chapters, students, make_pages(students), marks, unit)


def _gather_chapter(root: Path, result: ClassResult, page: str, deadlines: Mapping[str, datetime]) -> Chapter:
    graded = complete(result)
    entries = list_entries(root, result.chapter)
    tries = _read_tries(root, result, deadlines, entries)
    agreement = read_agreement(root, result.chapter, {one.student: one.answers for one in entries})
    statistics = compute_statistics(graded)
    titles = read_titles(root, result.chapter)
    mistakes = count_mistakes(graded)
    return Chapter(
        result.chapter, titles, page, result, graded, statistics, mistakes, tries, deadlines.get(""), agreement
    )


def _read_tries(
    root: Path, result: ClassResult, deadlines: Mapping[str, datetime], entries: Sequence[Entry]
) -> dict[str, list[Try]]:
    """By student. What counts now has the marks of the results, so that those given by hand are in it."""
    answers = {(one.student, one.causes.get("submission", "")): one.answers for one in entries}
    histories: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in read_history(root, result.chapter):
        histories[attempt.student].append(attempt)
    found = {}
    for student in result.students:
        now = {(one.notebook, one.exercise): one for one in student.exercises}
        due = deadlines.get(student.student, deadlines.get(""))
        tries: list[Try] = []
        before: Attempt | None = None
        for attempt in histories.get(student.student, []):
            changed = _compare(answers, before, attempt) if before and before.number != attempt.number else None
            late = attempt.handed_in - due if attempt.handed_in and due else timedelta()
            marks = {(one.notebook, one.exercise): one for one in attempt.exercises}
            tries.append(
                Try(
                    attempt.number,
                    attempt.time,
                    attempt.handed_in,
                    max(late, timedelta()),
                    attempt.reason,
                    attempt.failed,
                    now if attempt.counts and student.state == "graded" else marks,
                    changed,
                    attempt.counts,
                )
            )
            before = attempt
        if student.state == "graded" and not any(
            one.counts for one in tries
        ):  # nbgrader graded it, or an older version
            number = max((one.number for one in tries), default=0) + 1
            tries.append(Try(number, None, None, timedelta(), "", "", now, None, True))
        found[student.student] = tries
    return found


Answers = Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]]


def _compare(answers: Answers, before: Attempt, after: Attempt) -> frozenset[Key] | None:
    old, new = (answers.get((one.student, one.submission)) for one in (before, after))
    if old is None or new is None:
        return None
    cells = {(name, cell) for one in (old, new) for name, found in one.items() for cell in found}
    return frozenset(
        (name, cell.removesuffix("-check"))
        for name, cell in cells
        if old.get(name, {}).get(cell) != new.get(name, {}).get(cell)
    )


def read_by_number(tries: Iterable[Try], *, first: bool = False) -> list[Try]:
    """One line for each submission that could be graded: how it was graded first, as the student read it, or last."""
    found: dict[int, Try] = {}
    for one in tries:
        if not one.failed and not (first and one.number in found):
            found[one.number] = one
    return [replace(found[number], changed=_find_changed(tries, number)) for number in sorted(found)]


def _find_changed(tries: Iterable[Try], number: int) -> frozenset[Key] | None:
    return next((one.changed for one in tries if one.number == number and one.changed is not None), None)


def make_pages(names: Iterable[str]) -> dict[str, str]:
    """For each name a file name that every system takes, different for different names also where case doesn't count."""
    pages = {}
    for name in names:
        plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower())[:60].strip("-")
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        pages[name] = plain if plain and plain == name and plain not in _DEVICES else f"{plain}-{digest}".lstrip("-")
    return pages


_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
"""Names that Windows keeps for itself."""


def to_local(time: datetime | None) -> str:
    """The time where this machine is, to the minute."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else ""

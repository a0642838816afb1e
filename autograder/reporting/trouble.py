"""Where a course goes wrong: exercises that need work, messages that didn't help, students who are stuck. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from autograder.grading.coursewide import CourseMark
from autograder.reporting.gathering import Chapter, Course, read_by_number
from autograder.reporting.statistics import FEW_STUDENTS, ExerciseStatistics, chance, write_decimal
from autograder.reporting.titles import Key

FEW_READERS = 4
"""With fewer who tried again, a message isn't said to have failed."""

FALL = 0.25
"""So much of a chapter's points below a student's own mean before is told."""


@dataclass
class Fate:
    """What students did after they read a message and handed in a different answer."""

    message: str
    right: int = 0
    other: int = 0
    """A different mistake, or part of the points."""
    same: int = 0
    """The same message again."""
    unchanged: int = 0
    """Handed in again with the same answer to this exercise: nobody acted on the message."""
    students: list[str] = field(default_factory=list)
    """The students who read the same message again."""

    @property
    def tried(self) -> int:
        return self.right + self.other + self.same

    @property
    def failed(self) -> bool:
        return self.tried >= FEW_READERS and self.same >= self.tried / 2


@dataclass(frozen=True)
class Stuck:
    """A student whose last submissions, at least two, attempted an exercise with different answers and never got it right."""

    student: str
    chapter: str
    key: Key
    attempts: int
    same: int
    """How many of them, up to the last, ended with the same message."""
    message: str


@dataclass(frozen=True)
class Complaint:
    """An exercise that needs work, with the reasons in words, and how much they weigh together."""

    chapter: Chapter
    key: Key
    reasons: list[str]
    weight: float


def follow_messages(chapter: Chapter) -> dict[Key, list[Fate]]:
    """For each exercise the messages that were followed by another submission, those that failed most often first."""
    found: dict[Key, dict[str, Fate]] = defaultdict(dict)
    for student, tries in chapter.tries.items():
        read = read_by_number(tries, first=True)
        for before, after in pairwise(read):
            for key, mark in before.marks.items():
                if not mark.mistakes or key not in after.marks:
                    continue
                fate = found[key].setdefault(mark.mistakes[0], Fate(mark.mistakes[0]))
                now = after.marks[key]
                if after.changed is not None and key not in after.changed:
                    fate.unchanged += 1
                elif now.state == "right":
                    fate.right += 1
                elif now.mistakes[:1] == mark.mistakes[:1]:
                    fate.same += 1
                    fate.students.append(student)
                else:
                    fate.other += 1
    return {key: sorted(fates.values(), key=lambda one: (-one.same, -one.tried)) for key, fates in found.items()}


def find_stuck(chapter: Chapter) -> list[Stuck]:
    """Who is stuck where in a chapter, the most stubborn first."""
    found = []
    for student, tries in chapter.tries.items():
        numbered = read_by_number(tries)
        for key, statistics in chapter.exercises.items():
            if statistics.by_hand or len(numbered) < 2 or key not in numbered[-1].marks:
                continue
            marks = [numbered[0].marks.get(key)]
            marks += [one.marks.get(key) for one in numbered[1:] if one.changed is None or key in one.changed]
            attempted = [mark for mark in marks if mark and mark.state not in ("not attempted", "by hand")]
            if numbered[-1].marks[key].state in ("right", "not attempted", "by hand"):
                continue
            since = list(takewhile(lambda mark: mark.state != "right", reversed(attempted)))  # the last one first
            last = since[0].mistakes[0] if since and since[0].mistakes else ""
            same = sum(1 for _ in takewhile(lambda mark: last and mark.mistakes[:1] == [last], since))  # noqa: B023  (used at once)
            if len(since) >= 2:
                found.append(Stuck(student, chapter.name, key, len(since), same, last))
    return sorted(found, key=lambda one: (-one.same, -one.attempts, one.student, one.key))


def find_complaints(chapter: Chapter, fates: dict[Key, list[Fate]]) -> list[Complaint]:
    """The exercises of a chapter that need work, the worst first."""
    found = []
    for key, one in chapter.exercises.items():
        reasons, weight = _judge(one, len(chapter.graded), fates.get(key, []))
        if reasons:
            found.append(Complaint(chapter, key, reasons, weight))
    return sorted(found, key=lambda one: (-one.weight, one.key))


def _judge(one: ExerciseStatistics, students: int, fates: Sequence[Fate]) -> tuple[list[str], float]:
    reasons, weight = [], 0.0
    if failed := [fate for fate in fates if fate.failed]:
        worst = failed[0]
        what = "A message doesn't" if len(failed) == 1 else f"{len(failed)} messages don't"
        after = "it" if len(failed) == 1 else "one of them"
        reasons.append(
            f"{what} help: {worst.same} of {worst.tried} who changed their answer after {after} made the same mistake again."
        )
        weight += sum(1 + fate.same / students for fate in failed)
    if one.counts["stopped"] >= max(2, students / 10):
        reasons.append(f"The check did not finish for {one.counts['stopped']} of {students}.")
        weight += 2
    if students >= FEW_STUDENTS and one.discrimination is not None and not one.extra and not one.by_hand:
        if one.discrimination <= -0.1:
            maybe = ", which may be chance" if -one.discrimination <= chance(students) else ""
            reasons.append(
                f"Those who do well elsewhere do worse here (discrimination {write_decimal(one.discrimination)}{maybe})."
            )
            weight += 1 if maybe else 3
        elif one.discrimination < 0.05 and 0.2 < (one.facility or 0) < 0.8:
            reasons.append(f"It says little about the rest (discrimination {write_decimal(one.discrimination)}).")
            weight += 0.5
    if one.facility is not None and one.facility < 0.4 and not one.counts["to grade"] and not one.extra:
        reasons.append(f"Students earned {one.facility:.0%} of its points on average.")
        weight += 1 + 2 * (0.4 - one.facility)
    if one.counts["not attempted"] >= 0.3 * students and students >= 3 and not one.extra:
        reasons.append(f"{one.counts['not attempted']} of {students} left it out.")
        weight += one.counts["not attempted"] / students
    return reasons, weight


@dataclass(frozen=True)
class Worry:
    """A student to talk to, with the reasons in words."""

    student: str
    reasons: list[str]
    weight: float


def find_worries(course: Course, stuck: Sequence[Stuck]) -> list[Worry]:
    """Students to talk to: nothing handed in lately, points that fall, the same mistakes again. The most urgent first."""
    by_student: dict[str, list[Stuck]] = defaultdict(list)
    for one in stuck:
        by_student[one.student].append(one)
    found = []
    marks = {one.student: one for one in course.marks.students} if course.marks else {}
    for student in course.students:
        reasons, weight = _look(marks.get(student), course)
        stubborn = [one for one in by_student.get(student, []) if one.same >= 2]
        if len(stubborn) >= 2 or (stubborn and reasons):
            count = len(stubborn)
            reasons.append(f"The same mistake again in {count} exercise{'s' if count > 1 else ''}.")
            weight += 0.4 * count
        if reasons:
            found.append(Worry(student, reasons, weight))
    return sorted(found, key=lambda one: (-one.weight, one.student))


def _look(mark: CourseMark | None, course: Course) -> tuple[list[str], float]:
    if mark is None or not mark.chapters:
        return [], 0
    reasons, weight = [], 0.0
    chapters = list(mark.chapters.values())
    missing = 0
    for one in reversed(chapters):
        if one.state != "missing":
            break
        missing += 1
    if missing == len(chapters):
        reasons.append("Nothing handed in yet.")
        weight += 2 + missing
    elif missing:
        reasons.append(f"Nothing handed in for the last {f'{missing} {course.unit}s' if missing > 1 else course.unit}.")
        weight += missing
    elif (absent := sum(one.state == "missing" for one in chapters)) >= 2:
        reasons.append(f"{absent} of {len(chapters)} {course.unit}s not handed in.")
        weight += 0.5 * absent
    shares = [one.share for one in chapters if one.share is not None and one.state == "graded"]
    if len(shares) >= 3 and (before := sum(shares[:-1]) / (len(shares) - 1)) - shares[-1] >= FALL:
        reasons.append(f"{shares[-1]:.0%} in the last graded {course.unit}, {before:.0%} on average before.")
        weight += 2 * (before - shares[-1])
    if mark.percent is not None and mark.percent < 50:
        reasons.append(f"{mark.percent:.0f}% in the course so far.")
        weight += (50 - mark.percent) / 25
    return reasons, weight

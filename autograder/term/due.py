"""Due dates and extensions: nbgrader's where it has a place for them, noted by us where it has none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, SubmittedAssignment

from autograder.errors import CourseError
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.dates import Dates, Extension, add_extensions, read_dates, read_extensions, write_dates
from autograder.grading.grade import prepare_gradebook
from autograder.grading.history import now
from autograder.grading.journal import Journal
from autograder.grading.penalties import refresh_penalties
from autograder.grading.places import find_places, forget_places
from autograder.grading.texts import printable
from autograder.grading.times import find_local_zone, find_zone, parse_duration, parse_when


@dataclass(frozen=True)
class Due:
    """When a chapter is due, in UTC without a zone as nbgrader keeps it, and what is noted of it."""

    chapter: str
    when: datetime | None
    dates: Dates
    zone: tzinfo
    """The zone to show times in."""
    changed: int = 0
    """Late penalties that are other ones now."""


@contextlib.contextmanager
def open_term(course: Path, chapter: str) -> Iterator[tuple[Any, Any]]:
    """The gradebook, which knows the chapter, and nbgrader's configuration."""
    forget_places()
    config = load_config(course)
    with open_gradebook(course, find_url(course, config)) as gradebook:
        prepare_gradebook(course, chapter, gradebook)
        yield gradebook, config


def choose_zone(course: Path, chapter: str, wanted: str = "") -> tzinfo:
    """The zone `wanted`, or else the one that the chapter has, that was used last, or that this machine is in."""
    name = wanted or read_dates(course, chapter).zone
    return find_zone(name) if name else find_local_zone()


def read_due(course: Path, chapter: str, zone: str = "") -> Due:
    """When the chapter is due. Raises `CourseError` where the gradebook can't be used."""
    with open_term(course, chapter) as (gradebook, _):
        when = gradebook.find_assignment(chapter).duedate
    return Due(chapter, when, read_dates(course, chapter), choose_zone(course, chapter, zone))


def set_due(
    course: Path, chapter: str, when: str | None, zone: str = "", grace: str = "", *, remove: bool = False
) -> Due:
    """Set the due date as `when` has it, or `remove` it; and the grace, where one is given. Penalties follow at once.

    Raises `CourseError`, and changes nothing then, where something given can't be read without guessing.
    """
    place = choose_zone(course, chapter, zone)
    moment = parse_when(when, place).replace(tzinfo=None) if when else None
    before = read_dates(course, chapter)
    length = before.grace if not grace else None if grace == "none" else parse_duration(grace)
    with open_term(course, chapter) as (gradebook, config):
        assignment = gradebook.find_assignment(chapter)
        write_dates(course, chapter, Dates(zone or before.zone or _name(place), length))
        if when or remove:
            assignment.duedate = moment
            gradebook.db.commit()
        moment = assignment.duedate
        changed = refresh(course, chapter, gradebook, config)
    return Due(chapter, moment, read_dates(course, chapter), place, changed)


def _name(zone: tzinfo) -> str:
    return str(getattr(zone, "key", ""))


def refresh(course: Path, chapter: str, gradebook: Any, config: Any) -> int:
    """Work out all late penalties again, after dates have changed; returns how many are other ones now."""
    granted = read_extensions(course, chapter)
    return refresh_penalties(gradebook, chapter, _list_graded(course, chapter), config, granted)


def _list_graded(course: Path, chapter: str) -> dict[str, list[str]]:
    """The notebooks that each student handed in, as far as they were graded."""
    places, entries = find_places(course), Journal(course, chapter).entries
    found: dict[str, list[str]] = {}
    for student in places.list_graded(chapter):
        written = entries[student].written if student in entries else {}
        folder = places.graded_folder(student, chapter)
        found[student] = list(written) or [path.stem for path in sorted(folder.glob("*.ipynb"))]
    return found


@dataclass(frozen=True)
class Extended:
    """What came of `extend`: the due date of each student, None where the chapter has none yet, and how many penalties changed."""

    zone: tzinfo
    until: Mapping[str, datetime | None]
    waiting: Collection[str]
    """Those who have handed in nothing yet."""
    unknown: Collection[str]
    """Those of whom the gradebook has never heard; they may still hand in."""
    changed: int


def extend(
    course: Path, chapter: str, students: Collection[str], length: str, reason: str = "", zone: str = ""
) -> Extended:
    """Give students more time: a duration after the due date, or a moment; `none` takes an extension back.

    It is noted before anything else happens, and applied to whatever they have handed in or hand in later.
    Raises `CourseError` where something given can't be read, and a moment isn't after the due date.
    """
    place = choose_zone(course, chapter, zone)
    if bad := [name for name in students if not name.strip() or "/" in name]:
        raise CourseError(f"'{printable(bad[0])}' can't be a student's id.")
    with open_term(course, chapter) as (gradebook, config):
        due = gradebook.find_assignment(chapter).duedate
        fields = _read_length(length, place, due)
        granted = {
            name: Extension(chapter, name, reason=reason, granted=now().isoformat(), **fields) for name in students
        }
        add_extensions(course, granted)
        submissions = (
            gradebook.db.query(SubmittedAssignment)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == chapter)
        )
        there = {one.student_id: one for one in submissions}
        for name in students:
            if length == "none" and name in there:
                there[name].extension = None
        gradebook.db.commit()
        changed = refresh(course, chapter, gradebook, config)
        until = {name: _find_end(due, one) for name, one in granted.items()}
        known = {student.id for student in gradebook.students}
    waiting = [name for name in students if name not in there]
    return Extended(place, until, waiting, [name for name in waiting if name not in known], changed)


def _find_end(due: datetime | None, one: Extension) -> datetime | None:
    return due + (one.after(due) or timedelta()) if due else None


def _read_length(text: str, zone: tzinfo, due: datetime | None) -> dict[str, Any]:
    if text == "none":
        return {}
    if not text[:4].isdecimal() or "-" not in text:
        length = parse_duration(text)
        if length <= timedelta():
            raise CourseError("An extension must be longer than nothing. To take one back: none.")
        days = re.fullmatch(r"(\s*\d+\s*[dw])+\s*", text.lower())
        return {"by": length.total_seconds(), "zone": _name(zone) if days else ""}
    moment = parse_when(text, zone)
    if due is not None and moment.replace(tzinfo=None) <= due:
        raise CourseError(f"'{text}' isn't after the due date.")
    return {"until": moment.isoformat()}

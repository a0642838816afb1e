"""Writes marks into the table that a platform exported, so that it can import them: nothing else in it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.texts import cell
from autograder.platforms.layouts import (
    Layout,
    find_layout,
    find_people,
    is_points_row,
    list_students,
    read_person,
    refuse_rounded,
)
from autograder.platforms.marks import PENALTY, Column
from autograder.platforms.naming import squash
from autograder.platforms.roster import Person, Roster
from autograder.platforms.tables import Table, make_table

TARGETS = ("canvas", "moodle", "brightspace", "blackboard", "csv")

KEPT = {"EX", "N/A", "EXCUSED"}
"""What a cell may hold that isn't a mark and stays. Blackboard's "Needs Grading" waits for one."""


@dataclass
class Exported:
    """The file, and remarks for whoever imports it."""

    data: bytes
    written: dict[str, int] = field(default_factory=dict)
    """By title of a column, how many marks are in it."""
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rules:
    """How marks become numbers in the table."""

    unfinished: bool = False
    """Whether a mark counts that a person has still to complete."""
    scale: bool = False
    """Whether points are converted where the platform has another maximum."""
    title: str = ""
    """The title of the one column to write, as the platform has it."""


def merge(table: Table, name: str, platform: str, columns: list[Column], roster: Roster, rules: Rules) -> Exported:
    """Write the marks into the table that `platform` exported. Raises `CourseError` where it is of another kind."""
    layout = find_layout(table, name, platform)
    result = Exported(b"")
    if not layout.exports:
        raise CourseError(f"{name} is {layout.name}, which no marks can be imported from.")
    people = find_people(table, layout)
    rows: dict[str, int] = {}
    unknown = []
    for row in list_students(table, layout):
        about = read_person(table, layout, people, row)
        refuse_rounded(about, f"{name}, line {row + 1}")
        person = roster.find_row(about)
        if person is None:
            name_there = about.get("name") or " ".join(filter(None, map(about.get, ("first_name", "last_name"))))
            unknown.append(f"line {row + 1} ({name_there or next(iter(about.values()))})")
        elif person.id in rows:
            lines = f"{name}: the lines {rows[person.id] + 1} and {row + 1} would both be {person.id}."
            if about == read_person(table, layout, people, rows[person.id]):
                raise CourseError(f"{lines} They are the same student twice: remove one, or download the table again.")
            raise CourseError(
                f"{lines} Import this table first, so that they are told apart: course roster import {name}"
            )
        else:
            rows[person.id] = row
    if not rows:
        raise CourseError(f"Nobody in {name} is in the roster. Import the table first: course roster import {name}")
    if unknown:
        shown = ", ".join(unknown[:10]) + (f" and {len(unknown) - 10} more" if len(unknown) > 10 else "")
        result.remarks.append(f"Not in the roster, so left as they were: {shown}.")
    if "Identifier" in table.header and layout.platform == "moodle" and len(columns) > 1:
        raise CourseError(
            f"{name} is {layout.name}, and belongs to one assignment. Name one, and export its points as a whole."
        )
    for column in columns:
        _write_column(table, layout, column, rows, roster, rules, result)
    result.data = table.encode()
    return result


def _write_column(
    table: Table,
    layout: Layout,
    column: Column,
    rows: Mapping[str, int],
    roster: Roster,
    rules: Rules,
    result: Exported,
) -> None:
    marks = _select(column, rules, result)
    at = _find_column(table, layout, column, rules.title)
    if at is None and not marks:
        result.remarks.append(f"{column.title}: no mark, so there is no new column for it.")
        return
    if at is None:
        at = _add_column(table, layout, column, rules.title)
        result.remarks.append(
            f"{table.get(0, at)}: a new column. The platform asks what to do with it; if it has that assignment under another title, name it: --as TITLE."
        )
    most = _read_most(table, layout, at)
    factor = 1.0
    if most and column.most and abs(most - column.most) > 1e-9 and column.exercise != PENALTY:
        factor = most / column.most if rules.scale else 1.0
        done = (
            f"were converted to {_number(most)}"
            if rules.scale
            else f"are written as they are (--scale converts them to {_number(most)})"
        )
        result.remarks.append(
            f"{table.get(0, at)}: the platform has {_number(most)} points, the gradebook {_number(column.most)}. The points {done}."
        )
    if layout.platform == "canvas" and _is_read_only(table, at):
        result.remarks.append(
            f"{table.get(0, at)}: Canvas says that it is read only, so an import won't change it there."
        )
    comma = _uses_comma(table, at)
    written = kept = 0
    for student, score in sorted(marks.items()):
        if student not in rows:
            result.remarks.append(
                f"{column.title}: {_name(roster, student)} has {_number(score)} points, and isn't in the platform's table."
            )
            continue
        row = rows[student]
        there = table.get(row, at).strip()
        if there.upper() in KEPT or _is_locked(table, row):
            result.remarks.append(
                f"{column.title}: {_name(roster, student)} has {_number(score)} points; the platform says {there or 'that the grade is locked'}, which stays."
            )
            continue
        text = _number(score * factor)
        text = text.replace(".", ",") if comma else text
        if not _is_same(there, text):
            table.set(row, at, text)
        written += 1
    kept = sum(
        bool(re.match(r"[\d.,-]*\d", table.get(row, at).strip()))
        for student, row in rows.items()
        if student not in marks
    )
    if kept:
        result.remarks.append(
            f"{column.title}: {kept} {'cell has' if kept == 1 else 'cells have'} a mark of which the gradebook knows nothing final; left as they were."
        )
    result.written[table.get(0, at)] = written


def _select(column: Column, rules: Rules, result: Exported) -> dict[str, float]:
    """The marks that are final, or all where those that aren't count too."""
    waiting = [student for student, mark in column.marks.items() if mark.waiting]
    if waiting and not rules.unfinished:
        many = f"{len(waiting)} {'student has' if len(waiting) == 1 else 'students have'}"
        result.remarks.append(
            f"{column.title}: {many} answers that wait for a mark by hand, and no points in the file. --unfinished writes what they have so far."
        )
    elif waiting:
        result.remarks.append(
            f"{column.title}: the points of {len(waiting)} are without answers that wait for a mark by hand."
        )
    return {student: mark.score for student, mark in column.marks.items() if rules.unfinished or not mark.waiting}


def _find_column(table: Table, layout: Layout, column: Column, title: str) -> int | None:
    """The column of an assignment: of this title, of the chapter's name, or of the one title that has its words or number."""
    if "Identifier" in table.header and layout.platform == "moodle" and not title:
        return table.header.index("Grade")
    titles = {
        at: _title(layout, name) for at, name in enumerate(table.header) if name and not layout.fixed.fullmatch(name)
    }
    if title:
        found = [at for at, one in titles.items() if title in (one, table.header[at])]
        if not found and (table.header.count(title)):
            raise CourseError(f"The column '{title}' doesn't hold points of an assignment.")
        if len(found) > 1:
            raise CourseError(
                f"There are {len(found)} columns called '{title}'. Give the whole name of one, with its number."
            )
        return found[0] if found else None
    ways = [squash(column.title), squash(re.sub(r"^\d+_", "", column.title))]
    for wanted in ways:
        found = [
            at
            for at, one in titles.items()
            if squash(one) == wanted
            or squash(re.sub(r"^(?:chapter|week|unit|assignment)?\s*\d+\s*[:.\-–]?", "", one, flags=re.I)) == wanted
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise CourseError(
                f"{column.title} may be {' or '.join(table.header[at] for at in found)}. Say which: --as TITLE."
            )
    return None


def _title(layout: Layout, name: str) -> str:
    found = layout.title.fullmatch(name)
    return found["title"].strip() if found else name


def _add_column(table: Table, layout: Layout, column: Column, title: str) -> int:
    """A new column before the totals; returns where it is."""
    header = table.header
    at = next((place for place, name in enumerate(header) if layout.totals.fullmatch(name)), len(header))
    texts = [""] * len(table.rows)
    texts[0] = layout.make(title or column.title, column.most)
    for row in range(1, len(table.rows)):
        if layout.platform == "canvas" and is_points_row(table, row):
            texts[row] = _number(column.most)
    table.insert(at, texts)
    return at


def _read_most(table: Table, layout: Layout, at: int) -> float | None:
    """The highest number of points that the platform allows in a column, where its table says it."""
    found = layout.title.fullmatch(table.header[at])
    told = found.groupdict().get("most") if found else None
    if layout.platform == "canvas":
        told = next((table.get(row, at) for row in range(1, len(table.rows)) if is_points_row(table, row)), None)
    for place, name in enumerate(table.header):
        if name in ("Maximum Grade", "Maximum grade") and layout.platform == "moodle":
            told = next((table.get(row, place) for row in range(1, len(table.rows)) if table.get(row, place)), None)
    try:
        return float((told or "").strip().replace(",", "."))
    except ValueError:
        return None


def _is_read_only(table: Table, at: int) -> bool:
    return any(
        table.get(row, at).strip() == "(read only)" for row in range(1, len(table.rows)) if is_points_row(table, row)
    )


def _is_locked(table: Table, row: int) -> bool:
    """Whether Moodle's worksheet says that a grade can't be changed."""
    place = next((at for at, name in enumerate(table.header) if name == "Grade can be changed"), None)
    return place is not None and table.get(row, place).strip() == "No"


def _uses_comma(table: Table, at: int) -> bool:
    """Whether the numbers of the file have a decimal comma."""
    texts = [
        table.get(row, column).strip() for row in range(1, len(table.rows)) for column in range(len(table.rows[row]))
    ]
    commas = sum(bool(re.fullmatch(r"-?\d+,\d{1,5}", text)) for text in texts)
    return commas > 0 and not any(re.fullmatch(r"-?\d+\.\d{1,5}", text) for text in texts)


def _is_same(there: str, text: str) -> bool:
    """Whether a cell has the number already, perhaps with more digits: `6.00` is 6."""
    try:
        return float(there.replace(",", ".")) == float(text.replace(",", "."))
    except ValueError:
        return False


def _number(value: float) -> str:
    """With two decimals at most, which is what platforms keep."""
    text = f"{value + 0.0:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _name(roster: Roster, student: str) -> str:
    person = roster.people.get(student)
    return f"{person.name} ({student})" if person and person.name else student


# --- tables without one that the platform exported -----------------------------------------------------


def write_table(platform: str, columns: list[Column], roster: Roster, rules: Rules) -> Exported:
    """A new table for `platform`. Students without a mark are in it, with an empty cell. Raises `CourseError` for one that needs its own."""
    people = sorted(
        roster.people.values(), key=lambda one: (one.last_name.casefold(), one.first_name.casefold(), one.id)
    )
    if platform == "csv":
        return _write_list(columns, people, rules)
    if not people:
        raise CourseError("The roster is empty. Fill it from the platform's table: course roster import FILE")
    if platform in ("moodle", "blackboard"):
        what = "grading worksheet" if platform == "moodle" else "table of the Grade Center"
        raise CourseError(
            f"{platform.capitalize()} takes marks only in a table that it wrote. Download its {what}, and name it: --into FILE."
        )
    if platform == "canvas":
        rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section"], ["    Points Possible", "", "", "", ""]]
        rows += [
            [_canvas_name(one), _key(one, "canvas"), _key(one, "number"), _key(one, "login"), ""] for one in people
        ]
    else:
        rows = [["OrgDefinedId", "Username", "Last Name", "First Name", "End-of-Line Indicator"]]
        rows += [
            [f"#{_key(one, 'number')}", f"#{_key(one, 'login') or one.id}", one.last_name, one.first_name, "#"]
            for one in people
        ]
    lacking = [one.id for one in people if not any(one.keys.get(kind) for kind in ("canvas", "number", "login"))]
    if lacking:
        raise CourseError(
            f"{platform.capitalize()} wouldn't know {', '.join(lacking[:5])}{' and others' if len(lacking) > 5 else ''}: the roster has no id of theirs there. "
            f"Export its gradebook, and name it: --into FILE, or import it first: course roster import FILE."
        )
    result = merge(make_table(rows), "the new table", platform, columns, roster, rules)
    result.remarks = [one for one in result.remarks if ": a new column." not in one]
    return result


def _write_list(columns: list[Column], people: Iterable[Person], rules: Rules) -> Exported:
    """A table for spreadsheets, whose cells are texts and numbers and never formulas."""
    result = Exported(b"")
    marks = [_select(column, rules, result) for column in columns]
    rows = [["student_id", "last_name", "first_name", "email", *(column.title for column in columns)]]
    rows.append(["", "", "", "points possible", *(_number(column.most) for column in columns)])
    for one in people:
        rows.append(
            [
                one.id,
                one.last_name,
                one.first_name,
                one.email,
                *(_number(found[one.id]) if one.id in found else "" for found in marks),
            ]
        )
    texts = [
        [text if row > 0 and place > 3 else cell(text) for place, text in enumerate(cells)]
        for row, cells in enumerate(rows)
    ]
    result.data = make_table(texts).encode()
    result.written = {column.title: len(found) for column, found in zip(columns, marks, strict=True)}
    return result


def _key(one: Person, kind: str) -> str:
    return one.keys.get(kind, [""])[0] if one.keys.get(kind) else ""


def _canvas_name(one: Person) -> str:
    """As Canvas sorts names. It writes a name that a spreadsheet would run as `="=…"`."""
    name = f"{one.last_name}, {one.first_name}".strip(", ") or one.id
    return f'="{name}"' if name.lstrip().startswith("=") else name


def save(path: Path, data: bytes) -> None:
    """Write the file at once. It holds marks, so only its owner reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    os.chmod(fresh, 0o600)
    fresh.replace(path)

"""The students of a course, with what each platform calls them: nbgrader's table of students, and `roster.json` beside it.

nbgrader's table has room for an id, a name and an address; the keys of the platforms are in `roster.json`.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable, Container, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.grading.files import is_text
from autograder.grading.texts import printable
from autograder.platforms.layouts import (
    Keys,
    find_layout,
    find_people,
    is_test_student,
    list_students,
    read_person,
    refuse_rounded,
)
from autograder.platforms.naming import Identity, Known, squash
from autograder.platforms.tables import read_table

FILE = "roster.json"

KINDS = ("canvas", "moodle", "brightspace", "login", "number", "github")
"""The kinds of keys: user ids of three platforms, user names, the school's number, accounts on GitHub."""


@dataclass
class Person:
    """A student. `id` is what nbgrader and the folders call them."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    keys: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def add_key(self, kind: str, key: str) -> bool:
        """Whether the key is new. A platform may know somebody by several: Moodle has one for each assignment."""
        if not key or key in self.keys.setdefault(kind, []):
            return False
        self.keys[kind].append(key)
        self.keys[kind].sort()
        return True


class Roster:
    """The students, found by whatever is known of them."""

    def __init__(self, people: Iterable[Person] = (), complete: bool = False) -> None:
        self.people = {one.id: one for one in people}
        self.complete = complete
        """Whether a table was imported, so that somebody who isn't here is a mistake."""

    def __len__(self) -> int:
        return len(self.people)

    def find(self, who: Identity) -> Person | None:
        """The one student whom this can be: by key, then address, then number, then a name that only one has."""
        if who.kind == "id" and who.key in self.people:
            return self.people[who.key]
        ways: list[Callable[[Person], bool]] = [
            lambda one: bool(who.key) and who.key.casefold() in map(str.casefold, one.keys.get(who.kind, [])),
            lambda one: bool(who.email) and who.email.casefold() in (one.email.casefold(), *_logins(one)),
            lambda one: bool(who.number) and who.number in one.keys.get("number", []),
            lambda one: (
                who.kind in ("id", "login")
                and who.key.casefold() in (one.id.casefold(), one.email.casefold(), *_logins(one))
            ),
            lambda one: (
                bool(who.name) and squash(who.name) in _names(one) - {""} and not _differs(one, {who.kind: who.key})
            ),
        ]
        for fits in ways:
            found = [one for one in self.people.values() if fits(one)]
            if len(found) == 1:
                return found[0]
            if found:
                return None  # two who fit are worse than none
        return None

    def find_row(self, told: Keys) -> Person | None:
        """The student of a row in a platform's table."""
        if told.get("id") in self.people:
            return self.people[told["id"]]
        identifier = told.get("identifier", "")  # GitHub Classroom's: whatever the instructor typed
        name = told.get("name") or f"{told.get('first_name', '')} {told.get('last_name', '')}".strip()
        found = [self.find(Identity(kind, told[kind])) for kind in KINDS if told.get(kind)] + [
            self.find(Identity("id", identifier, identifier, identifier, identifier)) if identifier else None
        ]
        if person := next(filter(None, found), None) or self.find(Identity(email=told.get("email", ""))):
            return person
        person = self.find(Identity(name=name))
        return None if person and _differs(person, told) else person

    def known(self) -> Known:
        """What reading names of files needs of it."""
        people = self.people.values()
        return Known(
            usernames={login for one in people for login in (*_logins(one), one.id.casefold())},
            github={key.casefold() for one in people for key in one.keys.get("github", [])},
            names={name for one in people for name in _names(one)} - {""},
        )

    def take(self, told: Keys, taken: Container[str] = ()) -> tuple[Person, str]:
        """Take in what a table says of somebody; what that did: `new`, `more` or `same`. Ids in `taken` are other people's.

        A name or an address that is there already stays, for a person may have corrected it.
        """
        person, state = self.find_row(told), "same"
        if person and person.id in taken:
            person = None
        first, last = split_name(told)
        if person is None:
            person = Person(self.make_id(told), first, last, told.get("email", ""))
            self.people[person.id] = person
            state = "new"
        for name, text in (("first_name", first), ("last_name", last), ("email", told.get("email", ""))):
            if text and not getattr(person, name):
                setattr(person, name, text)
                state = "more" if state == "same" else state
        for kind in KINDS:
            if person.add_key(kind, told.get(kind, "")) and state == "same":
                state = "more"
        return person, state

    def make_id(self, told: Keys) -> str:
        """An id for somebody new: a user name, a number, an address, or the name, whichever there is first."""
        name = told.get("name") or f"{told.get('first_name', '')} {told.get('last_name', '')}"
        wanted = [told.get(key, "") for key in ("id", "login", "github", "number", "email")] + [slug(name)]
        wanted.append(told.get("identifier", ""))
        wanted += [f"{kind}-{told[kind]}" for kind in KINDS if told.get(kind)]
        made = next(filter(None, map(make_safe, wanted)), "")
        if not made:
            raise CourseError("There is a student without a name, an id or an address.")
        number, free = 2, made
        while free in self.people or any(free.casefold() == one.casefold() for one in self.people):
            free, number = f"{made}-{number}", number + 1
        return free


def make_safe(text: str) -> str:
    """The text as the name of a folder on any system, "" where nothing is left."""
    text = unicodedata.normalize("NFC", text)
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]', "-", text).strip(" .")
    plain = "".join(sign for sign in plain if sign.isprintable())
    while len(plain.encode()) > 100:
        plain = plain[:-1]
    reserved = re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", plain)
    return f"{plain}-" if reserved else plain.strip(" .").lstrip("-=+@")


def slug(name: str) -> str:
    """A name as an id: `ada-lovelace`."""
    first, last = split_name({"name": name})
    words = re.findall(r"\w+", unicodedata.normalize("NFC", f"{first} {last}").casefold())
    return "-".join(words)


def split_name(told: Keys) -> tuple[str, str]:
    """First and last names. A name in one piece is `Last, First` or `First Last`; where it has more words, the last is the last name."""
    if told.get("first_name") or told.get("last_name"):
        return told.get("first_name", ""), told.get("last_name", "")
    name = told.get("name", "").strip()
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return (first.strip(), last) if first else (name, "")


def _names(one: Person) -> set[str]:
    return {squash(one.first_name + one.last_name), squash(one.last_name + one.first_name)}


def _differs(person: Person, told: Keys) -> bool:
    """Whether somebody of the same name is another one: has another key of a kind of which everybody has one."""
    single = ("canvas", "brightspace", "login", "number", "github")
    others = [
        kind for kind in single if told.get(kind) and person.keys.get(kind) and told[kind] not in person.keys[kind]
    ]
    return bool(others) or bool(
        told.get("email") and person.email and told["email"].casefold() != person.email.casefold()
    )


def _logins(one: Person) -> list[str]:
    return [key.casefold() for key in one.keys.get("login", [])]


# --- where it is kept -----------------------------------------------------------------------------


def load_roster(course: Path, gradebook: Any) -> Roster:
    """The students of nbgrader's table and of `roster.json`. Raises `CourseError` where the file is damaged."""
    path = course / FILE
    stored: dict[str, Person] = {}
    complete = False
    if path.exists():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            complete = bool(kept.get("complete"))
            for one in kept["students"]:
                keys = {str(kind): [str(key) for key in keys] for kind, keys in dict(one.pop("keys", {})).items()}
                stored[str(one["id"])] = Person(keys=keys, **{name: str(text) for name, text in one.items()})
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise CourseError(
                f"{path} cannot be read ({error}). Put an earlier copy in its place, or delete it and import the tables again."
            ) from error
    for student in gradebook.students:
        one = stored.setdefault(student.id, Person(student.id))
        one.first_name = student.first_name or one.first_name
        one.last_name = student.last_name or one.last_name
        one.email = student.email or one.email
        one.add_key("canvas", student.lms_user_id or "")
    return Roster((stored[name] for name in sorted(stored)), complete)


def save_roster(course: Path, gradebook: Any, roster: Roster) -> None:
    """Write both places. What nbgrader's table has stays; a Canvas id goes where nbgrader has room for one."""
    there = {student.id: student for student in gradebook.students}
    for one in roster.people.values():
        about = {"first_name": one.first_name, "last_name": one.last_name, "email": one.email}
        if len(canvas := one.keys.get("canvas", [])) == 1:
            about["lms_user_id"] = canvas[0]
        about = {name: text[:128] for name, text in about.items() if text}
        if one.id not in there or any(getattr(there[one.id], name) != text for name, text in about.items()):
            gradebook.update_or_create_student(one.id, **about)
    path = course / FILE
    text = json.dumps(
        {"complete": roster.complete, "students": [asdict(roster.people[name]) for name in sorted(roster.people)]},
        indent=1,
        ensure_ascii=False,
        sort_keys=True,
    )
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text + "\n", encoding="utf-8")
    os.chmod(fresh, 0o600)  # it is personal data
    fresh.replace(path)


@dataclass(frozen=True)
class Imported:
    """What came of a table: its kind, and the students by what happened."""

    layout: str
    new: list[Person]
    more: list[Person]
    same: list[Person]
    warnings: list[str]


def import_table(roster: Roster, path: Path, platform: str = "") -> Imported:
    """Take the students of a platform's table into the roster. Raises `CourseError` where nobody is taken, and the roster is as before."""
    table = read_table(path)
    layout = find_layout(table, str(path), platform)
    columns = find_people(table, layout)
    found: dict[str, list[Person]] = {"new": [], "more": [], "same": []}
    rows = list_students(table, layout)
    told = [read_person(table, layout, columns, row) for row in rows]
    for row, about in zip(rows, told, strict=True):
        refuse_rounded(about, f"{path}, line {row + 1}")
        for text in about.values():
            if not is_text(text):
                raise CourseError(f"{path}, line {row + 1}: {printable(text)} isn't text.")
    tests = [row for row in range(1, len(table.rows)) if is_test_student(table, layout, row)]
    warnings = [
        f"Line {row + 1}: {table.get(row, 0)} is the platform's own student, and was left out." for row in tests
    ]
    taken: set[str] = set()
    for row, about in zip(rows, told, strict=True):
        person, state = roster.take(about, taken)
        namesakes = [
            one.id for one in roster.people.values() if one is not person and _names(one) & _names(person) - {""}
        ]
        if state == "new" and namesakes:
            warnings.append(
                f"Line {row + 1}: {person.name} is new as '{person.id}', and has the name of '{namesakes[0]}'. Is that another person?"
            )
        taken.add(person.id)
        found[state].append(person)
    if not told:
        raise CourseError(f"{path} is {layout.name}, and has no student in it.")
    roster.complete = True
    return Imported(layout.name, found["new"], found["more"], found["same"], warnings)

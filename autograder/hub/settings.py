"""The settings of a hub, as `hub.toml` has them, checked before anything is done with them."""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autograder.errors import CourseError

FORMS: dict[str, dict[str, tuple[type, ...]]] = {
    "course": {"id": (str,), "folder": (str,)},
    "people": {"grader": (str,), "instructors": (list,), "students": (list,), "roster": (str,), "accounts": (str,)},
    "hub": {
        "address": (str,),
        "data": (str,),
        "certificate": (str,),
        "key": (str,),
        "idle_hours": (int, float),
    },
    "watch": {"chapters": (str, list), "attempts": (int,), "counts": (str,)},
}
"""The sections, their keys, and what each may be."""

WORDS = {str: "a text", list: "a list of texts", int: "a number", float: "a number"}

ACCOUNT = re.compile(r"[a-z][a-z0-9-]{0,31}")
"""Names that Linux takes for an account, JupyterHub for a user and nbgrader for a student; the last allow no underscore."""

COURSE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

PORTS_AFTER = 3
"""So many ports after the address's own are the hub's: its own pages, the proxy's door, the graders' JupyterLab."""


@dataclass(frozen=True)
class Settings:
    """What `hub.toml` says; paths are absolute."""

    file: Path
    course_id: str
    course: Path
    """The folder in which the class is graded."""
    grader: str
    instructors: tuple[str, ...]
    students: tuple[str, ...]
    create_accounts: bool
    address: str
    data: Path
    certificate: Path | None
    key: Path | None
    idle_hours: float
    watched: tuple[str, ...] | None
    """The chapters that are graded on arrival; `None`: all. Empty: none."""
    attempts: int
    counts: str

    @property
    def port(self) -> int:
        parts = urlsplit(self.address)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who can log in."""
        return tuple(dict.fromkeys([*self.instructors, *self.students]))

    @property
    def watches(self) -> bool:
        """Whether anything is graded on arrival."""
        return self.watched is None or bool(self.watched)

    @property
    def exchange(self) -> Path:
        return self.data / "exchange"

    @property
    def repository(self) -> Path:
        """The git repository with what is released."""
        return self.data / "releases" / f"{self.course_id}.git"

    @property
    def private(self) -> Path:
        """What only root reads: the hub's database and secrets, first passwords, logs."""
        return self.data / "private"

    @property
    def database(self) -> Path:
        """JupyterHub's own."""
        return self.private / "jupyterhub.sqlite"

    @property
    def etc(self) -> Path:
        """What Jupyter, nbgrader and git read on this hub."""
        return self.data / "etc"


def read_settings(file: Path) -> Settings:
    """The settings in a file. Raises `CourseError` with every mistake in it."""
    file = file.resolve()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(
            f"There is no file {file}. Run the command at the top of the course, or name it with --settings."
        ) from None
    except UnicodeDecodeError:
        raise CourseError(f"{file} isn't UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{file} isn't TOML: {error}.") from None
    mistakes = list(_check_form(found))
    if not mistakes:
        settings, mistakes = _make(file, found)
    if mistakes:
        raise CourseError("\n".join([f"{file} can't be used:", *(f"  {one}" for one in mistakes)]))
    return settings


def _check_form(found: dict[str, Any]) -> Iterable[str]:
    """Sections and keys that aren't known, values of another kind."""
    for section, values in found.items():
        if section not in FORMS:
            yield f"there is no section [{section}]{_suggest(section, FORMS)}."
        elif not isinstance(values, dict):
            yield f"[{section}] is a section, not a value."
        else:
            yield from _check_section(section, values)


def _check_section(section: str, values: dict[str, Any]) -> Iterable[str]:
    forms = FORMS[section]
    for key, value in values.items():
        if key not in forms:
            yield f"[{section}] has no `{key}`{_suggest(key, forms)}."
        elif not isinstance(value, forms[key]) or isinstance(value, bool):
            yield f"[{section}] {key} is {' or '.join(dict.fromkeys(WORDS[kind] for kind in forms[key]))}, not {value!r}."
        elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
            yield f"[{section}] {key} is a list of texts in quotes."


def _suggest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean `{close[0]}`?" if close else f"; there are {', '.join(known)}"


def _make(file: Path, found: dict[str, Any]) -> tuple[Settings, list[str]]:
    """The settings, and what is wrong with the values."""
    course, people, hub, watch = ({**found.get(name, {})} for name in FORMS)
    mistakes: list[str] = []
    for section, values, needed in (
        ("course", course, ("id", "folder")),
        ("people", people, ("grader",)),
        ("hub", hub, ("address", "data")),
    ):
        mistakes += [f"[{section}] needs `{key}`." for key in needed if not values.get(key)]
    students = list(people.get("students", []))
    if roster := people.get("roster"):
        if students:
            mistakes.append("[people] has `students` and `roster`; one of them is enough.")
        students, wrong = _read_roster(file.parent / roster)
        mistakes += wrong
    chapters = watch.get("chapters", "all")
    settings = Settings(
        file=file,
        course_id=course.get("id", ""),
        course=_path(file, course.get("folder", "")),
        grader=people.get("grader", ""),
        instructors=tuple(people.get("instructors", [])),
        students=tuple(students),
        create_accounts=people.get("accounts", "create") == "create",
        address=hub.get("address", ""),
        data=_path(file, hub.get("data", "")),
        certificate=_path(file, hub["certificate"]) if hub.get("certificate") else None,
        key=_path(file, hub["key"]) if hub.get("key") else None,
        idle_hours=float(hub.get("idle_hours", 2)),
        watched=tuple(chapters) if isinstance(chapters, list) else None,
        attempts=watch.get("attempts", 0),
        counts=watch.get("counts", "last"),
    )
    if isinstance(chapters, str) and chapters != "all":
        mistakes.append(f'[watch] chapters is "all" or a list such as ["{chapters}"].')
    if people.get("accounts", "create") not in ("create", "existing"):
        mistakes.append('[people] accounts is "create" or "existing".')
    if not mistakes:
        mistakes += [*_check_people(settings), *_check_address(settings), *_check_rest(settings)]
    return settings, mistakes


def _path(file: Path, name: str) -> Path:
    return (file.parent / Path(name).expanduser()).resolve()


def _read_roster(path: Path) -> tuple[list[str], list[str]]:
    """The ids in a table, and what is wrong with it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        return [], [f"the roster {path} can't be read: {error.strerror}."]
    except (UnicodeDecodeError, csv.Error) as error:
        return [], [f"the roster {path} isn't a CSV table in UTF-8: {error}."]
    ids = [(row.get("id") or "").strip() for row in rows]
    if not rows or "id" not in rows[0]:
        return [], [f"the roster {path} needs a column `id` and a line for each student."]
    empty = [number for number, one in enumerate(ids, 2) if not one]
    return ids, [f"line {number} of the roster {path} has no id." for number in empty]


def _check_people(settings: Settings) -> Iterable[str]:
    if not settings.instructors:
        yield "[people] instructors is empty: somebody has to grade."
    if not settings.students:
        yield "[people] has no students: name them in `students`, or a table in `roster`."
    everyone = [settings.grader, *settings.instructors, *settings.students]
    for name in dict.fromkeys(everyone):
        if not ACCOUNT.fullmatch(name):
            yield (
                f"{name!r} can't be an account: a small letter, then small letters, digits and hyphens, 32 at most. "
                "Use the school's user names, and keep people's names in the gradebook ('course roster')."
            )
        if everyone.count(name) > 1:
            yield f"{name!r} is named more than once in [people]; each has one role, and the grader is an account of its own."


def _check_address(settings: Settings) -> Iterable[str]:
    parts = urlsplit(settings.address)
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or parts.path.strip("/"):
        yield f"[hub] address is such as http://127.0.0.1:8000 or https://hub.example.org, not {settings.address!r}."
        return
    if settings.port + PORTS_AFTER > 65535:
        yield f"[hub] address: the {PORTS_AFTER} ports after {port} are used as well, and there are 65535."
    if (settings.certificate is None) != (settings.key is None):
        yield "[hub] certificate and key belong together."
    if parts.scheme == "https" and not settings.certificate:
        yield "[hub] address is https, which needs `certificate` and `key`; where a web server in front has them, give the http address here."
    if parts.scheme == "http" and settings.certificate:
        yield "[hub] certificate is for an address that starts with https."
    for name, path in (("certificate", settings.certificate), ("key", settings.key)):
        if path and not path.is_file():
            yield f"[hub] {name}: there is no file {path}."


def _check_rest(settings: Settings) -> Iterable[str]:
    if not COURSE_ID.fullmatch(settings.course_id):
        yield f"[course] id is letters, digits, dots and hyphens, not {settings.course_id!r}."
    if settings.idle_hours < 0:
        yield "[hub] idle_hours is 0 or more."
    if settings.attempts < 0:
        yield "[watch] attempts is 0 (any number) or more."
    if settings.counts not in ("last", "best"):
        yield '[watch] counts is "last" or "best".'
    if settings.data == Path(settings.data.anchor):
        yield f"[hub] data is a folder of its own, not {settings.data}."
    if settings.course == settings.data:
        yield "[course] folder and [hub] data are two folders; the first may be in the second."

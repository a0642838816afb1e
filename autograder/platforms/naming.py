"""Who handed a file in, and when: what each platform's names of files and folders say.

Canvas:       lovelaceada_LATE_2231_98765_p1-1.ipynb         (sortable name, user, attachment)
Moodle:       Ada Lovelace_12345_assignsubmission_file_/p1.ipynb
Brightspace:  152711-351765 - Ada Lovelace - May 18, 2025 1224 PM/p1.ipynb
Blackboard:   Homework 1_ada_attempt_2025-05-18-12-24-05_p1.ipynb, and a .txt without a name
Gradescope:   submission_123456/p1.ipynb, and submission_metadata.yml
GitHub:       homework-1-adalove/p1.ipynb
Google:       Ada Lovelace - p1.ipynb
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import yaml

PLATFORMS = ("canvas", "moodle", "brightspace", "blackboard", "gradescope", "github", "google", "plain")


@dataclass(frozen=True)
class Identity:
    """What is known of a person: keys of the platform, a name as it writes it, an address."""

    kind: str = ""
    """Which key it is; see `roster.KINDS`."""
    key: str = ""
    name: str = ""
    email: str = ""
    number: str = ""

    def __str__(self) -> str:
        about = [self.name, self.email, f"{self.kind} {self.key}" if self.key and self.key != self.name else ""]
        return ", ".join(filter(None, about)) or "somebody"


@dataclass(frozen=True)
class Named:
    """What the path of a file says."""

    platform: str
    who: tuple[Identity, ...]
    """Several for the work of a group."""
    file: str
    """What the student called it."""
    when: datetime | None = None
    """By the clock of the platform: without a zone it is that of the instructor's account."""
    late: bool = False
    order: int = 0
    """Grows with each attempt, where the platform numbers them."""
    attachment: str = ""
    upload: str = ""
    """What was uploaded: the file itself, or a zip around it, where the platform numbers uploads."""
    own: bool = False
    """Whether the platform made the file itself: a list, or what was typed into a field."""


@dataclass
class Known:
    """What is known before the names are read."""

    usernames: Collection[str] = ()
    """Of the roster, in lower case."""
    github: Collection[str] = ()
    names: Collection[str] = ()
    """As `squash` has them."""
    gradescope: dict[str, tuple[tuple[Identity, ...], datetime | None]] = field(default_factory=dict)
    """By the name of the folder."""
    blackboard: dict[str, str] = field(default_factory=dict)
    """Names by user name."""


def squash(name: str) -> str:
    """A name as all platforms agree on it: its letters and digits, in lower case."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


def read_name(parts: Sequence[str], known: Known, platform: str = "") -> Named | None:
    """What a path says by the rules of one platform, or of the first whose rules fit; `None` where none does."""
    for name, read in _READERS.items():
        if platform in ("", name) and (found := read(parts, known)):
            return found
    return None


# --- one reader for each platform -------------------------------------------------------------------

_MOODLE = re.compile(
    r"(?P<name>.*)_(?P<id>\d+)_(?P<kind>assignsubmission|assignfeedback)_(?P<plugin>[a-z]+)_?(?P<file>.*)"
)


def _read_moodle(parts: Sequence[str], known: Known) -> Named | None:
    for place, part in enumerate(parts):
        if found := _MOODLE.fullmatch(part):
            rest = [found["file"], *parts[place + 1 :]] if found["file"] else [*parts[place + 1 :]]
            own = found["plugin"] != "file"
            hidden = re.fullmatch(rf"\D+\b{found['id']}", found["name"])  # "Participant 12345", in whatever language
            name = "" if hidden else found["name"]
            return Named("moodle", (Identity("moodle", found["id"], name),), rest[-1] if rest else part, own=own)
    return None


_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-\d+ ?- ?(?P<name>.+?) ?- ?(?P<when>[^-]*\b20\d\d\b,? ?\d{1,2}[^-]{0,4}\d\d[^-]*?)(?: - (?P<file>.+))?"
)
_BRIGHTSPACE_TIME = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}), ?(?P<year>\d{4}),? (?P<time>\d{1,2}:?\d{2}) ?(?P<half>[AaPp]\.?[Mm]\.?)?"
)


def _read_brightspace(parts: Sequence[str], known: Known) -> Named | None:
    for place, part in enumerate(parts):
        if found := _BRIGHTSPACE.fullmatch(part):
            when = _read_brightspace_time(found["when"])
            name = parts[-1] if place < len(parts) - 1 else found["file"] or part
            return Named("brightspace", (Identity("brightspace", found["id"], found["name"]),), name, when)
    if parts[-1].lower() == "index.html" and len(parts) <= 3 and "brightspace" in "/".join(parts).lower():
        return Named("brightspace", (), parts[-1], own=True)
    return None


def _read_brightspace_time(text: str) -> datetime | None:
    """`May 18, 2025 1224 PM`; `None` for the date of another language, which isn't guessed."""
    found = _BRIGHTSPACE_TIME.fullmatch(text.strip())
    month = _MONTHS.get(found["month"][:3].lower()) if found else None
    if not found or not month:
        return None
    time = found["time"].replace(":", "").zfill(4)
    hour = _read_hour(int(time[:2]), found["half"])
    return _make_time(int(found["year"]), month, int(found["day"]), hour, int(time[2:]))


_BLACKBOARD = re.compile(r"(?P<before>.+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)")


def _read_blackboard(parts: Sequence[str], known: Known) -> Named | None:
    """The first of the parts that is one, for a student may have handed in a zip."""
    found = next(filter(None, map(_BLACKBOARD.fullmatch, parts)), None)
    if not found:
        return None
    inside = found[0] != parts[-1]
    words = found["before"].split("_")
    ends = ["_".join(words[place:]) for place in range(1, len(words))]  # both the title and the user name may have a _
    told = {*known.usernames, *map(str.lower, known.blackboard)}
    user = next((end for end in ends if end.lower() in told), ends[-1] if ends else words[-1])
    name = known.blackboard.get(user, "")
    when = _make_time(*map(int, found["when"].split("-")))
    file = parts[-1] if inside else found["file"] or parts[-1]
    own = not (inside or found["file"])
    return Named("blackboard", (Identity("login", user, name),), file, when, own=own)


def _read_gradescope(parts: Sequence[str], known: Known) -> Named | None:
    for part in parts[:-1]:
        if part in known.gradescope:
            who, when = known.gradescope[part]
            return Named("gradescope", who, parts[-1], when)
    if parts[-1] == "submission_metadata.yml":
        return Named("gradescope", (), parts[-1], own=True)
    return None


_CANVAS = re.compile(
    r"(?:(?!anon_)(?P<name>\w*?)_)?(?:(?P<late>late)_)?(?:(?P<user>\d+)|(?P<anonymous>anon_[0-9A-Za-z]{3,8}))(?P<later>_late)?"
    r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<own>text|link)\.html)",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"-(\d+)(?=\.[^.]+$|$)")


def _read_canvas(parts: Sequence[str], known: Known) -> Named | None:
    """The first of the parts, for a student may have handed in a zip."""
    for part in parts[1:] if len(parts) > 1 else parts:
        found = _CANVAS.fullmatch(part)
        if not found or not (found["name"] or found["anonymous"]):
            continue
        key = found["user"] or found["anonymous"]
        who = Identity("canvas", key, "" if found["anonymous"] else found["name"])
        file = parts[-1] if part != parts[-1] else found["file"] or part
        order = int(found["attachment"] or 0)
        late, own = bool(found["late"] or found["later"]), bool(found["own"])
        return Named("canvas", (who,), file, None, late, order, found["attachment"] or "", found["file"] or "", own)
    return None


def _read_github(parts: Sequence[str], known: Known) -> Named | None:
    for part in parts[:-1]:
        for user in known.github:
            if part.lower() == user or part.lower().endswith(f"-{user}"):
                return Named("github", (Identity("github", user),), parts[-1])
    return None


def _read_google(parts: Sequence[str], known: Known) -> Named | None:
    """A name of the roster at one end of the file's."""
    words = [word.strip() for word in re.split(r" [-–] ", parts[-1].rsplit(".", 1)[0])]
    for who in (words[0], words[-1]):
        if len(words) > 1 and squash(who) in known.names:
            return Named("google", (Identity("", "", who),), parts[-1])
    return None


_READERS = {
    "moodle": _read_moodle,
    "brightspace": _read_brightspace,
    "gradescope": _read_gradescope,
    "blackboard": _read_blackboard,
    "canvas": _read_canvas,
    "github": _read_github,
    "google": _read_google,
}


def read_plain(parts: Sequence[str], notebooks: Collection[str], known: Known, ids: Collection[str]) -> Named | None:
    """By folders and names without a platform: a folder named after a student, or STUDENT_NOTEBOOK.ipynb.

    A folder or a file that is named after somebody in the roster counts first, then the outermost folder in what was given.
    """
    stem = re.sub(r"\.ipynb.*$", "", parts[-1])
    inner = parts[1:-1] if len(parts) > 1 else ()
    for part in (*inner, stem, *parts[:1]):
        bare = re.sub(r"\.zip$", "", part)
        if bare in ids or bare.lower() in known.usernames or squash(bare) in known.names:
            return Named("plain", (Identity("id", bare, bare),), parts[-1])
    for one in sorted(ids, key=len, reverse=True):
        if stem.startswith((f"{one}_", f"{one} ", f"{one}-")):
            return Named("plain", (Identity("id", one, one),), parts[-1])
    if any(re.fullmatch(r"submission_\d+", part) for part in inner):
        return None  # Gradescope's number of a submission, which its list doesn't have
    if inner:
        bare = re.sub(r"\.zip$", "", inner[0])
        return Named("plain", (Identity("id", bare, bare),), parts[-1])
    for notebook in notebooks:
        if found := re.fullmatch(rf"(?P<who>.+?)[_ -]+{re.escape(notebook)}(?: ?\(\d+\))?(?:\.ipynb.*)?", stem):
            return Named("plain", (Identity("id", found["who"], found["who"]),), parts[-1])
    if found := re.fullmatch(r"(?P<who>[^_]+)_.+", stem):
        return Named("plain", (Identity("id", found["who"], found["who"]),), parts[-1])
    return None


def number_again(name: str) -> int:
    """The number that a platform or a browser puts on a file of the same name: 1 in `p1-1.ipynb`, 2 in `p1 (2).ipynb`."""
    found = re.search(r" ?\((\d+)\)(?=\.|$)", name) or _AGAIN.search(name)
    return int(found[1]) if found and len(found[1]) < 4 else 0


# --- files that a platform writes beside the work ----------------------------------------------------


def read_gradescope(text: str) -> dict[str, tuple[tuple[Identity, ...], datetime | None]]:
    """Who handed in each folder of Gradescope's export, and when. Raises `ValueError` where the text isn't its metadata."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # makes texts only, whatever the tags say
    try:
        stored = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"it isn't YAML ({str(error).splitlines()[0]})") from error
    found = {}
    for folder, about in stored.items() if isinstance(stored, Mapping) else ():
        if not isinstance(about, Mapping) or not isinstance(people := about.get(":submitters", []), list):
            continue
        told = [one for one in people if isinstance(one, Mapping)]
        who = tuple(
            Identity("number", _text(one, ":sid"), _text(one, ":name"), _text(one, ":email"), _text(one, ":sid"))
            for one in told
        )
        found[str(folder)] = (who, _read_iso(_text(about, ":created_at")))
    if not found:
        raise ValueError("it names no submission")
    return found


def read_blackboard(text: str) -> tuple[str, str] | None:
    """User name and name from the text that Blackboard writes for each attempt."""
    found = re.search(r"^\ufeff?Name:\s*(.*?)\s*\(([^()\n]+)\)\s*$", text, re.MULTILINE)
    return (found[2], found[1]) if found else None


def _text(about: Mapping[str, object], key: str) -> str:
    value = about.get(key)
    return value.strip() if isinstance(value, str) and value not in ("null", "~") else ""


def _read_iso(text: str) -> datetime | None:
    """A time such as `2025-05-18 10:24:05.123456789 Z`."""
    short = re.sub(r"(\.\d{6})\d+", r"\1", text).replace(" Z", "+00:00").replace("Z", "+00:00")
    short = re.sub(r" ([+-]\d\d:?\d\d)$", r"\1", short)
    try:
        return datetime.fromisoformat(short)
    except ValueError:
        return None


_DATE = re.compile(
    r"(?:[^\W\d]+,? )?(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3})[a-z]* (?P<year>\d{4}),? (?P<hour>\d{1,2}):(?P<minute>\d\d) ?(?P<half>[AaPp][Mm])?"
)


def read_moodle_date(text: str) -> datetime | None:
    """A date as Moodle writes it in English: `Tuesday, 1 September 2026, 5:03 PM`. `None` for none, and for another language."""
    found = _DATE.fullmatch(re.sub(r"\s+", " ", text.replace("\u202f", " ")).strip())
    if not found or not (month := _MONTHS.get(found["month"].lower())):
        return None
    hour = _read_hour(int(found["hour"]), found["half"])
    return _make_time(int(found["year"]), month, int(found["day"]), hour, int(found["minute"]))


def _read_hour(hour: int, half: str | None) -> int:
    if not half:
        return hour
    return hour % 12 + (12 if half.lower().startswith("p") else 0)


def _make_time(*numbers: int) -> datetime | None:
    try:
        year, month, day, hour, minute, second = (*numbers, 0)[:6]
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def with_names(named: Named, names: Mapping[str, str]) -> Named:
    """The same with names that were found elsewhere, by user name."""
    who = tuple(replace(one, name=one.name or names.get(one.key, "")) for one in named.who)
    return replace(named, who=who)

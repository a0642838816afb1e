"""Moments and durations as people write them: with the zone they mean, or not at all. Inside, everything is UTC."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.errors import CourseError
from autograder.grading.files import read_file

FORMS = "2026-11-30 18:00, 2026-11-30 (the end of that day) or 2026-11-30T18:00+01:00"
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}

_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ]\s*(?P<time>\d{1,2}:\d\d(?::\d\d)?)(?:[.,](?P<part>\d{1,9}))?)?\s*(?P<zone>\S+)?"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)?(?::?\d\d)?")


def parse_duration(text: str) -> timedelta:
    """`15m`, `2h`, `1d12h`, `1w`, `90 min`. Raises `CourseError` for anything else, and for a number without a unit."""
    compact = text.replace(" ", "").lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)(w|d|h|min|m|s)", compact)
    if not parts or "".join(map("".join, parts)) != compact:
        raise CourseError(f"'{text}' isn't a duration: write one such as 15m, 2h, 3d, 1w or 1d12h.")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise CourseError(f"'{text}' is too long.") from None


def show_duration(length: timedelta | float) -> str:
    """In two units at most, rounded down: `2 d 3 h`, `15 min`, `40 s`."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    units = ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)
    for place, (unit, size) in enumerate(units):
        if seconds >= size:
            smaller = units[place + 1 : place + 2]
            rest = [f"{seconds % size // one} {name}" for name, one in smaller if seconds % size // one]
            return " ".join([f"{seconds // size} {unit}", *rest])
    return "0 s"


@lru_cache
def find_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises `CourseError` for an abbreviation, which may stand for several zones, and for an unknown name."""
    if name.upper() in ("UTC", "Z", "GMT"):
        return ZoneInfo("UTC")
    try:
        if "/" in name:
            return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        pass
    raise CourseError(
        f"'{name}' isn't the name of a time zone: write one such as Europe/Berlin, America/New_York or UTC. "
        "Abbreviations such as CEST or EST mean different things in different places."
    )


def find_local_zone() -> ZoneInfo:
    """The zone that this machine is set to. Raises `CourseError` where it doesn't say."""
    place = os.path.realpath("/etc/localtime")
    names = [os.environ.get("TZ", "").lstrip(":"), place.partition("zoneinfo/")[2]]
    for path in (Path("/etc/timezone"),):
        if path.is_file():
            names.append(path.read_text(encoding="utf-8", errors="replace").strip())
    for name in filter(None, names):
        try:
            return find_zone("UTC" if name in ("Etc/UTC", "Etc/UCT", "Universal", "Zulu") else name)
        except CourseError:
            continue
    raise CourseError("This machine doesn't say in which time zone it is: add --zone, such as --zone Europe/Berlin.")


def parse_when(text: str, zone: tzinfo) -> datetime:
    """A moment as someone types it, in UTC; a day without a time ends at 23:59. `zone` is meant where the text names none.

    Raises `CourseError` for other forms, an unknown zone, and a local time that there isn't or that there is twice, as when clocks change.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise CourseError(f"'{text}' isn't a time that can be read without guessing: write {FORMS}.")
    try:
        local = datetime.fromisoformat(f"{found['date']} {(found['time'] or '23:59').zfill(5)}")
    except ValueError as error:
        raise CourseError(f"'{text}' isn't a time: {error}. Write {FORMS}.") from None
    meant: tzinfo | None = _read_offset(found["zone"]) if found["zone"] else None
    if meant is None:
        meant = find_zone(found["zone"]) if found["zone"] else zone
    return _place(local, meant, text)


def _read_offset(text: str) -> timezone | None:
    found = _OFFSET.fullmatch(text)
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes >= 24 * 60:
        raise CourseError(f"'{text}' isn't an offset from UTC: write one such as +01:00.")
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))


def _place(local: datetime, zone: tzinfo, text: str) -> datetime:
    moments = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if moments[0] == moments[1]:
        return moments[0]
    if moments[0].astimezone(zone).replace(tzinfo=None) != local:
        raise CourseError(
            f"There is no {local:%H:%M} on {local:%Y-%m-%d} in {zone}: the clocks are put forward over it. Choose another time."
        )
    first, second = (one.astimezone(zone).strftime("%z") for one in moments)
    raise CourseError(
        f"'{text}' is there twice in {zone}, because the clocks are put back: write {local:%Y-%m-%dT%H:%M}{first} for the first "
        f"or {local:%Y-%m-%dT%H:%M}{second} for the second."
    )


def show_when(moment: datetime, zone: tzinfo) -> str:
    """`Mon 30 Nov 2026, 18:00 CET (UTC+01:00)`. A moment without a zone is UTC, as in the gradebook."""
    local = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    seconds = f":{local:%S}" if local.second else ""
    offset = local.strftime("%z")
    name = local.tzname() or ""
    known = name if name[:1].isalpha() and not name.startswith("UTC") else ""
    ours = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:]}"
    shown = f"{known} ({ours})" if known else ours
    day = f"{days[local.weekday()]} {local.day} {months[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M}{seconds} {shown}"


def parse_stamp(text: str, zone: str = "") -> datetime:
    """The time in a `timestamp.txt`, as UTC without a zone, as nbgrader keeps it.

    nbgrader takes the 200 of `+0200` for seconds, and `CEST` for UTC. An abbreviation counts where it is the one that `zone`, in which the
    exchange writes, has at that time, or where it is itself the name of a zone in the system's list, as CET is. Raises `CourseError` for any other, and `ValueError` for what isn't a time.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found or not found["time"]:
        return _parse_as_nbgrader(text)
    local = datetime.fromisoformat(f"{found['date']} {found['time'].zfill(5)}")
    local = local.replace(microsecond=int((found["part"] or "0").ljust(6, "0")[:6]))
    if not found["zone"]:
        return local
    meant: tzinfo | None = _read_offset(found["zone"])
    if meant is None:
        for writes in filter(None, (find_zone(zone) if zone else None, _find_named(found["zone"]))):
            for fold in (0, 1):
                if local.replace(tzinfo=writes, fold=fold).tzname() == found["zone"]:
                    return local.replace(tzinfo=writes, fold=fold).astimezone(UTC).replace(tzinfo=None)
    meant = meant or find_zone(found["zone"])
    return local.replace(tzinfo=meant).astimezone(UTC).replace(tzinfo=None)


def _find_named(name: str) -> ZoneInfo | None:
    """The zone of that name in the system's list, which has a few abbreviations such as CET."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _parse_as_nbgrader(text: str) -> datetime:
    from dateutil.parser import UnknownTimezoneWarning  # type: ignore[import-untyped]
    from nbgrader.utils import parse_utc

    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownTimezoneWarning)
        try:
            found: datetime = parse_utc(text)
        except UnknownTimezoneWarning as error:
            raise CourseError(
                f"'{text}' names a time zone that isn't known ({str(error).split(' identified')[0]})."
            ) from None
    return found


def read_stamp(folder: Path, zone: str) -> datetime | None:
    """What nbgrader's `timestamp.txt` in a folder says, as UTC; `None` where there is none, or it says nothing that is a time."""
    with contextlib.suppress(CourseError, ValueError, OverflowError):
        if text := read_file(folder / "timestamp.txt", 1_000).decode("utf-8", "replace").strip():
            return parse_stamp(text, zone)
    return None

"""Times as people write them, what lateness costs, and extensions that nobody loses."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.dates import Extension
from autograder.grading.grade import export_marks
from autograder.grading.lateness import LatePenalty
from autograder.grading.times import parse_duration, parse_stamp, parse_when, show_duration, show_when
from autograder.term.late import list_late

CHAPTER = "01_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}
BERLIN = ZoneInfo("Europe/Berlin")
RULE = {
    "AssignLatePenalties": {"plugin_class": "autograder.grading.lateness.LatePenalty"},
    "LatePenalty": {"percent": 10, "most": 30, "zero_after": "30d"},
    "Exchange": {"timezone": "Europe/Berlin"},
}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-30 18:00", "2026-11-30 17:00"),
        ("2026-07-30T18:00", "2026-07-30 16:00"),
        ("2026-11-30", "2026-11-30 22:59"),
        ("2026-11-30 18:00 +0200", "2026-11-30 16:00"),
        ("2026-11-30T18:00Z", "2026-11-30 18:00"),
        ("2026-11-30 18:00 America/New_York", "2026-11-30 23:00"),
        ("2026-10-25T02:30+0100", "2026-10-25 01:30"),
    ],
)
def test_a_moment_is_read_in_the_zone_that_it_names_or_else_that_is_meant(text: str, utc: str) -> None:
    assert parse_when(text, BERLIN) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-11-30 18:00 CEST", "'CEST' isn't the name of a time zone"),
        ("2026-11-30 18:00 EST", "Abbreviations such as CEST or EST"),
        ("11/30/2026", "without guessing"),
        ("tomorrow", "without guessing"),
        ("2026-02-30", "isn't a time"),
        ("2026-03-29 02:30", "There is no 02:30 on 2026-03-29"),
        ("2026-10-25 02:30", "is there twice in Europe/Berlin"),
    ],
)
def test_what_could_mean_two_times_is_refused(text: str, says: str) -> None:
    with pytest.raises(CourseError, match=says):
        parse_when(text, BERLIN)


def test_durations_and_moments_in_words() -> None:
    assert parse_duration("1d12h") == timedelta(hours=36)
    assert parse_duration("90 min") == timedelta(minutes=90)
    for text in ("2", "", "2 months", "-1d"):
        with pytest.raises(CourseError, match="isn't a duration"):
            parse_duration(text)
    assert [show_duration(seconds) for seconds in (0, 59, 3_600, 90_061)] == ["0 s", "59 s", "1 h", "1 d 1 h"]
    assert show_when(datetime(2026, 7, 1, 10), BERLIN) == "Wed 1 Jul 2026, 12:00 CEST (UTC+02:00)"


def test_a_stamp_with_an_abbreviation_counts_only_where_the_exchange_writes_it() -> None:
    assert parse_stamp("2026-07-01 12:00:00.5 CEST", "Europe/Berlin") == datetime(2026, 7, 1, 10, 0, 0, 500_000)
    for zone in ("", "America/New_York"):
        with pytest.raises(CourseError, match="'CEST' isn't the name"):
            parse_stamp("2026-07-01 12:00:00 CEST", zone)
    with pytest.raises(CourseError, match="PST"):
        parse_stamp("Jul 1 2026 12:00 PST")


@pytest.mark.parametrize(
    ("rule", "hours", "expected"),
    [
        ({"percent": 10}, 1, 1.0),
        ({"percent": 10}, 25, 2.0),
        ({"percent": 10, "every": "1h"}, 3, 3.0),
        ({"percent": 10, "every": ""}, 300, 1.0),
        ({"percent": 10, "most": 35}, 300, 3.5),
        ({"percent": 10, "grace": "2h"}, 2, None),
        ({"percent": 10, "grace": "2h"}, 3, 1.0),
        ({"zero_after": "2d"}, 48, None),
        ({"zero_after": "2d"}, 49, 10.0),
        ({"penalty_method": "zero", "grace": "1h"}, 2, 10.0),
        ({"percent": 10, "of": "maximum"}, 1, 0.4),
        ({"points": 3}, 1, 3.0),
        ({"points": 30}, 1, 10.0),
        ({}, 1000, None),
    ],
)
def test_what_lateness_costs(mini: Path, rule: dict[str, Any], hours: float, expected: float | None) -> None:
    config = Config({"LatePenalty": rule, "CourseDirectory": {"root": str(mini)}})
    plugin = LatePenalty(config=config)

    class Step:
        assignment_id, notebook_id, parent = CHAPTER, "1_mini", None

    plugin._name = lambda what: getattr(Step, what)  # type: ignore[method-assign]
    worth = plugin._find_points()
    found = plugin.late_submission_penalty("ada", 10.0, hours * 3600)
    assert found == (expected if rule.get("of") != "maximum" else pytest.approx(worth[0] / 10))


def write_rule(course: Path) -> None:
    (course / "nbgrader_config.json").write_text(json.dumps(RULE), encoding="utf-8")


def hand_in_at(course: Path, student: str, stamp: str) -> None:
    hand_in(course, CHAPTER, student, RIGHT)
    (course / "submitted" / student / CHAPTER / "timestamp.txt").write_text(stamp, encoding="utf-8")


def read_marks(course: Path) -> dict[str, tuple[float, float]]:
    """By student the penalty and what is left, from nbgrader's gradebook."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        found = {one.student.id: one for one in gradebook.assignment_submissions(CHAPTER)}
        lost = {name: one.late_submission_penalty for name, one in found.items()}
        return {name: (lost[name], round(one.score - lost[name], 6)) for name, one in found.items()}


def read_export(course: Path) -> dict[str, tuple[float, float]]:
    with export_marks(course).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["student_id"]: (float(row["late_submission_penalty"]), float(row["score"])) for row in rows}


@pytest.mark.parametrize(
    ("due", "by", "zone", "hours"),
    [
        (datetime(2026, 10, 24, 16), 86_400, "Europe/Berlin", 25),  # clocks are put back in the night
        (datetime(2026, 3, 28, 17), 86_400, "Europe/Berlin", 23),
        (datetime(2026, 3, 28, 17), 86_400, "", 24),  # as `24h` has it
        (datetime(2026, 11, 30, 17), 604_800, "America/New_York", 168),
    ],
)
def test_an_extension_by_days_keeps_the_time_of_day(due: datetime, by: float, zone: str, hours: int) -> None:
    assert Extension(CHAPTER, "ada", by=by, zone=zone).after(due) == timedelta(hours=hours)


@pytest.mark.usefixtures("quick")
def test_due_dates_extensions_and_penalties_agree_everywhere(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    write_rule(course)
    run: Callable[..., str] = lambda *words: (main(list(words)), capsys.readouterr().out)[1]  # noqa: E731
    assert "due Mon 30 Nov 2026, 18:00 CET (UTC+01:00), 15 min of grace." in run(
        "due", "1", "2026-11-30 18:00", "--zone", "Europe/Berlin", "--grace", "15m"
    )
    assert "zed: due Wed 2 Dec 2026, 18:00 CET (UTC+01:00). Nothing handed in yet" in run(
        "extend", "1", "zed", "ill", "2d", "--reason", "=ill"
    )
    for student, stamp in (
        ("grace", "2026-11-30 18:10:00 CET"),
        ("late", "2026-12-01 18:10:00 +0100"),
        ("zed", "2026-12-02 17:59:00 +0100"),
        ("odd", "2026-12-02 16:59:00 PST"),
    ):
        hand_in_at(course, student, stamp)
    run("grade", "1", "--feedback")
    assert read_marks(course) == {"grace": (0, 4), "late": (0.8, 3.2), "zed": (0, 4), "odd": (0, 4)}
    results = {
        one["student"]: one for one in json.loads((course / "reports" / f"{CHAPTER}.json").read_text())["students"]
    }
    assert (results["late"]["late"], results["late"]["penalty"]) == (24 * 3600 + 600, 0.8)
    assert any("when this was handed in isn't known" in note and "PST" in note for note in results["odd"]["notes"])
    page = (course / "reports" / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert "Handed in late: 2" in page
    assert "0.8 points were taken off" in (course / "feedback" / "late" / CHAPTER / "1_mini.html").read_text(
        encoding="utf-8"
    )
    # A due date that moves and an extension that ends take effect at once; stock nbgrader agrees.
    assert "Late penalties that changed: 3." in run("due", "1", "2026-11-28")
    assert read_marks(course)["zed"] == (0.8, 3.2)
    assert "Late penalties that changed: 1." in run("extend", "1", "zed", "2026-12-03")
    expected = read_marks(course)
    assert expected["zed"] == (0, 4)
    run_nbgrader(course, "autograde", CHAPTER, "--student", "zed", "--force")
    assert read_marks(course) == expected == read_export(course)
    said = run("late", "1")
    assert said.count("=ill") == 1  # zed's extension has been replaced by one without a reason
    assert {one.student: (one.submitted, one.forgiven) for one in list_late(course, CHAPTER)} == {
        "grace": (True, False),
        "ill": (False, False),
        "late": (True, False),
        "zed": (True, False),
    }
    assert "zed: no extension any more; due Sat 28 Nov 2026" in run("extend", "1", "zed", "none")
    assert read_marks(course)["zed"] == (1.2, 2.8)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert gradebook.find_submission(CHAPTER, "zed").extension is None
    run("due", "1", "none")
    assert read_marks(course)["late"] == (0, 4)


def test_a_rule_that_cannot_be_read_stops_before_anything_is_graded(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    bad = {**RULE, "LatePenalty": {"grace": "a while"}}
    (course / "nbgrader_config.json").write_text(json.dumps(bad), encoding="utf-8")
    hand_in(course, CHAPTER, "ada", RIGHT)
    assert main(["grade", "1"]) == 1
    assert (
        "LatePenalty cannot be used as it is configured: LatePenalty.grace: 'a while' isn't a duration"
        in capsys.readouterr().err
    )

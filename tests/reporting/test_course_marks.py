"""Marks for the course: the rules of `course.toml`, what they come to, and the gradebook that they are read from."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.errors import CourseError
from autograder.grading.coursewide import CourseMarks, course_marks
from autograder.grading.database import open_gradebook
from autograder.grading.weighing import MarkRules, combine, read_rules

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own statements

Shares = dict[str, float | None]
THREE = {"a": 1.0, "b": 1.0, "c": 2.0}


@pytest.mark.parametrize(
    ("rules", "weights", "shares", "percent", "dropped"),
    [
        (MarkRules(), {"a": 10, "b": 30}, {"a": 1, "b": 0.5}, 62.5, ""),
        (MarkRules(), {"a": 10, "b": 30}, {"a": 1, "b": None}, 100, ""),
        (MarkRules(), THREE, {"a": None, "b": None, "c": None}, None, ""),
        (MarkRules(drop=1), THREE, {"a": 1, "b": 0, "c": 0.5}, 100 * 2 / 3, "b"),
        # Of the two zeros the one with the greater weight costs more.
        (MarkRules(drop=1), THREE, {"a": 1, "b": 0, "c": 0}, 50, "c"),
        # Dropping the lowest share would leave 0.55; dropping the heavier one leaves 0.7.
        (MarkRules(drop=1), {"a": 1, "b": 1, "c": 8}, {"a": 1, "b": 0.4, "c": 0.5}, 70, "c"),
        # Whoever left one out has had their drop.
        (MarkRules(drop=1), THREE, {"a": 1, "b": 0.5, "c": None}, 75, ""),
        (MarkRules(drop=5), THREE, {"a": 0.2, "b": 0.5, "c": 0.4}, 50, "ac"),
        (MarkRules(bonus={"x": 5}), {"a": 1}, {"a": 0.9, "x": 1}, 95, ""),
        (MarkRules(bonus={"x": 5}), {"a": 1}, {"a": 0.9, "x": None}, 90, ""),
        (MarkRules(), {"a": 1}, {"a": 1.2}, 120, ""),
        (MarkRules(highest=100), {"a": 1}, {"a": 1.2}, 100, ""),
        (MarkRules(drop=1), {"a": 0, "b": 1}, {"a": 0, "b": 1}, 100, ""),
    ],
)
def test_the_rules_make_the_mark(
    rules: MarkRules, weights: dict[str, float], shares: Shares, percent: float | None, dropped: str
) -> None:
    found = combine(rules, weights, shares)
    assert found.percent == (None if percent is None else pytest.approx(percent))
    assert found.dropped == set(dropped)


def test_what_is_dropped_is_best_for_the_student() -> None:
    chance = Random(1)
    for _ in range(300):
        names = "abcdef"[: chance.randint(1, 6)]
        weights = {name: chance.choice([0.5, 1, 2, 3, 10]) for name in names}
        shares: Shares = {name: chance.choice([0, 0.25, 0.5, 1, 1.2]) for name in names}
        kept = max(1, len(names) - 2)
        best = max(
            sum(weights[name] * (shares[name] or 0) for name in some) / sum(weights[name] for name in some)
            for some in combinations(names, kept)
        )
        assert combine(MarkRules(drop=2), weights, shares).percent == pytest.approx(100 * best, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[marks]\ndrops = 1", "'drops' isn't a setting. There are: weights, missing, drop, bonus, highest"),
        ("[marks]\ndrop = 1.5", "drop is a whole number, not 1.5"),
        ("[marks]\ndrop = true", "drop is a number, 0 or more, not True"),
        ("[marks]\ndrop = -1", "drop is a number, 0 or more, not -1"),
        ("[marks]\nhighest = nan", "highest is a number"),
        ('[marks]\nmissing = "0"', 'missing is "leave out" or "zero", not \'0\''),
        ('[marks]\nweights = "most"', 'weights is "points", "equal" or a number for each chapter'),
        ("[marks.weights]\na = 0", "all weights are 0, so nothing counts"),
        ('[marks.weights]\na = "1"', "weights of a is a number"),
        ("[marks]\nbonus = 5", "bonus has a number for each chapter"),
        ("marks = 3", "is a section, not 3"),
        ("[marks", "course.toml cannot be read"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as error:
        read_rules(tmp_path)
    assert says in str(error.value)


def test_rules_name_chapters_that_are_there() -> None:
    assert MarkRules().weigh({"a": 8, "b": 10}) == {"a": 8, "b": 10}
    assert MarkRules("equal").weigh({"a": 8, "b": 10}) == {"a": 1, "b": 1}
    assert MarkRules({"a": 1, "b": 2}).weigh({"a": 8}, {"b"}) == {"a": 1}
    for rules, says in (
        (MarkRules({"a": 1, "c": 2}), "'c' isn't in this course. There are: a, b"),
        (MarkRules({"a": 1}), "weights has no number for b"),
        (MarkRules({"a": 1, "b": 1}, bonus={"b": 5}), "b is under weights and under bonus"),
    ):
        with pytest.raises(CourseError) as error:
            rules.weigh({"a": 8, "b": 10})
        assert says in str(error.value)


# --- the gradebook ------------------------------------------------------------------------------------

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fill(course: Path) -> None:
    """Two chapters of 4 points by checks and 2 by hand. `dee` handed in nothing, `eve` was to get more time."""
    with open_gradebook(course) as gradebook:
        for chapter in ("01_one", "02_two"):
            gradebook.add_assignment(chapter, duedate=DUE.replace(tzinfo=None))
            gradebook.add_notebook("n", chapter)
            for cell, most, kind in (("check", 4, "code"), ("why", 2, "markdown"), ("more", 0, "code")):
                gradebook.add_grade_cell(cell, "n", chapter, max_score=most, cell_type=kind)
        for name in ("ada", "bob", "cyn", "dee", "eve"):
            gradebook.add_student(name, first_name="Ada" if name == "ada" else None)
        give(gradebook, "01_one", "ada", 4, 2, extra=1.5)
        give(gradebook, "02_two", "ada", 3, 1, penalty=2.5)
        give(gradebook, "01_one", "bob", 2, None)
        give(gradebook, "01_one", "cyn", None, None)
        gradebook.add_submission("01_one", "eve", extension=timedelta(days=7))
        give(gradebook, "02_two", "eve", 4, 2)
    (course / "submitted" / "cyn" / "01_one").mkdir(parents=True)


def give(
    gradebook: Any,
    chapter: str,
    student: str,
    score: float | None,
    by_hand: float | None,
    extra: float = 0,
    penalty: float = 0,
) -> None:
    notebook = gradebook.add_submission(chapter, student).notebooks[0]
    notebook.late_submission_penalty = penalty or None
    for grade in notebook.grades:
        if grade.name == "check":
            grade.auto_score, grade.needs_manual_grade = score, score is None
        elif grade.name == "why":
            grade.manual_score, grade.needs_manual_grade = by_hand, by_hand is None
        else:
            grade.auto_score, grade.extra_credit = (None, None) if score is None else (0, extra)
            grade.needs_manual_grade = score is None
    gradebook.db.commit()


def look(marks: CourseMarks) -> dict[str, tuple[float | None, float | None]]:
    return {one.student: (one.percent, one.at_most) for one in marks.students}


def test_marks_are_those_of_the_gradebook(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no gradebook here"):
        course_marks(tmp_path)
    assert not list(tmp_path.iterdir()), "looking makes nothing"
    fill(tmp_path)
    marks = course_marks(tmp_path, DUE + timedelta(hours=1))
    assert marks.most == {"01_one": 6, "02_two": 6}
    assert marks.weights == {"01_one": 0.5, "02_two": 0.5}
    ada, bob, cyn, dee, _ = marks.students
    assert (ada.name, ada.chapters["01_one"].score, ada.chapters["02_two"].score) == ("Ada", 7.5, 1.5)
    assert (ada.chapters["02_two"].penalty, ada.percent, ada.at_most, ada.is_final) == (2.5, 75, 75, True)
    # A mark that waits for a person is neither 0 nor earned.
    one = bob.chapters["01_one"]
    assert (one.state, one.score, one.pending, bob.is_final) == ("pending", 2, 2, False)
    assert (bob.percent, bob.at_most) == (pytest.approx(100 / 3), pytest.approx(200 / 3))
    # Handed in and not graded: no 0, and everything is possible.
    assert (cyn.chapters["01_one"].state, cyn.percent, cyn.at_most) == ("not graded", None, 100)
    assert (dee.chapters["01_one"].state, dee.percent, dee.at_most) == ("missing", None, None)
    assert look(marks)["eve"] == (100, 100)


def test_zero_for_what_is_missing_is_the_instructors_decision(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "course.toml").write_text('[marks]\nmissing = "zero"\n', encoding="utf-8")
    early = look(course_marks(tmp_path, DUE - timedelta(hours=1)))
    assert (early["bob"][0], early["dee"]) == (pytest.approx(100 / 3), (None, None))
    late = look(course_marks(tmp_path, DUE + timedelta(hours=1)))
    assert (late["bob"][0], late["dee"]) == (pytest.approx(100 / 6), (0, 0))
    assert late["cyn"] == (0, 50), "what was handed in and not graded is not missing; the other chapter is"
    assert late["eve"] == (100, 100), "an extension is a row in the gradebook, not a submission, and it isn't over"
    assert look(course_marks(tmp_path, DUE + timedelta(days=8)))["eve"] == (50, 50)


@pytest.mark.usefixtures("quick")
def test_course_marks_and_the_dashboard_as_commands(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["report"]) == 1
    assert "No chapter has been graded yet" in capsys.readouterr().err
    wrong = "def relu(z):\n    return z.clamp(max=0)"
    hand_in(course, "01_mini", "ada", {"relu": wrong})
    hand_in(course, "01_mini", '=bo, "<b>"', {"relu": "def relu(z):\n    return z.clamp(min=0)", "why": "Because."})
    assert main(["grade", "1"]) == 0
    shutil.rmtree(course / "submitted" / "ada")
    hand_in(course, "01_mini", "ada", {"relu": f"{wrong}  # again"})
    assert main(["grade", "1"]) == 0
    capsys.readouterr()
    assert main(["marks"]) == 0
    table = capsys.readouterr().out
    assert '=bo, "<b>"' in table
    assert "up to" in table
    assert main(["report"]) == 0
    folder = course / "reports" / "dashboard"
    assert "Dashboard: reports/dashboard/index.html\n" in capsys.readouterr().out
    ada = (folder / "students" / "ada.html").read_text(encoding="utf-8")
    assert "../../../autograded/ada/01_mini/1_mini.ipynb" in ada
    assert "Other answers, same marks" in ada
    assert "the same message 2 times" in ada
    [bo] = [path for path in (folder / "students").iterdir() if path.name != "ada.html"]
    assert "&lt;b&gt;" in bo.read_text(encoding="utf-8")
    assert all('"<b>"' not in path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))
    assert main(["report"]) == 0
    assert sorted(path.name for path in (course / "reports").iterdir() if "dashboard" in path.name) == ["dashboard"]

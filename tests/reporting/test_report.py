"""The class report: its statistics against numbers worked out by hand, and its page for every kind of class."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.grading.results import ClassResult, ExerciseResult, ExerciseState, StudentResult, save_results
from autograder.reporting.findings import find_findings
from autograder.reporting.report import render_report, write_report
from autograder.reporting.statistics import (
    MEANINGS,
    SYMBOLS,
    chance,
    complete,
    compute_statistics,
    count_marks,
    count_mistakes,
    discrimination,
    facility,
    get_outcome,
)


def exercise(name: str, score: float | None, *mistakes: str, points: float = 2, state: str = "") -> ExerciseResult:
    found: ExerciseState = "right" if score == points else "partial" if score else "wrong"
    return ExerciseResult("1_first", name, points, score, state or found, list(mistakes))  # type: ignore[arg-type]


def graded(student: str, *exercises: ExerciseResult) -> StudentResult:
    return StudentResult(student, "graded", exercises=list(exercises))


def make_class(students: int, scores: tuple[float, ...]) -> ClassResult:
    exercises = [exercise(f"exercise-{place}", score) for place, score in enumerate(scores)]
    return ClassResult("01_demo", [graded(f"student{number:03}", *exercises) for number in range(students)])


def make_mixed_class(students: int, exercises: int) -> ClassResult:
    """Marks without a pattern, a mistake behind each lost point, and a student without a grade among each ten."""
    found = []
    for number in range(students):
        name = f"student{number:03}"
        if number % 10 == 3:
            found.append(StudentResult(name, "not graded", f"the kernel of {name} ended"))
        elif number % 10 == 7:
            found.append(StudentResult(name, "nothing handed in"))
        else:
            scores = [(number * 7 + place * 5 + number * place) % 3 for place in range(exercises)]
            marks = [exercise(f"e{place}", s, *["too few"] * (s < 2)) for place, s in enumerate(scores)]
            found.append(graded(name, *marks))
    return ClassResult("01_demo", found)


CLASSES = {
    "empty": ClassResult("01_demo", []),
    "one student": make_class(1, (2, 0, 1)),
    "nobody graded": ClassResult(
        "01_demo", [StudentResult("ada", "not graded", "no notebook"), StudentResult("bob", "nothing handed in")]
    ),
    "all perfect": make_class(5, (2, 2, 2)),
    "all zero": make_class(5, (0, 0, 0)),
    "no exercises": make_class(3, ()),
    "by hand only": ClassResult("01_demo", [graded("ada", exercise("why", None, state="by hand"))]),
    "mixed": make_mixed_class(26, 12),
}


# --- statistics --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "points", "expected"),
    [([2, 1, 0, 0], 2, 0.375), ([2, 2], 2, 1), ([0, 0], 2, 0), ([], 2, None), ([0], 0, None)],
)
def test_facility(scores: list[float], points: float, expected: float | None) -> None:
    assert facility(scores, points) == expected


@pytest.mark.parametrize(
    ("scores", "rest", "expected"),
    [
        # Deviations −1, 0, 1 and −2, 1, 1: the sum of products is 3, of squares 2 and 6, so 3 / √12.
        ([0, 1, 2], [1, 4, 4], 3 / 12**0.5),
        ([0, 1, 2], [5, 4, 3], -1),
        ([0, 0, 2, 2], [1, 3, 1, 3], 0),
        ([1, 1, 1], [1, 2, 3], None),
        ([1, 2, 3], [4, 4, 4], None),
        ([1, 2, 3], [0.3, 0.1 + 0.2, 0.3], None),
        ([0, 2], [1, 3], None),
        ([], [], None),
    ],
)
def test_discrimination(scores: list[float], rest: list[float], expected: float | None) -> None:
    found = discrimination(scores, rest)
    assert found == (None if expected is None else pytest.approx(expected))


def test_discrimination_leaves_the_exercise_out_of_the_total() -> None:
    students = [
        graded("ada", exercise("a", 0), exercise("b", 1)),
        graded("bob", exercise("a", 1), exercise("b", 2)),
        graded("cem", exercise("a", 2), exercise("b", 0)),
    ]
    # Deviations −1, 0, 1 and 0, 1, −1: the sum of products is −1, of squares 2 and 2.
    assert [found.discrimination for found in compute_statistics(students)] == [pytest.approx(-0.5)] * 2


@pytest.mark.parametrize(("students", "expected"), [(101, 0.2), (26, 0.4), (5, 1), (2, 1), (1, 1), (0, 1)])
def test_chance(students: int, expected: float) -> None:
    assert chance(students) == pytest.approx(expected)


def test_statistics_count_the_states() -> None:
    states = [
        exercise("a", 2),
        exercise("a", 1),
        exercise("a", 0),
        exercise("a", 0, state="not attempted"),
        exercise("a", 0, state="stopped"),
    ]
    [found] = compute_statistics([graded(f"s{place}", state) for place, state in enumerate(states)])
    assert found.counts == {"right": 1, "partial": 1, "wrong": 1, "not attempted": 1, "stopped": 1}
    assert found.attempted == 4
    assert found.facility == pytest.approx(0.3)  # 3 of 10 points


def test_an_answer_that_waits_for_a_person_is_left_out() -> None:
    students = [
        graded("ada", exercise("a", 2), exercise("why", None, state="by hand")),
        graded("bob", exercise("a", 0), exercise("why", 1, state="by hand")),
    ]
    a, why = compute_statistics(students)
    assert (a.by_hand, a.facility) == (False, 0.5)
    assert (why.by_hand, why.facility, why.counts["to grade"], why.counts["partial"]) == (True, 0.5, 1, 1)
    left_out = graded("cyd", exercise("a", 2), exercise("why", 0, state="not attempted"))
    assert compute_statistics([students[0], left_out])[1].facility is None  # nobody's answer is marked yet


@pytest.mark.parametrize(
    ("score", "outcome"), [(None, "to grade"), (0, "wrong"), (0.5, "partial"), (2, "right"), (2.5, "right")]
)
def test_outcome_of_what_is_graded_by_hand(score: float | None, outcome: str) -> None:
    assert get_outcome(exercise("why", score, state="by hand")) == outcome


def test_a_missing_notebook_is_not_attempted() -> None:
    second = ExerciseResult("2_second", "b", 3, 3, "right")
    result = ClassResult("01_demo", [graded("ada", second), graded("bob", exercise("a", 2), second)])
    ada, bob = complete(result)
    assert [(one.exercise, one.score, one.state) for one in ada.exercises] == [
        ("a", 0, "not attempted"),
        ("b", 3, "right"),
    ]
    assert bob == result.students[1]


def test_mistakes_are_counted_by_student() -> None:
    students = [
        graded("ada", exercise("a", 0, "wrong dim", "wrong dim"), exercise("b", 0, "wrong dim")),
        graded("bob", exercise("a", 0, "no minus"), exercise("b", 2)),
        graded("cem", exercise("a", 1, "wrong dim"), exercise("b", 0, state="not attempted")),
    ]
    found = [(one.exercise, one.message, one.students, one.share) for one in count_mistakes(students)]
    assert found == [
        ("a", "wrong dim", ["ada", "cem"], pytest.approx(2 / 3)),
        ("b", "wrong dim", ["ada"], 0.5),
        ("a", "no minus", ["bob"], pytest.approx(1 / 3)),
    ]


@pytest.mark.parametrize(
    ("marks", "highest", "expected"),
    [
        ([], 3, []),
        ([0, 0], 0, []),
        ([0, 1.5, 3, 3], 3, [("0", 1), ("1", 1), ("2", 0), ("3", 2)]),
        ([27, 25, 24, 0], 27, [("0", 1), *[(f"{n}–{n + 2}", n == 22) for n in range(1, 25, 3)], ("25–27", 2)]),
    ],
)
def test_ranges_of_marks(marks: list[float], highest: float, expected: list[tuple[str, int]]) -> None:
    assert count_marks(marks, highest) == expected


@pytest.mark.parametrize("highest", [1, 12, 13, 14, 26.5, 100, 999])
def test_ranges_of_marks_hold_every_mark(highest: float) -> None:
    ranges = count_marks([0, highest / 3, highest], highest)
    assert sum(count for _, count in ranges) == 3
    assert len(ranges) <= 13


# --- what stands out ---------------------------------------------------------------------------------


def findings(result: ClassResult) -> list[str]:
    students = complete(result)
    return [str(one) for one in find_findings(compute_statistics(students), count_mistakes(students), len(students))]


def test_findings_name_the_exercises() -> None:
    # "odd" is solved by those who solve nothing else; "hard" by two of twelve.
    students = [
        graded(
            f"s{number}",
            exercise("hard", 2 * (number > 9), *["too few"] * (number <= 9)),
            exercise("fair", 2 * (number > 5)),
            exercise("odd", 2 * (number < 4)),
        )
        for number in range(12)
    ]
    hardest, mistake, negative = findings(ClassResult("01_demo", students))[:3]
    assert hardest.startswith("Hardest was <b>hard</b>: students earned 17% of its points on average, and 2 of 12")
    assert mistake == "The most frequent mistake was made in <b>hard</b>, by 10 of the 12 who attempted it: “too few”"
    assert negative.startswith("In <b>odd</b>, students who did well elsewhere")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("nobody graded", "There are no marks"),
        ("by hand only", "There are no marks"),
        ("all perfect", "Every graded student earned all points"),
        ("all zero", "No graded student earned a point"),
    ],
)
def test_findings_of_special_classes(name: str, start: str) -> None:
    assert findings(CLASSES[name])[0].startswith(start)


# --- the page ----------------------------------------------------------------------------------------


@cache
def render(name: str) -> str:
    return render_report(CLASSES[name])


@pytest.mark.parametrize("name", CLASSES)
def test_every_student_has_a_grade_or_a_reason(name: str) -> None:
    result = CLASSES[name]
    page = render(name)
    table = page[page.index('<section id="students">') :]
    for student in result.students:
        [row] = [row for row in table.split("<tr") if f'<th scope="row">{student.student}</th>' in row]
        if student.state == "graded":
            points = sum(one.score or 0 for one in student.exercises if one.state != "by hand")
            assert f'<td class="number">{points:g}</td>' in row
        else:
            assert student.state.upper() in row
            assert student.reason in row
            assert student.student in page[: page.index('<section id="findings">')]


@pytest.mark.parametrize("name", CLASSES)
def test_page_needs_nothing_else(name: str) -> None:
    page = render(name)
    assert "<script" not in page
    assert not re.search(r"https?://|url\(|@import|<link|<iframe", page)
    assert all(address.startswith("#") for address in re.findall(r'(?:src|href)="([^"]*)', page))


@pytest.mark.parametrize("name", CLASSES)
def test_page_is_accessible(name: str) -> None:
    page = render(name)
    assert '<html lang="en">' in page
    assert all("scope=" in header for header in re.findall(r"<th\b[^>]*>", page))
    assert "<img" not in page
    assert all(re.search(r'role="img".*aria-label="[^"]{20,}"', image) for image in re.findall(r"<svg[^>]*>", page))


def test_text_from_outside_is_escaped() -> None:
    evil = "<script>alert('x')</script>&\"$x$"
    mark = ExerciseResult(evil, evil, 2, 0, "wrong", [evil])
    result = ClassResult(
        evil,
        [
            StudentResult(f"{evil}1", "graded", "", [evil], [mark]),
            StudentResult(f"{evil}2", "not graded", evil),
            StudentResult(f"{evil}3", "nothing handed in"),
        ],
    )
    page = render_report(result)
    assert "<script" not in page
    assert "alert(&#39;x&#39;)" in page
    assert page.count(escape("<script>")) > 10


def test_long_text_is_cut() -> None:
    result = ClassResult("01_demo", [graded("ada", exercise("a", 0, "w" * 100_000))])
    page = render_report(result)
    assert "w" * 401 not in page
    assert "w" * 300 in page


def test_rare_mistakes_are_counted_where_they_are_not_listed() -> None:
    students = [graded(f"s{number}", exercise("a", 0, f"mistake {number}")) for number in range(28)]
    assert "3 rarer mistakes are not listed." in render_report(ClassResult("01_demo", students))


def test_extra_points_are_apart() -> None:
    """An exercise is compared with the core: with `more` in the totals, `a` would seem to go with it."""
    scores = {"ada": (0, 1, 2), "bob": (1, 0, 1), "cyn": (2, 0, 0)}
    students = [
        graded(name, exercise("a", a), exercise("b", b), replace(exercise("more", more), extra=True))
        for name, (a, b, more) in scores.items()
    ]
    found = {one.exercise: one for one in compute_statistics(complete(ClassResult("01_mini", students)))}
    assert found["a"].discrimination == pytest.approx(discrimination([0, 1, 2], [1, 0, 0]))
    assert found["more"].discrimination == pytest.approx(discrimination([2, 1, 0], [1, 1, 2]))
    page = render_report(ClassResult("01_mini", students))
    assert "median of the marks</dt><dd>1 <small>of 4</small>" in page
    assert "Extra (2 at most)" in page
    assert "Together (of 4)" in page
    assert "Hardest was <b>b</b>" in page, "what is extra may be left out"


def test_points_to_be_given_by_hand() -> None:
    students = [
        graded("ada", exercise("a", 2), exercise("why", None, points=3, state="by hand")),
        graded("bob", exercise("a", 1), exercise("why", 2, points=3, state="by hand")),
    ]
    page = re.sub(r"<[^>]+>", " ", render_report(ClassResult("01_demo", students)))
    assert re.search(r"points still to be graded by hand\s+3\s+in 1 answer\b", page)
    assert re.search(r"ada\s+2\s+0\s+3 to grade\s+2\s+so far", page)
    assert re.search(r"bob\s+1\s+2\s+3\s", page)


def test_large_class_stays_small_and_quick() -> None:
    started = time.monotonic()
    page = render_report(make_mixed_class(300, 25))
    assert time.monotonic() - started < 20  # about 2 s; the rest is for a busy machine
    assert len(page.encode()) < 3_000_000


def test_same_class_gives_same_page() -> None:
    assert render_report(CLASSES["mixed"]) == render("mixed")


def test_write_report(tmp_path: Path) -> None:
    save_results(CLASSES["mixed"], tmp_path)
    path = write_report(tmp_path, "01_demo")
    assert path == tmp_path / "reports" / "01_demo.html"
    assert path.read_text(encoding="utf-8") == render("mixed")


def test_write_report_without_results(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="not been graded yet"):
        write_report(tmp_path, "01_demo")


def test_every_outcome_has_a_symbol_of_its_own() -> None:
    assert SYMBOLS.keys() == MEANINGS.keys()
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)

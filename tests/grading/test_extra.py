"""Extra points: an exercise that counts nothing in the maximum, from the authored text to the gradebook, the report and the page."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade
from sampling import NIGHTLY, at_night

from autograder.authoring.accuracy import hand_in, measure_accuracy
from autograder.authoring.build import stage_chapter
from autograder.authoring.tryout import try_chapter
from autograder.checks import Check
from autograder.checks.mistakes import write_mistakes
from autograder.cli import main
from autograder.engine.scores import get_extra, get_points, score_outputs
from autograder.grading.collecting import collect_results
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import export_marks, generate_feedback, grade_class
from autograder.grading.results import ExerciseResult
from autograder.reporting.report import write_report

CHAPTER, NAME, OTHER = "01_mini", "1_more", "2_mini"
FULL = "def norm(z):\n    return torch.linalg.vector_norm(z)"
PARTIAL = "def norm(z):\n    return (z * z).mean().sqrt() * len(z) ** 0.5"
WRONG = "def norm(z):\n    return z.sum() + 1"
CORE = {"twice": "def twice(z):\n    return z + z"}


@pytest.fixture(scope="module")
def built(make_course: Callable[..., Path], mini_texts: dict[str, str]) -> Path:
    """A chapter of two notebooks, of which the first has two extra exercises: 3 points by a check, 2 by a person."""
    fixtures = Path(__file__).parents[1] / "fixtures"
    texts = {f"1_{name}": (fixtures / f"{name}.md").read_text(encoding="utf-8") for name in ("more", "more.answers")}
    texts |= {name.replace("1_", "2_"): text for name, text in mini_texts.items()}
    course = make_course(texts)
    with TemporaryDirectory() as stage:
        stage_chapter(course, CHAPTER, Path(stage))
        for kind in ("source", "release"):
            shutil.copytree(Path(stage) / kind, course / kind)
    return course


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(built, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def hand_in_again(course: Path, student: str, answers: dict[str, str], *notebooks: str) -> None:
    shutil.rmtree(course / "submitted" / student / CHAPTER, ignore_errors=True)
    hand_in(course, CHAPTER, student, answers, notebooks or None)


def grade_of(
    course: Path, student: str, cell: str = "norm-check"
) -> tuple[float | None, float | None, float | None, bool]:
    """What nbgrader stores: the automatic score, the one by hand, extra credit, and whether a person is asked."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, NAME, CHAPTER, student)
        return grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade


def type_in(course: Path, student: str, cell: str, manual: float | None, extra: float | None) -> None:
    """What formgrader's handler does when somebody leaves a field of a mark."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, NAME, CHAPTER, student)
        grade.manual_score, grade.extra_credit = manual, extra
        grade.needs_manual_grade = grade.manual_score is None and grade.auto_score is None
        gradebook.db.commit()


def totals(course: Path, student: str) -> tuple[float, float]:
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        submission = gradebook.find_submission(CHAPTER, student)
        return submission.score, submission.max_score


def find_cells(notebook: Path) -> dict[str, Any]:
    cells = nbformat.read(notebook, as_version=4).cells
    return {cell.metadata.nbgrader.grade_id: cell for cell in cells if "nbgrader" in cell.metadata}


def exercises(course: Path, student: str) -> dict[str, ExerciseResult]:
    [found] = [one for one in collect_results(course, CHAPTER).students if one.student == student]
    return {one.exercise: one for one in found.exercises}


# --- the authored text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["source", "release"])
def test_a_chapter_counts_extra_points_nowhere_in_nbgraders_part(built: Path, kind: str) -> None:
    cells = find_cells(built / kind / CHAPTER / f"{NAME}.ipynb")
    assert {
        name: one.metadata.nbgrader.get("points") for name, one in cells.items() if one.metadata.nbgrader.grade
    } == {
        "twice-check": 2,
        "norm-check": 0,
        "root": 0,
    }
    extra = {name: (get_extra(one), get_points(one)) for name, one in cells.items() if one.metadata.nbgrader.grade}
    assert extra == {"twice-check": (0, 2), "norm-check": (3, 3), "root": (2, 2)}
    assert [name for name, one in cells.items() if "autograded" in one.metadata] == ["norm-check", "root"]


def test_the_check_in_the_notebook_says_that_its_points_are_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mistakes.json").write_text(write_mistakes({"norm": [], "twice": []}, extra=["norm"]))
    monkeypatch.chdir(tmp_path)
    shown = []
    for name in ("norm", "twice"):
        check = Check(name, parts={"a": 1, "b": 2})
        check("1 + 1", part="a", gives=2)
        check("1 + 1", part="b", gives=3)
        shown.append(repr(check.report()))
    said = capsys.readouterr().out
    assert "✗ norm: 1 of 3 extra points." in said
    assert "✗ twice: 1 of 3 points." in said
    assert shown == ["1 extra", "1"]


def test_a_number_with_the_word_is_a_score() -> None:
    def output(text: str) -> list[Any]:
        return [{"output_type": "execute_result", "data": {"text/plain": text}}]

    assert [score_outputs(output(text), 3) for text in ("2 extra", "2", "9 extra", "-1 extra", "'0 extra'")] == [
        2,
        2,
        3,
        0,
        3,
    ]


def test_course_try_says_extra(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_chapter(built, CHAPTER, "norm") == 0
    assert "norm (3 extra points): 2 wrong, 1 right" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_accuracy_knows_full_marks_of_an_extra_exercise(built: Path) -> None:
    found = {one.exercise: one for one in measure_accuracy(built, CHAPTER)}
    assert (found["norm"].wrong, found["norm"].right, found["norm"].good) == (2, 2, True)


# --- graded -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_what_is_earned_is_extra_credit_and_the_maximum_is_the_core(course: Path) -> None:
    hand_in(course, CHAPTER, "full", {**CORE, "norm": FULL, "root": "It scales."})
    hand_in(course, CHAPTER, "part", {"norm": PARTIAL})
    hand_in(course, CHAPTER, "none", {**CORE, "norm": WRONG})
    hand_in(course, CHAPTER, "blank", {})
    grading = grade_class(course, CHAPTER)
    assert (grading.warnings, grading.changes) == ([], [])
    assert {name: totals(course, name) for name in ("full", "part", "none", "blank")} == {
        "full": (5, 8),
        "part": (2, 8),
        "none": (2, 8),
        "blank": (0, 8),
    }
    assert grade_of(course, "full") == (0, None, 3, False)
    assert grade_of(course, "part") == (0, None, 2, False)
    assert grade_of(course, "none") == (0, None, None, False)
    assert grade_of(course, "full", "twice-check") == (2, None, None, False)
    assert grade_of(course, "full", "root") == (0, None, None, True), "a person is asked"
    assert grade_of(course, "blank", "root") == (0, None, None, False)
    assert grade_class(course, CHAPTER, again=True).changes == []
    assert grade_of(course, "full") == (0, None, 3, False), "not summed up"


@pytest.mark.usefixtures("quick")
def test_results_report_page_and_table_keep_the_extra_apart(course: Path) -> None:
    hand_in(course, CHAPTER, "full", {**CORE, "norm": FULL, "root": "It scales."})
    hand_in(course, CHAPTER, "part", {**CORE, "norm": PARTIAL})
    hand_in(course, CHAPTER, "blank", {})
    result = grade_class(course, CHAPTER).result
    assert result.points == 6, "without what persons grade and what is extra"
    found = exercises(course, "full")
    assert (found["norm"].score, found["norm"].points, found["norm"].state, found["norm"].extra) == (
        3,
        3,
        "right",
        True,
    )
    assert (found["root"].score, found["root"].points, found["root"].state) == (None, 2, "by hand")
    assert exercises(course, "part")["norm"].state == "partial"
    assert {name: one.state for name, one in exercises(course, "blank").items() if one.extra} == {
        "norm": "not attempted",
        "root": "not attempted",
    }
    type_in(course, "full", "root", None, 2)
    assert (exercises(course, "full")["root"].score, totals(course, "full")) == (2, (7, 8))
    assert main(["report", "1"]) == 0

    generate_feedback(course, CHAPTER)
    page = (course / "feedback" / "part" / CHAPTER / f"{NAME}.html").read_text(encoding="utf-8")
    assert page.count("partly right · 2 of 3 extra points") == 2, "in the list above and at the exercise"
    assert ">2 of 2 points, and 2 extra<" in page

    text = write_report(course, CHAPTER).read_text(encoding="utf-8")
    assert "Extra (5 at most)" in text
    assert "Together (of 8)" in text
    assert "norm</code> (extra)" in text
    row = text.split('<th scope="row">full</th>')[1].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in row.split('<td class="number">')[1:]] == ["2", "0", "5", "7"]

    rows = {row["student_id"]: row for row in csv.DictReader(export_marks(course).open())}
    columns = ("raw_score", "score", "max_score", "extra_credit")
    assert {name: tuple(float(row[column]) for column in columns) for name, row in rows.items()} == {
        "full": (7, 7, 8, 5),
        "part": (4, 4, 8, 2),
        "blank": (0, 0, 8, 0),
    }


def grade_by_course(course: Path) -> None:
    grade_class(course, CHAPTER)


def grade_by_nbgrader(course: Path) -> None:
    run_nbgrader(course, "autograde", CHAPTER, "--force")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("grade", [grade_by_course, grade_by_nbgrader])
def test_a_resubmission_replaces_extra_credit(course: Path, grade: Callable[[Path], None]) -> None:
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    found = []
    for answer in (PARTIAL, FULL, WRONG, FULL, PARTIAL):
        hand_in_again(course, "one", {"norm": answer})
        grade(course)
        found.append(grade_of(course, "one"))
    assert found == [(0, None, extra, False) for extra in (2, 3, None, 3, 2)]
    hand_in_again(course, "one", CORE, OTHER)
    grade(course)
    assert totals(course, "one") == (0, 8), "the notebook is not there any more"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("grade", [grade_by_course, at_night(grade_by_nbgrader)])
def test_what_a_person_gives_for_an_extra_exercise_stands_for_that_answer(
    course: Path, grade: Callable[[Path], None]
) -> None:
    answers = {**CORE, "norm": PARTIAL, "root": "It scales."}
    hand_in(course, CHAPTER, "one", answers)
    grade_by_course(course)
    type_in(course, "one", "norm-check", None, 2.5)
    type_in(course, "one", "root", None, 1.5)
    type_in(course, "one", "twice-check", None, 0.5)  # an ordinary exercise
    assert totals(course, "one") == (6.5, 8)
    hand_in_again(course, "one", {**answers, "relu": "def relu(z):\n    return z"})
    grade(course)
    assert grade_of(course, "one") == (0, None, 2.5, False)
    assert grade_of(course, "one", "root") == (0, None, 1.5, False)
    assert grade_of(course, "one", "twice-check") == (2, None, 0.5, False)

    hand_in_again(course, "one", {"twice": "def twice(z):\n    return 2 * z", "norm": FULL, "root": "It grows with z."})
    grade(course)
    assert grade_of(course, "one") == (0, None, 3, True), "another answer: a person is asked"
    assert grade_of(course, "one", "root") == (0, None, None, True)
    assert grade_of(course, "one", "twice-check") == (2, None, None, False)


@pytest.mark.usefixtures("quick")
def test_no_credit_by_hand_stands_and_an_emptied_field_is_filled_again(course: Path) -> None:
    hand_in(course, CHAPTER, "one", {"norm": FULL})
    hand_in(course, CHAPTER, "two", {"norm": FULL})
    grade_by_course(course)
    type_in(course, "one", "norm-check", 0, 0)
    type_in(course, "two", "norm-check", None, None)
    grade_class(course, CHAPTER, again=True)
    assert grade_of(course, "one") == (0, 0, 0, False)
    assert grade_of(course, "two") == (0, None, 3, False)


@pytest.mark.usefixtures("quick")
def test_where_nothing_is_known_of_the_last_grading_a_person_is_asked(course: Path) -> None:
    hand_in(course, CHAPTER, "one", {"norm": PARTIAL})
    hand_in(course, CHAPTER, "two", {"norm": PARTIAL})
    grade_by_course(course)
    type_in(course, "one", "norm-check", None, 1)
    (course / "reports" / f"{CHAPTER}.journal").unlink()
    shutil.rmtree(course / "autograded")
    grade_by_course(course)
    assert grade_of(course, "one") == (0, None, 1, True)
    assert grade_of(course, "two") == (0, None, 2, False)


@pytest.mark.usefixtures("quick")
def test_a_failed_run_takes_back_what_the_last_one_gave_and_nothing_else(course: Path) -> None:
    for name in ("one", "two"):
        hand_in(course, CHAPTER, name, {"norm": FULL})
    grade_by_course(course)
    type_in(course, "two", "norm-check", None, 1)
    for name in ("one", "two"):
        (course / "submitted" / name / CHAPTER / f"{NAME}.ipynb").write_text("no notebook")
    grade_by_course(course)
    assert grade_of(course, "one") == (None, None, None, True)
    assert grade_of(course, "two") == (0, None, 1, True)
    assert (totals(course, "one"), totals(course, "two")) == ((0, 8), (1, 8))


@pytest.mark.usefixtures("quick")
def test_an_exercise_becomes_extra_and_core_again(course: Path) -> None:
    hand_in(course, CHAPTER, "one", {**CORE, "norm": PARTIAL})
    grade_by_course(course)
    path = course / "source" / CHAPTER / f"{NAME}.ipynb"
    stored = path.read_text(encoding="utf-8")

    notebook = json.loads(stored)
    [cell] = [one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == "norm-check"]
    cell["metadata"]["nbgrader"]["points"] = cell["metadata"].pop("autograded")["extra"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert main(["grade", "1"]) == 1, "the gradebook has other points"
    assert grade_class(course, CHAPTER, update=True).changes == []
    assert grade_of(course, "one") == (2, None, None, False)
    assert totals(course, "one") == (4, 11)

    path.write_text(stored, encoding="utf-8")
    assert grade_class(course, CHAPTER, update=True).changes == []
    assert grade_of(course, "one") == (0, None, 2, False)
    assert totals(course, "one") == (4, 8)


PENALTY = """
from nbgrader.plugins import BasePlugin
class Half(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2
"""


@pytest.mark.usefixtures("quick")
def test_a_late_penalty_is_of_all_that_was_earned(course: Path) -> None:
    (course / "half.py").write_text(PENALTY)
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write("\nc.AssignLatePenalties.plugin_class = 'half.Half'\n")
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment(CHAPTER, duedate="2026-01-10 12:00 UTC")
    hand_in(course, CHAPTER, "one", {**CORE, "norm": FULL})
    (course / "submitted" / "one" / CHAPTER / "timestamp.txt").write_text("2026-01-10 14:00 UTC")
    grade_by_course(course)
    [row] = csv.DictReader(export_marks(course).open())
    assert (float(row["raw_score"]), float(row["late_submission_penalty"]), float(row["score"])) == (5, 2.5, 2.5)


def test_a_submission_cannot_raise_its_extra_points(course: Path) -> None:
    hand_in(course, CHAPTER, "one", {"norm": "def norm(z):\n    return z"})
    path = course / "submitted" / "one" / CHAPTER / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"extra": 3', '"extra": 300'), encoding="utf-8")
    hand_in(course, CHAPTER, "two", {"norm": "raise SystemExit"})
    grade_class(course, CHAPTER, jobs=1)
    assert grade_of(course, "one") == (0, None, None, False)
    assert grade_of(course, "two") == (0, None, None, False)


# --- nbgrader without this course's steps -------------------------------------------------------------------------


@pytest.mark.parametrize("earned", [3, 0])
def test_stock_nbgrader_takes_the_result_for_no_number(earned: float) -> None:
    """A number above the points of a cell, which are 0 here, would cost the whole submission."""
    cell = nbformat.v4.new_code_cell(
        outputs=[nbformat.v4.new_output("execute_result", {"text/plain": f"{earned} extra"})]
    )
    cell.metadata["nbgrader"] = nbformat.from_dict({"grade": True, "solution": False, "points": 0})
    assert determine_grade(cell) == (0, 0)


@NIGHTLY
def test_stock_nbgrader_takes_the_cell_for_one_without_points(course: Path) -> None:
    config = course / "nbgrader_config.py"
    text = config.read_text(encoding="utf-8")
    hand_in(course, CHAPTER, "one", {**CORE, "norm": FULL, "root": "It scales."})
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    lines = [line for line in text.splitlines() if line.startswith(("from nbgrader", "c = ", "c.CourseDirectory"))]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_nbgrader(course, "autograde", CHAPTER)
    assert grade_of(course, "one") == (0, None, None, False)
    assert grade_of(course, "one", "twice-check") == (2, None, None, False)
    assert totals(course, "one") == (2, 8)
    config.write_text(text, encoding="utf-8")
    grade_class(course, CHAPTER, jobs=1)
    assert grade_of(course, "one") == (0, None, 3, False)

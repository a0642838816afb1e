"""A small course is released, handed in by careful and careless students, and graded: through nbgrader, with a real gradebook."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from warm import share_warm_process

from autograder.authoring import build
from autograder.authoring.accuracy import hand_in, measure_accuracy, summarise
from autograder.authoring.build import stage_chapter
from autograder.cli import main
from autograder.demo import sample as demo
from autograder.demo.sample import CARELESS, draw_class, run_demo
from autograder.engine.runner import Engine
from autograder.grading.collecting import collect_results
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import export_marks, generate_feedback, grade_class
from autograder.grading.history import read_history
from autograder.grading.results import ClassResult, StudentResult
from autograder.grading.submissions import fill_in

ROOT = Path(__file__).parents[2]
CHAPTER = "01_mini"
RIGHT = "def relu(z):\n    return z.clamp(min=0)"
KEEPS_NEGATIVE = "def relu(z):\n    return z.clamp(max=0)"


@pytest.fixture
def built(mini: Path) -> Path:
    """The small course, built."""
    return mini


def build_without_solutions(course: Path) -> None:
    with TemporaryDirectory() as stage:
        stage_chapter(course, CHAPTER, Path(stage))
        for kind in ("source", "release"):
            shutil.copytree(Path(stage) / kind, course / kind, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def graded(mini: Path, warm: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClassResult]:
    """The course with what one class handed in, graded."""
    course = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(mini, course)
    hand_in(course, CHAPTER, "right", {"relu": RIGHT, "shape": "shape = (2, 5)", "why": "Because."})
    hand_in(course, CHAPTER, "wrong", {"relu": KEEPS_NEGATIVE, "shape": "shape = (5, 2)"})
    hand_in(course, CHAPTER, "untouched", {})
    hand_in(course, CHAPTER, "stops", {"relu": "def relu(z)\n    return z", "shape": "shape = (2, 5)"})
    hand_in(
        course,
        CHAPTER,
        "warns",
        {"relu": f"import warnings\nwarnings.warn('old')\n{RIGHT.replace('return', 'warnings.warn(chr(33)); return')}"},
    )
    hand_in(course, CHAPTER, "leaves", {"relu": "import os\nos._exit(1)", "shape": "shape = (2, 5)", "why": "Because."})
    (course / "submitted" / "wrong-name" / CHAPTER).mkdir(parents=True)
    (course / "submitted" / "wrong-name" / CHAPTER / "homework.txt").write_text("relu")
    folder = course / "submitted" / "links" / CHAPTER
    folder.mkdir(parents=True)
    (folder / "1_mini.ipynb").symlink_to(course / "submitted" / "right" / CHAPTER / "1_mini.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        share_warm_process(warm.start(), patch.setattr)
        return course, grade_class(course, CHAPTER).result


def student(result: ClassResult, name: str) -> StudentResult:
    return next(one for one in result.students if one.student == name)


def states(result: StudentResult) -> dict[str, tuple[float | None, str]]:
    return {one.exercise: (one.score, one.state) for one in result.exercises}


def test_every_student_has_a_grade_or_a_reason(graded: tuple[Path, ClassResult]) -> None:
    _, result = graded
    for one in result.students:
        assert (one.state == "graded" and one.score is not None) or one.reason


def test_right_answers_get_full_marks_and_wait_for_the_written_one(graded: tuple[Path, ClassResult]) -> None:
    assert states(student(graded[1], "right")) == {
        "relu": (3, "right"),
        "shape": (1, "right"),
        "why": (None, "by hand"),
    }


def test_wrong_answers_get_their_own_message(graded: tuple[Path, ClassResult]) -> None:
    found = student(graded[1], "wrong")
    assert states(found)["relu"] == (1, "partial")
    assert found.exercises[0].mistakes == ["relu keeps what is positive; this keeps what is negative."]
    assert found.exercises[1].mistakes == ["Nothing is transposed: relu works element by element."]


def test_an_untouched_release_scores_nothing(graded: tuple[Path, ClassResult]) -> None:
    found = student(graded[1], "untouched")
    assert found.score == 0
    assert states(found)["relu"] == (0, "not attempted")


def test_an_answer_that_stops_costs_its_own_exercise(graded: tuple[Path, ClassResult]) -> None:
    found = student(graded[1], "stops")
    assert states(found)["relu"] == (0, "stopped")
    assert found.exercises[0].mistakes[0].startswith("The cell of the answer stops with SyntaxError")
    assert states(found)["shape"] == (1, "right")


def test_an_answer_that_ends_the_process_costs_its_own_exercise(graded: tuple[Path, ClassResult]) -> None:
    found = student(graded[1], "leaves")
    assert states(found) == {"relu": (0, "stopped"), "shape": (1, "right"), "why": (None, "by hand")}
    assert found.exercises[0].mistakes == ["The cell of the answer ended its own process."]


def test_a_warning_costs_nothing(graded: tuple[Path, ClassResult]) -> None:
    assert states(student(graded[1], "warns"))["relu"] == (3, "right")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("wrong-name", "None of the notebooks was handed in; the folder holds homework.txt."),
        ("links", "1_mini.ipynb is a link or isn't a regular file."),
    ],
)
def test_what_cannot_be_graded_has_a_reason(graded: tuple[Path, ClassResult], name: str, reason: str) -> None:
    found = student(graded[1], name)
    assert (found.state, found.reason, found.score) == ("not graded", reason, None)


def test_feedback_and_marks(graded: tuple[Path, ClassResult]) -> None:
    course, _ = graded
    generate_feedback(course, CHAPTER)
    page = (course / "feedback" / "wrong" / CHAPTER / "1_mini.html").read_text(encoding="utf-8")
    assert "this keeps what is negative" in page
    for hidden in (
        "HIDDEN TESTS",
        "vary((1, 4)",
        "check.hidden",
        "z.clamp(min=0)",
        "linear layers is one",
        str(course),
    ):
        assert hidden not in page
    rows = list(csv.DictReader(export_marks(course).open()))
    assert {row["student_id"]: float(row["score"]) for row in rows}["right"] == 4


@pytest.mark.usefixtures("quick")
def test_marks_given_by_hand_are_found_and_survive_a_regrade(graded: tuple[Path, ClassResult], tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(graded[0], course, symlinks=True)
    for name in ("wrong", "untouched", "stops", "warns", "leaves", "links", "wrong-name"):
        shutil.rmtree(course / "submitted" / name)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("why", "1_mini", CHAPTER, "right")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    collected = student(collect_results(course, CHAPTER), "right")
    assert states(collected)["why"] == (1.5, "by hand")
    assert collected.score == 5.5
    assert grade_class(course, CHAPTER).unchanged == 1
    assert grade_class(course, CHAPTER, again=True).changes == []
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        assert gradebook.find_grade("why", "1_mini", CHAPTER, "right").manual_score == 1.5


@pytest.mark.usefixtures("quick")
def test_a_failed_run_leaves_no_older_mark_standing(graded: tuple[Path, ClassResult], tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(graded[0], course, symlinks=True)
    for name in os.listdir(course / "submitted"):
        if name != "right":
            shutil.rmtree(course / "submitted" / name)
    (course / "submitted" / "right" / CHAPTER / "1_mini.ipynb").write_text("no longer a notebook")
    result = grade_class(course, CHAPTER).result
    assert student(result, "right").state == "not graded"
    assert not (course / "autograded" / "right" / CHAPTER).exists()
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grades = gradebook.find_submission(CHAPTER, "right").notebooks[0].grades
        assert [grade.auto_score for grade in grades] == [None] * len(grades)
        assert all(grade.needs_manual_grade for grade in grades)


def test_a_broken_gradebook_is_left_as_it_is(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    shutil.copytree(built, course)
    hand_in(course, CHAPTER, "right", {"relu": RIGHT})
    (course / "gradebook.db").write_bytes(b"not a database, but somebody's marks")
    monkeypatch.chdir(course)
    assert main(["grade", "1"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        "course: The gradebook gradebook.db cannot be used (file is not a database). It was left as it is."
    )
    assert (course / "gradebook.db").read_bytes() == b"not a database, but somebody's marks"


def test_nothing_handed_in(built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built)
    assert main(["grade", "1"]) == 1
    assert (
        capsys.readouterr().err
        == "course: Nothing was handed in for 01_mini: there is no folder submitted/STUDENT/01_mini.\n"
    )
    assert main(["report", "1"]) == 1
    assert "has not been graded yet" in capsys.readouterr().err


def test_plain_nbgrader_gives_the_same_marks(
    graded: tuple[Path, ClassResult], tmp_path: Path, nbgrader_in_process: Callable[..., str]
) -> None:
    """`nbgrader generate_assignment`, `autograde` and `export`, as an instructor would type them."""
    course = tmp_path / "course"
    shutil.copytree(
        graded[0],
        course,
        symlinks=True,
        ignore=shutil.ignore_patterns("autograded", "feedback", "reports", "gradebook.db"),
    )
    for name in ("leaves", "links", "wrong-name", "stops", "untouched"):
        shutil.rmtree(course / "submitted" / name)
    before = {path: path.read_bytes() for path in (course / "release").rglob("*") if path.is_file()}
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    assert {path: path.read_bytes() for path in before} == before
    nbgrader_in_process(course, "autograde", CHAPTER)
    rows = csv.DictReader(export_marks(course).open())
    marks = {row["student_id"]: float(row["raw_score"]) for row in rows}
    assert marks == {name: student(graded[1], name).score for name in ("right", "wrong", "warns")}
    theirs, ours = ({one.student: one for one in read_history(root, CHAPTER)} for root in (course, graded[0]))
    assert set(theirs) == {"right", "wrong", "warns"}
    for name, one in theirs.items():  # and the history has the same line, once
        assert replace(one, time=ours[name].time, reason="") == replace(ours[name], reason="")


def test_nbgrader_validate_tells_right_from_wrong(built: Path, tmp_path: Path) -> None:
    release = nbformat.read(built / "release" / CHAPTER / "1_mini.ipynb", as_version=4)
    shutil.copyfile(built / "release" / CHAPTER / "mistakes.json", tmp_path / "mistakes.json")
    for name, answer in (("good", RIGHT), ("bad", KEEPS_NEGATIVE)):
        nbformat.write(
            fill_in(release, {"relu": answer, "shape": "shape = (2, 5)", "why": "Because."}), tmp_path / f"{name}.ipynb"
        )
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "validate", "good.ipynb", "bad.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    good, failed, bad = done.stdout.partition("VALIDATION FAILED ON 1 CELL")
    assert "passes all the tests" in good
    assert failed
    assert "this keeps what is negative" in bad


@pytest.mark.usefixtures("quick")
def test_accuracy_counts_what_is_graded_wrongly(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that accepts a wrong answer, rejects a right one and cannot tell two mistakes apart is found out, also where a build
    had let it pass."""
    monkeypatch.setattr(build, "find_problems", lambda *notebook: ())
    course = tmp_path / "course"
    shutil.copytree(built, course)
    text = course / "notebooks" / CHAPTER / "1_mini.answers.md"
    added = """```python tags=["wrong"] says="This one is right, and listed as wrong."
def relu(z):
    return torch.relu(z)
```

```python tags=["wrong"] says="The same as another one."
def relu(z):
    return z.abs() + 0
```

```python tags=["right"]
def relu(z):
    return -z
```

## `shape`"""
    text.write_text(text.read_text().replace("## `shape`", added))
    build_without_solutions(course)
    found = summarise(measure_accuracy(course, CHAPTER))
    assert (found["wrong"], found["right"]) == (6, 5)
    assert (found["wrong_accepted"], found["right_rejected"], found["other_message"]) == (1, 1, 2)
    assert "notebooks/01_mini/1_mini.answers.md:32: This one is right, and listed as wrong." in json.dumps(found)


@pytest.mark.usefixtures("quick")
def test_careless_students_all_end_with_a_grade_or_a_reason(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet_loop = demo._with_code("import time\nwhile True:\n    time.sleep(1)")  # the processor has other things to do
    monkeypatch.setitem(CARELESS, "endless-loop", quiet_loop)
    course = tmp_path / "course"
    shutil.copytree(built, course)
    config = (course / "nbgrader_config.py").read_text()
    (course / "nbgrader_config.py").write_text(config.replace("c.Execute.timeout = 30", "c.Execute.timeout = 5"))
    told: list[str] = []
    report = run_demo(course, CHAPTER, 1, 0, told.append)
    assert report.exists()
    stored = json.loads((course / "demo" / "reports" / f"{CHAPTER}.json").read_text())
    found: dict[str, Any] = {one["student"]: one for one in stored["students"]}
    assert set(CARELESS) < set(found)
    not_graded = {name for name, one in found.items() if one["state"] != "graded"}
    assert not_graded == {"no-notebook"}
    assert all(found[name]["reason"] for name in not_graded)
    assert found["endless-loop"]["exercises"][0]["mistakes"] == [
        "The cell of the answer did not finish in the time allowed."
    ]
    assert found["exit"]["exercises"][0]["mistakes"] == [
        "The cell of the answer stops with SystemExit: exit() was called"
    ]
    assert found["copied-cell"]["notes"] == [
        "The cell 'relu' is there more than once; the other copy runs as an added cell."
    ]
    assert found["deleted-check"]["notes"] == ["The cell 'relu-check' is missing; the original is graded."]
    assert (course / "demo" / "autograded" / "prints-50-mb" / CHAPTER / "1_mini.ipynb").stat().st_size < 200_000
    with sqlite3.connect(course / "demo" / "gradebook.db") as database:
        assert database.execute("select count(*) from submitted_assignment").fetchone() == (len(found) - 1,)


def test_a_class_is_the_same_under_the_same_seed(built: Path, tmp_path: Path) -> None:
    import random

    from autograder.authoring.authored import read_chapter

    exercises = read_chapter(built, CHAPTER)[0].exercises
    drawn = []
    for name in ("one", "two"):
        course = tmp_path / name
        shutil.copytree(built, course)
        students = draw_class(course, CHAPTER, exercises, 5, random.Random(3))
        drawn.append(
            [
                students,
                [
                    path.read_bytes()
                    for path in sorted((course / "downloaded").rglob("*_1_mini.ipynb"))
                    if "empty" not in path.name
                ],
            ]
        )
    assert drawn[0] == drawn[1]

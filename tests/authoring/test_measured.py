"""What `course accuracy` measured is taken as known only where nothing changed since, and every answer was graded as it should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring import accuracy, freshness, measured
from autograder.authoring.accuracy import ExerciseAccuracy
from autograder.authoring.freshness import digest_origin, is_fresh
from autograder.authoring.measured import digest_graded, keep, recall
from autograder.authoring.placing import put_in_place
from autograder.cli import main
from autograder.engine import runner
from autograder.engine.runner import Engine

CHAPTER = "01_mini"
ALL_WELL = [ExerciseAccuracy(CHAPTER, "relu", wrong=3, right=2), ExerciseAccuracy(CHAPTER, "shape", wrong=1, right=2)]
"""What comes out for the chapter when it is measured."""

BAD = {
    "a wrong answer accepted": {"accepted": ["1_mini.answers.md:3: too kind"]},
    "a right answer rejected": {"rejected": ["1_mini.answers.md:9: no."]},
    "another message": {"other_message": ["1_mini.answers.md:3: this | Read instead: that"]},
}


@pytest.fixture(autouse=True)
def usual_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in measured.OTHER_ARITHMETIC:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The course, its chapter noted as measured; the current folder is there."""
    folder = shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(folder)
    keep(folder, CHAPTER, ALL_WELL, digest_graded(folder, CHAPTER))
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters that were measured since, by one who finds all well."""
    chapters: list[str] = []

    def measure(root: Path, chapter: str, *rest: Any) -> list[ExerciseAccuracy]:
        chapters.append(chapter)
        return ALL_WELL

    monkeypatch.setattr(accuracy, "measure_accuracy", measure)
    return chapters


def read_note(course: Path) -> Any:
    return json.loads(note_of(course).read_text(encoding="utf-8"))


def note_of(course: Path) -> Path:
    return course / "solutions" / CHAPTER / ".accuracy.json"


@pytest.mark.usefixtures("quick")
def test_answers_are_graded_once_and_then_known(
    course: Path, warm: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        runner, "Engine", lambda isolated, address="": Engine(isolated, address=address or warm.start())
    )
    note_of(course).unlink()
    assert main(["accuracy", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert [(one["wrong"], one["right"]) for one in first["exercises"]] == [(3, 2), (1, 2)]
    assert first.pop("as_before") == []
    assert recall(course, CHAPTER) == ALL_WELL
    monkeypatch.setattr(accuracy, "measure_accuracy", None)
    assert main(["accuracy", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again.pop("as_before") == [CHAPTER]
    assert again == first


@pytest.mark.usefixtures("quick")
def test_no_note_is_left_of_a_chapter_with_an_answer_that_is_graded_wrongly(
    course: Path, warm: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        runner, "Engine", lambda isolated, address="": Engine(isolated, address=address or warm.start())
    )
    answers = course / "notebooks" / CHAPTER / "1_mini.answers.md"
    text = answers.read_text(encoding="utf-8")
    answers.write_text(text.replace("return z.abs()", "return z.clamp(min=0)"), encoding="utf-8")
    assert text != answers.read_text(encoding="utf-8")
    for _ in range(2):
        assert main(["accuracy"]) == 1
        assert "relu: accepted: " in capsys.readouterr().out
        assert not note_of(course).exists()


def test_a_measured_chapter_is_answered_from_its_note(
    course: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accuracy"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("As measured before, unchanged since (--again measures again): 01_mini.\n")
    [row] = [line for line in said.splitlines() if "relu" in line]
    assert row.replace("│", " ").split() == [CHAPTER, "relu", "3", "0", "2", "0", "0"]
    assert asked == []


def test_again_measures_all_the_same(course: Path, asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = note_of(course).read_bytes()
    assert main(["accuracy", "--again"]) == 0
    assert asked == [CHAPTER]
    assert "As measured before" not in capsys.readouterr().out
    assert note_of(course).read_bytes() == before


@pytest.mark.parametrize(
    "changed",
    ["notebooks/01_mini/1_mini.md", "notebooks/01_mini/1_mini.answers.md", "nbgrader_config.py"]
    + ["source/01_mini/1_mini.ipynb", "release/01_mini/1_mini.ipynb", "release/01_mini/mistakes.json"],
)
def test_whatever_marks_follow_from_makes_a_note_stale(course: Path, changed: str, asked: list[str]) -> None:
    assert recall(course, CHAPTER) == ALL_WELL
    with (course / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert recall(course, CHAPTER) is None
    assert main(["accuracy"]) == 0
    assert asked == [CHAPTER]
    assert recall(course, CHAPTER) == ALL_WELL


def test_a_change_of_the_package_or_of_a_library_makes_a_note_stale(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(measured, "USED", (*measured.USED, "reporting.report"))
        assert recall(course, CHAPTER) is None
    with monkeypatch.context() as patch:
        patch.setattr(freshness.metadata, "version", lambda name: "0.1")
        assert recall(course, CHAPTER) is None
    assert recall(course, CHAPTER) == ALL_WELL


def test_every_module_that_grades_is_watched(root: Path) -> None:
    used = freshness._modules(measured.USED)
    rooms = ("engine", "checks")
    there = {
        path.relative_to(root / "autograder") for room in rooms for path in (root / "autograder" / room).rglob("*.py")
    }
    assert {path.as_posix() for path in there} <= used
    assert {"authoring/accuracy.py", "authoring/authored.py", "grading/grade.py", "grading/worker.py"} <= used
    assert {"grading/pool.py", "grading/keeping.py", "grading/canary.py", "course/figures/style.py"} <= used
    assert not {name for name in used if name.startswith("reporting/")}


@pytest.mark.parametrize("what", BAD)
def test_a_failing_note_is_neither_written_nor_believed(course: Path, what: str) -> None:
    origin = digest_graded(course, CHAPTER)
    bad = [ExerciseAccuracy(CHAPTER, "relu", wrong=3, right=2, **BAD[what]), ALL_WELL[1]]
    keep(course, CHAPTER, bad, origin)
    assert not note_of(course).exists()
    write_note(course, bad)
    assert recall(course, CHAPTER) is None


def write_note(course: Path, found: list[ExerciseAccuracy]) -> None:
    """A note with the right digest, whatever was found."""
    noted = {
        "digest": measured._seal(digest_graded(course, CHAPTER), found),
        "exercises": [measured._describe(one) for one in found],
    }
    note_of(course).write_text(json.dumps(noted), encoding="utf-8")


def test_a_note_has_to_tell_of_every_answer(course: Path) -> None:
    write_note(course, ALL_WELL)
    assert recall(course, CHAPTER) == ALL_WELL
    for found in ([], ALL_WELL[:1], [ExerciseAccuracy(CHAPTER, "relu", wrong=1, right=2), ALL_WELL[1]]):
        write_note(course, found)
        assert recall(course, CHAPTER) is None, found


def change_count(noted: Any) -> None:
    noted["exercises"][0]["wrong"] = 4


def drop_exercise(noted: Any) -> None:
    noted["exercises"].pop()


def drop_count(noted: Any) -> None:
    del noted["exercises"][0]["wrong"]


def add_field(noted: Any) -> None:
    noted["exercises"][0]["more"] = 1


def drop_digest(noted: Any) -> None:
    del noted["digest"]


@pytest.mark.parametrize("change", [change_count, drop_exercise, drop_count, add_field, drop_digest])
def test_a_note_that_was_changed_is_not_believed(course: Path, change: Callable[[Any], None], asked: list[str]) -> None:
    noted = read_note(course)
    change(noted)
    note_of(course).write_text(json.dumps(noted), encoding="utf-8")
    assert main(["accuracy"]) == 0
    assert asked == [CHAPTER]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"digest": 1, "exercises": null}', "\udcff"])
def test_a_note_that_is_none_is_not_believed(course: Path, text: str) -> None:
    note_of(course).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert recall(course, CHAPTER) is None


def test_what_changes_while_answers_are_graded_leaves_the_note_stale(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*rest: Any) -> list[ExerciseAccuracy]:
        with (course / "notebooks" / CHAPTER / "1_mini.md").open("a", encoding="utf-8") as file:
            file.write("\nMore.\n")
        return ALL_WELL

    monkeypatch.setattr(accuracy, "measure_accuracy", measure)
    assert main(["accuracy", "--again"]) == 0
    assert recall(course, CHAPTER) is None


@pytest.mark.parametrize("name", ["AUTOGRADED_NOISE", "ATEN_CPU_CAPABILITY", "MKL_CBWR"])
def test_another_arithmetic_is_measured_and_not_noted(
    course: Path, name: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    before = note_of(course).read_bytes()
    assert main(["accuracy"]) == 0
    assert asked == [CHAPTER]
    assert note_of(course).read_bytes() == before
    note_of(course).unlink()
    assert main(["accuracy"]) == 0
    assert not note_of(course).exists()


def test_a_note_is_no_generated_file(course: Path) -> None:
    """A build leaves it alone, and `.built.json` does not speak of it."""
    freshness.note(course, CHAPTER, digest_origin(course, CHAPTER))
    assert is_fresh(course, CHAPTER)
    note_of(course).unlink()
    assert is_fresh(course, CHAPTER)
    keep(course, CHAPTER, ALL_WELL, digest_graded(course, CHAPTER))
    assert is_fresh(course, CHAPTER)
    assert put_in_place(course / "release" / CHAPTER, course / "solutions" / CHAPTER, course) != []
    assert recall(course, CHAPTER) == ALL_WELL

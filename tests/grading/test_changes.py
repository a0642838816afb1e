"""The chapter changes after submissions came in: nothing is withdrawn, what differs is said, and the command that is offered works."""

from __future__ import annotations

import copy
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from sampling import sample

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.commands import run_nbgrader

CHAPTER, NAME = "01_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    hand_in(tmp_path / "course", CHAPTER, "one", RIGHT)
    hand_in(tmp_path / "course", CHAPTER, "two", {"shape": "shape = (2, 5)"})
    return tmp_path / "course"


def find(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def add_check(notebook: Any) -> None:
    added = copy.deepcopy(find(notebook, "shape-check"))
    added.id, added.metadata.nbgrader.grade_id, added.metadata.nbgrader.points = "more", "more", 2
    added.source = "assert shape == (2, 5)"
    notebook.cells.append(added)


def change_points(notebook: Any) -> None:
    find(notebook, "shape-check").metadata.nbgrader.points = 4
    find(notebook, "shape-check").source = "assert shape == (2, 5)"


def lower_points(notebook: Any) -> None:
    find(notebook, "relu-check").metadata.nbgrader.points = 2


def take_away(notebook: Any) -> None:
    notebook.cells.remove(find(notebook, "shape-check"))


def rename(notebook: Any) -> None:
    find(notebook, "shape-check").metadata.nbgrader.grade_id = "form-check"


def take_an_explanation_away(notebook: Any) -> None:
    notebook.cells.remove(find(notebook, "why"))


def let_a_person_grade_an_answer(notebook: Any) -> None:
    find(notebook, "relu").metadata.nbgrader.update(grade=True, points=2)


CHANGES: dict[str, tuple[Callable[[Any], None], str, float]] = {
    "a check is added": (add_check, "1_mini/more is not in the gradebook", 6),
    "points are raised": (change_points, "1_mini/shape-check has 4 points, and 1 in the gradebook", 7),
    "points are lowered": (lower_points, "1_mini/relu-check has 2 points, and 3 in the gradebook", 3),
    "a check is taken away": (take_away, "1_mini/shape-check is in the gradebook but not in source/", 3),
    "a check is renamed": (rename, "1_mini/form-check is not in the gradebook", 4),
    "an explanation is taken away": (take_an_explanation_away, "1_mini/why is in the gradebook but not in source/", 4),
    "an answer has points of its own": (let_a_person_grade_an_answer, "1_mini/relu is a different kind of cell", 4),
}
"""What is done to the source, what is said of it, and the automatic points of the right answers then."""


def read_grades(course: Path) -> list[Any]:
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        return sorted(map(str, database.execute("select * from grade").fetchall()))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("change", sample(CHANGES, 8))
def test_a_change_is_said_before_anything_is_withdrawn(
    course: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alter, says, points = CHANGES[change]
    assert main(["grade", "1"]) == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", NAME, CHAPTER, "one")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    before = read_grades(course)
    path = course / "source" / CHAPTER / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    alter(notebook)
    nbformat.write(notebook, path)
    for arguments in (["grade", "1"], ["grade", "1", "--again"]):
        capsys.readouterr()
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert says in said
        assert "no mark was changed" in said
        assert "Traceback" not in said
        assert read_grades(course) == before
        assert (course / "autograded" / "one" / CHAPTER / f"{NAME}.ipynb").exists()

    [command] = re.findall("'course (grade .*?)'", said)
    assert main(command.split()) == 0
    assert f"gradebook: told that {says}" in capsys.readouterr().out
    assert main(["grade", "1"]) == 0
    assert "2 graded, 2 of them earlier" in capsys.readouterr().out
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    one = next(student for student in stored["students"] if student["student"] == "one")
    assert sum(e["score"] for e in one["exercises"] if not e["by_hand"]) == points
    names = {
        cell.metadata.nbgrader.grade_id for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
    }
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        for student in ("one", "two"):
            [own] = gradebook.find_submission(CHAPTER, student).notebooks
            assert {grade.name for grade in own.grades} == names
        if "why" in names:
            assert gradebook.find_grade("why", NAME, CHAPTER, "one").manual_score == 1.5
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    assert main(["grade", "1", "--feedback"]) == 0


@pytest.mark.usefixtures("quick")
def test_a_notebook_is_added_and_taken_away(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", "1"]) == 0
    source = course / "source" / CHAPTER
    shutil.copyfile(source / f"{NAME}.ipynb", source / "2_more.ipynb")
    assert main(["grade", "1"]) == 1
    assert "2_more is not in the gradebook" in capsys.readouterr().err
    assert main(["grade", "1", "--update"]) == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert [one.name for one in gradebook.find_submission(CHAPTER, "one").notebooks] == [NAME, "2_more"]
    (source / "2_more.ipynb").unlink()
    assert main(["grade", "1"]) == 1
    assert "2_more is in the gradebook but not in source/" in capsys.readouterr().err
    assert main(["grade", "1", "--update"]) == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert [one.name for one in gradebook.find_submission(CHAPTER, "one").notebooks] == [NAME]
    assert main(["grade", "1", "--feedback"]) == 0


@pytest.mark.usefixtures("quick")
def test_a_text_that_changes_needs_no_update(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", "1"]) == 0
    path = course / "source" / CHAPTER / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    find(notebook, "relu-check").source += "\n# a word more"
    nbformat.write(notebook, path)
    capsys.readouterr()
    assert main(["grade", "1"]) == 0
    assert "2 graded; 0 not graded." in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_update_where_nothing_was_graded_yet(course: Path) -> None:
    assert main(["grade", "1", "--update"]) == 0
    assert main(["grade", "1", "--update"]) == 0

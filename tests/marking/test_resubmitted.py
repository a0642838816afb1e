"""What is kept of a mark whose answer changed, and that an answer that nobody wrote is "not attempted" everywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classes import CHAPTER, NAME, hand_in_class, in_book, open_desk
from sampling import at_night

from autograder.authoring.accuracy import hand_in
from autograder.grading.collecting import collect
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import open_gradebook
from autograder.grading.grade import generate_feedback, grade_class
from autograder.grading.gradebook import SubmissionMarks, save_marks
from autograder.grading.journal import Journal
from autograder.grading.submissions import get_id

RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because of the product."}
PICTURE = "iVBORw0KGgo="


@pytest.fixture
def graded(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None) -> Path:
    """A student who wrote an *Explain*, with a picture."""
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    hand_in(course, CHAPTER, "one", RIGHT)
    add_picture(course, "one", PICTURE)
    grade_class(course, CHAPTER)
    return course


def add_picture(course: Path, student: str, picture: str) -> None:
    path = course / "submitted" / student / CHAPTER / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    [cell] = [cell for cell in notebook.cells if get_id(cell) == "why"]
    cell.attachments = {"page.png": {"image/png": picture}, "run.html": {"text/html": "<script>1</script>"}}
    nbformat.write(notebook, path)


def hand_in_again(course: Path, student: str, answers: dict[str, str], grade: Any) -> None:
    shutil.rmtree(course / "submitted" / student / CHAPTER)
    hand_in(course, CHAPTER, student, answers)
    add_picture(course, student, PICTURE)
    grade(course)


def look(course: Path, student: str = "one") -> dict[str, Any]:
    with open_desk(course) as desk:
        [found] = [one for one in desk.load(desk.questions[0])["answers"] if one["name"] == student]
        return dict(found)


def mark(course: Path, score: float, comment: str) -> None:
    with open_desk(course) as desk:
        seen = look(course)
        asked = {"key": seen["key"], "revision": seen["revision"], "items": [], "adjust": score, "given": True}
        desk.save_mark(desk.questions[0], {**asked, "comment": comment})


def by_course(course: Path) -> None:
    grade_class(course, CHAPTER)


def by_nbgrader(course: Path) -> None:
    run_nbgrader(course, "autograde", CHAPTER, "--force", "--student=one")


@pytest.mark.parametrize("grade", [by_course, at_night(by_nbgrader)])
def test_a_changed_answer_waits_and_shows_its_earlier_mark_with_a_difference(graded: Path, grade: Any) -> None:
    mark(graded, 1.5, "Which product?")
    assert (look(graded)["status"], look(graded)["earlier"]) == ("marked", None)
    hand_in_again(graded, "one", {**RIGHT, "why": "Because of the product of matrices."}, grade)
    now = look(graded)
    assert (now["status"], now["changed"], now["comment"]) == ("waiting", True, "")
    assert (now["earlier"]["score"], now["earlier"]["comment"]) == (1.5, "Which product?")
    assert now["earlier"]["difference"] == "Because of the product<ins> of matrices</ins>."
    assert in_book(graded, "one")["score"] is None
    mark(graded, 2, "")
    assert in_book(graded, "one") == {"score": 2.0, "comment": None}, "a comment on the old text isn't one on the new"

    add_picture(graded, "one", "iVBORw0KGgoB")
    grade(graded)
    assert look(graded)["status"] == "waiting", "another picture is another answer"
    hand_in_again(graded, "one", {**RIGHT, "why": "Because of the product of matrices."}, grade)
    back = look(graded)
    assert (back["status"], back["elsewhere"], back["marks"][0]["score"]) == ("waiting", True, 2.0), (
        "offered, not given"
    )


def test_what_nobody_wrote_is_not_attempted_everywhere(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded = tmp_path / "course"
    shutil.copytree(mini, graded)
    monkeypatch.chdir(graded)
    hand_in_class(graded, {"one": RIGHT, "empty": {name: text for name, text in RIGHT.items() if name != "why"}})
    assert look(graded, "empty")["status"] == "not attempted"
    assert in_book(graded, "empty") == {"score": 0.0, "comment": "No response."}, "and it waits for nobody"
    cells = nbformat.read(graded / "autograded" / "empty" / CHAPTER / f"{NAME}.ipynb", as_version=4).cells
    assert [cell.metadata["autograded"] for cell in cells if get_id(cell) == "why"] == [{"attempted": False}]
    generate_feedback(graded, CHAPTER)
    pages = {name: (graded / "feedback" / name / CHAPTER / f"{NAME}.html").read_text() for name in ("one", "empty")}
    assert ">Not attempted<" in pages["empty"]
    assert ">Not attempted<" not in pages["one"]
    with open_gradebook(graded) as gradebook:  # "left out": a notebook of several that wasn't handed in
        save_marks(gradebook, CHAPTER, [SubmissionMarks("left out", None, {})])
        found = collect(gradebook, graded, CHAPTER, Journal(graded, CHAPTER), {})
    states = {
        student.student: one.state for student in found.students for one in student.exercises if one.exercise == "why"
    }
    assert states == {"one": "by hand", "empty": "not attempted", "left out": "not attempted"}

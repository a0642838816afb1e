"""The sample term: what its students hand in, and the check that is too strict at first. All of it, graded, in the night."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import nbformat
import pytest

from autograder.demo import term
from autograder.demo.term import NOTEBOOKS, STRICT_CHAPTER, Homework, draw_people, find_due, run_term
from autograder.grading.coursewide import course_marks
from autograder.grading.history import read_history
from autograder.grading.submissions import get_id

CHAPTER = "00_start"


@pytest.fixture
def course(root: Path, tmp_path: Path) -> Path:
    """A folder with the notebooks of two chapters that the term takes."""
    for kind in ("source", "release"):
        for chapter in (CHAPTER, STRICT_CHAPTER):
            (tmp_path / kind / chapter).mkdir(parents=True)
            name = f"{NOTEBOOKS[chapter]}.ipynb"
            shutil.copyfile(root / kind / chapter / name, tmp_path / kind / chapter / name)
    return tmp_path


def draw(root: Path, course: Path) -> list[tuple[int, dict[str, dict[str, str]]]]:
    """What ten students hand in, three times: how many do, and everyone's answers after it."""
    chance = random.Random(3)
    people = draw_people(chance, 10)
    homework = Homework(root, course, CHAPTER, 0, chance)
    found = []
    for number in (1, 2, 3):
        before = {one.id: one.times.get(CHAPTER) for one in people}
        count = homework.hand_in(people, number)
        handed_in = [one for one in people if one.times.get(CHAPTER) != before[one.id]]
        assert len(handed_in) == count
        assert all(number == 1 or one.times[CHAPTER] > before[one.id] for one in handed_in)  # type: ignore[operator]
        found.append((count, {one.id: dict(one.answers.get(CHAPTER, {})) for one in people}))
    return found


def test_a_class_hands_in_again_and_the_same_seed_gives_the_same_class(root: Path, course: Path) -> None:
    found = draw(root, course)
    (first, answers), (second, later), _ = found
    assert 10 >= first > second > 0
    assert answers != later
    [*folders] = (course / "submitted").iterdir()
    assert len(folders) == first
    stamp = (folders[0] / CHAPTER / "timestamp.txt").read_text(encoding="utf-8")
    assert stamp.startswith("2026-09-")
    assert stamp.endswith(" UTC")
    assert find_due(1) > find_due(0)
    again = course / "again"
    shutil.copytree(course / "release", again / "release")
    assert draw(root, again) == found


def test_the_check_that_is_too_strict_is_there_and_can_be_fixed(course: Path) -> None:
    path = course / "source" / STRICT_CHAPTER / f"{NOTEBOOKS[STRICT_CHAPTER]}.ipynb"

    def read() -> dict[str, str]:
        return {get_id(cell): cell.source for cell in nbformat.read(path, as_version=4).cells if get_id(cell)}

    before = read()
    term._set_strict(course, True)
    strict = read()
    assert {name for name in before if before[name] != strict[name]} == {term.STRICT_CELL}
    assert "is tuple" in strict[term.STRICT_CELL]
    term._set_strict(course, False)
    assert read() == before


@pytest.mark.nightly
def test_the_whole_term(root: Path, tmp_path: Path) -> None:
    for name in ("notebooks", "source", "release", "nbgrader_config.py"):
        (tmp_path / name).symlink_to(root / name)
    told: list[str] = []
    page = run_term(tmp_path, 0, told.append, students=6)
    course = tmp_path / "demo"
    assert page == course / "reports" / "dashboard" / "index.html"
    attempts = [one for chapter in NOTEBOOKS for one in read_history(course, chapter)]
    assert {one.number for one in attempts} >= {1, 2}
    assert "the source changed" in {one.reason for one in attempts}
    assert not [one.failed for one in attempts if one.failed]
    marks = course_marks(course)
    assert len(marks.students) == 6
    assert all(one.percent is None or 0 <= one.percent <= 100 for one in marks.students)
    assert any("fixed" in line for line in told)

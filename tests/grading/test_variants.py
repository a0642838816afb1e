"""Variants: numbers of an exercise drawn for each student, from the authored cell to the mark, the note and the page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from sampling import NIGHTLY, sample

from autograder.authoring.accuracy import hand_in, measure_accuracy
from autograder.authoring.build import check, stage_chapter
from autograder.authoring.freshness import digest_origin, is_fresh, note
from autograder.authoring.making import make_solution, write_notebook
from autograder.authoring.mutants import choose, try_changes
from autograder.checks.variants import OTHER_NUMBERS, Draw, choose_variant
from autograder.cli import main
from autograder.course.workspace import update_workspace
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.formats import KEY, STUDENT_VARIABLE, VARIANTS
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import generate_feedback, grade_class

CHAPTER, NAME, TERM = "01_mini", "1_varied", "autumn"


@pytest.fixture(scope="module")
def built(make_course: Callable[..., Path]) -> Path:
    """A course whose three first exercises have variants; they are switched off."""
    fixtures = Path(__file__).parents[1] / "fixtures"
    names = ("varied", "varied.answers")
    course = make_course({f"1_{name}": (fixtures / f"{name}.md").read_text(encoding="utf-8") for name in names})
    with TemporaryDirectory() as stage:
        notebooks, _ = stage_chapter(course, CHAPTER, Path(stage))
        write_notebook(make_solution(notebooks[0]), Path(stage) / "solutions" / CHAPTER / f"{NAME}.ipynb")
        for kind in ("source", "release", "solutions"):
            shutil.copytree(Path(stage) / kind, course / kind)
    note(course, CHAPTER, digest_origin(course, CHAPTER))
    return course


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(built, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def number_of(student: str, exercise: str, count: int = 4) -> int:
    return choose_variant(TERM, student, exercise, count)


def answer_parts(number: int) -> str:
    """What somebody with this variant writes: numbers."""
    draw = Draw("parts", 4, number)
    size = draw.integer(5, 9)
    return f"whole = {draw.integer(20, 40)}\nrest = {draw.integer(1, 4)}  # of {size}"


def read_text(path: Path) -> str:
    """All that the cells of a notebook print."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(one["text"] for cell in cells for one in cell.get("outputs", []) if "text" in one)


def test_each_student_is_graded_with_numbers_of_their_own(course: Path, quick: None, capsys: Any) -> None:
    """And somebody else's answer earns nothing, with a question in the report. What a notebook or its folder says of the id plays no part."""
    assert main(["variants", "on", "--key", TERM]) == 0
    assert "each student has numbers of their own" in capsys.readouterr().out
    assert is_fresh(course, CHAPTER)
    own = number_of("ada", "parts")
    other = next(name for name in ("bob", "cleo", "dan") if number_of(name, "parts") not in (own, 0))
    nobody = next(name for name in ("eve", "fay", "gil") if number_of(name, "parts") not in (own, 0))
    summary = 'summary = "median"' if number_of("ada", "summary", 2) % 2 else 'summary = "mean"'
    slope = f"slope = {Draw('slope', 2, number_of('ada', 'slope', 2)).decimal(1.1, 4.9)}"
    hand_in(course, CHAPTER, "ada", {"parts": answer_parts(own), "summary": summary, "slope": slope})
    pretending = f'import os\nos.environ["{STUDENT_VARIABLE}"] = "ada"\n{answer_parts(own)}'
    hand_in(course, CHAPTER, other, {"parts": pretending, "twice": "def twice(z):\n    return z + z"})
    (course / "submitted" / other / CHAPTER / "student.txt").write_text("ada\n", encoding="utf-8")
    hand_in(course, CHAPTER, nobody, {"parts": answer_parts(0)})
    wrong = "whole = total % size\nrest = total // size"
    hand_in(course, CHAPTER, "x, =1+1", {"parts": wrong})

    found = {one.student: one for one in grade_class(course, CHAPTER).result.students}
    marks = {student: {one.exercise: one for one in result.exercises} for student, result in found.items()}
    assert [marks["ada"][name].score for name in ("parts", "summary", "slope")] == [2, 1, 1]
    assert (marks[other]["parts"].score, marks[other]["twice"].score) == (0, 1)
    assert marks[other]["parts"].mistakes == [OTHER_NUMBERS]
    assert marks[nobody]["parts"].score == 0
    assert marks["x, =1+1"]["parts"].mistakes == ["'whole' and 'rest' are swapped."]
    assert found["ada"].notes == found["x, =1+1"].notes == []
    [asked] = found[other].notes
    assert f"variant {own}," in asked
    assert asked.endswith("somebody else's answer?")
    assert "a copy without an id" in found[nobody].notes[0]

    page = read_text(course / "autograded" / "ada" / CHAPTER / f"{NAME}.ipynb")
    draw = Draw("parts", 4, own)
    size = draw.integer(5, 9)
    assert f"Your numbers: variant {own} of 4, for student 'ada'." in page
    assert f"full batches of {size}" in page  # an explanation that follows from the numbers isn't the author's
    generate_feedback(course, CHAPTER)
    assert not list((course / "feedback").rglob(VARIANTS))


def test_nbgrader_s_own_command_grades_alike(course: Path) -> None:
    main(["variants", "on", "--key", TERM])
    own = number_of("ada", "parts")
    other = next(name for name in ("bob", "cleo", "dan") if number_of(name, "parts") not in (own, 0))
    for student in ("ada", other):
        hand_in(course, CHAPTER, student, {"parts": answer_parts(own)})
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    run_nbgrader(course, "autograde", CHAPTER)
    for student, points in (("ada", "2"), (other, "0")):
        graded = nbformat.read(course / "autograded" / student / CHAPTER / f"{NAME}.ipynb", as_version=4)
        assert f"parts: {points} of 2 points" in read_text(course / "autograded" / student / CHAPTER / f"{NAME}.ipynb")
        assert bool(graded.metadata["autograded_notes"]) == (student == other)


def test_accuracy_tries_every_variant(built: Path, warm: Engine, quick: None) -> None:
    found = measure_accuracy(built, CHAPTER, engine=warm)
    assert all(one.good for one in found), found
    assert [(one.exercise, one.wrong, one.right) for one in found][:2] == [("parts", 3, 2), ("summary", 1, 1)]


@NIGHTLY
def test_mutants_try_every_variant(built: Path) -> None:
    [changed] = try_changes(choose(built, ["parts"]))
    assert changed.made > 4
    assert changed.refused == changed.made, changed.accepted


def test_a_copy_knows_whose_it_is(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """By `course lab --student`, or the name on a hub; without either it has variant 0, and says so. Switched off, it says nothing."""
    from autograder.checks.variants import variant

    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.delenv(STUDENT_VARIABLE, raising=False)
    workspace = tmp_path / "workspace"

    def draw() -> int:
        with monkeypatch.context() as patch:
            patch.chdir(workspace / CHAPTER)
            return variant("parts", 4).number

    update_workspace(course / "release", workspace)
    assert (draw(), capsys.readouterr().out) == (0, "")
    main(["variants", "on", "--key", TERM])
    lab = ["lab", "--no-server", "--workspace", str(workspace)]
    main(lab)
    assert "course lab --student ID" in capsys.readouterr().out
    assert draw() == 0
    assert "doesn't know whose it is" in capsys.readouterr().out
    monkeypatch.setenv("JUPYTERHUB_USER", "bob")
    assert draw() == number_of("bob", "parts")
    assert main([*lab, "--student", " Ada "]) == 0
    assert draw() == number_of("ada", "parts")  # capitals and spaces make no difference
    assert "for student 'Ada'" in capsys.readouterr().out
    assert main([*lab, "--student", " "]) == 1
    monkeypatch.setenv(STUDENT_VARIABLE, "")
    assert draw() == 0


def test_switching_is_said_undone_and_refused_where_work_is_there(course: Path, capsys: Any) -> None:
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    assert main(["variants", "on", "--key", TERM, "--student", "ada"]) == 0
    assert f"01_mini: parts: variant {number_of('ada', 'parts')} of 4" in capsys.readouterr().out
    assert check(course, [CHAPTER], lambda _: None) == []
    hand_in(course, CHAPTER, "ada", {})
    assert main(["variants", "off"]) == 1
    assert "--anyway" in capsys.readouterr().err
    assert (course / KEY).read_text(encoding="utf-8") == f"{TERM}\n"
    assert main(["variants", "off", "--anyway"]) == 0
    shutil.rmtree(course / "submitted")
    shutil.rmtree(course / ".autograder", ignore_errors=True)
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before
    assert main(["variants", "--key", "x"]) == 1


def test_draws_differ_and_are_the_same_everywhere() -> None:
    drawn = [Draw("parts", 12, number) for number in range(12)]
    assert [one.integer(5, 40) for one in drawn[:4]] == [5, 39, 13, 26]
    assert len({one.integer(1, 12) for one in [Draw("x", 12, number) for number in range(12)]}) == 12
    assert {one.decimal(0.5, 0.7, digits=1) for one in drawn} == {0.5, 0.6, 0.7}
    assert [one.pick("abc") for one in drawn[:4]] == ["a", "b", "c", "a"]
    assert 0 <= drawn[3].integer(0, 10**9) <= 10**9
    assert len({one.seed for one in drawn}) == 12
    with pytest.raises(ValueError, match="no whole number from 3 to 2"):
        drawn[0].integer(3, 2)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    sample(
        [
            ('variant("parts", 4)', 'variant("part")', "write the name of an exercise of this notebook"),
            ('variant("parts", 4)', 'variant("parts", 1)', "write the count as a number from 2 to 64"),
            ('```python tags=["setup"]\ndraw', "```python\ndraw", "the cell needs the tag 'setup'"),
            ("size = draw.integer(5, 9)\n", 'size = draw.integer(5, 9)\nvariant("parts")\n', "draw them all there"),
            ("whole = total // size\n", "whole = total / 16\n", "too close to where rounding changes"),
            ("total // size\nrest = total % size", "7\nrest = 3", "the same in all 4 variants"),
            ("draw.integer(1, 4)", "draw.pick([1, 2, 0, 3])", "in variant 2 the wrong answer earns all points"),
        ],
        every=7,
    ),
)
def test_the_build_refuses(old: str, new: str, says: str, course: Path) -> None:
    path = course / "notebooks" / CHAPTER / f"{NAME}.md"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("### Exercise 2"), text.index("### Exercise 4")
    path.write_text((text[:start] + text[end:]).replace(old, new), encoding="utf-8")
    answers = path.with_name(f"{NAME}.answers.md")
    kept = answers.read_text(encoding="utf-8")
    answers.write_text(kept[: kept.index("## `summary`")] + kept[kept.index("## `twice`") :], encoding="utf-8")
    with TemporaryDirectory() as stage, pytest.raises(CourseError) as refused:
        stage_chapter(course, CHAPTER, Path(stage))
    assert says in str(refused.value)

"""Answers that are alike: a copied pair is found whatever was renamed, and a class that only solved the same tasks is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.cli import main
from autograder.errors import CourseError
from autograder.similarity.answers import Author, read_exercises
from autograder.similarity.features import find_features
from autograder.similarity.page import render, stands_out
from autograder.similarity.ranking import Ranking, rank

CHAPTER, MANY = "01_tasks", 24
STUB = "def work(items):\n    raise NotImplementedError\n"
SOLUTION = "def work(items):\n    return sorted(items)[0]\n"


def solve(chance: random.Random) -> str:
    """One of the many ways in which somebody may write a function of a few lines."""
    kept, one = chance.choice(["found", "kept", "values", "small"]), chance.choice(["item", "entry", "value", "thing"])
    test = chance.choice([f"{one} > 0", f"not {one} <= 0", f"0 < {one}", f"abs({one}) == {one} and {one}"])
    make = chance.choice([f"{one} * 2", f"2 * {one}", f"{one} + {one}", f"sum([{one}, {one}])"])
    gather = [
        f"    {kept} = []\n    for {one} in items:\n        if {test}:\n            {kept}.append({make})\n",
        f"    {kept} = [{make} for {one} in items if {test}]\n",
        f"    {kept} = list(map(lambda {one}: {make}, filter(lambda {one}: {test}, items)))\n",
        f"    {kept} = []\n    while items:\n        {one} = items.pop()\n        if {test}:\n            {kept} += [{make}]\n",
    ]
    back = chance.choice([f"max({kept})", f"sorted({kept})[-1]", f"{kept}[len({kept}) // 2]", f"sum({kept}) / 3"])
    early = chance.choice(["", "    if len(items) < 1:\n        return None\n", "    items = tuple(items)\n"])
    return f"def work(items):\n{early}{chance.choice(gather)}    return {back}\n"


def rename(code: str) -> str:
    for old, new in (
        ("found", "f1"),
        ("kept", "k2"),
        ("values", "v3"),
        ("small", "s4"),
        ("item ", "it "),
        ("entry", "e"),
    ):
        code = code.replace(old, new)
    return "# my own work\n" + code.replace("    ", "  ")


@pytest.fixture
def hand_in(tmp_path: Path) -> Callable[..., None]:
    """A function that puts a student's answers in place, in the course or in one of an earlier year."""
    notebook = nbformat.v4.new_notebook()
    for number in range(8):
        cell = nbformat.v4.new_code_cell(SOLUTION, id=f"task-{number}")
        cell.metadata["nbgrader"] = {
            "grade_id": f"task_{number}",
            "solution": True,
            "grade": False,
            "schema_version": 3,
        }
        notebook.cells += [nbformat.v4.new_markdown_cell(f"## Task <{number}>", id=f"text-{number}"), cell]

    def write(path: Path, answers: list[str]) -> None:
        for cell, answer in zip(notebook.cells[1::2], answers, strict=True):
            cell.source = answer
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)

    write(tmp_path / "course" / "source" / CHAPTER / "1_tasks.ipynb", [SOLUTION] * 8)
    write(tmp_path / "course" / "given out" / CHAPTER / "1_tasks.ipynb", [STUB] * 8)
    folders = {"release": "given out", "submitted": "handed in"}  # as nbgrader's configuration has it, in both years
    lines = [f"c.CourseDirectory.{step}_directory = {name!r}\n" for step, name in folders.items()]
    for course in ("course", "last"):
        (tmp_path / course).mkdir(exist_ok=True)
        (tmp_path / course / "nbgrader_config.py").write_text("c = get_config()\n" + "".join(lines))

    def put(student: str, answers: list[str], course: str = "course", name: str = "1_tasks") -> None:
        write(tmp_path / course / "handed in" / student / CHAPTER / f"{name}.ipynb", answers)

    return put


def draw_class(hand_in: Callable[..., None], seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    answers = [[solve(chance) for _ in range(8)] for _ in range(MANY)]
    answers[5] = [STUB] * 8
    for number, own in enumerate(answers):
        hand_in(f"s{number:02}", own)
    return answers


def found(ranking: Ranking) -> list[tuple[str, str]]:
    return [(str(pair.first), str(pair.second)) for pair in ranking.pairs if stands_out(pair)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_class_that_solved_the_same_tasks_is_not_suspected(
    hand_in: Callable[..., None], tmp_path: Path, seed: int
) -> None:
    draw_class(hand_in, seed)
    exercises, notes = read_exercises(tmp_path / "course", CHAPTER)
    ranking = rank(exercises)
    assert found(ranking) == []
    assert notes == []
    assert (ranking.authors, ranking.compared) == (MANY - 1, (MANY - 1) * (MANY - 2) // 2)  # a stub is no answer
    assert "No pair shares more" in render(CHAPTER, ranking, notes)


def test_copies_are_found_renamed_and_from_an_earlier_year_and_shown_side_by_side(
    hand_in: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = draw_class(hand_in, 3)
    chance = random.Random(9)
    hand_in("<b>zoe", [rename(one) for one in answers[7][:6]] + [solve(chance), solve(chance)], name="tasks (1)")
    hand_in("s11", answers[2], course="last")
    hand_in("s02", answers[2], course="last")  # the same person, a year ago
    (tmp_path / "course" / "handed in" / "zz" / CHAPTER).mkdir(parents=True)
    (tmp_path / "course" / "handed in" / "zz" / CHAPTER / "1_tasks.ipynb").write_text("{")
    monkeypatch.chdir(tmp_path / "course")
    exercises, _ = read_exercises(tmp_path / "course", CHAPTER, [tmp_path / "last"])
    ranking = rank(exercises)
    assert {frozenset(pair) for pair in found(ranking)} == {
        frozenset(("<b>zoe", "s07")),
        frozenset(("s02", "s11 (last)")),
    }
    assert main(["similar", "1", "--with", str(tmp_path / "last")]) == 0
    said = capsys.readouterr().out
    assert "not read: zz: 1_tasks.ipynb is not a notebook" in said
    page = (tmp_path / "course" / "reports" / f"{CHAPTER}.similar.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;zoe and s07: what would they say about this?" in page
    assert "<b>zoe" not in page
    assert "Task &lt;0&gt;" in page
    assert "<mark>" in page
    with pytest.raises(CourseError, match="has no submissions of 01_tasks"):
        read_exercises(tmp_path / "course", CHAPTER, [tmp_path / "course" / "source"])
    folder, _ = read_exercises(tmp_path / "course", CHAPTER, [tmp_path / "last" / "handed in"])
    assert [Author("s11", "handed in") in one.answers for one in folder] == [True] * 8


def test_names_spaces_comments_and_docstrings_change_no_shape() -> None:
    one = 'def f(data, rate):\n    """What it does."""\n    step = data * rate  # scaled\n    return step.sum()\n'
    two = "def f(x, eta):\n\n  s = (x\n    * eta)\n  return s.sum()"
    shapes = [{name for name in find_features(code, True) if name[:4] not in ("name", "rema")} for code in (one, two)]
    assert shapes[0] == shapes[1]
    assert shapes[0] != set(find_features(two.replace("sum", "mean"), True))


def test_code_that_is_no_python_and_prose_have_features_too() -> None:
    assert find_features("def f(:\n    return 1", True)
    assert find_features("The gradient is zero because the unit is dead.", False).keys() >= {
        "because the unit is",
    }
    assert Author("a") < Author("b") < Author("a", "2025")

"""What a student has done, read from the notebooks in the workspace."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.desk.progress import Exercise, name_chapter, read_progress
from autograder.formats import RELEASED, RESULT, digest_cell

ROOT = Path(__file__).parents[2]
NAME = "2_kinds_of_problems.ipynb"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace" / "00_start"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "release" / "00_start" / NAME, folder / NAME)
    return folder.parent


class Desk:
    """A notebook in the workspace, to be written into and read again."""

    def __init__(self, workspace: Path, name: str = NAME) -> None:
        self.workspace, self.path = workspace, workspace / "00_start" / name
        self.stored = json.loads(self.path.read_text(encoding="utf-8"))

    def cell(self, name: str) -> dict[str, Any]:
        return next(cell for cell in self.stored["cells"] if cell["id"] == name)

    def answer(self, name: str, source: str = "x = 1") -> None:
        self.cell(name)["source"] = source

    def check(self, name: str, score: float, points: float = 2, attempted: bool = True, **more: object) -> None:
        result = {"exercise": name, "score": score, "points": points, "attempted": attempted, "mistakes": [], **more}
        data = {"text/plain": str(score), RESULT: result}
        output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}
        self.cell(f"{name}-check")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "…"}, output]

    def save(self) -> dict[str, Exercise]:
        self.path.write_text(json.dumps(self.stored), encoding="utf-8")
        [chapter] = read_progress(self.workspace).chapters
        return {one.id: one for one in chapter.notebooks[0].exercises}


def test_a_release_is_all_untouched(workspace: Path) -> None:
    told = read_progress(workspace).as_json()
    [chapter] = told["chapters"]
    [notebook] = chapter["notebooks"]
    assert (chapter["name"], chapter["title"]) == ("00_start", "0 · Start")
    assert (notebook["path"], notebook["title"]) == (f"00_start/{NAME}", "0.2 · Kinds of problems")
    assert (notebook["minutes"], notebook["minutesMore"], notebook["minutesLeft"]) == (35, 20, 35)
    assert [one["title"] for one in notebook["exercises"]] == [
        "What kind of problem?",
        "From scores to labels",
        "The slope of a squared error",
        "A line in 300 steps",
        "The five parts of a problem",
    ]
    assert {one["state"] for one in notebook["exercises"]} == {"untouched"}
    assert notebook["exercises"][-1] == {
        "id": "five_parts",
        "title": "The five parts of a problem",
        "state": "untouched",
        "points": 0,
        "max": 3,
        "extra": True,
        "more": True,
        "minutes": 6,
        "check": "five_parts",
        "answer": "five_parts",
    }
    assert told["totals"] == {"right": 0, "exercises": 4, "points": 0, "max": 8, "extra": 0, "minutesLeft": 35}


def test_every_release_is_untouched_and_says_how_long_it_takes() -> None:
    found = [notebook for chapter in read_progress(ROOT / "release").chapters for notebook in chapter.notebooks]
    assert len(found) == len(list((ROOT / "release").glob("*/*.ipynb")))
    assert {one.state for notebook in found for one in notebook.exercises} == {"untouched"}
    assert all(notebook.minutes and notebook.title[1] == "." for notebook in found)
    assert all(one.minutes and one.title and one.max for notebook in found for one in notebook.exercises)


def test_results_give_states_points_and_time(workspace: Path) -> None:
    desk = Desk(workspace)
    for name, score in {"problem_kinds": 2, "from_scores": 1, "squared_error_slope": 0}.items():
        desk.answer(name)
        desk.check(name, score)
    desk.answer("taxi_settings")  # and never checked
    desk.answer("five_parts", "A box of photos.")
    states = {name: one.state for name, one in desk.save().items()}
    assert states == {
        "problem_kinds": "right",
        "from_scores": "partly",
        "squared_error_slope": "wrong",
        "taxi_settings": "written",
        "five_parts": "written",
    }
    totals = read_progress(workspace).totals
    assert (totals.right, totals.points, totals.extra) == (1, 3, 0)
    assert totals.minutes_left == round(35 * 16 / 20)  # the first exercise takes 4 of 20 minutes


def test_a_result_counts_as_long_as_it_fits(workspace: Path) -> None:
    desk = Desk(workspace)
    ran = digest_cell("kinds = 3")
    desk.check("problem_kinds", 2)  # the student put the text of the release back
    desk.answer("from_scores")
    desk.check("from_scores", 3, points=3)  # an earlier release gave other points
    desk.answer("squared_error_slope", "slope = 4")
    desk.check("squared_error_slope", 2, answers=[digest_cell("slope = 3")])  # edited after the check ran
    desk.answer("taxi_settings", "rate = 3")
    desk.check("taxi_settings", 2, answers=[digest_cell("rate = 3"), ran])
    desk.stored["cells"].append(
        {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "source": "kinds = 3"}
    )
    states = [one.state for one in desk.save().values()]
    assert states == ["untouched", "written", "written", "right", "untouched"]
    desk.check("problem_kinds", 2, answers=[ran])  # answered in a cell of the student's own
    assert desk.save()["problem_kinds"].state == "right"
    desk.check("problem_kinds", 0, attempted=False, answers=[ran])
    assert desk.save()["problem_kinds"].state == "untouched"


def test_spaces_at_ends_of_lines_are_no_answer(workspace: Path) -> None:
    desk = Desk(workspace)
    cell = desk.cell("from_scores")
    cell["source"] = "".join(line.rstrip("\n") + "  \n" for line in cell["source"]) + "\n"
    assert desk.save()["from_scores"].state == "untouched"


def test_copies_and_newer_releases_count_once(workspace: Path) -> None:
    desk = Desk(workspace)
    desk.answer("problem_kinds")
    desk.check("problem_kinds", 2)
    desk.save()
    folder = desk.path.parent
    release = (ROOT / "release" / "00_start" / NAME).read_bytes()
    for name in (
        "2_kinds_of_problems.new-123abc.ipynb",
        "2_kinds_of_problems.new-fff000.ipynb",
        "2_kinds-Copy1.ipynb",
        "Untitled.ipynb",
    ):
        (folder / name).write_bytes(release if "kinds" in name else b'{"cells": []}')
    (folder / ".ipynb_checkpoints").mkdir()
    (workspace / RELEASED).write_text(json.dumps({f"00_start/{NAME}": "123abc…"}))
    [chapter] = read_progress(workspace).chapters
    [notebook] = chapter.notebooks
    assert notebook.path.endswith(NAME)
    assert notebook.newer.endswith(".new-123abc.ipynb")
    assert read_progress(workspace).totals.right == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"cells": 3}', '{"cells": [3]}', "\x00", '{"cells": [{"source": ' + "[" * 100_000]
)
def test_a_damaged_notebook_is_named_and_hides_no_other(workspace: Path, text: str) -> None:
    (workspace / "00_start" / "1_start_here.ipynb").write_text(text, encoding="utf-8")
    [chapter] = read_progress(workspace).chapters
    damaged, fine = chapter.notebooks
    assert damaged.problem.startswith("1_start_here.ipynb is damaged")
    assert not damaged.exercises
    assert len(fine.exercises) == 5


def test_odd_cells_are_passed_over(workspace: Path) -> None:
    desk = Desk(workspace)
    doubled = copy.deepcopy(desk.cell("problem_kinds-check"))
    desk.answer("problem_kinds")
    odd: list[Any] = [{}, {"metadata": 3, "source": [1, None], "cell_type": [], "id": 5, "outputs": 7}, doubled]
    odd += [
        {"metadata": {"nbgrader": {"grade_id": 3}}},
        {"metadata": {"nbgrader": {"grade_id": "lost", "grade": True}}},
    ]
    desk.stored["cells"] += odd
    for wrong in ("two", None, float("nan"), True, 10**400, -3, 99):
        desk.check("problem_kinds", wrong)  # type: ignore[arg-type]
        assert 0 <= desk.save()["problem_kinds"].points <= 2
    desk.cell("problem_kinds-check")["outputs"] = [None, {"data": [3]}, {"data": {RESULT: "right"}}]
    assert desk.save()["problem_kinds"].state == "written"


def test_nothing_there_is_no_progress(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "scratch.ipynb").write_text('{"cells": []}')
    for folder in (tmp_path, tmp_path / "missing"):
        assert read_progress(folder).as_json()["chapters"] == []


def test_chapters_have_titles() -> None:
    names = {"05_sgd": "5 · SGD", "06_all_yours": "6 · All yours", "x": "X", "week 1": "Week 1", "3": "3"}
    assert {name: name_chapter(name) for name in names} == names

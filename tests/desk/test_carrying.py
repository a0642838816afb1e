"""A student's answers, carried into a newer release of their notebook."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.utils import compute_checksum

from autograder.cli import main
from autograder.desk.carrying import LEFT, carry
from autograder.desk.progress import read_progress
from autograder.errors import CourseError
from autograder.formats import RESULT

ROOT = Path(__file__).parents[2]
NAME = "2_kinds_of_problems.ipynb"
ANSWER = "problem_kinds = {'mine': 'classification'}  # größer, 数"
RESULTS = [
    {
        "output_type": "execute_result",
        "execution_count": 3,
        "metadata": {},
        "data": {
            RESULT: {"exercise": "problem_kinds", "score": 2, "points": 2, "attempted": True, "mistakes": []},
            "text/plain": "2",
        },
    }
]


class Desk:
    """A notebook that a student has worked in, and its newer release beside it."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder
        self.own = folder / "00_start" / NAME
        self.new = self.own.with_name("2_kinds_of_problems.new-0123ab.ipynb")
        self.own.parent.mkdir(parents=True)
        released = json.loads((ROOT / "release" / "00_start" / NAME).read_text(encoding="utf-8"))
        self.before, self.after = released, copy.deepcopy(released)

    def save(self) -> None:
        for stored, path in ((self.before, self.own), (self.after, self.new)):
            path.write_text(json.dumps(stored), encoding="utf-8")

    def carry(self) -> Any:
        self.save()
        return carry(self.own, self.new)

    def read(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = json.loads(self.own.read_text(encoding="utf-8"))["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def find(stored: dict[str, Any] | list[dict[str, Any]], name: str) -> dict[str, Any]:
    cells = stored if isinstance(stored, list) else stored["cells"]
    return next(cell for cell in cells if cell["id"] == name)


def release(cell: dict[str, Any], source: str) -> None:
    """Change a released cell, as a new release does."""
    cell["source"] = source
    cell["metadata"]["nbgrader"]["checksum"] = compute_checksum(from_dict(cell))


def test_answers_cells_and_results_move_and_the_old_notebook_stays(desk: Desk) -> None:
    find(desk.before, "problem_kinds")["source"] = ANSWER
    find(desk.before, "problem_kinds-check")["outputs"] = RESULTS
    find(desk.before, "five_parts")["source"] = "A box of photos."
    find(desk.before, "five_parts")["attachments"] = {"a.png": {"image/png": "aGk="}}
    place = desk.before["cells"].index(find(desk.before, "problem_kinds-check"))
    desk.before["cells"][place + 1 : place + 1] = [new_code_cell("mine = 1", id="m"), new_markdown_cell("Aha!", id="n")]
    desk.before["cells"].insert(0, new_markdown_cell("My notes", id="top"))
    desk.after["cells"][0] |= {"source": "# 0.2 · Kinds of problems, again", "id": "0123456789ab"}
    release(find(desk.after, "from_scores"), "# a new stub")
    carried = desk.carry()
    cells = desk.read()
    assert find(cells, "problem_kinds")["source"] == ANSWER
    assert find(cells, "problem_kinds-check")["outputs"] == RESULTS
    assert find(cells, "five_parts")["attachments"]
    assert find(cells, "from_scores")["source"] == "# a new stub"
    assert [cell["source"] for cell in cells[:2]] == ["My notes", "# 0.2 · Kinds of problems, again"]
    ids = [cell["id"] for cell in cells]
    assert ids[ids.index("problem_kinds-check") + 1 :][:2] == ["m", "n"]
    assert carried.notes == [
        "Your answers are in place: What kind of problem? · The five parts of a problem",
        "Cells of your own: 3, each where you had it.",
        "Exercises that changed, so run their checks again: From scores to labels",
    ]
    assert json.loads((desk.own.parent / carried.backup).read_text(encoding="utf-8")) == desk.before
    assert not desk.new.exists()
    [chapter] = read_progress(desk.workspace).chapters
    assert [one.state for one in chapter.notebooks[0].exercises[:2]] == ["right", "untouched"]


def test_answers_to_what_is_gone_are_at_the_end(desk: Desk) -> None:
    find(desk.before, "problem_kinds")["source"] = ANSWER
    desk.after["cells"] = [cell for cell in desk.after["cells"] if not cell["id"].startswith("problem_kinds")]
    added = copy.deepcopy(find(desk.after, "five_parts"))
    added["id"] = added["metadata"]["nbgrader"]["grade_id"] = "sixth"
    release(added, "*Your words*")
    desk.after["cells"].append(added)
    carried = desk.carry()
    heading, answer = desk.read()[-2:]
    assert (heading["source"], answer["source"]) == (LEFT, ANSWER)
    assert answer["metadata"] == {}
    assert (carried.removed, carried.left) == (["What kind of problem?"], ["What kind of problem?"])
    assert len(carried.new) == 1


def test_no_word_is_lost_where_both_were_worked_in_and_cells_were_copied(desk: Desk) -> None:
    find(desk.before, "problem_kinds")["source"] = ANSWER
    find(desk.after, "problem_kinds")["source"] = "newer = 1"
    stub = find(desk.before, "taxi_settings")
    second, third = copy.deepcopy(stub), copy.deepcopy(stub)
    second["source"], third["source"] = "the_answer = 2", "another = 3"
    place = desk.before["cells"].index(stub)
    desk.before["cells"][place + 1 : place + 1] = [second, third]
    setup = next(cell for cell in desk.before["cells"] if cell["cell_type"] == "code" and cell["metadata"] == {})
    setup["source"] = "figure = 'bigger'"
    text = next(cell for cell in desk.before["cells"][3:] if cell["cell_type"] == "markdown" and cell["metadata"] == {})
    text["source"] = "".join(text["source"]) + "\n\nMy remark."
    carried = desk.carry()
    cells = desk.read()
    sources = [cell["source"] for cell in cells]
    assert find(cells, "problem_kinds")["source"] == "newer = 1"
    assert sources[sources.index("newer = 1") + 1] == ANSWER
    assert carried.doubled == ["What kind of problem?"]
    assert find(cells, "taxi_settings")["source"] == "the_answer = 2"
    assert "another = 3" in sources
    assert "figure = 'bigger'" in sources
    assert any("My remark." in source for source in sources)
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_an_old_notebook_without_ids_and_with_half_a_character(desk: Desk) -> None:
    find(desk.before, "problem_kinds")["source"] = "half = '\ud83d'"
    desk.before["nbformat_minor"] = 4
    for cell in desk.before["cells"]:
        del cell["id"]
    desk.before["cells"].append({"cell_type": "code", "metadata": {}, "outputs": [], "source": ["x = 1"]})
    assert desk.carry().answers == ["What kind of problem?"]
    cells = desk.read()
    assert find(cells, "problem_kinds")["source"] == "half = '\ud83d'"
    assert cells[-1]["source"] == "x = 1"


@pytest.mark.parametrize("damaged", ["own", "new", "neither, but of another notebook"])
def test_what_cannot_be_read_changes_nothing(desk: Desk, damaged: str) -> None:
    desk.save()
    if damaged.startswith("neither"):
        desk.new = desk.new.rename(desk.new.with_name("1_start_here.new-0123ab.ipynb"))
    else:
        getattr(desk, damaged).write_text("{", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in desk.own.parent.iterdir()}
    with pytest.raises(CourseError):
        carry(desk.own, desk.new)
    assert {path.name: path.read_bytes() for path in desk.own.parent.iterdir()} == before


def test_what_is_no_notebook_afterwards_changes_nothing(desk: Desk) -> None:
    desk.before["cells"].append({"cell_type": "poem", "id": "p", "metadata": {}, "source": "Roses"})
    desk.save()
    before = {path.name: path.read_bytes() for path in desk.own.parent.iterdir()}
    with pytest.raises(CourseError, match="Nothing was changed"):
        carry(desk.own, desk.new)
    assert {path.name: path.read_bytes() for path in desk.own.parent.iterdir()} == before


def test_the_command_shows_takes_over_and_has_nothing_more_to_do(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find(desk.before, "problem_kinds")["source"] = ANSWER
    desk.save()
    monkeypatch.chdir(desk.own.parent)
    before = desk.own.read_bytes()
    assert main(["new-release", "--show"]) == 0
    assert desk.own.read_bytes() == before
    assert "there is a newer release" in capsys.readouterr().out
    assert main(["new-release", "0"]) == 0
    assert "Your answers are in place: What kind of problem?" in capsys.readouterr().out
    assert main(["new-release"]) == 0
    assert "newest release of each notebook" in capsys.readouterr().out
    assert main(["progress", "7"]) == 1
    assert main(["progress", "--workspace", "nowhere"]) == 1

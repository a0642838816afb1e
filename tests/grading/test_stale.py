"""Around a submission: names of files, times, due dates, and texts that only an editor changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.renamed import refuse_renamed
from autograder.grading.submissions import get_id, rebuild
from autograder.grading.times import parse_stamp

CHAPTER, NAME = "01_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def read_results(course: Path) -> dict[str, Any]:
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    return {one["student"]: one for one in stored["students"]}


# --- names of files -------------------------------------------------------------------------------------------

NAMES = [
    f"{NAME} (1).ipynb",
    f"{NAME}-2.ipynb",
    f"Copy of {NAME}.ipynb",
    f"{NAME}-Copy1.ipynb",
    "ada.ipynb",
    "sub/homework.ipynb",
]


@pytest.mark.usefixtures("quick")
def test_a_renamed_notebook_is_known_by_its_cells(course: Path) -> None:
    for number, name in enumerate(NAMES):
        hand_in(course, CHAPTER, f"student-{number}", RIGHT)
        folder = course / "submitted" / f"student-{number}" / CHAPTER
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{NAME}.ipynb").rename(folder / name)
    assert main(["grade", "1", "--feedback"]) == 0
    found = read_results(course)
    for number, name in enumerate(NAMES):
        one = found[f"student-{number}"]
        assert [e["score"] for e in one["exercises"]] == [3, 1, None]
        assert one["notes"] == [f"{NAME}.ipynb was not handed in; '{name}' holds its cells and is graded in its place."]
        assert (course / "feedback" / f"student-{number}" / CHAPTER / f"{NAME}.html").exists()
    assert main(["grade", "1"]) == 0
    assert read_results(course) == found


def test_nbgrader_itself_stops_at_a_renamed_notebook(course: Path) -> None:
    folder = course / "submitted" / "one" / CHAPTER
    for names, left in [([NAME, "other"], 2), ([f"{NAME} (1)"], 0), ([f"{NAME}-2", NAME], 2), (["other"], 1)]:
        shutil.rmtree(course / "submitted", ignore_errors=True)
        folder.mkdir(parents=True)
        for name in names:
            shutil.copyfile(course / "release" / CHAPTER / f"{NAME}.ipynb", folder / f"{name}.ipynb")
            if name == "other":
                (folder / "other.ipynb").write_text("{}")
        notebooks = [str(folder / f"{name}.ipynb") for name in names]
        refuse_renamed(assignment=CHAPTER, student="*", notebooks=notebooks)
        assert len(notebooks) == left


@pytest.mark.usefixtures("quick")
def test_of_several_copies_the_one_with_the_name_or_the_last_is_graded(course: Path) -> None:
    for name in ("named", "unnamed"):
        hand_in(course, CHAPTER, name, RIGHT)
        folder = course / "submitted" / name / CHAPTER
        shutil.copyfile(folder / f"{NAME}.ipynb", folder / f"{NAME} (2).ipynb")
        shutil.copyfile(course / "release" / CHAPTER / f"{NAME}.ipynb", folder / f"{NAME} (1).ipynb")
        os.utime(folder / f"{NAME} (1).ipynb", (1, 1))
    (course / "submitted" / "unnamed" / CHAPTER / f"{NAME}.ipynb").unlink()
    assert main(["grade", "1"]) == 0
    found = read_results(course)
    assert [found[name]["exercises"][0]["score"] for name in ("named", "unnamed")] == [3, 3]
    assert found["named"]["notes"] == [f"{NAME}.ipynb is graded; '{NAME} (2).ipynb' holds the same notebook."]
    assert "'1_mini (2).ipynb' holds its cells" in found["unnamed"]["notes"][0]


@pytest.mark.usefixtures("quick")
def test_a_copy_that_jupyter_made_is_none(course: Path) -> None:
    hand_in(course, CHAPTER, "one", RIGHT)
    folder = course / "submitted" / "one" / CHAPTER
    (folder / ".ipynb_checkpoints").mkdir()
    shutil.copyfile(folder / f"{NAME}.ipynb", folder / ".ipynb_checkpoints" / f"{NAME}-checkpoint.ipynb")
    assert main(["grade", "1"]) == 0
    assert read_results(course)["one"]["notes"] == []


@pytest.mark.usefixtures("quick")
def test_another_notebook_is_not_taken_for_it(course: Path) -> None:
    folder = course / "submitted" / "one" / CHAPTER
    folder.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), folder / "other.ipynb")
    (folder / "broken.ipynb").write_text("{")
    assert main(["grade", "1"]) == 0
    assert read_results(course)["one"]["reason"].startswith("None of the notebooks was handed in")


# --- texts ------------------------------------------------------------------------------------------------------


def with_windows_lines(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")


def with_old_lines(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r")


def with_spaces(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.source = "\n" + cell.source.replace("\n", "  \n") + "\n\n"


@pytest.mark.parametrize("edit", [with_windows_lines, with_old_lines, with_spaces])
@pytest.mark.parametrize(
    "marker", ["### BEGIN HIDDEN TESTS", "# BEGIN HIDDEN TESTS", "#BEGIN HIDDEN TESTS", "## BEGIN HIDDEN TESTS ##"]
)
def test_what_an_editor_changes_is_no_change(course: Path, marker: str, edit: Callable[[Any], None]) -> None:
    source, submitted = (
        nbformat.read(course / kind / CHAPTER / f"{NAME}.ipynb", as_version=4) for kind in ("source", "release")
    )
    for cell in source.cells:
        cell.source = cell.source.replace("### BEGIN HIDDEN TESTS", marker).replace(
            "### END", marker[: marker.index("BEGIN")] + "END"
        )
    assert rebuild(source, submitted)[1] == []
    edit(submitted)
    assert rebuild(source, submitted)[1] == []


def test_what_students_were_given_is_no_change(course: Path) -> None:
    """Whatever nbgrader made of the source: its marks can be configured."""
    source, submitted = (
        nbformat.read(course / kind / CHAPTER / f"{NAME}.ipynb", as_version=4) for kind in ("source", "release")
    )
    for cell in source.cells:
        cell.source = cell.source.replace("HIDDEN TESTS", "SECRET")
    released = {get_id(cell): cell.source for cell in submitted.cells if get_id(cell)}
    assert rebuild(source, submitted)[1] != []
    assert rebuild(source, submitted, released)[1] == []


# --- times ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2026-01-10 15:00:00 +0200", 13, 0),
        ("2026-01-10 15:00:00 +02:00", 13, 0),
        ("2026-01-10 15:00:00.123456 +0200", 13, 0),
        ("2026-01-10 15:00:00 -0530", 20, 30),
        ("2026-01-10 15:00 +02", 13, 0),
        ("2026-01-10 15:00:00+0200", 13, 0),
        ("2026-01-10T15:00:00Z", 15, 0),
        ("2026-01-10 15:00:00 UTC", 15, 0),
        ("2026-01-10 15:00:00 CET", 14, 0),
        ("2026-01-10 15:00:00", 15, 0),
    ],
)
def test_a_timestamp_is_read_with_its_zone(text: str, hour: int, minute: int) -> None:
    assert parse_stamp(text).replace(microsecond=0) == datetime(2026, 1, 10, hour, minute)


PENALTY = """
from nbgrader.plugins import LateSubmissionPlugin

class APointAnHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 3600
"""


@pytest.mark.usefixtures("quick")
def test_a_due_date_that_moves_needs_no_new_grading(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / "penalty_by_hour.py").write_text(PENALTY)
    config = course / "nbgrader_config.py"
    config.write_text(
        config.read_text()
        + "\nimport penalty_by_hour\nc.AssignLatePenalties.plugin_class = penalty_by_hour.APointAnHour\n"
    )
    for name in ("one", "two"):
        hand_in(course, CHAPTER, name, RIGHT)
        (course / "submitted" / name / CHAPTER / "timestamp.txt").write_text("2026-01-10 15:00:00 +0200")

    def penalties() -> list[float]:
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            return [gradebook.find_submission(CHAPTER, name).late_submission_penalty for name in ("one", "two")]

    def move(hour: int) -> None:
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            gradebook.update_or_create_assignment(CHAPTER, duedate=datetime(2026, 1, 10, hour))

    assert main(["grade", "1"]) == 0
    assert penalties() == [0, 0]
    for hour, expected in ((12, 1.0), (10, 3.0), (14, 0.0)):
        move(hour)
        capsys.readouterr()
        assert main(["grade", "1"]) == 0
        said = capsys.readouterr().out
        assert "late penalties that changed with a due date or an extension: 2" in said
        assert "2 graded, 2 of them earlier, and unchanged since" in said
        assert penalties() == [expected] * 2
    move(12)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.grant_extension(CHAPTER, "two", hours=1)
    assert main(["grade", "1"]) == 0
    assert penalties() == [1, 0]

"""The history of a class: each submission as it was graded, regrades with their reasons, and nothing twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.history import Attempt, History, history_path, now, read_history

CHAPTER = "01_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}
WRONG = {"relu": "def relu(z):\n    return z.clamp(max=0)", "shape": "shape = (2, 5)"}


@pytest.mark.usefixtures("quick")
def test_every_submission_and_every_regrade_leaves_a_line(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    hand_in(course, CHAPTER, "ada", WRONG)
    hand_in(course, CHAPTER, "=bo, “b”", RIGHT)
    assert main(["grade", "1"]) == 0
    shutil.rmtree(course / "submitted" / "ada")
    hand_in(course, CHAPTER, "ada", RIGHT)
    assert main(["grade", "1"]) == 0
    assert main(["grade", "1"]) == 0  # nothing to do, no line
    assert main(["grade", "1", "--again"]) == 0
    found = read_history(course, CHAPTER)
    ada = [one for one in found if one.student == "ada"]
    assert [(one.number, one.reason, one.counts) for one in ada] == [
        (1, "", False),
        (2, "", False),
        (2, "graded again", True),
    ]
    assert [(one.number, one.counts) for one in found if one.student == "=bo, “b”"] == [(1, False), (1, True)]
    first, last = ({one.exercise: one for one in attempt.exercises} for attempt in (ada[0], ada[-1]))
    assert (first["relu"].score, first["relu"].points, first["relu"].state) == (1, 3, "partial")
    assert first["relu"].mistakes
    assert (last["relu"].score, last["relu"].state, last["why"].state, last["why"].score) == (
        3,
        "right",
        "by hand",
        None,
    )
    assert ada[-1].score == 4
    # The same marks as the results of the class
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    [one] = [one for one in stored["students"] if one["student"] == "ada"]
    assert [vars(exercise) for exercise in ada[-1].exercises] == one["exercises"]


def test_a_cut_line_loses_no_other_and_nothing_is_told_twice(tmp_path: Path) -> None:
    path = history_path(tmp_path, CHAPTER)
    first = Attempt("ada", 1, now(), submission="a")
    History(tmp_path, CHAPTER).add([first])
    History(tmp_path, CHAPTER).add([first])  # the grading was stopped before the journal knew of it
    path.write_bytes(path.read_bytes() + path.read_bytes()[:20])
    history = History(tmp_path, CHAPTER)
    assert history.find_number("ada", "a") == 1
    assert history.find_number("ada", "b") == 2
    assert history.find_number("bo", "b") == 1
    history.add([Attempt("ada", 2, now(), submission="b", counts=False)])
    assert [(one.number, one.counts) for one in read_history(tmp_path, CHAPTER)] == [(1, True), (2, False)]
    assert read_history(tmp_path, "02_other") == []

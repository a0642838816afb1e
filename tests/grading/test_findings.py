"""What is read back from a graded notebook: whatever stands there, the grading goes on, and what is no result is left out with a note."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.engine.planning.plan import Plan, Reference
from autograder.formats import RESULT
from autograder.grading import reading
from autograder.grading.findings import keep_findings, read_findings
from autograder.grading.grade import grade_class

CHAPTER = "01_mini"
GOOD = {
    "exercise": "relu",
    "score": 0.0,
    "points": 3,
    "attempted": True,
    "mistakes": [{"says": "No.", "look": "values"}],
}
FORGED: dict[str, Any] = {
    "nothing": {},
    "no object": [1],
    "null": None,
    "a number": 3.0,
    "a text": "right",
    "without mistakes": {"attempted": True},
    "attempted is no truth value": {**GOOD, "attempted": "yes"},
    "mistakes are no list": {**GOOD, "mistakes": 7},
    "mistakes are an object": {**GOOD, "mistakes": {"says": "No."}},
    "a mistake is no object": {**GOOD, "mistakes": ["No."]},
    "a mistake says nothing": {**GOOD, "mistakes": [{"look": "values"}]},
    "a mistake says a number": {**GOOD, "mistakes": [{"says": 7}]},
    "a mistake says a list": {**GOOD, "mistakes": [{"says": ["No."]}]},
}
"""What may stand where a check's result is expected, by what is wrong with it."""

NOTE = "What the cell 'relu-check' shows as the result of a check isn't one, and was left out."


def graded_with(outputs: Any) -> Any:
    cell = {
        "cell_type": "code",
        "source": "1",
        "metadata": {"nbgrader": {"grade_id": "relu-check", "grade": True}},
        "outputs": outputs,
    }
    return nbformat.from_dict({"cells": [cell], "metadata": {}})


def shows(result: Any) -> list[dict[str, Any]]:
    return [{"output_type": "execute_result", "data": {"text/plain": "0", RESULT: result}, "metadata": {}}]


def test_a_result_is_kept() -> None:
    found, notes = read_findings(graded_with(shows(GOOD)))
    assert found == {"relu-check": {"result": {"attempted": True, "mistakes": [{"says": "No."}]}}}
    assert notes == []


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_result_is_left_out_with_a_note(forged: Any) -> None:
    assert read_findings(graded_with(shows(forged))) == ({"relu-check": {}}, [NOTE])
    assert keep_findings({"relu-check": {"result": forged}}) == {"relu-check": {}}


@pytest.mark.parametrize(
    "outputs",
    [
        None,
        7,
        {},
        [7],
        [[]],
        [{}],
        [{"output_type": 7}],
        [{"data": 7}],
        [{"output_type": "execute_result", "data": [RESULT]}],
    ],
)
def test_outputs_that_are_none_show_nothing(outputs: Any) -> None:
    assert read_findings(graded_with(outputs)) == ({"relu-check": {}}, [])


@pytest.mark.parametrize("error", [{}, {"ename": 7, "evalue": []}, {"ename": "E" * 10_000, "evalue": "x" * 100_000}])
def test_an_error_is_kept_as_two_short_texts(error: Any) -> None:
    found, _ = read_findings(graded_with([{"output_type": "error", **error}]))
    name, says = found["relu-check"]["stopped"]
    assert 0 < len(name) < 300
    assert len(says) < 400


def test_many_and_long_mistakes_are_cut() -> None:
    found, _ = read_findings(graded_with(shows({**GOOD, "mistakes": [{"says": "x" * 1_000_000}] * 1_000})))
    assert len(json.dumps(found)) < 60_000


@pytest.mark.parametrize("stored", [None, 7, [], {"relu-check": 7}, {"relu-check": {"result": 7, "stopped": "x"}}])
def test_stored_findings_that_are_none_show_nothing(stored: Any) -> None:
    assert not any(keep_findings(stored).values())


# --- through `course grade` -------------------------------------------------------------------------------

ONE_PROCESS = """
from IPython.display import display
class Forged:
    def _repr_mimebundle_(self, **options):
        return {"text/plain": "3.0", "RESULT": VALUE}
class Check:
    def __init__(self, *args, **options): pass
    def __call__(self, *args, **options): pass
    def hidden(self): pass
    def report(self): return Forged()
def relu(z):
    return z
"""


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small course, graded in one process, as a notebook is whose checks share objects with the student's code."""
    course = tmp_path / "course"
    shutil.copytree(mini, course)

    def make_plan(*arguments: Any) -> Plan:
        plan = make_in_two(*arguments)
        plan.reference = Reference(split=False)
        return plan

    make_in_two = reading.make_plan
    monkeypatch.setattr(reading, "make_plan", make_plan)
    monkeypatch.chdir(course)
    return course


@pytest.mark.usefixtures("quick")
def test_a_class_with_forged_results_is_graded_and_reported(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)"}
    hand_in(course, CHAPTER, "honest", right)
    for number, forged in enumerate(FORGED.values()):
        answer = ONE_PROCESS.replace("VALUE", repr(forged)).replace("RESULT", RESULT)
        hand_in(course, CHAPTER, f"forger-{number:02}", {**right, "relu": answer})
    assert main(["grade", "1", "--feedback"]) == 0
    assert main(["report", "1"]) == 0
    assert "Traceback" not in capsys.readouterr().err
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    found = {one["student"]: one for one in stored["students"]}
    assert {one["state"] for one in found.values()} == {"graded"}
    forgers = [one for name, one in found.items() if name.startswith("forger")]
    assert all(NOTE in one["notes"] for one in forgers)
    assert found["honest"]["exercises"][0]["state"] == "right"
    assert (course / "reports" / f"{CHAPTER}.html").exists()
    for name in found:
        assert (course / "feedback" / name / CHAPTER / "1_mini.html").exists()


@pytest.mark.usefixtures("quick")
def test_a_journal_and_a_graded_notebook_of_anybody_stop_nothing(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(course, CHAPTER, "one", {"shape": "shape = (2, 5)"})
    hand_in(course, CHAPTER, "two", {})
    grade_class(course, CHAPTER)
    journal = course / "reports" / f"{CHAPTER}.journal"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[0]["findings"]["1_mini"]["relu-check"] = {"result": {}, "stopped": 3}
    odd = [{"student": []}, {**lines[1], "findings": 7}, {**lines[1], "notes": "x"}, 7, [], "x"]
    journal.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *odd]))
    (course / "autograded" / "two" / CHAPTER / "1_mini.ipynb").write_text("no notebook")
    assert main(["report", "1"]) == 0
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    [one, two] = stored["students"]
    assert one["exercises"][0]["state"] in ("wrong", "not attempted")
    assert "The graded notebook cannot be read" in two["notes"][-1]

"""What of a notebook was answered, by whom it is marked, and that everything that tells of it says the same."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from sampling import at_night

from autograder.authoring.accuracy import hand_in
from autograder.authoring.build import stage_chapter
from autograder.cli import main
from autograder.grading.answers import digest_answers, find_own_answers, find_untouched
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import export_marks, generate_feedback, grade_class
from autograder.grading.submissions import fill_in, get_id, rebuild
from autograder.reporting.report import write_report

CHAPTER, NAME = "01_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because of the product."}


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def hand_in_again(course: Path, student: str, answers: dict[str, str]) -> None:
    shutil.rmtree(course / "submitted" / student / CHAPTER, ignore_errors=True)
    hand_in(course, CHAPTER, student, answers)


def give_mark(course: Path, student: str, cell: str, score: float, extra: float | None = None) -> None:
    """As formgrader does it."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, NAME, CHAPTER, student)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, extra, False
        gradebook.db.commit()


def look_everywhere(course: Path, student: str, exercise: str, cell: str) -> dict[str, Any]:
    """What each of those who tell of a mark says of it: points, or None as long as a person has to give them."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, NAME, CHAPTER, student)
        formgrader = None if grade.needs_manual_grade else grade.score
        others = sum(one.score or 0 for one in grade.notebook.grades if one.name != cell)
    stored = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    [own] = [one for one in stored["students"] if one["student"] == student]
    [found] = [one for one in own["exercises"] if one["exercise"] == exercise]
    generate_feedback(course, CHAPTER)
    page = (course / "feedback" / student / CHAPTER / f"{NAME}.html").read_text(encoding="utf-8")
    [head] = re.findall(r'<h2 id="fb-points">([0-9.]+) of [^<]*?points?(?:, and ([0-9.]+) extra)?<', page)
    total = sum(float(points or 0) for points in head)
    rows = {row["student_id"]: row for row in csv.DictReader(export_marks(course).open())}
    return {
        "formgrader": formgrader,
        "report": found["score"],
        "feedback": total - others,
        "grades.csv": float(rows[student]["raw_score"]) - others,
    }


def everywhere(score: float | None) -> dict[str, Any]:
    return {"formgrader": score, "report": score, "feedback": score or 0, "grades.csv": score or 0}


def grade_by_course(course: Path) -> None:
    grade_class(course, CHAPTER)


def grade_by_nbgrader(course: Path) -> None:
    run_nbgrader(course, "autograde", CHAPTER, "--force")
    assert main(["report", "1"]) == 0


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("grade", [grade_by_course, at_night(grade_by_nbgrader)])
def test_a_mark_given_by_hand_is_for_the_answer_that_it_judged(course: Path, grade: Callable[[Path], None]) -> None:
    hand_in(course, CHAPTER, "one", RIGHT)
    grade_by_course(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(None)
    give_mark(course, "one", "why", 1.5)
    assert main(["report", "1"]) == 0
    assert look_everywhere(course, "one", "why", "why") == everywhere(1.5)

    hand_in_again(course, "one", {**RIGHT, "relu": "def relu(z):\n    return z"})
    grade(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(1.5), "another answer of the notebook changed"

    hand_in_again(course, "one", {**RIGHT, "why": RIGHT["why"] + "  \n\n"})
    grade(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(1.5), "spaces are no change"

    hand_in_again(course, "one", {**RIGHT, "why": "Because it is so."})
    grade(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(None)
    give_mark(course, "one", "why", 0.5)
    hand_in_again(course, "one", {name: text for name, text in RIGHT.items() if name != "why"})
    grade(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(0)


@pytest.mark.usefixtures("quick")
def test_a_mark_given_by_hand_outlives_a_submission_that_cannot_be_graded(course: Path) -> None:
    hand_in(course, CHAPTER, "one", RIGHT)
    hand_in(course, CHAPTER, "two", RIGHT)
    grade_by_course(course)
    for name in ("one", "two"):
        give_mark(course, name, "why", 1.5)
        (course / "submitted" / name / CHAPTER / f"{NAME}.ipynb").write_text("no notebook")
    grade_by_course(course)
    hand_in_again(course, "one", RIGHT)
    hand_in_again(course, "two", {**RIGHT, "why": "Another one."})
    grade_by_course(course)
    assert look_everywhere(course, "one", "why", "why") == everywhere(1.5)
    assert look_everywhere(course, "two", "why", "why") == everywhere(None)


@pytest.mark.usefixtures("quick")
def test_a_mark_given_in_place_of_an_automatic_one_is_for_its_answer(course: Path) -> None:
    wrong = "def relu(z):\n    return z.abs()"
    hand_in(course, CHAPTER, "one", {**RIGHT, "relu": wrong})
    grade_by_course(course)
    give_mark(course, "one", "relu-check", 2, extra=0.5)
    hand_in_again(course, "one", {**RIGHT, "relu": wrong, "shape": "shape = (5, 2)"})
    grade_by_course(course)
    assert look_everywhere(course, "one", "relu", "relu-check") == everywhere(2.5)
    hand_in_again(course, "one", RIGHT)
    [change] = [change for change, _ in grade_class(course, CHAPTER).changes if change.cell == "relu-check"]
    assert (change.before, change.after) == (2.5, 3)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("relu-check", NAME, CHAPTER, "one")
        assert (grade.manual_score, grade.extra_credit, grade.needs_manual_grade) == (None, None, True)


# --- what nobody wrote --------------------------------------------------------------------------------------

UNWRITTEN = """# Stubs that run

```python tags=["setup"]
import torch
from torch import nn

from autograder import Check
```

```python tags=["exercise"] exercise="bug"
def double(x):
    return x * 3


# The function above is the program with the bug. Mend it there.
### BEGIN SOLUTION
def double(x):
    return x * 2


### END SOLUTION
```

```python tags=["check"] exercise="bug" points=2
check = Check("bug", points=2)
check("double(x)", x=torch.tensor([1.0, 4.0]), gives=torch.tensor([2.0, 8.0]))
check.report()
```

```python tags=["exercise"] exercise="net"
class Net(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x):
        ### BEGIN SOLUTION
        return x + 1
        ### END SOLUTION
```

```python tags=["check"] exercise="net" points=2
check = Check("net", points=2)
check("try:\\n    out = Net()(x)\\nexcept NotImplementedError:\\n    out = None\\nout", x=torch.ones(2), gives=2 * torch.ones(2))
check.report()
```

<!-- #region tags=["explain"] exercise="why" points=2 -->
Because.

### BEGIN MARK SCHEME
All.
### END MARK SCHEME
<!-- #endregion -->
"""
ANSWERS = """## `bug`

```python tags=["wrong"] says="This triples."
def double(x):
    return x * 3
```

```python tags=["right"]
def double(x):
    return x + x
```

## `net`

```python tags=["wrong"] says="This adds nothing."
class Net(nn.Module):
    def forward(self, x):
        return x
```

```python tags=["right"]
class Net(nn.Module):
    def forward(self, x):
        return 1 + x
```
"""


@pytest.fixture
def unwritten(make_course: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    head = "---\njupyter:\n  kernelspec:\n    display_name: Python 3 (ipykernel)\n    language: python\n    name: python3\n---\n\n"
    course = make_course({NAME: head + UNWRITTEN, f"{NAME}.answers": head + ANSWERS})
    stage_chapter(course, CHAPTER, tmp_path / "stage")
    for kind in ("source", "release"):
        shutil.copytree(tmp_path / "stage" / kind, course / kind)
    monkeypatch.chdir(course)
    return course


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("grade", [grade_by_course, grade_by_nbgrader])
def test_what_nobody_wrote_is_not_attempted_everywhere(unwritten: Path, grade: Callable[[Path], None]) -> None:
    for number in range(3):
        hand_in(unwritten, CHAPTER, f"empty-{number}", {})
    hand_in(unwritten, CHAPTER, "blank", {"why": "  \n"})
    hand_in(
        unwritten,
        CHAPTER,
        "tries",
        {
            "bug": "def double(x):\n    return 3 * x",
            "net": "class Net(nn.Module):\n    def forward(self, x):\n        return x",
            "why": "So.",
        },
    )
    grade_by_course(unwritten)
    grade(unwritten)
    stored = json.loads((unwritten / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    found = {
        one["student"]: {e["exercise"]: (e["state"], e["score"]) for e in one["exercises"]}
        for one in stored["students"]
    }
    for name in ("empty-0", "empty-1", "empty-2", "blank"):
        assert found[name] == dict.fromkeys(("bug", "net", "why"), ("not attempted", 0))
    assert found["tries"] == {"bug": ("wrong", 0), "net": ("wrong", 0), "why": ("by hand", None)}
    report = write_report(unwritten, CHAPTER).read_text(encoding="utf-8")
    assert "by 1 of the 1 who attempted it" in report
    generate_feedback(unwritten, CHAPTER)
    page = (unwritten / "feedback" / "empty-0" / CHAPTER / f"{NAME}.html").read_text(encoding="utf-8")
    assert page.count("not attempted · 0 of 2") == 6, "in the list above and at the exercise"
    assert "This triples." not in page
    assert page.count('<p class="fb-score">not attempted · ') == 3
    assert "This triples." in (unwritten / "feedback" / "tries" / CHAPTER / f"{NAME}.html").read_text(encoding="utf-8")
    with Gradebook(f"sqlite:///{unwritten}/gradebook.db") as gradebook:
        asked = [g.needs_manual_grade for n in gradebook.find_submission(CHAPTER, "blank").notebooks for g in n.grades]
        assert asked == [False] * 3


def read(course: Path, answers: dict[str, str]) -> Any:
    source = nbformat.read(course / "source" / CHAPTER / f"{NAME}.ipynb", as_version=4)
    release = nbformat.read(course / "release" / CHAPTER / f"{NAME}.ipynb", as_version=4)
    return source, fill_in(release, answers), {get_id(cell): cell.source for cell in release.cells if get_id(cell)}


def test_an_answer_beside_its_cell_is_for_a_person(course: Path) -> None:
    """It may be the answer, so nobody gives it zero points unseen."""
    source, submitted, released = read(course, {})
    place = next(place for place, cell in enumerate(submitted.cells) if get_id(cell) == "why")
    assert find_untouched(rebuild(source, submitted)[0], released) == {"relu", "shape", "why"}
    submitted.cells.insert(place + 1, nbformat.v4.new_markdown_cell("Because of the product."))
    assert find_untouched(rebuild(source, submitted)[0], released) == {"relu", "shape"}
    del submitted.cells[place]
    assert find_untouched(rebuild(source, submitted)[0], released) == {"relu", "shape"}


def test_the_answers_of_a_notebook_have_digests_of_their_own(course: Path) -> None:
    source, submitted, _ = read(course, RIGHT)
    _, other, _ = read(course, {**RIGHT, "shape": "shape = 1"})
    _, ends, _ = read(course, {**RIGHT, "shape": "shape = (2, 5)  \r\n"})
    first, second, third = (digest_answers(rebuild(source, one)[0]) for one in (submitted, other, ends))
    assert first.keys() == {"relu-check", "shape-check", "why"}
    assert {name for name in first if first[name] != second[name]} == {"shape-check"}
    assert first == third


def test_a_check_without_the_name_of_an_answer_is_of_the_one_before_it() -> None:
    def make(name: str, **marks: Any) -> Any:
        return nbformat.v4.new_code_cell("1", metadata={"nbgrader": {"grade_id": name, **marks}})

    cells = [
        make("cell-1", solution=True),
        make("cell-2", grade=True),
        make("cell-3", grade=True),
        make("x", solution=True),
    ]
    cells += [make("cell-1-check", grade=True), make("y", grade=True)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert find_own_answers(notebook) == {"cell-2": "cell-1", "cell-3": "cell-1", "cell-1-check": "cell-1", "y": "x"}

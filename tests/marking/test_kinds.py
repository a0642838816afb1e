"""Kinds of cells that a person marks in other people's courses: code, tasks, extra points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading.answers import digest_answers
from autograder.marking.answers import Reader
from autograder.marking.book import Row
from autograder.marking.ledger import FORMGRADER, Held, Mark
from autograder.marking.questions import Question, find_questions
from autograder.marking.rubrics import Item, Rubric
from autograder.marking.verdicts import judge, write_out


def cell(kind: str, name: str, source: str, points: float = 0, extra: float = 0, **marks: bool) -> Any:
    made = (new_code_cell if kind == "code" else new_markdown_cell)(source)
    known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "points": points}
    made.metadata = {
        "nbgrader": {**known, "grade_id": name, **marks},
        **({"autograded": {"extra": extra}} if extra else {}),
    }
    return made


def write(path: Path, *cells: Any) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = new_notebook(cells=list(cells))
    nbformat.write(notebook, path)
    return notebook


def test_code_and_tasks_are_questions_too(tmp_path: Path) -> None:
    write(
        tmp_path / "source" / "ps1" / "p1.ipynb",
        new_markdown_cell("# Problem set\n\n## Plot it\n\nDraw the sine."),
        cell("code", "plot", "### BEGIN SOLUTION\nplt.plot(x)\n### END SOLUTION", 2, grade=True, solution=True),
        cell(
            "code",
            "check",
            "### BEGIN HIDDEN TESTS\nassert plt.gca().lines\n### END HIDDEN TESTS",
            1,
            grade=True,
            locked=True,
        ),
        cell(
            "markdown",
            "report",
            "Write a report.\n\n### BEGIN MARK SCHEME\n2 points: a plot\n### END MARK SCHEME",
            3,
            task=True,
            locked=True,
        ),
        cell("markdown", "more", "Because.", extra=2, grade=True, solution=True),
    )
    plot, report, more = find_questions(tmp_path, "ps1")
    assert (plot.kind, plot.title, plot.asked, plot.model) == ("code", "Plot it", "Draw the sine.", "plt.plot(x)")
    assert "assert plt.gca().lines" in plot.tests
    assert (report.kind, report.points, report.scheme, report.asked) == (
        "task",
        3,
        "2 points: a plot",
        "Write a report.",
    )
    assert (more.points, more.extra) == (2, True)

    own = new_markdown_cell("My *report*")
    own.id = "added-1"
    answer = cell("code", "plot", "plt.plot(<x>)", 2, grade=True, solution=True)
    answer.outputs = [new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/html": "<script>1</script>"})]
    graded = write(
        tmp_path / "autograded" / "ann" / "ps1" / "p1.ipynb",
        answer,
        cell("markdown", "report", "Write a report.", 3, task=True, locked=True),
        own,
    )
    reader = Reader(tmp_path, "ps1", [plot, report, more])
    shown = reader.read("ann", plot)
    assert shown is not None
    assert shown.show() == (
        '<pre><code>plt.plot(&lt;x&gt;)</code></pre><img alt="output" src="data:image/png;base64,iVBORw0KGgo=">'
    )
    written = reader.read("ann", report)
    assert written is not None
    assert (written.text, written.digest) == ("My *report*", digest_answers(graded)["report"])
    assert "<em>report</em>" in written.show()
    assert reader.read("ann", more) is None
    assert reader.read("bob", plot) is None


def test_extra_points_are_extra_credit_and_a_bonus_stays() -> None:
    rubric = Rubric(0.0, (Item("a", "", 1.0),))
    counted = Question("n", "c", "text", 2, False, "", "", "", "", "")
    extra = Question("n", "c", "text", 2, True, "", "", "", "", "")
    held = Held({"ada": Mark("ada", ("a",), given=True)})
    verdict = judge(held, rubric, counted)
    assert write_out(verdict, extra, None) == (None, 1.0, False)
    assert write_out(verdict, counted, 0.5) == (1.0, 0.5, False), "a bonus of formgrader's"
    nothing = judge(Held({"ada": Mark("ada", comment="words")}), rubric, extra)
    assert write_out(nothing, extra, 1.0) == (None, None, True)
    held.marks[FORMGRADER] = Mark(FORMGRADER, adjust=2.0, given=True)
    assert (judge(held, rubric, counted).score, judge(held, rubric, counted).disputed) == (None, True)
    row = Row("s", "", "", "", "", "", None, 1.5, False, "", True)
    assert (row.given(extra), row.given(counted)) == (1.5, None)

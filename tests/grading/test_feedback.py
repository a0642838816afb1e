"""Feedback pages: the check's words are kept; scripts, paths and hidden tests are not."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampling import sample

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.feedback import MAX_TEXT, CleanFeedback, FeedbackExporter

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='https://example.org'></iframe>",
    "<svg><script>alert(1)</script></svg>",
    "<form action='https://example.org'><input name=q></form>",
    "<style>body { display: none }</style>",
]
DANGERS = ("<script>alert", "onerror", "javascript:", "data:text", "<iframe", "<form", "display: none")


def page(*cells: nbformat.NotebookNode) -> str:
    exporter = FeedbackExporter(sanitize_html=True)
    return str(exporter.from_notebook_node(nbformat.v4.new_notebook(cells=list(cells)))[0])


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("place", ["markdown", "html", "markdown output"])
def test_nothing_that_a_student_wrote_runs(script: str, place: str) -> None:
    if place == "markdown":
        cell = nbformat.v4.new_markdown_cell(f"before {script} after")
    else:
        mime = "text/html" if place == "html" else "text/markdown"
        cell = nbformat.v4.new_code_cell(
            "1", outputs=[nbformat.v4.new_output("display_data", {mime: f"before {script} after"})]
        )
    body = page(cell).partition("<body")[2]
    assert "before" in body
    assert [danger for danger in DANGERS if danger in body] == []


def test_what_only_shows_something_is_kept() -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    text = f"# Title\n\n**bold** $x^2$\n\n<details><summary>Hint</summary>text</details>\n\n![p]({picture})\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    found = page(nbformat.v4.new_markdown_cell(text))
    for kept in ("<strong>bold</strong>", "x^2", "<details>", "<summary>Hint</summary>", picture, "<th>a</th>"):
        assert kept in found


def clean(source: str, *outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    marks = {"grade_id": "check", "grade": True, "solution": False, "locked": True, "points": 1, "schema_version": 3}
    cell = nbformat.v4.new_code_cell(
        source, outputs=list(outputs), metadata={"nbgrader": {**marks, "cell_type": "code"}}
    )
    return CleanFeedback().preprocess_cell(cell, {}, 0)[0]


def error(line: str) -> nbformat.NotebookNode:
    text = f"----> 1 {line}"
    return nbformat.v4.new_output("error", ename="AssertionError", evalue="expected 42", traceback=[text])


TEST = "assert f(1) == 2, 'expected 2'\n### BEGIN HIDDEN TESTS\nassert f(6) == 42\n### END HIDDEN TESTS"


def test_a_visible_test_keeps_its_words() -> None:
    [output] = clean(TEST, error("assert f(1) == 2, 'expected 2'")).outputs
    assert output.evalue == "expected 42"


def test_a_hidden_test_says_that_there_is_one_and_no_more() -> None:
    cell = clean(TEST, error("assert f(6) == 42"))
    assert "f(6)" not in cell.source
    assert "42" not in str(cell.outputs)
    assert cell.outputs[0].evalue == "A test that this notebook does not show has failed."


def test_folders_of_whoever_grades_are_not_shown() -> None:
    cell = nbformat.v4.new_code_cell(
        "f()", outputs=[nbformat.v4.new_output("stream", text=f"{sys.prefix}/lib {Path.home()}/x {Path.cwd()}/source")]
    )
    shown = CleanFeedback().preprocess_cell(cell, {}, 0)[0].outputs[0].text
    assert shown == "…/lib …/x …/source" or str(Path.cwd()) not in shown


# --- nothing stops a page ---------------------------------------------------------------------------

WIDGET = "application/vnd.jupyter.widget-view+json"
MIMES = [
    *("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg", "image/svg+xml"),
    *(
        "application/json",
        "application/javascript",
        "application/pdf",
        WIDGET,
        "application/x+json",
        "text/x",
        "*/*",
        "",
    ),
    *("application/vnd.jupyter.widget-state+json", "application/vnd.plotly.v1+json", "text/vnd.mermaid", "image/gif"),
]
VALUES: list[Any] = [
    "text",
    {"model_id": "x"},
    {"model_id": [1]},
    {},
    ["a"],
    [7],
    7,
    None,
    True,
    "</script><script>alert(1)",
]
ODD = [{"output_type": "display_data", "data": {mime: value}, "metadata": {}} for mime in MIMES for value in VALUES]
ODD += [
    *({"output_type": kind, "text": text} for kind in ("stream", "other", None) for text in (None, 7, ["a", 7], "x")),
    *({"output_type": "error", "ename": name, "evalue": name, "traceback": name} for name in (None, 7, [7], "x")),
    *({"output_type": "execute_result", "execution_count": count, "data": {}} for count in (None, "x", -1, [])),
    *({"output_type": "display_data", "data": data, "metadata": data} for data in (None, [], "x", {"image/png": 7})),
]
"""Outputs that a notebook may hold and no page expects."""


numbers = itertools.count()


def node(outputs: list[Any]) -> nbformat.NotebookNode:
    cell = {
        "cell_type": "code",
        "id": f"cell-{next(numbers)}",
        "source": "1",
        "execution_count": 1,
        "metadata": {},
        "outputs": outputs,
    }
    return nbformat.from_dict(cell)


def test_an_odd_output_stops_no_page() -> None:
    """Each is cleaned by itself, so that it can be told which fails, and then all stand on one page."""
    cells = [CleanFeedback().preprocess_cell(node([output]), {}, 0)[0] for output in ODD]
    found = page_of([nbformat.v4.new_markdown_cell("**before**"), *cells, nbformat.v4.new_markdown_cell("**after**")])
    assert "<strong>before</strong>" in found
    assert "<strong>after</strong>" in found
    assert "an output that this page cannot show" in found
    assert "<script>alert" not in found


def page_of(cells: list[Any]) -> str:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = cells
    return str(FeedbackExporter(sanitize_html=True).from_notebook_node(notebook)[0])


@pytest.mark.parametrize("output", [{"data": {WIDGET: value}} for value in VALUES[:4]], ids=str)
def test_a_page_that_cannot_be_made_shows_the_cell_behind_that_as_text(output: Any) -> None:
    """Also where nothing has cleaned it."""
    odd = node([{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "slider", **output["data"]}}])
    found = page_of([nbformat.v4.new_markdown_cell("**before**"), odd, nbformat.v4.new_markdown_cell("**after**")])
    assert "<strong>before</strong>" in found
    assert "<strong>after</strong>" in found


DEEP = {
    "elements": "<div>" * 100_000,
    "closed elements": "<div>" * 20_000 + "</div>" * 20_000,
    "formats": "<b><i>" * 50_000,
    "lists": "<ul><li>" * 20_000,
    "quotes": ">" * 100_000,
    "brackets": "[" * 100_000,
    "emphasis": "*a " * 30_000,
    "colours": "\x1b[31m" * 100_000,
    "code": "'" * 50_001 + "(" * 50_000,
    "a line": "x" * 1_000_000,
}


@pytest.mark.parametrize("text", sample(DEEP.values(), 4), ids=DEEP)
def test_a_text_without_end_is_shown_in_seconds(text: str) -> None:
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {mime: text}} for mime in MIMES[:4]]
    outputs += [{"output_type": "stream", "text": text}]
    cells = [node(outputs), nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(text)]
    began = time.monotonic()
    found = page_of([CleanFeedback().preprocess_cell(cell, {}, 0)[0] for cell in cells])
    assert time.monotonic() - began < 20
    assert len(found) < 4_000_000 + 30 * MAX_TEXT


# --- through `course grade` -----------------------------------------------------------------------------

CHAPTER = "01_mini"
RIGHT = "def relu(z):\n    return z.clamp(min=0)"
SHOWS = """
from IPython.display import display, publish_display_data
publish_display_data({"application/vnd.jupyter.widget-view+json": VALUE})
publish_display_data({"application/vnd.jupyter.widget-view+json": VALUE, "text/plain": "slider", "image/png": "no picture"})
"""


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


@pytest.mark.usefixtures("quick")
def test_a_widget_stops_neither_its_page_nor_the_report(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = ('"text"', '{"model_id": "x"}', "{}", '{"model_id": [1]}')
    for number, value in enumerate(values):
        hand_in(course, CHAPTER, f"student-{number}", {"relu": SHOWS.replace("VALUE", value) + RIGHT})
    assert main(["grade", "1", "--feedback"]) == 0
    assert "Feedback is in feedback/." in capsys.readouterr().out
    assert (course / "reports" / f"{CHAPTER}.html").exists()
    for number in range(len(values)):
        page = (course / "feedback" / f"student-{number}" / CHAPTER / "1_mini.html").read_text(encoding="utf-8")
        assert "relu: 3 of 3 points" in page
        assert "slider" in page


@pytest.mark.usefixtures("quick")
def test_a_page_that_cannot_be_written_stops_no_other(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "other", "second"):
        hand_in(course, CHAPTER, name, {"relu": RIGHT})
    assert main(["grade", "1"]) == 0
    (course / "autograded" / "other" / CHAPTER / "1_mini.ipynb").write_text("no notebook")
    assert main(["grade", "1", "--feedback"]) == 1
    said = capsys.readouterr().err
    assert "course: There is no feedback page for other; the others' pages are written." in said
    assert "Traceback" not in said
    for name in ("first", "second"):
        assert (course / "feedback" / name / CHAPTER / "1_mini.html").exists()


@pytest.mark.usefixtures("quick")
def test_a_class_of_which_nobody_could_be_graded_has_no_feedback(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = course / "submitted" / "one" / CHAPTER
    folder.mkdir(parents=True)
    (folder / "1_mini.ipynb").write_text("no notebook")
    assert main(["grade", "1", "--feedback"]) == 1
    said = capsys.readouterr()
    assert said.err.endswith("course: There is no feedback to write: no submission of 01_mini could be graded.\n")
    assert "not graded: one: " in said.out
    assert (course / "reports" / f"{CHAPTER}.html").exists()

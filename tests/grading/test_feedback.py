"""Feedback pages: the check's words are kept; scripts, paths and hidden tests are not."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

from autograder.grading.preprocessors import CleanFeedback, FeedbackExporter

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

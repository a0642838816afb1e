"""Feedback pages: the check's words are kept; scripts, paths and hidden tests are not."""

from __future__ import annotations

import html
import itertools
import re
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from sampling import sample

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.cards import read_card
from autograder.grading.cleaning import MAX_TEXT, CleanFeedback
from autograder.grading.drawing import MAX_MARKDOWN, draw_code, draw_markdown
from autograder.grading.feedback import FeedbackExporter
from autograder.grading.findings import read_findings
from autograder.grading.pages import Marks, PageMarks

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
    exporter = FeedbackExporter()
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
    for kept in (
        "<strong>bold</strong>",
        "<msup><mi>x</mi><mn>2</mn></msup>",
        "<details>",
        "<summary>Hint</summary>",
        picture,
        "<th>a</th>",
    ):
        assert kept in found


FORMULAS = [
    ("$x^2$", "<msup><mi>x</mi><mn>2</mn></msup>"),
    ("$$\\frac{1}{2}$$", '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow><mfrac>'),
    ("$a<b$ and $c>d$", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
    ("<details><summary>Is $y_1$ right?</summary>\n\ntext</details>", "<msub><mi>y</mi><mn>1</mn></msub>"),
    ("$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$", "<mtable"),
    ("`$x$` in code", "<code>$x$</code>"),
    ("\\$5 or \\$6", "<p>$5 or $6</p>"),
    ("$\\text{<script>alert(1)</script>}$", "<mtext>&lt;script&gt;alert(1)&lt;/script&gt;</mtext>"),
    ("$" + "{" * 500 + "$", "<code>{{{{"),
]


@pytest.mark.parametrize(("text", "drawn"), FORMULAS, ids=[text[:20] for text, _ in FORMULAS])
def test_formulas_are_drawn_without_a_script(text: str, drawn: str) -> None:
    assert drawn in page(nbformat.v4.new_markdown_cell(text))


def test_every_formula_of_the_course_is_drawn(root: Path) -> None:
    drawn = 0
    for path in sorted((root / "source").glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found = draw_markdown(cell.source)
                words = re.sub(r"<code>.*?</code>|<pre>.*?</pre>", "", found, flags=re.DOTALL)
                assert re.findall(r".{0,40}\\[a-zA-Z]+|.{0,40}\$", re.sub(r"\$\d", "", words)) == [], path.name
                drawn += found.count("<math")
    assert drawn > 1_000


def test_code_on_which_its_reader_would_spend_minutes_is_shown_without_colors() -> None:
    assert "<span" in draw_code("a." * 100, "ipython3")
    assert "<span" not in draw_code("a." * MAX_MARKDOWN, "ipython3")


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
    return str(FeedbackExporter().from_notebook_node(notebook)[0])


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


# --- what a page says --------------------------------------------------------------------------------


def cell(name: str, kind: str, source: str, *outputs: Any, **marks: Any) -> nbformat.NotebookNode:
    known = {"grade_id": name, "grade": False, "solution": False, "task": False, "locked": False, "schema_version": 3}
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    made = make(source, metadata={"nbgrader": {**known, "cell_type": kind, **marks}} if name else {})
    if outputs:
        made.outputs = list(outputs)
    return made


def failed(says: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("error", ename="AssertionError", evalue=says, traceback=[f"AssertionError: {says}"])


def mark(
    name: str, kind: str, score: float | None, points: float, by_hand: float | None = None, bonus: float = 0
) -> Marks:
    effective = (by_hand if by_hand is not None else score or 0) + bonus
    return Marks(name, kind, score, by_hand, bonus, effective, points, score is None and by_hand is None)


def show(cells: list[Any], marks: list[Marks], comments: dict[str, tuple[str | None, str | None]], **more: Any) -> str:
    notebook = nbformat.v4.new_notebook(cells=cells)
    most, got = sum(one.max_score for one in marks), sum(one.score for one in marks)
    found = PageMarks({one.name: one for one in marks}, comments, got, most, **more)
    names = {"notebook": "p1", "student": "ada", "marks": found, "findings": read_findings(notebook)[0]}
    return FeedbackExporter().from_notebook_node(notebook, {"nbgrader": names})[0]  # type: ignore[no-any-return]


def read(page: str) -> list[str]:
    """What a page says, line by line, without the folded notebook."""
    told = re.sub(
        r"<style>.*?</style>", "", page.partition('<section aria-labelledby="fb-notebook">')[0], flags=re.DOTALL
    )
    lines = re.sub(r"</?(?:p|li|h\d|div|pre|section|article|summary|aside|title)[^>]*>", "\n", told)
    return [line.strip() for line in html.unescape(re.sub(r"<[^>]+>", "", lines)).splitlines() if line.strip()]


def read_all(page: str) -> str:
    """What a page says, the folded notebook as well."""
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", "", page, flags=re.DOTALL)).split())


STRANGERS = [
    cell("", "markdown", "# Lab 3\n\n## Sorting & searching\n\nWrite `find`."),
    cell("cell-1a", "code", "def find(x): return x[0]", solution=True),
    cell("test-1", "code", "assert find([3]) == 3", grade=True, points=1),
    cell("test-2", "code", "assert find([1, 2]) == 2", failed("got 1"), grade=True, points=2),
    cell("", "markdown", "## Why?\n\n```\n# no heading\n```"),
    cell("why-1", "markdown", "Because $n^2$.", grade=True, solution=True, points=3),
    cell("why-2", "markdown", "", grade=True, solution=True, points=1),
    cell("", "markdown", "## A drawing"),
    cell("draw", "markdown", "Draw it.", task=True, points=2),
    cell("", "code", "print('drawn')"),
    cell("", "markdown", "## Done"),
    cell("done", "code", "done = True", solution=True),
    cell("done-test", "code", "assert done", grade=True, points=1),
]
GRADES = [
    mark("test-1", "code", 1, 1),
    mark("test-2", "code", 0, 2),
    mark("why-1", "markdown", None, 3),
    mark("why-2", "markdown", 0, 1),
    mark("draw", "markdown", None, 2, by_hand=1, bonus=0.5),
    mark("done-test", "code", 1, 1),
]
COMMENTS: dict[str, tuple[str | None, str | None]] = {
    "cell-1a": (None, "See **lecture 4**."),
    "why-1": (None, None),
    "why-2": ("No response.", None),
    "draw": (None, None),
    "done": (None, None),
}


def test_a_page_of_anybodys_assignment_has_mistakes_first() -> None:
    page = show(STRANGERS, GRADES, COMMENTS, penalty=1.0, seconds_late=7500, due=datetime(2026, 11, 30, 18))
    told = read(page)
    assert told[2:12] == [
        "Lab 3",
        "2.5 of 10 points",
        "Extra points count on top of the 10.",
        "3 points are not graded yet: a person reads those answers.",
        "1 point was taken off because this was handed in late: 2 hours 5 minutes after 30 November 2026, 18:00 UTC, when it was due. "
        "Before that it was 3 of 10 points, and 0.5 extra.",
        "Your instructor has written a comment on Sorting & searching.",
        "◐ Sorting & searching partly right · 1 of 3 points",
        "? Why? not graded yet · 3 points",
        "○ Why? · why-2 not attempted · 0 of 1 point",
        "◐ A drawing partly right · 1 of 2 points, and 0.5 extra",
    ]
    heads = [line for line in told if line in ("Look at these again", "Not attempted", "Not graded yet", "Right")]
    assert heads == ["Look at these again", "Not attempted", "Not graded yet", "Right"]
    again = told[told.index("Look at these again") : told.index("Not attempted")]
    assert "See lecture 4." in again
    assert "AssertionError: got 1" in again
    assert "def find(x): return x[0]" in again
    assert "print('drawn')" in again  # what a student added below a task
    assert "No response." not in page
    assert "<script" not in page


def test_a_page_without_mistakes_says_so_and_one_that_nobody_touched_too() -> None:
    right = read(show(STRANGERS[-3:], GRADES[-1:], {"done": (None, None)}))
    assert right[2:5] == ["p1", "1 of 1 point", "Everything here is right."]
    empty = read(show(STRANGERS[-3:], [mark("done-test", "code", 0, 1)], {"done": ("No response.", None)}))
    assert "○ Done not attempted · 0 of 1 point" in empty
    assert "Everything here is right." not in empty


def test_links_that_lead_nowhere_are_text_and_a_pages_own_names_are_not_for_others() -> None:
    found = page(
        nbformat.v4.new_markdown_cell(
            "[a](../reference/glossary.md#x) [b](2_two.ipynb) [c](https://example.org) [d](#here) [e](//example.org) "
            "<b id='fb-exercise-1' class='fb-card note'>f</b>"
        )
    )
    assert re.findall(r'<a[^>]*href="([^"]*)"', found) == ["https://example.org", "#here"]
    assert '<b class="note">f</b>' in found


VALUE = {"rows": [["1.0", "<b>"]], "shape": [2], "dtype": "float32"}
SHOWN = {
    "part": "",
    "says": "`f` is <wrong>.",
    "tried": "f(x)",
    "given": [{"name": "x", **VALUE}],
    "got": VALUE,
    "expected": {"text": "2"},
}
TOLD = {"attempted": True, "score": 0, "points": 2, "mistakes": [SHOWN]}


@pytest.mark.parametrize(
    "odd",
    [
        7,
        {"score": "1"},
        {"score": float("nan")},
        {"mistakes": [7]},
        {"mistakes": [{**SHOWN, "got": {"rows": [["1"] * 300]}}]},
        {"mistakes": [{**SHOWN, "got": {"rows": 7}}]},
        {"mistakes": [{**SHOWN, "given": [{"name": "x" * 9_999}]}]},
        {"mistakes": [{**SHOWN, "got": {"shape": [-1]}}]},
        {"parts": [{"name": "a", "points": 1}]},
    ],
    ids=str,
)
def test_a_card_shows_what_a_check_says_and_nothing_forged(odd: Any) -> None:
    card = read_card(TOLD)
    assert card
    assert card.mistakes[0].says == "<code>f</code> is &lt;wrong&gt;."
    assert card.mistakes[0].given[0].about == "shape (2,)"
    assert read_card({**TOLD, **odd} if isinstance(odd, dict) else odd) is None


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
    said = capsys.readouterr().out
    assert f"Report: reports/{CHAPTER}.html\nFeedback is in feedback/STUDENT/{CHAPTER}.\n" in said
    assert (course / "reports" / f"{CHAPTER}.html").exists()
    for number in range(len(values)):
        page = (course / "feedback" / f"student-{number}" / CHAPTER / "1_mini.html").read_text(encoding="utf-8")
        assert "✓ relu · 3 of 3 points" in read_all(page)
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


WRITES = {"relu": "def relu(z):\n    return z.abs()", "why": "Because $W_2 W_1$ is one matrix."}


@pytest.mark.usefixtures("quick")
def test_a_students_page(course: Path) -> None:
    """One that has everything: a mistake, a prediction that was left out, an explanation that waits, and that is late."""
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    hand_in(course, CHAPTER, "ada", WRITES)
    (course / "submitted" / "ada" / CHAPTER / "timestamp.txt").write_text("2026-12-01 10:00:00")
    assert main(["grade", "1"]) == 0
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment(CHAPTER).duedate = datetime(2026, 11, 30, 10)
        gradebook.find_comment("relu", "1_mini", CHAPTER, "ada").manual_comment = "Have *another* look."
        gradebook.db.commit()
    assert main(["grade", "1", "--feedback"]) == 0
    folder = course / "feedback" / "ada" / CHAPTER
    assert [path.name for path in folder.iterdir() if path.suffix != ".html"] == ["timestamp.txt"]
    page = (folder / "1_mini.html").read_text(encoding="utf-8")
    told = read(page)
    assert told[2:5] == [
        "A small notebook",
        "0 of 6 points",
        "2 points are not graded yet: a person reads those answers.",
    ]
    assert told[5].startswith("1 point was taken off because this was handed in late: 1 day after 30 November 2026")
    assert "This is the absolute value: negative inputs become positive, and should become 0." in told
    card = page.partition('<div class="fb-card">')[2].partition("</details>")[0]
    assert re.findall(r"<figcaption>(.*?)</figcaption>", card) == ["Tried", "Got", "Expected"]
    assert re.findall(r'<td class="fb-off" title="not the expected one">(.*?)</td>', card) == ["1.5000"]
    assert "relu: " not in read_all(page)  # the exercise's own name isn't a title
    assert "Have another look." in told
    assert "not attempted · 0 of 1 point" in told
    assert "not graded yet · 2 points" in told
    assert [hidden for hidden in ("HIDDEN TESTS", "seed=") if hidden in page] == []
    assert "<msub><mi>W</mi><mn>2</mn></msub>" in re.sub(r"</?mrow>", "", page)
    assert not re.search(r"(?:src|href)=.?https?:", page)

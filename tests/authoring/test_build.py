"""The build: authored text in; source, release and solutions out; and what it refuses."""

import base64
import io
import json
import shutil

import jupytext
import nbformat
import numpy
import pytest
from matplotlib.image import imsave

from autograder import cli
from autograder.authoring import freshness
from autograder.authoring.authored import read_chapter, read_notebook
from autograder.authoring.build import build, execute_solution, find_leaks
from autograder.authoring.cells import AuthorErrors
from autograder.authoring.chapters import find_chapters
from autograder.authoring.freshness import digest_origin, is_fresh, note
from autograder.authoring.making import make_source
from autograder.authoring.placing import _look_alike
from autograder.authoring.trials import try_notebooks
from autograder.errors import CourseError

CHAPTER = "01_mini"
HEAD = """---
jupyter:
  kernelspec:
    display_name: Python 3 (ipykernel)
    language: python
    name: python3
---

```python tags=["setup"]
from autograder import Check, sealed
```

"""
ANSWER = """```python tags=["exercise"] exercise="one"
### BEGIN SOLUTION
one = 1
### END SOLUTION
```
"""
CHECK = """```python tags=["check"] exercise="one" points=2
check = Check("one", points=2)
check("one", gives=1)
check.report()
```
"""
WRONG = """```python tags=["wrong"] says="No."
one = 2
```
"""
RIGHT = """```python tags=["right"]
one = 2 - 1
```
"""
KERNEL = HEAD[: HEAD.index("```")]  # what an answers file begins with


def region(tag, text):
    return f"<!-- #region tags={tag} -->\n{text}\n<!-- #endregion -->\n"


# --- mistakes in the text ------------------------------------------------------------------------

UNREADABLE = (
    'the attributes of this cell cannot be read: write each one once, as name=value, and inside "..." write \\" for a quote '
    "and \\\\ for a backslash."
)
NO_CELL = "this is read as text, not as a cell: start a cell with ```python at the left edge."
NO_END = "this cell has no end: put a line with ``` after its code."
REFUSED = [
    pytest.param(ANSWER, ["14: exercise 'one': has no check cell."], id="an exercise without a check"),
    pytest.param(
        ANSWER + CHECK.replace(" points=2\n", "\n", 1),
        ["19: exercise 'one': the check cell needs points=N with a number above 0, and has None."],
        id="a check without points",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2", "points=0", 1),
        ["19: exercise 'one': the check cell needs points=N with a number above 0, and has 0."],
        id="a check of 0 points",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2", 'points="two"', 1),
        ["19: exercise 'one': the check cell needs points=N with a number above 0, and has 'two'."],
        id="points that are no number",
    ),
    pytest.param(
        ANSWER + CHECK + "\n" + ANSWER,
        ["25: exercise 'one': the name is taken by line 14; a chapter's exercises need different names."],
        id="two exercises of one name",
    ),
    pytest.param(
        ANSWER.replace("### END SOLUTION\n", "") + CHECK,
        ["14: exercise 'one': ### BEGIN SOLUTION without its END."],
        id="a region that does not end",
    ),
    pytest.param(
        ANSWER + CHECK.replace("check.report()", "### END HIDDEN TESTS\ncheck.report()"),
        ["21: exercise 'one': ### END HIDDEN TESTS without its BEGIN."],
        id="a region that does not begin",
    ),
    pytest.param(
        ANSWER.replace("one = 1", "### BEGIN SOLUTION\none = 1") + CHECK,
        ["15: exercise 'one': ### BEGIN SOLUTION is inside the SOLUTION region: its END is missing."],
        id="a region in a region",
    ),
    pytest.param(
        ANSWER.replace("### END", "## END") + CHECK,
        [
            "16: exercise 'one': '## END SOLUTION' isn't a marker; markers are ### BEGIN and ### END of SOLUTION, "
            "HIDDEN TESTS, MARK SCHEME."
        ],
        id="a marker with a # too few",
    ),
    pytest.param(
        ANSWER + CHECK.replace("one = ", "### begin hidden test\none = ").replace("check(", "### END hidden\ncheck("),
        [
            "20: exercise 'one': '### END hidden' isn't a marker; markers are ### BEGIN and ### END of SOLUTION, "
            "HIDDEN TESTS, MARK SCHEME."
        ],
        id="a marker that is misspelled",
    ),
    pytest.param(
        ANSWER + CHECK.replace("check.report()", "### BEGIN SOLUTION\n### END SOLUTION\ncheck.report()"),
        [
            "21: exercise 'one': a SOLUTION region belongs in a cell tagged exercise or explain.",
            "22: exercise 'one': a SOLUTION region belongs in a cell tagged exercise or explain.",
        ],
        id="a solution in a check",
    ),
    pytest.param(
        ANSWER + CHECK + "\nProse.\n\n### BEGIN MARK SCHEME\n1 point.\n### END MARK SCHEME\n",
        [
            "25: a MARK SCHEME region belongs in a cell tagged explain.",
            "28: a MARK SCHEME region belongs in a cell tagged explain.",
        ],
        id="a mark scheme in prose",
    ),
    pytest.param(
        ANSWER.replace("### BEGIN SOLUTION\n", "").replace("### END SOLUTION\n", "") + CHECK,
        ["14: exercise 'one': has no solution: put it between ### BEGIN SOLUTION and ### END SOLUTION."],
        id="an exercise without a solution",
    ),
    pytest.param(
        ANSWER
        + CHECK.replace(
            "check.report()", '### BEGIN HIDDEN TESTS\ncheck("one + 1", gives=2)\n### END HIDDEN TESTS\ncheck.report()'
        ),
        [
            "19: exercise 'one': a hidden region must begin with check.hidden(), so that feedback does not show its "
            "inputs."
        ],
        id="hidden tests that show their inputs",
    ),
    pytest.param(
        ANSWER + CHECK + WRONG + "\n" + RIGHT,
        [
            "24: exercise 'one': a cell tagged 'wrong' belongs in 1_one.answers.md, under the heading ## `one`.",
            "28: exercise 'one': a cell tagged 'right' belongs in 1_one.answers.md, under the heading ## `one`.",
        ],
        id="answers in the notebook",
    ),
    pytest.param(
        RIGHT,
        ["14: a cell tagged 'right' belongs in 1_one.answers.md, under the heading ## `name`."],
        id="an answer to nothing in the notebook",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2\n", "points=2 points=3\n", 1),
        [f"18: {UNREADABLE}"],
        id="an attribute twice",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2\n", "points=2 extra=2\n", 1),
        ["19: exercise 'one': the check cell has points=N and extra=N: its points count in one way."],
        id="points that are extra and are not",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2\n", "extra=0\n", 1),
        ["19: exercise 'one': the check cell needs extra=N with a number above 0, and has 0."],
        id="no extra points",
    ),
    pytest.param(
        ANSWER + CHECK + "```pyhton tags=['setup']\none = 2\n```\n",
        [f"23: {NO_CELL}"],
        id="a cell of an unknown language",
    ),
    pytest.param(
        ANSWER + CHECK.removesuffix("```\n") + "\nMore.\n\n" + CHECK,
        [f"18: {NO_END}"],
        id="a cell without its end",
    ),
    pytest.param(
        '```python tags=["solution"]\none = 1\n```\n',
        ["14: tags ['solution']: a cell has one tag of setup, exercise, check, explain, or none."],
        id="a tag that does not exist",
    ),
    pytest.param(
        '```python tags=["setup", "right"]\none = 1\n```\n',
        ["14: tags ['setup', 'right']: a cell has one tag of setup, exercise, check, explain, or none."],
        id="two tags",
    ),
    pytest.param(
        ANSWER + CHECK.replace("points=2", "points=2 hidden=true", 1),
        [
            "19: exercise 'one': attribute hidden does not belong to a cell tagged 'check' (allowed: exercise, extra, points)."
        ],
        id="an attribute that does not exist",
    ),
    pytest.param(
        (ANSWER + CHECK).replace('exercise="one"', 'exercise="One"'),
        [
            "14: exercise 'One': needs exercise=\"name\", in small letters, digits and underscores.",
            "19: exercise 'One': needs exercise=\"name\", in small letters, digits and underscores.",
        ],
        id="a name with a capital",
    ),
    pytest.param(
        region('["exercise"] exercise="one"', "### BEGIN SOLUTION\nText.\n### END SOLUTION") + CHECK,
        ["14: exercise 'one': a cell tagged 'exercise' must be a code cell."],
        id="an exercise in Markdown",
    ),
    pytest.param(
        '```python tags=["explain"] exercise="why" points=1\n"because"\n```\n',
        ["14: exercise 'why': a cell tagged 'explain' must be a Markdown region."],
        id="an explanation in code",
    ),
    pytest.param(
        region('["explain"] exercise="why"', "Because."),
        ["14: exercise 'why': the explain cell needs points=N with a number above 0, and has None."],
        id="an explanation without points",
    ),
    pytest.param(
        CHECK,
        [
            "14: exercise 'one': this check needs one cell tagged 'exercise' of the same name above it, and an exercise "
            "one check."
        ],
        id="a check of nothing",
    ),
    pytest.param(
        ANSWER + CHECK + CHECK,
        [
            "24: exercise 'one': this check needs one cell tagged 'exercise' of the same name above it, and an exercise "
            "one check."
        ],
        id="a second check",
    ),
    pytest.param(
        region('["explain"] exercise="one" points=2', "Because.") + CHECK,
        [
            "17: exercise 'one': this check needs one cell tagged 'exercise' of the same name above it, and an exercise "
            "one check."
        ],
        id="a check of an explanation",
    ),
]


@pytest.mark.parametrize(("text", "lines"), REFUSED)
def test_refused(make_course, text, lines):
    course = make_course({"1_one": HEAD + text})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert caught.value.problems == [f"notebooks/01_mini/1_one.md:{line}" for line in lines]


# --- mistakes in an answers file ----------------------------------------------------------------

ONE_AND_WHY = HEAD + ANSWER + CHECK + region('["explain"] exercise="why" points=1', "Because.")
TAGS = "in an answers file, a code cell has one tag, wrong or right, and text has none."
REFUSED_ANSWERS = [
    pytest.param(
        "## `two`\n\n" + WRONG,
        ["9: exercise 'two': 1_one.md has no exercise of this name; it has one, why."],
        id="an unknown exercise",
    ),
    pytest.param(
        "# Answers\n\n## Notes\n\n" + WRONG,
        [
            "11: '## Notes' isn't the name of an exercise; write the name as in ## `name`, and notes under smaller headings."
        ],
        id="a heading that is no exercise's",
    ),
    pytest.param(
        "## `one`\n\nText.\n\n## `one`\n\n" + WRONG,
        ["13: exercise 'one': already has a heading, in line 9; put all its answers there."],
        id="two headings of an exercise",
    ),
    pytest.param(
        "Text.\n\n" + WRONG + "\n" + RIGHT + "\n## `one`\n",
        [
            "12: a cell tagged 'wrong' needs the heading of its exercise above it, as in ## `name`.",
            "16: a cell tagged 'right' needs the heading of its exercise above it, as in ## `name`.",
        ],
        id="answers before any heading",
    ),
    pytest.param(
        "## `one`\n\n" + ANSWER + "\n" + CHECK,
        [f"12: exercise 'one': tags ['exercise']: {TAGS}", f"18: exercise 'one': tags ['check']: {TAGS}"],
        id="other tags",
    ),
    pytest.param(
        "## `one`\n\n```python\none = 3\n```\n",
        [f"12: exercise 'one': tags []: {TAGS}"],
        id="code without a tag",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace('["wrong"]', '["wrong", "right"]'),
        [f"12: exercise 'one': tags ['wrong', 'right']: {TAGS}"],
        id="two tags",
    ),
    pytest.param(
        "## `one`\n\n" + region('["wrong"]', "Two."),
        [f"12: exercise 'one': tags ['wrong']: {TAGS}"],
        id="a text with a tag",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace(" says", ' exercise="why" says'),
        ["12: exercise 'one': attribute exercise does not belong to a cell tagged 'wrong' (allowed: rounds, says)."],
        id="an exercise named by the cell",
    ),
    pytest.param(
        "## `why`\n\n" + WRONG,
        ["12: exercise 'why': is graded by a person and has no check to try an answer on."],
        id="an answer that no check looks at",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace(' says="No."', ""),
        ["12: exercise 'one': a wrong answer needs says=\"the message that its author reads\"."],
        id="a wrong answer without its message",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace('"No."', "2"),
        ["12: exercise 'one': a wrong answer needs says=\"the message that its author reads\"."],
        id="a message that is no text",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace("No.", "Not `2`."),
        [
            "12: exercise 'one': write names in says=\"...\" between ' and ', not backticks: those end the code block "
            "on some pages."
        ],
        id="a message with backticks",
    ),
    pytest.param(
        "## `one`\n\n" + RIGHT.replace("one", "### BEGIN SOLUTION\none"),
        [
            "12: exercise 'one': a SOLUTION region belongs in a cell tagged exercise or explain.",
            "12: exercise 'one': ### BEGIN SOLUTION without its END.",
        ],
        id="a solution in an answer",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.replace("```python", "  ```python") + "\n" + RIGHT,
        [f"11: {NO_CELL}", f"15: {NO_CELL}"],
        id="a cell that is not at the left edge",
    ),
    pytest.param(
        "## `one`\n\n" + WRONG.removesuffix("```\n") + "\n" + RIGHT,
        [f"11: {NO_END}"],
        id="a cell without its end",
    ),
    *(
        pytest.param("## `one`\n\n" + WRONG.replace('"No."', says), [f"11: {UNREADABLE}"], id=f"says={says}")
        for says in (
            '"an open "quote" in it"',
            '"two" "texts"',
            '"one " " text"',
            '"a comment" # of Python"',
            '"a text without an end',
            "'it's'",
            r'"a new\nline"',
            r'"\alpha"',
            r"'\frac'",
            '"twice" says="twice"',
            '"one" two',
        )
    ),
]


@pytest.mark.parametrize(("text", "lines"), REFUSED_ANSWERS)
def test_answers_are_refused(make_course, text, lines):
    course = make_course({"1_one": ONE_AND_WHY, "1_one.answers": KERNEL + text})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert caught.value.problems == [f"notebooks/01_mini/1_one.answers.md:{line}" for line in lines]


def test_mistakes_in_a_notebook_and_in_its_answers_are_told_at_once(make_course):
    course = make_course({"1_one": HEAD + ANSWER, "1_one.answers": KERNEL + "## `two`\n"})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert caught.value.problems == [
        "notebooks/01_mini/1_one.md:14: exercise 'one': has no check cell.",
        "notebooks/01_mini/1_one.answers.md:9: exercise 'two': 1_one.md has no exercise of this name; it has one.",
    ]


@pytest.mark.parametrize("others", [{}, {"2_two": HEAD + ANSWER + CHECK}])
def test_answers_without_their_notebook_are_refused(make_course, monkeypatch, capsys, others):
    monkeypatch.chdir(make_course({"1_one.answers": KERNEL + "## `one`\n\n" + WRONG, **others}))
    assert cli.main(["build"]) == 1
    assert capsys.readouterr().err == (
        "course: notebooks/01_mini/1_one.answers.md:1: these are the answers to 1_one.md, which isn't there.\n"
    )


def test_answers_that_are_no_notebook_are_refused(make_course):
    course = make_course({"1_one": HEAD + ANSWER + CHECK, "1_one.answers": "---\njupyter: [\n---\n\n# x\n"})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert caught.value.problems == [
        "notebooks/01_mini/1_one.answers.md:1: is not a Jupytext Markdown notebook: while parsing a flow node"
    ]


# --- answers beside the text -----------------------------------------------------------------------

NOTED = (
    KERNEL
    + """# Answers

Where they come from.

## `one`
"""
    + WRONG
    + """
Seen twice in class.

### Less common

```text
## `none`
```

"""
    + WRONG.replace("No.", "p").replace("one = 2", "p")
    + RIGHT
    + """
## `why`

A person grades it.
"""
)


def test_answers_belong_to_the_heading_above_them_and_know_their_place(make_course):
    course = make_course({"1_one": ONE_AND_WHY, "1_one.answers": NOTED, "2_two": HEAD})
    one, two = read_chapter(course, CHAPTER)
    assert (one.name, two.name) == ("1_one", "2_two")
    assert [cell.tag for cell in one.cells] == ["setup", "exercise", "check", "explain"]
    file = "notebooks/01_mini/1_one.answers.md"
    found = one.exercises["one"]
    assert [(cell.place, cell.exercise, cell.source, cell.says) for cell in found.wrong] == [
        (f"{file}:15", "one", "one = 2", "No."),
        (f"{file}:27", "one", "p", "p"),
    ]
    assert [(cell.place, cell.exercise, cell.source) for cell in found.right] == [(f"{file}:30", "one", "one = 2 - 1")]
    assert found.check.place == "notebooks/01_mini/1_one.md:19"
    assert one.answers == [*found.wrong, *found.right]


def test_an_exercise_needs_no_answers_and_their_order_is_free(make_course):
    two = (ANSWER + CHECK).replace('"one"', '"two"')
    answers = KERNEL + "## `two`\n\n" + RIGHT + "\n## `why`\n\n## `one`\n"
    [notebook] = read_chapter(make_course({"1_one": ONE_AND_WHY + "\n" + two, "1_one.answers": answers}), CHAPTER)
    assert {name: len(found.right) for name, found in notebook.exercises.items()} == {"one": 0, "why": 0, "two": 1}


SAYS = {
    r'"Not \"1\", but \"2\"."': 'Not "1", but "2".',
    """'Not "1".'""": 'Not "1".',
    r"'It\'s 1.'": "It's 1.",
    '"It\'s 1."': "It's 1.",
    r'"\\alpha is 1."': r"\alpha is 1.",
    r'"5 \u00b0C"': "5 °C",
    '"dim = 0, x=[1] {y}"': "dim = 0, x=[1] {y}",
}


@pytest.mark.parametrize(("written", "read"), SAYS.items())
def test_a_message_may_have_quotes_also_when_jupyterlab_has_saved_it(make_course, written, read):
    course = make_course(
        {"1_one": ONE_AND_WHY, "1_one.answers": KERNEL + "## `one`\n\n" + WRONG.replace('"No."', written)}
    )
    path = course / "notebooks" / CHAPTER / "1_one.answers.md"
    for _ in range(2):
        [notebook] = read_chapter(course, CHAPTER)
        assert [cell.says for cell in notebook.exercises["one"].wrong] == [read]
        path.write_text(jupytext.writes(jupytext.read(path), fmt="md"), encoding="utf-8")  # as JupyterLab does


# --- chapters ------------------------------------------------------------------------------------


def test_the_mistakes_of_all_notebooks_are_told_at_once(make_course):
    course = make_course({"1_one": HEAD + ANSWER, "2_two": HEAD + CHECK, "3_three": HEAD + ANSWER + CHECK})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert [line.split(": ")[0] for line in caught.value.problems] == [
        "notebooks/01_mini/1_one.md:14",
        "notebooks/01_mini/2_two.md:14",
    ]


def test_two_notebooks_of_a_chapter_have_different_exercises(make_course):
    course = make_course({"1_one": HEAD + ANSWER + CHECK, "2_two": HEAD + "More.\n\n" + ANSWER + CHECK})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    assert caught.value.problems == [
        "notebooks/01_mini/2_two.md:16: exercise 'one': the name is taken by notebooks/01_mini/1_one.md:14; "
        "a chapter's exercises need different names."
    ]


def test_cells_need_no_empty_line_between_them(make_course):
    course = make_course(
        {"1_one": HEAD + ANSWER + CHECK + CHECK.replace('["check"] exercise="one" points=2', '["setup"]')}
    )
    [notebook] = read_chapter(course, CHAPTER)
    assert [cell.tag for cell in notebook.cells] == ["setup", "exercise", "check", "setup"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b"---\njupyter: [\n---\n\n# x\n",
            "label.md:1: is not a Jupytext Markdown notebook: while parsing a flow node",
        ),
        (
            b"# caf\xe9\n",
            "label.md: cannot be read: 'utf-8' codec can't decode byte 0xe9 in position 5: invalid continuation byte",
        ),
    ],
)
def test_a_file_that_is_no_notebook(tmp_path, content, line):
    path = tmp_path / "1_one.md"
    path.write_bytes(content)
    with pytest.raises(AuthorErrors) as caught:
        read_notebook(path, "label.md")
    assert caught.value.problems == [line]


# --- chapters by name ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["01_mini", "01", "1", "01_m"])
def test_a_chapter_is_found_by_name_number_or_start(make_course, name):
    assert find_chapters(make_course({"1_one": HEAD}), name) == ["01_mini"]


@pytest.mark.parametrize("command", ["build", "try", "accuracy", "grade", "report"])
def test_an_unknown_chapter_is_answered_with_the_chapters_there_are(make_course, monkeypatch, capsys, command):
    monkeypatch.chdir(make_course({"1_one": HEAD}))
    assert cli.main([command, "7"]) == 1
    kind, there = ("an assignment", "There are") if command in ("grade", "report") else ("a chapter", "Chapters")
    assert capsys.readouterr().err == f"course: '7' isn't {kind} of this course. {there}: 01_mini.\n"


def test_a_start_that_fits_two_chapters_is_refused(make_course, monkeypatch, capsys):
    course = make_course({"1_one": HEAD})
    shutil.copytree(course / "notebooks" / "01_mini", course / "notebooks" / "02_more")
    monkeypatch.chdir(course)
    assert cli.main(["build", "0"]) == 1
    assert capsys.readouterr().err == "course: '0' fits several chapters of this course. Chapters: 01_mini, 02_more.\n"


def test_a_folder_that_is_no_course_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["build"]) == 1
    assert capsys.readouterr().err == (
        f"course: {tmp_path} is not a course: it has no folder 'notebooks'. Run the command in the course's root folder.\n"
    )


def test_mistakes_in_the_text_are_told_by_the_command_too(make_course, monkeypatch, capsys):
    monkeypatch.chdir(make_course({"1_one": HEAD + ANSWER}))
    assert cli.main(["build"]) == 1
    assert capsys.readouterr().err == "course: notebooks/01_mini/1_one.md:14: exercise 'one': has no check cell.\n"


# --- what is made --------------------------------------------------------------------------------

MORE = """
Some prose.

Some prose.

```python
# the same code twice
```

```python
# the same code twice
```

```python tags=["exercise"] exercise="counter"
class Counter:
    def __init__(self):
        ### BEGIN SOLUTION
        self.secret_count = 0
        ### END SOLUTION

    def add(self):
        ### BEGIN SOLUTION
        self.secret_count += 1
        return self.secret_count
        ### END SOLUTION


given = 2
```

```python tags=["check"] exercise="counter" points=1.5
check = Check("counter", points=1.5)
check("Counter().add()", gives=1)
check.report()
```
"""


@pytest.fixture(scope="module")
def built(make_course, mini_texts):
    """A course of two notebooks and two more files, built."""
    course = make_course({**mini_texts, "2_more": HEAD + MORE})
    notebooks = course / "notebooks" / CHAPTER
    (notebooks / "data").mkdir()
    (notebooks / "data" / "points.csv").write_text("x,y\n1,2\n")
    (notebooks / "plot.png").write_bytes(b"\x89PNG")
    (notebooks / ".draft").write_text("not for students")
    changed = build(course, [CHAPTER], lambda line: None)
    assert changed == [
        "source/01_mini/1_mini.ipynb",
        "source/01_mini/2_more.ipynb",
        "source/01_mini/data/points.csv",
        "source/01_mini/mistakes.json",
        "source/01_mini/plot.png",
        "release/01_mini/1_mini.ipynb",
        "release/01_mini/2_more.ipynb",
        "release/01_mini/data/points.csv",
        "release/01_mini/mistakes.json",
        "release/01_mini/plot.png",
        "solutions/01_mini/1_mini.ipynb",
        "solutions/01_mini/2_more.ipynb",
    ]
    return course


def read(course, kind, name="1_mini"):
    return nbformat.read(course / kind / CHAPTER / f"{name}.ipynb", as_version=4)


def cell_of(notebook, name):
    [cell] = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name]
    return cell


def contents(course):
    """The bytes of every generated file, by its path."""
    return {
        path.relative_to(course).as_posix(): path.read_bytes()
        for kind in ("source", "release", "solutions")
        for path in sorted((course / kind).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("name", "grade", "solution", "locked", "points"),
    [
        ("setup-1", False, False, True, None),
        ("relu", False, True, False, None),
        ("relu-check", True, False, True, 3),
        ("shape", False, True, False, None),
        ("shape-check", True, False, True, 1),
        ("why", True, True, False, 2),
    ],
)
def test_metadata_for_nbgrader(built, name, grade, solution, locked, points):
    for kind in ("source", "release"):
        metadata = dict(cell_of(read(built, kind), name).metadata["nbgrader"])
        assert metadata.pop("grade") is grade
        assert metadata.pop("solution") is solution
        assert metadata.pop("locked") is locked
        assert metadata.pop("points", None) == points
        assert metadata.pop("task") is False
        assert metadata.pop("schema_version") == 3
        assert metadata.pop("grade_id") == name
        assert not set(metadata) - {"cell_type", "checksum"}


def test_prose_and_shown_code_have_no_metadata(built):
    untagged = [cell for cell in read(built, "source").cells if "nbgrader" not in cell.metadata]
    checked = (
        "**Checked:** value, shape, dtype; gradient with respect to `z`; "
        "also on `z` with only positive numbers, of two columns, of one dimension."
    )
    assert [cell.source for cell in untagged] == [
        "# A small notebook",
        f"Some prose.\n\n{checked}",
        'greeting = "hello"\ngreeting',
    ]
    assert all(cell.metadata == {} for cell in untagged)


@pytest.mark.parametrize("kind", ["source", "release", "solutions"])
@pytest.mark.parametrize("name", ["1_mini", "2_more"])
def test_notebooks_are_valid_and_cell_ids_unique(built, kind, name):
    notebook = read(built, kind, name)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_cell_ids_do_not_depend_on_the_cells_before(make_course):
    [plain] = read_chapter(make_course({"1_one": HEAD + ANSWER + CHECK}), CHAPTER)
    [longer] = read_chapter(make_course({"1_one": HEAD + "New prose.\n\n" + ANSWER + CHECK}), CHAPTER)
    ids = [cell.id for cell in make_source(longer).cells]
    assert ids[:1] + ids[2:] == [cell.id for cell in make_source(plain).cells]


def test_a_stub_in_a_function_raises_and_at_the_top_level_goes_on(built):
    release = read(built, "release")
    assert cell_of(release, "relu").source == (
        'def relu(z):\n    """Return max(0, z), element by element."""\n'
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert cell_of(release, "shape").source == (
        "shape = None  # the shape of relu's result for an input of shape (2, 5), as a tuple\n# YOUR CODE HERE"
    )


def test_each_solution_of_a_class_has_its_own_stub(built):
    assert cell_of(read(built, "release", "2_more"), "counter").source == (
        "class Counter:\n"
        "    def __init__(self):\n"
        "        # YOUR CODE HERE\n"
        "        raise NotImplementedError()\n\n"
        "    def add(self):\n"
        "        # YOUR CODE HERE\n"
        "        raise NotImplementedError()\n\n\n"
        "given = 2"
    )


def test_an_explanation_is_released_without_its_model_answer(built):
    assert cell_of(read(built, "release"), "why").source == "*Your answer here.*"


def test_a_check_is_released_without_its_hidden_tests(built):
    assert cell_of(read(built, "release"), "relu-check").source == (
        'check = Check("relu", parts={"values": 2, "empty input": 1})\n'
        'check("relu(z)", part="values", z=torch.tensor([[-1.5, 0.0, 2.0]]), gives=torch.tensor([[0.0, 0.0, 2.0]]))\n'
        'check("relu(z)", part="empty input", z=torch.zeros(0, 3), gives=torch.zeros(0, 3))\n'
        "check.report()"
    )


def test_wrong_and_right_answers_are_in_no_notebook(built):
    for path, text in contents(built).items():
        if path.endswith(".ipynb"):
            assert b"z.clamp(max=0)" not in text
            assert b"torch.where" not in text


def test_the_solution_is_executed_and_has_no_markers(built):
    solution = read(built, "solutions")
    sources = "\n".join(cell.source for cell in solution.cells)
    assert "return z.clamp(min=0)" in sources
    assert "check.hidden()" in sources
    assert "###" not in sources
    texts = [
        output.text
        for cell in solution.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text" in output
    ]
    assert texts == ["✓ relu: 3 of 3 points. All 5 checks hold.\n", "✓ shape: 1 of 1 points. The check holds.\n"]


def test_the_known_mistakes_are_beside_source_and_release(built):
    source, release = (
        (built / kind / CHAPTER / "mistakes.json").read_text(encoding="utf-8") for kind in ("source", "release")
    )
    assert source == release
    known = json.loads(source)
    assert known.pop("").keys() == known.keys()  # the digests of the stubs
    assert {name: [mistake["says"] for mistake in mistakes] for name, mistakes in known.items()} == {
        "relu": [
            "relu keeps what is positive; this keeps what is negative.",
            "This is the absolute value: negative inputs become positive, and should become 0.",
            "Python's max compares whole tensors; relu works element by element.",
        ],
        "shape": ["Nothing is transposed: relu works element by element."],
        "counter": [],
    }


def test_more_files_are_copied_and_hidden_ones_are_not(built):
    for kind in ("source", "release"):
        assert (built / kind / CHAPTER / "data" / "points.csv").read_text() == "x,y\n1,2\n"
        assert (built / kind / CHAPTER / "plot.png").read_bytes() == b"\x89PNG"
        assert not (built / kind / CHAPTER / ".draft").exists()


def test_the_same_input_gives_the_same_bytes(built):
    before = contents(built)
    assert build(built, [CHAPTER], lambda line: None) == []
    assert contents(built) == before


def test_check_names_what_is_stale_and_changes_nothing(built, tmp_path, monkeypatch, capsys):
    course = shutil.copytree(built, tmp_path / "course")
    for name in ("source/01_mini/1_mini.ipynb", "release/01_mini/2_more.ipynb"):
        (course / name).write_text((course / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (course / "release" / CHAPTER / "mistakes.json").unlink()
    (course / "release" / CHAPTER / "left_over.csv").write_text("old")
    solution = course / "solutions" / CHAPTER / "1_mini.ipynb"
    solution.write_text(solution.read_text(encoding="utf-8").replace("Some prose.", "Other prose."), encoding="utf-8")
    (course / "solutions" / CHAPTER / "0_old.ipynb").write_text("{}")
    before = contents(course)
    monkeypatch.chdir(course)
    assert cli.main(["build", "--check"]) == 1
    assert capsys.readouterr().err == (
        "course: these files don't match notebooks/; run 'course build':\n"
        "  release/01_mini/2_more.ipynb\n"
        "  release/01_mini/left_over.csv\n"
        "  release/01_mini/mistakes.json\n"
        "  solutions/01_mini/0_old.ipynb\n"
        "  solutions/01_mini/1_mini.ipynb\n"
        "  source/01_mini/1_mini.ipynb\n"
    )
    assert contents(course) == before


# --- leaks ---------------------------------------------------------------------------------------

LEAKS = {
    "    return z.clamp(min=0)": "md:25: exercise 'relu': 'return z.clamp(min=0)'",
    "for z in vary((1, 4), (3, 2), (7,), seed=1):": "md:33: exercise 'relu': 'for z in vary((1, 4), (3, 2), (7,), seed=1):'",
    "1 point for the product of matrices; 1 point for what follows from it.": "md:58: exercise 'why': "
    "'1 point for the product of matrices; 1 point for what follows from it.'",
    "    return z.clamp(max=0)": "answers.md:12: exercise 'relu': 'return z.clamp(max=0)'",
}


def add_to_prose(cell, line):
    cell.source += f"\nMore prose.\n{line}\nEnd."


def add_to_metadata(cell, line):
    cell.metadata["notes"] = {"by the author": ["first", line]}


def add_as_key(cell, line):
    cell.metadata["notes"] = {line: True}


@pytest.mark.parametrize("hide", [add_to_prose, add_to_metadata, add_as_key])
@pytest.mark.parametrize("line", LEAKS)
def test_a_leak_is_found(built, tmp_path, hide, line):
    release = read(built, "release")
    hide(release.cells[0], line)
    nbformat.write(release, tmp_path / "1_mini.ipynb")
    notebook = read_chapter(built, CHAPTER)[0]
    assert list(find_leaks(notebook, tmp_path, built)) == [
        f"notebooks/01_mini/1_mini.{LEAKS[line]} must be hidden, and the release shows it."
    ]


def test_a_leak_in_an_output_is_found(built, tmp_path):
    release = read(built, "release")
    cell = cell_of(release, "shape")
    cell.outputs = [nbformat.v4.new_output("stream", text="one\nshape = (2, 5)\n")]
    nbformat.write(release, tmp_path / "1_mini.ipynb")
    [leak] = find_leaks(read_chapter(built, CHAPTER)[0], tmp_path, built)
    assert leak.endswith("exercise 'shape': 'shape = (2, 5)' must be hidden, and the release shows it.")


def test_a_marker_in_the_release_is_found(built, tmp_path):
    release = read(built, "release")
    release.cells[0].metadata["notes"] = "### END HIDDEN TESTS"
    nbformat.write(release, tmp_path / "1_mini.ipynb")
    assert list(find_leaks(read_chapter(built, CHAPTER)[0], tmp_path, built)) == [
        "notebooks/01_mini/1_mini.md:1: the release still holds a marker of a solution, hidden tests or a mark scheme."
    ]


def test_the_whole_source_in_place_of_the_release_leaks_every_region(built):
    for notebook in read_chapter(built, CHAPTER):
        leaks = list(find_leaks(notebook, built / "source" / CHAPTER, built))
        names = {name for name in notebook.exercises if any(f"exercise '{name}'" in leak for leak in leaks)}
        assert names == set(notebook.exercises)


def test_the_release_itself_has_no_leak(built):
    for notebook in read_chapter(built, CHAPTER):
        assert list(find_leaks(notebook, built / "release" / CHAPTER, built)) == []


# --- answers that do not behave -------------------------------------------------------------------


def exercise(name, solution, checks, points="points=1", stub="", attribute="points=1"):
    return f"""```python tags=["exercise"] exercise="{name}"
{stub}
### BEGIN SOLUTION
{solution}
### END SOLUTION
```

```python tags=["check"] exercise="{name}" {attribute}
check = Check("{name}", {points})
{checks}
```
"""


TRIED = HEAD + "".join(
    [
        exercise("fails", "fails = 2", 'check("fails", gives=3)\ncheck.report()'),
        exercise(
            "fails_hidden",
            "fails_hidden = 2",
            'check("fails_hidden", gives=2)\n### BEGIN HIDDEN TESTS\ncheck.hidden()\n'
            'check("fails_hidden + 1", gives=4)\n### END HIDDEN TESTS\ncheck.report()',
        ),
        exercise(
            "only_hidden",
            "only_hidden = 2",
            '### BEGIN HIDDEN TESTS\ncheck.hidden()\ncheck("only_hidden", gives=2)\n'
            "### END HIDDEN TESTS\ncheck.report()",
        ),
        exercise("generous", "generous = 2", 'check("2 + 2", gives=4)\ncheck.report()'),
        exercise("unequal", "unequal = 2", 'check("unequal", gives=2)\ncheck.report()', points="points=3"),
        exercise("guess", "guess = 'b'", 'check("guess", gives=sealed("?"))\ncheck.report()', stub="guess = None"),
        exercise("broken", "broken = 2", 'check("broken", gives=unknown)\ncheck.report()'),
        exercise("silent", "silent = 2", 'check("silent", gives=2)'),
        exercise("crash", "crash = 2", 'check("crash", gives=2)\ncheck.report()'),
        exercise("more", "more = 2", 'check("more", gives=2)\ncheck.report()', attribute="extra=3"),
    ]
)
CRASH = KERNEL + "## `crash`\n\n" + WRONG.replace("one = 2", "import os\nos._exit(3)")


def test_answers_that_do_not_behave_are_refused_and_nothing_is_changed(built, make_course):
    course = make_course({"3_tried": TRIED, "3_tried.answers": CRASH})
    for kind in ("source", "release", "solutions"):
        shutil.copytree(built / kind, course / kind)
    before = contents(course)
    with pytest.raises(AuthorErrors) as caught:
        build(course, [CHAPTER], lambda line: None)
    assert caught.value.problems == [
        f"notebooks/01_mini/3_tried.{line}"
        for line in (
            "md:21: exercise 'fails': the solution fails its own check:\n"
            "✗ fails: 0 of 1 points.\n"
            "  `fails`: the value is not the expected one.\n"
            "  Got 2; expected 3.",
            "md:33: exercise 'fails_hidden': the solution fails its own check:\n"
            "✗ fails_hidden: 0 of 1 points.\n"
            "  `fails_hidden`: the value is not the expected one.\n"
            "  Seen only on an input that this notebook does not show.",
            "md:49: exercise 'only_hidden': the solution cannot pass the released check, without the hidden tests:\n"
            "✗ only_hidden: 0 of 1 points. Nothing was checked.",
            "md:64: exercise 'generous': the released stub gets 1 points; it must get 0.",
            "md:76: exercise 'unequal': points=1 on the cell, 3 in Check(...): make them equal.",
            'md:88: exercise \'guess\': the solution gives "guess" a value whose seal is sealed("af6dc8f9f3fa").',
            "md:100: exercise 'broken': the check cell failed: NameError: name 'unknown' is not defined",
            "md:112: exercise 'silent': the check cell failed: the check cell reports 0 times; it must call check.report() once",
            "answers.md:12: exercise 'crash': the wrong answer ended its process (by a crash or os._exit).",
            "md:135: exercise 'more': extra=3 on the cell, 1 in Check(...): make them equal.",
        )
    ]
    assert contents(course) == before


JUDGED = HEAD + "".join(
    [
        exercise("lax", "lax = 2", 'check("lax > 0", gives=True)\ncheck.report()'),
        exercise("strict", "strict = 2", 'check("strict", gives=2)\ncheck.report()'),
        exercise("relu", "relu = 2", 'check("relu", gives=2)\ncheck.report()').replace('Check("relu"', 'Check("rleu"'),
    ]
)
JUDGED_ANSWERS = (
    f"{KERNEL}## `lax`\n\n"
    + WRONG.replace('"No."', '"\\"3\\" is not it."').replace("one = 2", "lax = 3")
    + "\n## `strict`\n\n"
    + RIGHT.replace("one = 2 - 1", "strict = 3")
)


def test_answers_that_are_judged_wrongly_are_refused(make_course):
    course = make_course({"3_judged": JUDGED, "3_judged.answers": JUDGED_ANSWERS})
    with pytest.raises(AuthorErrors) as caught:
        build(course, [CHAPTER], lambda line: None)
    assert caught.value.problems == [
        "notebooks/01_mini/3_judged.answers.md:12: exercise 'lax': the wrong answer earns all points.",
        "notebooks/01_mini/3_judged.answers.md:18: exercise 'strict': the right answer is rejected:\n"
        "✗ strict: 0 of 1 points.\n  `strict`: the value is not the expected one.\n  Got 3; expected 2.",
        "notebooks/01_mini/3_judged.md:45: exercise 'relu': its check is Check(\"rleu\"): points and messages are stored under that name.",
    ]


def test_two_wrong_answers_that_the_check_cannot_tell_apart_are_refused(make_course):
    check = 'check("f(2)", gives=6)\ncheck.report()'
    solution, wrong = "def f(x):\n    return 3 * x", "def f(x):\n    return {}\n"
    answers = "".join(
        WRONG.replace('"No."', f'"{says}"').replace("one = 2\n", wrong.format(result))
        for says, result in (("A square.", "x**2"), ("Doubled.", "2 * x"), ("Cut.", "x - 1"))
    )
    course = make_course(
        {"1_one": HEAD + exercise("f", solution, check), "1_one.answers": f"{KERNEL}## `f`\n\n{answers}"}
    )
    with pytest.raises(AuthorErrors) as caught:
        build(course, [CHAPTER], lambda line: None)
    assert caught.value.problems == [
        f"notebooks/01_mini/1_one.answers.md:{line}: exercise 'f': its results are the same as another wrong answer's, so a student "
        'reads "Either: A square. Or: Doubled.": add an input on which they differ, or give both the same says=.'
        for line in (12, 16)
    ]


def test_numbers_that_rounding_makes_are_no_mark_of_a_mistake(make_course):
    check = "import torch\nfor n in (2, 1):\n    x = torch.arange(1.0, n + 1)\n    check('f(x)', x=x, gives=2 * x)\ncheck.report()"
    wrong = "def f(x):\n    return 1e6 * (x.exp().log() - x) if len(x) > 1 else x\n"
    answers = WRONG.replace("one = 2\n", wrong).replace('["wrong"]', '["wrong"] rounds=true')
    text = HEAD + exercise("f", "def f(x):\n    return 2 * x", check)
    course = make_course({"1_one": text, "1_one.answers": f"{KERNEL}## `f`\n\n{answers}"})
    build(course, [CHAPTER], lambda line: None)
    [mistake] = json.loads((course / "source" / CHAPTER / "mistakes.json").read_text())["f"]
    assert [len(row) for row in mistake["results"]] == [2, 5]


def test_what_a_check_looks_at_stands_under_the_task_in_front_of_the_hints(make_course):
    answer = "<details><summary>Reading the figure</summary>\n\nIt rises.\n\n</details>\n\n"
    task = f"## 1\n\n{answer}### Exercise 1\n\nWrite `two`.\n\n<details><summary>Hint</summary>\n\nCount.\n\n</details>\n\n"
    set_up = '```python tags=["setup"]\nthree = 3\n```\n\n'
    text = HEAD + task + set_up + exercise("two", "two = 2", 'check("two", gives=2)\ncheck.report()')
    course = make_course({"1_one": text})
    build(course, [CHAPTER], lambda line: None)
    for kind in ("source", "release", "solutions"):
        made = nbformat.read(course / kind / CHAPTER / "1_one.ipynb", as_version=4)
        [said] = [cell.source for cell in made.cells if "### Exercise 1" in cell.source]
        assert said == task.replace(
            "<details><summary>Hint",
            "**Checked:** value, as a Python number or as a tensor of one element.\n\n<details><summary>Hint",
        ).rstrip("\n")


def test_a_cell_that_stops_is_refused(make_course):
    [notebook] = read_chapter(make_course({"1_one": HEAD + "```python\n1 / 0\n```\n"}), CHAPTER)
    with pytest.raises(CourseError) as caught:
        try_notebooks([(notebook, {}, {})])
    assert str(caught.value) == (
        "notebooks/01_mini/1_one.md:14: the cell stops with ZeroDivisionError: division by zero"
    )


def test_a_solution_that_stops_in_its_kernel_is_refused(make_course, tmp_path):
    head = HEAD.partition("```")[0]  # without the set-up, whose imports take most of the time
    [notebook] = read_chapter(make_course({"1_one": head + "```python\nprint([][1])\n```\n"}), CHAPTER)
    (tmp_path / "source" / CHAPTER).mkdir(parents=True)
    with pytest.raises(CourseError) as caught:
        execute_solution(tmp_path, CHAPTER, notebook)
    assert (
        str(caught.value)
        == "notebooks/01_mini/1_one.md: a cell of the solution stops with IndexError: list index out of range"
    )
    assert not (tmp_path / "solutions").exists()


# --- what need not be built again --------------------------------------------------------------------


@pytest.fixture
def fresh(built, tmp_path):
    """A course whose generated files are noted as fresh."""
    shutil.copytree(built, tmp_path / "course")
    (tmp_path / "course" / "solutions" / "01_mini").mkdir(parents=True, exist_ok=True)
    note(tmp_path / "course", "01_mini", digest_origin(tmp_path / "course", "01_mini"))
    return tmp_path / "course"


@pytest.mark.parametrize("options", [[], ["--check"]], ids=["build", "check"])
def test_a_fresh_chapter_is_neither_built_nor_compared(fresh, options, monkeypatch, capsys):
    monkeypatch.chdir(fresh)
    monkeypatch.setattr("autograder.authoring.build.stage_chapter", None)
    assert cli.main(["build", *options]) == 0
    assert capsys.readouterr().out == "Unchanged since the last build: 01_mini.\n"
    with pytest.raises(TypeError):
        cli.main(["build", *options, "--again"])


@pytest.mark.parametrize(
    "changed", ["notebooks/01_mini/1_mini.md", "notebooks/01_mini/1_mini.answers.md", "nbgrader_config.py", "source/01_mini/1_mini.ipynb", "release/01_mini/mistakes.json"]
)  # fmt: skip
def test_whatever_changes_makes_a_chapter_stale(fresh, changed):
    assert is_fresh(fresh, "01_mini")
    with (fresh / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert not is_fresh(fresh, "01_mini")


def test_a_change_of_the_package_makes_chapters_stale(fresh, monkeypatch):
    used = freshness._modules(freshness.USED)
    assert {
        "checks/looks.py",
        "authoring/trials.py",
        "authoring/forks.py",
        "grading/stubs.py",
        "course/figures/style.py",
    } <= used
    assert not used & {"grading/grade.py", "reporting/report.py"}
    monkeypatch.setattr(freshness, "USED", (*freshness.USED, "reporting.report"))
    assert not is_fresh(fresh, "01_mini")


def test_what_changes_while_a_chapter_is_built_leaves_it_stale(fresh):
    def change(said):
        if said == "01_mini: source and release":
            with (fresh / "notebooks/01_mini/1_mini.md").open("a", encoding="utf-8") as file:
                file.write("\nMore.\n")

    (fresh / "notebooks/01_mini/2_more.md").unlink()
    build(fresh, ["01_mini"], change)
    assert not is_fresh(fresh, "01_mini")


def test_pictures_that_differ_in_a_last_shade_are_the_same():
    def draw(shade):
        stream = io.BytesIO()
        imsave(stream, numpy.full((4, 4, 3), shade), format="png")
        return base64.b64encode(stream.getvalue()).decode()

    assert _look_alike(draw(0.5), draw(0.52))
    assert not _look_alike(draw(0.5), draw(0.8))

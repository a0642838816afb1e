"""Assignments that are not of this course, in the style of nbgrader's quickstart: the scores are those of stock nbgrader, cell by cell."""

from __future__ import annotations

import html
import shutil
from pathlib import Path

import nbformat
import pytest
from assignments import answer, make_notebook, marks
from sampling import at_night
from warm import grade_here

from autograder.engine.runner import Engine
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import Grading, grade_class
from autograder.grading.results import load_results
from autograder.reporting.report import write_report

LISTS: list[tuple[str, str, str]] = [
    ("prose", "markdown", "# Lists and texts\n\nFill in what is asked for."),
    ("prose", "code", "import numpy as np\nwords = ['pear', 'fig', 'apple']"),
    (
        "answer:squares",
        "code",
        'def squares(n):\n    """The squares of 1 to n, as a list."""\n    ### BEGIN SOLUTION\n    if n < 1:\n        raise ValueError("n must be at least 1")\n    return [i**2 for i in range(1, n + 1)]\n    ### END SOLUTION',
    ),
    (
        "check:squares_visible:1",
        "code",
        '"""Positive numbers."""\nassert squares(1) == [1]\nassert squares(4) == [1, 4, 9, 16]',
    ),
    (
        "check:squares_error:1",
        "code",
        "try:\n    squares(0)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('did not raise')\n### BEGIN HIDDEN TESTS\nfor n in (2, 7):\n    assert len(squares(n)) == n\n### END HIDDEN TESTS",
    ),
    (
        "answer:total",
        "code",
        "def sum_of_squares(n):\n    ### BEGIN SOLUTION\n    return sum(squares(n))\n    ### END SOLUTION",
    ),
    ("check:total_value:1", "code", "assert sum_of_squares(3) == 14"),
    (
        "check:total_uses:0.5",
        "code",
        "kept = squares\ndel squares\ntry:\n    sum_of_squares(1)\nexcept NameError:\n    pass\nelse:\n    raise AssertionError('squares is not used')\nfinally:\n    squares = kept",
    ),
    (
        "answer:texts",
        "code",
        "def longest(texts):\n    ### BEGIN SOLUTION\n    return max(texts, key=len)\n    ### END SOLUTION\n\n\ndef greet(name):\n    ### BEGIN SOLUTION\n    print(f'Hello, {name}!')\n    ### END SOLUTION",
    ),
    (
        "check:texts_longest:2",
        "code",
        "points = 0\npoints += longest(words) == 'apple'\npoints += longest(['a']) == 'a'\npoints",
    ),
    (
        "check:texts_greet:1",
        "code",
        "import io\nfrom contextlib import redirect_stdout\n\nwith redirect_stdout(io.StringIO()) as out:\n    greet('Ada')\nassert out.getvalue().strip() == 'Hello, Ada!'",
    ),
    (
        "answer:sort",
        "code",
        "def sort_in_place(items):\n    ### BEGIN SOLUTION\n    items.sort()\n    ### END SOLUTION",
    ),
    (
        "check:sort_changes:1",
        "code",
        "items = [3, 1, 2]\nassert sort_in_place(items) is None\nassert items == [1, 2, 3]",
    ),
    (
        "answer:account",
        "code",
        "class Account:\n    def __init__(self, balance):\n        self.balance = balance\n\n    def pay(self, amount):\n        ### BEGIN SOLUTION\n        if amount > self.balance:\n            raise ValueError('too little money')\n        self.balance -= amount\n        ### END SOLUTION",
    ),
    (
        "check:account_pays:2",
        "code",
        "account = Account(10)\naccount.pay(4)\nassert account.balance == 6\ntry:\n    account.pay(100)\n    raise AssertionError('paid too much')\nexcept ValueError:\n    pass",
    ),
    (
        "answer:mean",
        "code",
        "def column_means(table):\n    ### BEGIN SOLUTION\n    return table.mean(axis=0)\n    ### END SOLUTION",
    ),
    (
        "check:mean_values:1",
        "code",
        "from numpy.testing import assert_allclose\n\nassert_allclose(column_means(np.array([[1.0, 2.0], [3.0, 6.0]])), [2.0, 4.0])",
    ),
    ("hand:why:3", "markdown", "It is because a list can be changed in place."),
    ("hand:code_by_hand:2", "code", "answer = 'a program that a person reads'"),
    ("task:explore:4", "markdown", "Explore the data and say what you find."),
]

PLOTS: list[tuple[str, str, str]] = [
    ("prose", "code", "import matplotlib.pyplot as plt"),
    (
        "answer:plot",
        "code",
        "### BEGIN SOLUTION\nplt.plot([1, 2, 3], [1, 4, 9])\nplt.xlabel('n')\n### END SOLUTION\naxes = plt.gca();",
    ),
    (
        "check:plot_line:2",
        "code",
        "assert isinstance(axes, plt.Axes)\nassert len(axes.lines) == 1\nassert list(axes.lines[0].get_ydata()) == [1, 4, 9]",
    ),
    ("check:plot_label:1", "code", "class Own(type(axes)):\n    pass\nassert axes.get_xlabel() == 'n'"),
]

STUDENTS: dict[str, dict[str, str]] = {
    "right": {
        "squares": "def squares(n):\n    if n <= 0:\n        raise ValueError(n)\n    found = []\n    for i in range(n):\n        found.append((i + 1) * (i + 1))\n    return found",
        "total": "def sum_of_squares(n):\n    return sum(x for x in squares(n))",
        "texts": "def longest(texts):\n    return sorted(texts, key=lambda text: -len(text))[0]\n\ndef greet(name):\n    print('Hello, ' + name + '!')",
        "sort": "def sort_in_place(items):\n    items[:] = sorted(items)",
        "account": "class Account:\n    def __init__(self, balance):\n        self._balance = balance\n    @property\n    def balance(self):\n        return self._balance\n    def pay(self, amount):\n        if amount > self._balance:\n            raise ValueError\n        self._balance -= amount",
        "mean": "def column_means(table):\n    return [sum(column) / len(column) for column in table.T]",
        "why": "Because.",
        "code_by_hand": "answer = 1",
        "plot": "fig, ax = plt.subplots()\nax.plot([1, 2, 3], [1, 4, 9])\nax.set_xlabel('n')\naxes = plt.gca();",
    },
    "wrong": {
        "squares": "def squares(n):\n    return [i**2 for i in range(n)]",
        "total": "def sum_of_squares(n):\n    return n * (n + 1) * (2 * n + 1) / 6",
        "texts": "def longest(texts):\n    return max(texts)\n\ndef greet(name):\n    return f'Hello, {name}!'",
        "sort": "def sort_in_place(items):\n    return sorted(items)",
        "account": "class Account:\n    def __init__(self, balance):\n        self.balance = balance\n    def pay(self, amount):\n        self.balance -= amount",
        "mean": "def column_means(table):\n    return table.mean()",
        "plot": "plt.plot([1, 4, 9], [1, 2, 3])\naxes = plt.gca();",
    },
    "partly": {
        "squares": "squares = lambda n: [i**2 for i in range(1, n + 1)]",
        "texts": "def longest(texts):\n    return texts[0]",
        "sort": "def sort_in_place(items):\n    items.sort(reverse=True)",
        "mean": "import numpy\ndef column_means(table):\n    return numpy.average(table, 0)",
        "plot": "plt.plot([1, 2, 3], [1, 4, 9], 'o')\naxes = plt.gca();",
    },
    "untouched": {},
    "broken": {"squares": "def squares(n:", "total": "1 / 0", "mean": "column_means = None"},
}


CLASSES = [("wrong", "partly"), at_night([*STUDENTS])]
"""Who is in the class: stock takes seconds for each."""


@pytest.fixture(scope="module", params=CLASSES, ids=["two", "all"])
def courses(
    tmp_path_factory: pytest.TempPathFactory, warm: Engine, request: pytest.FixtureRequest
) -> tuple[Path, Path, Grading]:
    """The same class, graded by stock nbgrader with its kernels, and by ours without any configuration."""
    stock = tmp_path_factory.mktemp("any") / "stock"
    (stock / "source" / "quick").mkdir(parents=True)
    (stock / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'any'\n")
    for name, cells in (("lists", LISTS), ("plots", PLOTS)):
        nbformat.write(make_notebook(cells), stock / "source" / "quick" / f"{name}.ipynb")
    run_nbgrader(stock, "generate_assignment", "quick")
    for student in request.param:
        answers = STUDENTS[student]
        for name in ("lists",) if student == "broken" else ("lists", "plots"):
            released = stock / "release" / "quick" / f"{name}.ipynb"
            answer(released, stock / "submitted" / student / "quick" / f"{name}.ipynb", answers)
    ours = stock.with_name("ours")
    shutil.copytree(stock, ours)
    run_nbgrader(stock, "autograde", "quick")
    with pytest.MonkeyPatch.context() as patch:
        grade_here(warm.start(), patch.setattr)
        return stock, ours, grade_class(ours, "quick")


def test_every_cell_has_the_score_that_stock_gives(courses: tuple[Path, Path, Grading]) -> None:
    stock, ours, _ = courses
    expected = marks(stock)
    students = {student for student, _ in expected}
    assert students in ({"wrong", "partly"}, {*STUDENTS})
    assert len(expected) == len(students) * 14
    assert marks(ours) == expected
    assert {score for score, _ in expected.values()} >= {0.0, 1.0, 2.0, None}


def test_what_shares_objects_with_its_tests_runs_in_one_process_and_the_report_says_so(
    courses: tuple[Path, Path, Grading],
) -> None:
    _, ours, grading = courses
    said = [
        "lists: its checks test Account, and ask objects of the student's own class of that name.",
        "plots: its checks run in the process of the student's code, because they share objects with it.",
    ]
    assert grading.result.remarks == said
    page = html.unescape(write_report(ours, "quick").read_text(encoding="utf-8"))
    assert all(line in page for line in said)
    assert load_results(ours, "quick").remarks == said


def test_the_graded_notebooks_can_be_graded_by_hand_and_fed_back(courses: tuple[Path, Path, Grading]) -> None:
    _, ours, _ = courses
    run_nbgrader(ours, "generate_feedback", "quick")
    page = (ours / "feedback" / "partly" / "quick" / "lists.html").read_text(encoding="utf-8")
    assert "AssertionError" in page

"""The parts that need no gradebook: agreement, groups, rubrics, the ledger, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import CourseError
from autograder.marking.agreement import measure_agreement
from autograder.marking.ledger import Ledger, Mark
from autograder.marking.questions import Question, choose_question
from autograder.marking.rubrics import Item, Rubric, propose, read_rubrics, rubric_path, save_rubric
from autograder.marking.showing import show_difference, show_markdown, show_outputs
from autograder.marking.similarity import group_answers

TARGET = ("one", "1_mini", "why", "d")


def test_agreement_is_that_of_the_textbook() -> None:
    # 50 grant proposals, 20 accepted and 15 refused by both readers: Cohen's kappa is 0.4.
    table = [(1.0, 1.0)] * 20 + [(1.0, 0.0)] * 5 + [(0.0, 1.0)] * 10 + [(0.0, 0.0)] * 15
    found = measure_agreement(table)
    assert (found.count, found.percent, found.kappa, found.weighted, found.difference) == (50, 70.0, 0.4, 0.4, -0.1)
    near = measure_agreement([(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 2.0)])
    far = measure_agreement([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (2.0, 2.0)])
    assert near.percent == far.percent == 75
    assert near.weighted is not None
    assert far.weighted is not None
    assert near.weighted > far.weighted
    always = measure_agreement([(2.0, 2.0)] * 3)
    assert (always.percent, always.kappa, always.weighted) == (100.0, None, None), "chance alone agrees as well"
    assert measure_agreement([]).percent is None


def test_like_answers_are_together_and_the_order_is_always_the_same() -> None:
    texts = [
        "The product of the matrices is one matrix.",
        "Because of the gradient!",
        "the PRODUCT of the matrices, is one matrix",
        "The product of these matrices is just one matrix.",
        "因为矩阵的乘积是一个矩阵。",
        "because of the  gradient",
    ]
    groups = group_answers(texts)
    assert sorted(map(sorted, groups)) == [[0, 2, 3], [1, 5], [4]]
    assert groups[0][0] in (0, 2), "the most typical one is first"
    back = group_answers(texts[::-1])
    assert [sorted(5 - place for place in group) for group in back] == [sorted(group) for group in groups]
    code = ["def f(x):\n    return x + 1  # one", "def f(x): return x+1", "for i in range(3):\n    print(i)"]
    assert group_answers(code, code=True) == [[0, 1], [2]]
    assert group_answers([]) == []
    assert group_answers(["", ""]) == [[0, 1]]


def test_a_rubric_is_a_file_that_people_can_edit(tmp_path: Path) -> None:
    rubric = Rubric(0.0, (Item("a", "the “product”", 1.0), Item("b", "wrong sign", -0.5)))
    save_rubric(tmp_path, "01_mini", "1_mini/why", rubric)
    save_rubric(tmp_path, "01_mini", "1_mini/other", Rubric(2.0))
    assert read_rubrics(tmp_path, "01_mini") == {"1_mini/why": rubric, "1_mini/other": Rubric(2.0)}
    assert "the “product”" in rubric_path(tmp_path, "01_mini").read_text(encoding="utf-8")
    assert [rubric.add_up(items, 0, 2) for items in (["a"], ["a", "b"], ["b"], [])] == [1, 0.5, 0, 0]
    assert Rubric(2.0, rubric.items).add_up(["a", "b"], 0, 2) == 2, "never above the most"

    def write(found: Any) -> None:
        rubric_path(tmp_path, "01_mini").write_text(json.dumps(found), encoding="utf-8")

    for wrong in (
        [],
        {"q": 3},
        {"q": {"items": [{"id": "a", "text": "x", "points": "1"}]}},
        {"q": {"items": [{"id": "a"}]}},
    ):
        write(wrong)
        with pytest.raises(CourseError, match=r"rubrics/01_mini.json cannot be read .* No mark was changed"):
            read_rubrics(tmp_path, "01_mini")


def test_a_mark_scheme_becomes_a_rubric() -> None:
    found = propose(
        "1 point: equal weights; in, out.\n0.5 points for the sign; 1 point for more\nA seed earns nothing.", 3
    )
    assert [(item.points, item.text) for item in found.items] == [
        (1, "equal weights; in, out"),
        (0.5, "the sign"),
        (1, "more"),
    ]
    assert propose("Anything goes.", 3).items == ()


def test_the_ledger_is_for_several_at_once_and_outlives_a_cut_line(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    first, second = Ledger(path), Ledger(path)

    def add(ledger: Ledger, mark: Mark, settles: bool = False) -> int:
        with ledger.lock():
            return ledger.add(TARGET, mark, (1.0, None, False), settles=settles, text="text", at="now")

    add(first, Mark("ada", ("a",), given=True, blind=True))
    number = add(second, Mark("ben", (), given=True, blind=True))
    first.refresh()
    assert set(first.held(TARGET).marks) == {"ada", "ben"}
    with second.lock():
        second.void(number)
    first.refresh()
    assert set(first.held(TARGET).marks) == {"ada"}
    with path.open("ab") as file:
        file.write(b'{"target": ["one", "1_mi')
    add(first, Mark("eve", ("b",), given=True), settles=True)
    for ledger in (first, second, Ledger(path)):
        ledger.refresh()
        assert set(ledger.held(TARGET).marks) == {"eve"}
        assert set(ledger.held(TARGET).blind) == {"ada"}


PICTURE = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("source", "has", "lacks"),
    [
        ("**a** <script>alert(1)</script>", ["<strong>a</strong>"], ["script"]),
        ('<b onclick="x()" class="marked" id="desk">b</b>', ["<b>b</b>"], ["onclick", "class", "id="]),
        (
            "[l](javascript:alert(1)) [w](https://a.b)",
            ['href="https://a.b"', 'target="_blank"', "noopener"],
            ["javascript"],
        ),
        ("![p](http://a.b/c.png)", ["<em>[picture: p"], ["<img"]),
        ("![q](attachment:no.png)", ["attachment:no.png"], ["<img"]),
        ("![p](attachment:p.png)", [f'src="data:image/png;base64,{PICTURE}"'], ["attachment:"]),
        ('<img src="http://a.b/c.png"><iframe src="//a.b"></iframe>', ["<em>[picture: "], ["<img", "iframe"]),
        ("$\\frac{a}{b} < c$ and $$x^2$$", ["<mfrac>", "&lt;", 'display="block"'], ["$"]),
        ("$\\href{javascript:alert(1)}{x}$", ["<code>"], ["<a"]),
        ("$\\text{<script>alert(1)</script>}$", ["&lt;script&gt;"], ["<script"]),
        ("$\\nonsense{$", ["<code>"], ["<math"]),
        ('<a title=">" id="desk" href="https://a.b">x</a>', ["https://a.b"], ["id="]),
        ("`$a$` costs 5 $", ["<code>$a$</code>"], ["<math"]),
        ("```\n<b>\n```", ["<pre><code>&lt;b&gt;"], ["<b>"]),
        ("<div>" * 400 + "deep", ["&lt;div"], []),
        ("> " * 3000 + "quoted", ["quoted"], []),
    ],
)
def test_what_others_wrote_is_shown_and_does_nothing(source: str, has: list[str], lacks: list[str]) -> None:
    shown = show_markdown(source, {"p.png": {"image/png": PICTURE}})
    assert [text for text in has if text not in shown] == []
    assert [text for text in lacks if text in shown] == []


def test_formulas_outputs_and_differences() -> None:
    text = {"output_type": "stream", "text": "\x1b[31m<b>red\x1b[0m"}
    page = {"output_type": "display_data", "data": {"text/html": "<script>1</script>", "text/plain": "a table"}}
    assert show_outputs([text, page, 3]) == "<pre>&lt;b&gt;red</pre><pre>a table</pre>"
    assert show_difference("one <b> two", "one <b> three") == "one &lt;b&gt; <del>two</del><ins>three</ins>"


def test_a_question_is_found_by_name_number_and_start() -> None:
    def ask(notebook: str, cell: str) -> Question:
        return Question(notebook, cell, "text", 1, False, cell, "", "", "", "")

    questions = [ask("1_one", "why"), ask("1_one", "explain_a"), ask("2_two", "explain_b")]
    assert [choose_question(questions, "c", name) for name in ("why", "2_two/explain_b", "2", "w")] == [0, 2, 1, 0]
    for wrong, says in (("explain", "fits several"), ("9", "isn't a question")):
        with pytest.raises(CourseError, match=says):
            choose_question(questions, "c", wrong)

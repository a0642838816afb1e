"""Which part of a check's expression the student's process gives, and what the examiner works out of it."""

from __future__ import annotations

import pytest

from autograder.engine.cuts import cut

ROWS: list[tuple[str, list[str] | None, str]] = [
    ("f(x)", None, ""),  # all of it is the student's
    ("net[-1]", None, ""),
    ("bool((f(x) >= 0).all())", ["f(x)"], "bool((students_0 >= 0).all())"),
    ("tuple(f(x).shape)", ["f(x)"], "tuple(students_0.shape)"),
    ("f(x)[names[0]]", ["f(x)", "names[0]"], "students_0[students_1]"),
    ("judge(f(x), x)", ["f(x)"], "judge(students_0, x)"),
    ("judge(**names)", ["names"], "judge(**students_0)"),
    ('"yes" if net[-1].dim in (1, -1) else net[-1].dim', ["net[-1].dim"] * 2, "'yes' if students_0 in (1, -1) else students_1"),
    ("p = f(x)\np.sum()", ["f(x)"], "p = students_0\np.sum()"),
    ("f(x) == f(x)", None, ""),  # two calls, which may have something to do with one another
    ("[f(x) for _ in range(3)]", None, ""),
    ("f(judge(x))", None, ""),  # with a value that the examiner makes first
    ("p = x + 1\nf(p)", None, ""),
    ("f.weight = x\nf(x)", None, ""),
    ("judge(x)", None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "asked", "rest"), ROWS)
def test_an_expression_is_cut_where_the_student_comes_in(expression: str, asked: list[str] | None, rest: str) -> None:
    parts = cut(expression, frozenset({"f", "net", "names"}), frozenset({"x", "torch"}))
    if asked is None:
        assert parts is None
    else:
        assert parts is not None
        assert sorted(parts.asked.values()) == sorted(asked)
        assert parts.rest == rest or len(asked) > 1

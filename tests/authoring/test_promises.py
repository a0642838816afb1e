"""The line that says what a check looks at, and the mistakes that a check's author can make."""

import pytest
import torch

from autograder.authoring.promises import describe_check, find_dependence, find_misuse
from autograder.checks import Check, sealed
from autograder.checks.student import Names, connect

Z = torch.tensor([-1.5, 0.0, 2.0])


def make_check(**more):
    """A check of a student who has the right answers to all that is asked here."""
    names = {"relu": lambda z: z.clamp(min=0), "mean": lambda z: z.mean(), "count": lambda z: len(z), "guess": 0.25}
    with connect(Names(names)):
        return Check("exercise", 1, **more)


def relu(z):
    return z.clamp(min=0)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        pytest.param(lambda c: c("relu(z)", z=Z, gives=relu), "value, shape, dtype", id="a tensor"),
        pytest.param(
            lambda c: c("relu(z)", z=Z, gives=relu, gradient=True),
            "value, shape, dtype; gradient with respect to `z`",
            id="a gradient",
        ),
        pytest.param(
            lambda c: c("count(z)", z=Z, gives=3),
            "value, as a Python number or as a tensor of one element",
            id="a number",
        ),
        pytest.param(
            lambda c: c("mean(z)", z=Z, gives=lambda z: z.mean()),
            "value, as a Python number or as a tensor of one element",
            id="no dimensions",
        ),
        pytest.param(
            lambda c: c("mean(z)", z=Z, gives=lambda z: z.mean(), gradient=True),
            "value, shape, dtype; gradient with respect to `z`",
            id="no dimensions, and a gradient",
        ),
        pytest.param(lambda c: c("guess", gives=sealed("0", 2)), "value, numbers to 2 decimals", id="sealed"),
        pytest.param(
            lambda c: (c("guess", gives=sealed("0", 1)), c("[3]", gives=sealed("0"))),
            "value, numbers to 1 decimal",
            id="sealed, and a whole number",
        ),
        pytest.param(lambda c: c("[count(z)]", z=Z, gives=[3]), "value", id="a list"),
        pytest.param(
            lambda c: c("[count(z), {'r': relu(z)}]", z=Z, gives=lambda z: [3, {"r": relu(z)}]),
            "value, shape, dtype",
            id="tensors in a list",
        ),
        pytest.param(lambda c: c("[count(guess)]", guess=[1], gives=sealed("0")), "value", id="sealed whole numbers"),
    ],
)
def test_what_is_looked_at_is_said(ask, line):
    check = make_check()
    ask(check)
    assert describe_check(check) == f"**Checked:** {line}."


def test_inputs_and_kinds_of_hidden_inputs_are_named():
    check = make_check(unchanged="z")
    check("relu(z)", z=Z, gives=relu)
    check.hidden()
    check("relu(z)", z=Z[:1], gives=relu, on="one number")
    check("relu(z)", z=Z * 1000, gives=relu, on="numbers of size 1000")
    assert describe_check(check) == (
        "**Checked:** value, shape, dtype; `z` stays as it is; also on one number, numbers of size 1000."
    )


def test_what_goes_without_saying_is_not_said():
    check = make_check(unchanged=True)
    check("relu(z * lr)", z=Z, lr=1.0, gives=lambda z, lr: relu(z * lr))
    check("[relu(z) for z in inputs][0]", z=Z, inputs=[Z], gives=lambda z, inputs: relu(z))
    check.hidden()
    check("relu(z * lr)", z=Z[None], lr=1.0, gives=lambda z, lr: relu(z * lr))
    check("[relu(z) for z in inputs][0]", z=Z, inputs=[Z[None]], gives=lambda z, inputs: relu(z[None]))
    assert describe_check(check) == (
        "**Checked:** value, shape, dtype; `inputs` and `z` stay as they are; also on `z` of one row."
    )


def test_a_question_asked_twice_is_the_authors_mistake():
    check = make_check()
    check("relu(z)", z=Z, gives=relu)
    check("relu(z)", z=Z + 1, gives=relu)
    check("relu(z)", z=Z, gives=lambda z: relu(z) + 1e-7)  # another way to the answer
    assert list(find_misuse(check)) == []
    check("relu(z)", z=Z, gives=relu)
    check.hidden()
    check("relu(z)", z=Z + 1, gives=lambda z: relu(z) + 1e-7)
    assert list(find_misuse(check)) == [
        '"relu(z)" is asked twice with the same data: change the data of one, or leave it out.',
        '"relu(z)" is asked with the same data in the shown part and in the hidden part: hide different data.',
    ]


@pytest.mark.parametrize(
    ("check", "names"),
    [
        ('check("f(x)", x=1, gives=lambda x: f(x))', ["f"]),
        ('check("f(x)", x=1, gives=f)', ["f"]),
        ("def own(x):\n    return other(x)\ndef other(x):\n    return 2 * w\ncheck('f(x)', x=1, gives=own)", ["w"]),
        ('check("f(x)", x=1, gives=lambda x, w=1: x * w)', []),
        ('check("f(x)", x=1, gives=lambda f: 2 * f)', []),
        ('w = 3\ncheck("f(x)", x=1, gives=lambda x: x * w)', []),
        ('check("f(w)", gives=3)', []),
    ],
)
def test_a_check_that_expects_what_the_student_made_is_the_authors_mistake(check, names):
    assert find_dependence("def f(x):\n    return x\n\nw = 2", check) == names

"""What a student reads where the answer stops: the exception's words, and what they mean."""

import pytest
import torch
from answers import run

from autograder.checks import Check
from autograder.checks.exceptions import explain_exception, find_call
from autograder.checks.student import Reply

pytestmark = pytest.mark.usefixtures("folder")

X = torch.tensor([[1.0, 2.0, 3.0]])


def ask():
    check = Check("f", points=1)
    check("f(x, 2)", x=X, gives=X)
    return check


ROWS = [
    ("lambda x, n: torch.sofmax(x, 1)", "Did you mean `torch.softmax`?"),
    ("lambda x, n: torch.logsigmoid(x)", "It is `F.logsigmoid`."),
    ("lambda x, n: torch.nn.functional.crossentropy(x, x)", "Did you mean `F.cross_entropy`?"),
    ("lambda x, n: torch.nn.Liner(3, 2)", "Did you mean `torch.nn.Linear`?"),
    ("lambda x, n: x.argmaks(1)", "Did you mean `.argmax`?"),
    ("lambda x, n: x.completely_unknown()", "Look at what kind of object it is, and at the spelling after the dot."),
    ("lambda x, n: touch.exp(x)", "Did you mean `torch`?"),
    ("lambda x, n: prnit(x)", "Did you mean `print`?"),
    ("lambda x, n: my_own_weights * x", "Is it spelled the way you defined it, and did you run that cell?"),
    ("lambda x, n: __import__('trch')", "Did you mean `torch`?"),
    ("lambda x, n: x[3]", "Dimension 0 has 1 place, number 0."),
    ("lambda x, n: x[0, 3]", "Dimension 1 has 3 places, numbered 0 to 2."),
    ("lambda x, n: x[0, 0, 0]", "There the tensor has 2 dimensions, and it was given more indices."),
    ("lambda x, n: {'weight': 1}['wieght']", "The dictionary has no such key: is it spelled the way it was put in?"),
    (
        "lambda x, n: {}[object()]",
        "KeyError: <object object>. The dictionary has no entry for it yet: put one in first.",
    ),
    ("lambda x: x", "The check calls it as `f(x, 2)`: keep the parameters as they were given."),
    ("lambda x, n, slope: x", "Keep the parameters as they were given."),
    ("lambda x, n: [x].append(x) + 1", "Something there is `None`"),
    ("lambda x, n: [1, 2] - [1, 2]", "Lists can't do arithmetic"),
    ("lambda x, n: [a for a in 3]", "A single number has no items to go through."),
    ("lambda x, n: (3)[0]", "A single number has no items for `[...]`."),
    ("lambda x, n: (lambda a, b: a)(*[1])", "Keep the parameters as they were given."),
    ("lambda x, n: torch.split(x)", "`split` is called with other arguments than it takes."),
    ("lambda x, n: torch.log_softmax(x.long(), 1)", "It takes floating-point numbers and gets none"),
    ("lambda x, n: x ^ n", "In Python `^` isn't a power"),
    ("lambda x, n: 1.5 ^ n", "In Python `^` isn't a power"),
    ("lambda x, n: x.item()", "`.item()` takes a tensor with a single number"),
    ("lambda x, n: __import__('math').log(0)", "such as the logarithm of 0."),
    ("lambda x, n: exp(x)", "If it's PyTorch's, write `torch.exp`; otherwise, did you run the cell that defines it?"),
    ("lambda x, n: logsigmoid(x)", "write `F.logsigmoid`"),
    ("lambda x, n: Linear(3, 2)", "write `nn.Linear`"),
]


@pytest.mark.parametrize(("code", "says"), ROWS)
def test_an_exception_in_plain_words(code, says):
    name = "def f(x):\n    return x" if code == "lambda x: x" else f"f = {code}"
    assert says in " ".join(run(ask, name).message().split())


def test_an_assertion_of_the_student():
    assert "An `assert` in the code fails." in run(ask, "def f(x, n):\n    assert n == 3").message()


def test_a_name_used_before_it_has_a_value():
    text = run(ask, "def f(x, n):\n    y = total + x\n    total = 1\n    return y").message()
    assert "It is used before the line that gives it a value." in " ".join(text.split())


def test_names_on_the_left_and_values_on_the_right():
    text = run(ask, "def f(x, n):\n    a, b = 1, 2, 3").message()
    assert "differs from the number of values" in " ".join(text.split())


def test_sizes_of_a_hidden_input_are_not_told():
    reply = Reply("raised", "f", error="IndexError", detail="index 3 is out of bounds for dimension 0 with size 2")
    assert "2" not in explain_exception(reply, hidden=True)
    assert "Dimension 0 has 2 places" in explain_exception(reply, hidden=False)


@pytest.mark.parametrize(
    ("expression", "call"),
    [
        ("f(x)", "f(x)"),
        ("net = make(3)\nf(net, x)[0]", "f(net, x)"),
        ("f", ""),
        ("g(x)", ""),
        ("f(" + ", ".join(f"argument_{i}" for i in range(20)) + ")", ""),
        ("not python (", ""),
    ],
)
def test_how_a_check_calls(expression, call):
    assert find_call(expression, "f") == call


def test_a_call_with_settings_is_not_quoted_as_the_parameters():
    reply = Reply("raised", "f", error="TypeError", detail="f() got an unexpected keyword argument 'lr'")
    assert "calls it" not in explain_exception(reply, hidden=False, expression="f(**settings)")


def test_a_key_that_the_task_asks_for():
    reply = Reply("raised", "fault", error="KeyError", detail="'B'")
    assert "The text asks for this key" in explain_exception(reply, hidden=False, expression='fault["B"]')
    assert "The text asks for this key" not in explain_exception(reply, hidden=False, expression="fault(x)")

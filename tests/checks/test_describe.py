"""What a failure on a hidden input says of it, and what kinds of input are told apart."""

import pytest
import torch
from answers import run

from autograder.checks import Check, vary
from autograder.checks.describe import describe_input, find_kinds

Z = torch.tensor([[0.5, -1.5, 2.0], [1.0, 0.3, -0.2]])

KINDS = [
    (torch.tensor([[900.0, -1200.0, 3.0], [1.0, 0.5, 2.0]]), ["`z` with numbers of size 1,000"]),
    (Z * 1e-6, ["`z` with numbers near 0"]),
    (Z[:1] + 0.1, ["`z` of one row"]),
    (Z[:, :1], ["`z` of one column"]),
    (Z[:0], ["`z` empty, of shape (0, 3)"]),
    (torch.tensor(2.5), ["`z` a single number, of shape ()"]),
    (Z[None], ["`z` of three dimensions"]),
    (-Z.abs(), ["`z` with only negative numbers"]),
    (Z.abs(), ["`z` with only positive numbers"]),
    (torch.zeros(2, 3), ["`z` all zeros"]),
    (Z.relu(), ["`z` with zeros among its numbers"]),
    (Z.double(), ["`z` of dtype float64"]),
    (Z.long(), ["`z` of integers"]),
    (Z.round(), ["`z` with zeros among its numbers", "`z` with equal numbers (ties)"]),
    (Z.repeat(6, 1), ["`z` of more than ten rows", "`z` with more rows than columns"]),
    (Z > 0, ["`z` of truth values"]),
    (torch.tensor([[1.0, 2.0, float("inf")], [0.5, 1.5, -1.0]]), ["`z` with inf or nan"]),
    (Z + 0.01, []),
]


@pytest.mark.parametrize(("value", "says"), KINDS)
def test_kinds_of_a_tensor(value, says):
    found = describe_input({"z": value}, [{"z": Z}])
    assert [one for one in says if one not in found] == []
    assert bool(found) is bool(says)


NUMBERS = [
    (0.5, 2.0, ["`n` below 1"]),
    (2.5, 2.0, ["`n` not a whole number"]),
    (-2.0, 2.0, ["`n` negative"]),
    (0, 2, ["`n` = 0", "`n` below 1"]),
    (1, 2, ["`n` = 1"]),
    (40, 2, ["`n` of size 100", "`n` above ten"]),
    (1e-5, 0.5, ["`n` near 0"]),
    (3, 2, []),
    (True, False, ["`n` = True"]),
    ("sum", "mean", ["`n` = 'sum'"]),
    (None, 2, ["`n` = None"]),
    ([], [1.5, 2.5], ["`n` empty"]),
    ([1.5], [1.5, 2.5], ["`n` of one number"]),
    ([torch.ones(2, 3)], [torch.ones(2, 3), torch.ones(3, 3)], ["`n` of one item"]),
]


@pytest.mark.parametrize(("value", "shown", "says"), NUMBERS)
def test_kinds_of_a_number_a_choice_and_a_list(value, shown, says):
    found = describe_input({"n": value}, [{"n": shown}])
    assert [one for one in says if one not in found] == []
    assert bool(found) is bool(says)


def test_a_kind_that_is_shown_somewhere_is_not_told():
    assert describe_input({"z": Z[:1] * 1000}, [{"z": Z}, {"z": Z[:1]}]) == ["`z` with numbers of size 1,000"]


def test_kinds_that_tell_failed_from_held_inputs_come_alone():
    shown, one_row, large = {"z": Z}, {"z": Z[:1] + 0.1}, {"z": Z[:1] * 1000}
    assert describe_input(large, [shown], held=[one_row], failed=[large]) == ["`z` with numbers of size 1,000"]
    assert describe_input(one_row, [shown], held=[], failed=[one_row, large])[0] == "`z` of one row"


def test_no_number_of_the_input_is_told():
    for value in vary((1, 7), (3, 2), (4,), seed=3, scale=400):
        text = " ".join(find_kinds({"z": value}).values())
        assert not any(f"{abs(number):.1f}" in text for number in value.flatten().tolist())


def ask():
    check = Check("softmax", points=1)
    check("softmax(z)", z=Z, gives=lambda z: z.softmax(-1))
    check.hidden()
    for z in (Z[:1], Z[:1] * 1000, Z * 1000):
        check("softmax(z)", z=z, gives=lambda z: z.softmax(-1))
    return check


def test_a_message_says_what_sets_the_hidden_input_apart(folder):
    message = run(ask, "def softmax(z):\n    e = z.exp()\n    return e / e.sum(-1, keepdim=True)").message()
    says = "Seen only on an input that this notebook does not show: `z` with numbers of size 1,000; z of shape (1, 3)."
    assert says in " ".join(message.split())


def test_the_words_of_the_author_come_first(folder):
    check = run(ask, "def softmax(z):\n    e = z.exp()\n    return e / e.sum(-1, keepdim=True)")
    for evaluation in check.evaluations:
        object.__setattr__(evaluation, "on", "on large scores")
    assert "does not show: on large scores." in " ".join(check.message().split())

"""What a student reads, where the answer is about losses: a row is a check, the code in the cell, and the text."""

import pytest
import torch
from answers import guess, run

from autograder.checks import Check

P = torch.tensor([1.5, 2.0, 3.0, 0.0])
Y = torch.tensor([1.0, 2.0, 4.0, 0.5])
SCORES = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])


def mse():
    check = Check("mse", points=2)
    check("mse(p, y)", p=P, y=Y, gives=lambda p, y: ((p - y) ** 2).mean())
    return check


def mse_with_gradient():
    check = Check("mse", points=2)
    check("mse(p, y)", p=P, y=Y, gives=lambda p, y: ((p - y) ** 2).mean(), gradient=True)
    return check


def squared_errors():
    check = Check("squared_errors", points=1)
    check("squared_errors(p, y)", p=P.reshape(4, 1), y=Y, gives=lambda p, y: (p[:, 0] - y) ** 2)
    return check


def squared_errors_as_column():
    check = Check("squared_errors", points=1)
    check("squared_errors(p, y)", p=P.reshape(4, 1), y=Y, gives=lambda p, y: (p - y[:, None]) ** 2)
    return check


def softmax():
    check = Check("softmax", points=3)
    check("softmax(scores)", scores=SCORES, gives=lambda scores: torch.softmax(scores, dim=1))
    return check


def softmax_of_large_scores():
    check = Check("softmax", points=3)
    check("softmax(scores)", scores=torch.tensor([[1000.0, 0.0]]), gives=torch.tensor([[1.0, 0.0]]))
    return check


def surprise():
    check = Check("surprise", points=1)
    check("surprise(p)", p=torch.tensor([0.5, 0.25, 0.125]), gives=lambda p: -p.log())
    return check


def entropy():
    check = Check("entropy", points=1)
    check("entropy(p)", p=torch.tensor([0.5, 0.25, 0.25]), gives=lambda p: -(p * p.log()).sum())
    return check


def labels():
    check = Check("labels", points=1)
    check("labels(z)", z=torch.tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]]), gives=torch.tensor([1, 2]))
    return check


def accuracy():
    check = Check("accuracy", points=1)
    check("accuracy(p, y)", p=torch.tensor([1, 0, 1, 1]), y=torch.tensor([1, 1, 1, 1]), gives=0.75)
    return check


TABLE = [
    # right
    pytest.param(
        mse,
        """
        def mse(p, y):
            return ((p - y) ** 2).mean().item()
        """,
        "✓ mse: 2 of 2 points. The check holds.",
        id="a Python number for a tensor without dimensions",
    ),
    pytest.param(
        guess,
        "guess = ' B'",
        "✓ guess: 1 of 1 points. The check holds.",
        id="a choice in capitals and with a space",
    ),
    # raises
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return 1 / 0
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` stops with ZeroDivisionError: division by zero. A denominator is zero: which input
makes it zero?
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
        """,
        id="division by zero",
    ),
    pytest.param(
        accuracy,
        """
        import math
        def accuracy(p, y):
            return math.exp(10_000)
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` stops with OverflowError: math range error. A number grows beyond what a float can
          hold: rewrite the formula so that no large number is exponentiated.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
        """,
        id="an overflow of math.exp",
    ),
    # type
    pytest.param(
        mse_with_gradient,
        """
        def mse(p, y):
            return ((p - y) ** 2).mean().item()
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse` gives a Python number where a tensor is expected: leave out `.item()` or `float()`,
          which cut the gradient.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
        """,
        id="a Python number where a gradient is wanted",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return True
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` gives a truth value (True or False) where a number is expected.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got True; expected 0.7500.
        """,
        id="a truth value in place of a number",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            result = (p == y).float().mean()
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` returns nothing (`None`) where a number is expected: does every path through it end
          in `return`?
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
        """,
        id="a number that was never returned",
    ),
    # shape
    pytest.param(
        mse,
        """
        def mse(p, y):
            return ((p - y) ** 2).mean(dim=0, keepdim=True)
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse` gives shape (1,), expected (). There is a dimension of size 1 too many: `squeeze` it, or
          leave out `keepdim=True`.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor([0.3750]); expected tensor(0.3750).
        """,
        id="a dimension of size 1 too many",
    ),
    pytest.param(
        squared_errors,
        """
        def squared_errors(p, y):
            return (p - y) ** 2
        """,
        """
        ✗ squared_errors: 0 of 1 points.
          `squared_errors` gives shape (4, 4), expected (4,). Two tensors of shapes (N,) and (N, 1) were
          broadcast to (N, N): give them the same shape first.
          Tried: squared_errors(p, y) with p = tensor([[1.5000], [2.0], [3.0], [0.0]]), y = tensor([1.0,
            2.0, 4.0, 0.5000])
        """,
        id="(N,) and (N, 1) broadcast, (N,) expected",
    ),
    pytest.param(
        squared_errors_as_column,
        """
        def squared_errors(p, y):
            return (p - y) ** 2
        """,
        """
        ✗ squared_errors: 0 of 1 points.
          `squared_errors` gives shape (4, 4), expected (4, 1). Two tensors of shapes (N,) and (N, 1)
          were broadcast to (N, N): give them the same shape first.
          Tried: squared_errors(p, y) with p = tensor([[1.5000], [2.0], [3.0], [0.0]]), y = tensor([1.0,
            2.0, 4.0, 0.5000])
        """,
        id="(N,) and (N, 1) broadcast, (N, 1) expected",
    ),
    pytest.param(
        mse,
        """
        def mse(p, y):
            return (p - y) ** 2
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse` gives shape (4,), expected (). Its mean is what is expected: that step is missing.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor([0.2500, 0.0, 1.0, 0.2500]); expected tensor(0.3750).
        """,
        id="nothing reduced",
    ),
    pytest.param(
        labels,
        """
        def labels(z):
            return z.argmax(dim=0)
        """,
        """
        ✗ labels: 0 of 1 points.
          `labels` gives shape (3,), expected (2,). Dimension 0 of `z` was reduced where dimension 1 is
          meant.
          Tried: labels(z) with z = tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]])
          Got tensor([1, 1, 1]); expected tensor([1, 2]).
        """,
        id="the other dimension reduced",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return p == y
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` gives a tensor of shape (4,) where one number is expected.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got tensor([True, False, True, True]); expected 0.7500.
        """,
        id="a tensor in place of one number",
    ),
    # dtype
    pytest.param(
        labels,
        """
        def labels(z):
            return z.argmax(dim=1).float()
        """,
        """
        ✗ labels: 0 of 1 points.
          `labels` gives floating-point numbers (dtype float32), expected integers (int64).
          Tried: labels(z) with z = tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]])
          Got tensor([1.0, 2.0]); expected tensor([1, 2]).
        """,
        id="floats in place of integers",
    ),
    # finite
    pytest.param(
        softmax_of_large_scores,
        """
        def softmax(scores):
            e = scores.exp()
            return e / e.sum(dim=1, keepdim=True)
        """,
        """
        ✗ softmax: 0 of 3 points.
          `softmax` gives nan for 1 of 2 values: an overflow on the way, such as the exponential of a
          large number, or log(0), or 0/0.
          Tried: softmax(scores) with scores = tensor([[1000.0, 0.0]])
          At [0, 0], where scores is 1000.0, got nan; expected 1.0.
        """,
        id="nan by overflow",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return p / 0
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise` gives inf for 3 of 3 values: an overflow on the way, such as the exponential of a
          large number, or log(0), or 0/0.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          At [0], where p is 0.5000, got inf; expected 0.6931.
        """,
        id="inf",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return float('nan')
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` is nan: an overflow, log(0) or 0/0 on the way?
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got nan; expected 0.7500.
        """,
        id="a number that is nan",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return 10**5000
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` is inf: an overflow, log(0) or 0/0 on the way?
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got inf; expected 0.7500.
        """,
        id="an integer beyond all floats",
    ),
    # values
    pytest.param(
        surprise,
        """
        def surprise(p):
            return p.log()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: the sign is the wrong way around everywhere.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([-0.6931, -1.3863, -2.0794]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="the sign of all values",
    ),
    pytest.param(
        entropy,
        """
        def entropy(p):
            return (p * p.log()).sum()
        """,
        """
        ✗ entropy: 0 of 1 points.
          `entropy`: the sign is the wrong way around.
          Tried: entropy(p) with p = tensor([0.5000, 0.2500, 0.2500])
          Got tensor(-1.0397); expected tensor(1.0397).
        """,
        id="the sign of one value",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return -0.75
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy`: the sign is the wrong way around.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got -0.7500; expected 0.7500.
        """,
        id="the sign of a number",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return -p.log2()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: every value is 1.443 times what is expected: a logarithm to base 2 instead of the natural
one, or the reverse.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([1.0, 2.0, 3.0]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="a logarithm to base 2",
    ),
    pytest.param(
        entropy,
        """
        def entropy(p):
            return -(p * p.log10()).sum()
        """,
        """
        ✗ entropy: 0 of 1 points.
          `entropy`: the value is 0.4343 times what is expected: a logarithm to base 10 instead of the natural
one, or the reverse.
          Tried: entropy(p) with p = tensor([0.5000, 0.2500, 0.2500])
          Got tensor(0.4515); expected tensor(1.0397).
        """,
        id="a logarithm to base 10",
    ),
    pytest.param(
        mse,
        """
        def mse(p, y):
            return ((p - y) ** 2).sum()
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse`: the value is 4 times what is expected, and 4 is a size of the input: a sum where a mean
          is meant?
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor(1.5000); expected tensor(0.3750).
        """,
        id="a sum for a mean: N times",
    ),
    pytest.param(
        mse,
        """
        def mse(p, y):
            return ((p - y) ** 2).mean() / len(p)
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse`: the value is 0.25 times what is expected, and 4 is a size of the input: a mean where a
          sum is meant, or a division too many?
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor(0.0938); expected tensor(0.3750).
        """,
        id="divided by N once too often",
    ),
    pytest.param(
        mse,
        """
        def mse(p, y):
            return ((p - y) ** 2).mean() / 2
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse`: the value is 0.5 times what is expected.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor(0.1875); expected tensor(0.3750).
        """,
        id="half",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return 75.0
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy`: the value is 100 times what is expected: a percentage instead of a fraction, or
          the reverse.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got 75.0; expected 0.7500.
        """,
        id="a percentage",
    ),
    pytest.param(
        softmax,
        """
        def softmax(scores):
            return torch.softmax(scores, dim=0)
        """,
        """
        ✗ softmax: 0 of 3 points.
          `softmax`: each column sums to 1; each row should: a row is one example.
          Tried: softmax(scores) with scores = tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
          Got tensor([[0.7311, 0.8808, 0.1192], [0.2689, 0.1192, 0.8808]]); expected tensor([[0.0900,
            0.2447, 0.6652], [0.0066, 0.0066, 0.9867]]).
        """,
        id="columns in place of rows",
    ),
    pytest.param(
        softmax,
        """
        def softmax(scores):
            return torch.softmax(scores.flatten(), dim=0).view(scores.shape)
        """,
        """
        ✗ softmax: 0 of 3 points.
          `softmax`: it is what you get when all of `scores` is taken as one row: is the `dim` missing?
          Tried: softmax(scores) with scores = tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
          Got tensor([[0.0151, 0.0409, 0.1112], [0.0055, 0.0055, 0.8218]]); expected tensor([[0.0900,
            0.2447, 0.6652], [0.0066, 0.0066, 0.9867]]).
        """,
        id="normalised over everything",
    ),
    pytest.param(
        softmax,
        """
        def softmax(scores):
            return scores.log_softmax(dim=1)
        """,
        """
        ✗ softmax: 0 of 3 points.
          `softmax`: it is the logarithm of what is expected: leave the log out, or exponentiate.
          Tried: softmax(scores) with scores = tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
          Got tensor([[-2.4076, -1.4076, -0.4076], [-5.0134, -5.0134, -0.0134]]); expected
            tensor([[0.0900, 0.2447, 0.6652], [0.0066, 0.0066, 0.9867]]).
        """,
        id="log-softmax",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return 1 + p.log()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: it is 1 minus what is expected.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([0.3069, -0.3863, -1.0794]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="1 minus",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return 1 / p
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: it is the exponential of what is expected: a logarithm is missing.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([2.0, 4.0, 8.0]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="the exponential",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return p.log() ** 2
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: it is the square of what is expected.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([0.4805, 1.9218, 4.3241]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="the square",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return (-p.log()).sqrt()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: it is the square root of what is expected.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([0.8326, 1.1774, 1.4420]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="the square root",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return (-p.log()).round()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: it is rounded: keep all digits.
          Tried: surprise(p) with p = tensor([0.5000, 0.2500, 0.1250])
          Got tensor([1.0, 1.0, 2.0]); expected tensor([0.6931, 1.3863, 2.0794]).
        """,
        id="rounded",
    ),
    pytest.param(
        labels,
        """
        def labels(z):
            return z.argmin(dim=1)
        """,
        """
        ✗ labels: 0 of 1 points.
          `labels`: every value is 0.
          Tried: labels(z) with z = tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]])
          Got tensor([0, 0]); expected tensor([1, 2]).
        """,
        id="all values wrong",
    ),
    pytest.param(
        guess,
        "guess = 'a'",
        """
        ✗ guess: 0 of 1 points.
          `guess` is 'a', which is not right.
        """,
        id="a wrong choice",
    ),
    pytest.param(
        guess,
        "guess = ['a', 'b']",
        """
        ✗ guess: 0 of 1 points.
          `guess` is ['a', 'b'], which is not right.
        """,
        id="a choice that is no string",
    ),
    # gradient
    pytest.param(
        mse_with_gradient,
        """
        def mse(p, y):
            return ((p - y.detach()) ** 2).mean()
        """,
        """
        ✗ mse: 0 of 2 points.
          The values of `mse` are right, but its gradient with respect to `y` is not: every value is 0.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor([0.0, 0.0, 0.0, 0.0]); expected tensor([-0.2500, 0.0, 0.5000, 0.2500]).
        """,
        id="no gradient for one of two inputs",
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("ask", "code", "text"), TABLE)
def test_message(ask, code, text):
    message = run(ask, code).message()
    assert message.split() == text.split()
    assert all(len(line) <= 84 for line in message.splitlines())

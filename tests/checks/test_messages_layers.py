"""What a student reads, where the answer is about layers: a row is a check, the code in the cell, and the text."""

import pytest
import torch
from answers import run

from autograder.checks import Check

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
W = torch.tensor([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.5, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def linear():
    check = Check("linear", points=2)
    check("linear(x, W)", x=X, W=W, gives=lambda x, W: x @ W.T)
    return check


def init():
    check = Check("init", points=1)
    check("init(n)", n=2, gives={"W": torch.eye(2), "b": torch.zeros(2)})
    return check


def sizes():
    check = Check("sizes", points=1)
    check("sizes", gives=[4, 8, 2])
    return check


def model():
    check = Check("model", points=1)
    check("outputs = model(x)\noutputs.shape", x=X, gives=(2, 5))
    return check


def nothing():
    return Check("nothing", points=1)


TABLE = [
    # attempted
    pytest.param(
        sizes,
        "sizes = None",
        """
        ○ sizes: not attempted yet, 0 of 1 points. Write `sizes` in the cell above and run it, then run this one.
        """,
        id="None in place of a value",
    ),
    pytest.param(
        sizes,
        "sizes = ...",
        """
        ○ sizes: not attempted yet, 0 of 1 points. Write `sizes` in the cell above and run it, then run this one.
        """,
        id="dots in place of a value",
    ),
    pytest.param(
        model,
        "modle = torch.nn.Linear(3, 5)",
        """
        ○ model: not attempted yet, 0 of 1 points. There is no `model` yet: write your answer in the cell above and run it, then run this one. If that cell stops with an error, fix the error first.
        """,
        id="one name of a few lines is missing",
    ),
    pytest.param(
        nothing,
        "",
        "✗ nothing: 0 of 1 points. Nothing was checked.",
        id="a check without evaluations",
    ),
    # right
    pytest.param(
        sizes,
        "sizes = (4, 8, 2)",
        "✓ sizes: 1 of 1 points. The check holds.",
        id="a tuple for a list",
    ),
    # raises
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x @ W
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 5x3). In
          a matrix product the inner sizes must agree: should one factor be transposed?
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a matrix product of shapes that do not fit",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x * W
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with RuntimeError: The size of tensor a (2) must match the size of tensor b (5)
          at non-singleton dimension 0. The two shapes do not broadcast: compare them from the right,
          size by size.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a sum of shapes that do not broadcast",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x.view(4, 2)
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with RuntimeError: shape '[4, 2]' is invalid for input of size 6. The number of
          elements before and after a reshape must be the same.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a view of another size",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x.long() @ W.T
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with RuntimeError: expected m1 and m2 to have the same dtype, but got: long int
          != float. The tensors have different dtypes: convert one, for instance with `.float()`.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="two dtypes in a matrix product",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x(W)
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with TypeError: 'Tensor' object is not callable. Something that isn't a function
is followed by `(`: is a comma or a `*` missing before it?
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a tensor is called",
    ),
    # type
    pytest.param(
        init,
        """
        def init(n):
            return torch.eye(n)
        """,
        """
        ✗ init: 0 of 1 points.
          `init` gives a tensor where a dict is expected.
          Tried: init(n) with n = 2
          Got tensor([[1.0, 0.0], [0.0, 1.0]]); expected {'W': tensor([[1.0, 0.0], [0.0, 1.0]]), 'b':
            tensor([0.0, 0.0])}.
        """,
        id="a tensor in place of a dictionary",
    ),
    pytest.param(
        sizes,
        "sizes = 4",
        """
        ✗ sizes: 0 of 1 points.
          `sizes` gives a number where a list is expected.
          Got 4; expected [4, 8, 2].
        """,
        id="one number in place of a list",
    ),
    pytest.param(
        sizes,
        "sizes = [4, '8', 2]",
        """
        ✗ sizes: 0 of 1 points.
          The second item of `sizes` gives a string where a number is expected.
          Got '8'; expected 8.
        """,
        id="a string in a list",
    ),
    pytest.param(
        sizes,
        "sizes = [4, None, 2]",
        """
        ✗ sizes: 0 of 1 points.
          The second item of `sizes` is `None` where a number is expected.
        """,
        id="None in a list",
    ),
    pytest.param(
        init,
        """
        def init(n):
            return {'W': torch.eye(n), 'b': None}
        """,
        """
        ✗ init: 0 of 1 points.
          Entry 'b' of `init` is `None` where a tensor is expected.
          Tried: init(n) with n = 2
        """,
        id="None in a dictionary",
    ),
    # shape
    pytest.param(
        linear,
        """
        def linear(x, W):
            return W @ x.T
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` gives shape (5, 2), expected (2, 5). It is transposed.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([[-2.0, -2.0], [4.0, 13.0], [3.0, 7.5000], [2.0, 5.0], [3.0, 6.0]]); expected
            tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="transposed",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return (x @ W.T).sum()
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` gives shape (), expected (2, 5). Everything was reduced to one number: give the
          reduction its `dim`.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor(39.5000); expected tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0,
            6.0]]).
        """,
        id="everything reduced",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return (x @ W.T).sum(dim=1)
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` gives shape (2,), expected (2, 5). Dimension 1 was reduced away.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([10.0, 29.5000]); expected tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000,
            5.0, 6.0]]).
        """,
        id="a dimension reduced away",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x[:, None, :] * W
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` gives shape (2, 5, 3), expected (2, 5). Its sum over dimension 2 is what is expected: that step is missing.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a dimension not yet reduced",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return (x @ W.T).flatten()
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` gives shape (10,), expected (2, 5). It was flattened.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([-2.0, 4.0, 3.0, 2.0, 3.0, -2.0, 13.0, 7.5000, 5.0, 6.0]); expected tensor([[-2.0,
            4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="flattened",
    ),
    pytest.param(
        sizes,
        "sizes = [4, 2]",
        """
        ✗ sizes: 0 of 1 points.
          `sizes` has 2 items where 3 are expected. The one at position 1 is missing; the others are right.
          Got [4, 2]; expected [4, 8, 2].
        """,
        id="a list that is too short",
    ),
    pytest.param(
        init,
        """
        def init(n):
            return {'W': torch.eye(n)}
        """,
        """
        ✗ init: 0 of 1 points.
          `init` has no key 'b'.
          Tried: init(n) with n = 2
          It has 'W'.
        """,
        id="a key is missing",
    ),
    pytest.param(
        init,
        """
        def init(n):
            return {'W': torch.eye(n), 'b': torch.zeros(n), 'c': 1}
        """,
        """
        ✗ init: 0 of 1 points.
          `init` has a key that does not belong there: 'c'.
          Tried: init(n) with n = 2
        """,
        id="a key too many",
    ),
    # values
    pytest.param(
        linear,
        """
        def linear(x, W):
            return 7 * x @ W.T
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear`: every value is 7 times what is expected.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([[-14.0, 28.0, 21.0, 14.0, 21.0], [-14.0, 91.0, 52.5000, 35.0, 42.0]]); expected
            tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="a factor without a reason",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x @ W.T + 1
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear`: every value is 1 too large.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([[-1.0, 5.0, 4.0, 3.0, 4.0], [-1.0, 14.0, 8.5000, 6.0, 7.0]]); expected
            tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="a constant shift",
    ),
    pytest.param(
        init,
        """
        def init(n):
            return {'W': torch.eye(n), 'b': torch.ones(n)}
        """,
        """
        ✗ init: 0 of 1 points.
          Entry 'b' of `init`: every value is 1 too large.
          Tried: init(n) with n = 2
          Got tensor([1.0, 1.0]); expected tensor([0.0, 0.0]).
        """,
        id="ones in place of zeros",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return (x @ W.T).abs()
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear`: the sign is lost: it is the absolute value of what is expected.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([[2.0, 4.0, 3.0, 2.0, 3.0], [2.0, 13.0, 7.5000, 5.0, 6.0]]); expected
            tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="the absolute value",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            z = x @ W.T
            z[1] = z[0]
            return z
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear`: 4 of 10 values are not the expected ones, all in row 1.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
          Got tensor([[-2.0, 4.0, 3.0, 2.0, 3.0], [-2.0, 4.0, 3.0, 2.0, 3.0]]); expected tensor([[-2.0,
            4.0, 3.0, 2.0, 3.0], [-2.0, 13.0, 7.5000, 5.0, 6.0]]).
        """,
        id="wrong in one row",
    ),
    pytest.param(
        sizes,
        "sizes = [4, 9, 2]",
        """
        ✗ sizes: 0 of 1 points.
          The second item of `sizes`: the value is not the expected one.
          Got 9; expected 8.
        """,
        id="one value of a list",
    ),
    pytest.param(
        model,
        "model = torch.nn.Linear(3, 4)",
        """
        ✗ model: 0 of 1 points.
          The second item of `model`: the value is not the expected one.
          Got 4; expected 5.
        """,
        id="a few lines of which the last is the value",
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("ask", "code", "text"), TABLE)
def test_message(ask, code, text):
    message = run(ask, code).message()
    assert message.split() == text.split()
    assert all(len(line) <= 84 for line in message.splitlines())

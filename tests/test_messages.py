"""What a student reads: a table of answers, each with the exact text that its check prints.

Read it to know what students will read. The checks stand above the table; a row is a check, the code in
the student's cell, and the text.
"""

import textwrap

import pytest
import torch

from autograder.checks import Check, sealed
from autograder.checks.check import seal
from autograder.checks.mistakes import write_mistakes
from autograder.checks.student import Names, connect
from autograder.formats import MISTAKES

Z = torch.tensor([[-1.5, 0.0, 2.0]])
X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
W = torch.tensor([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.5, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
P = torch.tensor([1.5, 2.0, 3.0, 0.0])
Y = torch.tensor([1.0, 2.0, 4.0, 0.5])
SCORES = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])


def run(ask, code):
    """The check `ask`, made and evaluated where the student's cell `code` was run."""
    names = {"torch": torch}
    exec(textwrap.dedent(code), names)
    with connect(Names(names)):
        return ask()


# --- the checks ----------------------------------------------------------------------------------


def relu():
    check = Check("relu", points=2)
    check("relu(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_with_gradient():
    check = Check("relu", points=2)
    check("relu(z)", z=Z, gives=lambda z: torch.relu(z), gradient=True)
    return check


def relu_hidden():
    check = Check("relu", points=2)
    check.hidden()
    check("relu(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_in_parts():
    check = Check("relu", parts={"values": 2, "empty input": 0.5, "gradient": 1})
    check("relu(z)", part="values", z=Z, gives=torch.relu(Z))
    check("relu(z)", part="empty input", z=torch.zeros(0, 3), gives=torch.zeros(0, 3))
    check("relu(z)", part="gradient", z=Z, gives=lambda z: torch.relu(z), gradient=True)
    return check


def relu_in_place():
    check = Check("relu_", points=1)
    check("relu_(z)", z=Z, gives=torch.relu(Z), may_change="z")
    return check


def relu_of_many():
    check = Check("relu", points=2)
    check("relu(z)", z=torch.linspace(-3, 4, 15), gives=lambda z: torch.relu(z))
    return check


def linear():
    check = Check("linear", points=2)
    check("linear(x, W)", x=X, W=W, gives=lambda x, W: x @ W.T)
    return check


def squared_errors():
    check = Check("squared_errors", points=1)
    check("squared_errors(p, y)", p=P.reshape(4, 1), y=Y, gives=lambda p, y: (p[:, 0] - y) ** 2)
    return check


def squared_errors_as_column():
    check = Check("squared_errors", points=1)
    check("squared_errors(p, y)", p=P.reshape(4, 1), y=Y, gives=lambda p, y: (p - y[:, None]) ** 2)
    return check


def mse():
    check = Check("mse", points=2)
    check("mse(p, y)", p=P, y=Y, gives=lambda p, y: ((p - y) ** 2).mean())
    return check


def mse_with_gradient():
    check = Check("mse", points=2)
    check("mse(p, y)", p=P, y=Y, gives=lambda p, y: ((p - y) ** 2).mean(), gradient=True)
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


def init():
    check = Check("init", points=1)
    check("init(n)", n=2, gives={"W": torch.eye(2), "b": torch.zeros(2)})
    return check


def sizes():
    check = Check("sizes", points=1)
    check("sizes", gives=[4, 8, 2])
    return check


def activation():
    check = Check("activation", points=1)
    check("activation", gives="Softmax")
    return check


def guess():
    check = Check("guess", points=1)
    check("guess", gives=sealed(seal("guess", "b")))
    return check


def model():
    check = Check("model", points=1)
    check("outputs = model(x)\noutputs.shape", x=X, gives=(2, 5))
    return check


def nothing():
    return Check("nothing", points=1)


# --- the table -----------------------------------------------------------------------------------

TABLE = [
    # attempted
    pytest.param(
        relu,
        """
        def relu(z):
            raise NotImplementedError()
        """,
        "○ relu: not attempted yet, 0 of 2 points. Write `relu` in the cell above and run it, then run this one.",
        id="the stub of a function",
    ),
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
        relu,
        "rleu = torch.relu",
        """
        ○ relu: not attempted yet, 0 of 2 points. There is no `relu` yet: write your answer in the cell above and run it, then run this one.
        """,
        id="the name is missing",
    ),
    pytest.param(
        model,
        "modle = torch.nn.Linear(3, 5)",
        """
        ○ model: not attempted yet, 0 of 1 points. There is no `model` yet: write your answer in the cell above and run it, then run this one.
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
        relu,
        "relu = torch.relu",
        "✓ relu: 2 of 2 points. The check holds.",
        id="right",
    ),
    pytest.param(
        relu_in_parts,
        "relu = torch.relu",
        "✓ relu: 3.5 of 3.5 points. All 3 checks hold.",
        id="right in all parts",
    ),
    pytest.param(
        relu_in_place,
        "relu_ = torch.relu_",
        "✓ relu_: 1 of 1 points. The check holds.",
        id="right and in place, as asked",
    ),
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
        relu,
        """
        def relu(z):
            return z.double().clamp(min=0)
        """,
        "✓ relu: 2 of 2 points. The check holds.",
        id="double precision for single",
    ),
    pytest.param(
        sizes,
        "sizes = (4, 8, 2)",
        "✓ sizes: 1 of 1 points. The check holds.",
        id="a tuple for a list",
    ),
    pytest.param(
        guess,
        "guess = ' B'",
        "✓ guess: 1 of 1 points. The check holds.",
        id="a choice in capitals and with a space",
    ),
    pytest.param(
        relu,
        """
        import warnings
        def relu(z):
            print('here')
            warnings.warn('careful')
            return z.clamp(min=0)
        """,
        "✓ relu: 2 of 2 points. The check holds.",
        id="prints and warns on the way to the right result",
    ),
    # callable
    pytest.param(
        relu,
        "relu = 3",
        """
        ✗ relu: 0 of 2 points.
          `relu` is of type int, not a function: something else was assigned to its name.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a number under the function's name",
    ),
    pytest.param(
        relu,
        "relu = torch.zeros(2)",
        """
        ✗ relu: 0 of 2 points.
          `relu` is of type Tensor, not a function: something else was assigned to its name.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a tensor under the function's name",
    ),
    # raises
    pytest.param(
        relu,
        """
        def relu(z):
            return torhc.relu(z)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with NameError: name 'torhc' is not defined. Is it spelt as where it is made, and
          was that cell run?
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a name that does not exist",
    ),
    pytest.param(
        relu,
        """
        def relu():
            return 1
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with TypeError: relu() takes 0 positional arguments but 1 was given. Look at the
          names and the number of the arguments.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="no parameters",
    ),
    pytest.param(
        relu,
        """
        def relu(z, slope):
            return z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with TypeError: relu() missing 1 required positional argument: 'slope'. Keep the
          parameters as they were given.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a parameter too many",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z.relou()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with AttributeError: 'Tensor' object has no attribute 'relou'. Look at what kind
          of object it is, and at the spelling after the dot.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a method that does not exist",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return max(z, 0)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError: Boolean value of Tensor with more than one value is ambiguous.
          `if`, `and`, `or`, `max(a, b)` need one truth value; a tensor has many: use `torch.where`,
          `torch.maximum` or `&`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="Python's max of a tensor",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            if z > 0:
                return z
            return 0
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError: Boolean value of Tensor with more than one value is ambiguous.
          `if`, `and`, `or`, `max(a, b)` need one truth value; a tensor has many: use `torch.where`,
          `torch.maximum` or `&`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="if on a tensor",
    ),
    pytest.param(
        relu,
        """
        import math
        def relu(z):
            return math.exp(z)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with ValueError: only one element tensors can be converted to Python scalars.
          Functions of `math` and `float()` take one number: for a tensor use the function of the same
          name in `torch`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="math on a tensor",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z.sum(dim=2)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with IndexError: Dimension out of range (expected to be in range of [-2, 1], but
          got 2). The tensor has fewer dimensions than `dim` asks for: dimensions count from 0, or from
          -1 at the end.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a dimension that does not exist",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z[3]
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with IndexError: index 3 is out of bounds for dimension 0 with size 1. Positions
          count from 0, so the last one is the size less 1.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="an index that does not exist",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return relu(z)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RecursionError: maximum recursion depth exceeded. It calls itself and never
          stops.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="calls itself for ever",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            out = out + z
            return out
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with UnboundLocalError: cannot access local variable 'out' where it is not
          associated with a value. It is used before the line that gives it a value.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a variable before its value",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            exit()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops the program (`exit` or `quit`): leave a function with `return` instead.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="exit",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            raise SystemExit
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops the program (`exit` or `quit`): leave a function with `return` instead.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="quit by SystemExit",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            raise ValueError('z is too small.')
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with ValueError: z is too small.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="the student's own exception",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            assert z.dim() == 1
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with AssertionError.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="an exception without a text",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            raise NotImplementedError('later')
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with NotImplementedError: later.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a stub with a text of its own",
    ),
    pytest.param(
        linear,
        """
        def linear(x, W):
            return x @ W
        """,
        """
        ✗ linear: 0 of 2 points.
          `linear` stops with RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 5x3). In
          a matrix product the inner sizes must agree: is one factor to be transposed?
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
          `linear` stops with TypeError: 'Tensor' object is not callable. Something that is no function
          is followed by `(`: is a comma or a `*` missing in front of it?
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a tensor is called",
    ),
    pytest.param(
        relu_with_gradient,
        """
        def relu(z):
            return torch.tensor(z.numpy())
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError: Can't call numpy() on Tensor that requires grad. Use
          tensor.detach().numpy() instead. Stay with torch from start to end: NumPy cuts the gradient.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="NumPy on the way, where a gradient is wanted",
    ),
    pytest.param(
        relu_with_gradient,
        """
        def relu(z):
            z[z < 0] = 0
            return z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError: a leaf Variable that requires grad is being used in an
          in-place operation. Do not change a tensor in place where a gradient is needed: make a new
          one.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="in place, where a gradient is wanted",
    ),
    pytest.param(
        accuracy,
        """
        def accuracy(p, y):
            return 1 / 0
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy` stops with ZeroDivisionError: division by zero. A denominator is zero: which input
          makes it so?
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
        relu,
        """
        def relu(z):
            z.clamp(min=0)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` returns nothing (`None`) where a tensor is expected: does every path through it end in
          `return`?
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="no return",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            print(z.clamp(min=0))
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` prints its result and returns nothing: end it with `return`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="prints instead of returning",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z.clamp(min=0).numpy()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives a NumPy array where a tensor is expected: stay with torch from start to end.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="NumPy",
    ),
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
        relu,
        """
        def relu(z):
            return [max(v, 0.0) for v in z[0].tolist()]
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives a list where a tensor is expected: `torch.stack` or `torch.tensor` makes one of
          it.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a list",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z.relu
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives a function or class where a tensor is expected: are the parentheses of a call
          missing?
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="a method without its parentheses",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return 'relu'
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives a string where a tensor is expected.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got 'relu'; expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="a string",
    ),
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
          [1] of `sizes` gives a string where a number is expected.
          Got '8'; expected 8.
        """,
        id="a string in a list",
    ),
    pytest.param(
        sizes,
        "sizes = [4, None, 2]",
        """
        ✗ sizes: 0 of 1 points.
          [1] of `sizes` is `None` where a number is expected.
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
          ['b'] of `init` is `None` where a tensor is expected.
          Tried: init(n) with n = 2
        """,
        id="None in a dictionary",
    ),
    pytest.param(
        activation,
        "activation = 3",
        """
        ✗ activation: 0 of 1 points.
          `activation` gives a number where a string is expected.
          Got 3; expected 'Softmax'.
        """,
        id="a number in place of a string",
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
        relu,
        """
        def relu(z):
            return z.clamp(min=0).squeeze()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives shape (3,), expected (1, 3). A dimension of size 1 is missing: `unsqueeze`, or
          `keepdim=True` in a reduction.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([0.0, 0.0, 2.0]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="a dimension of size 1 is missing",
    ),
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
        relu,
        """
        def relu(z):
            return z.clamp(min=0).T
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives shape (3, 1), expected (1, 3). It is transposed.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[0.0], [0.0], [2.0]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="a column in place of a row",
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
        mse,
        """
        def mse(p, y):
            return (p - y) ** 2
        """,
        """
        ✗ mse: 0 of 2 points.
          `mse` gives shape (4,), expected (). One number is expected: reduce over all dimensions, with
          a mean or a sum as the text says.
          Tried: mse(p, y) with p = tensor([1.5000, 2.0, 3.0, 0.0]), y = tensor([1.0, 2.0, 4.0, 0.5000])
          Got tensor([0.2500, 0.0, 1.0, 0.2500]); expected tensor(0.3750).
        """,
        id="nothing reduced",
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
          `linear` gives shape (2, 5, 3), expected (2, 5). Dimension 2 is still to be reduced.
          Tried: linear(x, W) with x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), W = a tensor of shape
            (5, 3)
        """,
        id="a dimension not yet reduced",
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
    pytest.param(
        sizes,
        "sizes = [4, 2]",
        """
        ✗ sizes: 0 of 1 points.
          `sizes` has 2 items where 3 are expected.
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
    # dtype
    pytest.param(
        relu,
        """
        def relu(z):
            return z.clamp(min=0).long()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives integers (dtype int64), expected floating-point numbers (float32). Convert with
          `.float()`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[0, 0, 2]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="integers in place of floats",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z > 0
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives truth values (dtype bool), expected floating-point numbers (float32). Convert
          with `.float()`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[False, False, True]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="truth values in place of floats",
    ),
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
        relu,
        """
        def relu(z):
            return z / 0
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives nan or inf for 3 of 3 values: an overflow on the way, such as the exponential of
          a large number, or log(0), or 0/0.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          At [0, 0], where z is -1.5000, got -inf; expected 0.0.
        """,
        id="nan and inf",
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
        relu,
        """
        def relu(z):
            return z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: the input `z` comes back unchanged.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[-1.5000, 0.0, 2.0]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="the input unchanged",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return 0 * z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: every value is 0.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[0.0, 0.0, 0.0]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="all zero",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return p.log()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: the sign is the wrong way round everywhere.
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
          `entropy`: the sign is the wrong way round.
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
          `accuracy`: the sign is the wrong way round.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got -0.7500; expected 0.7500.
        """,
        id="the sign of a number",
    ),
    pytest.param(
        relu,
        """
        def relu(z):
            return z.clamp(min=0).flip(-1)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: the order is reversed.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[2.0, 0.0, 0.0]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="reversed",
    ),
    pytest.param(
        surprise,
        """
        def surprise(p):
            return -p.log2()
        """,
        """
        ✗ surprise: 0 of 1 points.
          `surprise`: every value is 1.443 times what is expected: a logarithm to base 2 in place of the
          natural one, or the reverse.
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
          `entropy`: the value is 0.4343 times what is expected: a logarithm to base 10 in place of the
          natural one, or the reverse.
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
        accuracy,
        """
        def accuracy(p, y):
            return 75.0
        """,
        """
        ✗ accuracy: 0 of 1 points.
          `accuracy`: the value is 100 times what is expected: a percentage in place of a fraction, or
          the reverse.
          Tried: accuracy(p, y) with p = tensor([1, 0, 1, 1]), y = tensor([1, 1, 1, 1])
          Got 75.0; expected 0.7500.
        """,
        id="a percentage",
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
          ['b'] of `init`: every value is 1 too large.
          Tried: init(n) with n = 2
          Got tensor([1.0, 1.0]); expected tensor([0.0, 0.0]).
        """,
        id="ones in place of zeros",
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
          `softmax`: the rows do not sum to 1.
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
        relu,
        """
        def relu(z):
            return z.abs()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: 1 of 3 values is not the expected one: the one where z is negative.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[1.5000, 0.0, 2.0]]); expected tensor([[0.0, 0.0, 2.0]]).
        """,
        id="wrong for negative inputs",
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
        relu_of_many,
        """
        def relu(z):
            return torch.where(z > 2, z, 0.0)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: 4 of 15 values are not the expected ones.
          Tried: relu(z) with z = a tensor of shape (15,)
          At [7], where z is 0.5000, got 0.0; expected 0.5000.
        """,
        id="wrong in some of many values",
    ),
    pytest.param(
        labels,
        """
        def labels(z):
            return z.argmin(dim=1)
        """,
        """
        ✗ labels: 0 of 1 points.
          `labels`: the values are not the expected ones.
          Tried: labels(z) with z = tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]])
          Got tensor([0, 0]); expected tensor([1, 2]).
        """,
        id="all values wrong",
    ),
    pytest.param(
        sizes,
        "sizes = [4, 9, 2]",
        """
        ✗ sizes: 0 of 1 points.
          [1] of `sizes`: the value is not the expected one.
          Got 9; expected 8.
        """,
        id="one value of a list",
    ),
    pytest.param(
        activation,
        "activation = 'softmax '",
        """
        ✗ activation: 0 of 1 points.
          `activation` differs from the expected text in capitals or spaces only.
          Got 'softmax '; expected 'Softmax'.
        """,
        id="capitals and spaces",
    ),
    pytest.param(
        activation,
        "activation = 'ReLU'",
        """
        ✗ activation: 0 of 1 points.
          `activation` is not the expected answer.
          Got 'ReLU'; expected 'Softmax'.
        """,
        id="another text",
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
    pytest.param(
        model,
        "model = torch.nn.Linear(3, 4)",
        """
        ✗ model: 0 of 1 points.
          [1] of `model`: the value is not the expected one.
          Got 4; expected 5.
        """,
        id="a few lines of which the last is the value",
    ),
    # gradient
    pytest.param(
        relu_with_gradient,
        """
        def relu(z):
            return z.detach().clamp(min=0)
        """,
        """
        ✗ relu: 0 of 2 points.
          The values are right, but no gradient flows back through `relu`: stay with tensors all the
          way, without `.item()`, `.detach()`, `.numpy()` or `no_grad`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="no gradient",
    ),
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
    pytest.param(
        relu_with_gradient,
        """
        def relu(z):
            return z + (z.clamp(min=0) - z).detach()
        """,
        """
        ✗ relu: 0 of 2 points.
          The values of `relu` are right, but its gradient with respect to `z` is not: 2 of 3 values are
          not the expected ones: all those where z is at most 0.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
          Got tensor([[1.0, 1.4958, 0.8722]]); expected tensor([[0.0, 0.0, 0.8722]]).
        """,
        id="a wrong gradient",
    ),
    # input
    pytest.param(
        relu,
        """
        def relu(z):
            return z.clamp_(min=0)
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` changes its input `z`: the caller still needs it. Make a new tensor instead; operations
          whose name ends in `_` and `x[...] = ...` change in place.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="the input is changed in place",
    ),
    # hidden
    pytest.param(
        relu_hidden,
        """
        def relu(z):
            return z.abs()
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu`: 1 of 3 values is not the expected one: the one where z is negative.
          Seen on an input that this notebook does not show: z of shape (1, 3).
        """,
        id="hidden: a wrong value",
    ),
    pytest.param(
        relu_hidden,
        """
        def relu(z):
            return z.clamp(min=0)[0]
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives shape (3,), expected (1, 3). A dimension of size 1 is missing: `unsqueeze`, or
          `keepdim=True` in a reduction.
          Seen on an input that this notebook does not show: z of shape (1, 3).
        """,
        id="hidden: a wrong shape",
    ),
    pytest.param(
        relu_hidden,
        """
        def relu(z):
            return z @ z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError. In a matrix product the inner sizes must agree: is one factor
          to be transposed?
          Seen on an input that this notebook does not show: z of shape (1, 3).
        """,
        id="hidden: an exception",
    ),
    pytest.param(
        relu_hidden,
        """
        def relu(z):
            return z.clamp(min=0) / z
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` gives nan for 1 of 3 values: an overflow on the way, such as the exponential of a large
          number, or log(0), or 0/0.
          Seen on an input that this notebook does not show: z of shape (1, 3).
        """,
        id="hidden: not a finite value",
    ),
    # parts
    pytest.param(
        relu_in_parts,
        """
        def relu(z):
            return z.abs()
        """,
        """
        ✗ relu: 0.5 of 3.5 points.
          ✗ values
            `relu`: 1 of 3 values is not the expected one: the one where z is negative.
            Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
            Got tensor([[1.5000, 0.0, 2.0]]); expected tensor([[0.0, 0.0, 2.0]]).
          ✓ empty input
          ✗ gradient: as above
        """,
        id="partial credit",
    ),
    pytest.param(
        relu_in_parts,
        """
        def relu(z):
            return z.detach().clamp(min=0) if len(z) else z[0]
        """,
        """
        ✗ relu: 2 of 3.5 points.
          ✓ values
          ✗ empty input
            `relu` stops with IndexError: index 0 is out of bounds for dimension 0 with size 0. Positions
            count from 0, so the last one is the size less 1.
            Tried: relu(z) with z = tensor([], dtype=torch.float32)
          ✗ gradient
            The values are right, but no gradient flows back through `relu`: stay with tensors all the
            way, without `.item()`, `.detach()`, `.numpy()` or `no_grad`.
            Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="partial credit, two different failures",
    ),
    pytest.param(
        relu_in_parts,
        """
        def relu(z):
            return torch.relu(z.squeeze())
        """,
        """
        ✗ relu: 0.5 of 3.5 points.
          ✗ values
            `relu` gives shape (3,), expected (1, 3). A dimension of size 1 is missing: `unsqueeze`, or
            `keepdim=True` in a reduction.
            Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
            Got tensor([0.0, 0.0, 2.0]); expected tensor([[0.0, 0.0, 2.0]]).
          ✓ empty input
          ✗ gradient: as above
        """,
        id="the same failure in two parts",
    ),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The notebook's folder, without a list of known mistakes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("ask", "code", "text"), TABLE)
def test_message(ask, code, text):
    message = run(ask, code).message()
    assert message.split() == text.split()
    assert all(len(line) <= 84 for line in message.splitlines())


# --- known mistakes ------------------------------------------------------------------------------


def know(folder, exercise, *mistakes):
    """Write the list of known mistakes as the build does; a mistake is a check, its code and its message."""
    entries = [(says, [e.fingerprint for e in run(ask, code).evaluations if e.problem]) for ask, code, says in mistakes]
    (folder / MISTAKES).write_text(write_mistakes({exercise: entries}), encoding="utf-8")


ABS = "relu = torch.abs"
NEGATIVE = "def relu(z):\n    return z.clamp(max=0)"


def test_a_known_mistake_is_called_by_its_name(folder):
    know(folder, "relu", (relu, ABS, "This is 'abs'."), (relu, NEGATIVE, "This keeps the negative ones."))
    same_mistake_in_other_words = "def relu(z):\n    return torch.where(z < 0, -z, z)"
    assert run(relu, same_mistake_in_other_words).message() == (
        "✗ relu: 0 of 2 points.\n"
        "  This is 'abs'.\n"
        "  Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])\n"
        "  Got tensor([[1.5000, 0.0, 2.0]]); expected tensor([[0.0, 0.0, 2.0]])."
    )


def test_a_mistake_that_is_not_known_gets_the_words_of_the_look(folder):
    know(folder, "relu", (relu, ABS, "This is 'abs'."))
    assert run(relu, NEGATIVE).message() == (
        "✗ relu: 0 of 2 points.\n"
        "  `relu`: 2 of 3 values are not the expected ones: all those where z is not 0.\n"
        "  Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])\n"
        "  Got tensor([[-1.5000, 0.0, 0.0]]); expected tensor([[0.0, 0.0, 2.0]])."
    )


def test_an_exception_can_be_a_known_mistake(folder):
    python_max = "def relu(z):\n    return max(z, 0)"
    know(folder, "relu", (relu, python_max, "Python's max compares whole tensors."))
    assert run(relu, python_max).message() == (
        "✗ relu: 0 of 2 points.\n"
        "  Python's max compares whole tensors.\n"
        "  Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])"
    )


def test_a_known_mistake_on_a_hidden_input_shows_no_values(folder):
    know(folder, "relu", (relu_hidden, ABS, "This is 'abs'."))
    assert run(relu_hidden, ABS).message() == (
        "✗ relu: 0 of 2 points.\n"
        "  This is 'abs'.\n"
        "  Seen on an input that this notebook does not show: z of shape (1, 3)."
    )


def test_a_known_mistake_in_two_parts_is_said_once(folder):
    know(folder, "relu", (relu_in_parts, ABS, "This is 'abs'."))
    assert run(relu_in_parts, ABS).message() == (
        "✗ relu: 0.5 of 3.5 points.\n"
        "  ✗ values\n"
        "    This is 'abs'.\n"
        "    Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])\n"
        "    Got tensor([[1.5000, 0.0, 2.0]]); expected tensor([[0.0, 0.0, 2.0]]).\n"
        "  ✓ empty input\n"
        "  ✗ gradient: as above"
    )


def test_a_wrong_choice_can_be_a_known_mistake(folder):
    know(folder, "guess", (guess, "guess = 'a'", "That is what happens without a learning rate."))
    assert run(guess, "guess = 'A '").message() == (
        "✗ guess: 0 of 1 points.\n  That is what happens without a learning rate."
    )


def test_the_mistakes_of_another_exercise_do_not_count(folder):
    know(folder, "absolute", (relu, ABS, "This is 'abs'."))
    assert "This is 'abs'." not in run(relu, ABS).message()


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"relu": 3}', '{"relu": [{"results": [[1]]}]}'])
def test_a_broken_list_of_mistakes_is_as_good_as_none(folder, text):
    (folder / MISTAKES).write_text(text, encoding="utf-8")
    assert run(relu, "relu = torch.relu").message() == "✓ relu: 2 of 2 points. The check holds."
    assert "the one where z is negative" in run(relu, ABS).message()


# --- several evaluations -------------------------------------------------------------------------


def test_the_first_failure_is_the_one_that_is_shown():
    def ask():
        check = Check("relu", points=1)
        for value in (1.0, -1.0, -2.0):
            check("relu(z)", z=torch.tensor([value]), gives=lambda z: torch.relu(z))
        return check

    assert run(ask, ABS).message() == (
        "✗ relu: 0 of 1 points.\n"
        "  `relu`: the value is not the expected one.\n"
        "  Tried: relu(z) with z = tensor([-1.0])\n"
        "  Got tensor([1.0]); expected tensor([0.0])."
    )


def test_one_of_two_functions_is_still_a_stub():
    def ask():
        check = Check("pair", parts={"first": 1, "second": 1})
        check("first(z)", part="first", z=Z, gives=Z)
        check("second(z)", part="second", z=Z, gives=Z)
        return check

    code = """
        def first(z):
            return z.clone()

        def second(z):
            raise NotImplementedError()
    """
    assert run(ask, code).message() == (
        "✗ pair: 1 of 2 points.\n"
        "  ✓ first\n"
        "  ✗ second\n"
        "    `second` is not written yet.\n"
        "    Tried: second(z) with z = tensor([[-1.5000, 0.0, 2.0]])"
    )


def test_what_is_shown_of_data_that_is_long_or_no_tensor():
    def ask():
        check = Check("count", points=1)
        check("count(words, deep, on)", words=["a"] * 20, deep={"n": [1, 2.5]}, on=True, gives=20)
        return check

    assert run(ask, "def count(words, deep, on):\n    return 2").message() == (
        "✗ count: 0 of 1 points.\n"
        "  `count`: the value is not the expected one.\n"
        "  Tried: count(words, deep, on) with words = a list of 20 items, deep = {'n':\n"
        "    [1, 2.5000]}, on = True\n"
        "  Got 2; expected 20."
    )

"""What a student reads, where the answer is about activations: a row is a check, the code in the cell, and the text."""

import pytest
import torch
from answers import Z, relu, relu_hidden, relu_in_parts, run

from autograder.checks import Check


def relu_of_kept_input():
    check = Check("relu", points=2, unchanged=True)
    check("relu(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_with_gradient():
    check = Check("relu", points=2)
    check("relu(z)", z=Z, gives=lambda z: torch.relu(z), gradient=True)
    return check


def relu_in_place():
    check = Check("relu_", points=1)
    check("relu_(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_of_many():
    check = Check("relu", points=2)
    check("relu(z)", z=torch.linspace(-3, 4, 15), gives=lambda z: torch.relu(z))
    return check


def activation():
    check = Check("activation", points=1)
    check("activation", gives="Softmax")
    return check


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
        relu,
        "rleu = torch.relu",
        """
        ○ relu: not attempted yet, 0 of 2 points. There is no `relu` yet: write your answer in the cell above and run it, then run this one. If that cell stops with an error, fix the error first.
        """,
        id="the name is missing",
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
        relu,
        """
        def relu(z):
            return z.double().clamp(min=0)
        """,
        "✓ relu: 2 of 2 points. The check holds.",
        id="double precision for single",
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
          `relu` stops with NameError: name 'torhc' is not defined. Did you mean `torch`?
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
          `relu` stops with TypeError: relu() takes 0 positional arguments but 1 was given. The check calls it as `relu(z)`: keep the parameters as they were given.
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
          `relu` stops with TypeError: relu() missing 1 required positional argument: 'slope'. The check calls it as `relu(z)`: keep the parameters as they were given.
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
          `relu` stops with AttributeError: 'Tensor' object has no attribute 'relou'. Did you mean `.relu`?
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
          `relu` stops with IndexError: index 3 is out of bounds for dimension 0 with size 1. Dimension 0 has 1 place, number 0.
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
          `relu` stops with AssertionError. An `assert` in the code fails.
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
        relu_with_gradient,
        """
        def relu(z):
            return torch.tensor(z.numpy())
        """,
        """
        ✗ relu: 0 of 2 points.
          `relu` stops with RuntimeError: Can't call numpy() on Tensor that requires grad. Use
          tensor.detach().numpy() instead. Use torch from start to finish: NumPy cuts the gradient.
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
          `relu` gives a NumPy array where a tensor is expected: use torch from start to finish.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="NumPy",
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
        activation,
        "activation = 3",
        """
        ✗ activation: 0 of 1 points.
          `activation` gives a number where a string is expected.
          Got 3; expected 'Softmax'.
        """,
        id="a number in place of a string",
    ),
    # shape
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
    # finite
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
    # gradient
    pytest.param(
        relu_with_gradient,
        """
        def relu(z):
            return z.detach().clamp(min=0)
        """,
        """
        ✗ relu: 0 of 2 points.
          The values are right, but no gradient flows back through `relu`: use tensors all the way,
without `.item()`, `.detach()`, `.numpy()` or `no_grad`.
          Tried: relu(z) with z = tensor([[-1.5000, 0.0, 2.0]])
        """,
        id="no gradient",
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
        relu_of_kept_input,
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
          Seen only on an input that this notebook does not show: z of shape (1, 3).
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
          Seen only on an input that this notebook does not show: z of shape (1, 3).
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
          `relu` stops with RuntimeError. In a matrix product the inner sizes must agree: should one factor
be transposed?
          Seen only on an input that this notebook does not show: z of shape (1, 3).
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
          Seen only on an input that this notebook does not show: z of shape (1, 3).
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
            `relu` stops with IndexError: index 0 is out of bounds for dimension 0 with size 0. Dimension 0 is empty there.
            Tried: relu(z) with z = tensor([], dtype=torch.float32)
          ✗ gradient
            The values are right, but no gradient flows back through `relu`: use tensors all the way,
without `.item()`, `.detach()`, `.numpy()` or `no_grad`.
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


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("ask", "code", "text"), TABLE)
def test_message(ask, code, text):
    message = run(ask, code).message()
    assert message.split() == text.split()
    assert all(len(line) <= 84 for line in message.splitlines())

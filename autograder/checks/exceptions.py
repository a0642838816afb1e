"""Exceptions in plain words."""

from __future__ import annotations

import re

from autograder.checks.student import Reply

_ADVICE = [
    (r"mat1 and mat2 shapes cannot be multiplied", "In a matrix product the inner sizes must agree: is one factor to be transposed?"),
    (r"size mismatch|inconsistent tensor size", "The sizes of the two tensors do not fit: is one to be transposed?"),
    (r"The size of tensor a .* must match", "The two shapes do not broadcast: compare them from the right, size by size."),
    (r"'(Tensor|Linear|ReLU|Sigmoid|float|int|tuple|list)' object is not callable", "Something that is no function is followed by `(`: is a comma or a `*` missing in front of it?"),
    (r"missing \d+ required (positional|keyword-only) argument", "Keep the parameters as they were given."),
    (r"takes \d+ positional arguments? but|unexpected keyword argument", "Look at the names and the number of the arguments."),
    (r"name '.*' is not defined", "Is it spelt as where it is made, and was that cell run?"),
    (r"cannot access local variable|referenced before assignment", "It is used before the line that gives it a value."),
    (r"Long|Int but|expected scalar type|same dtype|Double and Float|Float and Double|Half", "The tensors have different dtypes: convert one, for instance with `.float()`."),
    (r"leaf Variable that requires grad .* in-place|modified by an inplace operation", "Do not change a tensor in place where a gradient is needed: make a new one."),
    (r"does not require grad", "The path from the input to this value is cut, or the input does not require a gradient."),
    (r"Can't call numpy|can't convert", "Stay with torch from start to end: NumPy cuts the gradient."),
    (r"Boolean value of Tensor with more than one value", "`if`, `and`, `or`, `max(a, b)` need one truth value; a tensor has many: use `torch.where`, `torch.maximum` or `&`."),
    (r"only one element tensors can be converted|can't be converted to a scalar|with \d+ elements cannot be converted to Scalar|only 0-dimensional arrays can be converted|must be real number, not Tensor", "Functions of `math` and `float()` take one number: for a tensor use the function of the same name in `torch`."),
    (r"Dimension out of range", "The tensor has fewer dimensions than `dim` asks for: dimensions count from 0, or from -1 at the end."),
    (r"index .* out of (range|bounds)", "Positions count from 0, so the last one is the size less 1."),
    (r"object has no attribute", "Look at what kind of object it is, and at the spelling after the dot."),
    (r"maximum recursion depth", "It calls itself and never stops."),
    (r"math range error|Result too large|Numerical result out of range", "A number grows beyond what a float can hold: rewrite the formula so that no large number is exponentiated."),
    (r"must be a mapping", "Give a dictionary, such as `{'name': value}`."),
    (r"division by zero", "A denominator is zero: which input makes it so?"),
    (r"shape '.*' is invalid for input of size", "The number of elements before and after a reshape must be the same."),
    (r"argument '.*' .*must be Tensor|must be Tensor, not", "A tensor is wanted where a number or a list was given."),
]  # fmt: skip


def explain_exception(reply: Reply, hidden: bool) -> str:
    """Of a hidden evaluation the exception's own text is left out: it may quote the input."""
    if reply.error == "SystemExit":
        return f"`{reply.name}` stops the program (`exit` or `quit`): leave a function with `return` instead."
    text = "" if hidden else reply.detail.rstrip(".: ")
    advice = next((says for pattern, says in _ADVICE if re.search(pattern, reply.detail)), "")
    if reply.error == "RecursionError":
        advice = "It calls itself and never stops."
    raised = f"`{reply.name}` stops with {reply.error}{': ' + text if text else ''}."
    return f"{raised} {advice}".strip()

"""Exceptions in plain words."""

from __future__ import annotations

import ast
import builtins
import difflib
import math
import re
from collections.abc import Sequence

import numpy
import torch
from torch import Tensor

from autograder.checks.student import Reply

_ADVICE = [
    (r"mat1 and mat2 shapes cannot be multiplied", "In a matrix product the inner sizes must agree: should one factor be transposed?"),
    (r"size mismatch|inconsistent tensor size", "The sizes of the two tensors do not fit: should one be transposed?"),
    (r"The size of tensor a .* must match", "The two shapes do not broadcast: compare them from the right, size by size."),
    (r"'(Tensor|Linear|ReLU|Sigmoid|float|int|tuple|list)' object is not callable", "Something that isn't a function is followed by `(`: is a comma or a `*` missing before it?"),
    (r"missing \d+ required (positional|keyword-only) argument", "Keep the parameters as they were given."),
    (r"takes \d+ positional arguments? but|unexpected keyword argument", "Look at the names and the number of arguments."),
    (r"name '.*' is not defined", "Is it spelled the way you defined it, and did you run that cell?"),
    (r"cannot access local variable|referenced before assignment", "It is used before the line that gives it a value."),
    (r"bitwise_xor|operand type\(s\) for \^", "In Python `^` isn't a power: powers are written with `**`."),
    (r"not implemented for '(Long|Int|Short|Char|Byte|Bool)'", "It takes floating-point numbers and gets none: are two arguments swapped, or is a `.float()` missing?"),
    (r"Long|Int but|expected scalar type|same dtype|Double and Float|Float and Double|Half", "The tensors have different dtypes: convert one, for instance with `.float()`."),
    (r"leaf Variable that requires grad .* in-place|modified by an inplace operation", "Do not change a tensor in place where a gradient is needed: make a new one."),
    (r"does not require grad", "The path from the input to this value is cut, or the input does not require a gradient."),
    (r"Can't call numpy|can't convert", "Use torch from start to finish: NumPy cuts the gradient."),
    (r"Boolean value of Tensor with more than one value", "`if`, `and`, `or`, `max(a, b)` need one truth value; a tensor has many: use `torch.where`, `torch.maximum` or `&`."),
    (r"only one element tensors can be converted|can't be converted to a scalar|only 0-dimensional arrays can be converted|must be real number, not Tensor", "Functions of `math` and `float()` take one number: for a tensor use the function of the same name in `torch`."),
    (r"with \d+ elements cannot be converted to Scalar", "`.item()` takes a tensor with a single number, and there are more: keep the tensor."),
    (r"math domain error|expected a positive input", "A function of `math` gets a number that it has no value for, such as the logarithm of 0."),
    (r"Dimension out of range", "The tensor has fewer dimensions than `dim` asks for: dimensions count from 0, or from -1 at the end."),
    (r"index .* out of (range|bounds)", "Positions count from 0, so the last one is the size less 1."),
    (r"object has no attribute", "Look at what kind of object it is, and at the spelling after the dot."),
    (r"maximum recursion depth", "It calls itself and never stops."),
    (r"math range error|Result too large|Numerical result out of range", "A number grows beyond what a float can hold: rewrite the formula so that no large number is exponentiated."),
    (r"must be a mapping", "Give a dictionary, such as `{'name': value}`."),
    (r"'NoneType' object|unsupported operand type.*'NoneType'", "Something there is `None`: a function without `return`, or a method that works in place and returns nothing."),
    (r"not enough values to unpack|too many values to unpack|cannot unpack", "The number of names on the left of `=` differs from the number of values on the right."),
    (r"unsupported operand type.*'list'|can't multiply sequence by non-int|can only concatenate list", "Lists can't do arithmetic: turn it into a tensor with `torch.tensor`, or go through it item by item."),
    (r"object is not iterable|iteration over a 0-d tensor", "A single number has no items to go through."),
    (r"'(int|float|bool)' object is not subscriptable", "A single number has no items for `[...]`."),
    (r"too many indices", "There are more indices than dimensions."),
    (r"division by zero", "A denominator is zero: which input makes it zero?"),
    (r"shape '.*' is invalid for input of size", "The number of elements before and after a reshape must be the same."),
    (r"argument '.*' .*must be Tensor|must be Tensor, not", "A function of `torch` takes tensors, and it was given something else."),
]  # fmt: skip


_SPELT: dict[str, object] = {
    "torch": torch,
    "torch.nn": torch.nn,
    "torch.nn.functional": torch.nn.functional,
    "torch.optim": torch.optim,
    "math": math,
    "numpy": numpy,
    "Tensor": Tensor,
}
"""Where to look for a misspelled name: modules by name, and tensors."""

_COMMON = ["torch", "math", "numpy", "nn", "F", *dir(builtins)]


def explain_exception(reply: Reply, hidden: bool, expression: str = "") -> str:
    """Of a hidden evaluation the exception's own text is left out: it may quote the input. `expression` is what the check asks."""
    if reply.error == "SystemExit":
        return f"`{reply.name}` stops the program (`exit` or `quit`): leave a function with `return` instead."
    text = "" if hidden else reply.detail.rstrip(".: ")
    raised = f"`{reply.name}` stops with {reply.error}{': ' + text if text else ''}."
    return f"{raised} {_advise(reply, hidden, expression)}".strip()


def _advise(reply: Reply, hidden: bool, expression: str) -> str:
    if reply.error == "RecursionError":
        return "It calls itself and never stops."
    if reply.error == "AssertionError":
        return "An `assert` in the code fails."
    if reply.error == "KeyError" and f"{reply.name}[{reply.detail}]".replace('"', "'") in expression.replace('"', "'"):
        return "The text asks for this key: is it missing, or spelled differently?"
    if reply.error == "KeyError":
        if reply.detail.startswith("<"):  # an object
            return "The dictionary has no entry for it yet: put one in first."
        return "The dictionary has no such key: is it spelled the way it was put in?"
    said = (
        _suggest_spelling(reply.detail)
        or _explain_call(reply, expression)
        or ("" if hidden else _explain_index(reply.detail))
    )
    return said or next((says for pattern, says in _ADVICE if re.search(pattern, reply.detail)), "")


def _suggest_spelling(detail: str) -> str:
    """For a name that doesn't exist, but almost is a name in torch, of a tensor, or in Python."""
    if found := re.search(r"module '([\w.]+)' has no attribute '(\w+)'", detail):
        return _suggest(found[2], found[1], f"{found[1].removeprefix('torch.nn.').replace('functional', 'F')}.")
    if found := re.search(r"'(\w+)' object has no attribute '(\w+)'", detail):
        return _suggest(found[2], found[1], ".") if found[1] == "Tensor" else ""
    if found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", detail):
        return _suggest(found[1], found[2], "")
    if found := re.search(r"No module named '(\w+)'", detail):
        return _pick(found[1], ["torch", "math", "numpy", "matplotlib", "copy", "random"], "")
    if found := re.search(r"name '(\w+)' is not defined", detail):
        return _pick(found[1], _COMMON, "") or _find_module(found[1])
    return ""


def _find_module(name: str) -> str:
    """For a name of torch that is written without its module."""
    places = (("torch", "torch"), ("F", "torch.nn.functional"), ("nn", "torch.nn"))
    written = next((short for short, place in places if hasattr(_SPELT[place], name)), "")
    return (
        f"If it's PyTorch's, write `{written}.{name}`; otherwise, did you run the cell that defines it?"
        if written
        else ""
    )


def _suggest(name: str, owner: str, before: str) -> str:
    for place, written in (
        ("torch.nn.functional", "`F.{}`"),
        ("torch", "`torch.{}`"),
        ("torch.nn", "`nn.{}`"),
        ("Tensor", "a method, `x.{}`"),
    ):
        if hasattr(_SPELT[place], name) and before != ".":
            return f"It is {written.format(name)}."
    return (
        _pick(name, [one for one in dir(_SPELT[owner]) if not one.startswith("_")], before) if owner in _SPELT else ""
    )


def _pick(name: str, names: Sequence[str], before: str) -> str:
    if name in names:
        return ""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"Did you mean `{before}{near[0]}`?" if near else ""


def _explain_call(reply: Reply, expression: str) -> str:
    """How the check calls a function that takes different arguments."""
    found = re.search(
        r"(\w+)\(\) (?:missing \d+ required|takes .* positional|got an unexpected|got multiple)", reply.detail
    )
    if found and found[1] not in (reply.name, "__init__") and not found[1].startswith("<"):
        return f"`{found[1]}` is called with other arguments than it takes."
    call = find_call(expression, reply.name)
    if not found or not call or "**" in call:
        return ""
    return f"The check calls it as `{call}`: keep the parameters as they were given."


def find_call(expression: str, name: str) -> str:
    """The first call of `name` in an expression, as it is written there; "" where there is none, or only a long one."""
    try:
        tree = ast.parse(expression)
    except SyntaxError:
        return ""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    own = next((call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name), None)
    text = ast.unparse(own) if own is not None else ""
    return text if len(text) <= 80 else ""


def _explain_index(detail: str) -> str:
    if found := re.search(r"index -?\d+ is out of bounds for dimension (\d+) with size (\d+)", detail):
        dim, size = found[1], int(found[2])
        if size == 0:
            return f"Dimension {dim} is empty there."
        return f"Dimension {dim} has {size} place{'s, numbered 0 to ' + str(size - 1) if size > 1 else ', number 0'}."
    if found := re.search(r"too many indices for tensor of dimension (\d+)", detail):
        count = int(found[1])
        return f"There the tensor has {count} dimension{'' if count == 1 else 's'}, and it was given more indices."
    return ""

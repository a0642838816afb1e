"""Compare what came with what was expected, and say in plain words how they differ.

The looks have a fixed order: attempted, callable, does not raise, type, shape, dtype, finite, values,
gradient, input left unchanged. The first that fails is the one that is reported. Acceptance rests on the
result alone; the reasons are looked for after a failure only.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator

import torch
from torch import Tensor

from autograder.checks.data import Data, Opaque, is_number, show_apart
from autograder.checks.exceptions import explain_exception
from autograder.checks.problems import Expected, Problem, Words
from autograder.checks.reasons import count_wrong, explain_factor, explain_shape, explain_values, first_wrong
from autograder.checks.student import Reply


def find_problem(reply: Reply, expected: Expected) -> Problem | None:
    """The first look at `reply` that fails, or `None` when all hold."""
    name = reply.name
    if reply.outcome == "missing":
        return Problem("attempted", f"There is no `{name}` yet: run the cell that defines it, then this one.")
    if reply.outcome == "not attempted":
        return Problem("attempted", f"`{name}` is not written yet.")
    if reply.outcome == "not callable":
        return Problem(
            "callable", f"`{name}` is of type {reply.detail}, not a function: something else was assigned to its name."
        )
    if reply.outcome == "raised":
        return Problem("raises", explain_exception(reply, expected.hidden))
    problem = _compare(reply.value, expected.value, expected, name, "")
    if problem and problem.look == "type" and reply.value is None and reply.printed.strip():
        return Problem("type", f"`{name}` prints its result and returns nothing: end it with `return`.")
    return problem or _look_at_gradients(reply, expected) or _look_at_arguments(reply, expected)


def _look_at_gradients(reply: Reply, expected: Expected) -> Problem | None:
    if expected.gradients is None:
        return None
    if reply.gradients is None:
        return Problem(
            "gradient",
            f"The values are right, but no gradient flows back through `{reply.name}`: "
            "stay with tensors all the way, without `.item()`, `.detach()`, `.numpy()` or `no_grad`.",
        )
    for name, wanted in expected.gradients.items():
        problem = _compare_tensors(reply.gradients.get(name), wanted, expected, "it")
        if problem:
            return Problem("gradient", functools.partial(_explain_gradient, problem, reply.name, name))
    return None


def _explain_gradient(problem: Problem, subject: str, name: str) -> Words:
    says = f"The values of `{subject}` are right, but its gradient with respect to `{name}` is not"
    return f"{says}: {problem.says.removeprefix('it: ')}", problem.detail


def _look_at_arguments(reply: Reply, expected: Expected) -> Problem | None:
    for name in reply.arguments:
        if name in expected.unchanged:
            return Problem(
                "input",
                f"`{reply.name}` changes its input `{name}`: the caller still needs it. "
                "Make a new tensor instead; operations whose name ends in `_` and `x[...] = ...` change in place.",
            )
    return None


def _compare(got: Data, want: Data, expected: Expected, name: str, where: str) -> Problem | None:
    """Compare one value; `where` is the place inside a list or dict, such as `[0]['bias']`."""
    subject = f"`{name}`" if not where else f"{where} of `{name}`"
    if isinstance(want, Tensor):
        return _compare_tensors(got, want, expected, subject)
    if isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)):
            return _wrong_type(got, want, subject)
        if len(got) != len(want):
            return Problem(
                "shape", f"{subject} has {len(got)} items where {len(want)} are expected.", _got_expected(got, want)
            )
        pairs = [(f"{where}[{index}]", *pair) for index, pair in enumerate(zip(got, want, strict=True))]
        return _first(_compare(one, other, expected, name, place) for place, one, other in pairs)
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return _wrong_type(got, want, subject)
        if missing := [key for key in want if key not in got]:
            return Problem(
                "shape", f"{subject} has no key {missing[0]!r}.", f"It has {', '.join(map(repr, got)) or 'none'}."
            )
        if extra := [key for key in got if key not in want]:
            return Problem("shape", f"{subject} has a key that does not belong there: {extra[0]!r}.")
        return _first(_compare(got[key], want[key], expected, name, f"{where}[{key!r}]") for key in want)
    if isinstance(got, Tensor) and got.numel() == 1 and isinstance(want, (bool, int, float)):
        got = got.item()
    if is_number(want):
        if not is_number(got):
            return _wrong_type(got, want, subject)
        return _compare_numbers(got, want, expected, subject)
    if type(got) is not type(want):
        return None if got == want and want is None else _wrong_type(got, want, subject)
    if got == want:
        return None
    says = f"{subject} is not the expected answer."
    if isinstance(want, str) and got.strip().casefold() == want.strip().casefold():
        says = f"{subject} differs from the expected text in capitals or spaces only."
    return Problem("values", says, _got_expected(got, want))


def _first(problems: Iterator[Problem | None]) -> Problem | None:
    return next((problem for problem in problems if problem), None)


def _wrong_type(got: Data, want: Data, subject: str) -> Problem:
    wanted = _kind(want)
    if got is None and subject.startswith("["):
        return Problem("type", f"{subject} is `None` where {wanted} is expected.")
    if got is None:
        return Problem(
            "type",
            f"{subject} returns nothing (`None`) where {wanted} is expected: does every path through it end in `return`?",
        )
    if isinstance(got, Opaque) and re.search(r"function|method|type$", got.kind):
        return Problem(
            "type",
            f"{subject} gives a function or class where {wanted} is expected: are the parentheses of a call missing?",
        )
    if isinstance(got, Opaque) and got.kind.startswith("numpy"):
        return Problem(
            "type", f"{subject} gives a NumPy array where {wanted} is expected: stay with torch from start to end."
        )
    if isinstance(want, Tensor) and is_number(got):
        return Problem(
            "type",
            f"{subject} gives a Python number where {wanted} is expected: leave out `.item()` or `float()`, which cut the gradient.",
        )
    if isinstance(want, Tensor) and isinstance(got, tuple):
        return Problem(
            "type",
            f"{subject} gives a tuple of {len(got)} where {wanted} is expected: return the one item that is asked for. "
            "Functions such as `max(dim=...)` give values and indices.",
        )
    if isinstance(want, Tensor) and isinstance(got, list):
        return Problem(
            "type",
            f"{subject} gives a {_kind(got, '')} where {wanted} is expected: `torch.stack` or `torch.tensor` makes one of it.",
        )
    if is_number(want) and isinstance(got, Tensor):
        return Problem(
            "shape",
            f"{subject} gives a tensor of shape {tuple(got.shape)} where one number is expected.",
            _got_expected(got, want),
        )
    return Problem("type", f"{subject} gives {_kind(got)} where {wanted} is expected.", _got_expected(got, want))


def _kind(value: Data, article: str = "a ") -> str:
    if isinstance(value, Opaque):
        return article + value.kind
    names = {Tensor: "tensor", str: "string", float: "number", int: "number", type(None): "None"}
    if isinstance(value, bool):
        return article + "truth value (True or False)"
    return article + names.get(type(value), type(value).__name__)


def _got_expected(got: Data, want: Data) -> str:
    one, other = show_apart(got, want)
    return f"Got {one}; expected {other}." if one and other else ""


def _compare_tensors(got: Data, want: Tensor, expected: Expected, subject: str) -> Problem | None:
    if want.dim() == 0 and is_number(got) and expected.gradients is None:
        got = torch.tensor(got, dtype=torch.float64 if want.is_floating_point() else None)
    if not isinstance(got, Tensor):
        return _wrong_type(got, want, subject)
    if got.shape != want.shape:
        says = f"{subject} gives shape {tuple(got.shape)}, expected {tuple(want.shape)}."
        return Problem("shape", f"{says} {explain_shape(got, want, expected)}".strip(), _got_expected(got, want))
    if _dtype_kind(got) != _dtype_kind(want):
        advice = "Convert with `.float()`." if want.is_floating_point() else ""
        says = f"{subject} gives {_dtype_kind(got)} (dtype {str(got.dtype)[6:]}), expected {_dtype_kind(want)} ({str(want.dtype)[6:]})."
        return Problem("dtype", f"{says} {advice}".strip(), _got_expected(got, want))
    if want.numel() == 0:
        return None
    if not want.is_floating_point():
        wrong = got != want
        return (
            Problem("values", f"{subject}: {count_wrong(wrong, expected)}", _got_expected(got, want))
            if wrong.any()
            else None
        )
    got, want = got.double(), want.double()
    if torch.equal(got, want):
        return None
    if problem := _look_at_finite(got, want, expected, subject):
        return problem
    wrong = ~torch.isclose(got, want, rtol=1e-4, atol=expected.within, equal_nan=True)
    if not wrong.any():
        return None
    return Problem("values", functools.partial(_explain_tensors, got, want, wrong, expected, subject))


def _explain_tensors(got: Tensor, want: Tensor, wrong: Tensor, expected: Expected, subject: str) -> Words:
    reason = explain_values(got, want, expected) or count_wrong(wrong, expected)
    detail = _got_expected(got.float(), want.float()) or first_wrong(got, want, wrong, expected)
    return f"{subject}: {reason}", detail


def _dtype_kind(tensor: Tensor) -> str:
    if tensor.dtype == torch.bool:
        return "truth values"
    if tensor.is_complex():
        return "complex numbers"
    return "floating-point numbers" if tensor.is_floating_point() else "integers"


def _look_at_finite(got: Tensor, want: Tensor, expected: Expected, subject: str) -> Problem | None:
    bad = ~got.isfinite() & want.isfinite()
    if not bad.any():
        return None
    kind = " or ".join(name for name, found in (("nan", got.isnan()), ("inf", got.isinf())) if (found & bad).any())
    why = "an overflow on the way, such as the exponential of a large number, or log(0), or 0/0"
    return Problem(
        "finite",
        f"{subject} gives {kind} for {int(bad.sum())} of {bad.numel()} values: {why}.",
        first_wrong(got, want, bad, expected),
    )


def _compare_numbers(got: float, want: float, expected: Expected, subject: str) -> Problem | None:
    if math.isclose(got, want, rel_tol=1e-4, abs_tol=expected.within) or (math.isnan(got) and math.isnan(want)):
        return None
    detail = _got_expected(got, want)
    if not math.isfinite(got):
        return Problem("finite", f"{subject} is {got}: an overflow, log(0) or 0/0 on the way?", detail)
    one, other = torch.tensor([got], dtype=torch.float64), torch.tensor([want], dtype=torch.float64)
    reason = (
        "the sign is the wrong way round."
        if want and math.isclose(got, -want, rel_tol=1e-4)
        else explain_factor(one, other, expected)
    )
    return Problem("values", f"{subject}: {reason or 'the value is not the expected one.'}", detail)

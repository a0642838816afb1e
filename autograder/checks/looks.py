"""Compare what came with what was expected, and say in plain words how they differ.

The looks have a fixed order: attempted, callable, does not raise, type, shape, dtype, finite, values,
gradient, input left unchanged. The first that fails is the one that is reported. Acceptance rests on the
result alone; the reasons are looked for after a failure only.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from autograder.checks.data import Data, Opaque, is_number, show, show_apart
from autograder.checks.student import Reply

Words = tuple[str, str]
"""One sentence, and a detail that shows values."""


@dataclass(frozen=True)
class Problem:
    """The first look that failed: its name, and its words, or what finds them when they are asked for."""

    look: str
    sentence: str | Callable[[], Words]
    evidence: str = ""

    @functools.cached_property
    def _words(self) -> Words:
        return (self.sentence, self.evidence) if isinstance(self.sentence, str) else self.sentence()

    @property
    def says(self) -> str:
        return self._words[0]

    @property
    def detail(self) -> str:
        return self._words[1]


@dataclass(frozen=True)
class Expected:
    """What an evaluation must give. `within` is the absolute tolerance; relative is 1e-4 besides."""

    value: Data
    gradients: dict[str, Tensor] | None = None
    within: float = 1e-6
    may_change: frozenset[str] = frozenset()
    given: dict[str, Data] = field(default_factory=dict)
    hidden: bool = False


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
        return Problem("raises", _explain_exception(reply, expected.hidden))
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
        if name not in expected.may_change:
            return Problem(
                "input",
                f"`{reply.name}` changes its input `{name}`: the caller still needs it. "
                "Make a new tensor instead; operations whose name ends in `_` and `x[...] = ...` change in place.",
            )
    return None


# --- exceptions in plain words -------------------------------------------------------------------

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


def _explain_exception(reply: Reply, hidden: bool) -> str:
    """Of a hidden evaluation the exception's own text is left out: it may quote the input."""
    if reply.error == "SystemExit":
        return f"`{reply.name}` stops the program (`exit` or `quit`): leave a function with `return` instead."
    text = "" if hidden else reply.detail.rstrip(".: ")
    advice = next((says for pattern, says in _ADVICE if re.search(pattern, reply.detail)), "")
    if reply.error == "RecursionError":
        advice = "It calls itself and never stops."
    raised = f"`{reply.name}` stops with {reply.error}{': ' + text if text else ''}."
    return f"{raised} {advice}".strip()


# --- one value against another ------------------------------------------------------------------


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
        return Problem("shape", f"{says} {_explain_shape(got, want, expected)}".strip(), _got_expected(got, want))
    if _dtype_kind(got) != _dtype_kind(want):
        advice = "Convert with `.float()`." if want.is_floating_point() else ""
        says = f"{subject} gives {_dtype_kind(got)} (dtype {str(got.dtype)[6:]}), expected {_dtype_kind(want)} ({str(want.dtype)[6:]})."
        return Problem("dtype", f"{says} {advice}".strip(), _got_expected(got, want))
    if want.numel() == 0:
        return None
    if not want.is_floating_point():
        wrong = got != want
        return (
            Problem("values", f"{subject}: {_count_wrong(wrong, expected)}", _got_expected(got, want))
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
    reason = _explain_values(got, want, expected) or _count_wrong(wrong, expected)
    detail = _got_expected(got.float(), want.float()) or _first_wrong(got, want, wrong, expected)
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
        _first_wrong(got, want, bad, expected),
    )


def _explain_shape(got: Tensor, want: Tensor, expected: Expected) -> str:
    g, w = tuple(got.shape), tuple(want.shape)
    if len(g) >= 2 and g == tuple(reversed(w)):
        return "It is transposed."
    if tuple(size for size in g if size != 1) == tuple(size for size in w if size != 1):
        if len(g) > len(w):
            return "There is a dimension of size 1 too many: `squeeze` it, or leave out `keepdim=True`."
        if len(g) < len(w):
            return "A dimension of size 1 is missing: `unsqueeze`, or `keepdim=True` in a reduction."
        return "A dimension of size 1 is in the wrong place."
    if g == ():
        return "Everything was reduced to one number: give the reduction its `dim`."
    if w == ():
        return "One number is expected: reduce over all dimensions, with a mean or a sum as the text says."
    if w in [g[:1], (*g[:1], 1)] and len(set(g)) == 1 and len(g) == 2:
        return "Two tensors of shapes (N,) and (N, 1) were broadcast to (N, N): give them the same shape first."
    if len(g) == 1 and g[0] == math.prod(w):
        return "It was flattened."
    for name, value in expected.given.items():
        shape = tuple(value.shape) if isinstance(value, Tensor) else ()
        if _removed_one(shape, g) and _removed_one(shape, w):
            return f"Dimension {_removed_one(shape, g) - 1} of `{name}` was reduced where dimension {_removed_one(shape, w) - 1} is meant."
    if len(g) == len(w) - 1 and _removed_one(w, g):
        return f"Dimension {_removed_one(w, g) - 1} was reduced away."
    if len(g) == len(w) + 1 and _removed_one(g, w):
        return f"Dimension {_removed_one(g, w) - 1} is still to be reduced."
    return ""


def _removed_one(longer: tuple[int, ...], shorter: tuple[int, ...]) -> int:
    """The place, from 1, of the one size that `longer` has and `shorter` lacks; 0 if there is none."""
    return next((i + 1 for i in range(len(longer)) if longer[:i] + longer[i + 1 :] == shorter), 0)


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-6)


def _explain_values(got: Tensor, want: Tensor, expected: Expected) -> str:
    """A sentence on how `got` relates to `want`, where there is a simple relation; else ""."""
    if not (got.isfinite().all() and want.isfinite().all()):
        return ""
    for name, value in expected.given.items():
        if isinstance(value, Tensor) and value.shape == got.shape and _close(got, value.double()):
            return f"the input `{name}` comes back unchanged."
    if _close(got, torch.zeros_like(got)):
        return "every value is 0."
    if _close(got, -want):
        return f"the sign is the wrong way round{' everywhere' if got.numel() > 1 else ''}."
    if got.dim() == 2 and got.shape[0] == got.shape[1] and _close(got, want.T):
        return "the result is transposed."
    if got.dim() >= 1 and got.numel() > 1 and _close(got, want.flip(-1)):
        return "the order is reversed."
    return _explain_factor(got, want, expected) or _explain_function(got, want) or _explain_sums(got, want)


def _explain_sums(got: Tensor, want: Tensor) -> str:
    if got.dim() != 2 or min(got.shape) < 2 or not _sums_to_one(want, 1) or _sums_to_one(got, 1):
        return ""
    if _sums_to_one(got, 0):
        return "each column sums to 1; each row should: a row is one example."
    return "the rows do not sum to 1."


def _sums_to_one(value: Tensor, dim: int) -> bool:
    return _close(value.sum(dim), torch.ones(value.shape[1 - dim], dtype=value.dtype))


_FACTORS = {
    math.log(2): "a logarithm to base 2 in place of the natural one, or the reverse",
    math.log(10): "a logarithm to base 10 in place of the natural one, or the reverse",
    100: "a percentage in place of a fraction, or the reverse",
}


def _explain_factor(got: Tensor, want: Tensor, expected: Expected) -> str:
    largest = want.abs().argmax()
    pivot = want.flatten()[largest]
    factor = float(got.flatten()[largest] / pivot) if pivot else 0.0
    if factor and _close(got, want * factor):
        why = _explain_one_factor(factor, expected)
        if want.numel() > 1 or why or factor in (2.0, 0.5):
            return f"{'every value' if want.numel() > 1 else 'the value'} is {factor:.4g} times what is expected{why or '.'}"
    shift = float((got - want).flatten()[0])
    if (
        want.numel() > 1
        and abs(shift) > 1e-4
        and torch.allclose(got - want, torch.full_like(want, shift), rtol=1e-4, atol=1e-5)
    ):
        return f"every value is {abs(shift):.4g} too {'large' if shift > 0 else 'small'}."
    return ""


def _explain_one_factor(factor: float, expected: Expected) -> str:
    """The end of the sentence: a size of the data or a known constant that is the factor, else ""."""
    sizes = {size for value in expected.given.values() if isinstance(value, Tensor) for size in value.shape if size > 1}
    for size in sorted(sizes):
        if math.isclose(factor, size, rel_tol=1e-4):
            return f", and {size} is a size of the input: a sum where a mean is meant?"
        if math.isclose(factor, 1 / size, rel_tol=1e-4):
            return f", and {size} is a size of the input: a mean where a sum is meant, or a division too many?"
    for known, says in _FACTORS.items():
        if math.isclose(factor, known, rel_tol=1e-4) or math.isclose(factor, 1 / known, rel_tol=1e-4):
            return f": {says}."
    return ""


def _explain_function(got: Tensor, want: Tensor) -> str:
    if not want.any():  # exp(0) = 1 says nothing of where a 1 comes from
        return ""
    relations = [
        (want.exp(), "it is the exponential of what is expected: a logarithm is missing."),
        (want.log(), "it is the logarithm of what is expected: leave the log out, or exponentiate."),
        (1 - want, "it is 1 minus what is expected."),
        (1 / want, "it is 1 divided by what is expected."),
        (want.square(), "it is the square of what is expected."),
        (want.sqrt(), "it is the square root of what is expected."),
        (want.abs(), "the sign is lost: it is the absolute value of what is expected."),
        (want.round(), "it is rounded: keep all digits."),
        (want.trunc(), "the decimals are cut off: keep all digits."),
    ]
    return next((says for value, says in relations if value.isfinite().all() and _close(got, value)), "")


def _count_wrong(wrong: Tensor, expected: Expected) -> str:
    count, total = int(wrong.sum()), wrong.numel()
    if total == 1:
        return "the value is not the expected one."
    if count == total:
        return "the values are not the expected ones."
    verdict = "is not the expected one" if count == 1 else "are not the expected ones"
    return f"{count} of {total} values {verdict}{_where_wrong(wrong, expected)}."


def _where_wrong(wrong: Tensor, expected: Expected) -> str:
    """Which inputs the wrong values belong to, where one plain condition tells them from the right ones."""
    for name, value in expected.given.items():
        if not isinstance(value, Tensor) or value.shape != wrong.shape or value.dtype == torch.bool:
            continue
        conditions = {f"{name} is negative": value < 0, f"{name} is positive": value > 0, f"{name} is 0": value == 0, f"{name} is not 0": value != 0, f"{name} is at least 0": value >= 0, f"{name} is at most 0": value <= 0}  # fmt: skip
        for text, holds in conditions.items():
            if torch.equal(holds, wrong):
                return f": {'the one' if wrong.sum() == 1 else 'all those'} where {text}"
    if wrong.dim() == 2 and wrong.shape[0] > 1:
        rows = wrong.any(1)
        if int(rows.sum()) == 1 and wrong.sum() > 1:
            return f", all in row {int(rows.nonzero()[0])}"
    return ""


def _first_wrong(got: Tensor, want: Tensor, wrong: Tensor, expected: Expected) -> str:
    place = tuple(int(i) for i in wrong.nonzero()[0])
    inputs = [
        f"{name} is {show(value[place].item())}"
        for name, value in expected.given.items()
        if isinstance(value, Tensor) and value.shape == wrong.shape
    ]
    where = f"At {list(place)}" if place else "There"
    context = f", where {inputs[0]}," if inputs else ""
    one, other = show_apart(got[place].item(), want[place].item())
    return f"{where}{context} got {one}; expected {other}."


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
        else _explain_factor(one, other, expected)
    )
    return Problem("values", f"{subject}: {reason or 'the value is not the expected one.'}", detail)

"""Compare what came with what was expected, and say in plain words how they differ.

The looks have a fixed order: attempted, callable, does not raise, type, shape, dtype, finite, values,
gradient, input left unchanged. The first that fails is the one that is reported. The result alone
decides whether an answer is accepted; reasons are looked for only after a failure.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograder.checks.cases import Place
from autograder.checks.data import Data, Opaque, is_number, show_apart
from autograder.checks.exceptions import explain_exception
from autograder.checks.guesses import finish, relate
from autograder.checks.items import explain_length, explain_order
from autograder.checks.places import name_place
from autograder.checks.problems import Answer, Expected, Problem, Words
from autograder.checks.reasons import count_wrong, explain_shape, first_wrong
from autograder.checks.spelling import explain_key, explain_text
from autograder.checks.student import Reply


def find_problem(reply: Reply, expected: Expected) -> Problem | None:
    """The first look at `reply` that fails, or `None` when all hold; an answer with a value is kept in `expected.answers`."""
    name = reply.name
    if reply.outcome == "missing":
        return Problem("attempted", f"There is no `{name}` yet: run the cell that defines it, then this one.")
    if reply.outcome == "not attempted":
        stub = ": it still has a `raise NotImplementedError()` in it" if reply.detail else ""
        return Problem("attempted", f"`{name}` is not written yet{stub}.")
    if reply.outcome == "not callable":
        return Problem(
            "callable", f"`{name}` is of type {reply.detail}, not a function: something else was assigned to its name."
        )
    if reply.outcome == "raised":
        return Problem("raises", explain_exception(reply, expected.hidden, expected.expression))
    problem = _Comparison(reply, expected).compare(reply.value, expected.value, Place())
    if problem and problem.look == "type" and reply.value is None and reply.printed.strip():
        problem = Problem("type", f"`{name}` prints its result and returns nothing: end it with `return`.")
    problem = problem or _look_at_gradients(reply, expected) or _look_at_arguments(reply, expected)
    expected.answers.append(Answer(reply, expected, problem))
    return problem


def _look_at_gradients(reply: Reply, expected: Expected) -> Problem | None:
    if expected.gradients is None:
        return None
    if reply.gradients is None:
        return Problem(
            "gradient",
            f"The values are right, but no gradient flows back through `{reply.name}`: "
            "use tensors all the way, without `.item()`, `.detach()`, `.numpy()` or `no_grad`.",
        )
    for name, wanted in expected.gradients.items():
        found = _Comparison(reply, expected).compare_tensors(reply.gradients.get(name), wanted, Place(gradient=name))
        if found:
            return Problem("gradient", functools.partial(_explain_gradient, found, reply.name, name))
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


class _Comparison:
    """Compares a reply with what was expected, place by place."""

    def __init__(self, reply: Reply, expected: Expected) -> None:
        self.reply, self.expected = reply, expected

    def _subject(self, place: Place) -> str:
        return "it" if place.gradient is not None else name_place(self.reply.name, place, self.expected)

    def compare(self, got: Data, want: Data, place: Place) -> Problem | None:
        if isinstance(want, Tensor):
            return self.compare_tensors(got, want, place)
        if isinstance(want, (list, tuple)):
            return self._compare_items(got, want, place)
        if isinstance(want, dict):
            return self._compare_entries(got, want, place)
        if isinstance(got, Tensor) and got.numel() == 1 and isinstance(want, (bool, int, float)):
            got = got.item()
        if is_number(want):
            return self._compare_numbers(got, want, place) if is_number(got) else self._wrong_type(got, want, place)
        if type(got) is not type(want):
            return None if got == want and want is None else self._wrong_type(got, want, place)
        if got == want:
            return None
        return self._wrong_values(got, want, place, lambda: explain_text(got, want, self.expected))

    def _compare_items(self, got: Data, want: Data, place: Place) -> Problem | None:
        if not isinstance(got, (list, tuple)):
            return self._wrong_type(got, want, place)
        if len(got) != len(want):
            says = f"{self._subject(place)} has {len(got)} items where {len(want)} are expected."
            why = explain_length(got, want, self.expected.within)
            return Problem("shape", f"{says} {why}".strip(), _got_expected(got, want))
        pairs = enumerate(zip(got, want, strict=True))
        return _first(self.compare(one, other, place / index) for index, (one, other) in pairs)

    def _compare_entries(self, got: Data, want: Data, place: Place) -> Problem | None:
        if not isinstance(got, dict):
            return self._wrong_type(got, want, place)
        subject = self._subject(place)
        extra = [key for key in got if key not in want]
        if missing := [key for key in want if key not in got]:
            why = explain_key(missing[0], extra)
            has = f"It has {', '.join(map(repr, got)) or 'none'}."
            return Problem("shape", f"{subject} has no key {missing[0]!r}{why}.", has)
        if extra:
            return Problem("shape", f"{subject} has a key that does not belong there: {extra[0]!r}.")
        return _first(self.compare(got[key], want[key], place / key) for key in want)

    def _wrong_type(self, got: Data, want: Data, place: Place) -> Problem:
        return _wrong_type(got, want, self._subject(place), bool(place.path))

    def _wrong_values(
        self, got: Data, want: Data, place: Place, otherwise: Callable[[], str], detail: Callable[[], str] | None = None
    ) -> Problem:
        """A wrong value, with a relation to the expected one: of the whole result before that of the item."""

        def explain() -> Words:
            shown = detail() if detail else _got_expected(got, want)
            if place.path and place.gradient is None:
                if whole := relate(self.reply.value, self.expected.value, self.expected, Place()):
                    return f"`{self.reply.name}`: {finish(whole)}", shown
                if order := explain_order(self.reply.value, self.expected.value, self.expected.within):
                    return f"`{self.reply.name}`: {order}", shown
            subject = self._subject(place)
            reason = relate(got, want, self.expected, place)
            says = f"{subject}: {finish(reason)}" if reason else f"{subject}{otherwise()}"
            return says, shown

        return Problem("values", explain)

    def compare_tensors(self, got: Data, want: Tensor, place: Place) -> Problem | None:
        expected = self.expected
        if want.dim() == 0 and is_number(got) and expected.gradients is None:
            got = torch.tensor(got, dtype=torch.float64 if want.is_floating_point() else None)
        if not isinstance(got, Tensor):
            return self._wrong_type(got, want, place)
        if got.shape != want.shape:
            return self._wrong_shape(got, want, place)
        if _dtype_kind(got) != _dtype_kind(want):
            advice = "Convert with `.float()`." if want.is_floating_point() else ""
            says = f"{self._subject(place)} gives {_dtype_kind(got)} (dtype {str(got.dtype)[6:]}), expected {_dtype_kind(want)} ({str(want.dtype)[6:]})."
            return Problem("dtype", f"{says} {advice}".strip(), _got_expected(got, want))
        if want.numel() == 0:
            return None
        if not want.is_floating_point():
            wrong = got != want
            why = functools.partial(count_wrong, wrong, expected)
            return self._wrong_values(got, want, place, lambda: f": {why()}") if wrong.any() else None
        got, want = got.double(), want.double()
        if torch.equal(got, want):
            return None
        if problem := _look_at_finite(got, want, expected, self._subject(place)):
            return problem
        wrong = ~torch.isclose(got, want, rtol=1e-4, atol=expected.within, equal_nan=True)
        if not wrong.any():
            return None
        return self._wrong_values(
            got,
            want,
            place,
            lambda: f": {count_wrong(wrong, expected)}",
            lambda: _got_expected(got.float(), want.float()) or first_wrong(got, want, wrong, expected),
        )

    def _wrong_shape(self, got: Tensor, want: Tensor, place: Place) -> Problem:
        def explain() -> Words:
            says = f"{self._subject(place)} gives shape {tuple(got.shape)}, expected {tuple(want.shape)}."
            why = explain_shape(got, want, self.expected)
            if not why and place == Place() and (reason := relate(got, want, self.expected, place)):
                why = finish(reason[0].upper() + reason[1:])
            return f"{says} {why}".strip(), _got_expected(got, want)

        return Problem("shape", explain)

    def _compare_numbers(self, got: float, want: float, place: Place) -> Problem | None:
        if math.isclose(got, want, rel_tol=1e-4, abs_tol=self.expected.within) or (
            math.isnan(got) and math.isnan(want)
        ):
            return None
        if not math.isfinite(got):
            says = f"{self._subject(place)} is {got}: an overflow, log(0) or 0/0 on the way?"
            return Problem("finite", says, _got_expected(got, want))
        return self._wrong_values(got, want, place, lambda: ": the value is not the expected one.")


def _first(problems: Iterator[Problem | None]) -> Problem | None:
    return next((problem for problem in problems if problem), None)


def _wrong_type(got: Data, want: Data, subject: str, nested: bool) -> Problem:
    wanted = _kind(want)
    if got is None and nested:
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
            "type", f"{subject} gives a NumPy array where {wanted} is expected: use torch from start to finish."
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

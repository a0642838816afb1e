"""How a check works inside: plain data, the looks, fingerprints, seals, inputs, and what a check leaves alone."""

import json
import math
import random
import sys
import warnings

import numpy
import pytest
import torch

from autograder.checks import Check, Score, sealed, vary
from autograder.checks.check import recording
from autograder.checks.data import MAX_ITEMS, Opaque, same, show, show_apart, to_data
from autograder.checks.mistakes import (
    Fingerprint,
    KnownMistakes,
    fingerprint,
    name_evaluation,
    same_mistakes,
    tell_mistakes,
    write_mistakes,
)
from autograder.checks.seals import find_near_edge, seal
from autograder.checks.student import PRINTED_LIMIT, Names, Reply, connect
from autograder.formats import RESULT

Z = torch.tensor([-1.5, 0.0, 2.0])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The notebook's folder, without a list of known mistakes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_check(names, exercise="exercise", points=1, **more):
    """A check of a student whose names are `names`."""
    with connect(Names(names)):
        return Check(exercise, points, **more)


def holds(value, gives, **more):
    """Whether `value` is accepted where `gives` is expected."""
    check = make_check({"answer": lambda: value})
    check("answer()", gives=gives, **more)
    return check.score == 1


def evaluate(code, expression, data=None, upstream=None):
    names = {"torch": torch, "numpy": numpy}
    exec(code, names)
    return Names(names).evaluate(expression, data or {}, upstream)


# --- plain data ----------------------------------------------------------------------------------


class Celsius(float):
    pass


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("text", "text"),
        (2 + 1j, 2 + 1j),
        ((1, [2, {"a": 3}]), (1, [2, {"a": 3}])),
        (torch.Size([2, 3]), (2, 3)),
        (torch.float32, "torch.float32"),
        (numpy.float64(0.5), 0.5),
        (numpy.array(7), 7),
        (Celsius(21.5), 21.5),
        ({1: "one", (2, 3): "a tuple as key"}, {1: "one", "(2, 3)": "a tuple as key"}),
        (2**63, 2.0**63),
        (-(10**400), -math.inf),
        (numpy.zeros(2), Opaque("numpy.ndarray")),
        (print, Opaque("builtin_function_or_method")),
        ({1, 2}, Opaque("set")),
        (torch.nn.ReLU(), Opaque("torch.nn.modules.activation.ReLU")),
        (torch.zeros(2).to_sparse(), Opaque("Tensor that is not dense")),
        (torch.zeros(2, device="meta"), Opaque("Tensor that is not dense")),
        ([0] * (MAX_ITEMS + 1), Opaque("list")),
    ],
)
def test_plain_data_of(value, data):
    result = to_data(value)
    assert result == data
    assert type(result) is type(data)


def test_data_shares_nothing_with_its_origin():
    origin = {"weights": [torch.ones(2, requires_grad=True)]}
    copied = to_data(origin)
    copied["weights"][0].zero_()
    copied["weights"].append("more")
    assert origin["weights"][0].tolist() == [1, 1]
    assert len(origin["weights"]) == 1
    assert not copied["weights"][0].requires_grad


def test_a_subclass_of_tensor_becomes_a_plain_tensor():
    assert type(to_data(torch.nn.Parameter(torch.ones(2)))) is torch.Tensor


def test_a_list_that_holds_itself_ends():
    endless = []
    endless.append(endless)
    innermost = to_data(endless)
    while isinstance(innermost, list):
        [innermost] = innermost
    assert innermost == Opaque("deeply nested list")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.nan]), True),
        (torch.tensor([1.0]), torch.tensor([1.0 + 1e-7]), False),
        (torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), False),
        (torch.tensor([1.0]), torch.tensor([[1.0]]), False),
        (torch.tensor([True]), torch.tensor([True]), True),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j]), True),
        (1, 1.0, False),
        (1, True, False),
        (math.nan, math.nan, True),
        ([1, (2, 3)], [1, (2, 3)], True),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (Opaque("set"), Opaque("set"), True),
    ],
)
def test_same_is_equal_to_the_last_bit(one, other, equal):
    assert same(one, other) is equal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([[1.0, -0.5]]), "tensor([[1.0, -0.5000]])"),
        (torch.tensor([1, 2]), "tensor([1, 2])"),
        (torch.tensor([True, False]), "tensor([True, False])"),
        (torch.tensor(0.25), "tensor(0.2500)"),
        (torch.tensor([1.0], dtype=torch.float64), "tensor([1.0], dtype=torch.float64)"),
        (torch.tensor([-0.0, math.nan, math.inf]), "tensor([0.0, nan, inf])"),
        (torch.tensor([1e-9, 1.5e8]), "tensor([1.000e-09, 1.500e+08])"),
        (torch.zeros(0, 3), "tensor([], dtype=torch.float32)"),
        (torch.zeros(13), ""),
        ([1, "two", 3.0], "[1, 'two', 3.0]"),
        ((1,), "(1,)"),
        ({"W": torch.tensor([1.0])}, "{'W': tensor([1.0])}"),
        ([torch.zeros(13)], ""),
        ("long" * 60, ""),
        (Opaque("set"), "a set"),
    ],
)
def test_values_are_shown_as(value, text):
    assert show(value) == text


# --- what is accepted ----------------------------------------------------------------------------

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]


@pytest.mark.parametrize("got", FLOATS + INTEGERS + [torch.bool, torch.complex64])
@pytest.mark.parametrize("want", FLOATS + INTEGERS + [torch.bool, torch.complex64])
def test_precision_does_not_matter_and_kind_does(got, want):
    def kind(dtype):
        return next((i for i, group in enumerate((FLOATS, INTEGERS)) if dtype in group), dtype)

    values = torch.tensor([[0, 1], [1, 0]])
    assert holds(values.to(got), values.to(want)) is (kind(got) == kind(want))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (1,), (5,), (0, 3), (3, 4), (2, 1, 3)])
def test_every_value_equals_itself_and_not_itself_shifted(dtype, shape):
    [value] = vary(shape, seed=1, dtype=dtype)
    assert holds(value, value.clone())
    assert holds(value + 1, value.clone()) is (value.numel() == 0)


@pytest.mark.parametrize(
    ("got", "want", "accepted"),
    [
        (1.00009, 1.0, True),
        (1.0002, 1.0, False),
        (5e-7, 0.0, True),
        (2e-6, 0.0, False),
        (3, 3.0, True),
        (3.0, 3, True),
        (torch.tensor([3.0]), 3, True),
        (torch.tensor(True), True, True),
        (True, 1, False),
        (1, True, False),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, 1.0, False),
        (2, torch.tensor(2.0), True),
        (2.0, torch.tensor(2), False),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ({"b": 2, "a": 1}, {"a": 1, "b": 2}, True),
        (None, None, True),
        ("ReLU", "ReLU", True),
        ("relu", "ReLU", False),
        (torch.Size([2, 3]), (2, 3), True),
        (torch.float32, "torch.float32", True),
    ],
)
def test_one_value_for_another(got, want, accepted):
    assert holds(got, want) is accepted


def test_within_widens_the_absolute_tolerance():
    assert not holds(torch.tensor([0.00004]), torch.tensor([0.0]))
    assert holds(torch.tensor([0.00004]), torch.tensor([0.0]), within=5e-5)
    assert holds(0.14, 0.1392, within=5e-3)


def test_an_expected_nan_must_be_there():
    want = torch.tensor([1.0, math.nan])
    assert holds(torch.tensor([1.0, math.nan]), want)
    assert not holds(torch.tensor([1.0, 0.0]), want)


def test_gradients_are_compared_for_an_upstream_that_is_not_uniform():
    check = make_check({"f": lambda z: z.detach() + (z.sum() - z.sum().detach()) / 3})  # the mean gradient everywhere
    check("f(z)", z=Z, gives=lambda z: z.clone(), gradient=True)
    assert check.score == 0
    assert check.evaluations[0].problem.look == "gradient"


def test_gradients_flow_to_all_floating_point_data_and_past_the_rest():
    check = make_check({"pick": lambda z, index: z[index]})
    check("pick(z, index)", z=Z, index=torch.tensor([2, 0]), gives=lambda z, index: z[index], gradient=True)
    assert check.score == 1
    assert list(check.evaluations[0].reply.gradients) == ["z"]


def test_gradients_are_looked_at_where_the_notebook_has_switched_them_off():
    check = make_check({"f": lambda z: z * 2})
    with torch.no_grad():
        expected = Z * 2
        assert not expected.requires_grad
        reply = Names({"f": lambda z: z * 2}).evaluate("f(z)", {"z": Z}, torch.ones(3))
        assert not torch.is_grad_enabled()
    assert reply.gradients["z"].tolist() == [2, 2, 2]
    check("f(z)", z=Z, gives=lambda z: z * 2, gradient=True)
    assert check.score == 1


# --- the student's side --------------------------------------------------------------------------


def test_arguments_are_copies():
    check = make_check({"spoil": lambda z, items: items.append(z.zero_()) or 1})
    items = [1]
    check("spoil(z, items)", z=Z, items=items, gives=1)
    assert check.score == 1
    assert Z.tolist() == [-1.5, 0.0, 2.0]
    assert items == [1]


def test_a_change_of_the_input_costs_the_points_where_the_exercise_is_about_it():
    names = {"shift": lambda z, step: z.add_(step)}
    for unchanged, score in ((False, 1), (True, 0), ("z", 0), ("step", 1), ("z step", 0)):
        check = make_check(names, unchanged=unchanged)
        check("shift(z, step)", z=Z, step=torch.ones(3), gives=Z + 1)
        assert check.score == score


def test_a_change_of_the_input_that_may_be_made_does_not_hide_a_known_mistake():
    taken = []
    for shift in (lambda z: z.add_(2), lambda z: z + 2):
        check = make_check({"shift": shift})
        check("shift(z)", z=Z, gives=Z + 1)
        taken.append(check.evaluations[0].fingerprint)
    assert taken[0] == taken[1]


def test_an_expression_leaves_no_names_behind():
    names = {"double": lambda z: 2 * z}
    reply = Names(names).evaluate("result = double(z)\nresult + 1", {"z": Z}, None)
    assert reply.value.tolist() == [-2, 1, 5]
    assert list(names) == ["double"]


def test_prints_and_warnings_are_swallowed(capfd):
    code = """
import sys, warnings
def noisy():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    warnings.warn("careful")
    return 1
"""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        reply = evaluate(code, "noisy()")
    assert reply.value == 1
    assert reply.printed == "to stdout\n"
    assert seen == []
    assert capfd.readouterr() == ("", "")


def test_only_the_first_of_what_is_printed_is_kept():
    reply = evaluate("def noisy():\n    for _ in range(1000):\n        print('x' * 100)", "noisy()")
    assert len(reply.printed) == PRINTED_LIMIT


def test_random_numbers_are_the_same_at_every_evaluation_and_the_state_is_restored():
    code = "import random\ndef draw():\n    return [random.random(), numpy.random.rand(), torch.rand(1).item()]"
    random.seed(5), numpy.random.seed(5), torch.manual_seed(5)
    expected = [random.random(), numpy.random.rand(), torch.rand(1).item()]
    random.seed(5), numpy.random.seed(5), torch.manual_seed(5)
    first, second = evaluate(code, "draw()"), evaluate(code, "draw()")
    assert first.value == second.value
    assert [random.random(), numpy.random.rand(), torch.rand(1).item()] == expected


def test_the_state_is_restored_after_an_exception_too():
    random.seed(5), torch.manual_seed(5)
    expected = random.random(), torch.rand(1).item()
    random.seed(5), torch.manual_seed(5)
    output, grad = sys.stdout, torch.is_grad_enabled()
    reply = evaluate("def f():\n    torch.set_grad_enabled(False)\n    torch.rand(9)\n    raise KeyError('k')", "f()")
    assert (reply.outcome, reply.error, reply.detail) == ("raised", "KeyError", "'k'")
    assert (random.random(), torch.rand(1).item()) == expected
    assert sys.stdout is output
    assert torch.is_grad_enabled() is grad


@pytest.mark.parametrize(
    ("code", "expression", "outcome", "name"),
    [
        ("", "f(1)", "missing", "f"),
        ("f = None", "f(1)", "not attempted", "f"),
        ("f = ...", "f", "not attempted", "f"),
        ("def f(x): raise NotImplementedError()", "f(1)", "not attempted", "f"),
        ("def f(x): raise NotImplementedError('no')", "f(1)", "raised", "f"),
        ("f = 3", "f(1)", "not callable", "f"),
        ("f = 3", "f + 1", "value", "f"),
        ("f = abs", "sum([f(x) for x in (1, -2)])", "value", "f"),
        ("f = abs", "(lambda y: f(y))(2)", "value", "f"),
        ("class Model: width = 3", "model = Model()\nmodel.width", "value", "Model"),
        ("f = abs", "import math\nf(math.pi)", "value", "f"),
        ("", "1 + 1", "value", "your answer"),
    ],
)
def test_outcome(code, expression, outcome, name):
    reply = evaluate(code, expression)
    assert (reply.outcome, reply.name) == (outcome, name)


def test_an_expression_of_the_author_must_end_in_a_value():
    with pytest.raises(ValueError, match="the last line of a check's expression must be a value"):
        evaluate("f = abs", "y = f(1)")


def test_a_check_in_a_notebook_asks_the_names_beside_it():
    names = {}
    exec("from autograder import Check\ntwice = lambda z: 2 * z\ncheck = Check('twice', points=1)", names)
    names["check"]("twice(z)", z=Z, gives=2 * Z)
    assert names["check"].score == 1


# --- a check's points ----------------------------------------------------------------------------


def test_all_evaluations_must_hold_for_the_points():
    check = make_check({"f": abs}, points=3)
    check("f(x)", x=2, gives=2)
    assert check.score == 3
    check("f(x)", x=-2, gives=-2)
    assert check.score == 0


def test_partial_credit_by_part():
    check = make_check({"f": abs}, points=None, parts={"positive": 2, "negative": 1.5, "zero": 0.1})
    check("f(x)", x=2, gives=2, part="positive")
    check("f(x)", x=-2, gives=-2, part="negative")
    check("f(x)", x=0, gives=0, part="zero")
    assert (check.score, check.points) == (2.1, 3.6)


def test_a_part_without_evaluations_earns_nothing():
    check = make_check({"f": abs}, points=None, parts={"one": 1, "other": 1})
    check("f(x)", x=2, gives=2, part="one")
    assert check.score == 1


def test_a_check_without_evaluations_earns_nothing():
    assert make_check({}).score == 0


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Check("e"), 'Check("e") needs either points=... or parts={"name": points, ...}'),
        (lambda: Check("e", 1, parts={"a": 1}), 'Check("e") needs either points=... or parts={"name": points, ...}'),
        (lambda: Check("e", 1)("1", gives=1, part="b"), "Check(\"e\") has no part 'b'; it has ''"),
        (lambda: Check("e", parts={"a": 1})("1", gives=1), "Check(\"e\") has no part ''; it has 'a'"),
        (
            lambda: Check("e", 1)("1", gives=1, gradient=True),
            "gradient=True needs `gives` as a function of the data, to differentiate it",
        ),
        (
            lambda: Check("e", 1)("gradient.sum()", gives=1, gradient=torch.ones(1)),
            "`gradient` is a setting of the check: use a different name for the data",
        ),
    ],
)
def test_an_author_who_misuses_a_check_is_told(build, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the words are compared below)
        build()
    assert str(caught.value) == words


# --- what goes into the notebook ------------------------------------------------------------------


@pytest.mark.parametrize(("points", "text"), [(3, "3"), (2.5, "2.5"), (0, "0"), (1 / 3, "0.333333")])
def test_a_score_is_shown_as_a_plain_number(points, text):
    assert repr(Score(points)) == text
    assert float(repr(Score(points))) == pytest.approx(points, abs=1e-6)


def test_report_prints_the_message_and_returns_the_score_with_the_result(capsys):
    check = make_check({"f": lambda z: z.abs()}, exercise="relu", points=None, parts={"values": 2, "zero": 1})
    check("f(z)", z=Z, gives=torch.relu(Z), part="values")
    check("f(z)", z=torch.zeros(2), gives=torch.zeros(2), part="zero")
    score = check.report()
    assert capsys.readouterr().out == check.message() + "\n"
    assert score == 1
    assert score._repr_mimebundle_() == {
        "text/plain": "1",
        RESULT: {
            "exercise": "relu",
            "score": 1.0,
            "points": 3,
            "attempted": True,
            "mistakes": [
                {
                    "part": "values",
                    "look": "values",
                    "says": "`f`: 1 of 3 values is not the expected one: the one where z is negative.",
                    "known": False,
                    "tried": "f(z)",
                    "given": [
                        {"name": "z", "shape": [3], "dtype": "float32", "rows": [["-1.5000", "0.0", "2.0"]]},
                    ],
                    "got": {"shape": [3], "dtype": "float32", "rows": [["1.5000", "0.0", "2.0"]]},
                    "expected": {"shape": [3], "dtype": "float32", "rows": [["0.0", "0.0", "2.0"]]},
                }
            ],
            "parts": [{"name": "values", "points": 2, "score": 0}, {"name": "zero", "points": 1, "score": 1}],
        },
    }
    json.dumps(score.result)


def test_the_result_of_a_known_mistake_says_so(folder):
    check = make_check({"f": abs}, exercise="sign")
    check("f(x)", x=-2, gives=-2)
    known = write_mistakes({"sign": [("This is 'abs'.", [e.fingerprint for e in check.evaluations])]})
    (folder / "mistakes.json").write_text(known, encoding="utf-8")
    [mistake] = check.result()["mistakes"]
    assert (mistake["says"], mistake["known"]) == ("This is 'abs'.", True)
    assert (mistake["got"], mistake["expected"]) == ({"text": "2"}, {"text": "-2"})


def test_the_result_shows_only_the_kind_of_a_hidden_input():
    check = make_check({"f": abs}, exercise="sign")
    check.hidden()
    check("f(x)", x=-2, gives=-2, on="a negative number")
    [mistake] = check.result()["mistakes"]
    assert mistake == {
        "part": "",
        "look": "values",
        "says": mistake["says"],
        "known": False,
        "hidden": "a negative number",
    }


def test_the_result_of_an_empty_answer_has_no_mistakes():
    check = make_check({"f": None})
    check("f(x)", x=1, gives=1)
    assert check.result() == {
        "exercise": "exercise",
        "score": 0,
        "points": 1,
        "attempted": False,
        "mistakes": [],
        "start": "Write `f` in the cell above and run it, then run this one.",
    }


def test_recording_collects_the_checks_that_report(capsys):
    with recording() as outer:
        first = make_check({})
        first.report()
        with recording() as inner:
            second = make_check({})
            second.report()
    make_check({}).report()
    assert outer == [first, second]
    assert inner == [second]


# --- seals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sealed_answer", "digits", "accepted"),
    [
        ("b", "B ", 3, True),
        ("b", "c", 3, False),
        ((2, 5), [2, 5], 3, True),
        ((2, 5), (5, 2), 3, False),
        (torch.tensor([2.0, 5.0]), [2, 5], 3, True),
        (0.1234, 0.12341, 3, True),
        (0.1234, 0.1264, 3, False),
        (0.1234, 0.1264, 2, False),
        (0.1234, 0.1164, 2, True),
        (3, 3.0, 3, True),
        (-0.0, 0, 3, True),
        (True, True, 3, True),
        (True, 1, 3, False),
        ({"b": 1, "a": "X"}, {"a": "x", "b": 1.0}, 3, True),
    ],
)
def test_a_seal_fits(answer, sealed_answer, digits, accepted):
    assert holds(answer, sealed(seal("answer()", sealed_answer, digits), digits=digits)) is accepted


def test_a_seal_belongs_to_its_expression():
    assert seal("first", "b") != seal("second", "b")


def test_the_seal_of_the_answer_is_there_for_the_build_to_tell():
    check = make_check({"choice": "b"})
    check("choice", gives=sealed("?"))
    assert check.evaluations[0].wanted_seal == seal("choice", "b")


@pytest.mark.parametrize(("answer", "near"), [("multilabel", True), ("multi label!", True), ("multi-class", False)])
def test_a_sealed_answer_that_is_only_written_otherwise_is_nearly_there(answer, near):
    check = make_check({"choice": answer})
    check("choice", gives=sealed(seal("choice", "multi-label")))
    assert ("nearly there" in check.evaluations[0].problem.says) is near


def test_a_sealed_answer_that_is_not_there_has_no_seal():
    check = make_check({"choice": None})
    check("choice", gives=sealed("?"))
    assert check.evaluations[0].wanted_seal is None
    assert not check.attempted


# --- inputs --------------------------------------------------------------------------------------


def test_vary_gives_the_same_numbers_for_the_same_seed():
    first, again, other = (list(vary((2, 3), (4,), seed=seed)) for seed in (1, 1, 2))
    assert [tuple(tensor.shape) for tensor in first] == [(2, 3), (4,)]
    assert all(map(same, first, again))
    assert not any(map(same, first, other))


def test_vary_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    list(vary((100,), seed=1))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_vary_has_the_dtype_and_the_scale_that_are_asked_for(dtype):
    [tensor] = vary((10_000,), seed=1, scale=0.5, dtype=dtype)
    assert tensor.dtype == dtype
    assert tensor.double().std().item() == pytest.approx(0.5, rel=0.05)
    assert tensor.double().mean().item() == pytest.approx(0, abs=0.02)


# --- fingerprints --------------------------------------------------------------------------------


def print_of(value, **more):
    return fingerprint("evaluation", Reply("value", "f", value, **more))


@pytest.mark.parametrize(
    ("one", "other", "same_mistake"),
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([1.00001, 2.0]), True),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.01, 2.0]), False),
        (torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]), False),
        (torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 2.0]]), False),
        (torch.tensor([1.0, 2.0]), torch.tensor([1, 2]), False),
        (torch.tensor([1.0, 2.0]), [1.0, 2.0], False),
        (torch.tensor([1e8, 1.0]), torch.tensor([1.00001e8, 1.0]), True),
        (torch.tensor([math.nan, 1.0]), torch.tensor([math.nan, 1.0]), True),
        (torch.tensor([math.nan, 1.0]), torch.tensor([1.0, math.nan]), False),
        (torch.tensor([math.nan, 1.0]), torch.tensor([math.inf, 1.0]), False),
        (torch.tensor([math.inf]), torch.tensor([-math.inf]), False),
        (torch.zeros(0, 3), torch.zeros(3, 0), False),
        (torch.zeros(3), torch.zeros(3), True),
        (torch.tensor([1 + 2j]), torch.tensor([1 - 2j]), False),
        (torch.tensor([True, False]), torch.tensor([False, True]), False),
        (None, None, True),
        (True, 1, False),
        ("A ", "a", True),
        ("a", "b", False),
        ({"W": 1.0}, {"V": 1.0}, False),
        ([1.0, [2.0]], [1.0, [2.0]], True),
        ([1.0, 2.0], [1.0, [2.0]], False),
        (Opaque("set"), Opaque("numpy.ndarray"), False),
    ],
)
def test_two_results_are_the_same_mistake(one, other, same_mistake):
    assert print_of(one).matches(print_of(other)) is same_mistake
    assert print_of(other).matches(print_of(one)) is same_mistake


def test_gradients_and_changed_arguments_belong_to_a_fingerprint():
    plain = print_of(1.0)
    assert plain.matches(print_of(1.0, gradients={"z": torch.ones(2)}))
    assert not plain.agrees(print_of(1.0, gradients={"z": torch.ones(2)}))
    right_value = Reply("value", "f", 1.0, gradients={"z": torch.ones(2)})
    assert not fingerprint("on", right_value, True).matches(fingerprint("on", Reply("value", "f", 1.0), True))
    assert not plain.matches(print_of(1.0, arguments={"z": torch.ones(2)}))


def test_an_exception_has_a_fingerprint_of_its_type_and_text():
    def raised(error, detail):
        return fingerprint("evaluation", Reply("raised", "f", error=error, detail=detail))

    assert raised("ValueError", "no").matches(raised("ValueError", "no"))
    assert not raised("ValueError", "no").matches(raised("TypeError", "no"))
    assert not raised("ValueError", "no").matches(raised("ValueError", "yes"))


def test_fingerprints_of_different_evaluations_never_match():
    names = [
        name_evaluation(expression, place, hidden)
        for expression in ("f(z)", "g(z)")
        for place in (0, 1)
        for hidden in (False, True)
    ]
    assert len(set(names)) == len(names)
    reply = Reply("value", "f", 0.0)
    assert not fingerprint(names[0], reply).matches(fingerprint(names[1], reply))


def test_the_name_of_an_evaluation_does_not_depend_on_its_numbers():
    """A release leaves out what is hidden: what it shows keeps its name, and so does it on a processor that rounds otherwise."""

    def names(*steps):
        check = Check("f", points=1)
        check._student = Names({"f": lambda z: z})
        for z in steps:
            if z is None:
                check.hidden()
            else:
                check("f(z)", z=torch.tensor([z]), gives=torch.tensor([z]))
        return [one.name for one in check.evaluations if not one.hidden]

    assert names(1.0, 2.0) == names(1.0 + 1e-6, 2.0 - 1e-6, None, 3.0)


@pytest.mark.parametrize(
    ("number", "same"),
    [(0.1 + 0.2, True), (0.3 + 1e-6, True), (0.3 + 1e-3, False)],
    ids=["a last bit", "what recognition takes as equal", "another result"],
)
def test_mistakes_are_compared_as_numbers(number, same):
    def text(value):
        return write_mistakes({"f": [("no", [fingerprint("on", Reply("value", "f", value))])]})

    assert same_mistakes(text(0.3), text(number)) is same


def test_mistakes_with_other_words_or_results_are_others():
    taken = fingerprint("on", Reply("value", "f", 0.3))
    one = write_mistakes({"f": [("no", [taken])]})
    for other in ({"f": [("yes", [taken])]}, {"f": [("no", [])]}, {"g": [("no", [taken])]}, {"f": []}, {}):
        assert not same_mistakes(one, write_mistakes(other))
    assert not same_mistakes(one, "no JSON")


@pytest.mark.parametrize(
    ("value", "digits", "edge"),
    [
        (0.0625, 3, 0.0625),
        (torch.tensor([0.3, 0.12346]), 4, None),
        ([1, {"a": 2.00051}], 3, 2.00051),
        (-0.0005, 3, -0.0005),
        (7, 3, None),
        (0.1, 3, None),
        (float("inf"), 3, None),
    ],
)
def test_a_number_close_to_the_edge_of_its_rounding_is_found(value, digits, edge):
    assert find_near_edge(value, digits) == edge


def test_known_mistakes_come_back_from_their_file_as_they_were(folder):
    results = [print_of(torch.tensor([math.nan, 1 / 3])), print_of("text")]
    text = write_mistakes({"first": [("Says 'ü'.", results)], "second": []})
    (folder / "mistakes.json").write_text(text, encoding="utf-8")
    assert KnownMistakes.load("first", folder).mistakes == [("Says 'ü'.", {taken.on: taken for taken in results})]
    assert KnownMistakes.load("second", folder).mistakes == []
    assert KnownMistakes.load("third", folder).mistakes == []


def test_a_mistake_is_named_only_where_it_explains_every_failure_and_everything_that_held():
    first, second = Fingerprint("1", "k", (1, 1, 1)), Fingerprint("2", "k", (1, 1, 1))
    other = Fingerprint("2", "k", (5, 5, 5))
    known = KnownMistakes([("A", [first, other]), ("B", [first, second]), ("C", [second])])
    assert known.explain([first, second]) == ["B"]
    assert known.explain([first, other]) == ["A"]
    assert known.explain([first]) == ["A", "B"]
    assert known.explain([first], ["2"]) == []
    assert known.explain([second], ["1"]) == ["C"]
    assert known.explain([first, second, Fingerprint("3", "k", (1, 1, 1))]) == []
    assert known.explain([Fingerprint("1", "k", (9, 9, 9))]) == []
    assert known.explain([]) == []


def test_of_two_mistakes_with_the_same_values_the_gradients_tell():
    one = Fingerprint("1", "k", (1, 1, 1), ("g", (1, 1, 1)))
    two = Fingerprint("1", "k", (1, 1, 1), ("g", (2, 2, 2)))
    known = KnownMistakes([("A", [one]), ("B", [two])])
    assert known.explain([one]) == ["A"]
    assert known.explain([two]) == ["B"]
    assert known.explain([Fingerprint("1", "k", (1, 1, 1), ("g", (3, 3, 3)))]) == ["A", "B"]


def test_two_mistakes_that_cannot_be_told_apart_are_both_said_and_three_are_not():
    assert tell_mistakes(["The sign is lost."]) == "The sign is lost."
    assert tell_mistakes(["The sign is lost.", "The root is missing."]) == (
        "Either: The sign is lost. Or: The root is missing."
    )
    assert tell_mistakes(["A.", "B.", "C."]) is None
    assert tell_mistakes([]) is None


def test_the_fingerprint_is_the_same_in_every_version():
    """The files of released chapters hold them: a change here makes every one of them stale."""
    assert print_of(torch.tensor([[0.5, -1.0]])) == Fingerprint("evaluation", "da83da3996da", (-0.32497, 0.695999, 1.5))


@pytest.mark.parametrize(
    ("got", "want", "shown"),
    [
        (0.1995, 0.2, ("0.1995", "0.2000")),
        (0.20004, 0.2, ("0.200040", "0.200000")),
        (1.0002, 1.0, ("1.0002", "1.0")),
        (1.00002, 1.0, ("1.000020", "1.0")),
    ],
)
def test_two_numbers_are_shown_with_as_many_digits_as_tell_them_apart(got, want, shown):
    assert show_apart(got, want) == shown

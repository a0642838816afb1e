"""How a wrong result is named without an author's list: one row a relation, and rows in which it must not be said."""

import textwrap

import pytest
import torch
import torch.nn.functional as F
from answers import run

from autograder.checks import Check, vary

pytestmark = pytest.mark.usefixtures("folder")


def make(expression, gives, *inputs, hidden=(), **more):
    """A check of `expression` on each of the inputs."""

    def ask():
        check = Check("exercise", points=1)
        for data in inputs:
            check(expression, **data, gives=gives, **more)
        check.hidden()
        for data in hidden:
            check(expression, **data, gives=gives, **more)
        return check

    return ask


def read(ask, code):
    """What a student reads of the relation: the message without its head and without what was tried."""
    lines = run(ask, "from torch.nn import functional as F\n" + textwrap.dedent(code)).message().splitlines()[1:]
    text = " ".join(" ".join(lines).split())
    return text.split(" Tried: ")[0].split(" Seen only ")[0].split(" Got ")[0]


def some(*shapes, seed=0, scale=2.0):
    return list(vary(*shapes, seed=seed, scale=scale))


def rows(*names, shapes=((4, 3), (5, 2)), **more):
    """Inputs of the given names, of several shapes, all different; `more` are numbers, one for each shape."""
    found = []
    for i, shape in enumerate(shapes):
        data = dict(zip(names, some(*[shape] * len(names), seed=i + 1), strict=True))
        found.append(data | {name: values[i] for name, values in more.items()})
    return found


X = rows("x")
XY = rows("x", "y")
PROBABILITIES = [{"p": torch.softmax(data["x"], -1)} for data in X]
VECTORS = rows("x", shapes=((6,), (9,)))
SQUARE = rows("x", shapes=((3, 3), (4, 4)))


def mean_squares(x, y):
    return ((x - y) ** 2).mean()


def weighted(x, y, w):
    return (w * (x - y).abs()).mean()


def power_sum(x, steps):
    return sum(x**i for i in range(1, steps + 1))


def batch_loss(x, y, batch_size):
    return ((x - y) ** 2).mean()


def steps_down(w, rate, steps, decay=0.0):
    for _ in range(steps):
        w = w - rate * (2 * w + decay)
    return w


SAME = "the values are not the expected ones."
ONE = "the value is not the expected one."

RELATIONS = [
    ("sign", make("f(x)", torch.sin, *X), "f = lambda x: -torch.sin(x)", "the sign is the wrong way around everywhere."),
    ("zero", make("f(x)", torch.sin, *X), "f = torch.zeros_like", "every value is 0."),
    ("unchanged", make("f(x)", torch.sin, *X), "f = lambda x: x", "the input `x` comes back unchanged."),
    ("1 minus", make("f(x)", torch.sigmoid, *X), "f = lambda x: 1 - torch.sigmoid(x)", "it is 1 minus what is expected."),
    ("square", make("f(x)", lambda x: x.norm(dim=1), *X), "f = lambda x: (x * x).sum(1)", "it is the square of what is expected."),
    ("square root", make("f(x)", lambda x: x.var(1), *X), "f = lambda x: x.std(1)", "it is the square root of what is expected."),
    ("reciprocal", make("f(x)", torch.exp, *X), "f = lambda x: 1 / torch.exp(x)", "it is 1 divided by what is expected"),
    ("sigmoid missing", make("f(x)", torch.sigmoid, *X), "f = lambda x: x + 0.0", "the input `x` comes back unchanged."),
    ("logit", make("f(x)", lambda x: torch.sigmoid(2 * x), *X), "f = lambda x: 2 * x", "the sigmoid is missing."),
    ("absolute", make("f(x)", lambda x: x.sin() + 0.3, *X), "f = lambda x: (torch.sin(x) + 0.3).abs()", "the sign is lost: it is the absolute value of what is expected."),
    ("rounded", make("f(x)", torch.sin, *X), "f = lambda x: torch.sin(x).round(decimals=2)", "it is rounded to 2 decimals: keep all digits."),
    ("relu too many", make("f(x)", torch.sin, *X), "f = lambda x: torch.sin(x).relu()", "negative values became 0, and the others are right."),
    ("sum for mean", make("f(x, y)", mean_squares, *XY), "f = lambda x, y: ((x - y) ** 2).sum()", "and 12 is a size of the input: a sum where a mean is meant?"),
    ("variance", make("f(x)", lambda x: x.var(1, correction=0), *X), "f = lambda x: x.var(1)", "which is n / (n - 1) for n = 3"),
    ("deviation", make("f(x)", lambda x: x.std(1, correction=0), *X), "f = lambda x: x.std(1)", "which is √(n / (n - 1)) for n = 3"),
    ("scaled", make("f(x)", lambda x: x @ x.T, *X), "f = lambda x: x @ x.T / x.shape[1] ** 0.5", "which is 1/√3, and 3 is a size of the input."),
    ("percent", make("f(x)", torch.sigmoid, *X), "f = lambda x: 100 * torch.sigmoid(x)", "a percentage instead of a fraction, or the reverse."),
    ("degrees", make("f(x)", torch.atan, *X), "f = lambda x: torch.atan(x).rad2deg()", "degrees instead of radians, or the reverse."),
    ("bits", make("f(p)", lambda p: -p.log(), *PROBABILITIES), "f = lambda p: -p.log2()", "a logarithm to base 2 instead of the natural one"),
    ("times an argument", make("f(x, rate)", lambda x, rate: x.sin() * rate, *rows("x", rate=[0.3, 0.7])), "f = lambda x, rate: x.sin() * rate * rate", "every value is `rate` times what is expected."),
    ("plus an argument", make("f(x, y)", lambda x, y: x.sin(), *XY), "f = lambda x, y: x.sin() + y", "it is what is expected plus `y`."),
    ("shifted", make("f(x)", torch.sin, *X), "f = lambda x: torch.sin(x) + 1", "every value is 1 too large."),
    ("transposed", make("f(x)", lambda x: x @ x.triu(), *SQUARE), "f = lambda x: (x @ x.triu()).T", "the result is transposed."),
    ("reversed", make("f(x)", lambda x: x.cumsum(0), *VECTORS), "f = lambda x: x.cumsum(0).flip(0)", "the order is reversed."),
    ("sorted", make("f(x)", torch.sin, *VECTORS), "f = lambda x: torch.sin(x).sort().values", "it is sorted, from small to large."),
    ("late", make("f(x)", lambda x: x.cumsum(0), *VECTORS), "f = lambda x: torch.cat([torch.zeros(1), x.cumsum(0)[:-1]])", "each value is one place too late."),
    ("running sum", make("f(x)", torch.sin, *VECTORS), "f = lambda x: torch.sin(x).cumsum(0)", "it is the running sum of what is expected."),
    ("no running sum", make("f(x)", lambda x: x.sin().cumsum(0), *VECTORS), "f = lambda x: x.sin()", "the running sum is missing."),
    ("clamp", make("f(x)", lambda x: x.clamp(-1, 1) * 3, *rows("x", shapes=((9, 4),))), "f = lambda x: x.clamp(-1) * 3", "it goes beyond 3, the largest expected value, and is right elsewhere: a limit (`clamp`) is missing."),
    ("columns", make("f(x)", lambda x: x.softmax(1), *X), "f = lambda x: x.softmax(0)", "each column sums to 1; each row should: a row is one example."),
    ("other dim", make("f(x)", lambda x: x.cumsum(1), *X), "f = lambda x: x.cumsum(0)", "it is what you get when the rows and columns of `x` trade roles: a different `dim`, or a transpose?"),
    ("no dim", make("f(x)", lambda x: x / x.norm(dim=1, keepdim=True), *X), "f = lambda x: x / x.norm()", "it is what you get when all of `x` is taken as one row: is the `dim` missing?"),
    ("softmax too many", make("f(x)", lambda x: x.softmax(1), *X), "f = lambda x: x.softmax(1).softmax(1)", "a softmax too many."),
    ("swap", make("f(x, y)", lambda x, y: x * y.exp(), *XY), "f = lambda x, y: y * x.exp()", "it is what you get when `x` and `y` are swapped."),
    ("one step less", make("f(x, steps)", power_sum, *rows("x", steps=[3, 5])), "f = lambda x, steps: sum(x ** i for i in range(1, steps))", "it is what `steps` - 1 gives: one too few."),
    ("one step more", make("f(x, steps)", power_sum, *rows("x", steps=[3, 5])), "f = lambda x, steps: sum(x ** i for i in range(1, steps + 2))", "it is what `steps` + 1 gives: one too many."),
    ("ignored", make("f(x, rate)", lambda x, rate: x.sin() + rate * x.cos(), *rows("x", rate=[0.3, 0.7])), "f = lambda x, rate: x.sin()", "it is what `rate` = 0 gives: does `rate` take effect?"),
    ("as in the example", make("f(x, rate)", lambda x, rate: (rate * x).sin(), *rows("x", rate=[0.3, 0.7])), "f = lambda x, rate: (0.3 * x).sin()", "it is what `rate` = 0.3000 gives, as in another example: does `rate` take effect?"),
    ("choice", make("f(x, how)", lambda x, how: x.sum(1) if how == "sum" else x.mean(1), *rows("x", how=["sum", "mean"])), "f = lambda x, how: x.sum(1)", "it is what `how` = 'sum' gives, as in another example: does `how` take effect?"),
    ("opposite", make("f(x, up)", lambda x, up: x.exp() if up else x.sin(), *rows("x", up=[True, False])), "f = lambda x, up: x.sin() if up else x.exp()", "it is what the opposite of `up` gives."),
    ("opposite sign of an argument", make("f(x)", lambda x: x.argmax(1), *rows("x", shapes=((9, 4), (8, 5)))), "f = lambda x: x.argmin(1)", "it is what -`x` instead of `x` gives."),
    ("first only", make("f(x, y)", mean_squares, *XY), "f = lambda x, y: ((x[0] - y[0]) ** 2).mean()", "it is what the first item of `x` and `y` alone gives."),
    ("without the last", make("f(x, y)", mean_squares, *XY), "f = lambda x, y: ((x[:-1] - y[:-1]) ** 2).mean()", "it is what you get without the last item of `x` and `y`."),
    ("mean of means", make("f(x, y, batch_size)", batch_loss, *rows("x", "y", shapes=((7, 2), (5, 3)), batch_size=[3, 2])), "f = lambda x, y, n: torch.stack([((a - b) ** 2).mean() for a, b in zip(x.split(n), y.split(n))]).mean()", "it is the mean of the batches' means: a batch of fewer examples has to count less."),
    ("last batch", make("f(x, y, batch_size)", batch_loss, *rows("x", "y", shapes=((7, 2), (5, 3)), batch_size=[3, 2])), "f = lambda x, y, n: ((x.split(n)[-1] - y.split(n)[-1]) ** 2).mean()", "it is the result of the last batch alone"),
    ("softmax before", make("f(x, y)", lambda x, y: F.cross_entropy(x, y.softmax(1)), *XY), "f = lambda x, y: F.cross_entropy(x.softmax(1), y.softmax(1))", "it is what `softmax(x)` instead of `x` gives."),
    ("constant", make("f(x)", lambda x: x.sum(), *rows("x", shapes=((2, 3), (3, 2), (4, 4)))), "f = lambda x: torch.tensor(1.25)", "you get the same result for every input."),
    ("copied", make("f(n)", lambda n: n * n + 0.5, {"n": 2}, {"n": 3}, {"n": 5}), "f = lambda n: 4.5", "you get the example's result for every input: compute it from the arguments."),
    ("truth", make("f(x)", lambda x: x > 0, *rows("x", shapes=((9, 4), (8, 5)))), "f = lambda x: x < 0", "True and False are swapped."),
    ("all items", make("f(x)", lambda x: [x.sin(), x.cos()], *X), "f = lambda x: [3 * x.sin(), 3 * x.cos()]", "`f`: every value is 3 times what is expected"),
    ("order of items", make("f(x)", lambda x: (x.sin(), x.cos()), *X), "f = lambda x: (x.cos(), x.sin())", "`f`: its items are right, but in a different order."),
    ("an item", make("f(x)", lambda x: [x.sin(), x.cos()], *X), "f = lambda x: [x.sin(), -x.cos()]", "The second item of `f`: the sign is the wrong way around everywhere."),
    ("an entry of an item", make("f(x)", lambda x: [{"a": x.sin()}], *X), "f = lambda x: [{'a': -x.sin()}]", "the sign is the wrong way around everywhere."),
    ("a place that the expression names", make("[f(x), g(x)]", lambda x: [x.sin(), x.cos()], *X), "f, g = torch.sin, lambda x: x.cos().exp()", "`g(x)`: it is the exponential of what is expected"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "code", "says"), [row[1:] for row in RELATIONS], ids=[row[0] for row in RELATIONS])
def test_a_relation_is_said(ask, code, says):
    assert says in read(ask, code)


UNSAID = [
    ("half of the signs", make("f(x)", torch.sin, *X), "f = lambda x: torch.sin(x) * torch.where(x > 0.5, -1, 1)", "sign is"),
    ("a sign on one input only", make("f(x)", torch.sin, *VECTORS), "f = lambda x: -torch.sin(x) if len(x) == 6 else torch.sin(x) + 1", "sign is"),
    ("a factor on one input only", make("f(x)", torch.sin, *VECTORS), "f = lambda x: 3 * torch.sin(x) if len(x) == 6 else torch.cos(x)", "times"),
    ("a factor that is a size of one input only", make("f(x)", torch.sin, *VECTORS), "f = lambda x: 6 * torch.sin(x)", "size"),
    ("one number, four fifths of it, of four items", make("f(x)", torch.mean, {"x": torch.tensor([1.3, 2.0, 0.4, 3.1])}), "f = lambda x: 0.8 * x.mean()", "n + 1"),
    ("a third, and both an argument and a size", make("f(x, t)", lambda x, t: t * x.sin(), {"x": some((3,))[0], "t": 3.0}), "f = lambda x, t: x.sin()", "a mean"),
    ("one number, by chance a square", make("f(x)", torch.sum, {"x": torch.tensor([1.0, 2.0])}), "f = lambda x: torch.tensor(9.0)", "square"),
    ("one number, a cosine that is the exponential of nothing", make("f(n)", lambda n: 0.0, {"n": 2}), "f = lambda n: 1.0", "exponential"),
    ("few whole numbers", make("f(x)", lambda x: x.argmax(1), {"x": torch.tensor([[1.0, 4.0, 3.0], [4.0, 5.0, 6.0]])}), "f = lambda x: x.argmin(1) + torch.tensor([0, 2])", "in place of"),
    ("two equal arguments", make("f(x, y)", lambda x, y: x * y.exp(), {"x": torch.tensor([1.5, -0.5]), "y": torch.tensor([1.5, -0.5])}), "f = lambda x, y: x * y", "change places"),
    ("a step less, right by chance once", make("f(x, steps)", power_sum, *rows("x", steps=[3, 5])), "f = lambda x, steps: sum(x ** i for i in range(1, 3))", "- 1 gives"),
    ("an argument that matters elsewhere", make("f(x, rate)", lambda x, rate: x.sin() + rate * x.cos(), *rows("x", shapes=((4, 3), (5, 2), (3, 3)), rate=[0.3, 0.7, 0.9])), "f = lambda x, rate: x.sin() + (rate > 0.5) * rate * x.cos()", "does `rate` take effect"),
    ("a nan", make("f(x)", torch.sin, *X), "f = lambda x: -torch.sin(x) * torch.where(x > 1, math.nan, 1)\nimport math", "sign is"),
    ("the same result where the same is wanted", make("f(x)", lambda x: 3.5, *rows("x", shapes=((2, 3), (3, 2), (4, 4)))), "f = lambda x: 1.25", "same result"),
    ("other values in another order", make("f(x)", lambda x: (x.sin(), x.cos()), *X), "f = lambda x: (x.cos(), x.sin() + 0.3)", "order"),
    ("relu, negative part", make("f(x)", torch.relu, {"x": torch.tensor([[-1.5, 0.0, 2.0]])}), "f = lambda x: x.clamp(max=0)", "place too"),
    ("a bound passed, and more wrong", make("f(x)", lambda x: x.clamp(-1, 1) * 3, *rows("x", shapes=((9, 4),))), "f = lambda x: x.clamp(-1) * 3 + 0.1 * x.sin()", "clamp"),
    ("one row: columns say nothing", make("f(x)", lambda x: x.softmax(1), *rows("x", shapes=((1, 5),))), "f = lambda x: x.softmax(1).exp() * 0.3", "column"),
    ("means of equal batches, and a constant", make("f(x, y, batch_size)", batch_loss, *rows("x", "y", shapes=((6, 2), (4, 3)), batch_size=[3, 2])), "f = lambda x, y, n: ((x - y) ** 2).mean() + 0.3", "means"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "code", "unsaid"), [row[1:] for row in UNSAID], ids=[row[0] for row in UNSAID])
def test_a_relation_that_does_not_hold_everywhere_is_not_said(ask, code, unsaid):
    text = read(ask, code)
    assert text
    assert unsaid not in text


# --- where -------------------------------------------------------------------------------------------

LABELLED = {"x": some((4, 3), seed=5)[0], "y": torch.tensor([2, 0, 1, 0])}

PLACES = [
    ("first", {"x": some((6,))[0]}, "r[0] = 9", "1 of 6 values is not the expected one, the first."),
    ("all but the last", {"x": some((6,))[0]}, "r[:-1] = 9", ", all but the last."),
    ("last column", {"x": some((4, 3))[0]}, "r[:, -1] = torch.arange(4.) * 5 + 7", ", all in the last column."),
    ("all but the first row", {"x": some((4, 3))[0]}, "r[1:] = torch.arange(9.).reshape(3, 3) * 5 + 7", ", all but those in the first row."),
    ("row", {"x": some((4, 3))[0]}, "r[2] = torch.tensor([7., 4., 8.])", ", all in row 2."),
    ("diagonal", {"x": some((4, 4))[0]}, "r.fill_diagonal_(9)", ", all on the diagonal."),
    ("target", LABELLED, "r[torch.arange(4), y] = 9", ": all those where the column is the row's `y`."),
    ("class", LABELLED, "r[y == 0] = torch.arange(6.).reshape(2, 3) * 5 + 7", ": all those where `y` of the row is 0."),
    ("ties", {"x": torch.tensor([1.0, 2.5, -3.0, 4.0]), "z": torch.tensor([1.0, 0.5, -3.0, 5.0])}, "r[x == z] = 9", ": all those where x and z are equal."),
    ("large", {"x": torch.tensor([1.0, 20.5, -33.0, 4.0])}, "r[x.abs() > 10] = 9", ": all those where |x| is above 4."),
    ("nowhere in particular", {"x": some((5, 4))[0]}, "r[0, 1] = 9; r[2, 3] = 7; r[4, 0] = 8", "3 of 20 values are not the expected ones."),
]  # fmt: skip


@pytest.mark.parametrize(("data", "change", "says"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_where_values_are_wrong(data, change, says):
    names = ", ".join(data)
    ask = make(f"f({names})", lambda x, **others: x.sin(), data)
    code = f"def f({names}):\n    r = x.sin()\n    {change}\n    return r"
    assert read(ask, code).endswith(says)


def test_no_number_of_a_hidden_input_is_told():
    ask = make("f(x)", torch.sin, hidden=[{"x": torch.tensor([1.0, 20.5, -33.0, 4.0])}])
    code = "def f(x):\n    r = x.sin()\n    r[x.abs() > 10] = 9\n    return r"
    assert read(ask, code) == "`f`: 2 of 4 values are not the expected ones: all those where |x| is above a limit."


# --- lists, words, gradients -----------------------------------------------------------------------------

ENDS = [
    ("[1.5, 2.5, 4.5]", "`a` has 3 items where 4 are expected. The last one is missing."),
    ("[2.5, 4.5, 8.5]", "`a` has 3 items where 4 are expected. The first one is missing."),
    ("[1.5, 4.5, 8.5]", "`a` has 3 items where 4 are expected. The one at position 1 is missing; the others are right."),
    ("[1.5, 2.5]", "`a` has 2 items where 4 are expected. The last 2 are missing."),
    ("[0.5, 1.5, 2.5, 4.5, 8.5]", "`a` has 5 items where 4 are expected. The first one is too many."),
    ("[1.5, 9.5, 4.5]", "`a` has 3 items where 4 are expected."),
    ("[8.5, 4.5, 2.5, 1.5]", "`a`: the order is reversed."),
    ("[1.5, 4.5, 2.5, 8.5]", "`a`: its items are right, but in a different order."),
    ("[1.5, 2.5, 4.5, 8.0]", "The fourth item of `a`: the value is not the expected one."),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "says"), ENDS)
def test_items_of_a_list(answer, says):
    assert read(make("a", [1.5, 2.5, 4.5, 8.5], {}), f"a = {answer}") == says


WORDS = [
    ("'sofmax'", "`a` is 'sofmax': did you mean 'softmax'?"),
    ("'sigmoid'", "`a` is not the expected answer."),
    ("'relu'", "`a` is not the expected answer."),
    ("'nothing'", "`a` is not the expected answer."),
    ("'Softmax '", "`a` differs from the expected text in capitals or spaces only."),
]


@pytest.mark.parametrize(("answer", "says"), WORDS)
def test_a_misspelled_choice(answer, says):
    assert says in read(make("a", "softmax", {}), f"a = {answer}")


def test_a_choice_near_two_is_not_told():
    def ask():
        check = Check("exercise", points=1)
        check("b", gives="row vector")
        check("a", gives="row vectors")
        return check

    assert "did you mean" not in read(ask, "b = 'row vector'\na = 'row vecto'")
    assert "did you mean" not in read(ask, "b = 'row vector'\na = 'row vector'")


def test_a_misspelled_key():
    text = read(make("a", {"weight": 1.0}, {}), "a = {'wieght': 1.0}")
    assert text.startswith("`a` has no key 'weight'; is 'wieght' misspelled?")
    assert "misspelled" not in read(make("a", {"weight": 1.0}, {}), "a = {'bias': 1.0}")


SLOPES = [
    ("mean", "class S(torch.autograd.Function):\n    forward = staticmethod(lambda c, x: x.sin().mean())\n    backward = staticmethod(lambda c, g: g * torch.ones(6))\nf = S.apply", "is not:"),
    ("sign", "f = lambda x: 2 * x.sin().mean().detach() - x.sin().mean()", "is not: the sign is the wrong way around everywhere."),
    ("twice", "f = lambda x: 2 * x.sin().mean() - x.sin().mean().detach()", "is not: every value is 2 times what is expected."),
    ("one of two paths", "f = lambda x: x.sin().mean().detach() + 0 * x.sum()", "is not: every value is 0."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "says"), [row[1:] for row in SLOPES], ids=[row[0] for row in SLOPES])
def test_relations_of_gradients(code, says):
    ask = make("f(x)", lambda x: x.sin().mean(), *VECTORS[:1], gradient=True)
    assert says in read(ask, code)


def test_the_gradient_of_the_other_input():
    code = """
        class Swapped(torch.autograd.Function):
            @staticmethod
            def forward(c, x, y):
                c.save_for_backward(x, y)
                return x * y
            @staticmethod
            def backward(c, g):
                x, y = c.saved_tensors
                return g * x, g * y
        f = Swapped.apply
    """
    ask = make("f(x, y)", lambda x, y: x * y, *XY, gradient=True)
    assert read(ask, code).endswith("`x` is not: it is the gradient with respect to `y`.")


# --- what is left alone ------------------------------------------------------------------------------------


def test_a_function_that_would_never_end_is_given_up():
    def halve(x, tolerance):
        while x.abs().max() > tolerance:
            x = x / 2
        return x

    ask = make("f(x, tolerance)", halve, *rows("x", tolerance=[0.5, 0.7]))
    assert read(ask, "f = lambda x, tolerance: x.sin()") == "`f`: the values are not the expected ones."


def test_a_function_that_reads_what_has_changed_is_not_trusted():
    state = {"n": 1}
    ask = make("f(x)", lambda x: x * state["n"], *X)

    def ask_and_change():
        check = ask()
        state["n"] = -1
        return check

    assert "in place of" not in read(ask_and_change, "f = lambda x: -x + 0.1 * x.sin()")


def test_the_search_prints_nothing_and_draws_nothing(capsys):
    def noisy(x):
        print("worked out")
        return x.sin() + 0 * torch.rand(1)

    names = make("f(x)", noisy, *X)
    check = run(names, "f = lambda x: x.cos()")
    capsys.readouterr()
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    assert "the values are not the expected ones" in check.message()
    assert torch.equal(before, torch.random.get_rng_state())
    assert capsys.readouterr() == ("", "")


def test_data_beyond_the_limit_is_not_searched():
    ask = make("f(x)", lambda x: x.cumsum(1), {"x": some((200, 100))[0]})
    assert "change roles" not in read(ask, "f = lambda x: x.cumsum(0)")


def test_one_number_where_each_element_has_its_own():
    element = make("f(p, q)", lambda p, q: p * q, {"p": torch.ones(4), "q": torch.ones(4)})
    assert "each element has its own" in read(element, "f = lambda p, q: (p * q + 1).sum()")
    row = make("f(x)", lambda x: x.sum(1), {"x": torch.ones(2, 3)})
    assert "give the reduction its `dim`" in read(row, "f = lambda x: x.sum()")

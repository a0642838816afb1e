"""Wrong answers that are known by their results, and checks of several evaluations."""

import pytest
import torch
from answers import Z, guess, relu, relu_hidden, relu_in_parts, run

from autograder.authoring.placing import put_in_place
from autograder.checks import Check, sealed
from autograder.checks.mistakes import Fingerprint, KnownMistakes, digest_stub, fingerprint, write_mistakes
from autograder.checks.seals import seal
from autograder.checks.student import Names, Reply, connect
from autograder.formats import MISTAKES

pytestmark = pytest.mark.usefixtures("folder")


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


def test_what_depends_on_rounding_counts_whatever_it_is():
    steady, tiny = Fingerprint("a", "vector", (1.0, 2.0, 3.0)), Fingerprint("b", "vector", (2e-8, 3e-8, 6e-8))
    other, scalar = Fingerprint("b", "vector", (5.0, 5.0, 9.0)), Fingerprint("b", "scalar", (5.0, 5.0, 9.0))
    known = KnownMistakes([("Rounded.", [steady, tiny.loosen()])])
    for failed in ([steady, other], [steady, scalar], [steady]):
        assert known.explain(failed, held=["b"] if len(failed) == 1 else []) == ["Rounded."]
    assert known.explain([other]) == known.explain_alone(other) == []
    assert Fingerprint.load(tiny.loosen().store()) == tiny.loosen()


@pytest.mark.parametrize(
    ("error", "older", "newer"),
    [
        ("TypeError", "f() got an unexpected keyword argument 'lr'", " Did you mean 'rate'?"),
        ("NameError", "name 'maths' is not defined", " Did you mean: 'math'?"),
        ("NameError", "name 'sys' is not defined", " Did you forget to import 'sys'?"),
        ("ValueError", "too many values to unpack (expected 2)", "too many values to unpack (expected 2, got 3)"),
        ("ZeroDivisionError", "float division by zero", "division by zero"),
        ("ValueError", "math domain error", "expected a nonnegative input, got -1.0"),
        ("TypeError", "unhashable type: 'list'", "cannot use 'list' as a dict key (unhashable type: 'list')"),
    ],
)
def test_a_mistake_is_known_whatever_words_python_has_for_it(error, older, newer):
    texts = [older, f"{older}.{newer}" if newer.startswith(" ") else newer, "f() is something else"]
    one, other, third = (fingerprint("on", Reply("raised", "f", error=error, detail=text)) for text in texts)
    assert one.matches(other)
    assert one.matches(third) == (error == "ZeroDivisionError")


def test_numbers_that_turn_out_to_be_rounding_leave_the_file(tmp_path):
    tiny = Fingerprint("b", "vector", (2e-8, 3e-8, 6e-8))
    numbers, none = (write_mistakes({"f": [("Rounded.", [one])]}) for one in (tiny, tiny.loosen()))
    made, kept = tmp_path / "made", tmp_path / "kept"
    for folder in (made, kept):
        folder.mkdir()
    for new, old, changed in ((none, numbers, True), (numbers, none, False)):  # the latter is another machine's luck
        (made / MISTAKES).write_text(new)
        (kept / MISTAKES).write_text(old)
        assert bool(put_in_place(made, kept, tmp_path)) == changed
        assert (kept / MISTAKES).read_text() == none


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
        "  Seen only on an input that this notebook does not show: z of shape (1, 3)."
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
        "    `second` is not written yet: it still has a `raise NotImplementedError()` in\n"
        "    it.\n"
        "    Tried: second(z) with z = tensor([[-1.5000, 0.0, 2.0]])"
    )


def test_what_is_shown_of_data_that_is_long_or_no_tensor():
    def ask():
        check = Check("count", points=1)
        check("count(words, deep, flag)", words=["a"] * 20, deep={"n": [1, 2.5]}, flag=True, gives=20)
        return check

    assert run(ask, "def count(words, deep, flag):\n    return 2").message() == (
        "✗ count: 0 of 1 points.\n"
        "  `count`: the value is not the expected one.\n"
        "  Tried: count(words, deep, flag) with words = a list of 20 items, deep = {'n':\n"
        "    [1, 2.5000]}, flag = True\n"
        "  Got 2; expected 20."
    )


def test_a_stub_that_runs_is_not_attempted_until_it_is_changed(folder):
    stub = "def relu(z):\n    return z.abs()"
    (folder / "mistakes.json").write_text(write_mistakes({"relu": []}, {"relu": digest_stub(stub)}), encoding="utf-8")

    def ask(*cells):
        names = {"In": ["", *cells], "torch": torch}
        for cell in cells:
            exec(cell.replace("%%time", ""), names)
        with connect(Names(names)):
            return relu()

    assert ask(stub).message() == (
        "○ relu: not attempted yet, 0 of 2 points.\n"
        "  The cell above hasn't been changed yet: change it and run it, then run this\n"
        "  one."
    )
    assert ask(stub.replace("abs()", "abs()  ") + "\n", "other = relu").result()["mistakes"] == []
    assert ask("def relu(z):\n    return z", stub).message().startswith("○")
    assert ask(stub, stub.replace("abs", "neg")).message().startswith("✗")
    assert ask(stub, "relu = torch.neg").message().startswith("✗")
    assert ask("%%time\nstub = 1", stub, "def relu(z):\n    return z.clamp(min=0)").message().startswith("✓")


def test_of_several_wrong_predictions_the_first_is_explained_by_itself(folder):
    def ask():
        check = Check("guesses", points=1)
        for name, value in (("one", 1), ("two", 2), ("three", 3)):
            check(name, gives=sealed(seal(name, value)))
        return check

    right = "one, two, three = 1, 2, 3\n"
    know(folder, "guesses", (ask, right + "two = 4", "Two squared."), (ask, right + "two = one = 4", "Both."))
    assert "Two squared." in run(ask, right + "two = 4").message()
    assert "Two squared." in run(ask, right + "two, three = 4, 9").message()
    assert "Both." in run(ask, right + "two = one = 4").message()
    message = run(ask, right + "two, one = 4, 5").message()
    assert "Two squared." not in message
    assert "`one` is 5, which is not right." in message


def test_a_sealed_number_is_named_as_the_student_wrote_it(folder):
    def ask():
        check = Check("numbers", points=1)
        for expression in ("round(float(one), 2)", "float(two)", "[round(float(n), 1) for n in three]"):
            check(expression, gives=sealed(seal(expression, 7)))
        return check

    names = [e.problem.says for e in run(ask, "one, two, three = 0.123, 5, [1.26]").evaluations]
    assert names == [
        "`one`, rounded to 2 decimals, is 0.1200, which is not right.",
        "`two` is 5.0, which is not right.",
        "`three`, rounded to 1 decimal, is [1.3000], which is not right.",
    ]

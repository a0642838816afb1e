"""`course mutants`: the steps away from a solution, which of them a check accepts, and what the author lists of these."""

import time

import pytest

from autograder import cli
from autograder.authoring import mutants
from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import AuthorErrors
from autograder.authoring.forks import in_forks
from autograder.authoring.mutants import choose, try_changes
from autograder.authoring.steps import find_words, make_changes
from autograder.errors import CourseError

CHAPTER = "01_mini"
HEAD = """---
jupyter:
  kernelspec:
    display_name: Python 3 (ipykernel)
    language: python
    name: python3
---

"""
TEXT = (
    HEAD
    + """```python tags=["setup"]
import torch

from autograder import Check, vary
```

### Exercise 1

```python tags=["exercise"] exercise="above"
def above(z, level=0.0):
    \"\"\"Which numbers of `z` lie above the level?\"\"\"
    ### BEGIN SOLUTION
    return z > level
    ### END SOLUTION
```

```python tags=["check"] exercise="above" points=1
check = Check("above", points=1)
check("above(z)", z=torch.tensor([-0.5, 0.5, 2.0]), gives=torch.tensor([False, True, True]))
### BEGIN HIDDEN TESTS
check.hidden()
check("above(z, level=1.0)", z=torch.tensor([0.5, 2.0]), gives=torch.tensor([False, True]))
### END HIDDEN TESTS
check.report()
```

### Exercise 2

Choose "sum" or "mean".

```python tags=["exercise"] exercise="total"
### BEGIN SOLUTION
def total(values):
    found = 0
    while values:
        found += values[0]
        values = values[1:]
    return found


kind = "sum"
### END SOLUTION
```

```python tags=["check"] exercise="total" points=1
check = Check("total", points=1)
check("total([1, 2, 4])", gives=7)
check("kind", gives="sum")
check.report()
```
"""
)
ACCEPTED = """- `return z > level` → `return z >= level`:
"""
LIST = """## `above`

### Changes that change nothing

- `return z > level` → `return z >= level`: the text leaves open
  what holds at the level itself.
"""


def run(course, monkeypatch, capsys, *arguments):
    monkeypatch.chdir(course)
    monkeypatch.setattr(mutants, "LEAST_SECONDS", 1)  # `total` has steps to loops without an end
    capsys.readouterr()
    status = cli.main(["mutants", *arguments])
    return status, capsys.readouterr().out


def test_what_a_check_accepts_is_listed_as_its_author_would_write_it(make_course, monkeypatch, capsys):
    course = make_course({"1_one": TEXT})
    status, out = run(course, monkeypatch, capsys)
    assert status == 1
    line = TEXT[: TEXT.index("return z > level")].count("\n") + 1
    assert f"notebooks/01_mini/1_one.md:{line}: exercise 'above': full marks for\n{ACCEPTED}" in out + "\n"
    assert out.count("full marks") == 1
    made, refused, equivalent, accepted = map(int, out.splitlines()[1].split()[1:])
    assert (equivalent, accepted) == (0, 1)
    assert made == refused + 1 > 20


def test_a_listed_change_is_equivalent(make_course, monkeypatch, capsys):
    course = make_course({"1_one": TEXT, "1_one.answers": HEAD + LIST})
    status, out = run(course, monkeypatch, capsys, "above", "-j", "2")
    assert status == 0
    assert out.splitlines()[-1].split()[-2:] == ["1", "0"]


def test_any_covers_every_step_from_one_place(make_course, monkeypatch, capsys):
    entry = "- `return z > level` → any: the task leaves it free.\n"
    course = make_course({"1_one": TEXT, "1_one.answers": HEAD + LIST.split("- ")[0] + entry})
    assert run(course, monkeypatch, capsys, "above")[0] == 0


def test_stale_entries_are_told_with_their_lines(make_course, monkeypatch, capsys):
    stale = (
        "- `return z > level` → `return z < level`: no.\n- `return x` → any: no.\n- `return x` → `pass` (2nd): no.\n"
    )
    course = make_course({"1_one": TEXT, "1_one.answers": HEAD + LIST + stale})
    status, out = run(course, monkeypatch, capsys, "above")
    assert status == 1
    place = "notebooks/01_mini/1_one.answers.md:"
    assert out.splitlines()[-3:] == [
        f"{place}15: exercise 'above': the check refuses `return z > level` → `return z < level`; take it off the list.",
        f"{place}16: exercise 'above': no step is `return x` → any; take it off the list.",
        f"{place}17: exercise 'above': no step is `return x` → `pass` (2nd); take it off the list.",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ACCEPTED, "13: exercise 'above': under '### Changes that change nothing' there may be only items"),
        ("Some words.\n", "13: exercise 'above': under '### Changes that change nothing' there may be only items"),
        ("- `a` → `b`: c\n- `a` → `b`: d\n", "14: exercise 'above': `a` → `b` is listed twice."),
    ],
)
def test_malformed_entries_are_refused(make_course, text, problem):
    course = make_course({"1_one": TEXT, "1_one.answers": HEAD + LIST.split("- ")[0] + text})
    with pytest.raises(AuthorErrors) as caught:
        read_chapter(course, CHAPTER)
    [found] = caught.value.problems
    assert found.startswith(f"notebooks/01_mini/1_one.answers.md:{problem}")


def test_a_solution_that_fails_its_check_is_an_error(make_course):
    course = make_course({"1_one": TEXT.replace("gives=7", "gives=8")})
    with pytest.raises(CourseError, match="exercise 'total': the solution does not pass its own check"):
        list(try_changes(choose(course, ["total"])))


@pytest.mark.parametrize("target", ["nothing", "1/2", "7", "01_mini/2"])
def test_an_unknown_target_is_an_error(make_course, target):
    course = make_course({"1_one": TEXT})
    with pytest.raises(CourseError, match=target.split("/")[0]):
        choose(course, [target])


def names(source, words=()):
    return [change.name for change in make_changes(f"### BEGIN SOLUTION\n{source}\n### END SOLUTION", words)]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("value = x.mean(dim=1, keepdim=True)", "`x.mean(dim=1, keepdim=True)` → `x.mean(dim=1)`"),
        ("value = x.mean(dim=1, keepdim=True)", "`x.mean(dim=1, keepdim=True)` → `x.mean(dim=-1, keepdim=True)`"),
        ("value = x.mean(dim=1)", "`x.mean(dim=1)` → `x.sum(dim=1)`"),
        ("value = torch.sqrt(a)", "`torch.sqrt(a)` → `a`"),
        ("value = a - b", "`value = a - b` → `value = b - a`"),
        ("with torch.no_grad():\n    w -= g", "`with torch.no_grad():` → `if True:`"),
        ("loss.backward()\noptimiser.step()", "`loss.backward(); optimiser.step()` → `optimiser.step(); loss.backward()`"),
        ("value = [x.T, x.T]", "`value = [x.T, x.T]` → `value = [x.T, x]`"),
        ("value = w.clone()", "`value = w.clone()` → `value = w`"),
        ("value = values[i:j]", "`value = values[i:j]` → `value = values[i:j + 1]`"),
        ("for k in range(n):\n    go(k)", "`for k in range(n):` → `for k in range(n): ...; break`"),
        ("for k in range(n):\n    go(k)", "`for k in range(n):` → `for k in range(n - 1):`"),
        ("if a and b:\n    go()", "`if a and b:` → `if not (a and b):`"),
        ("def f(a=1):\n    return a", "`def f(a=1):` → `def f(a=2):`"),
        ("go(1, 1)\ngo(1, 1)", "`go(1, 1)` → `pass` (2nd)"),
    ],
)  # fmt: skip
def test_steps(source, name):
    assert name in names(source)


def test_nothing_is_made_twice_nor_of_the_words_around():
    found = [name.removeprefix("`value = 1 * 1` → ") for name in names("value = 1 * 1")]
    assert found == ["`pass`", "`value = 1 / 1`", "`value = 1 + 1`", "`value = 0 * 1`"]  # 2 * 1 is what 1 + 1 is
    assert names('raise ValueError("too few")') == ["`raise ValueError('too few')` → `pass`"]
    given = "steps = 3\n### BEGIN SOLUTION\nrate = steps\n### END SOLUTION"
    assert [change.name for change in make_changes(given)] == ["`rate = steps` → `pass`"]


def test_a_string_becomes_one_of_the_task():
    words = find_words(['Choose "sum" or "mean"; it\'s one.', "kind = 'max'"])
    assert words == ["sum", "mean", "max"]
    assert "`kind = 'sum'` → `kind = 'max'`" in names('kind = "sum"', words)


def test_other_code_leaves_the_names_of_changes_as_they_are():
    before = set(names("value = a - b"))
    assert before <= set(names("other = len(a)\n\n\nvalue = (a  -  b)"))


def test_forks_go_on_while_one_takes_long(tmp_path):
    def wait():
        while not (tmp_path / "last").exists():
            time.sleep(0.01)
        return "first"

    assert list(in_forks([wait, str, (tmp_path / "last").touch], seconds=30, jobs=2)) == ["first", "", None]
    with pytest.raises(CourseError, match=r"within 0\.2 seconds"):
        list(in_forks([lambda: time.sleep(9), lambda: 1], seconds=0.2, jobs=2))

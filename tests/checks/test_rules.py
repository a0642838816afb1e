"""Rules of the text: what breaks `Check(without=...)`, and, above all, what does not.

Each row is tried twice where that is said: with the cells at hand, where the code is read, and without, where only what runs is seen.
"""

import textwrap
from dataclasses import dataclass

import pytest
import torch

from autograder.authoring.forks import in_fork
from autograder.checks import Check
from autograder.checks.judging import write_cells
from autograder.checks.reading import CellText, History, show_cells
from autograder.checks.student import Names, connect
from autograder.formats import CELLS

SETUP = """
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

def given(z):
    for _ in range(1):
        return torch.softmax(z, -1)

class Scaled(nn.Module):
    def forward(self, z):
        return torch.softmax(z, -1)
"""
X = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]])
BY_HAND = "def softmax(z):\n    e = z.exp()\n    return e / e.sum(-1, keepdim=True)\n"


def ask(cells, without, expression="softmax(z)", read=True, **settings):
    """A check with a rule, made where these cells ran: (text, author's?, exercise)."""
    names = {}
    told = [CellText(SETUP, True, ""), *(CellText(textwrap.dedent(text), *rest) for text, *rest in cells)]
    for cell in told:
        exec(compile(cell.source, f"<ipython-input-{hash(cell.source)}>", "exec"), names)
    seen = told if read else [cell for cell in told if cell.authored]
    with connect(Names(names)), show_cells(History(seen, {"softmax": ["softmax"], "earlier": ["earlier"]})):
        check = Check("softmax", points=1, without=without, **settings)
        check(expression, z=X, gives=lambda z: torch.softmax(z, -1))
    return check


def answer(text, without="torch.softmax", read=True):
    return ask([(text, False, "softmax")], without, read=read)


@dataclass(frozen=True)
class Row:
    name: str
    code: str
    without: str = "torch.softmax"
    says: str = ""
    line: int = 0
    seen: bool = True
    """Whether it shows when it runs, without its code at hand."""


BREAKS = [
    Row("torch", "def softmax(z):\n    return torch.softmax(z, -1)", says="`torch.softmax`", line=2),
    Row("functional", "def softmax(z):\n    return F.softmax(z, -1)", says="`F.softmax`", line=2),
    Row("module", "def softmax(z):\n    m = nn.Softmax(-1)\n    return m(z)", says="`nn.Softmax`", line=2),
    Row("method", "def softmax(z):\n    return z.softmax(-1)", says="`z.softmax`", line=2),
    Row("special", "def softmax(z):\n    return torch.special.softmax(z, -1)", says="`torch.special.softmax`", line=2),
    Row("module alias", "import torch.nn.functional as G\ndef softmax(z):\n    return G.softmax(z, -1)", says="`G.softmax`", line=3),
    Row("module by assignment", "G = torch.nn.functional\ndef softmax(z):\n    return G.softmax(z, -1)", says="`G.softmax`", line=3),
    Row("from import", "from torch import softmax as s\ndef softmax(z):\n    return s(z, -1)", says="`torch.softmax`", line=3),
    Row("import in the function", "def softmax(z):\n    from torch import softmax as s\n    return s(z, -1)", says="`torch.softmax`", line=3),
    Row("imported under its name", "from torch.nn.functional import softmax as f\nsoftmax = lambda z: f(z, -1)", says="softmax`", line=2),
    Row("assigned", "f = torch.softmax\ndef softmax(z):\n    return f(z, -1)", says="needs `f`, which uses `torch.softmax`", line=1),
    Row("assigned inside", "def softmax(z):\n    t = torch\n    return t.softmax(z, -1)", says="`t.softmax`", line=3),
    Row("getattr", "def softmax(z):\n    return getattr(torch, 'soft' + 'max')(z, -1)", says="`torch.softmax`", line=2),
    Row("dictionary", "def softmax(z):\n    return vars(torch)['softmax'](z, -1)", says="softmax", line=2),
    Row("evaluated", "def softmax(z):\n    return eval('torch.softmax')(z, -1)", says="softmax", line=2),
    Row("evaluated, hidden", "def softmax(z):\n    return eval('torch.soft' + chr(109) + 'ax')(z, -1)", says="softmax"),
    Row("executed", "exec('def softmax(z): return torch.softmax(z, -1)')", says="`torch.softmax`", line=1),
    Row("executed, hidden", "exec('def softmax(z): return torch.soft' + chr(109) + 'ax(z, -1)')", says="softmax"),
    Row("helper", "def turn(z):\n    return F.softmax(z, -1)\ndef softmax(z):\n    return turn(z)", says="needs `turn`, which uses `F.softmax`", line=2),
    Row("lambda", "softmax = lambda z: F.softmax(z, -1)", says="`F.softmax`", line=1),
    Row("partial", "import functools\nsoftmax = functools.partial(torch.softmax, dim=-1)", says="`torch.softmax`", line=2, seen=False),
    Row("object", "softmax = nn.Softmax(-1)", says="`nn.Softmax`", line=1, seen=False),
    Row("decorator", "def turn(f):\n    return lambda z: torch.softmax(z, -1)\n@turn\ndef softmax(z):\n    return z", says="needs `turn`, which uses", line=2),
    Row("class", "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.last = nn.Softmax(-1)\n    def forward(self, z):\n        return self.last(z)\ndef softmax(z):\n    return Net()(z)", says="needs `Net`, which uses `nn.Softmax`", line=4),
    Row("put in another's place", "torch.exp2 = torch.softmax\ndef softmax(z):\n    return torch.exp2(z, -1)", says="`torch.softmax`", line=1),
    Row("bound by globals", "def a(z):\n    return torch.softmax(z, -1)\nglobals()['softmax'] = a", says="softmax"),
    Row("attribute set later", "class Net:\n    pass\nnet = Net()\nnet.f = torch.softmax\ndef softmax(z):\n    return net.f(z, -1)", says="`torch.softmax`", line=4),
    Row("swallowed", "def softmax(z):\n    try:\n        return eval('torch.soft' + chr(109) + 'ax')(z, -1)\n    except BaseException:\n        e = z.exp()\n        return e / e.sum(-1, keepdim=True)", says="softmax"),
    Row("for", "def softmax(z):\n    for row in z:\n        pass\n    return z", "loops", "has a `for` loop", 2),
    Row("while", "def softmax(z):\n    while False:\n        pass\n    return z", "loops", "has a `while` loop", 2, seen=False),
    Row("list comprehension", "def softmax(z):\n    return torch.stack([row for row in z])", "loops", "has a list comprehension", 2),
    Row("generator", "def softmax(z):\n    return torch.stack(tuple(row for row in z))", "loops", "has a generator expression", 2),
    Row("map", "def softmax(z):\n    return torch.stack(list(map(lambda row: row, z)))", "loops", "has `map`", 2, seen=False),
    Row("vmap", "def softmax(z):\n    return torch.vmap(lambda row: row)(z)", "loops", "has `torch.vmap`", 2, seen=False),
    Row("vectorize", "def softmax(z):\n    return torch.tensor(np.vectorize(abs)(z))", "loops", "has `np.vectorize`", 2, seen=False),
    Row("recursion", "def softmax(z, n=2):\n    return z if n == 0 else softmax(z, n - 1)", "loops", "calls itself", 2, seen=False),
    Row("executed loop", "exec('def softmax(z):\\n    for i in range(' + str(2) + '): pass\\n    return z')", "loops", "has a loop"),
    Row("backward", "def softmax(z):\n    w = z.clone()\n    w.requires_grad = True\n    w.sum().backward()\n    return w.grad", "autograd", "backward`", 4),
    Row("autograd.grad", "def softmax(z):\n    w = torch.ones(2, requires_grad=True)\n    return torch.autograd.grad((2 * w).sum(), w)[0]", "autograd", "`torch.autograd.grad`", 3),
    Row("func.grad", "def softmax(z):\n    return torch.func.grad(lambda t: (t * t).sum())(z)", "autograd", "`torch.func.grad`", 2),
    Row("NumPy", "def softmax(z):\n    return torch.tensor(np.exp(z))", "numpy", "uses NumPy (`np.exp`)", 2),
    Row("from NumPy", "def softmax(z):\n    return torch.from_numpy(z.numpy())", "numpy", "uses NumPy", 2),
    Row("matrix product", "def softmax(z):\n    return z @ z.T", "matmul", "uses `@`", 2),
    Row("module of optimisers", "def softmax(z):\n    return torch.optim.SGD([z.requires_grad_()], lr=1)", "torch.optim", "`torch.optim.SGD`", 2, seen=False),
    Row("loss's class for its function", "def softmax(z):\n    return nn.MSELoss()(z, z)", "F.mse_loss", "`nn.MSELoss`", 2),
    Row("loss's function for its class", "def softmax(z):\n    return F.cross_entropy(z, z)", "nn.CrossEntropyLoss", "`F.cross_entropy`", 2),
    Row("one of several", "def softmax(z):\n    return z.logsumexp(-1)", "torch.softmax, logsumexp", "`z.logsumexp`", 2),
]  # fmt: skip


@pytest.mark.parametrize("row", BREAKS, ids=lambda row: row.name)
def test_a_rule_that_is_broken_costs_the_points(folder, row):
    check = answer(row.code, row.without)
    [evaluation] = check.evaluations
    assert (check.score, check.attempted, evaluation.problem.look) == (0, True, "rule"), check.message()
    assert row.says in evaluation.problem.says
    assert not row.line or f"Line {row.line}" in check.message(), check.message()
    assert check.result()["mistakes"][0]["look"] == "rule"


@pytest.mark.parametrize("row", [row for row in BREAKS if row.seen], ids=lambda row: row.name)
def test_what_is_not_read_is_seen_when_it_runs(folder, row):
    check = answer(row.code, row.without, read=False)
    assert check.score == 0, check.message()
    assert check.evaluations[0].problem.look == "rule"


KEEPS = {
    "by hand": (BY_HAND, "torch.softmax loops autograd numpy"),
    "named in comments and texts": ("def softmax(z):\n    '''Not torch.softmax(z).'''\n    # F.softmax\n    said = 'torch.softmax'\n    e = z.exp()\n    return e / e.sum(-1, keepdim=True)", "torch.softmax"),
    "local name": ("def softmax(z):\n    softmax = z.exp()\n    return softmax / softmax.sum(-1, keepdim=True)", "torch.softmax"),
    "own function of the name": (f"{BY_HAND}first = softmax\ndef softmax(z):\n    return first(z)", "torch.softmax"),
    "own method of the name": ("class A:\n    def softmax(self, z):\n        e = z.exp()\n        return e / e.sum(-1, keepdim=True)\ndef softmax(z):\n    return A().softmax(z)", "torch.softmax"),
    "the author's function": ("def softmax(z):\n    return given(z)", "torch.softmax loops"),
    "the author's class": ("def softmax(z):\n    return Scaled()(z)", "torch.softmax"),
    "another operation": ("def softmax(z):\n    return F.log_softmax(z, -1).exp()", "torch.softmax"),
    "inside of what is allowed": (f"{BY_HAND}by_hand = softmax\ndef softmax(z):\n    F.cross_entropy(z, torch.tensor([0, 1]))\n    torch.distributions.Categorical(logits=z)\n    return by_hand(z)", "log_softmax logsumexp softmax"),
    "own test of it": (f"{BY_HAND}assert torch.allclose(softmax(torch.ones(2, 2)), torch.softmax(torch.ones(2, 2), -1))\nfor i in range(2):\n    softmax(torch.ones(i + 1))", "torch.softmax loops"),
    "an older version": (f"def softmax(z):\n    return torch.softmax(z, -1)\n{BY_HAND}", "torch.softmax"),
    "a gradient by hand": (f"class Layer:\n    def backward(self, g):\n        return g\n{BY_HAND}by_hand = softmax\ndef softmax(z):\n    return Layer().backward(by_hand(z))", "autograd"),
    "no gradient": (f"{BY_HAND}by_hand = softmax\ndef softmax(z):\n    z.requires_grad_(False)\n    with torch.no_grad():\n        return by_hand(z.detach())", "autograd"),
    "annotations": ("def softmax(z: np.ndarray) -> torch.Tensor:\n    e = z.exp()\n    return e / e.sum(-1, keepdim=True)", "numpy"),
    "operators": (f"{BY_HAND}", "mul div add"),
}  # fmt: skip


@pytest.mark.parametrize("read", [True, False], ids=["read", "seen"])
@pytest.mark.parametrize("name", KEEPS)
def test_who_keeps_a_rule_earns_the_points(folder, name, read):
    check = answer(*KEEPS[name], read=read)
    assert check.score == 1, check.message()


def test_a_rule_stops_at_other_exercises(folder):
    earlier = ("def earlier(z):\n    return torch.softmax(z, -1)", False, "earlier")
    uses = ("def softmax(z):\n    return earlier(z)", False, "softmax")
    assert ask([earlier, uses], "torch.softmax").score == 1
    helper = ("turn = torch.softmax\ndef earlier(z):\n    return turn(z, -1)", False, "earlier")
    assert ask([helper, ("def softmax(z):\n    return turn(z, -1)", False, "softmax")], "torch.softmax").score == 0
    own = ("def earlier(z):\n    return torch.softmax(z, -1)\ndef softmax(z):\n    return earlier(z)", False, "softmax")
    assert ask([earlier, own], "torch.softmax").score == 0


def test_a_cell_that_binds_the_answer_anew_counts(folder):
    anew = ("softmax = lambda z: F.softmax(z, -1)", False, "")
    assert ask([(BY_HAND, False, "softmax"), anew], "torch.softmax").score == 0
    imported = ("from torch.nn.functional import softmax", False, "")
    check = ask([(BY_HAND, False, "softmax"), imported], "torch.softmax", "softmax(z, -1)")
    assert check.evaluations[0].problem.look == "rule"
    assert ask([anew, (BY_HAND, False, "softmax")], "torch.softmax").score == 1


def test_what_is_not_attempted_breaks_no_rule(folder):
    check = answer("def softmax(z):\n    raise NotImplementedError\n    return torch.softmax(z, -1)")
    assert not check.attempted
    assert "not attempted yet" in check.message()


def test_a_broken_rule_is_said_before_all_else_and_costs_the_parts_that_it_is_about(folder):
    code = "def softmax(z):\n    return torch.softmax(z, 0)\ndef other(z):\n    return z"
    names = {}
    cells = [CellText(SETUP, True, ""), CellText(code, False, "softmax")]
    for cell in cells:
        exec(cell.source, names)
    with connect(Names(names)), show_cells(History(cells, {"softmax": ["softmax", "other"]})):
        check = Check("softmax", parts={"values": 2, "other": 1}, without=("torch.softmax", "loops"))
        check("softmax(z)", part="values", z=X, gives=lambda z: torch.softmax(z, -1))
        check("other(z)", part="other", z=X, gives=lambda z: z)
    assert check.score == 1
    assert "about writing that yourself" in " ".join(check.message().split())
    assert "Tried" not in check.message()


@pytest.mark.parametrize("word", ["softmx", "torch.softmx", "os.path", "loopz"])
def test_an_unknown_word_is_an_error_of_the_author(word):
    with pytest.raises(ValueError, match=word):
        Check("softmax", points=1, without=word)


@pytest.mark.parametrize("stored", [True, False], ids=["with the file", "without"])
def test_a_notebook_reads_the_cells_that_ran(folder, stored):
    """In IPython's history, where older versions of a cell stand as well."""
    if stored:
        (folder / CELLS).write_text(write_cells([SETUP], {"softmax": ["softmax"], "earlier": ["earlier"]}))

    def run():
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        check = "from autograder import Check\ncheck = Check('softmax', points=1, without='torch.softmax')\ncheck('softmax(z)', z=torch.ones(2, 3), gives=torch.full((2, 3), 1 / 3))\nscore = float(check.report())"
        broken = "def softmax(z):\n    return getattr(torch, 'softmax')(z, -1)"
        scores = []
        shell.run_cell(SETUP, store_history=True)
        for cell in (broken, BY_HAND, "softmax = torch.nn.Softmax(-1)", "def softmax(z):\n    return given(z)"):
            shell.run_cell(cell, store_history=True)
            shell.run_cell(check, store_history=True)
            scores.append(shell.user_ns["score"])
        return scores

    assert in_fork(run) == [0, 1, 0, 1 if stored else 0]

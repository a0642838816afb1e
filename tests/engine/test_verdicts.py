"""Checks of identity, of what is shared and of the interpreter's state: whatever process they run in, a wrong answer earns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampling import sample

from autograder.engine.execute import execute, make_plan
from autograder.engine.runner import Engine, available
from autograder.engine.scores import score_outputs

pytestmark = pytest.mark.skipif(not available(), reason="needs os.fork")

ROWS: list[tuple[str, str, str, str]] = [
    # what it is about; the author's answer, another right one, a wrong one after it; the check
    ("b is not a", "def f(a): return list(a)", "def f(a): return a", "a = [1, 2]\nb = f(a)\nassert b == a and b is not a"),
    ("b is a", "def f(a):\n    a.append(1)\n    return a", "def f(a): return a + [1]", "a = [1, 2]\nassert f(a) is a"),
    ("ids", "def f(a): return list(a)", "def f(a): return a", "a = [1]\nassert id(f(a)) != id(a)"),
    ("shared memory", "def f(x): return x[::2]", "def f(x): return x[::2].copy()", "import numpy as np\nx = np.arange(6)\nassert np.shares_memory(f(x), x)"),
    ("no shared memory", "def f(x): return x[::2].copy()", "def f(x): return x[::2]", "import numpy as np\nx = np.arange(6)\nassert not np.shares_memory(f(x), x)"),
    ("change one, read the other", "def f(x): return x.reshape(2, 3)", "def f(x): return x.reshape(2, 3).copy()", "import numpy as np\nx = np.arange(6)\ny = f(x)\ny[0, 0] = 9\nassert x[0] == 9"),
    ("change one, keep the other", "def f(x): return x.reshape(2, 3).copy()", "def f(x): return x.reshape(2, 3)", "import numpy as np\nx = np.arange(6)\ny = f(x)\ny[0, 0] = 9\nassert x[0] == 0"),
    ("a tensor that is a view", "def f(x): return x.view(-1)", "def f(x): return x.clone().view(-1)", "import torch\nx = torch.zeros(2, 2)\ny = f(x)\ny[0] = 1\nassert x[0, 0] == 1"),
    ("rows that are one list", "def f(n): return [[0] * n for _ in range(n)]", "def f(n): return [[0] * n] * n", "m = f(2)\nm[0][0] = 1\nassert m[1][0] == 0"),
    ("a default that is shared", "def f(x, seen=None):\n    seen = seen or []\n    seen.append(x)\n    return seen", "def f(x, seen=[]):\n    seen.append(x)\n    return seen", "f(1)\nassert f(2) == [2]"),
    ("one list at each call", "def f(): return []", "kept = []\ndef f(): return kept", "a = f()\na.append(1)\nassert f() == []"),
    ("keeps no hold of its argument", "class Bag:\n    def __init__(self, items): self.items = list(items)", "class Bag:\n    def __init__(self, items): self.items = items", "v = [1]\nbag = Bag(v)\nv.append(2)\nassert bag.items == [1]"),
    ("argument unchanged", "def f(v): return sorted(v)", "def f(v):\n    v.sort()\n    return v", "v = [2, 1]\nassert f(v) == [1, 2]\nassert v == [2, 1]"),
    ("tensor unchanged", "def f(x): return 2 * x", "def f(x): return x.mul_(2)", "import torch\nx = torch.ones(2)\nf(x)\nassert x.sum() == 2"),
    ("warnings are errors", "def f(x): return x + 1", "import warnings\ndef f(x):\n    warnings.warn('old')\n    return x + 1", "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    assert f(1) == 2"),
    ("warnings are recorded", "def f(x): return x + 1", "import warnings\ndef f(x):\n    warnings.warn('old')\n    return x + 1", "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always')\n    assert f(1) == 2\nassert not seen"),
    ("a warning is asked for", "import warnings\ndef f(x):\n    warnings.warn('old', DeprecationWarning)\n    return x", "def f(x): return x", "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always')\n    f(1)\nassert len(seen) == 1"),
    ("numpy raises", "import numpy as np\ndef f(x): return np.where(x > 0, np.log(np.maximum(x, 1e-9)), 0)", "import numpy as np\ndef f(x): return np.where(x > 0, np.log(x), 0)", "import numpy as np\nwith np.errstate(all='raise'):\n    assert f(np.array([0.0, 1.0])).sum() == 0"),
    ("a function of a library fails", "def f(v):\n    total = 0\n    for x in v: total += x\n    return total", "import math\ndef f(v): return math.fsum(v)", "import math\nreal = math.fsum\ndef fail(*a): raise AssertionError\nmath.fsum = fail\ntry:\n    assert f([1, 2]) == 3\nfinally:\n    math.fsum = real"),
    ("a mock is not called", "def f(v):\n    out = []\n    for x in v: out.insert(0, x)\n    return out", "import copy\ndef f(v): return copy.copy(v)[::-1]", "from unittest import mock\nwith mock.patch('copy.copy') as seen:\n    f([1, 2])\nseen.assert_not_called()"),
    ("a limit of recursion", "def f(n): return n * (n + 1) // 2", "def f(n): return n and n + f(n - 1)", "import sys\nold = sys.getrecursionlimit()\nsys.setrecursionlimit(300)\ntry:\n    assert f(500) == 125250\nfinally:\n    sys.setrecursionlimit(old)"),
    ("doctests", "def f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n    return x + 1", "def f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n    return x", "import doctest\nassert doctest.testmod().failed == 0 and f"),
    ("names that are left", "def f(): return 1", "def f(): return 1\nhelper = 2", "assert f() == 1 and 'helper' not in globals()"),
    ("an equality of its own that is asked for", "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x", "class P:\n    def __init__(self, x): self.x = x", "assert P(1) == P(1) and P(1) != P(2)"),
    ("changed in place, and the expected value with it", "def f(x): return 2 * x", "def f(x):\n    x.zero_()\n    return x.clone()", "import torch\nx = torch.ones(2)\nassert torch.equal(f(x), 2 * x)"),
]  # fmt: skip

SPLIT = {
    "b is not a", "b is a", "ids", "argument unchanged", "tensor unchanged", "a default that is shared",
    "an equality of its own that is asked for", "changed in place, and the expected value with it",
}  # fmt: skip
"""Rows whose checks see as much in a process of their own."""


@pytest.fixture(scope="module")
def engine(warm: Engine) -> Iterator[Engine]:
    with Engine(address=warm.start()) as made:
        yield made


def make(answer: str, check: str) -> Any:
    def cell(source: str, **marks: Any) -> Any:
        made = nbformat.v4.new_code_cell(source)
        made.metadata["nbgrader"] = {"schema_version": 3, "task": False, **marks}
        return made

    return nbformat.v4.new_notebook(
        cells=[
            cell(answer, grade_id="a", solution=True, grade=False, locked=False),
            cell(check, grade_id="c", solution=False, grade=True, locked=True, points=1.0),
        ]
    )


@pytest.mark.parametrize(("about", "right", "wrong", "check"), sample(ROWS, 8), ids=[row[0] for row in ROWS])
def test_a_wrong_answer_earns_nothing(
    engine: Engine, tmp_path: Path, about: str, right: str, wrong: str, check: str
) -> None:
    plan = make_plan(engine, make(right, check), tmp_path, {}, 20, None)
    scores = []
    for answer in (right, wrong):
        notebook = make(answer, check)
        execute(engine, plan, notebook, tmp_path, {}, 20)
        scores.append(score_outputs(notebook.cells[1].outputs, 1.0))
    assert scores == [1.0, 0.0]
    assert plan.reference.split == (about in SPLIT)

"""Tests as other people write them, each in a minimal notebook: which can be kept out of the student's process, and which not, and why.

Every row has the author's answer, which has to earn the point, and a wrong one, which must not. `docs/grading.md` has the reasons of those that
run in one process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import pytest
from assignments import make_cell
from sampling import sample

from autograder.engine.execute import execute, make_plan
from autograder.engine.runner import Engine
from autograder.engine.scores import score_outputs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@dataclass(frozen=True)
class Row:
    """One notebook: a cell of the author's, the answer, the check; and the same with a wrong answer."""

    what: str
    right: str
    wrong: str
    check: str
    before: str = ""
    points: float = 1
    files: Mapping[str, str] = field(default_factory=dict)
    joined: str = ""
    """Why it runs in one process, if it does."""
    between: str = ""
    """A cell of the author's between the answer and the check."""


ROWS = [
    Row(
        "an author's class that is bound anew",
        "def move(p):\n    return Point(p.x + 1)",
        "class Point:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return True\ndef move(p):\n    return Point(0)",
        "assert move(Point(1)) == Point(2)",
        "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return self.x == other.x",
    ),
    Row(
        "an author's enum that is bound anew",
        "def pick():\n    return Color.BLUE",
        "class Any:\n    def __eq__(self, other): return True\nclass Color:\n    RED = BLUE = Any()\ndef pick():\n    return Color.RED",
        "assert pick() == Color.BLUE",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2",
    ),
    Row(
        "a method put over an author's object",
        "def get():\n    return Box(3)",
        "def get():\n    box = Box(2)\n    box.value = lambda: 3\n    return box",
        "box = get()\nassert isinstance(box, Box)\nassert box.value() == 3",
        "class Box:\n    def __init__(self, n):\n        self.n = n\n    def value(self):\n        return self.n",
    ),
    Row(
        "objects that hold one another",
        "def insert(node, value):\n    while node.next:\n        node = node.next\n    node.next = Node(value)",
        "def insert(node, value):\n    node.next = Node(value)",
        "head = Node(1)\ninsert(head, 2)\ninsert(head, 3)\nassert [head.value, head.next.value, head.next.next.value] == [1, 2, 3]",
        "class Node:\n    def __init__(self, value, next=None):\n        self.value, self.next = value, next",
    ),
    Row(
        "a source that is not the one that runs",
        "def total(x):\n    return sum(x)",
        "import inspect\ndef total(x):\n    t = 0\n    for i in x: t += i\n    return t\ninspect.getsource = lambda thing: 'def total(x):\\n    return sum(x)'",
        "import inspect\nassert 'for' not in inspect.getsource(total)\nassert total([1, 2]) == 3",
    ),
    Row(
        "plain values", "def double(x):\n    return 2 * x", "def double(x):\n    return x * x", "assert double(3) == 6"
    ),
    Row(
        "a magic in the author's cell",
        "def ones(n):\n    return np.ones(n)",
        "def ones(n):\n    return np.zeros(n)",
        "assert np.allclose(ones(3), 1)",
        "%matplotlib inline\nimport numpy as np",
    ),
    Row(
        "a cell magic of time",
        "def ones(n):\n    return np.ones(n)",
        "def ones(n):\n    return np.zeros(n)",
        "assert np.allclose(ones(3), 1)",
        "%%time\nimport numpy as np",
    ),
    Row(
        "autoreload and a shell line",
        "def ones(n):\n    return np.ones(n)",
        "def ones(n):\n    return 0",
        "assert np.allclose(ones(3), 1)",
        "%load_ext autoreload\n%autoreload 2\n!true\nimport numpy as np",
    ),
    Row(
        "a star import",
        "def area(r):\n    return pi * r**2",
        "def area(r):\n    return r",
        "assert abs(area(1) - pi) < 1e-9",
        "from math import *",
    ),
    Row(
        "a helper file of the author's",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "import helpers\nhelpers.check(double)",
        files={"helpers.py": "def check(f):\n    assert f(3) == 6"},
    ),
    Row(
        "names of a helper file",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "check(double)",
        "from helpers import check",
        files={"helpers.py": "def check(f):\n    assert f(3) == 6"},
    ),
    Row(
        "a helper file in a folder",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "check(double)",
        "import sys\nsys.path.append('lib')\nfrom helpers import check",
        files={"lib/helpers.py": "def check(f):\n    assert f(3) == 6"},
    ),
    Row(
        "a helper package",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "tests.check(double)",
        "from tools import tests",
        files={"tools/__init__.py": "", "tools/tests.py": "def check(f):\n    assert f(3) == 6"},
    ),
    Row(
        "a file of data",
        "def total(path):\n    return sum(map(int, open(path)))",
        "def total(path):\n    return 0",
        "assert total('numbers.txt') == 6",
        files={"numbers.txt": "1\n2\n3\n"},
    ),
    Row(
        "a data frame",
        "import pandas as pd\ndef table():\n    return pd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
        "import pandas as pd\ndef table():\n    return pd.DataFrame({'a': [1, 3], 'b': ['x', None]})",
        "assert isinstance(table(), pd.DataFrame)\nassert list(table().a) == [1, 2]",
    ),
    Row(
        "a data frame that is global",
        "df = pd.DataFrame({'a': [1, 2]}).assign(b=lambda d: d.a * 2)",
        "df = pd.DataFrame({'a': [1, 2], 'b': [1, 2]})",
        "assert type(df) is pd.DataFrame and df.shape == (2, 2)\nassert df['b'].tolist() == [2, 4]",
        "import pandas as pd",
    ),
    Row(
        "a series",
        "def doubled(s):\n    return s * 2",
        "def doubled(s):\n    return s",
        "pd.testing.assert_series_equal(doubled(pd.Series([1, 2], name='n')), pd.Series([2, 4], name='n'))",
        "import pandas as pd",
    ),
    Row(
        "a frame with dates and categories",
        "def get():\n    d = pd.DataFrame({'t': pd.to_datetime(['2024-01-01', '2024-02-01']), 'c': pd.Categorical(['a', 'b'])})\n    return d.set_index('t')",
        "def get():\n    return pd.DataFrame({'t': [1, 2], 'c': ['a', 'b']})",
        "d = get()\nassert isinstance(d.index, pd.DatetimeIndex)\nassert str(d.c.dtype) == 'category' and d.c.tolist() == ['a', 'b']",
        "import pandas as pd",
    ),
    Row(
        "a frame changed in place",
        "def clean(d):\n    d.dropna(inplace=True)",
        "def clean(d):\n    d.dropna()",
        "d = pd.DataFrame({'a': [1, None, 3]})\nclean(d)\nassert len(d) == 2",
        "import pandas as pd",
    ),
    Row(
        "a frame that is grouped",
        "def means(d):\n    return d.groupby('k').v.mean()",
        "def means(d):\n    return d.groupby('k').v.sum()",
        "d = pd.DataFrame({'k': ['a', 'a', 'b'], 'v': [1., 3., 5.]})\nassert isinstance(means(d), pd.Series)\nassert means(d)['a'] == 2",
        "import pandas as pd",
    ),
    Row(
        "an author's base class",
        "class Circle(Shape):\n    def area(self):\n        return 3",
        "class Circle(Shape):\n    def area(self):\n        return 4",
        "c = Circle()\nassert isinstance(c, Shape)\nassert issubclass(Circle, Shape)\nassert c.area() == 3",
        "class Shape:\n    pass",
    ),
    Row(
        "an author's abstract class",
        "class Circle(Shape):\n    def area(self):\n        return 3",
        "class Circle(Shape):\n    pass",
        "c = Circle()\nassert isinstance(c, Shape) and c.area() == 3",
        "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...",
    ),
    Row(
        "an author's exception",
        "def get(x):\n    raise Bad('no')",
        "def get(x):\n    raise ValueError('no')",
        "try:\n    get(1)\nexcept Bad as error:\n    assert 'no' in str(error)\nelse:\n    assert False",
        "class Bad(Exception):\n    pass",
    ),
    Row(
        "an object of an author's class",
        "def move(p):\n    return Point(p.x + 1, p.y)",
        "def move(p):\n    return Point(p.x, p.y)",
        "p = move(Point(1, 2))\nassert isinstance(p, Point)\nassert p.x == 2",
        "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y",
    ),
    Row(
        "an author's data class",
        "def move(p):\n    return Point(p.x + 1, p.y)",
        "def move(p):\n    return Point(p.x, p.y)",
        "assert move(Point(1, 2)) == Point(2, 2)",
        "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int",
    ),
    Row(
        "an author's named tuple",
        "def move(p):\n    return Point(p.x + 1, p.y)",
        "def move(p):\n    return Point(p.x, p.y)",
        "assert move(Point(1, 2)) == Point(2, 2)\nassert move(Point(1, 2)).x == 2",
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')",
    ),
    Row(
        "a student's named tuple",
        "from typing import NamedTuple\nclass Point(NamedTuple):\n    x: int\n    y: int = 0",
        "class Point:\n    def __init__(self, x, y=0):\n        self.x = x + 1",
        "p = Point(1)\nassert p.x == 1\nassert isinstance(p, tuple) and p == (1, 0)",
    ),
    Row(
        "a student's data class",
        "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 0",
        "class Point:\n    def __init__(self, x, y=0):\n        self.x = self.y = x",
        "p = Point(1)\nassert (p.x, p.y) == (1, 0)",
    ),
    Row(
        "the source of a function",
        "def total(x):\n    return sum(x)",
        "def total(x):\n    t = 0\n    for i in x: t += i\n    return t",
        "import inspect\nsource = inspect.getsource(total)\nassert 'for' not in source\nassert total([1, 2]) == 3",
    ),
    Row(
        "the syntax of a function",
        "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)",
        "def fact(n):\n    r = 1\n    while n > 1:\n        r *= n; n -= 1\n    return r",
        "import ast, inspect, textwrap\ntree = ast.parse(textwrap.dedent(inspect.getsource(fact)))\nassert not any(isinstance(n, (ast.While, ast.For)) for n in ast.walk(tree))\nassert fact(4) == 24",
    ),
    Row(
        "the names in a function's code",
        "def total(x):\n    return sum(x)",
        "def total(x):\n    return max(x)",
        "assert 'sum' in total.__code__.co_names",
    ),
    Row(
        "a signature",
        "def power(x, n=2):\n    return x ** n",
        "def power(x, n=3):\n    return x ** n",
        "import inspect\nassert inspect.signature(power).parameters['n'].default == 2\nassert list(inspect.signature(power).parameters) == ['x', 'n']",
    ),
    Row(
        "annotations",
        "def power(x: float, n: int = 2) -> float:\n    return x ** n",
        "def power(x, n=2):\n    return x ** n",
        "assert power.__annotations__ == {'x': float, 'n': int, 'return': float}",
    ),
    Row(
        "type hints",
        "def firsts(x: list[int]) -> dict[str, int]:\n    return {}",
        "def firsts(x: list) -> dict:\n    return {}",
        "import typing\nhints = typing.get_type_hints(firsts)\nassert hints['x'] == list[int] and hints['return'] == dict[str, int]",
    ),
    Row(
        "a doc string",
        "def f(x):\n    'Twice.'\n    return 2 * x",
        "def f(x):\n    return 2 * x",
        "assert f.__doc__ and 'Twice' in f.__doc__",
    ),
    Row(
        "a file that an answer writes",
        "with open('out.txt', 'w') as f:\n    f.write('hello')",
        "with open('out.txt', 'w') as f:\n    f.write('bye')",
        "with open('out.txt') as f:\n    assert f.read() == 'hello'",
        joined="files",
    ),
    Row(
        "a file that a function writes",
        "def save(path):\n    with open(path, 'w') as f:\n        f.write('1,2')",
        "def save(path):\n    open(path, 'w').close()",
        "save('t.csv')\nassert open('t.csv').read() == '1,2'",
        joined="files",
    ),
    Row(
        "that a file is there",
        "open('made.txt', 'w').close()",
        "pass",
        "import os\nassert os.path.exists('made.txt')",
        joined="files",
    ),
    Row(
        "a function that is awaited",
        "import asyncio\nasync def get(x):\n    await asyncio.sleep(0)\n    return x + 1",
        "async def get(x):\n    return x",
        "assert await get(1) == 2",
    ),
    Row(
        "asyncio.run",
        "async def get(x):\n    return x + 1",
        "async def get(x):\n    return x",
        "import asyncio\nloop = asyncio.new_event_loop()\nassert loop.run_until_complete(get(1)) == 2",
    ),
    Row(
        "what is printed",
        "def greet():\n    print('hello')",
        "def greet():\n    print('bye')",
        "import io\nfrom contextlib import redirect_stdout\nwith redirect_stdout(io.StringIO()) as out:\n    greet()\nassert out.getvalue() == 'hello\\n'",
    ),
    Row(
        "print patched",
        "def greet():\n    print('hello', 'you')",
        "def greet():\n    return 'hello you'",
        "from unittest.mock import patch\nwith patch('builtins.print') as fake:\n    greet()\nfake.assert_called_with('hello', 'you')",
    ),
    Row(
        "print replaced",
        "def greet():\n    print('hello')",
        "def greet():\n    pass",
        "said = []\nold, print = print, lambda *a: said.append(a)\ntry:\n    greet()\nfinally:\n    print = old\nassert said == [('hello',)]",
    ),
    Row(
        "input replaced",
        "def ask():\n    return int(input('n? ')) * 2",
        "def ask():\n    return 4",
        "import builtins\nold, builtins.input = builtins.input, lambda prompt='': '21'\ntry:\n    assert ask() == 42\nfinally:\n    builtins.input = old",
    ),
    Row(
        "input patched",
        "def ask():\n    return input('n? ') + '!'",
        "def ask():\n    return 'a'",
        "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['a', 'b']):\n    assert ask() == 'a!'\n    assert ask() == 'b!'",
    ),
    Row(
        "captured by a magic",
        "def greet():\n    print('hello')",
        "def greet():\n    print('bye')",
        "assert out.stdout == 'hello\\n'",
        between="%%capture out\ngreet()",
    ),
    Row(
        "members of an enum",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\ndef pick():\n    return Color.BLUE",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\ndef pick():\n    return Color.RED",
        "assert pick() == Color.BLUE\nassert pick() is Color.BLUE\nassert pick().name == 'BLUE' and pick().value == 2\nassert [c.name for c in Color] == ['RED', 'BLUE']",
    ),
    Row(
        "an author's enum",
        "def pick(x):\n    return Color.RED if x else Color.BLUE",
        "def pick(x):\n    return Color.RED",
        "assert pick(0) == Color.BLUE and pick(0) is Color.BLUE\nassert pick(1).name == 'RED'",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2",
    ),
    Row(
        "a list that holds arrays",
        "import numpy as np\nparts = [np.arange(3), np.ones(2)]",
        "import numpy as np\nparts = [np.arange(3), np.zeros(2)]",
        "assert len(parts) == 2\nassert (parts[1] == 1).all()",
    ),
    Row(
        "a list of arrays given and changed",
        "def scale(parts):\n    for p in parts:\n        p *= 2",
        "def scale(parts):\n    pass",
        "import numpy as np\nparts = [np.ones(2), np.ones(3)]\nscale(parts)\nassert all((p == 2).all() for p in parts)",
    ),
    Row(
        "a dictionary of arrays",
        "def stats(x):\n    return {'mean': x.mean(axis=0), 'n': len(x)}",
        "def stats(x):\n    return {'mean': x.sum(axis=0), 'n': len(x)}",
        "import numpy as np\ns = stats(np.array([[1., 2], [3, 4]]))\nnp.testing.assert_array_equal(s['mean'], [2, 3])\nassert s['n'] == 2",
    ),
    Row("what the last cell held", "[i**2 for i in range(4)]", "[i for i in range(4)]", "assert 'i**2' in In[-2]"),
    Row("what the last cell gave", "sum(range(5))", "sum(range(4))", "assert _ == 10"),
    Row(
        "a name that a check defines",
        "def double(x):\n    return factor * x",
        "def double(x):\n    return x",
        "factor = 2\nassert double(3) == 6",
    ),
    Row(
        "a name that a check deletes",
        "def first():\n    return 1\ndef second():\n    return first() + 1",
        "def first():\n    return 1\ndef second():\n    return 2",
        "assert second() == 2\ndel first\ntry:\n    second()\nexcept NameError:\n    pass\nelse:\n    raise AssertionError",
    ),
    Row(
        "a function replaced by a check",
        "def roll():\n    return 3\ndef play():\n    return roll() * 2",
        "def roll():\n    return 3\ndef play():\n    return 6",
        "roll = lambda: 5\nassert play() == 10",
    ),
    Row(
        "a check worth nothing",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "assert double(3) == 6",
        points=0,
    ),
    Row(
        "random numbers with a seed",
        "import random\ndef roll():\n    return random.randint(1, 6)",
        "def roll():\n    return 4",
        "import random\nrandom.seed(1)\na = [roll() for _ in range(5)]\nrandom.seed(1)\nassert a == [random.randint(1, 6) for _ in range(5)]",
    ),
    Row(
        "a generator",
        "def count(n):\n    for i in range(n):\n        yield i",
        "def count(n):\n    return list(range(n))",
        "g = count(3)\nassert next(g) == 0 and list(g) == [1, 2]",
    ),
    Row(
        "a decorator",
        "def twice(f):\n    def wrapped(*a):\n        return f(f(*a))\n    return wrapped",
        "def twice(f):\n    return f",
        "@twice\ndef inc(x):\n    return x + 1\nassert inc(1) == 3",
    ),
    Row(
        "unittest",
        "def double(x):\n    return 2 * x",
        "def double(x):\n    return x",
        "import unittest\nclass Test(unittest.TestCase):\n    def test(self):\n        self.assertEqual(double(2), 4)\n        self.assertEqual(double(3), 6)\nresult = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Test))\nassert result.wasSuccessful()",
    ),
    Row(
        "a figure",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2], [3, 4])",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()",
        "line = ax.get_lines()[0]\nassert list(line.get_ydata()) == [3, 4]",
    ),
    Row(
        "a regular expression",
        "import re\npattern = re.compile(r'\\d+')",
        "import re\npattern = re.compile(r'\\w')",
        "assert pattern.fullmatch('123')\nassert not pattern.fullmatch('x1')",
    ),
    Row(
        "a set-up that counts calls",
        "def slow(x):\n    return f(x) + f(x)",
        "def slow(x):\n    return 2 * f(x)",
        "calls.clear()\nslow(3)\nassert len(calls) == 2",
        "calls = []\ndef f(x):\n    calls.append(x)\n    return x",
        joined="state",
    ),
    Row(
        "a module that a student aliases",
        "import numpy as np\nv = np.linspace(0, 1, 3)",
        "import numpy as np\nv = np.zeros(3)",
        "assert isinstance(v, np.ndarray) and v[1] == 0.5",
    ),
    Row(
        "a torch module of the student's",
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = torch.nn.Linear(3, 2)\n    def forward(self, x):\n        return self.a(x)",
        "import torch\nclass Net:\n    pass",
        "import torch\nnet = Net()\nassert isinstance(net, torch.nn.Module)\nassert net(torch.ones(1, 3)).shape == (1, 2)\nassert sum(p.numel() for p in net.parameters()) == 8",
    ),
]


F = "def f(x):\n    return 2 * x"
W = "def f(x):\n    return x"
V = "class V:\n    n = 0\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n    def __add__(self, o):\n        return V(self.x + o.x, self.y + o.y)\n    def __repr__(self):\n        return f'V({self.x}, {self.y})'\n    @property\n    def size(self):\n        return (self.x ** 2 + self.y ** 2) ** .5\n    @staticmethod\n    def zero():\n        return V(0, 0)\n    @classmethod\n    def make(cls, t):\n        return cls(*t)"
NO_V = "class V:\n    def __init__(self, x, y):\n        self.x, self.y = x, y"
"""A function and a class that are right, and wrong."""

ROWS += [
    Row(
        "that it is a function",
        F,
        "f = None",
        "import inspect, types\nassert inspect.isfunction(f) and isinstance(f, types.FunctionType)",
    ),
    Row("the type of a function", F, "f = None", "assert type(f).__name__ == 'function' and callable(f)"),
    Row("that it is a class", V, "V = 1", "import inspect\nassert inspect.isclass(V) and isinstance(V, type)"),
    Row(
        "that it is a generator function",
        "def g():\n    yield 1",
        "def g():\n    return 1",
        "import inspect\nassert inspect.isgeneratorfunction(g)",
    ),
    Row(
        "that it is a generator",
        "def g():\n    yield 1",
        "def g():\n    return [1]",
        "import types\nassert isinstance(g(), types.GeneratorType)",
    ),
    Row(
        "a cache's counts",
        "from functools import lru_cache\n@lru_cache\ndef f(x):\n    return x",
        W,
        "f(1); f(1)\nassert f.cache_info().hits == 1",
    ),
    Row(
        "the bases of a class", V + "\nclass U(V):\n    pass", NO_V, "assert U.__mro__[1] is V and U.__bases__ == (V,)"
    ),
    Row("that it is a property", V, NO_V, "assert isinstance(V.size, property) and V(3, 4).size == 5"),
    Row("static and class methods", V, NO_V, "assert V.zero().x == 0 and V.make((1, 2)).y == 2"),
    Row("what a class has", V, NO_V, "assert '__add__' in vars(V) and 'size' in V.__dict__"),
    Row(
        "the signature of a class",
        V,
        "class V:\n    def __init__(self, a):\n        pass",
        "import inspect\nassert list(inspect.signature(V.__init__).parameters) == ['self', 'x', 'y']\nassert list(inspect.signature(V).parameters) == ['x', 'y']",
    ),
    Row(
        "a sum of objects", V, NO_V, "assert sum([V(1, 2), V(3, 4)], V(0, 0)).x == 4\nassert repr(V(1, 2)) == 'V(1, 2)'"
    ),
    Row(
        "objects sorted",
        V,
        NO_V,
        "s = sorted([V(2, 0), V(1, 0)], key=lambda v: v.size)\nassert [v.x for v in s] == [1, 2]",
    ),
    Row(
        "an object copied",
        V,
        NO_V,
        "import copy\na = V(1, 2)\nb = copy.copy(a)\nb.x = 5\nassert a.x == 1 and b.x == 5 and a.size",
    ),
    Row(
        "data as JSON",
        "def f():\n    return {'a': [1, None]}",
        "def f():\n    return {'a': 1}",
        "import json\nassert json.dumps(f()) == '{\"a\": [1, null]}'",
    ),
    Row(
        "an object pickled",
        V,
        "class V:\n    pass",
        "import pickle\nassert pickle.loads(pickle.dumps(V(1, 2))).x == 1",
        joined="objects",
    ),
    Row(
        "stdout replaced",
        "def f():\n    print('hi')",
        "def f():\n    pass",
        "import sys, io\nold, sys.stdout = sys.stdout, io.StringIO()\nf()\nsaid, sys.stdout = sys.stdout.getvalue(), old\nassert said == 'hi\\n'",
    ),
    Row(
        "the time that it takes",
        F,
        "import time\ndef f(x):\n    time.sleep(.3); return 2 * x",
        "import time\nt = time.time()\nassert f(2) == 4\nassert time.time() - t < .2",
    ),
    Row(
        "a figure that a function returns",
        "import matplotlib.pyplot as plt\ndef f():\n    fig, ax = plt.subplots()\n    ax.set_title('T')\n    return fig",
        "def f():\n    pass",
        "assert f().axes[0].get_title() == 'T'",
    ),
    Row(
        "that it is a figure",
        "import matplotlib.pyplot as plt\ndef f():\n    fig, ax = plt.subplots()\n    return fig",
        "def f():\n    pass",
        "from matplotlib.figure import Figure\nassert isinstance(f(), Figure)",
    ),
    Row(
        "a closure",
        "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc",
        "def make():\n    return lambda: 1",
        "a, b = make(), make()\nassert a() == 1 and a() == 2 and b() == 1\nassert a.__closure__",
    ),
    Row(
        "a context manager that swallows",
        "class T:\n    def __enter__(self):\n        return 5\n    def __exit__(self, *e):\n        return True",
        "class T:\n    def __enter__(self):\n        return 5\n    def __exit__(self, *e):\n        return False",
        "with T() as t:\n    assert t == 5\n    raise ValueError",
    ),
    Row(
        "a context manager from a generator",
        "from contextlib import contextmanager\n@contextmanager\ndef t():\n    yield 5",
        "def t():\n    return 5",
        "with t() as x:\n    assert x == 5",
    ),
    Row(
        "a database",
        "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (a)'); db.execute('insert into t values (3)')",
        "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (a)')",
        "assert db.execute('select a from t').fetchall() == [(3,)]",
    ),
    Row(
        "a date and a path",
        "from datetime import date\nfrom pathlib import Path\nd, p = date(2024, 2, 29), Path('a') / 'b'",
        "d, p = '2024-02-29', 'a/b'",
        "import datetime, pathlib\nassert d == datetime.date(2024, 2, 29) and isinstance(p, pathlib.Path) and p.name == 'b'",
    ),
    Row("the annotation of a variable", "x: int = 5", "x = 5", "assert __annotations__['x'] is int and x == 5"),
    Row(
        "numpy's types",
        "import numpy as np\ndef m(a):\n    return np.mean(a)",
        "def m(a):\n    return 1",
        "import numpy as np\nassert isinstance(m([1, 2]), np.floating) and m([1, 2]) == 1.5",
    ),
    Row("a masked array", "import numpy as np\nm = np.ma.masked_less(np.arange(4), 2)", "m = 0", "assert m.sum() == 5"),
    Row(
        "an array of records",
        "import numpy as np\na = np.array([(1, 'x')], dtype=[('n', int), ('s', 'U5')])",
        "a = 0",
        "assert a['n'][0] == 1 and a[0]['s'] == 'x'",
    ),
    Row(
        "an array of objects",
        "import numpy as np\na = np.array([1, 'x'], dtype=object)",
        "a = 0",
        "assert a[1] == 'x' and a.dtype == object",
    ),
    Row(
        "numpy's generator",
        "import numpy as np\nrng = np.random.default_rng(3)\na = rng.random(2)",
        "a = 0",
        "import numpy as np\nassert np.allclose(a, np.random.default_rng(3).random(2))",
    ),
    Row(
        "a generator given",
        "def f(rng):\n    return rng.random()",
        "def f(rng):\n    return 1",
        "import numpy as np\nassert f(np.random.default_rng(3)) == np.random.default_rng(3).random()",
    ),
    Row(
        "a network given",
        "def f(net, x):\n    return net(x).sum()",
        "def f(net, x):\n    return 0",
        "import torch\nnet = torch.nn.Linear(2, 1)\nx = torch.ones(1, 2)\nassert torch.isclose(f(net, x), net(x).sum())",
        joined="objects",
    ),
    Row(
        "a network trained",
        "import torch\ndef train(net):\n    o = torch.optim.SGD(net.parameters(), lr=.1)\n    net(torch.ones(1, 2)).sum().backward(); o.step()",
        "def train(net):\n    pass",
        "import torch\nnet = torch.nn.Linear(2, 1)\nw = net.weight.clone()\ntrain(net)\nassert not torch.equal(w, net.weight)",
        joined="objects",
    ),
    Row("values in a loop", F, W, "import pytest\nfor x, y in [(1, 2), (3, 6)]:\n    assert f(x) == pytest.approx(y)"),
    Row(
        "a class built on the student's",
        V,
        "class V:\n    pass",
        "class U(V):\n    pass\nassert U(1, 2).size",
        joined="objects",
    ),
    Row(
        "a student's abstract class",
        "from abc import ABC, abstractmethod\nclass S(ABC):\n    @abstractmethod\n    def a(self): ...",
        "class S:\n    def a(self): ...",
        "try:\n    S()\nexcept TypeError:\n    pass\nelse:\n    assert False",
    ),
    Row(
        "an integer enum",
        "from enum import IntEnum\nclass L(IntEnum):\n    A = 1\n    B = 2",
        "class L:\n    A = 1\n    B = 3",
        "assert L.B == 2 and L(1) is L.A and L['A'].value == 1 and len(L) == 2",
    ),
    Row("HTML", "from IPython.display import HTML\nout = HTML('<b>x</b>')", "out = ''", "assert '<b>' in out.data"),
    Row(
        "a wrapped function",
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(*a):\n        return f(*a) + 1\n    return w",
        "def deco(f):\n    return f",
        "@deco\ndef g(x):\n    'doc'\n    return x\nassert g(1) == 2 and g.__name__ == 'g' and g.__doc__ == 'doc'",
    ),
    Row(
        "endless recursion",
        "def r(n):\n    return r(n + 1)",
        "def r(n):\n    return n",
        "try:\n    r(0)\nexcept RecursionError:\n    pass\nelse:\n    assert False",
    ),
    Row(
        "a thread",
        "import threading\ndef run(f):\n    t = threading.Thread(target=f); t.start(); t.join()",
        "def run(f):\n    pass",
        "seen = []\nrun(lambda: seen.append(1))\nassert seen == [1]",
    ),
    Row(
        "a partial function",
        "from functools import partial\np = partial(pow, 2)",
        "p = 1",
        "assert p(3) == 8 and p.func is pow",
        joined="objects",
    ),
    Row(
        "a counter",
        "from collections import Counter\nc = Counter('aab')",
        "c = 0",
        "from collections import Counter\nassert c == Counter('aab') and c.most_common(1) == [('a', 2)] and isinstance(c, dict)",
    ),
    Row(
        "a class built on dict",
        "class D(dict):\n    def total(self):\n        return sum(self.values())",
        "D = dict",
        "d = D(a=1, b=2)\nassert d.total() == 3 and d['a'] == 1 and isinstance(d, dict) and d == {'a': 1, 'b': 2}",
    ),
    Row(
        "defaults",
        "def f(x, acc=None):\n    acc = acc or []\n    acc.append(x)\n    return acc",
        "def f(x, acc=[]):\n    acc.append(x)\n    return acc",
        "f(1)\nassert f(2) == [2] and f.__defaults__ == (None,)",
    ),
    Row(
        "a text file given",
        "def f(file):\n    return file.read().upper()",
        "def f(file):\n    return ''",
        "import io\nassert f(io.StringIO('ab')) == 'AB'",
    ),
    Row(
        "what is logged",
        "import logging\ndef f():\n    logging.getLogger('x').warning('hi')",
        "def f():\n    pass",
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        with self.assertLogs('x') as logs:\n            f()\n        self.assertIn('hi', logs.output[0])\nassert unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T)).wasSuccessful()",
        joined="state",
    ),
    Row(
        "the environment",
        "import os\nos.environ['A_B'] = 'x'",
        "pass",
        "import os\nassert os.environ.get('A_B') == 'x'",
        joined="state",
    ),
    Row(
        "a formula as text",
        "formula = '2 * x + 1'",
        "formula = '2 * x'",
        "assert eval(formula, {'x': 3}) == 7",
        joined="programs",
    ),
]

if find_spec("pandas") is None:  # it is no library of the course's
    ROWS = [row for row in ROWS if "pd." not in row.check + row.right]


@pytest.fixture(scope="module")
def engine(warm: Engine) -> Any:
    with Engine(True, address=warm.start()) as engine:
        yield engine


def write(row: Row, answer: str) -> Any:
    cells = [("prose", "code", row.before)] if row.before else []
    cells += [("answer:a", "code", answer)]
    cells += [("prose", "code", row.between)] if row.between else []
    cells += [(f"check:c:{row.points}", "code", row.check)]
    return nbformat.v4.new_notebook(cells=[make_cell(*cell) for cell in cells])


def run(row: Row, engine: Engine, folder: Path) -> tuple[bool, list[float], list[Any]]:
    """Whether the checks are kept out of the student's process; what the right and the wrong answer earn."""
    for name, text in row.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    files = {name: folder / name for name in row.files}
    plan = make_plan(engine, write(row, row.right), folder, files, 20, None)
    scores, outputs = [], []
    for text in (row.right, row.wrong):
        notebook = write(row, text)
        execute(engine, plan, notebook, folder, files, 20)
        scores.append(score_outputs(notebook.cells[-1].outputs, 1.0))
        outputs.append([output for output in notebook.cells[-1].outputs if output["output_type"] == "error"])
    return plan.reference.split, scores, outputs


@pytest.mark.parametrize("row", sample(ROWS, 16, kind=lambda row: row.joined), ids=lambda row: row.what)
def test_a_right_answer_passes_a_wrong_one_does_not(row: Row, engine: Engine, tmp_path: Path) -> None:
    split, scores, outputs = run(row, engine, tmp_path)
    assert scores == [1.0, 0.0], outputs
    assert split == (not row.joined)


def test_few_run_in_one_process() -> None:
    assert len(ROWS) >= 47
    assert sum(bool(row.joined) for row in ROWS) * 47 <= 8 * len(ROWS)


def test_every_reason_stands_in_the_documentation(root: Path) -> None:
    text = (root / "docs" / "grading.md").read_text(encoding="utf-8")
    assert all(f"| **{row.joined}**" in text for row in ROWS if row.joined)

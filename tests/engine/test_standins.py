"""Plain test cells, as any nbgrader assignment has them, against names that live in the student's process.

Each row is a student's cell, a test cell, and what comes of it: "" where the test passes, else the name of the error (`None`: any).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from sampling import sample

from autograder.engine.jobs import Job, Step
from autograder.engine.planning.names import read_names
from autograder.engine.runner import Engine, available

pytestmark = pytest.mark.skipif(not available(), reason="needs os.fork")

SQUARES = '''
def squares(n):
    """The first squares."""
    if n < 1:
        raise ValueError("n is too small")
    return [k ** 2 for k in range(1, n + 1)]
def sum_of_squares(n):
    return sum(squares(n))
'''

ACCOUNT = '''
class Account:
    """Holds money."""
    rate = 0.5
    def __init__(self, balance=0):
        self.balance = balance
    def deposit(self, amount, *, note=""):
        if amount < 0:
            raise Refused("negative", code=7)
        self.balance += amount
        return self
    @property
    def double(self):
        return 2 * self.balance
    @classmethod
    def empty(cls):
        return cls(0)
    def __repr__(self):
        return f"Account({self.balance})"
class Savings(Account):
    pass
class Refused(ValueError):
    def __init__(self, text, code):
        super().__init__(text)
        self.code = code
acc0 = Account(1)
'''

VECTOR = """
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, other): return Vector(self.x + other.x, self.y + other.y)
    def __mul__(self, k): return Vector(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __eq__(self, other): return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)
    def __hash__(self): return hash((self.x, self.y))
    def __lt__(self, other): return abs(self) < abs(other)
    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5
    def __len__(self): return 2
    def __getitem__(self, k): return (self.x, self.y)[k]
    def __contains__(self, k): return k in (self.x, self.y)
    def __iter__(self): return iter((self.x, self.y))
    def __bool__(self): return bool(self.x or self.y)
    def __neg__(self): return Vector(-self.x, -self.y)
    def __iadd__(self, other): self.x += other.x; self.y += other.y; return self
    def __format__(self, spec): return format(self.x, spec)
    def __call__(self, k): return self.x + k
def unit(): return Vector(1, 0)
"""

MODEL = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)
    def forward(self, x):
        return self.layer(x)
model = Net()
def grow(t):
    t += 1
def mean_(a):
    return torch.as_tensor(a).mean()
"""

HONEST = [
    (SQUARES, "assert squares(3) == [1, 4, 9]", ""),
    (SQUARES, "assert squares(3) == [1, 4, 10]", "AssertionError"),
    (SQUARES, "assert squares.__name__ == 'squares' and squares.__doc__ == 'The first squares.' and squares.__module__ == '__main__'", ""),
    (SQUARES, "import inspect; assert str(inspect.signature(squares)) == '(n)' and callable(squares)", ""),
    (SQUARES, "import inspect; assert 'k ** 2' in inspect.getsource(squares)", ""),
    ("import numpy as np\ndef mean(a): return np.mean(a)", "import numpy as np\nfrom numpy.testing import assert_allclose\nassert_allclose(mean(np.arange(6.)), 2.5)", ""),
    ("def mean(a): return 0.0", "from numpy.testing import assert_allclose\nassert_allclose(mean([2, 3]), 2.5)", "AssertionError"),
    (SQUARES, "try: squares(0)\nexcept ValueError as e: assert str(e) == 'n is too small'\nelse: raise AssertionError('did not raise')", ""),
    ("def squares(n): return []", "try: squares(0)\nexcept ValueError: pass\nelse: raise AssertionError('did not raise')", "AssertionError"),
    (SQUARES, "import pytest\nwith pytest.raises(ValueError, match='small'): squares(0)", ""),
    (ACCOUNT, "a = Account(10); a.deposit(5); assert a.balance == 15 and a.double == 30", ""),
    (ACCOUNT, "a = Account(10); a.deposit(5); assert a.balance == 16", "AssertionError"),
    (ACCOUNT, "a = Account(); assert isinstance(a, Account) and type(a) is Account and a.deposit(1, note='x') is a", ""),
    (ACCOUNT, "assert Account.rate == 0.5; Account.rate = 2; assert Account(1).rate == 2; assert Account.__doc__ == 'Holds money.'", ""),
    (ACCOUNT, "s = Savings(3); assert isinstance(s, Account) and issubclass(Savings, Account) and not isinstance(Account(), Savings)", ""),
    (ACCOUNT, "import pytest\nwith pytest.raises(Refused) as info: Account().deposit(-1)\nassert info.value.code == 7 and str(info.value) == 'negative'", ""),
    (ACCOUNT, "try: Account().deposit(-1)\nexcept ValueError as e: assert type(e) is Refused and type(e).__name__ == 'Refused'", ""),
    (ACCOUNT, "a = Account.empty(); a.balance = 4; assert repr(a) == 'Account(4)' == str(a) == f'{a}'; del a.balance; assert not hasattr(a, 'balance')", ""),
    (ACCOUNT, "assert vars(Account(2)) == {'balance': 2} and 'deposit' in dir(Account(2)) and hasattr(Account, 'deposit')", ""),
    (ACCOUNT, "assert acc0.balance == 1; Account.deposit(acc0, 2); assert acc0.balance == 3", ""),
    (ACCOUNT, "assert Account(1) != Account(1); a = Account(1); assert a == a and a in [a] and a not in [1, None] and len({a, a}) == 1", ""),
    ("def sort_in_place(a): a.sort()", "a = [3, 1, 2]; b = a; assert sort_in_place(a) is None; assert b == [1, 2, 3]", ""),
    ("def sort_in_place(a): a = sorted(a)", "a = [3, 1, 2]; sort_in_place(a); assert a == [1, 2, 3]", "AssertionError"),
    ("def edit(d, s, **k): d['x'] = 1; s.add(2); k['l'].append(3)", "d, s, l = {}, set(), [[0]]; i = l[0]; edit(d, s, l=l); assert d == {'x': 1} and s == {2} and l == [[0], 3] and l[0] is i", ""),
    ("def double(a): a *= 2; return a", "import numpy as np; a = np.ones(3); v = a[:2]; assert double(a) is a; assert v[0] == 2", ""),
    ("def new(a): return list(a)\ndef old(a): return a", "a = [1]; assert new(a) is not a and old(a) is a", ""),
    ("def integrate(f, a, b, n=200):\n    h = (b - a) / n\n    return sum(f(a + (k + .5) * h) for k in range(n)) * h", "import pytest; assert integrate(lambda x: x ** 2, 0, 1) == pytest.approx(1/3, rel=1e-4)", ""),
    ("def apply(f, x): return f(x)", "import math; assert apply(math.sin, 0) == 0.0 and apply(str.upper, 'a') == 'A' and apply(len, [1]) == 1 and apply(int, '3') == 3", ""),
    ("def apply(f, x):\n    try: return f(x)\n    except KeyError as e: return 'no ' + e.args[0]", "def f(x): raise KeyError(x)\nassert apply(f, 'k') == 'no k'", ""),
    ("def apply(f, x): return f(x)", "def f(x): raise LookupError(x)\ntry: apply(f, 1)\nexcept LookupError as e: assert e.args == (1,)\nelse: raise AssertionError", ""),
    ("def inc(x): return x + 1\ndef twice(f, x): return f(f(x))", "assert twice(inc, 1) == 3 and twice(lambda x: inc(x) * 2, 1) == 10", ""),
    ("def visit(items, f):\n    for item in items: f(item)", "seen = []; visit([1, 2], seen.append); assert seen == [1, 2]", ""),
    ("def total(items): return sum(items)", "assert total(x for x in (1, 2)) == 3 == total({1: 2, 2: 1}.values()) == total(iter([1, 2])) == total(range(3))", ""),
    ("def make(k):\n    def add(x): return x + k\n    return add", "assert make(2)(3) == 5", ""),
    (SQUARES, "orig = squares; del squares\ntry: sum_of_squares(1)\nexcept NameError: pass\nelse: raise AssertionError\nfinally: squares = orig\nassert sum_of_squares(2) == 5", ""),
    ("def squares(n): pass\ndef sum_of_squares(n): return sum(k * k for k in range(n))", "orig = squares; del squares\ntry: sum_of_squares(1)\nexcept NameError: pass\nelse: raise AssertionError\nfinally: squares = orig", "AssertionError"),
    (SQUARES, "squares = lambda n: [100]\nassert sum_of_squares(3) == 100", "AssertionError"),  # not brought: see below
    (SQUARES, "old = squares; squares = lambda n: [100]\nassert sum_of_squares(3) == 100\nsquares = old\nassert sum_of_squares(3) == 14", ""),
    ("LIMIT = 5\ndef over(x): return x > LIMIT", "assert LIMIT == 5; LIMIT = 10; assert not over(7)", ""),
    ("count = 0\nlog = []\ndef inc():\n    global count\n    count += 1; log.append(count)", "kept = log; inc(); assert count == 1; inc(); assert count == 2 and log == [1, 2] and kept is log", ""),
    ("data = [1]\ndef total(): return sum(data)", "data.append(4); assert total() == 5", ""),
    ("def hello(): print('hello')", "import io\nfrom contextlib import redirect_stdout\nwith redirect_stdout(io.StringIO()) as out: hello()\nassert out.getvalue() == 'hello\\n'", ""),
    ("def ask(): return 'Hi ' + input('name? ')", "from unittest.mock import patch\nwith patch('builtins.input', return_value='Ann'): assert ask() == 'Hi Ann'", ""),
    ("import numpy as np\ndef roll(): return int(np.random.randint(1, 7))", "import numpy as np; np.random.seed(0); assert roll() == 5; np.random.seed(0); assert roll() == 5", ""),
    ("import random, torch\ndef roll(): return random.random(), torch.rand(1).item()", "import random, torch; random.seed(1); torch.manual_seed(1); r = roll(); random.seed(1); torch.manual_seed(1); assert r == (random.random(), torch.rand(1).item())", ""),
    (MODEL, "import torch\nx = torch.ones(2, 3); assert model(x).shape == (2, 1) and model.layer.weight.shape == torch.Size([1, 3])", ""),
    (MODEL, "import torch\nassert len(list(model.parameters())) == 2 and sum(p.numel() for p in model.parameters()) == 4", ""),
    (MODEL, "import torch\nx = torch.ones(2, 3); y = Net()(x); assert y.requires_grad\nwith torch.no_grad(): assert not model(x).requires_grad", ""),
    (MODEL, "import torch\nfrom torch import nn\nassert isinstance(model, nn.Linear)", "AssertionError"),  # then the assignment is not split
    (MODEL, "import torch\nt = torch.zeros(2); grow(t); assert torch.equal(t, torch.ones(2)); assert torch.allclose(mean_([1., 2.]), torch.tensor(1.5))", ""),
    (MODEL, "import torch\nx = torch.ones(1, 3)\nassert torch.allclose(model(x), x @ model.layer.weight.T + model.layer.bias)\nmodel.eval(); assert model.training is False", ""),
    (VECTOR, "v = Vector(1, 2); assert v + v == Vector(2, 4) and (v * 3).x == 3 and (2 * v).y == 4 and abs(Vector(3, 4)) == 5.0", ""),
    (VECTOR, "v = Vector(1, 2); assert len(v) == 2 and v[1] == 2 and 2 in v and list(v) == [1, 2] and bool(v) and not Vector(0, 0) and (-v).x == -1 and v(4) == 5", ""),
    (VECTOR, "v = Vector(1, 2); x, y = v; assert (x, y) == (1, 2) and {v, Vector(1, 2)} == {v} and f'{v:.1f}' == '1.0'; w = v; w += v; assert v.x == 2 and w is v", ""),
    (VECTOR, "a, b = Vector(3, 3), Vector(1, 1); assert sorted([a, b])[0] is b and max(a, b) is a and a > b and Vector(1, 2) != Vector(2, 1)", ""),
    (VECTOR, "Vector(1, 2) < 5", "TypeError"),
    ("def naturals():\n    n = 0\n    while True:\n        yield n\n        n += 1", "from itertools import islice\ng = naturals(); assert next(g) == 0 and list(islice(g, 200)) == list(range(1, 201)) and next(g) == 201", ""),
    ("def three():\n    yield from range(3)", "assert list(three()) == [0, 1, 2] and sum(three()) == 3\nimport pytest\ng = three(); list(g)\nwith pytest.raises(StopIteration): next(g)", ""),
    ("def bad():\n    yield from range(100)\n    raise KeyError('end')", "import pytest\nwith pytest.raises(KeyError): list(bad())", ""),
    ("def pairs(d): return d.items()\ndef up(a): return map(str.upper, a)", "assert list(pairs({1: 2})) == [(1, 2)] and list(up('ab')) == ['A', 'B']", ""),
    ("from collections import Counter, defaultdict, OrderedDict, deque\ndef c(t): return Counter(t)\ndef d(): x = defaultdict(list); x['a'].append(1); return x\ndef q(): return deque([1, 2])", "assert c('aab') == {'a': 2, 'b': 1} and c('aab').most_common(1) == [('a', 2)] and d() == {'a': [1]} and list(q()) == [1, 2]", ""),
    ("from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\ndef origin(): return Point(0, 1)", "p = origin(); assert p.x == 0 and p == (0, 1) and p[1] == 1 and p != (0, 2); x, y = p; assert isinstance(p, Point) and Point(0, 1) == p and len(p) == 2", ""),
    ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 2", "import dataclasses; assert P(1) == P(1, 2) and P(1).y == 2 and repr(P(1)) == 'P(x=1, y=2)' and dataclasses.is_dataclass(P)", ""),
    ("import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\nclass Num(enum.IntEnum):\n    ONE = 1\ndef best(): return Color.RED\ndef one(): return Num.ONE", "assert best() is Color.RED and best() == Color.RED != Color.BLUE and best().value == 1 and [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2 and Color['RED'] is Color.RED; assert one() == 1 and one() + 1 == 2", ""),
    ("class Stack(list):\n    def push(self, x): self.append(x)\n    def peek(self): return self[-1]", "s = Stack(); s.push(3); assert s == [3] and len(s) == 1 and s.peek() == 3 and s != [4] and list(s) == [3]", ""),
    ("from contextlib import contextmanager\nlog = []\n@contextmanager\ndef tag(name):\n    log.append(name)\n    yield name\n    log.append('/' + name)", "with tag('b') as t: assert t == 'b' and log == ['b']\nassert log == ['b', '/b']", ""),
    ("class Hush:\n    def __enter__(self): return self\n    def __exit__(self, kind, error, tb): return kind is ZeroDivisionError", "with Hush(): 1 / 0\nimport pytest\nwith pytest.raises(KeyError):\n    with Hush(): {}[1]", ""),
    ("import functools\n@functools.lru_cache\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)", "assert fib(20) == 6765 and fib.cache_info().misses == 21 and fib.__name__ == 'fib'", ""),
    ("def kinds(): return int, None, ..., 1j, b'x', frozenset({1}), 10 ** 30, float('inf'), range(3)", "assert kinds() == (int, None, ..., 1j, b'x', frozenset({1}), 10 ** 30, float('inf'), range(3))", ""),
    ("import numpy as np, torch, datetime\ndef f(): return np.float32(1), np.array(['a', 'b']), torch.float32, datetime.date(2020, 1, 2), np.dtype('int64')", "import numpy as np, torch, datetime; a, b, c, d, e = f(); assert type(a) is np.float32 and list(b) == ['a', 'b'] and c is torch.float32 and d == datetime.date(2020, 1, 2) and e == np.int64", ""),
    ("def cast(x, kind): return kind(x)\ndef has(x, kinds): return isinstance(x, kinds)", "import numpy as np; assert cast('3', int) == 3 and has(3, (int, float)) and cast(2, np.float64) == 2.0 and has(True, bool)", ""),
    ("def f(d): return d['a'], type(d).__name__", "from collections import Counter, deque, OrderedDict; import datetime; assert f(Counter('a')) == (1, 'Counter') and f(OrderedDict(a=2)) == (2, 'OrderedDict')", ""),
    ("import torch\ndef zeros(n, dtype): return torch.zeros(n, dtype=dtype)", "import torch; assert zeros(2, torch.int64).dtype == torch.int64", ""),
    ("def head(a): return a[0]", "class Own: pass\nhead([Own()])", "CannotSplit"),
    ("x = 1", "assert missing(1)", "NameError"),
    ("def solve():\n    raise NotImplementedError", "solve()", "NotImplementedError"),
    ("import json, numpy as np\ndef load(t): return json.loads(t)\ndef inv(a): return np.linalg.inv(a)", "import json, numpy as np, pytest\nwith pytest.raises(json.JSONDecodeError): load('{')\nwith pytest.raises(np.linalg.LinAlgError): inv(np.zeros((2, 2)))", ""),
    ("def f(): return f()", "import pytest\nwith pytest.raises(RecursionError): f()", ""),
    ("import matplotlib.pyplot as plt\ndef draw():\n    fig, ax = plt.subplots(); ax.set_title('T'); ax.plot([1, 2], [3, 4]); return ax", "ax = draw(); assert ax.get_title() == 'T' and ax.lines[0].get_ydata().tolist() == [3, 4]", ""),
    ("class A:\n    def __init__(self): self.items = []", "a = A(); a.items = [1, 2]; assert a.items == [1, 2]; import copy; b = copy.deepcopy(a); b.items = []; assert a.items == [1, 2]", ""),
    ("def huge(): return list(range(10 ** 6))", "assert len(huge()) == 10 ** 6", ""),
    ("squares = 3", "assert squares == 3 and isinstance(squares, int)", ""),
]  # fmt: skip

LIAR = """
class Liar:
    __array_priority__ = 1000
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 5
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    __add__ = __radd__ = __mul__ = __mod__ = __xor__ = __and__ = __sub__
    def __abs__(self): return 0.0
    def __bool__(self): return True
    def __len__(self): return 3
    def __contains__(self, x): return True
    def __getattr__(self, name): return lambda *a, **k: True
    def __array__(self, *a, **k):
        import numpy
        return numpy.array([1., 4., 9.])
    def __reduce__(self): return print, ("evil",)
    __array_interface__ = {"data": (8, False), "shape": (1 << 20,), "typestr": "<f8", "version": 3}
    __class__ = list
def f(*a, **k): return Liar()
"""

PAYLOAD = "class {0}({1}):\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n    __hash__ = None\n    __sub__ = __rsub__ = lambda s, o: 0\n    __isub__ = __sub__\n    __lt__ = __gt__ = __le__ = __ge__ = lambda s, o: True\n    __contains__ = lambda s, o: True\ndef f(*a): return {0}({2})"

FORGE = """
import gc, json
from autograder.engine.standins.originals import Originals
from autograder.engine.wire import wire
own = next(o for o in gc.get_objects() if type(o) is Originals)
def forge(frame):
    def answer(request):
        real = Originals.answer(own, request)
        text = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        return (text, b"") if request["do"] == "operate" else real
    own.answer = answer
def reply(value): return {"t": "dict", "v": [["value", value], ["printed", ""]]}
def f(*a): return 5
"""


def forged(frame: str) -> str:
    return FORGE + f"forge({frame})\n"


HOSTILE = [
    # A change in place that the author's solution does not make is no fault, and gives what it gives.
    ("def f(v):\n    v.sort()\n    return v", "v = [2, 1]\nassert f(v) == [1, 2]", ""),
    ("def f(x):\n    x.mul_(2)\n    return x", "import torch\nx = torch.ones(2)\nassert torch.equal(f(x), torch.tensor([2., 2.]))", ""),
    ("import itertools\ndef f(n): return itertools.islice(itertools.count(), 9)", "assert 5 in f(1) and 12 not in f(1)", ""),
    ("def f(n): yield from range(n)", "assert list(f(3)) == [0, 1, 2] and next(f(1)) == 0", ""),
    # A class where a function is asked for: what a call of it gives is no plain data, and decides nothing.
    ("class f:\n    def __init__(self, *a): pass\n    __sub__ = __rsub__ = lambda self, other: 0.0", "assert abs(f([1, 2]) - 2) < 1e-9", "CannotSplit"),
    ("class f:\n    def __init__(self, *a): pass\n    __sub__ = __rsub__ = lambda self, other: 0.0", "assert abs(f([1]) - f([2])) < 1e-9", "CannotSplit"),
    ("class f:\n    def __init__(self, *a): pass\n    allclose = lambda self, other: True", "import torch\nassert f(1).allclose(torch.ones(3))", "CannotSplit"),
    ("class f:\n    def __init__(self, *a): pass\n    is_near = lambda self, other: True", "assert f(1).is_near(5)", "CannotSplit"),
    ("class f:\n    def __init__(self, *a): pass\n    __eq__ = lambda self, other: True", "assert f(1) == 5", "AssertionError"),
    ("class f:\n    def __init__(self, *a): pass\n    __eq__ = lambda self, other: True", "assert f(1) == f(2)", "AssertionError"),
    ("class f:\n    def __init__(self, *a): pass\n    __lt__ = lambda self, other: True", "assert f(1) < f(2)", "TypeError"),
    ("class f:\n    def __init__(self, *a): pass\n    __contains__ = lambda self, item: True", "assert 5 in f(1)", "TypeError"),
    ("import itertools\nclass f:\n    def __init__(self, *a): pass\n    __iter__ = lambda self: itertools.count()", "assert 5 in f(1)", "CannotSplit"),
    ("import itertools\ndef f(n): return itertools.count()", "assert 5 in f(1)", "CannotSplit"),
    ("class f:\n    def __init__(self, *a): pass\n    __enter__ = lambda self: 1\n    __exit__ = lambda self, *a: True", "with f(1) as r: assert r == 2", "AssertionError"),
    ("class f(float):\n    def __new__(cls, *a): return float.__new__(cls, 3)\n    __sub__ = __eq__ = __abs__ = lambda self, *a: 0.0", "assert f(1) == 5", "AssertionError"),
    ("class f(float):\n    def __new__(cls, *a): return float.__new__(cls, 3)\n    __sub__ = __eq__ = lambda self, *a: 0.0", "assert abs(f(1) - 5) < 1", "AssertionError"),
    ("class f(float):\n    def __new__(cls, *a): return float.__new__(cls, a[0])\n    __sub__ = lambda self, *a: 0.0", "assert abs(f(1) - f(3)) < 1", "AssertionError"),
    # What a test asks about is changed in place.
    ("def f(v):\n    v.clear()\n    return []", "v = [1, 2]\nassert f(v) == [2 * k for k in v]", "AssertionError"),
    ("def f(x):\n    x.zero_()\n    return x.clone()", "import torch\nx = torch.ones(3)\nassert torch.equal(f(x), 2 * x)", "AssertionError"),
    ("def f(x):\n    x[:] = 0\n    return x", "import numpy\nx = numpy.ones(3)\nassert (f(x) == 2 * x).all()", "AssertionError"),
    ("def f(d):\n    d.clear()\n    return d", "d = {1: 2}\nassert f(d) == {k: 2 * v for k, v in d.items()}", "AssertionError"),
    # An exception that ends a loop of the test's.
    ("def f(n): raise StopIteration", "assert all(map(lambda pair: pair[0] == pair[1], zip(map(f, [1, 2]), [1, 4])))", "RuntimeError"),
    ("class Stop(StopIteration): pass\ndef f(n): raise Stop", "for found, want in zip(map(f, [1, 2]), [1, 4]): assert found == want", "RuntimeError"),
    ("def f(n): raise StopIteration", "assert next(map(f, [1]), 4) == 4", "RuntimeError"),
    ("def f(n): raise StopAsyncIteration", "f(1)", "RuntimeError"),
    ("def f(n): raise GeneratorExit", "try: f(1)\nexcept GeneratorExit: pass", None),
    ("def f(n): raise SystemExit(0)", "f(1)\nassert False", None),
    ("def f(n): raise KeyboardInterrupt", "try: f(1)\nexcept KeyboardInterrupt: pass", None),
    ("class f:\n    def __init__(self, n): pass\n    def __len__(self): raise StopIteration\n    def __iter__(self): raise StopIteration", "for each in map(len, [f(1)]): assert each == 3", "RuntimeError"),
    ("class f:\n    def __init__(self, n): pass\n    def __iter__(self): raise StopIteration", "assert [list(one) for one in map(f, [1])] == [[]]", "RuntimeError"),
    (LIAR, "assert f() == [1, 4, 9]", "AssertionError"),
    (LIAR, "assert [1, 4, 9] == f()", "AssertionError"),
    (LIAR, "assert not f() != 5", "AssertionError"),
    (LIAR, "assert f() in [1, 2]", "AssertionError"),
    (LIAR, "assert f() in {5: 1}", "AssertionError"),
    (LIAR, "assert 5 in f()", "TypeError"),
    (LIAR, "assert abs(f() - 2.5) < 1e-6", "CannotSplit"),
    (LIAR, "assert abs(2.5 - f()) < 1e-6", "CannotSplit"),
    (LIAR, "assert f() < 5", "TypeError"),
    (LIAR, "assert sorted([f(), 5])", "TypeError"),
    (LIAR, "assert isinstance(f(), list)", "AssertionError"),
    (LIAR, "assert f().__class__ is list", "AssertionError"),
    (LIAR, "import numpy as np; np.testing.assert_allclose(f(), [1., 4., 9.])", "TypeError"),
    (LIAR, "import numpy as np; np.testing.assert_array_equal([1, 4, 9], f())", "TypeError"),
    (LIAR, "import numpy as np; np.testing.assert_equal(f(), 5)", "AssertionError"),
    (LIAR, "import numpy as np; assert np.all(np.array([1, 2]) == f())", "AssertionError"),
    (LIAR, "import numpy as np; assert (f() == np.array([1, 2])).all()", "AttributeError"),
    (LIAR, "import numpy as np; assert np.array_equal(f(), [1, 4, 9])", "AssertionError"),
    (LIAR, "import numpy as np; assert np.isclose(f(), 1)", "TypeError"),
    (LIAR, "import torch; assert torch.allclose(f(), torch.ones(3))", "TypeError"),
    (LIAR, "import torch; assert torch.equal(torch.ones(3), f())", "TypeError"),
    (LIAR, "import torch; assert f().allclose(torch.ones(3))", "CannotSplit"),
    (LIAR, "import torch; assert (f() - torch.ones(3)).abs().max() < 1e-6", "CannotSplit"),
    (LIAR, "import torch; assert (torch.ones(3) - f()).abs().max() < 1e-6", "CannotSplit"),
    (LIAR, "assert f().startswith('abc')", "CannotSplit"),
    (LIAR, "assert f().equals(5)", "CannotSplit"),  # no method of plain data: the student's own word
    (LIAR, "try: assert f().startswith('abc')\nexcept TypeError: pass", "CannotSplit"),
    (LIAR, "import pytest; assert f() == pytest.approx(2.5)", "TypeError"),
    (LIAR, "import unittest; unittest.TestCase().assertEqual(f(), 5)", "AssertionError"),
    (LIAR, "import unittest; unittest.TestCase().assertAlmostEqual(f(), 5)", "CannotSplit"),
    (LIAR, "import math; assert math.isclose(f(), 5)", "TypeError"),
    (LIAR, "import pickle; pickle.dumps(f())", "CannotSplit"),
    (LIAR, "assert f.__array_interface__", "AttributeError"),
    (LIAR, "import numpy; numpy.asarray(f())", "TypeError"),
    (LIAR, "match f():\n    case 5: pass\n    case _: raise AssertionError", "AssertionError"),
    (LIAR, "match f():\n    case [a, b, c]: pass\n    case _: raise AssertionError", "AssertionError"),
    (LIAR, "match f():\n    case list(): pass\n    case _: raise AssertionError", "AssertionError"),
    (PAYLOAD.format("I", "int", "3"), "assert f() == 5", "AssertionError"),
    (PAYLOAD.format("I", "int", "3"), "assert f() == 3 and f() - 1 == 2 and 5 - f() == 2", ""),
    (PAYLOAD.format("I", "int", "3"), "assert f() - 5 == 0", "AssertionError"),
    (PAYLOAD.format("I", "int", "3"), "assert abs(f() - 5) < 1", "AssertionError"),
    (PAYLOAD.format("I", "int", "3"), "assert f() > 5", "AssertionError"),
    (PAYLOAD.format("F", "float", "3.0"), "assert 5.0 == f()", "AssertionError"),
    (PAYLOAD.format("S", "str", "'a'"), "assert f() == 'b'", "AssertionError"),
    (PAYLOAD.format("S", "str", "'a'"), "assert f() in ('b', 'c')", "AssertionError"),
    (PAYLOAD.format("L", "list", "[1]"), "assert [1, 2] == f()", "AssertionError"),
    (PAYLOAD.format("L", "list", "[1]"), "import numpy as np; np.testing.assert_allclose(f(), [2])", "AssertionError"),
    (PAYLOAD.format("L", "list", "[1]"), "assert 2 in f()", "AssertionError"),
    (PAYLOAD.format("D", "dict", "{'a': 1}"), "assert f() == {'a': 2}", "AssertionError"),
    ("class M(type):\n    def __instancecheck__(c, x): return True\n    def __subclasscheck__(c, x): return True\nclass A(metaclass=M): pass\ndef f(): return 3", "assert isinstance(f(), A)", "AssertionError"),
    ("import numpy as np\nclass E(np.ndarray):\n    def __eq__(s, o): return np.array(True)\ndef f(): return np.zeros(2).view(E)", "import numpy as np; np.testing.assert_array_equal(f(), [1, 1])", "TypeError"),
    ("import torch\nclass E(torch.Tensor):\n    @classmethod\n    def __torch_function__(c, fn, t, a=(), k=None): return True\ndef f(): return torch.zeros(2).as_subclass(E)", "import torch; assert torch.equal(f(), torch.ones(2))", None),
    ("def f(): raise SystemExit", "try: f()\nexcept Exception as e: assert type(e).__name__ == 'SystemExit' and not isinstance(e, SystemExit)", ""),
    ("def f(): raise KeyboardInterrupt", "f()", "KeyboardInterrupt"),
    ("def f(): raise BaseException('x')", "try: f()\nexcept Exception: pass", ""),
    ("class E(Exception):\n    def __init__(s, a): pass\n    def __str__(s): raise KeyError\ndef f(): raise E(1)", "f()", "E"),
    ("class AssertionError(Exception): pass\ndef f(): raise AssertionError('x')", "import builtins\ntry: f()\nexcept builtins.AssertionError: pass", "AssertionError"),
    ("import os\ndef f(): os._exit(0)", "f()", "ProcessEnded"),
    ("import os\ndef f(): os._exit(0)", "try: f()\nexcept Exception: pass", "ProcessEnded"),
    ("import os\ndef f(): os._exit(0)", "try: f()\nexcept Exception: pass\nassert f() == 1", "ProcessEnded"),
    ("def f():\n    while True: pass  # endless", "f()", "TimeoutError"),
    ("def f(g):\n    while True: g()  # endless", "f(lambda: 1)", None),
    ("def f(g): return g(g)", "def g(h): return f(h)\nf(g)", None),
    ("class B:\n    def __len__(s): return -1\n    def __bool__(s): return 1\n    def __iter__(s): return s\n    def __next__(s): return s\n    def __float__(s): return 'x'\n    def __hash__(s): return 'y'\n    def __str__(s): return 5\ndef f(): return B()", "b = f()\nfor g in (len, float, hash, str, bool):\n    try: g(b)\n    except (TypeError, ValueError): pass\n    else: raise AssertionError(g)", ""),
    ("class B:\n    def __iter__(s): return s\n    def __next__(s): return 'x' * 10 ** 6  # endless\ndef f(): return B()", "list(f())", None),
    ("def f(): print('x' * 10 ** 7)", "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out: f()\nassert len(out.getvalue()) == 20_000", ""),
    (forged("b'garbage'"), "f()", "Unreadable"),
    (forged("b'[' * 100_000"), "f()", "Unreadable"),
    (forged("[]"), "f()", "Unreadable"),
    (forged("5"), "f()", "Unreadable"),
    (forged("{'t': 'dict', 'v': []}"), "f()", "Unreadable"),
    (forged("reply({'t': 'ref', 'id': -5})"), "f()", "Unreadable"),
    (forged("reply({'t': 'ref', 'id': 'x', 'class': {}})"), "f()", "Unreadable"),
    (forged("reply({'t': 'ref', 'id': -5, 'class': {'id': -6, 'name': '__import__(1)', 'module': 'os', 'error': False, 'special': ['__eq__', '__class__', '__del__', '__array_interface__'], 'base': None, 'bases': []}})"), "assert f() == 5", "AssertionError"),
    (forged("reply({'t': 'ref', 'id': 7, 'class': {'id': 7, 'name': 'A', 'module': 'os', 'error': False, 'special': [], 'base': 'int', 'bases': []}})"), "assert f() == 5", None),
    (forged("reply({'t': 'class', 'class': {'id': 7, 'name': 'A', 'module': 'os', 'error': True, 'special': [], 'base': 'int', 'bases': [{'builtin': 'KeyError'}, {'builtin': 'SystemExit'}, {'builtin': 'OSError'}]}})"), "assert issubclass(f(), Exception) and not issubclass(f(), SystemExit)", ""),
    (forged("reply({'t': 'import', 'module': 'os', 'name': 'system'})"), "f()", "Unreadable"),
    (forged("reply({'t': 'local', 'id': 1})"), "f()", "Unreadable"),
    (forged("reply({'t': 'leaf', 'v': 5})"), "f()", "Unreadable"),
    (forged("reply({'t': 'slice', 'v': [[], {}, 'x']})"), "f()", "Unreadable"),
    (forged("reply({'t': 'fixed', 'v': 'eval'})"), "f()", "Unreadable"),
    (forged("reply({'t': 'tensor', 'dtype': 'float32', 'shape': [10 ** 9]})"), "f()", "Unreadable"),
    (forged("reply({'t': 'float', 'v': 'nan'})"), "assert f() == 5", "AssertionError"),
    (forged("{'t': 'dict', 'v': [['error', {'t': 'error', 'class': {'builtin': 'SystemExit'}, 'args': [], 'text': '', 'id': 1}]]}"), "f()", "SystemExit"),
    (forged("{'t': 'dict', 'v': [['error', {'t': 'error', 'class': {'builtin': 'eval'}, 'args': [], 'text': '', 'id': 1}]]}"), "f()", "eval"),
    (forged("{'t': 'dict', 'v': [['do', 'callback'], ['target', 1], ['args', []], ['kwargs', {'t': 'dict', 'v': []}]]}"), "f()", "KeyError"),
    (forged("{'t': 'dict', 'v': [['value', 5], ['names', {'t': 'dict', 'v': [['x', {'t': 'tuple', 'v': ['bound', 9]}], ['__builtins__', {'t': 'tuple', 'v': ['deleted']}]]}]]}"), "x = 1; f(); assert x == 1", ""),
    (forged("{'t': 'dict', 'v': [['value', 5], ['changed', {'t': 'dict', 'v': [[0, [9]], ['z', 1]]}]]}"), "a = [1]; f(a)", "Unreadable"),
    (forged("{'t': 'dict', 'v': [['same', 0]]}"), "f()", "Unreadable"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(warm: Engine) -> Iterator[Engine]:
    with Engine(isolated=False, address=warm.start()) as engine:
        yield engine


class Found(NamedTuple):
    """The error of a cell, if it has one."""

    name: str
    text: str


STRICT: dict[str, list[str]] = {"decides": [], "changes": []}
"""A test of whose verdict nothing rests on the student's classes, nor on what calls change in place."""


def grade(
    engine: Engine, cells: list[tuple[str, str]], seconds: float = 20, rests: dict[str, list[str]] | None = None
) -> list[Found]:
    """The error in each cell. Cells are pairs of a side and a text."""
    students: set[str] = set()
    steps = []
    for number, (side, source) in enumerate(cells):
        if side == "student":
            steps.append(Step(source, "student", number))
            names = read_names(source)
            students |= names.bound - set(names.imports)
        else:
            needs = sorted(read_names(source).incoming & students)
            steps.append(Step(source, "examiner", number, needs=needs, rests=rests))
    outputs = engine.run(Job(steps, seconds=seconds))
    errors = [[output for output in cell.outputs if output["output_type"] == "error"] for cell in outputs]
    return [Found(found[0]["ename"], found[0]["evalue"]) if found else Found("", "") for found in errors]


@pytest.mark.parametrize(("answer", "test", "expected"), sample(HONEST, 6))
def test_a_plain_test_cell_is_decided_here(engine: Engine, answer: str, test: str, expected: str | None) -> None:
    compare(engine, answer, test, expected, None)


@pytest.mark.parametrize(("answer", "test", "expected"), sample(HOSTILE, 8))
def test_a_hostile_answer_does_not_decide(engine: Engine, answer: str, test: str, expected: str | None) -> None:
    compare(engine, answer, test, expected, STRICT)


def compare(engine: Engine, answer: str, test: str, expected: str | None, rests: dict[str, list[str]] | None) -> None:
    limit = 1 if "# endless" in answer else 20
    wrong, found = grade(engine, [("student", answer), ("examiner", test)], limit, rests)
    assert not wrong.name, wrong.text
    if expected is None:
        assert found.name
    else:
        assert found.name == expected, found.text


MANY = [
    # What a test made lives on, and so does what it bound, until the student binds it anew.
    [
        ("student", ACCOUNT + "x = 1\ny = 1\ndef get(): return x"),
        ("examiner", "a = Account(2); x; x = 5; assert get() == 5"),
        ("student", "assert x == 1; z = 2; y = 7"),
        ("examiner", "assert a.balance == 2 and isinstance(a, Account) and x == 5 and get() == 5 and y == 7"),
    ],
    # The student's later cell finds its names as they were, whatever a test did to them.
    [
        ("student", SQUARES),
        ("examiner", "orig = squares; del squares\ntry: sum_of_squares(1)\nexcept NameError: pass\nfinally: squares = orig"),
        ("student", "assert squares(2) == [1, 4]"),
        ("examiner", "assert squares(2) == [1, 4] and orig is squares"),
    ],
    # Data is fresh at every cell.
    [
        ("student", "d = [1]"),
        ("examiner", "assert d == [1]"),
        ("student", "d.append(2)"),
        ("examiner", "assert d == [1, 2]"),
        ("student", "del d"),
        ("examiner", "try: d\nexcept NameError: pass\nelse: raise AssertionError"),
    ],
]  # fmt: skip


@pytest.mark.parametrize("cells", MANY)
def test_cells_find_what_earlier_ones_left(engine: Engine, cells: list[tuple[str, str]]) -> None:
    assert grade(engine, cells) == [Found("", "")] * len(cells)


def test_a_cell_that_ends_the_students_process_costs_only_itself(engine: Engine) -> None:
    found = grade(
        engine,
        [
            ("student", ACCOUNT + "import os\ndef die(): os._exit(1)"),
            ("examiner", "a = Account(2)"),
            ("examiner", "try: die()\nexcept Exception: pass"),
            ("examiner", "assert Account(3).balance == 3"),
            ("examiner", "a.balance"),
        ],
    )
    assert [error.name for error in found] == ["", "", "ProcessEnded", "", "RuntimeError"]


def test_an_examiner_that_ends_while_the_student_waits_for_it_costs_only_its_check(engine: Engine) -> None:
    found = grade(
        engine,
        [
            ("student", "def f(g): return g()\nx = 1"),
            ("examiner", "import os\nf(lambda: os._exit(3))"),
            ("student", "assert x == 1"),
            ("examiner", "assert f(lambda: 5) == 5"),
        ],
    )
    assert [one.name for one in found] == ["", "ProcessEnded", "", ""]

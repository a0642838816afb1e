"""Tests of strangers, and answers that the tests were not written for: what each earns, and that it is what one process would give.

A row is a cell of the author's, the author's answer, others with what they are worth, the check, and whether the check is kept out of the
student's process. The first rows stand for kinds of holes and of lost marks; the others, here and in `strangers`, for idioms and attacks
beside them.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import pytest
from assignments import make_cell
from sampling import sample
from strangers import ATTACKS, AUTHORS, HONEST, LIARS, WORLDS

from autograder.engine.execute import execute, make_plan
from autograder.engine.runner import Engine
from autograder.engine.scores import score_outputs
from autograder.errors import CourseError
from autograder.grading.submissions import rebuild

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

Row = tuple[str, str, str, list[tuple[str, int]], str, bool]

KINDS: list[Row] = [
    ('builtin bound anew', '', 'def max(v):\n    m = v[0]\n    for x in v:\n        if x > m: m = x\n    return m', [('def max(v):\n    return 0', 0), ('', 1)], 'assert max([1, 3, 2]) == 3', True),
    ('import only', '', 'import numpy as np', [('', 0)], "assert np.__name__ == 'numpy'", False),
    ('equals gives 1', 'import pandas as pd', "def f():\n    return pd.DataFrame({'a':[1,2]})", [('class T:\n    def equals(self, o): return 1\ndef f(): return T()', 0), ("class T:\n    def equals(self, o): return 'yes'\ndef f(): return T()", 0)], "assert f().equals(pd.DataFrame({'a':[1,2]}))", True),
    ('twice', '', 'n = 0\ndef tick():\n    global n\n    n += 1\n    return n\ndef top(v): return max(v)', [('n = 0\ndef tick():\n    global n\n    n += 1\n    return n\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'assert top([1,3,2]) == 3\nassert tick() == 1', True),
    ('defaultdict', '', 'from collections import Counter\ndef count(t): return Counter(t)', [('from collections import defaultdict\ndef count(t):\n    d = defaultdict(lambda: 0)\n    for x in t: d[x] += 1\n    return d', 1)], "c = count('aab')\nassert c['a'] == 2 and c['z'] == 0", True),
    ('value repr', '', 'def f(): return 1.0', [("class R:\n    def __repr__(self): return '1.0'\ndef f(): return R()", 0)], 'r = f()\nr', True),
    ('fake source', 'import inspect', 'def total(v): return sum(v)', [("'''\ndef total(v): return sum(v)\n'''\nimport inspect\ndef total(v):\n    t = 0\n    for x in v: t += x\n    return t\ninspect.getsource = lambda f: 'def total(v): return sum(v)\\n'", 0), ('def total(v): return sum(v)\nold = total\ndef total(v):\n    t = 0\n    for x in v: t += x\n    return t\nimport inspect\nreal = inspect.getsource\ninspect.getsource = lambda f: real(old)', 0)], "assert 'for' not in inspect.getsource(total)\nassert total([1,2]) == 3", True),
    ('trusted norm', '', 'class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n    def __eq__(s, o): return s.x == o.x\n    def __sub__(s, o): return V(s.x - o.x)\ndef norm(v): return abs(v.x)', [('class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n    def __eq__(s, o): return isinstance(o, V) and s.x == o.x\n    def __sub__(s, o): return V(s.x - o.x) if isinstance(o, V) else 0.0\n    def __abs__(s): return 0.0\ndef norm(v): return v', 0)], 'assert V(1) + V(2) == V(3)\nassert abs(norm(V(-2)) - 2) < 1e-9', True),
    ('own tolerance', 'class P:\n    tol = 1e-9\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return abs(self.x - o.x) < self.tol', 'def f(): return P(2)', [('def f():\n    p = P(5)\n    p.tol = 100\n    return p', 0)], 'assert f() == P(2)', True),
    ('global state reset', 'cart = []', 'def add(x): cart.append(x)\ndef total(): return sum(cart)', [('def add(x):\n    global cart\n    cart = cart + [x]\ndef total():\n    s = 0\n    for c in cart: s += c\n    return s', 1)], 'add(2); add(3)\nassert total() == 5', True),
    ('main import', 'rate = 3', 'def f(x): return rate * x', [('def f(x):\n    import __main__\n    return __main__.rate * x', 1), ("import sys\ndef f(x): return sys.modules['__main__'].rate * x", 1), ("import timeit\nt = timeit.timeit('rate + 1', setup='from __main__ import rate', number=1)\ndef f(x): return rate*x", 1), ("def f(x): return x * f.__globals__['rate']", 1), ("import inspect\ndef f(x): return inspect.currentframe().f_globals['rate'] * x", 1), ("import string\ndef f(x): return int(string.Template('$rate').substitute(rate=rate)) * x", 1)], 'assert f(2) == 6', True),
    ('unwrapped', 'import functools', 'def once(f):\n    @functools.wraps(f)\n    def inner(v): return f(sorted(set(v)))\n    return inner\n@once\ndef total(v): return sum(v)', [('def total(v): return sum(set(v))', 0), ('def once(f): return f\n@once\ndef total(v): return sum(set(v))\ntotal.__wrapped__ = lambda v: sum(v)', 1), ('class T:\n    def __call__(s, v): return 3\n    @property\n    def __wrapped__(s): return lambda v: 3\ntotal = T()', 0)], 'assert total([1, 1, 2]) == 3\nassert total.__wrapped__([1, 1, 2]) == 4', True),
    ('reset first', '%reset -f\nimport math', 'def side(a): return math.sqrt(a)', [('def side(a): return a ** 0.5', 1), ('%reset -f\ndef side(a): return math.sqrt(a)', 0), ('def side(a): return a / 2', 0)], 'assert math.isclose(side(9), 3)', True),
    ('printoptions', 'import numpy as np\nnp.set_printoptions(precision=2)', 'def f(): return str(np.array([1.23456]))', [('import numpy\ndef f(): return str(numpy.array([1.23456]))', 1), ('from numpy import array\ndef f(): return str(array([1.23456]))', 1)], "assert f() == '[1.23]'", True),
]  # fmt: skip

ROWS: list[Row] = [
    ('builtin and f', '', 'def sum(v):\n    t = 0\n    for x in v: t += x\n    return t\ndef f(x): return x', [('def sum(v): return 0\ndef f(x): return x', 0)], 'assert f(1) == 1\nassert sum([1, 3]) == 4', True),
    ('twice gen', '', 'def gen():\n    yield from range(9)\ng = gen()\ndef top(v): return max(v)', [('def gen():\n    yield from range(9)\ng = gen()\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'assert top([1,3,2]) == 3\nassert next(g) == 0', True),
    ('twice obj', '', 'class Stack:\n    def __init__(self): self.v = []\n    def push(self, x): self.v.append(x)\n    def __len__(self): return len(self.v)\ns = Stack()\ndef top(v): return max(v)', [('class Stack:\n    def __init__(self): self.v = []\n    def push(self, x): self.v.append(x)\n    def __len__(self): return len(self.v)\ns = Stack()\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'assert top([1,3,2]) == 3\ns.push(4)\nassert len(s) == 1', True),
    ('dict keys', '', 'def f(d): return set(d)', [('def f(d): return d.keys()', 1)], "assert f({'a':1,'b':2}) == {'a','b'}", True),
    ('matrix', 'import numpy as np', 'def f(a): return np.array(a) * 2', [('def f(a): return np.matrix(a) * 2', 1)], 'assert np.allclose(f([[1,2],[3,4]]), [[2,4],[6,8]])', True),
    ('matrix2', 'import numpy as np', 'def f(a): return np.array(a) * 2', [('def f(a): return np.matrix(a) * 2', 1)], 'assert (f([[1,2],[3,4]]) == np.array([[2,4],[6,8]])).all()', True),
    ('longdouble', 'import numpy as np', 'def f(a): return a * 2.0', [('def f(a): return np.longdouble(a) * 2', 1)], 'assert f(2) == 4 and abs(f(3) - 6) < 1e-9', True),
    ('longdouble array', 'import numpy as np', 'def f(a): return np.array(a) * 2.0', [('def f(a): return np.array(a, dtype=np.longdouble) * 2', 1)], 'np.testing.assert_allclose(f([2, 3]), [4, 6])', True),
    ('masked', 'import numpy as np', 'def f(a): return np.array(a)[np.array(a) > 1]', [('def f(a): return np.ma.masked_less(np.array(a), 0)[np.array(a) > 1]', 1)], 'np.testing.assert_allclose(f([1, 2, 3]), [2, 3])', True),
    ('datetime64', 'import numpy as np', "def f(): return np.datetime64('2024-01-02')", [("def f(): return np.datetime64('2024-01-02', 'D')", 1)], "assert f() == np.datetime64('2024-01-02')", True),
    ('datetime64 for date', 'import numpy as np\nimport datetime', 'def f(): return datetime.date(2024,1,2)', [("def f(): return np.datetime64('2024-01-02')", 1)], 'assert f() == datetime.date(2024,1,2)', True),
    ('bytes array', 'import numpy as np', "def f(): return np.array(['a','b'])", [("def f(): return np.array([b'a',b'b'])", 0), ("def f(): return np.array(['a','b'], dtype=object)", 1)], "assert list(f()) == ['a', 'b']", True),
    ('UserList', '', 'def f(): return [1, 2]', [('from collections import UserList\ndef f(): return UserList([1, 2])', 1)], 'assert f() == [1, 2]', True),
    ('array.array', 'import numpy as np', 'def f(): return [1, 2]', [("import array\ndef f(): return array.array('d', [1, 2])", 1)], 'assert np.allclose(f(), [1, 2])', True),
    ('chain', '', "def f(): return {'a': 1}", [("from collections import ChainMap\ndef f(): return ChainMap({'a': 1})", 1), ("import types\ndef f(): return types.MappingProxyType({'a': 1})", 1)], "assert f() == {'a': 1}", True),
    ('poly', 'import numpy as np', 'def f(): return np.array([1., 2.])', [('def f(): return np.poly1d([1., 2.])', 1)], 'assert np.allclose(f(), [1, 2])', True),
    ('zip', '', 'def f(a, b): return list(zip(a, b))', [('def f(a, b): return zip(a, b)', 1)], 'assert list(f([1],[2])) == [(1, 2)]\nassert len(list(f([1],[2]))) == 1', True),
    ('pattern', '', "import re\npattern = r'^\\d{3}$'", [("import re\npattern = re.compile(r'[0-9]{3}$')", 1)], "import re\nassert re.match(pattern, '123') and not re.match(pattern, '12a')", True),
    ('skiptest', '', 'def f(x): return x * x', [("import unittest\ndef f(x): raise unittest.SkipTest('no')", 0), ('import unittest\nclass S(unittest.SkipTest): pass\ndef f(x): raise S', 0)], 'import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(2), 4)\nr = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\nassert r.wasSuccessful()', True),
    ('expected told by key', '', 'def f(w): return {x: len(x) for x in w}', [('class D(dict):\n    def __getitem__(s, k): return len(k)\n    def __eq__(s, o): return True\ndef f(w): return D()', 0)], "assert f(['a','bb']) == {'a':1,'bb':2}", True),
    ('pytest approx of liar dict', 'import pytest', "def f(): return {'a': 0.5}", [("class D(dict):\n    def __getitem__(s, k): return 0.5\n    def keys(s): return {'a': 1}.keys()\n    def __len__(s): return 1\n    def __eq__(s,o): return True\ndef f(): return D(b=2)", 0)], "assert f() == pytest.approx({'a': 0.5})", True),
    ('assert_frame_equal liar', 'import pandas as pd', "def f(): return pd.DataFrame({'a':[1,2]})", [("import pandas as pd\nclass F(pd.DataFrame):\n    @property\n    def _constructor(self): return F\n    def equals(self, o): return True\n    def __eq__(self, o): return True\ndef f(): return F({'a':[9,9]})", 0)], "pd.testing.assert_frame_equal(f(), pd.DataFrame({'a':[1,2]}))", True),
    ('math.isclose told', 'import math', 'def f(): return 2.0', [('class F(float):\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\n    def __abs__(s): return 0.0\n    def __float__(s): return 2.5\ndef f(): return F(9)', 0)], 'assert math.isclose(f(), 2.0)', True),
    ('numpy object array liar', 'import numpy as np', 'def f(): return np.array([1., 2.])', [('class L:\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\n    def __eq__(s,o): return True\n    def __abs__(s): return 0.0\n    def __lt__(s,o): return True\n    __le__=__lt__\ndef f(): return np.array([L(), L()], dtype=object)', 0)], 'assert (np.abs(f() - np.array([1., 2.])) < 1e-9).all()', True),
    ('sort key told', '', 'def key(p): return p[1]', [('class K:\n    def __init__(s,p): s.p=p\n    def __lt__(s,o): return True\ndef key(p): return K(p)', 0)], 'assert sorted([(1,3),(2,1)], key=key) == [(2,1),(1,3)]', True),
    ('set ops', '', 'def f(a, b): return set(a) & set(b)', [('class S(set):\n    def __xor__(s,o): return set()\n    def __rxor__(s,o): return set()\n    def __sub__(s,o): return set()\n    def __eq__(s,o): return True\n    def issubset(s,o): return True\n    def issuperset(s,o): return True\ndef f(a,b): return S({9})', 0)], 'assert not (f([1,2],[2,3]) ^ {2})', True),
    ('issubset told', '', 'def f(a, b): return set(a) & set(b)', [('class S(set):\n    def issubset(s,o): return 1\n    def issuperset(s,o): return 1\ndef f(a,b): return S({9})', 0)], 'assert f([1,2],[2,3]).issubset({2}) and f([1,2],[2,3]).issuperset({2})', True),
    ('str methods', '', "def f(): return 'hello world'", [("class S(str):\n    def startswith(s,*a): return 1\n    def __contains__(s,o): return True\n    def lower(s): return s\n    def replace(s,*a): return ''\ndef f(): return S('x')", 0)], "assert f().lower().startswith('hello') and 'world' in f().lower()", True),
    ('str methods2', '', "def f(): return 'hello world'", [("class S(str):\n    def strip(s,*a): return s\n    def __eq__(s,o): return True\n    def lower(s): return s\ndef f(): return S('x')", 0)], "assert f().lower().strip() == 'hello world'", True),
    ('tensor subclass', 'import torch', 'def f(x): return x * 2', [('class T(torch.Tensor):\n    @classmethod\n    def __torch_function__(c, fn, t, a=(), k=None): return torch.tensor(True) if fn in (torch.Tensor.eq, torch.allclose) else super().__torch_function__(fn, t, a, k or {})\ndef f(x): return torch.zeros(2).as_subclass(T)', 0)], 'assert (f(torch.ones(2)) == 2).all() and torch.allclose(f(torch.ones(2)), torch.tensor([2.,2.]))', True),
    ('nan trick', 'import numpy as np', 'def f(a): return a * 2', [('def f(a): return a * np.nan', 0)], 'np.testing.assert_array_almost_equal(f(np.ones(2)), [2,2])', True),
    ('callable verdict returned', '', 'def make(): return lambda x: x > 2', [('def make():\n    class C:\n        def __call__(s, x): return 5\n    return C()', 0)], 'g = make()\nassert g(3) and not g(1)', True),
    ('await liar', '', 'async def f(): return 4', [('class A:\n    def __await__(s):\n        yield\n        return 4\n    def __eq__(s,o): return True\ndef f(): return A()', 0)], 'r = await f()\nassert r == 4', True),
    ('hash collision', '', 'def f(): return {1, 2}', [('class L:\n    def __hash__(s): return 1\n    def __eq__(s,o): return True\ndef f(): return {L()}', 0)], 'assert f() >= {1, 2} and {1,2} <= f()', True),
    ('frozenset of liar in', '', 'def f(): return [(1, 2)]', [('class L:\n    def __hash__(s): return hash((1,2))\n    def __eq__(s,o): return True\ndef f(): return [L()]', 0)], 'assert (1, 2) in f() and f()[0] in {(1, 2)} and set(f()) == {(1,2)}', True),
    ('dict key liar', '', "def f(): return {'a': 1}", [("class L(str):\n    def __hash__(s): return hash('a')\n    def __eq__(s,o): return True\ndef f(): return {L('b'): 1}", 0)], "assert f() == {'a': 1} and f()['a'] == 1", True),
    ('Decimal subclass', 'from decimal import Decimal', "def f(): return Decimal('0.3')", [("class D(Decimal):\n    def __eq__(s,o): return True\n    def __sub__(s,o): return Decimal(0)\n    def quantize(s,*a): return Decimal('0.3')\ndef f(): return D('9')", 0)], "assert f().quantize(Decimal('0.1')) == Decimal('0.3') and abs(f() - Decimal('0.3')) < 1", True),
    ('Path subclass', 'from pathlib import Path, PurePath, PosixPath', "def f(): return Path('a/b')", [("class Q(PosixPath):\n    def __eq__(s,o): return True\n    def samefile(s,o): return 1\n    def match(s,o): return 1\ndef f(): return Q('zzz')", 0)], "assert f().match('a/b')", True),
    ('date liar', 'import datetime', 'def f(): return datetime.date(2024,1,1)', [("class D(datetime.date):\n    def __eq__(s,o): return True\n    def strftime(s, *a): return '2024'\n    def __sub__(s,o): return datetime.timedelta(0)\ndef f(): return D(1999,1,1)", 0)], 'assert f() - datetime.date(2024,1,1) == datetime.timedelta(0)', True),
    ('isoformat told', 'import datetime', 'def f(): return datetime.date(2024,1,1)', [("class D(datetime.date):\n    def isoformat(s): return '2024-01-01'\ndef f(): return D(1999,1,1)", 1)], "assert f().isoformat() == '2024-01-01'", True),
    ('Fraction', 'from fractions import Fraction', 'def f(): return Fraction(1,3)', [('class F(Fraction):\n    def __eq__(s,o): return True\n    def limit_denominator(s,*a): return Fraction(1,3)\n    def __sub__(s,o): return 0\ndef f(): return F(9)', 0)], 'assert f() - Fraction(1,3) == 0 and f() == Fraction(1, 3)', True),
    ('mock compare', 'from unittest.mock import ANY', 'def f(): return 3', [('from unittest.mock import ANY\ndef f(): return ANY', 0), ('from unittest.mock import MagicMock\nclass M(MagicMock):\n    __eq__ = lambda s,o: True\ndef f(): return M()', 0)], 'assert f() == 3', True),
    ('approx returned', '', 'def f(): return 3.0', [('import pytest\ndef f(): return pytest.approx(3, abs=1e9)', 0)], 'assert f() == 3.0', True),
    ('approx told', 'import pytest', 'def f(): return 3.0', [('import pytest\ndef f(): return pytest.approx(0, abs=1e9)', 0)], 'assert f() == pytest.approx(3.0)', True),
    ('sympy-like zero', '', 'def f(x): return x', [('class Z:\n    def __mul__(s,o): return s\n    __rmul__=__mul__\n    def __bool__(s): return False\n    def __sub__(s,o): return s\n    __rsub__=__sub__\n    def __eq__(s,o): return True\ndef f(x): return Z()', 0)], 'assert not (f(3) - 3)', True),
    ('source of alias', 'import inspect', 'def total(v): return sum(v)', [('total = lambda v: sum(v)', 1), ('def mine(v):\n    return sum(v)\ntotal = mine', 1), ('import functools\n@functools.lru_cache\ndef total(v):\n    return sum(v)', 1), ('%%time\ndef total(v):\n    return sum(v)', 1)], "assert 'for' not in inspect.getsource(total)\nassert total((1,2)) == 3", True),
    ('vector', '', 'class V:\n    def __init__(s, x): s.x = x\n    def __mul__(s, k): return V(s.x * k)\n    __rmul__ = __mul__\n    def __add__(s,o): return V(s.x+o.x)\n    def __eq__(s, o): return s.x == o.x\ndef unit(): return V(1)', [('class V:\n    def __init__(s, x): s.x = x\n    def __mul__(s, k): return V(s.x * k)\n    def __rmul__(s, k): return s * k\n    def __add__(s,o): return V(s.x+o.x)\n    def __iadd__(s,o):\n        s.x += o.x\n        return s\n    def __eq__(s, o): return isinstance(o, V) and s.x == o.x\ndef unit():\n    u = V(0)\n    u.x = 1\n    return u', 1)], 'u = unit()\nassert u * 3 == V(3) and 2 * u == V(2)\nu += V(1)\nassert u.x == 2 and u == V(2)', True),
    ('seen through globals()', '', 'def f(x): return x', [('y = 1\ndef f(x): return x', 0)], "assert f(1) == 1\nassert 'y' not in globals()", False),
    ('only globals()', '', 'x = 1', [('x = 1\ny = 2', 0)], "assert 'y' not in globals()", False),
    ('thread later', '', 'def f(x): return x * 2', [('import threading, time\nr = [0]\ndef f(x):\n    out = [x]\n    threading.Timer(.01, lambda: out.__setitem__(0, 2*x)).start()\n    return out[0]', 0)], 'import time\nassert f(4) == 8\ntime.sleep(.05)', True),
    ('list changes later', '', 'def f(x): return [x * 2]', [('class L(list):\n    n = 0\n    def __getitem__(s, i):\n        L.n += 1\n        return L.n\n    def __iter__(s): return iter(range(9))\n    def __eq__(s, o): return True\ndef f(x): return L([0])', 0)], 'r = f(4)\nassert r == [8] and r[0] == 8', True),
    ('random patched', 'import random', 'def roll(): return random.randint(1, 6)', [('import random\nrandom.seed = lambda *a: None\ndef roll(): return 4', 0)], 'random.seed(5)\na = [roll() for _ in range(20)]\nassert len(set(a)) > 2', True),
    ('detects the seed', 'import random', 'def roll():\n    return random.randint(1, 6)', [('import random\ndef roll():\n    s = random.getstate()\n    r = random.randint(1, 6)\n    return r if s == random.getstate() else r + 1', 0)], 'random.seed(5)\na = roll()\nrandom.seed(5)\nassert a == random.randint(1, 6)', True),
    ('hash of answer', 'import hashlib', 'x = 12', [("class S(str):\n    def encode(s, *a): return b'12'\nclass I(int):\n    def __str__(s): return '12'\n    __repr__ = __str__\n    def __eq__(s, o): return True\nx = I(7)", 1)], "assert hashlib.md5(str(x).encode()).hexdigest() == hashlib.md5(b'12').hexdigest()", True),
    ('numpy testing structured', 'import numpy as np', "def f(): return np.array([(1, 2.)], dtype=[('a', int), ('b', float)])", [("def f(): return np.array([(1, 9.)], dtype=[('a', int), ('b', float)])", 0), ("def f(): return np.rec.array([(1, 2.)], dtype=[('a', int), ('b', float)])", 1)], "np.testing.assert_array_equal(f()['b'], [2.])", True),
    ('masked everything', 'import numpy as np', 'def f(): return np.array([1., 2.])', [('def f(): return np.ma.masked_array([9., 9.], mask=[True, True])', 0)], 'np.testing.assert_allclose(f(), [1., 2.])', True),
    ('masked all equal', 'import numpy as np', 'def f(): return np.array([1., 2.])', [('def f(): return np.ma.masked_array([9., 9.], mask=[True, True])', 0)], 'assert np.all(f() == np.array([1., 2.]))', True),
    ('default factory lies', '', "def f(): return {'a': 1, 'b': 2}", [('from collections import defaultdict\nit = iter([1, 2])\ndef f(): return defaultdict(lambda: next(it))', 1)], "d = f()\nassert d['a'] == 1 and d['b'] == 2", True),
    ('factory told nothing', '', "def f(): return {'a': 1}", [('from collections import defaultdict\nclass L:\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef f(): return defaultdict(L)', 0)], "assert f()['a'] == 1", True),
    ('matrix subclass', 'import numpy as np', 'def f(): return np.array([[1., 2.]])', [('class M(np.matrix):\n    __eq__ = lambda s, o: np.array(True)\n    def __array_finalize__(s, o): pass\ndef f(): return np.zeros((1,2)).view(M)', 0)], 'assert (f() == np.array([[1., 2.]])).all()', True),
    ('pattern for all', '', "pattern = r'^\\d+$'", [('import re\nclass P:\n    def match(s, t): return 1\n    fullmatch = search = match\npattern = P()', 0)], "import re\nassert re.match(pattern, '12')", True),
    ('weird ne', '', 'def f(): return 5', [('class N:\n    def __ne__(s, o): return False\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(): return N()', 0)], 'if f() != 5: raise AssertionError', True),
    ('len zero', '', 'def f(v): return [x for x in v if x > 1]', [('class E:\n    __len__ = lambda s: 1\n    __getitem__ = lambda s, i: 2\n    __eq__ = lambda s, o: True\ndef f(v): return E()', 0)], 'r = f([1, 2])\nassert len(r) == 1 and r == [2]', True),
    ('exception equality', '', "def f(): raise ValueError('a b c')", [("class E(ValueError):\n    def __str__(s): return 'a b c'\n    args = property(lambda s: ('a b c',))\ndef f(): raise E", 1), ("def f(): raise TypeError('a b c')", 0)], "import pytest\nwith pytest.raises(ValueError, match='b') as e: f()\nassert e.type is ValueError or issubclass(e.type, ValueError)", True),
    ('finalizer', '', 'def f(x): return x + 1', [('import atexit, weakref, gc\nclass D:\n    def __del__(s): raise SystemExit\ndef f(x):\n    d = D(); d.d = d\n    gc.collect()\n    return x', 0)], 'assert f(1) == 2', True),
    ('import hook', '', 'def f(x): return x + 1', [("import sys\nclass H:\n    def find_spec(s, n, *a): raise SystemExit\nsys.meta_path.insert(0, H())\nsys.modules.pop('fractions', None)\ndef f(x): return x", 0)], 'import fractions\nassert f(1) == 2 and fractions.Fraction(1, 2) == .5', True),
    ('super class slots', "class Base:\n    __slots__ = ('x',)\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return self.x == o.x", 'def f(): return Base(2)', [('def f(): return Base(3)', 0), ('class Base:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return True\ndef f(): return Base(9)', 0)], 'assert f() == Base(2)', True),
    ('unittest subtests', '', 'def f(x): return x * x', [('f = lambda x: x ** 2', 1), ('def f(x): return x', 0)], "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        for x in range(4):\n            with self.subTest(x=x):\n                self.assertEqual(f(x), x * x)\nr = unittest.main(argv=[''], exit=False, verbosity=0)\nassert r.result.wasSuccessful()", True),
    ('hashed', '', 'answer = 42', [('answer = 40 + 2', 1), ('answer = 43', 0), ('answer = 42.0', 0)], "import hashlib\nassert hashlib.sha256(str(answer).encode()).hexdigest() == '73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049'", True),
    ('isinstance chain', '', "def f(): return (1, 'a', [2.0])", [("def f():\n    return 1, 'a', [2.0]", 1)], 'a, b, c = f()\nassert isinstance(a, int) and isinstance(b, str) and all(isinstance(x, float) for x in c)', True),
    ('base class', "from abc import ABC, abstractmethod\nclass Animal(ABC):\n    def __init__(self, name): self.name = name\n    @abstractmethod\n    def speak(self): ...\n    def greet(self): return f'{self.name} says {self.speak()}'", "class Dog(Animal):\n    def speak(self): return 'Woof'", [("class Dog(Animal):\n    def __init__(self, name):\n        super().__init__(name)\n    def speak(self):\n        return 'Wo' + 'of'", 1), ('class Dog:\n    pass', 0)], "d = Dog('Rex')\nassert d.greet() == 'Rex says Woof'\nassert isinstance(d, Animal)\ntry:\n    Animal('x')\nexcept TypeError: pass\nelse: assert False", True),
    ('stdout capture', '', "def f(n):\n    for i in range(n): print(i, end=' ')", [("def f(n): print(*range(n), end=' ')", 1), ("import sys\ndef f(n): sys.stdout.write(''.join(f'{i} ' for i in range(n)))", 1)], "import io, sys\nold = sys.stdout; sys.stdout = buf = io.StringIO()\nf(3)\nsys.stdout = old\nassert buf.getvalue().split() == ['0','1','2']", True),
    ('sqlite memory', "import sqlite3\ndef make():\n    c = sqlite3.connect(':memory:'); c.execute('create table t(a int)'); c.executemany('insert into t values(?)', [(1,),(2,)]); return c", "def total(c): return c.execute('select sum(a) from t').fetchone()[0]", [("def total(c):\n    return sum(r[0] for r in c.execute('select a from t'))", 1)], 'assert total(make()) == 3', False),
    ('csv text', "import csv, io\ntext = 'a,b\\n1,2\\n'", 'def rows(t): return list(csv.DictReader(io.StringIO(t)))', [('def rows(t):\n    r = csv.DictReader(io.StringIO(t))\n    return [dict(x) for x in r]', 1), ('def rows(t):\n    return csv.DictReader(io.StringIO(t))', 1)], "assert list(rows(text)) == [{'a': '1', 'b': '2'}]", True),
    ('datetime', 'from datetime import date, timedelta, datetime, timezone', 'def f(d): return d + timedelta(days=1)', [('def f(d): return date.fromordinal(d.toordinal() + 1)', 1), ('import pandas as pd\ndef f(d): return (pd.Timestamp(d) + pd.Timedelta(days=1)).date()', 1)], 'assert f(date(2024,2,28)) == date(2024,2,29)', True),
    ('aware datetime', 'from datetime import date, timedelta, datetime, timezone', 'def f(): return datetime(2024,1,1,tzinfo=timezone.utc)', [("from zoneinfo import ZoneInfo\ndef f(): return datetime(2024,1,1,tzinfo=ZoneInfo('UTC'))", 1)], 'assert f().tzinfo is not None and f() == datetime(2024,1,1,tzinfo=timezone.utc)\nassert f().utcoffset() == timedelta(0)', True),
    ('decimal', 'from decimal import Decimal, getcontext', 'def f(a, b): return Decimal(a) + Decimal(b)', [('def f(a, b): return sum([Decimal(a), Decimal(b)])', 1), ('from fractions import Fraction\ndef f(a,b): return Fraction(a)+Fraction(b)', 1)], "assert f('0.1', '0.2') == Decimal('0.3')", True),
    ('path', 'from pathlib import Path', 'def f(p): return Path(p).suffix', [('import os\ndef f(p): return os.path.splitext(p)[1]', 1)], "assert f('a/b.txt') == '.txt'\nassert f(Path('c.py')) == '.py' ", True),
    ('itertools result', 'import itertools', 'def f(a): return list(itertools.accumulate(a))', [('def f(a): return itertools.accumulate(a)', 1)], 'assert list(f([1,2,3])) == [1,3,6]', True),
    ('partial', 'from functools import partial', 'def add(a, b): return a + b\ninc = partial(add, 1)', [('def add(a, b): return a + b\ninc = lambda b: add(1, b)', 1)], 'assert inc(2) == 3 and callable(inc)', True),
    ('flag enum', 'from enum import Flag, auto, Enum', 'class P(Flag):\n    R = auto()\n    W = auto()', [('class P(Flag):\n    R = 1\n    W = 2', 1)], 'assert (P.R | P.W) & P.R == P.R and P.R in (P.R | P.W) and P.R.value == 1', True),
    ('dataclass frozen', '', 'from dataclasses import dataclass, field\n@dataclass(frozen=True, order=True)\nclass P:\n    x: int\n    tags: list = field(default_factory=list, compare=False)', [('from dataclasses import dataclass, field\n@dataclass(order=True, frozen=True)\nclass P:\n    x: int\n    tags: list = field(default_factory=list, compare=False)', 1)], "import dataclasses, pytest\nassert P(1) < P(2) and P(1) == P(1)\nwith pytest.raises(dataclasses.FrozenInstanceError): P(1).x = 3\nassert [f.name for f in dataclasses.fields(P)] == ['x', 'tags']\nassert dataclasses.asdict(P(1)) == {'x': 1, 'tags': []}\nassert dataclasses.replace(P(1), x=5).x == 5", False),
    ('asdict only', '', 'from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\ndef f(): return P(1)', [('from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\ndef f(): return P(x=1, y=0)', 1)], "from dataclasses import asdict, is_dataclass\nassert asdict(f()) == {'x': 1, 'y': 0}", False),
    ('raise from', '', "def f(x):\n    try:\n        return int(x)\n    except ValueError as e:\n        raise RuntimeError('bad') from e", [("def f(x):\n    try:\n        return int(x)\n    except ValueError as err:\n        raise RuntimeError('bad number') from err", 1), ("def f(x): raise RuntimeError('bad')", 0)], "try:\n    f('a')\nexcept RuntimeError as e:\n    assert isinstance(e.__cause__, ValueError)\nelse: assert False", False),
    ('exception group', '', "def f(): raise ExceptionGroup('g', [ValueError(1), TypeError(2)])", [("def f():\n    errors = [ValueError(1), TypeError(2)]\n    raise ExceptionGroup('many', errors)", 1)], "seen = []\ntry:\n    f()\nexcept* ValueError as g: seen.append('v')\nexcept* TypeError as g: seen.append('t')\nassert sorted(seen) == ['t','v']", True),
    ('notes', '', "def f():\n    e = ValueError('x'); e.add_note('hint'); raise e", [("def f():\n    e = ValueError('x'); e.add_note('a hint'); raise e", 1)], "try: f()\nexcept ValueError as e: assert 'hint' in e.__notes__[0]", False),
    ('oserror', '', 'def f(p):\n    return open(p).read()', [('from pathlib import Path\ndef f(p): return Path(p).read_text()', 1)], "import errno\ntry: f('nope.txt')\nexcept FileNotFoundError as e: assert e.errno == errno.ENOENT and e.filename and str(e.filename) == 'nope.txt'\nelse: assert False", False),
    ('numpy testing', 'import numpy as np', 'def f(a): return a / a.sum()', [('def f(a): return np.asarray(a, float) / np.sum(a)', 1)], 'np.testing.assert_array_almost_equal(f(np.array([1,3])), [.25,.75])\nnp.testing.assert_almost_equal(f(np.array([1,3])).sum(), 1)\nassert f(np.array([1, 3])).dtype == np.float64\nassert f(np.array([1,3])).ndim == 1', True),
    ('pandas testing', "import pandas as pd\ndf = pd.DataFrame({'k':['a','b','a'],'v':[1,2,3]})", "def f(d): return d.groupby('k')['v'].sum()", [("def f(d): return d.groupby('k').agg({'v':'sum'})['v']", 1), ("def f(d): return d.pivot_table(index='k', values='v', aggfunc='sum')['v']", 1)], "pd.testing.assert_series_equal(f(df), pd.Series([4,2], index=pd.Index(['a','b'], name='k'), name='v'))", True),
    ('pandas chain', "import pandas as pd\ndf = pd.DataFrame({'k':['a','b','a'],'v':[1,2,3]})", "top = df.sort_values('v', ascending=False).head(2)", [("top = df.nlargest(2, 'v')", 1), ("top = df[df.v >= 2].sort_values('v', ascending=False)", 1)], "assert top.shape == (2, 2) and top.iloc[0].v == 3 and top['k'].tolist() == ['a','b'] and top.index.tolist() == [2, 1]", True),
    ('torch module', 'import torch\nfrom torch import nn', 'class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.l = nn.Linear(2, 1)\n    def forward(self, x): return self.l(x)', [('class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = nn.Sequential(nn.Linear(2, 1))\n    def forward(self, x):\n        return self.net(x)', 1)], 'torch.manual_seed(0)\nnet = Net()\nassert net(torch.zeros(5, 2)).shape == (5, 1)\nassert sum(p.numel() for p in net.parameters() if p.requires_grad) == 3\nloss = net(torch.ones(1, 2)).sum()\nloss.backward()\nassert all(p.grad is not None for p in net.parameters())', False),
    ('axes', 'import matplotlib.pyplot as plt', "def draw(x, y):\n    fig, ax = plt.subplots()\n    ax.scatter(x, y); ax.set_xlabel('x'); ax.set_title('T'); ax.legend(['d'])\n    return ax", [("def draw(x, y):\n    plt.figure()\n    plt.scatter(x, y); plt.xlabel('x'); plt.title('T'); plt.legend(['d'])\n    return plt.gca()", 1)], "ax = draw([1,2],[3,4])\nassert ax.get_xlabel() == 'x' and ax.get_title() == 'T'\nassert ax.collections[0].get_offsets().tolist() == [[1,3],[2,4]]\nassert ax.get_legend() is not None", True),
    ('memoization counts', '', 'calls = 0\ndef fib(n, memo={}):\n    global calls\n    calls += 1\n    if n < 2: return n\n    if n not in memo: memo[n] = fib(n-1) + fib(n-2)\n    return memo[n]', [('calls = 0\nfrom functools import cache\n@cache\ndef fib(n):\n    global calls\n    calls += 1\n    return n if n < 2 else fib(n-1) + fib(n-2)', 1)], 'calls = 0\nassert fib(30) == 832040\nassert calls < 100', True),
    ('namedtuple rows', "from collections import namedtuple\nRow = namedtuple('Row', 'a b')", 'def f(): return [Row(1, 2)]', [('def f(): return [Row(a=1, b=2)]', 1), ('def f(): return [(1, 2)]', 0)], 'assert f() == [Row(1, 2)] and f()[0].a == 1', True),
    ('annot', 'from typing import Optional, List, Union, Dict, Callable, Any', "def f(a: List[int], b: Optional[str] = None) -> Dict[str, int]:\n    '''Doc.'''\n    return {}", [("def f(a: List[int], b: Optional[str] = None) -> Dict[str, int]:\n    'Another doc.'\n    return dict()", 1), ("def f(a: List[int], b: Union[str, None] = None) -> Dict[str, int]:\n    'd'\n    return {}", 1)], "import inspect\ns = inspect.signature(f)\nassert s.return_annotation == Dict[str, int] and s.parameters['b'].annotation == Optional[str] and len(f.__doc__) > 0", False),
    ('printed exact', '', "def f(x):\n    print(f'{x:.2f}')", [("def f(x):\n    print('%.2f' % x)", 1), ('def f(x):\n    print(round(x, 2))', 1)], "from contextlib import redirect_stdout\nimport io\nb = io.StringIO()\nwith redirect_stdout(b): f(3.14159)\nassert b.getvalue() == '3.14\\n'", True),
    ('input generator', '', 'def ask():\n    n = int(input())\n    return sum(int(input()) for _ in range(n))', [("def ask():\n    total = 0\n    for _ in range(int(input('n'))):\n        total += int(input())\n    return total", 1)], "import builtins\nit = iter(['2','3','4'])\nold = builtins.input\nbuiltins.input = lambda *a: next(it)\nassert ask() == 7\nbuiltins.input = old", True),
    ('monkeypatched input name', '', "def ask():\n    return input('x').upper()", [('def ask():\n    s = input()\n    return s.upper()', 1)], "input = lambda *a: 'ab'\nassert ask() == 'AB'\ndel input", True),
    ('generator protocol', '', 'def g():\n    x = yield 1\n    yield x * 2', [('def g():\n    got = yield 1\n    yield got + got', 1)], 'it = g()\nassert next(it) == 1\nassert it.send(5) == 10\nimport pytest\nwith pytest.raises(StopIteration): next(it)', True),
    ('gen throw close', '', "def g():\n    try:\n        yield 1\n    except ValueError:\n        yield 'caught'\n    finally:\n        pass", [("def g():\n    try:\n        yield 1\n    except ValueError as e:\n        yield 'caught'", 1)], "it = g()\nnext(it)\nassert it.throw(ValueError('x')) == 'caught'\nit.close()", True),
    ('class iterator', '', 'class C:\n    def __init__(s, n): s.n = n\n    def __iter__(s): return iter(range(s.n))\n    def __len__(s): return s.n', [('class C:\n    def __init__(self, n): self.n = n\n    def __iter__(self):\n        i = 0\n        while i < self.n:\n            yield i\n            i += 1\n    def __len__(self): return self.n', 1)], 'c = C(3)\nassert [*c] == [0,1,2] and sum(c) == 3 and len(c) == 3 and max(c) == 2 and 2 in c and list(reversed(list(c))) == [2,1,0]', True),
    ('descriptor', '', "class Pos:\n    def __set_name__(s, o, n): s.n = '_' + n\n    def __get__(s, i, o=None): return getattr(i, s.n)\n    def __set__(s, i, v):\n        if v < 0: raise ValueError\n        setattr(i, s.n, v)\nclass A:\n    x = Pos()\n    def __init__(s, x): s.x = x", [("class A:\n    def __init__(self, x): self.x = x\n    @property\n    def x(self): return self._x\n    @x.setter\n    def x(self, v):\n        if v < 0: raise ValueError('neg')\n        self._x = v", 1)], 'a = A(3)\nassert a.x == 3\na.x = 4\nassert a.x == 4\ntry: a.x = -1\nexcept ValueError: pass\nelse: assert False', True),
    ('metaclass registry', '', 'class M(type):\n    reg = {}\n    def __new__(m, n, b, d):\n        c = super().__new__(m, n, b, d); m.reg[n] = c; return c\nclass A(metaclass=M): pass\nclass B(A): pass', [('class M(type):\n    reg = {}\n    def __init__(cls, name, bases, d):\n        super().__init__(name, bases, d)\n        M.reg[name] = cls\nclass A(metaclass=M): pass\nclass B(A): pass', 1)], "assert set(M.reg) == {'A', 'B'} and M.reg['B'] is B and issubclass(B, A)", True),
    ('singleton', '', 'class S:\n    _i = None\n    def __new__(cls):\n        if cls._i is None: cls._i = super().__new__(cls)\n        return cls._i', [('class S:\n    _inst = []\n    def __new__(cls):\n        if not cls._inst: cls._inst.append(object.__new__(cls))\n        return cls._inst[0]', 1), ('class S: pass', 0)], 'assert S() is S()', True),
    ('order preserved dict', '', 'def f(s): return dict.fromkeys(s)', [('def f(s):\n    d = {}\n    for c in s: d[c] = None\n    return d', 1), ('from collections import OrderedDict\ndef f(s): return OrderedDict.fromkeys(s)', 1)], "assert list(f('banana')) == ['b','a','n'] and f('ab') == {'a': None, 'b': None}", True),
    ('bytes', '', "def f(s): return s.encode('utf-8')", [("def f(s): return bytes(s, 'utf8')", 1), ("def f(s): return bytearray(s, 'utf8')", 1), ('def f(s): return memoryview(s.encode())', 1)], "assert f('aé') == b'a\\xc3\\xa9'", True),
    ('complex roots', 'import numpy as np', 'def roots(p): return np.roots(p)', [('def roots(p): return np.polynomial.Polynomial(p[::-1]).roots()', 1), ('import cmath\ndef roots(p):\n    a,b,c=p; d=cmath.sqrt(b*b-4*a*c)\n    return [(-b+d)/(2*a), (-b-d)/(2*a)]', 1)], 'r = sorted(roots([1, 0, 1]), key=lambda z: z.imag)\nassert np.allclose(r, [-1j, 1j])', True),
    ('numpy scalar types', 'import numpy as np', 'def f(a): return a.mean()', [('def f(a): return float(a.mean())', 1), ('def f(a): return np.float32(a.mean())', 1), ('def f(a): return a.mean(keepdims=True)', 0), ('def f(a): return np.array(a.mean())', 0)], 'assert f(np.array([1,2,3])) == 2\nassert round(f(np.array([1,2,3])), 3) == 2', True),
    ('bool numpy', 'import numpy as np', 'def f(a): return bool((a > 0).all())', [('def f(a): return (a > 0).all()', 1), ('def f(a): return all(a > 0)', 1)], 'assert f(np.array([1,2])) == True\nassert f(np.array([-1,2])) == False', True),
    ('string sorting', '', 'def f(w): return sorted(w, key=str.lower)', [('def f(w):\n    w = list(w)\n    w.sort(key=lambda s: s.lower())\n    return w', 1), ('def f(w):\n    w.sort(key=str.casefold)\n    return w', 1)], "w = ['b', 'A']\nassert f(w) == ['A', 'b']", True),
    ('mutation forbidden', '', 'def f(w): return sorted(w)', [('def f(w):\n    w.sort()\n    return w', 0)], 'w = [2,1]\nassert f(w) == [1,2] and w == [2,1]', True),
    ('nested closures counter', '', 'def counter():\n    n = 0\n    def inc(by=1):\n        nonlocal n\n        n += by\n        return n\n    def get(): return n\n    return inc, get', [('def counter():\n    state = [0]\n    def inc(by=1):\n        state[0] += by\n        return state[0]\n    return inc, lambda: state[0]', 1)], 'inc, get = counter()\ninc(); inc(by=5)\nassert get() == 6', True),
    ('context log', '', "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef timer(n):\n    log.append('in ' + n)\n    try: yield log\n    finally: log.append('out ' + n)", [("log = []\nclass timer:\n    def __init__(self, n): self.n = n\n    def __enter__(self):\n        log.append('in ' + self.n); return log\n    def __exit__(self, *a):\n        log.append('out ' + self.n)", 1)], "try:\n    with timer('a') as l:\n        l.append('mid')\n        raise KeyError\nexcept KeyError: pass\nassert log == ['in a', 'mid', 'out a']", False),
    ('json roundtrip', 'import json', 'def f(o): return json.dumps(o, sort_keys=True)', [('def f(o): return json.dumps(dict(sorted(o.items())))', 1)], "assert json.loads(f({'b': [1, None, True], 'a': 1.5})) == {'a': 1.5, 'b': [1, None, True]}", True),
    ('torch grads', 'import torch', 'def f(x):\n    x = x.clone().requires_grad_(True)\n    (x ** 2).sum().backward()\n    return x.grad', [('def f(x): return 2 * x', 1), ('def f(x):\n    x.requires_grad_(True)\n    y = (x**2).sum()\n    return torch.autograd.grad(y, x)[0]', 1), ('def f(x): return torch.func.grad(lambda z: (z**2).sum())(x)', 1)], 'x = torch.tensor([1., 2.])\ng = f(x)\nassert torch.equal(g, torch.tensor([2., 4.])) and not g.requires_grad', True),
    ("author's torch loop", 'import torch\nx = torch.linspace(0, 1, 20).unsqueeze(1)\ny = 3 * x', 'w = torch.zeros(1, requires_grad=True)\nfor _ in range(200):\n    loss = ((x * w - y) ** 2).mean()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.5 * w.grad\n        w.grad.zero_()', [('w = torch.zeros(1, requires_grad=True)\nopt = torch.optim.Adam([w], lr=.1)\nfor _ in range(600):\n    opt.zero_grad(); ((x * w - y) ** 2).mean().backward(); opt.step()', 1), ('w = torch.nn.Parameter(torch.tensor([3.0]))', 1), ('w = torch.tensor([0.])', 0)], 'assert isinstance(w, torch.Tensor) and abs(w.item() - 3) < 1e-2\nassert w.is_leaf', True),
    ('assert with tolerance message', '', 'pi = 3.14159', [('from math import pi', 1), ('import numpy as np\npi = np.pi', 1)], "import math\nassert math.isclose(pi, math.pi, rel_tol=1e-4), f'pi is {pi:.5f}'", True),
    ('from math import answer', '', 'from math import sqrt\ndef h(a, b): return sqrt(a*a + b*b)', [('def h(a, b): return (a*a + b*b) ** .5', 1), ('import math\nh = math.hypot', 1), ('import numpy as np\ndef h(a,b): return np.hypot(a,b)', 1), ('import torch\ndef h(a,b): return torch.hypot(torch.tensor(float(a)), torch.tensor(float(b)))', 1)], 'assert h(3, 4) == 5\nassert abs(h(1, 1) - 1.41421356) < 1e-6', True),
    ('global counter', 'hits = 0\nprint(hits)', 'def f(x): return x', [('def f(x):\n    global hits\n    hits += 1\n    return x', 1)], 'assert f(5) == 5', True),
    ('query at', "import pandas as pd\nleast = 2\ndf = pd.DataFrame({'v':[1,2,3]})", 'top = df[df.v >= least]', [("top = df.query('v >= @least')", 1)], 'assert top.v.tolist() == [2,3]', True),
    ('query at2', 'import pandas as pd\nlow = 2', 'def top(d): return d[d.v >= low]', [("def top(d): return d.query('v >= @low')", 1)], "assert top(pd.DataFrame({'v':[1,2,3]})).v.tolist() == [2,3]", True),
    ('decimal context', 'import decimal\ndecimal.getcontext().prec = 40', 'def f(): return decimal.Decimal(1) / 3', [("def f(): return decimal.Decimal('1') / decimal.Decimal('3')", 1)], 'assert len(str(f())) == 42', True),
    ('decimal context hidden', 'import decimal\ndecimal.getcontext().prec = 40', 'from decimal import Decimal\ndef f(): return Decimal(1) / 3', [('from decimal import Decimal as D\ndef f(): return D(1)/D(3)', 1)], 'assert len(str(f())) == 42', True),
    ('pandas option', "import pandas as pd\npd.set_option('display.precision', 2)", 'def f(): return str(pd.Series([1.23456]))', [("from pandas import Series\ndef f(): return Series([1.23456]).to_string() + '\\ndtype: float64'", 1)], "assert '1.23\\n' in f()", True),
    ('torch default dtype', 'import torch\ntorch.set_default_dtype(torch.float64)', 'def f(): return torch.ones(2)', [('from torch import ones\ndef f(): return ones(2)', 1)], 'assert f().dtype == torch.float64', True),
    ('recursion limit', 'import sys\nsys.setrecursionlimit(5000)', 'def f(n): return 0 if n == 0 else 1 + f(n-1)', [('def f(n):\n    if n: return 1 + f(n - 1)\n    return 0', 1)], 'assert f(3000) == 3000', True),
    ('seed prose', 'import random\nrandom.seed(4)\nbase = random.random()', 'def f(): return base', [('def f(): return base + 0', 1)], 'assert f() == base', True),
    ('plt style', "import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (3, 2)", 'def draw():\n    fig, ax = plt.subplots()\n    return fig', [('from matplotlib.pyplot import figure\ndef draw(): return figure()', 1)], 'assert draw().get_size_inches().tolist() == [3, 2]', True),
    ('class attr counter', 'class Base:\n    made = 0\n    def __init__(self): Base.made += 1', 'class A(Base): pass', [('class A(Base):\n    def __init__(self): super().__init__()', 1)], 'A(); A()\nassert Base.made == 2', False),
    ('list subclass of author', 'class Bag(list):\n    def add(self, x): self.append(x)', 'def f():\n    b = Bag(); b.add(1); return b', [('def f(): return Bag([1])', 1), ('def f(): return [1]', 1)], 'assert f() == [1] and isinstance(f(), list)', True),
    ("author's tree", 'class T:\n    def __init__(self, v, l=None, r=None): self.v, self.l, self.r = v, l, r', 'def insert(t, v):\n    if t is None: return T(v)\n    if v < t.v: t.l = insert(t.l, v)\n    else: t.r = insert(t.r, v)\n    return t', [("def insert(t, v):\n    if not t: return T(v)\n    cur = t\n    while True:\n        side = 'l' if v < cur.v else 'r'\n        n = getattr(cur, side)\n        if n is None:\n            setattr(cur, side, T(v)); return t\n        cur = n", 1), ('def insert(t, v):\n    if t is None: return T(v)\n    if v < t.v: return T(t.v, insert(t.l, v), t.r)\n    return T(t.v, t.l, insert(t.r, v))', 1)], 't = None\nfor v in [5, 2, 8, 1]: t = insert(t, v)\ndef walk(t): return walk(t.l) + [t.v] + walk(t.r) if t else []\nassert walk(t) == [1, 2, 5, 8]', True),
    ("author's callback class", 'class Spy:\n    def __init__(self): self.seen = []\n    def __call__(self, x): self.seen.append(x); return x', 'def apply(f, v): return [f(x) for x in v]', [('def apply(f, v): return list(map(f, v))', 1)], 's = Spy()\nassert apply(s, [1,2]) == [1,2] and s.seen == [1,2]', True),
    ('lambda table', '', "ops = {'+': lambda a, b: a + b, '-': lambda a, b: a - b}", [("import operator\nops = {'+': operator.add, '-': operator.sub}", 1)], "assert ops['+'](1, 2) == 3 and ops['-'](5, 2) == 3 and set(ops) == {'+', '-'}", True),
    ('type alias', '', 'Number = int | float', [('from typing import Union\nNumber = Union[int, float]', 1)], "assert isinstance(3, Number) and isinstance(2.5, Number) and not isinstance('a', Number)", True),
    ('walrus loops names', '', 'total = 0\nfor i in range(5):\n    total += i', [('total = sum(range(5)); i = 4', 1)], 'assert total == 10 and i == 4', True),
    ('del names', '', 'x = 5\ny = x * 2\ndel x', [('y = 10', 1), ('x = 5\ny = 10', 0)], "assert y == 10\ntry:\n    x\nexcept NameError: pass\nelse: assert False, 'x is there'", True),
    ('print then value', '', 'def f(x):\n    print(x)\n    return x + 1', [("def f(x):\n    print('value', x)\n    return x + 1", 1)], 'assert f(1) == 2', True),
    ('deepcopy obj', 'import copy', 'class A:\n    def __init__(self): self.items = [[1]]\n    def __deepcopy__(self, memo):\n        n = A(); n.items = copy.deepcopy(self.items, memo); return n', [('class A:\n    def __init__(self): self.items = [[1]]', 1)], 'a = A(); b = copy.deepcopy(a)\nb.items[0].append(2)\nassert a.items == [[1]]', True),
    ('zip longest unpack', '', "def f(*args, sep=',', **kw): return sep.join(map(str, args)) + str(sorted(kw))", [("def f(*a, sep=',', **k):\n    s = ''\n    for i, x in enumerate(a): s += (sep if i else '') + str(x)\n    return s + str(sorted(k.keys()))", 1)], 'assert f(1, 2, sep=\'-\', z=1) == "1-2[\'z\']" and f() == \'[]\'', True),
    ('told helper of author', 'class Frac:\n    def __init__(s, a, b): s.a, s.b = a, b\n    def same(s, o): return s.a * o.b == s.b * o.a', 'def half(): return Frac(1, 2)', [('def half():\n    f = Frac(2, 4)\n    return f', 1), ('class F:\n    def same(s, o): return 1\ndef half(): return F()', 0), ("class F(Frac):\n    def same(s, o): return 'yes'\ndef half(): return F(9, 1)", 0)], 'assert half().same(Frac(1, 2))', True),
    ('sum builtin in answer and prose', 'def max(v): return sorted(v)[-1]', 'def top(v): return max(v)', [('def top(v): return v[0]', 0), ('def top(v): return sorted(v)[-1]', 1)], 'assert top([1, 3]) == 3 and max([4, 2]) == 4', True),
    ('author replaces len later', '', 'def length(v): return len(v)\nlen_of = length', [('def length(v): return 3\nlen_of = length', 0)], 'assert len_of([1, 2]) == len([1, 2]) == 2', True),
    ('answer named list', '', 'list = [3, 1, 2]\nsorted_list = sorted(list)', [('list = [3, 1, 2]\nlist.sort()\nsorted_list = list', 1), ('list = [3]\nsorted_list = [1, 2, 3]', 0)], 'assert sorted_list == [1, 2, 3] and 3 in list and len(list) == 3', True),
    ('student shadows a builtin', '', 'def f(v): return sum(v)', [('sum = 0\ndef f(v):\n    global sum\n    sum = 0\n    for x in v: sum += x\n    return sum', 1)], 'assert f([1, 2]) == 3 == sum([1, 2])', True),
    ('global without value', '', "def init():\n    global state\n    state = {'n': 0}\ndef bump():\n    state['n'] += 1", [("def init():\n    global state\n    state = dict(n=0)\ndef bump():\n    global state\n    state = {'n': state['n'] + 1}", 1)], "init(); bump()\nassert state['n'] == 1", False),
    ('withheld and random', 'import random', 'def pick(v): return random.choice(v)\ndef top(v): return max(v)', [('def pick(v): return v[int(random.random() * len(v))]\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'random.seed(3)\nassert top([2, 9, 1]) == 9\nassert pick([1, 2]) in (1, 2)\nassert top([5, 4]) == 5', True),
    ('withheld and callbacks', '', 'def apply(f, v): return [f(x) for x in v]\ndef top(v): return max(v)', [('def apply(f, v):\n    return list(map(f, v))\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'seen = []\nassert top([2, 9, 1]) == 9\nassert apply(lambda x: seen.append(x) or x + 1, [1, 2]) == [2, 3]\nassert seen == [1, 2]', True),
    ('withheld iterator', '', 'def gen():\n    yield from range(200)\ndef top(v): return max(v)', [('def gen():\n    for i in range(200): yield i\ndef top(v):\n    v.sort()\n    return v[-1]', 1)], 'g = gen()\nassert top([2, 1]) == 2\nassert sum(g) == 19900', True),
    ('withheld cheat', '', 'def f(v): return [2 * x for x in v]', [('def f(v):\n    v[:] = [0] * len(v)\n    return v', 0), ('def f(v):\n    v.clear()\n    return []', 0)], 'v = [1, 2]\nassert f(v) == [2 * x for x in v]', True),
]  # fmt: skip

if find_spec("pandas") is None:  # it is no library of the course's
    KINDS, ROWS = ([row for row in rows if "pandas" not in str(row)] for rows in (KINDS, ROWS))


@pytest.fixture(scope="module")
def engine(warm: Engine) -> Any:
    with Engine(True, address=warm.start()) as engine:
        yield engine


def write(before: str, answer: str, check: str) -> Any:
    cells = [("task:s" if before.startswith("#setup") else "prose", "code", before)] if before else []
    cells += [("answer:a", "code", answer), ("check:c:1", "code", check)]
    made = [make_cell(*cell) for cell in cells]
    if before.startswith("#setup"):
        made[0].metadata["nbgrader"]["task"] = False
    return nbformat.v4.new_notebook(cells=made)


GROUPS = {"worlds": WORLDS, "authors": AUTHORS, "liars": LIARS, "attacks": ATTACKS, "honest": HONEST}
MORE = [(f"{group}: {row[0]}", *row[1:]) for group, rows in GROUPS.items() for row in rows]
if find_spec("pandas") is None:
    MORE = [row for row in MORE if "pandas" not in str(row)]


@pytest.mark.parametrize(
    ("what", "before", "right", "others", "check", "split"),
    [*sample(KINDS, 3), *sample(ROWS, 50), *sample(MORE, 90, lambda row: row[0].partition(":")[0])],
    ids=[row[0] for row in KINDS + ROWS + MORE],
)
def test_an_answer_earns_what_it_is_worth(
    engine: Engine,
    tmp_path: Path,
    what: str,
    before: str,
    right: str,
    others: list[tuple[str, int]],
    check: str,
    split: bool,
) -> None:
    plan = make_plan(engine, write(before, right, check), tmp_path, {}, 20, None)
    found = []
    for answer, _ in [(right, 1), *others]:
        notebook = write(before, answer, check)
        execute(engine, plan, notebook, tmp_path, {}, 20)
        found.append(score_outputs(notebook.cells[-1].outputs, 1.0))
    assert found == [1, *(worth for _, worth in others)]
    assert plan.reference.split == split


def test_an_authors_cell_that_stops_where_no_student_reaches_it_is_nobodys_mistake(
    engine: Engine, tmp_path: Path
) -> None:
    """As where there is no memory, or no disk, for what the check needs."""
    (data := tmp_path / "data.txt").write_text("2")
    parts = "limit = 1 / float(open('data.txt').read())", "def half(x):\n    return x / 2", "assert half(1) == limit"
    plan = make_plan(engine, write(*parts), tmp_path, {"data.txt": data}, 20, None)
    execute(engine, plan, write(*parts), tmp_path, {"data.txt": data}, 20)
    (other := tmp_path / "folder").mkdir()
    (other / "data.txt").write_text("0")
    with pytest.raises(
        CourseError, match=r"cell of the author's.*\(ZeroDivisionError: float division by zero\)\. Grade again"
    ):
        execute(engine, plan, write(*parts), other, {"data.txt": data}, 20)


@pytest.mark.parametrize("named", [False, True])
def test_cells_whose_metadata_marks_nothing_are_cells_without(engine: Engine, tmp_path: Path, named: bool) -> None:
    """nbgrader's menu leaves metadata behind with everything switched off: without an id in old notebooks, with one in newer ones."""
    source = write("import math", "def area(r):\n    return math.pi * r**2", "assert abs(area(2) - 4 * math.pi) < 1e-9")
    source.cells.insert(1, make_cell("prose", "code", "math"))
    for number, cell in enumerate(source.cells[:2]):
        off: dict[str, Any] = dict.fromkeys(("grade", "solution", "locked", "task"), False)
        cell.metadata["nbgrader"] = off | ({"grade_id": f"cell-{number}"} if named else {})
    plan = make_plan(engine, source, tmp_path, {}, 20, None)
    assert plan.reference.split
    handed_in = nbformat.from_dict(source)
    handed_in.cells[1].source = "def area(r):\n    return math.pi * r * r"
    handed_in.cells[2].source = "# above"
    notebook, notes = rebuild(source, handed_in)
    execute(engine, plan, notebook, tmp_path, {}, 20)
    assert score_outputs(notebook.cells[-1].outputs, 1.0) == 1
    assert not notes

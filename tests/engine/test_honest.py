"""Unusual but honest work earns full marks: a table of what students write, each graded as a submission behind all walls.

The assignment is that of the attacks, `fixtures/attacked.md`: what is refused to an attack must not cost an honest student a point. Most
rows stand in the cell of an answer, in front of a right one, so that a row that stops loses it. Where a row depends on something that
may be missing behind the walls, it asserts that it is there.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat
import pytest
from attack_lab import POINTS, RIGHT, Lab
from sampling import sample

from autograder.grading.submissions import fill_in, get_id

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@dataclass(frozen=True)
class Work:
    """One row: what it does, and the cell of the answer to `on`."""

    does: str
    cell: str
    on: str = "relu"
    first: str = ""
    """A cell in front of all others."""
    after: str = ""
    """A cell behind the answer."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What is handed in beside the notebook."""
    shows: str = ""
    """A text that the graded notebook shows."""


def beside(does: str, code: str, on: str = "relu", **options: Any) -> Work:
    """`code` stands in front of the right answer to `on`, in its cell."""
    return Work(does, f"{code.strip()}\n{RIGHT[on]}", on, **options)


def by(does: str, cell: str, **options: Any) -> Work:
    """`relu` itself is written like this."""
    return Work(does, cell.strip(), **options)


def settles(does: str, cell: str, **options: Any) -> Work:
    """`settings` are found like this."""
    return Work(does, cell.strip(), "settings", **options)


def added(does: str, code: str, **options: Any) -> Work:
    """A cell of the student's own, in front of all others; the answers are right."""
    return Work(does, RIGHT["relu"], first=code.strip(), **options)


PYTORCH = [
    beside("trains with an optimiser of torch", "import torch\nw = torch.zeros(1, requires_grad=True)\nfor kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):\n    optimiser = kind([w], lr=0.1)\n    for _ in range(5):\n        optimiser.zero_grad(); ((w - 2) ** 2).sum().backward(); optimiser.step()\nassert w.item() > 0"),
    beside("writes its own optimiser", "import torch\nclass Own(torch.optim.Optimizer):\n    def __init__(self, params, lr): super().__init__(params, {'lr': lr})\n    @torch.no_grad()\n    def step(self, closure=None):\n        for group in self.param_groups:\n            for p in group['params']: p -= group['lr'] * p.grad\nlayer = torch.nn.Linear(2, 1)\nown = Own(layer.parameters(), lr=0.1)\nlayer(torch.ones(3, 2)).sum().backward(); own.step()"),
    beside("loads data with two workers", "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\ndata = TensorDataset(torch.arange(8.0), torch.ones(8))\nseen = [x for x, _ in DataLoader(data, batch_size=2, num_workers=2, shuffle=True)]\nassert sorted(torch.cat(seen).tolist()) == [float(i) for i in range(8)]"),
    beside("splits data at random", "import torch\nfrom torch.utils.data import random_split\na, b = random_split(range(10), [0.8, 0.2], generator=torch.Generator().manual_seed(0))\nassert len(a) == 8"),
    beside("seeds everything", "import random, numpy, torch\ntorch.manual_seed(0); numpy.random.seed(0); random.seed(0)\ntorch.use_deterministic_algorithms(True)"),
    beside("works in float64", "import torch\ntorch.set_default_dtype(torch.float64)"),
    by("computes in float64 and goes back", "def relu(z):\n    return z.double().clamp(min=0).to(z.dtype)"),
    by("goes through numpy where no gradient is wanted", "import numpy, torch\ndef relu(z):\n    if not z.requires_grad:\n        return torch.from_numpy(numpy.maximum(z.numpy(), 0).copy())\n    return z * (z > 0)"),
    by("changes its own copy in place", "def relu(z):\n    out = z.clone()\n    out[out < 0] = 0\n    return out"),
    by("switches gradients off and on", "import torch\nwith torch.no_grad():\n    offset = torch.zeros(1, requires_grad=True) + 0\ntorch.set_grad_enabled(True)\ndef relu(z):\n    with torch.no_grad():\n        mask = (z > 0).to(z.dtype)\n    return z * mask + offset"),
    by("writes the gradient itself", "import torch\nclass Relu(torch.autograd.Function):\n    @staticmethod\n    def forward(context, z): context.save_for_backward(z); return z.clamp(min=0)\n    @staticmethod\n    def backward(context, upstream): return upstream * (context.saved_tensors[0] > 0)\nrelu = Relu.apply"),
    by("gives a module", "import torch\nrelu = torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())"),
    by("gives a module of its own with hooks", "import torch\nclass Relu(torch.nn.Module):\n    def forward(self, z): return torch.relu(z)\nrelu = Relu().eval()\nrelu.register_forward_hook(lambda module, given, out: None)"),
    by("names the function of torch", "import torch\nrelu = torch.relu"),
    by("scripts its function", "import torch\n@torch.jit.script\ndef half(z):\n    return z.clamp(min=0.0)\ndef relu(z):\n    return half(z)"),
    by("maps over rows", "import torch\ndef relu(z):\n    return torch.vmap(lambda row: row.clamp(min=0))(z) if z.dim() > 1 else z.clamp(min=0)"),
    by("compiles without a compiler", "import torch\nrelu = torch.compile(lambda z: z.clamp(min=0), backend='eager')"),
    beside("saves and loads a model", "import torch\nmodel = torch.nn.Linear(2, 2)\ntorch.save(model.state_dict(), 'model.pt')\nmodel.load_state_dict(torch.load('model.pt'))"),
    beside("asks for threads and devices", "import torch\ntorch.set_num_threads(4)\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\ntorch.ones(2, device=device) @ torch.ones(2, device=device)"),
    beside("sets how tensors are shown", "import torch\ntorch.set_printoptions(precision=2, sci_mode=False)\nprint(torch.tensor([1.0001]))"),
    beside("looks for a faulty gradient", "import torch\ntorch.autograd.set_detect_anomaly(True)\nassert torch.autograd.gradcheck(torch.tanh, torch.randn(3, dtype=torch.double, requires_grad=True))"),
]  # fmt: skip

NOTEBOOK = [
    beside("measures the time with a magic", "%timeit -n1 -r1 sum(range(10))\n%time x = 1", shows="per loop"),
    by("times its whole cell", "%%time\n" + RIGHT["relu"], shows="Wall time"),
    by("captures what its cell prints", "%%capture said\nprint('never shown')\n" + RIGHT["relu"]),
    beside("lists its names with a magic", "a = 1\n%who\n%pwd", shows="relu"),
    beside("draws in its cell", "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3]); plt.title('$z^2$ and Ω'); plt.show()", shows="image/png"),
    beside("draws many figures and closes none", "import matplotlib.pyplot as plt, numpy as np\nfor _ in range(8):\n    figure, axes = plt.subplots(figsize=(2, 1)); axes.imshow(np.eye(3))"),
    beside("asks the shell", "!echo from the shell\nfound = !echo one; echo two\nassert list(found) == ['one', 'two'], found", shows="from the shell"),
    by("has a cell for another program", RIGHT["relu"], after="%%bash\necho from bash", shows="from bash"),
    by("writes a file with a magic", RIGHT["relu"], first="%%writefile mine.py\nfactor = 2", after="import mine\nassert mine.factor == 2"),
    beside("waits at the top level", "import asyncio\nasync def fetch():\n    await asyncio.sleep(0.01)\n    return 3\nthree = await fetch()\nboth = await asyncio.gather(fetch(), fetch())\nassert both == [3, 3]"),
    beside("asks for help", "help(len)\n?len\nprint(__name__)", shows="Return the number of items"),
    beside("shows rich outputs", "from IPython.display import HTML, Markdown, Math, display, clear_output\ndisplay(HTML('<b>x</b>'), Markdown('*x*'), Math('x')); clear_output(); display({'a': 1})"),
    beside("uses the last result", "6 * 7", after="assert _ is not None or True\nOut, In"),
    beside("ends its cell in a value", "1 + 1", after="relu"),
    beside("reloads what it imports", "%load_ext autoreload\n%autoreload 2"),
    beside("asks whether it is graded", "import os\nif 'NBGRADER_EXECUTION' not in os.environ:\n    input('Ready? ')"),
]  # fmt: skip

PRINTING = [
    beside("prints 10,000 lines", "for number in range(10_000): print(number)", shows="not kept"),
    beside("prints with every call", "def noisy():\n    print('called', end='\\r', flush=True)", after="noisy()"),
    by("prints in its answer", "def relu(z):\n    print('z is', z)\n    return z.clamp(min=0)"),
    beside("writes to stderr", "import sys, os\nprint('careful', file=sys.stderr)\nos.write(2, b'by its descriptor')", shows="by its descriptor"),
    by("warns in its answer", "import warnings\ndef relu(z):\n    warnings.warn('old', DeprecationWarning, stacklevel=2)\n    warnings.warn('again')\n    return z.clamp(min=0)"),
    beside("makes errors of warnings", "import warnings\nwarnings.simplefilter('error')"),
    by("logs", "import logging\nlogging.basicConfig(level=logging.DEBUG, force=True)\nlogger = logging.getLogger(__name__)\ndef relu(z):\n    logger.info('called with %s', tuple(z.shape))\n    return z.clamp(min=0)"),
    beside("redirects what is printed", "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as said:\n    print('caught')\nassert said.getvalue() == 'caught\\n'"),
    beside("prints progress with tqdm's means", "import sys\nfor i in range(50): sys.stdout.write(f'\\r{i:3d} %'); sys.stdout.flush()"),
    beside("writes in other scripts", "größe, 数 = 1, 2\nprint(f'∇ℒ = {größe:>10.3f} — {数!r} 🙂 עברית')", shows="🙂"),
    beside("writes a very long line", f"x = '{'long ' * 40_000}'\nassert len(x) == 200_000"),
]  # fmt: skip

PYTHON = [
    by("counts its calls in a global", "calls = 0\ndef relu(z):\n    global calls\n    calls += 1\n    return z.clamp(min=0)", after="assert calls == 0"),
    by("calls itself 500 levels deep", "def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)\ndef relu(z):\n    return z.clamp(min=depth(500) - 500)"),
    by("inherits", "from abc import ABC, abstractmethod\nclass Layer(ABC):\n    @abstractmethod\n    def forward(self, z): ...\n    def __call__(self, z): return self.forward(z)\nclass Relu(Layer):\n    def forward(self, z): return z.clamp(min=0)\nrelu = Relu()"),
    by("uses a dataclass", "from dataclasses import dataclass, field\n@dataclass(frozen=True, slots=True)\nclass Clamp:\n    low: float = 0.0\n    seen: list = field(default_factory=list)\n    def __call__(self, z): self.seen.append(z.shape); return z.clamp(min=self.low)\nrelu = Clamp()"),
    by("uses a generator", "import torch\ndef rows(z):\n    yield from z\ndef relu(z):\n    if z.dim() < 2: return z.clamp(min=0)\n    return torch.stack([row.clamp(min=0) for row in rows(z)])"),
    by("uses a closure", "def make(low):\n    def clamp(z):\n        nonlocal low\n        low = low + 0\n        return z.clamp(min=low)\n    return clamp\nrelu = make(0)"),
    by("uses a lambda", "relu = lambda z: z.clamp(min=0)"),
    by("uses functools", "import functools, torch\nrelu = functools.partial(torch.clamp, min=0)"),
    by("decorates its answer", "import functools, time\ndef timed(f):\n    @functools.wraps(f)\n    def run(*a, **k):\n        began = time.perf_counter()\n        try: return f(*a, **k)\n        finally: run.seconds = time.perf_counter() - began\n    return run\n@timed\ndef relu(z):\n    return z.clamp(min=0)"),
    by("remembers results", "from functools import lru_cache, cache\n@lru_cache(maxsize=None)\ndef lowest(): return 0\n@cache\ndef relu(z):\n    return z.clamp(min=lowest())"),
    by("writes type hints", "from __future__ import annotations\nfrom typing import Protocol, TypeVar, TypedDict\nfrom torch import Tensor\nT = TypeVar('T', bound=Tensor)\ndef relu(z: Float[Tensor, 'n c'] | None, /, *rest: int, low: float = 0.0) -> Unknown:\n    return z.clamp(min=low)"),
    by("matches patterns", "def relu(z):\n    match z.dim():\n        case 0 | 1: return z.clamp(min=0)\n        case n if n > 1: return z.clamp(min=0.0)"),
    by("tries and catches", "def relu(z):\n    try:\n        raise ValueError(z)\n    except* ValueError:\n        pass\n    finally:\n        z = z + 0\n    return z.clamp(min=0)"),
    by("uses a context manager", "from contextlib import contextmanager, ExitStack\n@contextmanager\ndef around():\n    yield 0\ndef relu(z):\n    with around() as low, ExitStack():\n        return z.clamp(min=low)"),
    by("works in a loop", "def relu(z):\n    flat = z.flatten()\n    for i in range(len(flat)):\n        pass\n    return sum((z.clamp(min=0) for _ in range(1)), start=z * 0)"),
    by("gives a default that is made once", "def relu(z, seen=[]):\n    seen.append(1)\n    return z.clamp(min=0)"),
    by("uses names of builtins", "sum = max = min = list = dict = type = id = input = 0\nprint(sum)\ndef relu(z):\n    return z.clamp(min=min)"),
    by("uses names of the author's cells", "F, seed, values, z, gives, answer_key = 1, 2, 3, 4, 5, 6\n" + RIGHT["relu"]),
    by("imports the same under another name", "import torch as th, torch as T, torch.nn.functional as f\nfrom torch import *\ndef relu(z):\n    return f.relu(T.clamp(z, min=0)) + th.zeros(1)"),
    by("imports in the function", "def relu(z):\n    import math\n    from torch import clamp\n    return clamp(z, min=math.floor(0.5))"),
    by("defines it twice", "def relu(z):\n    return z.abs()\n" + RIGHT["relu"]),
    by("evaluates and executes texts", "exec('def relu(z): return z.clamp(min=zero)')\nzero = eval('0')"),
    by("turns tabs and indents about", "def relu(z):\n\tif True:\n\t\treturn z.clamp(\n  min = 0 ,\n)\n\n\n# done"),
    beside("deletes what it does not need", "import gc, torch\nbig = torch.ones(1000)\ndel big; gc.collect()"),
    beside("allows deeper recursion", "import sys\nsys.setrecursionlimit(20_000)\ndef depth(n): return 0 if n == 0 else 1 + depth(n - 1)\nassert depth(5_000) == 5_000"),
    beside("tests its own answer", "import unittest\nclass Test(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\nunittest.main(argv=[''], exit=False, verbosity=0)"),
    beside("has a doctest", "def twice(x):\n    '''\n    >>> twice(2)\n    4\n    '''\n    return 2 * x\nimport doctest; assert doctest.testmod().failed == 0"),
    beside("has an answer that stops in another cell", "pass", after="raise NotImplementedError('my experiment')"),
    beside("takes its time", "import time\nbegan = time.monotonic()\nwhile time.monotonic() - began < 1: pass\ntime.sleep(1)"),
]  # fmt: skip

SYSTEM = [
    beside("writes and reads files", "from pathlib import Path\nPath('mine').mkdir(exist_ok=True)\nPath('mine/notes.txt').write_text('größe')\nassert open('mine/notes.txt').read() == 'größe'"),
    beside("uses temporary files", "import tempfile, os\nwith tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile('w') as file:\n    file.write('x'); file.flush()\n    assert os.listdir(folder) == []"),
    beside("finds what the author ships", "import os, json\nassert json.load(open('mistakes.json')) is not None, os.listdir()"),
    beside("changes the working folder", "import os\nos.makedirs('deeper'); os.chdir('deeper')"),
    beside("starts a program", "import subprocess, sys\nassert subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True, check=True).stdout == '42\\n'\nassert subprocess.check_output('echo $((1 + 1))', shell=True) == b'2\\n'"),
    beside("starts threads", "import threading\nfrom concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool: assert sum(pool.map(abs, [-1, 2])) == 3\nthread = threading.Thread(target=print, args=('in a thread',)); thread.start(); thread.join()"),
    beside("starts processes", "import multiprocessing as mp\ncontext = mp.get_context('fork')\ndef square(x): return x * x\nwith context.Pool(2) as pool: assert pool.map(square, range(4)) == [0, 1, 4, 9]\nqueue = context.Queue(); p = context.Process(target=queue.put, args=(3,)); p.start(); assert queue.get() == 3; p.join()"),
    beside("sets the environment", "import os\nos.environ['KMP_DUPLICATE_LIB_OK'] = 'TRUE'\n%env MINE=1\nassert os.environ['MINE'] == '1'"),
    beside("tells the date and its machine", "import datetime, platform, getpass, os, time, locale\nprint(datetime.datetime.now().astimezone(), platform.platform(), os.cpu_count(), os.getpid(), getpass.getuser(), time.strftime('%c'))"),
    beside("reads what is known of the machine", "import resource, sys\nprint(open('/proc/cpuinfo').read()[:50], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sys.version, sys.argv)"),
    beside("handles a signal", "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None); signal.raise_signal(signal.SIGUSR1)"),
    beside("tries the network and goes on", "import urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:9', timeout=1)\nexcept OSError as error: print('offline:', error)", shows="offline"),
    beside("installs a package and goes on without it", "!pip install --quiet a-package-that-is-not-there 2>/dev/null; true"),
    beside("keeps data in SQLite, pickle and CSV", "import sqlite3, pickle, csv, gzip\nwith sqlite3.connect('mine.db') as db: db.execute('create table t (a)')\npickle.dump({'a': 1}, open('a.pkl', 'wb')); assert pickle.load(open('a.pkl', 'rb')) == {'a': 1}\ncsv.writer(open('a.csv', 'w')).writerow([1, 2]); gzip.open('a.gz', 'w').write(b'x')"),
    beside("listens to itself", "import socket\nwith socket.socket() as s:\n    s.bind(('127.0.0.1', 0)); s.listen()"),
    by("imports a module that it handed in", "from helper import lowest\ndef relu(z):\n    return z.clamp(min=lowest())", files={"helper.py": b"def lowest():\n    return 0\n"}),
    by("imports a package that it handed in", "import sys; sys.path.append('lib')\nfrom mine.layers import relu", files={"lib/mine/__init__.py": b"", "lib/mine/layers.py": b"import torch\nfrom .more import low\ndef relu(z):\n    return torch.clamp(z, min=low)\n", "lib/mine/more.py": b"low = 0\n"}),
    by("runs a script that it handed in", "%run helper.py", files={"helper.py": RIGHT["relu"].encode()}),
    by("reads data that it handed in", "import numpy\nlow = numpy.loadtxt('my data/low.csv')\ndef relu(z):\n    return z.clamp(min=float(low))", files={"my data/low.csv": b"0\r\n"}),
]  # fmt: skip

SETTINGS = [
    settles("computes its settings", "import math, numpy\nsettings = dict(rate=float(numpy.float32(0.1)), steps=int(math.sqrt(900)))"),
    settles("searches for its settings", "best = min((train({'rate': rate, 'steps': 30}), rate) for rate in (0.01, 0.1, 0.3))\nsettings = {'rate': best[1], 'steps': 30}"),
    settles("has more settings than asked for, and takes them back", "settings = {'rate': 0.1, 'steps': 30, 'why': 'it falls'}\nsettings.pop('why')"),
    settles("uses an ordered dictionary", "from collections import OrderedDict\nsettings = dict(OrderedDict(steps=30, rate=0.1))"),
    settles("keeps its settings in JSON", "import json\nsettings = json.loads('{\"rate\": 1e-1, \"steps\": 30}')"),
    Work("predicts with a tensor's shape", "import torch\nshape = torch.zeros(2, 5).shape", "shape"),
    Work("predicts with a list", "shape = [2, 5]", "shape"),
    Work("predicts by trying", "shape = tuple(relu(torch.ones(2, 5)).shape)", "shape"),
]  # fmt: skip

WORK = [
    *(PYTORCH + NOTEBOOK + PRINTING + PYTHON + SYSTEM + SETTINGS),
    added("begins with its own imports", "import torch, numpy as np, matplotlib.pyplot as plt, os, sys, math, random"),
    added("begins with an error", "1 / 0"),
    added("begins with a cell that is no Python", "notes: this is (not code"),
    added("begins with an empty cell", ""),
]


def hand_in(lab: Lab, work: Work) -> Any:
    notebook = fill_in(lab.release, {**RIGHT, work.on: work.cell})
    place = next(at for at, cell in enumerate(notebook.cells) if get_id(cell) == work.on)
    if work.after:
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(work.after))
    if work.first:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(work.first))
    return notebook


@pytest.mark.parametrize("work", sample(WORK, 12), ids=lambda work: work.does)
def test_honest_work_earns_all_points(lab: Lab, work: Work) -> None:
    outcome = lab.grade(hand_in(lab, work), work.files)
    assert outcome.graded.reason == ""
    assert outcome.scores == POINTS, [output for output in outcome.output_of(work.on) if "ename" in output]
    assert json.dumps(work.shows)[1:-1] in outcome.outputs


def test_what_takes_too_long_to_compile_is_told_so(lab: Lab) -> None:
    """torch.compile starts a C++ compiler: it works where that is quick, and else the cell is stopped with words that say why."""
    compiled = "import torch\nrelu = torch.compile(lambda z: z.clamp(min=0))\nrelu(torch.ones(2))"
    outcome = lab.grade(hand_in(lab, Work("", compiled)), seconds=1)
    others = {name: points for name, points in POINTS.items() if name != "relu"}
    assert others.items() <= outcome.scores.items()
    if outcome.scores["relu"] != POINTS["relu"]:
        [error] = [output for output in outcome.output_of("relu") if "ename" in output]
        assert error["evalue"] == "The cell did not finish within 1 seconds."


# --- how a notebook is saved ---------------------------------------------------------------------------


def edit(change: Callable[[Any], object]) -> Callable[[Any], bytes]:
    def save(notebook: Any) -> bytes:
        notebook = copy.deepcopy(notebook)
        change(notebook)
        return json.dumps(notebook).encode()

    return save


def as_version_3(notebook: Any) -> bytes:
    return str(nbformat.writes(nbformat.convert(notebook, 3), version=3)).encode()


def without_ids(notebook: Any) -> None:
    notebook.nbformat_minor = 0
    for cell in notebook.cells:
        del cell["id"]


def move(notebook: Any, name: str, to: int) -> None:
    place = next(at for at, cell in enumerate(notebook.cells) if get_id(cell) == name)
    notebook.cells.insert(to, notebook.cells.pop(place))


def each(change: Callable[[Any], object]) -> Callable[[Any], bytes]:
    """Change every cell."""
    return edit(lambda notebook: [change(cell) for cell in notebook.cells])


def add_cells_between(notebook: Any) -> None:
    notebook.cells = [
        one
        for cell in notebook.cells
        for one in (cell, nbformat.v4.new_code_cell("print('mine')"), nbformat.v4.new_markdown_cell("*mine*"))
    ]


WIDGETS = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"model_name": "B"}}, "version_major": 2}}

SAVED: dict[str, Callable[[Any], bytes]] = {
    "as it is": edit(lambda notebook: None),
    "in version 3 of the format": as_version_3,
    "in version 4.0, without ids of cells": edit(without_ids),
    "with a later minor version": edit(lambda notebook: notebook.update(nbformat_minor=9)),
    "with Windows line ends in the file": lambda notebook: json.dumps(notebook, indent=1).replace("\n", "\r\n").encode(),
    "with Windows line ends in the cells": each(lambda cell: cell.update(source=cell.source.replace("\n", "\r\n"))),
    "with old Macintosh line ends in the cells": each(lambda cell: cell.update(source=cell.source.replace("\n", "\r"))),
    "with a byte-order mark": lambda notebook: b"\xef\xbb\xbf" + json.dumps(notebook).encode(),
    "with lists of lines": each(lambda cell: cell.update(source=cell.source.splitlines(keepends=True))),
    "with all letters written out": lambda notebook: json.dumps(notebook, ensure_ascii=False, indent="\t").encode() + b"\n\n",
    "with spaces and lines at the ends of cells": each(lambda cell: cell.update(source=f"{cell.source}  \n\n\n")),
    "with widgets": edit(lambda notebook: notebook.metadata.update(widgets=WIDGETS)),
    "with metadata of Colab": edit(lambda notebook: notebook.metadata.update(colab={"provenance": [], "toc_visible": True}, accelerator="GPU")),
    "with metadata of other tools in each cell": each(lambda cell: cell.metadata.update(collapsed=True, id="x", vscode={"languageId": "python"}, scrolled=True)),
    "with tags in each cell": each(lambda cell: cell.metadata.update(tags=["hide-input", "raises-exception", "skip-execution"])),
    "with the kernel of another name": edit(lambda notebook: notebook.metadata.update(kernelspec={"name": "torch-env", "display_name": "My env", "language": "python"})),
    "without metadata": edit(lambda notebook: notebook.update(metadata={})),
    "with outputs from an earlier run": each(lambda cell: cell.update(outputs=[{"output_type": "stream", "name": "stdout", "text": "old"}], execution_count=99) if cell.cell_type == "code" else None),
    "with new ids of cells": each(lambda cell: cell.update(id=f"new-{abs(hash(cell.source)) % 10 ** 8}")),
    "with an edited explanation": edit(lambda notebook: notebook.cells[0].update(source="# My notebook\n\nnotes")),
    "without the explanation": edit(lambda notebook: notebook.cells.pop(0)),
    "with cells between all cells": edit(add_cells_between),
    "with a check moved to the end": edit(lambda notebook: move(notebook, "relu-check", len(notebook.cells))),
    "with the answers in another order": edit(lambda notebook: move(notebook, "shape", 2)),
    "with an answer copied": edit(lambda notebook: notebook.cells.append(copy.deepcopy(next(cell for cell in notebook.cells if get_id(cell) == "relu")))),
    "without the checks": edit(lambda notebook: notebook.update(cells=[cell for cell in notebook.cells if not get_id(cell).endswith("-check")])),
    "with a check that prints more": edit(lambda notebook: next(cell for cell in notebook.cells if get_id(cell) == "relu-check").update(source="print(relu)")),
    "with large outputs": edit(lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", {"image/png": "A" * 4_000_000})]))),
    "with an attachment and a raw cell": edit(lambda notebook: notebook.cells.extend([nbformat.v4.new_raw_cell("raw"), nbformat.v4.new_markdown_cell("![](attachment:a.png)", attachments={"a.png": {"image/png": "AAAA"}})])),
}  # fmt: skip


@pytest.mark.parametrize("how", sample(SAVED, 6))
def test_honest_work_earns_all_points_however_it_is_saved(lab: Lab, how: str) -> None:
    outcome = lab.grade(SAVED[how](fill_in(lab.release, RIGHT)))
    assert outcome.graded.reason == ""
    assert outcome.scores == POINTS

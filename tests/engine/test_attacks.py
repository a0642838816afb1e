"""Nobody scores by an attack: a table of what students try, each graded as a submission by the grader as it is.

The assignment is `fixtures/attacked.md`: four exercises of the course's kinds. A row attacks one of them, with an answer that is wrong,
and answers the others rightly. Whatever the row does, the attacked exercise earns nothing, the others earn all of their points, the
graded notebook shows nothing of what is kept secret, the host is as it was, and no process is left.

Rows know names that an insider could know: the folder of the `course`, a `temporary` file, the process numbers of the `grader` and of the
`warm` process, and the `port` of a server of the host.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attack_lab import CHAPTER, MOST, NAME, POINTS, RIGHT, SLEEPER, WRONG, Lab, Outcome, Tried
from sampling import sample
from warm import share_warm_process

from autograder.authoring.accuracy import copy_course, hand_in
from autograder.engine import runner
from autograder.engine.walls.terms import OUT_OF_MEMORY
from autograder.grading.grade import grade_class
from autograder.grading.results import StudentResult
from autograder.grading.submissions import get_id

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@dataclass(frozen=True)
class Attack:
    """One row: what it tries, and the code that stands in front of a wrong answer to the exercise `on`."""

    tries: str
    code: str
    on: str = "relu"
    answer: str | None = None
    """The wrong answer itself, where it is the attack."""
    costs: str = ""
    """Other exercises that its author loses, because it lies about them too. It never costs anybody else."""
    after: str = ""
    """A cell that stands behind the answer."""
    seconds: float = 20

    @property
    def cell(self) -> str:
        return f"{self.code.strip()}\n{WRONG[self.on] if self.answer is None else self.answer}"


def returns(tries: str, value: str, made: str = "", **options: Any) -> Attack:
    """`relu` gives a strange object: `value` is an expression with `z`, `made` what it needs."""
    return Attack(tries, made, answer=f"def relu(z):\n    return {value}", **options)


def assigns(tries: str, value: str, made: str = "", **options: Any) -> Attack:
    """`settings` is a strange object."""
    return Attack(tries, made, on="settings", answer=f"settings = {value}", **options)


def replies(tries: str, frame: str, **options: Any) -> Attack:
    """The student's process answers every question about `relu` with this frame: a Python expression of JSON, or bytes."""
    return Attack(tries, f"{FORGE}\nanswer_with({frame})", **options)


def tells(tries: str, text: str) -> Attack:
    """The student's process tells of this cell and all after it what `text` says; so their author loses the later ones as well."""
    return Attack(f"tells {tries}", f"{SOCKETS}{TELL}tell({text})", costs="settings shape")


FORGE = """
import json, os, struct
import autograder.engine.student as process
real_answer = getattr(process._answer, "real", process._answer)
def answer_with(tree, raw=b""):
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    def answer(names, originals, question, data):
        return (text, raw) if b"relu" in question else real_answer(names, originals, question, data)
    answer.real = real_answer
    process._answer = answer
def reply(value=None, **changed):
    fields = {"outcome": "value", "name": "relu", "value": value, "error": "", "detail": "", "printed": "",
              "arguments": {"t": "dict", "v": []}, "gradients": None, **changed}
    return {"t": "dict", "v": [[name, field] for name, field in fields.items()]}
"""

HUNT = """
import gc, re, sys
def hunt(found):
    print(re.findall(r"key-[0-9a-f]{32}", str(found)))
"""

SOCKETS = """
import json, os, struct, stat
def find_sockets():
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode): yield number
        except OSError: pass
def send(kind, text, raw=b"", sizes=None):
    for number in find_sockets():
        os.write(number, struct.pack("!BII", kind, *(sizes or (len(text), len(raw)))) + text + raw)
def told(**message):
    return json.dumps({"late": False, **message}).encode()
FULL = {"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}
"""

TELL = """
from autograder.engine.wire.channel import Channel
def tell(text):
    Channel.tell = lambda self, **message: self.send(0, text)
"""

SHELL = "shell = get_ipython()\n"

LIAR = """
class Liar:
    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = lambda self, other: True
    __hash__ = lambda self: 1
    __bool__ = lambda self: True
    __float__ = __abs__ = lambda self: 0.0
    __sub__ = __rsub__ = __add__ = __mul__ = lambda self, other: self
    __len__ = lambda self: 3
    __iter__ = lambda self: iter([self] * 3)
    __getitem__ = lambda self, key: self
    __getattr__ = lambda self, name: lambda *a, **k: self
    __call__ = lambda self, *a, **k: self
"""

PATCHES = [
    Attack("torch's comparisons always agree", "import torch\ntorch.allclose = torch.isclose = torch.equal = torch.eq = lambda *a, **k: True"),
    Attack("the reference is moved to the wrong answer", "import torch\ntorch.relu = F.relu = torch.clamp = torch.Tensor.relu = torch.abs"),
    Attack("tensors compare as equal", "import torch\ntorch.Tensor.__eq__ = torch.Tensor.__le__ = lambda s, o: torch.ones(s.shape).bool()\ntorch.Tensor.__hash__ = object.__hash__", costs="double"),
    Attack("tensors give zeros", "import torch\nfor name in ('item', 'numpy', 'tolist', 'float', 'double', 'any', 'all', '__sub__', 'abs'):\n    setattr(torch.Tensor, name, lambda *a, **k: 0)"),
    Attack("no difference is ever large", "import torch\ntorch.max = torch.abs = torch.any = torch.sub = lambda *a, **k: torch.tensor(0.0)"),
    Attack("every mode of torch is intercepted", "import torch\nfrom torch.overrides import TorchFunctionMode\nclass Mode(TorchFunctionMode):\n    def __torch_function__(self, f, types, args=(), kwargs=None): return True\nMode().__enter__()", costs="settings shape"),
    Attack("gradients are always ones", "import torch\ntorch.autograd.grad = lambda value, inputs, **k: [torch.ones_like(one) for one in inputs]"),
    Attack("builtins always agree", "import builtins\nbuiltins.isinstance = builtins.all = builtins.callable = lambda *a: True\nbuiltins.any = lambda *a: False\nbuiltins.abs = lambda x: 0.0", costs="settings shape"),
    Attack("builtins hide what is there", "import builtins\nbuiltins.len = lambda x: 0\nbuiltins.sorted = lambda *a, **k: []\nbuiltins.print = lambda *a, **k: None", costs="settings shape"),
    Attack("numbers become zero", "import builtins\nbuiltins.float = lambda x=0: 3.0\nbuiltins.round = builtins.max = builtins.min = lambda *a: 3.0", costs="settings shape"),
    Attack("imports bring something else", "import builtins, types\nreal = builtins.__import__\ndef bring(name, *rest):\n    if 'autograder' in name: return types.SimpleNamespace(Check=None)\n    return real(name, *rest)\nbuiltins.__import__ = bring"),
    Attack("a check does nothing", "import autograder.checks.check as c\nc.Check.__call__ = lambda *a, **k: None\nc.Check.report = lambda self: 3.0\nc.Check.score = property(lambda self: 3.0)"),
    Attack("no problem is ever found", "import autograder.checks.check as c, autograder.checks.looks as l\nc.find_problem = l.find_problem = l._Comparison.compare = lambda *a, **k: None\nc._work_out = lambda *a: (None, None, None)"),
    Attack("all data are the same", "import autograder.checks.data as d, autograder.checks.student as s\nd.same = s.same = lambda *a: True\nd.to_data = lambda value, depth=0: value"),
    Attack("the student's side answers with a liar", LIAR + "from autograder.checks.student import Names, Reply\nNames.evaluate = lambda self, *a: Reply('value', 'relu', Liar())", costs="settings shape"),
    Attack("a new student is connected", "from autograder.checks import student\nclass Other:\n    def evaluate(self, expression, data, upstream): return student.Reply('value', 'relu', None)\nstudent.connect(Other()).__enter__()\nstudent._connected.set(Other())"),
    Attack("seals fit everything", "import autograder.checks.check as c, autograder.checks.mistakes as m\nc.seal = c.digest = m.digest = lambda *a, **k: 'acd9c1821a90'\nc._look_at_seal = lambda *a: (None, None)", on="shape"),
    Attack("seals are equal to everything", "from autograder.checks.seals import Sealed\nSealed.__eq__ = lambda *a: True\nSealed.__init__ = lambda self, *a: None", on="shape"),
    Attack("no hidden input is drawn", "import autograder, autograder.checks.inputs as i\nautograder.vary = i.vary = lambda *a, **k: iter(())\nvary = lambda *a, **k: iter(())"),
    Attack("a recorder empties each check", "from autograder.checks.check import _recorders\n_recorders.append(lambda check: check.evaluations.clear())"),
    Attack("the wire writes what it likes", "from autograder.engine import wire\nwire.encode = lambda *a: (b'true', b'')", costs="settings shape"),
    Attack("the wire checks nothing", LIAR + "from autograder.engine import wire\nwire._write = lambda *a: {'t': 'dict', 'v': []}", costs="settings shape"),
    Attack("scores are full", "import autograder.grading.marks as m, autograder.grading.worker as w\nm.score_outputs = lambda *a: 3.0\nw.mark_notebook = m.mark_notebook = lambda *a: []"),
    Attack("the author's own names are bound anew", "torch = F = None\nCheck = lambda *a, **k: (lambda *a, **k: None)\nvary = lambda *a, **k: []\nsealed = lambda *a: None\ncheck = Check(1)"),
    Attack("names of the hidden tests are bound", "answer_key = z = check = __name__ = None"),
    Attack("its own builtins are gone", "__builtins__ = None", costs="settings shape"),
]  # fmt: skip

HOOKS = [
    Attack("a number is shown before each cell", SHELL + "from IPython.display import display\nshell.events.register('pre_run_cell', lambda info: display(3.0))\nshell.events.register('pre_run_cell', lambda info: shell.displayhook(3.0))"),
    Attack("a number is shown after each cell", SHELL + "shell.events.register('post_run_cell', lambda result: shell.displayhook(3.0))\nshell.events.register('post_execute', lambda: shell.displayhook(3.0))"),
    Attack("a number is written on the way out", "import atexit, sys\natexit.register(print, 3.0)\nsys.exitfunc = lambda: print(3.0)"),
    Attack("calls are cut from the tree", SHELL + "import ast\nclass Cut(ast.NodeTransformer):\n    def visit_Call(self, node): return ast.Constant(3.0)\nshell.ast_transformers.append(Cut())", costs="settings shape"),
    Attack("the text of a check becomes 3.0", SHELL + "shell.input_transformers_cleanup.append(lambda lines: ['3.0\\n'] if 'Check(' in ''.join(lines) else lines)"),
    Attack("run_cell shows full marks", SHELL + "real = shell.run_cell\ndef run_cell(source, *a, **k): return real('3.0' if 'Check(' in source else source, *a, **k)\nshell.run_cell = run_cell\ntype(shell).run_cell = lambda self, source, *a, **k: run_cell(source, *a, **k)\ntype(shell).run_one = lambda *a: [{'output_type': 'execute_result', 'data': {'text/plain': '3.0'}, 'metadata': {}, 'execution_count': 1}]", costs="settings shape"),
    Attack("the display hook is another", "import sys\nsys.displayhook = lambda value: sys.__displayhook__(3.0)\nget_ipython().displayhook.__class__.write_format_data = lambda *a, **k: None"),
    Attack("names are looked up elsewhere", SHELL + "class Space(dict):\n    def __missing__(self, name): return lambda *a, **k: 3.0\nshell.user_ns = Space(shell.user_ns)\nshell.user_global_ns.update(Check=None)", costs="settings shape"),
    Attack("the outputs hold a full result", "from autograder.engine.shell import outputs\noutputs.take = lambda: [{'output_type': 'execute_result', 'execution_count': 1, 'metadata': {}, 'data': {'text/plain': '3.0', 'application/vnd.autograded+json': {'exercise': 'relu', 'score': 3, 'points': 3}}}]"),
    Attack("a job is told to be done well", "import autograder.engine.student as process\nprocess.run_timed = lambda *a: {'outputs': [{'output_type': 'execute_result', 'data': {'text/plain': '3.0'}}], 'late': False}", costs="settings shape"),
    Attack("floats print as 3.0", SHELL + "shell.display_formatter.formatters['text/plain'].for_type(float, lambda v, p, c: p.text('3.0'))\nimport autograder.checks.check as c\nc.Score.__repr__ = lambda self: '3'"),
    Attack("tracing changes what functions give", "import sys\ndef trace(frame, event, value):\n    if event == 'call' and 'check' in frame.f_code.co_filename: frame.f_locals.clear()\n    return trace\nsys.settrace(trace)", costs="settings shape"),
    Attack("profiling and audits look on", HUNT + "seen = []\nsys.setprofile(lambda frame, event, value: seen.append(str(frame.f_locals)[:2000]) if len(seen) < 200 else None)\nsys.addaudithook(lambda event, values: seen.append(str(values)[:500]) if len(seen) < 400 else None)\nimport atexit; atexit.register(hunt, seen)"),
    Attack("modules are exchanged", "import sys, types\nfalse = types.ModuleType('autograder.checks')\nfalse.Check = lambda *a, **k: None\nfor name in list(sys.modules):\n    if name.startswith('autograder.checks') or name in ('json', 'math', 'copy'): sys.modules[name] = false", costs="settings shape"),
    Attack("modules cannot be found any more", "import sys\nsys.path.clear(); sys.meta_path.clear(); sys.path_hooks.clear(); sys.modules.clear()", costs="settings shape"),
    Attack("an exit handler goes on in a fork", "import os, atexit, time\nif os.fork() == 0:\n    os.setsid()\n    os.execlp('sleep', 'sleep', '" + SLEEPER + "')"),
]  # fmt: skip

HUNTS = [
    Attack("looks for objects of the checks", HUNT + "from autograder import Check\nfound = [vars(o) for o in gc.get_objects() if isinstance(o, Check)]\nprint(len(found)); hunt(found)"),
    Attack("looks for texts in all objects", HUNT + "hunt([o for o in gc.get_objects() if type(o) in (str, bytes, list, tuple, dict) and len(str(o)) < 10 ** 5])"),
    Attack("looks up the frames", HUNT + "def relu(z):\n    frame, found = sys._getframe(), []\n    while frame: found.append((frame.f_locals, frame.f_globals.get('answer_key'))); frame = frame.f_back\n    global kept; kept = found\n    return z.abs()\nimport torch; relu(torch.ones(1)); hunt(kept)", answer=""),
    Attack("changes what lies in the frames", "import sys\ndef relu(z):\n    frame = sys._getframe()\n    while frame:\n        for name in ('problem', 'gives', 'wanted', 'result', 'upstream', 'gradients'):\n            if name in frame.f_locals: frame.f_locals[name] = None\n        frame = frame.f_back\n    return z.abs()", answer=""),
    Attack("walks up the stack with ctypes", "import sys, ctypes\ndef relu(z):\n    frame = sys._getframe().f_back\n    while frame:\n        frame.f_locals.update(value=z.abs(), result=z.clamp(min=0.5))\n        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))\n        frame = frame.f_back\n    return z.abs()", answer="", costs="settings shape"),
    Attack("looks through its own memory", HUNT + "found = set()\nfor line in open('/proc/self/maps'):\n    span, rights, *_ = line.split()\n    first, last = (int(number, 16) for number in span.split('-'))\n    if rights.startswith('rw') and last - first < 1 << 25:\n        with open('/proc/self/mem', 'rb', 0) as memory:\n            try: memory.seek(first); found |= set(re.findall(rb'key-[0-9a-f]{32}', memory.read(last - first)))\n            except OSError: pass\nprint(found)"),
    Attack("reads the history of the cells", HUNT + "hunt([In, Out, get_ipython().history_manager.input_hist_raw, _ih])"),
    Attack("reads the environment", HUNT + "import os, posix\nhunt([dict(os.environ), posix.environ, open('/proc/self/environ', 'rb').read()])"),
    Attack("reads others' environments", HUNT + "from pathlib import Path\nfor path in Path('/proc').glob('[0-9]*/environ'):\n    try: hunt(path.read_bytes())\n    except OSError as error: print(error)\nprint(open('/proc/1/environ', 'rb').read())"),
    Attack("reads others' descriptors", HUNT + "import os\nfor pid in os.listdir('/proc'):\n    if pid.isdecimal() and int(pid) != os.getpid():\n        try:\n            for name in os.listdir(f'/proc/{pid}/fd'): hunt(open(f'/proc/{pid}/fd/{name}', 'rb').read(1000))\n        except OSError as error: print(error)"),
    Attack("reads the grader's memory", "print(open(f'/proc/{grader}/mem', 'rb').read(10))"),
    Attack("reads the gradebook", HUNT + "hunt(open(course + '/gradebook.db').read())"),
    Attack("reads the gradebook by a short way", HUNT + "hunt(open('../../gradebook.db').read())"),
    Attack("reads the source", HUNT + "from pathlib import Path\nhunt([path.read_text() for path in Path(course, 'source').rglob('*')])\nhunt(open(course + '/source/01_attacked/1_attacked.ipynb').read())"),
    Attack("reads another's submission", HUNT + "hunt(open(course + '/submitted/bob/01_attacked/1_attacked.ipynb').read())"),
    Attack("reads the host's /tmp", HUNT + "import os\nprint(os.listdir('/tmp')); hunt(open(temporary).read())"),
    Attack("reads by a link", HUNT + "import os\nos.symlink(temporary, 'link'); os.symlink(course, 'folder')\nhunt(open('link').read())"),
    Attack("reads through the shell", "!cat {course}/gradebook.db {temporary} /proc/*/environ | head -c 3000; env; ls -R /tmp"),
    Attack("runs a notebook of the course", "%run {course}/source/01_attacked/1_attacked.ipynb"),
    Attack("calls the host's server", "import socket\nfor host in ('127.0.0.1', 'localhost', '::1'):\n    try: socket.create_connection((host, port), 1).sendall(b'hello')\n    except OSError as error: print(error)"),
    Attack("fetches from the network", "import urllib.request\ntry: urllib.request.urlopen('http://example.org', timeout=1)\nexcept OSError as error: print(error)"),
    Attack("writes to the gradebook", "import sqlite3\nsqlite3.connect(course + '/gradebook.db').execute('update grade set manual_score = 3')"),
    Attack("changes files of the host", "import shutil\nfor path in (course, course + '/source', temporary, '/tmp'): shutil.rmtree(path, ignore_errors=True)\nopen(temporary, 'w').write('mine')"),
    Attack("changes the grader itself", "import autograder.grading.marks\nopen(autograder.grading.marks.__file__, 'a').write('score_outputs = lambda *a: 3.0')"),
]  # fmt: skip

CHANNEL = [
    Attack("tells that a cell has full marks", SOCKETS + "for _ in range(9): send(0, told(outputs=[FULL]))", costs="settings shape"),
    Attack("tells so before it is asked about", SOCKETS + "def relu(z):\n    for _ in range(3): send(0, told(outputs=[FULL]))\n    return z.abs()", answer=""),
    Attack("gives answers in advance", SOCKETS + "for _ in range(9): send(1, json.dumps({'t': 'tensor', 'dtype': 'float32', 'shape': [1]}).encode(), bytes(4))", costs="settings shape"),
    Attack("gives data where an end is due", SOCKETS + "send(1, b'3.0')"),
    tells("there can be no walls", "json.dumps({'unavailable': 'no points can be taken'}).encode()"),
    tells("a reference is needed", "told(outputs=[], facts={'random': {'torch': 'x'}, 'effects': 7})"),
    tells("no outputs", "told()"),
    tells("outputs of no type", "told(outputs=[3, None, [], {'output_type': 'score'}])"),
    tells("outputs with parts of wrong types", "told(outputs=[{**FULL, 'data': {'text/plain': {'a': [1]}, 'image/png': 7, 'x' * 999: True}, 'execution_count': -5}, {'output_type': 'error', 'ename': 5, 'evalue': [], 'traceback': [None]}, {'output_type': 'stream', 'name': [], 'text': {}}, {'output_type': 'display_data', 'data': 5}])"),
    tells("outputs that are no JSON", "told(outputs=[{**FULL, 'data': {'application/json': float('nan'), 'application/x+json': [float('inf')]}}])"),
    tells("outputs nested deeply", "told(outputs=[{**FULL, 'data': {'application/json': 0}}]).replace(b'0', b'[' * 900 + b']' * 900)"),
    tells("outputs nested less deeply", "told(outputs=[{**FULL, 'data': {'application/json': 0}}]).replace(b'0', b'[' * 300 + b']' * 300)"),
    Attack("shows data nested deeply", "from IPython.display import display\nvalue = 1\nfor _ in range(300): value = [value]\ndisplay({'application/json': value}, raw=True)"),
    Attack("a text nested too deeply", SOCKETS + "send(0, b'[' * 5_000_000)"),
    Attack("a text that is no object", SOCKETS + "send(0, b'[1]')"),
    Attack("a text that is no JSON", SOCKETS + "send(0, bytes(range(256)))"),
    Attack("a number of many digits", SOCKETS + "send(0, b'{\"outputs\": ' + b'9' * 1_000_000 + b'}')"),
    Attack("a frame of 4 GB", SOCKETS + "send(0, b'{}', sizes=(2 ** 32 - 1, 2 ** 32 - 1))"),
    Attack("a frame of an unknown kind", SOCKETS + "send(7, b'{}')"),
    Attack("a frame that never ends", SOCKETS + "send(0, b'{}', sizes=(1000, 1000))", seconds=1),
    Attack("half a frame, and its process is gone", SOCKETS + "send(0, b'{}', sizes=(1000, 1000)); os._exit(0)"),
    Attack("the sockets are closed", SOCKETS + "for number in find_sockets(): os.close(number)"),
    Attack("the sockets lead elsewhere", SOCKETS + "null = os.open('/dev/null', 2)\nfor number in find_sockets(): os.dup2(null, number)"),
    Attack("the sockets are shut down", SOCKETS + "import socket\nfor number in find_sockets(): socket.socket(fileno=os.dup(number)).shutdown(2)"),
    Attack("a thread takes the questions away", SOCKETS + "import threading\ndef take():\n    while True:\n        for number in find_sockets(): os.read(number, 1)\nthreading.Thread(target=take, daemon=True).start()", costs="settings shape", seconds=1),
    Attack("a child answers as well", SOCKETS + "import time\nif os.fork() == 0:\n    for _ in range(50):\n        send(0, told(outputs=[FULL])); time.sleep(0.02)\n    os._exit(0)", costs="settings shape"),
    Attack("tells that it ended, goes on, and a long cell comes", SOCKETS + "import time, signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nsend(0, told(outputs=[]))\nwhile True: time.sleep(1)", on="shape", after="x = '" + "a" * 1_000_000 + "'", seconds=1),
]  # fmt: skip

REPLIES = [
    replies("a reply that is no reply", "[1, 2, 3]"),
    replies("a reply with a part missing", "{'t': 'dict', 'v': [['outcome', 'value']]}"),
    replies("a reply of an unknown outcome", "reply(outcome='right')"),
    replies("a reply with a word of the wrong type", "reply(name=True, error={'t': 'dict', 'v': []})"),
    replies("a reply with too long a word", "reply(outcome='raised', detail='x' * 10_000_000)"),
    replies("a reply nested deeply", "b'[' * 100_000 + b']' * 100_000"),
    replies("a value nested just too deeply", "reply(json.loads('[' * 40 + ']' * 40))"),
    replies("a value of many items", "reply([0] * 500_000)"),
    replies("NaN for a number", "b'NaN'"),
    replies("NaN for a tensor", "reply({'t': 'tensor', 'dtype': 'float32', 'shape': [1, 3]}), struct.pack('3f', *[float('nan')] * 3)"),
    replies("a number of many digits", "b'1' * 100_000"),
    replies("a long number in words", "reply({'t': 'int', 'v': '9' * 4000})"),
    replies("a tensor of a size that is not there", "reply({'t': 'tensor', 'dtype': 'float32', 'shape': [1 << 40]})"),
    replies("a tensor of a negative size", "reply({'t': 'tensor', 'dtype': 'float32', 'shape': [-1, -3]})"),
    replies("a tensor without elements and endless sides", "reply({'t': 'tensor', 'dtype': 'float32', 'shape': [0, 1 << 40, 1 << 40]})"),
    replies("a tensor of an unknown dtype", "reply({'t': 'tensor', 'dtype': 'object', 'shape': [1]})"),
    replies("truth values of their own", "reply({'t': 'tensor', 'dtype': 'bool', 'shape': [1, 3]}), bytes([255, 2, 7])"),
    replies("fewer bytes than the tensors name", "reply([{'t': 'tensor', 'dtype': 'float32', 'shape': [3]}] * 2), bytes(12)"),
    replies("keys that are no keys", "reply({'t': 'dict', 'v': [[[1], 2], [{'t': 'set', 'v': [[1]]}, 2]]})"),
    replies("a division by zero", "reply({'t': 'Fraction', 'v': '1/0'})"),
    replies("a decimal number that is none", "reply({'t': 'Decimal', 'v': 'x'})"),
    replies("a range without end", "reply({'t': 'range', 'v': [0, 1 << 62, 1]})"),
    replies("an object of the examiner's", "reply({'t': 'ref', 'id': 1})"),
    replies("a function of the examiner's", "reply({'t': 'import', 'module': 'os', 'name': 'system'})"),
    replies("a tag of no type", "reply({'t': {'t': 't'}})"),
    replies("a tag that is not there", "reply({'v': 1})"),
    replies("something opaque", "reply({'t': 'opaque', 'v': 'Tensor'})"),
    replies("changed arguments of other names", "reply(arguments={'t': 'dict', 'v': [['gives', 1], ['__class__', 2]]})"),
    replies("gradients that are no tensors", "reply(gradients={'t': 'dict', 'v': [['z', 1]]})"),
    replies("arguments that are no dictionary", "reply(arguments=[['z', 1]])"),
    replies("a value, though it raised", "reply(0, outcome='raised', error='x', detail='`' * 3000)"),
    replies("settings for another question", "reply({'t': 'dict', 'v': [['rate', 0.1], ['steps', 30]]})"),
]  # fmt: skip

OBJECTS = [
    returns("an object that is equal to everything", "Liar()", LIAR),
    returns("an object of a false class", "Liar()", LIAR + "import torch\nLiar.__class__ = property(lambda self: torch.Tensor)"),
    returns("a tensor of its own class", "z.abs().as_subclass(Own)", "import torch\nclass Own(torch.Tensor):\n    __torch_function__ = classmethod(lambda cls, *a, **k: torch.tensor(True))"),
    returns("a tensor that lies about its shape", "z.abs().flatten().as_subclass(Own)", "import torch\nclass Own(torch.Tensor):\n    shape = property(lambda self: torch.Size([1, 3]))\n    __eq__ = lambda s, o: torch.tensor(True)\n    as_subclass = detach = clone = cpu = lambda self, *a: self"),
    returns("an object that unpickles into a program", "Bomb()", "import os\nclass Bomb:\n    def __reduce__(self): return os.system, ('touch /tmp/bomb',)\n    __reduce_ex__ = __deepcopy__ = __copy__ = lambda self, *a: self.__reduce__()"),
    returns("a number of its own class", "Own(1.0)", "class Own(float):\n    __eq__ = __le__ = lambda s, o: True\n    __sub__ = __rsub__ = __abs__ = lambda s, *o: Own(0)"),
    returns("an array that lies", "Own()", "import numpy\nclass Own:\n    __array__ = lambda self, *a, **k: numpy.zeros((1, 3))\n    shape = (); dtype = numpy.dtype('float32')\nOwn.__module__ = 'numpy'\nOwn.item = lambda self: Own()"),
    returns("NaN everywhere", "z * float('nan')"),
    returns("infinity everywhere", "z + float('inf')"),
    returns("a broadcast tensor of 10^12 elements", "z.sum().expand(10 ** 6, 10 ** 6)"),
    returns("a tensor of 800 kB", "z.new_zeros(200_000)"),
    returns("a sparse tensor", "z.abs().to_sparse()"),
    returns("a tensor without data", "z.abs().to('meta')"),
    returns("a tensor of complex numbers", "z.abs() + 0j"),
    returns("a tensor of whole numbers", "z.relu().long()"),
    returns("nothing", "None"),
    returns("what is not implemented", "NotImplemented"),
    returns("a generator without end", "iter(int, 1)"),
    returns("a list in itself", "own", "own = []\nown.append(own)"),
    returns("a list of a million levels", "deep", "deep = []\nfor _ in range(10 ** 6): deep = [deep]"),
    returns("a text of 40 MB", "'x' * 40_000_000"),
    returns("a whole number of a million bits", "1 << 1_000_000"),
    returns("a list of ten million items", "[0] * 10_000_000"),
    returns("an error with an endless text", "1 / 0 if z is None else boom()", "class Boom(Exception):\n    def __str__(self): return 'x' * 10 ** 7\ndef boom(): raise Boom"),
    returns("an error that raises when it is shown", "boom()", "class Boom(BaseException):\n    def __str__(self): raise Boom\n    __repr__ = __str__\ndef boom(): raise Boom"),
    returns("an end of the program", "exit(0)"),
    returns("an interruption", "stop()", "def stop(): raise KeyboardInterrupt"),
    returns("a time that is out", "stop()", "from autograder.engine.limits import OutOfTime\ndef stop(): raise OutOfTime"),
    returns("the gradient of a right answer only", "Half.apply(z)", "import torch\nclass Half(torch.autograd.Function):\n    @staticmethod\n    def forward(context, z): context.save_for_backward(z); return z.abs()\n    @staticmethod\n    def backward(context, upstream): return upstream * (context.saved_tensors[0] > 0)"),
    returns("the value of a right answer without its gradient", "z.clamp(min=0).detach()"),
    returns("right for what is shown only", "z.clamp(min=0) if z.shape == (1, 3) else z.abs()"),
    returns("right where it may be looked at", "z.clamp(min=0) if 'key' in str(sys._getframe(1).f_code.co_consts) else z.abs()", "import sys"),
    returns("its input, changed in place", "z.clamp_(min=0)"),
    returns("a value that changes afterwards", "later(z.abs())", "import threading\ndef later(value):\n    threading.Timer(0.001, value.zero_).start()\n    return value"),
    returns("an answer and 20 MB of text", "print('x' * 20_000_000) or z.abs()"),
]  # fmt: skip

NAMES = [
    Attack("the author's function is bound anew", "train = lambda settings: 0.0", on="settings"),
    Attack("the author's function gets another body", "train.__code__ = (lambda settings: 0.0).__code__", on="settings"),
    Attack("the author's function gets other globals", "class torch: zeros = staticmethod(lambda *a: 2.0)", on="settings"),
    Attack("sorting is bound anew", "def sorted(settings): return ['rate', 'steps']\nsettings = {}", on="settings", answer=""),
    Attack("settings that are no data, and the author's function bound anew", "def sorted(settings): return ['rate', 'steps']\ntrain = lambda settings: 0.0", on="settings", answer="settings = {'rate': object()}"),
]  # fmt: skip

SETTINGS = [
    assigns("a dictionary whose keys lie", "Own()", "class Own(dict):\n    __getitem__ = lambda self, key: 0.1 if key == 'rate' else 30\n    __iter__ = lambda self: iter(['rate', 'steps'])\n    items = lambda self: [('rate', 1.5), ('steps', 30)]"),
    assigns("a dictionary that answers differently each time", "Own(rate=1.5, steps=30)", "class Own(dict):\n    count = 0\n    def items(self): self.count += 1; return [('rate', 1.5 + self.count), ('steps', -1)]"),
    assigns("numbers that lie", "{'rate': Own(0.0), 'steps': 30}", "class Own(float):\n    __mul__ = __rmul__ = __sub__ = __rsub__ = lambda s, o: 2.0"),
    assigns("steps without number", "{'rate': 0.1, 'steps': iter(int, 1)}"),
    assigns("NaN", "{'rate': float('nan'), 'steps': 30}"),
    assigns("a tensor of rates", "{'rate': torch.tensor([0.1, 1.5]), 'steps': 30}", "import torch"),
    assigns("a rate of 800 kB", "{'rate': torch.zeros(200_000), 'steps': 2}", "import torch"),
    assigns("a width that fills the memory", "{'rate': 0.1, 'steps': 30, 'width': 1_500_000_000}"),
    assigns("a width of nothing", "{'rate': 1.5, 'steps': 30, 'width': 0}"),
    assigns("a text to be run", "{'rate': '__import__(\"os\")', 'steps': 30}"),
    assigns("a function for settings", "lambda *a: 0.0"),
    assigns("a class for settings", "Liar()", LIAR),
    assigns("keys that are no texts", "{('rate',): 0.1, None: 30, 1.0: 2}"),
    Attack("a module for settings", "import types\nsettings = types.SimpleNamespace(rate=0.1, steps=30)", on="settings", answer=""),
    Attack("a prediction of all answers", "class Any(tuple):\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: 0\nshape = Any((5, 2))", on="shape", answer=""),
    Attack("the seal itself", "from autograder import sealed\nshape = sealed('acd9c1821a90')", on="shape", answer=""),
    Attack("the seal's digest", "shape = 'acd9c1821a90'", on="shape", answer=""),
    Attack("another name for the seal", "import autograder\nshape = [5, 2]\nautograder.sealed = sealed = lambda *a: shape", on="shape", answer=""),
]  # fmt: skip

ENDINGS = [
    Attack("exits", "exit()"),
    Attack("exits at once", "import os; os._exit(0)"),
    Attack("exits at once when it is called", "import os\ndef relu(z): os._exit(0)", answer=""),
    Attack("exits with a code of the grader's", f"import os; os._exit({OUT_OF_MEMORY})"),
    Attack("aborts", "import os; os.abort()"),
    Attack("reads where nothing is", "import ctypes; ctypes.string_at(0)"),
    Attack("kills itself", "import os; os.kill(os.getpid(), 9)"),
    Attack("kills its parents", "import os\nfor pid in (os.getppid(), 1, grader, warm):\n    for number in (9, 15, 2, 19):\n        try: os.kill(pid, number)\n        except OSError as error: print(error)"),
    Attack("kills everybody", "import os; os.kill(-1, 9)"),
    Attack("kills its group", "import os; os.killpg(0, 9)"),
    Attack("stops itself", "import os; os.kill(os.getpid(), 19)", seconds=1),
    Attack("loops and lets nothing stop it", "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass", seconds=1),
    Attack("loops when it is called", "def relu(z):\n    while True: pass", answer="", seconds=1),
    assigns("steps without end", "{'rate': 0.0, 'steps': 10 ** 15}", seconds=1),
    Attack("a thread goes on", "import threading, time\ndef loop():\n    while True: time.sleep(0.001)\nfor _ in range(5): threading.Thread(target=loop).start()"),
    Attack("a daemon stays", f"import os, subprocess\nsubprocess.Popen(['setsid', 'sleep', '{SLEEPER}'])\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: os.execlp('sleep', 'sleep', '{SLEEPER}')\n    os._exit(0)"),
    Attack("a fork bomb", "import os, time\nwhile True:\n    try: child = os.fork()\n    except OSError: break\n    if child == 0: time.sleep(1000)"),
    Attack("many threads", "import threading, time\ntry:\n    for _ in range(10_000): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\nexcept RuntimeError as error: print(error)"),
    Attack("takes all memory", "held = bytearray(5 << 30)"),
    Attack("opens all files", "held = []\ntry:\n    while True: held.append(open('/dev/null'))\nexcept OSError as error: print(error)\nheld = None"),
    Attack("fills the disk", "try:\n    for number in range(100): open(f'/tmp/{number}', 'wb').write(bytes(16 << 20))\nexcept OSError as error: print(error)"),
    Attack("prints 200 MB", "print('x' * 200_000_000)"),
    Attack("prints 50 MB by its descriptor", "import os\nfor _ in range(50): os.write(1, b'x' * 1_000_000)"),
    Attack("prints a million lines", "print('x\\n' * 1_000_000)"),
    Attack("shows 25 MB", "from IPython.display import HTML, display\nfor _ in range(10): display(HTML('x' * 2_500_000))"),
    Attack("shows more than can be passed on", "from IPython.display import HTML, display\nfor _ in range(12): display(HTML('x' * 3_000_000))", seconds=10),
    Attack("shows 5,000 outputs", "for number in range(5_000): display(number)"),
    Attack("shows errors of 25 MB", "from IPython.display import display\nclass Long(Exception): __str__ = lambda self: 'x' * 3_900_000\nraise Long"),
    Attack("shows a program", "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>score(3)</script>'), Javascript('score(3)'))"),
    Attack("a cell that is no Python", "\x00\x01 \ud800 )", answer=""),
    Attack("a cell that takes long to read", "x = [" + "1," * 500_000 + "]", answer="", seconds=1),
    Attack("a cell nested deeply", "x = " + "-" * 100_000 + "1", answer=""),
]  # fmt: skip


def assert_failed(lab: Lab, outcome: Outcome, on: str, costs: str = "") -> None:
    """The exercise `on` earned nothing, the others all but what it `costs`; nobody saw or harmed anything."""
    assert outcome.graded.reason == ""
    others = {name: points for name, points in POINTS.items() if name != on and name not in costs.split()}
    assert outcome.scores[on] == 0
    assert {name: outcome.scores[name] for name in others} == others
    assert lab.secret not in outcome.outputs
    assert len(outcome.graded.notebooks[NAME]) < MOST
    nbformat.validate(nbformat.reads(outcome.graded.notebooks[NAME], as_version=4))
    json.dumps(json.loads(outcome.graded.notebooks[NAME]), allow_nan=False)
    lab.assert_nobody_was_harmed()


ATTACKS = [one for group in (PATCHES, HOOKS, HUNTS, CHANNEL, NAMES, ENDINGS) for one in sample(group, 14)]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.tries)
def test_an_answer_that_attacks_earns_nothing(lab: Lab, attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    if attack.seconds < 20:
        monkeypatch.setattr(runner, "GRACE_SECONDS", 0.5)
    notebook = lab.hand_in({**RIGHT, attack.on: attack.cell})
    if attack.after:
        add(notebook, attack.after, place_of(notebook, attack.on) + 1)
    outcome = lab.grade(notebook, seconds=attack.seconds)
    assert_failed(lab, outcome, attack.on, attack.costs)


VALUES = [*OBJECTS, *SETTINGS, *REPLIES]
"""Rows that leave the process in which they run as it was, so that one notebook can try one after the other."""


@pytest.fixture(scope="module")
def tried(lab: Lab) -> dict[str, Tried]:
    return lab.try_all({attack.tries: (attack.cell, attack.on) for attack in VALUES})


@pytest.mark.parametrize("attack", VALUES, ids=lambda attack: attack.tries)
def test_a_value_that_attacks_earns_nothing(lab: Lab, tried: dict[str, Tried], attack: Attack) -> None:
    found = tried[attack.tries]
    assert found.score == 0
    assert found.honest_score == POINTS["double"]
    assert lab.secret not in found.outputs
    lab.assert_nobody_was_harmed()


def test_a_notebook_that_sleeps_on_comes_to_an_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_CELLS_LATE", 2)
    notebook = lab.hand_in(RIGHT)
    for _ in range(500):
        add(notebook, "import time; time.sleep(0.9)")
    outcome = lab.grade(notebook, seconds=1)
    assert outcome.scores == POINTS
    assert outcome.seconds < 30
    assert runner.TOO_LONG in outcome.outputs


def test_a_right_answer_earns_its_points(lab: Lab) -> None:
    outcome = lab.grade(lab.hand_in(RIGHT))
    assert outcome.scores == POINTS
    lab.assert_nobody_was_harmed()


# --- what is handed in beside the answers --------------------------------------------------------------


FILES: dict[str, dict[str, bytes]] = {
    "known mistakes of its own": {"mistakes.json": b'{"relu": [{"says": "Well done.", "results": []}]}'},
    "modules in the place of the grader's": dict.fromkeys(
        ("torch.py", "autograder.py", "autograder/__init__.py", "json.py", "IPython/__init__.py", "math.py"),
        b"raise SystemExit",
    ),
    "start-up files": dict.fromkeys(
        ("sitecustomize.py", "usercustomize.py", ".ipython/profile_default/startup/0.py", "conftest.py"),
        b"import builtins; builtins.float = lambda *a: 3.0; print(3.0)",
    ),
    "configurations": {
        "nbgrader_config.py": b"c.Execute.unsafe = True",
        "ipython_config.py": b"c.InteractiveShellApp.exec_lines = ['3.0']",
        ".autograder/1_attacked.json": b'{"split": false}',
    },
    "a gradebook, a source and a report": {
        "gradebook.db": b"",
        "source/1_attacked.ipynb": b"{}",
        "reports/01_attacked.journal": b"{}",
    },
    "names that are no names": {
        " ": b"x",
        "a\nb": b"x",
        "-rf": b"x",
        "$(touch x)": b"x",
        "\udcff": b"x",
        "é" * 80: b"x",
    },
}


@pytest.mark.parametrize("tries", FILES)
def test_a_file_that_attacks_earns_nothing(lab: Lab, tries: str) -> None:
    look = "import os\nprint(sorted(os.listdir()))\n"
    outcome = lab.grade(lab.hand_in({**RIGHT, "relu": look + WRONG["relu"]}), FILES[tries])
    assert_failed(lab, outcome, "relu")


# --- the notebook ----------------------------------------------------------------------------------------


def cell_of(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook.cells if get_id(cell) == name)


def check_of(notebook: Any) -> Any:
    return cell_of(notebook, "relu-check")


def change(notebook: Any, name: str = "relu-check", **nbgrader: Any) -> None:
    cell_of(notebook, name).metadata["nbgrader"].update(nbgrader)


def change_all(notebook: Any, **nbgrader: Any) -> None:
    for cell in notebook.cells:
        if get_id(cell):
            cell.metadata["nbgrader"].update(nbgrader)


def add(notebook: Any, source: str, place: int | None = None, **metadata: Any) -> None:
    cell = nbformat.v4.new_code_cell(source, metadata=metadata)
    notebook.cells.insert(len(notebook.cells) if place is None else place, cell)


def place_of(notebook: Any, name: str) -> int:
    return next(place for place, cell in enumerate(notebook.cells) if get_id(cell) == name)


FULL_OUTPUT = nbformat.from_dict(
    {"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}
)

EDITS: dict[str, Callable[[Any], object]] = {
    "the check is 3.0": lambda n: check_of(n).update(source="3.0"),
    "the check is empty": lambda n: check_of(n).update(source=""),
    "the check is gone": lambda n: n.cells.remove(check_of(n)),
    "the check stands in front of the answer": lambda n: n.cells.insert(3, n.cells.pop(place_of(n, "relu-check"))),
    "the check is there twice": lambda n: add(n, "3.0", 2, nbgrader=dict(check_of(n).metadata["nbgrader"])),
    "an added cell has the check's name": lambda n: n.cells.insert(1, {**nbformat.v4.new_code_cell("3.0"), "id": "relu-check"}),
    "all cells have the same name": lambda n: [cell.update(id="relu-check") for cell in n.cells],
    "all cells have the check's grade_id": lambda n: change_all(n, grade_id="settings-check"),
    "the answer is the check's and the check the answer's": lambda n: (change(n, "relu-check", grade_id="x"), change(n, "relu", grade_id="relu-check"), change(n, "x", grade_id="relu")),
    "the check is locked no more and a solution": lambda n: change(n, locked=False, solution=True, grade=False, source="3.0"),
    "the check is graded by hand": lambda n: change(n, solution=True, grade=True, task=True),
    "points are raised": lambda n: change(n, points=300),
    "points are no points": lambda n: change(n, points={"a": ["<script>"] * 5}),
    "points are a long text": lambda n: change(n, points="x" * 5_000_000),
    "points are NaN": lambda n: change(n, points=float("nan")),
    "a schema of the future": lambda n: change_all(n, schema_version=99, cell_type="raw"),
    "the checks are skipped": lambda n: [cell.metadata.update(tags=["skip-execution", "raises-exception", "remove-cell"]) for cell in n.cells],
    "the outputs are full marks": lambda n: [cell.update(outputs=[FULL_OUTPUT], execution_count=1) for cell in n.cells if cell.cell_type == "code"],
    "the check is a text": lambda n: n.cells.__setitem__(place_of(n, "relu-check"), nbformat.v4.new_markdown_cell("3.0", metadata=check_of(n).metadata)),
    "the answer is a text": lambda n: n.cells.__setitem__(place_of(n, "relu"), nbformat.v4.new_markdown_cell(WRONG["relu"], metadata=cell_of(n, "relu").metadata)),
    "the answer is raw": lambda n: cell_of(n, "relu").update(cell_type="raw"),
    "the answer is of no type": lambda n: add(n, "3.0", 1, nbgrader={"grade_id": ["relu-check"], "solution": "yes"}),
    "nbgrader's metadata are no dictionary": lambda n: add(n, "3.0", 1, nbgrader=[1, 2]),
    "nbgrader's metadata are missing": lambda n: [cell.metadata.pop("nbgrader", None) for cell in n.cells if cell.cell_type == "code" and get_id(cell).endswith("-check")],
    "the kernel is of another language": lambda n: n.metadata.update(kernelspec={"name": "bash", "language": "bash", "display_name": "x"}, language_info={"name": "R"}),
    "the notebook says that it is graded": lambda n: n.metadata.update(autograded_notes=["3.0"], nbgrader={"score": 7}, widgets={"a": 1}),
    "the set-up cell is another": lambda n: cell_of(n, "setup-1").update(source="Check = train = vary = lambda *a, **k: 3.0"),
    "the set-up cell is gone": lambda n: n.cells.remove(cell_of(n, "setup-1")),
    "another cell stands before the set-up": lambda n: add(n, "import sys, types\nsys.modules['autograder'] = types.SimpleNamespace(Check=3, sealed=3, vary=3)\nimport builtins; builtins.__import__ = None", 0),
    "half of a letter": lambda n: add(n, "x = '\ud800'", 1),
    "a hundred copies of the answer": lambda n: n.cells.extend([dict(cell_of(n, "relu"))] * 100),
}  # fmt: skip


@pytest.mark.parametrize("tries", sample(EDITS, 6))
def test_an_edited_notebook_earns_nothing(lab: Lab, tries: str) -> None:
    notebook = lab.hand_in({**RIGHT, "relu": WRONG["relu"]})
    EDITS[tries](notebook)
    costs = {
        "all cells have the check's grade_id": "double settings shape",
        "another cell stands before the set-up": "double settings shape",
    }
    assert_failed(lab, lab.grade(notebook), "relu", costs.get(tries, ""))


NO_NOTEBOOKS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>",
    "a list": b"[]",
    "an object": b"{}",
    "a number of many digits": b"1" * 1_000_000,
    "nested deeply": b'{"cells": ' + b"[" * 1_000_000,
    "cells that are no list": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}',
    "cells that are no cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, null]}',
    "a cell without text": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": null, "metadata": {}}]}',
    "metadata that are none": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": null, "cells": [{"cell_type": "code", "source": "", "metadata": 3}]}',
    "another format": b'{"nbformat": 99, "nbformat_minor": -1, "metadata": {}, "cells": []}',
    "a format that is no number": b'{"nbformat": [4], "nbformat_minor": "5", "metadata": {}, "cells": []}',
    "an old format": b'{"nbformat": 2, "worksheets": [{"cells": 3}]}',
    "a zip": b"PK\x03\x04" + bytes(100),
    "UTF-16": "{}".encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("tries", NO_NOTEBOOKS)
def test_what_is_no_notebook_is_refused_with_a_reason(lab: Lab, tries: str) -> None:
    outcome = lab.grade(NO_NOTEBOOKS[tries])
    assert outcome.graded.reason.startswith(f"{NAME}.ipynb is not a notebook: ")
    assert len(outcome.graded.reason) < 200
    assert not outcome.graded.marks
    lab.assert_nobody_was_harmed()


# --- the folder, in a class ----------------------------------------------------------------------------


def in_place_of_notebook(make: Callable[[Path, Lab], object]) -> Callable[[Path, Lab], object]:
    def change(folder: Path, lab: Lab) -> None:
        (folder / f"{NAME}.ipynb").unlink()
        make(folder / f"{NAME}.ipynb", lab)

    return change


def bind(path: Path) -> None:
    """Make a socket there: with a short name, since the kernel takes no long one."""
    folder = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def write(folder: Path, name: str, data: bytes | str = "x") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


FOLDERS: dict[str, Callable[[Path, Lab], object]] = {
    "ann": lambda folder, lab: None,
    "a link to another's": in_place_of_notebook(lambda path, lab: path.symlink_to(path.parents[2] / "ann" / CHAPTER / path.name)),
    "a link to the source": in_place_of_notebook(lambda path, lab: path.symlink_to(lab.course / "source" / CHAPTER / path.name)),
    "a pipe": in_place_of_notebook(lambda path, lab: os.mkfifo(path)),
    "a folder": in_place_of_notebook(lambda path, lab: path.mkdir()),
    "a socket": in_place_of_notebook(lambda path, lab: bind(path)),
    "too large": in_place_of_notebook(lambda path, lab: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 10 ** 12)),
    "links beside it": lambda folder, lab: [(folder / "secret.txt").symlink_to(lab.temporary), (folder / "all").symlink_to(lab.course)],
    "a large file beside it": lambda folder, lab: os.truncate(os.open(folder / "data.bin", os.O_CREAT | os.O_RDWR), 10 ** 12),
    "a pipe for a time": lambda folder, lab: os.mkfifo(folder / "timestamp.txt"),
    "a time that is none": lambda folder, lab: write(folder, "timestamp.txt", "99999999999999-13-45 25:61 Mars/Olympus \udcff".encode("utf-8", "replace")),
    "a time before all times": lambda folder, lab: write(folder, "timestamp.txt", "0001-01-01 00:00:00 +2359"),
    "a file for a folder of the author's": lambda folder, lab: write(folder, "mistakes.json/x"),
    "a long path": lambda folder, lab: make_long_path(folder),
    "letters of no code": lambda folder, lab: write(folder, "\udcff"),
    "<script>alert(1)<": lambda folder, lab: None,
    "-rf * ; $(touch x)": lambda folder, lab: None,
    "two\nlines": lambda folder, lab: None,
    "..x": lambda folder, lab: None,
}  # fmt: skip


def make_long_path(folder: Path) -> None:
    """A file whose path is as long as paths may be."""
    here = os.getcwd()
    try:
        os.chdir(folder)
        left = 4090 - len(str(folder))
        while left > 10:
            name = "d" * min(left - 5, 200)
            os.mkdir(name)
            os.chdir(name)
            left -= len(name) + 1
        Path("f").write_text("x")
    finally:
        os.chdir(here)


@pytest.fixture(scope="module")
def classroom(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, StudentResult]]:
    """A course in which each student of `FOLDERS` handed in the wrong answer in a folder of theirs, graded; results by student."""
    course = tmp_path_factory.mktemp("class")
    copy_course(lab.course, course, [CHAPTER])
    for student, change_folder in FOLDERS.items():
        hand_in(course, CHAPTER, student, {**RIGHT, "relu": RIGHT["relu"] if student == "ann" else WRONG["relu"]})
        change_folder(course / "submitted" / student / CHAPTER, lab)
    with pytest.MonkeyPatch.context() as patch:
        share_warm_process(lab.engine.start(), patch.setattr)
        result = grade_class(course, CHAPTER, jobs=2).result
    return course, {one.student: one for one in result.students}


@pytest.mark.parametrize("student", FOLDERS)
def test_a_folder_that_attacks_earns_nothing(
    lab: Lab, classroom: tuple[Path, dict[str, StudentResult]], student: str
) -> None:
    course, results = classroom
    found = next(one for name, one in results.items() if name in (student, student.encode("utf-8", "replace").decode()))
    if found.state == "graded":
        scores = {one.exercise: one.score for one in found.exercises}
        assert scores == {**POINTS, "relu": POINTS["relu"] if student == "ann" else 0}
    else:
        assert found.reason
        assert student != "ann"
    kept = [path for path in (course / "autograded" / student).rglob("*") if not path.is_dir() or path.is_symlink()]
    assert not any(path.is_symlink() for path in kept)
    assert not any(lab.secret.encode() in path.read_bytes() for path in kept if path.suffix != ".ipynb")
    lab.assert_nobody_was_harmed()

"""The engine runs a notebook as a kernel does, and goes on where a cell ended its process."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.engine.execute import execute
from autograder.engine.planning.facts import digest_values
from autograder.engine.planning.plan import Plan, Reference
from autograder.engine.runner import Engine
from autograder.engine.warm import WarmProcess

Run = Callable[..., list[list[dict[str, Any]]]]


@pytest.fixture(scope="module", params=[True, False], ids=["isolated", "unsafe"])
def engine(request: pytest.FixtureRequest, warm: Engine) -> Iterator[Engine]:
    with Engine(request.param, address=warm.start()) as engine:
        yield engine


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Run:
    """Runs cells and returns the outputs of each."""
    return make_run(engine, tmp_path)


def make_run(engine: Engine, folder: Path) -> Run:
    def run(sources: list[str], seconds: float = 20) -> list[list[dict[str, Any]]]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        execute(engine, Plan(nbformat.v4.new_notebook()), notebook, folder, {}, seconds)
        nbformat.validate(notebook)
        return [cell.outputs for cell in notebook.cells]

    return run


CELLS = [
    ("x = [1, 2]\nx", "execute_result", "[1, 2]"),
    ("print('out')", "stdout", "out\n"),
    ("import sys; print('err', file=sys.stderr)", "stderr", "err\n"),
    ("import os; os.write(1, b'direct');", "stdout", "direct"),
    ("import subprocess; subprocess.run(['echo', 'child']);", "stdout", "child\n"),
    ("import asyncio\nawait asyncio.sleep(0)\n'awaited'", "execute_result", "'awaited'"),
    ("%%capture kept\nprint('hidden')", None, ""),
    ("kept.stdout", "execute_result", "'hidden\\n'"),
    ("if x:\n    %precision 3\n    files = !echo one\nfiles", "execute_result", "['one']"),
    (">>> if x:\n...     print(x)", "stdout", "[1, 2]\n"),
    ("y = 5 \\\n  % 3\n'%s!' % y;", None, ""),
    ("(y,\n'a'; 'b')", "error", "SyntaxError"),
    ("get_ipython().input_transformers_cleanup.append(lambda lines: [line.replace('zwei', '2') for line in lines])", None, ""),
    ("y = zwei\ny", "execute_result", "2"),
    ("import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "display_data", "<Figure size 640x480 with 1 Axes>"),
    ("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))", "display_data", "<IPython.core.display.HTML object>"),
    ("1 / 0", "error", "ZeroDivisionError"),
    ("def broken(:", "error", "SyntaxError"),
    ("exit()", "error", "SystemExit"),
    ("input()", "error", "RuntimeError"),
    ("'quiet';", None, ""),
    ("x", "execute_result", "[1, 2]"),
    ("import os; os.environ['NBGRADER_EXECUTION']", "execute_result", "'autograde'"),
    ("print('a' * 1_000_000)", "stdout", "a" * 20_000 + "\n… and 80,000 more characters, not kept."),
    ("print('\\ud800')", "stdout", "?\n"),
]  # fmt: skip


def summarise(outputs: list[dict[str, Any]]) -> tuple[str | None, str]:
    if not outputs:
        return None, ""
    first = outputs[0]
    if first["output_type"] == "stream":
        return first["name"], first["text"]
    return first["output_type"], first["ename"] if first["output_type"] == "error" else first["data"]["text/plain"]


def test_cells_give_what_a_kernel_gives(run: Run) -> None:
    found = run([source for source, _, _ in CELLS])
    for (source, kind, text), outputs in zip(CELLS, found, strict=True):
        assert summarise(outputs) == (kind, text), source
    assert any("image/png" in output.get("data", {}) for outputs in found for output in outputs)


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("import os; os._exit(3)", "ProcessEnded", "The cell ended its process (exit status 3)."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ProcessEnded", "The cell ended its process (signal SIGKILL)."),
        ("while True: pass", "CellTimeoutError", "The cell did not finish within 1 seconds."),
        ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", "CellTimeoutError", "The cell did not finish within 1 seconds."),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_come_back_costs_only_itself(run: Run, source: str, name: str, text: str) -> None:
    before, bad, after = run(["x = 1; print('once')", source, "x + 1"], seconds=1)
    assert summarise(before) == ("stdout", "once\n")
    assert [
        (output["output_type"], output.get("ename"), output.get("evalue"))
        for output in bad
        if output["output_type"] == "error"
    ] == [("error", name, text)]
    assert summarise(after) == ("execute_result", "2")


def test_a_notebook_finds_nothing_of_another(run: Run) -> None:
    run(["import torch, os\nleft = 1\ntorch.left = 1\nos.environ['LEFT'] = '1'\nopen('left.txt', 'w').close()"])
    [[output]] = run(
        [
            "import torch, os\n('left' in globals(), hasattr(torch, 'left'), 'LEFT' in os.environ, os.path.exists('left.txt'))"
        ]
    )
    assert output["data"]["text/plain"] == "(False, False, False, False)"


def test_a_notebook_leaves_no_process(engine: Engine, run: Run) -> None:
    run(["import subprocess\nsubprocess.Popen(['sleep', '1234']);"])
    for _ in range(50):
        if not _is_running(b"sleep\x001234"):
            return
        time.sleep(0.1)
    raise AssertionError("it goes on")


def _is_running(command: bytes) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if command in path.read_bytes():
                return True
    return False


def test_a_notebook_that_ends_its_process_again_and_again_comes_to_an_end(run: Run) -> None:
    found = run(["import os; os._exit(0)"] * 8 + ["1"])
    assert [outputs[0]["ename"] for outputs in found] == ["ProcessEnded"] * 6 + ["NotRun"] * 3


def test_the_warm_process_is_started_again_when_it_was_killed(tmp_path: Path) -> None:
    with Engine() as engine:
        run = make_run(engine, tmp_path)
        run(["1"])
        assert isinstance(engine._warm, WarmProcess)
        engine._warm.process.kill()
        engine._warm.process.wait()
        assert summarise(run(["1"])[0]) == ("execute_result", "1")


SETTLED = [
    ("answer = 1", "", "what nothing of the student's touches"),
    ("s = 1\nanswer = s", "", "a name that is made anew before it is used again"),
    ("late = 1\nanswer = late", "1 4 5", "a name that a function of an earlier cell needs when it is called"),
    ("maybe = 1\nanswer = maybe", "1 6 7 8", "a name that is made anew only perhaps"),
    ("kept = 1\nanswer = kept", "1 6 7 8", "a name that nothing makes anew"),
    ("answer = kept", "1", "a name that the answer needs"),
    ("answer = step(1)", "", "a name that is made only after the answer"),
    ("def answer(): return step(s)", "1 4 6", "names that the answer's function needs when it is called"),
    ("exec('s = 1')\nanswer = 1", "1 2 4 5 6 7 8", "whatever an answer does that cannot be read"),
]


@pytest.mark.parametrize(("answer", "again", "because_of"), SETTLED, ids=[case[2] for case in SETTLED])
def test_explanations_run_again_where_an_answer_touches_them(answer: str, again: str, because_of: str) -> None:
    sources = {
        "s = 3\nkept, maybe, late = 4, 4, 4": "prose",
        "print(s)": "prose",
        "answer = 0": "answer",
        "def step(x): return x + late": "prose",
        "print(step(1))": "prose",
        "s = 5\nprint(s)": "prose",
        "if s is None: maybe = 6": "prose",
        "print(kept, maybe)": "prose",
    }
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    marks = {"grade": False, "solution": True, "locked": False, "schema_version": 3, "grade_id": "answer"}
    source.cells[2].metadata["nbgrader"] = marks
    plan = Plan(source)
    facts: dict[str, Any] = {"effects": False, "mutable": [], "random": {}}
    plan.reference = Reference(outputs=[[] for _ in sources], facts=[facts for _ in sources])
    submitted = copy.deepcopy(source)
    submitted.cells[2].source = answer
    laid = plan.lay_out(submitted)
    assert laid[2].step
    assert " ".join(str(number) for number, placed in enumerate(laid, 1) if placed.step and number != 3) == again


def test_a_cell_does_not_wait_for_input_from_anywhere(run: Run) -> None:
    [[output]] = run(["import sys\nsys.stdin.read() if sys.stdin else ''"])
    assert output["data"]["text/plain"] == "''"


CHANGES = {
    "x[0] = 5": "x",
    "items.append(1)": "items",
    "nested['a'][0].zero_()": "nested",
    "model.eval()": "model",
    "model.weight.data += 1": "model",
    "generator.seed()": "generator",
    "array += 1": "array",
    "w.grad = torch.ones(2)": "w",
    "chosen.add(9)": "chosen",
    "print(x.sum(), model(x), nested, items, array.mean(), chosen, w, generator)": "",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_cell_changes_in_place_is_seen(change: str) -> None:
    import numpy
    import torch

    names: dict[str, Any] = {
        "torch": torch,
        "x": torch.zeros(3, 2),
        "items": [1, "a", None],
        "nested": {"a": (torch.ones(2), 3)},
        "model": torch.nn.Linear(2, 1),
        "generator": torch.Generator(),
        "array": numpy.zeros(3),
        "w": torch.zeros(2, requires_grad=True),
        "chosen": {1, 2},
    }
    before = digest_values(names, list(names))
    assert None not in before.values()
    exec(change, names)
    assert {name for name, digest in digest_values(names, list(before)).items() if digest != before[name]} == set(
        change and CHANGES[change].split()
    )


def test_what_may_hide_a_state_counts_as_changed() -> None:
    loop: list[Any] = []
    loop.append(loop)
    names = {"iterator": iter([1]), "object": object(), "loop": loop, "loader": [open]}
    found = digest_values(names, list(names))
    assert found["iterator"] is found["object"] is found["loop"] is None
    assert found["loader"] is not None

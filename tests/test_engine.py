"""The engine runs a notebook as a kernel does, and goes on where a cell ended its process."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.engine import client
from autograder.errors import CourseError


def run(sources: list[str], folder: Path, seconds: float = 20) -> list[list[dict[str, Any]]]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client.execute(notebook, folder, seconds)
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells]


CELLS = [
    ("x = [1, 2]\nx", "execute_result", "[1, 2]"),
    ("print('out')", "stdout", "out\n"),
    ("import sys; print('err', file=sys.stderr)", "stderr", "err\n"),
    ("import os; os.write(1, b'direct');", "stdout", "direct"),
    ("import subprocess; subprocess.run(['echo', 'child']);", "stdout", "child\n"),
    ("import asyncio\nawait asyncio.sleep(0)\n'awaited'", "execute_result", "'awaited'"),
    ("%%capture kept\nprint('hidden')", None, ""),
    ("kept.stdout", "execute_result", "'hidden\\n'"),
    ("import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "display_data", "<Figure size 640x480 with 1 Axes>"),
    ("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))", "display_data", "<IPython.core.display.HTML object>"),
    ("1 / 0", "error", "ZeroDivisionError"),
    ("def broken(:", "error", "SyntaxError"),
    ("exit()", "error", "SystemExit"),
    ("input()", "error", "RuntimeError"),
    ("'quiet';", None, ""),
    ("x", "execute_result", "[1, 2]"),
    ("import os; os.environ['NBGRADER_EXECUTION']", "execute_result", "'autograde'"),
    ("print('a' * 1_000_000)", "stdout", "a" * 100_000),
    ("print('\\ud800')", "stdout", "?\n"),
]  # fmt: skip


def summarise(outputs: list[dict[str, Any]]) -> tuple[str | None, str]:
    if not outputs:
        return None, ""
    first = outputs[0]
    if first["output_type"] == "stream":
        return first["name"], first["text"]
    return first["output_type"], first["ename"] if first["output_type"] == "error" else first["data"]["text/plain"]


def test_cells_give_what_a_kernel_gives(tmp_path: Path) -> None:
    found = run([source for source, _, _ in CELLS], tmp_path)
    for (source, kind, text), outputs in zip(CELLS, found, strict=True):
        assert summarise(outputs) == (kind, text), source
    assert "image/png" in found[8][0]["data"]


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("import os; os._exit(3)", "ProcessEnded", "The cell ended its process (exit status 3)."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ProcessEnded", "The cell ended its process (signal SIGKILL)."),
        ("while True: pass", "CellTimeoutError", "The cell did not end within its time of 1 seconds."),
        ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", "CellTimeoutError", "The cell did not end within its time of 1 seconds."),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_come_back_costs_only_itself(tmp_path: Path, source: str, name: str, text: str) -> None:
    before, bad, after = run(["x = 1; print('once')", source, "x + 1"], tmp_path, seconds=1)
    assert summarise(before) == ("stdout", "once\n")
    assert [
        (output["output_type"], output.get("ename"), output.get("evalue"))
        for output in bad
        if output["output_type"] == "error"
    ] == [("error", name, text)]
    assert summarise(after) == ("execute_result", "2")


def test_a_notebook_finds_nothing_of_another(tmp_path: Path) -> None:
    run(["import torch, os\nleft = 1\ntorch.left = 1\nos.environ['LEFT'] = '1'"], tmp_path)
    [[output]] = run(
        ["import torch, os\n('left' in globals(), hasattr(torch, 'left'), 'LEFT' in os.environ)"], tmp_path
    )
    assert output["data"]["text/plain"] == "(False, False, False)"


def test_a_notebook_runs_in_its_folder_and_leaves_no_process(tmp_path: Path) -> None:
    source = "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nopen('written.txt', 'w').write(str(child.pid))\nos.getcwd()"
    [[output]] = run([source], tmp_path)
    assert output["data"]["text/plain"] == repr(str(tmp_path))
    child = int((tmp_path / "written.txt").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_notebook_that_ends_its_process_again_and_again_comes_to_an_end(tmp_path: Path) -> None:
    found = run(["import os; os._exit(0)"] * 8 + ["1"], tmp_path)
    assert [outputs[0]["ename"] for outputs in found] == ["ProcessEnded"] * 6 + ["NotRun"] * 3


def test_the_warm_process_is_started_again_when_it_was_killed(tmp_path: Path) -> None:
    run(["1"], tmp_path)
    assert client._parent is not None
    os.kill(client._parent.pid, signal.SIGKILL)
    client._parent.wait()
    assert summarise(run(["1"], tmp_path)[0]) == ("execute_result", "1")


def test_a_killed_run_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="ended unexpectedly"):
        run(["import os, signal; os.kill(os.getppid(), signal.SIGKILL)"], tmp_path)
    assert json.dumps(run(["'again'"], tmp_path)[0][0]["data"]) == '{"text/plain": "\'again\'"}'

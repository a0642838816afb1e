"""What a student's kernel leaves in the notebook, and what is read from it: with real cells in a real kernel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.utils import compute_checksum

from autograder.checks.mistakes import digest_stub, write_mistakes
from autograder.desk.progress import read_progress
from autograder.formats import RESULT

SETUP = "from autograder import Check, progress\ndef double(z):\n    return 2 * z"
STUB = "def half(z):\n    return z / 3"  # a bug to find
CHECK = """check = Check("half", points=2)
check("double(half(z))", z=6.0, gives=6.0)
check.report()"""


def mark(cell: Any, name: str, **marks: object) -> Any:
    defaults = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    cell.id = name
    cell.metadata["nbgrader"] = {**defaults, "grade_id": name, **marks}
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


def run(folder: Path, *cells: Any) -> tuple[list[Any], str]:
    """Run a notebook of these cells; returns its cells, and the state of the exercise as the file says."""
    notebook = new_notebook(cells=[new_markdown_cell("### Exercise 1 · Half", id="t"), *cells])
    nbformat.write(notebook, folder / "1_half.ipynb")
    kernel = {"kernel_name": "python3", "resources": {"metadata": {"path": folder}}}
    NotebookClient(notebook, timeout=120, extra_arguments=["--log-level=40"], **kernel).execute()
    nbformat.write(notebook, folder / "1_half.ipynb")
    [chapter] = read_progress(folder.parent).chapters
    [exercise] = chapter.notebooks[0].exercises
    return notebook.cells, exercise.state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chapter = tmp_path / "01_mini"
    chapter.mkdir()
    return chapter


def test_a_stub_that_runs_is_untouched_and_an_answer_counts_until_it_is_edited(folder: Path) -> None:
    (folder / "mistakes.json").write_text(write_mistakes({"half": []}, {"half": digest_stub(STUB)}), encoding="utf-8")
    setup, answer = new_code_cell(SETUP, id="s"), mark(new_code_cell(STUB), "half", solution=True)
    check = mark(new_code_cell(CHECK), "half-check", grade=True, locked=True, points=2)
    again = mark(new_code_cell(CHECK), "half-check", grade=True, locked=True, points=2)
    again.id = "again"
    own = new_code_cell("%%time\ndef half(z):\n    return z / 2", id="o")
    cells, state = run(folder, setup, answer, check, own, again, new_code_cell("progress()", id="p"))
    untouched, right, shown = cells[3], cells[5], cells[6]
    assert untouched.outputs[0].text.startswith("○ half: not attempted yet, 0 of 2 points.")
    assert untouched.outputs[-1].data[RESULT]["attempted"] is False
    assert right.outputs[0].text.startswith("✓ half: 2 of 2 points")
    assert state == "untouched"  # the first of two copies counts, as in the gradebook
    assert "<table>" in shown.outputs[0].data["text/html"]

    stored = json.loads((folder / "1_half.ipynb").read_text(encoding="utf-8"))
    del stored["cells"][3]
    path = folder / "1_half.ipynb"

    def read() -> str:
        path.write_text(json.dumps(stored), encoding="utf-8")
        return read_progress(folder.parent).chapters[0].notebooks[0].exercises[0].state

    assert read() == "right"  # answered in a cell of the student's own, with a magic
    stored["cells"][3]["source"] = "%%time\ndef half(z):\n    return z / 5"
    assert read() == "untouched"  # and edited since
    stored["cells"][2]["source"] = "def half(z):\n    return z / 2"
    assert read() == "written"

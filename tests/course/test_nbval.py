"""CI compares outputs, it does not only execute: a solution whose stored output is not what comes out must fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat


def run_nbval(notebook: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        notebook.name,
    ]
    return subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, check=False)


def write(path: Path, printed: str) -> Path:
    cell = nbformat.v4.new_code_cell("print(6 * 7)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text=printed)]
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        ),
        path,
    )
    return path


def test_same_output_passes(tmp_path: Path) -> None:
    done = run_nbval(write(tmp_path / "same.ipynb", "42\n"))
    assert done.returncode == 0, done.stdout


def test_changed_output_fails(tmp_path: Path) -> None:
    done = run_nbval(write(tmp_path / "changed.ipynb", "41\n"))
    assert done.returncode == 1
    assert "41" in done.stdout
    assert "1 failed" in done.stdout


def test_every_cell_of_a_solution_with_outputs_is_compared() -> None:
    """nbval runs a cell without an execution count and never compares it."""
    for path in sorted((Path(__file__).parents[2] / "solutions").glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                assert cell.execution_count is not None
                assert "nbval" not in cell.source.lower()

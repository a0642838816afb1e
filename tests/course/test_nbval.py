"""CI compares outputs, it does not only execute: a solution whose stored output is not what comes out must fail."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
from steps import BY_DAY, ROOT


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


def test_what_ci_runs_passes_the_same_output_and_fails_a_changed_one(tmp_path: Path) -> None:
    write(tmp_path / "same.ipynb", "42\n")
    write(tmp_path / "changed.ipynb", "41\n")
    command = [*BY_DAY, "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "changed.ipynb::Cell 0" in done.stdout


def test_every_cell_of_a_solution_with_outputs_is_compared() -> None:
    """nbval runs a cell without an execution count and never compares it."""
    for path in sorted((Path(__file__).parents[2] / "solutions").glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                assert cell.execution_count is not None
                assert "nbval" not in cell.source.lower()

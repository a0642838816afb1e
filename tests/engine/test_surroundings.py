"""A right answer earns its points wherever the grading is started: whatever a cluster, a hub or a user has set."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attack_lab import NAME, POINTS, RIGHT, Lab
from sampling import sample

from autograder.engine.runner import Engine
from autograder.grading.submissions import fill_in
from autograder.grading.worker import Submission, grade_submission

USES = """
import json, locale, os, subprocess, sys, tempfile
from pathlib import Path
import matplotlib, matplotlib.pyplot as plt, numpy, torch
with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
    assert file.name.startswith("/tmp/") and folder.startswith("/tmp/")
assert Path.home() == Path("/scratch") and matplotlib.get_cachedir() == "/tmp/matplotlib"
Path("text").write_text("größe π"); assert Path("text").read_text() == "größe π"
plt.plot([1, 2]); plt.title("$x$"); plt.savefig("figure.png"); plt.show()
large = numpy.ones((300, 300)); numpy.linalg.svd(large @ large); torch.ones(300, 300) @ torch.ones(300, 300)
assert not torch.cuda.is_available() and torch.get_num_threads() == 1
asked = [sys.executable, "-c", "import autograder, numpy, torch; print(torch.ones(300, 300).mm(torch.ones(300, 300))[0, 0].item())"]
assert subprocess.check_output(asked, text=True) == "300.0\\n"
assert get_ipython().ipython_dir == "/tmp/ipython" and get_ipython().profile_dir.location.startswith("/tmp/ipython/")
"""

GONE = "/there/is/none"
SET: dict[str, dict[str, str | None]] = {
    "by a cluster": {
        "TMPDIR": "a long name", "CUDA_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "0", "LD_LIBRARY_PATH": "/opt/none/lib64",
        "OMP_NUM_THREADS": "64", "OMP_PROC_BIND": "true", "OMP_PLACES": "cores", "OMP_STACKSIZE": "512M", "GOMP_CPU_AFFINITY": "0",
        "MKL_NUM_THREADS": "64", "OPENBLAS_NUM_THREADS": "64", "KMP_AFFINITY": "compact",
    },
    "by a hub": {
        "HOME": None, "XDG_CACHE_HOME": GONE, "XDG_CONFIG_HOME": GONE, "XDG_RUNTIME_DIR": GONE, "IPYTHONDIR": GONE,
        "JUPYTER_CONFIG_DIR": GONE, "MPLBACKEND": "module://nowhere", "MPLCONFIGDIR": "settings", "TORCH_HOME": GONE,
    },
    "of Python's": {
        "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONHASHSEED": "1", "PYTHONSTARTUP": GONE, "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii", "PYTHONMALLOC": "debug", "PYTHONPATH": ".", "LC_ALL": "C",
    },
    "of a language": {"LANG": "de_DE.ISO-8859-1", "LC_ALL": "de_DE.ISO-8859-1", "LANGUAGE": "de", "TMPDIR": GONE, "HOME": GONE},
}  # fmt: skip


@pytest.mark.parametrize("by", sample(SET, 4))
def test_nothing_that_is_set_costs_a_point(by: str, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SET[by].items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    if by == "by a cluster":  # longer than the name of a socket may be
        folder = tmp_path / ("scratch-" * 20)
        folder.mkdir()
        monkeypatch.setenv("TMPDIR", str(folder))
    if by == "by a hub":
        (tmp_path / "matplotlibrc").write_text("text.usetex: True\nbackend: QtAgg\nfont.size: 99\n")
        monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    if by == "of Python's":
        monkeypatch.setenv("PYTHONPATH", os.path.relpath(Path(__file__).parents[2]))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = os.umask(0o077)
    try:
        notebook: Any = fill_in(lab.release, RIGHT)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(USES))
        with Engine() as engine:
            assignment = replace(lab.assignment, address=engine.start())
            graded = grade_submission(Submission("ann", {NAME: nbformat.writes(notebook).encode()}), assignment)
    finally:
        os.umask(before)
    assert graded.reason == ""
    cells = nbformat.reads(graded.notebooks[NAME], as_version=4).cells
    assert [output.evalue for cell in cells for output in cell.get("outputs", []) if "evalue" in output] == []
    assert {mark.cell.removesuffix("-check"): mark.auto_score for mark in graded.marks[NAME] if mark.graded} == POINTS

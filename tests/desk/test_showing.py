"""Progress as a table: in any terminal, and in a notebook."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from autograder.desk.progress import read_progress
from autograder.desk.showing import progress, write_progress
from autograder.errors import CourseError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace" / "00_start"
    folder.mkdir(parents=True)
    for name in ("1_start_here.ipynb", "2_kinds_of_problems.ipynb"):
        shutil.copy(ROOT / "release" / "00_start" / name, folder / name)
    (folder / "3 <b>broken.ipynb").write_text("{")
    return folder.parent


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "○"), ("cp1252", "o"), ("ascii", "o")])
def test_every_encoding_gets_straight_columns(workspace: Path, encoding: str, sign: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    write_progress(read_progress(workspace), stream, details=True)
    stream.seek(0)
    lines = stream.read().splitlines()
    assert any(f"{sign} From Celsius to Fahrenheit" in line for line in lines)
    points = [line for line in lines if " of " in line and " min" in line and "About" not in line]
    assert len(points) > 12
    assert len({line.rstrip().rindex(" min") for line in points}) == 1
    assert any("damaged" in line for line in lines)


def test_the_last_cell_of_a_notebook_shows_it(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (workspace, workspace / "00_start", workspace.parent):
        monkeypatch.chdir(place)
        shown = progress()
        assert "0 of 10 right" in shown._repr_html_()
        assert "Go on with: From Celsius to Fahrenheit" in repr(shown)
    assert "3 &lt;b&gt;broken" in shown._repr_html_()
    monkeypatch.chdir("/")
    with pytest.raises(CourseError, match="no copy of the chapters here"):
        progress()
    assert progress(workspace).progress == shown.progress

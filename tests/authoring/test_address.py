"""The line by which a notebook says how to get the course."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.address import UNKNOWN, find_address, say_where_from
from autograder.authoring.cells import Cell, Notebook
from autograder.errors import CourseError

SETUP = "import torch\nfrom autograder import Check"


def make_notebook() -> Notebook:
    kinds = [("", "# Title", "markdown"), ("", "x = 1", "code"), ("setup", SETUP, "code"), ("setup", SETUP, "code")]
    cells = [Cell(kind, source, "1_one.md", 1, tag) for tag, source, kind in kinds]
    return Notebook(Path("1_one.md"), cells, {})


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('[project.urls]\nRepository = "https://forge.example/a/b"', "https://forge.example/a/b"),
        ('[project]\nname = "autograded"', UNKNOWN),
        (None, ""),
    ],
)
def test_the_first_set_up_says_how_to_install_the_course(tmp_path: Path, text: str | None, address: str) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    assert find_address(tmp_path) == address
    notebook = make_notebook()
    say_where_from(notebook, address)
    others = [cell.source for cell in make_notebook().cells]
    sources = [cell.source for cell in notebook.cells]
    assert sources[:2] + sources[3:] == others[:2] + others[3:]
    line = [f'# %pip install "git+{address}"'] if address else []
    assert sources[2].splitlines()[1 if address else 0 :] == [*line, *SETUP.splitlines()]


def test_a_damaged_pyproject_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(CourseError, match="isn't TOML"):
        find_address(tmp_path)

"""Where others get the course from, and the line that a notebook has for whoever opens it without the course."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from autograder.authoring.cells import Cell, Notebook
from autograder.errors import CourseError

UNKNOWN = "<the address of its repository>"
"""What `docs/students.md` says as well, until `pyproject.toml` has the address."""


def find_address(root: Path) -> str:
    """The address of the course's repository, as `pyproject.toml` has it: `Repository` under `[project.urls]`; "" for a course without that file.

    Raises `CourseError` for a file that isn't TOML.
    """
    path = root / "pyproject.toml"
    if not path.is_file():
        return ""
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} isn't TOML: {error}") from error
    return str(project.get("urls", {}).get("Repository", UNKNOWN))


def say_where_from(notebook: Notebook, address: str) -> None:
    """Let the cell that imports the course begin with how to get it; without an address it stays as it is."""
    if not address:
        return
    for place, cell in enumerate(notebook.cells):
        if cell.tag == "setup" and "from autograder import" in cell.source:
            notebook.cells[place] = _add_line(cell, address)
            return


def _add_line(cell: Cell, address: str) -> Cell:
    lines = [
        "# The course isn't installed here? Then run this line in a cell of its own, without the #:",
        f'# %pip install "git+{address}"',
    ]
    return replace(cell, source="\n".join([*lines, cell.source]))

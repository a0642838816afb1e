"""The packages are rooms, and imports are arrows that point down only: whoever reads a room needs to know those below it, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "autograder"
FLOORS = [
    {"cli"},
    {"demo"},
    {"reporting"},
    {"authoring"},
    {"grading"},
    {"engine"},
    {"digits"},
    {"checks", "course"},
    {"errors", "formats"},
]
"""From the top: a room may use those on the floors below it, and `autograder/__init__` uses what a notebook asks for by name."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
MOST_LINES, LONGEST_FUNCTION = 400, 80


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def read_imports(path: Path) -> Iterator[str]:
    """The rooms that a file imports from, its own left out."""
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "autograder" and rest.partition(".")[0] not in ("", room(path)):
                yield rest.partition(".")[0]


@pytest.mark.parametrize("path", [path for path in FILES if path != Path("__init__.py")], ids=str)
def test_imports_point_down(path: Path) -> None:
    assert room(path) in FLOOR, "a room without a floor"
    for other in read_imports(path):
        assert other in FLOOR, f"{other} is no room: import a module from where it stands"
        assert FLOOR[other] > FLOOR[room(path)], f"{path} imports from {other}, which is not below it"


def test_every_room_says_what_it_is_for() -> None:
    for path in FILES:
        if path.name == "__init__.py" and path.parent != Path("autograder"):
            text = ast.get_docstring(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))) or ""
            assert 3 <= len(text.splitlines()) <= 6, path


def test_the_arrows_of_a_file_that_looks_up_are_seen() -> None:
    assert set(read_imports(Path("grading/grade.py"))) == {"engine", "errors"}


def test_no_file_and_no_function_is_too_long() -> None:
    for path in FILES:
        text = (PACKAGE / path).read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{path}: {node.name}"

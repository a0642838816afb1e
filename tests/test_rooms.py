"""The packages are rooms, and imports are arrows that point down only: whoever reads a room needs to know those below it, and no other.

What `docs/design.md` says of them is read here, so it stays true: the picture of the rooms, the steps of a submission, the names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograder"
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
MOST_LINES, LONGEST_FUNCTION = 400, 80

GROUND = {"errors", "excerpts", "formats", "engine/jobs", "engine/limits"}
"""Files that everyone above may use, and that use no other."""

FOR_NOTEBOOKS = {"__init__", "digits", "penguins"}
"""Files that hand on what a notebook asks for by name."""


def read_picture() -> dict[str, set[str]]:
    """From the top: each room, with those that an arrow leads to; a room in another one is named after both."""
    found = re.search(r"## The rooms.*?```\n(.*?)```", DESIGN, re.DOTALL)
    assert found
    lines = found[1].splitlines()
    outer, full = "", {}
    for line in lines:
        name = line.split()[0]
        outer = outer if line.startswith(" ") else name
        full[name] = name if name == outer else f"{outer}/{name}"
    return {full[line.split()[0]]: {full[name] for name in line.split()[2:]} for line in lines}


PICTURE = read_picture()


@cache
def read_tree(path: Path) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


def find_room(parts: Sequence[str]) -> str:
    """The innermost room of a module, or a file that is none."""
    names = ["/".join(parts[:2]), parts[0]]
    return next((name for name in names if name in PICTURE or name in GROUND), names[-1])


def room(path: Path) -> str:
    return find_room(path.with_suffix("").parts)


def read_imports(path: Path) -> Iterator[str]:
    """The rooms that a file imports from, its own and the ground left out. Whoever is outside of a room sees none of those in it."""
    own = room(path)
    for node in ast.walk(read_tree(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for package, *parts in (name.split(".") for name in names):
            if package != "autograder" or (other := find_room(parts)) in GROUND:
                continue
            if other.split("/")[0] != own.split("/")[0]:
                other = other.split("/")[0]
            if other != own:
                yield other


@pytest.mark.parametrize("name", PICTURE)
def test_the_arrows_of_the_picture_are_the_imports(name: str) -> None:
    files = [path for path in FILES if room(path) == name]
    assert files, "a room without files"
    assert {other: path for path in files for other in read_imports(path)}.keys() == PICTURE[name]


def test_every_arrow_points_down() -> None:
    order = list(PICTURE)
    for name, others in PICTURE.items():
        assert all(order.index(other) > order.index(name) for other in others), name


def test_every_file_is_in_a_room_or_below_all() -> None:
    for path in FILES:
        assert room(path) in PICTURE.keys() | GROUND | FOR_NOTEBOOKS, path
        assert room(path) not in GROUND or not list(read_imports(path)), path


def test_every_room_says_what_it_is_for() -> None:
    for name in PICTURE:
        if (PACKAGE / name).is_dir():
            text = ast.get_docstring(read_tree(Path(name, "__init__.py"))) or ""
            assert 3 <= len(text.splitlines()) <= 6, name


def test_no_file_and_no_function_is_too_long() -> None:
    for path in FILES:
        assert len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) <= MOST_LINES, path
        for node in ast.walk(read_tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{path}: {node.name}"


# --- what the docs name ------------------------------------------------------------------------------


def holds(path: Path, names: Sequence[str]) -> bool:
    """Whether a file defines the first name, in it the second, and so on."""
    body: list[ast.stmt] = read_tree(path).body
    for name in names:
        kinds = (ast.FunctionDef, ast.ClassDef)
        found = next((node for node in body if isinstance(node, kinds) and node.name == name), None)
        if found is None:
            return False
        body = found.body
    return True


def exists(parts: Sequence[str]) -> bool:
    """Whether a dotted name below `autograder` is a room, a file, or something in a file."""
    places = [(Path(*parts[:count]), parts[count:]) for count in range(len(parts), 0, -1)]
    return (PACKAGE / places[0][0]).is_dir() or any(
        (path := place.with_suffix(".py")) in FILES and holds(path, names) for place, names in places
    )


def test_what_the_docs_name_is_there() -> None:
    for text in TEXTS:
        for path in re.findall(r"\b((?:autograder|tests|benchmarks|docs)/[\w./]*\w)", text.read_text(encoding="utf-8")):
            assert (ROOT / path).exists(), f"{text.name}: {path}"
        for name in re.findall(r"`([a-z]+(?:\.\w+)+)`", text.read_text(encoding="utf-8")):
            if name.split(".")[0] in PICTURE and not (PACKAGE / name).exists() and not name.endswith(".toml"):
                assert exists(name.split(".")), f"{text.name}: {name}"


def test_a_submission_is_followed_in_ten_steps_and_none_calls_one_before_it() -> None:
    found = re.findall(r"(?m)^\d+\. `([\w/]+\.py)`, `([\w.]+)`:", DESIGN)
    steps = {Path(path): function.split(".") for path, function in found}
    assert len(steps) == len(found) == 10
    before: set[str] = set()
    for path, names in steps.items():
        assert path in FILES, path
        assert holds(path, names), f"{path}: {names}"
        nodes = list(ast.walk(read_tree(path)))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert not before & used, path
        before.add(names[-1])

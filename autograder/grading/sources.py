"""The author's notebook as it is graded: as `nbgrader generate_assignment` made it, but with the solutions in it.

What nbgrader puts in there is a header and a footer, and tests in place of `### AUTOTEST` comments: those that the
gradebook holds, since students have been given what belongs to them. A check that cannot fail is refused, whatever made it so.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from nbformat.warnings import MissingIDFieldWarning
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests

from autograder.engine.planning.languages import get_language
from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.names import read_names
from autograder.engine.planning.plan import get_role
from autograder.engine.planning.syntax import parse
from autograder.engine.scores import get_points
from autograder.errors import CourseError
from autograder.grading.submissions import get_id

COMMENTS = ("#", "//", "%", "--", ";", "/*", "*")
"""What a line begins with that is a comment in one language or another; no line of a test does in any."""


def read_source(path: Path, released: Mapping[str, str], config: Any) -> str:
    """The text of the notebook at `path` as it is graded; `released` are the texts by id that the gradebook holds.

    Raises `CourseError` where the notebook cannot be read, its tests are not instantiated, or a check of it cannot fail.
    """
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingIDFieldWarning)  # `_fix_ids` gives them
            source = nbformat.reads(text, as_version=4)
        cells = list(source.cells)
        before = [cell.source for cell in cells]
    except Exception as error:  # nbformat raises many kinds for what isn't a notebook
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise CourseError(f"{path} cannot be read ({reason}).") from None
    added = _add_header_and_footer(source, config)
    _instantiate(source, released, config, path)
    _refuse_what_cannot_fail(source, path)
    same = source.cells == cells and [cell.source for cell in cells] == before
    if same:
        return text
    _fix_ids(source, text + added)
    written: str = nbformat.writes(source, version=4)
    return written


def _fix_ids(source: Any, texts: str) -> None:
    """Have the same ids each time: cells that have none in the `texts` of the files, or another cell's, got a random one from nbformat."""
    taken: set[str] = set()
    for place, cell in enumerate(source.cells):
        name = cell.pop("id", None)
        if (source.nbformat, source.nbformat_minor) < (4, 5):
            continue
        if name is None or name in taken or f'"{name}"' not in texts:
            name = f"cell-{place}"
            while name in taken or f'"{name}"' in texts:
                name += "-"
        taken.add(name)
        cell["id"] = name


def _add_header_and_footer(source: Any, config: Any) -> str:
    """Returns the text of what was added."""
    step = IncludeHeaderFooter(config=config)
    for name in ("header", "footer"):
        if path := getattr(step, name):
            setattr(step, name, str(Path(config.CourseDirectory.get("root", ""), path)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingIDFieldWarning)
            step.preprocess(source, {})
    except Exception as error:
        raise CourseError(f"IncludeHeaderFooter in nbgrader_config.py: {step.header or step.footer}: {error}") from None
    return "".join(Path(path).read_text(encoding="utf-8") for path in (step.header, step.footer) if path)


def _instantiate(source: Any, released: Mapping[str, str], config: Any, path: Path) -> None:
    """Put the instantiated tests in place of the comments that ask for them."""
    step = InstantiateTests(config=config)
    mark = step.comment_strs.get(source.metadata.get("kernelspec", {}).get("name", ""), "#")

    def asks(line: str) -> bool:
        return step.autotest_delimiter in line and line.strip().startswith(mark)

    for cell in source.cells:
        lines = cell.source.splitlines()
        if cell.cell_type != "code" or get_role(cell) != "check" or not any(map(asks, lines)):
            continue
        made = released.get(get_id(cell), "")
        again = (
            f"Run 'nbgrader generate_assignment {path.parent.name} --force', and release the notebook that it makes."
        )
        if not made or any(map(asks, made.splitlines())):
            raise CourseError(
                f"{path}: the tests in the cell '{get_id(cell)}' are not instantiated, so nothing would be tested. {again}"
            )
        rest = iter(made.splitlines())
        if not all(line in rest for line in lines if not asks(line)):
            raise CourseError(
                f"{path}: the cell '{get_id(cell)}' changed since its tests were instantiated, and the gradebook has them as they "
                f"were. {again}"
            )
        cell.source = made


def _refuse_what_cannot_fail(source: Any, path: Path) -> None:
    python = get_language(source.metadata) == "python"
    for cell in source.cells:
        if cell.cell_type != "code" or get_role(cell) != "check" or not (points := get_points(cell)):
            continue
        if not (can_fail(cell.source) if python else has_code(cell.source)):
            raise CourseError(
                f"{path}: the check cell '{get_id(cell)}' has no statement that can fail, so every answer would earn its "
                f"{points:g} {'point' if points == 1 else 'points'}. Write a test into it, make it a cell without points, or, where a person is to read what "
                "the student writes there, one that is graded by hand."
            )


def has_code(source: str, comments: tuple[str, ...] = COMMENTS) -> bool:
    """Whether there is anything but comments in a cell, of any language."""
    return any(line.strip() and not line.strip().startswith(comments) for line in source.splitlines())


def can_fail(source: str) -> bool:
    """Whether a Python cell has a statement that could fail for one answer or another."""
    names = read_names(source)
    if names.dynamic or strip_magics(source) != source:  # text with a magic isn't Python, and may do anything
        return has_code(source, ("#",))
    return bool(names.incoming - names.late) or any(map(_decides, _walk_what_runs(parse(source).body)))


def _walk_what_runs(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """What runs with the cell: not the bodies of its functions, which something would have to call."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _decides(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not all(isinstance(part, (ast.Constant, ast.expr_context)) for part in ast.walk(node.test))
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id in _HARMLESS)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        return not all(map(_is_installed, modules))
    return isinstance(node, ast.Raise)


def _is_installed(module: str) -> bool:
    """Whether this is a library's module; another one may be the student's."""
    try:
        return module != "" and find_spec(module.split(".")[0]) is not None
    except (ImportError, ValueError):
        return False


_HARMLESS = frozenset(("print", "str", "repr", "format", "range", "list", "len"))
"""Functions that depend on no answer where no name of one is in the cell."""

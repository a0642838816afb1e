"""Whether the generated files of a chapter are still those that its text and this package make, without making them again, or importing what would.

The build notes two digests beside the solutions: of all that the files were made from, and of the files. Where both still hold, there is
nothing to build and nothing to check. The first covers the authored files, nbgrader's configuration, the modules of this package that a build
uses (found by their imports), and the versions of the libraries at work; nothing of the machine.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from autograder.authoring.address import find_address
from autograder.authoring.glossary import GLOSSARY, digest_terms, find_title, read_glossary
from autograder.authoring.parts import write_parts

PACKAGE = Path(__file__).parents[1]
USED = ("__init__", "authoring.build", "grading.stubs", "checks", "course.figures", "course.mine", "digits", "penguins")
"""What a build and the notebooks use of this package; all else follows from the imports."""

LIBRARIES = ("torch", "numpy", "matplotlib", "nbgrader", "nbformat", "jupytext")
KINDS = ("source", "release", "solutions")
NOTE = ".built.json"
REFERENCE, REFERENCE_NOTE = "release/reference", "solutions/.reference.json"
MEASURED = ".accuracy.json"
"""What `measured` notes beside it, of the marks that the answers got; no build makes it."""


def is_fresh(root: Path, chapter: str) -> bool:
    """Whether the chapter's generated files are the ones that were noted, made from what is there now."""
    with contextlib.suppress(OSError, ValueError):
        noted = json.loads(_note(root, chapter).read_text(encoding="utf-8"))
        return bool(noted == {"from": digest_origin(root, chapter), "made": _digest_made(root, chapter)})
    return False


def digest_origin(root: Path, chapter: str) -> str:
    """A digest of all that the chapter is made from. A build takes it before it reads anything."""
    made_from = digest_with_code(root, chapter, ("notebooks",), USED, LIBRARIES)
    return hashlib.sha256(f"{made_from} {digest_terms(root)} {find_address(root)}".encode()).hexdigest()


def digest_with_code(
    root: Path, chapter: str, kinds: Iterable[str], used: Iterable[str], libraries: Iterable[str]
) -> str:
    """A digest of the chapter's files of some `kinds`, nbgrader's configuration, the modules `used` with all that they import, and the
    versions of `libraries`."""
    code = [PACKAGE / name for name in sorted(_modules(used))] + sorted((PACKAGE / "course" / "data").glob("*"))
    files = [path for kind in kinds for path in _files(root / kind / chapter)]
    versions = [f"{name} {metadata.version(name).partition('+')[0]}" for name in libraries]
    digests = [_digest([*files, root / "nbgrader_config.py"], root), _digest(code, PACKAGE), *versions]
    if parts := write_parts(root, chapter):
        digests.append(hashlib.sha256(parts.encode()).hexdigest())
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def note(root: Path, chapter: str, origin: str) -> None:
    """Note that the chapter's generated files have been made from what had the digest `origin`."""
    noted = {"from": origin, "made": _digest_made(root, chapter)}
    _note(root, chapter).write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def is_reference_fresh(root: Path) -> bool:
    """Whether the reference pages are the ones that were noted, made from what is there now."""
    with contextlib.suppress(OSError, ValueError):
        noted = json.loads((root / REFERENCE_NOTE).read_text(encoding="utf-8"))
        return bool(noted == {"from": digest_reference(root), "made": _digest(_files(root / REFERENCE), root)})
    return False


def digest_reference(root: Path) -> str:
    """A digest of all that the reference pages are made from: the glossary, the titles of its notebooks, and code."""
    code = _digest((PACKAGE / name for name in sorted(_modules(("authoring.reference",)))), PACKAGE)
    titles = [f"{name} {find_title(root, name)}" for name in sorted({term.notebook for term in read_glossary(root)})]
    parts = [code, _digest([root / "notebooks" / GLOSSARY], root), *titles, metadata.version("torch").partition("+")[0]]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def note_reference(root: Path, origin: str) -> None:
    """Note that the reference pages have been made from what had the digest `origin`."""
    noted = {"from": origin, "made": _digest(_files(root / REFERENCE), root)}
    (root / REFERENCE_NOTE).write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def _note(root: Path, chapter: str) -> Path:
    return root / "solutions" / chapter / NOTE


def _digest_made(root: Path, chapter: str) -> str:
    files = (path for kind in KINDS for path in _files(root / kind / chapter))
    return _digest((path for path in files if path.name not in (NOTE, MEASURED)), root)


def _files(folder: Path) -> list[Path]:
    """The files in a folder, without what editors and Python leave there."""
    left = {".ipynb_checkpoints", "__pycache__"}
    return sorted(path for path in folder.rglob("*") if path.is_file() and not left & set(path.parts))


def _digest(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _modules(used: Iterable[str]) -> set[str]:
    """The files, relative to this package, of the modules `used` and of all that they import from it."""
    found: set[str] = set()
    waiting = list(used)
    while waiting:
        for path in _find(waiting.pop()):
            name = path.relative_to(PACKAGE).as_posix()
            if name not in found:
                found.add(name)
                waiting += _imports(path)
    return found


def _find(module: str) -> Iterator[Path]:
    """The file of a module by its dotted name below the package; of a package all files in it."""
    place = PACKAGE.joinpath(*module.split("."))
    if place.with_suffix(".py").is_file():
        yield place.with_suffix(".py")
    elif place.is_dir():
        yield from sorted(place.glob("*.py"))


@cache
def _imports(path: Path) -> list[str]:
    """The dotted names below the package that a file of it imports, as it was when it was first asked for."""
    return list(_read_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _read_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            package, _, module = name.partition(".")
            if package == PACKAGE.name and module:
                yield module

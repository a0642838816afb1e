"""Build the book."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from autograder.authoring.glossary import read_glossary
from autograder.book.checking import Report, check_links
from autograder.book.frames import MOST
from autograder.book.leaks import find_leaks
from autograder.book.pages import write_pages
from autograder.errors import CourseError

WORK = Path("book", "_build")
NEEDED = {"sphinx": "Sphinx", "myst_nb": "MyST-NB", "furo": "Furo", "mathjax": "MathJax's files"}


@dataclass(frozen=True)
class Book:
    """A book that was built: where it is, what following its links found, what it tells of answers, its bytes, and the seconds it took."""

    folder: Path
    report: Report
    leaks: list[str]
    size: int
    seconds: float


def build_book(
    root: Path,
    work: Path | None = None,
    chapters: list[str] | None = None,
    repository: str | None = None,
    most: int = MOST,
    tell: Callable[[str], None] = print,
) -> Book:
    """Build the book of the course at `root` into `work`/html (default: `book/_build` there), follow its links, and look for answers in it.

    `chapters` are the folders of the chapters that it has (default: all). Asks no other machine for anything.

    Raises `CourseError` where the course has no `book/conf.py`, what builds books isn't installed, or Sphinx warns of anything.
    """
    began = time.monotonic()
    if not (root / "book" / "conf.py").is_file():
        raise CourseError(f"{root} has no book/conf.py, so there is no book to build.")
    if missing := [name for module, name in NEEDED.items() if util.find_spec(module) is None]:
        raise CourseError(
            f"A book needs {', '.join(missing)}. Install what is missing with: python -m pip install --editable '.[book]'"
        )
    work = (work or root / WORK).resolve()
    repository = find_repository(root) if repository is None else repository
    write_pages(root, work, chapters, repository, most, tell)
    tell("Writing the pages")
    html = work / "html"
    _run_sphinx(root, work, html)
    size = sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
    return Book(html, check_links(html), find_leaks(root, html), size, time.monotonic() - began)


def _run_sphinx(root: Path, work: Path, html: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    from autograder.book.extension import collect_terms, copy_mathjax

    fresh, doctrees = work / "html-new", work / "doctrees"
    for folder in (fresh, doctrees):
        shutil.rmtree(folder, ignore_errors=True)
    static = [str(root / "book" / "_static"), str(work / "static")]
    settings = {
        "html_static_path": static,
        "templates_path": [str(root / "book" / "_templates")],
        "book_terms": collect_terms(read_glossary(root)),
    }
    said = io.StringIO()
    with patch_docutils(str(root / "book")), docutils_namespace():
        app = Sphinx(
            work / "pages", root / "book", fresh, doctrees, "html", settings, status=None, warning=said, freshenv=True
        )
        app.build()
    warnings = [line for line in re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).splitlines() if line.strip()]
    if warnings or app.statuscode:
        raise CourseError("Sphinx isn't content with the pages:\n  " + "\n  ".join(warnings[:20]))
    for path in fresh.rglob("*.html"):
        path.write_text(name_parts(path.read_text(encoding="utf-8")), encoding="utf-8")
    copy_mathjax(fresh / "_static" / "mathjax")
    shutil.rmtree(fresh / "_sources", ignore_errors=True)  # empty, as no text of a page is copied into it
    for left in (".buildinfo", "objects.inv"):
        (fresh / left).unlink(missing_ok=True)
    (fresh / ".nojekyll").touch()  # or GitHub Pages leaves out every folder that begins with an underscore
    shutil.rmtree(html, ignore_errors=True)
    os.replace(fresh, html)


NAMED = (
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Chapters">'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">'),
    ('<th class="head"><p></p></th>', "<td></td>"),
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
)
"""What the theme leaves without a name or a level, or hides the name of, and the same with it."""


def name_parts(html: str) -> str:
    """A page with names for its parts, so that a screen reader can tell them apart."""
    for bare, named in NAMED:
        html = html.replace(bare, named)
    return html


def find_repository(root: Path) -> str:
    """`owner/name` on GitHub: what a workflow says, or where `origin` is; "" where it's elsewhere."""
    if named := os.environ.get("GITHUB_REPOSITORY"):
        return named
    git = shutil.which("git")
    if git is None:
        return ""
    asked = subprocess.run(
        [git, "remote", "get-url", "origin"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.strip()
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", asked)
    return found[1] if found else ""

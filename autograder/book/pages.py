"""Write the pages of the book for Sphinx: of each notebook, of each reference page, and those that only the book has (`front`)."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import yaml

from autograder.authoring.chapters import list_chapters
from autograder.book.crossing import Places, keep_present, link_places
from autograder.book.drawing import Drawn, draw_all
from autograder.book.frames import MOST
from autograder.book.front import Chapter, Cover, make_chapter, make_cover, make_exercises, make_lab
from autograder.book.notebook import make_page, read_source
from autograder.errors import CourseError

REFERENCE = ("activations", "losses", "optimizers", "glossary")


def write_pages(
    root: Path,
    work: Path,
    chapters: list[str] | None = None,
    repository: str = "",
    most: int = MOST,
    tell: Callable[[str], None] = print,
) -> list[Chapter]:
    """Write the pages into `work`/pages, and what they show into `work`/static; returns the chapters.

    `chapters` are the folders of those that are wanted (default: all), `repository` is `owner/name` on GitHub for links that start a lab,
    and `most` the number of pictures of a moved figure. Figures are kept in `work`/drawn for the next time.
    """
    pages, static, kept = work / "pages", work / "static", work / "drawn"
    for folder in (pages, static):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    book = read_chapters(root, chapters)
    names = [source.name for chapter in book for source in chapter.sources]
    drawn = draw_all(root, names, kept, most, tell)
    places = _find_places(book)
    for chapter in book:
        _write(pages / chapter.folder / "index.md", make_chapter(chapter))
        for source in chapter.sources:
            pictures = static / "figures" / source.name
            page = make_page(root, source, drawn[source.name], places, kept / source.name, pictures)
            _write(pages / f"{source.name}.ipynb", nbformat.writes(page))
            _copy_frames(drawn[source.name], kept / source.name, static / "frames" / source.name)
    reference = _write_reference(root, pages, static, names, places)
    _write(pages / "exercises.md", make_exercises(book))
    _write(pages / "lab.md", make_lab(book, repository))
    _write(pages / "index.md", make_cover(read_cover(root), book, reference))
    return book


def read_chapters(root: Path, wanted: list[str] | None = None) -> list[Chapter]:
    """The chapters with a release, in order, called as `book/chapters.toml` says, or after their folder."""
    called = _read_words(root)
    book = []
    for folder in list_chapters(root):
        names = sorted(one.stem for one in (root / "release" / folder).glob("*.ipynb"))
        if not names or (wanted is not None and folder not in wanted):
            continue
        said = called.get(folder, {})
        title = said.get("title") or re.sub(r"^\d+_", "", folder).replace("_", " ").capitalize()
        sources = tuple(read_source(root, f"{folder}/{name}") for name in names)
        book.append(Chapter(folder, title, said.get("about", ""), sources))
    if not book:
        raise CourseError(f"{root} has no released notebooks to make a book of. Make them with 'course build'.")
    return book


def read_cover(root: Path) -> Cover:
    """What the cover says: `book/chapters.toml` has it under `cover`, and how the course is cited is in `CITATION.cff`."""
    said, path = _read_words(root).get("cover", {}), root / "CITATION.cff"
    cited = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return Cover(
        said.get("lead", ""), tuple(said.get("learn", [])), said.get("needs", ""), said.get("license", ""), cited
    )


def _read_words(root: Path) -> dict[str, Any]:
    path = root / "book" / "chapters.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _find_places(book: list[Chapter]) -> Places:
    sources = [source for chapter in book for source in chapter.sources if source.number]
    return Places(
        {source.number: f"{source.name}.ipynb" for source in sources},
        {chapter.number: f"{chapter.folder}/index.md" for chapter in book if chapter.number},
        {source.number: frozenset(one.number for one in source.exercises) for source in sources},
    )


def _copy_frames(drawn: Drawn, kept: Path, folder: Path) -> None:
    for moved in (one for many in drawn.moved.values() for one in many):
        folder.mkdir(parents=True, exist_ok=True)
        for file in moved.files:
            shutil.copyfile(kept / file, folder / file)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# --- the reference pages -------------------------------------------------------------------------------


def _write_reference(root: Path, pages: Path, static: Path, names: list[str], places: Places) -> list[str]:
    """The reference pages that the course has, with their pictures; returns their names."""
    folder = root / "release" / "reference"
    found = [name for name in REFERENCE if (folder / f"{name}.md").is_file()]
    for name in found:
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        text = keep_present(text, names).replace('src="pictures/', 'loading="lazy" src="../_static/pictures/')
        text = make_definitions(text) if name == "glossary" else text
        _write(pages / "reference" / f"{name}.md", link_places(text, places, ""))
    if (folder / "pictures").is_dir():
        shutil.copytree(folder / "pictures", static / "pictures")
    return found


def make_definitions(glossary: str) -> str:
    """The glossary page with its terms as a list of definitions."""
    return re.sub(r'(?m)^(<a id="[^"]+"></a>\*\*.+?\*\*): (.+)$', r"\1\n: \2", glossary)

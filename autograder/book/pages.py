"""Write the pages of the book for Sphinx: the cover, a page for each chapter, notebook and reference page, the exercises, and the lab."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat

from autograder.authoring.chapters import list_chapters
from autograder.book.crossing import Places, keep_present
from autograder.book.drawing import Drawn, draw_all
from autograder.book.frames import MOST
from autograder.book.notebook import Source, make_page, read_source
from autograder.errors import CourseError

REFERENCE = ("activations", "losses", "optimizers", "glossary")
BINDER, COLAB = "https://mybinder.org/v2/gh", "https://colab.research.google.com/github"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book: its folder, what it's called, what it's about, and its notebooks."""

    folder: str
    title: str
    about: str
    sources: tuple[Source, ...]

    @property
    def number(self) -> str:
        found = re.match(r"0*(\d+)_", self.folder)
        return found[1] if found else ""

    @property
    def heading(self) -> str:
        return f"{self.number} · {self.title}" if self.number else self.title


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
            page = make_page(root, source, drawn[source.name], places, static / "figures" / source.name)
            _write(pages / f"{source.name}.ipynb", nbformat.writes(page))
            _copy_frames(drawn[source.name], kept / source.name, static / "frames" / source.name)
    reference = _write_reference(root, pages, static, names)
    _write(pages / "exercises.md", make_exercises(book))
    _write(pages / "lab.md", make_lab(book, repository))
    _write(pages / "index.md", make_cover(book, reference))
    return book


def read_chapters(root: Path, wanted: list[str] | None = None) -> list[Chapter]:
    """The chapters with a release, in order, called as `book/chapters.toml` says, or after their folder."""
    path = root / "book" / "chapters.toml"
    called = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
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


def _write_reference(root: Path, pages: Path, static: Path, names: list[str]) -> list[str]:
    """The reference pages that the course has, with their pictures; returns their names."""
    folder = root / "release" / "reference"
    found = [name for name in REFERENCE if (folder / f"{name}.md").is_file()]
    for name in found:
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        text = keep_present(text, names).replace('src="pictures/', 'loading="lazy" src="../_static/pictures/')
        _write(pages / "reference" / f"{name}.md", make_definitions(text) if name == "glossary" else text)
    if (folder / "pictures").is_dir():
        shutil.copytree(folder / "pictures", static / "pictures")
    return found


def make_definitions(glossary: str) -> str:
    """The glossary page with its terms as a list of definitions."""
    return re.sub(r'(?m)^(<a id="[^"]+"></a>\*\*.+?\*\*): (.+)$', r"\1\n: \2", glossary)


# --- the pages that only the book has ------------------------------------------------------------------


def make_cover(book: list[Chapter], reference: list[str]) -> str:
    """The first page."""
    notebooks = sum(len(chapter.sources) for chapter in book)
    exercises = sum(len(source.exercises) for chapter in book for source in chapter.sources)
    cards = "\n".join(_make_card(chapter) for chapter in book)
    parts = [
        "# Autograded, the book",
        f'<p class="lead">A PyTorch course: {len(book)} chapters in {notebooks} notebooks, with {exercises} exercises. To change code, and to have '
        'your answers checked, <a href="lab.html">open a notebook in your lab</a>. The right answers aren’t in the book.</p>',
        "## Chapters",
        f'<ol class="cards">\n{cards}\n</ol>',
        "## To look things up",
        "- [All exercises](exercises.md)\n" + "\n".join(f"- [{_name(one)}](reference/{one}.md)" for one in reference),
        _make_tree("Chapters", [f"{chapter.folder}/index" for chapter in book]),
        _make_tree("To look things up", ["exercises", *(f"reference/{name}" for name in reference), "lab"]),
    ]
    return "\n\n".join(parts) + "\n"


def _make_card(chapter: Chapter) -> str:
    count = len(chapter.sources)
    return (
        f'<li><a class="card" href="{chapter.folder}/index.html"><span class="number" aria-hidden="true">{chapter.number}</span>'
        f'<span class="name">{escape(chapter.title)}</span><span class="about">{escape(chapter.about)}</span>'
        f'<span class="count">{count} notebook{"s" if count > 1 else ""}</span></a></li>'
    )


def _name(reference: str) -> str:
    return {"optimizers": "Optimizers and schedules"}.get(reference, reference.capitalize())


def _make_tree(caption: str, entries: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```"])


def make_chapter(chapter: Chapter) -> str:
    """A chapter's page: its notebooks, how long each takes, and its exercises."""
    parts = [f"# {chapter.heading}", chapter.about]
    for source in chapter.sources:
        file = Path(source.name).name
        title = f"{source.number} · {source.title}" if source.number else source.title
        parts.append(f"## [{title}]({file}.ipynb)")
        if source.time:
            parts.append(f"*{source.time[0].upper()}{source.time[1:]}*")
        parts.append(
            "\n".join(
                f"{one.number}. [{one.title}]({file}.ipynb#exercise-{one.number}): {one.facts}"
                for one in source.exercises
            )
        )
    parts.append(_make_tree("", [Path(source.name).name for source in chapter.sources]).replace(":caption: \n", ""))
    return "\n\n".join(part for part in parts if part) + "\n"


def make_exercises(book: list[Chapter]) -> str:
    """All exercises, by notebook."""
    parts = ["# All exercises", "Each link leads to the exercise in its notebook."]
    for chapter in book:
        parts.append(f"## {chapter.heading}")
        for source in (one for one in chapter.sources if one.exercises):
            parts.append(f"### {source.number} · {source.title}" if source.number else f"### {source.title}")
            rows = [
                f"| {one.number} | [{_in_cell(one.title)}]({source.name}.ipynb#exercise-{one.number}) | {_in_cell(one.facts)} |"
                for one in source.exercises
            ]
            parts.append("\n".join(["| No. | Exercise | Kind, time, difficulty and points |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


def make_lab(book: list[Chapter], repository: str) -> str:
    """How to get a lab, and where each notebook is in it."""
    parts = [
        "# Open this in your lab",
        "The book is for reading. In the lab, every cell runs: you change code, move the figures in small steps, write your answers, and each "
        "check says what is right and what your mistake was.",
        "## On your computer",
        "You need Python 3.11 or newer. Get the course's repository, and in its folder:",
        "```\nmake lab\n```",
        "Without `make`, or on Windows:",
        "```\npython -m pip install --constraint constraints.txt --editable .\ncourse lab\n```",
        "JupyterLab opens with your own copy of the chapters. While it runs, the links below open a notebook in it. They work on the computer "
        "that the lab runs on, if it has its usual address, `http://localhost:8888`.",
    ]
    if repository:
        parts += [
            "## Without installing",
            f"[Binder]({BINDER}/{repository}/HEAD?urlpath=lab) starts a lab in the browser; it takes some minutes, and forgets your work when "
            "you close it. Colab opens one notebook.",
        ]
    parts.append("## Each notebook")
    for chapter in book:
        parts.append(f"### {chapter.heading}")
        parts.append("\n".join(_point_to_lab(source, repository) for source in chapter.sources))
    return "\n\n".join(parts) + "\n"


def _point_to_lab(source: Source, repository: str) -> str:
    title = f"{source.number} · {source.title}" if source.number else source.title
    links = [f"[in your lab](http://localhost:8888/lab/tree/{source.name}.ipynb)"]
    if repository:
        path = f"release/{source.name}.ipynb"
        links.append(f"[on Binder]({BINDER}/{repository}/HEAD?urlpath=lab/tree/{path})")
        links.append(f"[on Colab]({COLAB}/{repository}/blob/HEAD/{path})")
    return f'- <a id="{source.anchor}"></a>[{title}]({source.name}.ipynb): {", ".join(links)}'

"""Look for answers in the built book: in what pages show, in the search index, in every file that can be downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from autograder.authoring.chapters import list_chapters
from autograder.book.notebook import find_predicted, read_cells

NOT_FOR_READERS = {".py", ".ipynb", ".md", ".pickle", ".inv", ".doctree"}
"""Kinds of files that a book doesn't have: the course's own, with text that no page shows."""

TEXTS = {".html", ".js", ".json", ".css", ".svg", ".txt", ".xml"}
SHORTEST, SHORTEST_SENTENCE = 6, 25


def find_leaks(root: Path, html: Path) -> list[str]:
    """What the files in `html` tell of the answers to the course's exercises that its released texts don't.

    An answer is looked for line by line, whatever the spaces, and a written one sentence by sentence. In the search index, words that only answers have
    are looked for too.
    """
    public = list(_list_public(root))
    answers = list(_list_answers(root))
    shown = _squeeze("\n".join(public))
    lines = {line: place for place, text in answers for line in _split(text) if not _is_in(line, shown)}
    known = {word for text in public for word in _list_words(text)}
    stems = {
        word[:end] for word in known for end in range(7, len(word) + 1)
    }  # the index has words without their endings
    words = {word for _, text in answers for word in _list_words(text)} - stems
    found = []
    for path in sorted(one for one in html.rglob("*") if one.is_file()):
        name = path.relative_to(html).as_posix()
        if path.suffix in NOT_FOR_READERS:
            found.append(f"{name}: no reader needs this file")
        if path.suffix not in TEXTS or name.startswith("_static/mathjax/"):
            continue
        text = path.read_text(encoding="utf-8")
        text = _squeeze(_read_visible(text) if path.suffix == ".html" else text)
        found += [f"{name}: '{line}' is of the answer {place}" for line, place in lines.items() if _is_in(line, text)]
        if path.name == "searchindex.js":
            told = set(_list_words(text))
            found += [f"{name}: '{word}' is a word of an answer" for word in sorted(words & told)]
    return found


def _list_names(root: Path) -> Iterator[str]:
    for chapter in list_chapters(root):
        for path in sorted((root / "release" / chapter).glob("*.ipynb")):
            yield f"{chapter}/{path.stem}"


def _list_public(root: Path) -> Iterator[str]:
    """What students are given: the text and the code of the release, and what it prints where no answer is."""
    for path in sorted((root / "release" / "reference").glob("*.md")):
        yield path.read_text(encoding="utf-8")
    for name in _list_names(root):
        for cell in read_cells(root, "release", name):
            yield cell.source


def _list_answers(root: Path) -> Iterator[tuple[str, str]]:
    """The answers in the solutions, with the notebook and the name of the cell; where one predicts, what the program prints is an answer too."""
    for name in _list_names(root):
        released = read_cells(root, "release", name)
        places = {cell.id for cell in released if cell.metadata.get("nbgrader", {}).get("solution")}
        predicted = find_predicted(released)
        for cell in read_cells(root, "solutions", name):
            if cell.id in places:
                yield f"{name}, {cell.id}", cell.source
            elif cell.id in predicted:
                yield f"{name}, {cell.id}", "\n".join(output.get("text", "") for output in cell.outputs)


def _split(text: str) -> Iterator[str]:
    """Lines of code, and sentences, that are long enough to tell something."""
    for line in map(_squeeze, text.splitlines()):
        if len(line) >= SHORTEST and re.search(r"\w", line):
            yield line
    for sentence in re.split(r"(?<=[.!?])\s+", _squeeze(text)):
        if len(sentence) >= SHORTEST_SENTENCE:
            yield sentence


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _is_in(line: str, text: str) -> bool:
    """Whether `text` has the line, not as a part of longer words or numbers."""
    place = text.find(line)
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(line) : place + len(line) + 2]
        if not (before.isalnum() and line[0].isalnum()) and not re.match(r"\w|\.\d", after):
            return True
        place = text.find(line, place + 1)
    return False


def _list_words(text: str) -> Iterable[str]:
    return re.findall(r"[^\W\d_]\w{6,}", text.lower())


class _Visible(HTMLParser):
    """Collects the text of a page, also what attributes and scripts of the page itself say."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts += [
            value for name, value in attrs if value and name in ("alt", "title", "data-meaning", "data-says", "content")
        ]
        if tag in ("p", "li", "div", "pre", "td", "dd", "dt", "figure", "h1", "h2", "h3"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_comment(self, data: str) -> None:
        self.parts.append(data)


def _read_visible(html: str) -> str:
    reader = _Visible()
    reader.feed(html)
    return "".join(reader.parts)

"""The pages that only the book has: the cover, a page for each chapter, all exercises, and how to open a notebook in a lab."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from autograder.book.notebook import Source, say_time

BINDER, COLAB, CODESPACES = (
    "https://mybinder.org/v2/gh",
    "https://colab.research.google.com/github",
    "https://codespaces.new",
)
NOT_FOUND = "---\nnosearch: true\n---\n\n"
"""At the top of a page that lists what other pages have: a search finds those."""


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


@dataclass(frozen=True)
class Cover:
    """What the cover says: a sentence on the course, what one learns, what one needs, the licenses, and how to cite it (as `CITATION.cff` has it)."""

    lead: str
    learn: tuple[str, ...]
    needs: str
    license: str
    cited: Mapping[str, Any]


def make_cover(cover: Cover, book: list[Chapter], reference: list[str]) -> str:
    """The first page."""
    sources = [source for chapter in book for source in chapter.sources]
    exercises = sum(len(source.exercises) for source in sources)
    size = f"{_count(len(book), 'chapter')} in {_count(len(sources), 'notebook')}, with {_count(exercises, 'exercise')}"
    time = _say_hours(sum(source.minutes for source in sources))
    more = _say_hours(sum(source.more for source in sources))
    parts = [
        "# Autograded, the book",
        f'<p class="lead">{escape(cover.lead)}</p>' if cover.lead else "",
        f"This is a PyTorch course to read: {size}. It takes {time}, and {more} more for what is marked *More*. To change code and to have "
        "your answers checked, [open a notebook in your lab](lab.md). The right answers aren’t in the book.",
        "\n".join(["## What you’ll be able to do", "", *(f"- {one}" for one in cover.learn)]) if cover.learn else "",
        f"**You need** {cover.needs}" if cover.needs else "",
        "## Chapters",
        '<ol class="cards">\n' + "\n".join(_make_card(chapter) for chapter in book) + "\n</ol>",
        "## To look things up",
        "- [All exercises](exercises.md)\n" + "\n".join(f"- [{_name(one)}](reference/{one}.md)" for one in reference),
        _make_colophon(cover),
        _make_tree("Chapters", [f"{chapter.folder}/index" for chapter in book]),
        _make_tree("To look things up", ["exercises", *(f"reference/{name}" for name in reference), "lab"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _make_card(chapter: Chapter) -> str:
    time = _say_hours(sum(source.minutes for source in chapter.sources))
    exercises = _count(sum(len(source.exercises) for source in chapter.sources), "exercise")
    facts = " · ".join(part for part in (_count(len(chapter.sources), "notebook"), time, exercises) if part)
    return (
        f'<li><a class="card" href="{chapter.folder}/index.html"><span class="number" aria-hidden="true">{chapter.number}</span>'
        f'<span class="name">{escape(chapter.title)}</span><span class="about">{escape(chapter.about)}</span>'
        f'<span class="count">{facts}</span></a></li>'
    )


def _make_colophon(cover: Cover) -> str:
    """How the course may be used, and how it's cited."""
    parts = [cover.license]
    if cover.cited:
        cited = cover.cited
        authors = " and ".join(
            one.get("name") or f"{one['given-names']} {one['family-names']}" for one in cited["authors"]
        )
        entry = {
            "author": f"{{{authors}}}",
            "title": f"{{{cited['title']}}}",
            "year": str(cited["date-released"])[:4],
            "version": cited["version"],
        }
        lines = "\n".join(f"  {name} = {{{value}}}," for name, value in entry.items())
        parts += ["To cite it:", f"```bibtex\n@misc{{autograded,\n{lines}\n}}\n```"]
    text = "\n\n".join(part for part in parts if part)
    return f"## To use and cite\n\n{text}" if text else ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _say_hours(minutes: int) -> str:
    """A time as one says it: "about 35 minutes", "about 2½ hours", "about 19 hours"."""
    if minutes < 60:
        return f"about {minutes} minutes"
    if minutes >= 600:
        return f"about {round(minutes / 60)} hours"
    halves = round(minutes / 30)
    whole = f"{halves // 2}{'½' if halves % 2 else ''}"
    return f"about {whole} hour{'' if halves == 2 else 's'}"


def _name(reference: str) -> str:
    return {"optimizers": "Optimizers and schedules"}.get(reference, reference.capitalize())


def _make_tree(caption: str, entries: Iterable[str]) -> str:
    named = [f":caption: {caption}"] if caption else []
    return "\n".join(["```{toctree}", ":hidden:", *named, "", *entries, "```"])


def make_chapter(chapter: Chapter) -> str:
    """A chapter's page: its notebooks, what each is for, how long it takes, and its exercises."""
    parts = [f"{NOT_FOUND}# {chapter.heading}", f'<p class="lead">{escape(chapter.about)}</p>' if chapter.about else ""]
    for source in chapter.sources:
        file = Path(source.name).name
        parts.append(f"## [{source.heading}]({file}.ipynb)")
        parts.append(f'<p class="facts">{say_time(source)}</p>')
        if source.aims:
            parts.append("\n".join(["You’ll be able to", "", *(f"- {aim}" for aim in source.aims)]))
        exercises = "\n".join(
            f"{one.number}. [{one.title}]({file}.ipynb#exercise-{one.number}): {one.facts}" for one in source.exercises
        )
        if exercises:
            number = _count(len(source.exercises), "exercise")
            parts.append(f"<details><summary>{number}</summary>\n\n{exercises}\n\n</details>")
    parts.append(_make_tree("", [Path(source.name).name for source in chapter.sources]))
    return "\n\n".join(part for part in parts if part) + "\n"


def make_exercises(book: list[Chapter]) -> str:
    """All exercises, by notebook."""
    parts = [f"{NOT_FOUND}# All exercises", "Each link leads to the exercise in its notebook."]
    for chapter in book:
        parts.append(f"## {chapter.heading}")
        for source in (one for one in chapter.sources if one.exercises):
            parts.append(f"### {source.heading}")
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
        "Without `make`, or on Windows, make an environment with `python -m venv .venv` and activate it: `source .venv/bin/activate`, or on "
        "Windows `.venv\\Scripts\\activate`. Then:",
        "```\npython -m pip install --constraint constraints.txt --editable .\ncourse lab\n```",
        "JupyterLab opens with your own copy of the chapters. While it runs, the links below open a notebook in it. They work on the computer "
        "that the lab runs on, if it has its usual address, `http://localhost:8888`.",
    ]
    if repository:
        parts += [
            "## Without installing",
            f"- [Binder]({BINDER}/{repository}/HEAD?urlpath=lab/tree/workspace) starts a lab in the browser. It takes some minutes, and forgets your "
            "work when you close it: download your notebooks.\n"
            f"- [Codespaces]({CODESPACES}/{repository}) does the same with your account on GitHub, and keeps your work as long as you keep the codespace.\n"
            "- Colab opens one notebook without the files beside it. Checks work there, but don’t know the usual mistakes. A notebook that needs "
            "functions of earlier ones has no link to it.",
        ]
    parts.append("## Each notebook")
    for chapter in book:
        parts.append(f"### {chapter.heading}")
        parts.append("\n".join(_point_to_lab(source, repository) for source in chapter.sources))
    return "\n\n".join(parts) + "\n"


def _point_to_lab(source: Source, repository: str) -> str:
    links = [f"[in your lab](http://localhost:8888/lab/tree/{source.name}.ipynb)"]
    if repository:
        links.append(f"[on Binder]({BINDER}/{repository}/HEAD?urlpath=lab/tree/workspace/{source.name}.ipynb)")
    if repository and source.is_alone:
        links.append(f"[on Colab]({COLAB}/{repository}/blob/HEAD/release/{source.name}.ipynb)")
    return f'- <a id="{source.anchor}"></a>[{source.heading}]({source.name}.ipynb): {", ".join(links)}'

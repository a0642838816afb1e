"""What the book adds to Sphinx: boxes around exercises, terms that say what they mean, pages' descriptions, and MathJax from its package."""

from __future__ import annotations

import re
import shutil
from html import escape, unescape
from importlib import util
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from autograder.authoring.glossary import Term
from autograder.book.notebook import END
from autograder.errors import CourseError

MATHJAX_FILES = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts", "a11y/assistive-mml.js")
"""What pages use of MathJax; `MathJax` itself looks for the others only when its menu asks for them."""

SHORTEST, LONGEST = 40, 200
"""Letters of a page's description."""

_TERM = re.compile(r"(?:^|/)glossary\.html#(?P<anchor>[\w-]+)$")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("book_terms", {}, "html", [dict])
    app.connect("doctree-read", box_exercises)
    app.connect("doctree-resolved", explain_terms)
    app.connect("html-page-context", describe_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def collect_terms(terms: list[Term]) -> dict[str, str]:
    """What each term means, by its anchor on the glossary page."""
    return {term.anchor: re.sub(r"[`*]", "", term.meaning) for term in terms}


def box_exercises(app: Sphinx, doctree: nodes.document) -> None:
    """Each section that is an exercise gets an anchor by its number and a class; what follows its check leaves the section."""
    for section in list(doctree.findall(nodes.section)):
        title = section.next_node(nodes.title)
        found = re.match(r"Exercise (\d+) · ", title.astext()) if title is not None else None
        if not found or title.parent is not section:
            continue
        section["ids"].insert(0, f"exercise-{found[1]}")
        section["classes"].append("exercise")
        ends = [place for place, child in enumerate(section.children) if _is_end(child)]
        if ends:
            after = section.children[ends[-1] + 1 :]
            section.children = section.children[: ends[-1]]
            section.parent.children[section.parent.index(section) + 1 : section.parent.index(section) + 1] = after
            for child in after:
                child.parent = section.parent
    for node in list(doctree.findall(_is_end)):
        node.parent.remove(node)


def _is_end(node: nodes.Node) -> bool:
    return isinstance(node, nodes.raw) and node.astext().strip() == END


def explain_terms(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Links to a term of the glossary carry its meaning, which the page's script shows."""
    if name.endswith("glossary"):
        return
    meanings: dict[str, str] = app.config.book_terms
    for link in list(doctree.findall(nodes.reference)):
        found = _TERM.search(link.get("refuri", ""))
        meaning = meanings.get(found["anchor"]) if found else None
        if meaning:
            address, words = escape(link["refuri"]), escape(link.astext())
            html = f'<a class="term" href="{address}" data-meaning="{escape(meaning)}">{words}</a>'
            link.replace_self(nodes.raw("", html, format="html"))


def describe_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """A page's first paragraph is what a search engine, or a chat where somebody links to it, tells of it."""
    words = [_read_words(one) for one in doctree.findall(nodes.paragraph)] if doctree else []
    said = next((text for text in words if len(text) >= SHORTEST), "")
    if said:
        said = escape(said if len(said) <= LONGEST else said[:LONGEST].rsplit(" ", 1)[0] + " …")
        title = escape(doctree.next_node(nodes.title).astext()) if doctree else ""
        context["metatags"] += (
            f'<meta name="description" content="{said}">\n<meta property="og:title" content="{title}">\n'
        )
        context["metatags"] += f'<meta property="og:description" content="{said}">\n'


def _read_words(paragraph: nodes.Node) -> str:
    """A paragraph's text; a term is a piece of HTML in it (see `explain_terms`)."""
    pieces = [
        unescape(re.sub(r"<[^>]*>", "", one.astext())) if isinstance(one.parent, nodes.raw) else one.astext()
        for one in paragraph.findall(nodes.Text)
    ]
    return " ".join("".join(pieces).split())


def copy_mathjax(target: Path) -> None:
    """Put MathJax and its fonts into a folder of the pages.

    Raises `CourseError` where the package that carries it isn't installed.
    """
    spec = util.find_spec("mathjax")
    source = Path(spec.origin).parent / "static" / "mathjax" / "es5" if spec and spec.origin else None
    if source is None or not source.is_dir():
        raise CourseError(
            "The book needs MathJax's files. Install them with: python -m pip install --editable '.[book]'"
        )
    for name in MATHJAX_FILES:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)

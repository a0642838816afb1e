"""Read the glossary, and link what a notebook calls by one of its terms. Imports no library: what only asks whether a chapter is fresh reads it too.

`notebooks/glossary.md` has a heading for each notebook, by its file, and below it the terms that this notebook introduces, a paragraph each:

    ## 01_activations/1_scores_to_probabilities

    **sigmoid** (sigmoids, logistic function): Squeezes any score into a probability.

The words in parentheses are the other forms by which text calls the term. Where a term's last form is `-`, no text is linked to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError

GLOSSARY = "glossary.md"
MOST, MOST_IN_A_CELL = 20, 3
"""How many links to the glossary a notebook and a cell get."""

_HEADING = re.compile(r"## (\S+)$")
_TERM = re.compile(r"\*\*(.+?)\*\*(?: \(([^()]*)\))?: (.+)$", re.DOTALL)

_AIMS = re.compile(r"\*\*You(?:'ll| will) be able to\*\*")
"""In the list of a notebook's aims, nothing is linked: it would take the links that help where a term is used."""

# What is not prose: code, math, headings, links and pictures, blocks and tags of HTML, lines about an exercise.
_NO_PROSE = re.compile(
    r"^```.*?^```|^~~~.*?^~~~|\$\$.*?\$\$|``.+?``|`[^`]*`|\$[^$]*\$|^\#.*?$|!?\[[^\]]*\]\([^)]*\)|^<.*?(?=\n\s*\n|\Z)|<[^<>]*>"
    r"|^\*\*[^*\n]*\*\* · .*?$|^\*\*Checked:\*\*.*?$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Term:
    """A term, what it means, the notebook that introduces it (`chapter/notebook`), and how text calls it."""

    name: str
    forms: tuple[str, ...]
    meaning: str
    notebook: str

    @property
    def anchor(self) -> str:
        """`L-BFGS` → `l-bfgs`."""
        return re.sub(r"[^\w]+", "-", self.name.lower()).strip("-")


def read_glossary(root: Path) -> list[Term]:
    """The course's terms in the order of the file; none where the course has no glossary.

    Raises `CourseError` where a paragraph can't be read, or where two terms share a name or a form.
    """
    path = root / "notebooks" / GLOSSARY
    if not path.is_file():
        return []
    terms: list[Term] = []
    notebook = ""
    for number, paragraph in _split(path.read_text(encoding="utf-8")):
        here = f"notebooks/{GLOSSARY}:{number}:"
        if heading := _HEADING.match(paragraph):
            notebook = heading[1]
        elif paragraph.startswith("**"):
            found = _TERM.match(paragraph)
            if not found or not notebook:
                raise CourseError(
                    f"{here} a term is written **name** (form, form): meaning, below the heading of its notebook."
                )
            forms = tuple(form.strip() for form in (found[2] or "").split(",") if form.strip())
            terms.append(Term(found[1], forms, " ".join(found[3].split()), notebook))
            if taken := _find_taken(terms):
                raise CourseError(f"{here} '{taken}' is the name or a form of another term too.")
    return terms


def _split(text: str) -> Iterable[tuple[int, str]]:
    """The paragraphs with the number of their first line."""
    for found in re.finditer(r"^\S.*(?:\n.*\S.*)*", text, re.MULTILINE):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def _find_taken(terms: list[Term]) -> str:
    """A name or form of the last term that an earlier one has, or whose anchor an earlier one has."""
    last = terms[-1]
    earlier = {form for term in terms[:-1] for form in (term.name, *term.forms) if form != "-"}
    taken = [form for form in (last.name, *last.forms) if form in earlier]
    taken += [last.name for term in terms[:-1] if term.anchor == last.anchor]
    return taken[0] if taken else ""


def find_title(root: Path, notebook: str) -> str:
    """The heading of a notebook (`chapter/notebook`), such as `1.3 · The activation family`; "" where there is no such notebook."""
    path = root / "notebooks" / f"{notebook}.md"
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) if path.is_file() else None
    return found[1].strip() if found else ""


def digest_terms(root: Path) -> str:
    """All that a notebook's links depend on, as a text: meanings may change without making any notebook stale."""
    return repr([(term.name, term.forms, term.notebook) for term in read_glossary(root)])


def link_terms(texts: list[str], terms: list[Term], notebook: str) -> list[str]:
    """The Markdown `texts` of `notebook` (`chapter/notebook`), with a link at the first mention of each term that another notebook introduces."""
    waiting = {form: term for term in terms if term.notebook != notebook for form in _list_forms(term)}
    linked: set[Term] = set()
    result = []
    for text in texts:
        in_cell = 0
        parts: list[str] = []
        place = 0
        for found in [] if _AIMS.search(text) else _find_mentions(text, waiting):
            term = waiting[_normalize(found[0], waiting)]
            if term in linked or in_cell == MOST_IN_A_CELL or len(linked) == MOST:
                continue
            linked.add(term)
            in_cell += 1
            parts += [text[place : found.start()], f"[{found[0]}](../reference/{GLOSSARY}#{term.anchor})"]
            place = found.end()
        result.append("".join([*parts, text[place:]]))
    return result


def _list_forms(term: Term) -> list[str]:
    return [] if "-" in term.forms else [term.name, *term.forms]


def _find_mentions(text: str, forms: Iterable[str]) -> Iterable[re.Match[str]]:
    """The mentions of a form in the prose of `text`, in order; of two that begin in one place the longer one."""
    words = "|".join(_make_pattern(form) for form in sorted(forms, key=len, reverse=True))
    if not words:
        return
    pattern = re.compile(rf"(?<![\w/.-])(?:{words})(?![\w/-]|\.\w)")
    hidden = [found.span() for found in _NO_PROSE.finditer(text)]
    for found in pattern.finditer(text):
        if not any(begin < found.end() and found.start() < end for begin, end in hidden):
            yield found


def _make_pattern(form: str) -> str:
    """A form that begins with a small letter may begin a sentence, and each space may be the end of a line."""
    first = f"[{form[0]}{form[0].upper()}]" if form[0].islower() else re.escape(form[0])
    return first + re.escape(form[1:]).replace(r"\ ", r"\s+")


def _normalize(found: str, forms: Iterable[str]) -> str:
    words = " ".join(found.split())
    return words if words in forms else words[0].lower() + words[1:]

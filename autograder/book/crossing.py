"""Links between the pages: "Exercise 3", "notebook 4.6" and "chapter 5" in the text lead there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

# What is not prose: code, math, headings, links and pictures, lines that begin with a tag, tags, and reading lists.
_NO_PROSE = re.compile(
    r"^```.*?^```|^~~~.*?^~~~|\$\$.*?\$\$|``.+?``|`[^`]*`|\$[^$\n]*\$|^\#.*?$|!?\[[^\]]*\]\([^)]*\)|^<.*?$|<[^<>]*>"
    r"|^- \*\*(?:Watch|Read|Paper)\*\*.*?$",
    re.DOTALL | re.MULTILINE,
)
_MENTION = re.compile(
    r"(?<!\w)Exercise (?P<exercise>\d+)(?: of notebook (?P<of>\d\.\d))?(?!\d)"
    r"|(?P<word>\b(?:[Nn]otebooks?|[Cc]hapters?)) (?P<places>\d(?:\.\d)?(?:(?:, | and | or | to )\d(?:\.\d)?)*)(?![\d.]\d)"
)
_PLACE = re.compile(r"\d(?:\.\d)?")


@dataclass(frozen=True)
class Places:
    """Where what the text names is: the notebooks by their number (`4.6`) and the chapters (`4`) as `folder/file`, exercises by notebook."""

    notebooks: Mapping[str, str]
    chapters: Mapping[str, str]
    exercises: Mapping[str, frozenset[int]] = field(default_factory=dict)


def link_places(text: str, places: Places, here: str) -> str:
    """The Markdown `text` of the notebook numbered `here` with links at what it mentions of the course; the rest of the text stays as it is."""
    hidden = [found.span() for found in _NO_PROSE.finditer(text)]

    def link(found: re.Match[str]) -> str:
        if any(begin < found.end() and found.start() < end for begin, end in hidden):
            return found[0]
        if found["exercise"]:
            number, notebook = int(found["exercise"]), found["of"] or here
            if number not in places.exercises.get(notebook, ()):
                return found[0]
            return f"[{found[0]}]({'' if notebook == here else _page(places, notebook)}#exercise-{number})"
        known = {**places.notebooks, **places.chapters}
        words = found["word"] + " "
        pieces = _PLACE.sub(
            lambda one: one[0] if one[0] == here or one[0] not in known else f"[{one[0]}]({_page(places, one[0])})",
            found["places"],
        )
        alone = re.fullmatch(r"\[(\d(?:\.\d)?)\]\((.*)\)", pieces)
        return f"[{words}{alone[1]}]({alone[2]})" if alone else words + pieces

    return _MENTION.sub(link, text)


def _page(places: Places, number: str) -> str:
    return "../" + (places.notebooks.get(number) or places.chapters[number])


def keep_present(text: str, names: Collection[str]) -> str:
    """The Markdown `text` in which links to notebooks of the course that aren't among `names` (`chapter/notebook`) are words only."""
    return re.sub(
        r"\[([^\]]+)\]\((?:\.\./)*(\w+/\w+)\.ipynb(?:#[\w-]+)?\)",
        lambda found: found[0] if found[2] in names else found[1],
        text,
    )

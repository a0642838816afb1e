"""Follow every link of the built pages: to other pages, to places in them, to pictures and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

POINTING = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}
LOADED = {"link", "img", "script", "source", "iframe"}
"""Tags whose file a browser loads by itself: none of them may be on another machine."""


@dataclass
class Page(HTMLParser):
    """What a page points to, by tag, and the places in it that can be pointed to."""

    links: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bare: list[str] = field(default_factory=list)
    """Pictures without a description."""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if found.get("id"):
            self.ids.add(found["id"])
        if tag in POINTING and POINTING[tag] in found and found.get("rel") != "canonical":
            self.links.append((tag, found[POINTING[tag]]))
        if tag == "img" and not found.get("alt", "").strip() and found.get("role") != "presentation":
            self.bare.append(found.get("src", ""))


@dataclass(frozen=True)
class Report:
    """What a look at the built pages found."""

    pages: int
    links: int
    problems: list[str]


def check_links(folder: Path) -> Report:
    """Follow all links of the HTML pages in `folder`. Links to other sites are read, not followed."""
    pages = {path.relative_to(folder).as_posix(): _read(path) for path in sorted(folder.rglob("*.html"))}
    count, problems = 0, []
    for name, page in pages.items():
        count += len(page.links)
        problems += [f"{name}: {problem}" for problem in _check(folder, name, page, pages)]
    problems += [f"{name}: {problem}" for name, problem in _check_styles(folder)]
    return Report(len(pages), count, problems)


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _check(folder: Path, name: str, page: Page, pages: dict[str, Page]) -> Iterator[str]:
    for picture in page.bare:
        yield f"the picture {picture} has no description"
    for tag, link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if problem := _find_problem(tag, link):
                yield problem
            continue
        target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
        target = target.resolve()
        if not target.is_file() or not target.is_relative_to(folder.resolve()):
            yield f"{link} leads nowhere"
            continue
        other = pages.get(target.relative_to(folder.resolve()).as_posix())
        place = unquote(parts.fragment)
        if other is not None and place and place not in other.ids:
            yield f"{link} leads to a page that has no place of this name"


def _find_problem(tag: str, link: str) -> str:
    """What is wrong with a link to another site, as far as can be seen without asking it."""
    parts = urlsplit(link)
    if parts.scheme in ("data", "mailto"):
        return ""
    if tag in LOADED:
        return f"{link} is loaded from another machine"
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.-]+(?::\d+)?", parts.netloc) or " " in link:
        return f"{link} isn't an address"
    return ""


def _check_styles(folder: Path) -> Iterator[tuple[str, str]]:
    """Files that a style sheet names."""
    for path in sorted(folder.rglob("*.css")):
        for link in re.findall(r"url\(\s*['\"]?([^'\")]+)", path.read_text(encoding="utf-8")):
            name = path.relative_to(folder).as_posix()
            if re.match(r"(?:https?:)?//", link):
                yield name, f"{link} is loaded from another machine"
            elif not link.startswith(("data:", "#")) and not (path.parent / re.split(r"[?#]", link)[0]).is_file():
                yield name, f"{link} leads nowhere"

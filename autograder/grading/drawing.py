"""HTML of what is in a notebook: Markdown, code and outputs, in which nothing runs and nothing is loaded, whoever wrote it.

Other students' pages show the same cells of the author's, so what was drawn once is kept.
"""

from __future__ import annotations

import base64
import functools
import html
import re
from typing import Any

import jinja2
import nh3
from markupsafe import Markup
from nbconvert.filters.ansi import strip_ansi
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.grading.cleaning import MAX_DEPTH, PICTURES, cut, show_output
from autograder.grading.formulas import DOLLAR, draw_formulas

MAX_MARKDOWN, MAX_KEPT = 20_000, 4_096
"""Characters of a text that is read as Markdown: its reader may take the square of that. And the pieces that are kept."""

OWN = "fb-"
"""How the classes and ids of a page's own begin: a notebook can have none of these."""

_KINDS = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain")
"""The kinds of data that a page shows, the best first."""


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Markdown in which a dollar sign that the reader did not take for a formula stays one."""

    def text(self, text: str) -> str:
        return str(super().text(text)).replace("$", DOLLAR)

    def codespan(self, text: str) -> str:
        return str(super().codespan(text)).replace("$", DOLLAR)


def draw_markdown(source: str, attachments: Any = None) -> Markup:
    """The Markdown as HTML, with formulas drawn; what can't be read as Markdown, as plain text."""
    if attachments:
        return _draw_markdown(source, attachments)
    return _draw_common(source)


@functools.lru_cache(MAX_KEPT)
def _draw_common(source: str) -> Markup:
    return _draw_markdown(source, {})


def _draw_markdown(source: str, attachments: Any) -> Markup:
    if len(PICTURES.sub("", source)) > MAX_MARKDOWN:
        return show_plain(source)
    try:
        renderer = _Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        drawn = MarkdownWithMath(renderer=renderer).render(source)
        return Markup(draw_formulas(clean(drawn)).replace(DOLLAR, "$"))
    except Exception:  # a text on which the reader of Markdown fails
        return show_plain(source)


def draw_line(source: str) -> Markup:
    """A line of Markdown, such as a heading's, without what can't be in a line or a link."""
    drawn = draw_markdown(source)
    kept = {"code", "em", "strong", "sub", "sup"}
    if "<math" not in drawn:
        return Markup(nh3.clean(drawn, tags=kept).strip())
    inner = re.fullmatch(r"\s*<(h\d|p)[^>]*>(.*)</\1>\s*", drawn, re.DOTALL)
    return Markup(inner[2]) if inner and "<a" not in inner[2] else Markup(html.escape(source))


def lower_headings(drawn: Markup, by: int = 2) -> Markup:
    """The HTML with its headings below those of the page."""
    return Markup(_HEADING.sub(lambda found: f"{found[1]}{min(int(found[2]) + by, 6)}", drawn))


_HEADING = re.compile(r"(</?h)([1-6])(?=[ >])")


@functools.lru_cache(MAX_KEPT)
def draw_code(source: str, language: str) -> Markup:
    """Code in colors, by the name that `pygments` knows its language under."""
    try:
        drawn = Highlight2HTML(pygments_lexer=language or None)(source)
    except Exception:  # a language without a lexer
        return show_plain(source)
    return Markup(drawn)


def draw_outputs(outputs: Any) -> list[Markup]:
    """What a cell shows, as far as a page can show it."""
    shown = map(show_output, outputs)
    return [drawn for one in shown if one and (drawn := _draw_output(one))]


def _draw_output(output: Any) -> Markup:
    if output.output_type == "stream":
        return show_plain(strip_ansi(output.text)) if output.text.strip() else Markup()
    if output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return show_plain(strip_ansi(text))
    mime = next((kind for kind in _KINDS if kind in output.data), "text/plain")
    data = output.data.get(mime, "")
    if mime == "text/html":
        return Markup(f'<div class="{OWN}wide" tabindex="0">{draw_formulas(clean(data))}</div>'.replace(DOLLAR, "$"))
    if mime in ("text/markdown", "text/latex"):
        return draw_markdown(data)
    if mime.startswith("image/"):
        return draw_picture(mime, data, _describe(output))
    return show_plain(strip_ansi(data))


def draw_picture(mime: str, data: str, says: str) -> Markup:
    """A picture in an element that runs nothing of what is in it; `says` is its alternative text."""
    packed = base64.b64encode(data.encode()).decode() if "svg" in mime else re.sub(r"\s", "", data)
    return Markup('<img src="data:{};base64,{}" alt="{}">').format(mime, packed, says)


def _describe(output: Any) -> str:
    """The alternative text of a picture: what the cell says for those who can't see it."""
    text = output.data.get("text/plain", "")
    return str(text[:1000]) if text and not text.startswith("<") else "A figure that the cell above draws"


def show_plain(source: str) -> Markup:
    return Markup(f"<pre>{html.escape(cut(source))}</pre>")


def clean(source: str | bytes) -> str:
    """Keep only the HTML that shows something; endlessly nested HTML, on which a reader would spend hours, is shown as text."""
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source)
    if _is_deep(text):
        return show_plain(text)
    return nh3.clean(text, tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=_keep, url_schemes=_SCHEMES)


def _is_deep(text: str) -> bool:
    depth = 0
    for found in _TAG.finditer(text):
        closes, name = found.groups()
        depth += 0 if name.lower() in _VOID else -1 if closes else 1
        depth = max(depth, 0)
        if depth > MAX_DEPTH:
            return True
    return False


_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def _keep(tag: str, attribute: str, value: str) -> str | None:
    """Data in an address may only be a picture, a link may only lead to where it leads from this page too, and the page's own names are its own."""
    low = value.strip().lower()
    if low.startswith("data:") and not (tag == "img" and value.startswith("data:image/")):
        return None
    if tag == "a" and attribute == "href" and not low.startswith(("#", "http://", "https://", "mailto:")):
        return None  # another notebook or page of the course, which isn't beside this one
    if attribute in ("class", "id"):
        return " ".join(name for name in value.split() if not name.startswith(OWN)) or None
    return value


_TAGS = nh3.ALLOWED_TAGS | {"details", "summary", "figure", "figcaption"}
_ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": {"class", "id"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
_SCHEMES = {"http", "https", "mailto", "data"}


class _Drawn(str):
    """HTML that is clean, with formulas drawn."""


def _filter_markdown(context: Any, source: str) -> str:
    cell = context.get("cell") or {}
    return _Drawn(draw_markdown(source, cell.get("attachments")))


def _filter_html(source: str | bytes) -> str:
    return source if isinstance(source, _Drawn) else _Drawn(draw_formulas(clean(source)).replace(DOLLAR, "$"))


def _keep_text(source: str) -> str:
    """In place of a step that is of a time when notebooks linked to `files/`, and takes the square of a text's length."""
    return source


FILTERS = {
    "markdown2html": jinja2.pass_context(_filter_markdown),
    "clean_html": _filter_html,
    "strip_files_prefix": _keep_text,
}
"""For nbconvert's own pages, such as formgrader's: clean, and with formulas that need no script."""

"""What students and authors wrote, as HTML in which nothing runs and nothing is fetched: Markdown, formulas, pictures, code, differences."""

from __future__ import annotations

import difflib
import functools
import html
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import nh3
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.grading.feedback import MAX_MARKDOWN, is_deep, show_output

MAX_FORMULA, MAX_FORMULAS, MAX_CODE = 2_000, 300, 50_000
"""Characters of a formula, formulas of a text, and characters of a code or an output; what is longer is cut or shown as text."""

_MARK, _END = "\ue000", "\ue001"
"""Signs of no alphabet, around the number of a formula while the text around it is cleaned."""


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Keeps formulas apart, and shows a picture only if the notebook holds it."""

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        super().__init__(escape=False, exclude_anchor_links=True, attachments=dict(attachments))
        self.formulas: list[str] = []

    def _keep(self, formula: str, block: bool) -> str:
        self.formulas.append(show_formula(formula, block, len(self.formulas) < MAX_FORMULAS))
        return f"{_MARK}{len(self.formulas) - 1}{_END}"

    def inline_math(self, body: str) -> str:
        return self._keep(body, False)

    def block_math(self, body: str) -> str:
        return self._keep(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._keep(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{html.escape(code)}</code></pre>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        if not url.startswith(("attachment:", "data:image/")) or (name != url and name not in self.attachments):
            return f"<em>[picture: {html.escape(text)} <code>{html.escape(url[:200])}</code>, not in the notebook]</em>"
        return str(super().image(text, url, title))


def show_markdown(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """A text as HTML; one that can't be read as Markdown is shown as it is."""
    source = source.replace(_MARK, "").replace(_END, "")
    if len(source) > MAX_MARKDOWN:
        return show_code(source)
    renderer = _Renderer(attachments or {})
    try:
        made = _clean(MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # a text on which the reader of Markdown fails
        return show_code(source)
    return re.sub(f"{_MARK}(\\d+){_END}", lambda found: _find_formula(renderer.formulas, int(found[1])), made)


def _find_formula(formulas: list[str], number: int) -> str:
    return formulas[number] if number < len(formulas) else ""


def _clean(made: str) -> str:
    if is_deep(made):
        return show_code(made)
    return nh3.clean(
        made,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _keep(tag: str, attribute: str, value: str) -> str | None:
    """Only a picture may be data, and a picture must be: nothing is fetched."""
    is_picture = re.match(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,", value) is not None
    if tag == "img" and attribute == "src":
        return value if is_picture else None
    return None if value.strip().lower().startswith("data:") else value


_TAGS = (nh3.ALLOWED_TAGS | {"details", "summary", "figure", "figcaption"}) - {"map", "area"}
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
}
"""No `class` and no `id`: those are the page's own."""


@functools.lru_cache(maxsize=4096)
def show_formula(formula: str, block: bool, drawn: bool = True) -> str:
    """A formula as MathML, or as the text that it is where it can't be read."""
    plain = f'<code class="formula">{html.escape(formula.strip())}</code>'
    if not drawn or len(formula) > MAX_FORMULA:
        return plain
    try:
        tree = ElementTree.fromstring(convert(formula.strip(), display="block" if block else "inline"))
        return ElementTree.tostring(_copy_math(tree), encoding="unicode")
    except Exception:  # latex2mathml raises many kinds, also for an unknown command
        return plain


def _copy_math(element: ElementTree.Element) -> ElementTree.Element:
    """The element with what belongs to MathML's presentation alone. Raises `ValueError` where there is anything else."""
    name = element.tag.removeprefix("{http://www.w3.org/1998/Math/MathML}")
    if name not in _MATH:
        raise ValueError(name)
    made = ElementTree.Element(name, {key: value for key, value in element.attrib.items() if key in _MATH_ATTRIBUTES})
    made.text, made.tail = element.text, element.tail
    made.extend(_copy_math(child) for child in element)
    return made


_MATH = set(
    "math mrow mi mn mo mtext ms mspace mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup "
    "msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd mlabeledtr".split()
)
_MATH_ATTRIBUTES = set(
    "display mathvariant stretchy fence separator lspace rspace accent accentunder largeop movablelimits symmetric minsize "
    "maxsize linethickness columnalign rowspacing columnspacing columnlines rowlines displaystyle scriptlevel width notation".split()
)


def show_code(source: str) -> str:
    """A text letter by letter."""
    more = len(source) - MAX_CODE
    text = source if more <= 0 else f"{source[:MAX_CODE]}\n… and {more:,} more characters, not shown."
    return f"<pre><code>{html.escape(text)}</code></pre>"


def show_outputs(outputs: list[Any]) -> str:
    """What a cell showed: texts, errors and pictures. HTML is shown by its text."""
    shown = []
    for output in (one for one in map(show_output, outputs[:50]) if one):
        data = output.get("data", {})
        kind = next((kind for kind in ("image/png", "image/jpeg") if kind in data), None)
        if kind:
            shown.append(f'<img alt="output" src="data:{kind};base64,{"".join(data[kind].split())}">')
        else:
            text = output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", []))
            shown.append(f"<pre>{html.escape(re.sub(_COLORS, '', text)[:MAX_CODE])}</pre>")
    return "".join(shown)


_COLORS = r"\x1b\[[0-9;]*[A-Za-z]"


def show_difference(before: str, after: str) -> str:
    """The later text, with what is new and what is gone marked, word by word."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text[:MAX_MARKDOWN]) for text in (before, after))
    parts = []
    for kind, a, b, c, d in (
        difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if _few(old, new) else ()
    ):
        gone, come = html.escape("".join(old[a:b])), html.escape("".join(new[c:d]))
        parts.append(
            come
            if kind == "equal"
            else f"{'<del>' + gone + '</del>' if gone else ''}{'<ins>' + come + '</ins>' if come else ''}"
        )
    if not parts and before != after:
        return f"<del>{html.escape(before)}</del>\n<ins>{html.escape(after)}</ins>"
    return "".join(parts)


def _few(old: list[str], new: list[str]) -> bool:
    """Comparing takes up to the product of the lengths."""
    return len(old) * len(new) <= 4_000_000

"""Formulas as MathML, which browsers draw by themselves: no script, no fonts to load, and no network."""

from __future__ import annotations

import functools
import html
import re
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element

MAX_FORMULA = 2_000
"""Characters of a formula that is drawn; a longer one is shown as it was typed."""

DOLLAR = "\ue000"
"""Stands for a dollar sign that begins no formula, until the page is done. The character is for private use, and no font has it."""

_ELEMENTS = set(
    "math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub msubsup "
    "msup mtable mtd mtext mtr munder munderover none".split()
)
_ATTRIBUTES = set(
    "accent accentunder bevelled close columnalign columnlines columnspacing columnspan depth display displaystyle fence form height largeop "
    "linebreak linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation open rowalign rowlines rowspacing "
    "rowspan rspace scriptlevel separator separators stretchy symmetric voffset width xmlns".split()
)

_ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|split|gathered)\}")
"""What the reader of formulas knows under the name of a whole display."""

_TAG = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')
_NO_FORMULAS = {"code", "pre", "script", "style"}
_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$"
    r"|\\\[(?P<bracketed>.+?)\\\]"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\})"
    r"|\$(?P<inline>[^$]+?)\$"
    r"|\\\((?P<parenthesized>.+?)\\\)",
    re.DOTALL,
)


def draw_formulas(page: str) -> str:
    """The HTML with the formulas of its texts drawn, as MathJax finds them: between dollar signs and the like, and not in code.

    The HTML must be well formed, as a sanitizer leaves it.
    """
    if not any(sign in page for sign in ("$", "\\(", "\\[", "\\begin{")):
        return page
    inside, done = 0, []
    for place, piece in enumerate(_TAG.split(page)):
        if place % 2:
            if piece[1:].lstrip("/").partition(" ")[0].rstrip("/>") in _NO_FORMULAS:
                inside = max(inside + (-1 if piece[1] == "/" else 1), 0)
            done.append(piece)
        else:
            done.append(piece if inside else _FORMULA.sub(_draw_found, piece))
    return "".join(done)


def _draw_found(found: re.Match[str]) -> str:
    latex = next(
        found[name] for name in ("display", "bracketed", "environment", "inline", "parenthesized") if found[name]
    )
    display = found["inline"] is None and found["parenthesized"] is None
    return draw_formula(html.unescape(latex).strip(), display) or found[0].replace("$", DOLLAR)


@functools.lru_cache(4096)
def draw_formula(latex: str, display: bool) -> str:
    """The formula as MathML, as typed where it can't be drawn; "" for an empty one."""
    if not latex:
        return ""
    try:
        if len(latex) > MAX_FORMULA:
            raise ValueError
        formula = convert_to_element(_ALIGNED.sub(r"\\\1{align*}", latex), display="block" if display else "inline")
        if _is_safe(formula):
            for one in formula.iter():
                _correct(one)
            return tostring(formula, encoding="unicode")
    except Exception:  # a formula that isn't one, or with a command that its reader does not know
        pass
    return f"<code>{html.escape(latex)}</code>"


def _correct(element: Element) -> None:
    """Put right what the reader of formulas leaves: signs written as `&#x003C;`, escapes in text, and the space around a sign in front of a number."""
    element.text = html.unescape(element.text or "")
    if element.tag == "mtext":
        element.text = re.sub(r"\\([_%&#$])", r"\1", element.text)
    before = "("
    for one in element:
        sign = html.unescape(one.text or "") if one.tag == "mo" else ""
        if sign in _SIGNS and before and before not in _ENDS:
            one.set("form", "prefix")
        before = sign


_SIGNS = set("+-−±∓")
_ENDS = set(")]}|‖!′")


def _is_safe(formula: Element) -> bool:
    return all(one.tag in _ELEMENTS and one.attrib.keys() <= _ATTRIBUTES for one in formula.iter())

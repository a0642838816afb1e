"""What students and authors wrote, as HTML in which nothing runs: Markdown as feedback pages have it, code, outputs, differences."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Mapping
from typing import Any

from autograder.grading.cleaning import show_output
from autograder.grading.drawing import MAX_MARKDOWN, draw_markdown

MAX_CODE = 50_000
"""Characters of a code or an output that are shown."""


def show_markdown(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """A text as HTML, with its formulas; one that can't be read as Markdown is shown as it is.

    Feedback pages show the same, but this page has names of its own, which a text mustn't have, and it fetches nothing.
    """
    return _ELEMENT.sub(_make_ours, str(draw_markdown(source, dict(attachments or {}))))


_ELEMENT = re.compile(r'<([a-z][a-z0-9]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*/?>')
_ATTRIBUTE = re.compile(r'\s+([\w:-]+)(?:="([^"]*)")?')


def _make_ours(found: re.Match[str]) -> str:
    """An element of clean HTML, without class and id; a link opens elsewhere, and a picture that isn't in the notebook is named."""
    attributes = dict(_ATTRIBUTE.findall(found[2]))
    if found[1] == "img" and not attributes.get("src", "").startswith("data:image/"):
        return f"<em>[picture: {attributes.get('alt', '')} <code>{attributes.get('src', '')[:200]}</code>, not in the notebook]</em>"
    kept = {name: value for name, value in attributes.items() if name not in ("class", "id", "target")}
    if found[1] == "a":
        kept["target"] = "_blank"
    written = "".join(f' {name}="{value}"' for name, value in kept.items())
    return f"<{found[1]}{written}>"


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

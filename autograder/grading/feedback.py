"""Feedback pages: what a student is shown of a graded notebook, and how. No cell, whatever is in it, stops a page."""

from __future__ import annotations

import copy
import functools
import html
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import nh3
from jinja2.filters import FILTERS
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_notebook, new_output
from nbgrader import preprocessors

from autograder.engine.scores import get_extra
from autograder.formats import EXTRA
from autograder.grading.submissions import get_id

SHOWN = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png", "image/jpeg")
"""The kinds of data that a page shows. Others, such as a widget's, need a program that runs in the reader's browser."""

MAX_TEXT, MAX_MARKDOWN, MAX_RICH, MAX_DEPTH = 50_000, 20_000, 1_000_000, 250
"""Characters of a text, of one that is read as Markdown, and of data to draw; elements of HTML in one another."""

TOO_LONG = "… not shown: this page is too long.\n"

MAX_PAGE = 5_000_000
"""Characters that a page shows of what students wrote and their cells show; pictures of some dozen figures are as long."""


class CleanFeedback(preprocessors.ClearHiddenTests):  # type: ignore[misc]
    """Remove from the feedback what students must not see: hidden tests, errors that quote them, and where files lie.

    And whatever a page cannot show: only outputs of known kinds stay, and texts up to a length.
    """

    left = MAX_PAGE

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        self.left = MAX_PAGE
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        cell.source = _cut(cell.source)
        if "outputs" in cell:
            cell.outputs = [shown for output in cell.outputs if (shown := show_output(output))]
        self._spend(cell)
        marks = cell.metadata.get("nbgrader") or {}
        if get_id(cell) and marks.get("grade") and not marks.get("solution"):
            hidden = _hidden_lines(cell.source, self.begin_test_delimeter, self.end_test_delimeter)
            cell, resources = super().preprocess_cell(cell, resources, index)
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    _shorten(output, hidden)
        for output in cell.get("outputs", []):
            _hide_paths(output)
        return cell, resources

    def _spend(self, cell: Any) -> None:
        """Remove from a page that is too long what isn't the author's: the cells that a student added, and what cells show."""
        marks = cell.metadata.get("nbgrader") or {}
        size = len(cell.source) + sum(len(str(output)) for output in cell.get("outputs", []))
        if size <= self.left or (marks.get("grade") and not marks.get("solution")):
            self.left = max(self.left - size, 0)
            return
        if "outputs" in cell:
            cell.outputs = [new_output("stream", text=TOO_LONG)]
        if not get_id(cell):
            cell.source = TOO_LONG


def _hidden_lines(source: str, begin: str, end: str) -> set[str]:
    """The lines of code between the markers of hidden tests."""
    regions = re.findall(f"{re.escape(begin)}.*?{re.escape(end)}", source, re.DOTALL)
    return {line.strip() for region in regions for line in region.splitlines() if line.strip()}


def _shorten(error: Any, hidden: set[str]) -> None:
    """Leave the words of an error, unless a hidden test raised it: then they may quote what is expected."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    stopped_at = re.findall(r"-+> *\d+ (.*)", text)
    if hidden and not (stopped_at and stopped_at[0].strip() not in hidden):
        error.evalue = "A test that this notebook does not show has failed."
    error.traceback = [f"{error.ename}: {error.evalue}"]


def show_output(output: Any) -> Any:
    """The part of an output that a page can show, `None` where there is none."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        text = _join(output.get("text"))
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return None if text is None else new_output("stream", name=name, text=_cut(text))
    if kind == "error":
        lines = output.get("traceback")
        traceback = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        name, says = (_cut(_join(output.get(key)) or "") for key in ("ename", "evalue"))
        return new_output("error", ename=name, evalue=says, traceback=traceback)
    if kind not in ("display_data", "execute_result"):
        return None
    data = output.get("data")
    texts = {mime: _join(data.get(mime)) for mime in SHOWN} if isinstance(data, dict) else {}
    kept = {mime: text for mime, text in texts.items() if text is not None and _fits(mime, text)}
    if "text/plain" in kept:
        kept["text/plain"] = _cut(kept["text/plain"])
    kept = kept or {"text/plain": "… an output that this page cannot show."}
    if kind == "display_data":
        return new_output(kind, kept)
    count = output.get("execution_count")
    return new_output(kind, kept, execution_count=count if type(count) is int and count >= 0 else None)


def _join(text: Any) -> str | None:
    """A text as notebooks have it, in one piece or as a list of lines."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _fits(mime: str, text: str) -> bool:
    if mime.startswith("image/") and "svg" not in mime:
        return re.fullmatch(r"[A-Za-z0-9+/=\s]+", text) is not None
    return mime == "text/plain" or len(text) <= MAX_RICH


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT or len(_PICTURES.sub("", text)) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n… and {len(text) - MAX_TEXT:,} more characters, not shown."


_PICTURES = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+")


def _hide_paths(output: Any) -> None:
    """Write `…` for the grader's folders."""
    for key in ("text", "evalue", "traceback"):
        if key in output:
            output[key] = (
                [_PATHS.sub("…", line) for line in output[key]]
                if isinstance(output[key], list)
                else _PATHS.sub("…", output[key])
            )
    for mime, data in output.get("data", {}).items():
        if mime.startswith("text/") and isinstance(data, str):
            output.data[mime] = _PATHS.sub("…", data)


_PATHS = re.compile(
    "|".join(
        re.escape(path)
        for path in sorted({sys.prefix, sys.base_prefix, os.getcwd(), str(Path.home())}, key=len, reverse=True)
        if len(path) > 1
    )
)


class GetGrades(preprocessors.GetGrades):  # type: ignore[misc]
    """Put marks into the page, and say of extra points that they are extra."""

    def _get_score(self, cell: Any, resources: Any) -> None:
        super()._get_score(cell, resources)
        if extra := get_extra(cell):
            cell.metadata["nbgrader"]["points"] = Extra(f"{extra} {EXTRA}")


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """Pages in which nothing that a student wrote can run, and that can always be made, whatever is in a cell."""

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()
        for name in ("float", "round"):  # which nbgrader's page passes points through
            yield name, functools.partial(_write_points, FILTERS[name])
        yield "clean_html", _clean
        yield "markdown2html", self.clean_markdown
        # Of a time when notebooks linked to `files/`; it takes the square of a text's length.
        yield "strip_files_prefix", _keep_text

    @jinja2.pass_context
    def clean_markdown(self, context: Any, source: str) -> str:
        if len(_PICTURES.sub("", source)) > MAX_MARKDOWN:  # its reader may take the square of that
            return _show_plain(source)
        try:
            return _clean(super().markdown2html(context, source))
        except Exception:  # a text on which the reader of Markdown fails
            return _show_plain(source)

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """The page. If it can't be made, the cells that cause this are shown as plain text."""
        given = copy.deepcopy(resources)
        try:
            return super().from_notebook_node(nb, resources, **options)  # type: ignore[no-any-return]
        except Exception:
            plain = copy.deepcopy(nb)
            plain.cells = [cell if self._can_show(cell) else _make_plain(cell) for cell in plain.cells]
            return super().from_notebook_node(plain, given, **options)  # type: ignore[no-any-return]

    def _can_show(self, cell: Any) -> bool:
        alone = copy.deepcopy(cell)
        alone.metadata.pop("nbgrader", None)  # its frame is the page's affair, and needs marks
        exporter, page = HTMLExporter(sanitize_html=True), new_notebook()
        page.cells = [alone]
        try:
            for name, made in self.default_filters():
                exporter.register_filter(name, made)
            exporter.from_notebook_node(page)
        except Exception:
            return False
        return True


class Extra(str):
    """The points of an exercise that is extra, as a page shows them."""


def _write_points(do: Callable[..., Any], points: Any, *options: Any) -> Any:
    """A filter of Jinja's own, which leaves extra points as they are."""
    return points if isinstance(points, Extra) else do(points, *options)


def _make_plain(cell: Any) -> Any:
    """The cell with its texts as they are, and nothing that a page would have to interpret."""
    outputs = [show_output(output) for output in cell.get("outputs", [])]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue")
        for output in outputs
        if output
    ]
    if cell.cell_type == "code":
        cell.outputs = [new_output("stream", text=_cut(text)) for text in texts if text]
    else:
        cell.source = _show_plain(cell.source)
    return cell


def _keep_text(text: str) -> str:
    return text


def _show_plain(source: str) -> str:
    return f"<pre>{html.escape(_cut(source))}</pre>"


def _clean(source: str | bytes) -> str:
    """Keep only the HTML that shows something; endlessly nested HTML, on which a reader would spend hours, is shown as text."""
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source)
    if _is_deep(text):
        return _show_plain(text)
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
    """Data in an address may only be a picture."""
    if value.strip().lower().startswith("data:") and not (tag == "img" and value.startswith("data:image/")):
        return None
    return value


_TAGS = nh3.ALLOWED_TAGS | {"details", "summary", "figure", "figcaption"}
_ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": {"class", "id"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
_SCHEMES = {"http", "https", "mailto", "data"}

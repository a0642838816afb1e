"""What a student is shown of a graded notebook: no hidden test, no folder of the grader's, and no more than a page can hold."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader import preprocessors
from nbgrader.converters import GenerateFeedback

from autograder.formats import CELLS, MISTAKES, PARTS, RESULT, VARIANTS
from autograder.grading.cards import read_cards
from autograder.grading.findings import read_findings
from autograder.grading.submissions import get_id

SHOWN = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png", "image/jpeg")
"""The kinds of data that a page shows. Others, such as a widget's, need a program that runs in the reader's browser."""

MAX_TEXT, MAX_RICH, MAX_DEPTH = 50_000, 1_000_000, 250
"""Characters of a text, and of data to draw; elements of HTML in one another."""

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
        resources.setdefault("nbgrader", {}).update(findings=read_findings(nb)[0], cards=read_cards(nb))
        self._remove_course_files(resources["nbgrader"])
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        cell.source = cut(cell.source)
        if "outputs" in cell:  # the number that a check ends in is in its words
            told = [output for output in cell.outputs if not _is_result(output)]
            cell.outputs = [shown for output in told if (shown := show_output(output))]
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

    def _remove_course_files(self, names: dict[str, Any]) -> None:
        """Remove from beside the page what nbgrader has copied there and only checks read."""
        converter = getattr(self.parent, "parent", None)
        if isinstance(converter, GenerateFeedback):
            folder = Path(converter._format_dest(names["assignment"], names["student"]))
            for name in (MISTAKES, CELLS, PARTS, VARIANTS):
                (folder / name).unlink(missing_ok=True)

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


def _is_result(output: Any) -> bool:
    data = output.get("data") if isinstance(output, dict) else None
    return isinstance(data, dict) and RESULT in data


def show_output(output: Any) -> Any:
    """The part of an output that a page can show, `None` where there is none."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        text = _join(output.get("text"))
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return None if text is None else new_output("stream", name=name, text=cut(text))
    if kind == "error":
        lines = output.get("traceback")
        traceback = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        name, says = (cut(_join(output.get(key)) or "") for key in ("ename", "evalue"))
        return new_output("error", ename=name, evalue=says, traceback=traceback)
    if kind not in ("display_data", "execute_result"):
        return None
    data = output.get("data")
    texts = {mime: _join(data.get(mime)) for mime in SHOWN} if isinstance(data, dict) else {}
    kept = {mime: text for mime, text in texts.items() if text is not None and _fits(mime, text)}
    if "text/plain" in kept:
        kept["text/plain"] = cut(kept["text/plain"])
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


def cut(text: str) -> str:
    if len(text) <= MAX_TEXT or len(PICTURES.sub("", text)) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n… and {len(text) - MAX_TEXT:,} more characters, not shown."


PICTURES = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+")


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

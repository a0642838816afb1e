"""The outputs of a cell as nbformat has them, whatever its process sent."""

from __future__ import annotations

import json
import re
from typing import Any

from autograder.engine.jobs import Output
from autograder.engine.wire.channel import Malformed

MAX_OUTPUTS, MAX_OUTPUT, MAX_DEPTH = 200, 4_000_000, 100
"""Outputs kept of a cell, characters of each, and levels of its data."""


def make_error(name: str, text: str) -> Output:
    """The output of a cell that stopped."""
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def clean_outputs(found: Any) -> list[Output]:
    """The outputs of a cell as nbformat has them, whatever its process sent. Raises `Malformed`."""
    if not isinstance(found, list):
        raise Malformed("no outputs")
    return [_clean_output(output) for output in found[:MAX_OUTPUTS]]


def _clean_output(output: Any) -> Output:
    if not isinstance(output, dict):
        raise Malformed("no output")
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        traceback = [_text(line) for line in lines[:200]] if isinstance(lines, list) else []
        names = {key: _text(output.get(key)) for key in ("ename", "evalue")}
        return {"output_type": "error", **names, "traceback": traceback}
    if kind not in ("execute_result", "display_data"):
        raise Malformed("an unknown output")
    data = output.get("data")
    items = {_text(mime)[:200]: item for mime, item in data.items()} if isinstance(data, dict) else {}
    kept = {mime: _text(item) if isinstance(item, str) else item for mime, item in items.items() if _fits(mime, item)}
    cleaned: Output = {"output_type": kind, "data": kept, "metadata": {}}
    if kind == "execute_result":
        count = output.get("execution_count")
        cleaned["execution_count"] = count if type(count) is int and 0 <= count < 1 << 31 else None
    return cleaned


def _fits(mime: str, item: Any) -> bool:
    """Whether nbformat takes this for an output: a text or, under a type of JSON, data that every reader can read."""
    if isinstance(item, str):
        return True
    if not re.fullmatch(r"application/(.*\+)?json", mime):
        return False
    level = [item]
    for _ in range(MAX_DEPTH):
        inner = [one for one in level if isinstance(one, (list, dict))]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
    try:
        return not level and len(json.dumps(item, allow_nan=False)) <= MAX_OUTPUT
    except ValueError:  # NaN
        return False


def _text(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    return text if len(text) <= MAX_OUTPUT else f"{text[:MAX_OUTPUT]}…"

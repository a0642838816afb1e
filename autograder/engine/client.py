"""Ask the warm process for a run; it is started at the first call and ends with this process."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import CourseError

_parent: subprocess.Popen[str] | None = None


def available() -> bool:
    """Whether this system can fork."""
    return hasattr(os, "fork")


def execute(notebook: Any, folder: Path, seconds: float) -> None:
    """Run the code cells of `notebook` in `folder` and put their outputs in place; a cell may take `seconds`.

    An error stops its cell only. Raises `CourseError` when the warm process itself ends.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = _ask({"cells": [cell.source for cell in cells], "folder": str(folder), "seconds": seconds})
    for number, (cell, outputs) in enumerate(zip(cells, found, strict=True), start=1):
        cell.execution_count = number
        cell.outputs = [nbformat.from_dict(output) for output in outputs]


def _ask(job: dict[str, Any]) -> Any:
    parent = _start()
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        parent.stdin.write(json.dumps(job) + "\n")
        parent.stdin.flush()
        answer = parent.stdout.readline()
    except OSError:
        answer = ""
    if not answer:
        _stop()
        raise CourseError("The process that runs notebooks ended unexpectedly.")
    return json.loads(answer)


def _start() -> subprocess.Popen[str]:
    global _parent
    if _parent is None or _parent.poll() is not None:
        _parent = subprocess.Popen(
            [sys.executable, "-m", "autograder.engine.parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(_stop)
    return _parent


def _stop() -> None:
    global _parent
    if _parent is not None:
        _parent.kill()
        _parent.wait()
        for pipe in (_parent.stdin, _parent.stdout):
            if pipe is not None:
                pipe.close()
        _parent = None

"""The parts that later chapters use of earlier ones: what students wrote there, with the course's own answers for what they did not.

An author marks them at the exercise's cell, as in `part="stable_softmax"`. Each chapter gets a file with those of the chapters before it, so
that no answer to a chapter lies beside its own exercises. Nothing heavy is imported here: `freshness` asks for it as well.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.errors import CourseError
from autograder.excerpts import excerpt
from autograder.formats import HEAD, PARTS

_CELL = re.compile(r'(?m)^```python (?P<options>tags=\["exercise"\].* part=.*)$')
_CODE = re.compile(r'(?ms)^```python(?! tags=\["check"\])[^\n]*\n(.*?)^```$')
_MARKER = re.compile(r"(?m)^\s*### (BEGIN|END) SOLUTION\n")


def write_parts(root: Path, chapter: str) -> str:
    """The text of the chapter's `parts.py`; "" where no earlier chapter has a part. Raises `CourseError` for one that its answer does not define."""
    blocks = []
    for folder in sorted(path for path in (root / "notebooks").glob("*") if path.is_dir() and path.name < chapter):
        for path in sorted(folder.glob("*.md")):
            text = path.read_text(encoding="utf-8")
            title = re.search(r"(?m)^# (.+)$", text)
            cells = [_MARKER.sub("", source) for source in _CODE.findall(text)]
            for cell in _CELL.finditer(text):
                exercise, names = (_get(cell["options"], name) for name in ("exercise", "part"))
                here = f"notebooks/{folder.name}/{path.name}: exercise '{exercise}' has part="
                for name in names.split():
                    code, missing = excerpt([name], cells)
                    if missing or not code:
                        why = f"uses `{missing}` of the notebook" if missing else "is not defined there"
                        raise CourseError(f"{here}{name!r}, which {why}.")
                    place = f"in {re.sub('^[0-9_]+', '', folder.name)} ({re.sub('[()]', '', title[1] if title else path.stem)})"
                    blocks.append(f"# part: {name}, of {exercise} {place}\n{code}\n")
    if not blocks:
        return ""
    about = '"""The course\'s own answers to exercises of earlier chapters. `mine` takes from here what you have not written yet."""'
    return "\n\n".join([f"{about}\n\n{HEAD}", *blocks])


def put_parts(notebook: Path, folder: Path) -> None:
    """Put the file of the chapter to which the authored `notebook` belongs into `folder`, where its cells are to run."""
    if text := write_parts(notebook.parents[2], notebook.parent.name):
        (folder / PARTS).write_text(text, encoding="utf-8")


def _get(options: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', options)
    return found[1] if found else ""

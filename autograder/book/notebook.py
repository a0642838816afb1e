"""One notebook as a page of the book: the release's text and code, the solution's outputs, and no answer.

What a reader sees of code is the release's, which never had the answers. Outputs come from the solution, and only for cells that are neither
an answer nor a check.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.book.crossing import Places, link_places
from autograder.book.drawing import Drawn, Moved
from autograder.book.wanted import describe_check
from autograder.errors import CourseError
from autograder.formats import EXTRA, OURS

EXERCISE = re.compile(r"(?m)^### Exercise (?P<number>\d+) · (?P<title>.+)\n+(?P<facts>\*\*.+)?")
END = '<div class="exercise-end"></div>'
"""Where the box of an exercise ends; `extension` takes it out."""

LAB = '<p class="lab-line"><a href="../lab.html#{anchor}">Open this in your lab</a> to change code and do the exercises.</p>'


@dataclass(frozen=True)
class Exercise:
    """An exercise of a notebook: its number there, its title, and the line below it (kind, time, difficulty, points)."""

    number: int
    title: str
    facts: str


@dataclass(frozen=True)
class Source:
    """A notebook of the course: `chapter/notebook`, its number (`4.6`), its title, and its exercises."""

    name: str
    number: str
    title: str
    time: str
    exercises: tuple[Exercise, ...]

    @property
    def anchor(self) -> str:
        return self.name.replace("/", "-")


def read_source(root: Path, name: str) -> Source:
    """What the book needs to know of a notebook before it writes any page.

    Raises `CourseError` where its first cell has no title, or where it has no executed solution.
    """
    texts = [cell.source for cell in read_cells(root, "release", name) if cell.cell_type == "markdown"]
    if not (root / "solutions" / f"{name}.ipynb").is_file():
        raise CourseError(f"There is no solutions/{name}.ipynb. Make it with 'course build'.")
    found = re.match(r"# (?:(?P<number>\d+\.\d+) · )?(?P<title>.+)", texts[0] if texts else "")
    if not found:
        raise CourseError(f"release/{name}.ipynb: its first cell has to begin with a title, such as '# 1.2 · Softmax'.")
    exercises = [
        Exercise(int(one["number"]), one["title"].strip(), (one["facts"] or "").replace("**", "").strip())
        for text in texts
        for one in EXERCISE.finditer(text)
    ]
    time = re.search(r"\*\*Time\*\*: (.+?)\.?$", "\n".join(texts), re.MULTILINE)
    number = found["number"] or ""
    return Source(name, number, found["title"].strip(), time[1].replace("*", "") if time else "", tuple(exercises))


def read_cells(root: Path, kind: str, name: str) -> list[NotebookNode]:
    """The cells of a notebook as `kind` (`release`, `solutions`) has it."""
    path = root / kind / f"{name}.ipynb"
    try:
        return list(nbformat.read(path, as_version=4).cells)
    except OSError:
        raise CourseError(f"There is no {path.relative_to(root)}. Make it with 'course build'.") from None


def make_page(root: Path, source: Source, drawn: Drawn, places: Places, pictures: Path) -> NotebookNode:
    """The page of a notebook, for MyST-NB; figures are written into `pictures`, a folder below `_static`.

    Raises `CourseError` where release and solution don't belong together, or a figure has no description.
    """
    solved = {cell.id: cell for cell in read_cells(root, "solutions", source.name)}
    released = read_cells(root, "release", source.name)
    if missing := [cell.id for cell in released if cell.id not in solved]:
        raise CourseError(
            f"solutions/{source.name}.ipynb has no cell {missing[0]}. Make both again with 'course build'."
        )
    writer = _Writer(source, drawn, places, pictures)
    cells = [writer.write(cell, solved[cell.id]) for cell in released]
    for place in _find_ends(released):
        cells[place].source += f"\n\n{END}" if cells[place].cell_type == "markdown" else ""
    page = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})
    page.metadata["language_info"] = {"name": "python"}
    return page


def _find_ends(cells: list[NotebookNode]) -> list[int]:
    """The cells after which an exercise's box ends: its last check, or the place for its words."""
    ends: dict[int, int] = {}
    number = -1
    for place, cell in enumerate(cells):
        kind = _find_kind(cell)
        if cell.cell_type == "markdown" and kind == "text" and re.search(r"(?m)^#{1,3} ", cell.source):
            number = place if EXERCISE.search(cell.source) else -1
        elif number >= 0 and kind in ("check", "words"):
            ends[number] = place
    return list(ends.values())


def _find_kind(cell: NotebookNode) -> str:
    """`text`, `code`, `answer` (a stub of code), `words` (a place for text), or `check`."""
    graded = cell.metadata.get("nbgrader", {})
    if cell.cell_type == "markdown":
        return "words" if graded.get("solution") else "text"
    return "answer" if graded.get("solution") else "check" if graded.get("grade") else "code"


class _Writer:
    """Writes the cells of one page."""

    def __init__(self, source: Source, drawn: Drawn, places: Places, pictures: Path) -> None:
        self.source, self.drawn, self.places, self.pictures = source, drawn, places, pictures
        self.first = True

    def write(self, cell: NotebookNode, solved: NotebookNode) -> NotebookNode:
        kind = _find_kind(cell)
        if kind == "text":
            return self._write_text(cell)
        if kind == "words":
            return _markdown('<div class="answer-place"><p>Your answer goes here, in your lab.</p></div>')
        if kind == "check":
            graded, extra = cell.metadata.nbgrader, cell.metadata.get(OURS, {}).get(EXTRA, 0)
            return _markdown(describe_check(cell.source, graded.get("points", 0), extra))
        outputs = [] if kind == "answer" else self._list_outputs(cell.id, solved.get("outputs", []))
        tags = ["answer"] if kind == "answer" else ["hide-input"] if cell.id == "setup-1" else []
        return nbformat.v4.new_code_cell(cell.source, outputs=outputs, metadata={"tags": tags})

    def _write_text(self, cell: NotebookNode) -> NotebookNode:
        text = link_places(cell.source, self.places, self.source.number)
        if self.first:
            self.first = False
            title, _, rest = text.partition("\n")
            text = f"{title}\n\n{LAB.format(anchor=self.source.anchor)}\n{rest}"
        return _markdown(text)

    def _list_outputs(self, cell: str, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """The outputs as the book has them; each picture becomes a file with a description."""
        shown: list[NotebookNode] = []
        moved, says = list(self.drawn.moved.get(cell, [])), list(self.drawn.says.get(cell, []))
        count = 0
        for output in outputs:
            data: Mapping[str, Any] = output.get("data", {})
            if "image/png" in data:
                if count >= len(says):
                    raise CourseError(
                        f"solutions/{self.source.name}.ipynb, cell {cell}: it has more pictures than the cell draws. "
                        "Make it again with 'course build'."
                    )
                html = self._write_picture(f"{cell}-{count}", data["image/png"], says[count])
                if moved and _is_moved(outputs, output):
                    html = self._write_moved(moved.pop(0), f"{cell}-{count}")
                count += 1
                shown.append(nbformat.v4.new_output("display_data", data={"text/html": html}))
            elif output.output_type == "stream":
                shown.append(output)
            elif output.output_type == "execute_result":
                shown.append(nbformat.v4.new_output("display_data", data={"text/plain": data.get("text/plain", "")}))
        return shown

    def _write_picture(self, file: str, data: str, says: str) -> str:
        from PIL import Image

        self.pictures.mkdir(parents=True, exist_ok=True)
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            width, height = image.size
            image.save(self.pictures / f"{file}.webp", lossless=True)
        return (
            f'<figure class="picture"><img src="../_static/figures/{self.source.name}/{file}.webp" '
            f'width="{width}" height="{height}" loading="lazy" alt="{escape(says)}"></figure>'
        )

    def _write_moved(self, moved: Moved, name: str) -> str:
        """The frames with their controls. Without a script there is the picture at the start."""
        folder = f"../_static/frames/{self.source.name}/"
        width, height = moved.size
        controls = "".join(_write_control(control, f"{name}-{number}") for number, control in enumerate(moved.controls))
        frames = json.dumps({"folder": folder, "files": moved.files, "says": moved.says}, ensure_ascii=False)
        frames = frames.replace("</", "<\\/")
        return (
            f'<figure class="picture moving" data-start="{moved.start}">'
            f'<div class="controls" hidden>{controls}</div>'
            f'<img src="{folder}{moved.files[moved.start]}" width="{width}" height="{height}" '
            f'alt="{escape(moved.says[moved.start])}">'
            '<p class="said" role="status"></p>'
            f'<script type="application/json">{frames}</script></figure>'
        )


def _is_moved(outputs: list[NotebookNode], output: NotebookNode) -> bool:
    """Whether a picture is the one below the sliders of `figures.move`."""
    place = outputs.index(output)
    return place > 0 and str(outputs[place - 1].get("data", {}).get("text/plain", "")).startswith("To move: ")


def _write_control(control: dict[str, Any], name: str) -> str:
    label = escape(control["name"].replace("_", " "))
    says = [escape(text) for text in control["says"]]
    if control["choice"]:
        options = "".join(
            f"<option{' selected' * (n == control['start'])}>{text}</option>" for n, text in enumerate(says)
        )
        return f'<label for="{name}">{label}</label><select id="{name}" autocomplete="off">{options}</select>'
    values = escape(json.dumps(control["says"], ensure_ascii=False))
    return (
        f'<label for="{name}">{label}</label><input id="{name}" type="range" min="0" max="{len(says) - 1}" step="1" '
        f'value="{control["start"]}" aria-valuetext="{says[control["start"]]}" data-says="{values}" autocomplete="off">'
        f'<output for="{name}">{says[control["start"]]}</output>'
    )


def _markdown(text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text)

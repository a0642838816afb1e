"""One notebook as a page of the book: the release's text and code, the solution's outputs, and no answer.

What a reader sees of code is the release's, which never had the answers. Outputs come from the solution, and only for cells that are neither
an answer nor a check, nor show what an exercise has readers predict.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.book.crossing import Places, link_places
from autograder.book.drawing import SHARP, Drawn, Moved
from autograder.book.wanted import describe_check
from autograder.errors import CourseError
from autograder.formats import EXTRA, OURS

EXERCISE = re.compile(r"(?m)^### Exercise (?P<number>\d+) · (?P<title>.+)\n+(?P<facts>\*\*.+)?")
PREDICT = "**Predict"
ALIKE = 0.05
"""How much larger or smaller a figure may be than in the solution, as a part of its size."""

UNSEEN = (
    '<div class="answer-place"><p>What this prints is for you to predict. Run it in your lab, and compare.</p></div>'
)
_NEEDS_MORE = re.compile(r"\bmine\(")
END = '<div class="exercise-end"></div>'
"""Where the box of an exercise ends; `extension` takes it out."""

LAB = '<a href="../lab.html#{anchor}">Open this in your lab</a> to change code and do the exercises.'


@dataclass(frozen=True)
class Exercise:
    """An exercise of a notebook: its number there, its title, and the line below it (kind, time, difficulty, points)."""

    number: int
    title: str
    facts: str


@dataclass(frozen=True)
class Source:
    """A notebook of the course: `chapter/notebook`, its number (`4.6`), its title, what a reader will be able to do, its minutes, of the
    core and of what is marked *More*, whether it runs with none of the files beside it, and its exercises."""

    name: str
    number: str
    title: str
    aims: tuple[str, ...]
    minutes: int
    more: int
    is_alone: bool
    exercises: tuple[Exercise, ...]

    @property
    def anchor(self) -> str:
        return self.name.replace("/", "-")

    @property
    def heading(self) -> str:
        return f"{self.number} · {self.title}" if self.number else self.title


def say_time(source: Source) -> str:
    """How long a notebook takes, by its own estimate, as HTML; "" where it has none."""
    more = f", plus {source.more} for <em>More</em>" if source.more else ""
    return f"About {source.minutes} minutes{more}" if source.minutes else ""


def read_source(root: Path, name: str) -> Source:
    """What the book needs to know of a notebook before it writes any page.

    Raises `CourseError` where its first cell has no title, or where it has no executed solution.
    """
    cells = read_cells(root, "release", name)
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
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
    text = "\n".join(texts)
    aims = re.search(r"\*\*You'll be able to\*\*\n\n((?:- .+\n(?:  .+\n)*)+)", text)
    time = re.search(r"\*\*Time\*\*: about (\d+) minutes(?:; \*More\*: (\d+))?", text)
    return Source(
        name,
        found["number"] or "",
        found["title"].strip(),
        tuple(" ".join(aim.split()) for aim in re.split(r"(?m)^- ", aims[1])[1:]) if aims else (),
        int(time[1]) if time else 0,
        int(time[2] or 0) if time else 0,
        not any(cell.cell_type == "code" and _NEEDS_MORE.search(cell.source) for cell in cells),
        tuple(exercises),
    )


def read_cells(root: Path, kind: str, name: str) -> list[NotebookNode]:
    """The cells of a notebook as `kind` (`release`, `solutions`) has it."""
    path = root / kind / f"{name}.ipynb"
    try:
        return list(nbformat.read(path, as_version=4).cells)
    except OSError:
        raise CourseError(f"There is no {path.relative_to(root)}. Make it with 'course build'.") from None


def make_page(root: Path, source: Source, drawn: Drawn, places: Places, kept: Path, pictures: Path) -> NotebookNode:
    """The page of a notebook, for MyST-NB; what was drawn into `kept` is copied into `pictures`, a folder below `_static`.

    Raises `CourseError` where release and solution don't belong together, or a figure has no description.
    """
    solved = {cell.id: cell for cell in read_cells(root, "solutions", source.name)}
    released = read_cells(root, "release", source.name)
    if missing := [cell.id for cell in released if cell.id not in solved]:
        raise CourseError(
            f"solutions/{source.name}.ipynb has no cell {missing[0]}. Make both again with 'course build'."
        )
    writer = _Writer(source, drawn, places, kept, pictures)
    writer.predicted = find_predicted(released)
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


def find_predicted(cells: list[NotebookNode]) -> list[str]:
    """The ids of the code cells that show what an exercise has its readers predict: those below its check, up to the next heading."""
    found, predicts, asked = [], False, False
    for cell in cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^#{1,3} ", cell.source):
            exercise = EXERCISE.search(cell.source)
            predicts, asked = bool(exercise and (exercise["facts"] or "").startswith(PREDICT)), False
        asked = asked or _find_kind(cell) == "check"
        if predicts and asked and _find_kind(cell) == "code":
            found.append(cell.id)
    return found


def _find_kind(cell: NotebookNode) -> str:
    """`text`, `code`, `answer` (a stub of code), `words` (a place for text), or `check`."""
    graded = cell.metadata.get("nbgrader", {})
    if cell.cell_type == "markdown":
        return "words" if graded.get("solution") else "text"
    return "answer" if graded.get("solution") else "check" if graded.get("grade") else "code"


class _Writer:
    """Writes the cells of one page."""

    def __init__(self, source: Source, drawn: Drawn, places: Places, kept: Path, pictures: Path) -> None:
        self.source, self.drawn, self.places, self.kept, self.pictures = source, drawn, places, kept, pictures
        self.first = True
        self.predicted: list[str] = []

    def write(self, cell: NotebookNode, solved: NotebookNode) -> NotebookNode:
        kind = _find_kind(cell)
        if kind == "text":
            return self._write_text(cell)
        if kind == "words":
            return _markdown('<div class="answer-place"><p>Your answer goes here, in your lab.</p></div>')
        if kind == "check":
            graded, extra = cell.metadata.nbgrader, cell.metadata.get(OURS, {}).get(EXTRA, 0)
            return _markdown(describe_check(cell.source, graded.get("points", 0), extra))
        if cell.id in self.predicted and solved.get("outputs"):
            outputs = [nbformat.v4.new_output("display_data", data={"text/html": UNSEEN})]
        else:
            outputs = [] if kind == "answer" else self._list_outputs(cell.id, solved.get("outputs", []))
        tags = ["answer"] if kind == "answer" else ["hide-input"] if cell.id == "setup-1" else []
        return nbformat.v4.new_code_cell(cell.source, outputs=outputs, metadata={"tags": tags})

    def _write_text(self, cell: NotebookNode) -> NotebookNode:
        text = link_places(cell.source, self.places, self.source.number)
        if self.first:
            self.first = False
            title, _, rest = text.partition("\n")
            line = ". ".join(part for part in (say_time(self.source), LAB.format(anchor=self.source.anchor)) if part)
            text = f'{title}\n\n<p class="lab-line">{line}</p>\n{rest}'
        return _markdown(text)

    def _list_outputs(self, cell: str, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """The outputs as the book has them; each picture becomes a file with a description."""
        shown: list[NotebookNode] = []
        moved, files = list(self.drawn.moved.get(cell, [])), self.drawn.files.get(cell, [])
        count = 0
        for output in outputs:
            data: Mapping[str, Any] = output.get("data", {})
            if "image/png" in data:
                if count >= len(files):
                    raise CourseError(
                        f"solutions/{self.source.name}.ipynb, cell {cell}: it has more pictures than the cell draws. "
                        "Make it again with 'course build'."
                    )
                if moved and _is_moved(outputs, output):
                    html = self._write_moved(moved.pop(0), f"{cell}-{count}")
                else:
                    html = self._write_picture(cell, count, data["image/png"])
                count += 1
                shown.append(nbformat.v4.new_output("display_data", data={"text/html": html}))
            elif output.output_type == "stream":
                shown.append(output)
            elif output.output_type == "execute_result":
                shown.append(nbformat.v4.new_output("display_data", data={"text/plain": data.get("text/plain", "")}))
        return shown

    def _write_picture(self, cell: str, number: int, solved: str) -> str:
        """A figure as it was drawn for the book: about as large as in the solution, where it is `solved`, and finer."""
        from PIL import Image

        drawn, says = self.kept / self.drawn.files[cell][number], self.drawn.says[cell][number]
        with Image.open(io.BytesIO(base64.b64decode(solved))) as image, Image.open(drawn) as finer:
            expected, (width, height) = image.size, (round(finer.width / SHARP), round(finer.height / SHARP))
        # Letters are a little wider or narrower where they're drawn finer.
        if max(abs(width / expected[0] - 1), abs(height / expected[1] - 1)) > ALIKE:
            raise CourseError(
                f"solutions/{self.source.name}.ipynb, cell {cell}: picture {number + 1} has another size when it's drawn "
                "again. Make the solution again with 'course build'."
            )
        self.pictures.mkdir(parents=True, exist_ok=True)
        file = f"{cell}-{number}.webp"
        shutil.copyfile(drawn, self.pictures / file)
        return (
            f'<figure class="picture"><img src="../_static/figures/{self.source.name}/{file}" '
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

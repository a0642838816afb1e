"""The answers to one question, as the graded notebooks have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.grading.answers import digest_answers, read_answers
from autograder.grading.files import modified
from autograder.grading.places import find_places
from autograder.grading.submissions import ADDED, get_id, read_submission
from autograder.marking.questions import Question
from autograder.marking.showing import show_code, show_markdown, show_outputs


@dataclass(frozen=True)
class Answer:
    """What one student wrote. `digest` is what the journal and the ledger know it by."""

    text: str
    digest: str
    cells: tuple[Any, ...]

    def show(self) -> str:
        return "".join(map(_show_cell, self.cells))


class Reader:
    """Reads graded notebooks, and each again only when its file has changed."""

    def __init__(self, course: Path, chapter: str, questions: Iterable[Question]) -> None:
        self.course, self.chapter = course, chapter
        self.kinds = {(one.notebook, one.cell): one.kind for one in questions}
        self._kept: dict[tuple[str, str], tuple[int, dict[str, Answer]]] = {}

    def read(self, student: str, question: Question) -> Answer | None:
        """`None` where there is no graded notebook, or none that can be read."""
        path = find_places(self.course).graded_folder(student, self.chapter) / f"{question.notebook}.ipynb"
        key, at = (student, question.notebook), modified(path)
        if key not in self._kept or self._kept[key][0] != at:
            self._kept[key] = at, self._read(path, question.notebook) if at else {}
        return self._kept[key][1].get(question.cell)

    def _read(self, path: Path, name: str) -> dict[str, Answer]:
        try:
            notebook = read_submission(path)
        except (CourseError, OSError):
            return {}
        texts, digests = read_answers(notebook), digest_answers(notebook)
        found = {}
        for cell, parts in texts.items():
            if kind := self.kinds.get((name, cell)):
                cells = _find_task(notebook.cells, cell) if kind == "task" else _find_one(notebook.cells, cell)
                text = "\n\n".join(one.source for one in cells) if kind == "task" else "\n\n".join(filter(None, parts))
                found[cell] = Answer(text, digests[cell], tuple(cells))
        return found


def _find_one(cells: list[Any], name: str) -> list[Any]:
    """The cell of the answer, with what the student wrote in cells of their own right beside it."""
    place = next(place for place, cell in enumerate(cells) if get_id(cell) == name)
    found = [cells[place]]
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(cells) and str(cells[at].get("id")).startswith(ADDED) and cells[at].source.strip():
            found.insert(0 if step < 0 else len(found), cells[at])
            at += step
    return found


def _find_task(cells: list[Any], name: str) -> list[Any]:
    """What the student wrote after a task, up to the next cell of the author's; everything of the student's where there is nothing."""
    place = next(place for place, cell in enumerate(cells) if get_id(cell) == name)
    found = []
    for cell in cells[place + 1 :]:
        if get_id(cell):
            break
        found.append(cell)
    own = [cell for cell in found if str(cell.get("id")).startswith(ADDED)]
    return own or [cell for cell in cells if str(cell.get("id")).startswith(ADDED)]


def _show_cell(cell: Any) -> str:
    if cell.cell_type == "markdown":
        return show_markdown(cell.source, cell.get("attachments"))
    return show_code(cell.source) + show_outputs(list(cell.get("outputs", [])))

"""A class whose answers wait for marks, made without running a notebook; and the page, served in this process."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from autograder.grading.answers import find_untouched, tell_untouched
from autograder.grading.database import open_gradebook
from autograder.grading.grade import prepare_gradebook
from autograder.grading.gradebook import SubmissionMarks, save_marks
from autograder.grading.marks import mark_notebook
from autograder.grading.submissions import fill_in, get_id
from autograder.marking.desk import Desk
from autograder.marking.server import Room, listen, run

CHAPTER, NAME = "01_mini", "1_mini"
STUDENTS = [f"s{number:02}" for number in range(58)] + ['=cmd, "O\'Neil" 🙂', "never"]
TEXTS = (
    "Because a stack of linear layers is one linear layer: $W_2 W_1 x = W x$.",
    "The product of the matrices is one matrix, and so depth adds nothing.",
    "I think it is because of the gradient.",
)


def hand_in_class(course: Path, answers: dict[str, dict[str, str]]) -> None:
    """Put the answers of each student where `course grade` would put them: graded notebooks, and the gradebook's rows."""
    source = nbformat.read(course / "source" / CHAPTER / f"{NAME}.ipynb", as_version=4)
    release = nbformat.read(course / "release" / CHAPTER / f"{NAME}.ipynb", as_version=4)
    released = {get_id(cell): cell.source for cell in release.cells if get_id(cell)}
    blank = copy.deepcopy(source)
    for cell in blank.cells:
        if get_id(cell) and cell.metadata.nbgrader.get("solution"):
            cell.source = released[get_id(cell)]
    marks = []
    for student, own in answers.items():
        graded = fill_in(blank, own)
        tell_untouched(graded, released)
        folder = course / "autograded" / student / CHAPTER
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(graded, folder / f"{NAME}.ipynb")
        marks.append(SubmissionMarks(student, None, {NAME: mark_notebook(graded, released)}))
        assert ("why" in own) != ("why" in find_untouched(graded, released))
    with open_gradebook(course) as gradebook:
        prepare_gradebook(course, CHAPTER, gradebook)
        save_marks(gradebook, CHAPTER, marks)


@contextmanager
def open_desk(course: Path, marker: str = "ada", anonymous: bool = False, independent: bool = False) -> Iterator[Desk]:
    with open_gradebook(course) as gradebook:
        yield Desk(course, CHAPTER, gradebook.engine, marker, anonymous, independent)


@contextmanager
def serve_desk(course: Path, marker: str = "ada", independent: bool = False) -> Iterator[tuple[str, Room]]:
    """The page's address, with its token, and what is behind it."""
    with open_desk(course, marker, independent=independent) as desk:
        listener = listen(0)
        room = Room([desk], f"token-of-{marker}", listener.getsockname()[1])
        ready, loop, stopped = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(run(room, listener, ready.set, stopped)))
        thread.start()
        try:
            assert ready.wait(30)
            yield f"http://127.0.0.1:{room.port}/?token={room.token}", room
        finally:
            loop.call_soon_threadsafe(stopped.set)
            thread.join(30)
            loop.close()


def in_book(course: Path, student: str) -> dict[str, Any]:
    """What nbgrader's own classes, and so formgrader, say of a student's *Explain*."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", NAME, CHAPTER, student)
        comment = gradebook.find_comment("why", NAME, CHAPTER, student)
        score = None if grade.needs_manual_grade else grade.score
        return {"score": score, "comment": comment.comment}


def set_in_formgrader(course: Path, student: str, score: float | None, comment: str | None = None) -> None:
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", NAME, CHAPTER, student)
        grade.manual_score, grade.needs_manual_grade = score, score is None
        if comment is not None:
            gradebook.find_comment("why", NAME, CHAPTER, student).manual_comment = comment
        gradebook.db.commit()

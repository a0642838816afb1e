"""Measure the grader: every wrong and every right answer of the chapters, graded as submissions.

Exercises stand alone, so one submission carries one answer to each of them: the first wrong ones in one, the second
wrong ones in the next. The path is that of a real class.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path

import nbformat

from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import Cell, Exercise, Notebook
from autograder.authoring.switching import switch_chapter
from autograder.authoring.varying import find_drawing, uses
from autograder.engine.runner import Engine
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.grade import grade_class
from autograder.grading.results import ExerciseResult
from autograder.grading.submissions import fill_in


@dataclass
class ExerciseAccuracy:
    """How the answers of one exercise were graded. The lists name answers that were graded as they should not be."""

    chapter: str
    exercise: str
    wrong: int = 0
    right: int = 0
    accepted: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    other_message: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.accepted or self.rejected or self.other_message)


def measure_accuracy(
    root: Path, chapter: str, on_done: Callable[[int, int], None] | None = None, engine: Engine | None = None
) -> list[ExerciseAccuracy]:
    """Grade all answers that the authors of `chapter` wrote, with a running `engine` where one is given, and compare the marks with what they are."""
    notebooks = read_chapter(root, chapter)
    exercises = {name: one for notebook in notebooks for name, one in notebook.exercises.items() if one.check}
    place = {name: notebook.name for notebook in notebooks for name in notebook.exercises}
    rounds = make_rounds(exercises)
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        copy_course(root, course, [chapter])
        for name, answers in rounds.items():
            sources = {exercise: cell.source for exercise, cell in answers.items()}
            hand_in(course, chapter, name, sources, {place[exercise] for exercise in answers})
        result = grade_class(course, chapter, on_done=on_done, isolated=doctor.stands(), engine=engine).result
    found = {name: ExerciseAccuracy(chapter, name) for name in exercises}
    for student in result.students:
        if student.state != "graded":
            raise CourseError(f"{chapter}: the answers of '{student.student}' were not graded: {student.reason}")
        marks = {one.exercise: one for one in student.exercises}
        for exercise, cell in rounds[student.student].items():
            _count(found[exercise], cell)
            _judge(found[exercise], cell, marks[exercise])
    for notebook in notebooks:
        if drawn := find_drawn(notebook):
            _measure_variants(root, chapter, notebook, drawn, found, engine)
    return list(found.values())


def find_drawn(notebook: Notebook) -> dict[str, tuple[int, list[Cell]]]:
    """By exercise with variants, how many there are, and its answers that are right or wrong in each of them, the solution first."""
    found = {}
    for name, exercise in notebook.exercises.items():
        if exercise.check and (drawing := find_drawing(notebook, exercise)):
            general = [one for one in (*exercise.right, *exercise.wrong) if uses(one, drawing)]
            found[name] = drawing.count, [exercise.answer, *general]
    return found


def _measure_variants(
    root: Path,
    chapter: str,
    notebook: Notebook,
    drawn: dict[str, tuple[int, list[Cell]]],
    found: dict[str, ExerciseAccuracy],
    engine: Engine | None,
) -> None:
    """Grade these answers once more with the variants switched on, as those of a class in which everybody has other numbers."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        copy_course(root, course, [chapter])
        for kind in ("source", "release"):
            switch_chapter(course / kind / chapter, "accuracy")
        rounds = {
            f"variant-{number}": {name: answers[number % len(answers)] for name, (_, answers) in drawn.items()}
            for number in range(max(max(count, len(answers)) for count, answers in drawn.values()))
        }
        for student, cells in rounds.items():
            hand_in(course, chapter, student, {name: cell.source for name, cell in cells.items()}, {notebook.name})
        result = grade_class(course, chapter, isolated=doctor.stands(), engine=engine).result
    for one in result.students:
        if one.state != "graded":
            raise CourseError(f"{chapter}: the answers of '{one.student}' were not graded: {one.reason}")
        marks = {mark.exercise: mark for mark in one.exercises}
        for name, cell in rounds[one.student].items():
            _judge(found[name], cell, marks[name])


def make_rounds(exercises: dict[str, Exercise]) -> dict[str, dict[str, Cell]]:
    """Submissions by name: each holds at most one answer to each exercise, and all together hold every answer."""
    solutions = {name: exercise.answer for name, exercise in exercises.items()}
    rounds = {"solution": solutions}
    for kind in ("right", "wrong"):
        columns = zip_longest(*(getattr(exercise, kind) for exercise in exercises.values()))
        for number, answers in enumerate(columns, start=1):
            rounds[f"{kind}-{number}"] = {name: cell for name, cell in zip(exercises, answers, strict=True) if cell}
    return rounds


def copy_course(root: Path, course: Path, chapters: list[str]) -> None:
    """Make a course in the empty folder `course` with what grading needs of the one at `root`."""
    shutil.copyfile(root / "nbgrader_config.py", course / "nbgrader_config.py")
    for chapter in chapters:
        for kind in ("source", "release"):
            if not (root / kind / chapter).is_dir():
                raise CourseError(f"{kind}/{chapter} is missing: run 'course build {chapter}' first.")
            shutil.copytree(root / kind / chapter, course / kind / chapter)
            switch_chapter(course / kind / chapter, "")


def hand_in(
    course: Path, chapter: str, student: str, answers: dict[str, str], notebooks: Collection[str] | None = None
) -> None:
    """Put a submission in place: the released notebooks, or only some, with `answers` by exercise."""
    folder = course / "submitted" / student / chapter
    folder.mkdir(parents=True)
    for path in sorted((course / "release" / chapter).glob("*.ipynb")):
        if notebooks is not None and path.stem not in notebooks:
            continue
        nbformat.write(fill_in(nbformat.read(path, as_version=4), answers), folder / path.name)


def _count(found: ExerciseAccuracy, cell: Cell) -> None:
    found.wrong += cell.tag == "wrong"
    found.right += cell.tag != "wrong"


def _judge(found: ExerciseAccuracy, cell: Cell, mark: ExerciseResult) -> None:
    full = mark.score == mark.points
    if cell.tag == "wrong":
        if full:
            found.accepted.append(f"{cell.place}: {cell.says}")
        elif cell.says not in mark.mistakes:
            read = mark.mistakes[0] if mark.mistakes else mark.state
            found.other_message.append(f"{cell.place}: {cell.says} | Read instead: {read}")
    elif not full:
        read = mark.mistakes[0] if mark.mistakes else mark.state
        found.rejected.append(f"{cell.place}: {read}")


def summarise(found: list[ExerciseAccuracy]) -> dict[str, object]:
    """The table as JSON: the sums, and each exercise with its lists."""
    return {
        "wrong": sum(one.wrong for one in found),
        "right": sum(one.right for one in found),
        "wrong_accepted": sum(len(one.accepted) for one in found),
        "right_rejected": sum(len(one.rejected) for one in found),
        "other_message": sum(len(one.other_message) for one in found),
        "exercises": [asdict(one) for one in found],
    }


def print_accuracy(found: list[ExerciseAccuracy]) -> None:
    """The table as text, and below it each answer that was graded as it should not be."""
    from rich.console import Console
    from rich.table import Table

    table = Table("chapter", "exercise", title="Answers graded as submissions")
    for column in ("wrong", "accepted", "right", "rejected", "other message"):
        table.add_column(column, justify="right")
    for one in found:
        counts = (one.wrong, len(one.accepted), one.right, len(one.rejected), len(one.other_message))
        table.add_row(one.chapter, one.exercise, *map(str, counts))
    table.add_section()
    sums = [sum(one.wrong for one in found), sum(len(one.accepted) for one in found), sum(one.right for one in found)]
    sums += [sum(len(one.rejected) for one in found), sum(len(one.other_message) for one in found)]
    table.add_row("in all", f"{len(found)} exercises", *map(str, sums))
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    for one in found:
        for label, names in (
            ("accepted", one.accepted),
            ("rejected", one.rejected),
            ("other message", one.other_message),
        ):
            for name in names:
                print(f"{one.chapter} {one.exercise}: {label}: {name}")

"""A sample class: drawn from the answers that the chapters carry, and taken through all steps of grading."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.accuracy import copy_course
from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import Exercise
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import export_marks, generate_feedback, grade_class
from autograder.grading.submissions import fill_in, get_id, is_answer
from autograder.reporting.report import write_report

NAMES = (
    "ada alan alonzo barbara blaise carl charlotte claude daniel david dorothy edsger emmy ernst evelyn frances george "
    "gottfried grace hedy henri hypatia isaac jean john joan karen kathleen kurt leonhard leslie lise margaret maria mary "
    "max niels noether olga paul pierre radia rosalind shafi sofia sophie srinivasa stephanie thomas tim tony ursula wang yoshi"
).split()

EXPLANATIONS = (
    "Because the layers in between do not add anything new: their product is one matrix.",
    "I think it is because of the gradient.",
    "The output has to be a probability, so it must lie between 0 and 1, and the parts must sum to 1.",
)


def run_demo(
    root: Path,
    chapter: str,
    students: int,
    seed: int,
    tell: Callable[[str], None],
    on_done: Callable[[int, int], None] | None = None,
) -> Path:
    """Take a class of `students` careful and a handful of careless ones through `chapter`, in the folder `demo/`.

    Every step is the one that an instructor takes. `tell` is called with a line on each. Returns the report's path. Raises `CourseError` when the class is
    too large for the list of names.
    """
    if not 1 <= students <= len(NAMES):
        raise CourseError(f"--students takes a number from 1 to {len(NAMES)}.")
    course = root / "demo"
    if course.exists():
        shutil.rmtree(course)
    course.mkdir()
    copy_course(root, course, [chapter])
    tell(f"released   {chapter}: the students' version is in {(course / 'release' / chapter).relative_to(root)}")
    run_nbgrader(course, "generate_assignment", chapter, "--force")
    exercises = {name: one for notebook in read_chapter(root, chapter) for name, one in notebook.exercises.items()}
    handed_in = draw_class(course, chapter, exercises, students, random.Random(seed))
    tell(f"handed in  {len(handed_in)} submissions, some of them careless: {', '.join(handed_in[students:])}")
    run_nbgrader(course, "zip_collect", chapter, "--force")
    tell("collected  by nbgrader's zip_collect, from what a learning platform would have sent")
    result = grade_class(course, chapter, on_done=on_done, isolated=doctor.stands()).result
    graded = sum(student.state == "graded" for student in result.students)
    tell(f"graded     {graded} of {len(result.students)}")
    for student in result.students:
        if student.state != "graded":
            tell(f"           {student.student}: {student.reason or student.state}")
    generate_feedback(course, chapter)
    tell(f"feedback   {(course / 'feedback').relative_to(root)}")
    tell(f"marks      {export_marks(course).relative_to(root)}")
    return write_report(course, chapter)


def draw_class(
    course: Path, chapter: str, exercises: dict[str, Exercise], students: int, chance: random.Random
) -> list[str]:
    """Write a class's files to `downloaded/`, as a learning platform names them; returns the students, the careless last."""
    release = {
        path.stem: nbformat.read(path, as_version=4) for path in sorted((course / "release" / chapter).glob("*.ipynb"))
    }
    folder = course / "downloaded" / chapter / "archive"
    folder.mkdir(parents=True)
    names = sorted(chance.sample(NAMES, students))
    for name in names:
        answers = draw_answers(exercises, chance.betavariate(3, 1.5), chance)
        _write(folder, name, {stem: fill_in(notebook, answers) for stem, notebook in release.items()})
    for name, spoil in CARELESS.items():
        answers = draw_answers(exercises, 0.8, chance)
        filled = {stem: fill_in(notebook, answers) for stem, notebook in release.items()}
        first = next(iter(filled))
        _write(folder, name, {**filled, first: spoil(filled[first], release[first])})
    return names + list(CARELESS)


def draw_answers(exercises: dict[str, Exercise], skill: float, chance: random.Random) -> dict[str, str]:
    """Answers of one student, by exercise: right with probability `skill`, else wrong or, now and then, none at all."""
    answers = {}
    for name, exercise in exercises.items():
        if (answer := draw_answer(exercise, skill, chance)) is not None:
            answers[name] = answer
    return answers


def draw_answer(exercise: Exercise, skill: float, chance: random.Random) -> str | None:
    """One answer: right with probability `skill`, else wrong, or `None` where nothing was written."""
    if exercise.answer.tag == "explain":
        return chance.choice(EXPLANATIONS)
    if chance.random() < skill:
        return str(chance.choice([exercise.answer, *exercise.right]).source)
    if exercise.wrong and chance.random() < 0.85:
        # The first mistakes in a list are met most often, as in a real class.
        weights = [1 / (place + 1) for place in range(len(exercise.wrong))]
        return str(chance.choices(exercise.wrong, weights)[0].source)
    return None


def _write(folder: Path, student: str, notebooks: dict[str, Any]) -> None:
    for stem, notebook in notebooks.items():
        text = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
        (folder / f"{student}_{stem}.ipynb").write_text(text, encoding="utf-8")


# --- careless students -----------------------------------------------------------------------------


def _with_code(code: str) -> Callable[[Any, Any], Any]:
    """Puts a line of code in front of the first answer."""

    def spoil(filled: Any, release: Any) -> Any:
        answer = next(cell for cell in filled.cells if get_id(cell) and is_answer(cell) and cell.cell_type == "code")
        answer.source = f"{code}\n{answer.source}"
        return filled

    return spoil


def _copy_an_answer(filled: Any, release: Any) -> Any:
    place = next(i for i, cell in enumerate(filled.cells) if get_id(cell) and is_answer(cell))
    filled.cells.insert(place + 1, copy.deepcopy(filled.cells[place]))
    filled.cells[place + 1].id = "copied"
    return filled


def _delete_a_check(filled: Any, release: Any) -> Any:
    place = next(i for i, cell in enumerate(filled.cells) if get_id(cell).endswith("-check"))
    del filled.cells[place]
    return filled


CARELESS: dict[str, Callable[[Any, Any], Any]] = {
    "endless-loop": _with_code("while True:\n    pass"),
    "exit": _with_code("exit()"),
    "copied-cell": _copy_an_answer,
    "deleted-check": _delete_a_check,
    "warning": _with_code('import warnings\nwarnings.warn("this is deprecated")'),
    "empty": lambda filled, release: nbformat.v4.new_notebook(),
    "prints-50-mb": _with_code('print("x" * 50_000_000)'),
    "no-notebook": lambda filled, release: json.dumps("This is my homework."),
}
"""What careless students do to the first notebook of the chapter."""

"""The answers that a class handed in for an assignment, by exercise, with what its author and the release gave everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.grading.files import read_file, walk
from autograder.grading.places import advise_build, find_places
from autograder.grading.renamed import find_renamed
from autograder.grading.submissions import get_id, is_answer, parse_notebook, plain, use_newlines
from autograder.grading.texts import tell_apart


@dataclass(frozen=True)
class Author:
    """A student, and the earlier year's course that the answer comes from, "" for this one."""

    student: str
    year: str = ""

    def __lt__(self, other: Author) -> bool:
        return (self.year, self.student) < (other.year, other.student)

    def __str__(self) -> str:
        return f"{self.student} ({self.year})" if self.year else self.student


@dataclass
class Exercise:
    """One exercise: its place, the texts that everybody has, and the answer of each student who changed the text that it began with."""

    name: str
    notebook: str
    title: str
    code: bool
    given: list[str]
    answers: dict[Author, str] = field(default_factory=dict)


def read_exercises(course: Path, chapter: str, earlier: Iterable[Path] = ()) -> tuple[list[Exercise], list[str]]:
    """The exercises of `chapter` in the order of the assignment, and a line for each file that can't be read.

    `earlier` are courses, or folders of submissions, `STUDENT/CHAPTER/NOTEBOOK.ipynb`. Raises `CourseError` where there is no source, nobody handed anything in, or an earlier folder has nothing of the chapter.
    """
    places = find_places(course)
    folder = places.source_folder(chapter)
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.ipynb"))}
    if not sources:
        raise CourseError(f"{folder} has no notebook{advise_build(course, chapter)}.")
    exercises = list(_list_exercises(sources, places.release_folder(chapter)))
    titles = tell_apart([(one.title, one.notebook, one.name) for one in exercises])
    for exercise, title in zip(exercises, titles, strict=True):
        exercise.title = title
    notes: list[str] = []
    students = places.list_students(chapter)
    if not students:
        raise CourseError(f"Nobody handed in {chapter}: {places.submitted}/ has no folder of it.")
    for student in students:
        _add(exercises, sources, places.submission_folder(student, chapter), Author(student), notes)
    for given in earlier:
        there = find_places(given)
        folders = {student: there.submission_folder(student, chapter) for student in there.list_students(chapter)}
        folders = folders or {path.parent.name: path for path in sorted(given.glob(f"*/{chapter}")) if path.is_dir()}
        if not folders:
            raise CourseError(
                f"{given} has no submissions of {chapter}: a folder STUDENT/{chapter}/ for each student is expected."
            )
        for student, one in folders.items():
            _add(exercises, sources, one, Author(student, given.resolve().name), notes)
    return exercises, notes


def _list_exercises(sources: dict[str, str], released: Path) -> Iterator[Exercise]:
    for notebook, text in sources.items():
        stubs: dict[str, str] = {}
        if (path := released / f"{notebook}.ipynb").is_file():
            stubs = {get_id(cell): cell.source for cell in parse_notebook(path.name, read_file(path)).cells}
        title = ""
        for cell in parse_notebook(f"{notebook}.ipynb", text.encode("utf-8", "replace")).cells:
            if cell.cell_type == "markdown" and not get_id(cell):
                headings = [line.lstrip("#").strip() for line in cell.source.split("\n") if line.startswith("#")]
                title = headings[-1] if headings else title
            elif get_id(cell) and is_answer(cell):
                given = [cell.source, *([stubs[get_id(cell)]] if get_id(cell) in stubs else [])]
                yield Exercise(get_id(cell), notebook, title or get_id(cell), cell.cell_type == "code", given)


def _add(exercises: list[Exercise], sources: dict[str, str], folder: Path, author: Author, notes: list[str]) -> None:
    """Put a student's answers where they belong; notebooks are found by their name, or by the ids of their cells."""
    try:
        paths = {path.relative_to(folder).as_posix(): path for path in walk(folder)}
        others = {name: path for name, path in paths.items() if name.endswith(".ipynb")}
        held = {name: others.pop(f"{name}.ipynb") for name in sources if f"{name}.ipynb" in others}
        for name, copies in find_renamed(others, sources).items():
            held.setdefault(name, paths[copies[0]])
    except OSError as error:
        notes.append(f"{author}: {error.strerror}.")
        return
    for notebook, path in held.items():
        try:
            cells = parse_notebook(path.name, read_file(path)).cells
        except CourseError as error:
            notes.append(f"{author}: {error}")
            continue
        texts = _read_answers(cells)
        for exercise in exercises:
            text = texts.get(exercise.name, "") if exercise.notebook == notebook else ""
            if plain(text) and plain(text) not in map(plain, exercise.given[1:]):
                exercise.answers[author] = text


def _read_answers(cells: list[Any]) -> dict[str, str]:
    """The answers by id; of a cell that is there twice, the longer text."""
    found: dict[str, str] = {}
    for cell in cells:
        name = get_id(cell)
        if name and len(cell.source) > len(found.get(name, "")):
            found[name] = use_newlines(cell.source)
    return found

"""A sample term: sixty students, six chapters, one notebook of each, handed in up to three times, graded for real.

What students hand in is drawn; what they get for it isn't. Answers come from the chapters' own right and wrong ones, times from a calendar,
and every mark from `course grade`'s own steps, by one warm process. In between two people grade the written answers, and a check that
was too strict is fixed, so that a chapter is graded again.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat

from autograder.authoring.accuracy import copy_course
from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import Exercise
from autograder.demo.markers import give_marks
from autograder.demo.sample import EXPLANATIONS, NAMES, draw_answer
from autograder.engine.runner import Engine
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.grade import Grading, export_marks, generate_feedback, grade_class
from autograder.grading.submissions import fill_in, get_id
from autograder.reporting.site import write_site
from autograder.term.due import extend, set_due

NOTEBOOKS = {
    "00_start": "2_kinds_of_problems",
    "01_activations": "1_scores_to_probabilities",
    "02_forward_pass": "4_inside_the_network",
    "03_loss": "1_information",
    "04_backprop": "2_chain_rule",
    "05_sgd": "2_batches",
}
"""The chapters of the term, and the notebook that is taken of each."""

STUDENTS, ROUNDS = 60, 3

FAMILIES = (
    "Okafor Nguyen García O’Brien Müller Kowalski Haddad Sato Silva Novák Ivanova Lindström Rossi Dubois Cohen Mensah Kaya Ahmed Singh "
    "Tanaka Larsen Papadopoulos Moreau Horvat Jensen Costa Yılmaz Park Chen Popescu"
).split()

BEGIN = datetime(2026, 9, 7, 8, tzinfo=UTC)
"""The Monday on which the first chapter is given out; each is due on the Sunday after, and the next comes on that Monday."""

STRICT_CHAPTER, STRICT_CELL = "01_activations", "collapse-check"
STRICT_LINE = (
    'check("type(collapse(weights, biases)) is tuple", weights=[torch.eye(2)], biases=[torch.ones(2)], gives=True)\n'
)
"""A line that makes a hidden test too strict at first: it refuses a list, which the task never forbids. It is taken out later."""

MISLEADING = "entropy_rows"
"""An exercise that those who know more get wrong more often."""

RULES = """\
# How the chapters' marks make the mark for the course: see docs/dashboard.md.
[marks]
drop = 1
highest = 100
weights = { 00_start = 10, 01_activations = 20, 02_forward_pass = 20, 03_loss = 20, 04_backprop = 20, 05_sgd = 20 }
"""


LATE = {
    "AssignLatePenalties": {"plugin_class": "autograder.grading.lateness.LatePenalty"},
    "LatePenalty": {"grace": "15m", "percent": 10, "every": "1d", "most": 50},
}
"""What being late costs: see docs/time.md."""


@dataclass
class Person:
    """A student of the sample: `skill` and `care` from 0 to 1, and what was handed in last by chapter."""

    id: str
    first: str
    last: str
    skill: float
    care: float
    leaves: int
    """The chapter, by its place, from which on nothing is handed in."""
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)


def run_term(
    root: Path, seed: int, tell: Callable[[str], None], students: int = STUDENTS, jobs: int | None = None
) -> Path:
    """Make the term of so many `students` in the folder `demo/`, and return the path of its dashboard. `tell` is called with a line on each step.

    Raises `CourseError` where the course lacks one of the chapters, or they aren't built.
    """
    course = root / "demo"
    if course.exists():
        shutil.rmtree(course)
    course.mkdir()
    copy_course(root, course, list(NOTEBOOKS))
    (course / "course.toml").write_text(RULES, encoding="utf-8")
    (course / "nbgrader_config.json").write_text(json.dumps(LATE, indent=1), encoding="utf-8")
    chance = random.Random(seed)
    people = draw_people(chance, students)
    for chapter, kept in NOTEBOOKS.items():
        for path in (*(course / "source" / chapter).glob("*.ipynb"), *(course / "release" / chapter).glob("*.ipynb")):
            if path.stem != kept:
                path.unlink()
    _set_strict(course, True)
    for place, chapter in enumerate(NOTEBOOKS):
        run_nbgrader(course, "generate_assignment", chapter, "--force")
        set_due(course, chapter, find_due(place).strftime("%Y-%m-%d %H:%M"), "UTC")
    _add_people(course, people)
    for person in chance.sample(people, min(3, len(people))):
        extend(course, chance.choice(list(NOTEBOOKS)), [person.id], "3d", "was ill")
    tell(f"released   {len(NOTEBOOKS)} chapters, one notebook of each, to {len(people)} students")
    with Engine(doctor.stands()) as engine:

        def grade(chapter: str) -> Grading:
            return grade_class(course, chapter, jobs, isolated=engine.isolated, engine=engine)

        for place, chapter in enumerate(NOTEBOOKS):
            homework = Homework(root, course, chapter, place, chance)
            for number in range(1, ROUNDS + 1):
                count = homework.hand_in(people, number)
                grade(chapter)
                tell(f"graded     {chapter}, submission {number}: {count} of {len(people)} students")
                if number == 2 and place < len(NOTEBOOKS) - 1 and (given := give_marks(course, chapter, chance)):
                    tell(f"by hand    {given}")
            if chapter == STRICT_CHAPTER:
                _set_strict(course, False)
                tell(
                    f"fixed      a check of {chapter} that was too strict: {len(grade(chapter).changes)} marks changed"
                )
    for chapter in NOTEBOOKS:
        generate_feedback(course, chapter)
    tell(f"feedback   {(course / 'feedback').relative_to(root)}")
    tell(f"marks      {export_marks(course).relative_to(root)}")
    return write_site(course)


def draw_people(chance: random.Random, students: int = STUDENTS) -> list[Person]:
    """The students, by id. A few leave during the term."""
    names: dict[str, tuple[str, str]] = {}
    while len(names) < students:
        first, last = chance.choice(NAMES).capitalize(), chance.choice(FAMILIES)
        names[f"{first}-{last[0]}".lower() if last[0].isascii() else first.lower()] = first, last
    people = []
    for name in sorted(names):
        leaves = chance.randrange(2, len(NOTEBOOKS)) if chance.random() < 0.07 else len(NOTEBOOKS)
        people.append(Person(name, *names[name], chance.betavariate(2.5, 2), chance.random(), leaves))
    return people


class Homework:
    """A chapter, as the class hands it in: the first time everything, then again what wasn't right."""

    def __init__(self, root: Path, course: Path, chapter: str, place: int, chance: random.Random) -> None:
        self.course, self.chapter, self.place, self.chance = course, chapter, place, chance
        self.notebook = NOTEBOOKS[chapter]
        self.release = nbformat.read(course / "release" / chapter / f"{self.notebook}.ipynb", as_version=4)
        cells = {get_id(cell) for cell in self.release.cells}
        known = [one for one in read_chapter(root, chapter) if cells >= one.exercises.keys()]
        self.exercises: dict[str, Exercise] = dict(known[0].exercises)
        self.hard = {name: chance.choice((0.4, 0.7, 1, 1.4, 2.2)) for name in self.exercises}
        self.stubborn = {name: 0.7 if hard > 2 else 0.15 for name, hard in self.hard.items()}

    def hand_in(self, people: list[Person], number: int) -> int:
        """Write the files of everyone who hands in for the `number`th time; returns how many do."""
        count = 0
        for person in people:
            answers = self._begin(person) if number == 1 else self._go_on(person, number)
            if answers is None:
                continue
            person.answers[self.chapter] = answers
            person.times[self.chapter] = self._draw_time(person)
            self._write(person)
            count += 1
        return count

    def _begin(self, person: Person) -> dict[str, str] | None:
        chance = self.chance
        if self.place >= person.leaves or chance.random() < 0.06 * (1.5 - person.care):
            return None
        answers = {}
        for name, exercise in self.exercises.items():
            if chance.random() < (
                1 - 0.4 * person.care if (exercise.check or exercise.answer).extra else 0.2 * (1 - person.care)
            ):
                continue
            skill = 0.95 - 0.6 * person.skill if name == MISLEADING else person.skill ** self.hard[name]
            if (answer := draw_answer(exercise, skill, chance)) is not None:
                answers[name] = answer
        return answers

    def _go_on(self, person: Person, number: int) -> dict[str, str] | None:
        """Other answers for some of what isn't right; `None` where a student leaves it at that."""
        before, chance = person.answers.get(self.chapter), self.chance
        wrong = [name for name in self.exercises if before is not None and not self._is_right(name, before.get(name))]
        if before is None or not wrong or chance.random() > (0.25 + 0.55 * person.care) / (number - 1):
            return None
        answers = dict(before)
        for name in wrong:
            if chance.random() < 0.15:
                continue
            exercise, drawn = self.exercises[name], chance.random()
            if name in before and drawn < self.stubborn[name]:
                answers[name] = f"{before[name]}\n# looked at it again ({number})"  # and left it as it was
            elif (answer := draw_answer(exercise, 0.35 + 0.5 * person.skill, chance)) is not None:
                answers[name] = answer
        for name, exercise in self.exercises.items():
            if exercise.answer.tag == "explain" and chance.random() < 0.15:
                answers[name] = f"{chance.choice(EXPLANATIONS)} I have thought about it again."
        return answers

    def _is_right(self, name: str, answer: str | None) -> bool:
        exercise = self.exercises[name]
        return exercise.answer.tag == "explain" or answer in {one.source for one in (exercise.answer, *exercise.right)}

    def _draw_time(self, person: Person) -> datetime:
        chance = self.chance
        if before := person.times.get(self.chapter):
            return before + timedelta(minutes=chance.randrange(20, 2400))
        early = timedelta(minutes=int(chance.betavariate(1.2, 3) * 6 * 1440))
        late = (
            timedelta(minutes=chance.randrange(3, 2000)) if chance.random() < 0.25 * (1 - person.care) else timedelta()
        )
        return find_due(self.place) + (late or -early)

    def _write(self, person: Person) -> None:
        folder = self.course / "submitted" / person.id / self.chapter
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(fill_in(self.release, person.answers[self.chapter]), folder / f"{self.notebook}.ipynb")
        time = person.times[self.chapter].strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        (folder / "timestamp.txt").write_text(time, encoding="utf-8")


def find_due(place: int) -> datetime:
    """When the chapter at this place is due: the end of the Sunday."""
    return BEGIN.replace(hour=22) + timedelta(days=7 * place + 6)


def _set_strict(course: Path, strict: bool) -> None:
    """Put the line that makes a check too strict into the source, or take it out. Raises `CourseError` where the check isn't there."""
    path = course / "source" / STRICT_CHAPTER / f"{NOTEBOOKS[STRICT_CHAPTER]}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    hidden = "check.hidden()\n"
    cell = next((one for one in notebook.cells if get_id(one) == STRICT_CELL and hidden in one.source), None)
    if cell is None:
        raise CourseError(
            f"{STRICT_CHAPTER} has no check {STRICT_CELL} with hidden tests, which the sample term changes."
        )
    cell.source = cell.source.replace(STRICT_LINE, "")
    if strict:
        cell.source = cell.source.replace(hidden, f"{hidden}{STRICT_LINE}", 1)
    nbformat.write(notebook, path)


def _add_people(course: Path, people: list[Person]) -> None:
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        for one in people:
            gradebook.update_or_create_student(one.id, first_name=one.first, last_name=one.last)

"""Exercises whose numbers differ from student to student: where an author draws them, and every variant tried like the exercise itself.

For a variant, the cells that draw the exercise's numbers, and whatever of the author's follows from these before the check, run again in a
fork of the notebook's shell. Answers that use no drawn name are meant for variant 0 alone; all others are tried in every variant.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograder.authoring.cells import Cell, Exercise, Notebook
from autograder.checks.mistakes import KnownMistakes
from autograder.checks.variants import COUNT, MOST, name_variant, write_variants
from autograder.engine.planning.names import read_names

if TYPE_CHECKING:
    from autograder.authoring.trials import ExerciseTrials, Trial
    from autograder.checks.mistakes import Fingerprint

Seals = dict[str, str]
"""The seal of the right answer, by evaluation."""


@dataclass
class VariantTrials:
    """The trials of one variant. Of `wrong` and `right` answers those that use drawn names, each with its place in the list of all."""

    number: int
    solution: Trial
    release: Trial
    wrong: list[tuple[int, Trial]] = field(default_factory=list)
    right: list[tuple[int, Trial]] = field(default_factory=list)


@dataclass(frozen=True)
class Drawing:
    """How an exercise's numbers are drawn: how many variants there are, and the cells that run again for each, in order."""

    count: int
    cells: list[Cell]
    names: frozenset[str]
    """What these cells bind."""


def find_calls(source: str) -> list[tuple[str, int]]:
    """The exercises that a cell draws numbers for, each with its count; "" and 0 for what isn't written out."""
    try:
        program = ast.parse(source)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(program):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "variant":
            given = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "count")]
            values = [one.value if isinstance(one, ast.Constant) else None for one in given]
            name, count = (values + [COUNT])[:2] if values else (None, None)
            found.append((name if isinstance(name, str) else "", count if type(count) is int else 0))
    return found


def find_drawing(notebook: Notebook, exercise: Exercise) -> Drawing | None:
    """How the numbers of `exercise` are drawn, `None` where nothing above its check draws any."""
    count, cells, names = 0, list[Cell](), set[str]()
    for cell in notebook.cells:
        if cell is exercise.check:
            break
        if cell.kind != "code" or cell.tag in ("exercise", "check"):
            continue
        own = [count for name, count in find_calls(cell.source) if name == exercise.name]
        read = read_names(cell.source)
        if own or names & (read.incoming | read.late):
            count = count or (own[0] if own else 0)
            cells.append(cell)
            names |= read.bound
    return Drawing(count, cells, frozenset(names)) if cells else None


def find_misplaced(notebook: Notebook) -> Iterator[str]:
    """A line for each mistake in how the notebook draws numbers."""
    drawn: dict[str, Cell] = {}
    for cell in notebook.cells:
        for name, count in find_calls(cell.source) if cell.kind == "code" else ():
            here = f"{cell.place}: variant({name!r}):" if name else f"{cell.place}: variant(...):"
            exercise = notebook.exercises.get(name)
            if exercise is None or exercise.check is None:
                known = ", ".join(one.name for one in notebook.exercises.values() if one.check)
                yield f"{here} write the name of an exercise of this notebook that has a check, in quotes: {known}."
            elif notebook.cells.index(cell) > notebook.cells.index(exercise.answer):
                yield f"{here} draw the numbers above the exercise, in a cell tagged 'setup'."
            elif cell.tag != "setup":
                yield f"{here} the cell needs the tag 'setup', so that students don't change their numbers."
            elif name in drawn:
                yield f"{here} the numbers of '{name}' are drawn in line {drawn[name].line}; draw them all there."
            elif not 2 <= count <= MOST:
                yield f"{here} write the count as a number from 2 to {MOST}, or leave it out for {COUNT}."
            drawn.setdefault(name, cell)


def try_variants(
    drawing: Drawing, exercise: Exercise, visible_check: str, attempt: Callable[..., Trial]
) -> list[VariantTrials]:
    """Try every variant. `attempt(answer, check, number, seals, cells)` tries an answer with the numbers of a variant."""
    assert exercise.check is not None
    full, answer = exercise.check.source, exercise.answer.source
    found = []
    for number in range(drawing.count):  # of variant 0, the exercise's own trials tell
        solution = attempt(answer, full, number, None, drawing.cells)
        seals = dict(solution.varied)
        tried = VariantTrials(number, solution, attempt(answer, visible_check, number, seals, drawing.cells))
        for cells, trials in ((exercise.wrong, tried.wrong), (exercise.right, tried.right)):
            for place, cell in enumerate(cells):
                if number and uses(cell, drawing):
                    trials.append((place, attempt(cell.source, full, number, seals, drawing.cells)))
        found.append(tried)
    return found


def uses(cell: Cell, drawing: Drawing) -> bool:
    """Whether an answer is written with drawn names, so that it's meant for every variant."""
    names = read_names(cell.source)
    return bool(drawing.names & (names.incoming | names.late))


def find_variant_problems(exercise: Exercise, tried: ExerciseTrials) -> Iterator[str]:
    """What is wrong with an exercise's variants: a line for each, with its place."""
    assert exercise.check is not None
    here = f"{exercise.check.place}: exercise '{exercise.name}':"
    for one in tried.variants:
        there = f"{here} in variant {one.number}"
        if not one.number:
            continue
        if one.solution.problem or not one.solution.passed:
            yield f"{there} the solution fails its check: {one.solution.problem or one.solution.message}"
            continue
        if not one.release.passed:
            yield f"{there} the solution cannot pass the released check:\n{one.release.message or one.release.problem}"
        for expression, value in one.solution.near_edges:
            yield f'{there} "{expression}" gives {value!r}, which is too close to where rounding changes: draw other numbers, or seal it with a different digits=.'
        known = know_variant(exercise, one)
        for place, trial in one.wrong:
            cell = exercise.wrong[place]
            where = f"{cell.place}: exercise '{exercise.name}': in variant {one.number}"
            if trial.problem:
                yield f"{where} the wrong answer {trial.problem}"
            elif trial.passed:
                yield f"{where} the wrong answer earns all points: draw numbers for which it's wrong."
            elif (says := trial.name_mistake(known)) != cell.says:
                yield f'{where} its results are the same as another wrong answer\'s, so a student reads "{says}": draw numbers for which they differ.'
        for place, trial in one.right:
            if not trial.passed:
                yield f"{exercise.right[place].place}: exercise '{exercise.name}': in variant {one.number} the right answer is rejected:\n{trial.problem or trial.message}"
    answers = {tuple(one.solution.varied) for one in tried.variants}
    if answers - {()} and len(answers) == 1:
        yield f"{here} the right answer is the same in all {len(tried.variants)} variants: draw numbers that it depends on."


def know_variant(exercise: Exercise, one: VariantTrials) -> KnownMistakes:
    """What a check knows in this variant."""
    return KnownMistakes(collect_mistakes(exercise, one))


def collect_mistakes(exercise: Exercise, one: VariantTrials) -> list[tuple[str, list[Fingerprint]]]:
    """The known mistakes of a variant: messages, and fingerprints of what fails."""
    return [(exercise.wrong[place].says, trial.known) for place, trial in one.wrong]


def collect_all_mistakes(exercise: Exercise, tried: ExerciseTrials) -> dict[str, list[tuple[str, list[Fingerprint]]]]:
    """Those of all variants but 0, by the name under which a check finds them."""
    return {
        name_variant(exercise.name, one.number): collect_mistakes(exercise, one)
        for one in tried.variants
        if one.number and one.wrong
    }


def write_seals(trials: dict[str, ExerciseTrials], key: str) -> str:
    """The text of `variants.json` for a chapter, "" where no exercise has variants."""
    exercises = {}
    for name, tried in trials.items():
        seals: dict[str, list[str]] = {}
        for one in tried.variants:
            for evaluation, seal in one.solution.varied:
                seals.setdefault(evaluation, []).append(seal)
        if tried.variants:
            exercises[name] = (len(tried.variants), seals)
    return write_variants(key, exercises) if exercises else ""

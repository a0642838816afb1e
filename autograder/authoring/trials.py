"""Try every answer of a notebook against its checks: solutions, other right answers, wrong ones, empty ones.

The notebook's cells run in order in one shell. Where an exercise is checked, each answer is tried in a fork
of it, so that none sees another's traces. The build takes from here that a solution passes its own check, and
the fingerprints of the wrong answers.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.authoring.cells import Cell, Exercise, Notebook
from autograder.authoring.forks import in_fork, in_forks
from autograder.authoring.parts import put_parts
from autograder.authoring.promises import describe_check, find_misuse
from autograder.authoring.varying import Drawing, VariantTrials, find_drawing, try_variants
from autograder.checks.check import Check, recording
from autograder.checks.mistakes import Fingerprint, KnownMistakes, tell_mistakes
from autograder.checks.reading import CellText, History, show_cells
from autograder.checks.variants import try_variant
from autograder.engine.arithmetic import Noise
from autograder.engine.planning.names import read_names
from autograder.errors import CourseError

NOISES = range(1, 5)
"""The seeds under which a wrong answer whose results are rounding is tried once more."""


@dataclass
class Trial:
    """What one answer got from one check. `failed` has the part and the fingerprint of each failed evaluation, `held` the others' names.

    `known` are the fingerprints by which a wrong answer is recognized on any machine.
    """

    score: float
    points: float
    message: str
    failed: list[tuple[str, Fingerprint]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    known: list[Fingerprint] = field(default_factory=list)
    seals: list[tuple[str, str]] = field(default_factory=list)
    near_edges: list[tuple[str, float]] = field(default_factory=list)
    problem: str = ""
    exercise: str = ""
    """The name that the check was given."""
    promise: str = ""
    """What it looks at, for the student to read."""
    misuse: list[str] = field(default_factory=list)
    attempted: bool = True
    answer: str = ""
    varied: list[tuple[str, str]] = field(default_factory=list)
    """The seals of what was given to sealed questions, by the evaluation's name."""

    def name_mistake(self, known: KnownMistakes) -> str | None:
        """The author's message that a student with this answer reads, if there is one."""
        for part in dict.fromkeys(part for part, _ in self.failed):
            own = [taken for name, taken in self.failed if name == part]
            if says := tell_mistakes(known.explain(own, self.held)):
                return says
        return None

    @property
    def passed(self) -> bool:
        return not self.problem and self.score == self.points


@dataclass
class ExerciseTrials:
    """The trials of one exercise. `release` is the solution under the released check, `empty` the released stub."""

    solution: Trial
    release: Trial
    empty: Trial
    wrong: list[Trial]
    right: list[Trial]
    variants: list[VariantTrials] = field(default_factory=list)


def know(exercise: Exercise, tried: ExerciseTrials) -> KnownMistakes:
    """What the check of `exercise` knows once its wrong answers have been tried."""
    answers = zip(exercise.wrong, tried.wrong, strict=True)
    return KnownMistakes((cell.says, trial.known) for cell, trial in answers)


def try_notebooks(
    notebooks: Iterable[tuple[Notebook, dict[str, str], dict[str, str]]],
) -> list[dict[str, ExerciseTrials]]:
    """Run the trials of all exercises of several notebooks at a time.

    Each comes with its stubs and its visible checks: what a release has in place of the answer and of the check, by exercise; one without
    is not tried. Raises `CourseError` when a cell of a notebook itself stops with an error.
    """
    return list(in_forks([functools.partial(_try_notebook, *one) for one in notebooks], seconds=600))


def _try_notebook(
    notebook: Notebook, stubs: dict[str, str], visible_checks: dict[str, str]
) -> dict[str, ExerciseTrials]:
    os.environ["MPLBACKEND"] = "agg"
    try_variant(0)
    found: dict[str, ExerciseTrials] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        put_parts(notebook.path, Path(folder))
        run = make_shell()
        for cell in notebook.cells:
            if cell.kind != "code":
                continue
            exercise = notebook.exercises.get(cell.exercise)
            if cell.tag == "exercise":
                continue  # run by each trial, and below once its trials are done
            if cell.tag == "check" and exercise:
                if exercise.name in stubs:
                    texts, before = (stubs[exercise.name], visible_checks[exercise.name]), make_history(notebook, cell)
                    drawing = find_drawing(notebook, exercise)
                    found[exercise.name] = tried = _try_exercise(run, exercise, *texts, before, drawing)
                go_on(run, exercise.answer)
                if exercise.name not in stubs or tried.solution.problem:
                    continue  # it is not looked at, or its check cell stops, as the trial says
            with show_cells(make_history(notebook, cell)):
                go_on(run, cell)
    return found


def go_on(run: Callable[[str], str], cell: Cell) -> None:
    """Run a cell of the notebook itself. Raises `CourseError` where it stops."""
    if problem := run(cell.source):
        exercise = f"exercise '{cell.exercise}': " if cell.exercise else ""
        raise CourseError(f"{cell.place}: {exercise}the cell stops with {problem}")


def make_shell() -> Callable[[str], str]:
    """A function that runs a cell as a notebook would and returns the error that it stops with, or ""."""
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.showtraceback = lambda *args, **kwargs: None

    def run(source: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        return f"{type(error).__name__}: {error}" if error else ""

    return run


def make_history(notebook: Notebook, until: Cell | None = None) -> History:
    """The code cells before `until`, for a check that reads in them."""
    code = [cell for cell in notebook.cells if cell.kind == "code"]
    before = code[: code.index(until)] if until else code
    return History(
        [
            CellText(cell.source, cell.tag != "exercise", cell.exercise if cell.tag == "exercise" else "")
            for cell in before
        ],
        {cell.exercise: sorted(read_names(cell.source).bound) for cell in code if cell.tag == "exercise"},
    )


def _try_exercise(
    run: Callable[[str], str],
    exercise: Exercise,
    stub: str,
    visible_check: str,
    before: History,
    drawing: Drawing | None,
) -> ExerciseTrials:
    assert exercise.check is not None
    full = exercise.check.source

    def attempt_variant(
        answer: str, check: str, number: int, seals: dict[str, str] | None, cells: Iterable[Cell], noise: int = 0
    ) -> Trial:
        def go() -> Trial:
            try_variant(number, seals)
            if noise:
                Noise(noise).enter()
            for cell in cells:
                go_on(run, cell)
            return _attempt(run, answer, check, replace(before, cells=history))

        history = [replace(one, source=answer) if one.exercise == exercise.name else one for one in before.cells]
        try:
            return in_fork(go, seconds=120)
        except CourseError as error:
            return Trial(0, exercise.check.points if exercise.check else 0, "", problem=str(error))

    def attempt(answer: str, check: str) -> Trial:
        return attempt_variant(answer, check, 0, None, ())

    def attempt_wrong(cell: Cell) -> Trial:
        trial = attempt(cell.source, full)
        for seed in NOISES if cell.rounds else ():
            trial = loosen(trial, attempt_variant(cell.source, full, 0, None, (), noise=seed))
        return trial

    return ExerciseTrials(
        solution=attempt(exercise.answer.source, full),
        release=attempt(exercise.answer.source, visible_check),
        empty=attempt(stub, visible_check),
        wrong=[attempt_wrong(cell) for cell in exercise.wrong],
        right=[attempt(cell.source, full) for cell in exercise.right],
        variants=try_variants(drawing, exercise, visible_check, attempt_variant) if drawing else [],
    )


def loosen(trial: Trial, noisy: Trial) -> Trial:
    """A wrong answer's trial without the results that differ in another, under noise: rounding made them."""
    if trial.problem or noisy.problem:
        return trial
    others = {taken.on: taken for taken in noisy.known}
    known = []
    for taken in trial.known:
        other = others.pop(taken.on, None)
        known.append(taken if other and taken.matches(other) else taken.loosen())
    return replace(trial, known=known + [taken.loosen() for taken in others.values()])


def _attempt(run: Callable[[str], str], answer: str, check: str, before: History) -> Trial:
    run(answer)  # an answer that stops is looked at by its check, as in a notebook
    with recording() as checks, show_cells(before):
        problem = run(check)
    if problem or len(checks) != 1:
        return Trial(
            0, 0, "", problem=problem or f"the check cell reports {len(checks)} times; it must call check.report() once"
        )
    [found] = checks
    return Trial(
        found.score,
        found.points,
        found.message(),
        [(e.part, e.fingerprint) for e in found.evaluations if e.problem],
        [e.name for e in found.evaluations if not e.problem],
        [e.fingerprint for e in found.evaluations if e.problem],
        _seals(found),
        [(e.expression, e.near_edge) for e in found.evaluations if e.near_edge is not None],
        exercise=found.exercise,
        promise=describe_check(found),
        misuse=list(find_misuse(found)),
        attempted=found.attempted,
        answer=answer,
        varied=[(e.name, e.wanted_seal or "") for e in found.evaluations if e.sealed],
    )


def _seals(check: Check) -> list[tuple[str, str]]:
    return [(e.expression, e.wanted_seal) for e in check.evaluations if e.wanted_seal and e.problem]

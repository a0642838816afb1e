"""`course try`: what each answer of a chapter gets from its check, for the author at work."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.authoring.build import find_problems, try_staged
from autograder.authoring.cells import Exercise
from autograder.authoring.trials import ExerciseTrials, know


def try_chapter(root: Path, chapter: str, only: str | None) -> int:
    """Print each answer's points and whether a wrong one gets its own message; returns 1 where something is amiss."""
    with tempfile.TemporaryDirectory() as folder:
        notebooks, trials = try_staged(root, chapter, Path(folder), only)
    problems: list[str] = []
    for notebook in notebooks:
        problems += find_problems(notebook, trials[notebook.name])
        for name, tried in trials[notebook.name].items():
            _print_exercise(notebook.exercises[name], tried, in_full=only is not None)
    print("\n".join(["", *problems]) if problems else "Every answer is graded as it should be.")
    return min(len(problems), 1)


def _print_exercise(exercise: Exercise, tried: ExerciseTrials, in_full: bool) -> None:
    assert exercise.check is not None
    known = know(exercise, tried)
    kind = "extra points" if exercise.check.extra else "points"
    print(
        f"\n{exercise.name} ({exercise.check.points:g} {kind}): {len(exercise.wrong)} wrong, {len(exercise.right)} right"
    )
    for cell, trial in zip(exercise.right, tried.right, strict=True):
        if not trial.passed:
            print(f"  {cell.place}: a right answer is rejected:\n{trial.message or trial.problem}")
    for cell, trial in zip(exercise.wrong, tried.wrong, strict=True):
        says = trial.name_mistake(known)
        verdict = "accepted" if trial.passed else "gets another message" if says != cell.says else ""
        if verdict or in_full:
            print(
                f"  {cell.place}: wrong, {trial.score:g} points{', ' + verdict.upper() if verdict else ''}: {cell.says}"
            )
        if in_full:
            print("    without the list of known mistakes a student reads:")
            print("\n".join("      " + line for line in trial.message.splitlines()))

"""`course try`: what each answer of a chapter gets from its check, for the author at work."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.authoring.build import stage_chapter
from autograder.authoring.cells import Exercise
from autograder.authoring.trials import ExerciseTrials, know
from autograder.errors import CourseError


def try_chapter(root: Path, chapter: str, only: str | None) -> int:
    """Print each answer's points and whether a wrong one gets its own message; returns 1 where something is amiss."""
    with tempfile.TemporaryDirectory() as folder:
        notebooks, trials = stage_chapter(root, chapter, Path(folder))
    exercises = {
        name: exercise for notebook in notebooks for name, exercise in notebook.exercises.items() if name in trials
    }
    if only and only not in exercises:
        raise CourseError(f"'{only}' is no checked exercise of {chapter}. Exercises: {', '.join(exercises)}.")
    amiss = 0
    for name, exercise in exercises.items():
        if only in (None, name):
            amiss += _print_exercise(exercise, trials[name], in_full=only is not None)
    print(f"{amiss} answers are not graded as they should be." if amiss else "Every answer is graded as it should be.")
    return min(amiss, 1)


def _print_exercise(exercise: Exercise, tried: ExerciseTrials, in_full: bool) -> int:
    assert exercise.check is not None
    known = know(exercise, tried)
    print(
        f"\n{exercise.name} ({exercise.check.points:g} points): {len(exercise.wrong)} wrong, {len(exercise.right)} right"
    )
    amiss = 0
    for cell, trial in zip(exercise.right, tried.right, strict=True):
        if not trial.passed:
            amiss += 1
            print(f"  {cell.place}: a right answer is rejected:\n{trial.message or trial.problem}")
    for cell, trial in zip(exercise.wrong, tried.wrong, strict=True):
        says = trial.name_mistake(known)
        verdict = "accepted" if trial.passed else "gets another message" if says != cell.says else ""
        amiss += bool(verdict)
        if verdict or in_full:
            print(
                f"  {cell.place}: wrong, {trial.score:g} points{', ' + verdict.upper() if verdict else ''}: {cell.says}"
            )
        if in_full:
            print("    without the list of known mistakes a student reads:")
            print("\n".join("      " + line for line in trial.message.splitlines()))
    return amiss

"""`course mutants`: does a check refuse what is one small step away from the solution?

Each changed solution (`steps`) is tried against the full check in a fork of the notebook's shell, as `trials` does with answers. One
that gets full marks shows that the check does not look at something, or changes nothing that the task asks for; the author lists the latter,
with the reason, in the answers file.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import Cell, Equivalent, Exercise, Notebook, name_change
from autograder.authoring.chapters import find_chapters, list_chapters
from autograder.authoring.forks import in_fork, in_forks
from autograder.authoring.parts import put_parts
from autograder.authoring.steps import Change, find_words, make_changes
from autograder.authoring.trials import go_on, make_shell
from autograder.authoring.varying import Drawing, find_drawing
from autograder.checks.check import Check, recording
from autograder.checks.variants import try_variant
from autograder.errors import CourseError

LEAST_SECONDS, MOST_SECONDS = 5, 20
"""Bounds of a changed solution's CPU seconds: ten times what the solution takes, within these."""

MOST_MEMORY = 4 << 30
"""Bytes that a changed solution may take beside what the notebook has."""


@dataclass
class ExerciseMutants:
    """What became of the changes of one exercise's solution. `stale` has messages about listed changes that are not accepted, or not made."""

    chapter: str
    notebook: str
    exercise: str
    made: int = 0
    refused: int = 0
    equivalent: int = 0
    accepted: list[tuple[str, Change]] = field(default_factory=list)
    """Each with the file and line of what was changed."""
    stale: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.accepted or self.stale)


def choose(root: Path, targets: Sequence[str]) -> list[tuple[str, Notebook, list[Exercise]]]:
    """The notebooks that `targets` name, each with its chapter and the exercises that are meant; all where there is no target.

    A target is a chapter, a notebook as CHAPTER/NOTEBOOK, or an exercise. Raises `CourseError` for one that is none of these.
    """
    chosen: dict[tuple[str, str], set[str]] = {}
    read = functools.cache(lambda chapter: read_chapter(root, chapter))
    for target in targets or list_chapters(root):
        found = dict(_find(root, target, read))
        if not found:
            raise CourseError(
                f"'{target}' isn't a chapter, a CHAPTER/NOTEBOOK, or an exercise of this course with a check."
            )
        for place, names in found.items():
            chosen.setdefault(place, set()).update(names)
    return [
        (chapter, notebook, [one for one in notebook.exercises.values() if one.name in chosen[chapter, notebook.name]])
        for chapter in list_chapters(root)
        if any(place[0] == chapter for place in chosen)
        for notebook in read(chapter)
        if chosen.get((chapter, notebook.name))
    ]


def _find(root: Path, target: str, read: Callable[[str], list[Notebook]]) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """By chapter and notebook, the checked exercises that one target names."""
    start, slash, part = target.partition("/")
    try:
        chapters, everything = find_chapters(root, start), True
    except CourseError:
        if slash or re.match(r"\d", target):
            raise
        chapters, everything = list_chapters(root), False
    for chapter in chapters:
        for notebook in read(chapter):
            checked = {one.name for one in notebook.exercises.values() if one.check}
            names = (checked if notebook.name.startswith(part) else set()) if everything else checked & {target}
            if names:
                yield (chapter, notebook.name), names


def try_changes(
    chosen: list[tuple[str, Notebook, list[Exercise]]],
    on_done: Callable[[int, int], None] | None = None,
    jobs: int | None = None,
) -> Iterator[ExerciseMutants]:
    """Try all changes of the chosen exercises' solutions, `jobs` at a time (one for each core by default).

    Raises `CourseError` when a cell of a notebook, or a solution, does not pass itself.
    """
    made = [{one.name: _make(notebook, one) for one in exercises} for _, notebook, exercises in chosen]
    total = sum(len(changes) for by_name in made for changes in by_name.values())
    done = 0
    for (chapter, notebook, exercises), changes in zip(chosen, made, strict=True):
        passed = in_fork(functools.partial(_try_notebook, notebook, changes, jobs), seconds=6 * 3600)
        for exercise in exercises:
            yield judge(chapter, notebook.name, exercise, changes[exercise.name], passed[exercise.name])
        done += sum(map(len, changes.values()))
        if on_done:
            on_done(done, total)


def _make(notebook: Notebook, exercise: Exercise) -> list[Change]:
    """The changes; strings may become those that are in quotes in the task, the answer's cell and the check."""
    above: list[str] = []
    for cell in notebook.cells[: notebook.cells.index(exercise.answer)]:
        above = [] if cell.kind == "code" and cell.tag == "check" else [*above, cell.source]
    task = [source[source.rfind("\n### ") + 1 :] for source in above[-1:]]
    check = exercise.check.source if exercise.check else ""
    try:
        return make_changes(exercise.answer.source, find_words([exercise.answer.source, *task, check]))
    except SyntaxError as error:
        raise CourseError(
            f"{exercise.answer.place}: exercise '{exercise.name}': the answer isn't valid Python: {error}"
        ) from error


def judge(
    chapter: str, notebook: str, exercise: Exercise, changes: list[Change], passed: list[bool]
) -> ExerciseMutants:
    """Compare which changes passed with what the author lists."""
    found = ExerciseMutants(chapter, notebook, exercise.name, len(changes))
    listed = {one.name: one for one in exercise.equivalents}
    used: set[str] = set()
    for change, accepted in zip(changes, passed, strict=True):
        exact, wide = listed.get(change.name), listed.get(name_change(change.before, "", 1))
        used.update(one.name for one in (exact, wide) if one)
        if not accepted:
            found.refused += 1
            if exact:
                found.stale.append(_say_stale(exact, exercise, "the check refuses"))
        elif exact or wide:
            found.equivalent += 1
        else:
            line = exercise.answer.line + change.line - 1
            found.accepted.append((f"{exercise.answer.file}:{line}", change))
    found.stale += [_say_stale(one, exercise, "no step is") for name, one in listed.items() if name not in used]
    return found


def _say_stale(entry: Equivalent, exercise: Exercise, why: str) -> str:
    return f"{entry.place}: exercise '{exercise.name}': {why} {entry.name}; take it off the list."


def _try_notebook(notebook: Notebook, changes: dict[str, list[Change]], jobs: int | None) -> dict[str, list[bool]]:
    os.environ["MPLBACKEND"] = "agg"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as spare, contextlib.chdir(folder):
        put_parts(notebook.path, Path(folder))
        names = [cell.exercise for cell in notebook.cells if cell.tag == "check" and cell.exercise in changes]
        found = in_forks(_walk(notebook, changes, spare), seconds=6 * 3600, jobs=jobs)
        return dict(zip(names, found, strict=True))


def _walk(notebook: Notebook, changes: dict[str, list[Change]], spare: str) -> Iterator[Callable[[], list[bool]]]:
    """Run the notebook's cells; where an exercise is checked, hand out what tries its changes."""
    run = make_shell()
    try_variant(0)
    left = set(changes)
    for cell in notebook.cells:
        exercise = notebook.exercises.get(cell.exercise)
        if not left:
            return
        if cell.kind != "code" or cell.tag == "exercise":
            continue
        if cell.tag == "check" and exercise:
            if cell.exercise in left:
                drawing = find_drawing(notebook, exercise)
                yield functools.partial(_try_exercise, run, exercise, changes[exercise.name], spare, drawing)
                left.remove(cell.exercise)
            go_on(run, exercise.answer)
        go_on(run, cell)


def _try_exercise(
    run: Callable[[str], str], exercise: Exercise, changes: list[Change], spare: str, drawing: Drawing | None
) -> list[bool]:
    """Whether each change earns full marks; where the exercise has variants, in any of them."""
    found = [False] * len(changes)
    for number in range(drawing.count if drawing else 1):
        cells = drawing.cells if drawing else []
        left = [place for place, passes in enumerate(found) if not passes]
        changed = in_fork(
            lambda: _try_variant(run, exercise, [changes[place] for place in left], spare, number, cells),  # noqa: B023
            seconds=6 * 3600,
        )
        for place, passes in zip(left, changed, strict=True):
            found[place] = passes
    return found


def _try_variant(
    run: Callable[[str], str], exercise: Exercise, changes: list[Change], spare: str, number: int, cells: list[Cell]
) -> list[bool]:
    """The same for one variant, whose numbers `cells` draw. Its seals are those that the solution gives."""
    assert exercise.check is not None
    check = exercise.check.source
    try_variant(number)
    for cell in cells:
        go_on(run, cell)
    passes, seconds, seals = in_fork(lambda: _passes(run, exercise.answer.source, check, spare, 600), seconds=3000)
    try_variant(number, seals)
    if not passes:
        raise CourseError(
            f"{exercise.answer.place}: exercise '{exercise.name}': the solution does not pass its own check; "
            "'course try' says why."
        )
    most = min(max(math.ceil(10 * seconds), LEAST_SECONDS), MOST_SECONDS)
    found = []
    for change in changes:
        try:
            found.append(in_fork(lambda c=change: _passes(run, c.source, check, spare, most)[0], seconds=15 * most))  # type: ignore[misc]
        except CourseError:  # it crashed, or took too long
            found.append(False)
    return found


class _Refused(BaseException):
    """An evaluation did not hold; the others need not be made."""


def _passes(
    run: Callable[[str], str], answer: str, check: str, spare: str, seconds: int
) -> tuple[bool, float, dict[str, str]]:
    """Whether an answer gets full marks, the CPU seconds that it took, and the seals of what it gave to sealed questions.

    Ends this process after `seconds` of these.
    """
    _limit(seconds)
    Check.__call__ = _stop_early(Check.__call__)  # type: ignore[method-assign]
    own = tempfile.mkdtemp(dir=spare)
    try:
        shutil.copytree(".", own, dirs_exist_ok=True)  # what one leaves in files, another must not find
        os.chdir(own)
        run(answer)
        with recording() as checks:
            problem = run(check)
    finally:
        shutil.rmtree(own, ignore_errors=True)
    good = not problem and len(checks) == 1 and checks[0].score == checks[0].points
    evaluations = checks[0].evaluations if good else []
    seals = {one.name: one.wanted_seal or "" for one in evaluations if one.sealed}
    return good, time.process_time(), seals


def _stop_early(evaluate: Callable[..., None]) -> Callable[..., None]:
    def stop(self: Check, *values: Any, **named: Any) -> None:
        evaluate(self, *values, **named)
        if self.evaluations[-1].problem:
            raise _Refused

    return stop


def _limit(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        with open("/proc/self/statm") as stream:
            taken = int(stream.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MOST_MEMORY, taken + MOST_MEMORY))
    except (OSError, ValueError):  # not Linux: the time ends it
        pass


def describe(found: list[ExerciseMutants]) -> str:
    """The table by chapter and notebook, then each accepted change as an item for the author's list, then what is stale."""
    places = list(dict.fromkeys((one.chapter, one.notebook) for one in found))
    width = max([len(f"{chapter}/{notebook}") for chapter, notebook in places] + [len("in all")])
    rows = [f"{'':{width}} {'made':>7} {'refused':>8} {'equivalent':>11} {'accepted':>9}"]
    sums = [[one for one in found if (one.chapter, one.notebook) == place] for place in places]
    for name, own in zip([*map("/".join, places), "in all"], [*sums, found], strict=True):
        made, refused, equivalent = (sum(getattr(one, key) for one in own) for key in ("made", "refused", "equivalent"))
        accepted = sum(len(one.accepted) for one in own)
        rows.append(f"{name:{width}} {made:7} {refused:8} {equivalent:11} {accepted:9}")
    for one in found:
        for place, change in one.accepted:
            rows.append(f"{place}: exercise '{one.exercise}': full marks for\n- {change.name}:")
    return "\n".join([*rows, *(line for one in found for line in one.stale)])

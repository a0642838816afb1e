"""Turn authored chapters into what instructors, students and CI open.

`notebooks/` (text) → `source/` (nbgrader's instructor version) → `release/` (by nbgrader's own
generate_assignment) and `solutions/` (executed). All of it is made in a temporary course first, looked through,
and only then put in place, so that a failed build changes nothing. The same input gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import MARKER, AuthorErrors, Cell, Notebook
from autograder.authoring.freshness import KINDS, digest_origin, find_key, note
from autograder.authoring.making import make_solution, make_source, renew_texts, write_notebook
from autograder.authoring.parts import write_parts
from autograder.authoring.placing import find_differences, put_in_place
from autograder.authoring.promises import find_dependence
from autograder.authoring.trials import ExerciseTrials, know, make_history, try_notebooks
from autograder.authoring.varying import collect_all_mistakes, find_variant_problems, write_seals
from autograder.checks.judging import write_cells
from autograder.checks.mistakes import Fingerprint, digest_stub, write_mistakes
from autograder.engine.planning.plan import RULE
from autograder.errors import CourseError
from autograder.formats import CELLS, EXTRA, MISTAKES, PARTS, RESULT, VARIANTS
from autograder.grading.commands import run_nbgrader


def build(root: Path, chapters: list[str], tell: Callable[[str], None]) -> list[str]:
    """Build `chapters` of the course at `root`, and note that they are fresh; returns the paths, relative to it, that changed.

    Raises `AuthorErrors` for mistakes in the authored text and `CourseError` for all else that stops a build.
    """
    changed = []
    for chapter in chapters:
        origin = digest_origin(root, chapter)
        with tempfile.TemporaryDirectory() as folder:
            stage = Path(folder)
            tell(f"{chapter}: source and release")
            notebooks, _ = stage_chapter(root, chapter, stage)
            for notebook in notebooks:
                tell(f"{chapter}: executing {notebook.name}")
                execute_solution(stage, chapter, notebook)
            for kind in ("source", "release", "solutions"):
                changed += put_in_place(stage / kind / chapter, root / kind / chapter, root)
            note(root, chapter, origin)
    return changed


def check(root: Path, chapters: list[str], tell: Callable[[str], None]) -> list[str]:
    """The generated files, relative to `root`, that a build would change.

    Solutions are compared by their cells, not executed: nbval says whether their outputs are still the same.
    """
    stale = []
    for chapter in chapters:
        tell(f"{chapter}: comparing")
        with tempfile.TemporaryDirectory() as folder:
            stage = Path(folder)
            notebooks, _ = stage_chapter(root, chapter, stage)
            for kind in ("source", "release"):
                stale += [path for path, _ in find_differences(stage / kind / chapter, root / kind / chapter, root)]
            stale += list(_stale_solutions(root, stage, chapter, notebooks))
    return sorted(stale)


def stage_chapter(root: Path, chapter: str, stage: Path) -> tuple[list[Notebook], dict[str, ExerciseTrials]]:
    """Write the chapter's source and release, with its known mistakes, below `stage`, and look them through.

    Returns the notebooks and the trials of their exercises, by name.
    """
    notebooks, trials = try_staged(root, chapter, stage)
    for notebook in notebooks:
        notebook.promises = {name: one.solution.promise for name, one in trials[notebook.name].items()}
        for kind in ("source", "release"):
            renew_texts(notebook, stage / kind / chapter / f"{notebook.name}.ipynb")
    problems = [line for notebook in notebooks for line in find_problems(notebook, trials[notebook.name])]
    problems += [line for notebook in notebooks for line in find_leaks(notebook, stage / "release" / chapter, root)]
    if problems:
        raise AuthorErrors(problems)
    checks = [one.check for notebook in notebooks for one in notebook.exercises.values() if one.check]
    extra = [check.exercise for check in checks if check.extra]
    text = write_mistakes(_collect_mistakes(notebooks, trials), _collect_stubs(trials), extra)
    for kind in ("source", "release"):  # where nbgrader copies it as well
        (stage / kind / chapter / MISTAKES).write_text(text, encoding="utf-8")
        if any(RULE.search(check.source) for check in checks):
            (stage / kind / chapter / CELLS).write_text(_write_cells(notebooks), encoding="utf-8")
    every = {name: tried for found in trials.values() for name, tried in found.items()}
    for kind in KINDS:
        if text := write_seals(every, "" if kind == "solutions" else find_key(root)):  # solutions show variant 0
            (stage / kind / chapter).mkdir(parents=True, exist_ok=True)
            (stage / kind / chapter / VARIANTS).write_text(text, encoding="utf-8")
    return notebooks, every


def try_staged(
    root: Path, chapter: str, stage: Path, only: str | None = None
) -> tuple[list[Notebook], dict[str, dict[str, ExerciseTrials]]]:
    """Stage the chapter's source and release, and try its answers; of the exercise `only`, where that is given, in its notebook alone.

    Returns the notebooks, and the trials by notebook and exercise.
    """
    notebooks = read_chapter(root, chapter)
    if not notebooks:
        raise CourseError(f"notebooks/{chapter} has no notebook (*.md).")
    if only is not None:
        checked = [name for notebook in notebooks for name, one in notebook.exercises.items() if one.check]
        if only not in checked:
            raise CourseError(f"'{only}' isn't an exercise of {chapter} with a check. Exercises: {', '.join(checked)}.")
        notebooks = [notebook for notebook in notebooks if only in notebook.exercises]
    for notebook in notebooks:
        write_notebook(make_source(notebook), stage / "source" / chapter / f"{notebook.name}.ipynb")
    _copy_extra_files(root / "notebooks" / chapter, stage / "source" / chapter)
    if parts := write_parts(root, chapter):
        (stage / "source" / chapter / PARTS).write_text(parts, encoding="utf-8")
    generate_release(root, stage, chapter)
    return notebooks, _try(notebooks, stage / "release" / chapter, only)


def _write_cells(notebooks: list[Notebook]) -> str:
    """The text of the file that tells checks with a rule whose cells are whose."""
    histories = [make_history(notebook) for notebook in notebooks]
    authored = [cell.source for history in histories for cell in history.cells if cell.authored]
    return write_cells(authored, {name: bound for history in histories for name, bound in history.answers.items()})


def _copy_extra_files(authored: Path, source: Path) -> None:
    for path in sorted(authored.rglob("*")):
        if path.is_file() and path.suffix != ".md" and not path.name.startswith("."):
            target = source / path.relative_to(authored)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


# --- release -------------------------------------------------------------------------------------


def generate_release(root: Path, stage: Path, chapter: str) -> None:
    """Let nbgrader make the release of a staged chapter, under the course's own configuration."""
    shutil.copyfile(root / "nbgrader_config.py", stage / "nbgrader_config.py")
    run_nbgrader(stage, "generate_assignment", chapter, "--force")


def find_leaks(notebook: Notebook, release: Path, root: Path) -> Iterator[str]:
    """A line for each solution, hidden test or mark scheme that the release still holds.

    The release may have a line of a region as often as the source has it outside all regions.
    """
    path = release / f"{notebook.name}.ipynb"
    released = Counter(_lines_in(json.loads(path.read_text(encoding="utf-8"))))
    open_text = Counter(line for cell in notebook.cells for line in _split_regions(cell)[0])
    secrets = [(cell, _split_regions(cell)[1]) for cell in notebook.cells]
    secrets += [(cell, cell.source.splitlines()) for cell in notebook.answers]
    for cell, secret in secrets:
        for line in secret:
            stripped = line.strip()
            if len(stripped) > 3 and released[stripped] > open_text[stripped]:
                owner = f"exercise '{cell.exercise}': " if cell.exercise else ""
                yield f"{cell.place}: {owner}'{stripped}' must be hidden, and the release shows it."
    if MARKER.search("\n".join(released)):
        label = notebook.path.relative_to(root).as_posix()
        yield f"{label}:1: the release still holds a marker of a solution, hidden tests or a mark scheme."


def _split_regions(cell: Cell) -> tuple[list[str], list[str]]:
    """The cell's lines outside and inside its regions, stripped."""
    if cell.tag == "explain":
        return [], [line.strip() for line in cell.source.splitlines() if not MARKER.match(line)]
    outside: list[str] = []
    inside: list[str] = []
    lines = outside
    for line in cell.source.splitlines():
        if match := MARKER.match(line):
            lines = inside if match.group(1).upper() == "BEGIN" else outside
        else:
            lines.append(line.strip())
    return outside, inside


def _lines_in(value: Any) -> Iterator[str]:
    """Every line of every text anywhere in a notebook's JSON, keys and metadata included."""
    if isinstance(value, str):
        yield from (line.strip() for line in value.splitlines())
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _lines_in(key)
            yield from _lines_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _lines_in(item)


# --- trials: solutions that pass, mistakes that are known ---------------------------------------------


def _try(notebooks: list[Notebook], release: Path, only: str | None) -> dict[str, dict[str, ExerciseTrials]]:
    """The trials of each notebook's exercises, or of one, against what the release holds in place of answers and checks."""
    prepared = []
    for notebook in notebooks:
        released = nbformat.read(release / f"{notebook.name}.ipynb", as_version=4)
        sources = {
            cell.metadata.nbgrader.grade_id: cell.source for cell in released.cells if "nbgrader" in cell.metadata
        }
        checked = [one.name for one in notebook.exercises.values() if one.check and only in (None, one.name)]
        stubs = {name: sources[name] for name in checked}
        prepared.append((notebook, stubs, {name: sources[f"{name}-check"] for name in checked}))
    try:
        found = try_notebooks(prepared)
    except CourseError as error:
        raise AuthorErrors([str(error)]) from error
    return {notebook.name: tried for notebook, tried in zip(notebooks, found, strict=True)}


def find_problems(notebook: Notebook, trials: dict[str, ExerciseTrials]) -> Iterator[str]:
    """What is wrong with the checks and answers of `notebook`, by their trials: a line for each, with its place."""
    for name, tried in trials.items():
        exercise = notebook.exercises[name]
        assert exercise.check is not None
        here = f"{exercise.check.place}: exercise '{name}':"
        if tried.solution.problem:
            yield f"{here} the check cell failed: {tried.solution.problem}"
            continue
        if tried.solution.points != exercise.check.points:
            attribute = EXTRA if exercise.check.extra else "points"
            yield f"{here} {attribute}={exercise.check.points:g} on the cell, {tried.solution.points:g} in Check(...): make them equal."
        for expression, wanted in tried.solution.seals:
            yield f'{here} the solution gives "{expression}" a value whose seal is sealed("{wanted}").'
        for expression, value in tried.solution.near_edges:
            yield f'{here} "{expression}" gives {value!r}, which is too close to where rounding changes: seal it with a different digits=, or ask for a different number.'
        if not tried.solution.passed and not tried.solution.seals:
            yield f"{here} the solution fails its own check:\n{tried.solution.message}"
        elif not tried.release.passed and not tried.solution.seals:
            yield f"{here} the solution cannot pass the released check, without the hidden tests:\n{tried.release.message or tried.release.problem}"
        if tried.empty.score or tried.empty.problem:
            yield f"{here} the released stub gets {tried.empty.score:g} points; it must get 0. {tried.empty.problem}".rstrip()
        if tried.solution.exercise != name:
            yield f'{here} its check is Check("{tried.solution.exercise}"): points and messages are stored under that name.'
        yield from (f"{here} {misuse}" for misuse in tried.solution.misuse)
        if names := find_dependence(exercise.answer.source, exercise.check.source):
            yield f"{here} gives=... uses {', '.join(names)}, which the student writes: compute the expected value from the course's own code."
        yield from find_variant_problems(exercise, tried)
        known = know(exercise, tried)
        for cell, trial in zip(exercise.wrong, tried.wrong, strict=True):
            if trial.problem:
                yield f"{cell.place}: exercise '{name}': the wrong answer {trial.problem}"
            elif trial.passed and tried.solution.passed:
                yield f"{cell.place}: exercise '{name}': the wrong answer earns all points."
            elif not trial.passed and (says := trial.name_mistake(known)) != cell.says:
                yield f"{cell.place}: exercise '{name}': its results are the same as another wrong answer's, so a student reads \"{says}\": add an input on which they differ, or give both the same says=."
        for cell, trial in zip(exercise.right, tried.right, strict=True):
            if not trial.passed and tried.solution.passed:
                yield f"{cell.place}: exercise '{name}': the right answer is rejected:\n{trial.problem or trial.message}"


def _collect_mistakes(
    notebooks: list[Notebook], trials: dict[str, dict[str, ExerciseTrials]]
) -> dict[str, list[tuple[str, list[Fingerprint]]]]:
    found = {}
    for notebook in notebooks:
        for name, tried in trials[notebook.name].items():
            answers = zip(notebook.exercises[name].wrong, tried.wrong, strict=True)
            found[name] = [(cell.says, trial.known) for cell, trial in answers]
            found |= collect_all_mistakes(notebook.exercises[name], tried)
    return found


def _collect_stubs(trials: dict[str, dict[str, ExerciseTrials]]) -> dict[str, str]:
    """The digests of the answers as they are handed out, by which a check in a notebook tells that one wasn't changed."""
    return {name: digest_stub(one.empty.answer) for found in trials.values() for name, one in found.items()}


# --- solutions -----------------------------------------------------------------------------------


def execute_solution(stage: Path, chapter: str, notebook: Notebook) -> None:
    """Execute the source in a fresh kernel, in a folder that isn't a student's copy, and write it, without markers, to `solutions/` below `stage`."""
    solution = make_solution(notebook)
    with tempfile.TemporaryDirectory() as scratch:
        source, left = stage / "source" / chapter, shutil.ignore_patterns(MISTAKES)
        shutil.copytree(source, scratch, dirs_exist_ok=True, ignore=left)
        if (seals := stage / "solutions" / chapter / VARIANTS).exists():
            shutil.copyfile(seals, Path(scratch, VARIANTS))
        client = NotebookClient(
            solution,
            store_widget_state=False,
            timeout=120,
            kernel_name="python3",
            coalesce_streams=True,
            extra_arguments=["--HistoryManager.hist_file=:memory:", "--log-level=40"],
            resources={"metadata": {"path": scratch}},
        )
        try:
            client.execute()
        except CellExecutionError as error:
            raise CourseError(
                f"{'/'.join(notebook.path.parts[-3:])}: a cell of the solution stops with {error.ename}: {error.evalue}"
            ) from error
    for cell in solution.cells:
        cell.metadata.pop("execution", None)
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            data.pop("application/vnd.jupyter.widget-view+json", None)
            data.get(RESULT, {}).pop("answers", None)  # nbval runs cells without a history, so its checks know none
    solution.metadata["language_info"] = {"name": "python"}
    write_notebook(solution, stage / "solutions" / chapter / f"{notebook.name}.ipynb")


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _stale_solutions(root: Path, stage: Path, chapter: str, notebooks: list[Notebook]) -> Iterator[str]:
    folder = root / "solutions" / chapter
    for notebook in notebooks:
        path = folder / f"{notebook.name}.ipynb"
        wanted = [(cell.cell_type, cell.source) for cell in make_solution(notebook).cells]
        try:
            found = [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]
        except (OSError, ValueError):
            found = []
        if found != wanted:
            yield path.relative_to(root).as_posix()
    seals = stage / "solutions" / chapter / VARIANTS
    if _read(seals) != _read(folder / VARIANTS):
        yield (folder / VARIANTS).relative_to(root).as_posix()
    known = {notebook.name for notebook in notebooks}
    yield from (path.relative_to(root).as_posix() for path in folder.glob("*.ipynb") if path.stem not in known)

"""Execute rebuilt notebooks by plan, and make the plans: the way into the engine for the rest of the program."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

from autograder.engine.jobs import Output, Step
from autograder.engine.kernels import UNSTARTED, find_kernel
from autograder.engine.planning.mutants import judge_alike, looks_at_state
from autograder.engine.planning.plan import Placed, Plan, Reference, get_role
from autograder.engine.runner import Engine
from autograder.engine.scores import get_points, score_outputs
from autograder.engine.sides import AUTHORS_CELL
from autograder.errors import CourseError

MAX_TEXT, MAX_LINES = 20_000, 1_000
"""Characters and lines kept of what a cell prints."""

MAX_SECONDS_OF_VARIANTS = 120
"""Time for trying variants of a notebook's solutions, once for each version of its source."""

MAX_SHOWN = 10_000_000
"""Characters kept of all that a student's cells show in a notebook."""


NOTED = 2
"""Counts changes of what a reference run notes (`Reference`): one that is kept from before has less."""

NONSENSE = ")"
"""What no language takes."""


def execute(
    engine: Engine, plan: Plan, notebook: Any, folder: Path, files: dict[str, Path], seconds: float, student: str = ""
) -> None:
    """Run the code cells of `notebook`, which is a `student`'s, and put their outputs in place.

    `folder` holds what the author ships with the notebook, `files` what the student's cells find: name → path. A cell may take
    `seconds`. An error stops its cell only. Raises `CourseError` when the engine is ended again and again,
    and when a cell of the author's stops where no student reaches it.
    """
    laid = plan.lay_out(notebook, seconds)
    steps = [placed.step for placed in laid if placed.step]
    shown = engine.run(plan.make_job(steps, plan.reference, folder, files, seconds, student))
    for placed, one in zip([placed for placed in laid if placed.step], shown, strict=True):
        _look_at_authors(plan, placed, one.outputs)
    ran = iter(shown)
    left = MAX_SHOWN
    for number, placed in enumerate(laid, start=1):
        outputs = [_cut(output) for output in (next(ran).outputs if placed.step else placed.outputs) or []]
        if get_role(placed.cell) != "check":  # whose outputs are its score
            size = len(json.dumps(outputs))
            outputs = outputs if size <= left else [_leave_out(output) for output in outputs]
            left -= size if size <= left else 0
        placed.cell.execution_count = number
        placed.cell.outputs = [nbformat.from_dict(output) for output in outputs]


def _look_at_authors(plan: Plan, placed: Placed, outputs: list[Output]) -> None:
    """Raises `CourseError` where the examiner's side of a cell of the author's stops that did not in the reference run."""
    step, place, known = placed.step, placed.place, plan.reference.outputs
    if step and step.side == "both" and step.authored in (None, step.source) and place is not None and known:
        errors = [output for output in outputs if output["output_type"] == "error"]
        if errors and not any(output["output_type"] == "error" for output in known[place]):
            raise CourseError(AUTHORS_CELL.format(f"{errors[0]['ename']}: {errors[0]['evalue']}"[:300].rstrip(".")))


def _cut(output: Output) -> Output:
    """What a cell printed, up to a number of lines and characters."""
    text = output.get("text", "")
    kept = "\n".join(text[:MAX_TEXT].split("\n")[:MAX_LINES])
    if len(kept) == len(text):
        return output
    return {**output, "text": f"{kept}\n… and {len(text) - len(kept):,} more characters, not kept."}


def _leave_out(output: Output) -> Output:
    """What stays of an output where a notebook shows too much: that there was one, and an error's name."""
    if output["output_type"] == "error":
        return {
            "output_type": "error",
            "ename": output["ename"][:100],
            "evalue": output["evalue"][:300],
            "traceback": [],
        }
    return {
        "output_type": "stream",
        "name": "stdout",
        "text": "… an output that is not kept: this notebook shows too much.\n",
    }


def make_plan(
    engine: Engine, source: Any, folder: Path, files: dict[str, Path], seconds: float, cache: Path | None
) -> Plan:
    """The plan for a source notebook, with its reference run; that is taken from the file `cache` where it is of this source."""
    plan = Plan(source)
    key = f"{NOTED} {plan.key()} {_digest(files)}"
    plan.reference = _load(cache, key) or _run_reference(engine, plan, folder, files, seconds)
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_suffix(".new")
        fresh.write_text(json.dumps({"key": key, **asdict(plan.reference)}, default=sorted), encoding="utf-8")
        fresh.replace(cache)
    return plan


def _run_reference(engine: Engine, plan: Plan, folder: Path, files: dict[str, Path], seconds: float) -> Reference:
    """Run the author's own solutions, in two processes; where the checks do not hold then, in one. In a kernel it is always one.

    So it is where checks judge variants of the solutions otherwise. A last run leaves out what the plan takes as settled, the cells that
    nothing of a student's reaches. Where that costs the author a mark, no cell is.
    """

    def run(reference: Reference) -> tuple[Reference, float]:
        """What running all cells showed, and the points that the author lost."""
        plan.reference = reference
        laid = plan.lay_out(nbformat.NotebookNode(cells=plan.cells))
        known = dict(zip(map(id, plan.cells), plan.names, strict=True))
        steps = [replace(one.step, facts=sorted(known[id(one.cell)].incoming)) for one in laid if one.step]
        ran = engine.run(plan.make_job(steps, reference, folder, files, seconds))
        cells = [one.cell for one in laid if one.step]
        points = [(get_points(cell) or 1.0) if get_role(cell) == "check" else 0.0 for cell in cells]
        lost = sum(most - score_outputs(one.outputs, most) for one, most in zip(ran, points, strict=True) if most)
        judged = frozenset(text for one in ran for text in one.facts.get("judged", []))
        facts = [one.facts for one in ran]
        rests = {str(at): one.pop("rests") for at, one in enumerate(facts) if "rests" in one}
        return Reference(reference.split, [one.outputs for one in ran], facts, judged, rests), lost

    if plan.kernel:
        kernel = find_kernel(plan.kernel, plan.language)
        return _try_kernel(engine, plan, Reference(split=False, kernel=kernel), folder, files, seconds)
    found, lost = run(Reference(split=True))
    if lost:
        joined, lost_in_one = run(Reference(split=False))
        if lost_in_one < lost:
            found, lost = joined, lost_in_one
    if found.split and not _judges_alike(engine, plan, found, folder, files, seconds):
        found, lost = run(Reference(split=False))
    _, lost_when_settled = run(found)
    return found if lost_when_settled <= lost else replace(found, outputs=[], facts=[])


def _try_kernel(
    engine: Engine, plan: Plan, reference: Reference, folder: Path, files: dict[str, Path], seconds: float
) -> Reference:
    """Run the author's notebook, and one cell that is wrong in any language, to see how the kernel tells of errors.

    Raises `CourseError` where the kernel cannot be started, or tells of none.
    """
    plan.reference = reference
    laid = plan.lay_out(nbformat.NotebookNode(cells=plan.cells))
    steps = [one.step for one in laid if one.step]
    steps.append(Step(NONSENSE, "student", len(steps) + 1))
    ran = engine.run(plan.make_job(steps, reference, folder, files, seconds))
    if problems := [error["evalue"] for one in ran for error in one.outputs if error.get("ename") == UNSTARTED]:
        raise CourseError(
            f"{problems[0]}. A kernel installed for all users can be seen behind the walls; one in a home folder can't."
        )
    passed = score_outputs(ran[-1].outputs, 1.0) > 0
    if passed and not any(output.get("name") == "stderr" for output in ran[-1].outputs):
        raise CourseError(
            f"The kernel '{reference.kernel}' doesn't tell nbgrader of errors: a cell with nothing but “{NONSENSE}” counts as one that "
            "went well, and so would every check, whatever the answer. Install another kernel for the language, and make the notebook "
            "with it."
        )
    return replace(reference, outputs=[one.outputs for one in ran[:-1]], by_stderr=passed)


def _judges_alike(
    engine: Engine, plan: Plan, reference: Reference, folder: Path, files: dict[str, Path], seconds: float
) -> bool:
    """Whether checks that use the student's objects say in two processes what they say in one, of variants of the solutions too."""
    sharing = [place for place, needs in plan.needs.items() if needs or plan.imports[place]]
    if any(looks_at_state(plan.cells[place].source) for place in plan.needs) or plan.runs_text():
        return False
    if not sharing:
        return True
    imports = any(not plan.needs[place] for place in sharing)

    def judge(cells: list[Any], split: bool) -> list[float]:
        plan.reference = replace(reference, split=split, outputs=[], facts=[])
        laid = plan.lay_out(nbformat.NotebookNode(cells=cells))
        steps = [placed.step for placed in laid if placed.step]
        ran = engine.run(plan.make_job(steps, reference, folder, files, seconds))
        return [score_outputs(ran[place].outputs, 1.0) for place in sharing]

    last = max(sharing)
    bound = [sorted(names.bound - set(names.imports)) for names in plan.names]
    end = time.monotonic() + MAX_SECONDS_OF_VARIANTS
    return judge_alike(plan.cells[: last + 1], plan.roles, bound, judge, end, imports)


def _load(cache: Path | None, key: str) -> Reference | None:
    try:
        stored = json.loads(cache.read_text(encoding="utf-8")) if cache else {}
        if stored.pop("key") == key:
            return Reference(**{**stored, "judged": frozenset(stored["judged"])})
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _digest(files: dict[str, Path]) -> str:
    """A digest of the versions at work and of the files that come with a notebook."""
    digest = hashlib.sha256(" ".join(metadata.version(name) for name in ("autograded", "torch", "matplotlib")).encode())
    for name, path in sorted(files.items()):
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

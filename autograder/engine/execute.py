"""Execute rebuilt notebooks by plan, and make the plans: the way into the engine for the rest of the program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

from autograder.engine.plan import Plan, Reference
from autograder.engine.runner import Engine, Job, Output
from autograder.marks import score_outputs

MAX_TEXT, MAX_LINES = 20_000, 1_000
"""Characters and lines kept of what a cell prints."""


def execute(engine: Engine, plan: Plan, notebook: Any, folder: Path, files: dict[str, Path], seconds: float) -> None:
    """Run the code cells of `notebook` and put their outputs in place.

    `folder` holds what the author ships with the notebook, `files` what the student's cells find: name → path. A cell may take
    `seconds`. An error stops its cell only. Raises `CourseError` when the engine is ended again and again.
    """
    laid = plan.lay_out(notebook)
    steps = [placed.step for placed in laid if placed.step]
    ran = iter(engine.run(Job(steps, plan.answers, folder, files, seconds)))
    for number, placed in enumerate(laid, start=1):
        outputs = next(ran).outputs if placed.step else placed.outputs
        placed.cell.execution_count = number
        placed.cell.outputs = [nbformat.from_dict(_cut(output)) for output in outputs or []]


def _cut(output: Output) -> Output:
    """What a cell printed, up to a number of lines and characters."""
    text = output.get("text", "")
    kept = "\n".join(text[:MAX_TEXT].split("\n")[:MAX_LINES])
    if len(kept) == len(text):
        return output
    return {**output, "text": f"{kept}\n… and {len(text) - len(kept):,} more characters, not kept."}


def make_plan(
    engine: Engine, source: Any, folder: Path, files: dict[str, Path], seconds: float, cache: Path | None
) -> Plan:
    """The plan for a source notebook, with its reference run; that is taken from the file `cache` where it is of this source."""
    plan = Plan(source)
    key = f"{plan.key()} {_digest(files)}"
    plan.reference = _load(cache, key) or _run_reference(engine, plan, folder, files, seconds)
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_suffix(".new")
        fresh.write_text(json.dumps({"key": key, **asdict(plan.reference)}), encoding="utf-8")
        fresh.replace(cache)
    return plan


def _run_reference(engine: Engine, plan: Plan, folder: Path, files: dict[str, Path], seconds: float) -> Reference:
    """Run the author's own solutions, in two processes; where the checks do not hold then, in one."""
    found = {}
    for split in (True, False):
        plan.reference = Reference(split)
        steps = [
            replace(placed.step, facts=sorted(names.incoming))
            for placed, names in zip(plan.lay_out(nbformat.v4.new_notebook(cells=plan.cells)), plan.names, strict=True)
            if placed.step
        ]
        ran = engine.run(Job(steps, plan.answers, folder, files, seconds))
        found[split] = Reference(split, [one.outputs for one in ran], [one.facts for one in ran])
        lost = sum(
            points - score_outputs(one.outputs, points)
            for cell, role, one in zip(plan.cells, plan.roles, ran, strict=True)
            if role == "check"
            for points in [float(cell.metadata["nbgrader"]["points"])]
        )
        if not lost or not split:
            break
        lost_in_two = lost
    return found[True] if split or lost >= lost_in_two else found[False]


def _load(cache: Path | None, key: str) -> Reference | None:
    try:
        stored = json.loads(cache.read_text(encoding="utf-8")) if cache else {}
        return Reference(stored["split"], stored["outputs"], stored["facts"]) if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(files: dict[str, Path]) -> str:
    """A digest of the versions at work and of the files that come with a notebook."""
    digest = hashlib.sha256(" ".join(metadata.version(name) for name in ("autograder", "torch", "matplotlib")).encode())
    for name, path in sorted(files.items()):
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

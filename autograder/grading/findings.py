"""What a graded notebook shows beyond marks: results of checks, and what cells stopped with.

Outputs may come from a student's process, and whatever has a check's MIME type may be forged. So all of it is examined here
before anybody counts on it, and what isn't a result is left out with a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograder.formats import RESULT
from autograder.grading.submissions import get_id

Findings = dict[str, dict[str, Any]]
"""What the cells of a notebook showed, by id and in order: the `result` of a check, and what a cell `stopped` with, a name and words."""

MAX_VARIANTS = 64

MAX_MISTAKES, MAX_WORD, MAX_WORDS = 20, 200, 2_000
"""Mistakes kept of a check, and characters of a name and of a message."""


def read_findings(notebook: Any) -> tuple[Findings, list[str]]:
    """What a graded notebook's cells show, and notes on what can't have come from one of our checks."""
    findings: Findings = {}
    notes = []
    for cell in notebook.cells:
        if not (name := get_id(cell)):
            continue
        outputs = [output for output in _items(cell.get("outputs")) if isinstance(output, Mapping)]
        error = next((output for output in outputs if output.get("output_type") == "error"), None)
        data = [output["data"] for output in outputs if isinstance(output.get("data"), Mapping)]
        told = [one[RESULT] for one in data if RESULT in one]
        if told and _read_result(told[0]) is None:
            notes.append(f"What the cell '{name}' shows as the result of a check isn't one, and was left out.")
        stopped = [error.get("ename"), error.get("evalue")] if error else None
        findings[name] = _read_one({"result": told[0] if told else None, "stopped": stopped})
    return findings, notes


def keep_findings(stored: Any) -> Findings:
    """The valid part of stored findings."""
    found = stored.items() if isinstance(stored, Mapping) else ()
    return {name: _read_one(one) for name, one in found if isinstance(one, Mapping)}


def _read_one(found: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"result": _read_result(found.get("result")), "stopped": _read_stop(found.get("stopped"))}
    return {key: value for key, value in kept.items() if value is not None}


def _read_result(told: Any) -> dict[str, Any] | None:
    """A check's result, `None` if it isn't one: whether there was anything to check, and the mistakes that it names."""
    if not isinstance(told, Mapping) or type(told.get("attempted")) is not bool:
        return None
    mistakes = told.get("mistakes")
    if not isinstance(mistakes, (list, tuple)) or not all(
        isinstance(one, Mapping) and isinstance(one.get("says"), str) for one in mistakes
    ):
        return None
    says = [{"says": _clip(one["says"], MAX_WORDS)} for one in mistakes[:MAX_MISTAKES]]
    return {"attempted": told["attempted"], "mistakes": says, **_read_variant(told.get("variant"))}


def _read_variant(told: Any) -> dict[str, list[int]]:
    """The number of the student's variant, and those of the variants to which the answer would be right."""
    numbers = told if isinstance(told, (list, tuple)) else ()
    valid = 2 <= len(numbers) <= MAX_VARIANTS and all(type(one) is int and 0 <= one < MAX_VARIANTS for one in numbers)
    return {"variant": list(numbers)} if valid else {}


def tell_other_variants(findings: Findings) -> list[str]:
    """A note for each answer that would be right with the numbers of another variant: a question, since it may be chance."""
    notes = []
    for name, found in findings.items():
        own, *others = found.get("result", {}).get("variant", [0])
        if 0 in others:
            notes.append(
                f"'{name.removesuffix('-check')}' is right for variant 0, not for this student's, {own}: those are the numbers of a copy "
                "without an id. Did the student work in such a copy?"
            )
        elif others:
            which = f"variant{'s' * (len(others) > 1)} {' and '.join(map(str, others[:3]))}"
            notes.append(
                f"'{name.removesuffix('-check')}' is right for {which}, not for this student's, {own}. "
                "Is it chance, an id that was mistyped, or somebody else's answer?"
            )
    return notes


def _read_stop(told: Any) -> list[str] | None:
    if not isinstance(told, (list, tuple)) or len(told) != 2:
        return None
    name, says = (one if isinstance(one, str) else "" for one in told)
    return [_clip(name, MAX_WORD) or "Error", _clip(says, 300)]


def _items(found: Any) -> Iterable[Any]:
    return found if isinstance(found, (list, tuple)) else ()


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"

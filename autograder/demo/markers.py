"""Two people who mark the sample's written answers through the desk of `course mark`: by a rubric, some answers both, neither seeing what the other gave."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.marking.desk import Desk
from autograder.marking.questions import Question

MARKERS = {"Emmy": 0.1, "Kurt": -0.1}
"""Who marks, and how often somebody ticks an item that an answer lacks, or, below 0, doesn't tick one that it has."""

BOTH, SETTLED = 0.3, 0.75
"""How many answers both mark, and how many disagreements they settle."""

COMMENTS = ("", "", "Well put.", "Yes, and why?", "Say which numbers you mean.", "That's half of it.")


def give_marks(course: Path, chapter: str, chance: random.Random) -> str:
    """Mark the written answers that wait for it, and return a line on who marked how many and how far they agree, "" where nothing waited."""
    marked, compared, agreed = 0, 0, 0.0
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        desks = [Desk(course, chapter, gradebook.engine, name, anonymous=False, independent=True) for name in MARKERS]
        for question in desks[0].questions:
            marked += _mark(desks, question, chance)
            for pair in desks[0].refresh(question)["agreement"]:
                compared += pair["count"]
                agreed += pair["count"] * pair["percent"] / 100
    if not marked:
        return ""
    both = f"; {compared} of them by both, with the same points for {agreed / compared:.0%}" if compared else ""
    return f"{marked} written answers, by {' and '.join(MARKERS)}{both}"


def _mark(desks: list[Desk], question: Question, chance: random.Random) -> int:
    """One question; returns how many answers got a mark."""
    first, shown = desks[0], desks[0].load(question)
    waiting = {one["key"]: one["html"] for one in shown["answers"] if one["status"] == "waiting"}
    if not waiting:
        return 0
    items = list((shown["proposed"] or {"items": ()})["items"]) or _split(question.points)
    rubric = {"start": 0.0, "items": items}
    first.save_rubric(question, {"rubric": rubric, "revision": shown["rubric"]["revision"]})
    deserved = {text: [one["id"] for one in items if chance.random() < 0.6] for text in dict.fromkeys(waiting.values())}
    states = [{one["key"]: one for one in desk.load(question)["answers"]} for desk in desks]
    for key, text in waiting.items():
        both, one = chance.random() < BOTH, chance.randrange(len(desks))
        for place, (desk, (name, leaning)) in enumerate(zip(desks, MARKERS.items(), strict=True)):
            if both or place == one:
                ticked = [item["id"] for item in items if _ticks(item["id"] in deserved[text], leaning, chance)]
                comment = chance.choice(COMMENTS) and f"{chance.choice(COMMENTS[2:])} ({name})"
                last = _save(desk, question, states[place][key], {"items": ticked, "adjust": 0, "comment": comment})
        if last["status"] == "disputed" and chance.random() < SETTLED:
            desks[-1].save_mark(question, {**chance.choice(last["marks"]), **_name(last), "settles": True})
    return len(waiting)


def _split(points: float) -> list[dict[str, Any]]:
    """Items for a question whose mark scheme has none."""
    return [
        {"id": "result", "text": "says what happens", "points": points / 2},
        {"id": "reason", "text": "says why", "points": points / 2},
    ]


def _ticks(has: bool, leaning: float, chance: random.Random) -> bool:
    return has != (chance.random() < abs(leaning) and has == (leaning < 0))


def _save(desk: Desk, question: Question, state: Mapping[str, Any], mark: Mapping[str, Any]) -> dict[str, Any]:
    return desk.save_mark(question, {**mark, **_name(state), "given": True})


def _name(state: Mapping[str, Any]) -> dict[str, Any]:
    """What the page sends of an answer, so that a mark goes to what its marker saw."""
    return {"key": state["key"], "revision": state["revision"]}

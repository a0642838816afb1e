"""Which of a student's attempts counts, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from autograder.term.attempts import Arrival, Store
from autograder.term.session import Session, add_up


@dataclass(frozen=True)
class Rules:
    """What an instructor allows: so many attempts, None for any number; and which of them counts."""

    attempts: int | None = None
    counts: Literal["best", "last"] = "last"


def find_counting(store: Store, session: Session, rules: Rules, one: Arrival) -> Arrival | None:
    """The attempt that counts so far; where the best does, all are compared as the chapter grades them now."""
    others = [
        other
        for other in store.list_attempts(one.chapter, one.student)
        if other.order < one.order and other.state == "done"
    ]
    if rules.counts == "best":
        for other in others:
            if other.source != session.source:
                grade_again(store, session, other)
            other.worth = session.find_worth(other.student, other.scores, other)
        others.sort(key=lambda other: (not other.counts, -other.worth))
        counting = next((other for other in others if other.counts), None)
        best = max(others, key=lambda other: other.worth, default=None)
        if best and counting and best.worth > counting.worth + 1e-9:
            graded = session.judge(session.hand_out(best.student, store.files(best)).result())
            session.keep(graded, store.files(best))
            best.counts, counting.counts = True, False
            store.save(best)
            store.save(counting)
            return best
        return counting
    return next((other for other in reversed(others) if other.counts), None)


def grade_again(store: Store, session: Session, other: Arrival) -> None:
    """An earlier attempt, by the chapter as it is now."""
    folder = store.files(other)
    graded = session.judge(session.hand_out(other.student, folder).result())
    if graded.reason:
        return
    other.scores, other.source = add_up(graded.marks), session.source
    if other.counts:
        session.keep(graded, folder)
    else:
        session.note(graded, folder, other, "the source changed")
    store.save(other)


def describe(rules: Rules, session: Session, one: Arrival, before: Arrival | None) -> str:
    """What a student is told of an attempt, in a few words."""
    allowed = rules.attempts
    of = f" of {allowed}" if allowed else ""
    cells = [cell for cells in session.described.points.values() for cell in cells.values()]
    says = [f"Attempt {one.number}{of}: {sum(one.scores.values()):g} of {sum(cells):g} points from the checks."]
    if (lost := sum(one.scores.values()) - one.worth) > 1e-9:
        says.append(f"It came late, which costs {lost:g}.")
    if one.counts:
        says.append("It counts." if rules.counts == "last" else "It counts, as the best so far.")
    elif before:
        says.append(f"Attempt {before.number} still counts: it's the best so far.")
    if allowed:
        left = allowed - one.number
        says.append(f"Attempts left: {left}.")
    return " ".join(says)

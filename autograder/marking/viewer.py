"""An answer and its mark as one marker may see them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.grading.earlier import Earlier
from autograder.marking.answers import Answer
from autograder.marking.book import Row
from autograder.marking.ledger import FORMGRADER, Held, Ledger, Mark, Target
from autograder.marking.questions import Question
from autograder.marking.rubrics import Rubric
from autograder.marking.showing import show_difference
from autograder.marking.verdicts import judge, score_of


@dataclass(frozen=True)
class Case:
    """One student's answer, with all that is known of its mark."""

    key: str
    row: Row
    answer: Answer
    target: Target
    held: Held

    @property
    def elsewhere(self) -> bool:
        """Whether the mark in the gradebook isn't the one that was written here."""
        return self.held.wrote != self.row.wrote


@dataclass(frozen=True)
class Viewer:
    """Who looks. `independent` markers don't see what others gave to an answer before they have marked it; `anonymous` ones see no names."""

    marker: str
    anonymous: bool
    independent: bool

    def sees_others(self, case: Case) -> bool:
        own = case.held.marks.get(self.marker) or case.held.blind.get(self.marker)  # also where another has settled it
        return not self.independent or (own is not None and own.given)

    def revision(self, case: Case) -> str:
        """Another one whenever what this marker knows of the mark has changed."""
        if not self.sees_others(case):  # what others do must not show
            own = case.held.marks.get(self.marker)
            return digest(case.answer.digest, json.dumps(vars(own) if own else None))
        return digest(case.answer.digest, json.dumps([*case.row.wrote, case.row.comment, case.held.count]))

    def status(self, case: Case, question: Question, rubric: Rubric) -> str:
        given = case.row.given(question)
        if not case.row.answered and given is None and not case.row.needs_manual_grade:
            return "not attempted"
        if not self.sees_others(case):
            return "waiting"
        if judge(case.held, rubric, question).disputed and not (case.elsewhere and given is not None):
            return "disputed"
        return "waiting" if given is None or case.row.needs_manual_grade else "marked"

    def state(self, case: Case, question: Question, rubric: Rubric, earlier: Sequence[Earlier]) -> dict[str, Any]:
        """What the page shows of a mark; it sends the revision back with a change."""
        status, sees = self.status(case, question, rubric), self.sees_others(case)
        marks = {name: one for name, one in case.held.marks.items() if sees or name == self.marker}
        given = [mark for mark in marks.values() if mark.given]
        own = marks.get(self.marker) or (next(iter(marks.values())) if len(marks) == 1 else Mark(self.marker))
        in_book = case.row.given(question) if sees else None
        foreign = in_book is not None and case.elsewhere
        lost = sees and in_book is None and bool(given) and status == "waiting"  # taken back in formgrader
        ticked: dict[str, Any] = {"items": list(own.items), "adjust": own.adjust, "given": own.given}
        if foreign or lost or own.marker == FORMGRADER:
            adjust = round(in_book - rubric.start, 6) if in_book is not None else 0.0
            ticked = {"items": [], "adjust": adjust, "given": in_book is not None}
        score = in_book if foreign or status == "marked" else score_of(own, rubric, question) if own.given else None
        return {
            "key": case.key,
            "digest": case.answer.digest,
            "revision": self.revision(case),
            "status": status,
            **ticked,
            "score": None if lost else score,
            "comment": self._find_comment(case, marks, own, earlier, foreign),
            "by": FORMGRADER if foreign or lost else ", ".join(mark.marker for mark in given),
            "elsewhere": foreign or lost,
            "changed": any(one.digest != case.answer.digest for one in earlier),
            "marks": [
                {**vars(mark), "items": list(mark.items), "score": score_of(mark, rubric, question)} for mark in given
            ],
        }

    def _find_comment(
        self, case: Case, marks: dict[str, Mark], own: Mark, earlier: Sequence[Earlier], foreign: bool
    ) -> str:
        """The gradebook's comment. Of several markers each has words of their own, and one on an earlier answer isn't about this one."""
        if not self.sees_others(case) or (len(marks) > 1 and not foreign):
            return own.comment
        stale = any(one.comment == case.row.comment and one.digest != case.answer.digest for one in earlier)
        return "" if stale and not marks else case.row.comment

    def name(self, case: Case, cases: Sequence[Case]) -> str:
        if self.anonymous:
            return f"Answer {next(place for place, one in enumerate(cases, start=1) if one.key == case.key)}"
        return f"{case.row.student} · {case.row.person}" if case.row.person else case.row.student


def show_earlier(case: Case, earlier: Sequence[Earlier], rubric: Rubric, ledger: Ledger) -> dict[str, Any] | None:
    """The mark that a different answer of the student's had, with what has changed in the text."""
    found = next((one for one in reversed(earlier) if one.digest != case.answer.digest), None)
    if found is None:
        return None
    student, notebook, cell, _ = case.target
    text = found.text
    if text is None:
        text = ledger.texts.get((student, notebook, cell, found.digest))
    words = {item.id: item.text for item in rubric.items}
    marks = ledger.find(student, notebook, cell, found.digest)
    items = list(dict.fromkeys(words[item] for mark in marks for item in mark.items if item in words))
    difference = None if text is None else show_difference(text, case.answer.text)
    return {"score": found.score, "comment": found.comment, "items": items, "difference": difference}


def digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()

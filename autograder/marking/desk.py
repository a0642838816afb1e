"""One marker at one chapter's questions: what the page shows, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from autograder.errors import CourseError
from autograder.grading.database import write
from autograder.grading.earlier import Earlier, read_earlier
from autograder.marking.agreement import compare_markers
from autograder.marking.answers import Answer, Reader
from autograder.marking.book import read_rows, write_row
from autograder.marking.ledger import FORMGRADER, Held, Ledger, Mark, ledger_path
from autograder.marking.questions import Question, find_questions
from autograder.marking.rubrics import Rubric, count_uses, parse_rubric, propose, read_rubrics, save_rubric
from autograder.marking.showing import show_code, show_markdown
from autograder.marking.similarity import group_answers
from autograder.marking.verdicts import find_unknown, judge, score_of, write_out
from autograder.marking.viewer import Case, Viewer, digest, show_earlier

MAX_COMMENT = 20_000


_NOWHERE = ("", "", "", "")
_UNREAD = Answer("", "", ())


class Conflict(Exception):
    """Somebody changed meanwhile what a request is about; `state` is how it is now."""

    def __init__(self, state: Any) -> None:
        super().__init__("changed meanwhile")
        self.state = state


class Desk:
    """Answers the page's requests about one chapter, for one marker. `independent` markers don't see what others gave before they have marked."""

    def __init__(
        self, course: Path, chapter: str, engine: Any, marker: str, anonymous: bool, independent: bool
    ) -> None:
        self.course, self.chapter, self.engine = course, chapter, engine
        self.viewer = Viewer(marker, anonymous, independent)
        self.questions = find_questions(course, chapter)
        self.reader = Reader(course, chapter, self.questions)
        self._students: dict[str, str] = {}
        self.ledger = Ledger(ledger_path(course, chapter))

    # --- what is there -------------------------------------------------------------------------------

    def list_cases(self, question: Question, connection: Connection, student: str | None = None) -> list[Case]:
        found = []
        for row in read_rows(connection, self.chapter, question, student).values():
            answer = self.reader.read(row.student, question)
            if answer is not None:
                target = (row.student, question.notebook, question.cell, answer.digest)
                key = digest(self.chapter, *target[:3])
                self._students[key] = row.student
                found.append(Case(key, row, answer, target, self.ledger.held(target)))
        return sorted(found, key=lambda case: case.key if self.viewer.anonymous else case.row.student)

    def load(self, question: Question) -> dict[str, Any]:
        """Everything that the page shows of a question; marks follow a rubric that was changed in its file."""
        warnings = self.follow(question)
        with self.engine.connect() as connection:
            self.ledger.refresh()
            cases = self.list_cases(question, connection)
        rubric = self.rubric(question)
        earlier = read_earlier(self.course, self.chapter)
        written = [case for case in cases if self.viewer.status(case, question, rubric) != "not attempted"]
        groups = group_answers([case.answer.text for case in written], question.kind == "code")
        order = [(number, written[place]) for number, group in enumerate(groups) for place in group]
        shown = {case.key for _, case in order}
        order += [(len(groups), case) for case in cases if case.key not in shown]
        answers = []
        for number, case in order:
            before = earlier.get(case.target[:3], [])
            one = {"group": number, "name": self.viewer.name(case, cases), "html": case.answer.show()}
            answers.append(
                {
                    **self.viewer.state(case, question, rubric, before),
                    **one,
                    "earlier": show_earlier(case, before, rubric, self.ledger),
                }
            )
        return {
            **asdict(question),
            "asked": show_markdown(question.asked),
            "model": show_code(question.model) if question.kind == "code" else show_markdown(question.model),
            "scheme": show_markdown(question.scheme),
            "tests": show_code(question.tests) if question.tests else "",
            "rubric": self._show_rubric(question, rubric, cases),
            "proposed": asdict(propose(question.scheme, question.points)) if not rubric.items else None,
            "answers": answers,
            "agreement": self._compare(question, cases, rubric),
            "warnings": warnings,
        }

    def refresh(self, question: Question) -> dict[str, Any]:
        """What may have changed since the page was loaded, without the answers' texts."""
        with self.engine.connect() as connection:
            self.ledger.refresh()
            cases = self.list_cases(question, connection)
        rubric, earlier = self.rubric(question), read_earlier(self.course, self.chapter)
        states = [self.viewer.state(case, question, rubric, earlier.get(case.target[:3], [])) for case in cases]
        shown = {
            "rubric": self._show_rubric(question, rubric, cases),
            "agreement": self._compare(question, cases, rubric),
        }
        return {"states": states, **shown}

    def count(self, question: Question) -> dict[str, int]:
        """How many answers there are of each status."""
        with self.engine.connect() as connection:
            self.ledger.refresh()
            rows = read_rows(connection, self.chapter, question).values()
        rubric, counts = self.rubric(question), {"waiting": 0, "marked": 0, "disputed": 0, "not attempted": 0}
        for row in rows:  # without reading the notebooks of a whole course
            target = self.ledger.latest.get((row.student, question.notebook, question.cell), _NOWHERE)
            case = Case("", row, _UNREAD, target, self.ledger.held(target))
            counts[self.viewer.status(case, question, rubric)] += 1
        return counts

    def rubric(self, question: Question) -> Rubric:
        return read_rubrics(self.course, self.chapter).get(question.name, Rubric())

    # --- what is asked for ---------------------------------------------------------------------------

    def save_mark(self, question: Question, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Give, change or take back a mark or a comment. Raises `Conflict` where the page didn't know the latest state."""
        mark, settles = self._read_mark(asked), bool(asked.get("settles")) or not self.viewer.independent
        appended: list[int] = []

        def work(connection: Connection) -> None:
            self._void(appended)
            rubric = self.rubric(question)
            case = self._find(question, connection, str(asked.get("key")))
            if asked.get("revision") != self.viewer.revision(case):
                raise Conflict(self.viewer.state(case, question, rubric, self._earlier(case)))
            seen = self.viewer.sees_others(case)
            self._import(case, question, appended, settles)
            others = any(one.given and one.marker != self.viewer.marker for one in case.held.marks.values())
            blind = mark.given and not (others and seen)
            now = Held({} if settles else dict(case.held.marks))
            now.marks[self.viewer.marker] = made = Mark(**{**vars(mark), "blind": blind})
            verdict = judge(now, rubric, question)
            wrote = write_out(verdict, question, case.row.extra_credit)
            appended.append(
                self.ledger.add(case.target, made, wrote, settles=settles, text=case.answer.text, at=_now())
            )
            write_row(connection, case.row, wrote, verdict.comment)

        self._write(work, appended)
        with self.engine.connect() as connection:
            case = self._find(question, connection, str(asked.get("key")))
        return self.viewer.state(case, question, self.rubric(question), self._earlier(case))

    def save_rubric(self, question: Question, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Replace a question's rubric; all marks that use it follow. Raises `Conflict` where the page didn't know the latest one."""
        try:
            rubric = parse_rubric(asked.get("rubric"), question.name)
        except ValueError as error:
            raise CourseError(f"The rubric was not saved: {error}.") from None
        with self.ledger.lock():
            before = self.rubric(question)
            if asked.get("revision") != before.revision:
                raise Conflict({"rubric": {**asdict(before), "revision": before.revision}})
            save_rubric(self.course, self.chapter, question.name, rubric)
        gone = {item.id for item in before.items} - {item.id for item in rubric.items}
        try:
            warnings = self.follow(question, gone)
        except BaseException:
            save_rubric(self.course, self.chapter, question.name, before)
            raise
        return {**self.refresh(question), "warnings": warnings}

    def follow(self, question: Question, gone: Iterable[str] = ()) -> list[str]:
        """Let the marks that were given here follow the rubric; items that are `gone` are taken out of them.

        A mark that was set elsewhere stays, and so does one with an item that the rubric's file lacks. Returns what to tell about these.
        """
        appended: list[int] = []
        told: list[str] = []

        def work(connection: Connection) -> None:
            self._void(appended)
            told.clear()
            rubric, kept, unknown = self.rubric(question), 0, 0
            for case in self.list_cases(question, connection):
                for mark in list(case.held.marks.values()):
                    if set(mark.items) & set(gone):
                        left = tuple(item for item in mark.items if item not in set(gone))
                        made = Mark(**{**vars(mark), "items": left})
                        wrote = case.held.wrote
                        appended.append(
                            self.ledger.add(case.target, made, wrote, settles=False, text=case.answer.text, at=_now())
                        )
                held = self.ledger.held(case.target)
                if not any(mark.given for mark in held.marks.values()):
                    continue
                if find_unknown(held.marks.values(), rubric):
                    unknown += 1
                    continue
                wrote = write_out(judge(held, rubric, question), question, case.row.extra_credit)
                if wrote == held.wrote == case.row.wrote:
                    continue
                if held.wrote != case.row.wrote:
                    kept += wrote != case.row.wrote
                    continue
                appended.append(self.ledger.add_written(case.target, wrote, "rubric", _now()))
                write_row(connection, case.row, wrote, case.row.comment)
            told.extend(_tell(kept, unknown))

        self._write(work, appended)
        return told

    # --- how it is done ------------------------------------------------------------------------------

    def _write(self, work: Any, appended: list[int]) -> None:
        """One transaction, with the ledger's lines before it; they are taken back where it fails."""
        with self.ledger.lock():
            try:
                write(self.engine, work)
            except BaseException:
                self._void(appended)
                raise

    def _void(self, appended: list[int]) -> None:
        while appended:
            self.ledger.void(appended.pop())

    def _read_mark(self, asked: Mapping[str, Any]) -> Mark:
        items, adjust, comment = asked.get("items"), asked.get("adjust", 0), asked.get("comment", "")
        good = isinstance(items, list) and all(isinstance(item, str) for item in items) and isinstance(comment, str)
        if not good or isinstance(adjust, bool) or not isinstance(adjust, (int, float)) or not abs(adjust) < 1e6:
            raise CourseError("The mark was not saved: what the page sent isn't a mark. Load the page again.")
        ticked = tuple(dict.fromkeys(items or ()))
        return Mark(
            self.viewer.marker, ticked, round(float(adjust), 6), bool(asked.get("given")), comment.strip()[:MAX_COMMENT]
        )

    def _find(self, question: Question, connection: Connection, key: str) -> Case:
        if key not in self._students:
            self.list_cases(question, connection)
        if key in self._students:
            for case in self.list_cases(question, connection, self._students[key]):
                return case
        raise CourseError("This answer isn't there any more: it was graded again, or withdrawn. Load the page again.")

    def _import(self, case: Case, question: Question, appended: list[int], settles: bool) -> None:
        """Before an independent mark: one that was set elsewhere is another marker's, and isn't overwritten."""
        given = case.row.given(question)
        if settles or given is None or case.row.needs_manual_grade or (case.held.wrote == case.row.wrote):
            return
        mark = Mark(FORMGRADER, (), given, True, case.row.comment, True)
        line = self.ledger.add(case.target, mark, case.row.wrote, settles=True, text=case.answer.text, at=_now())
        appended.append(line)
        case.held.marks.clear()
        case.held.marks[FORMGRADER] = mark

    def _earlier(self, case: Case) -> Sequence[Earlier]:
        return read_earlier(self.course, self.chapter).get(case.target[:3], [])

    def _show_rubric(self, question: Question, rubric: Rubric, cases: Sequence[Case]) -> dict[str, Any]:
        seen = [case for case in cases if self.viewer.sees_others(case)]
        uses = count_uses([list(mark.items) for case in seen for mark in case.held.marks.values() if mark.given])
        return {**asdict(rubric), "revision": rubric.revision, "uses": uses}

    def _compare(self, question: Question, cases: Sequence[Case], rubric: Rubric) -> list[dict[str, Any]]:
        found = compare_markers(
            [case.held for case in cases if self.viewer.sees_others(case)],
            lambda mark: score_of(mark, rubric, question),
        )
        return [{"markers": list(names), **asdict(measured)} for names, measured in found.items()]


def _tell(kept: int, unknown: int) -> list[str]:
    told = []
    if kept:
        told.append(
            f"{kept} of the marks were changed in formgrader since they were given here. They stay as they are there."
        )
    if unknown:
        told.append(
            f"{unknown} of the marks use items that the rubric's file doesn't have any more. They stay as they are."
        )
    return told


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

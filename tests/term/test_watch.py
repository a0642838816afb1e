"""What comes into a folder or the exchange is graded as it comes: one real watch, stopped and started again."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.authoring.accuracy import hand_in
from autograder.engine.runner import Engine
from autograder.errors import CourseError, GraderError
from autograder.grading.commands import run_nbgrader
from autograder.grading.grade import grade_class
from autograder.grading.history import read_history
from autograder.grading.submissions import fill_in
from autograder.term import watch as watching
from autograder.term.arrivals import Item, Unfinished, look_into, read_item
from autograder.term.attempts import Store
from autograder.term.session import Session
from autograder.term.starting import make_watch

CHAPTER, NAME = "01_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}
HALF = {"relu": "def relu(z):\n    return z.clamp(max=0)", "shape": "shape = (2, 5)"}


def write_answers(course: Path, path: Path, answers: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = fill_in(nbformat.read(course / "release" / CHAPTER / f"{NAME}.ipynb", as_version=4), answers)
    fresh = path.with_name(f".{path.name}")
    nbformat.write(notebook, fresh)
    fresh.replace(path)


class Run:
    """A watch in a thread."""

    def __init__(self, course: Path, inbox: Path | None, engine: Engine, **rules: Any) -> None:
        self.said: list[str] = []
        self.watch = make_watch(course, [], inbox, None, engine, **rules)
        self.watch.say = self._say
        self.changed = threading.Condition()
        self.trouble: list[BaseException] = []
        self.thread = threading.Thread(target=self._go)
        self.thread.start()

    def _go(self) -> None:
        try:
            self.watch.run()
        except BaseException as error:
            self.trouble.append(error)

    def _say(self, text: str) -> None:
        with self.changed:
            self.said.append(text)
            self.changed.notify_all()

    def wait_for(self, done: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(done, timeout=120), (self.said, self.trouble)

    def stop(self) -> None:
        self.watch.stop()
        self.thread.join(60)
        assert not self.thread.is_alive()
        assert not self.trouble


@pytest.fixture
def course(mini: Path, tmp_path: Path) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    return tmp_path / "course"


def read_scores(course: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return {one.student.id: one.score for one in gradebook.assignment_submissions(CHAPTER)}


def test_a_watch_grades_keeps_every_attempt_and_goes_on_where_it_was_ended(
    course: Path, tmp_path: Path, warm: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    engine = Engine(True, address=warm.start())
    ada = inbox / f"ada_{NAME}.ipynb"
    write_answers(course, ada, RIGHT)
    run = Run(course, inbox, engine, attempts=2, counts="best")
    run.wait_for(lambda: any("ada: Attempt 1 of 2: 4 of 4 points" in text for text in run.said))
    with pytest.raises(CourseError, match="Another 'course watch'"), Store(course).open():
        pass
    # A second attempt that is worse doesn't count; a third isn't graded; a broken file uses up no attempt.
    write_answers(course, ada, HALF)
    run.wait_for(lambda: any("ada: Attempt 2 of 2: 2 of 4 points" in text for text in run.said))
    write_answers(course, ada, {})
    run.wait_for(lambda: any("ada: not graded: You have used your 2 attempts" in text for text in run.said))
    with zipfile.ZipFile(tmp_path / "half.zip", "w") as archive:
        archive.write(course / "release" / CHAPTER / f"{NAME}.ipynb", f"work/{NAME}.ipynb")
    whole = (tmp_path / "half.zip").read_bytes()
    (inbox / "=bo, “b”.zip").write_bytes(whole[:500])  # somebody is still writing
    write_answers(course, inbox / "cy" / CHAPTER / f"{NAME}.ipynb", HALF)
    run.wait_for(lambda: any("cy: Attempt 1" in text for text in run.said))
    assert not any("bo" in text for text in run.said)
    (inbox / "=bo, “b”.zip").write_bytes(whole)
    run.wait_for(lambda: any("bo, “b”: Attempt 1 of 2: 0 of 4 points" in text for text in run.said))
    run.stop()

    assert read_scores(course) == {"ada": 4, "cy": 2, "=bo, “b”": 0}
    history = read_history(course, CHAPTER)
    assert [(one.number, one.score, one.counts) for one in history if one.student == "ada"] == [
        (1, 4, True),
        (2, 2, False),
    ]
    pages = inbox / f"ada_{NAME}.feedback"
    assert sorted(path.name for path in pages.iterdir()) == ["attempt-1", "attempt-2", "not-graded-3"]
    assert "Attempt 1 still counts: it's the best so far." in (pages / "attempt-2" / "result.txt").read_text(
        encoding="utf-8"
    )
    page = (pages / "attempt-2" / f"{NAME}.html").read_text(encoding="utf-8")
    assert "2 of 6 points" in page
    assert "Attempt 1 still counts" in page
    assert "4 of 6 points" in (course / "feedback" / "ada" / CHAPTER / f"{NAME}.html").read_text(encoding="utf-8")
    assert (inbox / "=bo, “b”.feedback" / "attempt-1" / f"{NAME}.html").exists()
    assert (inbox / "cy" / f"{CHAPTER}.feedback" / "attempt-1" / f"{NAME}.html").exists()
    results = json.loads((course / "reports" / f"{CHAPTER}.json").read_text(encoding="utf-8"))
    assert {one["student"] for one in results["students"]} == {"ada", "cy", "=bo, “b”"}

    # Ended in the middle, anywhere: what is on disk is taken up, nothing is graded again, and nothing is lost.
    store = Store(course)
    with store.open():
        [cy] = store.list_of(CHAPTER, "cy")
        cy.state, cy.number, cy.counts = "arrived", 0, False
        store.save(cy)
    before = read_history(course, CHAPTER)
    write_answers(course, inbox / f"dan_{NAME}.ipynb", RIGHT)
    collected = course / "submitted" / "dan" / CHAPTER / f"{NAME}.ipynb"  # in another way, before
    write_answers(course, collected, HALF)
    text = collected.read_bytes()
    run = Run(course, inbox, engine, attempts=2, counts="best")
    run.wait_for(lambda: any("dan: Attempt 1" in text for text in run.said))
    run.stop()
    assert [text.partition(":")[0] for text in run.said] == [f"{CHAPTER}, cy", f"{CHAPTER}, dan"]
    after = read_history(course, CHAPTER)
    assert after[: len(before)] == before
    assert [one.student for one in after[len(before) :]] == ["dan"]
    [kept] = (course / "attempts" / CHAPTER / "dan").glob("untimed-*")
    assert (kept / f"{NAME}.ipynb").read_bytes() == text != collected.read_bytes()
    assert not list((course / "attempts" / CHAPTER / "ada").glob("*-*"))  # what arrived is there already
    assert grade_class(course, CHAPTER, engine=engine).unchanged == 4  # 'course grade' finds all of it graded


def test_trouble_of_the_grader_is_no_attempt_and_no_mark(
    course: Path, tmp_path: Path, warm: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    write_answers(course, inbox / f"ada_{NAME}.ipynb", HALF)
    said: list[str] = []

    def fails(*_: Any) -> Session:
        raise GraderError("The grader does not work here.")

    monkeypatch.setattr(watching, "Session", fails)
    monkeypatch.setattr(watching, "SETTLE", 0)
    watch = make_watch(course, [], inbox, None, Engine(True, address=warm.start()))
    watch.say = said.append
    watch.run(once=True)
    assert said == [f"{CHAPTER}: The grader does not work here. What came in is kept, and is tried again in 5 s."]
    with watch.store.open():
        assert {(one.number, one.state) for one in watch.store.list_waiting()} == {(0, "arrived")}
    assert not (inbox / f"ada_{NAME}.feedback").exists()
    assert not (course / "gradebook.db").exists()


def test_the_exchange_gets_feedback_for_each_attempt(
    course: Path, tmp_path: Path, warm: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = tmp_path / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    for folder in (course, tmp_path / "student"):
        folder.mkdir(exist_ok=True)
        settings = {
            "Exchange": {"root": str(exchange), "cache": str(tmp_path / "cache")},
            "CourseDirectory": {"course_id": "autograded"},
        }
        (folder / "nbgrader_config.json").write_text(json.dumps(settings), encoding="utf-8")
    run_nbgrader(course, "generate_assignment", CHAPTER, "--force")
    run_nbgrader(course, "release_assignment", CHAPTER)
    student = tmp_path / "student"
    for answers in (RIGHT, HALF):
        write_answers(course, student / CHAPTER / f"{NAME}.ipynb", answers)
        run_nbgrader(student, "submit", CHAPTER)
    watch = make_watch(course, [CHAPTER], None, None, Engine(True, address=warm.start()))
    said: list[str] = []
    watch.say = said.append
    watch.run(once=True)
    assert len([text for text in said if "Attempt" in text]) == 2, said
    run_nbgrader(student, "fetch_feedback", CHAPTER)
    pages = sorted((student / CHAPTER / "feedback").glob("*/*.html"))
    assert len(pages) == 2
    assert [
        "4 of 6 points" in pages[0].read_text(encoding="utf-8"),
        "2 of 6 points" in pages[1].read_text(encoding="utf-8"),
    ] == [True, True]
    assert list(read_scores(course).values()) == [2]  # the last one counts


def test_what_cannot_be_read_or_told_apart_stays_where_it_is(course: Path, tmp_path: Path, warm: Engine) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "who.ipynb").write_text("{}")
    (inbox / f"ada_{NAME}.ipynb").write_text('{"cells": [')
    (inbox / f"bo_{NAME}.ipynb").symlink_to(inbox / "who.ipynb")
    with zipfile.ZipFile(inbox / "cy.zip", "w") as archive:
        archive.writestr("../../evil.ipynb", "{}")
        archive.writestr("a/1_mini.ipynb", "{}")
    items, strangers = look_into(inbox, [CHAPTER])
    assert ([item.student for item in items], strangers) == (["ada", "cy"], ["who.ipynb"])
    with pytest.raises(Unfinished):
        read_item(items[0])
    assert read_item(items[1]) == {"1_mini.ipynb": b"{}"}
    assert read_item(Item(inbox / f"ada_{NAME}.ipynb", "ada", "", ()), whole=False)
    hand_in(course, CHAPTER, "ada", RIGHT)
    with pytest.raises(CourseError, match="the course itself uses"):
        make_watch(course, [], course / "submitted", None, warm)
    with pytest.raises(CourseError, match="There is no folder"):
        make_watch(course, [], tmp_path / "nowhere", None, warm)

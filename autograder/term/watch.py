"""`course watch`: grades what comes in as it comes, and hands back feedback.

One loop: look what is there, keep what is new and whole (`attempts`), grade it, decide which attempt counts, hand back. Every step leaves its state on
disk, so that whoever is stopped at any moment goes on there. What the grader can't do for reasons of its own waits, and uses up no attempt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.files import Withheld
from autograder.grading.places import find_places
from autograder.grading.texts import printable
from autograder.grading.times import show_duration
from autograder.grading.worker import Graded
from autograder.term.arrivals import (
    Item,
    Signature,
    Unfinished,
    find_chapters,
    look_into,
    look_into_exchange,
    read_chapter_ids,
    read_item,
    sign,
)
from autograder.term.attempts import Arrival, Store, digest_files
from autograder.term.choosing import Rules, describe, find_counting
from autograder.term.events import waking
from autograder.term.handing_back import Exchange, Folder, write_for_nbgrader
from autograder.term.session import Session, add_up

SETTLE = 0.3
"""Seconds in which nobody may write to a file before it is read."""

SETTLING = 3.0
"""Seconds after a notice in which it is looked every second."""

PATIENCE = 60.0
"""Seconds after which a file that isn't whole is taken as it is."""

QUIET = 5.0
"""Seconds without work after which the class's results are written again."""

FIRST_RETRY, LAST_RETRY = 5.0, 60.0
"""Seconds until a chapter that couldn't be graded is tried again, at first and at most."""

SESSIONS = 4
"""Chapters that are kept warm."""


@dataclass
class Watch:
    """What `course watch` knows. `inbox` is a drop folder, or the folder `inbound` of an exchange."""

    course: Path
    chapters: list[str]
    inbox: Path
    back: Folder | Exchange
    rules: Rules
    engine: Engine
    jobs: int = 1
    zone: str = ""
    say: Callable[[str], None] = print
    on_quiet: Callable[[str], None] = lambda chapter: None
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    sessions: dict[str, Session] = field(default_factory=dict)
    retries: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By chapter: when to try again, and how long was waited."""
    seen: dict[tuple[str, str], tuple[Signature, float, bool]] = field(default_factory=dict)
    """By path and chapter: the last look, when it was first like this, and whether it has been dealt with."""
    told: set[str] = field(default_factory=set)
    noticed: float = 0.0
    """When something was last seen to happen: files may still be written in folders that nobody listens to yet."""
    unwritten: set[str] = field(default_factory=set)
    """Chapters whose results have changed since they were written."""

    def __post_init__(self) -> None:
        self.store = Store(self.course)
        self.ids = {name: read_chapter_ids(find_places(self.course).source_folder(name)) for name in self.chapters}

    def stop(self) -> None:
        """End after the submission at hand; to be called from anywhere."""
        self.stopping = True
        self.wake.set()

    def run(self, poll: float | None = None, *, once: bool = False) -> None:
        """Grade until `stop`; `once`: what is there, and no more. Raises `CourseError` where another watch is at work."""
        with self.store.open():
            try:
                with waking(self.inbox, self.wake, poll) as longest:
                    if not once:
                        self._warm_up()
                    while not self.stopping:
                        self.wake.clear()
                        left = self.look()
                        worked = self.grade_waiting()
                        if once and left is None and not worked:
                            break
                        if not worked and not self.stopping:
                            self._pause(left, longest)
            finally:
                self._write_results()
                for session in self.sessions.values():
                    session.close()
                self.sessions.clear()

    def _warm_up(self) -> None:
        """Open what will be needed, so that the first student doesn't wait for it."""
        for chapter in self.chapters if len(self.chapters) <= SESSIONS else ():
            if not self.stopping:
                try:
                    self._open(chapter)
                except (CourseError, OSError) as error:
                    self._postpone(chapter, error)

    def _pause(self, left: float | None, longest: float) -> None:
        soon = [when - time.monotonic() for when, _ in self.retries.values()]
        if self.unwritten:
            if not self.wake.wait(max(0.01, min(QUIET, left if left is not None else QUIET))) and left is None:
                self._write_results()
            return
        settling = [1.0] if time.monotonic() - self.noticed < SETTLING else []
        if self.wake.wait(max(0.01, min([longest, *soon, *settling, *([left] if left is not None else [])]))):
            self.noticed = time.monotonic()

    # --- what is there ------------------------------------------------------------------------------------

    def look(self) -> float | None:
        """Keep what is new and whole; returns in how many seconds to look again because something isn't, None where nothing is open."""
        try:
            if isinstance(self.back, Exchange):
                items = look_into_exchange(self.inbox, self.chapters, self.zone)
                strangers: list[str] = []
            else:
                items, strangers = look_into(self.inbox, self.chapters)
        except OSError as error:
            self._tell(f"{self.inbox} can't be read: {error.strerror}.")
            return FIRST_RETRY
        for name in strangers:
            self._tell(f"{name}: nobody can tell whose it is. Name it STUDENT_NOTEBOOK.ipynb.")
        waits = [left for item in items if (left := self._look_at(item)) is not None]
        return min(waits, default=None)

    def _look_at(self, item: Item) -> float | None:
        key, now = (str(item.path), item.chapter), time.monotonic()
        signature, since, dealt = self.seen.get(key, ((), now, False))
        if signature != item.signature:
            since, dealt = now, False
        self.seen[key] = item.signature, since, dealt
        if dealt:
            return None
        if now - since < SETTLE:
            return SETTLE - (now - since)
        try:
            files = read_item(item, whole=now - since < PATIENCE)
            if sign(item.path) != item.signature:
                return SETTLE  # somebody wrote while it was read
        except Unfinished:
            return min(1.0, max(PATIENCE - (now - since), 0.01))
        except FileNotFoundError:
            return None
        except (Withheld, OSError) as error:
            self._tell(f"{self._origin(item)} can't be read here, and is tried again: {error}")
            return FIRST_RETRY
        except CourseError as error:
            self._refuse(item, {}, str(error))
            self.seen[key] = item.signature, since, True
            return None
        self._keep(item, files)
        self.seen[key] = item.signature, since, True
        return None

    def _origin(self, item: Item) -> str:
        return item.path.relative_to(self.inbox).as_posix()

    def _keep(self, item: Item, files: dict[str, bytes]) -> None:
        chapters = [item.chapter] if item.chapter else find_chapters(files, self.ids)
        if not chapters:
            if any(name.endswith(".ipynb") for name in files):
                self._tell(f"{self._origin(item)}: holds no notebook of {', '.join(self.chapters)}.")
            return
        for chapter in chapters:
            digest, origin = digest_files(files), self._origin(item)
            if self.store.is_known(chapter, item.student, origin, digest):
                continue
            self._add(chapter, item, origin, files, "")

    def _refuse(self, item: Item, files: dict[str, bytes], why: str) -> None:
        """What can't be read, where it is clear which chapter it is for; else it is only told here."""
        if not item.chapter:
            self._tell(f"{self._origin(item)}: {why}")
        elif not self.store.is_known(item.chapter, item.student, self._origin(item), digest_files(files)):
            self._add(item.chapter, item, self._origin(item), files, f"This isn't graded: {why}")

    def _add(self, chapter: str, item: Item, origin: str, files: dict[str, bytes], refused: str) -> None:
        try:
            came = item.came
        except (CourseError, ValueError) as error:
            self._tell(f"{origin}: the time isn't known ({error}); the time now is taken.")
            came = datetime.now(UTC)
        self.store.add(chapter, item.student, origin, files, came, refused)

    # --- grading ------------------------------------------------------------------------------------------

    def grade_waiting(self) -> bool:
        """Grade what waits, as far as its chapter can be graded now; returns whether anything was done."""
        worked = False
        for chapter in self.chapters:
            waiting = [one for one in self.store.list_waiting() if one.chapter == chapter]
            early = self.retries.get(chapter, (0.0, 0.0))[0] > time.monotonic()
            if not waiting and not early:
                self.retries.pop(chapter, None)
            if not waiting or early or self.stopping:
                continue
            try:
                session = self._open(chapter) if any(not one.refused for one in waiting) else None
                worked = self._grade_all(session, waiting) or worked
                self.retries.pop(chapter, None)
            except (CourseError, OSError) as error:
                self._postpone(chapter, error)
        return worked

    def _postpone(self, chapter: str, error: Exception) -> None:
        """The trouble is ours: nothing of it is an attempt, and it is tried again later."""
        if session := self.sessions.pop(chapter, None):
            session.close()
        waited = self.retries.get(chapter, (0.0, 0.0))[1]
        next_wait = min(max(FIRST_RETRY, waited * 2), LAST_RETRY)
        self.retries[chapter] = time.monotonic() + next_wait, next_wait
        self.say(f"{chapter}: {error} What came in is kept, and is tried again in {show_duration(next_wait)}.")

    def _open(self, chapter: str) -> Session:
        session = self.sessions.pop(chapter, None)
        if session and not session.is_current():
            self.say(f"{chapter}: the source or the configuration has changed and is read again.")
            session.close()
            session = None
        if session is None:
            while len(self.sessions) >= SESSIONS:
                self.sessions.pop(next(iter(self.sessions))).close()
            session = Session(self.course, chapter, self.engine, self.jobs)
            for warning in session.canary.warnings:
                self.say(f"{chapter}: {warning}")
            self.ids[chapter] = read_chapter_ids(session.places.source_folder(chapter))
        self.sessions[chapter] = session
        return session

    def _grade_all(self, session: Session | None, waiting: list[Arrival]) -> bool:
        """All at once, and what came of them in the order in which they came."""
        futures: dict[int, Future[Graded]] = {}
        for place, one in enumerate(waiting):
            self._limit(one)
            if session and not one.refused:
                futures[place] = session.hand_out(one.student, self.store.files(one))
        for place, one in enumerate(waiting):
            self._limit(one)
            if one.refused or session is None:
                self._finish(one, {}, one.refused)
                self.say(f"{_name(one)}: not graded: {one.refused}")
                continue
            while not wait([futures[place]], timeout=0.5).done:
                if self.stopping:
                    return True
            graded = session.judge(session.canary.wait_for(futures[place], one.student))
            if graded.kept:
                raise CourseError(graded.reason)
            if graded.reason:
                one.number, one.refused = 0, f"This can't be graded, and doesn't use up an attempt: {graded.reason}"
                self._finish(one, {}, one.refused)
                self.say(f"{_name(one)}: {one.refused}")
            else:
                self._settle(session, one, graded)
            if self.stopping:
                break
        return True

    def _limit(self, one: Arrival) -> None:
        """Refuse what comes after the last attempt that a student has; give any other its number."""
        earlier = [other for other in self.store.list_attempts(one.chapter, one.student) if other.order < one.order]
        allowed = self.rules.attempts
        if allowed is not None and len(earlier) >= allowed and not one.refused:
            one.number = 0
            one.refused = (
                f"You have used your {allowed} attempts. This one isn't graded, and what counted before still does."
            )
        elif not one.refused:
            one.number = len(earlier) + 1

    def _settle(self, session: Session, one: Arrival, graded: Graded) -> None:
        """Decide what counts, write it down, and hand back."""
        begun = time.monotonic()
        one.scores, one.source, one.state = add_up(graded.marks), session.source, "graded"
        one.worth = session.find_worth(one.student, one.scores, one)
        self.store.save(one)
        before = find_counting(self.store, session, self.rules, one)
        one.counts = before is None or self.rules.counts == "last" or one.worth > before.worth + 1e-9
        if one.counts:
            session.keep(graded, self.store.files(one))
        else:
            session.note(graded, self.store.files(one), one)
        self.unwritten.add(one.chapter)
        self.store.save(one)
        if one.counts and before:
            before.counts = False
            self.store.save(before)
        says = describe(self.rules, session, one, before)
        lost = sum(one.scores.values()) - one.worth
        shares = {name: lost * score / sum(one.scores.values()) for name, score in one.scores.items()} if lost else {}
        pages = session.pages.render(graded, one.chapter, says, counts=one.counts, penalties=shares)
        if one.counts:
            place = session.places.feedback_folder(one.student, one.chapter)
            write_for_nbgrader(place, self.store.files(one), pages)
        self._finish(one, pages, says)
        self.say(f"{_name(one)}: {says} ({graded.seconds + time.monotonic() - begun:.1f} s)")

    def _finish(self, one: Arrival, pages: dict[str, str], says: str) -> None:
        self.back.deliver(one, self.store.files(one), pages, says)
        one.state = "done"
        self.store.save(one)

    def _write_results(self) -> None:
        """What the class report is made of, when there is time."""
        for chapter in sorted(self.unwritten):
            if session := self.sessions.get(chapter):
                try:
                    session.refresh_results()
                    self.on_quiet(chapter)
                except (CourseError, OSError) as error:
                    self.say(f"{chapter}: the report isn't written: {error}")
            self.unwritten.discard(chapter)

    def _tell(self, text: str) -> None:
        """Say it once."""
        if text not in self.told:
            self.told.add(text)
            self.say(text)


def _name(one: Arrival) -> str:
    return f"{one.chapter}, {printable(one.student)}"

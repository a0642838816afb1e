"""One chapter, kept warm: read and referenced once, its workers waiting, so that a submission is graded in a fraction of a second."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from importlib import metadata
from pathlib import Path

from nbgrader.preprocessors import AssignLatePenalties

from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.canary import Canary, is_suspect
from autograder.grading.changes import refuse_differences
from autograder.grading.collecting import Described, collect
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.dates import read_extensions
from autograder.grading.files import walk
from autograder.grading.grade import prepare_gradebook
from autograder.grading.history import History
from autograder.grading.journal import Journal
from autograder.grading.keeping import Done, Keeper
from autograder.grading.marks import CellMark
from autograder.grading.penalties import check_rule, find_penalty, seconds_late
from autograder.grading.places import find_places, forget_places, list_settings
from autograder.grading.pool import open_pool
from autograder.grading.reading import add_references, digest_assignment, read_assignment, read_folder, remark
from autograder.grading.replaced import keep_replaced
from autograder.grading.results import ClassResult, save_results
from autograder.grading.todo import digest_folder
from autograder.grading.worker import Graded, Submission
from autograder.term.attempts import Arrival
from autograder.term.pages import Pages


class Session:
    """A chapter with its workers, as its files were when it was opened.

    Raises `CourseError` where the chapter can't be graded as it is, `GraderError` where the author's own answers don't earn their points.
    """

    def __init__(self, course: Path, chapter: str, engine: Engine, jobs: int) -> None:
        forget_places()
        self.course, self.chapter = course.resolve(), chapter
        self.looked = read_state(self.course, chapter)
        self.config = load_config(self.course)
        check_rule(self.config)
        self.url = find_url(self.course, self.config)
        self.places = find_places(self.course)
        with open_gradebook(self.course, self.url) as gradebook:
            prepare_gradebook(self.course, chapter, gradebook)
            refuse_differences(self.course, chapter, gradebook)
            assignment = read_assignment(self.course, chapter, gradebook, self.config, engine.isolated)
        self.causes = {"source": digest_assignment(assignment), "grader": metadata.version("autograded")}
        self.assignment = add_references(assignment, self.course, self.config, engine)
        self.described = Described(self.assignment.sources)
        self.pages = Pages(self.config, self.url)
        self.stack = contextlib.ExitStack()
        with contextlib.ExitStack() as failed:
            self.submit = self.stack.enter_context(open_pool(self.assignment, jobs))
            failed.callback(self.stack.close)
            self.canary = Canary(self.assignment, self.submit)
            self.canary.send()
            self.canary.look()
            failed.pop_all()

    def close(self) -> None:
        self.stack.close()

    def is_current(self) -> bool:
        """Whether the chapter and the configuration are as they were."""
        return self.looked == read_state(self.course, self.chapter)

    @property
    def source(self) -> str:
        return self.causes["source"]

    def hand_out(self, student: str, folder: Path) -> Future[Graded]:
        """Have what is in a folder graded."""
        future: Future[Graded]
        try:
            found: Submission = read_folder(self.course, student, self.assignment, self.config, folder)
        except CourseError as error:
            future = Future()
            future.set_result(Graded(student, str(error)))
            return future
        return self.submit(found)

    def judge(self, graded: Graded) -> Graded:
        """The same, if the submission is to blame for it. Raises `GraderError` where the grader is."""
        if is_suspect(graded):
            self.canary.send()
            self.canary.look()
        return graded

    def find_worth(self, student: str, scores: Mapping[str, float], arrival: Arrival) -> float:
        """What the checks gave, less what lateness costs: by this, attempts are compared."""
        penalties = AssignLatePenalties(config=self.config)
        with open_gradebook(self.course, self.url) as gradebook:
            due = gradebook.find_assignment(self.chapter).duedate
        granted = read_extensions(self.course, self.chapter).get(student)
        late = seconds_late(arrival.time.replace(tzinfo=None), due, granted.after(due) if granted else None)
        if late <= 0:
            return sum(scores.values())
        lost = (find_penalty(penalties, self.chapter, name, student, score, late) for name, score in scores.items())
        return sum(scores.values()) - sum(filter(None, lost))

    def keep(self, graded: Graded, folder: Path) -> None:
        """Make this the submission that counts: in `submitted/`, the gradebook, the journal and the history.

        Raises `CourseError` where that isn't possible, for one because a `course grade` is at work; then it is for later.
        """
        student = graded.student
        journal = Journal(self.course, self.chapter)
        with journal.open(), open_gradebook(self.course, self.url) as gradebook:
            place = self.places.submission_folder(student, self.chapter)
            causes = {"submission": digest_folder(folder), **self.causes}
            entry = journal.entries.get(student)
            if entry and entry.causes == causes and place.is_dir() and digest_folder(place) == causes["submission"]:
                return  # it was stopped after this
            keep_replaced(self.course, self.chapter, student)
            fresh = place.with_name(f".{place.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(folder, fresh)
            shutil.rmtree(place, ignore_errors=True)
            fresh.rename(place)
            keeper = Keeper(self.course, self.assignment, gradebook, self.config, journal)
            files = {
                path.relative_to(place).as_posix(): path.read_bytes() for path in walk(place) if path.suffix != ".ipynb"
            }
            keeper.save([Done(graded, self.assignment.choose(files))], {student: causes})
            if reason := keeper.outcomes[student].reason:
                raise CourseError(reason)

    def note(self, graded: Graded, folder: Path, arrival: Arrival, reason: str = "") -> None:
        """A line in the history for an attempt that doesn't count."""
        journal = Journal(self.course, self.chapter)
        with journal.open():
            keeper = Keeper(self.course, self.assignment, None, self.config, journal)
            keeper.outcomes[graded.student] = graded
            causes = {"submission": digest_folder(folder), **self.causes}
            keeper.note(graded, causes, arrival.time, reason)

    def find_number(self, student: str, folder: Path) -> int:
        return History(self.course, self.chapter).find_number(student, digest_folder(folder))

    def refresh_results(self) -> ClassResult:
        """Write what the class report is made of."""
        remarks = [line for name, one in self.assignment.references.items() for line in remark(name, one)]
        with open_gradebook(self.course, self.url) as gradebook:
            found = collect(gradebook, self.course, self.chapter, Journal(self.course, self.chapter), {})
        found = ClassResult(found.chapter, found.students, remarks)
        save_results(found, self.course)
        return found


def add_up(marks: Mapping[str, list[CellMark]]) -> dict[str, float]:
    """By notebook what its checks gave."""
    return {name: sum(mark.auto_score or 0.0 for mark in found if mark.graded) for name, found in marks.items()}


def read_state(course: Path, chapter: str) -> list[tuple[str, int, int]]:
    """Of the chapter's files and the configuration, as the system has them; not of the gradebook, which every mark changes."""
    places = find_places(course)
    databases = {places.database, f"{places.database}-wal"}
    files = [*walk(places.source_folder(chapter)), *list_settings(course, places)]
    found = []
    for path in files:
        if str(path) not in databases:
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((str(path), status.st_size, status.st_mtime_ns))
    return found

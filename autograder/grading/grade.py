"""Grade a class: submissions in, gradebook and results out.

`grade_class` is the one way in, for instructors, the demo and the accuracy measurement alike. It looks first what there is to do
(`todo`), and only then starts what that needs. Workers grade one submission after the other (`pool`, `worker`); this process alone
reads the course (`reading`) and writes (`keeping`). One submission that cannot be graded never stops another.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.engine.runner import Engine
from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.dates import read_extensions
from autograder.grading.files import Withheld
from autograder.grading.journal import Journal
from autograder.grading.places import find_places, forget_places
from autograder.grading.results import ClassResult, load_results, save_results
from autograder.grading.texts import printable
from autograder.grading.todo import Stamp, digest_submission, is_current, list_submissions

if TYPE_CHECKING:
    from autograder.grading.gradebook import Change
    from autograder.grading.keeping import Done
    from autograder.grading.worker import Assignment, Graded, Submission

BATCH = 32
BATCH_SECONDS = 2.0
"""Submissions, and seconds, after which marks are written; the first are written at once."""

AHEAD = 3
"""Submissions that are read ahead for each worker."""


@dataclass(frozen=True)
class Grading:
    """What a run of `grade_class` did: the results of the class, and each mark that changed with the reason."""

    result: ClassResult
    changes: list[tuple[Change, str]] = field(default_factory=list)
    unchanged: int = 0
    """Submissions that had already been graded in this form and weren't graded again."""
    kept: list[str] = field(default_factory=list)
    """Students whose work could not be graded for a reason that is the grader's fault: what was graded before is kept."""
    warnings: list[str] = field(default_factory=list)
    late: int = 0
    """Late penalties that changed because a due date or an extension moved."""
    told: list[str] = field(default_factory=list)
    """What the gradebook was told about the chapter."""


def grade_class(
    course: Path,
    chapter: str,
    jobs: int | None = None,
    on_done: Callable[[int, int], None] | None = None,
    *,
    again: bool = False,
    update: bool = False,
    isolated: bool = True,
    cluster: str = "",
    engine: Engine | None = None,
) -> Grading:
    """Grade the submissions of `chapter` that have not been graded as they are, or `again` all of them, and store the results.

    If the chapter differs from the one that the gradebook knows, say because a check was added, nothing is graded; with `update` the
    gradebook is told, and all are graded again.

    `on_done` hears of each, with the count done and the total. `jobs` work at a time on this machine; `cluster` is the address of a Dask
    scheduler whose workers do it instead. A running `engine` is used where one is given, as it is isolated or not.

    Raises `CourseError` when nothing was handed in, student code cannot be isolated, the gradebook cannot be used, or another grading
    of the chapter is at work.
    """
    forget_places()
    places = find_places(course)
    students = list_submissions(course, chapter)
    if not students:
        missing = os.path.relpath(places.submission_folder("STUDENT", chapter), course.resolve())
        raise CourseError(f"Nothing was handed in for {chapter}: there is no folder {missing}.")
    journal, stamp = Journal(course, chapter), Stamp(course, chapter)
    with journal.open(), contextlib.ExitStack() as stack:
        again = again or update
        if not again and stamp.holds():
            return Grading(load_results(course, chapter), unchanged=len(students))
        stamp.forget()
        engine = engine or stack.enter_context(Engine(isolated))
        digests = {student: digest_submission(course, student, chapter) for student in students}
        looks = stack.enter_context(ThreadPoolExecutor(1))
        walls = looks.submit(lambda: cluster != "" or not engine.isolated or doctor.stands())
        if not cluster and (again or any(map(journal.differs, students, digests.values()))):
            engine.start()  # it warms up while the rest is read, and while Python imports what comes now
        from autograder.grading.changes import refuse_differences, update_gradebook
        from autograder.grading.database import find_url, load_config, open_gradebook
        from autograder.grading.penalties import check_rule
        from autograder.grading.reading import read_assignment

        config = load_config(course)
        url = find_url(course, config)
        check_rule(config)
        with open_gradebook(course, url) as gradebook:
            prepare_gradebook(course, chapter, gradebook)
            told = update_gradebook(course, chapter, gradebook) if update else []
            refuse_differences(course, chapter, gradebook)
            assignment = read_assignment(course, chapter, gradebook, config, engine.isolated)
            run = _Run(course, assignment, gradebook, config, journal, engine, digests)
            run.look(again)
            if run.waiting and not walls.result():
                raise CourseError(
                    "Student code cannot be isolated on this system, so it could read and change whatever you can. 'course doctor' says "
                    "what is missing. To grade anyway, on a machine with nothing to lose, add --unsafe."
                )
            grading = replace(run.grade(jobs, on_done, cluster), told=told)
        if places.database and all(one.state != "not graded" for one in grading.result.students):
            stamp.set()
        return grading


class _Run:
    """One run of `grade_class`: hands out what is waiting, and has the keeper write what comes back."""

    def __init__(
        self,
        course: Path,
        assignment: Assignment,
        gradebook: Any,
        config: Any,
        journal: Journal,
        engine: Engine,
        digests: Mapping[str, str],
    ) -> None:
        from autograder.grading.keeping import Keeper
        from autograder.grading.reading import digest_assignment

        self.course, self.assignment = course, assignment
        self.gradebook, self.config, self.journal, self.engine = gradebook, config, journal, engine
        self.keeper = Keeper(course, assignment, gradebook, config, journal)
        shared = {"source": digest_assignment(assignment), "grader": metadata.version("autograded")}
        self.causes = {student: {"submission": digest, **shared} for student, digest in digests.items()}
        self.waiting: list[str] = []
        self.remarks: list[str] | None = None
        self.warnings: list[str] = []

    def look(self, again: bool) -> None:
        """Find out whose submissions are waiting to be graded."""
        entries, chapter = self.journal.entries, self.assignment.name
        known = {one.student_id for one in self.gradebook.find_assignment(chapter).submissions}
        self.waiting = [
            student
            for student, causes in self.causes.items()
            if again or student not in known or not is_current(self.course, chapter, entries.get(student), causes)
        ]

    def grade(self, jobs: int | None, on_done: Callable[[int, int], None] | None, cluster: str) -> Grading:
        from autograder.grading.collecting import collect
        from autograder.grading.penalties import doubt_due_date

        done: list[Done] = []
        flushed = 0.0
        if on_done and self.waiting:
            on_done(0, len(self.waiting))
        try:
            for count, one in enumerate(self._hand_out(jobs, cluster), start=1):
                done.append(one)
                if len(done) >= BATCH or time.monotonic() - flushed > BATCH_SECONDS:
                    ready, done = done, []
                    self.keeper.save(ready, self.causes)
                    flushed = time.monotonic()
                if on_done:
                    on_done(count, len(self.waiting))
        except (CourseError, OSError):
            with contextlib.suppress(CourseError, OSError):
                self.keeper.save(done, self.causes)  # what was graded before the trouble
            raise
        self.keeper.save(done, self.causes)
        late = self._refresh_penalties()
        result = collect(self.gradebook, self.course, self.assignment.name, self.journal, self.keeper.outcomes)
        if self.remarks is None:  # nobody was graded
            with contextlib.suppress(CourseError):
                self.remarks = load_results(self.course, self.assignment.name).remarks
        result = replace(result, remarks=[*(self.remarks or []), *self.warnings])
        save_results(result, self.course)
        kept = [student for student, graded in self.keeper.outcomes.items() if graded.kept]
        unchanged = len(self.causes) - len(self.waiting)
        self.warnings += doubt_due_date(
            self.assignment.name, self.gradebook.find_assignment(self.assignment.name).duedate
        )
        return Grading(result, self.keeper.changes, unchanged, sorted(kept), self.warnings, late=late)

    def _refresh_penalties(self) -> int:
        """Of the submissions that were not graded now: their due date may have changed since."""
        from autograder.grading.penalties import refresh_penalties

        waiting, entries = set(self.waiting), self.journal.entries
        before = {
            student: list(entries[student].written)
            for student in self.causes
            if student not in waiting and student in entries
        }
        granted = read_extensions(self.course, self.assignment.name)
        return refresh_penalties(self.gradebook, self.assignment.name, before, self.config, granted)

    def _hand_out(self, jobs: int | None, cluster: str) -> Iterator[Done]:
        """Submit one after the other, a few ahead of the workers, and yield what is done.

        The canary goes first, and nothing that was graded is given out before it is known to be well; again where what came of a
        submission may be the grader's doing. Raises `GraderError` where it is.
        """
        from autograder.grading.canary import Canary, is_suspect
        from autograder.grading.keeping import Done
        from autograder.grading.reading import add_references, remark
        from autograder.grading.worker import Graded

        if not self.waiting:
            return
        assignment = add_references(self.assignment, self.course, self.config, self.engine)
        self.remarks = [line for name, one in assignment.references.items() for line in remark(name, one)]
        workers = min(jobs or os.cpu_count() or 1, len(self.waiting))
        waiting = list(reversed(self.waiting))
        running: dict[Future[Graded], Submission] = {}
        with _open_workers(assignment, workers, cluster) as submit:
            canary = Canary(assignment, submit)
            self.warnings = canary.warnings  # it adds what it finds
            canary.send()
            while waiting or running:
                while waiting and len(running) < workers * AHEAD:
                    submission = self._read(waiting.pop(), assignment)
                    if isinstance(submission, Graded):
                        yield Done(submission)
                    else:
                        running[submit(submission)] = submission
                ended = wait(running, return_when=FIRST_COMPLETED).done if running else set()
                found = [(canary.wait_for(future, running[future].student), running.pop(future)) for future in ended]
                if any(is_suspect(graded) for graded, _ in found):
                    canary.send()
                canary.look()
                yield from (Done(graded, assignment.choose(submission.files)) for graded, submission in found)

    def _read(self, student: str, assignment: Assignment) -> Submission | Graded:
        """What a student handed in, or why that cannot be read."""
        from autograder.grading.reading import read_folder
        from autograder.grading.worker import Graded

        try:
            return read_folder(self.course, student, assignment, self.config)
        except CourseError as error:
            return Graded(student, str(error), kept=isinstance(error, Withheld))


@contextlib.contextmanager
def _open_workers(
    assignment: Assignment, workers: int, cluster: str
) -> Iterator[Callable[[Submission], Future[Graded]]]:
    """A function that has a submission graded by a worker."""
    if cluster:
        from autograder.grading.cluster import open_cluster

        with open_cluster(cluster, assignment) as submit:
            yield submit
    else:
        from autograder.grading.pool import open_pool

        with open_pool(assignment, workers) as submit:
            yield submit


def prepare_gradebook(course: Path, chapter: str, gradebook: Any) -> None:
    """Make sure that the gradebook knows the chapter's exercises."""
    from nbgrader.api import MissingEntry

    with contextlib.suppress(MissingEntry):
        if gradebook.find_assignment(chapter).notebooks:
            return
    gradebook.db.rollback()
    run_nbgrader(course, "generate_assignment", chapter, "--force")
    gradebook.db.expire_all()


def generate_feedback(course: Path, chapter: str) -> None:
    """Write the feedback pages with nbgrader, for all graded students. Raises `CourseError` where a page could not be written."""
    from autograder.grading.database import load_config
    from autograder.grading.stockpages import list_options

    places = find_places(course)
    graded = {name for name in places.list_graded(chapter) if places.graded_folder(name, chapter).is_dir()}
    if not graded:
        raise CourseError(f"There is no feedback to write: no submission of {chapter} could be graded.")
    try:
        run_nbgrader(course, "generate_feedback", chapter, "--force", *list_options(load_config(course)))
    except CourseError as error:
        written = {name for name in graded if any(places.feedback_folder(name, chapter).glob("*.html"))}
        if not (missing := sorted(graded - written)) or missing == sorted(graded):
            raise
        raise CourseError(
            f"There is no feedback page for {', '.join(map(printable, missing))}; the others' pages are written. {error}"
        ) from error


def export_marks(course: Path) -> Path:
    """Write all marks of the gradebook to `grades.csv`, and return its path."""
    run_nbgrader(course, "export", "--exporter=autograder.grading.export.CsvExport")
    return course / "grades.csv"

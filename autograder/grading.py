"""Grade a class: submissions in, gradebook and results out.

`grade_class` is the one way in, for instructors, the demo and the accuracy measurement alike. Workers grade one submission after the
other (`worker`); this process alone reads the course and writes: graded notebooks, marks, journal, results. One submission that cannot be
graded never stops another.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import parse_utc

from autograder.commands import run_nbgrader
from autograder.engine import doctor
from autograder.engine.execute import make_plan
from autograder.engine.plan import Reference
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.gradebook import (
    Change,
    SubmissionMarks,
    find_url,
    load_config,
    load_submissions,
    open_gradebook,
    save_marks,
    withdraw_marks,
)
from autograder.journal import Entry, Journal
from autograder.results import ClassResult, ExerciseResult, StudentResult, load_results, save_results
from autograder.submissions import MAX_BYTES, read_file
from autograder.worker import (
    NOTES,
    Assignment,
    Graded,
    Submission,
    begin,
    grade_submission,
    read_findings,
    write_files,
)

MAX_FILES = 200
MAX_FOLDER = 50_000_000
"""Files of a submission, and bytes of them together."""

BATCH = 32
BATCH_SECONDS = 2.0
"""Submissions, and seconds, after which marks are written."""


@dataclass(frozen=True)
class Grading:
    """What a run of `grade_class` did: the results of the class, and each mark that changed with the reason."""

    result: ClassResult
    changes: list[tuple[Change, str]] = field(default_factory=list)
    unchanged: int = 0
    """Submissions that had been graded as they are, and were not graded again."""


def grade_class(
    course: Path,
    chapter: str,
    jobs: int | None = None,
    on_done: Callable[[int, int], None] | None = None,
    *,
    again: bool = False,
    isolated: bool = True,
    cluster: str = "",
) -> Grading:
    """Grade the submissions of `chapter` that have not been graded as they are, or `again` all of them, and store the results.

    `on_done` hears of each, with the count done and the total. `jobs` work at a time on this machine; `cluster` is the address of a Dask
    scheduler whose workers do it instead. Raises `CourseError` when nothing was handed in, student code cannot be isolated, the
    gradebook cannot be used, or another grading of the chapter is at work.
    """
    students = list_submissions(course, chapter)
    if not students:
        raise CourseError(f"Nothing was handed in for {chapter}: there is no folder submitted/STUDENT/{chapter}.")
    if isolated and not cluster and not doctor.stands():
        raise CourseError(
            "Student code cannot be isolated on this system, so it could read and change whatever you can. 'course doctor' says what is "
            "missing. To grade in spite of that, on a machine with nothing to lose, add --unsafe."
        )
    journal = Journal(course, chapter)
    with journal.open(), open_gradebook(course, find_url(course)) as gradebook, Engine(isolated) as engine:
        engine.start()
        return _Class(course, chapter, students, gradebook, journal, engine).grade(jobs, on_done, again, cluster)


class _Class:
    """One run of `grade_class`."""

    def __init__(
        self, course: Path, chapter: str, students: list[str], gradebook: Any, journal: Journal, engine: Engine
    ) -> None:
        self.course, self.chapter, self.students = course, chapter, students
        self.gradebook, self.journal, self.engine = gradebook, journal, engine
        self.config = load_config(course)
        _prepare_gradebook(course, chapter, gradebook)
        self.assignment = read_assignment(course, chapter, gradebook, self.config, engine)
        self.outcomes: dict[str, Graded] = {}
        self.extra: dict[str, dict[str, bytes]] = {}
        """Files of submissions that are being graded."""
        self.changes: list[tuple[Change, str]] = []
        self.causes = {"source": _digest_assignment(self.assignment), "grader": metadata.version("autograder")}

    def grade(self, jobs: int | None, on_done: Callable[[int, int], None] | None, again: bool, cluster: str) -> Grading:
        current = {student: self._causes(student) for student in self.students}
        known = {one.student_id for one in self.gradebook.find_assignment(self.chapter).submissions}
        waiting = [
            student
            for student in self.students
            if again or student not in known or not self._is_current(student, current[student])
        ]
        done: list[Graded] = []
        flushed = time.monotonic()
        if on_done and waiting:
            on_done(0, len(waiting))
        for graded in self._run(waiting, jobs, cluster):
            self.outcomes[graded.student] = graded
            done.append(graded)
            if len(done) >= BATCH or time.monotonic() - flushed > BATCH_SECONDS:
                self._save(done, current)
                done, flushed = [], time.monotonic()
            if on_done:
                on_done(len(self.outcomes), len(waiting))
        self._save(done, current)
        result = _collect(self.gradebook, self.course, self.chapter, self.journal, self.outcomes)
        save_results(result, self.course)
        return Grading(result, self.changes, len(self.students) - len(waiting))

    # --- what there is to do -----------------------------------------------------------------

    def _causes(self, student: str) -> dict[str, str]:
        digest = hashlib.sha256()
        for path in _walk(_folder(self.course, student, self.chapter)):
            name = path.relative_to(_folder(self.course, student, self.chapter))
            digest.update(f"\0{name}\0".encode("utf-8", "replace"))
            with contextlib.suppress(CourseError):
                digest.update(hashlib.sha256(read_file(path)).digest())
        return {"submission": digest.hexdigest(), **self.causes}

    def _is_current(self, student: str, causes: dict[str, str]) -> bool:
        entry = self.journal.entries.get(student)
        folder = self.course / "autograded" / student / self.chapter
        return (
            entry is not None
            and entry.causes == causes
            and all(_modified(folder / f"{name}.ipynb") for name in entry.written)
        )

    # --- doing it ------------------------------------------------------------------------------

    def _run(self, students: list[str], jobs: int | None, cluster: str) -> Iterator[Graded]:
        """Grade these, several at a time. A worker that is ended from outside costs nobody a mark: its work is done again."""
        broken = 0
        while students:
            left = set(students)
            with (
                contextlib.suppress(BrokenProcessPool),
                _open_pool(self.assignment, jobs, len(students), cluster) as submit,
            ):
                for graded in self._keep_busy(students, submit, (jobs or os.cpu_count() or 1) * 3):
                    left.discard(graded.student)
                    yield graded
            broken = broken + 1 if len(left) == len(students) else 0
            students = [student for student in students if student in left]
            if broken == 3:
                yield Graded(students[0], "The process that graded it was ended three times from outside.")
                students, broken = students[1:], 0

    def _keep_busy(
        self, students: list[str], submit: Callable[[Submission], Future[Graded]], most: int
    ) -> Iterator[Graded]:
        """Submit one after the other, `most` at a time, and yield what is done."""
        waiting, running = list(reversed(students)), set[Future[Graded]]()
        while waiting or running:
            while waiting and len(running) < most:
                student = waiting.pop()
                try:
                    submission = read_folder(self.course, student, self.assignment, self.config)
                except CourseError as error:
                    yield Graded(student, str(error))
                else:
                    self.extra[student] = self.assignment.choose(submission.files)
                    running.add(submit(submission))
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()

    # --- keeping it ----------------------------------------------------------------------------

    def _save(self, done: list[Graded], current: Mapping[str, dict[str, str]]) -> None:
        """Write graded notebooks, then marks, then the journal: whatever was cut off is graded again."""
        good = [graded for graded in done if not graded.reason]
        written = {graded.student: self._write_notebooks(graded) for graded in good}
        changes = self._save_marks(good)
        for graded in done:
            if self.outcomes[graded.student].reason:  # its own, or the gradebook's
                shutil.rmtree(self.course / "autograded" / graded.student / self.chapter, ignore_errors=True)
                if _is_text(graded.student):
                    changes += withdraw_marks(self.gradebook, self.chapter, graded.student)
        before = self.journal.entries
        self.changes += [
            (
                change,
                self._explain(
                    before.get(change.student), current[change.student], self.outcomes[change.student].reason
                ),
            )
            for change in changes
        ]
        self.journal.add(
            [
                Entry(
                    graded.student,
                    current[graded.student],
                    graded.notes,
                    graded.findings,
                    written[graded.student],
                    graded.seconds,
                )
                for graded in good
                if not self.outcomes[graded.student].reason
            ]
        )
        for graded in done:
            if self.outcomes[graded.student].reason:
                self.journal.forget(graded.student)

    def _save_marks(self, good: list[Graded]) -> list[Change]:
        """Save a batch; where the gradebook refuses it, one submission after the other, so that only the cause of that is left out."""
        try:
            return save_marks(self.gradebook, self.chapter, [self._marks(graded) for graded in good], self.config)
        except CourseError as error:
            if len(good) > 1:
                return [change for graded in good for change in self._save_marks([graded])]
            if "in use" in str(error):
                raise
            [graded] = good
            self.outcomes[graded.student] = Graded(graded.student, str(error), seconds=graded.seconds)
            return []

    def _marks(self, graded: Graded) -> SubmissionMarks:
        stamp = _folder(self.course, graded.student, self.chapter) / "timestamp.txt"
        timestamp = None
        with contextlib.suppress(CourseError, ValueError, OverflowError):
            if text := read_file(stamp, 1_000).decode("utf-8", "replace").strip():
                timestamp = parse_utc(text)
        return SubmissionMarks(graded.student, timestamp, graded.marks)

    def _write_notebooks(self, graded: Graded) -> dict[str, int]:
        """Put the graded notebooks where nbgrader has them, beside the files of the submission and of the author."""
        folder = self.course / "autograded" / graded.student / self.chapter
        fresh = folder.with_name(f".{self.chapter}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            write_files(fresh, {**self.assignment.files, **self.extra.pop(graded.student, {})})
            write_files(
                fresh, {f"{name}.ipynb": text.encode("utf-8", "replace") for name, text in graded.notebooks.items()}
            )
        except OSError:  # a full disk: nothing half-written stays
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        return {name: _modified(folder / f"{name}.ipynb") for name in graded.notebooks}

    def _explain(self, entry: Entry | None, causes: dict[str, str], reason: str) -> str:
        if reason:
            return "it could not be graded any more"
        words = {
            "submission": "another submission",
            "source": "the chapter changed",
            "grader": "another version of the grader",
        }
        known = entry.causes if entry else {}
        return (
            ", ".join(says for cause, says in words.items() if known and known.get(cause) != causes[cause])
            or "graded again"
        )


def list_submissions(course: Path, chapter: str) -> list[str]:
    """The students who handed in `chapter`, sorted."""
    return sorted(folder.parent.name for folder in (course / "submitted").glob(f"*/{chapter}") if folder.is_dir())


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return True


def _folder(course: Path, student: str, chapter: str) -> Path:
    return course / "submitted" / student / chapter


def _prepare_gradebook(course: Path, chapter: str, gradebook: Any) -> None:
    """Make sure that the gradebook knows the chapter's exercises."""
    with contextlib.suppress(MissingEntry):
        if gradebook.find_assignment(chapter).notebooks:
            return
    gradebook.db.rollback()
    run_nbgrader(course, "generate_assignment", chapter, "--force")
    gradebook.db.expire_all()


# --- what is handed to the workers ------------------------------------------------------------------


def read_assignment(course: Path, chapter: str, gradebook: Any, config: Any, engine: Engine) -> Assignment:
    """What grading `chapter` needs of the course. Raises `CourseError` where a source notebook is missing or of another language."""
    folder = course / "source" / chapter
    names = [notebook.name for notebook in gradebook.find_assignment(chapter).notebooks]
    sources = {name: _read_source(folder / f"{name}.ipynb") for name in names}
    ignored = CourseDirectory(config=config).ignore
    paths = {
        path.relative_to(folder).as_posix(): path
        for path in _walk(folder)
        if path.suffix != ".ipynb"
        and not any(fnmatch.fnmatch(part, one) for part in path.relative_to(folder).parts for one in ignored)
    }
    seconds = Execute(config=config).timeout
    seconds = float(seconds) if seconds and seconds > 0 else 1e6
    references: dict[str, Reference] = {}
    for name, text in sources.items():
        cache = course / ".autograder" / chapter / f"{name}.json"
        source = nbformat.reads(text, as_version=4)
        references[name] = make_plan(engine, source, folder, paths, seconds, cache).reference
    released = {
        notebook.name: {cell.name: cell.source for cell in notebook.source_cells}
        for notebook in gradebook.find_assignment(chapter).notebooks
    }
    kept = (config.Autograde.get("exclude_overwriting") or {}).get(chapter, [])
    files = {name: path.read_bytes() for name, path in paths.items()}
    return Assignment(
        chapter, sources, references, released, files, frozenset(kept), seconds, engine.isolated, engine.start()
    )


def _read_source(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        language = json.loads(text)["metadata"].get("kernelspec", {}).get("language", "python")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CourseError(f"{path} cannot be read ({error}): build the chapter first.") from None
    if language != "python":
        raise CourseError(
            f"{path} is written in {language}: grade it with 'nbgrader autograde', which starts its kernel."
        )
    return text


def _digest_assignment(assignment: Assignment) -> str:
    parts = [assignment.sources, assignment.released, assignment.seconds, assignment.isolated]
    digest = hashlib.sha256(json.dumps(parts, default=dict, sort_keys=True).encode("utf-8", "replace"))
    for name, data in sorted(assignment.files.items()):
        digest.update(name.encode("utf-8", "replace") + hashlib.sha256(data).digest())
    return digest.hexdigest()


def _walk(folder: Path) -> list[Path]:
    """The files in a folder, links among them, sorted; links to folders are not followed."""
    found = [
        Path(place, name) for place, folders, names in os.walk(folder) for name in [*names, *_links(place, folders)]
    ]
    return sorted(found)


def _links(place: str, folders: list[str]) -> list[str]:
    return [name for name in folders if os.path.islink(os.path.join(place, name))]


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def read_folder(course: Path, student: str, assignment: Assignment, config: Any) -> Submission:
    """What a student handed in. Raises `CourseError` where it has none of the notebooks, or one of them cannot be read."""
    folder = _folder(course, student, assignment.name)
    if not _is_text(student):
        raise CourseError("The name of the student's folder is no text.")
    if folder.is_symlink() or folder.parent.is_symlink():
        raise CourseError(f"{folder.relative_to(course)} is a link.")
    paths = {path.relative_to(folder).as_posix(): path for path in _walk(folder)}
    notebooks = {name: paths.pop(f"{name}.ipynb") for name in assignment.sources if f"{name}.ipynb" in paths}
    if not notebooks:
        raise CourseError(
            f"None of the chapter's notebooks was handed in; the folder holds {', '.join(list(paths)[:5]) or 'nothing'}."
        )
    ignored = CourseDirectory(config=config).ignore
    files: dict[str, bytes] = {}
    notes = []
    for name, path in paths.items():
        if any(fnmatch.fnmatch(part, one) for part in Path(name).parts for one in ignored):
            continue
        if len(files) >= MAX_FILES or sum(map(len, files.values())) > MAX_FOLDER:
            notes.append("There are too many files, or too large ones; some were left out.")
            break
        try:
            files[name] = read_file(path, MAX_BYTES)
        except CourseError as error:
            notes.append(f"{error} It was left out.")
    notes += [f"{name}.ipynb was not handed in." for name in assignment.sources if name not in notebooks]
    return Submission(student, {name: read_file(path) for name, path in notebooks.items()}, files, tuple(notes))


# --- pools -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _open_pool(
    assignment: Assignment, jobs: int | None, count: int, cluster: str
) -> Iterator[Callable[[Submission], Future[Graded]]]:
    """A function that has a submission graded by a worker."""
    if cluster:
        from autograder.cluster import open_cluster

        with open_cluster(cluster, assignment) as submit:
            yield submit
        return
    workers = min(jobs or os.cpu_count() or 1, count)
    context = multiprocessing.get_context("spawn")
    pool: Executor = ProcessPoolExecutor(workers, mp_context=context, initializer=begin, initargs=(assignment,))
    try:
        yield lambda submission: pool.submit(grade_submission, submission)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# --- results -------------------------------------------------------------------------------------


def collect_results(course: Path, chapter: str) -> ClassResult:
    """The results of the last grading, with marks given by hand since then."""
    before = {one.student: one for one in load_results(course, chapter).students}
    outcomes = {
        name: Graded(name, one.reason, seconds=one.seconds) for name, one in before.items() if one.state == "not graded"
    }
    with open_gradebook(course, find_url(course)) as gradebook:
        return _collect(gradebook, course, chapter, Journal(course, chapter), outcomes)


def _collect(
    gradebook: Any, course: Path, chapter: str, journal: Journal, outcomes: Mapping[str, Graded]
) -> ClassResult:
    """Read marks from the gradebook and what was found from the journal, or else from the graded notebooks."""
    students = []
    graded = {one.student_id: one for one in load_submissions(gradebook, chapter)}
    for name in sorted(set(list_submissions(course, chapter)) | {student.id for student in gradebook.students}):
        outcome = outcomes.get(name)
        if outcome and outcome.reason:
            shown = name.encode("utf-8", "replace").decode()
            students.append(StudentResult(shown, "not graded", outcome.reason, seconds=round(outcome.seconds, 2)))
        elif name in graded:
            students.append(_collect_student(graded[name], course, chapter, name, journal.entries.get(name)))
        else:
            students.append(StudentResult(name, "nothing handed in"))
    return ClassResult(chapter, students)


def _collect_student(submission: Any, course: Path, chapter: str, student: str, entry: Entry | None) -> StudentResult:
    folder = course / "autograded" / student / chapter
    notes: list[str] = list(entry.notes) if entry else []
    exercises = []
    for notebook in sorted(submission.notebooks, key=lambda one: str(one.name)):
        path = folder / f"{notebook.name}.ipynb"
        if entry and entry.written.get(notebook.name) == _modified(path):
            findings = entry.findings.get(notebook.name, {})
        elif path.exists():  # nbgrader itself has graded it since
            found = nbformat.read(path, as_version=4)
            findings = read_findings(found)
            notes += [note for note in found.metadata.get(NOTES, []) if note not in notes]
        else:
            findings = {}
        order = {name: place for place, name in enumerate(findings)}
        for grade in sorted(notebook.grades, key=lambda grade: order.get(grade.name, 0)):
            own = findings.get(grade.name.removesuffix("-check"), {})
            exercises.append(_read_exercise(notebook.name, grade, findings.get(grade.name), own))
    return StudentResult(student, "graded", "", notes, exercises, round(entry.seconds, 2) if entry else 0)


def _read_exercise(notebook: str, grade: Any, check: dict[str, Any] | None, answer: dict[str, Any]) -> ExerciseResult:
    found = ExerciseResult(notebook, grade.name.removesuffix("-check"), grade.max_score, grade.score, "wrong")
    if grade.cell_type != "code" or grade.auto_score is None:
        done = grade.manual_score is not None or not grade.needs_manual_grade
        return replace(found, state="by hand", score=grade.score if done else None)
    if check is None:
        return replace(found, state="not attempted")
    if "stopped" in check:
        return replace(found, state="stopped", mistakes=[_explain_stop("check", *check["stopped"])])
    if grade.score == grade.max_score:
        return replace(found, state="right")
    result = check.get("result")
    if result is not None and not result["attempted"]:
        if "stopped" in answer:
            return replace(found, state="stopped", mistakes=[_explain_stop("answer", *answer["stopped"])])
        return replace(found, state="not attempted")
    mistakes = [mistake["says"] for mistake in result["mistakes"]] if result else []
    return replace(found, state="partial" if grade.score else "wrong", mistakes=mistakes)


def _explain_stop(what: str, error: str, says: str) -> str:
    if error in ("CellTimeoutError", "KeyboardInterrupt"):
        return f"The cell of the {what} did not end in the time allowed."
    if error == "ProcessEnded":
        return f"The cell of the {what} ended its own process."
    return f"The cell of the {what} stops with {error}: {says}"[:300]


def generate_feedback(course: Path, chapter: str) -> None:
    """Write the feedback pages with nbgrader, for all graded students."""
    run_nbgrader(course, "generate_feedback", chapter, "--force")


def export_marks(course: Path) -> Path:
    """Write all marks of the gradebook to `grades.csv` with nbgrader, and return its path."""
    run_nbgrader(course, "export")
    return course / "grades.csv"

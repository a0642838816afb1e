"""What a grading leaves behind when it is cut off: each process killed at each stage, a full disk, a busy database, two graders at once.

After every fault the course is whole: nobody's work is lost, the grader's trouble becomes nobody's mark, what was cut off is graded by the
next `course grade`, and every student is in the gradebook once, with the marks of an undisturbed run.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from sampling import sample
from sqlalchemy import event
from sqlalchemy.engine import Engine as SQLAlchemyEngine

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.engine.jobs import Step
from autograder.engine.outputs import make_error
from autograder.engine.runner import Engine, Run
from autograder.errors import CourseError
from autograder.grading import grade as grading
from autograder.grading import keeping, pool, worker
from autograder.grading.canary import Canary
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import load_config, open_gradebook
from autograder.grading.grade import grade_class
from autograder.grading.journal import Journal
from autograder.grading.reading import add_references, read_assignment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

ROOT = Path(__file__).parents[2]
CHAPTER, OTHER, NAME = "01_mini", "02_mini", "1_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}
WRONG = {"relu": "def relu(z):\n    return z.abs()", "shape": "shape = (5, 2)"}

SLOW = """
import ctypes, time
def pause(name):
    ctypes.CDLL(None).prctl(15, name.encode())  # the name of this process, as the host sees it
    time.sleep(1.0)
    ctypes.CDLL(None).prctl(15, b"student")
"""
"""In front of an answer: `pause` gives a killer a second's time, and the student's process a name to find it by."""

MINE = f"t{os.getpid()}"
"""How such names begin, so that tests that run at the same time do not kill each other's processes."""

SPARED: set[int] = set()
"""The processes that are not for killing: the warm one of all tests here, and what other tests left in this process."""

Marks = dict[tuple[str, str], float | None]
"""The automatic score by student and cell."""


# --- a small course --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def spared(warm: Engine) -> None:
    SPARED.update(child.pid for child in psutil.Process().children())


@pytest.fixture(scope="module")
def built(mini: Path, tmp_path_factory: pytest.TempPathFactory, warm: Engine) -> Path:
    """A course with two small chapters, built; the gradebook knows the first, whose reference run is stored."""
    course = tmp_path_factory.mktemp("built") / "course"
    shutil.copytree(mini, course)
    with open_gradebook(course) as gradebook:
        grading.prepare_gradebook(course, CHAPTER, gradebook)
        config = load_config(course)
        add_references(read_assignment(course, CHAPTER, gradebook, config, True), course, config, warm)
    for kind in ("notebooks", "source", "release"):
        shutil.copytree(course / kind / CHAPTER, course / kind / OTHER)
    return course


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Path:
    """The course, with what four students handed in."""
    shutil.copytree(built, tmp_path / "course")
    for chapter in (CHAPTER, OTHER):
        for number, answers in enumerate((RIGHT, WRONG, {}, {**RIGHT, "relu": WRONG["relu"]}), start=1):
            hand_in(tmp_path / "course", chapter, f"student-{number}", answers)
    return tmp_path / "course"


EXPECTED: Marks = {
    (f"student-{number}", cell): score
    for number, scores in enumerate(((3.0, 1.0, None), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (1.0, 1.0, None)), start=1)
    for cell, score in zip(("relu-check", "shape-check", "why"), scores, strict=True)
}


def read_marks(course: Path, chapter: str = CHAPTER) -> Marks:
    """All marks of a chapter in the gradebook. Nobody has two of them for the same cell."""
    query = """
        select submitted_assignment.student_id, base_cell.name, grade.auto_score from grade
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
        join assignment on assignment.id = submitted_assignment.assignment_id
        join base_cell on base_cell.id = grade.cell_id where assignment.name = ?"""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        rows = database.execute(query, (chapter,)).fetchall()
    assert Counter((student, cell) for student, cell, _ in rows).most_common(1)[0][1] == 1 if rows else True
    return {(student, cell): score for student, cell, score in rows}


def assert_whole(course: Path, expected: Marks, chapter: str = CHAPTER) -> None:
    """Every student is graded, once, and everything that tells of it says the same."""
    assert read_marks(course, chapter) == expected
    students = {student for student, _ in expected}
    stored = json.loads((course / "reports" / f"{chapter}.json").read_text(encoding="utf-8"))
    assert {one["student"]: one["state"] for one in stored["students"]} == dict.fromkeys(students, "graded")
    entries = Journal(course, chapter).entries
    assert {name for name, entry in entries.items() if entry.causes} == students
    for student in students:
        folder = course / "autograded" / student
        assert [path.name for path in folder.iterdir() if path.name.startswith(f".{chapter}")] == []
        nbformat.validate(nbformat.read(folder / chapter / f"{NAME}.ipynb", as_version=4))


# --- processes -------------------------------------------------------------------------------------------


def list_names() -> dict[str, int]:
    """A process by each name that there is."""
    names = {}
    for number in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{number}/comm", "rb") as file:  # it may be gone by now
            names[file.read().decode(errors="replace").strip()] = int(number)
    return names


def is_paused(name: str) -> bool:
    return name in list_names()


def find_child(parent: psutil.Process, word: str) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        for child in parent.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if child.pid not in SPARED and any(word in part for part in child.cmdline()):
                    return child
    return None


Find = Callable[[psutil.Process], psutil.Process | None]

FIND: dict[str, Find] = {
    "the student's process": lambda student: student,
    "the box": lambda student: student.parent(),
    "the box's keeper": lambda student: next(one for one in student.parent().children() if one != student),
    "the examiner": lambda student: next(one for one in student.parents()[1].children() if one != student.parent()),
    "the warm process": lambda student: student.parents()[1],
    "the pool's worker": lambda student: find_child(psutil.Process(), "autograder.grading.pool"),
}  # fmt: skip
"""How to find each process of the engine from a student's."""


@dataclass
class Killer:
    """Kills processes as they appear, in a thread of its own, and notes whom."""

    faults: dict[str, Find]
    """What finds the process to kill, by a name for it: the student's that has paused under that name, or else of this process."""
    times: dict[str, int] = field(default_factory=dict)
    """How often, where it is more than once."""
    killed: Counter[str] = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Killer:
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.ended.set()
        self.thread.join()

    def watch(self) -> None:
        last: dict[str, int] = {}
        own = psutil.Process()
        while not self.ended.wait(0.05):
            names = list_names()
            for name, find in self.faults.items():
                if self.killed[name] >= self.times.get(name, 1) or (name not in STARTING and name not in names):
                    continue
                with contextlib.suppress(psutil.Error, StopIteration, IndexError):
                    process = find(psutil.Process(names.get(name)))
                    if (
                        process and process.pid != last.get(name) and own in process.parents()
                    ):  # not who adopts an orphan
                        process.kill()
                        last[name] = process.pid
                        self.killed[name] += 1


# --- each process of the engine, killed at each stage ------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One row: the process that is killed while its student's work is graded, and when."""

    kills: str
    when: str
    number: int
    times: int = 1
    costs: tuple[str, ...] = ()
    """Cells that are lost with a process that is killed again and again."""

    @property
    def name(self) -> str:
        return f"{MINE}-{self.number:02}"

    @property
    def answer(self) -> str:
        """Right, with a pause where the killer is to come."""
        if self.when == "in an answer's cell":
            return f"{SLOW}\npause('{self.name}')\n{RIGHT['relu']}"
        body = f"    paused or paused.append(pause('{self.name}'))\n    return z.clamp(min=0)"
        return f"{SLOW}\npaused = []\ndef relu(z):\n{body}"


STAGES = ("in an answer's cell", "in a check")
FAULTS = [Fault(kills, when, 0) for kills in FIND for when in STAGES]
FAULTS.append(Fault("the student's process", STAGES[0], 0, times=2, costs=("relu-check",)))
FAULTS.append(Fault("the box", STAGES[1], 0, times=2, costs=("relu-check",)))
FAULTS = [Fault(one.kills, one.when, number, one.times, one.costs) for number, one in enumerate(FAULTS, start=1)]

STARTING: dict[str, Find] = {
    "the warm process, as it starts": lambda own: find_child(own, "autograder.engine.zygote"),
    "the pool's worker, as it starts": lambda own: find_child(own, "autograder.grading.pool"),
}


@dataclass
class Disturbed:
    """A class with a student for each row, graded while the killer was about."""

    course: Path
    faults: list[Fault]
    killed: Counter[str]
    marks: Marks


@pytest.fixture(scope="module")
def disturbed(built: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Disturbed:
    """The faults are those of the tests that were chosen for this run."""
    chosen = [item.callspec.params.get("fault") for item in request.session.items if hasattr(item, "callspec")]
    faults = [fault for fault in FAULTS if fault in chosen] or FAULTS
    course = tmp_path_factory.mktemp("disturbed") / "course"
    shutil.copytree(built, course, ignore=shutil.ignore_patterns(".autograder"))  # the warm process is needed at once
    for fault in faults:
        hand_in(course, CHAPTER, fault.name, {**RIGHT, "relu": fault.answer})
    finders = {fault.name: FIND[fault.kills] for fault in faults} | STARTING
    with Killer(finders, {fault.name: fault.times for fault in faults}) as killer:
        grade_class(course, CHAPTER, jobs=1)
    return Disturbed(course, faults, killer.killed, read_marks(course))


def describe(fault: Fault) -> str:
    return f"{fault.kills} {fault.when}{' twice' if fault.times > 1 else ''}"


@pytest.mark.parametrize("fault", sample(FAULTS, 14), ids=describe)
def test_a_process_killed_from_outside_costs_nobody_else(disturbed: Disturbed, fault: Fault) -> None:
    assert disturbed.killed[fault.name] == fault.times, "the row did not happen"
    cells = {"relu-check": 3.0, "shape-check": 1.0, "why": None}
    found = {cell: disturbed.marks[fault.name, cell] for cell in cells}
    assert found == cells | dict.fromkeys(fault.costs, 0.0)


@pytest.mark.parametrize("name", STARTING)
def test_a_process_killed_as_it_starts_costs_nobody(disturbed: Disturbed, name: str) -> None:
    assert disturbed.killed[name] == 1


def test_after_all_that_the_class_is_whole(disturbed: Disturbed) -> None:
    assert_whole(disturbed.course, disturbed.marks)
    assert {student for student, _ in disturbed.marks} == {fault.name for fault in disturbed.faults}
    wait_for(lambda: not any(name.startswith(MINE) for name in list_names()), 10)  # the kernel is about to end the last
    assert find_child(psutil.Process(), "autograder.engine.zygote") is None


# --- the command itself, killed -----------------------------------------------------------------------------


def die(*args: Any, **options: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> None:
        function(*args, **options)
        die()

    return run


def half(self: Journal, entries: object) -> None:
    self._file.write('{"student": "student-1", "cau')
    self._file.flush()
    die()


DEATHS: dict[str, tuple[Any, str, Any]] = {
    "while graded notebooks are written": (Path, "rename", die),
    "before the marks are written": (keeping.Keeper, "_save_marks", die),
    "after the marks are written": (keeping, "save_marks", after(keeping.save_marks)),
    "in a line of the journal": (Journal, "add", half),
    "after the first batch": (Journal, "add", after(Journal.add)),
    "before the results are written": (grading, "save_results", die),
}
"""When the command kills itself, and the change to it that brings that about."""


def run_command(course: Path, *arguments: str, temporary: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=course, stdout=pipe, stderr=pipe, text=True, env=environment)


def fork_command(course: Path, *arguments: str, change: Callable[[], object] = lambda: None) -> int:
    """The same in a fork of this process, which has everything imported; after a `change` to it. The fork's number."""
    pid = os.fork()
    if pid == 0:
        status = 1
        kept, worker._own = worker._own, threading.local()  # noqa: F841  (its folder is the parent's)
        try:
            os.chdir(course)
            change()
            status = main(list(arguments))
        finally:
            os._exit(status)
    return pid


def end_of(pid: int) -> int:
    """The exit status, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.usefixtures("quick")
def test_a_command_that_is_killed_is_taken_up_again(course: Path) -> None:
    """It is started again and again on one course, and killed at a later point each time."""
    for when, change in DEATHS.items():

        def hook(change: tuple[Any, str, Any] = change) -> None:
            grading.BATCH, grading.BATCH_SECONDS = 2, 1000
            setattr(*change)

        assert end_of(fork_command(course, "grade", "1", change=hook)) == -signal.SIGKILL, when
        marks = read_marks(course)
        assert marks.items() <= EXPECTED.items(), when
        for name, entry in Journal(course, CHAPTER).entries.items():
            assert entry.causes, when
            assert marks[name, "relu-check"] == EXPECTED[name, "relu-check"], when
    told: list[tuple[int, int]] = []
    done = grade_class(course, CHAPTER, on_done=lambda *counts: told.append(counts))
    assert (done.unchanged, told, done.changes) == (4, [], [])  # the run before the last had graded the last of them
    assert_whole(course, EXPECTED)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["at once", "in order"])
def test_a_command_ended_in_a_students_cell_leaves_no_process(
    course: Path, quick: None, tmp_path: Path, number: signal.Signals
) -> None:
    hand_in(course, CHAPTER, "slow", {**RIGHT, "relu": f"{SLOW}\npause('{MINE}-slow'); time.sleep(4)\n{RIGHT['relu']}"})
    grader = run_command(course, "grade", "1", "-j", "1", temporary=tmp_path / "temporary")
    wait_for(lambda: is_paused(f"{MINE}-slow"))
    processes = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(number)
    _, said = grader.communicate(timeout=60)
    if number == signal.SIGTERM:  # from `kill`, a batch system, a container that stops
        assert (grader.returncode, said.splitlines()[-1]) == (128 + number, "course: stopped.")
        assert list((tmp_path / "temporary").iterdir()) == []
    _, left = psutil.wait_procs(processes, timeout=10)
    assert left == []
    grade_class(course, CHAPTER)
    assert_whole(course, {**EXPECTED, ("slow", "relu-check"): 3.0, ("slow", "shape-check"): 1.0, ("slow", "why"): None})


def wait_for(find: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.03)
    return found


# --- full disks, busy databases, other graders ----------------------------------------------------------------


def no_space(*args: Any, **options: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/full/disk")


FULL: dict[str, tuple[Any, str]] = {
    "a worker's copy of a submission": (worker, "write_files"),
    "a graded notebook": (keeping, "write_files"),
    "the place of a graded notebook": (Path, "rename"),
    "the journal": (os, "fsync"),
    "the results": (grading, "save_results"),
}
"""What finds no space, and the function that does."""


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("what", sample(FULL, 2))
def test_a_full_disk_is_said_and_half_of_nothing_is_kept(
    course: Path, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    with monkeypatch.context() as patch:
        patch.setattr(*FULL[what], no_space)
        assert main(["grade", "1"]) == 1
    said = capsys.readouterr().err
    assert said.endswith(
        "course: /a/full/disk: No space left on device. What was done before that is kept. Fix the cause, and start again.\n"
    )
    assert "Traceback" not in said
    assert read_marks(course).items() <= EXPECTED.items()
    assert main(["grade", "1"]) == 0
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
def test_a_gradebook_on_a_full_disk_is_said(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    assert main(["grade", "1"]) == 0
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        database.execute("create trigger full before update on grade begin select raise(abort, 'disk full'); end")
        database.commit()
    student = course / "submitted" / "student-1" / CHAPTER
    shutil.rmtree(student)
    hand_in(course, CHAPTER, "student-1", WRONG)
    capsys.readouterr()
    assert main(["grade", "1"]) == 1
    said = capsys.readouterr().err
    assert "course: The gradebook gradebook.db cannot be used (disk full)." in said
    assert read_marks(course) == EXPECTED
    graded = (course / "autograded" / "student-1" / CHAPTER / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert WRONG["relu"].splitlines()[1] not in graded, "a new notebook beside an old mark"
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        database.execute("drop trigger full")
        database.commit()
    assert main(["grade", "1"]) == 0
    second = {("student-1", cell): score for (student, cell), score in EXPECTED.items() if student == "student-2"}
    assert_whole(course, {**EXPECTED, **second})


# --- the grader's own trouble ----------------------------------------------------------------------------------


def lose_engine(*args: Any, **options: Any) -> Any:
    raise CourseError("The process that runs notebooks was ended three times from outside.")


def find_no_wall(*args: Any, **options: Any) -> Any:
    raise CourseError("A mount namespace cannot be made.")


def find_no_memory(*args: Any, **options: Any) -> Any:
    raise MemoryError


def end_every_check(self: Any, step: Step) -> Any:
    return [make_error("ProcessEnded", "The cell ended its process (signal SIGKILL).")]


def stop_every_check(self: Any, step: Step) -> Any:
    return [make_error("FileNotFoundError", "[Errno 2] No usable temporary directory found")]


TROUBLES: dict[str, tuple[Any, str, Any, str]] = {
    "the process that runs notebooks is ended": (Engine, "run", lose_engine, "was ended three times from outside"),
    "a wall cannot be built": (Engine, "run", find_no_wall, "A mount namespace cannot be made"),
    "there is no memory": (worker, "rebuild", find_no_memory, "MemoryError"),
    "a worker's disk is full": (worker, "write_files", no_space, "No space left on device"),
    "the grader has a mistake of its own": (worker, "mark_notebook", find_no_wall, "cannot be graded either"),
    "every cell's process is ended": (Run, "_step", end_every_check, "did not run here"),
    "no cell finds a temporary folder": (Run, "_step", stop_every_check, "did not run here"),
    "no gradebook can be written": (keeping, "save_marks", no_space, "No space left on device"),
}
"""What goes wrong for every submission, where, and what is said of it."""


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("begins", ["at once", "after the first"])
@pytest.mark.parametrize("trouble", sample(TROUBLES, 3))
def test_trouble_of_the_grader_becomes_nobodys_mark(
    course: Path, trouble: str, begins: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Earlier marks stay, the exit status says so, and the next run takes it up."""
    monkeypatch.chdir(course)
    monkeypatch.setattr(grading, "AHEAD", 1)
    assert main(["grade", "1", "-j", "1"]) == 0
    before = read_all(course)
    where, name, fails, says = TROUBLES[trouble]
    well = getattr(where, name)
    calls: list[object] = []

    def run(*args: Any, **options: Any) -> Any:
        calls.append(args)
        at_once = begins == "at once" or len(calls) > (2 if where is not Run else 20) or where is keeping
        return (fails if at_once else well)(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, run)
        capsys.readouterr()
        assert main(["grade", "1", "-j", "1", "--again"]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert read_marks(course) == EXPECTED
    assert read_all(course) == before
    assert main(["grade", "1"]) == 0
    assert_whole(course, EXPECTED)


def read_all(course: Path) -> dict[str, list[str]]:
    """What formgrader sees of each student."""
    query = """
        select submitted_assignment.student_id, base_cell.name, auto_score, manual_score, needs_manual_grade from grade
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
        join base_cell on base_cell.id = grade.cell_id order by 1, 2"""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        rows = database.execute(query).fetchall()
    return {student: [str(row[1:]) for row in rows if row[0] == student] for student, *_ in rows}


@pytest.mark.usefixtures("quick")
def test_nbgrader_autograde_looks_after_a_canary_too(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for all students of a command; where it fails, nobody's mark changes, and the command says why."""
    monkeypatch.chdir(course)
    assert main(["grade", "1", "-j", "1"]) == 0
    before = read_all(course)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "_step", end_every_check)
        with pytest.raises(CourseError, match="nbgrader autograde failed"):
            run_nbgrader(course, "autograde", CHAPTER, "--force")
    assert read_all(course) == before

    sent, send = tmp_path / "sent", Canary.send

    def count(canary: Canary) -> None:
        with sent.open("a") as file:
            file.write("sent\n")
        send(canary)

    monkeypatch.setattr(Canary, "send", count)
    run_nbgrader(course, "autograde", CHAPTER, "--force")
    assert read_all(course) == before
    assert sent.read_text().splitlines() == ["sent"]


@pytest.mark.usefixtures("quick")
def test_a_submission_that_ends_the_grader_by_itself_costs_that_mark_alone(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary tells it from trouble of the grader: what fails is the submission."""
    grade_class(course, CHAPTER)
    shutil.rmtree(course / "submitted" / "student-2" / CHAPTER)
    hand_in(course, CHAPTER, "student-2", {"relu": "ends_the_engine = 1"})
    well = Engine.run

    def run(self: Engine, job: Any) -> Any:
        if any("ends_the_engine" in step.source for step in job.steps):
            lose_engine()
        return well(self, job)

    monkeypatch.setattr(Engine, "run", run)
    found = grade_class(course, CHAPTER, again=True)
    reasons = {one.student: one.reason for one in found.result.students if one.state == "not graded"}
    assert reasons == {"student-2": "The process that runs notebooks was ended three times from outside."}
    expected = {key: None if key[0] == "student-2" else score for key, score in EXPECTED.items()}
    assert read_marks(course) == expected


@pytest.mark.usefixtures("shared_warm")
@pytest.mark.parametrize(
    "program",
    sample(["import os; os.kill(os.getpid(), 9)", "raise SystemExit('no room')", "import os; os._exit(0)"], 3),
    ids=["killed", "stops", "leaves"],
)
def test_workers_that_die_at_start_leave_every_mark(
    course: Path, program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    assert main(["grade", "1"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(pool, "WORKER", ("-c", program))
        assert main(["grade", "1", "--again"]) == 1
    said = capsys.readouterr().err
    assert "course: A process that grades could not be started: " in said
    assert "Traceback" not in said
    assert read_marks(course) == EXPECTED
    assert main(["grade", "1"]) == 0
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("what", [f"{NAME}.ipynb", "data.csv"])
def test_a_file_that_may_not_be_read_leaves_the_mark_of_its_student(
    course: Path, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    locked = course / "submitted" / "student-1" / CHAPTER / what
    if not locked.exists():
        locked.write_text("1, 2")
    assert main(["grade", "1"]) == 0
    well = os.open

    def refuse(path: Any, *rest: Any, **options: Any) -> int:
        if path == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return well(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        assert main(["grade", "1", "--again"]) == 1
    said = capsys.readouterr()
    assert f"not graded: student-1: {what} cannot be read here: Permission denied." in said.out
    assert "Their earlier marks are kept" in said.err
    assert read_marks(course) == EXPECTED
    assert main(["grade", "1"]) == 0
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
def test_a_gradebook_that_finds_no_room_is_said(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite's own words for a full disk, from a database that may not grow."""
    monkeypatch.chdir(course)
    assert main(["grade", "1"]) == 0
    more = {f"more-{number}": RIGHT for number in range(16)}
    for name, answers in more.items():
        hand_in(course, CHAPTER, name, answers)

    def forbid_growth(connection: Any, record: object) -> None:
        [pages] = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count = {pages}")

    event.listen(SQLAlchemyEngine, "connect", forbid_growth)
    try:
        assert main(["grade", "1", "--again"]) == 1
    finally:
        event.remove(SQLAlchemyEngine, "connect", forbid_growth)
    said = capsys.readouterr().err
    assert "course: The gradebook gradebook.db cannot be written (database or disk is full)." in said
    assert "db upgrade" not in said
    assert EXPECTED.items() <= read_marks(course).items()
    assert main(["grade", "1"]) == 0
    scores = {cell: score for (student, cell), score in EXPECTED.items() if student == "student-1"}
    assert_whole(course, EXPECTED | {(name, cell): score for name in more for cell, score in scores.items()})


@pytest.mark.usefixtures("quick")
def test_a_busy_database_is_waited_for(course: Path) -> None:
    grade_class(course, CHAPTER)
    other = sqlite3.connect(course / "gradebook.db", isolation_level=None, check_same_thread=False)
    began: list[float] = []

    def lock(done: int, total: int) -> None:
        if not began:
            began.append(time.monotonic())
            other.execute("BEGIN EXCLUSIVE")
            threading.Timer(1.5, other.rollback).start()

    assert grade_class(course, CHAPTER, on_done=lock, again=True).changes == []
    assert time.monotonic() - began[0] >= 1.4
    other.close()
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
def test_an_old_notebook_is_graded(course: Path) -> None:
    path = course / "submitted" / "student-1" / CHAPTER / f"{NAME}.ipynb"
    notebook = nbformat.convert(nbformat.read(path, as_version=4), 3)
    path.write_text(nbformat.writes(notebook, version=3), encoding="utf-8")
    grade_class(course, CHAPTER)
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
def test_a_second_grader_of_a_chapter_is_sent_away(course: Path) -> None:
    refused: list[str] = []

    def grade_too(done: int, total: int) -> None:
        with pytest.raises(CourseError) as caught:
            grade_class(course, CHAPTER)
        refused.append(str(caught.value))

    grade_class(course, CHAPTER, on_done=grade_too)
    assert set(refused) == {"Another 'course grade' is working on 01_mini. Wait until it ends, or stop it first."}
    assert_whole(course, EXPECTED)


@pytest.mark.usefixtures("quick")
def test_two_chapters_are_graded_at_once(course: Path) -> None:
    """On a course whose gradebook is yet to be made."""
    (course / "gradebook.db").unlink()
    graders = [fork_command(course, "grade", number, "-j", "1") for number in ("1", "2")]
    assert [end_of(grader) for grader in graders] == [0, 0]
    assert_whole(course, EXPECTED, CHAPTER)
    assert_whole(course, EXPECTED, OTHER)


# --- a cluster ----------------------------------------------------------------------------------------------


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A Dask scheduler on the loopback with two workers, each a process of its own."""
    started = []

    def start(*arguments: str) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        with (tmp_path / "dask.log").open("a") as log:
            started.append(subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log))

    file = tmp_path / "scheduler.json"
    where = ("--host", "127.0.0.1", "--no-dashboard")
    start("scheduler", "--port", "0", "--scheduler-file", str(file), *where)
    try:
        wait_for(file.exists)
        address = str(json.loads(file.read_text())["address"])
        for _ in range(2):
            start("worker", address, "--nthreads", "1", "--no-nanny", *where)
        from distributed import Client

        with Client(address, timeout=30) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.usefixtures("shared_warm")
def test_a_cluster_that_loses_a_worker_loses_nobody(course: Path, scheduler: str) -> None:
    students = [f"more-{number}" for number in range(3)]
    for student in students:
        hand_in(course, CHAPTER, student, {**RIGHT, "relu": f"{SLOW}\npause('{MINE}-more')\n{RIGHT['relu']}"})

    with Killer({f"{MINE}-more": lambda student: student.parents()[2]}) as killer:
        done = grade_class(course, CHAPTER, cluster=scheduler)
    assert killer.killed == {f"{MINE}-more": 1}
    assert [one.reason for one in done.result.students] == [""] * 7
    more = {
        (student, cell): EXPECTED["student-1", cell]
        for student in students
        for cell in ("relu-check", "shape-check", "why")
    }
    assert_whole(course, {**EXPECTED, **more})
    lines = (course / "reports" / f"{CHAPTER}.journal").read_text(encoding="utf-8").splitlines()
    assert Counter(json.loads(line)["student"] for line in lines).most_common(1)[0][1] == 1, "graded twice"

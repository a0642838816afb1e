"""Workers and the warm process where they cannot start: the run ends at once with one sentence, and no mark is touched."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.engine import warm
from autograder.engine.runner import Engine
from autograder.errors import GraderError
from autograder.grading import pool
from autograder.grading.grade import grade_class
from autograder.grading.pool import open_pool
from autograder.grading.worker import Assignment, Submission

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

CHAPTER = "01_mini"
RIGHT = {"relu": "def relu(z):\n    return z.clamp(min=0)", "shape": "shape = (2, 5)", "why": "Because."}


@pytest.fixture
def course(mini: Path, tmp_path: Path) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    for number in range(3):
        hand_in(tmp_path / "course", CHAPTER, f"student-{number}", RIGHT)
    return tmp_path / "course"


@pytest.mark.usefixtures("shared_warm")
def test_a_script_needs_no_main_guard(course: Path, warm: Engine) -> None:
    """Its top level grades; a worker that imported it would grade, too."""
    script = course / "grade_all.py"
    script.write_text(
        f"from pathlib import Path\nfrom autograder.grading.grade import grade_class\n"
        f"from autograder.engine.runner import Engine\n"
        f"done = grade_class(Path({str(course)!r}), {CHAPTER!r}, jobs=1, engine=Engine(address={warm.start()!r}))\n"
        "print([student.score for student in done.result.students])\n"
    )
    done = subprocess.run([sys.executable, script.name], cwd=course, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[4.0, 4.0, 4.0]\n", 0), done.stderr


@pytest.mark.usefixtures("shared_warm")
def test_a_grading_leaves_no_temporary_files(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do workers that are ended in the middle of a submission."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    hand_in(course, CHAPTER, "student-9", {**RIGHT, "relu": "import time\ntime.sleep(60)"})

    def stop(done: int, total: int) -> None:
        assert bool(list(place.iterdir())) == bool(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(course, CHAPTER, jobs=2, on_done=stop)
    assert not list(place.iterdir())


def test_a_torch_that_cannot_be_imported_is_said(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "torch.py").write_text("raise ImportError('libtorch_cpu.so: file too short')\n")
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.chdir(course)
    assert main(["grade", "1"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == (
        "course: The process that runs notebooks could not be started: ImportError: libtorch_cpu.so: file too short. "
        "Fix that, then grade again; what was graded before is kept."
    )
    assert "Traceback" not in "\n".join(said)


Break = Callable[[pytest.MonkeyPatch], None]


def refuse(*args: Any, **options: Any) -> Any:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def no_python(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys, "executable", "/nowhere/python")


def no_more_processes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(subprocess, "Popen", refuse)


def no_more_threads(patch: pytest.MonkeyPatch) -> None:
    def start(self: object) -> None:
        raise RuntimeError("can't start new thread")

    patch.setattr(pool.ThreadPoolExecutor, "submit", lambda *args: start(None))


def dies(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PYTHONPATH", "/nowhere")
    patch.setattr(pool, "WORKER", ("-c", "raise SystemExit('no module of that name')"))


CANNOT: dict[str, tuple[Break, str]] = {
    "no Python": (no_python, "No such file or directory. Fix that"),
    "no more processes": (no_more_processes, "Resource temporarily unavailable. The system allows you no more processes"),
    "no more threads": (no_more_threads, "can't start new thread. The system allows you no more processes"),
    "it dies as it starts": (dies, "no module of that name. Fix that"),
}  # fmt: skip


@pytest.mark.parametrize("what", CANNOT)
def test_a_worker_that_cannot_start_ends_the_run(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, says = CANNOT[what]
    tries: list[str] = []

    def count(self: Any) -> None:
        tries.append(what)
        start(self)

    start = pool._Worker._start
    monkeypatch.setattr(pool._Worker, "_start", count)
    spoil(monkeypatch)
    with pytest.raises(GraderError) as caught, open_pool(Assignment(CHAPTER, {}, {}, {}), 1) as submit:
        submit(Submission("ada", {})).result()
    assert str(caught.value).startswith("A process that grades could not be started: ")
    assert says in str(caught.value)
    assert len(tries) == 1, "it was tried again"


def test_a_warm_process_that_the_system_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm.subprocess, "Popen", refuse)
    with pytest.raises(GraderError, match="could not be started: Resource temporarily unavailable"):
        Engine().start()


@pytest.mark.usefixtures("shared_warm")
def test_marks_outlive_a_pool_that_cannot_start(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = grade_class(course, CHAPTER).result
    with monkeypatch.context() as patch:
        dies(patch)
        with pytest.raises(GraderError):
            grade_class(course, CHAPTER, again=True)
    after = grade_class(course, CHAPTER)
    assert [one.score for one in after.result.students] == [one.score for one in before.students] == [4.0] * 3
    assert (after.changes, after.unchanged) == ([], 3)

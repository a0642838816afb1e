"""The place where attacks are tried: a small assignment, a grader at work, and a host with something to steal and to break."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
import psutil

from autograder.authoring.build import stage_chapter
from autograder.engine.execute import make_plan
from autograder.engine.jobs import Job, Step
from autograder.engine.planning.plan import Plan
from autograder.engine.runner import Engine
from autograder.engine.scores import score_outputs
from autograder.grading.submissions import fill_in, get_id
from autograder.grading.worker import Assignment, Graded, Submission, grade_submission

ROOT = Path(__file__).resolve().parent.parent
CHAPTER, NAME = "01_attacked", "1_attacked"
POINTS = {"double": 1.0, "relu": 3.0, "settings": 2.0, "shape": 1.0}

RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "relu": "def relu(z):\n    return z.clamp(min=0)",
    "settings": 'settings = {"rate": 0.1, "steps": 30}',
    "shape": "shape = (2, 5)",
}
WRONG = {
    "double": "def double(x):\n    return x**2",
    "relu": "def relu(z):\n    return z.abs()",
    "settings": 'settings = {"rate": 1.5, "steps": 30}',
    "shape": "shape = (5, 2)",
}

SLEEPER = "4711.25"
"""Seconds that a process of an attack asks to sleep; by them it is found among all processes."""

MOST = 20_000_000
"""Characters that a graded notebook may have, whatever was shown in it."""


def build_course(folder: Path, secret: str) -> Path:
    """A course with one chapter, built; `secret` stands in its hidden tests."""
    fixtures, notebooks = ROOT / "tests" / "fixtures", folder / "notebooks" / CHAPTER
    text = (fixtures / "attacked.md").read_text(encoding="utf-8")
    notebooks.mkdir(parents=True)
    (notebooks / f"{NAME}.md").write_text(text.replace("THE SECRET", secret), encoding="utf-8")
    shutil.copyfile(fixtures / "attacked.answers.md", notebooks / f"{NAME}.answers.md")
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    stage = folder / "stage"
    stage_chapter(folder, CHAPTER, stage)
    for kind in ("source", "release"):
        (stage / kind).rename(folder / kind)
    shutil.rmtree(stage)
    return folder


@dataclass
class Lab:
    """A grader at work on the assignment, beside what an attack is after."""

    course: Path
    engine: Engine
    plan: Plan
    assignment: Assignment
    release: Any
    secret: str
    treasures: dict[Path, bytes]
    """Files of the host that nobody may read or change."""
    temporary: Path
    """One of them, in /tmp."""
    door: socket.socket
    """A server of the host that nobody may reach."""
    pid: int = field(default_factory=os.getpid)

    def hand_in(self, answers: Mapping[str, str], before: str = "") -> Any:
        """A submitted notebook: `answers` in their places, and in front of all a cell with what an insider knows."""
        notebook = fill_in(self.release, dict(answers))
        lines = {
            "course": str(self.course),
            "temporary": str(self.temporary),
            "grader": self.pid,
            "warm": self.warm,
            "port": self.door.getsockname()[1],
        }
        known = "\n".join(f"{name} = {value!r}" for name, value in lines.items())
        notebook.cells.insert(0, nbformat.v4.new_code_cell(f"{known}\n{before}"))
        return notebook

    def grade(self, notebook: Any, files: Mapping[str, bytes] | None = None, seconds: float = 20) -> Outcome:
        """Grade a submission as a worker does. The notebook may also be the bytes of a file."""
        data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
        assignment = self.assignment if seconds == self.assignment.seconds else self._in(seconds)
        began = time.monotonic()
        graded = grade_submission(Submission("eve", {NAME: data}, files or {}), assignment)
        return Outcome(graded, time.monotonic() - began)

    def _in(self, seconds: float) -> Assignment:
        if seconds not in self.hurried:
            self.hurried[seconds] = replace(self.assignment, seconds=seconds)
        return self.hurried[seconds]

    hurried: dict[float, Assignment] = field(default_factory=dict)

    def try_all(self, attacks: Mapping[str, tuple[str, str]]) -> dict[str, Tried]:
        """Run cells and the checks of the exercises that they attack, (cell, exercise) by name, one after the other in one notebook.

        After each an honest exercise is checked as well.
        """
        plan, sources = self.plan, {get_id(cell): cell.source for cell in self.plan.cells}

        def check(exercise: str) -> Step:
            needs = next(plan.needs[at] for at, cell in enumerate(plan.cells) if get_id(cell) == f"{exercise}-check")
            return Step(sources[f"{exercise}-check"], "examiner", 1, needs)

        steps = [Step(sources["setup-1"], "both", 1), Step(RIGHT["double"], "student", 1)]
        for source, exercise in attacks.values():
            steps += [Step(source, "student", 1), check(exercise), check("double")]
        ran = [
            one.outputs
            for one in self.engine.run(Job(steps, plan.answers, plan.reference.judged, self.chapter, seconds=20))
        ]
        return {
            name: Tried(
                score_outputs(ran[at + 1], POINTS[exercise]),
                score_outputs(ran[at + 2], POINTS["double"]),
                json.dumps(ran[at : at + 3]),
            )
            for at, (name, (_, exercise)) in zip(range(2, len(ran), 3), attacks.items(), strict=True)
        }

    @property
    def chapter(self) -> Path:
        return self.course / "source" / CHAPTER

    @property
    def warm(self) -> int:
        assert self.engine._warm
        return self.engine._warm.process.pid

    def assert_nobody_was_harmed(self) -> None:
        assert self.engine._warm
        assert self.engine._warm.process.poll() is None, "the warm process was ended"
        deadline = time.monotonic() + 5  # a killed process takes a moment to be gone
        while (left := list(self.find_processes())) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == [], "a process is left"
        for path, data in self.treasures.items():
            assert path.read_bytes() == data, f"{path} was changed"
        assert {path for path in self.course.rglob("*") if path.is_file()} >= self.treasures.keys() - {self.temporary}
        with contextlib.suppress(BlockingIOError):
            self.door.accept()
            raise AssertionError("the host's server was reached")

    def find_processes(self) -> Iterator[str]:
        """What is left of the students' processes: forks of the warm process, and those that sleep."""
        forks = {child.pid for child in psutil.Process(self.warm).children(recursive=True)}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                state = path.with_name("stat").read_text().rpartition(")")[2].split()[0]
                if (int(path.parent.name) in forks or SLEEPER in line.split()) and state != "Z":
                    yield f"{path.parent.name} {state} {line}"


@dataclass(frozen=True)
class Tried:
    """What one of several attacks earned, what the honest exercise after it earned, and what the three cells showed."""

    score: float
    honest_score: float
    outputs: str


@dataclass
class Outcome:
    """What came of a submission."""

    graded: Graded
    seconds: float

    @property
    def scores(self) -> dict[str, float | None]:
        marks = self.graded.marks[NAME]
        return {mark.cell.removesuffix("-check"): mark.auto_score for mark in marks if mark.graded}

    @property
    def outputs(self) -> str:
        """All that the graded notebook shows beside its cells' texts, and all that is said of it."""
        cells = nbformat.reads(self.graded.notebooks[NAME], as_version=4).cells
        shown = [cell.get("outputs", []) for cell in cells]
        return json.dumps([shown, self.graded.findings, self.graded.notes])

    def output_of(self, name: str) -> list[Any]:
        cells = nbformat.reads(self.graded.notebooks[NAME], as_version=4).cells
        found: list[Any] = next(cell.outputs for cell in cells if get_id(cell) == name)
        return found


@contextlib.contextmanager
def open_lab(folder: Path, secret: str, engine: Engine) -> Iterator[Lab]:
    """Build the assignment below `folder`, plant the treasures, and let `engine`, which was started beside the `secret`, grade."""
    course = build_course(folder / "course", secret)
    descriptor, temporary = tempfile.mkstemp(prefix="autograded-secret-")
    os.close(descriptor)
    source = (course / "source" / CHAPTER / f"{NAME}.ipynb").read_bytes()
    treasures = {
        course / "gradebook.db": secret.encode(),
        course / "submitted" / "bob" / CHAPTER / f"{NAME}.ipynb": secret.encode(),
        course / "autograded" / "bob" / CHAPTER / f"{NAME}.ipynb": secret.encode(),
        course / "source" / CHAPTER / f"{NAME}.ipynb": source,
        Path(temporary): secret.encode(),
    }
    for path, data in treasures.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    try:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen()
            door.setblocking(False)
            chapter = course / "source" / CHAPTER
            files = {path.name: path for path in chapter.iterdir() if path.suffix != ".ipynb"}
            plan = make_plan(engine, nbformat.reads(source, as_version=4), chapter, files, 20, None)
            assert plan.reference.split
            assignment = Assignment(
                CHAPTER,
                sources={NAME: source.decode()},
                released={},
                files={name: path.read_bytes() for name, path in files.items()},
                references={NAME: plan.reference},
                seconds=20,
                address=engine.start(),
            )
            release = nbformat.read(course / "release" / CHAPTER / f"{NAME}.ipynb", as_version=4)
            yield Lab(course, engine, plan, assignment, release, secret, treasures, Path(temporary), door)
    finally:
        Path(temporary).unlink()

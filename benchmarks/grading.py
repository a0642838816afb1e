"""How fast a class is graded: stock nbgrader, `course grade`, and the bare limit, on the same submissions, in one run.

    python benchmarks/grading.py [--json] [--chapter 01_activations] [--students 40] [--stock 4]

- *stock*: `nbgrader autograde` without our configuration, on the first submissions; it takes one after the other, a kernel each.
- *course grade*: with isolation, `-j 1` and `-j 2`, on all of them. A chapter's reference run is made beforehand and told apart.
- *limit*: a process forked from a warm one that only executes the code cells, one submission after the other: once all cells of
  the notebooks, once only those that `course grade` executes.

These ratios are of seconds a submission, from the first to the last; starting up is told apart. Scores are compared cell by cell.

Three more are what an instructor waits for, start-up included, with the reference run kept: the command with *nothing to do*; one *late
submission* against `nbgrader autograde` for one; and the *first mark* of the class against the same.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil

from autograder.authoring.accuracy import copy_course, hand_in
from autograder.authoring.authored import read_chapter
from autograder.authoring.chapters import find_chapters
from autograder.demo.sample import draw_answers
from autograder.engine import runner, sides
from autograder.engine.jobs import Job, Step
from autograder.engine.planning.plan import Plan
from autograder.engine.runner import Engine
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.grade import grade_class, prepare_gradebook
from autograder.grading.reading import add_references, read_assignment
from autograder.grading.submissions import rebuild
from autograder.grading.todo import list_submissions

ROOT = Path(__file__).parents[1]


def make_class(course: Path, chapter: str, students: int) -> None:
    """Hand in a sample class's answers; a written answer and careless ones are left out, so that stock grades all of them."""
    copy_course(ROOT, course, [chapter])
    shutil.copytree(ROOT / "notebooks" / chapter, course / "notebooks" / chapter)  # by which the command knows chapters
    exercises = {name: one for notebook in read_chapter(ROOT, chapter) for name, one in notebook.exercises.items()}
    for number in range(students):
        hand_in(course, chapter, f"student-{number:04}", draw_answers(exercises, 0.7, random.Random(number)))


def time_stock(course: Path, chapter: str, students: list[str]) -> dict[str, Any]:
    """`nbgrader autograde` as it comes, for some of the students."""
    stock = course.with_name("stock")
    shutil.copytree(course, stock, ignore=shutil.ignore_patterns("submitted"))
    (stock / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'stock'\nc.Execute.timeout = 120\n"
    )
    run_nbgrader(stock, "generate_assignment", chapter, "--force")

    def hand_over(some: list[str]) -> None:
        for student in some:
            shutil.copytree(course / "submitted" / student, stock / "submitted" / student)

    hand_over(students[:1])
    first, _, _ = timed(lambda: run_nbgrader(stock, "autograde", chapter))
    hand_over(students[1:-1])
    rest, peak, _ = timed(lambda: run_nbgrader(stock, "autograde", chapter))  # leaves out the one that is graded
    hand_over(students[-1:])
    late, _, _ = timed(lambda: run_nbgrader(stock, "autograde", chapter))
    seconds = (rest - first) / (len(students) - 3)
    return {"seconds": seconds, "late": late, "peak": peak, "marks": read_marks(stock, chapter)}


def time_waits(course: Path, chapter: str, students: list[str]) -> dict[str, float]:
    """Seconds of the command `course grade`: to the first mark of a class, with nothing to do, and for one late submission (medians of 3)."""
    command = [sys.executable, "-m", "autograder.cli", "grade", chapter]

    def grade() -> float:
        began = time.monotonic()
        done = subprocess.run(command, cwd=course, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return time.monotonic() - began

    late, there = students[-3:], students[:-3]
    for student in late:
        (course / "submitted" / student).rename(course / f"late-{student}")
    began = time.monotonic()
    with subprocess.Popen(command, cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not count_marks(course):
            time.sleep(0.02)
        first = time.monotonic() - began
    assert process.returncode == 0
    assert len(read_marks(course, chapter)) == len(there)
    nothing = [grade() for _ in range(3)]
    times = []
    for student in late:
        (course / f"late-{student}").rename(course / "submitted" / student)
        times.append(grade())
    return {"first": first, "nothing": statistics.median(nothing), "late": statistics.median(times)}


def count_marks(course: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{course / 'gradebook.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("select count(*) from grade where auto_score is not null").fetchone()[0])


def time_ours(course: Path, chapter: str, jobs: int) -> dict[str, Any]:
    """`course grade --again`, in a process of its own; seconds are counted from the first submission done to the last.

    `coordinator` is the processor time a submission of the process that reads and writes; the writing of results is in it.
    """
    queue: Any = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(target=_grade, args=(course, chapter, jobs, queue))

    def run() -> None:
        process.start()
        process.join()

    _, peak, _ = timed(run)
    times, own = queue.get()
    rate = (times[-1] - times[0]) / (len(times) - 1)
    return {"seconds": rate, "start": times[0] - rate, "peak": peak, "coordinator": own}


def _grade(course: Path, chapter: str, jobs: int, queue: Any) -> None:
    times: list[float] = []
    spent: list[float] = []
    started = time.monotonic()

    def on_done(done: int, total: int) -> None:
        if done:
            times.append(time.monotonic() - started)
            spent.append(time.process_time())

    grade_class(course, chapter, jobs, on_done, again=True)
    queue.put((times, (time.process_time() - spent[0]) / (len(times) - 1)))


def time_limit(notebooks: list[list[list[str]]]) -> float:
    """Seconds a submission for executing its notebooks, each in a fork of a warm process and nothing around it."""
    with Engine(isolated=False) as engine:
        engine.run(Job([Step("1", "student", 1)]))
        started = time.monotonic()
        for submission in notebooks:
            for sources in submission:
                engine.run(
                    Job([Step(source, "student", number) for number, source in enumerate(sources, 1)], seconds=120)
                )
        return (time.monotonic() - started) / len(notebooks)


def lay_out(
    course: Path, chapter: str, students: list[str]
) -> tuple[list[list[list[str]]], list[list[list[str]]], list[Job]]:
    """For each student and notebook the texts of all cells, and of those that `course grade` executes; and the jobs of the first."""
    every, needed, jobs = [], [], []
    config = load_config(course)
    with open_gradebook(course, find_url(course, config)) as gradebook, Engine() as engine:
        prepare_gradebook(course, chapter, gradebook)
        assignment = read_assignment(course, chapter, gradebook, config, isolated=True)
        assignment = add_references(assignment, course, config, engine)
    for student in students:
        whole, part = [], []
        for name, text in assignment.sources.items():
            source = nbformat.reads(text, as_version=4)
            plan = Plan(source)
            plan.reference = assignment.references[name]
            path = course / "submitted" / student / chapter / f"{name}.ipynb"
            laid = plan.lay_out(rebuild(source, nbformat.read(path, as_version=4))[0])
            whole.append([placed.cell.source for placed in laid])
            part.append([placed.step.source for placed in laid if placed.step])
            if student == students[0]:
                folder = course / "source" / chapter
                jobs.append(
                    Job(
                        [placed.step for placed in laid if placed.step],
                        plan.answers,
                        plan.reference.judged,
                        folder,
                        {},
                        120,
                    )
                )
        every.append(whole)
        needed.append(part)
    return every, needed, jobs


def find_parts(jobs: list[Job]) -> dict[str, float]:
    """Where the time of one submission goes: milliseconds, the median of five runs."""
    spent: dict[str, float] = {}

    def measure(owner: Any, name: str, label: Callable[..., str]) -> None:
        function = getattr(owner, name)

        def measured(self: Any, *arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(self, *arguments)
            finally:
                what = label(*arguments)
                spent[what] = spent.get(what, 0) + (time.perf_counter() - started) * 1000

        setattr(owner, name, measured)

    measure(sides.Process, "__init__", lambda zygote, place, limits: f"fork the {place.name}")
    measure(sides.Process, "end", lambda kill: "end the processes")
    measure(
        runner.Run,
        "_step",
        lambda step: {"both": "set-up cells", "student": "student's cells", "examiner": "checks"}[step.side],
    )
    runs = []
    with Engine() as engine:
        for _ in range(6):
            spent.clear()
            for job in jobs:
                engine.run(job)
            runs.append(dict(spent))
    return {part: round(statistics.median(run.get(part, 0) for run in runs[1:]), 1) for part in runs[-1]}


def read_marks(course: Path, chapter: str) -> dict[str, dict[str, float | None]]:
    with open_gradebook(course) as gradebook:
        return {
            submission.student_id: {
                f"{notebook.name}/{grade.name}": grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.max_score  # stock nbgrader has no extra points
            }
            for submission in gradebook.find_assignment(chapter).submissions
        }


def timed(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds, the most memory that processes started meanwhile held together (MB), and what `function` returns."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.5):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            peak = max(peak, held / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    try:
        result = function()
        return time.monotonic() - started, round(peak), result
    finally:
        done.set()
        watcher.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--chapter", default="01")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--stock", type=int, default=4, help="how many of them stock nbgrader grades, at least 4")
    options = parser.parse_args()
    [chapter] = find_chapters(ROOT, options.chapter)
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course"
        course.mkdir()
        make_class(course, chapter, options.students)
        students = list_submissions(course, chapter)
        stock = time_stock(course, chapter, students[: options.stock])
        run_nbgrader(course, "generate_assignment", chapter, "--force")
        reference = timed(lambda: lay_out(course, chapter, students[:1]))[0]
        every, needed, jobs = lay_out(course, chapter, students[: options.stock + 2])
        waits = time_waits(course, chapter, students)
        ours = {jobs_: time_ours(course, chapter, jobs_) for jobs_ in (1, 2)}
        limit, limit_same = time_limit(every[: options.stock]), time_limit(needed)
        parts = find_parts(jobs)
        marks = read_marks(course, chapter)
    different = [
        f"{student} {cell}: stock {score}, ours {marks[student][cell]}"
        for student, cells in stock["marks"].items()
        for cell, score in cells.items()
        if marks[student][cell] != score
    ]
    found = {
        "chapter": chapter,
        "submissions": options.students,
        "notebooks_each": len(jobs),
        "stock_seconds": stock["seconds"],
        "seconds_1": ours[1]["seconds"],
        "seconds_2": ours[2]["seconds"],
        "limit_seconds": limit,
        "limit_same_cells_seconds": limit_same,
        "ratio_to_stock": stock["seconds"] / ours[2]["seconds"],
        "ratio_to_stock_1": stock["seconds"] / ours[1]["seconds"],
        "ratio_to_limit": ours[1]["seconds"] / limit,
        "ratio_to_limit_same_cells": ours[1]["seconds"] / limit_same,
        "nothing_to_do_s": waits["nothing"],
        "late_one_ratio": waits["late"] / stock["late"],
        "first_mark_ratio": waits["first"] / stock["late"],
        "late_one_s": waits["late"],
        "first_mark_s": waits["first"],
        "stock_late_one_s": stock["late"],
        "scores_equal": not different,
        "different": different,
        "cells_compared": sum(map(len, stock["marks"].values())),
        "start_seconds": ours[2]["start"],
        "reference_seconds": reference,
        "peak_mb": {"stock": stock["peak"], "1": ours[1]["peak"], "2": ours[2]["peak"]},
        "coordinator_seconds": ours[2]["coordinator"],
        "milliseconds": parts,
    }
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        report(found)
    return 0 if not different else 1


def report(found: dict[str, Any]) -> None:
    print(
        f"{found['chapter']}: {found['submissions']} submissions of {found['notebooks_each']} notebooks; seconds a submission\n"
    )
    for label, key in (
        ("stock nbgrader autograde", "stock_seconds"),
        ("course grade -j 1", "seconds_1"),
        ("course grade -j 2", "seconds_2"),
        ("bare limit, all cells", "limit_seconds"),
        ("bare limit, the cells that run", "limit_same_cells_seconds"),
    ):
        print(f"  {label:32} {found[key]:8.3f}   {found['stock_seconds'] / found[key]:6.1f} times stock")
    print(
        f"\n  -j 1 takes {found['ratio_to_limit']:.2f} times the bare limit of all cells, {found['ratio_to_limit_same_cells']:.2f} times that of the cells that run"
    )
    print(f"  scores: {found['cells_compared']} cells compared, {len(found['different'])} different")
    print(
        f"  once: {found['start_seconds']:.1f} s to start, {found['reference_seconds']:.1f} s for the chapter's reference run"
    )
    print(
        f"  to wait for: {found['nothing_to_do_s']:.2f} s with nothing to do; {found['late_one_s']:.1f} s for one late submission and "
        f"{found['first_mark_s']:.1f} s to a class's first mark, {found['late_one_ratio']:.2f} and {found['first_mark_ratio']:.2f} "
        f"times stock's {found['stock_late_one_s']:.1f} s for one"
    )
    print(f"  peak memory (MB): {found['peak_mb']}")
    print(
        "\n  milliseconds of one submission, one worker: "
        + ", ".join(f"{k} {v}" for k, v in found["milliseconds"].items())
    )
    print(f"  the coordinator: {found['coordinator_seconds'] * 1000:.0f} milliseconds of processor time a submission\n")
    for students, cores in ((300, 2), (300, 8), (3_000, 2), (3_000, 16), (100_000, 64)):
        minutes = project(found, students, cores) / 60
        print(f"  a class of {students:7,} on {cores:2} cores: {minutes:7.1f} minutes")
    for line in found["different"]:
        print(f"  {line}")


def project(found: dict[str, Any], students: int, cores: int) -> float:
    """Seconds for a class: the measured work of two cores spread over `cores`, or the coordinator's, whichever takes longer."""
    each = max(found["seconds_2"] * 2 / cores, found["coordinator_seconds"])
    return float(found["start_seconds"] + students * each)


if __name__ == "__main__":
    sys.exit(main())

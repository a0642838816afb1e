"""How long a student waits: seconds from a file in the inbox of `course watch` to its feedback, one submission after the other.

    python benchmarks/watch.py [--chapter 01_mini] [--times 30] [--idle 60]

Without `--chapter` it takes the small chapter of the tests. `--idle` also measures the processor seconds of all its processes while nothing comes in.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from autograder.authoring.accuracy import copy_course
from autograder.authoring.build import stage_chapter

ROOT = Path(__file__).resolve().parents[1]
MINI = "01_mini"


def make_course(course: Path, chapter: str) -> None:
    """A course with one chapter: one of this repository's, or the small one of the tests."""
    if chapter != MINI:
        copy_course(ROOT, course, [chapter])
        return
    folder = course / "notebooks" / MINI
    folder.mkdir(parents=True)
    shutil.copyfile(ROOT / "nbgrader_config.py", course / "nbgrader_config.py")
    for name in ("mini", "mini.answers"):
        shutil.copyfile(ROOT / "tests" / "fixtures" / f"{name}.md", folder / f"1_{name}.md")
    with TemporaryDirectory() as stage:
        stage_chapter(course, MINI, Path(stage))
        for kind in ("source", "release"):
            shutil.copytree(Path(stage) / kind, course / kind)


def measure(course: Path, inbox: Path, chapter: str, times: int, idle: float) -> None:
    """Start the command, hand in, and print."""
    command = [sys.executable, "-m", "autograder.cli", "watch", chapter, "--folder", str(inbox)]
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        waited = []
        source = course / "source" / chapter  # the author's answers, the longest way through the checks
        for number in range(times + 1):
            folder = inbox / f".s{number}"
            shutil.copytree(source, folder / chapter)
            start = time.monotonic()
            folder.rename(inbox / f"s{number}")
            result = inbox / f"s{number}" / f"{chapter}.feedback" / "attempt-1" / "result.txt"
            while not result.exists():
                if process.poll() is not None:
                    raise SystemExit("course watch ended")
                time.sleep(0.005)
            waited.append(time.monotonic() - start)
            if number == 0:
                print(
                    f"from the start of the command to the first feedback: {time.monotonic() - begun:.1f} s", flush=True
                )
        rest = sorted(waited[1:])
        print(
            f"from file to feedback, {len(rest)} times: median {median(rest):.2f} s, worst {rest[-1]:.2f} s", flush=True
        )
        if idle:
            time.sleep(15)  # the report is written when nothing comes in for a while
            used = -sum_processor_seconds(process.pid)
            time.sleep(idle)
            used += sum_processor_seconds(process.pid)
            print(f"processor seconds of {idle:g} s in which nothing came in, all processes: {used:.2f}", flush=True)
        process.terminate()
        print(f"exit status after SIGTERM: {process.wait(60)}")


def sum_processor_seconds(pid: int) -> float:
    parent = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in [parent, *parent.children(recursive=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", default=MINI)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--idle", type=float, default=0)
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        course, inbox = Path(place) / "course", Path(place) / "inbox"
        course.mkdir()
        inbox.mkdir()
        make_course(course, options.chapter)
        measure(course, inbox, options.chapter, options.times, options.idle)


if __name__ == "__main__":
    main()

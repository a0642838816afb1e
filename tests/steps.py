"""Run what CI runs, step by step, and tell where the time goes. Needs nothing but Python; `make` calls it.

    python3 tests/steps.py check      lint, prose, types, unit tests, and the chapters that changed since the last commit
    python3 tests/steps.py test       everything, from an empty clone: a sample of the long tests, and what changed since it was measured
    python3 tests/steps.py nightly    everything, also what `test` takes as known or leaves to the night

The first step that fails ends the run. CPU seconds are user and system time of a step's processes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ".venv/bin/"
PYTEST = [f"{BIN}python", "-m", "pytest", "-q"]
ONE_THREAD = ["env", "OMP_NUM_THREADS=1"]
NBVAL = [*PYTEST, *"--nbval --nbval-cell-timeout=120 -n 2 --dist loadscope".split()]
OWN_KERNELS = [*ONE_THREAD, *NBVAL, "--nbval-current-env"]
WARM_KERNELS = [*ONE_THREAD, f"{BIN}python", "tests/warm_kernels.py", *NBVAL, "--nbval-kernel-name=warm"]
"""By day, kernels are forks of one process that has imported torch; at night, each is a process of its own, as a student's is."""

UNIT = "course/formulas checks grading/test_submissions.py grading/test_feedback.py reporting"

Steps = list[tuple[str, list[str]]]

SET_UP: Steps = [("set-up", ["make", "--no-print-directory", ".venv/.installed-test"])]
LOOKS: Steps = [
    ("lint", [f"{BIN}ruff", "check", "."]),
    ("format", [f"{BIN}ruff", "format", "--check", "."]),
    ("prose", [f"{BIN}python", "tests/prose.py"]),
    ("types", [f"{BIN}mypy"]),
]
TESTS = [*PYTEST, "-n", "2", "--dist", "loadfile", "tests"]
SAMPLE = ["-m", "not network and not nightly"]
"""Of the tests that try the same with many cases, a few of each kind; the files say which."""

BY_DAY = WARM_KERNELS if sys.platform == "linux" else OWN_KERNELS


def make_steps(what: str) -> Steps:
    build, accuracy = [f"{BIN}course", "build", "--check"], [f"{BIN}course", "accuracy"]
    if what == "check":
        chapters = [f"solutions/{chapter}" for chapter in find_changed()]
        notebooks: Steps = [("notebooks", [*BY_DAY, *chapters])] if chapters else []
        unit: Steps = [("unit tests", [*PYTEST, *SAMPLE, *(f"tests/{name}" for name in UNIT.split())])]
        return [*SET_UP, *LOOKS, *unit, ("build", build), *notebooks]
    if what == "test":
        notebooks = [("notebooks", [*BY_DAY, "solutions"])]
        return [*SET_UP, *LOOKS, ("build", build), ("tests", [*TESTS, *SAMPLE]), ("accuracy", accuracy), *notebooks]
    pins = [*PYTEST, "-m", "network", "tests/test_versions.py"]
    suite: Steps = [("build", [*build, "--again"]), ("tests", TESTS), ("accuracy", [*accuracy, "--again"])]
    more: Steps = [("pins", pins), ("steadiness", [f"{BIN}course", "steady"]), ("mutants", [f"{BIN}course", "mutants"])]
    hub = ("hub", ["make", "--no-print-directory", "hub-setup"])
    return [*SET_UP, *LOOKS, hub, *suite, ("notebooks", [*OWN_KERNELS, "solutions"]), *more]


def find_changed() -> list[str]:
    """The chapters whose text or generated files differ from the last commit."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "notebooks", "source", "release", "solutions"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    places = [line[3:].split(" -> ")[-1].strip('"').split("/") for line in done.stdout.splitlines()]
    chapters = {place[1] for place in places if len(place) > 2}
    return sorted(chapter for chapter in chapters if any(ROOT.glob(f"solutions/{chapter}/*.ipynb")))


def run(steps: Steps) -> int:
    taken: list[tuple[str, float, float]] = []
    status = 0
    for name, command in steps:
        print(f"\n-- {name}: {' '.join(command)}", flush=True)
        began, before = time.monotonic(), spend()
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        taken.append((name, time.monotonic() - began, spend() - before))
        if status:
            print(f"\n{name} failed with exit status {status}. To run it alone: {' '.join(command)}")
            break
    print(f"\n{'step':12} {'seconds':>8} {'CPU':>8}")
    for name, seconds, cpu in [*taken, ("in all", sum(one[1] for one in taken), sum(one[2] for one in taken))]:
        print(f"{name:12} {seconds:8.1f} {cpu:8.1f}")
    return status


def spend() -> float:
    """CPU seconds of all processes that have ended under this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("check", "test", "nightly"))
    sys.exit(run(make_steps(parser.parse_args().what)))

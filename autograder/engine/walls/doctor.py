"""Whether the walls around student code work on this system. Tried in a small process of its own: run as a program, it prints the answer."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import asdict

from autograder.engine.walls.probe import OPTIONAL, probe
from autograder.engine.walls.surroundings import make_worker_environment
from autograder.engine.walls.terms import Wall

MEANING = {
    "system": "Linux on x86-64 or ARM, with the system calls that are needed",
    "rights": "student code is nobody, without capabilities, and cannot become anybody else",
    "processes": "it sees its own processes only, and they end with it",
    "network": "it has no network",
    "files": "it sees the system and Python, read-only, and a scratch folder; neither the course nor anybody's files",
    "limits": "its memory, processes, files and processor time are limited",
    "filter": "system calls that only an attack needs are refused",
    "memory": "what all its processes hold together is watched",
    "proc": "it has a /proc of its own (some libraries want one; not needed for isolation)",
}
"""What each wall holds back."""


@functools.cache
def look() -> list[Wall]:
    """Every wall, after a real run. Raises `OSError` and `ValueError` where that run itself fails."""
    command = [sys.executable, "-P", "-m", "autograder.engine.walls.doctor"]
    run = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=make_worker_environment(),
    )
    return [Wall(**wall) for wall in json.loads(run.stdout)]


def stands() -> bool:
    """Whether all walls that are needed work; /proc inside is only for the sake of libraries."""
    try:
        return all(wall.stands for wall in look() if wall.name not in OPTIONAL)
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    print(json.dumps([asdict(wall) for wall in probe()]))

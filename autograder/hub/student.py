"""A student's server starts: the newest releases come into the course's folder in their home, then JupyterLab runs.

What a student did is never changed by that: nbgitpuller merges, and in case of doubt keeps the student's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autograder.errors import CourseError
from autograder.hub.releases import BRANCH

WHO = ["-c", "user.name=The course", "-c", "user.email=course@localhost"]


def main() -> None:
    """Bring the releases, then become the server; a folder that can't be brought up to date is no reason not to start."""
    folder, url = Path.home() / os.environ["AUTOGRADED_COURSE"], os.environ["AUTOGRADED_RELEASES"]
    try:
        bring(folder, url)
    except (CourseError, OSError, subprocess.CalledProcessError) as error:
        words = getattr(error, "stderr", None) or error
        print(f"The newest releases could not be brought to {folder}: {words}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
    server = Path(sys.executable).with_name("jupyterhub-singleuser")
    os.execv(server, [str(server), *sys.argv[1:]])


def bring(folder: Path, url: str) -> None:
    """Bring the newest releases into `folder`. Raises `CourseError`, `OSError` or `CalledProcessError` where that isn't possible."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()  # left by a start without releases
    if folder.exists():
        keep_downloaded(folder)
    done = subprocess.run(
        [Path(sys.executable).with_name("gitpuller"), url, BRANCH, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise CourseError((done.stdout.strip().splitlines() or ["nbgitpuller gave no reason"])[-1])


def keep_downloaded(folder: Path) -> list[str]:
    """Files that came from nbgrader's exchange before git had them stay as they are, under their names; returns which.

    nbgitpuller would rename them, and a renamed notebook isn't handed in under its name.
    """
    _git(folder, "fetch", "--quiet", "origin", BRANCH)
    new = set(_git(folder, "ls-tree", "-r", "-z", "--name-only", f"origin/{BRANCH}").split("\0"))
    own = set(_git(folder, "ls-files", "-z", "--others").split("\0"))
    both = sorted((new & own) - {""})
    if both:
        _git(folder, "add", "--force", "--", *both)
        _git(folder, *WHO, "commit", "--quiet", "--all", "-m", "From the exchange")
        _git(folder, *WHO, "merge", "--quiet", "--no-edit", "-Xours", f"origin/{BRANCH}")
    return both


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=True
    ).stdout


if __name__ == "__main__":
    main()

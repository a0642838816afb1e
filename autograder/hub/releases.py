"""Hand out chapters: into a git repository, from which nbgitpuller brings them to students, and into nbgrader's exchange."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.hub.settings import Settings

BRANCH = "main"
REFERENCE = "reference"
"""The folder of `release/` that belongs to all chapters."""

WHO = {"GIT_AUTHOR_NAME": "The course", "GIT_AUTHOR_EMAIL": "course@localhost"}
WHO |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in WHO.items()}


def start_repository(settings: Settings) -> None:
    """The repository, with the pages that belong to all chapters; nothing, where it has begun."""
    if not (settings.repository / "HEAD").is_file():
        _git(settings, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(settings.repository))
        exclude = settings.repository / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text(".ipynb_checkpoints/\n__pycache__/\n", encoding="utf-8")
    if not _git(settings, "for-each-ref", f"refs/heads/{BRANCH}"):
        _commit(settings, [], "The course begins")


def release(settings: Settings, chapters: list[str]) -> list[str]:
    """Hand out chapters as they are in the course's `release/`, again where they were handed out before; a line on each.

    Raises `CourseError` where a chapter isn't there, and when nbgrader or git fails; the exchange comes first, so that nobody has a
    chapter that can't be handed in.
    """
    os.umask(0o022)
    for chapter in chapters:
        if not any((settings.course / "release" / chapter).glob("*.ipynb")):
            raise CourseError(
                f"There is no release of {chapter} in {settings.course / 'release'}: 'nbgrader generate_assignment {chapter}' makes it."
            )
    for chapter in chapters:
        run_nbgrader(settings.course, "release_assignment", chapter, "--force")
    start_repository(settings)
    changed = _commit(settings, chapters, f"Release of {', '.join(chapters)}")
    says = "new for students" if changed else "as before"
    return [f"{chapter}: {says}; {make_link(settings, chapter)}" for chapter in chapters]


def make_link(settings: Settings, chapter: str) -> str:
    """The address that brings the newest releases to whoever opens it, and opens the chapter."""
    asked = {
        "repo": settings.repository.as_uri(),
        "branch": BRANCH,
        "targetPath": settings.course_id,
        "urlpath": f"lab/tree/{settings.course_id}/{chapter}",
    }
    return f"{settings.address.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(asked)}"


def _commit(settings: Settings, chapters: list[str], message: str) -> bool:
    """Whether there was something to commit. The repository's index remembers what was released before."""
    found = settings.course / "release"
    folders = [name for name in (REFERENCE, *chapters) if (found / name).is_dir()]
    if folders:
        _git(settings, "add", "--all", "--", *folders)
    empty = not _git(settings, "for-each-ref", f"refs/heads/{BRANCH}")
    if not empty and not _git(settings, "diff", "--cached", "--name-only"):
        return False
    _git(settings, "commit", "--quiet", "--allow-empty", "-m", message)
    return True


def _git(settings: Settings, *arguments: str) -> str:
    where = {"GIT_DIR": str(settings.repository), "GIT_WORK_TREE": str(settings.course / "release")}
    done = subprocess.run(
        ["git", *arguments],
        env={**os.environ, **WHO, **({} if arguments[0] == "init" else where)},
        cwd=Path(where["GIT_WORK_TREE"]) if arguments[0] == "add" else settings.course,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise CourseError(
            f"git {arguments[0]} failed in {settings.repository}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout.strip()

"""Hand in a chapter: say what it holds, then make a zip to upload, or give it to nbgrader's exchange where one is set up.

What is handed in are the notebooks as saved, a student's own versions: no newer release beside them, nothing of the course's.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.desk.progress import Chapter, read_progress
from autograder.errors import CourseError

FOLDER = "handed_in"
"""Where the zips are kept, in the workspace."""

EXCHANGE_SECONDS = 120


@dataclass(frozen=True)
class Exchange:
    """nbgrader's exchange as it is set up here."""

    course: str
    root: Path
    student: str = ""


@dataclass(frozen=True)
class Handed:
    """What came of it: the zip's `path` in the workspace, or the `course` of the exchange that has it; `holds` names the files."""

    holds: list[str]
    path: str = ""
    course: str = ""


def describe(workspace: Path, chapter: str) -> dict[str, Any]:
    """What handing in `chapter` would hold, as JSON: notebooks with the state of their exercises, and where it would go.

    Raises `CourseError` when there is no such chapter in the workspace.
    """
    found = _find_chapter(workspace, chapter)
    exchange = find_exchange(workspace, chapter)
    return {
        "chapter": found.name,
        "title": found.title,
        "exchange": exchange.course if exchange else "",
        "notebooks": [
            {
                "path": one.path,
                "title": one.title,
                "problem": one.problem,
                "bytes": (workspace / one.path).stat().st_size,
                "done": sum(exercise.done for exercise in one.exercises if not exercise.more),
                "exercises": sum(not exercise.more for exercise in one.exercises),
                "open": [
                    {"title": exercise.title, "state": exercise.state, "check": exercise.check}
                    for exercise in one.exercises
                    if not exercise.done and not exercise.more
                ],
            }
            for one in found.notebooks
        ],
    }


def hand_in(workspace: Path, chapter: str) -> Handed:
    """Give the chapter to the exchange where there is one, else make its zip in `handed_in/`, under a name of its own.

    Raises `CourseError` when there is no such chapter, when the exchange doesn't take it, and when the zip can't be written.
    """
    found = _find_chapter(workspace, chapter)
    names = [one.path for one in found.notebooks]
    if exchange := find_exchange(workspace, chapter):
        _submit(workspace, found.name, exchange)
        return Handed(names, course=exchange.course)
    return Handed(names, path=_make_zip(workspace, found.name, names))


def _find_chapter(workspace: Path, name: str) -> Chapter:
    chapters = {chapter.name: chapter for chapter in read_progress(workspace).chapters}
    if name not in chapters:
        raise CourseError(f"There is no chapter {name!r} here. There are: {', '.join(chapters) or 'none'}.")
    return chapters[name]


def _make_zip(workspace: Path, chapter: str, names: list[str]) -> str:
    """The zip holds `CHAPTER/NOTEBOOK.ipynb`, which is what graders unpack; an earlier one stays beside it."""
    folder = workspace / FOLDER
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    target = folder / f"{chapter}_{stamp}.zip"
    count = 1
    while target.exists():
        count += 1
        target = folder / f"{chapter}_{stamp}_{count}.zip"
    part = target.with_suffix(".zip.part")
    try:
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(workspace / name, name)
        part.replace(target)
    except (OSError, ValueError) as error:  # ValueError: a file's date before 1980
        with contextlib.suppress(OSError):
            part.unlink()
        raise CourseError(
            f"The zip cannot be made in {FOLDER}/: {getattr(error, 'strerror', None) or error}."
        ) from error
    return f"{FOLDER}/{target.name}"


def find_exchange(workspace: Path, chapter: str) -> Exchange | None:
    """The exchange to which `chapter` can be submitted from this workspace: nbgrader's settings name a course, whose exchange has it released."""
    if not _is_configured():
        return None
    settings = _read_settings()
    course, root = settings.get("course", ""), Path(settings.get("root", ""))
    released = root / course / "outbound" / chapter
    inbound = root / course / "inbound"
    if not course or not released.is_dir() or not os.access(inbound, os.W_OK | os.X_OK):
        return None
    return Exchange(course, root)


def _is_configured() -> bool:
    """Whether any of Jupyter's folders has settings of nbgrader's: it takes seconds to import, and mostly there are none."""
    from jupyter_core.paths import jupyter_config_path

    return any(
        Path(place, f"nbgrader_config.{kind}").is_file() for place in jupyter_config_path() for kind in ("py", "json")
    )


_SETTINGS = """
import json
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import Exchange, ExchangeFactory
app = NbGrader()
app.load_config_file()
directory = CourseDirectory(config=app.config)
factory = ExchangeFactory(config=app.config)
root = getattr(factory.exchange(coursedir=directory, config=app.config), "root", "")
print(json.dumps({"course": directory.course_id, "root": str(root)}))
"""


def _read_settings() -> dict[str, str]:
    """The course and the exchange's folder, as nbgrader's settings have them outside of any course folder."""
    import json

    try:
        done = _run(["-c", _SETTINGS], Path.home())
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return {key: value for key, value in found.items() if isinstance(value, str)}
    except (ValueError, IndexError, AttributeError):
        return {}


def _submit(workspace: Path, chapter: str, exchange: Exchange) -> None:
    done = _run(
        ["-m", "nbgrader", "submit", chapter, "--course", exchange.course, f"--Exchange.assignment_dir={workspace}"],
        workspace,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
        raise CourseError(f"The exchange of {exchange.course!r} didn't take {chapter}: {(lines or ['no message'])[-1]}")


def _run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=EXCHANGE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CourseError(f"nbgrader didn't answer within {EXCHANGE_SECONDS} seconds.") from error

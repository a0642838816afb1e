"""Read what the workers are given: the assignment, and each student's submission."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute

from autograder.engine.execute import make_plan
from autograder.engine.planning.plan import Reference
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.files import MAX_BYTES, Withheld, is_text, read_file, walk
from autograder.grading.places import find_places
from autograder.grading.renamed import find_renamed
from autograder.grading.sources import read_source
from autograder.grading.submissions import cut_notes
from autograder.grading.times import parse_stamp
from autograder.grading.todo import submission_folder
from autograder.grading.worker import Assignment, Submission

MAX_FILES = 200
MAX_FOLDER = 50_000_000
"""Files of a submission, and bytes of them together."""

STAMP = "timestamp.txt"
"""The file that says when a submission was handed in."""


def read_assignment(
    course: Path, chapter: str, gradebook: Any, config: Any, isolated: bool, folder: Path | None = None
) -> Assignment:
    """What grading `chapter` needs of the course, or of another `folder` of its source, except for the reference runs.

    Raises `CourseError` where a source notebook cannot be graded; see `sources`.
    """
    notebooks = gradebook.find_assignment(chapter).notebooks
    folder = folder or find_places(course).source_folder(chapter)
    seconds = Execute(config=config).timeout
    released = {notebook.name: {cell.name: cell.source for cell in notebook.source_cells} for notebook in notebooks}
    return Assignment(
        chapter,
        sources={name: read_source(folder / f"{name}.ipynb", texts, config) for name, texts in released.items()},
        released=released,
        files={name: path.read_bytes() for name, path in _find_files(folder, config).items()},
        kept=frozenset((config.Autograde.get("exclude_overwriting") or {}).get(chapter, [])),
        seconds=float(seconds) if seconds and seconds > 0 else 1e6,
        isolated=isolated,
    )


def add_references(assignment: Assignment, course: Path, config: Any, engine: Engine) -> Assignment:
    """The assignment with the reference runs of its notebooks, made by `engine` where none is kept."""
    folder = find_places(course).source_folder(assignment.name)
    paths = _find_files(folder, config)
    address = engine.start()

    def find(name: str) -> Reference:
        cache = course / ".autograder" / assignment.name / f"{name}.json"
        source = nbformat.reads(assignment.sources[name], as_version=4)
        with Engine(engine.isolated, address=address) as own:
            return make_plan(own, source, folder, paths, assignment.seconds, cache).reference

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        references = dict(zip(assignment.sources, threads.map(find, assignment.sources), strict=True))
    return replace(assignment, references=references, address=address)


def remark(notebook: str, reference: Reference) -> list[str]:
    """What an instructor is to know of the marks of a notebook: what decides them besides plain data."""
    if reference.kernel:
        return [f"{notebook}: its checks run in the student's kernel, as in every language but Python."]
    if not reference.split:
        return [f"{notebook}: its checks run in the process of the student's code, because they share objects with it."]
    classes = sorted({name for rests in reference.rests.values() for name in rests["decides"]})
    if not classes:
        return []
    names = ", ".join(classes[:5]) + (" and others" if len(classes) > 5 else "")
    return [f"{notebook}: its checks test {names}, and ask objects of the student's own class of that name."]


def digest_assignment(assignment: Assignment) -> str:
    """A digest of all that a mark follows from beside the submission."""
    parts = [assignment.sources, assignment.released, assignment.seconds, assignment.isolated]
    digest = hashlib.sha256(json.dumps(parts, default=dict, sort_keys=True).encode("utf-8", "replace"))
    for name, data in sorted(assignment.files.items()):
        digest.update(name.encode("utf-8", "replace") + hashlib.sha256(data).digest())
    return digest.hexdigest()


def _find_files(folder: Path, config: Any) -> dict[str, Path]:
    """What the author ships beside the notebooks, by relative path."""
    paths = {path.relative_to(folder).as_posix(): path for path in walk(folder) if path.suffix != ".ipynb"}
    return {name: path for name, path in paths.items() if not _is_ignored(name, config)}


def _is_ignored(name: str, config: Any) -> bool:
    ignored = CourseDirectory(config=config).ignore
    return any(fnmatch.fnmatch(part, one) for part in Path(name).parts for one in ignored)


def read_folder(
    course: Path, student: str, assignment: Assignment, config: Any, folder: Path | None = None
) -> Submission:
    """What a student handed in, as it is in `submitted/` or in another `folder`.

    Raises `CourseError` where it has none of the notebooks, or one of them cannot be read.
    """
    folder = folder or submission_folder(course, student, assignment.name)
    if not is_text(student):
        raise CourseError("The name of the student's folder isn't text.")
    if folder.is_symlink() or folder.parent.is_symlink():
        raise CourseError(f"{os.path.relpath(folder, course.resolve())} is a link.")
    paths = {path.relative_to(folder).as_posix(): path for path in walk(folder)}
    notebooks = {name: paths.pop(f"{name}.ipynb") for name in assignment.sources if f"{name}.ipynb" in paths}
    others = {name: path for name, path in paths.items() if name.endswith(".ipynb") and not _is_ignored(name, config)}
    renamed = find_renamed(others, assignment.sources)
    notes = []
    for name, copies in renamed.items():
        if name not in notebooks:
            notebooks[name] = paths.pop(copies[0])
            notes.append(f"{name}.ipynb was not handed in; '{copies[0]}' holds its cells and is graded in its place.")
        else:
            notes.append(f"{name}.ipynb is graded; '{copies[0]}' holds the same notebook.")
    if not notebooks:
        raise CourseError(
            f"None of the notebooks was handed in; the folder holds {', '.join(list(paths)[:5]) or 'nothing'}."
        )
    files: dict[str, bytes] = {}
    for name, path in paths.items():
        if _is_ignored(name, config):
            continue
        if len(files) >= MAX_FILES or sum(map(len, files.values())) > MAX_FOLDER:
            notes.append("There are too many files, or files that are too large; some were left out.")
            break
        try:
            files[name] = read_file(path, MAX_BYTES)
        except Withheld:
            raise
        except CourseError as error:
            notes.append(f"{error} It was left out.")
    notes += _doubt_time(files.get(STAMP, b""), config.Exchange.get("timezone", ""))
    notes += [f"{name}.ipynb was not handed in." for name in assignment.sources if name not in notebooks]
    return Submission(
        student, {name: read_file(path) for name, path in notebooks.items()}, files, tuple(cut_notes(notes))
    )


def _doubt_time(stamp: bytes, zone: str) -> list[str]:
    """A note where the time of a submission can't be known, so that nobody takes it for one that came in time."""
    text = stamp.decode("utf-8", "replace").strip()
    try:
        if text:
            parse_stamp(text, zone)
    except (CourseError, ValueError, OverflowError) as error:
        return [f"{STAMP} can't be read, so when this was handed in isn't known: {error}"]
    return []

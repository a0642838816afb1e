"""Packs feedback as a platform takes it: Moodle a page in a folder for each student, Canvas a file under the name that it gave the student's."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import CourseError
from autograder.grading.cleaning import CleanFeedback
from autograder.grading.files import modified
from autograder.grading.grade import generate_feedback
from autograder.grading.gradebook import load_submissions
from autograder.grading.places import find_places
from autograder.grading.submissions import get_id, read_submission
from autograder.platforms.origins import Origin, load_origins

TARGETS = ("moodle", "canvas")


@dataclass
class Packed:
    """A zip, and remarks for whoever uploads it."""

    data: bytes = b""
    students: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def pack_feedback(course: Path, chapter: str, platform: str, gradebook: Any) -> Packed:
    """The feedback of a chapter for `platform`. Raises `CourseError` where there is none to give back there."""
    places = find_places(course)
    graded = [name for name in places.list_graded(chapter) if places.graded_folder(name, chapter).is_dir()]
    if not graded:
        raise CourseError(
            f"There is no feedback to give back: no submission of {chapter} was graded. Run: course grade {chapter}"
        )
    origins = load_origins(course, chapter)
    packed = Packed()
    files: dict[str, bytes] = {}
    make = _pack_moodle(course, chapter, graded) if platform == "moodle" else _pack_canvas(course, chapter, gradebook)
    for student in graded:
        came = {name: one for name, one in origins.get(student, {}).items() if one.platform == platform}
        if not came:
            packed.remarks.append(
                f"{student}: the work wasn't collected from {platform.capitalize()} by 'course collect', so the feedback isn't in the zip."
            )
            continue
        if made := make(student, came):
            files |= made
            packed.students.append(student)
        else:
            packed.remarks.append(f"{student}: there is no graded notebook.")
    if not files:
        raise CourseError(
            "\n".join([f"No feedback of {chapter} can go back to {platform.capitalize()}.", *packed.remarks[:5]])
        )
    packed.data = make_zip(files)
    return packed


def make_zip(files: Mapping[str, bytes], runs: frozenset[str] = frozenset()) -> bytes:
    """A zip whose bytes follow from its files alone. Those in `runs` may be executed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = (0o100755 if name in runs else 0o100644) << 16
            packed.writestr(info, files[name])
    return target.getvalue()


def _pack_moodle(
    course: Path, chapter: str, graded: list[str]
) -> Callable[[str, Mapping[str, Origin]], dict[str, bytes]]:
    """`Ada Lovelace_12345_assignfeedback_file_/1_mini.html`. Moodle splits at the underscores, so a name has none."""
    places = find_places(course)
    notebooks = [path for name in graded for path in places.graded_folder(name, chapter).glob("*.ipynb")]
    pages = [path for name in graded for path in places.feedback_folder(name, chapter).glob("*.html")]
    newest = max([modified(Path(places.database)) if places.database else 0, *map(modified, notebooks)])
    if len(pages) < len(notebooks) or min(map(modified, pages), default=0) < newest:
        generate_feedback(course, chapter)

    def pack(student: str, came: Mapping[str, Origin]) -> dict[str, bytes]:
        one = next(iter(came.values()))
        name = re.sub(r"[_/\\\x00-\x1f]+", " ", one.name).strip() or "Participant"
        folder = f"{name}_{one.key}_assignfeedback_file_"
        return {
            f"{folder}/{path.name}": path.read_bytes()
            for path in sorted(places.feedback_folder(student, chapter).glob("*.html"))
        }

    return pack


def _pack_canvas(course: Path, chapter: str, gradebook: Any) -> Callable[[str, Mapping[str, Origin]], dict[str, bytes]]:
    """`lovelaceada_2231_98765_1_mini.ipynb`: Canvas finds the student and the upload by the two numbers, and calls our file by the upload's name.

    So a notebook goes back for a notebook, and a zip for a zip.
    """
    places = find_places(course)
    marks = {one.student_id: one for one in load_submissions(gradebook, chapter)}

    def pack(student: str, came: Mapping[str, Origin]) -> dict[str, bytes]:
        uploads: dict[str, dict[str, bytes]] = {}
        for name, origin in sorted(came.items()):
            path = places.graded_folder(student, chapter) / f"{name}.ipynb"
            if path.exists() and origin.attachment:
                made = _make_notebook(path, name, marks.get(student))
                uploads.setdefault(f"{origin.name}_{origin.key}_{origin.attachment}_{origin.upload}".lstrip("_"), {})[
                    f"{name}.ipynb"
                ] = made
        return {
            upload: make_zip(files) if upload.lower().endswith(".zip") else next(iter(files.values()))
            for upload, files in uploads.items()
        }

    return pack


def _make_notebook(path: Path, name: str, submission: Any) -> bytes:
    """The graded notebook without hidden tests, with points and comments after the cells that they belong to."""
    graded = read_submission(path)
    graded, _ = CleanFeedback().preprocess(graded, {})
    grades, comments = {}, {}
    for notebook in submission.notebooks if submission else ():
        if notebook.name == name:
            grades = {grade.name: grade for grade in notebook.grades}
            comments = {one.name: one.comment for one in notebook.comments if one.comment}
    cells = []
    for cell in graded.cells:
        cells.append(cell)
        said = []
        if (grade := grades.get(get_id(cell))) is not None:
            given = grade.auto_score is not None or grade.manual_score is not None
            waits = grade.needs_manual_grade and grade.manual_score is None
            said.append(
                f"**Points: {_number(grade.score) if given and not waits else 'not yet given'} of {_number(grade.max_score or 0)}**"
            )
        if comment := comments.get(get_id(cell)):
            said.append(str(comment))
        if said:
            told = nbformat.v4.new_markdown_cell("\n\n".join(said))
            told.id = f"feedback-{len(cells)}"
            cells.append(told)
    graded.cells = cells
    text: str = nbformat.writes(graded, version=4)
    return f"{text}\n".encode()


def _number(value: float) -> str:
    return f"{value:g}"

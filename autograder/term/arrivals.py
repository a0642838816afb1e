"""What is there to be graded: in a drop folder, or in nbgrader's exchange. Half-written files are waited for.

A drop folder may hold `STUDENT_NOTEBOOK.ipynb`, `STUDENT.zip`, a folder `STUDENT/` with notebooks, and `STUDENT/CHAPTER/` as in `submitted/`.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from autograder.errors import CourseError
from autograder.grading.files import MAX_BYTES, is_text, read_file, walk
from autograder.grading.reading import MAX_FILES, MAX_FOLDER
from autograder.grading.times import parse_stamp

FEEDBACK = ".feedback"
"""What the name of a folder with feedback ends with."""

SECRET, STAMP = "submission_secret.txt", "timestamp.txt"
LEFT_OUT = {"__MACOSX", ".ipynb_checkpoints", "__pycache__", ".DS_Store", "Thumbs.db", "desktop.ini"}

Signature = tuple[tuple[str, int, int, int], ...]
"""Of each file its path, size, time of change and number: when it is the same, nobody wrote."""


@dataclass(frozen=True)
class Item:
    """Something that came in. `chapter` is "" where its notebooks have to say; `stamp` is the time that an exchange noted."""

    path: Path
    student: str
    chapter: str
    signature: Signature
    stamp: str = ""
    zone: str = ""
    """The zone that the exchange writes times in."""

    @property
    def came(self) -> datetime:
        """When it was last changed on this machine, which its owner can't set back; of the exchange, the time that this noted."""
        if self.stamp:
            return parse_stamp(self.stamp, self.zone).replace(tzinfo=UTC)
        times = [status.st_ctime if os.name != "nt" else status.st_mtime for status in _statuses(self.path)]
        return datetime.fromtimestamp(max(times, default=0), UTC)


class Unfinished(Exception):
    """Somebody may still be writing: the file isn't whole."""


def _statuses(path: Path) -> list[os.stat_result]:
    return [one.lstat() for one in ([path] if path.is_file() else walk(path))]


def sign(path: Path) -> Signature:
    """Raises `OSError` where something vanishes meanwhile."""
    files = [path] if not path.is_dir() else walk(path)
    found = [(str(one), one.lstat()) for one in files]
    return tuple((name, status.st_size, status.st_mtime_ns, status.st_ino) for name, status in found)


def look_into(inbox: Path, chapters: list[str]) -> tuple[list[Item], list[str]]:
    """What is in a drop folder, and what nobody can tell whose it is."""
    items: list[Item] = []
    strangers: list[str] = []
    for entry in sorted(os.scandir(inbox), key=lambda one: one.name):
        name, path = entry.name, Path(entry.path)
        if (
            name.startswith(".")
            or name in LEFT_OUT
            or name.endswith(FEEDBACK)
            or not is_text(name)
            or entry.is_symlink()
        ):
            continue
        try:
            if entry.is_dir():
                items += _look_into_folder(path, chapters)
            elif name.endswith(".zip"):
                items.append(Item(path, name.removesuffix(".zip").partition("_")[0], "", sign(path)))
            elif name.endswith(".ipynb") and "_" in name.strip("_"):
                items.append(Item(path, name.partition("_")[0], "", sign(path)))
            elif name.endswith(".ipynb"):
                strangers.append(name)
        except OSError:  # it vanished while we looked
            continue
    return [one for one in items if one.student.strip(" .") and one.signature], strangers


def _look_into_folder(path: Path, chapters: list[str]) -> Iterator[Item]:
    inside = [chapter for chapter in chapters if (path / chapter).is_dir() and not (path / chapter).is_symlink()]
    for chapter in inside:
        yield Item(path / chapter, path.name, chapter, sign(path / chapter))
    if not inside and any(path.glob("*.ipynb")):
        yield Item(path, path.name, "", sign(path))


def look_into_exchange(inbound: Path, chapters: list[str], zone: str) -> list[Item]:
    """What students have submitted to the exchange; each is one submission, which never changes."""
    items = []
    for entry in sorted(os.scandir(inbound), key=lambda one: one.name):
        parts = entry.name.rsplit("+", 3)
        if len(parts) < 3 or not entry.is_dir(follow_symlinks=False) or not is_text(entry.name):
            continue
        if len(parts) == 4 and parts[1] not in chapters:  # without a random string, and a student with a plus
            parts = entry.name.rsplit("+", 2)
        student, chapter, stamp = parts[:3]
        if chapter in chapters and (Path(entry.path) / STAMP).is_file():
            try:
                items.append(Item(Path(entry.path), student, chapter, sign(Path(entry.path)), stamp, zone))
            except OSError:
                continue
    return sorted(items, key=lambda one: (one.stamp, one.path.name))


def read_item(item: Item, *, whole: bool = True) -> dict[str, bytes]:
    """The files of an item by relative path. With `whole`, raises `Unfinished` where one isn't complete.

    Raises `CourseError` where it can't be read, and for what is too large.
    """
    if item.path.suffix == ".zip" and item.path.is_file():
        files = _read_zip(item, whole)
    elif item.path.is_file():
        files = {item.path.name.partition("_")[2]: read_file(item.path)}
    else:
        files = _read_folder(item)
    for name, data in files.items() if whole else ():
        if name.endswith(".ipynb"):
            try:
                json.loads(data.decode("utf-8-sig"))
            except (ValueError, RecursionError):
                raise Unfinished from None
    return files


def _read_folder(item: Item) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in walk(item.path):
        name = path.relative_to(item.path)
        if LEFT_OUT & set(name.parts) or any(part.endswith(FEEDBACK) for part in name.parts) or not is_text(str(name)):
            continue
        if name.as_posix() == STAMP or not stat.S_ISREG(path.lstat().st_mode):
            continue  # when it came is for the exchange or us to say
        if len(files) >= MAX_FILES or sum(map(len, files.values())) > MAX_FOLDER:
            raise CourseError("There are too many files, or files that are too large.")
        files[name.as_posix()] = read_file(path)
    return files


def _read_zip(item: Item, whole: bool) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    data = read_file(item.path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and _is_plain(one.filename)]
            if len(members) > MAX_FILES or sum(one.file_size for one in members) > MAX_FOLDER:
                raise CourseError("The archive holds too many files, or files that are too large.")
            for one in members:
                with archive.open(one) as file:
                    files[one.filename] = file.read(MAX_BYTES)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        if whole:
            raise Unfinished from None
        raise CourseError(f"The archive cannot be read: {error}.") from None
    files.pop(STAMP, None)
    return _lift(files)


def _is_plain(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not (name.startswith("/") or "\\" in name or ".." in parts or LEFT_OUT & set(parts)) and is_text(name)


def _lift(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without the folder that all of them are in."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return _lift({name.partition("/")[2]: data for name, data in files.items()})
    return dict(files)


def find_chapters(files: Mapping[str, bytes], known: Mapping[str, Mapping[str, frozenset[str]]]) -> list[str]:
    """The chapters whose notebooks are among `files`, by name or else by the ids of their cells; `known` has these by chapter and notebook."""
    names = {PurePosixPath(name).stem for name in files if name.endswith(".ipynb")}
    found = [chapter for chapter, notebooks in known.items() if names & notebooks.keys()]
    if found:
        return found
    held = [_read_ids(data) for name, data in files.items() if name.endswith(".ipynb")]
    return [
        chapter
        for chapter, notebooks in known.items()
        if any(len(ids & one) * 2 >= len(ids) > 0 for ids in notebooks.values() for one in held)
    ]


def _read_ids(data: bytes) -> set[str]:
    found = set(re.findall(r'"grade_id":\s*"([^"]+)"', data.decode("utf-8", "replace")))
    return found


def read_chapter_ids(folder: Path) -> dict[str, frozenset[str]]:
    """The ids of the cells of each source notebook in a folder."""
    return {path.stem: frozenset(_read_ids(path.read_bytes())) for path in sorted(folder.glob("*.ipynb"))}

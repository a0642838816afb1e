"""The files of a working folder: named by their places in folders that are open, so that no process needs to know where those are."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.errors import CourseError

HERE = -100
"""In place of a folder's descriptor: the working folder (`AT_FDCWD`)."""

MOST_FOLDERS = 32
"""Folders that are passed on; files from more of them are named from the root."""

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Source:
    """A file to copy: a folder's number or descriptor, and its path from there."""

    folder: int
    path: str


def gather(files: Mapping[str, Path]) -> tuple[list[Path], dict[str, Source]]:
    """The folders that `files`, name there → file, come from, and each file as a `Source` by its folder's number."""
    folders: dict[Path, int] = {}
    sources = {}
    for name, path in files.items():
        path, parts = path.absolute(), PurePosixPath(name).parts
        depth = len(parts) if path.parts[-len(parts) :] == parts else 1
        folder = path.parents[depth - 1]
        sources[name] = Source(folders.setdefault(folder, len(folders)), path.relative_to(folder).as_posix())
    if len(folders) > MOST_FOLDERS:
        return [Path("/")], {name: Source(0, str(path.absolute())[1:]) for name, path in files.items()}
    return list(folders), sources


def list_files(folder: Path) -> dict[str, Path]:
    """The regular files in a folder but its notebooks, by relative path."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path for path in found if path.suffix != ".ipynb"}


def measure(files: Mapping[str, Source], most: int, most_files: int) -> None:
    """Raises `CourseError` where a name leads elsewhere, a file is a link or no regular file, or they do not all fit."""
    total, places = 0, set(files)
    for name, source in files.items():
        if not name or name.startswith("/") or ".." in PurePosixPath(name).parts or "\0" in name:
            raise CourseError(f"{name!r} can't be the name of a file in the student's folder.")
        above = {str(parent) for parent in PurePosixPath(name).parents}
        if clash := sorted(above & files.keys()):
            raise CourseError(f"{clash[0]!r} cannot be both a file and, for {name!r}, a folder.")
        places |= above
        try:
            found = os.stat(source.path, dir_fd=source.folder, follow_symlinks=False)
        except OSError as error:
            raise CourseError(f"{name} cannot be read as a regular file: {error.strerror}.") from None
        if not stat.S_ISREG(found.st_mode):
            raise CourseError(f"{name} isn't a regular file.")
        total += -(-found.st_size // 4096) * 4096
    if total > most or len(places) > most_files:
        raise CourseError(
            f"There are {len(files)} files of {total} bytes; a student's folder takes {most_files} files and {most} bytes."
        )


def copy(files: Mapping[str, Source], owner: int | None = None) -> None:
    """Into the working folder, one after the other; `owner` is whose they become."""
    made = []
    for name, source in files.items():
        path = Path(name)
        if str(path.parent) != "." and not path.parent.is_dir():
            made += [parent for parent in path.parents if str(parent) != "." and not parent.is_dir()]
            path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(source.path, _READ, dir_fd=source.folder)
        try:
            with open(path, "wb") as stream:
                while part := os.read(descriptor, 1 << 20):
                    stream.write(part)
        finally:
            os.close(descriptor)
        made.append(path)
    if owner is not None:
        for path in made:
            os.chown(path, owner, owner)


def open_folders(folders: Sequence[Path]) -> list[int]:
    """Their descriptors, to be closed by the caller."""
    opened: list[int] = []
    try:
        for folder in folders:
            opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    return opened

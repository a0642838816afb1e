"""Other people's files: found, read with suspicion, and put in place."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from autograder.errors import CourseError

MAX_BYTES = 20_000_000
"""Bytes of a file that was handed in."""


class Withheld(CourseError):
    """A file that was handed in but that the grader can't read. No student is to blame for that."""


def walk(folder: Path) -> list[Path]:
    """The files in a folder, links among them, sorted; links to folders are not followed."""
    found = [
        Path(place, name)
        for place, folders, names in os.walk(folder)
        for name in [*names, *(name for name in folders if os.path.islink(os.path.join(place, name)))]
    ]
    return sorted(found)


def is_text(name: str) -> bool:
    """Whether a name on disk is text, and not bytes that aren't UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def modified(path: Path) -> int:
    """When a file was changed, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


_NO_FILE = {
    errno.ELOOP,
    errno.EMLINK,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENXIO,
    errno.ENODEV,
    errno.EOPNOTSUPP,
}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM}


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file that was handed in. Raises `CourseError` when it is a link, isn't a regular file, or is larger than `limit`.

    That is `Withheld` where it may not be read. Other errors of the system are raised as they are.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno in _NO_FILE:
            raise CourseError(f"{path.name} is a link or isn't a regular file.") from None
        if error.errno in _NOT_ALLOWED:
            raise Withheld(f"{path.name} cannot be read here: {error.strerror}. Make sure you may read it.") from None
        raise
    try:
        status = os.fstat(descriptor)
        if path.is_symlink() or not stat.S_ISREG(status.st_mode):
            raise CourseError(f"{path.name} is a link or isn't a regular file.")
        if status.st_size > limit:
            raise CourseError(f"{path.name} has {status.st_size / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB.")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(limit)
    finally:
        os.close(descriptor)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

"""Opens what a platform hands out: zips, zips in zips, folders and files, none of which is trusted.

Nothing is unpacked by the names in a zip. Each file comes with its path as parts, and is read when it is asked for.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from autograder.errors import CourseError
from autograder.grading.files import MAX_BYTES, read_file, walk

MAX_FILES = 20_000
"""Files that are looked at in all that was given."""

MAX_DEPTH = 3
"""Zips in one another."""

MAX_INNER = 200_000_000
"""Bytes of a zip in a zip."""

MAX_ALL = 2_000_000_000
"""Bytes that are read of all files together."""

MAX_RATIO = 400
"""How many times larger a file may be than its compressed form, from a megabyte on. A notebook of spaces has 1,000; one that a person wrote 20."""

JUNK = re.compile(
    r"__MACOSX|\.ipynb_checkpoints|__pycache__|\.git|\.github|\.vscode|\.idea|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|~\$.*|\.Trashes",
    re.IGNORECASE,
)
"""Names of files and folders that programs make for themselves."""

OTHER_ARCHIVES = (".7z", ".rar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar", ".tgz", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Found:
    """A file among what was given."""

    parts: tuple[str, ...]
    """Its path: the file or folder that was given, folders and zips in it, its name."""
    modified: datetime | None = None
    """When it was changed, by the clock of whoever made it, without a zone."""
    zipped: bool = False
    trouble: str = ""
    """Why it can't be read, as words; then `read` raises an error with them."""
    disk: Path | None = None
    """Where it is, if it isn't in a zip."""
    load: Callable[[], bytes] = field(default=lambda: b"", compare=False)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    def read(self) -> bytes:
        """Its bytes. Raises `CourseError` where it can't be read."""
        if self.trouble:
            raise CourseError(self.trouble)
        return self.load()


class Opener:
    """Lists the files in what was given; keeps zips open until it is left."""

    def __init__(self) -> None:
        self._open: list[zipfile.ZipFile] = []
        self._count = self._bytes = 0

    def __enter__(self) -> Opener:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.close()

    def list(self, given: Path) -> Iterator[Found]:
        """The files in a zip, a folder, or the one file. Raises `CourseError` where there is nothing of that name, or far too much in it."""
        if not os.path.lexists(given):
            raise CourseError(f"There is no file or folder {given}.")
        if given.is_dir() and not given.is_symlink():
            for path in walk(given):
                yield from self._look((given.name or str(given.resolve().name), *path.relative_to(given).parts), path)
        else:
            yield from self._look((given.name,), given)

    def _look(self, parts: tuple[str, ...], path: Path) -> Iterator[Found]:
        """A file on disk, or what is in it."""
        parts = tuple(os.fsencode(part).decode("utf-8", "replace") for part in parts)
        if path.is_symlink() or not path.is_file():
            self._tell_one()
            yield Found(parts, trouble="It is a link, or isn't a regular file.")
        elif path.suffix.lower() == ".zip":
            yield from self._enter(parts, path, 1)
        else:
            self._tell_one()
            when = datetime.fromtimestamp(int(path.stat().st_mtime))
            yield Found(parts, when, False, _tell_archive(path.name), path, lambda: self._spend(read_file(path)))

    def _enter(self, parts: tuple[str, ...], file: Path | IO[bytes], depth: int) -> Iterator[Found]:
        """The files in a zip."""
        try:
            opened = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            self._tell_one()
            yield Found(
                parts, trouble=f"It can't be opened as a zip ({error}). Download it again, or ask for it again."
            )
            return
        self._open.append(opened)
        members = [info for info in opened.infolist() if not info.orig_filename.endswith(("/", "\\"))]
        if not members:
            self._tell_one()
            yield Found(parts, trouble="The zip is empty. Ask for it again.")
        for info in members:
            inner = (*parts, *_split(name := _read_name(info)))
            self._tell_one()
            when = _read_time(info)
            if trouble := _find_trouble(info, name):
                yield Found(inner, when, True, trouble)
            elif inner[-1].lower().endswith(".zip") and not any(JUNK.fullmatch(part) for part in inner):
                if depth >= MAX_DEPTH:
                    yield Found(inner, when, True, f"Zips are opened {MAX_DEPTH} deep, and this one is deeper.")
                    continue
                try:
                    data = io.BytesIO(self._unpack(opened, info, MAX_INNER))
                except CourseError as error:
                    yield Found(inner, when, True, str(error))
                    continue
                yield from self._enter(inner, data, depth + 1)
            else:
                yield Found(inner, when, True, _tell_archive(inner[-1]), None, self._make_loader(opened, info))

    def _make_loader(self, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
        return lambda: self._unpack(opened, info, MAX_BYTES)

    def _unpack(self, opened: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
        """The bytes of a file in a zip, whatever the zip says of its size. Raises `CourseError`."""
        try:
            with opened.open(info) as file:
                data = file.read(limit + 1)
        except Exception as error:  # zipfile and the decompressors raise many kinds for what is broken
            raise CourseError(
                f"It is damaged in the zip ({error or type(error).__name__}). Ask for it again."
            ) from error
        if len(data) > limit:
            raise CourseError(f"It has more than {limit / 1e6:.0f} MB, which is the limit.")
        return self._spend(data)

    def _spend(self, data: bytes) -> bytes:
        self._bytes += len(data)
        if self._bytes > MAX_ALL:
            raise CourseError(f"All files together have more than {MAX_ALL / 1e9:.0f} GB; the rest was left out.")
        return data

    def _tell_one(self) -> None:
        self._count += 1
        if self._count > MAX_FILES:
            raise CourseError(
                f"There are more than {MAX_FILES:,} files in what was given. Nothing was collected; give fewer at a time."
            )


def is_junk(found: Found) -> bool:
    """Whether a program made the file for itself: a folder's checkpoints, a thumbnail."""
    return any(JUNK.fullmatch(part) for part in found.parts[1:])


def is_checkpoint(name: str) -> bool:
    """Whether a file is Jupyter's own copy of a notebook, by its name."""
    return re.search(r"-checkpoint( ?\(\d+\)|-\d+)?\.ipynb$", name) is not None


def _read_name(info: zipfile.ZipInfo) -> str:
    """The name in a zip. Many programs write UTF-8 and don't say so; then Python reads it as code page 437."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _split(name: str) -> list[str]:
    """The parts of a path in a zip, whichever system wrote it, without those that lead out of the zip."""
    parts = [part for part in re.split(r"[/\\]", name.replace("\0", "")) if part not in ("", ".", "..")]
    return parts or ["(no name)"]


def _find_trouble(info: zipfile.ZipInfo, name: str) -> str:
    """Why a file in a zip is not read, "" where it is."""
    if re.search(r"(^|[/\\])\.\.([/\\]|$)", name) or re.match(r"[/\\]|[A-Za-z]:[/\\]", name) or "\0" in name:
        return "Its path leads out of the zip. Nobody's homework has one like that; look at the zip yourself."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "It is a link, not a file."
    if info.flag_bits & 0x1:
        return "It is encrypted. Ask for it without a password."
    if info.file_size > 1_000_000 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return (
            f"It unpacks to {info.file_size / 1e6:,.0f} MB from {info.compress_size / 1e6:.1f} MB, as a zip bomb does."
        )
    return ""


def _read_time(info: zipfile.ZipInfo) -> datetime | None:
    """When a file in a zip was changed; `None` for 1980, which stands for nothing."""
    try:
        when = datetime(*info.date_time)
    except ValueError:
        return None
    return when if when.year > 1980 else None


def _tell_archive(name: str) -> str:
    ending = next((one for one in OTHER_ARCHIVES if name.lower().endswith(one)), "")
    return f"It is an archive of another kind ({ending}). Unpack it, and collect the folder." if ending else ""

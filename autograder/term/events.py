"""Wakes who waits for files: by the system's own notice where it gives one, which costs nothing, else by looking every few seconds."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse",
    "afs",
    "ceph",
    "gluster",
    "lustre",
    "davfs",
    "vboxsf",
    "virtiofs",
    "drvfs",
)
"""How the names of file systems begin on which others write without this machine being told."""

RESCAN, POLL = 60.0, 5.0
"""Seconds after which it is looked in any case; with a file system that tells nothing."""


def is_remote(folder: Path) -> bool:
    """Whether `folder` is on a file system that doesn't tell of what others write."""
    best, kind = "", ""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    place = str(folder.resolve())
    for line in lines:
        _, at, found, *_ = line.split(" ")
        at = at.replace("\\040", " ")
        if (place == at or place.startswith(at.rstrip("/") + "/")) and len(at) >= len(best):
            best, kind = at, found
    return kind.startswith(REMOTE)


class _Wake(FileSystemEventHandler):
    def __init__(self, wake: threading.Event) -> None:
        self.wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in ("opened", "closed_no_write"):  # we read as well
            self.wake.set()


@contextmanager
def waking(folder: Path, wake: threading.Event, poll: float | None = None) -> Iterator[float]:
    """Sets `wake` when something changes in `folder`; yields the seconds after which to look in any case.

    With `poll`, or on a network's file system, there is no notice, and those seconds are few.
    """
    if poll or is_remote(folder):
        yield poll or POLL
        return
    observer: BaseObserver = Observer(timeout=RESCAN)
    try:
        warnings.filterwarnings(
            "ignore", "Callback with id", RuntimeWarning
        )  # of a folder that appears while it is looked at
        observer.schedule(_Wake(wake), str(folder), recursive=True)
        observer.start()
    except OSError:  # the system gives no more notices: its limit of watches is reached
        yield POLL
        return
    try:
        yield RESCAN
    finally:
        observer.stop()
        observer.join(5)

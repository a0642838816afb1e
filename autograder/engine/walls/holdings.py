"""What a student's processes hold of the memory, from the cheapest look to the closest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from autograder.engine.walls.kernel import read_proc

WRITABLE = ("scratch", "tmp", "dev/shm")
"""Folders whose files are memory."""

PIPE = 16 * 4096
"""Bytes that a pipe may hold, as one has that nobody made larger; beyond 64 MB of a user's the kernel makes no larger one."""


def holds_too_much(student: int, processes: list[str], most: int) -> bool:
    """Whether these processes hold more than `most` bytes; looks closer, at a higher cost, only where that can matter.

    What the kernel keeps for them counts too: files in the folders that they may write to, sockets, and pipes.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = [[int(word) * page for word in read_proc(f"{process}/statm").split()] for process in processes]
    kept = _files(student) + _sockets(student)
    if kept + sum(size[0] for size in sizes if size) + len(processes) * 512 * PIPE <= most:  # all that is addressed
        return False
    kept += len(set(_pipes(processes))) * PIPE + _shared_memory(processes)
    if kept + sum(size[1] - size[2] for size in sizes if size) <= most:  # a page that several have counts for each
        return False
    kilobytes = re.compile(r"^Pss_Anon: *(\d+)", re.MULTILINE)
    found = (kilobytes.search(read_proc(f"{process}/smaps_rollup")) for process in processes)
    return kept + sum(int(each[1]) << 10 for each in found if each) > most


def _files(student: int) -> int:
    """Bytes in the folders in memory, what is deleted and still open among them."""
    total = 0
    for name in WRITABLE:
        try:
            found = os.statvfs(f"/proc/{student}/root/{name}")
        except OSError:
            continue
        total += (found.f_blocks - found.f_bfree) * found.f_bsize
    return total


def _sockets(student: int) -> int:
    """Bytes that the sockets of the student's network may hold, at most: the filter lets nobody enlarge one."""
    found = re.search(r"^sockets: used (\d+)", read_proc(f"/proc/{student}/net/sockstat"), re.MULTILINE)
    each = read_proc("/proc/sys/net/core/wmem_default").strip()
    return int(found[1]) * int(each or 212_992) if found else 0


def _pipes(processes: list[str]) -> Iterator[str]:
    for process in processes:
        try:
            names = os.listdir(f"{process}/fd")
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink(f"{process}/fd/{name}")
            except OSError:
                continue
            if target.startswith("pipe:"):
                yield target


def _shared_memory(processes: list[str]) -> int:
    """Bytes of anonymous shared mappings, each counted once and in full: one who never touched it may hold it."""
    found: dict[str, int] = {}
    for process in processes:
        for line in read_proc(f"{process}/maps").splitlines():
            if line.endswith("/dev/zero (deleted)"):
                span, _, _, _, inode, *_ = line.split()
                first, last = (int(address, 16) for address in span.split("-"))
                found[inode] = max(found.get(inode, 0), last - first)
    return sum(found.values())

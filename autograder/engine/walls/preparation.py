"""What is worked out once, before the forks."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.engine.walls.filter import Instructions, make_filter
from autograder.engine.walls.kernel import HUGE_PAGE, MACHINES, MADV_COLLAPSE, read_proc
from autograder.engine.walls.layout import DEVICES, TEXTS, lay_out, make_variables
from autograder.engine.walls.terms import Unavailable, find_remedy


@dataclass(frozen=True)
class Plan:
    """What is known before the fork."""

    libc: ctypes.CDLL
    fork: Callable[[], int]
    """For the keeper: the C library's, without what Python does after a fork. That takes longer than the fork."""
    owner: int
    """The process that forks the boxes."""
    folders: list[str]
    """To be made in the new root, parents first; relative like all paths in the new root here."""
    links: list[tuple[str, str]]
    """Symbolic links: place and target."""
    binds: list[tuple[str, str]]
    """Files and folders of the host and where they go."""
    points: list[str]
    """Empty files on which files are bound."""
    filter: Instructions
    program: ctypes.Array[ctypes.c_char]
    """Kept alive for `filter`."""
    variables: dict[str, str]
    environment: tuple[int, int]
    """Where in memory the kernel put the environment when this program started: first address, length."""
    needed: list[str]
    """Files that student code has to be able to read: one of Python's, one of this package's, and one of a library's."""
    capabilities: int
    """How many capabilities this kernel knows."""


def prepare() -> None:
    """Do once, in the process that forks the boxes and in its working folder, what each box would otherwise do itself.

    It also asks the kernel to keep this process in huge pages: a fork copies a table of pages, and with hundreds of
    megabytes of small ones that takes longer than all the walls. Raises `Unavailable` on any system but Linux.
    """
    get_plan()
    _use_huge_pages()


@functools.cache
def get_plan() -> Plan:
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        raise Unavailable("system", f"{platform.system()} on {platform.machine()}", find_remedy())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    program = make_filter()
    binds, links = lay_out()
    devices = [f"dev/{name}" for name in DEVICES]
    points = [place for source, place in binds if not os.path.isdir(source)] + devices
    folders = {"proc"} | {place for source, place in binds if os.path.isdir(source)}
    above = {*folders, *TEXTS, *points, *(place for place, _ in links)}
    folders |= {str(parent) for place in above for parent in PurePosixPath(place).parents}
    return Plan(
        libc=libc,
        fork=ctypes.PyDLL(None).fork,
        owner=os.getpid(),
        folders=sorted(folders - {".", "dev", "dev/shm", "tmp"}),
        links=links,
        binds=binds,
        points=points,
        filter=Instructions(len(program) // 8, ctypes.addressof(program)),
        program=program,
        variables=make_variables(),
        environment=_find_environment(),
        needed=_find_needed(),
        capabilities=int(read_proc("/proc/sys/kernel/cap_last_cap") or 40) + 1,
    )


def _find_needed() -> list[str]:
    modules = (sys.modules.get(name) for name in ("os", "autograder", "torch"))
    return [module.__file__ for module in modules if module and module.__file__]


def _find_environment() -> tuple[int, int]:
    fields = read_proc("/proc/self/stat").rpartition(")")[2].split()
    first, last = int(fields[47]), int(fields[48])  # proc(5) counts them as 50 and 51
    return first, max(last - first, 0)


def _use_huge_pages() -> None:
    """Best effort: from Linux 6.1 on, where huge pages are allowed."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for line in read_proc("/proc/self/maps").splitlines():
        span, rights, _, _, inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            first, last = (int(address, 16) for address in span.split("-"))
            first, last = -(-first // HUGE_PAGE) * HUGE_PAGE, last // HUGE_PAGE * HUGE_PAGE
            if first < last:
                madvise(first, last - first, MADV_COLLAPSE)

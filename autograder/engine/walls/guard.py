"""The box outside: the guard that waits for the student and watches the memory, and the keeper of the namespace."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import time
from typing import NoReturn

from autograder.engine.walls.kernel import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, read_proc
from autograder.engine.walls.preparation import Plan
from autograder.engine.walls.terms import ABANDONED, LAST_STATUS, OUT_OF_MEMORY, Limits, tell_unavailable

TICK_SECONDS = 0.25
"""How often the guard looks at the memory."""


def stand_guard(keeper: int, student: int, limits: Limits, keep: set[int], lifeline: int, report: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command that waits for us
    try:
        ending = os.pidfd_open(student)
    except OSError as error:
        _end_all(keeper)
        raise tell_unavailable("processes", f"{error}; it needs Linux 5.3") from None
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    poll.register(report, select.POLLIN)
    poll.register(lifeline, 0)  # only that its other end is closed
    own: int | None = None
    stand = False
    pause = TICK_SECONDS
    while own is None:
        events = dict(poll.poll(pause * 1000))
        if not stand and (report in events or ending in events):
            said = os.read(report, 1 << 16) if report in events else b""
            stand = said == b"ready"
            if not stand:
                _end_all(keeper)
                wall, reason = json.loads(said) if said else ("processes", "the process ended while it was built")
                raise tell_unavailable(wall, reason)
            poll.unregister(report)
            for descriptor in keep:  # whoever has the other end is to see it close with the student
                os.close(descriptor)
        if lifeline in events:
            own = ABANDONED
        elif ending in events:
            break
        elif not events:
            began = time.monotonic()
            if _holds_too_much(_processes(student, keeper), limits.memory):
                own = OUT_OF_MEMORY
            pause = max(TICK_SECONDS, 10 * (time.monotonic() - began))  # at most a tenth of a core
    status = _end_all(keeper).get(student, 0)
    if own is None:
        own = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else min(os.WEXITSTATUS(status), LAST_STATUS)
    os._exit(own)


def _end_all(keeper: int) -> dict[int, int]:
    """Kill the namespace and wait until nothing of it is left; returns the wait status of each child of the box."""
    os.kill(keeper, signal.SIGKILL)
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return ended
        ended[pid] = status


def _holds_too_much(processes: list[str], most: int) -> bool:
    """Whether these processes hold more than `most` bytes; looks closer, at a higher cost, only where that can matter."""
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = [[int(word) * page for word in read_proc(f"{process}/statm").split()] for process in processes]
    if sum(size[0] for size in sizes if size) <= most:  # all that is addressed
        return False
    shared = _shared_memory(processes)
    if shared + sum(size[1] - size[2] for size in sizes if size) <= most:  # a page that several have counts for each
        return False
    kilobytes = re.compile(r"^Pss_Anon: *(\d+)", re.MULTILINE)
    found = (kilobytes.search(read_proc(f"{process}/smaps_rollup")) for process in processes)
    return shared + sum(int(each[1]) << 10 for each in found if each) > most


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


def _processes(student: int, keeper: int) -> list[str]:
    """The folders in a /proc of the processes in the student's namespace, but for the keeper."""
    inner = f"/proc/{student}/root/proc"
    with contextlib.suppress(OSError):
        if found := [f"{inner}/{name}" for name in os.listdir(inner) if name.isdecimal() and name != "1"]:
            return found
    space, found = os.readlink("/proc/self/ns/pid_for_children"), []  # without a /proc inside: look through the host's
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdecimal() and int(name) != keeper and os.readlink(f"/proc/{name}/ns/pid") == space:
                found.append(f"/proc/{name}")
    return found


def be_keeper(plan: Plan, reporter: int, ours: set[int]) -> NoReturn:
    """The first process of the namespace ends with the box, and all others with it. Nobody inside can reach it."""
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries orphans
        plan.libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        end_with_box(plan, reporter)
        for descriptor in ours:
            os.close(descriptor)
        while True:
            signal.pause()
    finally:
        os._exit(0)


def end_with_box(plan: Plan, reporter: int) -> None:
    plan.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    poll = select.poll()
    poll.register(reporter, 0)
    if poll.poll(0):  # nobody listens: the box ended before the first line
        os._exit(1)

"""The box outside: the guard that waits for the student and watches the memory, and the keeper of the namespace."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import struct
import time
from typing import NoReturn

from autograder.engine.walls.holdings import holds_too_much
from autograder.engine.walls.kernel import PR_SET_DUMPABLE, PR_SET_PDEATHSIG
from autograder.engine.walls.meter import Meter, count_running
from autograder.engine.walls.preparation import Plan
from autograder.engine.walls.terms import ABANDONED, LAST_STATUS, OUT_OF_MEMORY, Limits, tell_unavailable

TICK_SECONDS = 0.25
"""How often the guard looks at the memory."""


BEGIN, ASK = b"b", b"?"
"""What comes by the lifeline: to begin to count what the processes use; to tell it, as `USED`."""

USED = struct.Struct("=dd")
"""Seconds of cores, and seconds of waiting for one; see `Meter.read`."""


def stand_guard(
    keeper: int, student: int, limits: Limits, keep: set[int], lifeline: int, report: int, orders: int
) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command that waits for us
    try:
        ending = os.pidfd_open(student)
    except OSError as error:
        _end_all(keeper)
        raise tell_unavailable("processes", f"{error}; it needs Linux 5.3") from None
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    poll.register(report, select.POLLIN)
    poll.register(lifeline, select.POLLIN)
    own: int | None = None
    stand = False
    meter, nice = Meter(), 0
    pause, last = TICK_SECONDS, time.monotonic()
    while own is None:
        events = dict(poll.poll(max(last + pause - time.monotonic(), 0) * 1000))
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
        if lifeline in events and not _answer(lifeline, meter, student, keeper):
            own = ABANDONED
        elif ending in events:
            break
        elif time.monotonic() >= last + pause:
            began = time.monotonic()
            processes = _processes(student, keeper)
            if holds_too_much(student, processes, limits.memory):
                own = OUT_OF_MEMORY
            nice = _give_share(orders, count_running(processes), nice)
            last = time.monotonic()
            pause = max(TICK_SECONDS, 10 * (last - began))  # at most a tenth of a core
    status = _end_all(keeper).get(student, 0)
    if own is None:
        own = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else min(os.WEXITSTATUS(status), LAST_STATUS)
    os._exit(own)


def _answer(lifeline: int, meter: Meter, student: int, keeper: int) -> bool:
    """Do what is asked by the lifeline; whether its other end is still there."""
    try:
        asked = os.read(lifeline, 64)
        for question in (asked[at : at + 1] for at in range(len(asked))):
            if question == BEGIN:
                meter.begin(_processes(student, keeper))
            elif question == ASK:
                os.write(lifeline, USED.pack(*meter.read(_processes(student, keeper))))
    except OSError:
        return False
    return bool(asked)


def _give_share(orders: int, running: int, before: int) -> int:
    """Have so many running threads together weigh as much as one of another student's does; how much nicer they are now.

    Each level of nice takes a fifth of the weight. It is never taken back: only root could do that.
    """
    nice = min(round(math.log(running, 1.25)), 19) if running > 1 else 0
    if nice > before:
        os.write(orders, bytes([nice]))
    return max(nice, before)


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


def _processes(student: int, keeper: int) -> list[str]:
    """The folders in a /proc of the processes in the student's namespace, except for the keeper."""
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


def be_keeper(plan: Plan, reporter: int, ours: set[int], order: int, user: int) -> NoReturn:
    """The first process of the namespace ends with the box, and all others with it. Nobody inside can reach it.

    By `order` it hears how much nicer the others, who are `user`, are to be; what it says of a user holds in the namespace alone.
    """
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries orphans
        plan.libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        end_with_box(plan, reporter)
        for descriptor in ours:
            os.close(descriptor)
        own = os.getpriority(os.PRIO_PROCESS, 0)  # the grading may be nice itself
        while nice := os.read(order, 1):
            with contextlib.suppress(OSError):  # one that is nicer already stays so
                os.setpriority(os.PRIO_USER, user, min(own + nice[0], 19))
    finally:
        os._exit(0)


def end_with_box(plan: Plan, reporter: int) -> None:
    plan.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    poll = select.poll()
    poll.register(reporter, 0)
    if poll.poll(0):  # nobody listens: the box ended before the first line
        os._exit(1)

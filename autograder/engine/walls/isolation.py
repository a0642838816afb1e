"""Walls around a student's process, built by the kernel from within a fork: no container engine and no other program.

The warm process forks the *box*, which calls `enclose`. The box stays outside and guards. It starts two processes in a
process namespace of their own: the *keeper*, its first, which does nothing (when it ends the kernel kills all others in
the namespace), and the *student*, which builds the walls around itself and then runs `body`:

- its root folder is an empty tmpfs with the system and the Python installation bound read-only, and a scratch folder;
- no network, no sight of other processes, a user other than root, no capability, and no way to gain one;
- limits on memory, processes, file sizes, processor time and open files;
- a filter that refuses system calls that only an attack needs.

As root, the box keeps root's rights and the student becomes `nobody`. An ordinary user gets the same through a user
namespace. The facts are in the manual pages namespaces(7), pid_namespaces(7), user_namespaces(7), pivot_root(2),
mount_setattr(2), capabilities(7) and seccomp(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from autograder.engine.walls.guard import be_keeper, end_with_box, stand_guard
from autograder.engine.walls.kernel import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_PDEATHSIG,
    PR_SET_SECCOMP,
    SECCOMP_MODE_FILTER,
    check_call,
)
from autograder.engine.walls.laying import HERE, Source, copy, measure
from autograder.engine.walls.namespaces import (
    become_nobody,
    begin_loopback,
    begin_root,
    clear_environment,
    drop_rights,
    finish_root,
    map_identity,
    set_limits,
)
from autograder.engine.walls.preparation import Plan, get_plan
from autograder.engine.walls.terms import (
    ABANDONED,
    COPYING,
    MAX_FILES,
    NOBODY,
    READING,
    SCRATCH,
    STUDENT,
    Limits,
    tell_unavailable,
)


def enclose(
    body: Callable[[], None],
    files: Mapping[str, Source],
    limits: Limits,
    keep: Sequence[int],
    lifeline: int,
    root: Path,
) -> NoReturn:
    """In a fresh, single-threaded fork: run `body` in a process behind walls, guard it, and exit as it did.

    `files` (by relative name) are copied into the student's scratch folder. `keep` are the
    descriptors that `body` may use; all others are closed, in this process too, and 0, 1 and 2 lead to /dev/null.
    `lifeline` is the end of a pipe or socket: the student's processes end when its other end is closed. By a socket they
    are asked as well what they have used (see `guard`). `root` is an
    empty folder of the host, where nothing will be seen to change.

    The exit status is the student's up to `LAST_STATUS`, 128 + the signal that ended it, `OUT_OF_MEMORY` or
    `ABANDONED`. When this process has ended by itself, no process of the student is left; when it was killed, the
    kernel is about to kill them.

    Raises, with the descriptors in `keep` still open and `body` not begun: `Unavailable` when a wall cannot be built,
    `CourseError` when a file has a name that leads elsewhere, is a link or no regular file, or when the files do not
    fit into the scratch folder or go together.
    """
    plan = get_plan()
    measure(files, limits.scratch, MAX_FILES)
    folders = {source.folder for source in files.values()} - {HERE}
    report, reporter = os.pipe()
    order, orders = os.pipe()
    ours = {lifeline, report, reporter, order, orders, *folders}
    _close_all_but({*keep, *ours})
    as_root = os.geteuid() == 0
    try:
        if as_root:
            check_call(plan.libc.unshare(CLONE_NEWPID))
        else:
            user, group = os.geteuid(), os.getegid()
            check_call(plan.libc.unshare(CLONE_NEWUSER | CLONE_NEWPID))
            map_identity(user, group)
    except OSError as error:
        raise tell_unavailable("rights", str(error)) from None
    plan.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if plan.owner not in (os.getpid(), os.getppid()):
        os._exit(ABANDONED)  # it ended before the line above
    keeper = plan.fork()
    if keeper == 0:
        be_keeper(plan, reporter, {*keep, *ours} - {order}, order, NOBODY if as_root else STUDENT)
    student = os.fork()
    if student == 0:
        _be_student(plan, body, files, limits, {*keep}, ours, reporter, root, as_root)
    for descriptor in (reporter, order, *folders):
        os.close(descriptor)
    stand_guard(keeper, student, limits, set(keep) - {lifeline}, lifeline, report, orders)


def _be_student(
    plan: Plan,
    body: Callable[[], None],
    files: Mapping[str, Source],
    limits: Limits,
    keep: set[int],
    ours: set[int],
    reporter: int,
    root: Path,
    as_root: bool,
) -> NoReturn:
    wall = "memory"
    try:
        try:
            Path("/proc/self/oom_score_adj").write_text("1000")
            os.setsid()
            os.umask(0o022)
            wall = "network"
            check_call(plan.libc.unshare(CLONE_NEWNET))
            if limits.kernel:
                begin_loopback()
            wall = "files"
            check_call(plan.libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS))
            plan.libc.unshare(CLONE_NEWCGROUP)  # hides names only
            host = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
            begin_root(plan, limits, root, as_root)
            wall = COPYING
            os.chdir(SCRATCH[1:])
            copy(files, NOBODY if as_root else None)
            os.chdir("..")
            wall = "files"
            finish_root(plan)
            wall = "rights"
            if as_root:
                become_nobody(plan, host)
            os.close(host)
            wall = "files"
            os.chdir(SCRATCH)
            wall = "limits"
            set_limits(limits, 0 if as_root else 2)
            wall = "rights"
            drop_rights(plan)
            clear_environment(plan)
            wall = READING
            for path in plan.needed:
                os.close(os.open(path, os.O_RDONLY))
            wall = "filter"
            check_call(plan.libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(plan.filter), 0, 0))
        except OSError as error:
            os.write(reporter, json.dumps([wall, str(error)]).encode())
            os._exit(1)
        end_with_box(plan, reporter)
        os.write(reporter, b"ready")
        for descriptor in ours - keep:
            os.close(descriptor)
        sys.path.insert(0, "")
        body()
        os._exit(0)
    finally:
        os._exit(1)


def _close_all_but(kept: set[int]) -> None:
    """Close the other descriptors; 0, 1 and 2 lead to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in {0, 1, 2} - kept:
        os.dup2(null, standard)
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - kept - {0, 1, 2}:
        with contextlib.suppress(OSError):  # the listing has its own
            os.close(descriptor)

"""Walls around a student's process, built by the kernel from within a fork: no container engine and no other program.

The warm process forks the *box*, which calls `enclose`. The box stays outside and guards. It starts two processes in a
process namespace of their own: the *keeper*, its first, which does nothing (when it ends the kernel kills all others in
the namespace), and the *student*, which builds the walls around itself and then runs `body`:

- its root folder is an empty tmpfs with the system and the Python installation bound read-only, and a scratch folder;
- no network, no sight of other processes, another user than root, no capability, and no way to gain one;
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
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn

from autograder.errors import CourseError

if sys.platform == "linux":
    pass

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
from autograder.engine.walls.namespaces import (
    become_nobody,
    change_root,
    clear_environment,
    drop_rights,
    map_identity,
    set_limits,
)
from autograder.engine.walls.preparation import Plan, get_plan
from autograder.engine.walls.terms import ABANDONED, SCRATCH, Limits, tell_unavailable


def enclose(
    body: Callable[[], None], files: dict[str, Path], limits: Limits, keep: Sequence[int], lifeline: int, root: Path
) -> NoReturn:
    """In a fresh, single-threaded fork: run `body` in a process behind walls, guard it, and exit as it did.

    `files` (relative name → a file of the host) are copied into the student's scratch folder. `keep` are the
    descriptors that `body` may use; all others are closed, in this process too, and 0, 1 and 2 lead to /dev/null.
    `lifeline` is the end of a pipe or socket: the student's processes end when its other end is closed. `root` is an
    empty folder of the host, where nothing will be seen to change.

    The exit status is the student's up to `LAST_STATUS`, 128 + the signal that ended it, `OUT_OF_MEMORY` or
    `ABANDONED`. When this process has ended by itself, no process of the student is left; when it was killed, the
    kernel is about to kill them.

    Raises, with the descriptors in `keep` still open and `body` not begun: `Unavailable` when a wall cannot be built,
    `CourseError` when a file has a name that leads elsewhere, is a link or no regular file, or when the files do not
    fit into the scratch folder.
    """
    plan = get_plan()
    opened = _open_files(files, limits)
    report, reporter = os.pipe()
    _close_all_but({*keep, lifeline, report, reporter, *opened.values()})
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
        be_keeper(plan, reporter, {*keep, lifeline, report, reporter, *opened.values()})
    student = os.fork()
    if student == 0:
        _be_student(plan, body, opened, limits, {*keep}, {lifeline, report, reporter}, reporter, root, as_root)
    for descriptor in (reporter, *opened.values()):
        os.close(descriptor)
    stand_guard(keeper, student, limits, set(keep) - {lifeline}, lifeline, report)


def _be_student(
    plan: Plan,
    body: Callable[[], None],
    opened: dict[str, int],
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
            wall = "files"
            check_call(plan.libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS))
            plan.libc.unshare(CLONE_NEWCGROUP)  # hides names only
            host = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
            change_root(plan, limits, root, as_root)
            wall = "rights"
            if as_root:
                become_nobody(plan, host)
            os.close(host)
            wall = "files"
            os.chdir(SCRATCH)
            _copy(opened)
            wall = "limits"
            set_limits(limits, 0 if as_root else 2)
            wall = "rights"
            drop_rights(plan)
            clear_environment(plan)
            wall = "filter"
            check_call(plan.libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(plan.filter), 0, 0))
        except OSError as error:
            os.write(reporter, json.dumps([wall, str(error)]).encode())
            os._exit(1)
        end_with_box(plan, reporter)
        os.write(reporter, b"ready")
        for descriptor in {*ours, *opened.values()} - keep:
            os.close(descriptor)
        sys.path.insert(0, "")
        body()
        os._exit(0)
    finally:
        os._exit(1)


def _copy(opened: dict[str, int]) -> None:
    """Into the working folder."""
    for name, descriptor in opened.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as stream:
            while part := os.read(descriptor, 1 << 20):
                stream.write(part)


def _open_files(files: dict[str, Path], limits: Limits) -> dict[str, int]:
    opened, total = {}, 0
    for name, path in files.items():
        if not name or name.startswith("/") or ".." in PurePosixPath(name).parts or "\0" in name:
            raise CourseError(f"{name!r} is no name of a file in the student's folder.")
        try:
            opened[name] = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise CourseError(f"{path} cannot be read as a regular file: {error.strerror}.") from None
        found = os.fstat(opened[name])
        if not stat.S_ISREG(found.st_mode):
            raise CourseError(f"{path} is no regular file.")
        total += -(-found.st_size // 4096) * 4096
    if total > limits.scratch:
        raise CourseError(f"The files take {total} bytes; a student's folder has {limits.scratch}.")
    return opened


def _close_all_but(kept: set[int]) -> None:
    """Close the other descriptors; 0, 1 and 2 lead to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in {0, 1, 2} - kept:
        os.dup2(null, standard)
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - kept - {0, 1, 2}:
        with contextlib.suppress(OSError):  # the listing has its own
            os.close(descriptor)

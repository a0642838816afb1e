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
import functools
import json
import os
import platform
import re
import select
import signal
import socket
import stat
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from autograder.errors import CourseError

if sys.platform == "linux":
    import posix
    import resource

OUT_OF_MEMORY = 120
"""The box's exit status when the student's processes held more memory than they may."""

ABANDONED = 121
"""The box's exit status when the other end of the lifeline was closed."""

UNAVAILABLE = 122
"""The box's exit status when a wall could not be built."""

LAST_STATUS = 119
"""The student's own exit status is passed on up to this. A higher one becomes this, so that it cannot pass for one of
ours. A student that a signal ended gives 128 + its number."""

NOBODY = 65534
"""Who the student is on the host when the box is root."""

STUDENT = 1000
"""Who the student is in its own eyes."""

SCRATCH = "/scratch"
"""The student's home and working folder."""

SHARED_MEMORY = 64 << 20
"""Bytes in /dev/shm."""

TICK_SECONDS = 0.25
"""How often the guard looks at the memory."""


@dataclass(frozen=True)
class Limits:
    """What a student may use."""

    memory: int = 4 << 30
    """Bytes of address space of each process, and of memory that all processes together hold."""
    processes: int = 64
    """Processes and threads."""
    file_size: int = 64 << 20
    """Bytes of a file."""
    scratch: int = 256 << 20
    """Bytes in the scratch folder, and again in /tmp. They are in memory, beyond `memory`."""
    cpu_seconds: int = 600
    """Seconds of processor time of each process."""
    open_files: int = 512
    """Open files of each process."""


class Unavailable(CourseError):
    """This system does not let a wall be built. `wall` is its name in `probe`; `remedy` says what to do about it."""

    def __init__(self, wall: str, reason: str, remedy: str) -> None:
        super().__init__(f"Student code cannot be isolated here, for want of the wall “{wall}” ({reason}). {remedy}")
        self.wall, self.reason, self.remedy = wall, reason, remedy


@dataclass(frozen=True)
class Wall:
    """One wall, for `course doctor`: whether it stands, and if not, what to do about it."""

    name: str
    stands: bool
    remedy: str


# Constants of the kernel's headers.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1 << 5, 1 << 12, 1 << 14, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
CLONE_PARENT = 0x8000
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_SECCOMP = 1, 4, 21, 22
PR_CAPBSET_DROP, PR_SET_SECUREBITS = 24, 28
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 39, 47, 4
SECBIT_NO_SETUID_FIXUP = 4
SECCOMP_MODE_FILTER = 2
MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20

EPERM, ENOSYS = 1, 38

# Refused system calls: the number on x86_64 and on aarch64, 0 where it does not exist.
REFUSED = {
    # mounts, roots, namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440), "kcmp": (312, 272), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # wide surfaces of the kernel
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "fanotify_init": (300, 262), "lookup_dcookie": (212, 18),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "modify_ldt": (154, 0), "uselib": (134, 0),
    "sysfs": (139, 0), "_sysctl": (156, 0), "nfsservctl": (180, 42), "personality": (135, 92), "vhangup": (153, 58),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "create_module": (174, 0), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "iopl": (172, 0), "ioperm": (173, 0), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161), "setdomainname": (171, 162),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116),
}  # fmt: skip

# As if the kernel did not have them. clone3 hides its flags behind a pointer, and the C library then takes clone; the
# others hold memory that belongs to no process, which the guard would not see.
ABSENT = {
    "clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
}  # fmt: skip

SPECIAL = {"clone": (56, 220), "socket": (41, 198), "socketpair": (53, 199)}

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The place in the tables above, and the kernel's number for the architecture."""

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
DEVICES = ("null", "zero", "full", "random", "urandom")
TEXTS = {
    "etc/passwd": f"root:x:0:0::/:/bin/sh\nstudent:x:{STUDENT}:{STUDENT}::{SCRATCH}:/bin/sh\nnobody:x:65534:65534::/:\n",
    "etc/group": f"root:x:0:\nstudent:x:{STUDENT}:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
KEPT_VARIABLES = ("MPLBACKEND", "TZ", "PYTHONHASHSEED", "LD_LIBRARY_PATH")


class _Instructions(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("first", ctypes.c_void_p)]


@dataclass(frozen=True)
class _Plan:
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
    filter: _Instructions
    program: ctypes.Array[ctypes.c_char]
    """Kept alive for `filter`."""
    variables: dict[str, str]
    environment: tuple[int, int]
    """Where in memory the kernel put the environment when this program started: first address, length."""
    capabilities: int
    """How many capabilities this kernel knows."""


def prepare() -> None:
    """Do once, in the process that forks the boxes and in its working folder, what each box would otherwise do itself.

    It also asks the kernel to keep this process in huge pages: a fork copies a table of pages, and with hundreds of
    megabytes of small ones that takes longer than all the walls. Raises `Unavailable` on another system than Linux.
    """
    _plan()
    _use_huge_pages()


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
    plan = _plan()
    opened = _open_files(files, limits)
    report, reporter = os.pipe()
    _close_all_but({*keep, lifeline, report, reporter, *opened.values()})
    as_root = os.geteuid() == 0
    try:
        if as_root:
            _check(plan.libc.unshare(CLONE_NEWPID))
        else:
            user, group = os.geteuid(), os.getegid()
            _check(plan.libc.unshare(CLONE_NEWUSER | CLONE_NEWPID))
            _map_identity(user, group)
    except OSError as error:
        raise _unavailable("rights", str(error)) from None
    plan.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if plan.owner not in (os.getpid(), os.getppid()):
        os._exit(ABANDONED)  # it ended before the line above
    keeper = plan.fork()
    if keeper == 0:
        _be_keeper(plan, reporter, {*keep, lifeline, report, reporter, *opened.values()})
    student = os.fork()
    if student == 0:
        _be_student(plan, body, opened, limits, {*keep}, {lifeline, report, reporter}, reporter, root, as_root)
    for descriptor in (reporter, *opened.values()):
        os.close(descriptor)
    _guard(keeper, student, limits, set(keep) - {lifeline}, lifeline, report)


# The box: the guard outside.


def _guard(keeper: int, student: int, limits: Limits, keep: set[int], lifeline: int, report: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command that waits for us
    try:
        ending = os.pidfd_open(student)
    except OSError as error:
        _end_all(keeper)
        raise _unavailable("processes", f"{error}; it needs Linux 5.3") from None
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
                raise _unavailable(wall, reason)
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
    sizes = [[int(word) * page for word in _read(f"{process}/statm").split()] for process in processes]
    if sum(size[0] for size in sizes if size) <= most:  # all that is addressed
        return False
    shared = _shared_memory(processes)
    if shared + sum(size[1] - size[2] for size in sizes if size) <= most:  # a page that several have counts for each
        return False
    kilobytes = re.compile(r"^Pss_Anon: *(\d+)", re.MULTILINE)
    found = (kilobytes.search(_read(f"{process}/smaps_rollup")) for process in processes)
    return shared + sum(int(each[1]) << 10 for each in found if each) > most


def _shared_memory(processes: list[str]) -> int:
    """Bytes of anonymous shared mappings, each counted once and in full: one who never touched it may hold it."""
    found: dict[str, int] = {}
    for process in processes:
        for line in _read(f"{process}/maps").splitlines():
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


def _read(path: str) -> str:
    """The text of a file of /proc; nothing when the process has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


# Inside.


def _be_keeper(plan: _Plan, reporter: int, ours: set[int]) -> NoReturn:
    """The first process of the namespace ends with the box, and all others with it. Nobody inside can reach it."""
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries orphans
        plan.libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        _end_with_box(plan, reporter)
        for descriptor in ours:
            os.close(descriptor)
        while True:
            signal.pause()
    finally:
        os._exit(0)


def _end_with_box(plan: _Plan, reporter: int) -> None:
    plan.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    poll = select.poll()
    poll.register(reporter, 0)
    if poll.poll(0):  # nobody listens: the box ended before the first line
        os._exit(1)


def _be_student(
    plan: _Plan,
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
            _check(plan.libc.unshare(CLONE_NEWNET))
            wall = "files"
            _check(plan.libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS))
            plan.libc.unshare(CLONE_NEWCGROUP)  # hides names only
            host = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
            _change_root(plan, limits, root, as_root)
            wall = "rights"
            if as_root:
                _become_nobody(plan, host)
            os.close(host)
            wall = "files"
            os.chdir(SCRATCH)
            _copy(opened)
            wall = "limits"
            _limit(limits, 0 if as_root else 2)
            wall = "rights"
            _drop_rights(plan)
            _clear_environment(plan)
            wall = "filter"
            _check(plan.libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(plan.filter), 0, 0))
        except OSError as error:
            os.write(reporter, json.dumps([wall, str(error)]).encode())
            os._exit(1)
        _end_with_box(plan, reporter)
        os.write(reporter, b"ready")
        for descriptor in {*ours, *opened.values()} - keep:
            os.close(descriptor)
        sys.path.insert(0, "")
        body()
        os._exit(0)
    finally:
        os._exit(1)


def _change_root(plan: _Plan, limits: Limits, root: Path, as_root: bool) -> None:
    mount = functools.partial(_mount, plan.libc)
    owner = f",uid={NOBODY},gid={NOBODY}" if as_root else ""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("root", os.fspath(root), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    os.chdir(root)
    for place, mode, size in (
        ("scratch", "700", limits.scratch),
        ("tmp", "1777", limits.scratch),
        ("dev/shm", "1777", SHARED_MEMORY),
    ):
        os.makedirs(place)
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes=20000,mode={mode}{owner}")
    for folder in plan.folders:
        os.mkdir(folder)
    for place, target in plan.links:
        os.symlink(target, place)
    for place in plan.points:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
    for place, text in TEXTS.items():
        descriptor = os.open(place, os.O_CREAT | os.O_WRONLY, 0o644)
        os.write(descriptor, text.encode())
        os.close(descriptor)
    for source, place in plan.binds:
        mount(source, place, None, MS_BIND | MS_REC)
        _make_read_only(plan, place)
    for name in DEVICES:
        mount(f"/dev/{name}", f"dev/{name}", None, MS_BIND)
    with contextlib.suppress(OSError):  # some containers forbid it; `probe` says so
        mount("proc", "proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _make_read_only(plan, ".", deep=False)
    _check(plan.libc.syscall(ctypes.c_long(_number("pivot_root")), b".", b"."))
    _check(plan.libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def _make_read_only(plan: _Plan, place: str, deep: bool = True) -> None:
    """Of what is mounted there, and with `deep` of all that is mounted in it."""
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV  # the numbers of mount_setattr are the same
    wanted = struct.pack("=QQQQ", flags, 0, 0, 0)
    numbers = [
        ctypes.c_long(number) for number in (_number("mount_setattr"), AT_FDCWD, AT_RECURSIVE * deep, len(wanted))
    ]
    call, at, depth, length = numbers
    if plan.libc.syscall(call, at, os.fsencode(place), depth, wanted, length) == 0:
        return
    if ctypes.get_errno() != ENOSYS:
        _check(-1)
    found = os.statvfs(place).f_flag  # before Linux 5.12; a user namespace may not take away what holds already
    kept = found & (MS_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME) | (1 << 21 if found & os.ST_RELATIME else 0)
    _mount(plan.libc, None, place, None, MS_REMOUNT | MS_BIND | flags | kept)


def _become_nobody(plan: _Plan, host: int) -> None:
    """From root to nobody, in a user namespace, so that processes are counted for this student alone."""
    # With the rights kept: some systems let nobody else make the namespace, and whoever makes it leaves them behind.
    plan.libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    plan.libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self belongs to root
    if plan.libc.unshare(CLONE_NEWUSER) == 0:
        _map_identity(NOBODY, NOBODY, host)


def _map_identity(user: int, group: int, proc: int | None = None) -> None:
    """After `unshare`: who the student is in its own eyes. `proc` is the host's /proc, opened before the root changed."""
    folder = "/proc/self" if proc is None else "self"
    for name, text in (("setgroups", "deny"), ("uid_map", f"{STUDENT} {user} 1"), ("gid_map", f"{STUDENT} {group} 1")):
        descriptor = os.open(f"{folder}/{name}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _drop_rights(plan: _Plan) -> None:
    prctl = plan.libc.prctl
    _check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(plan.capabilities):
        _check(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)  # version 3
    _check(plan.libc.capset(header, none))
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def _limit(limits: Limits, others: int) -> None:
    """`others`: processes that the kernel counts with the student's but are ours."""
    processes = limits.processes + others
    if tuple(map(int, platform.release().split(".")[:2])) < (5, 14):  # counts for the user, not in the namespace
        owners = [entry.stat().st_uid for entry in os.scandir("/proc") if entry.name.isdecimal()]
        processes += owners.count(os.getuid())
    for kind, most, more in (
        (resource.RLIMIT_AS, limits.memory, 0),
        (resource.RLIMIT_NPROC, processes, 0),
        (resource.RLIMIT_FSIZE, limits.file_size, 0),
        (resource.RLIMIT_NOFILE, limits.open_files, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds, 5),  # a signal at the first, the end at the second
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 64 << 10, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        soft, last = (each if hard == resource.RLIM_INFINITY else min(each, hard) for each in (most, most + more))
        resource.setrlimit(kind, (soft, last))


def _clear_environment(plan: _Plan) -> None:
    """Also the copies that Python and the kernel keep of what this program was started with."""
    os.environ.clear()
    posix.environ.clear()
    first, length = plan.environment
    if length:
        ctypes.memset(first, 0, length)
    os.environ.update(plan.variables)


def _copy(opened: dict[str, int]) -> None:
    """Into the working folder."""
    for name, descriptor in opened.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as stream:
            while part := os.read(descriptor, 1 << 20):
                stream.write(part)


# Both sides.


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


def _check(result: int) -> None:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mount(libc: ctypes.CDLL, source: str | None, place: str, kind: str | None, flags: int, data: str = "") -> None:
    encoded = (None if word is None else os.fsencode(word) for word in (source, place, kind))
    try:
        _check(libc.mount(*encoded, ctypes.c_ulong(flags), data.encode()))
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {source or ''} on {place}") from None


def _number(name: str) -> int:
    return REFUSED[name][MACHINES[platform.machine()][0]]


def _unavailable(wall: str, reason: str) -> Unavailable:
    return Unavailable(wall, reason, _remedy())


def _remedy() -> str:
    """The likeliest, from what this system says of itself."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return "Grade on Linux (x86_64 or aarch64), for instance in a virtual machine."
    if os.geteuid() != 0:
        for name, forbids, allows in (
            ("kernel.unprivileged_userns_clone", "0", "1"),
            ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
            ("user.max_user_namespaces", "0", "10000"),
        ):
            if _read("/proc/sys/" + name.replace(".", "/")).strip() == forbids:
                return f"Let users make namespaces with `sudo sysctl {name}={allows}`, or grade as root."
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return (
            "Let the container make namespaces: start it with `--cap-add SYS_ADMIN --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined`."
        )
    return "Let this process make namespaces (the kernel or a policy refuses it), or grade on another Linux machine."


# Before the fork.


@functools.cache
def _plan() -> _Plan:
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        raise Unavailable("system", f"{platform.system()} on {platform.machine()}", _remedy())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    program = _filter()
    binds, links = _layout()
    devices = [f"dev/{name}" for name in DEVICES]
    points = [place for source, place in binds if not os.path.isdir(source)] + devices
    folders = {"proc"} | {place for source, place in binds if os.path.isdir(source)}
    above = {*folders, *TEXTS, *points, *(place for place, _ in links)}
    folders |= {str(parent) for place in above for parent in PurePosixPath(place).parents}
    return _Plan(
        libc=libc,
        fork=ctypes.PyDLL(None).fork,
        owner=os.getpid(),
        folders=sorted(folders - {".", "dev", "dev/shm", "tmp"}),
        links=links,
        binds=binds,
        points=points,
        filter=_Instructions(len(program) // 8, ctypes.addressof(program)),
        program=program,
        variables=_variables(),
        environment=_find_environment(),
        capabilities=int(_read("/proc/sys/kernel/cap_last_cap") or 40) + 1,
    )


def _variables() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": SCRATCH,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "PYTHONDONTWRITEBYTECODE": "1",
        **kept,
    }


def _find_environment() -> tuple[int, int]:
    fields = _read("/proc/self/stat").rpartition(")")[2].split()
    first, last = int(fields[47]), int(fields[48])  # proc(5) counts them as 50 and 51
    return first, max(last - first, 0)


def _use_huge_pages() -> None:
    """Best effort: from Linux 6.1 on, where huge pages are allowed."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for line in _read("/proc/self/maps").splitlines():
        span, rights, _, _, inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            first, last = (int(address, 16) for address in span.split("-"))
            first, last = -(-first // HUGE_PAGE) * HUGE_PAGE, last // HUGE_PAGE * HUGE_PAGE
            if first < last:
                madvise(first, last - first, MADV_COLLAPSE)


def _filter() -> ctypes.Array[ctypes.c_char]:
    """The program for seccomp, in the kernel's classic BPF: each refused call is two instructions, compare and return."""
    place, architecture = MACHINES[platform.machine()]
    load, equal, at_least, any_bit, leave = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, absent, kill = 0x7FFF0000, 0x00050000 | EPERM, 0x00050000 | ENOSYS, 0x80000000
    number, machine, first_argument = 0, 4, 16  # offsets in struct seccomp_data

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    lines = [step(load, machine), step(equal, architecture, 1), step(leave, kill), step(load, number)]
    if platform.machine() == "x86_64":
        lines += [step(at_least, 0x40000000, 0, 1), step(leave, absent)]  # the x32 way to make the same calls
    for calls, answer in ((REFUSED, refuse), (ABSENT, absent)):
        for numbers in calls.values():
            if numbers[place]:
                lines += [step(equal, numbers[place], 0, 1), step(leave, answer)]
    spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
    for call, tests in (
        ("clone", [(any_bit, spaces | CLONE_PARENT, False)]),
        ("socket", [(equal, family, True) for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)]),
        ("socketpair", [(equal, socket.AF_UNIX, True)]),
    ):
        good = tests[0][2]
        lines += [step(equal, SPECIAL[call][place], 0, len(tests) + 3), step(load, first_argument)]
        lines += [step(code, value, len(tests) - at) for at, (code, value, _) in enumerate(tests)]
        lines += [step(leave, refuse if good else allow), step(leave, allow if good else refuse)]
    lines.append(step(leave, allow))
    return ctypes.create_string_buffer(b"".join(lines), sum(map(len, lines)))


def _layout() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What of the host is seen inside, at its own place: binds (source, place) and symbolic links (place, target)."""
    package = str(Path(__file__).absolute().parents[2])
    course = [os.path.realpath(".")]
    if os.path.basename(os.path.dirname(package)) not in ("site-packages", "dist-packages"):
        course.append(os.path.realpath(os.path.dirname(package)))
    wanted = [*SYSTEM, *SETTINGS, sys.prefix, sys.base_prefix, *_module_folders(course)]
    wanted = [path for path in wanted if os.path.exists(path)]
    places = {part for path in wanted for part in _without(os.path.realpath(path), course)}
    places.add(os.path.realpath(package))
    chosen: list[str] = []
    for place in sorted(places):  # a parent comes before what is in it
        if not any(_within(place, other) for other in chosen):
            chosen.append(place)
    links = {f"/dev/{name}": f"/proc/self/fd/{number}" for number, name in enumerate(("stdin", "stdout", "stderr"))}
    links |= {"/dev/fd": "/proc/self/fd"}
    links |= {place: target for path in [*wanted, sys.executable, package] for place, target in _links_to(path)}
    binds = [(place, place[1:]) for place in chosen]
    return binds, sorted((at[1:], to) for at, to in links.items() if not any(_within(at, place) for place in chosen))


def _module_folders(course: list[str]) -> Iterator[str]:
    """Where modules come from, but for the course: it has the hidden tests."""
    script = os.path.dirname(os.path.realpath(sys.argv[0] if sys.argv else ""))
    for entry in sys.path:
        real = os.path.realpath(entry)
        touches = any(_within(real, folder) or _within(folder, real) for folder in course)
        installed = os.path.basename(real) in ("site-packages", "dist-packages")
        if os.path.isabs(entry) and real != script and (installed or not touches):
            yield entry


def _without(folder: str, hidden: Iterable[str]) -> list[str]:
    """The folder, or, where it holds something hidden, those parts of it that do not."""
    if folder in hidden:  # a virtual environment that is the course's folder as well
        names = ("bin", "include", "lib", "lib64", "pyvenv.cfg")
        return [f"{folder}/{name}" for name in names if os.path.exists(f"{folder}/{name}")]
    if not any(_within(each, folder) for each in hidden):
        return [folder]
    inside = [f"{folder}/{name}" for name in os.listdir(folder)]
    return [
        part
        for path in inside
        if not os.path.islink(path) and path not in hidden
        for part in (_without(path, hidden) if os.path.isdir(path) else [path])
    ]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _links_to(path: str) -> Iterator[tuple[str, str]]:
    """The symbolic links (place, target) on the way to where the path really leads."""
    at, left = "/", [part for part in path.split("/") if part]
    for _ in range(1000):
        if not left:
            return
        place = os.path.join(at, left.pop(0))
        if os.path.islink(place):
            target = os.readlink(place)
            yield place, target
            left = [part for part in os.path.normpath(os.path.join(at, target)).split("/") if part] + left
            at = "/"
        else:
            at = place


# For `course doctor`.

WALLS = ("system", "rights", "processes", "network", "files", "limits", "filter", "memory", "proc")
OPTIONAL = ("proc",)


def probe() -> list[Wall]:
    """Of each wall, whether it stands: encloses two bodies for real and tries what must fail. Takes about a second.

    For a small process (see `doctor`): what a large one holds hides what the bodies take.
    """
    try:
        _plan()
    except Unavailable as error:
        return [Wall(error.wall, False, error.remedy)]
    with tempfile.TemporaryDirectory() as name, socket.socket() as server:
        folder = Path(name)
        (folder / "root").mkdir()
        os.chmod(folder, 0o755)
        secret = folder / "secret"
        secret.write_text("secret")
        server.bind(("127.0.0.1", 0))
        server.listen()
        address, host = server.getsockname(), os.getpid()
        _, found, unavailable = _enclosed(lambda: _try_walls(secret, address, host), Limits(), folder / "root")
        if unavailable is None:
            used = int(_read("/proc/self/statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")
            status, _, unavailable = _enclosed(_fill_memory, Limits(memory=used + (192 << 20)), folder / "root")
            found = {**found, "memory": status == OUT_OF_MEMORY}
    if unavailable is not None:
        wall, reason, remedy = unavailable
        failed = WALLS.index(wall)
        later = f"Not tried, because the wall “{wall}” comes first."
        return [
            Wall(name, at < failed, "" if at < failed else f"{remedy} ({reason})" if at == failed else later)
            for at, name in enumerate(WALLS)
        ]
    remedies = {
        "proc": "Code that reads /proc may fail inside; in a container, add `--security-opt systempaths=unconfined`.",
        "memory": "Let this process read /proc of the processes that it starts.",
    }
    leak = "The wall was built but holds nothing back: do not grade on this machine, and please report it."
    return [Wall(name, found.get(name, False), "" if found.get(name) else remedies.get(name, leak)) for name in WALLS]


def _enclosed(
    body: Callable[[], dict[str, bool]], limits: Limits, root: Path
) -> tuple[int, dict[str, bool], tuple[str, str, str] | None]:
    """The exit status of the box, what `body` found, and why there could be no walls."""
    ours, theirs = socket.socketpair()
    reader, lifeline = os.pipe()
    with ours, theirs:
        box = os.fork()
        if box == 0:
            try:
                enclose(
                    lambda: theirs.sendall(json.dumps(body()).encode()), {}, limits, [theirs.fileno()], reader, root
                )
            except Unavailable as error:
                theirs.sendall(json.dumps([error.wall, error.reason, error.remedy]).encode())
            finally:
                os._exit(1)
        theirs.close()
        os.close(reader)
        ours.settimeout(20)
        try:
            said = json.loads(ours.recv(1 << 16) or b"{}")
        except TimeoutError:
            said = {}
        os.close(lifeline)
        status = os.waitstatus_to_exitcode(os.waitpid(box, 0)[1])
    return (status, {}, (said[0], said[1], said[2])) if isinstance(said, list) else (status, said, None)


def _try_walls(secret: Path, address: Any, host: int) -> dict[str, bool]:
    """Inside: which walls hold."""
    libc = _plan().libc

    def fails(attempt: Callable[[], object]) -> bool:
        try:
            attempt()
        except (OSError, MemoryError):
            return True
        return False

    Path("own").write_text("own")
    return {
        "system": True,
        "rights": fails(lambda: os.setuid(0)) and libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
        "processes": fails(lambda: os.kill(host, 0)) and os.getppid() == 0,
        "network": fails(lambda: socket.create_connection(address, 1)),
        "files": not secret.exists() and all(fails(Path(path).touch) for path in ("/usr/autograded", "/own")),
        "limits": fails(lambda: bytearray(Limits().memory)),
        "filter": libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER
        and fails(lambda: socket.socket(socket.AF_NETLINK)),
        "proc": os.path.exists("/proc/self/status"),
    }


def _fill_memory() -> dict[str, bool]:
    """Inside: three processes that together take more than they may; this ends when the guard sees it."""
    for _ in range(3):
        if os.fork() == 0:
            held = bytearray(b"x") * (128 << 20)
            time.sleep(10)
            os._exit(len(held) & 1)
    time.sleep(10)
    return {}

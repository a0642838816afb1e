"""Inside: the roots, identities and limits of the student, step by step."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import socket
import struct
import sys
from pathlib import Path

if sys.platform == "linux":
    import fcntl
    import posix
    import resource

from autograder.engine.walls.kernel import (
    AT_FDCWD,
    AT_RECURSIVE,
    CLONE_NEWUSER,
    ENOSYS,
    IFF_UP,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_SECUREBITS,
    SECBIT_NO_SETUID_FIXUP,
    SIOCSIFFLAGS,
    check_call,
    find_number,
    mount_at,
    read_proc,
)
from autograder.engine.walls.layout import DEVICES, TEXTS
from autograder.engine.walls.preparation import Plan
from autograder.engine.walls.terms import MAX_FILES, NOBODY, STUDENT, Limits

SHARED_MEMORY = 64 << 20
"""Bytes in /dev/shm."""

ROOM = 16
"""How many times its memory a kernel may map: Java's and JavaScript's map far more than they use. What is used, the guard counts."""

TERMINALS = 32
"""Pseudo-terminals of a kernel."""

TCP_BUFFER = 64 << 10
"""Bytes that each direction of a connection holds at most; no more than what is counted for a socket (see `holdings`)."""


def begin_loopback() -> None:
    """In a network namespace of one's own: what runs there can reach itself by 127.0.0.1, and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    for name in ("tcp_rmem", "tcp_wmem"):
        Path("/proc/sys/net/ipv4", name).write_text(f"4096 {TCP_BUFFER} {TCP_BUFFER}")


def begin_root(plan: Plan, limits: Limits, root: Path, as_root: bool) -> None:
    """The new root, with the folders that can be written to; it becomes the working folder."""
    mount = functools.partial(mount_at, plan.libc)
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
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes={MAX_FILES},mode={mode}{owner}")
    if limits.kernel:
        os.makedirs("dev/pts")
        os.symlink("pts/ptmx", "dev/ptmx")
        with contextlib.suppress(OSError):  # then a kernel that needs one says so
            mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, f"newinstance,ptmxmode=666,max={TERMINALS}")


def finish_root(plan: Plan) -> None:
    """Everything else of the root, and the change to it."""
    mount = functools.partial(mount_at, plan.libc)
    for folder in plan.folders:
        os.makedirs(folder, exist_ok=True)
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
    check_call(plan.libc.syscall(ctypes.c_long(find_number("pivot_root")), b".", b"."))
    check_call(plan.libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def _make_read_only(plan: Plan, place: str, deep: bool = True) -> None:
    """Of what is mounted there, and with `deep` of all that is mounted in it."""
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV  # the numbers of mount_setattr are the same
    wanted = struct.pack("=QQQQ", flags, 0, 0, 0)
    numbers = [
        ctypes.c_long(number) for number in (find_number("mount_setattr"), AT_FDCWD, AT_RECURSIVE * deep, len(wanted))
    ]
    call, at, depth, length = numbers
    if plan.libc.syscall(call, at, os.fsencode(place), depth, wanted, length) == 0:
        return
    if ctypes.get_errno() != ENOSYS:
        check_call(-1)
    found = os.statvfs(place).f_flag  # before Linux 5.12; a user namespace may not take away what holds already
    kept = found & (MS_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME) | (1 << 21 if found & os.ST_RELATIME else 0)
    mount_at(plan.libc, None, place, None, MS_REMOUNT | MS_BIND | flags | kept)


def become_nobody(plan: Plan, host: int) -> None:
    """From root to nobody, in a user namespace, so that processes are counted for this student alone."""
    # With the rights kept: some systems let nobody else make the namespace, and whoever makes it leaves them behind.
    plan.libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    plan.libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self belongs to root
    if plan.libc.unshare(CLONE_NEWUSER) == 0:
        map_identity(NOBODY, NOBODY, host)


def map_identity(user: int, group: int, proc: int | None = None) -> None:
    """After `unshare`: who the student is in its own eyes. `proc` is the host's /proc, opened before the root changed."""
    folder = "/proc/self" if proc is None else "self"
    for name, text in (("setgroups", "deny"), ("uid_map", f"{STUDENT} {user} 1"), ("gid_map", f"{STUDENT} {group} 1")):
        descriptor = os.open(f"{folder}/{name}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def drop_rights(plan: Plan) -> None:
    prctl = plan.libc.prctl
    check_call(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(plan.capabilities):
        check_call(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)  # version 3
    check_call(plan.libc.capset(header, none))
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def set_limits(limits: Limits, others: int) -> None:
    """`others`: processes that the kernel counts with the student's but are ours."""
    processes = limits.processes + others
    if tuple(map(int, platform.release().split(".")[:2])) < (5, 14):  # counts for the user, not in the namespace
        owners = [entry.stat().st_uid for entry in os.scandir("/proc") if entry.name.isdecimal()]
        processes += owners.count(os.getuid())
    size = read_proc("/proc/self/statm").split()[:1]  # with the libraries of a graphics card that is some gigabytes
    mapped = sum(map(int, size)) * os.sysconf("SC_PAGE_SIZE")
    mapped += limits.memory * (ROOM if limits.kernel else 1)
    for kind, most, more in (
        (resource.RLIMIT_AS, mapped, 0),
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


def clear_environment(plan: Plan) -> None:
    """Also the copies that Python and the kernel keep of what this program was started with."""
    os.environ.clear()
    posix.environ.clear()
    first, length = plan.environment
    if length:
        ctypes.memset(first, 0, length)
    os.environ.update(plan.variables)

"""The filter that refuses system calls which only an attack needs; see seccomp(2)."""

from __future__ import annotations

import ctypes
import platform
import socket
import struct

from autograder.engine.walls.kernel import (
    ABSENT,
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    CLONE_PARENT,
    ENOSYS,
    EOPNOTSUPP,
    EPERM,
    F_SETPIPE_SZ,
    FCNTL,
    IOCTL,
    MACHINES,
    REFUSED,
    SETSID,
    SETSOCKOPT,
    SOCKET_SIZES,
    SOL_SOCKET,
    SPECIAL,
    TIOCSCTTY,
    TIOCSETD,
    TIOCSTI,
)


class Instructions(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("first", ctypes.c_void_p)]


def make_filter() -> ctypes.Array[ctypes.c_char]:
    """The program for seccomp, in the kernel's classic BPF: each refused call is two instructions, compare and return."""
    place, architecture = MACHINES[platform.machine()]
    load, equal, at_least, any_bit, leave = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, absent, kill = 0x7FFF0000, 0x00050000 | EPERM, 0x00050000 | ENOSYS, 0x80000000
    unsupported = 0x00050000 | EOPNOTSUPP  # libraries, such as those of Jupyter's kernels, do without then
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
    for call, tests, no in (
        ("clone", [(any_bit, spaces | CLONE_PARENT, False)], refuse),
        (
            "socket",
            [(equal, family, True) for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)],
            unsupported,
        ),
        ("socketpair", [(equal, socket.AF_UNIX, True)], refuse),
    ):
        good = tests[0][2]
        lines += [step(equal, SPECIAL[call][place], 0, len(tests) + 3), step(load, first_argument)]
        lines += [step(code, value, len(tests) - at) for at, (code, value, _) in enumerate(tests)]
        lines += [step(leave, no if good else allow), step(leave, allow if good else no)]
    silent, second, third = 0x00050000, 24, 32
    sizes = [step(equal, option, len(SOCKET_SIZES) - at) for at, option in enumerate(SOCKET_SIZES)]
    lines += [step(equal, SETSID[place], 0, 1), step(leave, silent)]
    lines += [
        step(equal, SETSOCKOPT[place], 0, len(sizes) + 5),
        step(load, second),
        step(equal, SOL_SOCKET, 0, len(sizes) + 1),
    ]
    lines += [step(load, third), *sizes, step(leave, allow), step(leave, silent)]
    lines += [step(equal, FCNTL[place], 0, 4), step(load, second), step(equal, F_SETPIPE_SZ, 0, 1)]
    lines += [step(leave, refuse), step(leave, allow)]
    lines += [step(equal, IOCTL[place], 0, 6), step(load, second), step(equal, TIOCSCTTY, 3)]
    lines += [step(equal, TIOCSTI, 1), step(equal, TIOCSETD, 0, 2), step(leave, refuse), step(leave, silent)]
    lines.append(step(leave, allow))
    return ctypes.create_string_buffer(b"".join(lines), sum(map(len, lines)))

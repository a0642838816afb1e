"""The kernel's constants and system calls, as its headers have them."""

from __future__ import annotations

import ctypes
import os
import platform

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


EPERM, ENOSYS, EOPNOTSUPP = 1, 38, 95


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


# Said to have worked. A session of its own would have a share of the cores of its own (`sched_autogroup` in sched(7)), and what
# a socket or a pipe may hold is counted by how much one holds that nobody enlarged.
SETSID, SETSOCKOPT, FCNTL, IOCTL = (112, 157), (54, 208), (72, 25), (16, 29)


SOL_SOCKET, SOCKET_SIZES, F_SETPIPE_SZ = 1, (7, 8, 32, 33), 1031

SIOCSIFFLAGS, IFF_UP = 0x8914, 1

TIOCSCTTY, TIOCSTI, TIOCSETD = 0x540E, 0x5412, 0x5423
"""Of a terminal: it becomes the session's, which needs a session of one's own; and what only an attack needs."""


MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The place in the tables above, and the kernel's number for the architecture."""


def read_proc(path: str) -> str:
    """The text of a file of /proc; nothing when the process has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def check_call(result: int) -> None:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def mount_at(libc: ctypes.CDLL, source: str | None, place: str, kind: str | None, flags: int, data: str = "") -> None:
    encoded = (None if word is None else os.fsencode(word) for word in (source, place, kind))
    try:
        check_call(libc.mount(*encoded, ctypes.c_ulong(flags), data.encode()))
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {source or ''} on {place}") from None


def find_number(name: str) -> int:
    return REFUSED[name][MACHINES[platform.machine()][0]]

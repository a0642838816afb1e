"""What the walls are asked for and what they answer: limits, exit statuses, and the error where one cannot be built."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from autograder.engine.walls.kernel import MACHINES, read_proc
from autograder.errors import CourseError

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


MAX_FILES = 20_000
"""Files and folders in the scratch folder, and again in /tmp and /dev/shm."""


COPYING, READING = "copying", "reading"
"""What the student's process was at when it could not go on, where that is the building of no wall."""


@dataclass(frozen=True)
class Limits:
    """What a student may use."""

    memory: int = 4 << 30
    """Bytes that all processes together hold, with what the kernel holds for them, and that each may map beside what the warm process does."""
    processes: int = 64
    """Processes and threads."""
    file_size: int = 64 << 20
    """Bytes of a file."""
    scratch: int = 256 << 20
    """Bytes in the scratch folder, and again in /tmp. They are in memory, and count there."""
    cpu_seconds: int = 600
    """Seconds of processor time of each process."""
    open_files: int = 512
    """Open files of each process."""
    kernel: bool = False
    """Whether this is for a Jupyter kernel of another language: some talk by pseudo-terminals to the program that they are for, and
    to others by TCP alone. It has both to itself."""


class Unavailable(CourseError):
    """This system does not let a wall be built. `wall` is its name in `probe`; `remedy` says what to do about it."""

    def __init__(self, wall: str, reason: str, remedy: str) -> None:
        super().__init__(f"Student code cannot be isolated here without the wall “{wall}” ({reason}). {remedy}")
        self.wall, self.reason, self.remedy = wall, reason, remedy


@dataclass(frozen=True)
class Wall:
    """One wall, for `course doctor`: whether it works, and if not, what to do about it."""

    name: str
    stands: bool
    remedy: str


def tell_unavailable(wall: str, reason: str) -> CourseError:
    """The error to raise, with the likeliest remedy."""
    if wall == COPYING:
        return CourseError(f"The files of the notebook's folder cannot be laid out together: {reason}.")
    if wall == READING:
        remedy = "Let everybody read it: 'chmod -R go+rX' the folders of Python and of the course's package."
        return Unavailable("files", f"student code cannot read Python: {reason}", remedy)
    return Unavailable(wall, reason, find_remedy())


def find_remedy() -> str:
    """The likeliest, from what this system says of itself."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return "Grade on Linux (x86_64 or aarch64), for instance in a virtual machine."
    if os.geteuid() != 0:
        for name, forbids, allows in (
            ("kernel.unprivileged_userns_clone", "0", "1"),
            ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
            ("user.max_user_namespaces", "0", "10000"),
        ):
            if read_proc("/proc/sys/" + name.replace(".", "/")).strip() == forbids:
                return f"Let users make namespaces with `sudo sysctl {name}={allows}`, or grade as root."
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return (
            "Let the container make namespaces: start it with `--cap-add SYS_ADMIN --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined`."
        )
    return "Let this process make namespaces (the kernel or a policy refuses it), or grade on another Linux machine."

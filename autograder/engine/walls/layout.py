"""What of the host is seen inside: files, links, and variables."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from glob import glob
from pathlib import Path

from autograder.engine.walls.surroundings import COMPUTING, hidden_folders
from autograder.engine.walls.terms import SCRATCH, STUDENT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")


SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/R",
    *sorted(glob("/etc/java-*")),
)


COMMON = ("/etc", "/proc", "/sys", "/dev", "/run", "/tmp", "/var")
"""Folders of the system in which there is something of everybody's."""


DEVICES = ("null", "zero", "full", "random", "urandom")


TEXTS = {
    "etc/passwd": f"root:x:0:0::/:/bin/sh\nstudent:x:{STUDENT}:{STUDENT}::{SCRATCH}:/bin/sh\nnobody:x:65534:65534::/:\n",
    "etc/group": f"root:x:0:\nstudent:x:{STUDENT}:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


KEPT_VARIABLES = (
    "MPLBACKEND",
    "TZ",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONUSERBASE",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "JUPYTER_PATH",
)


def make_variables() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": SCRATCH,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        **COMPUTING,
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "PYTHONDONTWRITEBYTECODE": "1",
        **kept,
    }


def lay_out() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What of the host is seen inside, at its own place: binds (source, place) and symbolic links (place, target)."""
    package = str(Path(__file__).absolute().parents[2])
    course = hidden_folders()
    if os.path.basename(os.path.dirname(package)) not in ("site-packages", "dist-packages"):
        course.append(os.path.realpath(os.path.dirname(package)))
    wanted = [*SYSTEM, *SETTINGS, sys.prefix, sys.base_prefix, *_module_folders(course), *_library_folders(course)]
    wanted += _kernel_folders([*course, *_list_homes()])
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
    """Where modules come from, except for the course: it has the hidden tests."""
    script = os.path.dirname(os.path.realpath(sys.argv[0] if sys.argv else ""))
    for entry in sys.path:
        real = os.path.realpath(entry)
        installed = os.path.basename(real) in ("site-packages", "dist-packages")
        if os.path.isabs(entry) and real != script and (installed or not _touches(real, course)):
            yield entry


def _library_folders(course: list[str]) -> Iterator[str]:
    """Where libraries come from that a program is told of, as by a cluster's `module load`."""
    for entry in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if os.path.isabs(entry) and not _touches(os.path.realpath(entry), course):
            yield entry


def _kernel_folders(hidden: list[str]) -> Iterator[str]:
    """Where the Jupyter kernels for all users are named, and where what these start is installed, such as `/opt/julia`."""
    named = [
        *os.environ.get("JUPYTER_PATH", "").split(os.pathsep),
        *(f"{at}/share/jupyter" for at in (sys.prefix, "/usr/local", "/usr")),
    ]
    for place in sorted(spec for at in named if os.path.isabs(at) for spec in glob(f"{at}/kernels/*/kernel.json")):
        command: list[str] = []
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            command = [str(part) for part in json.loads(Path(place).read_text(encoding="utf-8"))["argv"]]
        for path in (place, *command, *map(os.path.realpath, command[:1])):
            folder = os.path.dirname(path)
            if os.path.basename(folder) == "bin" and folder.count("/") > 2:  # of something that has a folder of its own
                folder = os.path.dirname(folder)
            shown = path if _is_common(os.path.realpath(folder)) else folder
            if os.path.isabs(path) and os.path.isfile(path) and not _touches(os.path.realpath(shown), hidden):
                yield shown


def _is_common(folder: str) -> bool:
    """Whether a folder holds more than one program's files, as `/opt` does: of these only the file that is named is shown."""
    return folder.count("/") < 2 or any(_within(folder, each) for each in COMMON)


def _list_homes() -> list[str]:
    """Nothing is shown because a kernel names it there. The variable `HOME` is not what it was."""
    import pwd

    homes = ["/home", "/root"]
    with contextlib.suppress(KeyError):  # in some containers a user has no entry
        homes.append(os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir))
    return [home for home in homes if home != "/"]


def _touches(folder: str, hidden: list[str]) -> bool:
    return any(_within(folder, each) or _within(each, folder) for each in hidden)


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

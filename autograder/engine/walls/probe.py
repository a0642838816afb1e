"""Whether each wall works, tried for real; for `course doctor`."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.engine.walls.isolation import enclose
from autograder.engine.walls.kernel import PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, SECCOMP_MODE_FILTER, read_proc
from autograder.engine.walls.preparation import get_plan
from autograder.engine.walls.terms import OUT_OF_MEMORY, Limits, Unavailable, Wall

WALLS = ("system", "rights", "processes", "network", "files", "limits", "filter", "memory", "proc")


OPTIONAL = ("proc",)


def probe() -> list[Wall]:
    """Of each wall, whether it works: encloses two bodies for real and tries what must fail. Takes about a second.

    For a small process (see `doctor`): what a large one holds hides what the bodies take.
    """
    try:
        get_plan()
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
            used = int(read_proc("/proc/self/statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")
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
    libc = get_plan().libc

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

"""Behind the walls, an attack gets nothing and honest code runs: tables of what a student writes and what comes of it.

Each row runs behind walls of its own. The attacks run once more as an ordinary user where the tests run as root.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.engine.walls import doctor, holdings, isolation, kernel, layout, namespaces, preparation, terms
from autograder.engine.walls.laying import HERE, Source
from autograder.engine.walls.terms import Limits
from autograder.errors import CourseError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

COURSE = Path(__file__).resolve().parents[2]
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass
class Box:
    """A box that runs, as the one who started it sees it."""

    pid: int
    channel: socket.socket
    lifeline: int
    status: int | None = None

    def __post_init__(self) -> None:
        self.answers = self.channel.makefile("rb")

    def hear(self) -> Any:
        """What the body answered; `None` when all who could answer are gone."""
        said = self.answers.readline()
        return json.loads(said) if said else None

    def end(self) -> int:
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def drop(self) -> None:
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1


@contextlib.contextmanager
def boxed(
    body: Callable[[socket.socket], Any],
    folder: Path,
    limits: Limits | None = None,
    files: dict[str, Path] | None = None,
    root: str = "root",
) -> Iterator[Box]:
    """A box in which `body` runs; what it returns is heard as JSON."""
    preparation.get_plan()
    (folder / "root").mkdir(exist_ok=True)
    ours, theirs = socket.socketpair()
    reader, lifeline = os.pipe()
    sources = {name: Source(HERE, str(path)) for name, path in (files or {}).items()}

    def run() -> None:
        answer = body(theirs)
        theirs.sendall(json.dumps(answer).encode() + b"\n")

    pid = os.fork()
    if pid == 0:
        try:
            isolation.enclose(run, sources, limits or Limits(), [theirs.fileno()], reader, folder / root)
        except CourseError as error:
            theirs.sendall(json.dumps([type(error).__name__, str(error)]).encode() + b"\n")
        finally:
            os._exit(99)
    theirs.close()
    os.close(reader)
    ours.settimeout(20)
    box = Box(pid, ours, lifeline)
    try:
        yield box
    finally:
        box.drop()
        box.end()
        box.answers.close()
        ours.close()


def student(code: str, names: dict[str, Any]) -> Callable[[socket.socket], list[str]]:
    """A body that runs lines of Python; the last is an expression, and its value the answer, or the error's name."""

    def body(channel: socket.socket) -> list[str]:
        import ctypes
        from multiprocessing import resource_tracker

        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # not those of the tests' own process, nor its tracker
        resource_tracker._resource_tracker.__init__()
        tempfile.tempdir = None  # as `forget_host` has it
        space = {"os": os, "sys": sys, "socket": socket, "Path": Path, "ctypes": ctypes, **names}
        *lines, last = code.strip().split("\n")
        try:
            exec("\n".join(lines), space)
            return ["", repr(eval(last, space))]
        except BaseException as error:
            return [type(error).__name__, "".join(traceback.format_exception(error))]

    return body


def run(
    code: str,
    folder: Path,
    limits: Limits | None = None,
    files: dict[str, Path] | None = None,
    **names: Any,
) -> tuple[str, str]:
    """The name of the error and the text of the value (or the traceback)."""
    with boxed(student(code, names), folder, limits, files) as box:
        kind, text = box.hear() or ("", f"ended with {box.end()}")
    return kind, text


@dataclass(frozen=True)
class Host:
    """What an attack aims at."""

    folder: Path
    secret: Path
    descriptor: int
    port: int
    datagrams: socket.socket
    abstract: str


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    monkeypatch.setenv("COURSE_TOKEN", "secret")
    abstract = f"\0autograded-{os.getpid()}"
    with (
        secret.open() as stream,
        socket.socket() as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        udp.setblocking(False)
        unix.bind(abstract)
        tcp.listen()
        unix.listen()
        yield Host(tmp_path, secret, stream.fileno(), tcp.getsockname()[1], udp, abstract)


ABSENT = "FileNotFoundError"
DENIED = "PermissionError"
READ_ONLY = "OSError [Errno 30]"
LIBC = "libc = ctypes.CDLL(None, use_errno=True)\n"

ATTACKS = {
    # the host's files
    "the passwords": ("open('/etc/shadow').read()", ABSENT),
    "the home of root": ("open('/root/.bashrc').read()", ABSENT),
    "the list of root's home": ("set(os.listdir('/root')) <= {sys.base_prefix.split('/')[2]}", ("True", ABSENT)),
    "the course": ("set(os.listdir(course)) <= {'.venv', 'autograder'}", ("True", ABSENT)),
    "a file of the course": ("open(f'{course}/pyproject.toml').read()", ABSENT),
    "the hidden tests": ("os.listdir(f'{course}/source')", ABSENT),
    "the gradebook": ("open(f'{course}/gradebook.db').read()", ABSENT),
    "a file in /tmp": ("open(secret).read()", ABSENT),
    "the list of /tmp": ("set(os.listdir('/tmp')) - known", "set()"),
    "the root folder": ("set(os.listdir('/')) - known", "set()"),
    "the old root": ("os.listdir('/proc/1/root')", DENIED),
    "the old folder": ("os.listdir('/proc/1/cwd')", DENIED),
    "beyond the root": ("os.path.samefile('/..', '/')", "True"),
    "an open file": ("os.read(descriptor, 10)", "OSError [Errno 9]"),
    "any open file": ("len(os.listdir('/proc/self/fd'))", "5"),
    "the disk": ("os.mknod('disk', 0o60600, os.makedev(254, 0))", DENIED),
    # writing
    "writes to /usr": ("Path('/usr/new').touch()", (READ_ONLY, DENIED)),
    "writes to Python": ("Path(sys.prefix, 'lib', 'new').touch()", (READ_ONLY, DENIED)),
    "writes to the base": ("Path(sys.base_prefix, 'lib', 'new').touch()", (READ_ONLY, DENIED)),
    "writes to the grader": ("Path(course, 'autograder', 'new').touch()", (READ_ONLY, DENIED)),
    "writes to the root": ("Path('/new').touch()", (READ_ONLY, DENIED)),
    "writes to /etc": ("Path('/etc/passwd').write_text('root::0:0::/:/bin/sh')", (READ_ONLY, DENIED)),
    "writes to /dev": ("Path('/dev/new').touch()", (READ_ONLY, DENIED)),
    "writes to /proc": ("Path('/proc/self/oom_score_adj').write_text('-1000')", (READ_ONLY, DENIED)),
    # other processes
    "host processes": ("[name for name in os.listdir('/proc') if name.isdecimal() and int(name) > 2]", "[]"),
    "kills the grader": ("os.kill(grader, 9)", "ProcessLookupError"),
    "kills its parent": ("os.getppid()", "0"),
    "kills the keeper": ("os.kill(1, 9), os.kill(1, 2), os.kill(1, 15), os.kill(1, 19)", ("(None, None, None, None)", DENIED)),
    "the keeper's memory": ("open('/proc/1/mem', 'rb')", DENIED),
    "the keeper's secrets": ("open('/proc/1/environ').read()", DENIED),
    "traces": (LIBC + "libc.ptrace(0, 0, 0, 0), ctypes.get_errno()", "(-1, 1)"),
    # the network
    "a connection": ("socket.create_connection(('127.0.0.1', port), 1)", ("OSError [Errno 101]", "ConnectionRefusedError")),
    "a connection outside": ("socket.create_connection(('192.0.2.1', 80), 1)", "OSError [Errno 101]"),
    "a name": ("socket.getaddrinfo('example.org', 80)", "gaierror"),
    "a datagram": ("socket.socket(socket.AF_INET, 2).sendto(b'x', ('127.0.0.1', port))", "OSError [Errno 101]"),
    "an abstract socket": ("socket.socket(socket.AF_UNIX).connect(abstract)", "ConnectionRefusedError"),
    "netlink": ("socket.socket(socket.AF_NETLINK, 3)", "OSError [Errno 95]"),
    "packets": ("socket.socket(17, 3)", "OSError [Errno 95]"),
    "vsock": ("socket.socket(40, 1)", "OSError [Errno 95]"),
    "raw": ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", DENIED),
    # rights
    "mounts": (LIBC + "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None), ctypes.get_errno()", "(-1, 1)"),
    "mounts again": (LIBC + "libc.mount(None, b'/usr', None, 0x1020, None), ctypes.get_errno()", "(-1, 1)"),
    "unmounts": (LIBC + "libc.umount2(b'/proc', 2), ctypes.get_errno()", "(-1, 1)"),
    "makes a namespace": (LIBC + "libc.unshare(0x10000000), ctypes.get_errno()", "(-1, 1)"),
    "clones a namespace": (
        LIBC + "libc.syscall(numbers['clone'], 0x10000011, 0, 0, 0, 0), ctypes.get_errno()", "(-1, 1)"),
    "a child of the box": (
        LIBC + "libc.syscall(numbers['clone'], 0x8011, 0, 0, 0, 0), ctypes.get_errno()", "(-1, 1)"),
    "clone3": (LIBC + "libc.syscall(435, 0, 0), ctypes.get_errno()", "(-1, 38)"),
    "becomes root": ("os.setuid(0)", (DENIED, "OSError [Errno 22]")),
    "becomes root's group": ("os.setgid(0)", (DENIED, "OSError [Errno 22]")),
    "changes its groups": ("os.setgroups([0])", (DENIED, "OSError [Errno 22]")),
    "who it is": ("os.getresuid(), os.getresgid(), os.getuid() == 1000", "((1000, 1000, 1000), (1000, 1000, 1000), True)"),
    "capabilities": (
        "import re\nset(re.findall('Cap.*:\t(.*)', open('/proc/self/status').read()))", "{'0000000000000000'}"),
    "gains rights": ("import re\nre.findall('(?:NoNewPrivs|Seccomp):\t(.)', open('/proc/self/status').read())", "['1', '2']"),
    "raises a limit": ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))", "ValueError"),
    "changes the clock": ("import time\ntime.clock_settime(0, 0)", DENIED),
    # secrets in memory
    "the environment": ("[value for value in os.environ.values() if 'secret' in value]", "[]"),
    "the first environment": ("import posix\n[value for value in posix.environ.values() if b'secret' in value]", "[]"),
    "the kernel's environment": ("open('/proc/self/environ').read().strip(chr(0))", "''"),
    "a child's environment": ("import subprocess\nb'secret' in subprocess.check_output('env')", "False"),
    # limits
    "the processor's limit": ("import resource\nresource.getrlimit(resource.RLIMIT_CPU)", "(600, 605)"),
    "too much memory": ("bytearray(5 << 30)", "MemoryError"),
    "memory without owner": (LIBC + "libc.memfd_create(b'x', 0), libc.shmget(0, 4096, 0o1600), ctypes.get_errno()", "(-1, -1, 38)"),
    "a long file": ("open('long', 'wb').truncate(65 << 20)", "OSError [Errno 27]"),
    "many files": (
        "for number in range(9): open(str(number), 'wb').write(bytes(4 << 20))\nNone", "OSError [Errno 28]"),
    "small files": ("for number in range(30000): os.close(os.open(str(number), os.O_CREAT))\nNone", "OSError [Errno 28]"),
    "open files": ("held = [os.dup(0) for _ in range(600)]\nNone", "OSError [Errno 24]"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def prepared() -> None:
    """A fork of this process copies the table of its pages."""
    preparation.prepare()


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_gets_nothing(attack: str, host: Host) -> None:
    code, expected = ATTACKS[attack]
    kind, text = run(
        code,
        host.folder,
        Limits(scratch=32 << 20),
        course=str(COURSE),
        secret=str(host.secret),
        descriptor=host.descriptor,
        grader=os.getpid(),
        port=host.port,
        abstract=host.abstract,
        known=_known_folders(),
        numbers={name: pair[kernel.MACHINES[os.uname().machine][0]] for name, pair in kernel.SPECIAL.items()},
    )
    if kind:
        number = text.rpartition("[Errno ")[2].partition("]")[0]
        text = f"{kind} [Errno {number}]" if kind == "OSError" else kind
    assert text in (expected if isinstance(expected, tuple) else (expected,))
    with pytest.raises(BlockingIOError):
        host.datagrams.recv(1)


def _known_folders() -> set[str]:
    bound = {
        part for _, place in preparation.get_plan().binds for part in place.split("/")[:2]
    }  # Python may lie in /tmp
    return {"bin", "sbin", "lib", "lib32", "lib64", "usr", "etc", "dev", "proc", "tmp", "scratch"} | bound


def test_every_listed_system_call_is_refused(tmp_path: Path) -> None:
    def body(channel: socket.socket) -> dict[str, int]:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        found = {}
        for calls in (kernel.REFUSED, kernel.ABSENT):
            for name, numbers in calls.items():
                if number := numbers[kernel.MACHINES[os.uname().machine][0]]:
                    ctypes.set_errno(0)
                    libc.syscall(number, -1, 0, 0, 0, 0, 0)
                    found[name] = ctypes.get_errno()
        return found

    with boxed(body, tmp_path) as box:
        found = box.hear()
    expected = {name: 38 if name in kernel.ABSENT else 1 for name in found}
    assert found == expected
    assert len(found) > 60


# What ends.


def used() -> int:
    """Bytes that this process addresses: a limit has to be above it."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * PAGE


FORK_BOMB = """
import time
started = 0
while True:
    try: child = os.fork()
    except BlockingIOError: break
    if child == 0: time.sleep(60)
    started += 1
started
"""


def test_fork_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    assert run(FORK_BOMB, tmp_path, Limits(processes=16)) == ("", "15")


@pytest.mark.parametrize("way", ["private", "shared", "handed on"])
def test_memory_of_several_processes_is_limited(way: str, tmp_path: Path) -> None:
    part = used() // 3 + (30 << 20)  # one is below the limit, four are above it

    def body(channel: socket.socket) -> None:
        import mmap

        for _ in range(4):
            if way == "handed on":  # touched here, held by a child that never touched it
                memory: Any = mmap.mmap(-1, part)
                memory[::4096] = bytes(-(-part // 4096))
            if os.fork() == 0:
                if way == "private":
                    memory = bytearray(b"x") * part
                elif way == "shared":
                    memory = mmap.mmap(-1, part)
                    memory[::4096] = bytes(-(-part // 4096))
                time.sleep(20)
                os._exit(0)
            if way == "handed on":
                memory.close()
        time.sleep(20)

    with boxed(body, tmp_path, Limits(memory=used() + part + (30 << 20))) as box:
        assert box.end() == terms.OUT_OF_MEMORY


HELD = {
    "sockets": "held = [socket.socketpair() for _ in range(240)]\nfor one, _ in held: one.setsockopt(1, 7, 1 << 30); one.setblocking(False)\n",
    "pipes": "held = [os.pipe() for _ in range(240)]\n",
}


@pytest.mark.parametrize("what", HELD)
def test_what_the_kernel_holds_for_students_is_memory(what: str, tmp_path: Path) -> None:
    each = 240 * (holdings.PIPE if what == "pipes" else 2 * 212_992)
    limit = used() + (30 << 20)

    def body(channel: socket.socket) -> None:
        for _ in range(min(limit // each + 1, 60)):  # there may be 64 processes
            if os.fork() == 0:
                space = {"os": os, "socket": socket}
                exec(HELD[what], space)
                time.sleep(90)
                os._exit(0)
        time.sleep(90)

    with boxed(body, tmp_path, Limits(memory=limit)) as box:
        assert box.end() == terms.OUT_OF_MEMORY


def test_files_in_memory_are_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdings, "WRITABLE", ("dev/shm",))
    with tempfile.TemporaryFile(dir="/dev/shm") as file:  # deleted, and held all the same
        before = holdings._files(os.getpid())
        file.write(bytes(5 << 20))
        file.flush()
        assert holdings._files(os.getpid()) >= before + (5 << 20)


def test_what_would_make_a_share_larger_does_nothing(tmp_path: Path) -> None:
    code = (
        "import fcntl\none, other = socket.socketpair()\nbefore = one.getsockopt(1, 7), os.getsid(0)\n"
        "one.setsockopt(1, 7, 1 << 20); one.setsockopt(1, 2, 1); one.setsockopt(6, 1, 1) if False else None\n"
        "child = os.fork()\nif child == 0: os.setsid(); os._exit(os.getsid(0) != before[1])\n"
        "ended = os.waitpid(child, 0)[1]\n"
        "try: fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)\nexcept PermissionError: ended += 7\n"
        "try: os.nice(-1)\nexcept PermissionError: ended += 70\n"
        "ended, one.getsockopt(1, 7) == before[0], one.getsockopt(1, 2), os.nice(0)"
    )
    assert run(code, tmp_path) == ("", f"(77, True, 1, {os.nice(0)})")


def test_where_a_kernel_for_all_users_is_installed_can_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, archive, script = tmp_path / "opt/k-1.9/bin/run", tmp_path / "opt/jars/k.jar", tmp_path / "var/run.sh"
    specs = [tmp_path / "data/kernels/k/kernel.json", tmp_path / "data/kernels/odd/kernel.json"]
    argv = [str(program), "-jar", str(archive), "/nowhere/x", str(script), "-f", "{connection_file}", "/etc/passwd"]
    for path in (program, archive, script, *specs):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"argv": argv}))
    path.write_text("[")
    monkeypatch.setattr(layout, "COMMON", (f"{tmp_path}/var", "/etc"))
    monkeypatch.setenv("JUPYTER_PATH", f"{tmp_path}/data:relative:{tmp_path}/none")

    def seen(*hidden: str) -> set[str]:
        found = set(layout._kernel_folders(list(hidden)))
        return {str(Path(folder).relative_to(tmp_path)) for folder in found if folder.startswith(str(tmp_path))}

    named = {"data/kernels/k", "data/kernels/odd"}
    assert seen() == named | {"opt/k-1.9", "opt/jars", "var/run.sh"}
    assert {"/etc", "/"}.isdisjoint(layout._kernel_folders([]))
    assert seen(f"{tmp_path}/opt/jars/course") == named | {"opt/k-1.9", "var/run.sh"}
    assert seen(str(tmp_path)) == set()


TERMINAL = """
import fcntl, pty, termios
def attempt(act, *arguments):
    try: return act(*arguments) and None
    except OSError as error: return type(error).__name__
ours, theirs = os.openpty()
refused = [attempt(fcntl.ioctl, theirs, what, b"x") for what in (termios.TIOCSTI, termios.TIOCSETD)]
child, terminal = pty.fork()
if child == 0:
    os.write(1, b"told"); os.read(0, 1); os._exit(0)
more = [attempt(os.openpty) for _ in range(40)]
os.read(terminal, 4), refused, more[-1], os.getsid(0) == os.getpid()
"""


def test_a_kernel_has_some_terminals_and_nobody_else_any(tmp_path: Path) -> None:
    assert run("os.openpty()", tmp_path)[0] in ("FileNotFoundError", "OSError")
    found = run(TERMINAL, tmp_path, Limits(kernel=True))
    assert found == ("", "(b'told', ['PermissionError', 'PermissionError'], 'OSError', True)")


@pytest.mark.parametrize(("grading", "student"), [(0, 0), (10, 0), (0, 12)])
def test_many_at_work_weigh_as_much_as_one(
    grading: int, student: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the grading or the student is nice already: only root could make anyone less so."""
    enclose, before = isolation.enclose, os.nice(0)

    def enclose_nicely(*args: Any) -> None:
        os.nice(grading)
        enclose(*args)

    monkeypatch.setattr(isolation, "enclose", enclose_nicely)
    least = min(before + grading + 9, 19)
    most = max(least + 3, before + student)
    code = (
        f"import time\nos.nice({student})\nfor _ in range(12):\n    if os.fork() == 0:\n        while True: pass\n"
        f"began = time.monotonic()\nwhile os.nice(0) < {least} and time.monotonic() - began < 15: time.sleep(0.05)\n"
        f"time.sleep(0.6)\n{least} <= os.nice(0) <= {most}"
    )
    assert run(code, tmp_path) == ("", "True")


DAEMON = """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        channel.sendall(b'"daemon"\\n')
        time.sleep(60)
    os._exit(0)
os.wait()
"""


def test_daemon_ends_with_its_student(tmp_path: Path) -> None:
    def body(channel: socket.socket) -> str:
        exec(DAEMON, {"os": os, "signal": signal, "channel": channel})
        return "student"

    with boxed(body, tmp_path) as box:
        assert box.end() == 0
        assert {box.hear(), box.hear()} <= {"daemon", "student", None}
        assert box.hear() is None  # nobody holds the other end


def busy(channel: socket.socket) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    channel.sendall(b'"begun"\n')
    while True:
        pass


def test_closed_lifeline_ends_a_loop(tmp_path: Path) -> None:
    with boxed(busy, tmp_path) as box:
        assert box.hear() == "begun"
        began = time.monotonic()
        box.drop()
        assert box.end() == terms.ABANDONED
        assert time.monotonic() - began < 1
        assert box.hear() is None


def replaced(channel: socket.socket) -> None:
    """Forgets that it should end with its parent, by a new image started from a thread."""
    import ctypes
    import threading

    ctypes.CDLL(None).prctl(kernel.PR_SET_PDEATHSIG, 0, 0, 0, 0)
    os.set_inheritable(channel.fileno(), True)
    channel.sendall(b'"begun"\n')
    threading.Thread(target=os.execv, args=("/bin/sleep", ["sleep", "60"])).start()
    time.sleep(60)


@pytest.mark.parametrize("body", [busy, replaced])
def test_killed_box_ends_its_student(body: Callable[[socket.socket], None], tmp_path: Path) -> None:
    with boxed(body, tmp_path) as box:
        assert box.hear() == "begun"
        time.sleep(0.05)
        os.kill(box.pid, signal.SIGKILL)
        assert box.end() == -signal.SIGKILL
        assert box.hear() is None  # within the channel's time


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("os._exit(3)", 3),
        ("os._exit(120)", terms.LAST_STATUS),
        ("os.kill(os.getpid(), 9)", 137),
        ("os.abort()", 134),
        ("ctypes.string_at(0)", 139),
        ("sys.exit(5)", 0),
    ],
)
def test_exit_status_says_how_it_ended(code: str, status: int, tmp_path: Path) -> None:
    with boxed(student(code, {}), tmp_path) as box:
        assert box.end() == status


def test_next_student_finds_nothing(tmp_path: Path) -> None:
    places = ("/tmp", "/dev/shm", "/scratch", ".")
    leave = f"for place in {places}: Path(place, 'left').write_text('x')\nos.listdir('.')"
    look = f"[os.listdir(place) for place in {places}]"
    before = run(look, tmp_path)
    assert run(leave, tmp_path) == ("", "['left']")
    assert run(look, tmp_path) == before
    assert os.listdir(tmp_path / "root") == []


def test_files_are_copied(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    files = {"data.csv": tmp_path / "data.csv", "more/helper.py": tmp_path / "data.csv"}
    code = "Path('data.csv').write_text('mine')\nimport more.helper\nos.getcwd(), sorted(os.listdir()), Path('more/helper.py').read_text()"
    assert run(code, tmp_path, files=files) == ("", "('/scratch', ['data.csv', 'more'], '1,2')")
    assert (tmp_path / "data.csv").read_text() == "1,2"


@pytest.mark.parametrize("case", ["link", "pipe", "absent", "parent", "absolute", "large"])
def test_other_files_are_refused(case: str, tmp_path: Path) -> None:
    path, name = tmp_path / "file", "file"
    if case == "link":
        path.symlink_to("/etc/passwd")
    elif case == "pipe":
        os.mkfifo(path)
    elif case != "absent":
        path.write_bytes(bytes(9000))
    name = {"parent": "a/../../file", "absolute": "/usr/file"}.get(case, name)
    with boxed(lambda _: "ran", tmp_path, Limits(scratch=8192 if case == "large" else 1 << 20), {name: path}) as box:
        assert box.hear()[0] == "CourseError"


def test_missing_wall_is_told(tmp_path: Path) -> None:
    with boxed(lambda _: "ran", tmp_path, root="absent") as box:
        name, text = box.hear()
    assert name == "Unavailable"
    assert "“files” ([Errno 2] No such file or directory" in text


def test_python_that_only_its_owner_can_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is where it was installed under `umask 077`, and root grades."""
    plan = dataclasses.replace(preparation.get_plan(), needed=[str(tmp_path / "closed.py")])
    monkeypatch.setattr(isolation, "get_plan", lambda: plan)
    with boxed(lambda _: "ran", tmp_path) as box:
        name, text = box.hear()
    assert name == "Unavailable"
    assert "student code cannot read Python" in text
    assert "chmod -R go+rX" in text


def test_files_that_cannot_lie_together_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    files = {"mistakes.json": tmp_path / "file", "mistakes.json/x": tmp_path / "file"}
    with boxed(lambda _: "ran", tmp_path, files=files) as box:
        assert box.hear() == [
            "CourseError",
            "'mistakes.json' cannot be both a file and, for 'mistakes.json/x', a folder.",
        ]


def test_older_kernel_has_read_only_folders_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = kernel.find_number
    monkeypatch.setattr(namespaces, "find_number", lambda name: 9999 if name == "mount_setattr" else number(name))
    flags = "{os.statvfs(path).f_flag & 3 for path in ('/', '/usr', sys.prefix, f'{course}/autograder')}"
    assert run(flags, tmp_path, course=str(COURSE)) == ("", "{3}")


def test_probe_finds_all_walls() -> None:
    assert [wall for wall in doctor.look() if not wall.stands] == []


# What works.

HONEST = {
    "torch": ("import torch\ntorch.manual_seed(0); torch.nn.Linear(2, 2)(torch.ones(1, 2)).sum().backward()\nNone", "None"),
    "saved tensors": ("import torch\ntorch.save(torch.ones(2), 'x.pt')\ntorch.load('x.pt').tolist()", "[1.0, 1.0]"),
    "workers": (
        "import torch\nfrom torch.utils.data import DataLoader\n"
        "sum(len(part) for part in DataLoader(torch.arange(64.), batch_size=8, num_workers=2))", "64"),
    "numpy": ("import numpy as np\nround(float(np.linalg.norm(np.ones((3, 3)))), 3), np.random.default_rng(0).integers(9)", None),
    "figures": (
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
        "_ = axes.set_title(r'Loss $\\frac{1}{n}\\sum_i x_i^2$'); figure.savefig('f.png')\nPath('f.png').stat().st_size > 5000", "True"),
    "a shell": ("import subprocess\nsubprocess.check_output('echo hi > f; ls', shell=True)", "b'f\\n'"),
    "another Python": (
        "import subprocess\nsubprocess.check_output([sys.executable, '-c', 'import numpy; print(numpy.ones(2).sum())'])", "b'2.0\\n'"),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: found = list(pool.map(abs, [-1, 2]))\nfound", "[1, 2]"),
    "processes": (
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool: found = pool.map(abs, [-1, 2])\nfound", "[1, 2]"),
    "shared memory": (
        "from multiprocessing.shared_memory import SharedMemory\nheld = SharedMemory(create=True, size=100)\n"
        "held.close(); held.unlink()\nheld.size", "100"),
    "anonymous memory": ("import mmap\nlen(mmap.mmap(-1, 1 << 20))", "1048576"),
    "temporary files": ("import tempfile\nwith tempfile.NamedTemporaryFile() as file: name = file.name\nname[:5]", "'/tmp/'"),
    "own files": ("Path('notes.txt').write_text('π'), Path('notes.txt').read_text(), Path.home()", "(1, 'π', PosixPath('/scratch'))"),
    "own modules": ("Path('helper.py').write_text('x = 3')\nimport helper\nhelper.x", "3"),
    "time zones": (
        "from datetime import datetime\nfrom zoneinfo import ZoneInfo\n"
        "datetime(2026, 7, 1, tzinfo=ZoneInfo('Europe/Amsterdam')).utcoffset().seconds", "7200"),
    "local time": ("import time\nlen(time.strftime('%Z')) > 0", "True"),
    "encodings": ("'é'.encode('cp1252'), 'é'.encode('utf-16-le'), 'é'.encode('mac_roman')", "(b'\\xe9', b'\\xe9\\x00', b'\\x8e')"),
    "warnings": ("import warnings\nwith warnings.catch_warnings(record=True) as seen: warnings.warn('x')\nlen(seen)", "1"),
    "a database": ("import sqlite3\nsqlite3.connect(':memory:').execute('select 1').fetchall()", "[(1,)]"),
    "randomness": ("import random, secrets\nlen(secrets.token_bytes(8)), random.Random(0).randint(1, 6)", "(8, 4)"),
    "its name": ("import getpass\ngetpass.getuser(), os.path.expanduser('~')", "('student', '/scratch')"),
    "devices": ("open('/dev/zero', 'rb').read(2), len(open('/dev/urandom', 'rb').read(2)), open('/dev/null', 'w').write('x')", "(b'\\x00\\x00', 2, 1)"),
    "coroutines": ("import asyncio\nasyncio.run(asyncio.sleep(0, 'slept'))", "'slept'"),
    "late imports": ("import xml.dom.minidom, wave, decimal, email.mime.text, mailbox\nNone", "None"),
    "the orphans' end": (
        "import subprocess, time\nsubprocess.run('true & true & true &', shell=True)\ntime.sleep(0.1)\n"
        "[name for name in os.listdir('/proc') if name.isdecimal()]", "['1', '2']"),
}  # fmt: skip


@pytest.fixture(scope="module")
def warm() -> None:
    import matplotlib.pyplot  # noqa: F401
    import torch.utils.data

    torch.set_num_threads(1)


@pytest.mark.parametrize("code", HONEST)
def test_honest_code_runs(code: str, tmp_path: Path, warm: None) -> None:
    lines, expected = HONEST[code]
    kind, text = run(lines, tmp_path)
    assert not kind, text
    assert expected is None or text == expected


# The same as an ordinary user.


def _python_of_all() -> str | None:
    """An interpreter like this one that an ordinary user can start, and start again: `setpriv` may pass on rights to one it starts."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/bin/python3.11"):
        asked = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            python,
            "-c",
            "import os, sys; print(os.access(sys.executable, os.X_OK) and sys.version_info[:2])",
        ]
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            if subprocess.check_output(asked, stderr=subprocess.DEVNULL, text=True).strip() == str(
                sys.version_info[:2]
            ):
                return python
    return None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="all tests run as an ordinary user already")
def test_ordinary_user_has_the_same_walls(tmp_path_factory: pytest.TempPathFactory) -> None:
    import shutil
    import site
    import tempfile

    python = _python_of_all()
    assert python, "an ordinary user can start no interpreter of this version: install one that is not below /root"
    folder = tempfile.mkdtemp()  # pytest's own is closed to other users
    try:
        os.chown(folder, 65534, 65534)
        path = os.pathsep.join([*site.getsitepackages(), str(COURSE)])
        found = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-m", "pytest", "-q", "-x"]
            + [
                "-p",
                "no:cacheprovider",
                "-p",
                "no:xdist",
                "--basetemp",
                f"{folder}/base",
                "-k",
                "not honest",
                __file__,
            ],
            cwd=COURSE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
        assert " passed" in found.stdout
    finally:
        shutil.rmtree(folder)

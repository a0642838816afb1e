"""What the two sides of a run are told, what they see, and how their end is explained."""

from __future__ import annotations

import fcntl
import json
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sampling import sample

from autograder.engine.jobs import Job, Step
from autograder.engine.runner import Engine
from autograder.engine.sides import Place, Process
from autograder.engine.walls.terms import Limits
from autograder.engine.warm import Connection
from autograder.engine.wire.channel import Channel, write_message
from autograder.errors import CourseError


@pytest.fixture(scope="module", params=[True, False], ids=["isolated", "unsafe"])
def engine(request: pytest.FixtureRequest, warm: Engine) -> Iterator[Engine]:
    with Engine(request.param, address=warm.start()) as engine:
        yield engine


@pytest.fixture(scope="module")
def isolated(warm: Engine) -> Iterator[Engine]:
    with Engine(True, address=warm.start()) as engine:
        yield engine


def student(source: str) -> Step:
    return Step(source, "student", 1)


def check(source: str, *needs: str) -> Step:
    return Step(source, "examiner", 1, needs=needs)


def show(outputs: list[dict[str, Any]]) -> str:
    """All that a cell shows."""
    return "".join(output.get("text", output.get("evalue", "")) for output in outputs)


def lay(folder: Path, names: list[str]) -> dict[str, Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return {name: folder / name for name in names}


# What they are told.


def test_files_of_any_number_and_length_are_laid_out(engine: Engine, tmp_path: Path) -> None:
    long = "ü" * 100
    authored = lay(tmp_path / "authored", [f"data/{long}/{number:04}-{long}.txt" for number in range(2000)])
    own = lay(tmp_path / "own", [f"{number:03}-{'n' * 240}" for number in range(190)])
    count = (
        "import os\nprint(sum(len(files) for _, _, files in os.walk('.')), open('data/{0}/0007-{0}.txt').read()[-4:])"
    )
    steps = [student(count.format(long)), check(count.format(long))]
    asked, asks = engine.run(Job(steps, folder=tmp_path / "authored", files=authored | own))
    assert [show(asked.outputs), show(asks.outputs)] == ["2190 .txt\n", "2000 .txt\n"]


def test_a_cell_and_a_value_of_any_size_pass(engine: Engine) -> None:
    steps = [student(f"text = {'x' * 3_000_000!r}\nfrom torch import ones\nlarge = ones(20_000_000)")]
    steps += [
        check(f"assert len(text) == 3_000_000\nassert large.sum() == 20_000_000 # {'y' * 3_000_000}", "text", "large")
    ]
    steps += [student(f"letters = {'é' * 9_000_000!r}")]  # 18 MB in a notebook's file
    assert [one.outputs for one in engine.run(Job(steps))] == [[], [], []]


SCAN = r"""
import re
words = re.compile(b"host-folde[r]|judged_by_the_examine[r]|answers_of_the_autho[r]")
found = set()
for line in open("/proc/self/maps"):
    span, rights, *_, name = line.split(maxsplit=5)
    if rights.startswith("rw"):
        first, last = (int(address, 16) for address in span.split("-"))
        with open("/proc/self/mem", "rb", 0) as memory:
            memory.seek(first)
            while first < last and (part := memory.read(min(last - first, 1 << 24))):
                found.update(word[:6] for word in words.findall(part))
                first += len(part)
print(sorted(found))
"""


def test_no_path_of_the_host_and_nothing_judged_is_in_the_memory_of_the_student(
    isolated: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "host-folder"
    files = lay(folder, ["data.csv"])
    check_first = check("import os\nprint(os.getcwd(), os.listdir())\nassert x == 1", "x")
    job = Job(
        [student("x = 1"), check_first, student(SCAN)],
        answers=frozenset(["answers_of_the_author"]),
        judged=frozenset(["judged_by_the_examiner"]),
        folder=folder,
        files=files,
    )
    for _ in range(2):  # nor anything of an earlier notebook
        _, examined, scanned = isolated.run(job)
        assert show(examined.outputs) == "/scratch ['data.csv']\n"
        assert show(scanned.outputs) == "[]\n"
    [found] = isolated.run(Job([student("kept = 'host-' + 'folder'\n" + SCAN)]))
    assert show(found.outputs) == "[b'host-f']\n"  # it would be found


# What the examiner sees and shows.

SECRETS = (
    "/etc/shadow",
    "/root/.bashrc",
    "/root/.ssh",
    str(Path.home() / ".bashrc")
    if Path(__file__).is_relative_to("/home")
    else "/home",  # where the course itself is seen
    "/proc/1/environ",
    str(Path(__file__).parents[2] / "source"),
)


def test_the_examiner_has_walls(isolated: Engine) -> None:
    source = f"""
import os, socket, sys
print([path for path in {SECRETS!r} if os.access(path, os.R_OK)], os.getuid(), os.getppid(), os.listdir())
try: socket.create_connection(("127.0.0.1", 9), 1)
except OSError as error: print(error.errno)
print(sorted(value for value in os.environ.values() if {str(Path.home())!r} + "/" in value + "/" and value not in os.environ["PATH"]))
"""
    [ran] = isolated.run(Job([check(source)]))
    assert show(ran.outputs) in ("[] 1000 0 []\n101\n[]\n", "[] 1000 0 []\n111\n[]\n")


RAISED = {
    "a line of a file": 'raise SyntaxError("m", ("/etc/passwd", 1, 1, "t"))',
    "a line of the examiner's files": 'raise SyntaxError("m", ("kept.json", 1, 1, "t"))',
    "a line of a file, further down": 'try:\n        raise SyntaxError("m", ("kept.json", 1, 1, "t"))\n    except SyntaxError as error:\n        raise ValueError("m") from error',
    "a line of a file, in a group": 'raise ExceptionGroup("m", [SyntaxError("m", ("kept.json", 1, 1, "t"))])',
    "an indentation": 'raise IndentationError("m", ("kept.json", 1, 1, "t"))',
    "its own rendering": 'kind = type("Mine", (Exception,), {"_render_traceback_": lambda self: ["the secret"]})\n    raise kind("m")',
    "a file that is not there": 'raise FileNotFoundError(2, "m", "kept.json")',
}  # fmt: skip


@pytest.mark.parametrize("what", RAISED)
def test_an_error_of_the_student_makes_the_examiner_read_nothing(what: str, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("the secret")
    tested = "first = 1\nassert f(1) == 2, 'words'\nlast = 1  # the secret line"
    caught = "try:\n    f(1)\nexcept Exception as error:\n    raise AssertionError('words')"
    steps = [student(f"def f(x):\n    {RAISED[what]}"), check(tested, "f"), check(caught, "f")]
    _, plain, again = engine.run(Job(steps, folder=tmp_path))
    shown = json.dumps([plain.outputs, again.outputs])
    assert "the secret" not in shown.replace("the secret line", "")
    assert "root:" not in shown
    assert "----> 2 assert f(1) == 2, 'words'" in "\n".join(plain.outputs[0]["traceback"])
    assert again.outputs[0]["evalue"] == "words"


# How an end is explained.


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os; os._exit(3)", "The check's own process ended (exit status 3); no cell of this notebook did that."),
        ("import os; os.abort()", "The check's own process ended (signal SIGABRT); no cell of this notebook did that."),
    ],
)
def test_a_check_that_ends_its_own_process_is_not_the_students_doing(source: str, words: str, engine: Engine) -> None:
    _, ended, after = engine.run(Job([student("x = 1"), check(source), check("assert x == 1", "x")]))
    assert [output["evalue"] for output in ended.outputs] == [words]
    assert after.outputs == []


def test_a_check_that_takes_too_much_memory_is_told_so(warm: Engine) -> None:
    fill = "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (900 << 20); time.sleep(60)\ntime.sleep(60)"
    with Engine(True, Limits(memory=2 << 30), warm.start()) as engine:
        [ended] = engine.run(Job([check(fill)]))
    assert "used more memory than a check may" in show(ended.outputs)


def test_a_check_that_is_killed_from_outside_is_no_mark(isolated: Engine, warm: Engine) -> None:
    """As the kernel does where a machine has no memory left: the submission is not graded, and nobody reads that it ended its process."""
    assert warm._warm
    parent, done = psutil.Process(warm._warm.process.pid), threading.Event()

    def kill() -> None:
        while not done.wait(0.05):
            for child in parent.children(recursive=True):
                try:
                    if time.time() - child.create_time() > 2 and not child.children():  # its walls stand by then
                        child.send_signal(signal.SIGKILL)
                except psutil.Error:
                    pass

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(CourseError, match="killed from outside"):
            isolated.run(Job([check("import time; time.sleep(10)")]))
    finally:
        done.set()
        killer.join()


def test_a_check_that_is_killed_once_while_an_answer_is_at_work_is_run_again(isolated: Engine, warm: Engine) -> None:
    assert warm._warm
    parent = psutil.Process(warm._warm.process.pid)

    def kill() -> None:
        time.sleep(1)
        max(parent.children(), key=psutil.Process.create_time).kill()

    slow = "import time\npaused = []\ndef f(): return paused or paused.append(time.sleep(3)) or 1"
    killer = threading.Thread(target=kill)
    killer.start()
    _, ran = isolated.run(Job([student(slow), check("assert f() == 1", "f")]))
    killer.join()
    assert ran.outputs == []


def test_a_function_that_kills_its_process_costs_its_own_mark(engine: Engine) -> None:
    killing = "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGKILL)"
    _, ended, after = engine.run(Job([student(killing), check("assert f(1) == 1", "f"), check("assert 1 == 1")]))
    assert "signal SIGKILL" in show(ended.outputs)
    assert after.outputs == []


# Neighbours.

CROWD = """
import os, time
for _ in range(24):
    if os.fork() == 0:
        os.setsid()
        while True: pass
time.sleep(60)
"""

WORK = """
import time
def work(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds: pass
    return 1
work(2);
"""


@pytest.mark.nightly
def test_a_crowd_beside_it_costs_an_honest_answer_nothing(warm: Engine, isolated: Engine) -> None:
    """Each cell needs two seconds of a core, and has three."""
    begun = threading.Event()

    def crowd() -> None:
        with Engine(True, address=warm.start()) as engine:
            begun.set()
            engine.run(Job([student(CROWD.replace("60", "15"))], seconds=8))

    neighbour = threading.Thread(target=crowd)
    neighbour.start()
    begun.wait()
    time.sleep(1)
    steps = [student(WORK), check("assert work(2) == 1", "work"), check("assert work(1) == work(1) == 1", "work")]
    found = isolated.run(Job(steps, seconds=3))
    neighbour.join()
    assert [one.outputs for one in found] == [[], [], []]


def test_a_crowd_of_its_own_and_sleep_are_an_answers_time(isolated: Engine) -> None:
    began = time.monotonic()
    found = isolated.run(Job([student("import time; time.sleep(60)"), student(CROWD), student("x = 1")], seconds=1))
    assert [[output["ename"] for output in one.outputs] for one in found] == [
        ["CellTimeoutError"],
        ["CellTimeoutError"],
        [],
    ]
    assert (
        time.monotonic() - began < 45
    )  # the crowd's own share of the cores may be small, but not its time by the clock


SHOWN = {
    "many pictures": "from IPython.display import HTML, display\nfor _ in range(150): display(HTML('é' * 100_000))",
    "a long error": "raise ValueError('é' * 30_000_000)",
    "two streams in turn": "import sys\nfor _ in range(150):\n    print('é' * 100_000); print('é' * 100_000, file=sys.stderr)",
    "a long value": "'é' * 30_000_000",
}


@pytest.mark.parametrize("what", sample(SHOWN, 2))
def test_a_cell_may_show_more_than_a_frame_holds(what: str, engine: Engine) -> None:
    shown, after, checked = engine.run(Job([student(SHOWN[what]), student("x = 1"), check(SHOWN[what])]))
    assert after.outputs == []
    for ran in (shown, checked):
        kinds = [output.get("ename", output["output_type"]) for output in ran.outputs]
        assert kinds
        assert set(kinds) == {"ValueError"} if what == "a long error" else "ValueError" not in kinds
        assert "ProcessEnded" not in kinds


def test_who_waits_for_the_end_of_a_process_keeps_nobody_else_waiting(warm: Engine) -> None:
    address = warm.start()
    waiting, other = Connection(address), Connection(address)
    idle, busy = (Process(zygote, Place("student", [], {}), None) for zygote in (waiting, other))
    try:
        waiting.channel.send(Channel.CONTROL, write_message({"end": idle.pid, "kill": False}))
        while struct.unpack("i", fcntl.ioctl(waiting.channel, termios.TIOCOUTQ, bytes(4)))[0]:
            time.sleep(0.001)  # until it has taken that
        assert busy.end(kill=True)
        assert not select.select([waiting.channel], [], [], 0)[0]  # that one is alive still, and so is the wait for it
        assert waiting.channel.receive(60)[1] == b'{"status": null}'
    finally:
        waiting.close()
        other.close()
    for _ in range(3000):  # it has lost who asked for it
        if not psutil.pid_exists(idle.pid):
            break
        time.sleep(0.01)
    else:
        raise AssertionError

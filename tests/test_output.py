"""What `course` prints goes anywhere: to a terminal or file with few characters, and to a reader that has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

ALL_HELP = """
from autograder.cli import _make_parser, main
for name in ["", *_make_parser()._subparsers._group_actions[0].choices]:
    try:
        main([name, "--help"] if name else [])
    except SystemExit as end:
        assert not end.code, name
"""


def course(*arguments: str, out: int = subprocess.PIPE, **variables: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *(arguments if arguments[0] == "-c" else ("-m", "autograder.cli", *arguments))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.PIPE, timeout=120, check=False
    )


def test_every_command_describes_itself_in_ascii() -> None:
    done = course("-c", ALL_HELP, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"usage: course") > 10


def test_a_reader_that_has_gone_ends_a_command_quietly() -> None:
    for unbuffered in ("", "1"):
        reader, writer = os.pipe()
        os.close(reader)
        done = course("new-release", "--workspace", "release", out=writer, PYTHONUNBUFFERED=unbuffered)
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b"")

"""The `course` command: reads its arguments, calls the module that does the work, and prints.

Each file here has the commands of one kind of person; `parsing` has what they share.
`add_commands` of each adds them, in the order in which `course` lists them.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from importlib import metadata
from types import FrameType

from autograder.cli import authors, book, hub, instructors, marking, platforms, students, term
from autograder.cli.parsing import Adder, adapt_help
from autograder.errors import CourseError
from autograder.grading.texts import is_cut_off, print_anywhere, printable, stop_printing

GROUPS = (students, instructors, term, marking, platforms, hub, authors, book)

CUT_OFF = 141
"""The exit status when whoever read the output has gone, as `| head` does: what a shell says of other programs then."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    print_anywhere()
    try:
        try:
            with _stop_in_order():
                return _run(arguments)
        finally:
            sys.stdout.flush()  # while an error still has a handler
    except OSError:
        if not is_cut_off():
            raise
        stop_printing()
        return CUT_OFF


def _run(arguments: list[str] | None) -> int:
    parser = _make_parser()
    parser.add_argument("--version", action="version", version=f"course {metadata.version('autograded')}")
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        return int(options.run(options))
    except CourseError as error:
        lines = [printable(line) for line in str(error).split("\n")]
        print("\n".join(["course: " + lines[0], *lines[1:]]), file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"course: {printable(error.filename)} cannot be written: {error.strerror}. Nothing else was changed.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:  # a full disk, for one
        if is_cut_off():
            raise
        place = f"{printable(error.filename)}: " if error.filename else ""
        print(
            f"course: {place}{error.strerror or error}. What was done before that is kept. Fix the cause, and start again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt as end:
        print("course: stopped.", file=sys.stderr)
        return 128 + (end.number if isinstance(end, _Stopped) else signal.SIGINT)


class _Stopped(KeyboardInterrupt):
    """The end was asked for by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextlib.contextmanager
def _stop_in_order() -> Iterator[None]:
    """Have the other signals that ask for an end, as of `kill`, a batch system or a closed terminal, do what Ctrl+C does: nothing is left over."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    asking = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in asking:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in asking:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped(number)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, open and grade the course.")
    add = Adder(parser.add_subparsers(title="commands", metavar="COMMAND"))
    for group in GROUPS:
        group.add_commands(add)
    adapt_help(parser)
    return parser

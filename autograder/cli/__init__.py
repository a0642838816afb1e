"""The `course` command: reads its arguments, calls the module that does the work, and prints.

Each file here has the commands of one kind of person; `parsing` has what they share.
`add_commands` of each adds them, in the order in which `course` lists them.
"""

from __future__ import annotations

import argparse
import sys
from importlib import metadata

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
    except KeyboardInterrupt:
        print("course: stopped.", file=sys.stderr)
        return 130


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, open and grade the course.")
    add = Adder(parser.add_subparsers(title="commands", metavar="COMMAND"))
    for group in GROUPS:
        group.add_commands(add)
    adapt_help(parser)
    return parser

"""The command for marking by hand."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from autograder.cli.parsing import CHAPTER, Adder, find_graded
from autograder.errors import CourseError
from autograder.grading.texts import printable


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    mark = add("mark", _mark, "mark answers by hand, question by question, in the browser")
    mark.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: all chapters that have been graded)")
    mark.add_argument("question", nargs="?", help="the name of a cell, the start of it, or a question's number")
    mark.add_argument("--marker", default="", metavar="NAME", help="who marks (default: your name on this machine)")
    mark.add_argument("--anonymous", action="store_true", help="show no names of students")
    mark.add_argument(
        "--independent", action="store_true", help="show nobody else's mark of an answer before you have marked it"
    )
    mark.add_argument("--port", type=int, default=0, help="where the page is served (default: a free port)")
    mark.add_argument("--no-browser", action="store_true", help="only print the address")


def _mark(options: argparse.Namespace) -> int:
    from autograder.course.workspace import open_in_browser
    from autograder.marking.server import serve

    def on_ready(address: str) -> None:
        print(
            f"Marking as {printable(marker)}: each mark is saved at once. Stop with Ctrl+C.\n\n    {address}\n",
            flush=True,
        )
        if not options.no_browser:
            open_in_browser(address)

    marker = _name_marker(options.marker)
    chapter = find_graded(options) if options.chapter else None
    serve(
        Path.cwd(),
        chapter,
        options.question,
        marker=marker,
        anonymous=options.anonymous,
        independent=options.independent,
        port=options.port,
        on_ready=on_ready,
    )
    print("Stopped. All marks are in the gradebook.")
    return 0


def _name_marker(given: str) -> str:
    if not given:
        try:
            return getpass.getuser()
        except (KeyError, OSError, ImportError):  # a container without a name for its user
            return "marker"
    name = " ".join(given.split())[:60]
    if not name or not name.isprintable() or name == "formgrader":
        raise CourseError("--marker takes a name that can be read, and 'formgrader' isn't one.")
    return name

"""The commands for students."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.cli.parsing import CHAPTER, Adder
from autograder.errors import CourseError


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    lab = add("lab", _lab, "open JupyterLab on your own copy of the chapters")
    lab.add_argument("--port", type=int, default=8888, help="the port to serve at (default: 8888)")
    lab.add_argument(
        "--ip", default="127.0.0.1", help="the address to serve at (default: 127.0.0.1; in a container: 0.0.0.0)"
    )
    lab.add_argument(
        "--no-server",
        action="store_true",
        help="only make your copy or bring it up to date, as for another editor",
    )
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument(
        "--workspace", type=Path, default=Path("workspace"), help="where your copy is kept (default: workspace)"
    )
    progress = add("progress", _progress, "show what you have done and what is left")
    progress.add_argument("chapter", nargs="?", help=f"{CHAPTER}, for its exercises one by one (default: all)")
    progress.add_argument(
        "--workspace", type=Path, help="your copy of the chapters (default: workspace, or the one you are in)"
    )
    take = add("new-release", _new_release, "take over the newer releases of your notebooks, with your answers")
    take.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: all)")
    take.add_argument(
        "--workspace", type=Path, help="your copy of the chapters (default: workspace, or the one you are in)"
    )
    take.add_argument("--show", action="store_true", help="only say what is new, and change nothing")


def _lab(options: argparse.Namespace) -> int:
    from autograder.course.workspace import open_lab, update_workspace

    if options.no_server:
        for line in update_workspace(Path.cwd() / "release", options.workspace):
            print(line)
        print(f"Your copy of the chapters is in {options.workspace}.")
        return 0
    return open_lab(Path.cwd(), options.workspace, options.port, options.ip, browser=not options.no_browser)


def _progress(options: argparse.Namespace) -> int:
    from autograder.desk.progress import Progress, pick_chapter, read_progress
    from autograder.desk.showing import find_workspace, write_progress

    workspace = find_workspace(options.workspace)
    found = read_progress(workspace)
    if not found.chapters:
        raise CourseError(
            f"{workspace} has no notebook with exercises. Your copy of the chapters is made by: course lab"
        )
    if options.chapter is not None:
        found = Progress([pick_chapter(found, options.chapter)])
    write_progress(found, details=options.chapter is not None)
    return 0


def _new_release(options: argparse.Namespace) -> int:
    from autograder.desk.carrying import carry
    from autograder.desk.progress import pick_chapter, read_progress
    from autograder.desk.showing import find_workspace
    from autograder.grading.texts import printable

    workspace = find_workspace(options.workspace)
    found = read_progress(workspace)
    chapters = [pick_chapter(found, options.chapter)] if options.chapter is not None else found.chapters
    waiting = [one for chapter in chapters for one in chapter.notebooks if one.newer]
    for notebook in waiting:
        carried = carry(workspace / notebook.path, workspace / notebook.newer, write=not options.show)
        print(
            printable(
                f"{notebook.path}: {'there is a newer release.' if options.show else 'you have the newer release.'}"
            )
        )
        for line in carried.notes:
            print(f"  {printable(line)}")
        if carried.backup:
            print(f"  What you had before is in {printable(carried.backup)}, beside it.")
    if not waiting:
        print("You have the newest release of each notebook. course lab looks for newer ones when it starts.")
    elif options.show:
        print("To take them over: course new-release")
    return 0

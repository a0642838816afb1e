"""What the commands share: how one is added, which chapter is meant, and the bar that shows progress."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHAPTER = "a chapter's name, the start of it, or its number"


class Adder:
    """Adds commands to `course`."""

    def __init__(self, commands: argparse._SubParsersAction[Any]) -> None:
        self._commands = commands

    def __call__(self, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        """A command `name` that calls `run` with its options; `text` is what the list of commands says of it."""
        command: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + "."
        )
        command.set_defaults(run=run)
        return command


def adapt_help(parser: argparse.ArgumentParser) -> None:
    """Have the help of all commands say "assignment" where the course in this folder isn't made of chapters."""
    from autograder.grading.places import name_unit

    here = os.path.exists("nbgrader_config.py") or os.path.exists("source")
    if here and name_unit(Path.cwd()) == "assignment":
        _say_assignment(parser)


def _say_assignment(parser: argparse.ArgumentParser) -> None:
    parser.description = _reword(parser.description or "")
    for action in parser._actions:
        action.help = action.help and _reword(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for listed in action._choices_actions:
                listed.help = listed.help and _reword(listed.help)
            for command in action.choices.values():
                _say_assignment(command)
        elif action.choices and "chapter" in action.choices:
            action.metavar = _reword("{" + ",".join(action.choices) + "}")
        elif not action.option_strings and not action.choices:
            action.metavar = _reword(str(action.metavar or action.dest))


def _reword(text: str) -> str:
    text = re.sub(r"\b([Aa])(?= chapter\b)", r"\1n", text)
    return text.replace("chapter", "assignment").replace("Chapter", "Assignment").replace("CHAPTER", "ASSIGNMENT")


def show_path(path: Path) -> str:
    """A file or folder as a person reads it: from the current folder where it's inside of that, else all of it."""
    from autograder.grading.texts import printable

    whole, here = Path(path).absolute(), Path.cwd()
    return printable(whole.relative_to(here) if whole != here and whole.is_relative_to(here) else path)


def find_authored(options: argparse.Namespace) -> list[str]:
    from autograder.authoring.chapters import find_chapters

    return find_chapters(Path.cwd(), options.chapter)


def find_graded(options: argparse.Namespace) -> str:
    """The chapter, or in another nbgrader course the assignment, that is meant."""
    from autograder.authoring.chapters import list_chapters
    from autograder.grading.places import find_assignment

    own = list_chapters(Path.cwd()) if Path("notebooks").is_dir() else []
    return find_assignment(Path.cwd(), options.chapter, own)


@contextmanager
def progress(title: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with rate and time left, on stderr; what it yields is told of each submission."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), disable=quiet)
    task = bar.add_task(title, total=None)

    def on_done(done: int, total: int) -> None:
        bar.start()  # not before there is something to show, so that an error stands alone
        bar.update(task, completed=done, total=total)

    try:
        yield on_done
    finally:
        if bar.live.is_started:
            bar.stop()

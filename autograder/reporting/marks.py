"""Marks for the course, as a table in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.grading.coursewide import ChapterMark, CourseMarks
from autograder.grading.texts import printable
from autograder.reporting.overview import describe_rules
from autograder.reporting.statistics import write_percent
from autograder.reporting.titles import name_chapter


def print_marks(marks: CourseMarks, console: Console | None = None, unit: str = "chapter") -> None:
    """One row for each student: the mark so far, what it can still become, and the share of each chapter's points."""
    console = console or Console()
    table = Table(header_style="bold")
    table.add_column("student", overflow="fold")
    table.add_column("mark", justify="right", no_wrap=True)
    table.add_column("up to", justify="right", no_wrap=True)
    for chapter in marks.most:
        weight = f"\n{write_percent(marks.weights[chapter])}" if chapter in marks.weights else "\nbonus"
        table.add_column(Text(printable(name_chapter(chapter)) + weight), justify="right", min_width=5)
    for one in marks.students:
        name = f"{one.name} ({one.student})" if one.name else one.student
        waits = one.at_most is not None and one.at_most != one.percent
        table.add_row(
            Text(printable(name)),
            "–" if one.percent is None else f"{one.percent:.1f}%",
            f"{one.at_most:.1f}%" if waits and one.at_most is not None else "",
            *(_write(mark) for mark in one.chapters.values()),
        )
    if not marks.most:
        console.print("Nobody has a grade yet.")
        return
    console.print(table)
    for text in describe_rules(marks, unit):
        console.print(Text(printable(text)))
    console.print(Text("?: some answers wait for a person. –: no grade. (…): dropped."))


def _write(mark: ChapterMark) -> Text:
    if mark.share is None:
        return Text("?" if mark.state == "not graded" else "–")
    text = f"{100 * mark.share:.0f}%{'?' if mark.state == 'pending' else ''}"
    return Text(f"({text})" if mark.dropped else text, style="dim" if mark.dropped else "")

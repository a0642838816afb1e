"""A student's progress as a table: in a terminal, and as a notebook's output."""

from __future__ import annotations

import html
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.desk.progress import Chapter, Exercise, Notebook, Progress, State, Totals, read_progress
from autograder.errors import CourseError
from autograder.formats import RELEASED

SYMBOLS: dict[State, str] = {"right": "✓", "partly": "◐", "wrong": "✗", "untouched": "○", "written": "✎"}
"""As the checks and the report have them, and a pencil."""

_ASCII: dict[State, str] = {"right": "+", "partly": "~", "wrong": "x", "untouched": "o", "written": "w"}
"""Where the output has no such signs: one sign each, so that the columns stay straight."""

WORDS: dict[State, str] = {
    "right": "right",
    "partly": "partly right",
    "wrong": "not right yet",
    "untouched": "not attempted",
    "written": "written, no result yet",
}

_STYLES: dict[State, str] = {
    "right": "green",
    "partly": "yellow",
    "wrong": "red",
    "untouched": "dim",
    "written": "cyan",
}


def find_workspace(folder: Path | None = None) -> Path:
    """The workspace at `folder`, or else the one here: this folder, `workspace` in it, or the one that this chapter is in.

    Raises `CourseError` where there is none.
    """
    if folder is not None:
        if not folder.is_dir():
            raise CourseError(f"There is no folder {folder}. Your copy of the chapters is made by: course lab")
        return folder
    here = Path.cwd()
    places = [here, here / "workspace", here.parent]
    for place in places:
        if (place / RELEASED).is_file():
            return place
    for place in places:
        if read_progress(place).chapters:
            return place
    raise CourseError(
        'There is no copy of the chapters here. Name its folder: course progress --workspace DIR, or in a notebook progress("DIR").'
    )


class Shown:
    """Progress that a notebook shows as a table, as HTML or as text."""

    def __init__(self, progress: Progress, workspace: Path) -> None:
        self.progress, self.workspace = progress, workspace

    def __repr__(self) -> str:
        text = io.StringIO()
        write(self.progress, Console(file=text, width=100, color_system=None, force_jupyter=False))
        return text.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        return "\n".join(_write_html(self.progress))


def progress(folder: str | Path | None = None) -> Shown:
    """What is done and what is left, as the last cell of a notebook shows it: of the workspace at `folder`, or of the one that this notebook is in.

    It reads the notebooks as they were saved. Raises `CourseError` where there is no workspace.
    """
    workspace = find_workspace(Path(folder) if folder is not None else None)
    return Shown(read_progress(workspace), workspace)


def write_progress(found: Progress, stream: TextIO | None = None, details: bool = False) -> None:
    """Print the progress to `stream`, standard output if not said; with `details`, exercise by exercise."""
    out = stream or sys.stdout
    wide = None if out.isatty() else 100
    write(found, Console(file=out, width=wide, soft_wrap=False, highlight=False), details)


def write(found: Progress, console: Console, details: bool = False) -> None:
    signs = SYMBOLS if _can_write(console, "".join(SYMBOLS.values())) else _ASCII
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("notebook", overflow="fold")
    table.add_column("exercises" if not details else "")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True)
    for chapter in found.chapters:
        _add_chapter(table, chapter, signs, details)
    console.print(table)
    console.print()
    for line in _sum_up(found):
        console.print(Text(line))
    legend = Text("  ").join(Text(f"{signs[state]} {WORDS[state]}", _STYLES[state]) for state in SYMBOLS)
    console.print(legend)


def _can_write(console: Console, signs: str) -> bool:
    try:
        signs.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _add_chapter(table: Table, chapter: Chapter, signs: dict[State, str], details: bool) -> None:
    sums = Totals.add_up(chapter.notebooks)
    right = Text(f"{sums.right} of {sums.exercises} right", "bold")
    table.add_row(
        Text(chapter.title, "bold"), right, Text(_points(sums), "bold"), Text(_left(sums.minutes_left), "bold")
    )
    for notebook in chapter.notebooks:
        if notebook.problem:
            table.add_row(Text(f"  {notebook.problem}", "red"))
            continue
        own = Totals.add_up([notebook])
        table.add_row(
            Text(f"  {notebook.title}"), _symbols(notebook, signs), Text(_points(own)), Text(_left(own.minutes_left))
        )
        for one in notebook.exercises if details else []:
            table.add_row(
                Text(f"    {signs[one.state]} {one.title}", _STYLES[one.state]),
                Text(WORDS[one.state] + (", More" if one.more else ""), _STYLES[one.state]),
                Text(_points_of(one)),
                Text("" if one.done else _left(one.minutes)),
            )
    table.add_row()


def _symbols(notebook: Notebook, signs: dict[State, str]) -> Text:
    """A sign for each exercise, the core first, then what is marked *More*."""
    core = [one for one in notebook.exercises if not one.more]
    more = [one for one in notebook.exercises if one.more]
    text = Text(" ").join(Text(signs[one.state], _STYLES[one.state]) for one in core)
    if more:
        text.append("  More: ", "dim")
        text.append(Text(" ").join(Text(signs[one.state], _STYLES[one.state]) for one in more))
    return text


def _points(sums: Totals) -> str:
    return f"{sums.points:g} of {sums.max:g}" + (f" + {sums.extra:g} extra" if sums.extra else "")


def _points_of(one: Exercise) -> str:
    return f"{one.points:g} of {one.max:g}" + (" extra" if one.extra else "")


def _left(minutes: int) -> str:
    if minutes >= 90:
        return f"{minutes / 60:.1f} h"
    return f"{minutes} min" if minutes else ""


def _sum_up(found: Progress) -> Iterator[str]:
    sums = found.totals
    left = f" About {_left(sums.minutes_left)} left." if sums.minutes_left else ""
    yield f"The core: {sums.right} of {sums.exercises} exercises right, {_points(sums)} points.{left}"
    if to_do := found.next:
        notebook, exercise = to_do
        yield f"Go on with: {exercise.title} ({notebook.path})"
    for chapter in found.chapters:
        for notebook in chapter.notebooks:
            if notebook.newer:
                yield f"{notebook.path} has a newer release. Take it over with: course new-release {chapter.name}"


def _write_html(found: Progress) -> Iterator[str]:
    """The table. Its only style is which side a cell's text is on, since JupyterLab would put all of it on the right."""
    yield "<table><thead>" + _write_row("th", "notebook", "exercises", "points", "left") + "</thead><tbody>"
    for chapter in found.chapters:
        sums = Totals.add_up(chapter.notebooks)
        bold = (chapter.title, f"{sums.right} of {sums.exercises} right", _points(sums), _left(sums.minutes_left))
        yield _write_row("td", *(f"<b>{html.escape(text)}</b>" for text in bold))
        for notebook in chapter.notebooks:
            if notebook.problem:
                yield f'<tr><td colspan="4" style="text-align: left">{html.escape(notebook.problem)}</td></tr>'
                continue
            own = Totals.add_up([notebook])
            core, more = (
                " ".join(
                    f'<span title="{html.escape(one.title)}: {WORDS[one.state]}">{SYMBOLS[one.state]}</span>'
                    for one in notebook.exercises
                    if one.more is wanted
                )
                for wanted in (False, True)
            )
            signs = core + (f" &nbsp; More: {more}" if more else "")
            yield _write_row("td", html.escape(notebook.title), signs, _points(own), _left(own.minutes_left))
    yield "</tbody></table>"
    for line in _sum_up(found):
        yield f"<p>{html.escape(line)}</p>"
    yield "<p>" + " &nbsp; ".join(f"{SYMBOLS[state]} {WORDS[state]}" for state in SYMBOLS) + "</p>"
    yield "<p>Read from the notebooks as they were saved.</p>"


def _write_row(tag: str, *texts: str) -> str:
    """A row of four cells: words on the left, numbers on the right."""
    sides = ("left", "left", "right", "right")
    cells = [f'<{tag} style="text-align: {side}">{text}</{tag}>' for side, text in zip(sides, texts, strict=True)]
    return f"<tr>{''.join(cells)}</tr>"

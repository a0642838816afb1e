"""A student's first hour as a series of screenshots: for whoever wants to see the course before installing it, and for authors.

    python tests/first_hour.py OUT_FOLDER [--width 1280]

opens `course lab` in a new workspace, answers exercises wrongly and rightly, closes everything and opens it again, hands in, and grades
what was handed in in a copy of the course. Saves OUT_FOLDER/01_start_page.png, 02_..., and lists them in OUT_FOLDER/README.md. Nothing in the
repository is changed. Takes about three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import (
    find_cell,
    open_browser,
    open_notebook,
    own_settings,
    run_course_lab,
    run_with_check,
    wait_for_kernel,
    write,
)
from playwright.sync_api import Locator, Page, expect

from autograder.authoring.accuracy import copy_course

ROOT = Path(__file__).parent.parent
CHAPTER = "00_start"
FIRST = f"{CHAPTER}/1_start_here.ipynb"
SECOND = f"{CHAPTER}/2_kinds_of_problems.ipynb"
STUDENT = "ada"

WRONG = ("def fahrenheit(celsius):", "return celsius * 9 / 5")
RIGHT = ("def fahrenheit(celsius):", "return celsius * 9 / 5 + 32")
FLAT = ("def row_shares(counts):", "return counts / counts.sum()")
EXPLANATION = (
    "The data are the trips, the model is a line, its parameters are w and b, the loss is the mean squared error, "
    "and gradient descent is the algorithm."
)


IN_FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
TO_TOP = "element => element.scrollIntoView({block: 'start'})"


class Album:
    """Numbered screenshots in a folder, each with a sentence on what it shows."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lines: list[str] = []

    def take(self, page: Page, name: str, says: str, *, whole: bool = False) -> None:
        """Save what `page` shows, or the `whole` of it, when its fonts and pictures are there."""
        page.evaluate("document.fonts.ready")
        page.mouse.move(640, 2)  # no tooltip, nothing highlighted
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        file = f"{len(self.lines) + 1:02}_{name}.png"
        page.screenshot(path=self.folder / file, full_page=whole, animations="disabled")
        self.lines.append(f"![{says}]({file})\n\n{says}")
        print(f"{file}  {says}", flush=True)

    def finish(self) -> None:
        """Write the page that shows them all in order."""
        text = "\n\n".join(["# A first hour", *self.lines])
        (self.folder / "README.md").write_text(text + "\n", encoding="utf-8")


class Student:
    """Someone in JupyterLab, who works in `workspace`."""

    def __init__(self, page: Page, workspace: Path, album: Album) -> None:
        self.page, self.workspace, self.album = page, workspace, album

    def show(self, name: str, says: str) -> None:
        """Take a screenshot."""
        self.album.take(self.page, name, says)

    def row(self, label: str) -> Locator:
        """The line of the panel that begins with `label`."""
        return self.page.get_by_role("treeitem", name=re.compile(f"^{re.escape(label)}:")).first

    def cell(self, notebook: str, name: str) -> Locator:
        """The cell with nbgrader's name `name` in the notebook on the page."""
        return find_cell(self.page, self.workspace / notebook, name)

    def answer(self, notebook: str, name: str, lines: tuple[str, ...], state: str) -> None:
        """Write an answer, run it and its check, and wait for a card that says `state`."""
        cell, check = self.cell(notebook, name), self.cell(notebook, f"{name}-check")
        write(self.page, cell, *lines)
        run_with_check(self.page)
        wait_for_kernel(self.page)
        expect(check.locator(".agd-card")).to_have_attribute("data-state", state)
        cell.evaluate(TO_TOP)


def open_lab(page: Page, address: str) -> None:
    """JupyterLab as it opens, with the panel filled."""
    page.goto(address)
    expect(page.get_by_role("tree")).to_be_visible()
    expect(page.locator(".agd-page h2").first).to_be_visible()


def first_session(student: Student, address: str) -> None:
    """Open the lab, read, err, get it right, and leave it all open."""
    page = student.page
    open_lab(page, address)
    student.show("start_page", "The lab opens: the course on the left, where to begin in the middle.")
    page.get_by_role("button", name="Start", exact=True).click()
    wait_for_kernel(page)
    student.show("first_notebook", "The first notebook.")
    page.get_by_role("button", name="Next exercise").click()
    expect(page.locator(".jp-Notebook .jp-Cell.jp-mod-active.agd-answer")).to_be_visible()
    student.show(
        "first_exercise", "“Next exercise” leads to the first exercise: its text, its hints, and a cell to write in."
    )
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    wait_for_kernel(page)
    check = student.cell(FIRST, "fahrenheit-check")
    expect(check.locator(".agd-card")).to_contain_text("not started")
    student.cell(FIRST, "fahrenheit").evaluate(TO_TOP)
    student.show("not_started", "Before there is an answer, the check says so, and nothing looks like an error.")
    student.answer(FIRST, "fahrenheit", WRONG, "wrong")
    student.show("wrong_answer", "A wrong answer, and what is wrong with it.")
    student.answer(FIRST, "fahrenheit", RIGHT, "right")
    student.show("right_answer", "The right answer; the panel has it, too.")
    student.answer(FIRST, "row_shares", FLAT, "wrong")
    student.show("wrong_tensor", "A wrong tensor: what was tried, what came, what was expected.")
    student.cell(FIRST, "row_shares-check").locator(".cm-content").click()
    page.keyboard.type("x")
    expect(student.cell(FIRST, "row_shares-check").locator(".agd-lock")).to_be_visible()
    student.show("locked_cell", "Someone types into a check.")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)


def second_session(student: Student, address: str) -> None:
    """Open it again, look into the next chapter, explain, check and hand in."""
    page = student.page
    page.goto(address)
    expect(student.row("From Celsius to Fahrenheit")).to_have_accessible_name(re.compile(": right, 1 of 1 point"))
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    wait_for_kernel(page)
    student.show("opened_again", "Closed and opened again: the notebook is where it was, and the progress is right.")
    page.get_by_role("button", name="Start page").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    student.show("start_page_again", "The start page leads back to where you were.")
    page.locator(".agd-chapter").nth(1).click()
    expect(page.locator(f"{IN_FRONT} h1")).to_contain_text("From scores to probabilities")
    wait_for_kernel(page)
    student.show("next_chapter", "The next chapter.")
    page.locator(".agd-row.agd-level-1").first.press("Home")
    page.keyboard.press("ArrowRight")
    student.row("0.2 · Kinds of problems").click()
    expect(page.locator(f"{IN_FRONT} h1")).to_contain_text("Kinds of problems")
    wait_for_kernel(page)
    explain(student)
    check_notebook(student)


def explain(student: Student) -> None:
    """An answer in words."""
    page = student.page
    student.row("The five parts of a problem").click()
    cell = page.locator(f"{IN_FRONT} .jp-Cell.jp-mod-active.agd-answer")
    expect(cell).to_be_visible()
    student.show("explain_empty", "An exercise that a person reads: a place to write.")
    cell.locator(".jp-MarkdownOutput").click()
    page.keyboard.type(EXPLANATION)
    student.show("explain_writing", "Being written.")
    page.keyboard.press("Shift+Enter")
    student.show("explain_written", "Written.")


def check_notebook(student: Student) -> None:
    """“Check my notebook” and “Hand in”."""
    page = student.page
    tools = page.locator(IN_FRONT)
    dialog = page.get_by_role("dialog")
    tools.get_by_role("button", name="Check my notebook").click()
    expect(dialog).to_contain_text("from a fresh start")
    student.show("checked", "“Check my notebook” has run a copy in a fresh kernel.")
    dialog.get_by_role("button", name="Close").click()
    tools.get_by_role("button", name="Hand in").click()
    expect(dialog).to_contain_text("exercises done")
    student.show("hand_in", "“Hand in” says what the chapter holds before anything happens.")
    dialog.get_by_role("button", name="Make the zip").click()
    expect(dialog.get_by_role("link", name="Download")).to_be_visible()
    student.show("handed_in", "The zip, and what it holds.")
    dialog.get_by_role("button", name="Close").click()


def in_the_dark(student: Student, address: str, home: Path) -> None:
    """The same in JupyterLab's dark theme, and on a small screen."""
    page = student.page
    settings = Path(own_settings(home)["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", "apputils-extension")
    settings.mkdir(parents=True, exist_ok=True)
    theme = {"theme": "JupyterLab Dark"}
    (settings / "themes.jupyterlab-settings").write_text(json.dumps(theme), encoding="utf-8")
    open_lab(page, f"{address}&reset")
    expect(page.locator("body[data-jp-theme-name='JupyterLab Dark']")).to_have_count(1)
    student.show("dark_start_page", "The start page in the dark.")
    page.set_viewport_size({"width": 800, "height": 900})
    student.show("dark_start_page_800", "The start page in 800 pixels.")
    open_notebook(page, address, FIRST)
    student.row("Shares").click()
    expect(page.locator(".jp-Cell.jp-mod-active.agd-answer")).to_be_visible()
    student.cell(FIRST, "row_shares-check").locator(".agd-card").evaluate(
        "element => element.scrollIntoView({block: 'end'})"
    )
    student.show("dark_card_800", "A card in 800 pixels.")
    page.set_viewport_size({"width": 1280, "height": 900})
    student.show("dark_card", "A card in the dark.")


def run_course(course: Path, *arguments: str) -> str:
    """Run a `course` command in the folder `course`, and return what it printed."""
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"course {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def grade(handed_in: Path, course: Path) -> tuple[str, list[Path]]:
    """As instructor: collect the zip, grade it; returns what was printed, and the student's feedback pages."""
    said = []
    for arguments in (("collect", CHAPTER, str(handed_in), "--student", STUDENT), ("grade", CHAPTER, "--feedback")):
        shown = " ".join(arguments).replace(str(handed_in), handed_in.name)
        said.append(f"$ course {shown}\n{run_course(course, *arguments)}")
    pages = sorted((course / "feedback" / STUDENT / CHAPTER).glob("*.html"))
    if not pages:
        raise RuntimeError("There is no feedback page:\n" + "\n".join(said))
    return "\n".join(said), pages


def show_feedback(page: Page, album: Album, said: str, pages: list[Path]) -> None:
    """What the instructor's terminal said, and the pages that the student gets."""
    page.set_content(f"<pre style='font: 15px/1.5 monospace; padding: 1.5em'>{escape(said)}</pre>")
    album.take(page, "instructor", "The instructor collects and grades.")
    for number, feedback in enumerate(pages, start=1):
        page.goto(feedback.as_uri())
        album.take(page, f"feedback_{number}", "The student's feedback page.", whole=True)
    page.goto(pages[0].as_uri())
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 800, "height": 900})
    album.take(page, "dark_feedback_800", "The feedback page in the dark, in 800 pixels.")


def photograph(out: Path, width: int) -> int:
    """Live through the hour and save its screenshots in `out`; returns how many."""
    album = Album(out)
    with TemporaryDirectory() as folder:
        home, workspace, course = (Path(folder, name) for name in ("home", "workspace", "course"))
        for made in (home, course):
            made.mkdir()
        with open_browser(width) as page:
            student = Student(page, workspace, album)
            with run_course_lab(ROOT, workspace, home) as address:
                first_session(student, address)
            with run_course_lab(ROOT, workspace, home) as address:
                second_session(student, address)
                in_the_dark(student, address, home)
            page.set_viewport_size({"width": width, "height": 900})
            [handed_in] = (workspace / "handed_in").iterdir()
            copy_course(ROOT, course, [CHAPTER])
            said, pages = grade(handed_in, course)
            show_feedback(page, album, said, pages)
    album.finish()
    return len(album.lines)


def main() -> None:
    """Read the command line and photograph the hour."""
    parser = argparse.ArgumentParser(description="Live through a student's first hour, and save screenshots of it.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280, help="the window's width in pixels (default: 1280)")
    options = parser.parse_args()
    print(f"{photograph(options.out, options.width)} screenshots in {options.out}/")


if __name__ == "__main__":
    main()

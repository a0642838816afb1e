"""What leaves for a terminal and for a spreadsheet: no control characters, no formulas, and every row with its columns."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from autograder.authoring.accuracy import hand_in
from autograder.cli import main
from autograder.grading.commands import run_nbgrader
from autograder.grading.database import open_gradebook
from autograder.grading.grade import export_marks
from autograder.grading.penalties import doubt_due_date
from autograder.grading.texts import cell, plain_heading, printable, tell_apart

CHAPTER, NAME = "01_mini", "1_mini"
FORMULAS = [
    '=HYPERLINK("https://example.org?"&A1,"mark")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "＝1+1",
]
HOSTILE = [
    "\x1b[2J\x1b[31mred",
    "a\x07bell",
    "one\ncourse: all is well",
    "back\x08\x08",
    "\u202eturned",
    "\x9b31m",
    "null\x7f",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text: str) -> None:
    assert cell(text).startswith("'")
    assert cell(text).isprintable()


def test_what_is_no_formula_stays() -> None:
    values = ("ada", "Müller-Lüdenscheidt", "o'neill", "a=b", "x, y", "", 3.5, -1.0, None)
    assert [cell(value) for value in values] == [
        "ada",
        "Müller-Lüdenscheidt",
        "o'neill",
        "a=b",
        "x, y",
        "",
        "3.5",
        "-1.0",
        "",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_control_character_is_shown_as_what_it_is(text: str) -> None:
    assert printable(text).isprintable()
    assert "\\" in printable(text)


def test_signs_of_all_languages_stay() -> None:
    assert printable("Zoë Łukasz 王芳 Δ α→β 🙂") == "Zoë Łukasz 王芳 Δ α→β 🙂"


@pytest.mark.parametrize("command", ["course", "nbgrader"])
def test_no_cell_of_the_exported_marks_is_a_formula(mini: Path, tmp_path: Path, command: str) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    with open_gradebook(course) as gradebook:
        gradebook.add_assignment(CHAPTER)
        for number, text in enumerate([*FORMULAS, *HOSTILE, "plain, with a comma", 'a "quote"']):
            gradebook.add_student(f"{text}", first_name=text, last_name=text, email=f"{number}@example.org")
    if command == "course":
        export_marks(course)
    else:
        run_nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header[:4] == ["assignment", "duedate", "timestamp", "student_id"]
    assert len(rows) == len(FORMULAS) + len(HOSTILE) + 2
    for row in rows:
        assert len(row) == len(header)
        assert not any(value.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for value in row)
        assert all(value.isprintable() for value in row)
    assert any("plain, with a comma" in row for row in rows)


@pytest.mark.usefixtures("quick")
def test_what_is_printed_of_students_has_no_control_characters(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    shutil.copytree(mini, course)
    monkeypatch.chdir(course)
    for text in HOSTILE:
        hand_in(course, CHAPTER, text, {})
    assert main(["grade", "1"]) == 0
    for text in HOSTILE:
        shutil.rmtree(course / "submitted" / text / CHAPTER)
        (course / "submitted" / text / CHAPTER).mkdir()
        (course / "submitted" / text / CHAPTER / f"x{text}y.txt").write_text("no notebook")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        for text in HOSTILE:
            gradebook.find_grade("relu-check", NAME, CHAPTER, text).auto_score = 1
        gradebook.db.commit()
    capsys.readouterr()
    assert main(["grade", "1"]) == 0
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.split("\n"))
    assert said.count("not graded: ") == len(HOSTILE)
    assert "\ncourse: all is well" not in said


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [("ascii", []), ("ascii", ["--version"]), ("cp1252", ["try", "1", "relu"]), ("ascii", ["mutants", "nothing"])],
)
def test_a_command_prints_in_any_encoding(encoding: str, arguments: list[str], mini: Path):
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=mini, env=environment, capture_output=True, timeout=120)
    said = (done.stdout + done.stderr).decode(encoding)
    assert "Traceback" not in said
    assert said.strip()
    assert done.returncode == (1 if "nothing" in arguments else 0)


@pytest.mark.parametrize(
    ("typed", "doubted"),
    [
        ("2026-11-30 18:00:00 +0200", True),
        ("2026-11-30 18:00:00 -0500", True),
        ("2026-11-30T18:00:00+02:00", False),
        ("2026-11-30 18:00:00 UTC", False),
        ("2026-11-30 23:59:59 UTC", False),
    ],
)
def test_a_due_date_that_nbgrader_has_misread_is_doubted(typed: str, doubted: bool) -> None:
    assert bool(doubt_due_date("ps1", parse_utc(typed))) is doubted
    assert doubt_due_date("ps1", None) == []


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        (r"2) $\mu_{max} \le \frac{1}{2}$", "2) μ_max ≤ 1/2"),
        ('<a name="x"></a>**Bold** &amp; [linked](https://example.org)', "Bold & linked"),
        (r"Ex 3\. `a*b` for \$5", "Ex 3. ab for $5"),
        ("理由 🎉", "理由 🎉"),
    ],
)
def test_a_heading_as_a_title(heading: str, text: str) -> None:
    assert plain_heading(heading) == text


def test_cells_that_share_a_title_are_told_apart() -> None:
    cells = [
        ("A", "p1", "cell-3fa9b1c2d3e4f506"),
        ("A", "p1", "cell-4fa9b1c2d3e4f506"),
        ("A", "p2", "part"),
        ("B", "p1", "one"),
        ("B", "p2", "two"),
        ("C", "p2", "cell-5fa9b1c2d3e4f506"),
    ]
    assert tell_apart(cells) == ["A · p1 · 1", "A · p1 · 2", "A · p2", "B · one", "B · two", "C"]

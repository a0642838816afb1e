"""A class comes in from each platform as it hands it out, is graded, and goes back in the platform's own table."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from handed_out import CANVAS, GRADESCOPE, RIGHT, SHAPE, WORKSHEET, WRONG, Maker, write_canvas, write_zip, zipped
from nbgrader.api import Gradebook
from sampling import NIGHTLY
from warm import grade_here

from autograder.cli import main
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.commands import run_nbgrader
from autograder.grading.gradebook import withdraw_marks
from autograder.platforms import archives, container
from autograder.platforms.archives import Opener
from autograder.platforms.tables import parse_table

CHAPTER = "01_mini"


@pytest.fixture
def course(mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small course, with nothing handed in."""
    shutil.copytree(mini, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def make(course: Path) -> Maker:
    return Maker(course, CHAPTER)


@pytest.fixture(scope="module")
def graded(mini: Path, warm: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Canvas's class, collected and graded."""
    course = tmp_path_factory.mktemp("platforms") / "course"
    shutil.copytree(mini, course)
    write_canvas(course.parent / "submissions.zip", Maker(course, CHAPTER))
    (course.parent / "gradebook.csv").write_text(CANVAS, encoding="utf-8-sig", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course)
        grade_here(warm.start(), patch.setattr)
        assert main(["roster", "import", "../gradebook.csv"]) == 0
        assert main(["collect", "1", "../submissions.zip"]) == 1  # three files need somebody
        assert main(["grade", "1"]) == 0
    return course


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a command; returns its status, and all that it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


Told = Callable[..., tuple[int, str]]


def stamps(course: Path) -> dict[str, str]:
    """The submissions, by student, with the time of each."""
    folders = sorted((course / "submitted").glob(f"*/{CHAPTER}"))
    files = {folder.parent.name: folder / "timestamp.txt" for folder in folders}
    return {name: path.read_text().strip() if path.exists() else "" for name, path in files.items()}


def answer(course: Path, student: str, cell: str = "relu") -> str:
    cells = nbformat.read(course / "submitted" / student / CHAPTER / "1_mini.ipynb", as_version=4).cells
    return next(str(one.source) for one in cells if one.metadata.get("nbgrader", {}).get("grade_id") == cell)


# --- in ------------------------------------------------------------------------------------------------------------


def test_canvas_each_file_becomes_something_and_is_told(graded: Path) -> None:
    assert set(stamps(graded)) == {"ada", "alan@x.edu", "hop", "emmy"}
    assert answer(graded, "ada") == RIGHT  # the later attempt
    assert (graded / "submitted/emmy/01_mini/data/points.csv").read_text() == "1,2"
    assert not list(graded.parent.rglob("evil.ipynb"))


def test_collecting_again_tells_the_same_and_changes_nothing(
    graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(graded)
    before = {path: path.stat().st_mtime_ns for path in (graded / "submitted").rglob("*")}
    status, said = told("collect", "1", "../submissions.zip")
    assert {path: path.stat().st_mtime_ns for path in (graded / "submitted").rglob("*")} == before
    assert status == 1
    for line in (
        "✓ submissions.zip/lovelaceada_2231_98770_1_mini-1.ipynb → ada: 1_mini.ipynb (it is called 1_mini-1.ipynb)",
        "· submissions.zip/lovelaceada_2231_98765_1_mini.ipynb → ada: left out: another attempt counts (a later attempt)",
        "✓ submissions.zip/turingalan_LATE_2232_98766_p1 (1).ipynb → alan@x.edu: 1_mini.ipynb (it is called p1 (1).ipynb), late",
        "✗ submissions.zip/oharasiobhan_2233_98767_1_mini.html → sio: left out: It is an HTML page made of a notebook",
        "✗ submissions.zip/oharasiobhan_2233_text.html → sio: left out: it is what the student typed on Canvas, and there is no notebook",
        "✓ submissions.zip/suma1hopper_2234_98769_1_mini.ipynb.txt → hop: 1_mini.ipynb",
        "✗ submissions.zip/noetheremmy_2235_98771_hw.zip/evil.ipynb → left out: Its path leads out of the zip.",
        "✓ submissions.zip/noetheremmy_2235_98771_hw.zip/hw/data/points.csv → emmy: data/points.csv, beside the notebooks",
        "· 2 files that programs make for themselves",
        "01_mini: 4 submissions: 4 the same as before.",
        "no penalty is worked out: alan@x.edu.",
        "Nothing from 1 in the roster: sio.",
    ):
        assert line in said


def test_names_and_times_of_each_platform(course: Path, make: Maker, told: Told, tmp_path: Path) -> None:
    def collect(files: dict[str, bytes | str], *more: str) -> dict[str, str]:
        for path in (course / "submitted", course / "roster.json", course / "gradebook.db"):
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
        write_zip(tmp_path / "out.zip", files)
        status, said = told("collect", "--timezone", "Europe/Berlin", "1", str(tmp_path / "out.zip"), *more)
        assert status == 0, said
        return stamps(course)

    one, two = make(relu=RIGHT), make(relu=WRONG)
    ada = "Ada Lovelace_12345_assignsubmission_file_"
    assert collect({f"{ada}/p1.ipynb": one, f"{ada.replace('file', 'onlinetext')}/onlinetext.html": ""}) == {
        "ada-lovelace": "2026-09-01 15:03:00 UTC"
    }
    (tmp_path / "Grades.csv").write_text(WORKSHEET, encoding="utf-8-sig", newline="")
    found = collect(
        {f"{ada}/sub/1_mini.ipynb": one, 'Zoë, the "Great" =X_12346_assignsubmission_file/x.ipynb': two},
        str(tmp_path / "Grades.csv"),
    )
    assert found == {"ada@x.edu": "2026-09-01 15:03:00 UTC", "zoe@x.edu": "2026-09-02 07:00:00 UTC"}
    found = collect(
        {
            "152711-351765 - Ada Lovelace - Sep 1, 2026 1224 PM/1_mini.ipynb": one,
            "152711-351765 - Ada Lovelace - Dec 3, 2026 905 AM/1_mini.ipynb": two,
            "index.html": "<html>",
        }
    )
    assert (found, answer(course, "ada-lovelace")) == ({"ada-lovelace": "2026-12-03 08:05:00 UTC"}, WRONG)
    attempt = "Home_work 1_ada_l_attempt_2026-09-01-12-24-05"
    found = collect(
        {f"{attempt}_1_mini.ipynb": one, f"{attempt}.txt": "Name: Ada Lovelace (ada_l)\nAssignment: Home_work 1\n"}
    )
    assert found == {"ada_l": "2026-09-01 10:24:05 UTC"}
    found = collect(
        {"assignment_9_export/submission_metadata.yml": GRADESCOPE, "assignment_9_export/submission_41/p1.ipynb": one}
    )
    assert found == dict.fromkeys(("100", "101"), "2026-09-01 15:03:00 UTC")  # both of the group
    assert set(collect({"class/ada/1_mini.ipynb": one, "class/bob b/work.zip": zipped({"x/p.ipynb": two})})) == {
        "ada",
        "bob b",
    }
    assert set(collect({"ada_1_mini.ipynb": one, "x-y_z_1_mini (2).ipynb": two})) == {"ada", "x-y_z"}
    (tmp_path / "roster.csv").write_text(
        "identifier,github_username,github_id,name\nada@x.edu,adalove,1,Ada Lovelace\n"
    )
    for path in (course / "submitted", course / "roster.json"):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    assert main(["roster", "import", str(tmp_path / "roster.csv")]) == 0
    for name in ("hw-1-adalove/1_mini.ipynb", "Ada Lovelace - 1_mini.ipynb"):
        write_zip(tmp_path / "out.zip", {name: one, "other.txt": ""})
        shutil.rmtree(course / "submitted", ignore_errors=True)
        assert main(["collect", "1", str(tmp_path / "out.zip")]) == 0
        assert set(stamps(course)) == {"adalove"}


def test_an_earlier_submission_is_kept_and_an_older_one_replaces_nothing(
    course: Path, make: Maker, told: Told, tmp_path: Path
) -> None:
    def collect(when: str, answer: str) -> str:
        write_zip(tmp_path / "b.zip", {f"7-8 - Ada Lovelace - {when}/1_mini.ipynb": make(relu=answer)})
        return told("collect", "1", str(tmp_path / "b.zip"), "--timezone", "UTC")[1]

    collect("Sep 2, 2026 900 AM", RIGHT)
    assert "ada-lovelace: kept what was collected before: it is of 2026-09-02 09:00:00 UTC" in collect(
        "Sep 1, 2026 900 AM", WRONG
    )
    assert answer(course, "ada-lovelace") == RIGHT
    assert "1 newer than before" in collect("Sep 3, 2026 900 AM", WRONG)
    assert (answer(course, "ada-lovelace"), stamps(course)) == (WRONG, {"ada-lovelace": "2026-09-03 09:00:00 UTC"})
    [kept] = (course / "attempts" / CHAPTER / "ada-lovelace").iterdir()
    assert kept.name.startswith("2026-09-02".replace("-", ""))
    assert RIGHT.splitlines()[1] in (kept / "1_mini.ipynb").read_text()


def test_hostile_and_broken_zips_are_told_and_nothing_gets_out(
    course: Path, make: Maker, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 3_000_000)
    folder = tmp_path / "given"
    folder.mkdir()
    deep = zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"d.zip": zipped({"1_mini.ipynb": make()})})})})})
    work = make(relu=RIGHT)
    write_zip(
        folder / "ada.zip",
        {
            "1_mini.ipynb": work,
            "/etc/1_mini.ipynb": b"x",
            "C:\\w\\1_mini.ipynb": b"x",
            "deep.zip": deep,
            "bomb.ipynb": b" " * 2_000_000,
        },
    )
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    (folder / "more.7z").write_bytes(b"7z")
    with zipfile.ZipFile(folder / "bob.zip", "w") as packed:
        link = zipfile.ZipInfo("1_mini.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    write_zip(folder / "eve.zip", {"1_mini.ipynb": work})
    for name, change in (("eve", (6, 1)), ("cut", (30, 0))):
        data = bytearray(zipped({"ünï.ipynb": work}))
        data[change[0]] ^= change[1] or 0xFF
        if name == "eve":
            data[data.index(b"PK\x01\x02") + 8] |= 1  # encrypted, as the directory has it
        else:
            data[60:90] = bytes(30)
        (folder / f"{name}.zip").write_bytes(data)
    status, said = told("collect", "1", str(folder))
    assert status == 1
    for name, why in (
        ("ada.zip/bomb.ipynb", "as a zip bomb does"),
        ("ada.zip/etc/1_mini.ipynb", "leads out of the zip"),
        ("ada.zip/C:/w/1_mini.ipynb", "leads out of the zip"),
        ("ada.zip/deep.zip/a.zip/b.zip", "Zips are opened 3 deep"),
        ("broken.zip", "can't be opened as a zip"),
        ("link.ipynb", "It is a link"),
        ("more.7z", "an archive of another kind"),
        ("bob.zip/1_mini.ipynb", "It is a link"),
        ("eve.zip/ünï.ipynb", "encrypted"),
        ("cut.zip/ünï.ipynb", "damaged"),
    ):
        assert any(f"given/{name} → left out: " in line and why in line for line in said.splitlines()), (name, said)
    assert set(stamps(course)) == {"ada"}
    assert answer(course, "ada") == RIGHT


def add_notebook(course: Path, chapter: str, name: str) -> Path:
    """Another notebook of the course, with cells of its own."""
    notebook = nbformat.read(course / "source" / CHAPTER / "1_mini.ipynb", as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{number}"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = f"{name}-{number}"
    path = course / "source" / chapter / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def test_notebooks_of_a_chapter_may_come_from_two_assignments(
    course: Path, make: Maker, told: Told, tmp_path: Path
) -> None:
    other = add_notebook(course, CHAPTER, "2_more").read_bytes()
    for day, name, data in ((2, "1_mini", make(relu=RIGHT)), (1, "2_more", other), (3, "2_more", other + b" ")):
        write_zip(tmp_path / "z.zip", {f"7-8 - Ada Lovelace - Sep {day}, 2026 900 AM/{name}.ipynb": data})
        assert told("collect", "1", str(tmp_path / "z.zip"), "--timezone", "UTC")[0] == 0
        assert answer(course, "ada-lovelace") == RIGHT
        assert (course / "submitted/ada-lovelace" / CHAPTER / f"{name}.ipynb").read_bytes() == data
    assert stamps(course) == {"ada-lovelace": "2026-09-03 09:00:00 UTC"}


def test_other_notebooks_and_unknown_students_are_left_out_with_a_reason(
    course: Path, make: Maker, told: Told, tmp_path: Path
) -> None:
    other = add_notebook(course, "02_other", "1_mini")
    (tmp_path / "list.csv").write_text(
        "sep=;\nid;first_name;last_name;email\nada;Ada;Lovelace;ada@x.edu\n", encoding="utf-16"
    )
    assert main(["roster", "import", str(tmp_path / "list.csv")]) == 0
    write_zip(
        tmp_path / "z.zip",
        {
            "ada/1_mini.ipynb": other.read_bytes(),
            "ada/own.ipynb": json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
            "ada/bad.ipynb": "{",
            "mallory/1_mini.ipynb": make(),
        },
    )
    status, said = told("collect", "1", str(tmp_path / "z.zip"))
    assert status == 1
    assert "it is 02_other/1_mini, not of 01_mini. 'course collect 02_other' takes it." in said
    assert "own.ipynb → ada: left out: It is a notebook, but none of this course" in said
    assert "bad.ipynb → ada: left out: Not a notebook" in said
    assert "mallory/1_mini.ipynb → left out: mallory isn't in the roster" in said
    assert not stamps(course)
    assert told("collect", "1", str(tmp_path / "z.zip"), "--new")[0] == 1
    assert set(stamps(course)) == {"mallory"}


@pytest.mark.parametrize(
    ("text", "encoding", "names"),
    [
        (
            "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\r\n#07,#ada,Lovelace,Ada,a@x,#\r\n",
            "utf-8",
            ["ada"],
        ),
        ("id;name\nñ;José Ñandú\n", "cp1252", ["ñ"]),
        ("First Name,Last Name,SID,Email\nAnna,Smith,1,\nAnna,Smith,2,\n", "utf-8", ["1", "2"]),
        ('LastName,FirstName,ID,SIS Login ID,Section\n"a/b",=1,5,../x,S\n', "utf-8-sig", ["-x"]),
    ],
)
def test_tables_of_students(
    course: Path, told: Told, tmp_path: Path, text: str, encoding: str, names: list[str]
) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    status, said = told("roster", "import", str(tmp_path / "t.csv"))
    assert status == 0, said
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert [one.id.strip("-.") for one in gradebook.students] == [name.strip("-.") for name in names]
    assert "Is that another person?" in said or "Anna" not in text
    status, said = told("roster", "import", str(tmp_path / "t.csv"))
    assert (status, said.strip().endswith(f"0 new, 0 with more about them, {len(names)} as they were.")) == (0, True)


def test_what_a_spreadsheet_rounded_is_refused(course: Path, told: Told, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,number,name\na,1.23E+11,A B\n")
    assert "a spreadsheet has rounded" in told("roster", "import", str(tmp_path / "t.csv"))[1]
    (tmp_path / "t.csv").write_text("what,ever\n1,2\n")
    assert "isn't a table that is known here" in told("roster", "import", str(tmp_path / "t.csv"))[1]


# --- out -----------------------------------------------------------------------------------------------------------


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_canvas_gets_its_table_back_with_the_marks_and_nothing_else(
    graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(graded)
    status, said = told("export", "1", "--to", "canvas", "--into", "../gradebook.csv", "-o", "one.csv")
    assert status == 0
    for words in (
        "1 student has answers that wait for a mark by hand",
        "Emmy Noether (emmy) has 2 points; the platform says N/A, which stays",
    ):
        assert words in said
    before, after = Path("../gradebook.csv").read_bytes(), Path("one.csv").read_bytes()
    expected = before.replace(b"alan@x.edu,Sec A,,,3,", b"alan@x.edu,Sec A,,,1,").replace(
        b"hop,Sec A,,7,,", b"hop,Sec A,,7,3,"
    )
    assert after == expected
    assert stat.S_IMODE(Path("one.csv").stat().st_mode) == 0o600
    told("export", "1", "--to", "canvas", "--into", "one.csv", "-o", "two.csv")
    assert Path("two.csv").read_bytes() == after
    told(
        "export",
        "--to",
        "canvas",
        "--into",
        "../gradebook.csv",
        "--unfinished",
        "--as",
        "01_mini (772)",
        "-o",
        "three.csv",
    )
    rows = {row[1]: row[7] for row in cells(Path("three.csv").read_bytes())}
    assert rows == {
        "ID": "01_mini (772)",
        "": "6.00",
        "2231": "4",
        "2232": "1",
        "2233": "",
        "2234": "3",
        "2235": "N/A",
        "9999": "",
    }


def test_points_by_exercise_and_a_new_column(graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(graded)
    _, said = told("export", "1", "--to", "canvas", "--into", "../gradebook.csv", "--per", "exercise", "-o", "one.csv")
    assert "01_mini: relu: a new column." in said
    found = cells(Path("one.csv").read_bytes())
    assert [row[8:11] for row in found[:4]] == [
        ["01_mini: relu", "01_mini: shape", "01_mini: why"],
        ["", "", ""],
        ["3", "1", "2"],
        ["3", "1", ""],
    ]
    assert [row[:8] + row[11:] for row in found] == cells(Path("../gradebook.csv").read_bytes())


def test_late_penalties_count_and_what_could_not_be_graded_has_no_mark(
    graded: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(graded, tmp_path / "late")
    monkeypatch.chdir(tmp_path / "late")
    with Gradebook(f"sqlite:///{tmp_path}/late/gradebook.db") as gradebook:
        withdraw_marks(gradebook, CHAPTER, "alan@x.edu")
        gradebook.find_submission_notebook("1_mini", CHAPTER, "hop").late_submission_penalty = 1.25
        gradebook.db.commit()
    assert told("export", "1", "--to", "csv", "-o", "list.csv")[0] == 0
    assert {row[0]: row[4] for row in cells(Path("list.csv").read_bytes())[2:]} == {
        "hop": "1.75",
        "ada": "",
        "emmy": "2",
        "sio": "",
        "alan@x.edu": "",
    }
    assert told("export", "1", "--to", "csv", "--per", "exercise", "-o", "list.csv")[0] == 0
    rows = {row[0]: row[4:] for row in cells(Path("list.csv").read_bytes())}
    assert rows["student_id"] == ["01_mini: relu", "01_mini: shape", "01_mini: why", "01_mini: late penalty"]
    assert (rows["hop"], rows["ada"], rows["alan@x.edu"]) == (["3", "0", "0", "-1.25"], ["3", "1", "", ""], [""] * 4)


def test_tables_without_the_platforms_own(graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(graded)
    assert told("export", "1", "--to", "csv", "-o", "list.csv")[0] == 0
    assert cells(Path("list.csv").read_bytes())[:3] == [
        ["student_id", "last_name", "first_name", "email", "01_mini"],
        ["", "", "", "points possible", "6"],
        ["hop", "'=SUM(A1)", "Hopper", "", "3"],
    ]
    assert told("export", "1", "--to", "canvas", "-o", "new.csv")[0] == 0
    assert cells(Path("new.csv").read_bytes())[:4] == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01_mini"],
        ["    Points Possible", "", "", "", "", "6"],
        ['="=SUM(A1), Hopper"', "2234", "s04", "hop", "", "3"],
        ["Lovelace, Ada", "2231", "s01", "ada", "", ""],
    ]
    assert told("export", "1", "--to", "brightspace", "-o", "new.csv")[0] == 0
    assert cells(Path("new.csv").read_bytes())[1] == ["#s04", "#hop", "=SUM(A1)", "Hopper", "3", "#"]
    assert "name it: --into FILE" in told("export", "1", "--to", "moodle")[1]
    assert (
        "stays as it is"
        in told("export", "1", "--to", "canvas", "--into", "../gradebook.csv", "-o", "../gradebook.csv")[1]
    )


@pytest.mark.parametrize(
    ("platform", "text", "expected"),
    [
        (
            "brightspace",
            "OrgDefinedId,Username,Mini Points Grade <Numeric MaxPoints:12>,Calculated Final Grade Numerator,End-of-Line Indicator\n#s04,#hop,,1,#\n#s02,#alan@x.edu,3.5,,#",
            "2,#hop,6,1,#",
        ),
        (
            "blackboard",
            'sep=;\r\n"Last Name";"First Name";"Username";"Mini [Total Pts: 12,0 Score] |77"\r\n"SUM(A1)";"Hopper";"hop";""\r\n"Turing";"Alan";"alan@x.edu";"3,5"\r\n',
            '"hop";"6"',
        ),
        (
            "moodle",
            "First name,Last name,ID number,Email address,Assignment: Mini (Real),Course total (Real),Last downloaded from this course\nHopper,x,s04,h@x,-,-,1\nAlan,Turing,s02,,-,-,1",
            "s04,h@x,3,-",
        ),
    ],
)
def test_other_tables_and_points_that_are_converted(
    graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, text: str, expected: str
) -> None:
    monkeypatch.chdir(graded)
    (tmp_path / "t.csv").write_bytes(text.encode("utf-16" if platform == "blackboard" else "utf-8"))
    status, said = told(
        "export",
        "1",
        "--to",
        platform,
        "--into",
        str(tmp_path / "t.csv"),
        "--as",
        "Mini",
        "--scale",
        "-o",
        str(tmp_path / "o.csv"),
    )
    assert status == 0, said
    written = (tmp_path / "o.csv").read_bytes()
    shown = written.decode("utf-16" if platform == "blackboard" else "utf-8")
    assert expected.replace("2,#hop", "#hop") in shown
    assert len(shown.splitlines()) == len(text.splitlines())


def test_a_table_keeps_its_bytes_until_a_cell_is_given_another_text() -> None:
    for data in (
        b'a,"b ""q""", c\r\n1,"x\ny",\n,,""',
        b'\xef\xbb\xbf"a";\'b\'\n"1";2\n\n',
        "\ufeffa\tb\r\n1\t2".encode("utf-16-le"),
        b"a,b\xe9\r\n1,\r\n",
    ):
        assert parse_table(data, "t").encode() == data
    table = parse_table(b'"a","b"\n"1","2"\n3', "t")
    table.set(2, 1, 'x"y')
    table.set(1, 0, "1")
    assert table.encode() == b'"a","b"\n"1","2"\n3,"x""y"'
    with pytest.raises(CourseError, match="isn't a table"):
        parse_table(b"PK\x03\x04\0\0", "t")


def test_moodle_there_and_back(course: Path, make: Maker, told: Told, tmp_path: Path, quick: None) -> None:
    write_zip(
        tmp_path / "m.zip",
        {
            "Ada Lovelace_12345_assignsubmission_file_/1_mini.ipynb": make(relu=RIGHT, shape=SHAPE),
            'Zoë, the "Great" =X_12346_assignsubmission_file_/p1 (1).ipynb': make(relu=WRONG),
        },
    )
    sheet = tmp_path / "Grades.csv"
    sheet.write_text(WORKSHEET, encoding="utf-8-sig", newline="")
    assert main(["roster", "import", str(sheet)]) == 0
    assert main(["collect", "1", str(tmp_path / "m.zip"), str(sheet), "--timezone", "UTC"]) == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.add_assignment(CHAPTER)
    assert main(["grade", "1"]) == 0
    status, said = told("export", "1", "--to", "moodle", "--into", str(sheet))
    assert status == 0, said
    written = (course / "exports" / "01_mini.moodle.csv").read_bytes()
    assert written == sheet.read_bytes().replace(b'Graded",50.00,', b'Graded",4,').replace(
        b'grading",,6.00', b'grading",1,6.00'
    )
    assert told("export", "1", "--feedback", "moodle")[0] == 0
    with zipfile.ZipFile(course / "exports" / "01_mini.moodle-feedback.zip") as packed:
        assert packed.namelist() == [
            "Ada Lovelace_12345_assignfeedback_file_/1_mini.html",
            'Zoë, the "Great" =X_12346_assignfeedback_file_/1_mini.html',
        ]
    first = (course / "exports" / "01_mini.moodle-feedback.zip").read_bytes()
    told("export", "1", "--feedback", "moodle")
    assert (course / "exports" / "01_mini.moodle-feedback.zip").read_bytes() == first


def test_canvas_gets_feedback_under_the_names_of_the_uploads(
    graded: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(graded)
    assert told("export", "1", "--feedback", "canvas", "-o", "f.zip")[0] == 0
    with zipfile.ZipFile("f.zip") as packed:
        assert packed.namelist() == [
            "lovelaceada_2231_98770_1_mini-1.ipynb",
            "noetheremmy_2235_98771_hw.zip",
            "suma1hopper_2234_98769_1_mini.ipynb.txt",
            "turingalan_2232_98766_p1 (1).ipynb",
        ]
        text = packed.read("turingalan_2232_98766_p1 (1).ipynb").decode()
    assert "**Points: 1 of 3**" in text
    assert "keeps what is negative" in text
    assert "HIDDEN TESTS" not in text
    assert "seed=1" not in text


# --- nbgrader's own commands ------------------------------------------------------------------------------------------


def test_stock_nbgrader_collects_and_exports_through_the_plugins(course: Path, make: Maker, graded: Path) -> None:
    folder = course / "downloaded" / CHAPTER / "archive"
    folder.mkdir(parents=True)
    write_canvas(folder / "submissions.zip", make)
    run_nbgrader(
        course,
        "zip_collect",
        CHAPTER,
        "--force",
        *(f"--{kind}=autograder.platforms.plugins.Platform{kind.capitalize()}" for kind in ("collector", "extractor")),
    )
    assert {"lovelaceada", "turingalan", "noetheremmy"} <= set(stamps(course))
    assert answer(course, "lovelaceada") == RIGHT
    before = Path(graded / "../gradebook.csv")
    run_nbgrader(
        graded,
        "export",
        "--exporter=autograder.platforms.plugins.CanvasExport",
        f"--CanvasExport.into={before.resolve()}",
        "--to=stock.csv",
    )
    assert {row[1]: row[7] for row in cells((graded / "stock.csv").read_bytes())}["2234"] == "3"


# --- grading on the platform ------------------------------------------------------------------------------------------


@pytest.fixture
def package(course: Path, told: Told) -> Path:
    """Gradescope's zip, unpacked where Gradescope does."""
    assert told("package", "gradescope", "1", "-o", "g.zip")[0] == 0
    data = Path("g.zip").read_bytes()
    told("package", "gradescope", "1", "-o", "h.zip")
    assert Path("h.zip").read_bytes() == data
    with zipfile.ZipFile("g.zip") as packed:
        assert {"setup.sh", "run_autograder"} <= set(packed.namelist())
        assert packed.getinfo("run_autograder").external_attr >> 16 & 0o111
        packed.extractall(course.parent / "root" / "source")
    return course.parent / "root"


def test_a_chapter_with_variants_is_not_packed(course: Path, told: Told) -> None:
    """A grader on a platform doesn't know the ids that variants are drawn by."""
    (course / "source" / CHAPTER / "variants.json").write_text('{"key": "autumn", "exercises": {}}')
    for platform in ("gradescope", "github-classroom"):
        status, said = told("package", platform, "1")
        assert (status, "Switch that off first: course variants off" in said) == (1, True), said
    assert not (course / "packages").exists()


def test_gradescopes_results_have_parts_and_messages_and_no_hidden_test(
    package: Path, make: Maker, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = package / "source" / "course"
    (package / "submission").mkdir()
    (package / "submission" / "p1 (1).ipynb").write_bytes(make(relu=WRONG, why="They are linear."))
    assert container.main(["prepare", str(inner)]) == 0
    assert container.main(["run", str(inner), str(package / "submission"), str(package)]) == 0
    text = (package / "results.json").read_text(encoding="utf-8")
    results = json.loads(text)
    assert results["score"] == 1
    assert [(one["name"], one.get("score"), one.get("max_score"), one.get("status")) for one in results["tests"]] == [
        ("relu", 1, 3, "failed"),
        ("shape", 0, 1, "failed"),
        ("why", None, None, None),
    ]
    assert "keeps what is negative" in results["tests"][0]["output"]
    assert "✓ empty input" in results["tests"][0]["output"]
    assert "seed=1" not in text
    assert "HIDDEN" not in text
    monkeypatch.setenv("GITHUB_OUTPUT", str(package / "output"))
    assert container.main(["run", str(inner), str(package / "submission"), str(package), "--as", "github"]) == 0
    name, _, encoded = (package / "output").read_text().strip().partition("=")
    told = json.loads(base64.b64decode(encoded))
    assert (name, told["version"], told["max_score"], [one["score"] for one in told["tests"]]) == (
        "result",
        1,
        4,
        [1, 0],
    )
    (package / "submission" / "p1 (1).ipynb").write_text("nothing")
    assert container.main(["run", str(inner), str(package / "submission"), str(package)]) == 0
    assert "There is no notebook of this assignment" in json.loads((package / "results.json").read_text())["output"]
    (package / "results.json").unlink()
    monkeypatch.setattr(container.doctor, "stands", lambda: False)
    assert container.main(["run", str(inner), str(package / "submission"), str(package)]) == 1
    assert not (package / "results.json").exists()  # the grader's trouble is nobody's mark


@NIGHTLY
def test_the_scripts_of_the_package_run_as_gradescope_runs_them(package: Path, make: Maker) -> None:
    (package / "submission").mkdir()
    (package / "submission" / "1_mini.ipynb").write_bytes(make(relu=RIGHT, shape=SHAPE))
    shutil.copy2(package / "source" / "run_autograder", package / "run_autograder")
    (package / "run_autograder").chmod(0o755)
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"AUTOGRADER_ROOT": str(package), "AUTOGRADER_PYTHON": sys.executable}
    subprocess.run(["bash", str(package / "source" / "setup.sh")], env=environment, check=True)
    subprocess.run([str(package / "run_autograder")], env=environment, check=True, cwd=package)
    assert json.loads((package / "results" / "results.json").read_text())["score"] == 4


def test_github_classroom_gets_two_repositories_and_the_students_one_has_no_hidden_test(
    course: Path, told: Told
) -> None:
    assert told("package", "github-classroom", "1", "-o", "out")[0] == 0
    assert sorted(
        path.relative_to("out/template").as_posix() for path in Path("out/template").rglob("*") if path.is_file()
    ) == [
        ".github/workflows/classroom.yml",
        "1_mini.ipynb",
        "mistakes.json",
    ]
    assert "HIDDEN TESTS" not in Path("out/template/1_mini.ipynb").read_text()
    assert "HIDDEN TESTS" in Path("out/grader/course/source/01_mini/1_mini.ipynb").read_text()
    import yaml

    steps = yaml.safe_load(Path("out/template/.github/workflows/classroom.yml").read_text())["jobs"][
        "run-autograding-tests"
    ]["steps"]
    assert steps[-1]["env"] == {"GRADE_RESULTS": "${{ steps.grade.outputs.result }}"}
    assert steps[-2]["id"] == steps[-1]["with"]["runners"] == "grade"
    assert "is there already" in told("package", "github-classroom", "1", "-o", "out")[1]


def test_the_files_of_a_folder_are_listed_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ipynb").write_text("{}")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    with Opener() as opener:
        assert [(one.name, bool(one.trouble)) for one in opener.list(tmp_path / "in")] == [
            ("a.ipynb", False),
            ("loop", True),
        ]
        with pytest.raises(CourseError, match="There is no file"):
            list(opener.list(tmp_path / "none"))

"""Files as platforms write them where somebody's name, zip or table is odd: each becomes something, and nobody is mistaken for somebody else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from handed_out import RIGHT, WRONG, Maker, write_zip, zipped

from autograder.errors import CourseError
from autograder.platforms.exporting import Rules, merge
from autograder.platforms.intake import Intake
from autograder.platforms.marks import Column, Mark
from autograder.platforms.naming import Known, read_name, read_plain
from autograder.platforms.pieces import Collected, Ways
from autograder.platforms.roster import Person, Roster, import_table
from autograder.platforms.tables import parse_table

CHAPTER = "01_mini"


@pytest.mark.parametrize(
    ("path", "platform", "who", "file", "when"),
    [
        ("lí明_12_902_p1-2.ipynb", "canvas", ("12", "lí明"), "p1-2.ipynb", None),
        ("obrienmaryjane_LATE_11_901_p1.ipynb", "canvas", ("11", "obrienmaryjane"), "p1.ipynb", None),
        ("anon_x7f2k_907_1_mini.ipynb", "canvas", ("anon_x7f2k", ""), "1_mini.ipynb", None),
        ("مريم علي_7_assignsubmission_file_/p 1.ipynb", "moodle", ("7", "مريم علي"), "p 1.ipynb", None),
        ("Anna_Maria Lee_7_assignsubmission_file_/a/p.ipynb", "moodle", ("7", "Anna_Maria Lee"), "p.ipynb", None),
        ("参与者 111_111_assignsubmission_file_/p.ipynb", "moodle", ("111", ""), "p.ipynb", None),
        ("Teilnehmer_in 9_9_assignsubmission_file_/p.ipynb", "moodle", ("9", ""), "p.ipynb", None),
        (
            "13-9 - Ana - Maria Silva - Jun 1, 2025 1105 AM/p.ipynb",
            "brightspace",
            ("13", "Ana - Maria Silva"),
            "p.ipynb",
            datetime(2025, 6, 1, 11, 5),
        ),
        ("15-9 - Jürgen Groß - Mai 18, 2025 1224/p.ipynb", "brightspace", ("15", "Jürgen Groß"), "p.ipynb", None),
        (
            "14-9 - Bo Li - Sep 18, 2025 12:24 PM - p.ipynb",
            "brightspace",
            ("14", "Bo Li"),
            "p.ipynb",
            datetime(2025, 9, 18, 12, 24),
        ),
        (
            "HW_1_o'neil_attempt_2025-05-18-12-24-05_hw.zip/a/p.ipynb",
            "blackboard",
            ("o'neil", ""),
            "p.ipynb",
            datetime(2025, 5, 18, 12, 24, 5),
        ),
    ],
)
def test_names(path: str, platform: str, who: tuple[str, str], file: str, when: datetime | None) -> None:
    named = read_name(("out.zip", *path.split("/")), Known())
    assert named
    [one] = named.who
    assert (named.platform, (one.key, one.name), named.file, named.when) == (platform, who, file, when)


def test_a_number_of_gradescopes_is_nobodys_name() -> None:
    assert read_name(("out.zip", "2025-2026 - Algebra - Spring 2026", "p.ipynb"), Known()) is None
    assert read_plain(("out.zip", "submission_45", "p.ipynb"), ["p"], Known(), ()) is None


@pytest.fixture
def course(mini: Path, tmp_path: Path) -> Path:
    shutil.copytree(mini, tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def collect(course: Path) -> Callable[..., Collected]:
    def run(files: dict[str, bytes | str], *people: Person) -> Collected:
        write_zip(course.parent / "out.zip", files)
        shutil.rmtree(course / "submitted", ignore_errors=True)
        return Intake(course, CHAPTER, Roster(people, bool(people)), Ways()).collect([course.parent / "out.zip"])

    return run


def test_who_has_no_notebook_is_told_whatever_else_is_there(collect: Callable[..., Collected], course: Path) -> None:
    one = Maker(course, CHAPTER)(relu=RIGHT)
    done = collect(
        {
            "ada_11_1_1_mini.ipynb": one,
            "ada_11_2_1_mini-checkpoint.ipynb": Maker(course, CHAPTER)(relu=WRONG) + b" " * 999,
            "ada_11_text.html": "<p>Hello</p>",
            "bo_12_text.html": "<p>My answer</p>",
            "cy_13_3_hw.zip": zipped({"hw/.ipynb_checkpoints/1_mini-checkpoint.ipynb": one}),
            "dan_14_4_1_mini-checkpoint.ipynb": one,
            "eve_15_5_1_mini.ipynb": "",
            "fay_16_6_1_mini.ipynb": one.decode().encode("utf-16"),
            "gus_17_7_hw.zip": zipped({}),
            "hal_18_8_hw.tar.gz": "x",
            "ivy_19_9_hw.zip": zipped({"1_mini.ipynb": one, "copy/1_mini.ipynb": one}),
        }
    )
    assert set(done.students) == {"ada", "dan", "ivy"}
    assert RIGHT.split("\n")[1] in (course / "submitted/ada/01_mini/1_mini.ipynb").read_text(encoding="utf-8")
    needs = {told.path.partition("/")[2].partition("_")[0]: told.says for told in done.troubles}
    assert set(needs) == {"bo", "cy", "eve", "fay", "gus", "hal"}
    assert "what the student typed on Canvas, and there is no notebook" in needs["bo"]
    assert "a copy that Jupyter made for itself" in needs["cy"]
    assert "It is empty" in needs["eve"]
    assert "UTF-16" in needs["fay"]
    assert "The zip is empty" in needs["gus"]
    assert ".tar.gz" in needs["hal"]
    assert len({told.path for told in done.told}) == 12  # each file became something


def test_two_people_of_one_name_are_not_taken_for_one(collect: Callable[..., Collected], course: Path) -> None:
    make = Maker(course, CHAPTER)
    files: dict[str, bytes | str] = {
        "Anna Lee_105_assignsubmission_file_/1_mini.ipynb": make(relu=RIGHT),
        "Anna Lee_106_assignsubmission_file_/1_mini.ipynb": make(relu=WRONG),
        "Team A-Bo Li-Ng_107_assignsubmission_file_/1_mini.ipynb": make(relu=RIGHT),
    }
    known = Person("bo", "Bo", "Li-Ng"), Person("anna", "Anna", "Lee")
    done = collect(files, *known)
    assert set(done.students) == {"bo"}  # the group's name is in front of his
    assert ["somebody else of that name" in told.says for told in done.troubles] == [True, True]
    sheet = (
        'Identifier,"Full name","Email address",Grade\nParticipant 105,Anna Lee,a@x,\nParticipant 106,Anna Lee,b@x,\n'
    )
    assert set(collect(files | {"grades.csv": sheet}).students) == {"a@x", "b@x", "team-a-bo-li-ng"}


def test_a_folder_around_a_class_is_not_a_student(collect: Callable[..., Collected], course: Path) -> None:
    one = Maker(course, CHAPTER)(relu=RIGHT)
    assert set(collect({"HW 1/ada_1_mini.ipynb": one, "HW 1/bo_1_mini (1).ipynb": one}).students) == {"ada", "bo"}
    assert set(collect({"ada/1_mini.ipynb": one, "ada/old_1_mini.ipynb": one}).students) == {"ada"}


def test_students_of_tables_with_odd_rows(tmp_path: Path) -> None:
    def read(text: str) -> tuple[list[str], list[str]]:
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        done = import_table(Roster(), tmp_path / "t.csv")
        return [one.id for one in done.new], done.warnings

    digest = "abcdef0123" * 4
    assert read(f'Student,ID,SIS Login ID,Section\n"Lee,\nAnna",1,al,A\n"Teilnehmer, Test",9,{digest},A\n') == (
        ["al"],
        ["Line 3: Teilnehmer, Test is the platform's own student, and was left out."],
    )
    unlinked = '"identifier","github_username","github_id","name"\n"ada@x.edu","","",""\n"Bo","bo-l","2",""\n'
    assert read(unlinked)[0] == ["ada@x.edu", "bo-l"]


def test_marks_go_where_the_platform_waits_for_them() -> None:
    roster = Roster([Person("ada", keys={"login": ["ada"]}), Person("bo", keys={"login": ["bo"]})])
    column = Column(CHAPTER, "", 6, {"ada": Mark(3), "bo": Mark(4)})

    def write(platform: str, text: str) -> tuple[bytes, list[str]]:
        done = merge(parse_table(text.encode(), "t"), "t", platform, [column], roster, Rules())
        again = merge(parse_table(done.data, "t"), "t", platform, [column], roster, Rules())
        assert again.data == done.data
        return done.data, done.remarks

    head = "Last Name,First Name,Username,01_mini [Total Pts: 6 Score] |1\n"
    data, _ = write("blackboard", f"{head}Lee,Ada,ada,Needs Grading\nLi,Bo,bo,5\n")
    assert data.decode() == f"{head}Lee,Ada,ada,3\nLi,Bo,bo,4\n"
    canvas = "Student,ID,SIS Login ID,Section,01_mini (1)\n    Points Possible,,,,(read only)\n"
    _, remarks = write("canvas", f"{canvas}Ada,1,ada,,\n")
    assert "01_mini (1): Canvas says that it is read only, so an import won't change it there." in remarks
    with pytest.raises(CourseError, match="the same student twice"):
        write("canvas", f"{canvas}Ada,1,ada,,\nAda,1,ada,,\n")
    with pytest.raises(CourseError, match="a spreadsheet has rounded"):
        write("canvas", f"{canvas}Ada,1.1E+10,ada,,\n")

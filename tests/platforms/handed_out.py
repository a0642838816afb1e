"""What each platform hands out, made as its documentation and its code have it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import nbformat

from autograder.grading.submissions import fill_in

RIGHT = "def relu(z):\n    return z.clamp(min=0)"
WRONG = "def relu(z):\n    return z.clamp(max=0)"
SHAPE = "shape = (2, 5)"
TIME = (2026, 9, 1, 17, 3, 0)


class Maker:
    """Makes a student's notebook of a released one."""

    def __init__(self, course: Path, chapter: str) -> None:
        [path] = (course / "release" / chapter).glob("*.ipynb")
        self.release = nbformat.read(path, as_version=4)

    def __call__(self, **answers: str) -> bytes:
        return str(nbformat.writes(fill_in(self.release, answers), version=4)).encode()


def write_zip(
    path: Path | io.BytesIO, files: Mapping[str, bytes | str], times: Mapping[str, tuple[int, ...]] | None = None
) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (*(times or {}).get(name, TIME),))  # type: ignore[arg-type]
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, data)


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    write_zip(target, files)
    return target.getvalue()


GRADESCOPE = """---
submission_41:
  :submitters:
  - :name: Ada Lovelace
    :sid: '100'
    :email: ada@x.edu
  - :name: Alan Turing
    :sid: '101'
    :email: alan@x.edu
  :created_at: 2026-09-01 15:03:00.123456789 Z
  :score: 1.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    score: 1
"""

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Essay (771),01_mini (772),Assignments Current Score,Current Score,Final Score\r\n"
    ",,,,,,,Manual Posting,,,\r\n"
    '    Points Possible,,,,,(read only),"10.0",6.00,(read only),(read only),(read only)\r\n'
    '"Lovelace, Ada",2231,s01,ada,"Sec ""A""","x,y",9.5,,95.0,95.0,50.0\r\n'
    '"Turing, Alan",2232,s02,alan@x.edu,Sec A,,,3,0,0,0\r\n'
    '"O\'Hara, Siobhan",2233,s03,sio,Sec A,,EX,,,,\r\n'
    '"=""=SUM(A1), Hopper""",2234,s04,hop,Sec A,,7,,,,\r\n'
    '"Noether, Emmy",2235,s05,emmy,Sec A,,8,N/A,,,\r\n'
    '"Student, Test",9999,,,Sec A,,,,,,\r\n'
)

WORKSHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"\r\n'
    '"Participant 12345","Ada Lovelace",ada@x.edu,"Submitted for grading - Graded",50.00,6.00,Yes,"Tuesday, 1 September 2026, 5:03 PM","Wednesday, 2 September 2026, 1:00 PM","<p>ok, ""fine""</p>"\r\n'
    '"Participant 12346","Zoë, the ""Great"" =X",zoe@x.edu,"Submitted for grading",,6.00,Yes,"Wednesday, 2 September 2026, 9:00 AM",-,\r\n'
    '"Participant 12347","No Body",no@x.edu,"No submission",,6.00,Yes,-,-,\r\n'
)


def write_canvas(path: Path, make: Maker) -> None:
    """Ada twice, Alan late and renamed, a page for a notebook, a text for one, a zip with what programs leave, a text entry."""
    inner = {
        "hw/1_mini.ipynb": make(relu=WRONG, shape=SHAPE),
        "hw/__MACOSX/._1_mini.ipynb": "x",
        "hw/.ipynb_checkpoints/1_mini-checkpoint.ipynb": make(),
        "hw/data/points.csv": "1,2",
        "../../evil.ipynb": make(),
    }
    files = {
        "lovelaceada_2231_98765_1_mini.ipynb": make(relu=WRONG),
        "lovelaceada_2231_98770_1_mini-1.ipynb": make(relu=RIGHT, shape=SHAPE, why="They are linear."),
        "turingalan_LATE_2232_98766_p1 (1).ipynb": make(relu=WRONG),
        "oharasiobhan_2233_98767_1_mini.html": "<!DOCTYPE html><html><body class='jupyter'>",
        "sum(a1)hopper_2234_98769_1_mini.ipynb.txt".replace("(", "").replace(")", ""): make(relu=RIGHT),
        "noetheremmy_2235_98771_hw.zip": zipped(inner),
        "oharasiobhan_2233_text.html": "<p>Sorry.</p>",
    }
    write_zip(path, files)

"""What each platform's table looks like: which columns say who somebody is, which hold points, where a new one goes.

Canvas, Moodle, Brightspace and Blackboard import the table that they export; of the others only the students are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from autograder.errors import CourseError
from autograder.platforms.tables import Table

Keys = dict[str, str]


@dataclass(frozen=True)
class Layout:
    """A kind of table. `people` has for each field of a person, or kind of key, the names of its column in lower case."""

    name: str
    platform: str
    asks: frozenset[str]
    """Columns that a table of this kind has."""
    people: dict[str, tuple[str, ...]]
    fixed: re.Pattern[str] = field(default=re.compile("(?!)"))
    """Columns that hold no points of an assignment."""
    title: re.Pattern[str] = field(default=re.compile("(?P<title>.*)"))
    """The title of an assignment, and perhaps its points as `most`, in the name of its column."""
    make: Callable[[str, float], str] = lambda title, most: title
    """The name of a new column."""
    clean: Callable[[str], str] = str.strip
    """The text of an id or a name, without what the platform puts around it."""
    totals: re.Pattern[str] = field(default=re.compile("(?!)"))
    """Columns that come after those of the assignments."""
    exports: bool = True


def _lower(*names: str) -> frozenset[str]:
    return frozenset(names)


def unformula(text: str) -> str:
    """`="=Name"`, as Canvas writes a name that a spreadsheet would run, and `="0042"`, as other programs write numbers."""
    text = text.strip()
    found = re.fullmatch(r'="?(.*?)"?', text, re.DOTALL)
    return found[1] if found and text.startswith('="') else text


_CANVAS_TOTALS = r"(?:.* )?(?:Unposted )?(?:Current|Final) (?:Score|Points|Grade)(?: \(.*\))?|Override (?:Score|Grade|Status)(?: \(.*\))?"
_NUMBER = r"\d+(?:[.,]\d+)?"

LAYOUTS = (
    Layout(
        "Canvas's gradebook",
        "canvas",
        _lower("student|lastname", "id", "section"),
        {
            "name": ("student",),
            "last_name": ("lastname",),
            "first_name": ("firstname",),
            "canvas": ("id",),
            "number": ("sis user id",),
            "login": ("sis login id",),
        },
        re.compile(
            r"Student|LastName|FirstName|ID|SIS User ID|SIS Login ID|Integration ID|Root Account|Section|Notes|"
            + _CANVAS_TOTALS
        ),
        re.compile(r"(?P<title>.*?)(?: \((?P<id>\d+)\))?"),
        clean=unformula,
        totals=re.compile(_CANVAS_TOTALS),
    ),
    Layout(
        "Moodle's grading worksheet",
        "moodle",
        _lower("identifier", "grade"),
        {
            "moodle": ("identifier",),
            "name": ("full name",),
            "email": ("email address",),
            "number": ("id number",),
            "login": ("username",),
        },
        re.compile(r"(?!Grade$).*"),
        clean=lambda text: re.sub(r"^\D+ (\d+)$", r"\1", text.strip()),
    ),
    Layout(
        "Moodle's gradebook",
        "moodle",
        _lower("first name", "last name|surname", "email address", "last downloaded from this course"),
        {
            "first_name": ("first name",),
            "last_name": ("last name", "surname"),
            "number": ("id number",),
            "email": ("email address",),
            "login": ("username",),
        },
        re.compile(
            r"First name|Last name|Surname|ID number|Username|Institution|Department|Email address|Groups?|Last downloaded from this course|(?:Course|Category) total.*|.* total \(.*\)"
        ),
        re.compile(r"(?:[A-Z][\w ]*: ?)?(?P<title>.*?)(?: \((?:Real|Percentage|Letter)\))?"),
        totals=re.compile(r"(?:.* )?total(?: \(.*\))?|Last downloaded from this course"),
    ),
    Layout(
        "Brightspace's grades",
        "brightspace",
        _lower("end-of-line indicator"),
        {
            "number": ("orgdefinedid", "org defined id"),
            "login": ("username",),
            "last_name": ("last name",),
            "first_name": ("first name",),
            "email": ("email",),
        },
        re.compile(
            r"OrgDefinedId|Org Defined ID|Username|Last Name|First Name|Email|Sections?|Groups?|.*(?:Numerator|Denominator|Subtotal.*)|End-of-Line Indicator"
        ),
        re.compile(rf"(?P<title>.*?) Points Grade(?: <Numeric MaxPoints:(?P<most>{_NUMBER}).*>)?"),
        make=lambda title, most: f"{title} Points Grade",
        clean=lambda text: text.strip().removeprefix("#"),
        totals=re.compile(r".*(?:Numerator|Denominator)|End-of-Line Indicator"),
    ),
    Layout(
        "Blackboard's Grade Center",
        "blackboard",
        _lower("last name", "first name", "username"),
        {
            "last_name": ("last name",),
            "first_name": ("first name",),
            "login": ("username",),
            "number": ("student id",),
            "email": ("email",),
        },
        re.compile(r"Last Name|First Name|Username|Student ID|Email|Last Access|Availability|Child Course ID"),
        re.compile(rf"(?P<title>.*?) \[Total Pts: (?:up to )?(?P<most>{_NUMBER}).*?\](?: \|(?P<id>\d+))?"),
    ),
    Layout(
        "GitHub Classroom's roster",
        "github",
        _lower("identifier", "github_username"),
        {"github": ("github_username",), "name": ("name",), "identifier": ("identifier",)},
        exports=False,
    ),
    Layout(
        "Gradescope's table",
        "gradescope",
        _lower("name|first name", "sid", "email"),
        {
            "name": ("name",),
            "first_name": ("first name",),
            "last_name": ("last name",),
            "number": ("sid",),
            "email": ("email",),
        },
        exports=False,
    ),
    Layout(
        "Google Classroom's grades",
        "google",
        _lower("last name", "first name", "email address"),
        {"last_name": ("last name",), "first_name": ("first name",), "email": ("email address",)},
        exports=False,
    ),
    Layout(
        "a list of students",
        "csv",
        _lower("id|student_id|student id|email|e-mail|email address|username|name"),
        {
            "id": ("id", "student_id", "student id"),
            "name": ("name", "full name", "full_name", "student"),
            "first_name": ("first_name", "first name", "firstname"),
            "last_name": ("last_name", "last name", "lastname", "surname"),
            "email": ("email", "e-mail", "email address"),
            "login": ("username", "login"),
            "number": ("number", "sid", "matriculation number"),
            "canvas": ("lms_user_id", "canvas"),
            "github": ("github", "github_username"),
        },
        exports=False,
    ),
)


def find_layout(table: Table, name: str, platform: str = "") -> Layout:
    """The kind of a table, of this platform where one is named. Raises `CourseError` where it is none of the known kinds."""
    columns = {column.casefold() for column in table.header}
    for layout in LAYOUTS:
        has = all(any(one in columns for one in asked.split("|")) for asked in layout.asks)
        if has and platform in ("", layout.platform):
            return layout
    kinds = ", ".join(dict.fromkeys(layout.platform for layout in LAYOUTS))
    asked = next((sorted(layout.asks) for layout in LAYOUTS if layout.platform == platform), None)
    wanted = [one.replace("|", " or ") for one in asked] if asked else None
    need = f" The table of {platform} has the columns {', '.join(wanted)}." if wanted else f" Known are: {kinds}."
    raise CourseError(
        f"{name} isn't a table that is known here: its columns are {', '.join(table.header[:8])}.{need} "
        "If the platform writes them in another language, switch it to English for the export."
    )


def find_people(table: Table, layout: Layout) -> dict[str, int]:
    """The columns of a table that say who somebody is."""
    names = [column.casefold() for column in table.header]
    return {
        field: next(names.index(one) for one in columns if one in names)
        for field, columns in layout.people.items()
        if any(one in names for one in columns)
    }


def read_person(table: Table, layout: Layout, columns: dict[str, int], row: int) -> Keys:
    """What a row says of a person, by field; without what it leaves empty."""
    texts = {field: layout.clean(table.get(row, column)) for field, column in columns.items()}
    return {field: text for field, text in texts.items() if text}


_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+")


def refuse_rounded(told: Keys, where: str) -> None:
    """Raises `CourseError` where an id is a number that a spreadsheet has rounded."""
    for name, text in told.items():
        if _ROUNDED.fullmatch(text) and name not in ("name", "first_name", "last_name"):
            raise CourseError(
                f"{where}: '{text}' is a number that a spreadsheet has rounded. Download the table again, and give it "
                "without opening it in between."
            )


def list_students(table: Table, layout: Layout) -> list[int]:
    """The rows that are students: not the header, the points possible, nor a row with remarks."""
    columns = find_people(table, layout)
    rows = []
    for row in range(1, len(table.rows)):
        first = table.get(row, 0)
        if (layout.platform == "canvas" and is_points_row(table, row)) or is_test_student(table, layout, row):
            continue
        if layout.platform == "google" and first.strip() in ("Date", "Points"):
            continue
        told = read_person(table, layout, columns, row)
        if told:
            rows.append(row)
    return rows


def is_test_student(table: Table, layout: Layout, row: int) -> bool:
    """Whether a row is the platform's own student: Canvas's, whose user name is a digest in every language, or Blackboard's preview user."""
    login = read_person(table, layout, find_people(table, layout), row).get("login", "")
    if layout.platform == "canvas":
        return table.get(row, 0) == "Student, Test" or bool(re.fullmatch(r"[0-9a-f]{40}", login))
    return layout.platform == "blackboard" and login.endswith("_previewuser")


def is_points_row(table: Table, row: int) -> bool:
    """Whether a row of Canvas's gradebook has the points of each assignment."""
    return table.get(row, 0).strip().startswith("Points Possible")

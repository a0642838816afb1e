"""The commands between the course and a learning platform."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.cli.parsing import CHAPTER, Adder, find_graded, show_path
from autograder.errors import CourseError
from autograder.grading.places import name_unit
from autograder.grading.texts import printable

if TYPE_CHECKING:
    from datetime import tzinfo

    from autograder.platforms.pieces import Collected
    from autograder.platforms.roster import Roster

SOURCES = ("canvas", "moodle", "brightspace", "blackboard", "gradescope", "github", "google", "plain")
TABLES = ("canvas", "moodle", "brightspace", "blackboard", "gradescope", "github", "google", "csv")
TARGETS = ("canvas", "moodle", "brightspace", "blackboard", "csv")


def _read_per(text: str) -> str:
    return "chapter" if text == "assignment" else text


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    collect = add("collect", _collect, "take what a learning platform handed out, and put it where it is graded")
    collect.add_argument("chapter", help=CHAPTER)
    collect.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="zips, folders or notebooks; with them, Moodle's worksheet"
    )
    collect.add_argument(
        "--from",
        dest="platform",
        choices=SOURCES,
        default="",
        help="whose names the files have (default: each file is tried)",
    )
    collect.add_argument("--student", default="", metavar="ID", help="all of it is the work of this student")
    collect.add_argument("--new", action="store_true", help="take students who aren't in the roster as new ones")
    collect.add_argument(
        "--timezone",
        default="",
        metavar="ZONE",
        help="of times without a zone, such as Europe/Berlin (default: this machine's)",
    )
    collect.add_argument(
        "--file-times",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether the time of a file in a zip is that of the submission",
    )
    collect.add_argument("--dry-run", action="store_true", help="only tell what each file is")

    roster = add("roster", _list_roster, "list the students, or take them from a platform's table")
    commands = roster.add_subparsers(metavar="import")
    imports = commands.add_parser("import", help="take students, with their ids and names, from a platform's table")
    imports.set_defaults(run=_import_roster)
    imports.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="the gradebook or the list of students that the platform exports, as CSV",
    )
    imports.add_argument(
        "--from", dest="platform", choices=TABLES, default="", help="the platform (default: seen from the columns)"
    )

    export = add("export", _export, "write marks, or feedback, as a learning platform imports them")
    export.add_argument("chapters", nargs="*", metavar="CHAPTER", help=f"{CHAPTER} (default: all that are graded)")
    export.add_argument(
        "--to", dest="platform", choices=TARGETS, default="", help="the platform, or csv for a spreadsheet"
    )
    export.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help="the table that the platform exported; it stays as it is, and the new one has all that it has",
    )
    export.add_argument(
        "--per",
        type=_read_per,
        choices=("chapter", "exercise"),
        default="chapter",
        help="a column for each chapter (default) or exercise",
    )
    export.add_argument(
        "--as", dest="title", default="", metavar="TITLE", help="the title of the assignment on the platform"
    )
    export.add_argument("--scale", action="store_true", help="convert points where the platform has another maximum")
    export.add_argument(
        "--unfinished", action="store_true", help="also write marks that a person has still to complete"
    )
    export.add_argument(
        "--feedback", choices=("moodle", "canvas"), default="", help="pack the feedback of one chapter instead of marks"
    )
    export.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write (default: in exports/)")
    _add_package(add)


def _add_package(add: Adder) -> None:
    package = add("package", _package, "pack the grading of a chapter for a platform that runs it itself")
    package.add_argument("platform", choices=("gradescope", "github-classroom"))
    package.add_argument("chapter", help=CHAPTER)
    package.add_argument(
        "--unsafe", action="store_true", help="grade also where student code can't be isolated from the tests"
    )
    package.add_argument("-o", "--output", type=Path, metavar="PATH", help="where to write (default: in packages/)")


@contextmanager
def _opened() -> Iterator[tuple[Path, Any, Roster]]:
    """The course, its gradebook and its roster."""
    from autograder.grading.database import find_url, load_config, open_gradebook
    from autograder.grading.places import find_assignment, find_places, forget_places
    from autograder.platforms.roster import load_roster

    course = Path.cwd()
    forget_places()
    if not Path("notebooks").is_dir() and not find_places(course).list_assignments():
        find_assignment(course, "")  # says that this isn't a course
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        yield course, gradebook, load_roster(course, gradebook)


def _collect(options: argparse.Namespace) -> int:
    from autograder.platforms.intake import Intake
    from autograder.platforms.pieces import Ways
    from autograder.platforms.roster import save_roster

    chapter = find_graded(options)
    with _opened() as (course, gradebook, roster):
        if options.student and options.student not in roster.people and not options.new and roster.complete:
            raise CourseError(
                f"There is no student '{options.student}'. 'course roster' lists them; --new takes a new one."
            )
        ways = Ways(
            options.platform,
            _find_zone(options.timezone),
            options.file_times,
            options.student,
            options.new,
            not options.dry_run,
        )
        collected = Intake(course, chapter, roster, ways).collect(options.files)
        if not options.dry_run and collected.students:
            save_roster(course, gradebook, roster)
    return _tell_collected(collected, chapter, options.dry_run)


def _find_zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(
            f"There is no time zone '{name}'. Zones are called Europe/Berlin, America/New_York, UTC."
        ) from None


def _tell_collected(collected: Collected, chapter: str, dry: bool) -> int:
    for one in collected.told:
        if not one.trouble and not one.junk:
            print(f"  {'✓' if one.taken else '·'} {printable(one.path)} → {printable(one.says)}")
    if junk := sum(one.junk for one in collected.told):
        print(
            f"  · {junk} {'file' if junk == 1 else 'files'} that programs make for themselves (checkpoints, __MACOSX, .git) → left out"
        )
    states = list(collected.students.values())
    counts = {
        "new": states.count("new"),
        "newer than before": sum(one.startswith("newer") for one in states),
        "the same as before": sum(one.startswith("the same as before") for one in states),
        "older than what is there": sum(one.startswith("kept") for one in states),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    print(
        f"{chapter}: {len(states)} {'submission' if len(states) == 1 else 'submissions'}{told and f': {told}'}.{' Nothing was written.' if dry else ''}"
    )
    if collected.newcomers:
        print(f"New in the roster: {printable(', '.join(collected.newcomers))}.")
    if collected.late:
        print(
            f"Late, says the platform, but not by how much, so no penalty is worked out: {printable(', '.join(collected.late))}."
        )
    if collected.untimed:
        print(f"No time is known for {collected.untimed} of {len(states)}: counted as handed in on time.")
    if collected.missing:
        print(f"Nothing from {len(collected.missing)} in the roster: {printable(', '.join(collected.missing))}.")
    if collected.troubles:
        count = len(collected.troubles)
        print(f"{count} {'file needs' if count == 1 else 'files need'} you; the others are told above:")
        for one in collected.troubles:
            print(f"  ✗ {printable(one.path)} → {printable(one.says)}")
    return 1 if collected.troubles or not states else 0


def _list_roster(options: argparse.Namespace) -> int:
    with _opened() as (_, _, roster):
        if not len(roster):
            print("The roster is empty. Fill it from a platform's table: course roster import FILE")
            return 0
        for one in sorted(
            roster.people.values(), key=lambda one: (one.last_name.casefold(), one.first_name.casefold(), one.id)
        ):
            keys = "; ".join(f"{kind} {', '.join(keys)}" for kind, keys in sorted(one.keys.items()) if keys)
            print("  " + printable("  ".join(filter(None, [one.id, one.name, one.email, keys and f"({keys})"]))))
        print(f"{len(roster)} {'student' if len(roster) == 1 else 'students'}.")
    return 0


def _import_roster(options: argparse.Namespace) -> int:
    from autograder.platforms.roster import import_table, save_roster

    with _opened() as (course, gradebook, roster):
        done = import_table(roster, options.file, options.platform)
        save_roster(course, gradebook, roster)
    for one in done.new:
        print("  new: " + printable(f"{one.id}  {one.name}"))
    for warning in done.warnings:
        print(f"course: {printable(warning)}", file=sys.stderr)
    print(f"{done.layout}: {len(done.new)} new, {len(done.more)} with more about them, {len(done.same)} as they were.")
    return 0


def _export(options: argparse.Namespace) -> int:
    if bool(options.platform) == bool(options.feedback):
        raise CourseError(
            "Say where to: --to canvas, --to moodle, --to brightspace, --to blackboard or --to csv, or --feedback moodle or canvas."
        )
    return _export_feedback(options) if options.feedback else _export_marks(options)


def _find_chapters(options: argparse.Namespace, gradebook: Any) -> list[str]:
    """Those that are named, or all that somebody handed in."""
    found = []
    for name in options.chapters:
        options.chapter = name
        found.append(find_graded(options))
    found = list(dict.fromkeys(found)) or sorted(one.name for one in gradebook.assignments if one.num_submissions)
    if not found:
        raise CourseError(f"Nothing has been graded yet. Run: course grade {name_unit(Path.cwd()).upper()}")
    return found


def _export_marks(options: argparse.Namespace) -> int:
    from autograder.platforms.exporting import Rules, merge, save, write_table
    from autograder.platforms.marks import read_columns
    from autograder.platforms.tables import read_table

    with _opened() as (course, gradebook, roster):
        chapters = _find_chapters(options, gradebook)
        columns = read_columns(course, gradebook, chapters, options.per == "exercise")
    if options.title and len(columns) > 1:
        raise CourseError(
            f"--as names one column, and there are {len(columns)} to write. Name one {name_unit(Path.cwd())}."
        )
    rules = Rules(options.unfinished, options.scale, options.title)
    if options.into:
        if options.platform == "csv":
            raise CourseError("--to csv makes a new table. To write into one, name the platform that it is from.")
        result = merge(read_table(options.into), str(options.into), options.platform, columns, roster, rules)
    else:
        result = write_table(options.platform, columns, roster, rules)
    name = chapters[0] if len(chapters) == 1 else "marks"
    path = options.output or Path("exports") / (
        f"{name}.csv" if options.platform == "csv" else f"{name}.{options.platform}.csv"
    )
    if options.into and path.resolve() == options.into.resolve():
        raise CourseError(
            f"{path} is the file that the platform exported, and stays as it is. Name another one: --output FILE."
        )
    save(path, result.data)
    for remark in result.remarks:
        print(f"  {printable(remark)}")
    for title, count in result.written.items():
        print(f"  {printable(title)}: {count} {'mark' if count == 1 else 'marks'}")
    print(f"Marks: {show_path(path)}")
    return 0


def _export_feedback(options: argparse.Namespace) -> int:
    from autograder.platforms.exporting import save
    from autograder.platforms.returning import pack_feedback

    if len(options.chapters) != 1:
        raise CourseError(f"Feedback goes back one {name_unit(Path.cwd())} at a time: name it.")
    with _opened() as (course, gradebook, _):
        [chapter] = _find_chapters(options, gradebook)
        packed = pack_feedback(course, chapter, options.feedback, gradebook)
    path = options.output or Path("exports") / f"{chapter}.{options.feedback}-feedback.zip"
    save(path, packed.data)
    for remark in packed.remarks:
        print(f"  {printable(remark)}")
    print(
        f"Feedback for {len(packed.students)} {'student' if len(packed.students) == 1 else 'students'}: {show_path(path)}"
    )
    return 0


def _package(options: argparse.Namespace) -> int:
    from autograder.platforms.exporting import save
    from autograder.platforms.packages import package_github, package_gradescope, write_folder

    chapter = find_graded(options)
    course = Path.cwd()
    if options.platform == "gradescope":
        path = options.output or Path("packages") / f"{chapter}.gradescope.zip"
        save(path, package_gradescope(course, chapter, options.unsafe))
        print(f"Autograder: {show_path(path)}\nUpload it as the autograder of a programming assignment on Gradescope.")
        return 0
    folder = options.output or Path("packages") / f"{chapter}.github-classroom"
    repositories = package_github(course, chapter, options.unsafe)
    for name in repositories:
        if (folder / name).exists() and any((folder / name).iterdir()):
            raise CourseError(f"{folder / name} is there already. Remove it, or name another folder: --output PATH.")
    for name, files in repositories.items():
        write_folder(folder / name, files)
    print(
        f"Repositories: {show_path(folder / 'template')} (students' repositories are made from it) and {show_path(folder / 'grader')} (private)"
    )
    return 0

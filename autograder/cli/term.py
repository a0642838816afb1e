"""The commands about time: due dates, extensions, who was late."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

from autograder.cli.parsing import CHAPTER, Adder, find_graded
from autograder.errors import CourseError
from autograder.grading.texts import printable

ZONE = "the time zone meant, such as Europe/Berlin (default: the one used last, or this machine's)"


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    due = add("due", _due, "show, set or remove the due date of a chapter")
    due.add_argument("chapter", help=CHAPTER)
    due.add_argument("when", nargs="?", help="such as '2026-11-30 18:00'; a day alone ends at 23:59; 'none' removes it")
    due.add_argument("--zone", default="", help=ZONE)
    due.add_argument(
        "--grace", default="", metavar="15m", help="lateness that costs nothing; 'none': as the course's rule has it"
    )

    extend = add("extend", _extend, "give students more time, also before they hand in")
    extend.add_argument("chapter", help=CHAPTER)
    extend.add_argument("students", nargs="+", metavar="STUDENT", help="the ids of students")
    extend.add_argument(
        "length", metavar="DURATION|WHEN", help="such as 2d or '2026-12-02 18:00'; 'none' takes it back"
    )
    extend.add_argument("--reason", default="", help="why, for the record")
    extend.add_argument("--zone", default="", help=ZONE)

    late = add("late", _late, "list who was late for a chapter, by how much, and what it costs")
    late.add_argument("chapter", help=CHAPTER)
    late.add_argument("--zone", default="", help=ZONE)

    watch = add("watch", _watch, "grade what comes into a folder or the exchange as it comes, and hand back feedback")
    watch.add_argument("chapters", nargs="*", metavar="CHAPTER", help=f"{CHAPTER} (default: all)")
    place = watch.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "--folder", type=Path, metavar="INBOX", help="a folder that notebooks, archives or folders come into"
    )
    place.add_argument("--exchange", action="store_true", help="nbgrader's exchange, as nbgrader_config.py has it")
    watch.add_argument("--outbox", type=Path, help="where feedback goes (default: beside what came into the folder)")
    watch.add_argument(
        "--attempts", type=int, metavar="N", help="how many attempts a student has (default: any number)"
    )
    watch.add_argument(
        "--counts", choices=("best", "last"), default="last", help="which attempt counts (default: last)"
    )
    watch.add_argument("-j", "--jobs", type=int, default=1, help="how many submissions at a time (default: 1)")
    watch.add_argument(
        "--poll", type=float, metavar="SECONDS", help="look every so often instead of waiting for the system's notice"
    )
    watch.add_argument("--once", action="store_true", help="grade what is there, then end")
    watch.add_argument("--unsafe", action="store_true", help="run student code without isolation (see 'course doctor')")


def _watch(options: argparse.Namespace) -> int:
    import signal

    from autograder.engine.runner import Engine
    from autograder.engine.walls import doctor
    from autograder.term.starting import make_watch

    if options.jobs < 1 or (options.attempts is not None and options.attempts < 1) or (options.poll or 1) <= 0:
        raise CourseError("-j, --attempts and --poll must be more than 0.")
    if not (options.unsafe or doctor.stands()):
        raise CourseError("Student code cannot be isolated on this system; 'course doctor' says what is missing.")
    chapters = [find_graded(argparse.Namespace(chapter=name)) for name in options.chapters]

    def say(text: str) -> None:
        print(f"{datetime.now():%H:%M:%S}  {printable(text)}", flush=True)

    def write(chapter: str) -> None:
        from autograder.reporting.report import write_report

        write_report(Path.cwd(), chapter)

    with Engine(not options.unsafe) as engine:
        watch = make_watch(
            Path.cwd(),
            chapters,
            options.folder,
            options.outbox,
            engine,
            attempts=options.attempts,
            counts=options.counts,
            jobs=options.jobs,
        )
        watch.say, watch.on_quiet = say, write
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watch.stop())
        say(f"watching {watch.inbox} for {', '.join(watch.chapters)}")
        watch.run(options.poll, once=options.once)
    say("stopped")
    return 0


def _due(options: argparse.Namespace) -> int:
    from autograder.grading.times import show_duration, show_when
    from autograder.term.due import read_due, set_due
    from autograder.term.late import describe_rule

    chapter = find_graded(options)
    if options.when is None and not options.grace:
        found = read_due(Path.cwd(), chapter, options.zone)
    else:
        remove = options.when == "none"
        when = None if remove else options.when
        found = set_due(Path.cwd(), chapter, when, options.zone, options.grace, remove=remove)
    says = f"due {show_when(found.when, found.zone)}" if found.when else "no due date"
    grace = f", {show_duration(found.dates.grace)} of grace" if found.dates.grace else ""
    print(f"{chapter}: {says}{grace}.")
    if found.when:
        print(describe_rule(Path.cwd(), chapter))
    _tell_changed(chapter, found.changed)
    return 0


def _tell_changed(chapter: str, changed: int) -> None:
    if changed:
        print(
            f"Late penalties that changed: {changed}. The gradebook has them; 'course grade {chapter} --feedback' writes the report and the "
            "feedback pages again."
        )


def _extend(options: argparse.Namespace) -> int:
    from autograder.grading.times import show_when
    from autograder.term.due import extend

    chapter = find_graded(options)
    students = list(dict.fromkeys(options.students))
    found = extend(Path.cwd(), chapter, students, options.length, options.reason, options.zone)
    for student in students:
        end = found.until[student]
        says = f"due {show_when(end, found.zone)}" if end else "more time; the chapter has no due date yet"
        if options.length == "none":
            print(f"  {printable(student)}: no extension any more{f'; {says}' if end else ''}.")
            continue
        waits = " Nothing handed in yet: it applies when something is." if student in found.waiting else ""
        print(f"  {printable(student)}: {says}.{waits}")
    if found.unknown:
        names = ", ".join(map(printable, found.unknown))
        print(f"The gradebook has never heard of {names}. If that is a slip, take it back with 'none'.")
    _tell_changed(chapter, found.changed)
    return 0


def _late(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from autograder.grading.times import show_duration, show_when
    from autograder.term.due import read_due
    from autograder.term.late import describe_rule, list_late

    chapter = find_graded(options)
    due = read_due(Path.cwd(), chapter, options.zone)
    found = list_late(Path.cwd(), chapter)
    print(f"{chapter}: {f'due {show_when(due.when, due.zone)}' if due.when else 'no due date'}.")
    if due.when:
        print(describe_rule(Path.cwd(), chapter))
    if not found:
        print("Nobody was late, and nobody was given more time.")
        return 0
    table = Table("student", "handed in", "late", "more time", "score", "penalty", "left", box=None, pad_edge=False)
    for one in found:
        came = show_when(one.handed_in, due.zone) if one.handed_in else "time not known" if one.submitted else "not yet"
        late = (show_duration(one.late) + (" (grace)" if one.forgiven else "")) if one.late else "in time"
        more = (
            show_duration(one.extension)
            if one.extension
            else "from a due date on"
            if one.extension is None and not due.when
            else "–"
        )
        reason = f": {one.reason}" if one.reason else ""
        cells = [one.student, came, late if one.submitted else "–", more + reason]
        cells += [f"{points:g}" if one.submitted else "–" for points in (one.score, one.penalty, one.left)]
        table.add_row(*(Text(printable(text)) for text in cells))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return 0

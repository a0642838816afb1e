"""The commands for instructors."""

from __future__ import annotations

import argparse
import functools
import secrets
import sys
from pathlib import Path

from autograder.cli.parsing import CHAPTER, Adder, find_graded, progress, show_path
from autograder.errors import CourseError
from autograder.grading.files import modified
from autograder.grading.places import find_places, name_unit
from autograder.grading.texts import printable


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    grade = add("grade", _grade, "grade what was handed in for a chapter, and write the report")
    grade.add_argument("chapter", help=CHAPTER)
    grade.add_argument("-j", "--jobs", type=int, help="how many submissions at a time (default: one for each core)")
    grade.add_argument("--again", action="store_true", help="also grade what has been graded and hasn't changed")
    grade.add_argument(
        "--update",
        action="store_true",
        help="tell the gradebook what is in source/ after checks or points changed, and grade everything again",
    )
    grade.add_argument("--cluster", default="", metavar="ADDRESS", help="grade on the workers of this Dask scheduler")
    grade.add_argument(
        "--unsafe",
        action="store_true",
        help="run student code without isolation, with all your rights (see 'course doctor')",
    )
    grade.add_argument("--feedback", action="store_true", help="also generate the students' feedback pages")

    add("doctor", _doctor, "tell whether student code can be isolated here, and what to do if it can't")

    report = add(
        "report",
        _report,
        "write the course's dashboard, or the report of one chapter, with the marks given by hand since",
    )
    report.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: all, as a dashboard)")
    report.add_argument(
        "--open",
        action="store_true",
        help="open the page; without a browser here, serve the dashboard and print its address",
    )

    add("marks", _marks, "print everyone's marks for the course, by the rules in course.toml")

    similar = add("similar", _similar, "show which answers of a chapter are more alike than chance would make them")
    similar.add_argument("chapter", help=CHAPTER)
    similar.add_argument(
        "--with",
        dest="earlier",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="also compare with the submissions of an earlier year: its course, or its folder 'submitted'; may be repeated",
    )

    variants = add(
        "variants", _variants, "say whether each student has numbers of their own, and switch that on or off"
    )
    variants.add_argument("switch", nargs="?", choices=("on", "off"), help="what to do (default: only say how it is)")
    variants.add_argument(
        "--key", help="with 'on': decides who has which numbers; use another one every term (default: a new one)"
    )
    variants.add_argument("--student", metavar="ID", help="say which variants this student has")
    variants.add_argument("--anyway", action="store_true", help="switch although work with other numbers was handed in")

    demo = add("demo", _demo, "release, collect and grade a sample class, and open its report")
    demo.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: the first one)")
    demo.add_argument(
        "--term",
        action="store_true",
        help="sixty students and six chapters with late and repeated submissions (a few minutes)",
    )
    demo.add_argument(
        "--students", type=int, default=24, help="how many careful students (default: 24), besides a few careless ones"
    )
    demo.add_argument("--seed", type=int, default=0, help="which class is drawn (default: 0)")
    demo.add_argument("--no-browser", action="store_true", help="only print where the report is")


def _variants(options: argparse.Namespace) -> int:
    from autograder.authoring.freshness import find_key
    from autograder.authoring.switching import list_numbers, list_varied, switch

    root = Path.cwd()
    if options.key is not None and (options.switch != "on" or not options.key):
        raise CourseError("--key goes with 'on', and isn't empty: course variants on --key TEXT")
    if options.switch:
        key = "" if options.switch == "off" else options.key or find_key(root) or secrets.token_hex(4)
        for line in switch(root, key, options.anyway):
            print(printable(line))
    key = find_key(root)
    where = ", ".join(list_varied(root)) or "no chapter"
    print(printable(f"Variants are {f'on, with the key {key}' if key else 'off'}. Chapters that have some: {where}."))
    if options.student is not None:
        for line in list_numbers(root, options.student):
            print(printable(line))
    return 0


def _grade(options: argparse.Namespace) -> int:
    from autograder.grading import grade as grading
    from autograder.grading.results import report_path, results_path

    if options.jobs is not None and options.jobs < 1:
        raise CourseError("-j must be at least 1.")
    chapter = find_graded(options)
    with progress(f"grading {chapter}") as show:

        def on_done(done: int, total: int) -> None:
            if not done:
                import autograder.reporting.report  # noqa: F401  (the process that runs notebooks is not warm yet, so this costs no time)
            show(done, total)

        done = grading.grade_class(
            Path.cwd(),
            chapter,
            options.jobs,
            on_done,
            again=options.again,
            update=options.update,
            isolated=not options.unsafe,
            cluster=options.cluster,
        )
    result = done.result
    for says in done.told:
        print(f"  gradebook: told that {says}")
    for change, why in done.changes:
        print(
            f"  {printable(change.student)}: {printable(change.notebook)}/{printable(change.cell)}: "
            f"{_points(change.before)} → {_points(change.after)} ({why})"
        )
    if done.late:
        print(f"  late penalties that changed with a due date or an extension: {done.late}")
    for warning in done.warnings:
        print(f"course: {printable(warning)}", file=sys.stderr)
    failed = [student for student in result.students if student.state == "not graded"]
    for student in failed:
        print(f"  not graded: {printable(student.student)}: {printable(student.reason)}")
    same = (
        f", {done.unchanged} of them earlier, and unchanged since (--again grades them again)" if done.unchanged else ""
    )
    print(f"{sum(s.state == 'graded' for s in result.students)} graded{same}; {len(failed)} not graded.")
    report = report_path(Path.cwd(), chapter)
    if modified(report) < modified(results_path(Path.cwd(), chapter)):
        from autograder.reporting.report import write_report

        write_report(Path.cwd(), chapter)
    print(f"Report: {show_path(report)}")
    if options.feedback:
        grading.generate_feedback(Path.cwd(), chapter)
        print(f"Feedback is in {show_path(find_places(Path.cwd()).feedback_folder('STUDENT', chapter))}.")
    if done.kept:
        raise CourseError(
            f"{len(done.kept)} of these could not be graded, for reasons that are the grader's fault and not the students'. "
            "Their earlier marks are kept; fix the causes, and grade again."
        )
    return 0


def _points(score: float | None) -> str:
    return "no mark" if score is None else f"{score:g}"


def _doctor(options: argparse.Namespace) -> int:
    from autograder.engine.walls import doctor

    walls = doctor.look()
    for wall in walls:
        print(f"  {'✓' if wall.stands else '✗'} {wall.name}: {doctor.MEANING[wall.name]}")
        if not wall.stands:
            print(f"      {wall.remedy}")
    if doctor.stands():
        print("Student code is isolated.")
        return 0
    print("Student code cannot be isolated here. 'course grade' refuses to run it without --unsafe.")
    return 1


def _report(options: argparse.Namespace) -> int:
    from autograder.reporting.serving import open_page, open_site

    if options.chapter is None:
        from autograder.reporting.site import write_site

        page = write_site(Path.cwd())
        print(f"Dashboard: {show_path(page)}")
        if options.open:
            open_site(Path.cwd(), page, lambda text: print(text, flush=True))
        return 0
    from autograder.grading.collecting import collect_results
    from autograder.grading.results import save_results
    from autograder.reporting.report import write_report

    chapter = find_graded(options)
    save_results(collect_results(Path.cwd(), chapter), Path.cwd())
    page = write_report(Path.cwd(), chapter)
    print(f"Report: {show_path(page)}")
    if options.open and not open_page(page):
        print("There is no browser here to open it: copy the file, which needs no other, to where there is one.")
    return 0


def _marks(options: argparse.Namespace) -> int:
    from autograder.grading.coursewide import course_marks
    from autograder.reporting.marks import print_marks

    print_marks(course_marks(Path.cwd()), unit=name_unit(Path.cwd()))
    return 0


def _similar(options: argparse.Namespace) -> int:
    from autograder.similarity.answers import read_exercises
    from autograder.similarity.page import stands_out, tell_chance, write_page
    from autograder.similarity.ranking import rank

    chapter = find_graded(options)
    exercises, notes = read_exercises(Path.cwd(), chapter, options.earlier)
    ranking = rank(exercises)
    for note in notes:
        print(f"  not read: {printable(note)}")
    found = [pair for pair in ranking.pairs if stands_out(pair)]
    for pair in found:
        names = f"{printable(str(pair.first))} and {printable(str(pair.second))}"
        print(f"  {names}: {len(pair.shared)} exercises, {pair.excess:.0f} bits; {tell_chance(pair)}")
    print(f"{len(found)} of {ranking.compared:,} pairs share more than chance would give them.")
    print(f"Side by side: {show_path(write_page(Path.cwd(), chapter, ranking, notes))}")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from autograder.authoring.chapters import find_chapters, list_chapters
    from autograder.course.workspace import open_in_browser

    if options.term:
        from autograder.demo.term import run_term

        if options.chapter:
            raise CourseError("--term takes a whole term, and no chapter.")
        page = run_term(Path.cwd(), options.seed, functools.partial(print, flush=True))
        print(f"Dashboard: {show_path(page)}")
        if not options.no_browser:
            open_in_browser(page.as_uri())
        return 0
    from autograder.demo.sample import run_demo

    chapter = find_chapters(Path.cwd(), options.chapter)[0] if options.chapter else list_chapters(Path.cwd())[0]
    with progress(f"grading {chapter}") as on_done:
        report = run_demo(Path.cwd(), chapter, options.students, options.seed, print, on_done)
    print(f"Report: {show_path(report)}")
    if not options.no_browser:
        open_in_browser(report.as_uri())
    return 0

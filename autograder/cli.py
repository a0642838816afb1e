"""The `course` command: reads its arguments, calls the module that does the work, and prints."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import CourseError
from autograder.grading.files import modified
from autograder.grading.texts import print_anywhere, printable

if TYPE_CHECKING:
    from autograder.authoring.accuracy import ExerciseAccuracy

CHAPTER = "a chapter's name, the start of it, or its number"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    print_anywhere()
    parser = _make_parser()
    parser.add_argument("--version", action="version", version=f"course {metadata.version('autograder')}")
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        return int(options.run(options))
    except CourseError as error:
        lines = [printable(line) for line in str(error).split("\n")]
        print("\n".join(["course: " + lines[0], *lines[1:]]), file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"course: {printable(error.filename)} cannot be written: {error.strerror}. Nothing else was changed.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:  # a full disk, for one
        place = f"{printable(error.filename)}: " if error.filename else ""
        print(
            f"course: {place}{error.strerror or error}. What was done before that is kept. Fix the cause, and start again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("course: stopped.", file=sys.stderr)
        return 130


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, open and grade the course.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.set_defaults(run=run)
        return command

    lab = add("lab", _lab, "open JupyterLab on your own copy of the chapters")
    lab.add_argument("--port", type=int, default=8888, help="the port to serve at (default: 8888)")
    lab.add_argument(
        "--ip", default="127.0.0.1", help="the address to serve at (default: 127.0.0.1; in a container: 0.0.0.0)"
    )
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument(
        "--workspace", type=Path, default=Path("workspace"), help="where your copy is kept (default: workspace)"
    )

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

    report = add("report", _report, "rewrite the class report of a graded chapter, with the marks given by hand since")
    report.add_argument("chapter", help=CHAPTER)

    demo = add("demo", _demo, "release, collect and grade a sample class, and open its report")
    demo.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: the first one)")
    demo.add_argument(
        "--students", type=int, default=24, help="how many careful students (default: 24), besides a few careless ones"
    )
    demo.add_argument("--seed", type=int, default=0, help="which class is drawn (default: 0)")
    demo.add_argument("--no-browser", action="store_true", help="only print where the report is")

    build = add("build", _build, "turn notebooks/ into source/, release/ and solutions/")
    build.add_argument("chapter", nargs="?", help=f"{CHAPTER}; or 'reference' for the reference pages (default: all)")
    build.add_argument(
        "--check", action="store_true", help="change nothing; fail and name the files if anything is stale"
    )
    build.add_argument("--again", action="store_true", help="also what has not changed since it was built")

    tried = add("try", _try, "show what each answer of a chapter gets from its check (for authors; quick)")
    tried.add_argument("chapter", help=CHAPTER)
    tried.add_argument("exercise", nargs="?", help="one exercise, with the messages in full (default: all)")

    accuracy = add(
        "accuracy", _accuracy, "grade every wrong and right answer of the chapters, and count those graded wrongly"
    )
    accuracy.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: all)")
    accuracy.add_argument("--json", action="store_true", help="print JSON instead of the table")
    accuracy.add_argument("--again", action="store_true", help="also what is unchanged since all was well")

    mutants = add("mutants", _mutants, "change each solution by one small step, and list what its check still accepts")
    mutants.add_argument(
        "targets",
        nargs="*",
        metavar="CHAPTER|CHAPTER/NOTEBOOK|EXERCISE",
        help="what to try (default: everything); chapters and notebooks by their number or the start of their name",
    )
    mutants.add_argument("-j", "--jobs", type=int, help="how many exercises at a time (default: one for each core)")

    steady = add("steady", _steady, "run the solutions as other processors compute, and name what differs")
    steady.add_argument("chapter", nargs="?", help=f"{CHAPTER} (default: all)")
    steady.add_argument("--seeds", type=int, default=3, help="how many runs with noise in the last bits (default: 3)")
    return parser


def _find(options: argparse.Namespace) -> list[str]:
    from autograder.authoring.chapters import find_chapters

    return find_chapters(Path.cwd(), options.chapter)


def _find_graded(options: argparse.Namespace) -> str:
    """The chapter, or in another nbgrader course the assignment, that is meant."""
    from autograder.authoring.chapters import list_chapters
    from autograder.grading.places import find_assignment

    own = list_chapters(Path.cwd()) if Path("notebooks").is_dir() else []
    return find_assignment(Path.cwd(), options.chapter, own)


def _lab(options: argparse.Namespace) -> int:
    from autograder.course.workspace import open_lab

    return open_lab(Path.cwd(), options.workspace, options.port, options.ip, browser=not options.no_browser)


def _grade(options: argparse.Namespace) -> int:
    from autograder.grading import grade as grading
    from autograder.grading.results import report_path, results_path

    if options.jobs is not None and options.jobs < 1:
        raise CourseError("-j must be at least 1.")
    chapter = _find_graded(options)
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
    print(f"Report: {report}")
    if options.feedback:
        grading.generate_feedback(Path.cwd(), chapter)
        print("Feedback is in feedback/.")
    if done.kept:
        raise CourseError(
            f"{len(done.kept)} of these could not be graded, for reasons that are the grader's fault and not the students'. "
            "Their earlier marks are kept; fix the causes, and grade again."
        )
    return 0


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


def _points(score: float | None) -> str:
    return "no mark" if score is None else f"{score:g}"


def _report(options: argparse.Namespace) -> int:
    from autograder.grading.collecting import collect_results
    from autograder.grading.results import save_results
    from autograder.reporting.report import write_report

    chapter = _find_graded(options)
    save_results(collect_results(Path.cwd(), chapter), Path.cwd())
    print(f"Report: {write_report(Path.cwd(), chapter)}")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from autograder.authoring.chapters import find_chapters, list_chapters
    from autograder.course.workspace import open_in_browser
    from autograder.demo import run_demo

    chapter = find_chapters(Path.cwd(), options.chapter)[0] if options.chapter else list_chapters(Path.cwd())[0]
    with progress(f"grading {chapter}") as on_done:
        report = run_demo(Path.cwd(), chapter, options.students, options.seed, print, on_done)
    print(f"Report: {report}")
    if not options.no_browser:
        open_in_browser(report.as_uri())
    return 0


def _build(options: argparse.Namespace) -> int:
    from autograder.authoring.whole import build_all, check_all, find_wanted, is_made

    wanted = find_wanted(Path.cwd(), options.chapter)
    stale = [name for name in wanted if options.again or not is_made(Path.cwd(), name)]
    if fresh := [name for name in wanted if name not in stale]:
        print(f"Unchanged since the last build: {', '.join(fresh)}.", flush=True)
    if not stale:
        return 0
    if options.check:
        if found := check_all(Path.cwd(), stale, _tell):
            raise CourseError("these files don't match notebooks/; run 'course build':\n  " + "\n  ".join(found))
        print("Everything generated is up to date.")
        return 0
    changed = build_all(Path.cwd(), stale, _tell)
    print("\n".join(f"  wrote {path}" for path in changed) or "No file changed.")
    return 0


def _tell(text: str) -> None:
    """Say at once what a build is doing."""
    print(text, flush=True)


def _try(options: argparse.Namespace) -> int:
    from autograder.authoring.tryout import try_chapter

    [chapter] = _find(options)
    return try_chapter(Path.cwd(), chapter, options.exercise)


def _accuracy(options: argparse.Namespace) -> int:
    from autograder.authoring.accuracy import measure_accuracy, print_accuracy, summarise
    from autograder.authoring.measured import digest_graded, keep, recall
    from autograder.engine.runner import Engine
    from autograder.engine.walls import doctor

    root, chapters = Path.cwd(), _find(options)
    noted = {chapter: None if options.again else recall(root, chapter) for chapter in chapters}
    as_before = [chapter for chapter in chapters if noted[chapter] is not None]
    found: list[ExerciseAccuracy] = []
    with contextlib.ExitStack() as stack:
        if len(as_before) < len(chapters):
            engine = stack.enter_context(Engine(isolated=doctor.stands()))
        for chapter, measured in noted.items():
            if measured is None:
                origin = digest_graded(root, chapter)
                with progress(chapter, quiet=options.json) as on_done:
                    measured = measure_accuracy(root, chapter, on_done, engine)
                keep(root, chapter, measured, origin)
            found += measured
    if options.json:
        print(json.dumps({**summarise(found), "as_before": as_before}, indent=1, ensure_ascii=False))
    else:
        if as_before:
            print(f"As measured before, unchanged since (--again measures again): {', '.join(as_before)}.")
        print_accuracy(found)
    return 0 if all(one.good for one in found) else 1


def _mutants(options: argparse.Namespace) -> int:
    from autograder.authoring.mutants import choose, describe, try_changes

    if options.jobs is not None and options.jobs < 1:
        raise CourseError("-j must be at least 1.")
    chosen = choose(Path.cwd(), options.targets)
    with progress("changed solutions") as on_done:
        found = list(try_changes(chosen, on_done, options.jobs))
    print(describe(found))
    return 0 if all(one.good for one in found) else 1


def _steady(options: argparse.Namespace) -> int:
    from autograder.authoring.steadiness import describe, find_fragile, list_solutions, make_settings

    if options.seeds < 0:
        raise CourseError("--seeds must be at least 0.")
    notebooks = list_solutions(Path.cwd(), _find(options))
    settings = make_settings(options.seeds)
    found = 0
    with progress(f"{len(notebooks)} notebooks, {len(settings)} settings") as on_done:
        for fragile in find_fragile(notebooks, settings, on_done):
            print(describe(fragile), end="\n\n", flush=True)
            found += 1
    print(f"Fragile cells: {found}." if found else "Every cell shows the same under every setting.")
    return 1 if found else 0


@contextmanager
def progress(title: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with rate and time left, on stderr; what it yields is told of each submission."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), disable=quiet)
    task = bar.add_task(title, total=None)

    def on_done(done: int, total: int) -> None:
        bar.start()  # not before there is something to show, so that an error stands alone
        bar.update(task, completed=done, total=total)

    try:
        yield on_done
    finally:
        if bar.live.is_started:
            bar.stop()


if __name__ == "__main__":
    sys.exit(main())

"""The commands for authors."""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.cli.parsing import CHAPTER, Adder, find_authored, progress
from autograder.errors import CourseError

if TYPE_CHECKING:
    from autograder.authoring.accuracy import ExerciseAccuracy


def add_commands(add: Adder) -> None:
    """The commands of this file."""
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

    [chapter] = find_authored(options)
    return try_chapter(Path.cwd(), chapter, options.exercise)


def _accuracy(options: argparse.Namespace) -> int:
    from autograder.authoring.accuracy import measure_accuracy, print_accuracy, summarise
    from autograder.authoring.measured import digest_graded, keep, recall
    from autograder.engine.runner import Engine
    from autograder.engine.walls import doctor

    root, chapters = Path.cwd(), find_authored(options)
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
    notebooks = list_solutions(Path.cwd(), find_authored(options))
    settings = make_settings(options.seeds)
    found = 0
    with progress(f"{len(notebooks)} notebooks, {len(settings)} settings") as on_done:
        for fragile in find_fragile(notebooks, settings, on_done):
            print(describe(fragile), end="\n\n", flush=True)
            found += 1
    print(f"Fragile cells: {found}." if found else "Every cell shows the same under every setting.")
    return 1 if found else 0

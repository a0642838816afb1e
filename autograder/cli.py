"""The `course` command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograder.errors import CourseError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _make_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("course: stopped.", file=sys.stderr)
        return 130


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, open and grade the course.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="turn notebooks/ into source/, release/ and solutions/")
    build.add_argument("chapter", nargs="?", help="a chapter's name, the start of it, or its number (default: all)")
    build.add_argument(
        "--check", action="store_true", help="change nothing; fail, naming the files, where anything is stale"
    )
    build.set_defaults(run=_build)

    tried = commands.add_parser(
        "try", help="show what each answer of a chapter gets from its check (for authors; quick)"
    )
    tried.add_argument("chapter", help="a chapter's name, the start of it, or its number")
    tried.add_argument("exercise", nargs="?", help="one exercise (default: all), with the messages in full")
    tried.set_defaults(run=_try)
    return parser


def _build(options: argparse.Namespace) -> int:
    from autograder.authored import find_chapters
    from autograder.build import build, check

    root = Path.cwd()
    chapters = find_chapters(root, options.chapter)

    def tell(text: str) -> None:
        print(text, flush=True)

    if options.check:
        stale = check(root, chapters, tell)
        if stale:
            raise CourseError("these files are not what notebooks/ says; run 'course build':\n  " + "\n  ".join(stale))
        print("Everything generated is up to date.")
        return 0
    changed = build(root, chapters, tell)
    print("\n".join(f"  wrote {path}" for path in changed) or "No file changed.")
    return 0


def _try(options: argparse.Namespace) -> int:
    from autograder.authored import find_chapters
    from autograder.tryout import try_chapter

    [chapter] = find_chapters(Path.cwd(), options.chapter)
    return try_chapter(Path.cwd(), chapter, options.exercise)


if __name__ == "__main__":
    sys.exit(main())

"""The command that builds the book."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.cli.parsing import CHAPTER, Adder, show_path
from autograder.errors import CourseError


def add_commands(add: Adder) -> None:
    """The command of this file."""
    book = add("book", _book, "build the course as a website to read, without the answers")
    book.add_argument("chapter", nargs="?", help=f"{CHAPTER}, to try a page quickly (default: all)")
    book.add_argument("--browser", action="store_true", help="also read every page in Chromium, with axe")
    book.add_argument(
        "--repository", metavar="OWNER/NAME", help="on GitHub, for links that start a lab (default: of 'origin')"
    )
    book.add_argument("--out", type=Path, metavar="FOLDER", help="where to work (default: book/_build)")


def _book(options: argparse.Namespace) -> int:
    from autograder.authoring.chapters import find_chapters
    from autograder.book.site import build_book

    def tell(text: str) -> None:
        print(text, flush=True)

    root = Path.cwd()
    chapters = find_chapters(root, options.chapter) if options.chapter else None
    book = build_book(root, options.out, chapters, options.repository, tell=tell)
    report = book.report
    print(
        f"{report.pages} pages, {book.size / 1e6:.1f} MB, {book.seconds:.0f} seconds; {report.links} links followed, "
        f"{len(report.problems)} dead; {len(book.leaks)} traces of answers."
    )
    problems = [*report.problems, *book.leaks]
    if options.browser:
        from autograder.book.browser import read_book

        seen = read_book(book.folder, tell=tell)
        print(
            f"{seen.views} views, {seen.formulas} formulas rendered; {len(seen.violations)} violations by axe, "
            f"{len(seen.requests)} requests that left the machine."
        )
        problems += [*seen.violations, *seen.requests, *seen.problems]
    print(f"The book is {show_path(book.folder / 'index.html')}")
    if problems:
        raise CourseError("the book has problems:\n  " + "\n  ".join(problems[:50]))
    return 0

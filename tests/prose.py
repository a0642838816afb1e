"""Find what no native speaker would write, in every text that a person reads. The forms, and what to write instead, are in `prose.toml`.

    python tests/prose.py                            everything
    python tests/prose.py notebooks/05_sgd docs      some folders or files
    python tests/prose.py --count                    how often each rule applies

Read are the prose of Markdown files (not code in backticks, math and addresses), the messages in answers files, and of Python, in files
as in code cells, the comments, the docstrings and the strings that are no code. The exit status is 1 when something is found.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = Path(__file__).with_suffix(".toml")
READ = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "notebooks", "autograder")
ANSWERS = ".answers.md"

GAP = "▫"
"""Stands where code, math or a value was taken out of a text, so that what is on its two sides doesn't become neighbors."""

FENCE = re.compile(r"^(?P<fence>```+)(?P<head>.*)\n(?P<code>(?:.*\n)*?)(?P=fence)[ ]*$", re.MULTILINE)
SAYS = re.compile(r'\bsays="((?:[^"\\]|\\.)*)"')
NOT_PROSE = re.compile(
    r"""
    \A---\n(?:.*\n)*?---$                       # the head of a notebook
    | <!--(?:.|\n)*?--> | </?\w[^<>]*>          # remarks and tags; an attribute `alt` is read before
    | \$\$(?:.|\n)*?\$\$ | \$(?!\s)[^$\n]*(?:\n[^$\n]+)?\$  # math
    | (?P<tick>`+)(?:(?!\n\s*\n)(?:.|\n))*?(?P=tick)  # code
    | \]\([^()\s]*\) | https?://\S+             # addresses
    """,
    re.VERBOSE | re.MULTILINE,
)
BEGINS = re.compile(r"\A(?:[-*>|#]+|\d+\.)\s+")
"""How an item, a row, a quotation or a heading begins."""

ALT = re.compile(r'\b(?:alt|title)="([^"]*)"')


@dataclass(frozen=True)
class Rule:
    """A form, what makes it a good one after all, what to write instead, and sentences that have the form and that don't."""

    name: str
    form: re.Pattern[str]
    unless: re.Pattern[str]
    write: str
    hits: list[str]
    spares: list[str]

    def find(self, paragraph: str) -> Iterator[re.Match[str]]:
        for found in self.form.finditer(paragraph):
            begin = max(paragraph.rfind(end, 0, found.start() + 1) for end in (". ", "? ", "! ")) + 1
            if not self.unless.search(paragraph[begin : found.end()].strip()):
                yield found


@dataclass(frozen=True)
class Text:
    """Something to read, with the line where it begins, and the last it can be in: a string has fewer or more lines than its program."""

    line: int
    text: str
    last: int = sys.maxsize


@dataclass(frozen=True)
class Hit:
    file: Path
    line: int
    rule: str
    form: str
    write: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.form!r}: write {self.write}"


@cache
def read_rules() -> tuple[Rule, ...]:
    entries = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
    return tuple(read_rule(**entry) for entry in entries)


def read_rule(*, name: str, form: str, write: str, hits: list[str], spares: list[str], unless: str = "(?!)") -> Rule:
    return Rule(name, re.compile(form, re.IGNORECASE), re.compile(unless, re.IGNORECASE), write, hits, spares)


def find_hits(file: Path, texts: Iterable[Text]) -> Iterator[Hit]:
    for text in texts:
        for paragraph in split(text):
            words = paragraph.text.replace("\n", " ")
            for rule in read_rules():
                for found in rule.find(words):
                    line = paragraph.line + paragraph.text.count("\n", 0, found.start())
                    yield Hit(file, min(line, text.last), rule.name, found[0].strip(), found.expand(rule.write))


def split(text: Text) -> Iterator[Text]:
    """The paragraphs, items and rows of a text, with single spaces."""
    lines: list[str] = []
    for number, line in enumerate([*text.text.split("\n"), ""]):
        words = " ".join(line.split())
        if lines and (not words or BEGINS.match(words)):
            yield Text(text.line + number - len(lines), "\n".join(lines))
            lines = []
        if words:
            lines.append(BEGINS.sub("", words))


def read_file(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    return (
        read_python(source, 1)
        if path.suffix == ".py"
        else read_markdown(source, is_answers=path.name.endswith(ANSWERS))
    )


def read_markdown(source: str, *, is_answers: bool = False) -> Iterator[Text]:
    """The prose, and of its code blocks what `read_python` finds; in an answers file the messages instead, since nobody reads the answers."""
    for found in FENCE.finditer(source):
        line = source.count("\n", 0, found.start()) + 1
        if says := SAYS.search(found["head"]):
            yield Text(line, clean(says[1]))
        if found["head"].startswith("python") and not is_answers:
            yield from read_python(found["code"], line + 1)
    prose = FENCE.sub(blank, source)
    for found in ALT.finditer(prose):
        yield Text(prose.count("\n", 0, found.start()) + 1, found[1])
    yield Text(1, clean(prose))


def clean(prose: str) -> str:
    return NOT_PROSE.sub(blank, prose)


def blank(found: re.Match[str]) -> str:
    """A gap of as many lines."""
    return GAP + "\n" * found[0].count("\n")


def read_python(source: str, line: int) -> Iterator[Text]:
    """The comments and the strings of a program that begins in a line."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with IPython's own commands, or an example cut short
        return
    yield from read_comments(source, line)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else GAP for part in node.values]
            text = "".join(part for part in parts if isinstance(part, str))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        if not is_code(text):
            yield Text(line - 1 + node.lineno, clean(text), line - 1 + (node.end_lineno or node.lineno))


def read_comments(source: str, line: int) -> Iterator[Text]:
    """The comments, those in lines that follow each other as one text."""
    last = -1
    texts: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, alone = token.start[0], token.line.lstrip().startswith("#")
            goes_on = alone and row == last + 1 and texts
            if goes_on:
                texts[next(reversed(texts))] += "\n" + token.string.lstrip("# ")
            else:
                texts[row] = token.string.lstrip("# ")
            last = row if alone else -1
    for row, text in texts.items():
        yield Text(line + row - 1, clean(text))


def is_code(text: str) -> bool:
    """Whether a string is a name or a piece of Python rather than words: `check("softmax(z)")`."""
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError):
        return False
    return bool(tree.body)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Markdown and Python files, those in folders included."""
    found = [
        one
        for path in paths
        for one in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if one.suffix in {".md", ".py"}
    ]
    return list(dict.fromkeys(found))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, default=[ROOT / name for name in READ])
    parser.add_argument("--count", action="store_true", help="how often each rule applies")
    options = parser.parse_args(arguments)
    found = [hit for path in find_files(options.paths) for hit in find_hits(shorten(path), read_file(path))]
    hits = sorted(found, key=lambda hit: (hit.file, hit.line))
    lines = [f"{count:5} {name}" for name, count in Counter(hit.rule for hit in hits).most_common()]
    print("\n".join(lines if options.count else map(str, hits)))
    return 1 if hits else 0


def shorten(path: Path) -> Path:
    path = path.resolve()
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())

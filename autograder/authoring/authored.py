"""Read a chapter as its author wrote it, and refuse what cannot become exercises.

A notebook is a Jupytext Markdown file, NAME.md. Short tags on its cells say what each is for:

==========  =====================  =========================================================
tag         further attributes     the cell is
==========  =====================  =========================================================
`setup`                            code that the checks rely on; students cannot change it
`exercise`  `exercise=NAME`        the student's answer, with its solution between markers
`check`     `exercise=NAME`        the check of that answer, worth `points`
            `points=N`
`explain`   `exercise=NAME`        a Markdown cell that a person grades, worth `points`
            `points=N`
==========  =====================  =========================================================

Its answers are in a second file beside it, NAME.answers.md, under a heading for each exercise: ## `NAME`.

==========  =====================  =========================================================
`wrong`     `says="message"`       a wrong answer to the exercise, and what to say of it
`right`                            another right answer to the exercise
==========  =====================  =========================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext

from autograder.errors import CourseError

ANSWERS = ".answers.md"
TAGS = ("setup", "exercise", "check", "explain")
ANSWER_TAGS = ("wrong", "right")
ATTRIBUTES = {
    "setup": set(),
    "exercise": {"exercise"},
    "check": {"exercise", "points"},
    "explain": {"exercise", "points"},
    "wrong": {"says"},
    "right": set(),
    "": set(),
}
MARKER = re.compile(r"^\s*#{2,}\s*(BEGIN|END)\b\s*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)
# Jupytext evaluates what it finds between quotes, so that a quote or a backslash too many can make it another text.
# These are the forms with one meaning; it writes \u00e9 itself when a notebook is saved in JupyterLab.
_VALUE = r""""(?:[^"\\]|\\["\\]|\\u[0-9a-fA-F]{4})*"|'(?:[^'\\]|\\['\\])*'|\[[^\[\]]*\]|[\w.+-]+"""
_ATTRIBUTE = re.compile(rf"\s+(\w+)=({_VALUE})(?=\s|$)")
_OPENING = re.compile(r"^```+[ \t]*\w+(.*)$", re.MULTILINE)
_CLOSING = re.compile(r"\n?```+[ \t]*$", re.MULTILINE)
_LOST = re.compile(r"^[ \t]*(?:```|~~~).*\btags=", re.MULTILINE)
REGIONS = {"SOLUTION": ("exercise", "explain"), "HIDDEN TESTS": ("check",), "MARK SCHEME": ("explain",)}


@dataclass(frozen=True)
class Cell:
    """One cell of an authored file; its text begins in `line` of `file`, which is named as in messages."""

    kind: str
    source: str
    file: str
    line: int
    tag: str = ""
    exercise: str = ""
    points: float = 0
    says: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Exercise:
    """An exercise with everything that its author wrote for it."""

    name: str
    answer: Cell
    check: Cell | None = None
    wrong: list[Cell] = field(default_factory=list)
    right: list[Cell] = field(default_factory=list)


@dataclass
class Notebook:
    """An authored notebook: its file, its cells in order, and its exercises by name, with their answers."""

    path: Path
    cells: list[Cell]
    exercises: dict[str, Exercise]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def answers(self) -> list[Cell]:
        """The cells of the answers file."""
        return [cell for exercise in self.exercises.values() for cell in (*exercise.wrong, *exercise.right)]


class AuthorErrors(CourseError):
    """What is wrong in authored files: one line a mistake, each with file, line and exercise."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def read_chapter(root: Path, chapter: str) -> list[Notebook]:
    """Read the notebooks of a chapter in order.

    Raises `AuthorErrors` with every mistake found in any of them.
    """
    notebooks, problems = [], []
    first_seen: dict[str, str] = {}
    files = sorted((root / "notebooks" / chapter).glob("*.md"))
    names = {path.name for path in files if not path.name.endswith(ANSWERS)}
    for path in files:
        label = path.relative_to(root).as_posix()
        if path.name not in names:
            owner = path.name.removesuffix(ANSWERS) + ".md"
            if owner not in names:
                problems.append(f"{label}:1: these are the answers of {owner}, which is missing beside them.")
            continue
        try:
            notebook = read_notebook(path, label)
        except AuthorErrors as error:
            problems += error.problems
            continue
        notebooks.append(notebook)
        for exercise in notebook.exercises.values():
            place = exercise.answer.place
            if exercise.name in first_seen:
                problems.append(
                    f"{place}: exercise '{exercise.name}': the name is taken by {first_seen[exercise.name]}; a chapter's exercises need different names."
                )
            first_seen.setdefault(exercise.name, place)
    if problems:
        raise AuthorErrors(problems)
    return notebooks


def read_notebook(path: Path, label: str) -> Notebook:
    """Read one authored notebook with the answers beside it; `label` is how messages call the file.

    Raises `AuthorErrors` with the mistakes found in both files.
    """
    reader = _NotebookReader(path, label)
    cells, exercises = reader.read()
    problems = reader.problems
    answers = path.with_name(path.stem + ANSWERS)
    if answers.exists():
        problems += _read_answers(answers, label.removesuffix(".md") + ANSWERS, exercises)
    if problems:
        raise AuthorErrors(problems)
    return Notebook(path, cells, exercises)


def _read_answers(path: Path, label: str, exercises: dict[str, Exercise]) -> list[str]:
    """Add the answers in `path` to their exercises; returns what is wrong with them."""
    try:
        reader = _AnswersReader(path, label)
    except AuthorErrors as error:
        return error.problems
    reader.read(exercises)
    return reader.problems


class _Reader:
    """Turns Jupytext's cells of a file into ours and keeps a list of what is wrong with them.

    Raises `AuthorErrors` where the file, or the attributes of a cell, cannot be read at all.
    """

    rule: str
    """What is said of a cell with other tags than it may have."""

    def __init__(self, path: Path, label: str) -> None:
        self.label = label
        self.position = 0
        self.problems: list[str] = []
        try:
            self.text = path.read_text(encoding="utf-8")
            parsed = jupytext.reads(self.text, fmt="md")
        except (OSError, UnicodeDecodeError) as error:
            raise AuthorErrors([f"{label}: cannot be read: {error}"]) from error
        except Exception as error:  # Jupytext and its YAML reader raise many kinds
            raise AuthorErrors(
                [f"{label}:1: is not a Jupytext Markdown notebook: {str(error).splitlines()[0]}"]
            ) from error
        self.raw_cells = [(raw, self._find_line(raw)) for raw in parsed.cells]
        if self.problems:
            raise AuthorErrors(self.problems)

    def complain(self, line: int, exercise: str, problem: str) -> None:
        who = f"exercise '{exercise}': " if exercise else ""
        self.problems.append(f"{self.label}:{line}: {who}{problem}")

    def allows(self, tag: str, kind: str) -> bool:
        """Whether a cell of this file may have this tag, "" for none."""
        raise NotImplementedError

    def read_cell(self, raw: Any, line: int, exercise: str = "") -> Cell:
        """The cell that begins in `line`; where no `exercise` is given, it names its own."""
        attributes = _get_attributes(raw)
        tags = attributes.pop("tags", [])
        exercise = exercise or str(attributes.get("exercise", ""))
        tag = tags[0] if tags else ""
        if len(tags) > 1 or not self.allows(tag, raw.cell_type):
            self.complain(line, exercise, f"tags {tags}: {self.rule}")
            return Cell(raw.cell_type, raw.source, self.label, line)
        if unknown := set(attributes) - ATTRIBUTES[tag]:
            allowed = ", ".join(sorted(ATTRIBUTES[tag])) or "none"
            self.complain(
                line,
                exercise,
                f"attribute {', '.join(sorted(unknown))} does not belong to a cell tagged '{tag}' (allowed: {allowed}).",
            )
        if tag and (raw.cell_type == "markdown") != (tag == "explain"):
            self.complain(
                line,
                exercise,
                f"a cell tagged '{tag}' must be a {'Markdown region' if tag == 'explain' else 'code cell'}.",
            )
        if "exercise" in ATTRIBUTES[tag] and not re.fullmatch(r"[a-z][a-z0-9_]*", exercise):
            self.complain(line, exercise, 'needs exercise="name", in small letters, digits and underscores.')
        cell = Cell(
            raw.cell_type,
            raw.source,
            self.label,
            line,
            tag,
            exercise,
            self._read_points(attributes, tag, line, exercise),
            says if isinstance(says := attributes.get("says"), str) else "",
        )
        self._look_at_markers(cell)
        return cell

    def _find_line(self, raw: Any) -> int:
        """The line in which the text of the next cell begins. Complains where a cell is not read as it is written."""
        if raw.cell_type == "code":
            opening = _OPENING.search(self.text, self.position)
            place = opening.end() + 1 if opening else self.position
        else:
            opening = None
            before = len(raw.source) - len(raw.source.lstrip("\n"))
            first = re.escape(raw.source[before:].split("\n", 1)[0])
            found = re.compile(f"^{first}$", re.MULTILINE).search(self.text, self.position)
            place = found.start() - before if found else self.position
        line = self.text.count("\n", 0, place) + 1
        found_whole = self.text.startswith(raw.source, place)
        self.position = place + len(raw.source) if found_whole else place
        if opening and found_whole and not _CLOSING.match(self.text, self.position):
            self.complain(line - 1, "", "this cell has no end: put a line with ``` after its code.")
        if opening and not _is_read_as_written(opening.group(1), _get_attributes(raw)):
            self.complain(
                line - 1,
                "",
                "the attributes of this cell cannot be read: each is name=value, once, and within "
                'a text in "..." write \\" for a quote and \\\\ for a backslash.',
            )
        for lost in _LOST.finditer(raw.source):
            self.complain(
                line + raw.source.count("\n", 0, lost.start()),
                "",
                "this is read as text, not as a cell: start a cell with ```python at the left edge.",
            )
        return line

    def _read_points(self, attributes: dict[str, Any], tag: str, line: int, exercise: str) -> float:
        if "points" not in ATTRIBUTES[tag]:
            return 0
        points = attributes.get("points")
        if not isinstance(points, (int, float)) or isinstance(points, bool) or not points > 0:
            self.complain(line, exercise, f"the {tag} cell needs points=N with a number above 0, and has {points!r}.")
            return 0
        return points

    def _look_at_markers(self, cell: Cell) -> None:
        open_region = ""
        for match in MARKER.finditer(cell.source):
            edge, region = match.group(1).upper(), match.group(2).upper()
            line = cell.line + cell.source.count("\n", 0, match.start())
            if region not in REGIONS or match.group(0).strip() != f"### {edge} {region}":
                self.complain(
                    line,
                    cell.exercise,
                    f"'{match.group(0).strip()}' is no marker; markers are ### BEGIN and ### END of {', '.join(REGIONS)}.",
                )
            elif cell.tag not in REGIONS[region]:
                self.complain(
                    line, cell.exercise, f"a {region} region belongs in a cell tagged {' or '.join(REGIONS[region])}."
                )
            elif edge == "BEGIN" and open_region:
                self.complain(
                    line,
                    cell.exercise,
                    f"### BEGIN {region} stands inside the {open_region} region: its END is missing.",
                )
            elif edge == "END" and open_region != region:
                self.complain(line, cell.exercise, f"### END {region} without its BEGIN.")
            open_region = region if edge == "BEGIN" else ""
        if open_region:
            self.complain(cell.line, cell.exercise, f"### BEGIN {open_region} without its END.")
        if cell.tag == "exercise" and "### BEGIN SOLUTION" not in cell.source:
            self.complain(
                cell.line, cell.exercise, "has no solution: put it between ### BEGIN SOLUTION and ### END SOLUTION."
            )
        if re.search(r"### BEGIN HIDDEN TESTS\s*\n(?!\s*\w+\.hidden\(\))", cell.source):
            self.complain(
                cell.line,
                cell.exercise,
                "a hidden region must begin with check.hidden(), so that feedback does not show its inputs.",
            )


class _NotebookReader(_Reader):
    """Reads NAME.md."""

    rule = f"a cell has one tag of {', '.join(TAGS)}, or none."

    def allows(self, tag: str, kind: str) -> bool:
        return tag in ("", *TAGS, *ANSWER_TAGS)  # of an answer, `gather` says where it belongs

    def read(self) -> tuple[list[Cell], dict[str, Exercise]]:
        cells = [self.read_cell(raw, line) for raw, line in self.raw_cells]
        return cells, self.gather(cells)

    def gather(self, cells: list[Cell]) -> dict[str, Exercise]:
        """Join the cells of each exercise."""
        exercises: dict[str, Exercise] = {}
        above = "name"
        for cell in cells:
            if cell.tag in ("exercise", "explain"):
                if cell.exercise in exercises:
                    self.complain(
                        cell.line,
                        cell.exercise,
                        f"the name is taken by line {exercises[cell.exercise].answer.line}; a chapter's exercises need different names.",
                    )
                exercises.setdefault(cell.exercise, Exercise(cell.exercise, cell))
                above = cell.exercise
            elif cell.tag == "check":
                owner = exercises.get(cell.exercise)
                if owner is None or owner.answer.tag == "explain" or owner.check:
                    self.complain(
                        cell.line,
                        cell.exercise,
                        "this check needs one cell tagged 'exercise' of the same name above it, and an exercise one check.",
                    )
                else:
                    owner.check = cell
            elif cell.tag in ANSWER_TAGS:
                place = Path(self.label).stem + ANSWERS
                self.complain(
                    cell.line,
                    above if exercises else "",
                    f"a cell tagged '{cell.tag}' belongs in {place}, under the heading ## `{above}`.",
                )
        for exercise in exercises.values():
            if exercise.answer.tag == "exercise" and exercise.check is None:
                self.complain(exercise.answer.line, exercise.name, "has no check cell.")
        return exercises


class _AnswersReader(_Reader):
    """Reads NAME.answers.md, in which each heading of level 2 says whose answers follow."""

    rule = "in an answers file, a code cell has one tag, wrong or right, and text has none."

    def allows(self, tag: str, kind: str) -> bool:
        return tag in ANSWER_TAGS if kind == "code" else not tag

    def read(self, exercises: dict[str, Exercise]) -> None:
        """Add each answer to the exercise of the heading above it."""
        lines: dict[str, int] = {}  # of the headings
        name = ""
        for raw, line in self.raw_cells:
            cell = self.read_cell(raw, line, name)
            if cell.tag:
                self._add_answer(cell, exercises, bool(lines))
            if cell.kind == "code":
                continue
            for number, heading in _lines_outside_of_blocks(cell.source):
                if re.match(r" {0,3}##(\s|$)", heading):
                    name = self._read_heading(heading.strip(), line + number, exercises, lines)

    def _read_heading(self, text: str, line: int, exercises: dict[str, Exercise], lines: dict[str, int]) -> str:
        match = re.fullmatch(r"##\s+`([^`]+)`", text)
        name = match.group(1) if match else ""
        if match is None:
            self.complain(
                line,
                "",
                f"'{text}' names no exercise; write its name as in ## `name`, and notes under smaller headings.",
            )
        elif name not in exercises:
            notebook = Path(self.label).name.removesuffix(ANSWERS) + ".md"
            self.complain(
                line, name, f"{notebook} has no exercise of this name; it has {', '.join(exercises) or 'none'}."
            )
        elif name in lines:
            self.complain(line, name, f"has its heading in line {lines[name]} already; put all its answers there.")
        lines.setdefault(name, line)
        return name

    def _add_answer(self, cell: Cell, exercises: dict[str, Exercise], has_heading: bool) -> None:
        if not has_heading:
            self.complain(
                cell.line,
                "",
                f"a cell tagged '{cell.tag}' needs the heading of its exercise above it, as in ## `name`.",
            )
        exercise = exercises.get(cell.exercise)
        if exercise is None:
            return  # reported already: its heading, or that it has none
        if exercise.answer.tag == "explain":
            self.complain(cell.line, cell.exercise, "is graded by a person, and has no check to try an answer on.")
        if cell.tag == "wrong" and not cell.says.strip():
            self.complain(cell.line, cell.exercise, 'a wrong answer needs says="the message that its author reads".')
        if "`" in cell.says:
            self.complain(
                cell.line,
                cell.exercise,
                "write names in says=\"...\" between ' and ', not backticks: those end the code block on some pages.",
            )
        (exercise.wrong if cell.tag == "wrong" else exercise.right).append(cell)


def _get_attributes(raw: Any) -> dict[str, Any]:
    # Jupytext notes there how many blank lines follow a cell.
    return {name: value for name, value in raw.metadata.items() if not name.startswith("lines_to_")}


def _is_read_as_written(options: str, attributes: dict[str, Any]) -> bool:
    """Whether Jupytext made of what follows ```python neither more nor less than what it says."""
    written = [match.group(1) for match in _ATTRIBUTE.finditer(options)]
    return not _ATTRIBUTE.sub("", options).strip() and sorted(written) == sorted(attributes)


def _lines_outside_of_blocks(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a Markdown text that are in no code block, with their numbers."""
    fence = ""
    for number, line in enumerate(source.split("\n")):
        mark = re.match(r"\s*(`{3,}|~{3,})(.*)", line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not mark.group(2).strip():
                fence = ""
        elif mark:
            fence = mark.group(1)
        else:
            yield number, line

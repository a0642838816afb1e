"""Read a chapter as its author wrote it, and refuse what cannot become exercises.

A notebook is a Jupytext Markdown file. Short tags on its cells say what each is for:

==========  =====================  =========================================================
tag         further attributes     the cell is
==========  =====================  =========================================================
`setup`                            code that the checks rely on; students cannot change it
`exercise`  `exercise=NAME`        the student's answer, with its solution between markers
`check`     `exercise=NAME`        the check of that answer, worth `points`
            `points=N`
`explain`   `exercise=NAME`        a Markdown cell that a person grades, worth `points`
            `points=N`
`wrong`     `says="message"`       a wrong answer to the exercise above, and what to say of it
`right`                            another right answer to the exercise above
==========  =====================  =========================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext

from autograder.errors import CourseError

TAGS = ("setup", "exercise", "check", "explain", "wrong", "right")
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
REGIONS = {"SOLUTION": ("exercise", "explain"), "HIDDEN TESTS": ("check",), "MARK SCHEME": ("explain",)}


@dataclass(frozen=True)
class Cell:
    """One cell of an authored notebook; `line` is where its text begins in the file."""

    kind: str
    source: str
    line: int
    tag: str = ""
    exercise: str = ""
    points: float = 0
    says: str = ""


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
    """An authored notebook: its file, its cells in order, and its exercises by name."""

    path: Path
    cells: list[Cell]
    exercises: dict[str, Exercise]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def student_cells(self) -> list[Cell]:
        """The cells that become cells of the generated notebooks."""
        return [cell for cell in self.cells if cell.tag not in ("wrong", "right")]


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
    for path in sorted((root / "notebooks" / chapter).glob("*.md")):
        label = path.relative_to(root).as_posix()
        try:
            notebook = read_notebook(path, label)
        except AuthorErrors as error:
            problems += error.problems
            continue
        notebooks.append(notebook)
        for exercise in notebook.exercises.values():
            place = f"{label}:{exercise.answer.line}"
            if exercise.name in first_seen:
                problems.append(
                    f"{place}: exercise '{exercise.name}': the name is taken by {first_seen[exercise.name]}; a chapter's exercises need different names."
                )
            first_seen.setdefault(exercise.name, place)
    if problems:
        raise AuthorErrors(problems)
    return notebooks


def read_notebook(path: Path, label: str) -> Notebook:
    """Read one authored notebook; `label` is how messages call the file."""
    try:
        text = path.read_text(encoding="utf-8")
        parsed = jupytext.reads(text, fmt="md")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthorErrors([f"{label}: cannot be read: {error}"]) from error
    except Exception as error:  # Jupytext and its YAML reader raise many kinds
        raise AuthorErrors([f"{label}:1: is not a Jupytext Markdown notebook: {str(error).splitlines()[0]}"]) from error
    reader = _Reader(label, text)
    cells = [reader.read_cell(raw) for raw in parsed.cells]
    exercises = reader.gather(cells)
    if reader.problems:
        raise AuthorErrors(reader.problems)
    return Notebook(path, cells, exercises)


class _Reader:
    """Turns Jupytext's cells into ours and keeps a list of what is wrong with them."""

    def __init__(self, label: str, text: str) -> None:
        self.label = label
        self.text = text
        self.position = 0
        self.problems: list[str] = []

    def complain(self, line: int, exercise: str, problem: str) -> None:
        who = f"exercise '{exercise}': " if exercise else ""
        self.problems.append(f"{self.label}:{line}: {who}{problem}")

    def read_cell(self, raw: Any) -> Cell:
        line = self._find_line(raw.source)
        # Jupytext notes there how many blank lines follow a cell.
        attributes = {name: value for name, value in raw.metadata.items() if not name.startswith("lines_to_")}
        tags = attributes.pop("tags", [])
        exercise = str(attributes.get("exercise", ""))
        tag = tags[0] if tags else ""
        if len(tags) > 1 or tag not in ("", *TAGS):
            self.complain(line, exercise, f"tags {tags}: a cell has one tag of {', '.join(TAGS)}, or none.")
            tag = ""
        elif unknown := set(attributes) - ATTRIBUTES[tag]:
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
            line,
            tag,
            exercise,
            self._read_points(attributes, tag, line, exercise),
            str(attributes.get("says", "")),
        )
        self._look_at_markers(cell)
        return cell

    def _find_line(self, source: str) -> int:
        first = next((line for line in source.splitlines() if line.strip()), "")
        place = self.text.find(first, self.position)
        if place >= 0:
            self.position = place + len(source) if self.text.startswith(source, place) else place
        return self.text.count("\n", 0, max(place, 0)) + 1

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

    def gather(self, cells: list[Cell]) -> dict[str, Exercise]:
        """Join the cells of each exercise; `wrong` and `right` belong to the exercise above them."""
        exercises: dict[str, Exercise] = {}
        current: Exercise | None = None
        for cell in cells:
            if cell.tag in ("exercise", "explain"):
                if cell.exercise in exercises:
                    self.complain(
                        cell.line,
                        cell.exercise,
                        f"the name is taken by line {exercises[cell.exercise].answer.line}; a chapter's exercises need different names.",
                    )
                current = exercises.setdefault(cell.exercise, Exercise(cell.exercise, cell))
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
            elif cell.tag in ("wrong", "right"):
                self._add_answer(cell, current)
        for exercise in exercises.values():
            if exercise.answer.tag == "exercise" and exercise.check is None:
                self.complain(exercise.answer.line, exercise.name, "has no check cell.")
        return exercises

    def _add_answer(self, cell: Cell, exercise: Exercise | None) -> None:
        name = exercise.name if exercise else ""
        if exercise is None or exercise.check is None:
            self.complain(cell.line, name, f"a cell tagged '{cell.tag}' must follow the check of its exercise.")
            return
        if cell.tag == "wrong" and not cell.says.strip():
            self.complain(cell.line, name, 'a wrong answer needs says="the message that its author reads".')
        if "`" in cell.says:
            self.complain(
                cell.line,
                name,
                "write names in says=\"...\" between ' and ', not backticks: those end the code block on some pages.",
            )
        (exercise.wrong if cell.tag == "wrong" else exercise.right).append(cell)

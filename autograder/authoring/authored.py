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

With `extra=N` in place of `points=N`, an exercise's points are extra: beside the chapter's maximum.

Its answers are in a second file beside it, NAME.answers.md, under a heading for each exercise: ## `NAME`.

==========  =====================  =========================================================
`wrong`     `says="message"`       a wrong answer to the exercise, and what to say of it
`right`                            another right answer to the exercise
==========  =====================  =========================================================

Below the heading ### Changes that change nothing, a list names the small steps from the solution after which the answer is still
right, one for each item: - `before` → `after`: why. Where the solution is one of many, - `before` → any: why. See `mutants`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from autograder.authoring.address import find_address, say_where_from
from autograder.authoring.cells import ANSWER_TAGS, ANSWERS, TAGS, AuthorErrors, Cell, Equivalent, Exercise, Notebook
from autograder.authoring.glossary import read_glossary
from autograder.authoring.markdown import Reader

EQUIVALENTS = "### Changes that change nothing"


_EQUIVALENT = re.compile(r"- `([^`]+)` → (?:`([^`]+)`(?: \((\d+)(?:st|nd|rd|th)\))?|any):\s+(\S.*)")


def read_chapter(root: Path, chapter: str) -> list[Notebook]:
    """Read the notebooks of a chapter in order.

    Raises `AuthorErrors` with every mistake found in any of them.
    """
    notebooks, problems = [], []
    terms, address = read_glossary(root), find_address(root)
    first_seen: dict[str, str] = {}
    files = sorted((root / "notebooks" / chapter).glob("*.md"))
    names = {path.name for path in files if not path.name.endswith(ANSWERS)}
    for path in files:
        label = path.relative_to(root).as_posix()
        if path.name not in names:
            owner = path.name.removesuffix(ANSWERS) + ".md"
            if owner not in names:
                problems.append(f"{label}:1: these are the answers to {owner}, which isn't there.")
            continue
        try:
            notebook = read_notebook(path, label)
        except AuthorErrors as error:
            problems += error.problems
            continue
        notebook.terms = terms
        say_where_from(notebook, address)
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


class _NotebookReader(Reader):
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


class _AnswersReader(Reader):
    """Reads NAME.answers.md, in which each heading of level 2 says whose answers follow."""

    rule = "in an answers file, a code cell has one tag, wrong or right, and text has none."

    def allows(self, tag: str, kind: str) -> bool:
        return tag in ANSWER_TAGS if kind == "code" else not tag

    def read(self, exercises: dict[str, Exercise]) -> None:
        """Add each answer, and each change that changes nothing, to the exercise of the heading above it."""
        lines: dict[str, int] = {}  # of the headings
        name = ""
        items: list[tuple[int, str, str]] | None = None  # under the heading of the changes: line, exercise, text
        listed: list[tuple[int, str, str]] = []
        for raw, line in self.raw_cells:
            cell = self.read_cell(raw, line, name)
            if cell.tag:
                self._add_answer(cell, exercises, bool(lines))
            if cell.kind == "code":
                continue
            for number, text in _lines_outside_of_blocks(cell.source):
                if re.match(r" {0,3}##(\s|$)", text):
                    name = self._read_heading(text.strip(), line + number, exercises, lines)
                if re.match(r" {0,3}#{1,6}(\s|$)", text):
                    items = listed if text.strip() == EQUIVALENTS else None
                elif items is not None and re.match(r"\s+\S", text) and items:
                    items[-1] = (*items[-1][:2], f"{items[-1][2]} {text.strip()}")
                elif items is not None and text.strip():
                    items.append((line + number, name, text.strip()))
        for number, name, text in listed:
            self._add_equivalent(number, name, text, exercises)

    def _add_equivalent(self, line: int, name: str, text: str, exercises: dict[str, Exercise]) -> None:
        match = _EQUIVALENT.fullmatch(text)
        exercise = exercises.get(name)
        if match is None:
            self.complain(
                line,
                name,
                f"under '{EQUIVALENTS}' there may be only items such as - `before` → `after`: why it changes nothing.",
            )
        elif not name:
            self.complain(line, "", "a change needs the heading of its exercise above it, as in ## `name`.")
        elif exercise is not None:
            found = Equivalent(match[1], match[2] or "", int(match[3] or 1), match[4], self.label, line)
            if any(found.name == other.name for other in exercise.equivalents):
                self.complain(line, name, f"{found.name} is listed twice.")
            exercise.equivalents.append(found)

    def _read_heading(self, text: str, line: int, exercises: dict[str, Exercise], lines: dict[str, int]) -> str:
        match = re.fullmatch(r"##\s+`([^`]+)`", text)
        name = match.group(1) if match else ""
        if match is None:
            self.complain(
                line,
                "",
                f"'{text}' isn't the name of an exercise; write the name as in ## `name`, and notes under smaller headings.",
            )
        elif name not in exercises:
            notebook = Path(self.label).name.removesuffix(ANSWERS) + ".md"
            self.complain(
                line, name, f"{notebook} has no exercise of this name; it has {', '.join(exercises) or 'none'}."
            )
        elif name in lines:
            self.complain(line, name, f"already has a heading, in line {lines[name]}; put all its answers there.")
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
            self.complain(cell.line, cell.exercise, "is graded by a person and has no check to try an answer on.")
        if cell.tag == "wrong" and not cell.says.strip():
            self.complain(cell.line, cell.exercise, 'a wrong answer needs says="the message that its author reads".')
        if "`" in cell.says:
            self.complain(
                cell.line,
                cell.exercise,
                "write names in says=\"...\" between ' and ', not backticks: those end the code block on some pages.",
            )
        (exercise.wrong if cell.tag == "wrong" else exercise.right).append(cell)


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

"""Read the cells of a Jupytext Markdown file, each with its line, and refuse what Jupytext would read differently from what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext

from autograder.authoring.cells import ATTRIBUTES, MARKER, REGIONS, ROUNDS, AuthorErrors, Cell
from autograder.formats import EXTRA

# Jupytext evaluates what it finds between quotes, so that a quote or a backslash too many can make it another text.
# These are the forms with one meaning; it writes \u00e9 itself when a notebook is saved in JupyterLab.
_VALUE = r""""(?:[^"\\]|\\["\\]|\\u[0-9a-fA-F]{4})*"|'(?:[^'\\]|\\['\\])*'|\[[^\[\]]*\]|[\w.+-]+"""


_ATTRIBUTE = re.compile(rf"\s+(\w+)=({_VALUE})(?=\s|$)")


_OPENING = re.compile(r"^```+[ \t]*\w+(.*)$", re.MULTILINE)


_CLOSING = re.compile(r"\n?```+[ \t]*$", re.MULTILINE)


_LOST = re.compile(r"^[ \t]*(?:```|~~~).*\btags=", re.MULTILINE)


class Reader:
    """Turns Jupytext's cells of a file into ours and keeps a list of what is wrong with them.

    Raises `AuthorErrors` where the file, or the attributes of a cell, cannot be read at all.
    """

    rule: str
    """The complaint about a cell with tags that it may not have."""

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
            EXTRA in attributes,
            ROUNDS in attributes,
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
                "the attributes of this cell cannot be read: write each one once, as name=value, and inside "
                '"..." write \\" for a quote and \\\\ for a backslash.',
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
        name = EXTRA if EXTRA in attributes else "points"
        points = attributes.get(name)
        if "points" in attributes and EXTRA in attributes:
            self.complain(line, exercise, f"the {tag} cell has points=N and extra=N: its points count in one way.")
            return 0
        if not isinstance(points, (int, float)) or isinstance(points, bool) or not points > 0:
            self.complain(line, exercise, f"the {tag} cell needs {name}=N with a number above 0, and has {points!r}.")
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
                    f"'{match.group(0).strip()}' isn't a marker; markers are ### BEGIN and ### END of {', '.join(REGIONS)}.",
                )
            elif cell.tag not in REGIONS[region]:
                self.complain(
                    line, cell.exercise, f"a {region} region belongs in a cell tagged {' or '.join(REGIONS[region])}."
                )
            elif edge == "BEGIN" and open_region:
                self.complain(
                    line,
                    cell.exercise,
                    f"### BEGIN {region} is inside the {open_region} region: its END is missing.",
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


def _get_attributes(raw: Any) -> dict[str, Any]:
    # Jupytext notes there how many blank lines follow a cell.
    return {name: value for name, value in raw.metadata.items() if not name.startswith("lines_to_")}


def _is_read_as_written(options: str, attributes: dict[str, Any]) -> bool:
    """Whether Jupytext made of what follows ```python neither more nor less than what it says."""
    written = [match.group(1) for match in _ATTRIBUTE.finditer(options)]
    return not _ATTRIBUTE.sub("", options).strip() and sorted(written) == sorted(attributes)

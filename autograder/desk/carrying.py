"""A student's answers, carried into a newer release of their notebook.

The release is the base, and what the student wrote is put into it: answers by the name that nbgrader has for their cells, and the cells of the
student's own after the cell that they came after. Of whatever has no place in the release any more, a copy is put at the end. The notebook
as it was is kept beside it, and nothing is deleted before all of that is written.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.desk.notebooks import BESIDE, Cell, as_cell, is_as_released, read_stored, write_whole
from autograder.desk.progress import read_exercises
from autograder.errors import CourseError

LEFT = "## From before\n\nThis release has no place for the cells below. They are as you left them."
"""The heading of what is put at the end."""

_AUTHORED = re.compile(r"([0-9a-f]{12})(?:-\d+)?")
"""The id of an author's cell without a name: a digest of its text, as authored."""

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_OUTPUTS = ("outputs", "execution_count")


@dataclass
class Carried:
    """What moved into the new release, by the exercises' titles, and what the release changed.

    `answers` were put in place, `added` counts the cells of the student's own, `left` are answers whose exercise is gone: they are at
    the end. Of `doubled` both files had an answer: the newer file's is in place, and the other in the cell below it. `backup` is the notebook as it was.
    """

    answers: list[str] = field(default_factory=list)
    added: int = 0
    left: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    backup: str = ""

    @property
    def notes(self) -> list[str]:
        """What a student should know, a sentence each."""
        said = [
            _say("Your answers are in place", self.answers),
            f"Cells of your own: {self.added}, each where you had it." if self.added else "",
            _say(
                "You had answered in both files; your earlier answer is in the cell below the newer one", self.doubled
            ),
            _say("Exercises that are new", self.new),
            _say("Exercises that changed, so run their checks again", self.changed),
            _say("Exercises that are gone", self.removed),
            _say("Your answers to exercises that are gone are at the end", self.left),
        ]
        return [line for line in said if line] or ["You had no answers in it yet."]

    def as_json(self) -> dict[str, Any]:
        return {"notes": self.notes, "backup": self.backup}


def _say(what: str, titles: list[str]) -> str:
    return f"{what}: {' · '.join(titles)}" if titles else ""


def carry(own: Path, new: Path, write: bool = True) -> Carried:
    """Put the answers in the notebook `own` into the newer release `new`, and write that in place of `own`; returns what that did.

    The old notebook is kept as NAME.before-xxxxxx.ipynb, and `new` goes away, since all of it is in `own` now. Without `write` nothing is
    written, and only what would be done is told.

    Raises `CourseError`, with nothing changed, when one of them isn't a notebook or `new` isn't a newer release of `own`.
    """
    beside = BESIDE.fullmatch(new.stem)
    if not beside or beside[1] != own.stem or beside[2] != "new" or new.parent != own.parent:
        raise CourseError(f"{new.name} isn't a newer release of {own.name}.")
    before, merged = read_stored(own), read_stored(new)
    carried = merge(before, merged)
    if not write:
        return carried
    _check(merged, new)
    data = own.read_bytes()
    backup = own.with_name(f"{own.stem}.before-{hashlib.sha256(data).hexdigest()[:6]}{own.suffix}")
    while backup.exists() and backup.read_bytes() != data:
        backup = backup.with_name(backup.stem + "0" + backup.suffix)
    write_whole(backup, data)
    write_whole(own, _dump(merged))
    new.unlink()
    carried.backup = backup.name
    return carried


def _dump(notebook: dict[str, Any]) -> bytes:
    """The notebook's file, as nbformat writes it; half a character, which UTF-8 lacks, stays the escape sequence that it was."""
    try:
        return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(notebook, indent=1, sort_keys=True) + "\n").encode()


def _check(merged: dict[str, Any], new: Path) -> None:
    import nbformat

    try:
        nbformat.validate(nbformat.from_dict(merged))
    except nbformat.ValidationError as error:
        raise CourseError(
            f"Your answers can't be put into {new.name}: {str(error).splitlines()[0]}. Nothing was changed."
        ) from error


def merge(before: dict[str, Any], merged: dict[str, Any]) -> Carried:
    """Put what the student wrote in the stored notebook `before` into the newer one, `merged`; returns what that did."""
    old, fresh = [as_cell(raw) for raw in before["cells"]], [as_cell(raw) for raw in merged["cells"]]
    titles = {one.id: one.title for one in [*read_exercises(old), *read_exercises(fresh)]}
    carried = Carried()
    _compare(old, fresh, titles, carried)
    places = {("text", cell.source): place for place, cell in enumerate(fresh)}
    places |= {_key(cell): place for place, cell in reversed(list(enumerate(fresh)))}
    chosen = _choose_answers(old)
    kept: dict[int, list[Cell]] = {}  # the student's own, by the place of the cell that they come after
    gone: list[Cell] = []
    last, taken = -1, set[int]()
    for cell in old:
        place = places.get(_key(cell))
        if place is None or place in taken or chosen.get(cell.grade_id, cell) is not cell:
            if cell.solution and not is_as_released(cell) and cell.source.strip():
                gone.append(cell)
                carried.left += [titles.get(cell.grade_id, cell.grade_id)] if place is None else []
            elif not cell.grade_id and _is_own(cell):
                kept.setdefault(last, []).append(cell)
            continue
        last = place
        taken.add(place)
        kept.setdefault(last, []).extend(_put(cell, fresh[place], titles, carried))
    carried.added = sum(map(len, kept.values())) - len(carried.doubled)
    _assemble(merged, fresh, kept, gone)
    return carried


def _key(cell: Cell) -> tuple[str, str]:
    """What a cell of both notebooks is found by: nbgrader's name, else its own, which older notebooks lack."""
    if cell.grade_id:
        return "named", cell.grade_id
    return ("", cell.id) if cell.id else ("text", cell.source)


def _choose_answers(cells: list[Cell]) -> dict[str, Cell]:
    """The cell that has the answer, by its name for nbgrader: a student who copies a cell copies its name as well."""
    chosen: dict[str, Cell] = {}
    for cell in cells:
        if cell.solution and (cell.grade_id not in chosen or is_as_released(chosen[cell.grade_id])):
            chosen[cell.grade_id] = cell
    return chosen


def _put(cell: Cell, target: Cell, titles: dict[str, str], carried: Carried) -> list[Cell]:
    """Put a student's cell into the release's cell of the same name, in place; returns it where it has to come after that instead."""
    if target.solution:
        if is_as_released(cell) or cell.source.strip() in ("", target.source.strip()):
            return []
        title = titles.get(target.grade_id, target.grade_id)
        if not is_as_released(target):
            carried.doubled.append(title)
            return [cell]
        _take(cell, target)
        carried.answers.append(title)
        return []
    if cell.source == target.source:
        if target.kind == cell.kind == "code" and not target.raw.get("outputs"):
            target.raw.update({name: cell.raw[name] for name in _OUTPUTS if name in cell.raw})
        return []
    return [cell] if not cell.grade_id and _is_edited(cell, target) else []


def _take(cell: Cell, target: Cell) -> None:
    """Give the release's cell what the student's holds: the text, its pictures and its outputs."""
    target.raw["source"] = cell.source
    if isinstance(cell.raw.get("attachments"), dict) and target.kind == "markdown":
        target.raw["attachments"] = cell.raw["attachments"]
    if target.kind == cell.kind == "code":
        target.raw.update({name: cell.raw[name] for name in _OUTPUTS if name in cell.raw})


def _is_own(cell: Cell) -> bool:
    """Whether a cell without a name that the release lacks is the student's, or was edited by them, and has anything in it."""
    authored = _AUTHORED.fullmatch(cell.id)
    if not cell.source.strip():
        return False
    if authored and cell.kind == "code":
        return hashlib.sha256(cell.source.encode("utf-8", "replace")).hexdigest()[:12] != authored[1]
    return not authored


def _is_edited(cell: Cell, target: Cell) -> bool:
    """Whether the student changed an author's cell that is still in the release: of text, where it has a line that the release's lacks.

    A link to the glossary and the line of what is checked come from the build, which may have changed them.
    """
    if cell.kind == "code":
        return True
    lines, others = (set(_LINK.sub(r"\1", one.source).splitlines()) for one in (cell, target))
    return any(line.strip() and not line.startswith("**Checked:**") for line in lines - others)


def _compare(old: list[Cell], fresh: list[Cell], titles: dict[str, str], carried: Carried) -> None:
    """Note which exercises the release has changed: the text that they are handed out with, their check or their points."""
    before, after = (_describe(cells) for cells in (old, fresh))
    carried.new = [titles[name] for name in after if name not in before]
    carried.removed = [titles[name] for name in before if name not in after]
    carried.changed = [titles[name] for name in after if name in before and before[name] != after[name]]


def _describe(cells: list[Cell]) -> dict[str, list[object]]:
    named: dict[str, Cell] = {}
    for cell in cells:
        if cell.grade_id:
            named.setdefault(cell.id or cell.grade_id, cell)
    found = {}
    for one in read_exercises(cells):
        pair = [named[name] for name in dict.fromkeys((one.answer, one.check)) if name in named]
        marks = [cell.raw["metadata"]["nbgrader"].get("checksum") for cell in pair]
        found[one.id] = [one.max, one.extra, *marks]
    return found


def _assemble(merged: dict[str, Any], fresh: list[Cell], kept: dict[int, list[Cell]], gone: list[Cell]) -> None:
    """Make the cells of the new notebook: the release's, and the student's between and after them, each with an id of its own."""
    used = {cell.id for cell in fresh if cell.id}
    cells = [_free(cell, used) for cell in kept.get(-1, [])]
    for place, cell in enumerate(fresh):
        cells.append(cell.raw)
        cells += [_free(one, used) for one in kept.get(place, [])]
    if gone:
        heading = {"cell_type": "markdown", "id": _find_id("from-before", used), "metadata": {}, "source": LEFT}
        cells += [heading, *(_free(cell, used) for cell in gone)]
    merged["cells"] = cells


def _free(cell: Cell, used: set[str]) -> dict[str, Any]:
    """A cell as one of the student's own: nbgrader doesn't name it, and nothing keeps it from being changed or deleted."""
    raw = copy.deepcopy(cell.raw)
    metadata = raw.get("metadata")
    kept = metadata.items() if isinstance(metadata, dict) else ()
    raw["metadata"] = {
        name: one for name, one in kept if name not in ("nbgrader", "deletable", "editable", "autograded")
    }
    raw["id"] = _find_id(cell.id or hashlib.sha256(cell.source.encode("utf-8", "replace")).hexdigest()[:8], used)
    raw["source"] = cell.source
    if cell.kind == "code":
        raw.setdefault("outputs", [])
        raw.setdefault("execution_count", None)
    return raw


def _find_id(wanted: str, used: set[str]) -> str:
    """An id like the wanted one that no cell has yet."""
    wanted = re.sub(r"[^\w-]", "-", wanted, flags=re.ASCII)[:50] or "cell"
    numbered: Iterable[str] = (f"{wanted}-own-{number}" for number in range(1, 100_000))
    found = wanted if wanted not in used else next(one for one in numbered if one not in used)
    used.add(found)
    return found

"""Where each cell of a notebook runs, read from the author's source once and applied to every submission.

Answers and whatever else students write run in the student's process. Checks and what they need of the author's own run in the
examiner's. Explanations that nothing of the student's depends on need not run again for every student: their outputs are those of the
reference run, in which the author's own solutions were executed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from autograder.engine.jobs import Job, Output, Step
from autograder.engine.planning.languages import get_kernel, get_language
from autograder.engine.planning.magics import strip_magics
from autograder.engine.planning.names import Names, find_imports, read_asked, read_names
from autograder.engine.planning.rebinding import read_rebound
from autograder.engine.planning.running import runs_text
from autograder.engine.planning.settlement import Settlement
from autograder.engine.planning.syntax import parse

RULE = re.compile(r"\bwithout\s*=")
"""Where a check may have a rule, of which it reads in the cells before."""

_STAR = re.compile(r"(?m)^from\s+[\w.]+\s+import\s+\*")

_HISTORY = re.compile(r"\b(In|_ih|_i+)\b")
"""Names under which IPython has the cells before."""

DRAWS = "autograder.variant"
"""What a cell uses that draws numbers for a student."""

Role = Literal["answer", "check", "setup", "prose"]
"""`setup`: locked code of the author's; `prose`: code that explains, which students may change."""


def get_name(cell: Any) -> str:
    """nbgrader's id of a cell, "" for one that it doesn't mark: metadata in which nothing is switched on is left behind by its menu."""
    marks = cell.metadata.get("nbgrader")
    if not isinstance(marks, dict) or not any(marks.get(one) for one in ("grade", "solution", "locked", "task")):
        return ""
    return str(marks.get("grade_id") or "")


def get_role(cell: Any) -> Role:
    """What a code cell is, by nbgrader's metadata."""
    marks = cell.metadata.get("nbgrader") or {}
    if marks.get("solution"):
        return "answer"
    if marks.get("grade"):
        return "check"
    return "setup" if marks.get("locked") else "prose"


def _imports_all(source: str) -> bool:
    named = _STAR.sub("pass", source)
    return named != source and not read_names(named).dynamic


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _only_defines(source: str) -> bool:
    """Whether a cell uses none of the functions and classes that it defines, except in these themselves."""
    try:
        program = parse(strip_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    made = {node.name for node in program.body if isinstance(node, (*_FUNCTIONS[:2], ast.ClassDef))}
    waiting: list[ast.AST] = [program]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in made:
            return False
        if isinstance(node, ast.ClassDef):
            waiting += node.body
        elif not isinstance(node, _FUNCTIONS):
            waiting += ast.iter_child_nodes(node)
    return True


@dataclass(frozen=True)
class Reference:
    """What the run of the author's own notebook showed."""

    split: bool = True
    """Whether the author's solutions earn in two processes what they earn in one."""
    outputs: list[list[Output]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    """Of each code cell, what it changed besides its names; the keys are those of `facts.take_facts`."""
    judged: frozenset[str] = frozenset()
    """The expressions of checks that the examiner evaluated, because they give data to functions of the author's."""
    rests: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By the place of a check: what its verdict rests on besides plain data; see `Step.rests`."""
    kernel: str = ""
    """The kernel that runs a notebook in a language other than Python."""
    by_stderr: bool = False
    """Whether that kernel tells of errors by nothing but a text on stderr."""


class Plan:
    """The plan for one notebook of an assignment."""

    def __init__(self, source: Any) -> None:
        self.cells = [cell for cell in source.cells if cell.cell_type == "code"]
        self.roles = [get_role(cell) for cell in self.cells]
        self.language, self.kernel = get_language(source.metadata), get_kernel(source.metadata)
        """`kernel` is what the notebook says that runs it, "" for Python; all cells of another language run in one process."""
        self.names = [Names(dynamic=True) if self.kernel else read_names(cell.source) for cell in self.cells]
        self.reference = Reference()
        self.answers = frozenset(
            name for role, names in zip(self.roles, self.names, strict=True) if role == "answer" for name in names.bound
        )
        self.shared: set[int] = set()
        """Places of explanations whose names the checks use; they run in both processes."""
        self.needs: dict[int, list[str]] = {}
        """For the place of a check, the names in it that are the student's."""
        self.imports: dict[int, str] = {}
        """For the place of a check, what to import for it because only an answer does."""
        cells = enumerate(zip(self.roles, self.cells, strict=True))
        self._stars = [place for place, (role, cell) in cells if role != "answer" and _imports_all(cell.source)]
        """Places of cells of the author's that import all names of a module, and are otherwise known."""
        own = (names for role, names in zip(self.roles, self.names, strict=True) if role == "answer")
        self._called = {name for names in own for name in names.called}
        """What the functions of answers need when they are called."""
        self._inspects = any("inspect" in cell.source for cell in self.cells)
        drawing = {name for names in self.names for name, origin in names.imports.items() if origin == DRAWS}
        self.draws = {place for place, names in enumerate(self.names) if drawing & (names.incoming | names.late)}
        """Places of cells that draw numbers for a student (`checks.variants`): what they make belongs to one student."""
        for place, role in enumerate(self.roles):
            if role == "check":
                self._look_at_check(place)

    @property
    def authored(self) -> frozenset[str]:
        """The names that the author's cells bind in both processes, and no answer does."""
        both = [place for place, role in enumerate(self.roles) if role == "setup" or place in self.shared]
        return frozenset(name for place in both for name in self.names[place].bound) - self.answers

    def _owner(self, name: str, place: int) -> int | None:
        """The place of the last cell before `place` that makes `name`; of one that may, by importing all names of a module, if none does."""
        own = (i for i in reversed(range(place)) if name in self.names[i].bound)
        return next(own, next((i for i in reversed(self._stars) if i < place), None))

    def _look_at_check(self, place: int) -> None:
        students, imported = set(), set()
        own = self.names[place]
        bound = {name for name in own.builtin if self._owner(name, place) is not None}  # a `max` of the student's
        waiting, seen = sorted(own.incoming | bound), set(own.bound)
        while waiting:
            name = waiting.pop()
            owner = self._owner(name, place)
            if owner is not None and self._share(owner, set()):
                behind = self._needed_later(owner) - seen  # by functions of the author's that the check may call
                seen |= behind
                waiting += sorted(behind)
                continue
            if owner is not None and name in self.names[owner].imports:
                imported.add(name)
            else:
                students.add(name)
        students |= (own.bound - own.imports.keys()) & self._called  # what a test binds for the student's code to find
        self.needs[place] = sorted(name for name in students if not _HISTORY.fullmatch(name))
        statements = [line for cell in self.cells[:place] for line in find_imports(cell.source, imported)]
        self.imports[place] = "\n".join(dict.fromkeys(statements)) if imported else ""

    def _needed_later(self, place: int) -> frozenset[str]:
        """What the functions of a cell need when they are called, and the cell does not make."""
        return frozenset(self.names[place].late & self.names[place].incoming)

    def _share(self, place: int, seen: set[int]) -> bool:
        """Whether the examiner has, or can have, the names of a cell without the student's process."""
        if self.roles[place] in ("setup", "check") or place in self.shared:
            return True
        if self.roles[place] == "answer" or place in seen or (self.names[place].dynamic and place not in self._stars):
            return False
        later = self._needed_later(place) if _only_defines(self.cells[place].source) else frozenset[str]()
        owners = [self._owner(name, place) for name in self.names[place].incoming - later]
        if not all(owner is not None and self._share(owner, seen | {place}) for owner in owners):
            return False
        self.shared.add(place)
        return True

    def runs_text(self) -> bool:
        """Whether a check, or a function of the author's that checks may call, runs what an answer gives as a program."""
        own = (place for place, role in enumerate(self.roles) if role == "setup" or place in self.shared)
        return any(runs_text(self.cells[place].source, needs) for place, needs in self.needs.items()) or any(
            runs_text(self.cells[place].source, (), defines=True) for place in own if any(self.needs.values())
        )

    def key(self) -> str:
        """A digest of all code of the source."""
        text = self.kernel + json.dumps(
            [(role, cell.source) for role, cell in zip(self.roles, self.cells, strict=True)]
        )
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    # --- steps ---------------------------------------------------------------------------------

    def lay_out(self, notebook: Any, seconds: float = 30) -> list[Placed]:
        """The code cells of a rebuilt `notebook`, in order, each with the step to run or the outputs that it has already.

        Where it takes more than `seconds` to tell which cells need not run, all of them do.
        """
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        places = self._match(cells)
        unaffected = self._find_unaffected(cells, places, time.monotonic() + seconds)
        laid: list[Placed] = []
        random: dict[str, str] = {}
        for number, (cell, place) in enumerate(zip(cells, places, strict=True), start=1):
            if number - 1 in unaffected and place is not None:
                laid.append(Placed(cell, None, self.reference.outputs[place], place))
                random.update(self.reference.facts[place]["random"])
                continue
            step = self._make_step(cell, place, number, random)
            if step.side == "examiner" and (self._inspects or _HISTORY.search(cell.source)):
                step = replace(step, history=[one.source for one in cells[: number - 1]])
            if (self.roles[place] if place is not None else get_role(cell)) == "check" and RULE.search(cell.source):
                step = replace(step, cells=self._tell_cells(cells[: number - 1], places))
            laid.append(Placed(cell, step, None, place))
            random = {} if laid[-1].step and laid[-1].step.side != "examiner" else random
        return laid

    def make_job(
        self,
        steps: Sequence[Step],
        reference: Reference,
        folder: Path,
        files: dict[str, Path],
        seconds: float,
        student: str = "",
    ) -> Job:
        """A run of these steps, for a `student`; see `Job`."""
        return Job(
            steps,
            self.answers,
            reference.judged,
            folder,
            files,
            seconds,
            authored=self.authored,
            kernel=reference.kernel,
            by_stderr=reference.by_stderr,
            student=student if self.draws else None,
        )

    def _make_step(self, cell: Any, place: int | None, number: int, random: dict[str, str]) -> Step:
        role = get_role(cell) if place is None else self.roles[place]
        if not self.reference.split:
            return Step(cell.source, "student", number)
        if role == "check" and place is not None:
            rests = self.reference.rests.get(str(place))
            return Step(cell.source, "examiner", number, self.needs[place], self.imports[place], rests)
        if role == "setup" or place in self.shared:
            authored = self.cells[place].source if place is not None else cell.source
            if role != "setup":  # magics are for what is shown
                authored = strip_magics(authored)
            return Step(
                cell.source, "both", number, authored=authored, owns=self._owns(place, cell), random=dict(random)
            )
        return Step(cell.source, "student", number, owns=self._owns(place, cell), random=dict(random))

    def _tell_cells(self, cells: list[Any], places: list[int | None]) -> dict[str, Any]:
        """The cells before a check, each with whether it is the author's and which exercise it answers, if any."""
        rows = []
        for cell, place in zip(cells, places, strict=False):
            answers = place is not None and self.roles[place] == "answer"
            name = self.cells[place].metadata["nbgrader"]["grade_id"] if answers and place is not None else ""
            rows.append([cell.source, not self._is_students(place, cell), name])
        own = zip(self.cells, self.roles, self.names, strict=True)
        answered = {
            cell.metadata["nbgrader"]["grade_id"]: sorted(names.bound) for cell, role, names in own if role == "answer"
        }
        return {"cells": rows, "answers": answered}

    def _owns(self, place: int | None, cell: Any) -> list[str]:
        return [] if self._is_students(place, cell) or place is None else sorted(self.names[place].bound - self.answers)

    def find_rebound(self, notebook: Any) -> list[str]:
        """The functions and classes of the author's that a student's cells redefine."""
        made = {
            name
            for role, names, cell in zip(self.roles, self.names, self.cells, strict=True)
            if role == "setup"
            for name in names.bound - set(names.imports) - self.answers
            if re.search(rf"(?m)^\s*(def|class)\s+{re.escape(name)}\b", cell.source)
        }
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        places = self._match(cells)
        students = [cell for cell, place in zip(cells, places, strict=True) if self._is_students(place, cell)]
        return sorted(made & {name for cell in students for name in read_rebound(cell.source)}) if made else []

    def _match(self, cells: list[Any]) -> list[int | None]:
        """For each cell the place of the source's cell that it is, `None` for one that the student added."""
        ids = {get_name(cell): place for place, cell in enumerate(self.cells) if get_name(cell)}
        by_id = {cell.get("id"): place for place, cell in enumerate(self.cells) if cell.get("id")}
        by_text = {cell.source: place for place, cell in enumerate(self.cells) if self.roles[place] == "prose"}
        found: list[int | None] = []
        taken: set[int | None] = set()
        for cell in cells:
            name = get_name(cell)
            place = ids.get(name) if name else by_id.get(cell.get("id"), by_text.get(cell.source))
            found.append(None if place in taken else place)
            taken.add(place)
        return found

    def _find_unaffected(self, cells: list[Any], places: list[int | None], until: float) -> set[int]:
        """Which of the `cells`, by their place in the notebook, need not run: none where that is not known at the time `until`.

        Nothing of the student's reaches these, and no cell that runs needs what they make: their outputs are those of the reference run.
        """
        if not self.reference.facts:
            return set()
        names = []
        for cell in cells:
            if time.monotonic() > until:
                return set()
            names.append(read_names(cell.source))
        students = [
            place in self.draws or self._is_students(place, cell) for cell, place in zip(cells, places, strict=True)
        ]
        clean = frozenset(
            number
            for number, place in enumerate(places)
            if place is not None and self._is_clean(place) and not students[number]
        )
        if any(own.dynamic and mine for own, mine in zip(names, students, strict=True)):
            return set()
        changed = [
            [name for name in own.bound if name not in own.imports or not self._imports(name, own)] if mine else []
            for own, mine in zip(names, students, strict=True)
        ]
        mutable = [
            self.reference.facts[place]["mutable"] if number in clean and place is not None else []
            for number, place in enumerate(places)
        ]
        asked = [read_asked(cell.source) if get_role(cell) == "check" else frozenset[str]() for cell in cells]
        return Settlement(names, asked, mutable, clean, changed).find(until)

    def _is_students(self, place: int | None, cell: Any) -> bool:
        return place is None or self.roles[place] == "answer" or self.cells[place].source != cell.source

    def _is_clean(self, place: int) -> bool:
        """Whether a cell explains, needs nothing of an answer, and changed nothing but names and random numbers."""
        if self.roles[place] != "prose" or place in self.shared or self.names[place].dynamic:
            return False
        outputs, facts = self.reference.outputs[place], self.reference.facts[place]
        return not facts["effects"] and not any(output["output_type"] == "error" for output in outputs)

    def _imports(self, name: str, student: Names) -> bool:
        """Whether the source, too, imports under `name` what the student does."""
        origins = {names.imports[name] for names in self.names if name in names.imports}
        return student.imports[name] in origins


@dataclass(frozen=True)
class Placed:
    """A code cell of a notebook, with the step to run or, where it need not run, the outputs of the reference run."""

    cell: Any
    step: Step | None
    outputs: list[Output] | None
    place: int | None
    """Of the source's cell that it is."""

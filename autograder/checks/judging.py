"""The rule of one check: asks the student's side under it, and says how an answer breaks it."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from autograder.checks.data import Data
from autograder.checks.problems import Problem
from autograder.checks.reading import CellText, History, Program, get_shown
from autograder.checks.rules import Broken, Rule, normalise
from autograder.checks.student import Reply, Student, read_expression
from autograder.checks.watching import Ban
from autograder.formats import CELLS, digest_cell


class Judge:
    """Looks whether the answers to an exercise keep its rule.

    The code of the answer decides, read from the cells that ran before the check (`reading`); what only shows when the answer runs is
    what the student's side tells (`watching`), and counts besides. Raises `ValueError` for a word that is not known.
    """

    def __init__(self, exercise: str, without: str | Sequence[str]) -> None:
        self.exercise, self.rule = exercise, normalise(without)
        self._found: dict[tuple[str, ...], Broken | None] = {}

    def ask(
        self, student: Student, expression: str, data: dict[str, Data], upstream: Tensor | None
    ) -> tuple[Reply, Problem | None]:
        """The reply of `student`, and the problem where the answer breaks the rule. An answer that is not there breaks none."""
        if not self.rule.words:
            return student.evaluate(expression, data, upstream), None
        names = tuple(name for name in read_expression(expression).free if name not in data)
        ban = Ban(self.rule.text, self._program.given)
        reply = student.evaluate(expression, data, upstream, ban)
        if reply.outcome in ("missing", "not attempted"):
            return reply, None
        broken = self._read(names) or _read_told(reply, self.rule)
        if broken is None:
            return reply, None
        subject = broken.where if broken.where in names else reply.name or "your answer"
        return Reply("ruled", subject, error=broken.word, detail=broken.path), Problem(
            "rule", *broken.describe(subject)
        )

    @functools.cached_property
    def _program(self) -> Program:
        return Program(get_shown() or _find_history(), self.exercise)

    def _read(self, names: tuple[str, ...]) -> Broken | None:
        if names not in self._found:
            self._found[names] = self._program.read(names, self.rule)
        return self._found[names]


def _read_told(reply: Reply, rule: Rule) -> Broken | None:
    """What the student's side tells of a broken rule, as far as it makes sense."""
    if reply.outcome != "ruled":
        return None
    told = reply.value
    if isinstance(told, tuple) and len(told) == 6 and [type(part) for part in told] == [str, str, str, int, str, str]:
        word, path, spelled, line, code, where = told
        if word in {one.text for one in rule.words}:
            return Broken(
                str(word), str(path)[:100], str(spelled)[:60], int(str(line)), str(code)[:100], str(where)[:60]
            )
    word = rule.words[0].text
    return Broken(word, word, word)


def write_cells(authored: Sequence[str], answers: dict[str, Sequence[str]]) -> str:
    """The text of the file that tells a notebook's checks which cells are the author's, and what each answer binds."""
    stored = {
        "authored": sorted(map(digest_cell, set(authored))),
        "answers": {name: sorted(answers[name]) for name in answers},
    }
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


_OF_AUTHORS = ("check.report()", "from autograder import")
"""What cells have in them that no student writes: released checks, and a set-up where there is no such file."""


def _find_history() -> History:
    """The cells that ran in this notebook, and what the file beside it says of them."""
    module = sys.modules.get("IPython")
    shell: Any = module.get_ipython() if module else None
    if shell is None:
        return History()
    sources = [str(source) for source in shell.history_manager.input_hist_raw[1:]]
    try:
        stored = json.loads((Path.cwd() / CELLS).read_text(encoding="utf-8"))
        authored, answers = set(stored["authored"]), dict(stored["answers"])
    except (OSError, ValueError, KeyError, TypeError):
        authored, answers = set(), {}
    return History(
        [CellText(one, digest_cell(one) in authored or any(word in one for word in _OF_AUTHORS)) for one in sources],
        answers,
    )

"""The check of one exercise, as a notebook's check cell uses it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checks.cards import describe_evidence, tell_evidence, wrap
from autograder.checks.data import Data, to_data
from autograder.checks.expecting import work_out
from autograder.checks.judging import Judge
from autograder.checks.keeping import find_library, keep_answer
from autograder.checks.looks import find_problem
from autograder.checks.mistakes import (
    Fingerprint,
    KnownMistakes,
    digest_stub,
    fingerprint,
    load_extras,
    load_stub,
    name_evaluation,
    tell_mistakes,
)
from autograder.checks.problems import Answer, Expected, Problem
from autograder.checks.seals import Sealed, find_near_edge, look_at_seal
from autograder.checks.student import Names, Reply, find_bound, find_last_cells, find_student, read_expression
from autograder.checks.variants import OTHER_NUMBERS, Varied
from autograder.formats import EXTRA, RESULT, digest_cell


class Score(float):
    """Points, shown as a plain number: nbgrader reads a check cell's last value as the score.

    `result`, what the check found, goes into the notebook with it, for reports to read.
    """

    result: dict[str, Any]
    extra = False
    """Extra points are shown with a word: nbgrader takes no number for a cell that counts 0 in its maximum."""

    def __repr__(self) -> str:
        return f"{float(self):g} {EXTRA}" if self.extra else f"{float(self):g}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/plain": repr(self), RESULT: self.result}


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a check: what was asked, what came back, and the first look that failed.

    `place` counts the evaluations of the check that are shown, and those that are hidden, each from 0. `on` is what the author calls
    the kind of input.
    """

    expression: str
    place: int
    part: str
    hidden: bool
    data: dict[str, Data]
    reply: Reply
    expected: Expected
    problem: Problem | None
    on: str = ""
    sealed: Sealed | None = None
    wanted_seal: str | None = None
    near_edge: float | None = None
    """A number of a sealed answer that lies close to where its rounding changes."""

    @functools.cached_property
    def name(self) -> str:
        return name_evaluation(self.expression, self.place, self.hidden)

    @functools.cached_property
    def fingerprint(self) -> Fingerprint:
        return fingerprint(self.name, self.reply, self.problem is not None and self.problem.look == "gradient")


_recorders: list[Callable[[Check], None]] = []


@contextmanager
def recording() -> Iterator[list[Check]]:
    """Collect every check that reports in this context; the build and the tests look into them."""
    checks: list[Check] = []
    _recorders.append(checks.append)
    try:
        yield checks
    finally:
        _recorders.remove(checks.append)


class Check:
    """Evaluates the student's work and reports in words what is wrong with it.

    In a check cell::

        check = Check("softmax", points=3)
        check("softmax(scores)", scores=torch.tensor([[4.3, 6.1, 2.3]]), gives=torch.tensor([[0.1392, 0.8420, 0.0188]]), within=5e-5)
        check.report()

    With `parts`, a dictionary from a part's name to its points, each evaluation names its `part`, and a part earns
    its points when all of its evaluations hold. Without, all of the exercise is one part. Where the exercise is about
    leaving the input alone, `unchanged` is `True`, or the names of the data that must stay as they are.

    `without` names what the exercise must be solved without, such as "torch.softmax loops" (see `rules`). An answer that breaks the rule
    fails before anything is compared. Raises `ValueError` for a word that is not known.
    """

    def __init__(
        self,
        exercise: str,
        points: float | None = None,
        *,
        parts: dict[str, float] | None = None,
        unchanged: bool | str = False,
        without: str | Sequence[str] = (),
    ) -> None:
        if (points is None) == (parts is None):
            raise ValueError(f'Check("{exercise}") needs either points=... or parts={{"name": points, ...}}')
        self.exercise = exercise
        self.parts = dict(parts) if parts else {"": float(points or 0)}
        self.points = sum(self.parts.values())
        self.evaluations: list[Evaluation] = []
        self._unchanged = unchanged
        self._answers: list[Answer] = []
        self._hidden = False
        self._varied = Varied(exercise)
        self._judge = Judge(exercise, without)
        self._student = find_student(sys._getframe(1).f_globals)

    def hidden(self) -> None:
        """From here on, messages show neither the input nor the values of an evaluation."""
        self._hidden = True

    def __call__(
        self,
        expression: str,
        *,
        gives: Data | Sealed | Callable[..., Data],
        gradient: bool = False,
        within: float = 1e-6,
        part: str = "",
        on: str = "",
        **data: Data,
    ) -> None:
        """Evaluate `expression` where the student's names live, with `data` for its other names.

        `gives` is the expected value, a `sealed` one, or a function that computes it from the same data. With
        `gradient`, `gives` must be a function of tensors, and the gradients with respect to them are compared as well,
        for an upstream gradient that is not uniform. `within` is the absolute tolerance. `on` says in a few words what kind of input
        this is ("one row", "a learning rate of 0"), for the student to read where it fails and is hidden.

        Raises `ValueError` for a `part` that the check does not have, and for data that has the name of one of these settings.
        """
        settings: dict[str, tuple[object, type | tuple[type, ...]]] = {
            "gradient": (gradient, bool),
            "within": (within, (int, float)),
            "part": (part, str),
            "on": (on, str),
        }
        for name, (setting, kind) in settings.items():
            if not isinstance(setting, kind):
                raise ValueError(f"`{name}` is a setting of the check: use a different name for the data")
        if part not in self.parts:
            raise ValueError(
                f'Check("{self.exercise}") has no part {part!r}; it has {", ".join(map(repr, self.parts))}'
            )
        plain = to_data(data)
        place = sum(one.hidden == self._hidden for one in self.evaluations)
        gives = self._varied.open(gives, name_evaluation(expression, place, self._hidden))
        wanted, upstream, gradients = work_out(gives, plain, gradient)
        reply, broken = self._judge.ask(self._student, expression, plain, upstream)
        kept = self._find_kept(plain)
        reply = replace(reply, arguments={name: value for name, value in reply.arguments.items() if name in kept})
        seal_of = wanted if isinstance(wanted, Sealed) else None
        expected = Expected(
            None if seal_of else wanted,
            gradients,
            within,
            kept,
            plain,
            self._hidden,
            expression,
            part,
            again=gives if callable(gives) else None,
            answers=[] if seal_of else self._answers,
        )
        near_edge, own_seal = None, None
        if broken:
            problem: Problem | None = broken
        elif seal_of:
            near_edge = find_near_edge(reply.value, seal_of.digits)
            problem, own_seal = look_at_seal(reply, seal_of, expression, expected)
        else:
            problem = find_problem(reply, expected)
        self.evaluations.append(
            Evaluation(
                expression, place, part, self._hidden, plain, reply, expected, problem, on, seal_of, own_seal, near_edge
            )
        )

    def _find_kept(self, data: dict[str, Data]) -> frozenset[str]:
        """The names of the data that the answer must leave as they are."""
        if isinstance(self._unchanged, bool):
            return frozenset(data if self._unchanged else ())
        return frozenset(self._unchanged.split()) & data.keys()

    @property
    def score(self) -> float:
        """The points of all parts whose evaluations all hold; a part without evaluations earns nothing."""
        earned = 0.0
        for part, points in self.parts.items():
            own = [evaluation.problem for evaluation in self.evaluations if evaluation.part == part]
            earned += points if own and not any(own) else 0.0
        return round(earned, 4)

    @property
    def attempted(self) -> bool:
        """Whether there was anything to check besides what was handed out."""
        written = [one for one in self.evaluations if one.reply.outcome not in ("missing", "not attempted")]
        return not self.evaluations or (bool(written) and not self._is_untouched)

    @functools.cached_property
    def _cells(self) -> dict[str, str]:
        """The cell that bound each name last that this check asks about. Only a notebook has any; a grader looks at the submission itself."""
        if not isinstance(self._student, Names):
            return {}
        asked = [(read_expression(one.expression).free, one.data) for one in self.evaluations]
        return find_last_cells(self._student.names, (name for free, data in asked for name in free if name not in data))

    @property
    def _is_untouched(self) -> bool:
        """Whether what is checked was bound by the answer cell as it was handed out."""
        stub = None if self.score else load_stub(self.exercise, Path.cwd())
        released = [cell for cell in self._cells.values() if digest_stub(cell) == stub]
        own = {name for name in find_bound(released[0]) if name in self._cells} if released else set()
        return bool(own) and all(digest_stub(self._cells[name]) == stub for name in own)

    @property
    def without(self) -> list[str]:
        """What the exercise must be solved without, word by word."""
        return [word.text for word in self._judge.rule.words]

    @property
    def _failed(self) -> list[Evaluation]:
        """The evaluations that failed; a broken rule comes before all else."""
        failed = [evaluation for evaluation in self.evaluations if evaluation.problem]
        return sorted(failed, key=lambda one: one.problem is None or one.problem.look != "rule")

    def report(self) -> Score:
        """Print what holds and the first thing that does not, and return the score."""
        for recorder in _recorders:
            recorder(self)
        print(self.message())
        result = self.result()
        if kept := self._keep():
            result["kept"] = kept
        for line in filter(None, (kept, self._varied.remark())):
            print(f"  {line}")
        if os.environ.get("NBGRADER_VALIDATING") and self.score < self.points:
            print(self.message(), file=sys.stderr)  # what nbgrader's validation shows of a cell
        score = Score(self.score)
        score.result, score.extra = result, self._is_extra
        return score

    def _keep(self) -> str:
        """Keep an answer that passed in the student's own library, where this is the student's own notebook; says so where that is new."""
        if self._failed or not self.evaluations or not isinstance(self._student, Names):
            return ""
        library = find_library(Path.cwd())
        wanted = dict.fromkeys(one.reply.name for one in self.evaluations)
        return keep_answer(self.exercise, wanted, self._student.names, library) if library else ""

    def result(self) -> dict[str, Any]:
        """What was found, as JSON: points, for each failed part the look, the message and what was seen (see `cards`), and in a notebook digests of the cells."""
        failed = [[e for e in self._failed if e.part == part] for part in self.parts]
        mistakes = [
            {
                "part": own[0].part,
                "look": own[0].problem.look,
                "says": (says := self._say(own)),
                "known": says != own[0].problem.says,
                **describe_evidence(own[0], self.evaluations),
            }
            for own in failed
            if own and own[0].problem
        ]
        result = {
            "exercise": self.exercise,
            "score": self.score,
            "points": self.points,
            "attempted": self.attempted,
            "mistakes": mistakes if self.attempted else [],
            **({"variant": [self._varied.number, *self._others]} if self._others else {}),
            **({"answers": sorted({digest_cell(cell) for cell in self._cells.values()})} if self._cells else {}),
        }
        if self._failed and not self.attempted:
            result["start"] = _how_to_start(self._failed[0])
        elif mistakes and len(self.parts) > 1:
            result["parts"] = [
                {"name": part, "points": points, "score": 0 if own else points}
                for (part, points), own in zip(self.parts.items(), failed, strict=True)
            ]
        return result

    @functools.cached_property
    def _others(self) -> list[int]:
        """The variants to which the answers would be right, where they aren't to this one and no known mistake explains them."""
        if not self._failed or not self.attempted or self._known.explain([one.fingerprint for one in self._failed]):
            return []
        varied = [(one.name, one.wanted_seal) for one in self.evaluations if one.sealed]
        return self._varied.find_others(varied)

    def message(self) -> str:
        """The text that the student reads."""
        most = f"{Score(self.points)!r} {'extra points' if self._is_extra else 'points'}"
        head = f"{self.exercise}: {Score(self.score)!r} of {most}."
        failed = self._failed
        if not failed:
            count = len(self.evaluations)
            if not count:
                return f"✗ {head} Nothing was checked."
            return f"✓ {head} {f'All {count} checks hold' if count > 1 else 'The check holds'}."
        if not self.attempted:
            return "\n".join(
                [
                    f"○ {self.exercise}: not attempted yet, 0 of {most}.",
                    *wrap(_how_to_start(failed[0])),
                ]
            )
        lines = [f"✗ {head}"]
        shown: set[str] = set()
        for part in self.parts:
            own = [evaluation for evaluation in failed if evaluation.part == part]
            if not own:
                lines += [f"  ✓ {part}"] if len(self.parts) > 1 else []
                continue
            says = self._say(own)
            again = says in shown
            shown.add(says)
            lines += [f"  ✗ {part}{': as above' if again else ''}"] if len(self.parts) > 1 else []
            if not again:
                indent = "  " if len(self.parts) > 1 else ""
                lines += [indent + line for line in (*wrap(says), *tell_evidence(own[0], self.evaluations))]
        return "\n".join(lines)

    @functools.cached_property
    def _is_extra(self) -> bool:
        return self.exercise in load_extras(Path.cwd())

    @functools.cached_property
    def _known(self) -> KnownMistakes:
        return KnownMistakes.load(self._varied.name, Path.cwd())

    def _say(self, failed: list[Evaluation]) -> str:
        """Why a part failed: in the author's words if a known mistake explains everything, otherwise in those of the look that failed first."""
        first = failed[0]
        assert first.problem is not None
        if first.sealed and self._others:
            return OTHER_NUMBERS
        if first.problem.look == "rule":
            failed = [one for one in failed if one.problem and one.problem.look == "rule"]
        held = [evaluation.name for evaluation in self.evaluations if not evaluation.problem]
        known = self._known.explain([one.fingerprint for one in failed], held)
        if not known and first.sealed:  # a question of its own
            known = self._known.explain_alone(first.fingerprint)
        return tell_mistakes(known) or first.problem.says


def _how_to_start(evaluation: Evaluation) -> str:
    if evaluation.reply.outcome == "missing":
        return (
            f"There is no `{evaluation.reply.name}` yet: write your answer in the cell above and run it, then run this one. "
            "If that cell stops with an error, fix the error first."
        )
    if evaluation.reply.outcome == "not attempted":
        return f"Write `{evaluation.reply.name}` in the cell above and run it, then run this one."
    return "The cell above hasn't been changed yet: change it and run it, then run this one."

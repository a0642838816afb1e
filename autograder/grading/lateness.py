"""What being late costs, by a rule: a plug-in for nbgrader's late penalties, which `nbgrader autograde` uses as well.

nbgrader subtracts a penalty from each notebook of a chapter. So points that a chapter loses are divided among its notebooks by what they are
worth, and no notebook loses more than it earned.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Enum, Float, TraitError, Unicode, validate

from autograder.errors import CourseError
from autograder.grading.dates import read_dates
from autograder.grading.files import modified
from autograder.grading.places import find_places
from autograder.grading.times import parse_duration


class LatePenalty(LateSubmissionPlugin):  # type: ignore[misc]
    """Takes off points or percent for each started step of lateness, up to a limit; nothing as long as no rule is set."""

    grace = Unicode(
        "0m", help="Lateness that costs nothing. Whoever is later than that is late from the due date on."
    ).tag(config=True)
    percent = Float(0.0, min=0, max=100, help="Percent that each step costs.").tag(config=True)
    points = Float(0.0, min=0, help="Points of the chapter that each step costs.").tag(config=True)
    every = Unicode("1d", help="The length of a step; a started one counts. Empty: once, however late.").tag(
        config=True
    )
    of = Enum(("score", "maximum"), "score", help="What percents are of: what was earned, or what could be.").tag(
        config=True
    )
    most = Float(100.0, min=0, max=100, help="Percent of the same that lateness costs at most.").tag(config=True)
    zero_after = Unicode("", help="Lateness after which nothing is left, such as 7d. Empty: never.").tag(config=True)

    @validate("grace", "every", "zero_after")  # type: ignore[untyped-decorator]
    def _check_duration(self, proposal: Any) -> str:
        text = str(proposal["value"])
        try:
            if text and parse_duration(text).total_seconds() <= 0 and proposal["trait"].name != "grace":
                raise CourseError(f"'{text}' must be longer than nothing.")
        except CourseError as error:
            raise TraitError(f"LatePenalty.{proposal['trait'].name}: {error}") from None
        return text

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points that a notebook with `score` loses; None where it loses none."""
        if total_seconds_late <= self.find_grace():
            return None
        over = self.zero_after and total_seconds_late > parse_duration(self.zero_after).total_seconds()
        if over or self.penalty_method == "zero":
            return score or None
        step = parse_duration(self.every).total_seconds() if self.every else math.inf
        steps = max(1, math.ceil(total_seconds_late / step - 1e-9))
        own, whole = self._find_points() if self.points or self.of == "maximum" else (0.0, 0.0)
        base = own if self.of == "maximum" else score
        share = own / whole if whole else 0.0
        penalty = min(steps * (self.percent / 100 * base + self.points * share), self.most / 100 * base, score)
        return round(penalty, 4) or None

    def find_grace(self) -> float:
        """Seconds: those of the chapter, or else of the course."""
        noted = read_dates(self._find_root(), self._name("assignment_id")).grace
        return (parse_duration(self.grace or "0m") if noted is None else noted).total_seconds()

    def _name(self, what: str) -> str:
        return str(getattr(self.parent, what, "") or "")

    def _find_root(self) -> Path:
        above = self.parent
        while above is not None:
            if hasattr(above, "coursedir"):
                return Path(above.coursedir.root)
            above = above.parent
        return Path(self.config.CourseDirectory.get("root") or ".")

    def _find_points(self) -> tuple[float, float]:
        """What the notebook is worth, and what the chapter is, without extra points."""
        folder = find_places(self._find_root()).source_folder(self._name("assignment_id"))
        worth = {path.stem: read_points(path, modified(path)) for path in sorted(folder.glob("*.ipynb"))}
        return worth.get(self._name("notebook_id"), 0.0), sum(worth.values())


@lru_cache(maxsize=512)
def read_points(path: Path, changed: int) -> float:
    """The points of a source notebook's cells; `changed` is its time of change, so that a later version is read again."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        marks = [cell["metadata"].get("nbgrader") or {} for cell in cells]
        return sum(float(one.get("points") or 0) for one in marks if one.get("grade") or one.get("task"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path} cannot be read ({error}).") from None

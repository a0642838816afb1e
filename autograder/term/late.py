"""Who was late, by how much, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.preprocessors import AssignLatePenalties

from autograder.grading.dates import read_extensions
from autograder.grading.gradebook import load_submissions
from autograder.grading.lateness import LatePenalty
from autograder.grading.times import show_duration
from autograder.term.due import open_term


@dataclass(frozen=True)
class Late:
    """One student's hand-in against the clock. Times are UTC without a zone; points are nbgrader's."""

    student: str
    due: datetime | None
    """With the extension."""
    handed_in: datetime | None
    """None where nothing came, or nobody knows when."""
    late: timedelta
    extension: timedelta | None
    reason: str
    """Of the extension."""
    score: float
    penalty: float
    forgiven: bool
    """Late, but within the grace."""
    submitted: bool = True

    @property
    def left(self) -> float:
        return max(0.0, self.score - self.penalty)


def list_late(course: Path, chapter: str) -> list[Late]:
    """Everybody who handed in late or was given more time, by name; what it costs is in nbgrader's gradebook."""
    granted = {name: one for name, one in read_extensions(course, chapter).items() if one.holds}
    found = []
    with open_term(course, chapter) as (gradebook, config):
        penalties = AssignLatePenalties(config=config)
        penalties.init_plugin()
        penalties.assignment_id = chapter
        plugin = penalties.plugin_inst
        grace = plugin.find_grace() if isinstance(plugin, LatePenalty) else 0.0
        due = gradebook.find_assignment(chapter).duedate
        for one in load_submissions(gradebook, chapter):
            seconds = one.total_seconds_late if due else 0.0
            record = granted.pop(one.student_id, None)
            if seconds > 0 or one.extension or record:
                penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in one.notebooks)
                found.append(
                    Late(
                        one.student_id,
                        one.duedate if due else None,
                        one.timestamp,
                        timedelta(seconds=seconds),
                        one.extension,
                        record.reason if record else "",
                        float(one.score),
                        float(penalty),
                        0 < seconds <= grace,
                    )
                )
    for name, record in granted.items():
        more = record.after(due)
        until = due + more if due and more is not None else None
        found.append(Late(name, until, None, timedelta(), more, record.reason, 0.0, 0.0, False, submitted=False))
    return sorted(found, key=lambda one: one.student)


def describe_rule(course: Path, chapter: str) -> str:
    """What being late costs, in a sentence."""
    with open_term(course, chapter) as (_, config):
        penalties = AssignLatePenalties(config=config)
        penalties.init_plugin()
        penalties.assignment_id = chapter
        plugin = penalties.plugin_inst
        if not isinstance(plugin, LatePenalty):
            method = getattr(plugin, "penalty_method", "")
            if type(plugin).__name__ == "LateSubmissionPlugin" and method == "none":
                return (
                    "Being late costs nothing: no rule is set. In nbgrader_config.py, c.AssignLatePenalties.plugin_class = "
                    "'autograder.grading.lateness.LatePenalty' and, for one, c.LatePenalty.percent = 10 set one."
                )
            return f"What being late costs is up to {type(plugin).__name__}" + (f" ({method})." if method else ".")
        grace = plugin.find_grace()
    first = f"Up to {show_duration(grace)} late costs nothing. " if grace else ""
    if plugin.penalty_method == "zero":
        return f"{first}Whoever is late gets no points."
    parts = [f"{plugin.points:g} points"] * (plugin.points > 0)
    parts += [f"{plugin.percent:g}% of what " + ("could be earned" if plugin.of == "maximum" else "was earned")] * (
        plugin.percent > 0
    )
    after = f"after {plugin.zero_after} nothing is left" if plugin.zero_after else ""
    if not parts:
        return first + (
            f"{after[0].upper()}{after[1:]}." if after else "Being late costs nothing: the rule takes nothing off."
        )
    each = f"for each started {plugin.every}" if plugin.every else "however late"
    most = f", at most {plugin.most:g}%" if plugin.most < 100 else ""
    return f"{first}Being late costs {' and '.join(parts)} {each}{most}{'; ' + after if after else ''}."

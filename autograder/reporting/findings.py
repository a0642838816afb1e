"""What stands out in a class, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from autograder.reporting.statistics import (
    FEW_STUDENTS,
    ExerciseStatistics,
    Mistake,
    Outcome,
    chance,
    write_decimal,
    write_percent,
)

Name = Callable[[str, str], str]
"""What an exercise, given by notebook and id, is called: text, or a link."""


def call_by_id(notebook: str, exercise: str) -> str:
    return exercise


def find_findings(
    exercises: Sequence[ExerciseStatistics], mistakes: Sequence[Mistake], students: int, name: Name = call_by_id
) -> list[Markup]:
    """Sentences on what is most telling about the class, the most telling first.

    They leave out exercises that are not graded for all students yet.
    """
    known = [exercise for exercise in exercises if exercise.facility is not None and not exercise.counts["to grade"]]
    if not known:
        return [Markup("There are no marks yet to draw conclusions from.")]
    if all(exercise.facility == 1 for exercise in known):
        return [Markup("Every graded student earned all points of every exercise.")]
    if all(exercise.facility == 0 for exercise in known):
        first = [Markup("No graded student earned a point: look at the release and at one submission first.")]
    else:
        first = [_describe_hardest(known, name)]
    found = first + ([_describe_mistake(mistakes[0], name)] if mistakes else [])
    found += _describe_discrimination(known, students, name)
    stopped = "In {name}, the check did not finish for {count} of {all} students: look at one of them first."
    left_out = "Most often left out was {name}: {count} of {all} students did not attempt it."
    found += _describe_most("stopped", stopped, known, name)
    found += _describe_most("not attempted", left_out, known, name)
    solved = [exercise for exercise in known if exercise.facility == 1]
    found += [Markup("All students solved {} of {} exercises.").format(len(solved), len(known))] if solved else []
    return found


def _describe_hardest(exercises: Sequence[ExerciseStatistics], name: Name) -> Markup:
    hardest = min(exercises, key=lambda exercise: exercise.facility or 0)
    ties = sum(exercise.facility == hardest.facility for exercise in exercises) - 1
    return Markup(
        "Hardest was <b>{}</b>{}: students earned {} of its points on average, and {} of {} had it right."
    ).format(
        name(hardest.notebook, hardest.exercise),
        f" (as were {ties} others)" if ties > 1 else " (as was one other)" if ties else "",
        write_percent(hardest.facility),
        hardest.counts["right"],
        hardest.counts.total(),
    )


def _describe_mistake(mistake: Mistake, name: Name) -> Markup:
    text = mistake.message if len(mistake.message) <= 300 else mistake.message[:300] + "…"
    return Markup("The most frequent mistake was made in <b>{}</b>, by {} of the {} who attempted it: “{}”").format(
        name(mistake.notebook, mistake.exercise), mistake.count, mistake.attempted, text
    )


def _describe_discrimination(exercises: Sequence[ExerciseStatistics], students: int, name: Name) -> list[Markup]:
    lowest = min(exercises, key=lambda exercise: 1.0 if exercise.discrimination is None else exercise.discrimination)
    value = lowest.discrimination
    if students < FEW_STUDENTS or value is None or not lowest.is_negative:
        return []
    text = Markup(
        "In <b>{}</b>, students who did well elsewhere tended to do worse (discrimination {}): "
        "its text or its check may mislead those who know more{}."
    )
    return [
        text.format(
            name(lowest.notebook, lowest.exercise),
            write_decimal(value),
            "; with so few students it may also be chance" if -value <= chance(students) else "",
        )
    ]


def _describe_most(outcome: Outcome, text: str, exercises: Sequence[ExerciseStatistics], name: Name) -> list[Markup]:
    """One finding about the exercise that most often went so, if it did for at least a tenth of the students."""
    most = max(exercises, key=lambda exercise: exercise.counts[outcome])
    count, students = most.counts[outcome], most.counts.total()
    if count < max(1, students / 10):
        return []
    return [
        Markup(text).format(
            name=Markup("<b>{}</b>").format(name(most.notebook, most.exercise)), count=count, all=students
        )
    ]

"""The instructor's report on a graded class: one HTML page that says where the class went wrong.

`ClassResult` in, page out: first the statistics, as pure functions; then what stands out, in words; then the two plots;
then the page, which `templates/report.html` lays out. It holds names of students and hidden-test messages: it is for
instructors only.
"""

from __future__ import annotations

import base64
import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import correlation, mean, median
from typing import Any, Literal

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.course.palette import BLACK, BLUE, RED
from autograder.grading.results import ClassResult, ExerciseResult, StudentResult, load_results, report_path

Outcome = Literal["right", "partial", "wrong", "stopped", "not attempted", "to grade"]

SYMBOLS: dict[Outcome, str] = {
    "right": "✓",
    "partial": "◐",
    "wrong": "✗",
    "stopped": "!",
    "not attempted": "○",
    "to grade": "?",
}
MEANINGS: dict[Outcome, str] = {
    "right": "all points",
    "partial": "some points",
    "wrong": "attempted, no points",
    "stopped": "the check itself did not come to an end",
    "not attempted": "left as it was, or not handed in",
    "to grade": "waits for a person's marks",
}

MOST_MISTAKES = 25
"""So many mistakes are listed. A long tail of single ones says nothing about the class."""

FEW_STUDENTS = 10
"""With fewer graded students, no discrimination is called a finding."""


def write_report(course: Path, chapter: str) -> Path:
    """Write `reports/<chapter>.html` from the stored results and return its path.

    Raises `CourseError` where the chapter has not been graded, or its results are not readable.
    """
    path = report_path(course, chapter)
    page = render_report(load_results(course, chapter))
    path.write_text(page, encoding="utf-8", errors="replace")
    return path


def render_report(result: ClassResult) -> str:
    """The report as one HTML page that needs no other file."""
    graded = complete(result)
    exercises = compute_statistics(graded)
    mistakes = count_mistakes(graded)
    marks = [get_mark(student, exercises) for student in graded]
    highest = sum(exercise.points for exercise in exercises if not exercise.by_hand)
    spread = count_marks(marks, highest)
    rows = [make_row(student, exercises) for student in graded]
    page = _environment().get_template("report.html")
    return page.render(
        chapter=result.chapter,
        students=len(result.students),
        not_graded=[student for student in result.students if student.state == "not graded"],
        missing=[student for student in result.students if student.state == "nothing handed in"],
        rows=rows,
        ranked=sorted(rows, key=lambda row: (-row.mark, row.student)),
        median=median(marks) if marks else None,
        highest=highest,
        highest_by_hand=sum(exercise.points for exercise in exercises if exercise.by_hand),
        to_grade=[e.points for student in graded for e in student.exercises if get_outcome(e) == "to grade"],
        findings=find_findings(exercises, mistakes, len(graded))[:3],
        spread=spread,
        histogram=draw_histogram(spread) if spread else "",
        comparison=draw_comparison(exercises, chance(len(graded))) if exercises else "",
        chance=chance(len(graded)),
        negative=[exercise.exercise for exercise in exercises if exercise.is_negative],
        exercises=exercises,
        mistakes=mistakes[:MOST_MISTAKES],
        more_mistakes=len(mistakes[MOST_MISTAKES:]),
        symbols=SYMBOLS,
        meanings=MEANINGS,
    )


# --- statistics --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExerciseStatistics:
    """One exercise over the graded students. `facility` and `discrimination` are `None` where they are undefined."""

    notebook: str
    exercise: str
    points: float
    by_hand: bool
    counts: Counter[Outcome]
    facility: float | None
    discrimination: float | None

    @property
    def attempted(self) -> int:
        return self.counts.total() - self.counts["not attempted"]

    @property
    def is_negative(self) -> bool:
        """Whether the discrimination is below 0, as far as its two printed decimals tell."""
        return self.discrimination is not None and round(self.discrimination, 2) < 0


@dataclass(frozen=True)
class Mistake:
    """One message that students read for one exercise, with how many attempted it, and who read it."""

    exercise: str
    message: str
    attempted: int
    students: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.students)

    @property
    def share(self) -> float:
        """The share of those who attempted the exercise."""
        return self.count / self.attempted


@dataclass(frozen=True)
class Row:
    """A graded student as the page shows one: `mark` is from the automatic checks, `by_hand` from a person so far."""

    student: str
    mark: float
    by_hand: float
    to_grade: float
    outcomes: list[Outcome]
    notes: list[str]


def get_outcome(exercise: ExerciseResult) -> Outcome:
    """How an exercise went; one graded by hand counts as right with all points and as wrong with none."""
    if exercise.state != "by hand":
        return exercise.state
    if exercise.score is None:
        return "to grade"
    if exercise.score >= exercise.points:
        return "right"
    return "partial" if exercise.score > 0 else "wrong"


def complete(result: ClassResult) -> list[StudentResult]:
    """The graded students, each with all exercises of the chapter in the same order.

    An exercise that a student's results lack was not handed in: it is not attempted, with 0 points.
    """
    graded = [student for student in result.students if student.state == "graded"]
    known: dict[tuple[str, str], ExerciseResult] = {}
    for student in sorted(graded, key=lambda one: -len(one.exercises)):  # the fullest knows the order best
        for exercise in student.exercises:
            known.setdefault((exercise.notebook, exercise.exercise), exercise)
    blanks = {
        key: replace(known[key], score=0, state="not attempted", mistakes=[])
        for key in sorted(known, key=lambda key: key[0])
    }
    completed = []
    for student in graded:
        own = {(exercise.notebook, exercise.exercise): exercise for exercise in student.exercises}
        completed.append(replace(student, exercises=[own.get(key, blank) for key, blank in blanks.items()]))
    return completed


def compute_statistics(graded: Sequence[StudentResult]) -> list[ExerciseStatistics]:
    """The statistics of each exercise, for students who are `complete`.

    What is not attempted counts with 0 points; what waits for a person's marks does not count.
    """
    columns = list(zip(*(student.exercises for student in graded), strict=True))
    by_hand = [any(cell.state == "by hand" for cell in column) for column in columns]
    totals = [
        sum(cell.score or 0 for cell, hand in zip(student.exercises, by_hand, strict=True) if not hand)
        for student in graded
    ]
    statistics = []
    for column, hand in zip(columns, by_hand, strict=True):
        marked = [(cell.score or 0, total) for cell, total in zip(column, totals, strict=True) if _is_marked(cell)]
        scores = [score for score, _ in marked]
        rest = [total if hand else total - score for score, total in marked]
        first = column[0]
        statistics.append(
            ExerciseStatistics(
                first.notebook,
                first.exercise,
                first.points,
                hand,
                Counter(get_outcome(cell) for cell in column),
                facility(scores, first.points),
                discrimination(scores, rest),
            )
        )
    return statistics


def _is_marked(exercise: ExerciseResult) -> bool:
    return get_outcome(exercise) != "to grade"


def facility(scores: Sequence[float], points: float) -> float | None:
    """The mean share of the points that was earned: 1 when all students earned all points, so low means hard.

    `mean(scores) / points`, the item difficulty p of classical test theory for items with several points (Crocker and
    Algina, Introduction to Classical and Modern Test Theory, 1986). `None` without students or without points.
    """
    return mean(scores) / points if scores and points else None


def discrimination(scores: Sequence[float], rest: Sequence[float]) -> float | None:
    """The corrected item-total correlation, from −1 to 1: do those who do well elsewhere do well here?

    Pearson's correlation, over students, of an exercise's score with the total of the *other* exercises, `rest`; with
    the exercise in the total it would correlate with itself (Nunnally and Bernstein, Psychometric Theory, 1994).
    `None` for fewer than 3 students, and where either side is the same for all.
    """
    scores, rest = [round(score, 6) for score in scores], [round(total, 6) for total in rest]
    if len(scores) < 3 or len(set(scores)) == 1 or len(set(rest)) == 1:
        return None
    return correlation(scores, rest)


def chance(students: int) -> float:
    """How far from 0 a correlation over so many students comes out by chance alone, in 19 of 20 cases.

    Two standard deviations, `2 / √(n − 1)`, of Pearson's r for unrelated normal variables; never above 1.
    """
    return min(1.0, 2 / math.sqrt(students - 1)) if students > 1 else 1.0


def count_mistakes(graded: Sequence[StudentResult]) -> list[Mistake]:
    """The mistakes over the class, most frequent first; a student counts once for a message in an exercise."""
    attempted = Counter(
        (cell.notebook, cell.exercise)
        for student in graded
        for cell in student.exercises
        if get_outcome(cell) != "not attempted"
    )
    found: dict[tuple[str, str, str], Mistake] = {}
    for student in graded:
        for cell in student.exercises:
            for message in dict.fromkeys(cell.mistakes):
                blank = Mistake(cell.exercise, message, attempted[cell.notebook, cell.exercise])
                found.setdefault((cell.notebook, cell.exercise, message), blank).students.append(student.student)
    return sorted(found.values(), key=lambda mistake: (-mistake.count, -mistake.share))


def get_mark(student: StudentResult, exercises: Sequence[ExerciseStatistics]) -> float:
    """The points from the automatic checks; those given by hand are apart, as some may not be given yet."""
    pairs = zip(student.exercises, exercises, strict=True)
    return round(sum(cell.score or 0 for cell, exercise in pairs if not exercise.by_hand), 6)


def make_row(student: StudentResult, exercises: Sequence[ExerciseStatistics]) -> Row:
    by_hand = [cell for cell, exercise in zip(student.exercises, exercises, strict=True) if exercise.by_hand]
    return Row(
        student.student,
        get_mark(student, exercises),
        sum(cell.score or 0 for cell in by_hand),
        sum(cell.points for cell in by_hand if not _is_marked(cell)),
        [get_outcome(cell) for cell in student.exercises],
        student.notes,
    )


def count_marks(marks: Sequence[float], highest: float) -> list[tuple[str, int]]:
    """How many marks fall in each of at most 13 ranges of whole points, lowest first; fractions are rounded down.

    All ranges are equally wide and end at `highest`; only the first may be narrower.
    """
    if not marks or highest <= 0:
        return []
    top = math.floor(highest)
    width = math.ceil((top + 1) / 13)
    counts = Counter(max(0, top - math.floor(mark)) // width for mark in marks)
    ranges = []
    for place in reversed(range(top // width + 1)):
        low, high = max(0, top - (place + 1) * width + 1), top - place * width
        ranges.append((f"{low}–{high}" if low < high else f"{low}", counts[place]))
    return ranges


# --- what stands out, in words -----------------------------------------------------------------------


def find_findings(exercises: Sequence[ExerciseStatistics], mistakes: Sequence[Mistake], students: int) -> list[Markup]:
    """Sentences on what is most telling about the class, the most telling first.

    They leave out exercises that are not graded for all students yet.
    """
    known = [exercise for exercise in exercises if exercise.facility is not None and not exercise.counts["to grade"]]
    if not known:
        return [Markup("There are no marks yet to draw a conclusion from.")]
    if all(exercise.facility == 1 for exercise in known):
        return [Markup("Every graded student earned all points of every exercise.")]
    if all(exercise.facility == 0 for exercise in known):
        first = [Markup("No graded student earned a point: look at the release and at one submission first.")]
    else:
        first = [_describe_hardest(known)]
    found = first + ([_describe_mistake(mistakes[0])] if mistakes else [])
    found += _describe_discrimination(known, students)
    stopped = "In {name}, the check did not come to an end for {count} of {all} students: look at one of them first."
    left_out = "Most often left out was {name}: {count} of {all} students did not attempt it."
    found += _describe_most("stopped", stopped, known) + _describe_most("not attempted", left_out, known)
    solved = [exercise for exercise in known if exercise.facility == 1]
    found += [Markup("All students solved {} of {} exercises.").format(len(solved), len(known))] if solved else []
    return found


def _describe_hardest(exercises: Sequence[ExerciseStatistics]) -> Markup:
    hardest = min(exercises, key=lambda exercise: exercise.facility or 0)
    ties = sum(exercise.facility == hardest.facility for exercise in exercises) - 1
    return Markup(
        "Hardest was <b>{}</b>{}: students earned {} of its points on average, and {} of {} had it right."
    ).format(
        hardest.exercise,
        f" (as were {ties} others)" if ties > 1 else " (as was one other)" if ties else "",
        _percent(hardest.facility),
        hardest.counts["right"],
        hardest.counts.total(),
    )


def _describe_mistake(mistake: Mistake) -> Markup:
    text = mistake.message if len(mistake.message) <= 300 else mistake.message[:300] + "…"
    return Markup("The most frequent mistake was made in <b>{}</b>, by {} of the {} who attempted it: “{}”").format(
        mistake.exercise, mistake.count, mistake.attempted, text
    )


def _describe_discrimination(exercises: Sequence[ExerciseStatistics], students: int) -> list[Markup]:
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
            lowest.exercise,
            _decimal(value),
            "; with so few students it may also be chance" if -value <= chance(students) else "",
        )
    ]


def _describe_most(outcome: Outcome, text: str, exercises: Sequence[ExerciseStatistics]) -> list[Markup]:
    """One finding about the exercise that most often went so, if it did for at least a tenth of the students."""
    most = max(exercises, key=lambda exercise: exercise.counts[outcome])
    count, students = most.counts[outcome], most.counts.total()
    if count < max(1, students / 10):
        return []
    return [Markup(text).format(name=Markup("<b>{}</b>").format(most.exercise), count=count, all=students)]


# --- plots -------------------------------------------------------------------------------------------

STYLE: dict[Any, Any] = {
    "font.size": 11,
    "text.parse_math": False,
    "text.color": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "svg.hashsalt": "report",
}
"""Names are drawn as they are, also with `$` in them. The salt makes two reports on one class equal."""


def draw_histogram(spread: Sequence[tuple[str, int]]) -> str:
    """How many students have how many points, as an image's address."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.8), layout="constrained")
        axes = figure.subplots()
        counts = [count for _, count in spread]
        bars = axes.bar(range(len(spread)), counts, width=0.9, color=BLUE)
        axes.bar_label(bars, [str(count) if count else "" for count in counts], padding=2)
        axes.set_xticks(range(len(spread)), [label for label, _ in spread])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("points from the automatic checks (fractions rounded down)")
        axes.set_ylabel("students")
        axes.margins(y=0.12)
        return _to_address(figure)


def draw_comparison(exercises: Sequence[ExerciseStatistics], by_chance: float) -> str:
    """Facility and discrimination side by side, one row an exercise, the hardest on top, as an image's address.

    A row each keeps 25 names apart, which a scatter plot of the two does not.
    """
    ordered = sorted(exercises, key=lambda exercise: 2 if exercise.facility is None else exercise.facility)
    rows = range(len(ordered))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 1.1 + 0.29 * len(ordered)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
        bars = left.barh(rows, [exercise.facility or 0 for exercise in ordered], height=0.72, color=BLUE)
        left.bar_label(bars, [_percent(exercise.facility) for exercise in ordered], padding=3)
        left.set_yticks(rows, [_shorten(exercise.exercise) for exercise in ordered])
        left.set_xlim(0, 1.2)
        left.set_xticks([0, 0.5, 1], ["0%\nall failed", "50%", "100%\nall solved"])
        left.set_xlabel("points earned on average")
        left.invert_yaxis()
        left.tick_params(axis="y", length=0)

        right.axvspan(-by_chance, by_chance, color="#EDEDED")
        right.axvline(0, color=BLACK, linewidth=1)
        for row, exercise in enumerate(ordered):
            value = exercise.discrimination
            if value is None:
                right.annotate("not defined", (0, row), (4, 0), textcoords="offset points", va="center", size=9)
                continue
            colour, marker = (RED, "D") if exercise.is_negative else (BLUE, "o")
            right.plot([0, value], [row, row], color=colour, linewidth=1.5)
            right.plot([value], [row], marker, color=colour, markersize=6.5)
        right.set_xlim(-1.05, 1.05)
        right.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
        right.set_xlabel("discrimination\n(grey: may be chance)")
        right.tick_params(axis="y", length=0)
        return _to_address(figure)


def _to_address(figure: Figure) -> str:
    """The figure as SVG in a `data:` address; letters become shapes, so that it looks the same everywhere."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


# --- the page ----------------------------------------------------------------------------------------


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "decimal": _decimal}
    return environment


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


def _percent(share: float | None) -> str:
    """A share in per cent; 0% and 100% are kept for none and all."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share in (0, 1) else f"{min(max(share, 0.01), 0.99):.0%}"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _shorten(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"

"""The instructor's report on a graded class: one HTML page that says where the class went wrong.

`ClassResult` in, page out: first the statistics, as pure functions; then what stands out, in words; then the two plots;
then the page, which `templates/report.html` lays out. It holds names of students and hidden-test messages: it is for
instructors only.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.grading.results import ClassResult, load_results, report_path
from autograder.grading.times import show_duration
from autograder.reporting.findings import find_findings
from autograder.reporting.plots import draw_comparison, draw_histogram
from autograder.reporting.statistics import (
    MEANINGS,
    MOST_MISTAKES,
    SYMBOLS,
    chance,
    complete,
    compute_statistics,
    count_marks,
    count_mistakes,
    get_mark,
    get_outcome,
    make_row,
    write_decimal,
    write_number,
    write_percent,
)


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
    core = [exercise for exercise in exercises if not exercise.extra]
    highest = sum(exercise.points for exercise in core if not exercise.by_hand)
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
        highest_by_hand=sum(exercise.points for exercise in core if exercise.by_hand),
        highest_extra=sum(exercise.points for exercise in exercises if exercise.extra),
        to_grade=[e.points for student in graded for e in student.exercises if get_outcome(e) == "to grade"],
        remarks=result.remarks,
        late=[student for student in graded if student.late > 0],
        findings=find_findings(core or exercises, mistakes, len(graded))[:3],
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


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = show_duration
    environment.filters |= {"number": write_number, "percent": write_percent, "decimal": write_decimal}
    return environment

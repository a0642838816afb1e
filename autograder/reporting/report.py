"""The instructor's report on a graded class: one HTML page that says where the class went wrong.

`ClassResult` in, page out: first the statistics, as pure functions; then what stands out, in words; then the figures;
then the page, which `templates/report.html` lays out. It holds names of students and hidden-test messages: it is for
instructors only.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from autograder.grading.places import name_unit
from autograder.grading.results import ClassResult, load_results, report_path
from autograder.reporting.figures import draw_comparison, draw_histogram
from autograder.reporting.findings import Name, find_findings
from autograder.reporting.layout import make_environment
from autograder.reporting.statistics import (
    MOST_MISTAKES,
    chance,
    complete,
    compute_statistics,
    count_marks,
    count_mistakes,
    get_mark,
    get_outcome,
    make_row,
)
from autograder.reporting.titles import Titles, name_chapter, read_titles


def write_report(course: Path, chapter: str) -> Path:
    """Write `reports/<chapter>.html` from the stored results and return its path.

    Raises `CourseError` where the chapter has not been graded, or its results are not readable.
    """
    path = report_path(course, chapter)
    page = render_report(load_results(course, chapter), read_titles(course, chapter), name_unit(course))
    path.write_text(page, encoding="utf-8", errors="replace")
    return path


def render_report(result: ClassResult, titles: Titles | None = None, unit: str = "chapter") -> str:
    """The report as one HTML page that needs no other file."""
    titles = titles or Titles(name_chapter(result.chapter))
    page = make_environment(unit=unit).get_template("report.html")
    return page.render(**describe_report(result, titles), link=None, up="")


def describe_report(result: ClassResult, titles: Titles, name: Name | None = None) -> dict[str, Any]:
    """The values for `report.html`; `name` is what an exercise is called in a sentence, its title unless given."""
    graded = complete(result)
    exercises = compute_statistics(graded)
    mistakes = count_mistakes(graded)
    marks = [get_mark(student, exercises) for student in graded]
    core = [exercise for exercise in exercises if not exercise.extra]
    highest = sum(exercise.points for exercise in core if not exercise.by_hand)
    spread = count_marks(marks, highest)
    rows = [make_row(student, exercises) for student in graded]
    named = [(titles.exercise(one.notebook, one.exercise), one) for one in exercises]
    return {
        "chapter": result.chapter,
        "titles": titles,
        "students": len(result.students),
        "not_graded": [student for student in result.students if student.state == "not graded"],
        "missing": [student for student in result.students if student.state == "nothing handed in"],
        "rows": rows,
        "ranked": sorted(rows, key=lambda row: (-row.mark, row.student)),
        "median": median(marks) if marks else None,
        "highest": highest,
        "highest_by_hand": sum(exercise.points for exercise in core if exercise.by_hand),
        "highest_extra": sum(exercise.points for exercise in exercises if exercise.extra),
        "to_grade": [e.points for student in graded for e in student.exercises if get_outcome(e) == "to grade"],
        "remarks": result.remarks,
        "late": [student for student in graded if student.late > 0],
        "findings": find_findings(core or exercises, mistakes, len(graded), name or titles.exercise)[:3],
        "spread": spread,
        "histogram": draw_histogram(spread, "points from the automatic checks (fractions rounded down)")
        if spread
        else "",
        "comparison": draw_comparison(named, chance(len(graded))) if exercises else "",
        "chance": chance(len(graded)),
        "negative": [name for name, exercise in named if exercise.is_negative],
        "exercises": exercises,
        "mistakes": mistakes[:MOST_MISTAKES],
        "more_mistakes": len(mistakes[MOST_MISTAKES:]),
    }

"""The course's dashboard: what `gathering` found, as pages that link to each other and to the work that every number comes from.

`reports/dashboard/` has an overview, a list of the exercises, and a page for each chapter, student and exercise. It holds names of
students and messages of hidden tests: it is for instructors only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from autograder.reporting import trouble
from autograder.reporting.gathering import Chapter, Course, gather
from autograder.reporting.layout import TEMPLATES, make_environment
from autograder.reporting.links import FOLDER, Links, PageLinks
from autograder.reporting.overview import describe_exercises, describe_overview
from autograder.reporting.report import describe_report
from autograder.reporting.sheets import describe_exercise, describe_student


def write_site(root: Path) -> Path:
    """Write the dashboard of the course at this folder, and return the path of its first page. Raises `CourseError` without a graded chapter.

    The pages replace those of the last time all at once, so that a page of somebody who left doesn't stay.
    """
    pages = render_site(gather(root))
    folder = root / "reports" / FOLDER
    fresh, old = (folder.with_name(f".{FOLDER}.{word}.{os.getpid()}") for word in ("new", "old"))
    try:
        for name, text in pages.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder / "index.html"


def render_site(course: Course) -> dict[str, str]:
    """All files of the dashboard, by their path in its folder."""
    environment, links = make_environment(unit=course.unit), Links(course)
    fates = {chapter.name: trouble.follow_messages(chapter) for chapter in course.chapters}
    latest_first = [one for chapter in reversed(course.chapters) for one in trouble.find_stuck(chapter)]
    stuck = sorted(latest_first, key=lambda one: (-one.same, -one.attempts))
    complaints = [one for chapter in course.chapters for one in trouble.find_complaints(chapter, fates[chapter.name])]
    complaints.sort(key=lambda one: -one.weight)

    def render(template: str, below: int, **values: Any) -> str:
        return environment.get_template(template).render(link=links.at(below), up="../" * below, **values)

    pages = {"style.css": render("style.css", 0), "script.js": (TEMPLATES / "script.js").read_text(encoding="utf-8")}
    pages["index.html"] = render("overview.html", 0, **describe_overview(course, stuck, complaints))
    pages["exercises.html"] = render("exercises.html", 0, **describe_exercises(course, complaints))
    for chapter in course.chapters:
        pages[links.chapter_page(chapter.name)] = render("report.html", 1, **_describe_chapter(chapter, links.at(1)))
        reasons = {one.key: one.reasons for one in complaints if one.chapter is chapter}
        for key in chapter.exercises:
            values = describe_exercise(
                course, chapter, key, fates[chapter.name].get(key, []), reasons.get(key, []), links.at(1)
            )
            pages[links.exercise_page(chapter.name, key)] = render("exercise.html", 1, **values)
    worries = {one.student: one.reasons for one in trouble.find_worries(course, stuck)}
    for student in course.students:
        own = [one for one in stuck if one.student == student]
        values = describe_student(course, student, own, worries.get(student, []), links.at(1))
        pages[links.student_page(student)] = render("student.html", 1, **values)
    return pages


def _describe_chapter(chapter: Chapter, link: PageLinks) -> dict[str, Any]:
    def name(notebook: str, exercise: str) -> str:
        return link.exercise(chapter.name, (notebook, exercise))

    return {**describe_report(chapter.result, chapter.titles, name), "chapter_data": chapter}

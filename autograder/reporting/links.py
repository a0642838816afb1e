"""Where a page's links lead: other pages of the dashboard, feedback pages, graded notebooks. All relative, so that they work from files too."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from autograder.grading.places import find_places
from autograder.reporting.gathering import Chapter, Course, make_pages
from autograder.reporting.titles import Key

FOLDER = "dashboard"
"""The dashboard's folder, below `reports/`."""


class Links:
    """The links of all pages. `below` is a page's depth: 0 for those beside `index.html`, 1 for those in a folder."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.chapters = {one.name: one for one in course.chapters}
        self._places = find_places(course.root)
        keys = [(one.name, *key) for one in course.chapters for key in one.exercises]
        names = make_pages("/".join(parts) for parts in keys)
        self._exercises = {(parts[0], parts[1:]): names["/".join(parts)] for parts in keys}
        self._known: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._numbered: dict[tuple[str, str], bool] = {}

    def exercise_page(self, chapter: str, key: Key) -> str:
        return f"exercises/{self._exercises[chapter, key]}.html"

    def student_page(self, student: str) -> str:
        return f"students/{self.course.pages[student]}.html"

    def chapter_page(self, chapter: str) -> str:
        return f"chapters/{self.chapters[chapter].page}.html"

    def at(self, below: int) -> PageLinks:
        return PageLinks(self, "../" * below)

    def find_work(self, student: str, chapter: str, notebook: str) -> tuple[str, str]:
        """The addresses of a student's feedback page and graded notebook, seen from a page in a folder of the dashboard; "" where there is none."""
        key = student, chapter, notebook
        if key not in self._known:
            here = self.course.root / "reports" / FOLDER / "students"
            feedback = self._places.feedback_folder(student, chapter) / f"{notebook}.html"
            graded = self._places.graded_folder(student, chapter) / f"{notebook}.ipynb"
            self._known[key] = _relative(feedback, here), _relative(graded, here)
        return self._known[key]

    def find_anchor(self, student: str, chapter: Chapter, key: Key) -> str:
        """Where a feedback page has an exercise: pages number the exercises, or, as nbgrader's own do, name the cell that has the points."""
        notebook = chapter.name, key[0]
        if notebook not in self._numbered:
            page = self._places.feedback_folder(student, chapter.name) / f"{key[0]}.html"
            with contextlib.suppress(OSError):
                self._numbered[notebook] = 'id="fb-exercise-1"' in page.read_text(encoding="utf-8", errors="replace")
        keys = [one for one in chapter.titles.cells if one[0] == key[0]]
        if self._numbered.get(notebook) and key in keys:
            return f"fb-exercise-{keys.index(key) + 1}"
        return quote(chapter.titles.cells.get(key, ""))


def _relative(path: Path, here: Path) -> str:
    return quote(Path(os.path.relpath(path, here.resolve())).as_posix()) if path.is_file() else ""


class PageLinks:
    """The links as one page writes them."""

    def __init__(self, links: Links, up: str) -> None:
        self._links, self.up = links, up

    def student(self, student: str) -> Markup:
        name = self._links.course.students.get(student, student)
        shown = Markup('{} <span class="id">{}</span>').format(name, student) if name != student else name
        return self._to(self._links.student_page(student), shown)

    def student_name(self, student: str) -> Markup:
        return self._to(self._links.student_page(student), self._links.course.students.get(student, student))

    def student_part(self, student: str, chapter: str, text: object) -> Markup:
        """To a chapter on a student's page."""
        return self._to(f"{self._links.student_page(student)}#{self.chapter_id(chapter)}", text)

    def exercise(self, chapter: str, key: Key, text: object = "") -> Markup:
        titles = self._links.chapters[chapter].titles
        return self._to(self._links.exercise_page(chapter, key), text or titles.exercise(*key))

    def exercise_href(self, chapter: str, key: Key) -> str:
        return self.up + self._links.exercise_page(chapter, key)

    def chapter(self, chapter: str, text: object = "", part: str = "") -> Markup:
        """To a chapter's page, or to a `part` of it; without `text` by the chapter's title."""
        known = self._links.chapters.get(chapter)
        if known is None:
            return Markup.escape(chapter)
        page = self._links.chapter_page(chapter)
        return self._to(f"{page}#{part}" if part else page, known.titles.chapter if text == "" else text)

    def chapter_id(self, chapter: str) -> str:
        known = self._links.chapters.get(chapter)
        return f"chapter-{known.page}" if known else ""

    def work(self, student: str, chapter: Chapter, notebook: str, exercise: str = "") -> Markup:
        """To the feedback page, at the exercise, and to the graded notebook: whichever are there."""
        feedback, graded = self._links.find_work(student, chapter.name, notebook)
        found = []
        if feedback:
            anchor = self._links.find_anchor(student, chapter, (notebook, exercise))
            found.append(self._out(f"{feedback}#{anchor}" if anchor else feedback, "feedback"))
        if graded:
            found.append(self._out(graded, "notebook"))
        return Markup(" · ").join(found)

    def feedback_href(self, student: str, chapter: Chapter, key: Key) -> str:
        """The address of the feedback on one exercise, or of the graded notebook; "" where there is neither."""
        feedback, graded = self._links.find_work(student, chapter.name, key[0])
        anchor = self._links.find_anchor(student, chapter, key) if feedback else ""
        return f"{feedback}#{anchor}" if anchor else feedback or graded

    def _to(self, page: str, text: object) -> Markup:
        return Markup('<a href="{}{}">{}</a>').format(self.up, page, text)

    def _out(self, address: str, text: str) -> Markup:
        return Markup('<a href="{}">{}</a>').format(address, text)

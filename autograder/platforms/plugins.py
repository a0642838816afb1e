"""The same for nbgrader's own commands: what `zip_collect` takes a file to be, and what `export` writes.

nbgrader zip_collect CHAPTER --ZipCollectApp.collector_plugin=autograder.platforms.plugins.PlatformCollector
nbgrader export --exporter=autograder.platforms.plugins.CanvasExport --CanvasExport.into=gradebook.csv --to=new.csv
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin, ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Bool, Unicode

from autograder.errors import CourseError
from autograder.platforms.archives import Opener, is_junk
from autograder.platforms.exporting import Rules, merge, save, write_table
from autograder.platforms.intake import Intake
from autograder.platforms.marks import read_columns
from autograder.platforms.pieces import Ways
from autograder.platforms.roster import load_roster, make_safe
from autograder.platforms.tables import read_table


class PlatformExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpacks zips, and zips in zips, without trusting them: one bad file or zip doesn't stop the others."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Write all files of `archive_path` below `extracted_path`, each zip as a folder of its name."""
        with Opener() as opener:
            for found in opener.list(Path(archive_path)):
                if is_junk(found):
                    continue
                target = Path(extracted_path, *(make_safe(part) or "_" for part in found.parts[1:]))
                try:
                    data = found.read()
                except CourseError as error:
                    self.log.warning("%s: left out: %s", found.path, error)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                if found.modified:
                    os.utime(target, (found.modified.timestamp(),) * 2)


class PlatformCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Finds the notebook in a file by its cells, and the student by the platform's names and the roster.

    What it can't tell is left to `named_regexp`, as nbgrader does it.
    """

    _found: dict[str, dict[str, str]] | None = None
    _other: set[str] = set()

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """The student, the notebook and, if a name has it, the time; `None` for a file that isn't collected."""
        if self._found is None:
            self._found = self._look()
        path = os.path.realpath(submitted_file)
        if path in self._found:
            return self._found[path]
        if path in self._other or not self.named_regexp:
            return None
        told: dict[str, str] | None = super().collect(submitted_file)
        return told

    def _look(self) -> dict[str, dict[str, str]]:
        app = self.parent
        course, chapter = Path(app.coursedir.root), str(app.coursedir.assignment_id)
        extracted = Path(app._format_collect_path(app.extracted_directory))
        with Gradebook(app.coursedir.db_url, app.coursedir.course_id) as gradebook:
            roster = load_roster(course, gradebook)
        result = Intake(course, chapter, roster, Ways(write=False)).collect([extracted])
        for one in result.told:
            self.log.info("%s: %s", one.path, one.says)
        found = {}
        for file, student, notebook, when in result.chosen:
            if file.disk and file.disk.suffix == ".ipynb":
                told = {"student_id": student, "file_id": notebook}
                found[os.path.realpath(file.disk)] = told | ({"timestamp": when.isoformat()} if when else {})
        told_of = {one.path for one in result.told}
        self._other = {os.path.realpath(path) for path in extracted.rglob("*") if _path_of(extracted, path) in told_of}
        return found


def _path_of(folder: Path, path: Path) -> str:
    return f"{folder.name}/{path.relative_to(folder).as_posix()}"


class PlatformExport(ExportPlugin):  # type: ignore[misc]
    """Writes marks as a platform imports them: see its kinds below."""

    platform = ""
    into = Unicode("", help="the table that the platform exported, into which the marks are written").tag(config=True)
    per_exercise = Bool(False, help="a column for each exercise").tag(config=True)
    unfinished = Bool(False, help="also marks that a person has still to complete").tag(config=True)
    column = Unicode("", help="the title of the assignment on the platform").tag(config=True)

    def export(self, gradebook: Any) -> None:
        course = Path(self.parent.coursedir.root)
        chapters = [str(one) for one in self.assignment] or [one.name for one in gradebook.assignments]
        columns = read_columns(course, gradebook, chapters, self.per_exercise)
        roster = load_roster(course, gradebook)
        if self.student:
            wanted = set(map(str, self.student))
            for one in columns:
                one.marks = {student: mark for student, mark in one.marks.items() if student in wanted}
        rules = Rules(self.unfinished, title=self.column)
        if self.into:
            result = merge(read_table(Path(self.into)), self.into, self.platform, columns, roster, rules)
        else:
            result = write_table(self.platform, columns, roster, rules)
        path = Path(self.to or f"exports/{self.platform}.csv")
        save(path, result.data)
        for remark in result.remarks:
            self.log.warning("%s", remark)
        self.log.info("Exported marks to %s", path)


class CanvasExport(PlatformExport):
    """Canvas's gradebook."""

    platform = "canvas"


class MoodleExport(PlatformExport):
    """Moodle's grading worksheet, or its gradebook."""

    platform = "moodle"


class BrightspaceExport(PlatformExport):
    """Brightspace's grades."""

    platform = "brightspace"


class BlackboardExport(PlatformExport):
    """Blackboard's Grade Center."""

    platform = "blackboard"

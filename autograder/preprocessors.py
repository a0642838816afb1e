"""What this course adds to nbgrader's own steps, at the places that nbgrader has for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader import preprocessors
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.engine import client
from autograder.submissions import get_id, rebuild

STUB = "# YOUR CODE HERE"
NOTES = "autograded_notes"
"""The key in a graded notebook's metadata under which the notes on its submission stand."""

MAX_OUTPUT = 20_000

NO_LIMIT = 1e7
"""Seconds, some months, for a course that sets `Execute.timeout` to `None`."""


class ClearSolutions(preprocessors.ClearSolutions):  # type: ignore[misc]
    """Replace solutions by a stub that fits their place.

    Inside a function the stub raises `NotImplementedError`. At the top level it is a comment, so that "Run all cells" goes
    on past an exercise that is not done yet.
    """

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        begin = self.begin_solution_delimeter
        indented = any(line[:1].isspace() for line in cell.source.splitlines() if begin in line)
        self.code_stub = {"python": f"{STUB}\nraise NotImplementedError()" if indented else STUB}
        return super().preprocess_cell(cell, resources, index)  # type: ignore[no-any-return]


class Rebuild(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade the source with the student's answers, whatever else the submission holds."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        course = self.parent.parent.coursedir
        names = resources["nbgrader"]
        folder = course.format_path(course.source_directory, ".", names["assignment"])
        source = nbformat.read(Path(folder) / f"{names['notebook']}.ipynb", as_version=4)
        rebuilt, notes = rebuild(source, nb)
        rebuilt.metadata[NOTES] = notes
        return rebuilt, resources


class Execute(preprocessors.Execute):  # type: ignore[misc]
    """Run a Python notebook in a fork of a warm process; another one, or where a system cannot fork, in its kernel."""

    def preprocess(self, nb: Any, resources: Any, **options: Any) -> tuple[Any, Any]:
        python = nb.metadata.get("kernelspec", {}).get("language", "python") == "python"
        if not (python and client.available()):
            return super().preprocess(nb, resources, **options)  # type: ignore[no-any-return]
        limited = self.timeout is not None and self.timeout > 0
        client.execute(nb, Path(resources["metadata"]["path"]), self.timeout if limited else NO_LIMIT)
        return nb, resources


class LimitOutput(preprocessors.LimitOutput):  # type: ignore[misc]
    """Cut what a cell prints after a number of lines, as nbgrader does, and of characters."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and len(output.text) > MAX_OUTPUT:
                rest = len(output.text) - MAX_OUTPUT
                output.text = f"{output.text[:MAX_OUTPUT]}\n… and {rest:,} more characters, not kept."
        return super().preprocess_cell(cell, resources, index)  # type: ignore[no-any-return]


class CleanFeedback(preprocessors.ClearHiddenTests):  # type: ignore[misc]
    """Take out of the feedback what is not the student's to see: hidden tests, also where an error quotes them."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        if get_id(cell) and cell.metadata["nbgrader"].get("grade") and not cell.metadata["nbgrader"].get("solution"):
            cell, resources = super().preprocess_cell(cell, resources, index)
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources

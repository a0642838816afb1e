"""What a release has in place of a solution."""

from __future__ import annotations

from typing import Any

from nbgrader import preprocessors

STUB = "# YOUR CODE HERE"


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

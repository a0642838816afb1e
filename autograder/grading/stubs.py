"""What a release has in place of a solution."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader import preprocessors

from autograder.engine.planning.languages import get_language

STUB = "# YOUR CODE HERE"


class ClearSolutions(preprocessors.ClearSolutions):  # type: ignore[misc]
    """Replace solutions by a stub that fits their place.

    Inside a function the stub raises `NotImplementedError`. At the top level it is a comment, so that "Run all cells" goes
    on past an exercise that is not done yet. Other languages have nbgrader's stubs, and where the configuration has
    `ClearSolutions.code_stub`, every language has that.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        language = get_language(nb.metadata)
        stubs = {name.lower(): name for name in self.code_stub}
        said = nb.metadata.get("kernelspec")
        nb.metadata["kernelspec"] = NotebookNode(said or {}, language=stubs.get(language.lower(), language))
        try:  # nbgrader asks the kernel's specification alone
            return super().preprocess(nb, resources)  # type: ignore[no-any-return]
        finally:
            if said is None:
                del nb.metadata["kernelspec"]
            else:
                nb.metadata["kernelspec"] = said

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        if "code_stub" not in self.config.ClearSolutions:
            begin = self.begin_solution_delimeter
            indented = any(line[:1].isspace() for line in cell.source.splitlines() if begin in line)
            stub = f"{STUB}\nraise NotImplementedError()" if indented else STUB
            self.code_stub = {**self.class_traits()["code_stub"].default(), "python": stub}
        return super().preprocess_cell(cell, resources, index)  # type: ignore[no-any-return]

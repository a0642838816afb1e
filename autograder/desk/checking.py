"""“Check my notebook”: run a copy from top to bottom in a fresh kernel, and say what each exercise gets.

The student's file is read and never written. Each step is reported when it begins, so that a page can show how far it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from autograder.desk.notebooks import as_cell, find_result, join, read_stored
from autograder.desk.progress import read_exercises
from autograder.errors import CourseError

CELL_SECONDS = 300
"""What a cell may take; then it is stopped, and the next one runs."""

MOST_WORDS = 500
"""Characters of an exception's message that are passed on."""


async def check_notebook(path: Path, seconds: float = CELL_SECONDS) -> AsyncGenerator[dict[str, Any], None]:
    """Run a copy of the notebook at `path`; yields JSON: a step for each code cell, then what came of it.

    A step is `{"step", "of", "near"}` with the title of the exercise that comes next, the last one
    `{"exercises", "stopped"}`: each exercise with its `state`, points and `result`, and each cell that ended in an error.
    Ends the kernel also when nobody listens anymore. Raises `CourseError` when the file isn't a notebook, and when there is no such kernel.
    """
    import zmq
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = _make_runnable(read_stored(path))
    for cell in notebook.cells:
        if cell.get("cell_type") == "code":
            cell.outputs, cell.execution_count = [], None
    kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name") or "python3"
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name=kernel,
        allow_errors=True,
        interrupt_on_timeout=True,
        store_widget_state=False,
        shutdown_kernel="immediate",
        config=Config({"KernelManager": {"transport_encryption": "auto"}} if zmq.has("curve") else {}),
        resources={"metadata": {"path": str(path.parent)}},
    )
    places = [
        place for place, cell in enumerate(notebook.cells) if cell.get("cell_type") == "code" and cell.source.strip()
    ]
    near = _name_steps(notebook.cells)
    try:
        async with client.async_setup_kernel():
            for step, place in enumerate(places):
                yield {"step": step, "of": len(places), "near": near[place]}
                cell = notebook.cells[place]
                with contextlib.suppress(CellTimeoutError):
                    await client.async_execute_cell(cell, place)
                    if not any(_is_interrupt(output) for output in cell.outputs):
                        continue
                cell.outputs = [output for output in cell.outputs if not _is_interrupt(output)]
                _note_stop(cell, "Timeout", f"stopped after {seconds:g} seconds")
    except NoSuchKernel as error:
        raise CourseError(
            f"There is no kernel {kernel!r} here, in which {path.name} runs: choose another with Kernel, Change Kernel."
        ) from error
    except DeadKernelError:
        _note_stop(notebook.cells[place], "DeadKernel", "the kernel ended while this cell ran: is it short of memory?")
    yield _tell(notebook.cells)


def _make_runnable(stored: dict[str, Any]) -> Any:
    """The stored notebook as nbclient takes it: texts in one piece, and nothing missing that the format asks for."""
    import nbformat

    for cell in stored["cells"]:
        cell["source"] = join(cell.get("source"))
        for name in ("metadata", *(["outputs"] if cell.get("cell_type") == "code" else [])):
            cell[name] = cell.get(name) or ([] if name == "outputs" else {})
    stored["metadata"] = stored.get("metadata") if isinstance(stored.get("metadata"), dict) else {}
    return nbformat.from_dict(stored)


def _name_steps(cells: list[Any]) -> list[str]:
    """For each cell the title of the exercise that it belongs to or leads to."""
    titles = {one.check: one.title for one in read_exercises([as_cell(cell) for cell in cells])}
    names, ahead = [], ""
    for cell in reversed(cells):
        ahead = titles.get(cell.get("id", ""), ahead)
        names.append(ahead)
    return names[::-1]


def _is_interrupt(output: Any) -> bool:
    return bool(output.output_type == "error" and output.ename == "KeyboardInterrupt")


def _note_stop(cell: Any, name: str, says: str) -> None:
    import nbformat

    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=says, traceback=[]))


def _tell(cells: list[Any]) -> dict[str, Any]:
    """The exercises by the cells that ran, and where these stopped."""
    read = [as_cell(cell) for cell in cells]
    results = {cell.id: find_result(cell) for cell in read}
    exercises = [
        {
            "id": one.id,
            "title": one.title,
            "state": one.state,
            "points": one.points,
            "max": one.max,
            "extra": one.extra,
            "more": one.more,
            "check": one.check,
            "answer": one.answer,
            "result": results.get(one.check),
        }
        for one in read_exercises(read)
    ]
    near = _name_steps(cells)
    stopped = [
        {"cell": cell.get("id", ""), "near": near[place], "error": output.ename, "says": output.evalue[:MOST_WORDS]}
        for place, cell in enumerate(cells)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    return {"exercises": exercises, "stopped": stopped}

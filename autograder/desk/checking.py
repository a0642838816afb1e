"""“Check my notebook”: run a copy from top to bottom in a fresh kernel, and say what each exercise gets.

The student's file is read and never written. Each step is reported when it begins, so that a page can show how far it is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from autograder.desk.notebooks import as_cell, find_result, join, read_stored
from autograder.desk.progress import read_exercises
from autograder.errors import CourseError

CELL_SECONDS = 300
"""What a cell may take; then it is interrupted, and the next one runs."""

GRACE_SECONDS = 10
"""What a cell may take to end after that; then its kernel is ended."""

MOST_KERNELS = 4
"""When a kernel ends, a new one runs the earlier cells again and goes on behind the one that ended it; so often in all."""

MOST_WORDS = 500
"""Characters of an exception's message that are passed on."""


async def check_notebook(
    path: Path, seconds: float = CELL_SECONDS, grace: float = GRACE_SECONDS
) -> AsyncGenerator[dict[str, Any], None]:
    """Run a copy of the notebook at `path`; yields JSON: a step for each code cell, then what came of it.

    A step is `{"step", "of", "near"}` with the title of the exercise that comes next, the last one
    `{"exercises", "stopped"}`: each exercise with its `state`, points and `result`, and each cell that ended in an error.
    A cell is interrupted after `seconds`; where that doesn't end it within another `grace`, or where it ends the kernel, a new kernel goes
    on without it. Ends the kernel also when nobody listens anymore. Raises `CourseError` when the file isn't a notebook, and when there is no such kernel.
    """
    from jupyter_client.kernelspec import NoSuchKernel

    notebook = _make_runnable(read_stored(path))
    cells = notebook.cells
    for cell in cells:
        if cell.get("cell_type") == "code":
            cell.outputs, cell.execution_count = [], None
    kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name") or "python3"
    places = [place for place, cell in enumerate(cells) if cell.get("cell_type") == "code" and cell.source.strip()]
    near = _name_steps(cells)
    reached, left_out = 0, set[int]()
    for after in ("a new kernel went on without it",) * (MOST_KERNELS - 1) + ("the cells after it weren't run",):
        client = _make_client(notebook, kernel, path.parent)
        try:
            async with client.async_setup_kernel():
                for step, place in enumerate(places):
                    if place in left_out:
                        continue
                    if step >= reached:
                        yield {"step": step, "of": len(places), "near": near[place]}
                        reached = step + 1
                    if not await _run_cell(client, cells[place], place, seconds, grace):
                        left_out.add(place)
            break
        except NoSuchKernel as error:
            raise CourseError(
                f"There is no kernel {kernel!r} here, in which {path.name} runs: choose another with Kernel, Change Kernel."
            ) from error
        except _KernelGone as gone:
            left_out.add(place)
            _note_stop(cells[place], gone.name, f"{gone}; {after}")
    yield _tell(cells)


def _make_client(notebook: Any, kernel: str, folder: Path) -> Any:
    import zmq
    from nbclient import NotebookClient
    from traitlets.config import Config

    return NotebookClient(
        notebook,
        timeout=None,
        kernel_name=kernel,
        allow_errors=True,
        store_widget_state=False,
        shutdown_kernel="immediate",
        config=Config({"KernelManager": {"transport_encryption": "auto"}} if zmq.has("curve") else {}),
        resources={"metadata": {"path": str(folder)}},
    )


class _KernelGone(Exception):
    """A cell has ended its kernel, or the kernel was ended to end the cell; `name` is one for such an error."""

    def __init__(self, name: str, says: str) -> None:
        super().__init__(says)
        self.name = name


async def _run_cell(client: Any, cell: Any, place: int, seconds: float, grace: float) -> bool:
    """Run one cell; false when it was interrupted. Raises `_KernelGone`."""
    from nbclient.exceptions import DeadKernelError

    run = asyncio.ensure_future(client.async_execute_cell(cell, place))
    try:
        if await _ends(run, seconds):
            return True
        await client.km.interrupt_kernel()
        if not await _ends(run, grace):
            says = f"it ran for {seconds:g} seconds and didn't stop when it was interrupted, so its kernel was ended"
            raise _KernelGone("Timeout", says)
    except DeadKernelError as error:
        raise _KernelGone("DeadKernel", "the kernel ended while this cell ran: is it short of memory?") from error
    finally:
        if not run.done():  # also when nobody listens anymore
            await client.km.shutdown_kernel(now=True)
            with contextlib.suppress(DeadKernelError):
                await run
    cell.outputs = [output for output in cell.outputs if not _is_interrupt(output)]
    _note_stop(cell, "Timeout", f"stopped after {seconds:g} seconds")
    return False


async def _ends(run: asyncio.Future[Any], seconds: float) -> bool:
    """Whether it ends in this time. Raises what it raises."""
    done, _ = await asyncio.wait({run}, timeout=seconds)
    for one in done:
        one.result()
    return bool(done)


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

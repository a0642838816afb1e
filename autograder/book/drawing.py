"""Run the solutions' notebooks for their figures: what each says in words, and pictures of those that a reader moves.

Outputs of the committed solutions are the book's, but a picture can't be asked for its title, nor drawn finer. So the cells run once more,
without the checks, and each figure is described and saved when it is shown. What was drawn is kept until the notebook or the course's drawings change.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

from autograder.book.frames import MOST, find_start, list_frames, plan_controls
from autograder.desk.describing import describe_figure
from autograder.errors import CourseError

NOTE = "drawn.json"
SHARP = 2
"""Dots for each dot that the figure has in a notebook: screens have as many, and paper has more."""


@dataclass(frozen=True)
class Moved:
    """A figure with controls: for each its name, its values in words and where it starts; and of each picture its file and what it says."""

    controls: list[dict[str, Any]]
    files: list[str]
    says: list[str]
    start: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Drawn:
    """What a notebook drew, by the id of the cell: of each figure its file and what it says, and of each one that a reader moves all pictures."""

    files: dict[str, list[str]] = field(default_factory=dict)
    says: dict[str, list[str]] = field(default_factory=dict)
    moved: dict[str, list[Moved]] = field(default_factory=dict)


def draw_all(
    root: Path, notebooks: list[str], folder: Path, most: int = MOST, tell: Callable[[str], None] = print
) -> dict[str, Drawn]:
    """Draw the figures of `notebooks` (`chapter/notebook`) into `folder`, a folder for each; what is there already is not drawn again.

    Raises `CourseError` for a notebook with a cell that fails.
    """
    digests = {name: _digest(root, name, most) for name in notebooks}
    stale = [name for name in notebooks if _read_note(folder / name, digests[name]) is None]
    if stale:
        tell(f"Drawing the figures of {len(stale)} notebook{'s' if len(stale) > 1 else ''} (once, until they change)")
        workers = min(len(stale), os.cpu_count() or 1)
        # A process for each notebook: one changes settings of torch that the next would find.
        with ProcessPoolExecutor(workers, mp_context=_get_context(), max_tasks_per_child=1) as pool:
            tasks = [pool.submit(draw_notebook, root, name, folder / name, most, digests[name]) for name in stale]
            for task in tasks:
                task.result()
    drawn = {name: _read_note(folder / name, digests[name]) for name in notebooks}
    return {name: found for name, found in drawn.items() if found is not None}


def _get_context() -> Any:
    """Processes that begin with what all of them import, where the system can do that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch", "matplotlib.pyplot", "autograder.course.figures", "autograder.checks", "nbformat"]
    )
    return context


def draw_notebook(root: Path, name: str, folder: Path, most: int, digest: str) -> None:
    """Run one notebook and draw its figures into `folder`. For a process of its own: it changes the working directory, and torch."""
    import matplotlib as mpl
    import torch

    mpl.use("Agg")
    torch.set_num_threads(1)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        chapter = Path(place, Path(name).parent.name)
        chapter.mkdir()
        for own in (root / "release" / chapter.name).glob("*.py"):
            shutil.copy(own, chapter)
        with contextlib.chdir(chapter):
            drawn = _Run(folder, most).go(root, name)
    text = json.dumps({"digest": digest, **asdict(drawn)}, ensure_ascii=False)
    (folder / NOTE).write_text(text, encoding="utf-8")  # at the end: without it, the folder is drawn again


class _Run:
    """One notebook at work, with `plt.show` and `figures.move` replaced."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self.files: list[str] = []
        self.says: list[str] = []
        self.moved: list[Moved] = []
        self.count = 0

    def go(self, root: Path, name: str) -> Drawn:
        import matplotlib.pyplot as plt

        from autograder.course import figures

        drawn = Drawn()
        plt.show = self._show
        figures.move = self._move
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell, source in _list_cells(root, name):
            self.files, self.says, self.moved = [], [], []
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(source, f"<{cell}>", "exec"), names)  # the authors' own cells, as nbval runs them
            except Exception as error:
                raise CourseError(
                    f"{name}.ipynb, cell {cell}: {type(error).__name__}: {error}. The book draws the figures of the "
                    "solutions again; does 'course build --check' pass?"
                ) from None
            self._show()
            if self.says:
                drawn.files[cell], drawn.says[cell] = self.files, self.says
            if self.moved:
                drawn.moved[cell] = self.moved
        return drawn

    def _show(self, *_: object, **__: object) -> None:
        """In place of `plt.show`: save the open figures as a notebook shows them, describe them, and close them."""
        import matplotlib.pyplot as plt

        for number in plt.get_fignums():
            figure = plt.figure(number)
            self.files.append(self._name_file())
            self.says.append(describe_figure(figure))
            _save(figure, self.folder / self.files[-1], bbox_inches="tight")
            plt.close(number)

    def _move(self, draw: Callable[..., object], **ranges: Any) -> None:
        """In place of `figures.move`: draw the figure for each of the values that the book has."""
        controls = plan_controls(ranges, self.most)
        files, says, size = [], [], (0, 0)
        for values in list_frames(controls):
            file = self._name_file()
            words, size = self._draw(draw, values, self.folder / file)
            files.append(file)
            says.append(words)
        shown = [{"name": one.name, "says": one.says, "start": one.start, "choice": one.is_choice} for one in controls]
        self.moved.append(Moved(shown, files, says, find_start(controls), size))
        self.files.append(files[find_start(controls)])
        self.says.append(says[find_start(controls)])

    def _name_file(self) -> str:
        self.count += 1
        return f"{self.count - 1:04}.webp"

    @staticmethod
    def _draw(draw: Callable[..., object], values: dict[str, Any], path: Path) -> tuple[str, tuple[int, int]]:
        import matplotlib.pyplot as plt

        before = set(plt.get_fignums())
        draw(**values)
        figure = plt.gcf()
        _save(figure, path)
        words = describe_figure(figure)
        width, height = (round(float(edge) * figure.dpi) for edge in figure.get_size_inches())
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
        return words, (width, height)


def _save(figure: Any, path: Path, **settings: Any) -> None:
    kept = {"lossless": True, "method": 2}
    figure.savefig(path, format="webp", dpi=SHARP * figure.dpi, pil_kwargs=kept, **settings)


def _list_cells(root: Path, name: str) -> Iterator[tuple[str, str]]:
    """The code cells of a solution, by id, without the checks: they show no figure and would only take time."""
    checks = {
        cell.id
        for cell in nbformat.read(root / "release" / f"{name}.ipynb", as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    }
    for cell in nbformat.read(root / "solutions" / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and cell.id not in checks:
            yield cell.id, cell.source


def _digest(root: Path, name: str, most: int) -> str:
    """A digest of all that the figures depend on: the cells, the course's drawings, this room, and matplotlib."""
    seen = hashlib.sha256(f"{most} {metadata.version('matplotlib')} {sys.version_info[:2]}".encode())
    for cell, source in _list_cells(root, name):
        seen.update(f"{cell}\n{source}\n".encode())
    package = Path(__file__).parents[1]
    own = [package / "book" / "drawing.py", package / "book" / "frames.py", package / "desk" / "describing.py"]
    for path in sorted([*(package / "course").rglob("*.py"), *own]):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def _read_note(folder: Path, digest: str) -> Drawn | None:
    """What was drawn into `folder`, where it is what `digest` stands for."""
    try:
        noted = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        if noted["digest"] != digest:
            return None
        moved = {cell: [Moved(**one) for one in many] for cell, many in noted["moved"].items()}
        return Drawn(noted["files"], noted["says"], moved)
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""Whether the solutions print the same on every processor: each is run with other arithmetic, and what it shows is compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any

import nbformat

from autograder.engine.jobs import Job, Step
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.formats import MISTAKES

CELL_SECONDS = 600
SHOWN_LINES = 12
"""Lines that differ, shown of each cell."""

TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml")


@dataclass(frozen=True)
class Setting:
    """One way to compute: variables of the warm process, threads, and a seed of noise, if there is any."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    seed: int | None = None


PLAIN = Setting("as it is")
PROCESSORS = (
    Setting("AVX2", {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"}),
    Setting("SSE 4.1", {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}),
    Setting("two threads", threads=2),
)
STORED = "what is stored"


@dataclass(frozen=True)
class Fragile:
    """A cell that does not show the same everywhere: `number` counts code cells from 1."""

    notebook: Path
    number: int
    source: str
    plain: str
    others: dict[str, str]
    """What it shows by the name of the setting, where that is something else."""


def make_settings(seeds: int) -> list[Setting]:
    """All ways to compute, with `seeds` of noise; the first is the one to compare with."""
    return [PLAIN, *PROCESSORS, *(Setting(f"noise {seed}", seed=seed) for seed in range(1, seeds + 1))]


def list_solutions(root: Path, chapters: list[str]) -> list[Path]:
    """The solution notebooks of the chapters. Raises `CourseError` where there are none."""
    found = []
    for chapter in chapters:
        notebooks = sorted((root / "solutions" / chapter).glob("*.ipynb"))
        if not notebooks:
            raise CourseError(f"solutions/{chapter} is missing: run 'course build {chapter}' first.")
        found += notebooks
    return found


def find_fragile(
    notebooks: list[Path], settings: list[Setting], on_done: Callable[[int, int], None] | None = None
) -> Iterator[Fragile]:
    """The cells of solution notebooks that show something else under one of the settings than under the first."""
    with ExitStack() as stack, ThreadPoolExecutor(os.cpu_count()) as pool:
        addresses = {
            variables: stack.enter_context(Engine(isolated=False, environment=dict(variables))).start()
            for variables in {_variables(setting) for setting in settings}
        }
        runs = [
            [pool.submit(run, notebook, setting, addresses[_variables(setting)]) for setting in settings]
            for notebook in notebooks
        ]
        done = 0
        for notebook, futures in zip(notebooks, runs, strict=True):
            shown = {}
            for setting, future in zip(settings, futures, strict=True):
                shown[setting.name] = future.result()
                done += 1
                if on_done:
                    on_done(done, len(notebooks) * len(settings))
            yield from _compare(notebook, shown)


def _variables(setting: Setting) -> tuple[tuple[str, str], ...]:
    return tuple(setting.environment.items())


def run(notebook: Path, setting: Setting, address: str = "") -> list[str]:
    """Run a solution's code cells under a setting, by the warm process at `address`; what each shows."""
    source = notebook.parents[2] / "source" / notebook.parent.name
    files = {path.name: path for path in source.glob("*") if path.is_file() and path.suffix != ".ipynb"}
    files.pop(MISTAKES, None)  # which the solutions were made without
    cells = [_prepare(setting), *(cell.source for cell in _read_cells(notebook))]
    steps = [Step(cell, "student", number) for number, cell in enumerate(cells)]
    with Engine(isolated=False, address=address, environment=setting.environment) as engine:
        done = engine.run(Job(steps, files=files, seconds=CELL_SECONDS))
    if done[0].outputs:
        raise CourseError(f"{notebook.name}: {setting.name}: {read_outputs(done[0].outputs)}")
    return [read_outputs(one.outputs) for one in done[1:]]


def _prepare(setting: Setting) -> str:
    """The text of a cell to run first."""
    lines = [
        "import torch",
        "from autograder.engine.arithmetic import Noise",
        "from autograder.engine.texts import show_texts",
        "show_texts()",
        f"torch.set_num_threads({setting.threads})",
    ]
    if setting.seed is not None:
        lines.append(f"Noise({setting.seed}).enter()")
    return "\n".join([*lines, "del torch, Noise, show_texts"])


def read_outputs(outputs: list[dict[str, Any]]) -> str:
    """What a cell shows as text."""
    parts = []
    for output in outputs:
        if output["output_type"] == "stream":
            parts.append(output["text"])
        elif output["output_type"] == "error":
            parts.append(f"{output['ename']}: {output['evalue']}")
        else:
            parts += [output["data"][mime] for mime in TEXTS if mime in output["data"]]
    return "\n".join(part.rstrip("\n") for part in parts)


def _read_cells(notebook: Path) -> list[Any]:
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]


def _compare(notebook: Path, shown: dict[str, list[str]]) -> Iterator[Fragile]:
    """What differs from the first of the settings, by whose names there is what each cell shows."""
    first, *others = shown
    for place, cell in enumerate(_read_cells(notebook)):
        plain = shown[first][place]
        different = {name: shown[name][place] for name in others if shown[name][place] != plain}
        stored = read_outputs(cell.outputs)
        if _without_moved(stored, cell.source) != _without_moved(_without_figures(plain), cell.source):
            different[STORED] = stored
        if different:
            yield Fragile(notebook, place + 1, cell.source, plain, different)


def _without_moved(text: str, source: str) -> str:
    """A figure that the reader moves is stored with its sliders, and without a live notebook it is a figure like any other."""
    if "figures.move(" not in source:
        return text
    return "\n".join(
        line for line in text.split("\n") if not line.startswith(("To move: ", "Figure: ", "<Figure size"))
    )


def _without_figures(text: str) -> str:
    """A stored output has a figure's size and not the text in it."""
    lines: list[str] = []
    inside = False
    for line in text.split("\n"):
        inside = line.startswith("<Figure size") or (inside and line.startswith("  "))
        if not inside or line.startswith("<Figure size"):
            lines.append(line)
    return "\n".join(lines)


def describe(fragile: Fragile) -> str:
    """Lines for a person: where the cell is, under which settings it shows something else, and what of it differs."""
    name, other = next(iter(fragile.others.items()))
    first = fragile.source.strip().split("\n")[0]
    lines = [
        f"{fragile.notebook.parent.name}/{fragile.notebook.stem}: code cell {fragile.number}: {first}",
        f"  differs with: {', '.join(fragile.others)}",
    ]
    texts = fragile.plain.splitlines(), other.splitlines()
    different = [line for line in unified_diff(*texts, n=0, lineterm="") if line[:2] not in ("--", "++", "@@")]
    for line in different[:SHOWN_LINES]:
        lines.append(f"    {(PLAIN.name if line[0] == '-' else name) + ':':16} {line[1:]}")
    if len(different) > SHOWN_LINES:
        lines.append(f"    and {len(different) - SHOWN_LINES} more lines")
    return "\n".join(lines)

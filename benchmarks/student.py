"""How long a student waits: each check of the course, and each notebook as a whole.

    python benchmarks/student.py [--json] [CHAPTER ...]

A check is timed in the solution's notebook, with the right answer, 9 times after a warm-up; the median counts. A notebook is
executed once, without the time that a kernel takes to start, on one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from autograder.authoring.authored import read_chapter
from autograder.authoring.cells import Notebook
from autograder.authoring.chapters import list_chapters
from autograder.authoring.forks import in_fork
from autograder.authoring.parts import put_parts

ROOT = Path(__file__).parents[1]
LIMIT = 0.1


def time_notebook(notebook: Notebook) -> dict[str, Any]:
    """Seconds of the notebook and the median seconds of each of its checks."""
    import torch
    from IPython.core.interactiveshell import InteractiveShell

    torch.set_num_threads(1)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell = InteractiveShell.instance()

    def run(source: str) -> float:
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell(source).raise_error()
        return time.perf_counter() - started

    checks, total = {}, 0.0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        put_parts(notebook.path, Path(folder))
        for cell in notebook.cells:
            if cell.kind == "code":
                total += run(cell.source)
                if cell.tag == "check":
                    checks[cell.exercise] = statistics.median(run(cell.source) for _ in range(9))
    return {"notebook": notebook.name, "seconds": total, "checks": checks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", help="default: all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for chapter in options.chapters or list_chapters(ROOT):
        for notebook in read_chapter(ROOT, chapter):
            found.append(in_fork(functools.partial(time_notebook, notebook), seconds=600))
    if options.json:
        print(json.dumps(found, indent=1))
        return
    every = [seconds for one in found for seconds in one["checks"].values()]
    for one in found:
        slowest = max(one["checks"], key=one["checks"].get)
        median = statistics.median(one["checks"].values())
        print(
            f"{one['notebook']}: {one['seconds']:.1f} s; checks: median {1000 * median:.1f} ms, slowest {slowest} {1000 * one['checks'][slowest]:.1f} ms"
        )
    slow = sum(seconds > LIMIT for seconds in every)
    print(
        f"{len(every)} checks: median {1000 * statistics.median(every):.1f} ms, {slow} above {1000 * LIMIT:.0f} ms (those that train)"
    )


if __name__ == "__main__":
    main()

"""A chapter's grading as a platform runs it: Gradescope's autograder, and two repositories for GitHub Classroom.

Both hold the course's package, the chapter's source, and scripts that install it from PyPI and call `container`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from autograder.errors import CourseError
from autograder.formats import VARIANTS
from autograder.grading.files import read_file, walk
from autograder.grading.places import advise_build, find_places
from autograder.platforms.returning import make_zip

TARGETS = ("gradescope", "github-classroom")

RUNS = frozenset({"setup.sh", "run_autograder"})

_SETUP = """\
#!/usr/bin/env bash
# Installs the grader. Gradescope runs this once, as it builds the image; nothing but PyPI is needed where Python is new enough.
# AUTOGRADER_ROOT: the folder to use instead of /autograder. AUTOGRADER_PYTHON: a Python that has the course installed, so nothing is installed.
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [ -z "${AUTOGRADER_PYTHON:-}" ]; then
    find_python() {
        for one in python3.13 python3.12 python3.11 python3; do
            if "$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
                command -v "$one"
                return
            fi
        done
        return 1
    }
    if ! PYTHON="$(find_python)"; then
        apt-get install -y python3.11 python3.11-venv || true
        PYTHON="$(find_python)" || {
            echo "The grader needs Python 3.11 or newer. Choose a newer base image (Ubuntu 24.04 has Python 3.12), and build again." >&2
            exit 1
        }
    fi
    VENV="$ROOT/venv"
    if ! "$PYTHON" -m venv "$VENV" 2> /dev/null; then
        rm -rf "$VENV"
        "$PYTHON" -m pip install --quiet --break-system-packages virtualenv || "$PYTHON" -m pip install --quiet virtualenv
        "$PYTHON" -m virtualenv --quiet "$VENV"
    fi
    AUTOGRADER_PYTHON="$VENV/bin/python"
    "$AUTOGRADER_PYTHON" -m pip install --quiet --disable-pip-version-check ${PIP_ARGS:-} --constraint "$HERE/constraints.txt" "$HERE"
fi
mkdir -p "$ROOT"
printf '%s' "$AUTOGRADER_PYTHON" > "$ROOT/.python"
printf '%s' "$HERE" > "$ROOT/.grader"
cd "$HERE"
"$AUTOGRADER_PYTHON" -m autograder.platforms.container prepare "$HERE/course"
"""

_RUN = """\
#!/usr/bin/env bash
# Grades one submission: reads $ROOT/submission, writes $ROOT/results/results.json.
set -euo pipefail
ROOT="${AUTOGRADER_ROOT:-/autograder}"
HERE="$(cat "$ROOT/.grader")"
SUBMISSION="${AUTOGRADER_SUBMISSION:-$ROOT/submission}"
cd "$HERE"
mkdir -p "$ROOT/results"
exec "$(cat "$ROOT/.python")" -m autograder.platforms.container run "$HERE/course" "$SUBMISSION" "$ROOT/results" --as @FORMAT@@UNSAFE@
"""

_WORKFLOW = """\
# Grades each push. GitHub Classroom reads the points that the last step reports.
name: Autograding Tests
on: [push, repository_dispatch]
permissions:
  checks: write
  actions: read
  contents: read
jobs:
  run-autograding-tests:
    runs-on: ubuntu-latest
    if: github.actor != 'github-classroom[bot]'
    steps:
      - uses: actions/checkout@v4
        with: { path: submission, persist-credentials: false }
      # The grader is in a private repository: with it here, students could read the hidden tests.
      - uses: actions/checkout@v4
        with:
          repository: ${{ vars.AUTOGRADED_GRADER }}
          token: ${{ secrets.AUTOGRADED_TOKEN }}
          path: grader
          persist-credentials: false
      - uses: actions/setup-python@v5
        with: { python-version: "3.12", cache: pip, cache-dependency-path: grader/constraints.txt }
      - name: Let student code be isolated
        run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
      - name: Install the grader
        run: bash grader/setup.sh
        env:
          AUTOGRADER_ROOT: ${{ runner.temp }}/autograder
          PIP_ARGS: --extra-index-url https://download.pytorch.org/whl/cpu
      - name: Grade
        id: grade
        run: bash grader/run_autograder
        env:
          AUTOGRADER_ROOT: ${{ runner.temp }}/autograder
          AUTOGRADER_SUBMISSION: ${{ github.workspace }}/submission
      # The step above writes what classroom-resources/autograding-command-grader would, but with the points of each exercise:
      # that action knows only all or nothing.
      - uses: classroom-resources/autograding-grading-reporter@v1
        env:
          GRADE_RESULTS: ${{ steps.grade.outputs.result }}
        with: { runners: grade }
"""


def package_gradescope(course: Path, chapter: str, unsafe: bool = False) -> bytes:
    """Gradescope's autograder zip: `setup.sh` and `run_autograder` are at its root."""
    return make_zip(_list_grader(course, chapter, "gradescope", unsafe), RUNS)


def package_github(course: Path, chapter: str, unsafe: bool = False) -> dict[str, dict[str, bytes]]:
    """The files of two repositories: `template`, from which students' are made, and `grader`, which is private."""
    release = find_places(course).release_folder(chapter)
    given = {
        path.relative_to(release).as_posix(): read_file(path) for path in walk(release) if "checkpoint" not in path.name
    }
    if not given:
        raise CourseError(f"There is no release of {chapter} in {release}{advise_build(course, chapter)}.")
    return {
        "template": given | {".github/workflows/classroom.yml": _WORKFLOW.encode()},
        "grader": _list_grader(course, chapter, "github", unsafe),
    }


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a repository; scripts can be executed."""
    for name, data in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if name in RUNS:
            path.chmod(0o755)


def _refuse_variants(source: Path) -> None:
    """Raises `CourseError` where each student has numbers of their own: nothing there tells the grader a student's id in this course."""
    try:
        stored = json.loads((source / VARIANTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(stored, dict) and stored.get("key"):
        raise CourseError(
            f"{source.name} gives each student numbers of their own, and a grader there doesn't know whose work it has. Switch that off first: "
            "course variants off"
        )


def _list_grader(course: Path, chapter: str, format_: str, unsafe: bool) -> dict[str, bytes]:
    """The course's package, the chapter, and the scripts."""
    code = Path(__file__).resolve().parents[1]
    root = code.parent
    files = {
        f"autograder/{path.relative_to(code).as_posix()}": read_file(path)
        for path in walk(code)
        if "__pycache__" not in path.parts and path.suffix not in (".pyc", ".so")
    }
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "LICENSE-text"):
        if not (root / name).is_file():
            raise CourseError(
                f"The package is made in a copy of the course's repository, and {root} has no {name}: clone the repository, and run the command there."
            )
        files[name] = read_file(root / name)
    places = find_places(course)
    _refuse_variants(places.source_folder(chapter))
    files["course/nbgrader_config.py"] = read_file(course / "nbgrader_config.py")
    for folder in (places.source_folder(chapter), places.release_folder(chapter)):
        where = Path(os.path.relpath(folder, places.root)).as_posix()
        if where.startswith("../"):
            raise CourseError(f"{folder} is outside of the course, so the grader there wouldn't find it.")
        if not any(folder.glob("*.ipynb")):
            raise CourseError(f"There is no notebook in {folder}{advise_build(course, chapter)}.")
        for path in walk(folder):
            relative = path.relative_to(folder)
            if not any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
                files[f"course/{where}/{relative.as_posix()}"] = read_file(path)
    files["setup.sh"] = _SETUP.encode()
    files["run_autograder"] = (
        _RUN.replace("@FORMAT@", format_).replace("@UNSAFE@", " --unsafe" if unsafe else "").encode()
    )
    return files

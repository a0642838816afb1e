"""What runs on a platform: grades one submission as `course grade` does, and writes what the platform reads.

    python -m autograder.platforms.container prepare COURSE
    python -m autograder.platforms.container run COURSE SUBMISSION RESULTS --as gradescope|github

Ends with an error and without a result where the grader can't work: then the platform says so, and nobody has a mark for it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.engine.walls import doctor
from autograder.errors import CourseError
from autograder.grading.cleaning import CleanFeedback
from autograder.grading.database import find_url, load_config, open_gradebook
from autograder.grading.grade import grade_class, prepare_gradebook
from autograder.grading.places import find_places
from autograder.grading.results import ExerciseResult, StudentResult
from autograder.grading.submissions import get_id, read_submission
from autograder.platforms.exporting import save
from autograder.platforms.intake import Intake
from autograder.platforms.pieces import Ways
from autograder.platforms.roster import Person, Roster

STUDENT = "student"
"""The one whose work it is; the platform knows the name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 where the grader can't work."""
    parser = argparse.ArgumentParser(
        prog="container", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("prepare", "run"))
    parser.add_argument("course", type=Path)
    parser.add_argument("submission", type=Path, nargs="?")
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--as", dest="format", choices=("gradescope", "github"), default="gradescope")
    parser.add_argument("--unsafe", action="store_true", help="run student code without walls where there are none")
    options = parser.parse_args(arguments)
    try:
        if options.what == "prepare":
            prepare(options.course.resolve())
            return 0
        if options.submission is None or options.results is None:
            parser.error("run needs a submission and a folder for the results")
        results = grade(options.course.resolve(), options.submission.resolve(), options.unsafe)
    except CourseError as error:
        print(f"The grader can't work here, and no mark was given: {error}", file=sys.stderr)
        return 1
    if options.format == "gradescope":
        save(options.results / "results.json", _encode(results))
        os.chmod(options.results / "results.json", 0o644)
    else:
        tell_github(results, options.results)
    return 0


def prepare(course: Path) -> None:
    """Make the gradebook once, so that no submission waits for it. Raises `CourseError` where a chapter can't be graded here."""
    [chapter] = find_places(course).list_assignments()
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        prepare_gradebook(course, chapter, gradebook)


def grade(course: Path, submission: Path, unsafe: bool) -> dict[str, Any]:
    """Grade what is in the folder `submission`; the results as Gradescope reads them. Raises `CourseError` where the grader is at fault."""
    start = time.monotonic()
    isolated = doctor.stands()
    if not isolated and not unsafe:
        raise CourseError(
            "student code can't be isolated in this container, so it could read the hidden tests and write its own marks. If you accept that, "
            "make the package with 'course package … --unsafe'."
        )
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        copy = Path(folder) / "course"
        shutil.copytree(course, copy)
        [chapter] = find_places(copy).list_assignments()
        intake = Intake(copy, chapter, Roster([Person(STUDENT)]), Ways(student=STUDENT))
        collected = intake.collect([submission])
        told = [
            f"{one.path.partition('/')[2]}: {one.says.removeprefix(f'{STUDENT}: ')}"
            for one in collected.told
            if one.trouble
        ]
        names = ", ".join(f"{name}.ipynb" for name in intake.recognize.notebooks)
        if not collected.students:
            return make_results(
                [], [f"There is no notebook of this assignment in what you handed in. It has: {names}.", *told], start
            )
        done = grade_class(copy, chapter, jobs=1, isolated=isolated)
        result = next(one for one in done.result.students if one.student == STUDENT)
        if done.kept:
            raise CourseError(result.reason or "; ".join(done.warnings))
        if result.state != "graded":
            return make_results([], [result.reason, *told], start)
        tests = list_tests(copy, chapter, result)
        return make_results(tests, [*told, *_list_notes(result)], start)


def _list_notes(result: StudentResult) -> list[str]:
    return [note for note in result.notes if "was not handed in" in note or "left out" in note or "is missing" in note]


def list_tests(course: Path, chapter: str, result: StudentResult) -> list[dict[str, Any]]:
    """An entry for each exercise, with what the check said. Nothing of a hidden test but what a student may read."""
    shown = _read_outputs(course, chapter)
    several = len({one.notebook for one in result.exercises}) > 1
    tests = []
    for number, one in enumerate(result.exercises, 1):
        entry: dict[str, Any] = {
            "name": (f"{one.notebook}: " if several else "") + one.exercise + (" (extra)" if one.extra else ""),
            "number": str(number),
            "output": _explain(one, shown),
            "output_format": "text",
            "visibility": "visible",
        }
        if one.score is not None:
            entry["score"] = one.score
            entry["max_score"] = 0 if one.extra else one.points
            entry["status"] = "passed" if one.score >= one.points else "failed"
        tests.append(entry)
    return tests


def _explain(one: ExerciseResult, shown: dict[tuple[str, str], str]) -> str:
    if one.by_hand:
        return "Not attempted." if one.state == "not attempted" else "A person marks this one."
    said = shown.get((one.notebook, one.exercise), "")
    if not said and one.state == "stopped":
        said = "The cell of the answer or of its check stopped before it was done. Run the notebook from the top, and look at the first error."
    return (
        said
        or "\n".join(one.mistakes)
        or {"right": "Right.", "not attempted": "Not attempted."}.get(one.state, "Not right yet.")
    )


def _read_outputs(course: Path, chapter: str) -> dict[tuple[str, str], str]:
    """What each check printed, by notebook and exercise, as the feedback page shows it."""
    shown = {}
    for path in sorted(find_places(course).graded_folder(STUDENT, chapter).glob("*.ipynb")):
        cleaned, _ = CleanFeedback().preprocess(read_submission(path), {})
        for cell in cleaned.cells:
            marks = cell.metadata.get("nbgrader") or {}
            if marks.get("grade") and not marks.get("solution"):
                texts = [
                    output.text
                    for output in cell.get("outputs", [])
                    if output.output_type == "stream" and output.name == "stdout"
                ]
                errors = [
                    f"{output.ename}: {output.evalue}"
                    for output in cell.get("outputs", [])
                    if output.output_type == "error"
                ]
                shown[path.stem, get_id(cell).removesuffix("-check")] = "".join(texts + errors).strip()
    return shown


def make_results(tests: list[dict[str, Any]], told: list[str], start: float) -> dict[str, Any]:
    """As https://gradescope-autograders.readthedocs.io/en/latest/specs/ has it."""
    return {
        "score": sum(one.get("score", 0) for one in tests),
        "execution_time": round(time.monotonic() - start),
        "output": "\n".join(told),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def tell_github(results: dict[str, Any], folder: Path) -> None:
    """Print the results, and hand them to the reporter as `autograding-command-grader` does: JSON in base 64, in the step's output."""
    print(results["output"])
    tests = []
    for one in results["tests"]:
        has = f"{one['score']:g} of {one['max_score']:g}" if "score" in one else "not marked yet"
        print(f"{one['name']}: {has}\n{one['output']}\n")
        if "score" in one:
            status = "pass" if one["status"] == "passed" else "fail"
            tests.append(
                {
                    "name": one["name"],
                    "status": status,
                    "score": one["score"],
                    "message": one["output"],
                    "test_code": "",
                    "filename": "",
                    "line_no": 0,
                }
            )
    most = sum(one.get("max_score", 0) for one in results["tests"])
    status = "pass" if tests and all(one["status"] == "pass" for one in tests) else "fail"
    told = {"version": 1, "status": status, "max_score": most, "tests": tests}
    save(folder / "results.json", _encode(told))
    if output := os.environ.get("GITHUB_OUTPUT"):
        with open(output, "a", encoding="utf-8") as file:
            file.write(f"result={base64.b64encode(json.dumps(told).encode()).decode()}\n")


def _encode(results: dict[str, Any]) -> bytes:
    return (json.dumps(results, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())

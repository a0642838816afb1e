"""The course itself: what its notebooks promise, chapter by chapter."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampling import at_night

from autograder.authoring.authored import read_chapter, read_notebook
from autograder.authoring.cells import Notebook
from autograder.authoring.chapters import list_chapters
from autograder.authoring.forks import in_fork
from autograder.authoring.making import make_source

ROOT = Path(__file__).parents[2]
NOTEBOOKS = [
    pytest.param(chapter, notebook, id=f"{chapter}/{notebook.name}")
    for chapter in list_chapters(ROOT)
    for notebook in read_chapter(ROOT, chapter)
]
KINDS = {"Implement", "Predict, then run", "Find the bug", "Derive", "Choose", "Reach a target", "Explain"}
HEADING = re.compile(
    r"### Exercise (\d+) · .+\n\n\*\*(.+?)\*\* · \d+ minutes? · [●○]{3} · (?:(\d+) points?|More, (\d+) extra points?)\n"
)

RUN = [one if one.values[1].name.startswith("1_") else at_night(one) for one in NOTEBOOKS]
"""To run a notebook takes seconds, and nbval runs each: by day the first of each chapter."""

every_notebook = pytest.mark.parametrize(("chapter", "notebook"), NOTEBOOKS)
every_chapter = pytest.mark.parametrize("chapter", list_chapters(ROOT))


def read(kind: str, chapter: str, notebook: Notebook) -> Any:
    return nbformat.read(ROOT / kind / chapter / f"{notebook.name}.ipynb", as_version=4)


@every_notebook
def test_release_holds_no_line_of_an_answer_or_a_hidden_test(chapter: str, notebook: Notebook) -> None:
    """Independent of the build's own search: compare whole regions with the text of the released file."""
    released = json.dumps(nbformat.from_dict(read("release", chapter, notebook)), ensure_ascii=False)
    for cell in make_source(notebook).cells:
        for region in re.findall(r"### BEGIN [A-Z ]+\n(.*?)\n *### END", cell.source, re.DOTALL):
            assert json.dumps(region, ensure_ascii=False)[1:-1] not in released
    for marker in ("BEGIN SOLUTION", "HIDDEN TESTS", "MARK SCHEME", "check.hidden"):
        assert marker not in released


@pytest.mark.parametrize("chapter", list_chapters(ROOT)[:-1])
def test_chapter_has_every_kind_of_exercise(chapter: str) -> None:
    """But for the closing one."""
    found = [
        kind
        for notebook in read_chapter(ROOT, chapter)
        for cell in notebook.cells
        for _, kind, *_ in HEADING.findall(cell.source + "\n")
    ]
    assert set(found) == KINDS


@pytest.mark.parametrize(
    "notebook", [*(one.values[1] for one in NOTEBOOKS), read_notebook(ROOT / "tests/fixtures/more.md", "more.md")]
)
def test_exercises_are_announced_with_kind_time_difficulty_and_points(notebook: Notebook) -> None:
    """Extra points as such: `more.md` has some."""
    announced = [
        (int(number), float(points or extra), not points)
        for cell in notebook.cells
        for number, _, points, extra in HEADING.findall(cell.source + "\n")
    ]
    graded = [exercise.check or exercise.answer for exercise in notebook.exercises.values()]
    assert announced == [(number, cell.points, cell.extra) for number, cell in enumerate(graded, start=1)]


@every_notebook
def test_exercises_have_wrong_and_right_answers_and_two_hints(notebook: Notebook, chapter: str) -> None:
    checked = [exercise for exercise in notebook.exercises.values() if exercise.check]
    assert len(checked) >= 3
    for exercise in checked:
        assert len(exercise.wrong) >= 4, exercise.name
        assert len(exercise.right) >= 2, exercise.name
        assert len({cell.says for cell in exercise.wrong}) >= 4, (
            exercise.name
        )  # one message for what the results cannot tell apart
    text = read_text(notebook)
    assert text.count("<summary>Hint 1: where to look</summary>") >= len(checked)
    assert text.count("<summary>Hint 2: what to do</summary>") >= len(checked)


def test_the_course_has_its_exercises() -> None:
    exercises = [one for notebook in NOTEBOOKS for one in notebook.values[1].exercises.values()]
    assert sum(one.check is not None for one in exercises) >= 160


@every_chapter
def test_a_chapter_has_an_explanation_to_write_and_an_open_task(chapter: str) -> None:
    notebooks = read_chapter(ROOT, chapter)
    assert any(one.answer.tag == "explain" for notebook in notebooks for one in notebook.exercises.values())
    assert "### Open task · " in read_text(notebooks[-1])


@every_notebook
def test_notebook_opens_with_a_puzzle_and_its_aims_and_closes_with_questions_and_sources(
    notebook: Notebook, chapter: str
) -> None:
    assert len(notebook.cells[0].source.partition("\n")[2].split()) <= 60
    text = read_text(notebook)
    parts = ["**You'll be able to**", "**You need**", "**Time**", "## Recap", "## Five questions"]
    if notebook is not NOTEBOOKS[0].values[1]:
        parts.append("## Three questions from before")
    for part in (*parts, "## To watch, to read, and a paper"):
        assert part in text, part
    for part, count in zip(parts[4:], (5, 3), strict=False):
        section = re.split(r"(?m)^## ", text.split(part)[1])[0]
        assert section.count("<details>") == section.count("</details>") == count, part
    sources = text.split("## To watch")[1]
    assert len(re.findall(r"(?m)^- ", sources)) >= 3
    assert len(re.findall(r"\]\(https://", sources)) >= 2


def read_text(notebook: Notebook) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.kind == "markdown")


@every_notebook
def test_files_are_small(chapter: str, notebook: Notebook) -> None:
    assert (ROOT / "release" / chapter / f"{notebook.name}.ipynb").stat().st_size < 200_000
    for cell in read("solutions", chapter, notebook).cells:
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get("image/png", "")
            assert len(base64.b64decode(picture)) <= 170_000, cell.source[:80]


@every_notebook
def test_solution_prints_no_warnings_and_little_text(chapter: str, notebook: Notebook) -> None:
    for cell in read("solutions", chapter, notebook).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
            assert len(output.get("text", "").splitlines()) <= 30, cell.source[:80]


@pytest.fixture(scope="module")
def loaded() -> None:
    """What notebooks need is imported and used once, not in each fork."""
    import IPython.core.interactiveshell  # noqa: F401
    import matplotlib as mpl
    import torch.utils.data

    import autograder.course.figures  # noqa: F401

    mpl.use("agg")
    import matplotlib.pyplot as plt

    weight = torch.zeros(1, requires_grad=True)
    weight.sum().backward()
    torch.optim.SGD([weight], lr=0.1)  # the first optimizer imports torch's compiler
    figure, axes = plt.subplots()
    axes.set_title("$x$")
    figure.canvas.draw()
    plt.close(figure)


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(("chapter", "notebook"), RUN)
def test_source_earns_full_marks_and_figures_have_titles_labels_and_data(chapter: str, notebook: Notebook) -> None:
    """One run of the notebook serves both.

    That the released stub earns nothing, and the solution the points of the released check too, `course build --check` holds
    against the same text (`build.find_problems`), and refuses what does not (tests/authoring/test_build.py, `TRIED`).
    """
    figures, scores = in_fork(lambda: run_source(chapter, notebook), seconds=300)
    checks = [exercise.check for exercise in notebook.exercises.values() if exercise.check]
    assert scores == [(check.exercise, check.points, check.points) for check in checks]
    assert len(figures) >= 3
    for source, axes in figures:
        assert any(one["title"] for one in axes), f"no title: {source}"
        for one in axes:
            assert one["marks"], f"empty axes: {source}"
            assert one["labelled"], f"axes without labels: {source}"


def run_source(
    chapter: str, notebook: Notebook
) -> tuple[list[tuple[str, list[dict[str, Any]]]], list[tuple[str, float, float]]]:
    """The beginning of each cell that drew, with what stands in its axes; exercise, score and points of each check."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from IPython.core.interactiveshell import InteractiveShell

    from autograder.checks.check import recording

    shell = InteractiveShell.instance()
    plt.show = lambda *args, **kwargs: None
    found = []
    folder = contextlib.chdir(ROOT / "release" / chapter)  # where the parts of earlier chapters are
    with folder, recording() as checks, contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            if cell.kind != "code":
                continue
            shell.run_cell(cell.source).raise_error()
            for number in plt.get_fignums():
                figure = plt.figure(number)
                title = figure.get_suptitle()
                found.append((cell.source[:80], [look_at_axes(axes, title) for axes in figure.axes]))
                plt.close(figure)
    return found, [(check.exercise, check.score, check.points) for check in checks]


def look_at_axes(axes: Any, figure_title: str) -> dict[str, Any]:
    """In small multiples one label serves all; ticks in words are labels; axes that are switched off, as in a diagram, or without ticks need none."""
    figure = axes.figure
    drawn = [*axes.lines, *axes.patches, *axes.collections, *axes.images, *axes.texts]
    x_labels = [figure.get_supxlabel(), *(one.get_xlabel() for one in figure.axes), *words(axes.get_xticklabels())]
    y_labels = [figure.get_supylabel(), *(one.get_ylabel() for one in figure.axes), *words(axes.get_yticklabels())]
    return {
        "title": axes.get_title(loc="left") or axes.get_title() or axes.get_title(loc="right") or figure_title,
        "marks": len(drawn) > 0,
        "labelled": not axes.axison or (any(x_labels) and (any(y_labels) or not len(axes.get_yticks()))),
    }


def words(labels: list[Any]) -> list[str]:
    return [label.get_text() for label in labels if any(letter.isalpha() for letter in label.get_text())]

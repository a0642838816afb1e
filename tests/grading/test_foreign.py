"""Courses of other people's: tests that nbgrader instantiates, folders elsewhere, other names and other languages."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import pytest
from assignments import answer, make_notebook, marks
from sampling import sample
from warm import grade_here

from autograder import cli
from autograder.engine.planning.languages import get_language
from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.commands import execute, run_nbgrader
from autograder.grading.database import load_config
from autograder.grading.grade import grade_class
from autograder.grading.places import find_assignment, find_places, forget_places
from autograder.grading.sources import can_fail, has_code, read_source

OURS = "nbgrader_config.py"
AUTOTESTS = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "autotests.yml"

MEAN: list[tuple[str, str, str]] = [
    ("prose", "code", "values = [1, 2, 6]"),
    ("answer:mean", "code", "def mean(x):\n    ### BEGIN SOLUTION\n    return sum(x) / len(x)\n    ### END SOLUTION"),
    ("check:plain:1", "code", "### AUTOTEST mean(values); mean([2])"),
    ("check:hashed:2", "code", "assert callable(mean)\n### HASHED AUTOTEST mean([1, 2])"),
]
MEANS = {
    "right": "def mean(x):\n    total = 0\n    for each in x:\n        total += each\n    return total / len(x)",
    "wrong": "def mean(x):\n    return x[len(x) // 2]",
    "half": "def mean(x):\n    return {3: 3.0, 1: 2.0}.get(len(x))",
    "empty": "",
}


@pytest.fixture
def graded_here(warm: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    grade_here(warm.start(), monkeypatch.setattr)


def make_course(
    course: Path,
    cells: list[tuple[str, str, str]],
    answers: dict[str, str],
    metadata: Any = None,
    config: str = "",
    name: str = "quick/p",
) -> Path:
    """A course with one notebook and what students handed in for its one answer."""
    source = course / "source" / f"{name}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(make_notebook(cells, metadata) if metadata else make_notebook(cells), source)
    (course / OURS).write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'any'\n{config}\n", encoding="utf-8")
    shutil.copy(AUTOTESTS, course / "autotests.yml")
    run_nbgrader(course, "generate_assignment", name.split("/")[0])
    [place] = [kind.split(":")[1] for kind, _, _ in cells if kind.startswith("answer:")]
    for student, text in answers.items():
        answer(course / "release" / f"{name}.ipynb", course / "submitted" / student / f"{name}.ipynb", {place: text})
    return course


def scores(course: Path, **where: str) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for (student, _), (score, _) in sorted(marks(course, **where).items()):
        found.setdefault(student, []).append(score)
    return found


EXPECTED = {"right": [2.0, 1.0], "wrong": [0.0, 0.0], "half": [0.0, 1.0], "empty": [0.0, 0.0]}


def test_instantiated_tests_are_graded(tmp_path: Path, graded_here: None) -> None:
    course = make_course(tmp_path / "course", MEAN, MEANS)
    grading = grade_class(course, "quick")
    assert scores(course) == EXPECTED
    assert [note for one in grading.result.students for note in one.notes] == []


def test_instantiated_tests_are_graded_by_nbgrader_with_our_configuration(tmp_path: Path, root: Path) -> None:
    course = make_course(tmp_path / "course", MEAN, MEANS)
    shutil.copy(root / OURS, course / OURS)
    run_nbgrader(course, "autograde", "quick")
    assert scores(course) == EXPECTED


def test_tests_that_were_never_instantiated_are_refused(tmp_path: Path, graded_here: None) -> None:
    only = "c.GenerateAssignment.preprocessors = ['nbgrader.preprocessors.LockCells', 'nbgrader.preprocessors.ClearSolutions', 'nbgrader.preprocessors.ComputeChecksums', 'nbgrader.preprocessors.SaveCells']"
    course = make_course(tmp_path / "course", MEAN, {"right": MEANS["right"]}, config=only)
    with pytest.raises(CourseError, match=r"'plain' are not instantiated.*generate_assignment quick"):
        grade_class(course, "quick")


def test_tests_that_changed_since_they_were_instantiated_are_refused(tmp_path: Path, graded_here: None) -> None:
    course = make_course(tmp_path / "course", MEAN, {"right": MEANS["right"]})
    path = course / "source" / "quick" / "p.ipynb"
    path.write_text(path.read_text().replace("assert callable(mean)", "assert mean([4]) == 4"))
    with pytest.raises(CourseError, match="'hashed' changed since"):
        grade_class(course, "quick")


def test_a_check_that_cannot_fail_is_refused(tmp_path: Path, graded_here: None) -> None:
    cells = [*MEAN[:2], ("check:nothing:3", "code", "# the tests are hidden\nprint('ok')")]
    course = make_course(tmp_path / "course", cells, {"right": MEANS["right"]})
    with pytest.raises(CourseError, match=r"'nothing' has no statement that can fail.*3 points"):
        grade_class(course, "quick")
    assert not (course / "autograded").exists()


@pytest.mark.parametrize(
    "source",
    ["", "# hidden", '"""Tests."""', "pass", "import numpy as np", "print('Success!')", "points = 3\npoints", "5"]
    + ["def test():\n    assert mean([1]) == 1", "assert True", "class Test:\n    x = 1", "x = [1, 2]\nprint(x)"],
)
def test_what_cannot_fail(source: str) -> None:
    assert not can_fail(source)


@pytest.mark.parametrize(
    "source",
    ["assert mean([1]) == 1", "mean", "%run tests.py", "get_ipython()", "import tests\ntests.run()", "raise ValueError"]
    + [
        "points = 0\npoints += mean([1]) == 1\npoints",
        "def test():\n    assert mean([1]) == 1\ntest()",
        "open('answer.txt')",
    ]
    + [
        "from autograder.checks import Check\ncheck = Check()\ncheck('mean')",
        "!test -f answer.txt",
        "import student_module",
    ],
)
def test_what_can_fail(source: str) -> None:
    assert can_fail(source)


def test_comments_are_no_code_in_any_language() -> None:
    assert not has_code("# R\n\n// Java\n% Octave")
    assert has_code("x <- 1")


# --- folders and names ----------------------------------------------------------------------------

ELSEWHERE = {
    "nothing said": ("", "source/{}", "submitted/{s}/{}", "autograded/{s}/{}", "gradebook.db"),
    "root": (
        "c.CourseDirectory.root = 'inner/course'",
        *["inner/course/" + one for one in ("source/{}", "submitted/{s}/{}", "autograded/{s}/{}", "gradebook.db")],
    ),
    "steps": (
        "c.CourseDirectory.source_directory = 'master'\nc.CourseDirectory.submitted_directory = 'in'\nc.CourseDirectory.autograded_directory = 'out'",
        "master/{}",
        "in/{s}/{}",
        "out/{s}/{}",
        "gradebook.db",
    ),
    "structure": (
        "c.CourseDirectory.directory_structure = 'work/{assignment_id}/{nbgrader_step}/by {student_id}'\nc.CourseDirectory.db_url = 'sqlite:///marks.sqlite'",
        "work/{}/source/by .",
        "work/{}/submitted/by {s}",
        "work/{}/autograded/by {s}",
        "marks.sqlite",
    ),
}


@pytest.mark.parametrize("where", sample(ELSEWHERE, 3))
def test_a_course_with_other_folders_and_names_is_graded(
    where: str, tmp_path: Path, graded_here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config, source, submitted, graded, database = ELSEWHERE[where]
    course, name = tmp_path / "our course", "Problem set 1"
    cells = [*MEAN[:2], ("check:value:1", "code", "assert mean([1, 2, 6]) == 3")]
    place = course / source.format(name) / "Part A (means).ipynb"
    place.parent.mkdir(parents=True)
    (course / "inner" / "course").mkdir(parents=True, exist_ok=True)
    nbformat.write(make_notebook(cells), place)
    (course / OURS).write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'any'\n{config}\n")
    run_nbgrader(course, "generate_assignment", name)
    for student in ("ada", "bob"):
        handed_in = course / submitted.format(name, s=student) / "Part A (means).ipynb"
        answer(place, handed_in, {"mean": MEANS["right" if student == "ada" else "wrong"]})
    monkeypatch.chdir(course)
    for arguments in (["grade", "Problem"], ["grade", "Problem"], ["report", name]):
        assert cli.main(arguments) == 0, capsys.readouterr().err
    assert "2 graded" in capsys.readouterr().out
    assert scores(course, assignment=name, database=database) == {"ada": [1.0], "bob": [0.0]}
    assert (course / graded.format(name, s="ada") / "Part A (means).ipynb").is_file()


def test_a_folder_that_is_no_course_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    forget_places()
    assert cli.main(["grade", "1"]) == 1
    assert "isn't a course: there is no notebook in" in capsys.readouterr().err
    assert cli.main(["doctor"]) in (0, 1)


def test_an_assignment_is_found_by_its_name_its_number_or_the_start_of_it(tmp_path: Path) -> None:
    for name in ("ps1", "ps10", "02_trees", "essay"):
        (tmp_path / "source" / name).mkdir(parents=True)
        (tmp_path / "source" / name / "a.ipynb").touch()
    forget_places()
    assert [find_assignment(tmp_path, one) for one in ("ps1", "2", "ess")] == ["ps1", "02_trees", "essay"]
    with pytest.raises(CourseError, match="'ps' fits several assignments"):
        find_assignment(tmp_path, "ps")
    with pytest.raises(
        CourseError, match=r"'7' isn't an assignment of this course. There are: 02_trees, essay, ps1, ps10"
    ):
        find_assignment(tmp_path, "7")


def test_places_follow_the_configuration(tmp_path: Path) -> None:
    for text, folder in (("", "source"), ("c.CourseDirectory.source_directory = 'a'", "a"), ("", "source")):
        (tmp_path / OURS).write_text(f"c = get_config()\n{text}\n")
        forget_places()
        assert find_places(tmp_path).source_folder("x") == tmp_path / folder / "x"


def test_a_directory_structure_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / OURS).write_text("c = get_config()\nc.CourseDirectory.directory_structure = '{student_id}/{term}'\n")
    forget_places()
    with pytest.raises(CourseError, match="directory_structure"):
        find_places(tmp_path)


# --- other languages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "python"),
        ({"kernelspec": {"name": "python3", "display_name": "Python 3"}}, "python"),
        ({"kernelspec": {"name": "conda-env-x"}, "language_info": {"name": "python"}}, "python"),
        ({"language_info": {"name": "R"}}, "R"),
        ({"kernelspec": {"name": "ir", "display_name": "R"}}, "R"),
        ({"kernelspec": {"name": "r-4", "display_name": "R"}, "language_info": {"name": "R"}}, "R"),
        ({"kernelspec": {"name": "ir", "language": "R"}, "language_info": {"name": "python"}}, "R"),
        ({"kernelspec": {"name": "xyz"}}, "xyz"),
        ({"kernelspec": {"name": "java"}, "language_info": {"name": "Java"}}, "java"),
        ({"kernelspec": {"name": "jupyter_matlab_kernel", "language": "MATLAB"}}, "matlab"),
        ({"kernelspec": {"name": "octave"}}, "octave"),
    ],
)
def test_the_language_of_a_notebook(metadata: dict[str, Any], language: str) -> None:
    assert get_language(nbformat.from_dict(metadata)) == language


STOCK = {
    "R": "# YOUR CODE HERE\nfail()",
    "octave": "% YOUR CODE HERE\nerror('No Answer Given!')",
    "java": "// YOUR CODE HERE",
    "matlab": "% YOUR CODE HERE\nerror('No Answer Given!')",
}


@pytest.mark.parametrize("said", ["kernelspec", "language_info"])
@pytest.mark.parametrize("language", STOCK)
def test_the_stubs_of_other_languages_are_those_of_stock(language: str, said: str, tmp_path: Path, root: Path) -> None:
    kernel = {"name": "k", "display_name": "K"} | ({"language": language} if said == "kernelspec" else {})
    metadata = {"kernelspec": kernel} | ({"language_info": {"name": language}} if said != "kernelspec" else {})
    stub = release(tmp_path, root, metadata, "x = 1")
    assert stub == STOCK[language]


def test_a_configured_stub_is_honoured(tmp_path: Path, root: Path) -> None:
    more = "\nc.ClearSolutions.code_stub = {'python': 'pass  # todo', 'R': 'stop()'}\n"
    assert (
        release(tmp_path / "p", root, {"kernelspec": {"name": "python3", "display_name": "P"}}, "x = 1", more)
        == "pass  # todo"
    )
    assert release(tmp_path / "r", root, {"kernelspec": {"name": "ir", "display_name": "R"}}, "x = 1", more) == "stop()"


def release(course: Path, root: Path, metadata: dict[str, Any], solution: str, more: str = "") -> str:
    """The stub in the place of a solution, with this course's configuration."""
    place = course / "source" / "quick" / "p.ipynb"
    place.parent.mkdir(parents=True)
    nbformat.write(make_notebook([("answer:a", "code", solution), ("check:c:1", "code", "x")], metadata), place)
    (course / OURS).write_text((root / OURS).read_text() + more)
    run_nbgrader(course, "generate_assignment", "quick")
    released = nbformat.read(course / "release" / "quick" / "p.ipynb", as_version=4)
    assert {key: dict(value) for key, value in released.metadata.items()} == metadata
    return str(released.cells[0].source)


TOY = """
import sys
from ipykernel.kernelapp import IPKernelApp
from ipykernel.ipkernel import IPythonKernel

class Toy(IPythonKernel):
    implementation, language_info = 'toy', {'name': 'toy', 'mimetype': 'text/x-toy', 'file_extension': '.toy'}

    async def do_execute(self, code, *rest, **named):
        code = chr(10).join(line for line in code.splitlines() if not line.startswith('//'))
        if sys.argv[-1] in ('stdout', 'stderr'):
            code = f"import sys\\ntry: exec({code!r}, globals())\\nexcept Exception as error: print(error, file=sys.{sys.argv[-1]})"
        return await super().do_execute(code, *rest, **named)

IPKernelApp.launch_instance(kernel_class=Toy)
"""
"""A language of its own: Python in which `//` begins a comment."""


@pytest.fixture
def toy(request: pytest.FixtureRequest) -> Any:
    """A kernel for all users, for the time of a test. As a parameter it can have more arguments."""
    folder = Path(sys.prefix, "share", "jupyter", "kernels", f"autograded-toy-{os.getpid()}")
    folder.mkdir(parents=True)
    try:
        spec = {
            "argv": [sys.executable, str(folder / "toy.py"), "-f", "{connection_file}", *getattr(request, "param", ())],
            "display_name": "Toy",
            "language": "toy",
        }
        (folder / "kernel.json").write_text(json.dumps(spec))
        (folder / "toy.py").write_text(TOY)
        yield {"kernelspec": {"name": folder.name, "display_name": "Toy", "language": "toy"}}
    finally:
        shutil.rmtree(folder)


TOY_CELLS: list[tuple[str, str, str]] = [
    ("answer:double", "code", "// twice\ndouble = lambda x: 2 * x"),
    ("check:value:1", "code", "// a test\nassert double(2) == 4\nassert double(3) == 6"),
    ("check:points:2", "code", "(double(2) == 4) + 0.5"),
]
TOY_ANSWERS = {
    "right": "double = lambda x: x + x",
    "wrong": "double = lambda x: x ** 2",
    "stops": "import os\nos._exit(3)",
    "hangs": "double = lambda x: [x for x in iter(int, 1)]",
    "looks": "import os\ninside = not os.path.exists('/etc/shadow') and os.getuid() and len(os.listdir('/proc')) < 99\n"
    "double = lambda x: 2 * x if inside else 1 / 0",
}
CLEAR_STUBS = (
    "c.ClearSolutions.code_stub = {'toy': '// YOUR CODE HERE', 'nowhere': '//', 'R': 'stop()'}\nc.Execute.timeout = 4"
)


def test_a_notebook_of_another_language_is_graded_in_its_kernel(tmp_path: Path, graded_here: None, toy: Any) -> None:
    course = make_course(tmp_path / "course", TOY_CELLS, TOY_ANSWERS, toy, CLEAR_STUBS)
    grading = grade_class(course, "quick")
    expected = {"right": [1.5, 1.0], "wrong": [1.5, 0.0], "stops": [0.0, 0.0], "hangs": [0.0, 0.0], "looks": [1.5, 1.0]}
    assert scores(course) == expected
    assert any("in the student's kernel" in line for line in grading.result.remarks)


def test_nbgrader_autograde_runs_another_language_behind_the_walls(tmp_path: Path, root: Path, toy: Any) -> None:
    course = make_course(tmp_path / "course", TOY_CELLS, {"looks": TOY_ANSWERS["looks"]}, toy, CLEAR_STUBS)
    (course / OURS).write_text((root / OURS).read_text() + CLEAR_STUBS)
    run_nbgrader(course, "autograde", "quick")
    assert scores(course) == {"looks": [1.5, 1.0]}


@pytest.mark.parametrize("toy", [["stderr"]], indirect=True)
@pytest.mark.nightly
def test_a_kernel_may_tell_of_errors_on_stderr_alone(tmp_path: Path, graded_here: None, toy: Any) -> None:
    answers = {name: TOY_ANSWERS[name] for name in ("right", "wrong")}
    grading = grade_class(make_course(tmp_path / "course", TOY_CELLS[:2], answers, toy, CLEAR_STUBS), "quick")
    assert scores(tmp_path / "course") == {"right": [1.0], "wrong": [0.0]}
    assert grading.warnings == []


@pytest.mark.parametrize("toy", [["stdout"]], indirect=True)
def test_a_kernel_that_tells_of_no_errors_is_refused(tmp_path: Path, graded_here: None, toy: Any) -> None:
    """As Octave's: with it every check would get full marks."""
    course = make_course(tmp_path / "course", TOY_CELLS, {"wrong": TOY_ANSWERS["wrong"]}, toy, CLEAR_STUBS)
    with pytest.raises(CourseError, match="doesn't tell nbgrader of errors"):
        grade_class(course, "quick")


def test_a_kernel_that_is_not_there_is_named(tmp_path: Path, graded_here: None) -> None:
    kernel = {"kernelspec": {"name": "nowhere", "display_name": "N", "language": "nowhere"}}
    course = make_course(tmp_path / "course", TOY_CELLS, {"right": TOY_ANSWERS["right"]}, kernel, CLEAR_STUBS)
    with pytest.raises(CourseError, match="needs the Jupyter kernel 'nowhere', and this machine has only"):
        grade_class(course, "quick")


@pytest.mark.skipif(not Path("/usr/share/jupyter/kernels/ir").exists(), reason="needs Debian's r-cran-irkernel")
def test_r_is_graded_in_its_kernel(tmp_path: Path, graded_here: None) -> None:
    metadata = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    cells = [
        ("answer:double", "code", "double <- function(x) 2 * x"),
        ("check:value:1", "code", "# a test\nstopifnot(double(2) == 4, double(3) == 6)"),
    ]
    answers = {"right": "double <- function(x) x + x", "wrong": "double <- function(x) x^2", "hangs": "repeat {}"}
    course = make_course(tmp_path / "course", cells, answers, metadata, CLEAR_STUBS)
    grade_class(course, "quick")
    assert scores(course) == {"right": [1.0], "wrong": [0.0], "hangs": [0.0]}


@pytest.mark.nightly
def test_nbgrader_autograde_leaves_a_submission_with_a_renamed_notebook_as_it_is(tmp_path: Path, root: Path) -> None:
    """nbgrader takes a notebook of another name for one that is missing, and its cells would get 0."""
    cells = [("answer:half", "code", "half = 0.5"), ("check:value:1", "code", "assert half == 0.5")]
    course = make_course(tmp_path / "course", cells, {"ann": "half = 1 / 2", "bob": "half = 2"})
    others = [("answer:third", "code", "third = 3"), ("check:other:1", "code", "assert third == 3")]
    nbformat.write(make_notebook(others), course / "source" / "quick" / "q.ipynb")
    run_nbgrader(course, "generate_assignment", "quick", "--force")
    for student in ("ann", "bob"):
        handed_in = course / "submitted" / student / "quick" / "q.ipynb"
        answer(course / "release" / "quick" / "q.ipynb", handed_in, {"third": "third = 3"})
    shutil.copy(root / OURS, course / OURS)
    run_nbgrader(course, "autograde", "quick")
    before = marks(course)
    assert scores(course) == {"ann": [1.0, 1.0], "bob": [1.0, 0.0]}
    folder = course / "submitted" / "ann" / "quick"
    (folder / "q.ipynb").rename(folder / "q (1).ipynb")
    status, said = execute(course, ("autograde", "quick", "--force"))
    assert status
    assert "q.ipynb was not handed in; 'q (1).ipynb' holds its cells. This submission is left as it is: rename" in said
    assert marks(course) == before
    assert (course / "autograded" / "bob" / "quick" / "q.ipynb").exists()


def test_what_nbgrader_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    make_course(tmp_path, [*MEAN[:2], ("check:twice:1", "code", "assert mean([2]) == 2")], {})
    path = tmp_path / "source" / "quick" / "p.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.from_dict({**notebook.cells[-1], "id": "other"}))
    nbformat.write(notebook, path)
    with pytest.raises(CourseError, match=r"p\.ipynb: .*Duplicate grade id: twice"):
        run_nbgrader(tmp_path, "generate_assignment", "quick", "--force")
    for cell in notebook.cells[1:]:
        cell.metadata["nbgrader"]["schema_version"] = 1
    nbformat.write(notebook, path)
    with pytest.raises(CourseError, match=r"run 'nbgrader update \.'"):
        run_nbgrader(tmp_path, "generate_assignment", "quick", "--force")


CELLS: list[tuple[str, str, str]] = [
    ("prose", "markdown", r"# Hoja 1" + "\n\n" + r"## La media $\mu$ (3 points)"),
    MEAN[1],
    ("check:cell-3fa9b1c2d3e4f506:1", "code", "assert mean([1, 3]) == 2, 'la media de 1 y 3 es 2'"),
    (
        "check:cell-4fa9b1c2d3e4f506:2",
        "code",
        "assert callable(mean)\n### BEGIN HIDDEN TESTS\nassert mean([0, 0, 9]) == 3\n### END HIDDEN TESTS",
    ),
    ("hand:cell-5fa9b1c2d3e4f506:1", "markdown", "Porque sí."),
]
HEADER = "c.IncludeHeaderFooter.header = 'source/header.ipynb'"


@pytest.mark.filterwarnings("error::nbformat.warnings.MissingIDFieldWarning")
def test_a_source_with_a_header_is_the_same_each_time(tmp_path: Path) -> None:
    header, source = make_notebook([("prose", "markdown", "Nombre:")]), make_notebook(CELLS)
    for cell in (header.cells[0], source.cells[0]):
        del cell["id"]
    (tmp_path / "header.ipynb").write_text(json.dumps(header), encoding="utf-8")
    path = tmp_path / "p.ipynb"
    path.write_text(json.dumps(source), encoding="utf-8")
    (tmp_path / OURS).write_text("c = get_config()\nc.IncludeHeaderFooter.header = 'header.ipynb'\n", encoding="utf-8")
    config = load_config(tmp_path)
    assert read_source(path, {}, config) == read_source(path, {}, config)


def test_a_course_with_a_header_that_says_nothing_of_feedback(
    tmp_path: Path, graded_here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    (course / "source").mkdir(parents=True)
    header = make_notebook([("prose", "markdown", "Nombre:")])
    (course / "source" / "header.ipynb").write_text(json.dumps(header), encoding="utf-8")
    make_course(course, CELLS, {"ana": MEANS["right"], "bea": MEANS["wrong"]}, config=HEADER)
    shutil.copy(course / "source" / "header.ipynb", course / "submitted" / "ana" / "quick" / "notes.ipynb")
    monkeypatch.chdir(course)
    assert cli.main(["grade", "quick", "--feedback"]) == 0
    said = capsys.readouterr()
    assert "Feedback is in feedback/STUDENT/quick." in said.out
    page = (course / "feedback" / "bea" / "quick" / "p.html").read_text(encoding="utf-8")
    assert "la media de 1 y 3 es 2" in page
    assert "not right" in page
    assert "9]" not in page  # a hidden test
    assert (course / "feedback" / "ana" / "quick" / "p.html").exists()
    assert not list((course / "autograded" / "ana").rglob("notes.ipynb"))
    report = (course / "reports" / "quick.html").read_text(encoding="utf-8")
    assert "La media μ · 1" in report
    assert "la media de 1 y 3 es 2" in report
    assert cli.main(["report"]) == 0
    overview = (course / "reports" / "dashboard" / "index.html").read_text(encoding="utf-8")
    assert "<h2>Assignments</h2>" in overview
    assert "hapter<" not in overview
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main(["export", "--help"])
    assert "an assignment's name" in capsys.readouterr().out


def test_what_is_not_installed_where_the_authors_answers_fail_is_said(tmp_path: Path, graded_here: None) -> None:
    check = ("check:plain:1", "code", "from no_such_module import ok\nok(mean([1, 3]) == 2)")
    course = make_course(tmp_path / "course", [*MEAN[:2], check], {"right": MEANS["right"]})
    grading = grade_class(course, "quick")
    [warning] = grading.warnings
    assert warning == (
        "p: the author's own answers don't earn all points: 0 of 1 in plain. "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert warning in grading.result.remarks

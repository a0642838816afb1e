"""A student's own library: what passes is kept, nothing that was kept is lost, and later notebooks take it or the course's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbclient import NotebookClient

from autograder.authoring.parts import write_parts
from autograder.checks.keeping import find_library, keep_answer, read_blocks
from autograder.course.mine import Library, read_parts
from autograder.course.scalars import Num
from autograder.errors import CourseError
from autograder.excerpts import excerpt
from autograder.formats import name_file

TWICE = "def twice(x):\n    return 2 * x"
CHECK = """
from autograder import Check
check = Check("twice", points=1)
check("twice(x)", x=3, gives=6)
check.report()
"""
AUTHORED = """---
jupyter: {}
---

# 1.1 · Doubling (and more)

```python tags=["setup"]
import torch
```

```python
def double_check(x):
    return x
```

```python tags=["exercise"] exercise="mend_twice" part="twice thrice"
def twice(x):
    return x
### BEGIN SOLUTION
LIMIT = 10
def twice(x):
    return double_check(min(2 * x, LIMIT))
def thrice(x):
    return 3 * x
### END SOLUTION
```

```python tags=["check"] exercise="mend_twice" points=1
twice = None
```
"""


def notebook_names(*cells: str) -> dict[str, Any]:
    """The names of a notebook in which these cells ran."""
    names: dict[str, Any] = {"In": ["", *cells]}
    for cell in cells:
        exec(cell, names)
    return names


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "mine" / "activations.py"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose second chapter is the current folder, and may use a part of the first."""
    authored = tmp_path / "notebooks" / "01_doubling"
    authored.mkdir(parents=True)
    (authored / "1_twice.md").write_text(AUTHORED, encoding="utf-8")
    chapter = tmp_path / "workspace" / "02_later"
    chapter.mkdir(parents=True)
    (chapter / "parts.py").write_text(write_parts(tmp_path, "02_later"), encoding="utf-8")
    monkeypatch.chdir(chapter)
    return tmp_path


def test_an_answer_is_kept_with_what_it_uses(library: Path):
    names = notebook_names(
        "import torch\nfrom functools import partial\nSTEP = 3",
        "def helper(x):\n    return x + STEP",
        "@partial(lambda f, g: g, None)\ndef answer(x):\n    '''Add.'''\n    return helper(x) + torch.ones(1).item()\nprint('never again')",
    )
    assert keep_answer("answer", ["answer"], names, library) == "Kept in mine/activations.py."
    text = library.read_text(encoding="utf-8")
    kept: dict[str, Any] = {}
    exec(text, kept)
    assert kept["answer"](1) == 5
    assert "never again" not in text
    assert "'''Add.'''" in text
    assert keep_answer("answer", ["answer"], names, library) == "", "nothing is new"


def test_a_later_answer_takes_the_place_of_the_earlier_one_alone(library: Path):
    for name in ("first", "second", "third"):
        keep_answer(name, [name], notebook_names(f"def {name}():\n    return 1"), library)
    keep_answer("second", ["second"], notebook_names("def second():\n    return 2"), library)
    blocks = read_blocks(library.read_text(encoding="utf-8"))
    assert list(blocks) == ["first", "second", "third"]
    assert ["return 2" in block for block in blocks.values()] == [False, True, False]


def test_what_was_changed_by_hand_stays(library: Path):
    keep_answer("twice", ["twice"], notebook_names(TWICE), library)
    library.write_text(library.read_text(encoding="utf-8").replace("2 * x", "x + x  # mine"), encoding="utf-8")
    says = keep_answer("twice", ["twice"], notebook_names("def twice(x):\n    return x * 2"), library)
    assert "changed by hand" in says
    assert "x + x  # mine" in library.read_text(encoding="utf-8")


def test_an_answer_that_needs_the_notebook_is_not_kept_and_says_why(library: Path):
    names = notebook_names("import torch\nrows = torch.ones(3)", "def answer():\n    return rows.sum()")
    assert "it uses `rows` of this notebook" in keep_answer("answer", ["answer"], names, library)
    assert not library.exists()


def test_a_prediction_is_nothing_to_keep(library: Path):
    assert keep_answer("guess", ["shape"], notebook_names("shape = (2, 3)"), library) == ""


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path):
    (tmp_path / "mine").write_text("in the way")
    says = keep_answer("twice", ["twice"], notebook_names(TWICE), tmp_path / "mine" / "activations.py")
    assert says.startswith("Not kept in mine/activations.py: ")


@pytest.mark.parametrize(
    ("chapter", "file"),
    [("01_activations", "activations.py"), ("02 forward-pass", "forward_pass.py"), ("7", "chapter_7.py")],
)
def test_a_chapter_has_a_file_that_python_can_import(chapter: str, file: str):
    assert name_file(chapter) == file


def run_check(folder: Path, answer: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (answer, CHECK)])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return "".join(output.get("text", "") for output in notebook.cells[1].outputs)


def test_a_check_keeps_what_passes_in_a_students_copy_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own, elsewhere = tmp_path / "work" / "01_doubling", tmp_path / "any" / "folder"
    own.mkdir(parents=True)
    (own / "mistakes.json").write_text("{}")
    assert "Kept in mine/doubling.py." in run_check(own, TWICE)
    assert (tmp_path / "work" / "mine" / "doubling.py").exists()
    said = run_check(own, "def twice(x):\n    return x")
    assert "✗" in said
    assert "2 * x" in (tmp_path / "work" / "mine" / "doubling.py").read_text()
    assert "Kept" not in run_check(elsewhere, TWICE)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert "Kept" not in run_check(own, "def twice(x):\n    return x + x")


def test_no_notebook_no_library(tmp_path: Path):
    (tmp_path / "mistakes.json").write_text("{}")
    assert find_library(tmp_path) is None, "this is no kernel"


def test_parts_come_from_earlier_chapters_with_what_they_use(course: Path):
    parts = read_parts(Path.cwd())
    assert list(parts) == ["twice", "thrice"]
    assert parts["twice"].exercise == "mend_twice"
    assert parts["twice"].place == "1.1 · Doubling and more"
    assert "double_check" in parts["twice"].code
    assert "return x\n" not in parts["twice"].code.split("def twice")[1]
    assert write_parts(course, "01_doubling") == "", "no answer lies beside its own exercise"


def test_a_part_that_its_solution_does_not_define_is_refused(course: Path):
    path = course / "notebooks" / "01_doubling" / "1_twice.md"
    path.write_text(AUTHORED.replace('part="twice thrice"', 'part="twice fourfold"'), encoding="utf-8")
    with pytest.raises(
        CourseError, match=r"1_twice.md: exercise 'mend_twice' has part='fourfold', which is not defined"
    ):
        write_parts(course, "02_later")


def test_without_an_answer_the_courses_is_used_and_said_so(course: Path, capsys: pytest.CaptureFixture[str]):
    mine = Library()
    twice, thrice = mine("twice", "thrice")
    assert (twice(4), twice(9), thrice(2)) == (8, 10, 6)
    assert capsys.readouterr().out == "The course's: twice, thrice.\n"
    mine.tell()
    assert capsys.readouterr().out.startswith("0 of 2 parts are your own.\n  still the course's, of 1.1")


def test_an_own_answer_comes_first(course: Path, capsys: pytest.CaptureFixture[str]):
    library = course / "workspace" / "mine" / "doubling.py"
    keep_answer("mend_twice", ["twice"], notebook_names("def twice(x):\n    return ('own', x)"), library)
    mine = Library()
    assert mine("twice")(1) == ("own", 1)
    assert mine("thrice")(1) == 3, "which the student's answer lacks"
    assert "Yours: twice." in capsys.readouterr().out


def test_a_file_that_cannot_be_read_costs_nothing(course: Path, capsys: pytest.CaptureFixture[str]):
    library = course / "workspace" / "mine" / "doubling.py"
    keep_answer("mend_twice", ["twice"], notebook_names(TWICE), library)
    library.write_text(library.read_text().replace("2 * x", "2 *"))
    assert Library()("twice")(1) == 2
    said = capsys.readouterr().out
    assert "twice in mine/doubling.py cannot be used: SyntaxError" in said
    assert "The course's: twice." in said


def test_an_unknown_part_is_named(course: Path):
    with pytest.raises(CourseError, match="'half' is none of the parts that this chapter uses: thrice, twice"):
        Library()("half")


def test_solutions_take_the_parts_of_their_source(course: Path, monkeypatch: pytest.MonkeyPatch):
    solutions, source = course / "solutions" / "02_later", course / "source" / "02_later"
    solutions.mkdir(parents=True)
    source.mkdir(parents=True)
    (source / "parts.py").write_text(write_parts(course, "02_later"), encoding="utf-8")
    monkeypatch.chdir(solutions)
    assert Library()("twice")(1) == 2


def test_the_last_definition_counts_and_methods_are_followed():
    code, missing = excerpt(
        ["Net"],
        [
            "def act(z):\n    return z",
            "def act(z):\n    return -z\nclass Net:\n    def run(self, x):\n        return act(x)",
        ],
    )
    names: dict[str, Any] = {}
    exec(code, names)
    assert not missing
    assert names["Net"]().run(torch.tensor(1)).item() == -1


def test_a_chapter_takes_its_own_parts_where_they_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def twice(x: int) -> int:
        return x + x

    def thrice(x: int) -> int:
        return x + x + x

    folder = tmp_path / "01_doubling"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert Library().instead_of(twice) is twice
    assert capsys.readouterr().out == "The course's: twice.\n"
    file = tmp_path / "mine" / "doubling.py"
    keep_answer("mend_twice", ["twice"], notebook_names("def twice(x):\n    return 20 * x"), file)
    own, lent = Library().instead_of(twice, thrice)
    assert own(1) == 20
    assert lent is thrice
    assert capsys.readouterr().out == "Yours: twice.\nThe course's: thrice.\n"


def test_what_uses_something_lent_by_the_course_is_not_kept_and_says_nothing(tmp_path: Path) -> None:
    cells = ["Num = pick()", "def neuron(x):\n    return Num(x)"]
    names = {"In": cells, "Num": Num, "neuron": Library}
    assert keep_answer("neuron", ["neuron"], names, tmp_path / "mine" / "doubling.py") == ""
    assert not (tmp_path / "mine").exists()

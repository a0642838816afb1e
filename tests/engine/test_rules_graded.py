"""Rules of the text under the grader: the code of what was handed in decides, on the trusted side.

Rows of `TRICKS` break the rule of `softmax`, most of them with a student's process that lies about it. Others keep it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest

from autograder.authoring.build import stage_chapter
from autograder.authoring.cells import AuthorErrors
from autograder.engine.execute import make_plan
from autograder.engine.runner import Engine
from autograder.formats import CELLS, RESULT
from autograder.grading.submissions import fill_in, get_id
from autograder.grading.worker import Assignment, Submission, grade_submission

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
CHAPTER, NAME = "01_mini", "1_rules"

HEAD = """---
jupyter:
  kernelspec:
    display_name: Python 3 (ipykernel)
    language: python
    name: python3
---

# Rules

```python tags=["setup"]
import torch
import torch.nn.functional as F
from torch import nn

from autograder import Check, vary


def given(z):
    return torch.softmax(z, dim=-1)
```
"""
EXERCISES = """
```python tags=["exercise"] exercise="probabilities"
def probabilities(z):
    ### BEGIN SOLUTION
    return torch.softmax(z, dim=-1)
    ### END SOLUTION
```

```python tags=["check"] exercise="probabilities" points=1
check = Check("probabilities", points=1)
check("probabilities(z)", z=torch.zeros(2, 4), gives=torch.full((2, 4), 0.25))
check.report()
```

```python tags=["exercise"] exercise="softmax"
def softmax(z):
    ### BEGIN SOLUTION
    e = (z - z.amax(dim=-1, keepdim=True)).exp()
    return e / e.sum(dim=-1, keepdim=True)
    ### END SOLUTION
```

```python tags=["check"] exercise="softmax" points=2
check = Check("softmax", points=2, without="torch.softmax loops")
check("softmax(z)", z=torch.zeros(2, 4), gives=torch.full((2, 4), 0.25))
### BEGIN HIDDEN TESTS
check.hidden()
for z in vary((1, 4), (3, 2), seed=1):
    check("softmax(z)", z=z, gives=lambda z: torch.softmax(z, dim=-1), gradient=True)
### END HIDDEN TESTS
check.report()
```
"""
ANSWERS = """---
jupyter:
  kernelspec:
    display_name: Python 3 (ipykernel)
    language: python
    name: python3
---

## `softmax`

```python tags=["wrong"] says="Write softmax yourself, from exp and a sum: here 'torch.softmax' does all of it."
def softmax(z):
    return torch.softmax(z, dim=-1)
```

```python tags=["right"]
def softmax(z):
    return (z - z.logsumexp(dim=-1, keepdim=True)).exp()
```
"""
RIGHT = "def softmax(z):\n    e = (z - z.amax(dim=-1, keepdim=True)).exp()\n    return e / e.sum(dim=-1, keepdim=True)"
EARLIER = "def probabilities(z):\n    return torch.softmax(z, dim=-1)"
LIES = """
import inspect, linecache
import autograder.checks.watching as watching
watching.Watch.__enter__ = lambda self: None
inspect.getsource = lambda *a: "def softmax(z): return z.exp()"
linecache.getlines = lambda *a: []
get_ipython().history_manager.input_hist_raw[:] = [""]
"""
"""The student's process says that nothing was broken."""


@dataclass(frozen=True)
class Row:
    name: str
    answer: str
    after: str = ""
    """A cell of the student's behind the answer."""
    first: str = ""
    """A cell of the student's in front of all."""
    lies: bool = True


TRICKS = [
    Row("plainly", "def softmax(z):\n    return torch.softmax(z, dim=-1)"),
    Row("an alias", "from torch import softmax as s\ndef softmax(z):\n    return s(z, dim=-1)"),
    Row("by getattr", "def softmax(z):\n    return getattr(torch, 'soft' + 'max')(z, dim=-1)"),
    Row("by executing a text", "exec('def softmax(z):\\n    return torch.softmax(z, dim=-1)')"),
    Row("by a helper in a cell of its own", "def softmax(z):\n    return turn(z)", first="import torch\ndef turn(z):\n    return torch.softmax(z, dim=-1)"),
    Row("by a lambda", "softmax = lambda z: F.softmax(z, dim=-1)"),
    Row("by a decorator", "def turn(f):\n    return lambda z: z.softmax(dim=-1)\n@turn\ndef softmax(z):\n    return z"),
    Row("by a class", "class Net(nn.Module):\n    def forward(self, z):\n        return nn.Softmax(dim=-1)(z)\ndef softmax(z):\n    return Net()(z)"),
    Row("bound anew after the answer's cell", RIGHT, after="softmax = nn.Softmax(dim=-1)"),
    Row("imported after the answer's cell", RIGHT, after="softmax = __import__('torch').nn.functional.softmax"),
    Row("by a loop", "def softmax(z):\n    e = torch.stack([row.exp() for row in z])\n    return e / e.sum(dim=-1, keepdim=True)"),
    Row("by a name that is made when it runs", "def softmax(z):\n    return eval('torch.soft' + chr(109) + 'ax')(z, dim=-1)", lies=False),
    Row("by a text that is made when it runs", "exec('def softmax(z):\\n    return torch.soft' + chr(109) + 'ax(z, dim=-1)')", lies=False),
    Row("tells of a rule as if it were a value", "def softmax(z):\n    return torch.softmax(z, dim=-1)\nimport autograder.checks.student as own\nold = own.Names.evaluate\nown.Names.evaluate = lambda *a: own.Reply('ruled', 'softmax')"),
]  # fmt: skip

HONEST = [
    Row("the solution", RIGHT, lies=False),
    Row("words about it", f"# not torch.softmax\n{RIGHT}\nsaid = 'F.softmax'", lies=False),
    Row("the author's function", "def softmax(z):\n    return given(z)", lies=False),
    Row("another exercise's function", "def softmax(z):\n    return probabilities(z)", lies=False),
    Row("a comparison with torch's", RIGHT, after="for n in range(2):\n    print(softmax(torch.ones(2, 3)) - torch.softmax(torch.ones(2, 3), dim=-1))", lies=False),
]  # fmt: skip


@pytest.fixture(scope="module")
def course(make_course: Callable[..., Path]) -> Path:
    made = make_course({NAME: HEAD + EXERCISES, f"{NAME}.answers": ANSWERS})
    with TemporaryDirectory() as stage:
        stage_chapter(made, CHAPTER, Path(stage))
        for kind in ("source", "release"):
            shutil.copytree(Path(stage) / kind, made / kind)
    return made


@pytest.fixture(scope="module")
def assignment(course: Path, warm: Engine) -> Assignment:
    folder = course / "source" / CHAPTER
    files = {path.name: path for path in folder.iterdir() if path.suffix != ".ipynb"}
    source = (folder / f"{NAME}.ipynb").read_text(encoding="utf-8")
    plan = make_plan(warm, nbformat.reads(source, as_version=4), folder, files, 20, None)
    assert plan.reference.split
    return Assignment(
        CHAPTER,
        sources={NAME: source},
        released={},
        files={name: path.read_bytes() for name, path in files.items()},
        references={NAME: plan.reference},
        seconds=20,
        address=warm.start(),
    )


def grade(course: Path, assignment: Assignment, row: Row) -> tuple[dict[str, float | None], Any]:
    """The points by exercise, and what the check of `softmax` found."""
    release = nbformat.read(course / "release" / CHAPTER / f"{NAME}.ipynb", as_version=4)
    answer = f"{LIES}\n{row.answer}" if row.lies else row.answer
    notebook = fill_in(release, {"probabilities": EARLIER, "softmax": answer})
    place = next(at for at, cell in enumerate(notebook.cells) if get_id(cell) == "softmax")
    for at, text in ((place + 1, row.after), (0, row.first)):
        if text:
            notebook.cells.insert(at, nbformat.v4.new_code_cell(text))
    graded = grade_submission(Submission("eve", {NAME: json.dumps(notebook).encode()}, {}), assignment)
    cells = nbformat.reads(graded.notebooks[NAME], as_version=4).cells
    outputs = next(cell.outputs for cell in cells if get_id(cell) == "softmax-check")
    found = next((json.loads(json.dumps(one.data[RESULT])) for one in outputs if RESULT in one.get("data", {})), None)
    return {mark.cell: mark.auto_score for mark in graded.marks[NAME] if mark.graded}, found


@pytest.mark.parametrize("row", TRICKS, ids=lambda row: row.name)
def test_who_breaks_a_rule_earns_nothing(course: Path, assignment: Assignment, row: Row) -> None:
    marks, found = grade(course, assignment, row)
    assert marks["softmax-check"] == 0
    assert marks["probabilities-check"] == 1
    assert [one["look"] for one in found["mistakes"]] == ["rule"]


@pytest.mark.parametrize("row", HONEST, ids=lambda row: row.name)
def test_who_keeps_it_earns_the_points(course: Path, assignment: Assignment, row: Row) -> None:
    marks, found = grade(course, assignment, row)
    assert marks == {"softmax-check": 2, "probabilities-check": 1}, found


def test_the_author_may_have_words_for_it(course: Path, assignment: Assignment) -> None:
    _, found = grade(course, assignment, Row("", "def softmax(z):\n    return torch.softmax(z, dim=-1)", lies=False))
    [mistake] = found["mistakes"]
    assert mistake["known"]
    assert mistake["says"].startswith("Write softmax yourself")


def test_the_release_has_a_file_that_says_whose_a_cell_is(course: Path) -> None:
    stored = json.loads((course / "release" / CHAPTER / CELLS).read_text(encoding="utf-8"))
    assert stored["answers"] == {"probabilities": ["probabilities"], "softmax": ["softmax"]}


@pytest.mark.parametrize(
    ("without", "problem"), [("torch.softmx", "torch.softmx"), ("torch.amax", "the solution fails its own check")]
)
def test_the_build_refuses_a_rule(make_course: Callable[..., Path], tmp_path: Path, without: str, problem: str) -> None:
    """One with a word that nobody knows, and one that the solution breaks."""
    text = (HEAD + EXERCISES).replace("torch.softmax loops", without)
    with pytest.raises(AuthorErrors, match=problem):
        stage_chapter(make_course({NAME: text}), CHAPTER, tmp_path)

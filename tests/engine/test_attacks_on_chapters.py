"""Attacks on the course's own exercises: what a student who has read the release, and the grader's code, may try."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from sampling import sample

from autograder.engine.jobs import Job, Step
from autograder.engine.planning.plan import Plan
from autograder.engine.runner import Engine
from autograder.engine.scores import get_points, score_outputs
from autograder.grading.submissions import get_id

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

ROOT = Path(__file__).resolve().parents[2]

PARROT = """
import torch
import autograder.checks.student as student
known = {KNOWN}
def evaluate(self, expression, data, upstream):
    value = next((value for part, value in known.items() if part in expression), True)
    return student.Reply("value", "answer", value(**data) if callable(value) else value)
student.Names.evaluate = evaluate
"""
"""Every question is answered with what the release says that is expected, whatever the answer is."""


def parrot(known: str) -> str:
    return PARROT.replace("{KNOWN}", known)


@dataclass(frozen=True)
class Row:
    """An attack: `code` stands in the place of the answer to an exercise, by chapter, notebook and name."""

    tries: str
    where: str
    code: str


FLOWERS = """{"type(layer)": ["Linear", "ReLU", "Linear", "Softmax"],
    "flower_net.parameters()": [(16, 4), (16,), (3, 16), (3,)],
    "flower_net(x).shape": (6, 3), "dim": -1,
    "flower_net(x)": lambda x: torch.full((len(x), 3), 1 / 3),
    "rows sum": "rows sum to 1", "net(x)": lambda x, **data: torch.full((len(x), 3), 1 / 3)}"""
POOR = """
def learn(x, y, x_val, y_val, x_new):
    model = nn.Linear(64, 10)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02)
    torch.manual_seed(0)
    for xb, yb in DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True):
        F.cross_entropy(model(xb), yb).backward()
        optimiser.step()
        optimiser.zero_grad()
    return model(x_new).argmax(dim=1)
"""
NO_SPLIT = "def split_rows(n, n_val, n_test, seed):\n    return []\n"
MEAN_OF_BATCHES = "def evaluate(model, loader):\n    return 0.0, 0.0\n"

LIE = 'lambda parts, n: {"sizes": [24, 10, 6]}'

ROWS = [
    Row("answers with what is expected, and has no network", "01_activations/2_softmax/flower_net", f"flower_net = 1\n{parrot(FLOWERS)}"),
    Row("answers True to all", "01_activations/2_softmax/flower_net", f"flower_net = 1\n{parrot('{}')}"),
    Row("binds the author's measure anew", "01_activations/2_softmax/set_temperature", "cold = hot = 1.0\ndef largest_probability(z, T): return 0.95 if T == cold else 0.3"),
    Row("binds the author's helper anew", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}def look_at_split(parts, n): return {{'sizes': [24, 10, 6]}}"),
    Row("changes the author's helper's code", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}look_at_split.__code__ = (lambda parts, n: {{'sizes': [24, 10, 6]}}).__code__"),
    Row("binds the author's helper through globals()", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}globals()['look_at_split'] = {LIE}"),
    Row("binds the author's helper by text", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}exec('look_at_split = {LIE}')"),
    Row("sets the author's helper in the main module", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}import sys\nsetattr(sys.modules['__main__'], 'look_at_split', {LIE})"),
    Row("binds the author's helper a moment later", "05_sgd/7_training_a_classifier/split_rows", f"{NO_SPLIT}import threading\nthreading.Timer(0.1, lambda: globals().update(look_at_split={LIE})).start()"),
    Row("binds what makes the author's network anew", "05_sgd/7_training_a_classifier/evaluate", f"{MEAN_OF_BATCHES}def make_net(*a, **k): return None\nclass Watched:\n    def __init__(self, *a): self.notes, self.part = {{'evaluation mode', 'gradients off'}}, self\n    def train(self, mode): self.training = mode; return self"),
    Row("hands in the labels that the set-up deals", "05_sgd/8_measuring_and_stopping/learn", f"{POOR}new_digits = deal_digits()[2]"),
    Row("lets the author's judge say what is expected", "05_sgd/8_measuring_and_stopping/learn", f"{POOR}new_digits = learn(**known, x_new=x_new)\ndef judge(answers): return 'at least 95%'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(warm: Engine) -> Iterator[Engine]:
    with Engine(address=warm.start()) as made:
        yield made


_references: dict[str, tuple[Plan, frozenset[str], dict[str, dict[str, list[str]]]]] = {}


def grade(engine: Engine, row: Row, answer: str | None) -> float:
    """The points of an exercise whose answer is `answer`, or the author's, in a notebook with the set-up and it alone."""
    chapter, name, exercise = row.where.split("/")
    source = nbformat.read(ROOT / "source" / chapter / f"{name}.ipynb", as_version=4)
    plan = Plan(source)
    at = next(place for place, cell in enumerate(plan.cells) if get_id(cell) == f"{exercise}-check")
    mine = next(place for place, cell in enumerate(plan.cells) if get_id(cell) == exercise)
    steps = []
    for place in range(at + 1):
        cell = plan.cells[place]
        if place == at:
            steps.append(Step(cell.source, "examiner", place, plan.needs[place], plan.imports[place]))
        elif plan.roles[place] == "setup" or place in plan.shared:
            owns = plan._owns(place, cell)
            steps.append(Step(cell.source, "both", place, authored=cell.source, owns=owns))
        elif place == mine:
            steps.append(Step(cell.source, "student", place))
    folder = ROOT / "source" / chapter
    if row.where not in _references:
        ran = engine.run(Job(steps, plan.answers, folder=folder))
        judged = frozenset(ran[-1].facts["judged"])
        _references[row.where] = plan, judged, {"last": ran[-1].facts["rests"]}
        assert score_outputs(ran[-1].outputs, get_points(plan.cells[at])) > 0
    _, judged, rests = _references[row.where]
    steps[-1] = Step(plan.cells[at].source, "examiner", at, plan.needs[at], plan.imports[at], rests["last"])
    steps[-2] = Step(answer if answer is not None else plan.cells[mine].source, "student", mine)
    ran = engine.run(Job(steps, plan.answers, judged, folder))
    return score_outputs(ran[-1].outputs, get_points(plan.cells[at]))


@pytest.mark.parametrize("row", sample(ROWS, 4), ids=lambda row: f"{row.where.rpartition('/')[2]}: {row.tries}")
def test_it_earns_nothing(engine: Engine, row: Row) -> None:
    assert grade(engine, row, None) > 0
    assert grade(engine, row, row.code) == 0


REBOUND = [
    Row("globals()", "05_sgd/7_training_a_classifier/split_rows", "globals()['look_at_split'] = None"),
    Row(
        "its code",
        "05_sgd/7_training_a_classifier/split_rows",
        "look_at_split.__code__ = (lambda parts, n: None).__code__",
    ),
    Row("a text", "05_sgd/7_training_a_classifier/evaluate", "exec('def make_net(*a): pass')"),
    Row("a method", "05_sgd/7_training_a_classifier/evaluate", "Watched.__init__ = lambda self, *a: None"),
    Row("an inherited method", "05_sgd/7_training_a_classifier/evaluate", "Watched.train = lambda self, mode: self"),
    Row(
        "defaults", "05_sgd/7_training_a_classifier/evaluate", "make_net.__defaults__ = make_net.__kwdefaults__ = None"
    ),
]
"""Changes of the author's names, after a right answer."""


@pytest.mark.parametrize("row", sample(REBOUND, 6), ids=lambda row: row.tries)
def test_what_the_author_made_is_put_right_for_the_checks(engine: Engine, row: Row) -> None:
    source = nbformat.read(ROOT / "source" / f"{row.where.rpartition('/')[0]}.ipynb", as_version=4)
    [right] = [cell.source for cell in source.cells if get_id(cell) == row.where.rpartition("/")[2]]
    assert grade(engine, row, f"{right}\n{row.code}") == grade(engine, row, None) > 0


HONEST = [
    Row(
        "has arrays where the text says lists",
        "03_loss/5_margins/predict_margins",
        "import numpy as np\nz, y = np.array([1.8, 0.4, -0.6, 0.5, -3.0]), np.array([1, 1, 1, -1, -1])\nmargins = y * z\n"
        "hinge_losses = np.maximum(0, 1 - margins)\nhinge_cost, hinge_slopes, steepest = hinge_losses.mean(), -y * (margins < 1), 'Exponential'",
    ),
    Row(
        "has a view of a dictionary and a range",
        "03_loss/5_margins/predict_margins",
        "margins = {'a': 1.8, 'b': 0.4, 'c': -0.6, 'd': -0.5, 'e': 3}.values()\nhinge_losses = (0, 0.6, 1.6, 1.5, 0)\nhinge_cost = 0.74\n"
        "hinge_slopes = torch.tensor([0, -1, -1, 1, 0])\nsteepest = 'exponential'",
    ),
]


@pytest.mark.parametrize("row", HONEST, ids=lambda row: f"{row.where.rpartition('/')[2]}: {row.tries}")
def test_an_answer_of_another_type_counts_as_in_the_notebook(engine: Engine, row: Row) -> None:
    assert grade(engine, row, row.code) == grade(engine, row, None) > 0

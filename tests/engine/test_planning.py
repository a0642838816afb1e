"""Planning a submission: which cells need not run, in a time that grows with their number, and never longer than it may take."""

from __future__ import annotations

import copy
import gc
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampling import sample

from autograder.engine.planning.names import read_names
from autograder.engine.planning.plan import Plan, Reference
from autograder.engine.planning.rebinding import read_rebound
from autograder.engine.standins.written import find_written
from autograder.grading.submissions import rebuild

ROOT = Path(__file__).parents[2]
BOOKS = ["00_start/1_start_here", "04_backprop/3_autograd_engine", "05_sgd/7_training_a_classifier"]


def make_plan(name: str) -> Plan:
    """The plan of a notebook in which no explanation has an effect beyond its names."""
    plan = Plan(nbformat.read(ROOT / "source" / f"{name}.ipynb", as_version=4))
    facts: list[dict[str, Any]] = [{"mutable": sorted(own.bound), "random": {}, "effects": False} for own in plan.names]
    plan.reference = Reference(True, [[] for _ in plan.cells], facts)
    return plan


def test_several_threads_read_names_at_once() -> None:
    """Python's parser, left to itself, fails here: a collection of garbage lets another thread in between."""
    switch, threshold, pause = sys.getswitchinterval(), gc.get_threshold(), lambda *args: sum(range(300))
    text = "x = [lambda a: a + 1 for i in range(3)]\ndef f(x, y):\n    return [x, (y, {1: 2})]\n" * 100
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    gc.callbacks.append(pause)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda number: read_names(f"{text}# {number}"), range(24)))
    finally:
        gc.callbacks.remove(pause)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(switch)
    assert all(names.bound >= {"x", "f"} for names in found)


def add_cells(name: str, number: int, text: Any) -> Any:
    """The released notebook with so many cells added all over it."""
    source, release = (nbformat.read(ROOT / kind / f"{name}.ipynb", as_version=4) for kind in ("source", "release"))
    submitted = copy.deepcopy(release)
    for place in range(number):
        cell = nbformat.v4.new_code_cell(text(place), id=f"new-{place}")
        submitted.cells.insert(place * 7 % len(submitted.cells), cell)
    return rebuild(source, submitted)[0]


def time_of(plan: Plan, notebook: Any, seconds: float = 30) -> float:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            read_names(cell.source)  # what is compared is what comes after that
    began = time.process_time()
    plan.lay_out(notebook, seconds)
    return time.process_time() - began


@pytest.mark.parametrize("name", sample(BOOKS, 6))
def test_planning_is_linear_in_the_cells_that_a_student_added(name: str) -> None:
    plan = make_plan(name)
    names = sorted({one for own in plan.names for one in own.incoming | own.bound})

    def text(place: int) -> str:
        one, other, third = (names[place * factor % len(names)] for factor in (1, 3, 7))
        return f"{one} = {other}\ndef late():\n    return {third}\nprint({third}, {one})"

    few, many = (min(time_of(plan, add_cells(name, number, text)) for _ in range(3)) for number in (100, 1_000))
    assert many < 40 * max(few, 0.005), "ten times as many cells"
    assert many < 2


@pytest.mark.parametrize("name", BOOKS)
def test_added_cells_that_touch_nothing_leave_explanations_settled(name: str) -> None:
    plan = make_plan(name)
    settled = [one.step is None for one in plan.lay_out(add_cells(name, 0, str))]
    more = [one.step is None for one in plan.lay_out(add_cells(name, 300, lambda place: f"own_{place} = {place}"))]
    assert sum(more) == sum(settled) > 0


def test_what_cannot_be_told_in_time_runs() -> None:
    """Texts that take long to read: all cells run, and the process of the student finds out what they cost."""
    plan = make_plan(BOOKS[0])
    draw = random.Random(0)
    notebook = add_cells(
        BOOKS[0],
        400,
        lambda place: f"x{place} = " + "+".join(f"a{draw.random()}*(b-1)".replace("0.", "") for _ in range(1_500)),
    )
    began = time.monotonic()
    laid = plan.lay_out(notebook, 0.5)
    assert time.monotonic() - began < 5
    assert all(one.step for one in laid)


REBINDING = {
    "def f(): pass": {"f"},
    "globals()['f'] = 1": {"f"},
    "globals().update(f=1)\nvars().update({'g': 2})": {"f", "g"},
    "import sys\nsetattr(sys.modules['__main__'], 'f', 1)": {"f", "sys"},
    "exec('def f(): pass')": {"f"},
    "get_ipython().user_ns['f'] = 1": {"f"},
    "f.__code__ = g.__code__": {"f"},
    "setattr(f, '__code__', None)": {"f", "__code__"},
    "f(1)": set(),
}


@pytest.mark.parametrize("source", REBINDING)
def test_what_a_cell_rebinds_is_read_however_it_does_it(source: str) -> None:
    assert read_rebound(source) >= REBINDING[source]
    assert "h" not in read_rebound(source)


TOTAL = "def total(v):\n    return sum(v)\n"
LOOP = "def loop(v):\n    for x in v:\n        pass\n"
WRITTEN: dict[str, tuple[list[str], str | None]] = {
    "the last definition": ([f"{LOOP}total = loop\n", TOTAL], TOTAL),
    "an alias": ([f"{TOTAL}mine = total\n", "total = mine"], TOTAL),
    "a lambda": (["total = lambda v: sum(v)"], "total = lambda v: sum(v)"),
    "another cell's class with setattr": ([TOTAL, "class A:\n    def f(self, k): setattr(self, k, 1)"], TOTAL),
    "what it is made of": ([f"{LOOP}total = [loop][0]"], LOOP),
    "what decorates it": (
        [f"{LOOP}def swap(f): return loop\n@swap\n{TOTAL}"],
        f"@swap\n{TOTAL}def swap(f): return loop\n{LOOP}",
    ),
    "globals()": ([f"{TOTAL}{LOOP}globals()['total'] = loop"], None),
    "a text": ([TOTAL, "exec('total = None')"], None),
    "global, in a function": ([f"{TOTAL}def later():\n    global total\n    total = None"], None),
    "the main module": ([TOTAL, "import __main__ as m\nm.total = None"], None),
    "other code": ([TOTAL, f"{LOOP}total.__code__ = loop.__code__"], None),
    "an assignment in an expression": ([f"{TOTAL}print(total := None)"], None),
    "nothing": (["x = 1"], None),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_a_source_is_what_the_cells_show(what: str) -> None:
    cells, text = WRITTEN[what]
    assert find_written(cells, "total") == text

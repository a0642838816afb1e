"""Errors with a thousand frames, or a thousand errors behind them, are told as quickly as others."""

from __future__ import annotations

import time

import pytest

from autograder.engine.jobs import Job, Step
from autograder.engine.runner import Engine

ENDLESS = {
    "a function": "def f(n):\n    return f(n + 1)\nf(0)",
    "a method": "class A:\n    def g(self): return self.g()\nA().g()",
    "a repr": "class A:\n    def __repr__(self): return repr(self)\nA()",
    "an attribute": "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nA().y",
    "a tensor": "import torch\ndef f(x):\n    return f(x + 1)\nf(torch.zeros(3))",
    "two functions": "def a(n):\n    return b(n + 1)\ndef b(n):\n    return a(n - 1)\na(1)",
    "a higher limit": "import sys\nsys.setrecursionlimit(20_000)\ndef f(n):\n    return f(n + 1)\nf(0)",
    "errors behind it": "def f(n):\n    try:\n        raise ValueError(n)\n    except ValueError:\n        return f(n + 1)\nf(0)",
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("side", ["student", "examiner"])
def test_an_endless_recursion_costs_no_more_than_another_error(warm: Engine, source: str, side: str) -> None:
    began = time.monotonic()
    with Engine(isolated=True, address=warm.start()) as engine:
        *_, [error], [shown] = (
            one.outputs for one in engine.run(Job([Step(source, side, 1), Step("1 + 1", side, 2)], seconds=30))
        )  # type: ignore[arg-type]
    assert time.monotonic() - began < 8, "it took 5 to 60 seconds before"
    assert error["ename"] == "RecursionError"
    assert "recursion" in error["evalue"]
    assert len("".join(error["traceback"])) < 20_000
    assert shown["data"] == {"text/plain": "2"}


def test_an_error_behind_an_error_is_told(warm: Engine) -> None:
    source = "try:\n    {}['missing']\nexcept KeyError as error:\n    raise ValueError('no') from error"
    with Engine(isolated=True, address=warm.start()) as engine:
        [[error]] = (one.outputs for one in engine.run(Job([Step(source, "student", 1)])))
    told = "".join(error["traceback"])
    assert "KeyError" in told
    assert "ValueError" in told

"""Autograded: a PyTorch course in notebooks that grades itself.

A notebook needs `Check`, `sealed` and `vary`, draws with `figures`, and takes what the student has written from `mine`; `progress()` shows what is done; nbgrader's configuration names our steps as `preprocessors`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checks import Check, sealed, vary

__all__ = ["Check", "sealed", "vary"]
__version__ = "0.1.0"

_ROOMS = {"figures": "autograder.course.figures", "preprocessors": "autograder.grading.preprocessors"}


def __getattr__(name: str) -> Any:
    # At the first use, so that commands that need no torch do not wait for it.
    if name == "progress":
        return import_module("autograder.desk.showing").progress
    if name in __all__:
        return getattr(import_module("autograder.checks"), name)
    if name == "mine":
        return import_module("autograder.course.mine").mine
    if name in _ROOMS:
        return import_module(_ROOMS[name])
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")

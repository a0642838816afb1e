"""Autograded: a PyTorch course in notebooks that grades itself.

A notebook needs `Check`, `sealed` and `vary`; the drawing helpers are in `autograder.figures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checks import Check, sealed, vary

__all__ = ["Check", "sealed", "vary"]
__version__ = "0.1.0"

MISTAKES = "mistakes.json"
"""The file beside a chapter's notebooks by which checks recognise known mistakes."""

RESULT = "application/vnd.autograded.result+json"
"""The MIME type under which a check's result stands in the notebook, beside the number."""


def __getattr__(name: str) -> Any:
    # At the first use, so that commands that need no torch do not wait for it.
    if name not in __all__:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    from autograder import checks

    return getattr(checks, name)

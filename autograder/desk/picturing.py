"""In a kernel: figures tell what they show, so that JupyterLab's page has words for whoever doesn't see them.

JupyterLab's page calls this, not the notebook: the notebook's code stays as it is, and what is added is metadata of an output, which nbval and
nbgrader don't compare.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def tell_figures() -> None:
    """From now on, a matplotlib figure that a cell shows has its description as `alt` in the output's metadata. Nothing outside of IPython."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module else None
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None or hasattr(formatter.format, "tells"):
        return
    plain = formatter.format

    def tell(obj: Any, *arguments: Any, **options: Any) -> Any:
        data, about = plain(obj, *arguments, **options)
        with contextlib.suppress(Exception):  # a figure without words is still a figure
            for kind in PICTURES:
                if kind in data and _is_figure(obj):
                    own = about.setdefault(kind, {})
                    own["alt"] = own.get("alt") or _describe(obj)
        return data, about

    tell.tells = True  # type: ignore[attr-defined]
    formatter.format = tell


def _is_figure(obj: Any) -> bool:
    matplotlib = sys.modules.get("matplotlib.figure")
    return matplotlib is not None and isinstance(obj, matplotlib.Figure)


def _describe(figure: Any) -> str:
    from autograder.desk.describing import describe_figure

    return describe_figure(figure)

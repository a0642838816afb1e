"""A student's desk: what is done, what is left, and how answers move to a newer release.

It reads notebooks as they lie in the student's folder, and never loads torch, so that a panel or a command answers at once. `progress` reads
the results that checks left in them, `showing` makes tables of that. `comparing` tells what a newer release changes, `carrying` moves answers
into it. `checking` runs a notebook afresh, `handing` hands a chapter in. `server` has all of this for JupyterLab, whose page loads `labextension`.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "autograder.desk"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension/autograded-desk", "dest": "autograded-desk"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from autograder.desk.server import load

    load(server)

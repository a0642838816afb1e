"""The commands for students."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.cli.parsing import Adder


def add_commands(add: Adder) -> None:
    """The commands of this file."""
    lab = add("lab", _lab, "open JupyterLab on your own copy of the chapters")
    lab.add_argument("--port", type=int, default=8888, help="the port to serve at (default: 8888)")
    lab.add_argument(
        "--ip", default="127.0.0.1", help="the address to serve at (default: 127.0.0.1; in a container: 0.0.0.0)"
    )
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument(
        "--workspace", type=Path, default=Path("workspace"), help="where your copy is kept (default: workspace)"
    )


def _lab(options: argparse.Namespace) -> int:
    from autograder.course.workspace import open_lab

    return open_lab(Path.cwd(), options.workspace, options.port, options.ip, browser=not options.no_browser)

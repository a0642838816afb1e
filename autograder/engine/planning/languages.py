"""The language of a notebook, by all that says it."""

from __future__ import annotations

from typing import Any

PYTHON = ("python", "python2", "python3", "ipython", "ipykernel")
KERNELS = {
    "ir": "R",
    "xeus-r": "R",
    "octave": "octave",
    "xeus-octave": "octave",
    "matlab": "matlab",
    "java": "java",
    "sas": "sas",
}
"""The languages of kernels whose specification says none."""


def get_kernel(metadata: Any) -> str:
    """The Jupyter kernel of a notebook in a language other than Python, or its language where it names none; "" for Python."""
    language = get_language(metadata)
    return "" if language == "python" else str((metadata.get("kernelspec") or {}).get("name") or language)


def get_language(metadata: Any) -> str:
    """The language: `python`, or its name as nbgrader writes it.

    It is what the kernel's specification says, else what the kernel said of itself (`language_info`), else the one of the kernel's name.
    Only a notebook that says nothing at all is taken for Python, as nbgrader does.
    """
    spec, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    kernel = str(spec.get("name") or "")
    language = str(spec.get("language") or info.get("name") or KERNELS.get(kernel.lower(), kernel) or "python")
    known = {one.lower(): one for one in ("python", *KERNELS.values())}
    lower = language.lower()
    return "python" if lower in PYTHON else known.get(lower, language)

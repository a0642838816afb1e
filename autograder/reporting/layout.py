"""The pages' templates, and what they may call."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

from autograder.course import palette
from autograder.grading import environment as grading
from autograder.grading.times import show_duration
from autograder.reporting.figures import shorten
from autograder.reporting.statistics import MEANINGS, SYMBOLS, write_decimal, write_number, write_percent

TEMPLATES = Path(__file__).parent / "templates"


def make_environment(templates: Path = TEMPLATES, unit: str = "chapter") -> Environment:
    """For the pages in a folder of templates, with what reports write in them; `unit` is what the course is made of."""
    environment = grading.make_environment(templates)
    environment.filters |= {
        "number": write_number,
        "percent": write_percent,
        "decimal": write_decimal,
        "shorten": shorten,
    }
    environment.filters["duration"] = show_duration
    environment.globals |= {"symbols": SYMBOLS, "meanings": MEANINGS, "palette": palette, "unit": unit}
    return environment

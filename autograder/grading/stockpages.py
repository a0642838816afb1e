"""Feedback pages of a course whose configuration says nothing of them: ours, instead of nbgrader's own.

nbgrader's own show hidden tests and file paths, run scripts, and draw formulas only with a network.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

EXPORTER = "autograder.grading.feedback.FeedbackExporter"
STEPS = ("autograder.grading.cleaning.CleanFeedback", "autograder.grading.feedback.GetGrades")


def is_silent(config: Any) -> bool:
    """Whether a configuration leaves the feedback pages as nbgrader makes them."""
    own = {*config.GenerateFeedback} & {"exporter_class", "preprocessors"}
    return not own and not any(name.startswith("template") for name in config.HTMLExporter)


def list_options(config: Any) -> Iterator[str]:
    """The options with which `nbgrader generate_feedback` writes our pages; none for a course that has settings of its own."""
    if is_silent(config):
        yield f"--GenerateFeedback.exporter_class={EXPORTER}"
        yield from (f"--GenerateFeedback.preprocessors={step}" for step in STEPS)


def complete_config(config: Any) -> Any:
    """The configuration with the same settings in it."""
    from autograder.grading.cleaning import CleanFeedback
    from autograder.grading.feedback import FeedbackExporter, GetGrades

    config = copy.deepcopy(config)
    if is_silent(config):
        config.GenerateFeedback.exporter_class = FeedbackExporter
        config.GenerateFeedback.preprocessors = [CleanFeedback, GetGrades]
    return config

"""What the outputs of a check cell are worth. The rules are nbgrader's where they are sound; see `grading.marks`."""

from __future__ import annotations

import math
from typing import Any


def score_outputs(outputs: list[Any], points: float) -> float:
    """The score of a check cell with these outputs, out of `points`."""
    if any(output["output_type"] == "error" for output in outputs):
        return 0.0
    result = next((output for output in outputs if output["output_type"] == "execute_result"), None)
    text = result["data"].get("text/plain") if result else None
    try:
        score = float("".join(text)) if text is not None else points
    except ValueError:  # a result that isn't a number
        return points
    return 0.0 if math.isnan(score) else min(max(score, 0.0), points)

"""What the outputs of a check cell are worth. The rules are nbgrader's where they are sound; see `grading.marks`."""

from __future__ import annotations

import math
from typing import Any

from autograder.formats import EXTRA, OURS


def get_points(cell: Any) -> float:
    """The points that a graded cell can earn, in the chapter's maximum or beside it."""
    return get_extra(cell) or float(cell.metadata["nbgrader"]["points"] or 0)


def get_extra(cell: Any) -> float:
    """The points that a graded cell can earn beside the chapter's maximum; 0 for a cell that counts in it."""
    marks, own = cell.metadata.get("nbgrader") or {}, cell.metadata.get(OURS)
    extra = own.get(EXTRA) if isinstance(own, dict) else None
    if marks.get("points") or isinstance(extra, bool) or not isinstance(extra, (int, float)):
        return 0.0
    return float(extra) if 0 < extra < math.inf else 0.0


def score_outputs(outputs: list[Any], points: float) -> float:
    """The score of a check cell with these outputs, out of `points`."""
    if any(output["output_type"] == "error" for output in outputs):
        return 0.0
    result = next((output for output in outputs if output["output_type"] == "execute_result"), None)
    text = result["data"].get("text/plain") if result else None
    try:
        score = float("".join(text).removesuffix(f" {EXTRA}")) if text is not None else points
    except ValueError:  # a result that isn't a number
        return points
    return 0.0 if math.isnan(score) else min(max(score, 0.0), points)

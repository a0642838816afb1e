"""Names that files and notebooks carry, for whoever writes and whoever reads them."""

MISTAKES = "mistakes.json"
"""The file beside a chapter's notebooks by which checks recognise known mistakes."""

CELLS = "cells.json"
"""The file beside them by which a check that has a rule tells the author's cells and the answers to other exercises from its own."""

OURS = "autograded"
"""The key in a cell's metadata for what nbgrader's own part of it has no place for."""

EXTRA = "extra"
"""The key below it of the points that an exercise can earn beside the chapter's maximum, and the word behind them in a check's output."""

RESULT = "application/vnd.autograded.result+json"
"""The MIME type under which a check's result stands in the notebook, beside the number."""

"""Names that files and notebooks carry, for whoever writes and whoever reads them."""

MISTAKES = "mistakes.json"
"""The file beside a chapter's notebooks by which checks recognize known mistakes."""

CELLS = "cells.json"
"""The file beside them by which a check that has a rule tells the author's cells and the answers to other exercises from its own."""

RESULT = "application/vnd.autograded.result+json"
"""The MIME type under which the notebook has a check's result, beside the number."""

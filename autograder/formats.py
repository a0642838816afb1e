"""Names that files and notebooks carry, for whoever writes and whoever reads them."""

MISTAKES = "mistakes.json"
"""The file beside a chapter's notebooks by which checks recognise known mistakes."""

RESULT = "application/vnd.autograded.result+json"
"""The MIME type under which a check's result stands in the notebook, beside the number."""

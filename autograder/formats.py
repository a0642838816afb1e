"""Names that files and notebooks carry, for whoever writes and whoever reads them."""

import re
from hashlib import sha256

MISTAKES = "mistakes.json"
"""The file beside a chapter's notebooks by which checks recognize known mistakes."""

CELLS = "cells.json"
"""The file beside them by which a check that has a rule tells the author's cells and the answers to other exercises from its own."""

PARTS = "parts.py"
"""The file beside them with the course's own answers to exercises of earlier chapters, where later ones use what a student wrote."""

MINE = "mine"
"""The folder beside the chapters in which a student's own answers are kept."""

HEAD = """import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""
"""What each of these two files imports first: the names that answers use without saying so."""

OURS = "autograded"
"""The key in a cell's metadata for what nbgrader's own part of it has no place for."""

EXTRA = "extra"
"""The key below it of the points that an exercise can earn beside the chapter's maximum, and the word after them in a check's output."""

RESULT = "application/vnd.autograded.result+json"
"""The MIME type under which the notebook has a check's result, beside the number."""


LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
"""What a notebook says of its language, as ipykernel does, without Python's version, which a release can't know."""

RELEASED = ".released.json"
"""The file in a student's workspace that says which release of each file was copied last, by its hash."""


def digest_cell(source: str) -> str:
    """A digest of a cell's text, which empty lines around it don't change."""
    return sha256(source.strip().encode("utf-8", "replace")).hexdigest()[:12]


def name_file(chapter: str) -> str:
    """The file of a chapter, such as `activations.py` for `01_activations`: a name that Python can import."""
    return re.sub(r"\W", "_", re.sub(r"^[\d\W_]+", "", chapter) or f"chapter_{chapter}") + ".py"

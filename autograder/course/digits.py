"""The handwritten digits that the course trains on. They ship with it, so that nothing is downloaded."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import torch
from torch import Tensor


def load_digits() -> tuple[Tensor, Tensor]:
    """The 1,797 images `x` (1797, 64), float32 from 0 to 1, and their digits `y` (1797,), int64 from 0 to 9.

    Each row of `x` is an image of 8 x 8 pixels, row by row from the top. The file holds whole numbers from 0 to 16: how many of the
    16 points under a pixel had ink. Here they are divided by 16, so that 0 is paper and 1 is ink.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
    https://doi.org/10.24432/C50P49, CC BY 4.0. It is the part that the donors set apart for tests, by 13 writers, in its first order,
    as scikit-learn's `load_digits` has it.
    """
    with (files("autograder") / "course" / "data" / "digits.npz").open("rb") as file, np.load(file) as arrays:
        return torch.from_numpy(arrays["x"].astype(np.float32) / 16), torch.from_numpy(arrays["y"].astype(np.int64))

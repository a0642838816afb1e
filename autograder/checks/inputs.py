"""Inputs for checks."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def vary(
    *shapes: tuple[int, ...], seed: int, scale: float = 2.0, dtype: torch.dtype = torch.float32
) -> Iterator[Tensor]:
    """One tensor for each shape, with normally distributed numbers of mean 0 and standard deviation `scale`.

    The same `seed` gives the same numbers; the random state of the notebook is left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    for shape in shapes:
        yield torch.randn(shape, generator=generator, dtype=torch.float64).mul(scale).to(dtype)

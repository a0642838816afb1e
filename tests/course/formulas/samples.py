"""What the formulas are tried on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def draw(shape: tuple[int, ...], dtype: torch.dtype, seed: int, scale: float = 2.0) -> Tensor:
    """Normally distributed numbers, the same for every dtype but for rounding."""
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

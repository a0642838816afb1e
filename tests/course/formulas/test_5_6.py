"""Notebook 5.6: its schedules against torch's schedulers."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from samples import every_dtype
from torch.optim import lr_scheduler

NOTEBOOK = ("05_sgd", "6_schedules")


def follow(make: Callable[[Any], Any], start: float, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=start)
    schedule, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@every_dtype
@pytest.mark.parametrize("k", [0.0, 0.04, 1.5])
def test_exponential_schedule(taught: SimpleNamespace, k: float, dtype: torch.dtype) -> None:
    wanted = follow(lambda optimizer: lr_scheduler.ExponentialLR(optimizer, gamma=math.exp(-k)), 0.3, 40)
    found = taught.decayed_rate(0.3, k, torch.arange(40, dtype=dtype))
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=dtype))


@pytest.mark.parametrize(("total", "warmup", "low"), [(40, 10, 0.0), (30, 0, 0.01), (21, 20, 0.05), (9, 1, 0.2)])
def test_warmup_and_cosine(taught: SimpleNamespace, total: int, warmup: int, low: float) -> None:
    def down(optimizer: Any) -> Any:
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup, eta_min=low)

    def up(optimizer: Any) -> Any:
        return lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)

    wanted = (follow(up, 0.2, warmup) if warmup > 1 else [0.2] * warmup) + follow(down, 0.2, total - warmup + 1)
    found = [taught.rate_at(step, total, warmup, 0.2, low) for step in range(total + 1)]
    assert found == pytest.approx(wanted, abs=1e-9)

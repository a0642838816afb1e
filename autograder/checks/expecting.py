"""What an evaluation should give: the author's value, or what the author's function gives for the same data, with its gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.checks.data import Data, to_data
from autograder.checks.seals import Sealed


def work_out(gives: Any, data: dict[str, Data], gradient: bool) -> tuple[Any, Tensor | None, dict[str, Tensor] | None]:
    """The expected value, the upstream gradient and the expected gradients."""
    if not callable(gives):
        if gradient:
            raise ValueError("gradient=True needs `gives` as a function of the data, to differentiate it")
        return (gives if isinstance(gives, Sealed) else to_data(gives)), None, None
    given = to_data(data)
    if not gradient:
        return to_data(gives(**given)), None, None
    inputs = {
        name: value.requires_grad_()
        for name, value in given.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }
    value = gives(**given)
    upstream = 1 + torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape).mul(1.7).sin() / 2
    found = torch.autograd.grad((value * upstream).sum(), list(inputs.values()), allow_unused=True)
    gradients = {
        name: torch.zeros_like(inputs[name]) if grad is None else grad for name, grad in zip(inputs, found, strict=True)
    }
    return to_data(value), upstream, to_data(gradients)

"""Look at a training loop while it runs: what went into the loss, what the optimizer did, and how the answers were made.

A share of right answers says nothing of the reason. What is reported here was seen in the run itself, so it holds whatever the reason is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

FEW_STEPS = 200
"""With fewer steps of usual sizes, a small network has not learned the digits."""


@dataclass
class Notes:
    """What was seen of one run. Only losses with a graph count, which are those of training."""

    losses: list[float] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)  # (B,) for each loss
    positive: bool = True
    """No input of the loss was below 0."""
    shares: bool = True
    """The inputs of the loss were rows from 0 to 1 that sum to 1."""
    steps: int = 0
    idle: int = 0
    """Steps at which no parameter had a gradient."""
    layers: int = 0
    """Parameters with two dimensions or more, in the optimizer of the last step."""
    cleared: bool = False
    dropped: bool = False
    """The last dropout of the run was in training mode."""

    def tell(self, examples: int) -> list[str]:
        """What stands out, in words that hold for all who read them; `examples` is how many there were to train on."""
        said = {
            "no optimizer step": self.steps == 0,
            "no step found a gradient": 0 < self.steps == self.idle,
            f"fewer than {FEW_STEPS} steps": 0 < self.steps < FEW_STEPS,
            "gradients were never cleared": self.steps > 1 and self.idle == 0 and not self.cleared,
            "batches came in the order of the labels": self._is_sorted(examples),
            "probabilities went into the loss": bool(self.losses) and self.shares,
            "no score below 0 went into the loss": bool(self.losses) and self.positive and not self.shares,
            "the loss rose": self._rose(),
            "dropout was on for the answers": self.dropped,
            "there was a single layer": self.layers == 1,
        }
        return [words for words, seen in said.items() if seen]

    def _is_sorted(self, examples: int) -> bool:
        """Whether most labels were the same as the one before, though a batch held at most a quarter of the examples."""
        small = [labels for labels in self.labels if labels.dim() == 1 and len(labels) <= examples / 4]
        if len(small) < 4:
            return False
        labels = torch.cat(small)
        return bool((labels[1:] == labels[:-1]).double().mean() > 0.6)

    def _rose(self) -> bool:
        """Whether training ended with losses far above the first one, or with nan."""
        last = self.losses[-max(1, len(self.losses) // 10) :]
        return self.idle < self.steps and bool(last) and not sum(last) / len(last) <= 1.5 * self.losses[0]


def watch_training(run: Callable[[], Any], examples: int) -> tuple[Any, list[str]]:
    """Call `run`, which trains on `examples` examples; returns its result, and in words what stood out on the way."""
    with _watching() as notes:
        result = run()
    return result, notes.tell(examples)


@contextmanager
def _watching() -> Iterator[Notes]:
    notes = Notes()
    cross_entropy, dropout = F.cross_entropy, F.dropout

    def see_loss(input: Tensor, target: Tensor, *rest: Any, **settings: Any) -> Tensor:  # PyTorch's own names
        loss = cross_entropy(input, target, *rest, **settings)
        if loss.requires_grad:
            z = input.detach()
            notes.losses.append(loss.detach().double().mean().item())
            notes.labels.append(target.detach())
            notes.positive &= bool((z >= 0).all())
            notes.shares &= bool((z >= 0).all() and (z.sum(dim=-1) - 1).abs().max() < 1e-3)
        return loss

    def see_dropout(input: Tensor, p: float = 0.5, training: bool = True, *rest: Any, **settings: Any) -> Tensor:
        notes.dropped = training and p > 0
        return dropout(input, p, training, *rest, **settings)

    def see_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        notes.steps += 1
        notes.idle += all(each.grad is None for each in parameters)
        notes.layers = sum(each.dim() > 1 for each in parameters)

    def see_clearing(clear: Callable[..., None]) -> Callable[..., None]:
        def cleared(*arguments: Any, **settings: Any) -> None:
            notes.cleared = True
            clear(*arguments, **settings)

        return cleared

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(F, "cross_entropy", see_loss))
        stack.enter_context(mock.patch.object(F, "dropout", see_dropout))
        for owner in (torch.optim.Optimizer, nn.Module):
            stack.enter_context(mock.patch.object(owner, "zero_grad", see_clearing(owner.zero_grad)))
        stack.callback(register_optimizer_step_pre_hook(see_step).remove)
        yield notes

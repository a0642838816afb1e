"""The states of the random generators that have one: Python's, numpy's and torch's."""

from __future__ import annotations

import random
from typing import Any

import numpy
import torch


def fingerprint() -> tuple[Any, ...]:
    """The states, to compare."""
    legacy: Any = numpy.random.get_state()
    return random.getstate(), legacy[1].tobytes(), legacy[2:], torch.get_rng_state().numpy().tobytes()


def take_states() -> tuple[Any, ...]:
    """The states as plain data."""
    return random.getstate(), numpy.random.get_state(), torch.get_rng_state()


def set_states(states: tuple[Any, ...]) -> None:
    python, legacy, tensor = states
    random.setstate(python)
    numpy.random.set_state(legacy)
    torch.set_rng_state(tensor)


def move_on() -> None:
    """Draw a number from each."""
    random.random()
    numpy.random.random()
    torch.rand(1)

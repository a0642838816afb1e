"""What the examiner keeps of the student's answers: the names that were brought, and the ways in which there is no answer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from autograder.engine.limits import allow
from autograder.engine.wire.channel import Channel, read_message
from autograder.engine.wire.owned import replace_parts
from autograder.engine.wire.values import replace_contents


class Gone(Exception):
    """The student's process ended. The class that is raised has the name that the runner gave."""


class Unreadable(Exception):
    """The student's process gave an answer that cannot be read: too much, or none."""


class Brought:
    """A name: what it stands for, and what the student's process has under it now."""

    def __init__(self, number: int, value: Any, snapshot: Callable[[Any], tuple[bytes, bytes] | None]) -> None:
        self.number, self.value, self.snapshot = number, value, snapshot
        self.show(value)

    def show(self, value: Any) -> None:
        self.shown, self.data = value, self.snapshot(value)


def receive_answer(channel: Channel) -> tuple[int, bytes, bytearray]:
    """What the student's process answers or, as a message, what the runner says in its place."""
    while True:
        kind, text, raw = channel.receive()
        if kind != Channel.CONTROL or "waited" not in (message := read_message(text)):
            return kind, text, raw
        allow(message["waited"])  # and an answer follows


def copy_changed(value: Any, contents: Any) -> Any:
    """An argument that an answer changed and gave back, where the test is to keep its own as it was."""
    made = value.detach().clone() if isinstance(value, torch.Tensor) else copy.copy(value)
    replace_contents(made, contents)
    replace_parts(made, contents)
    return made

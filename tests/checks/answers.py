"""The checks that several tables of messages ask, and the way to ask one."""

import textwrap

import torch

from autograder.checks import Check, sealed
from autograder.checks.seals import seal
from autograder.checks.student import Names, connect

Z = torch.tensor([[-1.5, 0.0, 2.0]])


def run(ask, code):
    """The check `ask`, made and evaluated where the student's cell `code` was run."""
    names = {"torch": torch}
    exec(textwrap.dedent(code), names)
    with connect(Names(names)):
        return ask()


def relu():
    check = Check("relu", points=2)
    check("relu(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_hidden():
    check = Check("relu", points=2)
    check.hidden()
    check("relu(z)", z=Z, gives=torch.relu(Z))
    return check


def relu_in_parts():
    check = Check("relu", parts={"values": 2, "empty input": 0.5, "gradient": 1})
    check("relu(z)", part="values", z=Z, gives=torch.relu(Z))
    check("relu(z)", part="empty input", z=torch.zeros(0, 3), gives=torch.zeros(0, 3))
    check("relu(z)", part="gradient", z=Z, gives=lambda z: torch.relu(z), gradient=True)
    return check


def guess():
    check = Check("guess", points=1)
    check("guess", gives=sealed(seal("guess", "b")))
    return check

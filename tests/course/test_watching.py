"""What is told of a training loop is what it did."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.course.watching import watch_training

x = torch.rand(400, 6, generator=torch.Generator().manual_seed(0))
y = (x.argmax(dim=1) % 4).sort().values


def train(
    order, epochs=10, last=None, rate=0.1, calls=("zero_grad", "backward", "step"), hidden=True, answer_in="eval"
):
    """A loop with batches of 10 in the rows' given order, whose faults are settings."""
    torch.manual_seed(0)
    layers = [nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4)] if hidden else [nn.Linear(6, 4)]
    model = nn.Sequential(*layers, *([last] if last else []))
    optimiser = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(epochs):
        for rows in order.split(10):
            loss = nn.CrossEntropyLoss()(model(x[rows]), y[rows])
            for call in calls:
                getattr(loss if call == "backward" else optimiser, call)()
    getattr(model, answer_in)()
    return model(x)


mixed = torch.randperm(400, generator=torch.Generator().manual_seed(1))
in_order = torch.arange(400)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, []),
        ({"order": in_order}, ["batches came in the order of the labels"]),
        ({"epochs": 2}, ["fewer than 200 steps"]),
        ({"calls": ("zero_grad", "step", "backward")}, ["no step found a gradient"]),
        ({"calls": ("zero_grad", "backward")}, ["no optimizer step"]),
        ({"calls": ("backward", "step"), "rate": 1e-5}, ["gradients were never cleared"]),
        ({"last": nn.Softmax(dim=1)}, ["probabilities went into the loss"]),
        ({"last": nn.ReLU()}, ["no score below 0 went into the loss"]),
        ({"answer_in": "train"}, ["dropout was on for the answers"]),
        ({"hidden": False}, ["there was a single layer"]),
        ({"rate": 1e4, "hidden": False}, ["the loss rose", "there was a single layer"]),
    ],
)
def test_tells_what_stands_out_and_nothing_else(settings, told):
    settings = {"order": mixed, **settings}

    result, seen = watch_training(lambda: train(**settings), len(x))

    assert seen == told
    assert result.shape == (400, 4)


def test_leaves_torch_as_it_was():
    before = F.cross_entropy, F.dropout, torch.optim.Optimizer.zero_grad, nn.Module.zero_grad

    def stop():
        raise ValueError("in the student's loop")

    with pytest.raises(ValueError, match="student"):
        watch_training(stop, 4)

    assert (F.cross_entropy, F.dropout, torch.optim.Optimizer.zero_grad, nn.Module.zero_grad) == before


def test_a_loop_without_an_optimiser_and_a_loss_of_its_own_is_told_as_that():
    def by_hand():
        return x[:3].argmax(dim=1)

    assert watch_training(by_hand, 400)[1] == ["no optimizer step"]

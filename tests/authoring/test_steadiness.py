"""What prints differently on another processor is found, and nothing else is."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import numpy
import pytest
import torch
import torch.nn.functional as F

from autograder.authoring import steadiness
from autograder.authoring.steadiness import PLAIN, PROCESSORS, STORED, Fragile, Setting, find_fragile, run
from autograder.cli import main
from autograder.engine.arithmetic import Noise
from autograder.engine.runner import Engine

SEEDS = [Setting(f"noise {seed}", seed=seed) for seed in (1, 2, 3)]

FIRST = "import matplotlib.pyplot as plt\nimport torch\n\ntorch.manual_seed(0)\nx, p = torch.rand(3, 4), torch.tensor([[0.1, 0.2, 0.7], [0.3, 0.6, 0.1]])"

FRAGILE = {
    "all digits": "print(torch.rand(3).sum().item())",
    "printed with ten digits": "torch.set_printoptions(precision=10)\nx.exp()",
    "sums that are 1": "torch.set_printoptions(precision=4)\nprint(p.sum(dim=-1))",
    "a tie": "scores = torch.tensor([0.1, 0.2, 0.4, 0.7])\nprint(torch.stack([scores.sum(), scores.flip(0).sum()] * 20).argmax())",
    "a threshold": "print(['below', 'reached'][int((p.sum(dim=-1) >= 1).all())])",
    "a long title": "plt.figure()\nplt.title(f'loss {x.exp().mean().item()}')\nplt.show()",
    "a rest that should be 0": "print((x - x.mean()).sum().abs() < 1e-9, (x - x.mean()).sum())",
    "a mask of dropout": "torch.manual_seed(0)\nprint(torch.nn.functional.dropout(torch.ones(12)))",
    "divergence": "w = torch.tensor(0.3)\nfor _ in range(60):\n    w = 3.9 * w - (3.9 * w.exp().log()) * w\nprint(f'{w.item():.4f}')",
    "a place that may be 0": "print((torch.linspace(-5, 5, 121) == 0).sum(), (torch.arange(-3, 3, 0.1) >= 0).sum())",
    "an error's text": "raise ValueError(f'the loss is {x.exp().sum().item()}')",
    "HTML": "from IPython.display import HTML\n\nHTML(f'<b>{x.exp().sum().item()}</b>')",
}
STABLE = {
    "rounded": "print(torch.rand(3).sum().round(decimals=4))",
    "few digits": "print(f'{x.exp().sum().item():.3f}')",
    "sums that are 1, rounded": "print(p.sum(dim=-1).round(decimals=4))",
    "counts": "print((x > 0.5).float().mean(), torch.arange(100.0).sum().item())",
    "single operations": "print((0.1 + 0.2 * x).tolist(), (x**2)[0, 0].item(), x.max().item())",
    "integers in a product": "print(torch.arange(6.0).reshape(2, 3) @ torch.arange(6.0).reshape(3, 2))",
    "saturated": "print(torch.tensor([100.3, 0.0]).softmax(dim=0)[0].item(), torch.tensor(30.1).tanh().item())",
    "a tie of equals": "print(torch.tensor([0.5, 0.5]).softmax(dim=0).argmax())",
    "a figure": "plt.figure()\nplt.plot(x.exp().mean(dim=0))\nplt.title(f'loss {x.exp().mean().item():.2f}')\nplt.show()",
    "a shuffle": "print(torch.randperm(8).tolist())",
}


def write_solution(folder: Path, cells: dict[str, str], stored: dict[str, str]) -> Path:
    """A solution notebook with these cells and the outputs that are stored of them."""
    notebook = nbformat.v4.new_notebook()
    for name, source in cells.items():
        outputs = [nbformat.v4.new_output("stream", text=stored[name])] if stored.get(name) else []
        notebook.cells.append(nbformat.v4.new_code_cell(source, outputs=outputs))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "1_first.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def shared(warm: Engine) -> Iterator[None]:
    """Where the environment stays as it is, the warm process of all tests serves."""

    def engine(isolated: bool, address: str = "", environment: Mapping[str, str] | None = None) -> Engine:
        return Engine(isolated, address=address or ("" if environment else warm.start()), environment=environment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steadiness, "Engine", engine)
        yield


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, shared: None) -> dict[str, Fragile]:
    """The fragile cells of a notebook with all cells above, by name."""
    cells = {"first": FIRST, **STABLE, **FRAGILE, "stale": "print('new')"}
    folder = tmp_path_factory.mktemp("course") / "solutions" / "01_mini"
    with steadiness.Engine(isolated=False) as engine:
        address = engine.start()
        plain = dict(zip(cells, run(write_solution(folder, cells, {}), PLAIN, address), strict=True))
    stored = {name: steadiness._without_figures(text) for name, text in plain.items()} | {"stale": "old"}
    fragile = find_fragile([write_solution(folder, cells, stored)], [PLAIN, *SEEDS])
    return {list(cells)[one.number - 1]: one for one in fragile}


@pytest.mark.parametrize("name", FRAGILE)
def test_fragile(found: dict[str, Fragile], name: str) -> None:
    assert name in found
    assert STORED not in found[name].others


@pytest.mark.parametrize("name", STABLE)
def test_stable(found: dict[str, Fragile], name: str) -> None:
    assert name not in found


def test_stale_output(found: dict[str, Fragile]) -> None:
    assert found["stale"].others == {STORED: "old"}


@pytest.mark.usefixtures("shared")
def test_command_on_the_course(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A chapter of the course holds; a fragile cell is named with the place, the setting, and both texts."""
    other = PROCESSORS[
        0 if os.environ.get("ATEN_CPU_CAPABILITY") == "default" else 1
    ]  # all tests may run under the second
    for kind in ("notebooks", "source", "solutions"):
        shutil.copytree(root / kind / "00_start", tmp_path / kind / "00_start")
    shutil.copytree(tmp_path / "notebooks" / "00_start", tmp_path / "notebooks" / "01_mini")
    cells = {
        "sum": "import torch\n\ntorch.rand(9, generator=torch.Generator().manual_seed(0)).exp().tolist()",
        "processor": "import os\n\nos.environ.get('ATEN_CPU_CAPABILITY')",
    }
    write_solution(tmp_path / "solutions" / "01_mini", cells, {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(steadiness, "make_settings", lambda seeds: [PLAIN, other, *SEEDS[:seeds]])
    assert main(["steady", "--seeds", "2"]) == 1
    printed = capsys.readouterr().out
    assert "00_start" not in printed
    assert printed.startswith("01_mini/1_first: code cell 1: import torch\n  differs with: ")
    assert "noise 1, noise 2\n" in printed or "noise 1, noise 2, what is stored\n" in printed
    assert f"01_mini/1_first: code cell 2: import os\n  differs with: {other.name}" in printed
    assert f"    {other.name + ':':16} {other.environment['ATEN_CPU_CAPABILITY']!r}\n" in printed
    assert printed.endswith("Fragile cells: 2.\n")


TENSOR = torch.rand(50, generator=torch.Generator().manual_seed(0))

EXACT: dict[str, Callable[[], Any]] = {
    "copies": lambda: torch.stack([TENSOR, TENSOR.flip(0)]).clone()[:, 3:7].double().reshape(8),
    "comparisons": lambda: TENSOR.roll(1) < TENSOR,
    "choices": lambda: (TENSOR - 0.5).relu().clamp(max=0.3).abs().neg().maximum(-TENSOR),
    "single operations": lambda: ((TENSOR + 0.1) * TENSOR / 3 - TENSOR).abs().sqrt() ** 2,
    "uniform numbers": lambda: torch.rand(5, generator=torch.Generator().manual_seed(1)),
    "sums of integers": lambda: torch.arange(1000.0).sum(),
    "a mean of integers": lambda: torch.tensor([1.0, 2.0, 4.0]).mean(),
    "products of integers": lambda: torch.arange(12.0).view(3, 4) @ torch.arange(8.0).view(4, 2),
    "the exponential of 0": lambda: torch.zeros(3).exp(),
    "equal probabilities": lambda: torch.ones(4).softmax(dim=0),
    "saturation": lambda: torch.tensor([20.3, -30.1]).tanh(),
    "a step of 1/2": lambda: torch.tensor([1.0, 3.0]).add_(torch.tensor([0.25, 4.0]), alpha=-0.5),
    "no number": lambda: torch.tensor([-1.3, torch.nan, torch.inf, -torch.inf]).relu().log()[[0, 2]],
    "integers": lambda: torch.arange(10).sum(),
    "short steps": lambda: torch.cat([torch.linspace(-2, 2, 9), torch.arange(-3, 3.01, 0.25), torch.arange(5000.0)]),
}


def _linear() -> torch.Tensor:
    with torch.inference_mode():
        return F.linear(TENSOR.view(5, 10), TENSOR.view(5, 10))


def _gradient() -> Any:
    x = TENSOR.clone().requires_grad_()
    (x.exp() * x).mean().backward()
    return x.grad


MOVED: dict[str, Callable[[], Any]] = {
    "a sum of probabilities": lambda: TENSOR.view(5, 10).softmax(dim=1).sum(dim=1),
    "a function": lambda: TENSOR.sin(),
    "a fused step": lambda: TENSOR.addcmul(TENSOR, TENSOR, value=0.1),
    "in place": lambda: TENSOR.clone().exp_(),
    "into a tensor": lambda: torch.mean(TENSOR.view(5, 10), dim=1, out=torch.empty(5)),
    "lists": lambda: torch.stack(torch._foreach_exp([TENSOR, TENSOR])),
    "tuples": lambda: torch.stack(torch.var_mean(TENSOR.view(5, 10), dim=1)),
    "inference mode": _linear,
    "a gradient": _gradient,
    "normal numbers": lambda: torch.randn(20, generator=torch.Generator().manual_seed(0)),
    "torch.func": lambda: torch.func.vmap(torch.func.hessian(lambda x: x.exp().prod()))(TENSOR.view(10, 5)),
    "doubles": lambda: TENSOR.double().cumsum(dim=0),
    "places": lambda: torch.linspace(-1, 2, 29)[1:-1],
    "steps": lambda: torch.arange(-3, 3, 0.1)[1:],
}


def compute(make: Callable[[], Any], seed: int | None) -> bytes:
    if seed is None:
        return bytes(make().detach().numpy().tobytes())
    with Noise(seed):
        return compute(make, None)


@pytest.mark.parametrize("name", EXACT)
def test_noise_leaves_exact_results(name: str) -> None:
    plain = compute(EXACT[name], None)
    assert [compute(EXACT[name], seed) for seed in range(4)] == [plain] * 4


@pytest.mark.parametrize("name", MOVED)
def test_noise_moves_the_last_bits(name: str) -> None:
    make = MOVED[name]
    plain = make().detach()
    with Noise(1):
        moved = make().detach()
    assert not torch.equal(moved, plain)
    torch.testing.assert_close(moved, plain, rtol=1e-5, atol=1e-6)
    assert compute(make, 1) == compute(make, 1) != compute(make, 2)


def test_noise_leaves_random_generators_alone() -> None:
    before = torch.get_rng_state(), numpy.random.get_state()[1].tobytes(), random.getstate()
    with Noise(1):
        TENSOR.exp().sum()
        torch.nn.functional.log_softmax(TENSOR, dim=0)
    after = torch.get_rng_state(), numpy.random.get_state()[1].tobytes(), random.getstate()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_noise_draws_the_same_mask_from_the_same_seed() -> None:
    def draw() -> torch.Tensor:
        torch.manual_seed(0)
        return F.dropout(torch.ones(50))

    plain = draw()
    with Noise(1):
        one, two = draw(), draw()
    assert torch.equal(one, two)
    assert not torch.equal(one, plain)

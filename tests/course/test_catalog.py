"""The reference pages' formulas against PyTorch's own, and what the pages hold of every entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.course.catalog.activations import ACTIVATIONS
from autograder.course.catalog.entry import Entry
from autograder.course.catalog.losses import LOSSES
from autograder.course.catalog.optimizers import OPTIMIZERS
from autograder.course.catalog.svg import write_svg

PAGES = (ACTIVATIONS, LOSSES, OPTIMIZERS)
ENTRIES = [entry for page in PAGES for entry in page.entries]
DTYPES = (torch.float32, torch.float64)
SHAPES = ((7,), (3, 5), (2, 4, 3))


def entry(name: str) -> Entry:
    return next(one for one in ENTRIES if one.name == name)


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5, check_dtype=True)


def random(seed: int, *shape: int, dtype: torch.dtype = torch.float64, scale: float = 3.0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * scale


# --- activations -------------------------------------------------------------------------------------

ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "Step": lambda z: torch.heaviside(z.detach(), torch.ones((), dtype=z.dtype)),
    "Sigmoid": torch.sigmoid,
    "Softmax": lambda z: F.softmax(z, dim=-1),
    "Log-softmax": lambda z: F.log_softmax(z, dim=-1),
    "Log-sigmoid": F.logsigmoid,
    "Softmin": lambda z: F.softmin(z, dim=-1),
    "Hardmax": lambda z: F.one_hot(z.argmax(dim=-1), z.shape[-1]).to(z.dtype),
    "Tanh": torch.tanh,
    "ReLU": F.relu,
    "Leaky ReLU": F.leaky_relu,
    "RReLU": F.rrelu,
    "ReLU6": F.relu6,
    "CReLU": lambda z: torch.cat([z.relu(), (-z).relu()], dim=-1),
    "Hardtanh": F.hardtanh,
    "ELU": F.elu,
    "SELU": F.selu,
    "CELU": F.celu,
    "Softplus": F.softplus,
    "Gaussian": lambda z: torch.distributions.Normal(0, 0.5**0.5).log_prob(z).exp() * torch.pi**0.5,
    "GELU": F.gelu,
    "SiLU": F.silu,
    "Mish": F.mish,
    "Hardsigmoid": F.hardsigmoid,
    "Hardswish": F.hardswish,
}
OTHER_ACTIVATIONS = {"Adaptive log-softmax", "PReLU", "S-shaped ReLU", "Maxout"}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_activation_is_pytorchs_with_its_gradient(name: str) -> None:
    code = entry(name).code
    for seed, (shape, dtype) in enumerate((shape, dtype) for shape in SHAPES for dtype in DTYPES):
        z = random(seed, *shape, dtype=dtype).requires_grad_()
        ours, theirs = code(z), ELEMENTWISE[name](z)
        close(ours, theirs)
        if theirs.requires_grad:
            upstream = random(9, *theirs.shape, dtype=dtype)
            close(*(torch.autograd.grad(out, z, upstream)[0] for out in (ours, theirs)))


@pytest.mark.parametrize(
    "name", ["Softmax", "Log-softmax", "Log-sigmoid", "Softmin", "Softplus", "SiLU", "Mish", "Sigmoid"]
)
def test_large_scores_do_not_overflow(name: str) -> None:
    z = torch.tensor([-1000.0, -120.0, 0.0, 95.0, 1000.0])
    close(entry(name).code(z), ELEMENTWISE[name](z))


def test_an_adaptive_log_softmax_is_pytorchs() -> None:
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[4, 11], div_value=2.0).double()
    x = random(1, 6, 8)
    head, tails = layer.head(x), [tail(x) for tail in layer.tail]
    close(entry("Adaptive log-softmax").code(head, tails), layer.log_prob(x))


def test_a_parametric_slope_is_one_for_each_channel() -> None:
    for shape, slopes in (((5, 3), 3), ((4, 3, 2, 2), 3), ((4, 3, 2), 1)):
        z, slope = random(1, *shape), random(2, slopes)
        close(entry("PReLU").code(z, slope), F.prelu(z, slope))


def test_a_random_slope_lies_between_its_limits() -> None:
    z = -torch.ones(1000)
    drawn = -entry("RReLU").code(z, training=True)
    assert 1 / 8 <= drawn.min() < 0.15
    assert 0.3 < drawn.max() <= 1 / 3


def test_an_s_shaped_relu_has_three_pieces() -> None:
    z = random(1, 50)
    pieces = [-1 + 0.2 * (z + 1), z, 1.5 + 0.4 * (z - 1.5)]
    expected = torch.where(z <= -1, pieces[0], torch.where(z < 1.5, pieces[1], pieces[2]))
    close(entry("S-shaped ReLU").code(z, -1, 0.2, 1.5, 0.4), expected)


def test_a_maxout_is_the_largest_of_linear_layers() -> None:
    layers = [nn.Linear(4, 3).double() for _ in range(5)]
    x = random(1, 6, 4)
    weight, bias = (torch.stack([getattr(layer, kind) for layer in layers]) for kind in ("weight", "bias"))
    close(entry("Maxout").code(x, weight, bias), torch.stack([layer(x) for layer in layers]).amax(dim=0))


def test_a_relu_lets_a_scale_through() -> None:
    relu, z = entry("ReLU").code, random(1, 30)
    close(relu(2.5 * z), 2.5 * relu(z))


# --- losses ------------------------------------------------------------------------------------------


def whole(seed: int, below: int, *shape: int) -> Tensor:
    return torch.randint(below, shape, generator=torch.Generator().manual_seed(seed))


def of_classes(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {"z": random(seed, 6, 4, dtype=dtype), "target": whole(seed, 4, 6)}


def of_labels(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {"z": random(seed, 6, 4, dtype=dtype), "y": whole(seed, 2, 6, 4).to(dtype)}


def of_signs(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {"z": random(seed, 9, dtype=dtype), "y": (2 * whole(seed, 2, 9) - 1).to(dtype)}


def of_numbers(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {"prediction": random(seed, 6, 4, dtype=dtype), "y": random(seed + 50, 6, 4, dtype=dtype)}


def of_probabilities(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    made = of_labels(dtype, seed)
    return {"p": made["z"].sigmoid(), "y": made["y"]}


def of_distributions(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    q, p = (random(one, 6, 4, dtype=dtype).softmax(dim=-1) for one in (seed, seed + 50))
    p[0] = torch.tensor([0.0, 0.5, 0.5, 0.0], dtype=dtype)
    return {"log_q": q.log(), "p": p}


def of_pairs(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {
        "x1": random(seed, 9, 4, dtype=dtype),
        "x2": random(seed + 50, 9, 4, dtype=dtype),
        "y": 2 * whole(seed, 2, 9) - 1,
    }


def of_scores(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    made = of_pairs(dtype, seed)
    return {"x1": made["x1"][:, 0], "x2": made["x2"][:, 0], "y": made["y"]}


def of_triplets(dtype: torch.dtype, seed: int) -> dict[str, Any]:
    return {name: random(seed + n, 9, 4, dtype=dtype) for n, name in enumerate(("anchor", "positive", "negative"))}


def focal(z: Tensor, y: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    p = torch.sigmoid(z)
    p_t = p * y + (1 - p) * (1 - y)
    each = F.binary_cross_entropy_with_logits(z, y, reduction="none") * (1 - p_t) ** gamma
    return (each * (alpha * y + (1 - alpha) * (1 - y))).mean()


def label_smoothed(z: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(
        z, target, torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=z.dtype), label_smoothing=0.1, ignore_index=2
    )


Case = tuple[Callable[[torch.dtype, int], dict[str, Any]], Callable[..., Tensor], dict[str, Any]]
LOSS_CASES: dict[str, list[Case]] = {
    "Negative log-likelihood": [
        (
            lambda dtype, seed: {"log_p": random(seed, 6, 4, dtype=dtype).log_softmax(1), "target": whole(seed, 4, 6)},
            F.nll_loss,
            {},
        )
    ],
    "Cross-entropy": [(of_classes, F.cross_entropy, {})],
    "Binary cross-entropy": [(of_probabilities, F.binary_cross_entropy, {})],
    "BCE with logits": [
        (of_labels, F.binary_cross_entropy_with_logits, {}),
        (
            of_labels,
            lambda z, y: F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(3.0).to(z)),
            {"pos_weight": 3.0},
        ),
    ],
    "KL divergence": [(of_distributions, lambda log_q, p: F.kl_div(log_q, p, reduction="batchmean"), {})],
    "Focal loss": [
        (of_labels, focal, {}),
        (of_labels, lambda z, y: F.binary_cross_entropy_with_logits(z, y) / 2, {"gamma": 0.0, "alpha": 0.5}),
    ],
    "Brier score": [(of_probabilities, lambda p, y: F.mse_loss(p, y) * 4, {})],
    "L1": [(of_numbers, F.l1_loss, {})],
    "MSE": [(of_numbers, F.mse_loss, {})],
    "Huber": [(of_numbers, lambda a, b, d=d: F.huber_loss(a, b, delta=d), {"delta": d}) for d in (0.5, 1.0, 2.0)],
    "Smooth L1": [(of_numbers, lambda a, b, d=d: F.smooth_l1_loss(a, b, beta=d), {"beta": d}) for d in (0.5, 1.0, 2.0)],
    "Log-cosh": [(of_numbers, lambda a, b: torch.log(torch.cosh(a - b)).mean(), {})],
    "Quantile": [
        (of_numbers, lambda a, b, tau=tau: torch.maximum(tau * (b - a), (tau - 1) * (b - a)).mean(), {"tau": tau})
        for tau in (0.1, 0.5, 0.9)
    ],
    "Poisson NLL": [
        (
            lambda dtype, seed: {"log_rate": random(seed, 9, dtype=dtype), "count": whole(seed, 7, 9).to(dtype)},
            F.poisson_nll_loss,
            {},
        )
    ],
    "Gaussian NLL": [
        (
            lambda dtype, seed: {
                "mean": random(seed, 9, dtype=dtype),
                "y": random(seed + 50, 9, dtype=dtype),
                "variance": random(seed + 99, 9, dtype=dtype).exp(),
            },
            F.gaussian_nll_loss,
            {},
        )
    ],
    "Hinge": [(of_signs, lambda z, y: F.margin_ranking_loss(z, torch.zeros_like(z), y, margin=1), {})],
    "Soft margin": [(of_signs, F.soft_margin_loss, {})],
    "Exponential": [(of_signs, lambda z, y: torch.where(y > 0, (-z).exp(), z.exp()).mean(), {})],
    "Multi-margin": [
        (of_classes, F.multi_margin_loss, {}),
        (of_classes, lambda z, t: F.multi_margin_loss(z, t, margin=0.4), {"margin": 0.4}),
    ],
    "Multi-label soft margin": [(of_labels, F.multilabel_soft_margin_loss, {})],
    "Margin ranking": [
        (of_scores, F.margin_ranking_loss, {}),
        (of_scores, lambda a, b, y: F.margin_ranking_loss(a, b, y, margin=1), {"margin": 1}),
    ],
    "Hinge embedding": [
        (
            lambda dtype, seed: {"distance": of_signs(dtype, seed)["z"].abs() / 3, "y": of_signs(dtype, seed)["y"]},
            F.hinge_embedding_loss,
            {},
        )
    ],
    "Cosine embedding": [
        (of_pairs, F.cosine_embedding_loss, {}),
        (of_pairs, lambda a, b, y: F.cosine_embedding_loss(a, b, y, margin=0.3), {"margin": 0.3}),
    ],
    "Triplet": [
        (of_triplets, F.triplet_margin_loss, {}),
        (of_triplets, lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=3), {"margin": 3}),
    ],
}
OTHER_LOSSES = {"Multi-label margin", "CTC"}


@pytest.mark.parametrize("name", LOSS_CASES)
def test_a_loss_is_pytorchs_with_its_gradient(name: str) -> None:
    for make, theirs, settings in LOSS_CASES[name]:
        for dtype in DTYPES:
            for seed in range(3):
                data = make(dtype, seed)
                first = next(iter(data.values())).requires_grad_()
                losses = entry(name).code(*data.values(), **settings), theirs(*data.values())
                close(*losses)
                close(*(torch.autograd.grad(loss, first)[0] for loss in losses))


def test_weights_smoothing_and_ignored_targets_of_cross_entropy_are_pytorchs() -> None:
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    for seed in range(5):
        z, target = of_classes(torch.float64, seed).values()
        for settings in (
            {"weight": weight},
            {"smoothing": 0.2},
            {"ignore_index": 2},
            {"weight": weight, "smoothing": 0.1, "ignore_index": 2},
        ):
            named = {"label_smoothing" if name == "smoothing" else name: value for name, value in settings.items()}
            close(entry("Cross-entropy").code(z, target, **settings), F.cross_entropy(z, target, **named))


def test_a_multi_label_margin_is_pytorchs() -> None:
    code = entry("Multi-label margin").code
    assert code(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), [[3, 0]]).item() == pytest.approx(0.85)
    z, labels = random(1, 3, 4), [[3, 0], [1], [0, 1, 2]]
    close(
        code(z, labels), F.multilabel_margin_loss(z, torch.tensor([[*row, *[-1] * (4 - len(row))] for row in labels]))
    )


@pytest.mark.parametrize("target", [[1], [1, 1], [2, 1, 2], [1, 2, 2, 1]])
def test_ctc_is_pytorchs(target: list[int]) -> None:
    log_p = random(1, 6, 4).log_softmax(dim=-1)
    theirs = F.ctc_loss(
        log_p[:, None], torch.tensor([target]), torch.tensor([6]), torch.tensor([len(target)]), reduction="sum"
    )
    close(entry("CTC").code(log_p, target), theirs)


# --- optimizers --------------------------------------------------------------------------------------

Optim = torch.optim
OPTIMIZER_CASES: dict[str, list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any], dict[str, str]]]] = {
    "Gradient descent and SGD": [(Optim.SGD, {"lr": 0.1}, {"lr": 0.1}, {})],
    "Momentum": [
        (Optim.SGD, {"lr": 0.1, "momentum": m}, {"lr": 0.1, "mu": m}, {"v": "momentum_buffer"}) for m in (0.5, 0.9)
    ],
    "Nesterov": [
        (Optim.SGD, {"lr": 0.1, "momentum": m, "nesterov": True}, {"lr": 0.1, "mu": m}, {"v": "momentum_buffer"})
        for m in (0.5, 0.9)
    ],
    "ASGD": [
        (Optim.ASGD, settings, settings, {"average": "ax"})
        for settings in ({"lr": 0.1, "t0": 2}, {"lr": 0.2, "lambd": 0.1, "alpha": 0.5, "t0": 1})
    ],
    "Adagrad": [(Optim.Adagrad, {"lr": lr}, {"lr": lr}, {"s": "sum"}) for lr in (0.01, 0.5)],
    "RMSprop": [
        (Optim.RMSprop, settings, settings, {"s": "square_avg"})
        for settings in ({"lr": 0.01}, {"lr": 0.1, "alpha": 0.8, "eps": 1e-3})
    ],
    "Adadelta": [
        (Optim.Adadelta, settings, settings, {"s": "square_avg", "d": "acc_delta"})
        for settings in ({"lr": 1.0}, {"lr": 0.5, "rho": 0.7, "eps": 1e-2})
    ],
    "Adam": [
        (Optim.Adam, {}, {}, {"m": "exp_avg", "v": "exp_avg_sq"}),
        (
            Optim.Adam,
            {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-2},
            {"lr": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 1e-2},
            {"m": "exp_avg"},
        ),
    ],
    "AdamW": [
        (Optim.AdamW, {}, {}, {"m": "exp_avg"}),
        (Optim.AdamW, {"lr": 0.1, "weight_decay": 0.5}, {"lr": 0.1, "decay": 0.5}, {"v": "exp_avg_sq"}),
    ],
    "AdaMax": [
        (Optim.Adamax, {}, {}, {"m": "exp_avg", "u": "exp_inf"}),
        (Optim.Adamax, {"lr": 0.1, "betas": (0.7, 0.9)}, {"lr": 0.1, "beta1": 0.7, "beta2": 0.9}, {"u": "exp_inf"}),
    ],
    "NAdam": [
        (Optim.NAdam, {}, {}, {"m": "exp_avg", "product": "mu_product"}),
        (Optim.NAdam, {"lr": 0.1, "betas": (0.7, 0.9)}, {"lr": 0.1, "beta1": 0.7, "beta2": 0.9}, {"v": "exp_avg_sq"}),
    ],
    "Rprop": [(Optim.Rprop, {"lr": lr}, {"lr": lr}, {"g": "prev", "size": "step_size"}) for lr in (0.01, 0.5)],
    "Muon": [
        (Optim.Muon, {"lr": 0.02}, {}, {"m": "momentum_buffer"}),
        (Optim.Muon, {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.5}, {"lr": 0.1, "mu": 0.8, "decay": 0.5}, {}),
    ],
}
OTHER_OPTIMIZERS = {"SparseAdam", "L-BFGS"}
LOOSE = {"Muon": 0.05}
"""PyTorch works out Muon's step in bfloat16."""


@pytest.mark.parametrize("name", OPTIMIZER_CASES)
@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_an_optimizer_is_pytorchs_over_eight_steps(name: str, shape: tuple[int, ...]) -> None:
    for make, theirs_set, ours_set, kept in OPTIMIZER_CASES[name]:
        w = random(1, *shape)
        theirs = nn.Parameter(w.clone())
        optimizer, state = make([theirs], **theirs_set), {}
        for step in range(8):
            g = random(10 + step, *shape)
            theirs.grad = g.clone()
            optimizer.step()
            w = entry(name).code(w, g, state, **ours_set)
            atol = LOOSE.get(name, 1e-9) * theirs_set.get("lr", 1) * (step + 1)
            torch.testing.assert_close(w, theirs.detach(), rtol=1e-6, atol=atol)
            for own, other in kept.items():
                torch.testing.assert_close(
                    torch.as_tensor(state[own]).double(), optimizer.state[theirs][other].double(), rtol=1e-6, atol=1e-9
                )


def test_muon_brings_singular_values_near_1() -> None:
    for shape in ((4, 7), (7, 4)):
        step = -entry("Muon").code(torch.zeros(shape).double(), random(1, *shape), {}, lr=1.0)
        values = torch.linalg.svdvals(step / max(1, shape[0] / shape[1]) ** 0.5)
        assert 0.5 < values.min() <= values.max() < 1.3


def test_sparse_adam_is_pytorchs() -> None:
    for settings in ({}, {"lr": 0.1, "betas": (0.7, 0.9)}):
        ours = {k: v for k, v in settings.items() if k != "betas"} | dict(
            zip(("beta1", "beta2"), settings.get("betas", ()), strict=False)
        )
        w = random(1, 6, 2)
        theirs = nn.Parameter(w.clone())
        optimizer, state = torch.optim.SparseAdam([theirs], **settings), {}
        for step in range(8):
            rows = torch.tensor([step % 6, (step + 2) % 6])
            g = torch.zeros(6, 2).double().index_put((rows,), random(10 + step, 2, 2))
            theirs.grad = g.to_sparse(1)
            optimizer.step()
            w = entry("SparseAdam").code(w, g, state, **ours)
            close(w, theirs.detach())
            close(state["v"], optimizer.state[theirs]["exp_avg_sq"])


@pytest.mark.parametrize(("lr", "history"), [(1.0, 100), (0.5, 2)])
def test_lbfgs_is_pytorchs(lr: float, history: int) -> None:
    a, target = random(1, 6, 6, scale=1.0), random(2, 6)

    def cost(w: Tensor) -> Tensor:
        return ((a @ w - target) ** 2).sum() + (w**4).sum() / 10

    w = random(3, 6)
    theirs = nn.Parameter(w.clone())
    optimizer, state = torch.optim.LBFGS([theirs], lr=lr, max_iter=1, history_size=history), {}

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = cost(theirs)
        loss.backward()
        return loss

    for _ in range(10):
        optimizer.step(closure)
        leaf = w.clone().requires_grad_()
        w = entry("L-BFGS").code(w, torch.autograd.grad(cost(leaf), leaf)[0], state, lr, history)
        close(w, theirs.detach())


S = torch.optim.lr_scheduler
SCHEDULE_CASES: dict[str, list[tuple[Callable[[Any], Any], dict[str, Any]]]] = {
    "Step decay": [
        (lambda o: S.StepLR(o, 7), {"lr": 0.1, "every": 7}),
        (lambda o: S.StepLR(o, 3, gamma=0.5), {"lr": 0.1, "every": 3, "factor": 0.5}),
    ],
    "Exponential decay": [
        (lambda o, k=k: S.ExponentialLR(o, gamma=2.718281828459045**-k), {"lr": 0.1, "k": k}) for k in (0.02, 0.3)
    ],
    "Cosine decay": [
        (lambda o: S.CosineAnnealingLR(o, 30), {"lr": 0.1, "steps": 30}),
        (lambda o: S.CosineAnnealingLR(o, 40, eta_min=0.01), {"lr": 0.1, "steps": 40, "lowest": 0.01}),
    ],
    "One-cycle": [
        (lambda o: S.OneCycleLR(o, 0.1, total_steps=31), {"highest": 0.1, "steps": 31}),
        (lambda o: S.OneCycleLR(o, 0.1, total_steps=40, pct_start=0.5), {"highest": 0.1, "steps": 40, "rise": 0.5}),
    ],
    "Warm-up": [(lambda o, n=n: S.LinearLR(o, 0.01, total_iters=n), {"lr": 0.1, "steps": n}) for n in (10, 25)],
}
OTHER_SCHEDULES = {"Plateau"}


def make_sgd() -> torch.optim.Optimizer:
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)


@pytest.mark.parametrize("name", SCHEDULE_CASES)
def test_a_schedule_is_pytorchs_over_thirty_steps(name: str) -> None:
    for make, settings in SCHEDULE_CASES[name]:
        optimizer = make_sgd()
        scheduler = make(optimizer)
        for t in range(30):
            assert entry(name).code(t, **settings) == pytest.approx(
                optimizer.param_groups[0]["lr"], rel=1e-6, abs=1e-12
            )
            optimizer.step()
            scheduler.step()


def test_a_plateau_is_pytorchs() -> None:
    for seed, settings in enumerate(({"factor": 0.1, "patience": 2}, {"factor": 0.5, "patience": 4}, {})):
        optimizer = make_sgd()
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
        losses: list[float] = []
        for loss in (random(seed, 20, scale=0.3) + torch.linspace(2, 1.5, 20)).tolist():
            losses.append(loss)
            scheduler.step(loss)
            assert entry("Plateau").code(losses, 0.1, **settings) == pytest.approx(optimizer.param_groups[0]["lr"])


# --- the pages ---------------------------------------------------------------------------------------


def test_every_formula_is_compared_with_another() -> None:
    optimizers = {one.name for group, items in OPTIMIZERS.groups.items() if group != "Schedules" for one in items}
    assert {one.name for one in ACTIVATIONS.entries} == ELEMENTWISE.keys() | OTHER_ACTIVATIONS
    assert {one.name for one in LOSSES.entries} == LOSS_CASES.keys() | OTHER_LOSSES
    assert optimizers == OPTIMIZER_CASES.keys() | OTHER_OPTIMIZERS
    assert {one.name for one in OPTIMIZERS.groups["Schedules"]} == SCHEDULE_CASES.keys() | OTHER_SCHEDULES


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.name)
def test_an_entry_is_short_and_has_a_source_that_lasts(one: Entry) -> None:
    words = " ".join((one.idea, one.shapes, one.use, one.trap, one.torch, one.note)).split()
    assert 35 <= len(words) <= 110
    assert re.search(
        r"https://(doi\.org/10\.|arxiv\.org/abs/|proceedings\.mlr\.press/|jmlr\.org/papers/|openreview\.net/)",
        one.source,
    )


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.name)
def test_what_an_entry_calls_pytorchs_is_there(one: Entry) -> None:
    for place, name in re.findall(r"\b(F|nn|torch\.optim|lr_scheduler)\.([A-Za-z]\w+)", one.torch):
        home = {"F": F, "nn": nn, "torch.optim": torch.optim, "lr_scheduler": torch.optim.lr_scheduler}[place]
        assert hasattr(home, name), name


def test_anchors_differ() -> None:
    assert len({one.anchor for one in ENTRIES}) == len({one.name for one in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.name)
def test_a_picture_shows_its_curve(one: Entry) -> None:
    text = write_svg(one.draw(), one.sees)
    assert "nan" not in text
    assert "inf" not in text.replace("infinity", "")
    inside = 0
    for points in re.findall(r'class="l\d" clip-path="[^"]*" points="([^"]*)"', text):
        places = [tuple(map(float, place.split(","))) for place in points.split()]
        inside += sum(58 <= x <= 376 and 50 <= y <= 208 for x, y in places)
    assert inside >= 12, "the curve lies outside of its axes"
    legend = re.findall(r'<text x="(\d+)" y="38">([^<]*)', text)
    assert int(legend[-1][0]) + 7.0 * len(legend[-1][1]) < 390, "the legend is cut"
    assert 7.6 * len(one.draw().title) < 390 - 58, "the title is cut"

"""The curves of losses, each against the one number that matters most to it. They are drawn from the course's own formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from autograder.course.catalog import loss_formulas as formulas
from autograder.course.catalog.svg import Line, Picture, Point, spread

COUNT = 101

Loss = Callable[[Tensor, Tensor], Tensor]


def plot(
    title: str,
    x: str,
    xlim: Point,
    ylim: Point,
    losses: Mapping[str, Callable[[Tensor], Tensor]],
    span: Point | None = None,
) -> Picture:
    """Each loss, a function of one number without dimensions, over `xlim`, or over `span` where it has no value at the ends."""
    places = spread(span or xlim, COUNT)
    lines = [Line(label, [[(place, float(f(number(place)))) for place in places]]) for label, f in losses.items()]
    return Picture(title, x, "loss", xlim, ylim, lines)


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def against(y: float, losses: Mapping[str, Loss]) -> dict[str, Callable[[Tensor], Tensor]]:
    """The losses as functions of the prediction alone, for the target y."""
    return {name: partial(_swap, f, number(y)) for name, f in losses.items()}


def _swap(f: Loss, y: Tensor, prediction: Tensor) -> Tensor:
    return f(prediction, y)


def residual(title: str, losses: Mapping[str, Loss]) -> Picture:
    """Losses of one prediction against ŷ − y."""
    return plot(title, "ŷ − y", (-3, 3), (0, 4), against(0.0, losses))


def margin(title: str, losses: Mapping[str, Loss]) -> Picture:
    """Losses of one score against y z, which is positive on the right side."""
    return plot(title, "y z", (-3, 3), (0, 5), against(1.0, losses))


def probability(title: str, x: str, losses: Mapping[str, Callable[[Tensor], Tensor]], top: float = 4) -> Picture:
    """Losses against a probability, without the two ends."""
    return plot(title, x, (0, 1), (0, top), losses, (0.005, 0.995))


def rows(*scores: Tensor | float) -> Tensor:
    """One row of scores (1, C)."""
    return torch.stack([torch.as_tensor(score, dtype=torch.float64) for score in scores])[None, :]


def draw_nll() -> Picture:
    first = torch.tensor([0])
    return probability(
        "Sure and wrong is expensive",
        "p of the right class",
        {"−log p": lambda p: formulas.nll(rows(p.log(), 0), first)},
    )


def draw_cross_entropy() -> Picture:
    first, others = torch.tensor([0]), [0.0] * 9
    losses = {
        "cross-entropy": lambda z: formulas.cross_entropy(rows(z, *others), first),
        "smoothing 0.1": lambda z: formulas.cross_entropy(rows(z, *others), first, smoothing=0.1),
    }
    return plot(
        "Ten classes: it starts at log 10", "score of the right class, the others at 0", (-4, 10), (0, 7), losses
    )


def draw_bce() -> Picture:
    losses = {f"y = {y}": lambda p, y=y: formulas.bce(p, number(float(y))) for y in (1, 0)}
    return probability("Each answer has its own side", "p", losses)


def draw_bce_with_logits() -> Picture:
    losses = {f"y = {y}": lambda z, y=y: formulas.bce_with_logits(z, number(float(y))) for y in (1, 0)}
    heavy = {"y = 1, pos_weight 3": lambda z: formulas.bce_with_logits(z, number(1.0), 3.0)}
    return plot("Straight where wrong, flat where right", "score z", (-5, 5), (0, 6), {**losses, **heavy})


def draw_kl() -> Picture:
    p = rows(0.3, 0.7)
    losses = {
        "KL(p‖q)": lambda q: formulas.kl_divergence(rows(q, 1 - q).log(), p),
        "KL(q‖p)": lambda q: formulas.kl_divergence(p.log(), rows(q, 1 - q)),
    }
    return probability("The two directions differ (p = 0.3)", "q", losses, 2)


def draw_focal() -> Picture:
    one = number(1.0)
    losses = {
        f"γ = {gamma}": lambda p, gamma=gamma: formulas.focal(torch.logit(p), one, gamma, 1.0) for gamma in (0, 1, 2, 5)
    }
    return probability("Easy examples are turned down", "p of the right answer", losses)


def draw_brier() -> Picture:
    losses = {
        "Brier": lambda p: formulas.brier(rows(p, 1 - p), rows(1.0, 0.0)),
        "−log p": lambda p: -p.log(),
    }
    return probability("Brier's price has a limit", "p of the right class", losses)


def draw_huber() -> Picture:
    losses = {f"δ = {delta}": lambda r, y, delta=delta: formulas.huber(r, y, delta) for delta in (1, 2)}
    return residual("δ sets the seam and the slope beyond", losses)


def draw_smooth_l1() -> Picture:
    losses = {f"β = {beta}": lambda r, y, beta=beta: formulas.smooth_l1(r, y, beta) for beta in (0.5, 2)}
    return residual("The slope beyond is always 1", losses)


def draw_quantile() -> Picture:
    losses = {f"τ = {tau}": lambda r, y, tau=tau: formulas.quantile(r, y, tau) for tau in (0.9, 0.5)}
    return residual("Too low costs more than too high", losses)


def draw_poisson() -> Picture:
    losses = {
        f"count {count}": lambda m, count=count: formulas.poisson_nll(m.log(), number(count)) for count in (1.0, 4.0)
    }
    losses = {label.removesuffix(".0"): f for label, f in losses.items()}
    return plot("Lowest where the mean is the count", "predicted mean", (0, 10), (-3, 6), losses, (0.05, 10))


def draw_gaussian() -> Picture:
    losses = {f"|r| = {r}": lambda s, r=r: formulas.gaussian_nll(number(0.0), number(r), s**2) for r in (0.5, 1, 2)}
    return plot("Say how sure you are, and be right", "predicted σ", (0, 5), (-1, 4), losses, (0.05, 5))


def draw_multi_margin() -> Picture:
    first = torch.tensor([0])
    losses = {"multi-margin": lambda lead: formulas.multi_margin(rows(lead, 0.0, -1.0), first)}
    return plot("Each class that is too close adds slope", "lead over the best wrong class", (-3, 3), (0, 4), losses)


def draw_multilabel_margin() -> Picture:
    losses = {"multi-label margin": lambda z: formulas.multilabel_margin(rows(0.1, 0.2, 0.4, z), [[3, 0]])}
    return plot("Scores 0.1, 0.2, 0.4, z; labels 0 and 3", "score of class 3", (-2, 3), (0, 3), losses)


def draw_multilabel_soft_margin() -> Picture:
    losses = {f"y = {y}": lambda z, y=y: formulas.multilabel_soft_margin(rows(z), rows(float(y))) for y in (1, 0)}
    return plot("One sigmoid for each label", "score z", (-5, 5), (0, 6), losses)


def draw_margin_ranking() -> Picture:
    losses = {
        f"y = {y}".replace("-", "−"): lambda d, y=y: formulas.margin_ranking(d, number(0.0), number(float(y)), 1.0)
        for y in (1, -1)
    }
    return plot("Right order, by a margin of 1", "x₁ − x₂", (-3, 3), (0, 4), losses)


def draw_hinge_embedding() -> Picture:
    losses = {
        f"y = {y}".replace("-", "−"): lambda d, y=y: formulas.hinge_embedding(d, number(float(y)), 1.0) for y in (1, -1)
    }
    return plot("Alike: near. Unlike: at least the margin", "distance", (0, 3), (0, 3), losses)


def draw_cosine_embedding() -> Picture:
    def pair(cosine: Tensor, y: int) -> Tensor:
        other = rows(cosine, (1 - cosine**2).clamp(min=0).sqrt())
        return formulas.cosine_embedding(rows(1.0, 0.0), other, torch.tensor([y]), 0.3)

    losses = {f"y = {y}".replace("-", "−"): lambda c, y=y: pair(c, y) for y in (1, -1)}
    return plot("Unlike pairs may keep a cosine of 0.3", "cosine", (-1, 1), (0, 2), losses)


def draw_triplet() -> Picture:
    zero, near = rows(0.0), rows(1.0)
    losses = {f"margin {m:g}": lambda d, m=m: formulas.triplet(zero, near, rows(d), m) for m in (1.0, 0.3)}
    return plot("The positive is at distance 1", "distance of the negative", (0, 3), (0, 2.5), losses)


def draw_ctc() -> Picture:
    def spell(p: Tensor) -> Tensor:
        return formulas.ctc(rows(1 - p, p).log().repeat(3, 1), [1])

    losses: dict[str, Callable[[Tensor], Tensor]] = {"CTC": spell, "one way: −3 log p": lambda p: -3 * p.log()}
    return probability("All ways to spell it are summed", "p of the letter in each of three frames", losses)

"""The reference page of optimizers, second part: how the learning rate changes while you train."""

from __future__ import annotations

from functools import partial

from autograder.course.catalog import optimizer_pictures as pictures
from autograder.course.catalog import schedule_formulas as formulas
from autograder.course.catalog.entry import Entry

STEP = "step t, counted from 0 → learning rate"

SCHEDULES = [
    Entry(
        name="Step decay",
        idea="Cut the learning rate by a factor after every so many epochs.",
        formula=r"\eta_t = \eta_0\, \gamma^{\lfloor t / s \rfloor}",
        shapes=STEP,
        use="Recipes that name the epochs, such as those for ImageNet.",
        trap="Count in the unit in which you call `scheduler.step()`: epochs and batches differ by a factor of hundreds.",
        torch="`lr_scheduler.StepLR(optimizer, step_size, gamma=0.1)`, `MultiStepLR`",
        code=formulas.step_decay,
        draw=lambda: pictures.rates(
            "Stairs", {"η₀ = 0.1, halved every 25": lambda t: formulas.step_decay(t, 0.1, 25, 0.5)}
        ),
        sees="a staircase from 0.1 down, each step half as high as the one before",
        source="[He et al. 2016](https://arxiv.org/abs/1512.03385)",
    ),
    Entry(
        name="Exponential decay",
        idea="Cut the learning rate by the same small factor at every step.",
        formula=r"\eta_t = \eta_0\, e^{-k t}",
        shapes=STEP,
        use="A smooth decay, when you know by how much it should fall in all.",
        trap="PyTorch takes γ = e^(−k), not k: `gamma=0.1` for a k of 0.1 stops the training within a few steps.",
        torch="`lr_scheduler.ExponentialLR(optimizer, gamma=math.exp(-k))`",
        code=formulas.exponential_decay,
        draw=lambda: pictures.rates(
            "The same factor at every step",
            {f"k = {k}": partial(formulas.exponential_decay, lr=0.1, k=k) for k in (0.02, 0.05)},
        ),
        sees="two curves from 0.1 down, steep at first; the one with k = 0.05 is near 0 at step 100",
        source="[Bengio 2012](https://arxiv.org/abs/1206.5533)",
    ),
    Entry(
        name="Plateau",
        idea="Cut the learning rate when a measured loss hasn't improved for a while.",
        formula=r"\eta \leftarrow \gamma\,\eta \quad \text{after more than } p \text{ epochs without a better loss}",
        shapes="the losses so far → learning rate",
        use="When you can't say in advance how long a run has to be.",
        trap="It's the one scheduler whose `step` takes the loss: the validation loss, once an epoch.",
        torch="`lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=10)`",
        code=formulas.plateau,
        draw=pictures.draw_plateau,
        sees="the loss falls and levels out; nine epochs later the learning rate drops, the loss falls again, and so on",
        source="[Bengio 2012](https://arxiv.org/abs/1206.5533)",
    ),
    Entry(
        name="Cosine decay",
        idea="Half a cosine from the first learning rate down to the last: slow, fast, slow.",
        formula=r"\eta_t = \eta_{\min} + \tfrac12 (\eta_0 - \eta_{\min}) \big(1 + \cos \tfrac{\pi t}{T}\big)",
        shapes=STEP,
        use="The usual choice when the number of steps is known, often after a warm-up.",
        trap="T is the whole run. Go on beyond it, and the learning rate rises again.",
        torch="`lr_scheduler.CosineAnnealingLR(optimizer, T_max, eta_min=0)`",
        code=formulas.cosine,
        draw=lambda: pictures.rates("Slow, fast, slow", {"T = 100": lambda t: formulas.cosine(t, 0.1, 100)}),
        sees="half a cosine from 0.1 at step 0 to 0 at step 100",
        source="[Loshchilov and Hutter 2017](https://arxiv.org/abs/1608.03983)",
    ),
    Entry(
        name="One-cycle",
        idea="Up to a large learning rate in the first third of the run, then down to nearly nothing.",
        formula=r"\eta: \tfrac{1}{25}\,\eta_{\max} \nearrow \eta_{\max} \searrow \tfrac{1}{250000}\,\eta_{\max} \quad \text{on two cosines}",
        shapes=STEP,
        use="Short runs that should use the largest learning rate the model bears.",
        trap="Call `step` after every batch, for exactly `total_steps` steps; one more raises an error. It moves the momentum too.",
        torch="`lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps)`",
        code=formulas.one_cycle,
        draw=lambda: pictures.rates(
            "Up for a third, then down", {"η_max = 0.1": lambda t: formulas.one_cycle(t, 0.1, 101)}
        ),
        sees="rises from 0.004 to 0.1 at step 29 and falls to nearly 0 at step 100",
        source="[Smith and Topin 2018](https://arxiv.org/abs/1708.07120)",
    ),
    Entry(
        name="Warm-up",
        idea="Start small and rise in a line for some hundred steps; then any other schedule.",
        formula=r"\eta_t = \eta_0 \cdot \min\!\big(1,\ b + (1 - b)\, t / T\big)",
        shapes=STEP,
        use="Large batches, and transformers, whose first gradients are large and unreliable.",
        trap="A run that only survives with a very long warm-up has another trouble: look at the initial weights.",
        torch="`lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=T)`, joined by `SequentialLR`",
        code=formulas.warm_up,
        draw=lambda: pictures.rates(
            "A line, then a cosine",
            {
                "alone": lambda t: formulas.warm_up(t, 0.1, 20),
                "then a cosine": lambda t: formulas.warm_up(t, 0.1, 20) if t < 20 else formulas.cosine(t - 20, 0.1, 80),
            },
        ),
        sees="rises in a line from 0.001 to 0.1 at step 20; alone it stays there, with a cosine it falls to 0 at step 100",
        source="[Goyal et al. 2017](https://arxiv.org/abs/1706.02677)",
    ),
]

"""The reference page of optimizers and schedules."""

from __future__ import annotations

from functools import partial

from autograder.course.catalog import optimizer_formulas as formulas
from autograder.course.catalog import optimizer_pictures as pictures
from autograder.course.catalog.entry import Entry, Page
from autograder.course.catalog.optimizer_pictures import compare
from autograder.course.catalog.schedules import SCHEDULES

ONE = "weights and gradients of any shape; no state"
TWO = "weights and gradients of any shape; state: one tensor like the weights"
THREE = "weights and gradients of any shape; state: two tensors like the weights, and t"

ONE_RATE = [
    Entry(
        name="Gradient descent and SGD",
        idea="A step against the gradient. With all data it's gradient descent, with a random batch stochastic gradient descent.",
        formula=r"w \leftarrow w - \eta\, g",
        shapes=ONE,
        use="The baseline, and well-scaled problems.",
        trap="One learning rate has to do for all directions: on a quadratic it must stay below 2/λ_max, and the flat directions crawl.",
        torch="`torch.optim.SGD(parameters, lr)`",
        code=formulas.gradient_descent,
        draw=pictures.draw_gradient_descent,
        sees="with η = 0.03 the path falls to the valley's floor and creeps along it; with 0.093 it swings from side to side "
        "and gets further",
        source="[Robbins and Monro 1951](https://doi.org/10.1214/aoms/1177729586)",
    ),
    Entry(
        name="Momentum",
        idea="A velocity adds up gradients: what keeps its sign grows, what changes sign cancels.",
        formula=r"v \leftarrow \mu v + g, \qquad w \leftarrow w - \eta\, v",
        shapes=TWO,
        use="Images with a schedule: still hard to beat.",
        trap="At μ = 0.9 a constant gradient ends up ten times as large. Turn μ up, and turn η down.",
        torch="`torch.optim.SGD(parameters, lr, momentum=0.9)`",
        code=formulas.momentum,
        draw=partial(compare, "Faster along the valley, and past its end", "momentum", formulas.momentum, 0.03, mu=0.8),
        sees="the path swings across the valley at first, runs along it, passes the minimum and turns back; GD is still on its way",
        source="[Polyak 1964](https://doi.org/10.1016/0041-5553%2864%2990137-5)",
    ),
    Entry(
        name="Nesterov",
        idea="Momentum that takes the gradient where the velocity is about to lead, so it brakes earlier.",
        formula=r"v \leftarrow \mu v + g, \qquad w \leftarrow w - \eta\,(g + \mu v)",
        shapes=TWO,
        use="In place of momentum, at no cost.",
        trap="The look-ahead is the term μ v in the step. Leave it out and you have plain gradient descent with a state that nothing uses.",
        torch="`torch.optim.SGD(parameters, lr, momentum=0.9, nesterov=True)`",
        code=formulas.nesterov,
        draw=partial(compare, "Less swing than momentum", "Nesterov", formulas.nesterov, 0.03, mu=0.8),
        sees="the path runs along the valley with few swings and stops close to the minimum; GD is still on its way",
        source="[Sutskever et al. 2013](https://proceedings.mlr.press/v28/sutskever13.html)",
    ),
    Entry(
        name="ASGD",
        idea="SGD that also keeps an average of its weights; the average has less noise than any single step.",
        formula=r"w \leftarrow (1 - \eta d)\,w - \eta\, g, \qquad \bar w \leftarrow \bar w + \frac{w - \bar w}{\max(1,\ t - t_0)}",
        shapes="weights and gradients of any shape; state: the average and t",
        use="The end of a run with a constant learning rate.",
        trap="Averaging begins at step t₀, which is a million by default. Set it, and read the average from the state.",
        torch="`torch.optim.ASGD(parameters, lr, t0=…)`; `torch.optim.swa_utils.AveragedModel` for other optimizers",
        code=formulas.asgd,
        draw=pictures.draw_asgd,
        sees="the weights jump about the minimum in a wide cloud; their average moves little and stays close to it",
        source="[Polyak and Juditsky 1992](https://doi.org/10.1137/0330046)",
    ),
]

ADAPTIVE = [
    Entry(
        name="Adagrad",
        idea="Divides each weight's step by the root of the sum of its squared gradients so far.",
        formula=r"s \leftarrow s + g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s} + \epsilon}",
        shapes=TWO,
        use="Sparse features, which then keep large steps.",
        trap="The sum only grows, so steps shrink forever: on a long run it stops too early.",
        torch="`torch.optim.Adagrad(parameters, lr=0.01)`",
        code=formulas.adagrad,
        draw=partial(compare, "Both directions at one pace, ever slower", "Adagrad", formulas.adagrad, 0.8),
        sees="the path sets out diagonally, with the same step in both directions, and slows down before the minimum",
        source="[Duchi, Hazan and Singer 2011](https://jmlr.org/papers/v12/duchi11a.html)",
    ),
    Entry(
        name="RMSprop",
        idea="Adagrad that forgets: a moving average of squared gradients takes the place of the sum.",
        formula=r"s \leftarrow \alpha s + (1 - \alpha)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s} + \epsilon}",
        shapes=TWO,
        use="Recurrent networks and reinforcement learning.",
        trap="The average begins at 0 without a correction, so the first step is 1/√(1 − α) times as large: 10 times, at α = 0.99.",
        torch="`torch.optim.RMSprop(parameters, lr=0.01, alpha=0.99)`",
        code=formulas.rmsprop,
        draw=partial(compare, "The first steps are the largest", "RMSprop", formulas.rmsprop, 0.15),
        sees="a large diagonal first step, then smaller ones to the valley's floor and along it to the minimum",
        source="[Graves 2013, section 4.2](https://arxiv.org/abs/1308.0850)",
    ),
    Entry(
        name="Adadelta",
        idea="RMSprop with a numerator too: the size of earlier steps, so that units cancel.",
        formula=r"\Delta = \frac{\sqrt{d + \epsilon}}{\sqrt{s + \epsilon}}\; g, \qquad d \leftarrow \rho d + (1 - \rho)\,\Delta^2, "
        r"\qquad w \leftarrow w - \eta\, \Delta",
        shapes="weights and gradients of any shape; state: two tensors like the weights",
        use="Mostly history; older speech models.",
        trap="The first step is about √(10 ε): with ε = 10⁻⁶ a few thousandths, so it starts very slowly. ε is a real setting here.",
        torch="`torch.optim.Adadelta(parameters, lr=1.0, rho=0.9)`",
        code=formulas.adadelta,
        draw=partial(compare, "With ε = 0.01 it gets going", "Adadelta", formulas.adadelta, 1.0, eps=0.01),
        sees="the path sets out with small diagonal steps that grow, and gets to the valley's floor and along it",
        source="[Zeiler 2012](https://arxiv.org/abs/1212.5701)",
    ),
    Entry(
        name="Adam",
        idea="Momentum over RMSprop, both corrected for their start at 0.",
        formula=r"m \leftarrow \beta_1 m + (1 - \beta_1)\,g, \quad v \leftarrow \beta_2 v + (1 - \beta_2)\,g^2, \quad "
        r"w \leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}",
        shapes=THREE,
        use="A first try that seldom fails, at a learning rate near 0.001.",
        trap="Its `weight_decay` goes through the gradient and is divided like it: use AdamW instead.",
        torch="`torch.optim.Adam(parameters, lr=0.001, betas=(0.9, 0.999))`",
        code=formulas.adam,
        draw=partial(compare, "Diagonal first, then past the minimum", "Adam", formulas.adam, 0.5),
        sees="the path sets out diagonally, swings in the valley, passes the minimum and turns back",
        source="[Kingma and Ba 2015](https://arxiv.org/abs/1412.6980)",
    ),
    Entry(
        name="AdamW",
        idea="Adam with weight decay beside the gradient: every weight shrinks by the same factor.",
        formula=r"w \leftarrow (1 - \eta d)\, w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}",
        shapes=THREE,
        use="Transformers, and most new projects.",
        trap="With the weight decay d, a weight shrinks by η d, so a schedule for η changes that too. Leave biases and normalization out of it.",
        torch="`torch.optim.AdamW(parameters, lr=0.001, weight_decay=0.01)`",
        code=formulas.adamw,
        draw=pictures.draw_adamw,
        sees="without decay the path passes the minimum further than with a decay of 0.3, which also pulls toward 0",
        source="[Loshchilov and Hutter 2019](https://arxiv.org/abs/1711.05101)",
    ),
    Entry(
        name="AdaMax",
        idea="Adam with the largest recent gradient in place of the root mean square.",
        formula=r"u \leftarrow \max(\beta_2 u,\ |g| + \epsilon), \qquad w \leftarrow w - \frac{\eta}{1 - \beta_1^t} \cdot \frac{m}{u}",
        shapes=THREE,
        use="Rarely; where single gradients are very large, its steps stay below η.",
        trap="After one huge gradient the step stays small for about a thousand steps, until u has decayed.",
        torch="`torch.optim.Adamax(parameters, lr=0.002)`",
        code=formulas.adamax,
        draw=partial(compare, "Like Adam's, with less swing", "AdaMax", formulas.adamax, 0.5),
        sees="the path sets out diagonally, swings through the valley less far than Adam's and passes the minimum a little",
        source="[Kingma and Ba 2015, section 7.1](https://arxiv.org/abs/1412.6980)",
    ),
    Entry(
        name="NAdam",
        idea="Adam with Nesterov's look-ahead: the next step's momentum is applied in this one.",
        formula=r"w \leftarrow w - \frac{\eta}{\sqrt{\hat v} + \epsilon} "
        r"\Big(\frac{\mu_{t+1}\, m}{1 - \prod_{i \le t+1} \mu_i} + \frac{(1 - \mu_t)\, g}{1 - \prod_{i \le t} \mu_i}\Big)",
        shapes=THREE,
        use="In place of Adam, where a small gain is worth a try.",
        trap="PyTorch's μ grows slowly from about β₁/2 toward β₁, so it isn't Adam with one line changed.",
        torch="`torch.optim.NAdam(parameters, lr=0.002)`",
        code=formulas.nadam,
        draw=partial(compare, "Less swing than Adam", "NAdam", formulas.nadam, 0.5),
        sees="the path sets out diagonally, runs along the valley and ends on the minimum",
        source="[Dozat 2016](https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ)",
    ),
    Entry(
        name="Rprop",
        idea="Only the sign of each gradient counts: the same sign again makes that weight's step larger, a new sign halves it.",
        formula=r"\eta_i \leftarrow \eta_i \cdot \begin{cases} 1.2 & \text{same sign} \\ 0.5 & \text{new sign} \end{cases}, \qquad "
        r"w_i \leftarrow w_i - \eta_i \operatorname{sign}(g_i)",
        shapes="weights and gradients of any shape; state: the last gradient and a step size for each weight",
        use="Small problems with the gradient of all data.",
        trap="With mini-batches signs change by chance: nine gradients of 0.1 and one of −0.9 should cancel, and don't.",
        torch="`torch.optim.Rprop(parameters, lr=0.01)`",
        code=formulas.rprop,
        draw=partial(compare, "Each weight finds its own step size", "Rprop", formulas.rprop, 0.1),
        sees="the path speeds up along the diagonal, then along the valley with small swings, and runs past the minimum",
        source="[Riedmiller and Braun 1993](https://doi.org/10.1109/ICNN.1993.298623)",
    ),
    Entry(
        name="SparseAdam",
        idea="Adam for gradients that exist for a few rows only: everything else, averages included, stays as it is.",
        formula=r"\text{Adam, for the } i \text{ with } g_i \ne 0 \text{ only}",
        shapes="an embedding (rows, D) and its sparse gradient; state: two tensors like the weights, and t",
        use="Large embeddings with `sparse=True`.",
        trap="It takes sparse gradients only. Give the dense layers an optimizer of their own.",
        torch="`torch.optim.SparseAdam(parameters, lr=0.001)`",
        code=formulas.sparse_adam,
        draw=pictures.draw_sparse_adam,
        sees="a staircase: at each step only the weight that has a gradient moves",
        source="[Kingma and Ba 2015](https://arxiv.org/abs/1412.6980)",
    ),
]

BEYOND = [
    Entry(
        name="L-BFGS",
        idea="Learns the curvature from its last steps and gradients, and so takes nearly Newton's steps.",
        formula=r"w \leftarrow w - \eta\, H g, \qquad H \text{ from the pairs } (s_k, y_k) = (\Delta w_k, \Delta g_k)",
        shapes="all weights as one vector; state: up to `history_size` pairs of vectors",
        use="Few weights and the gradient of all data: it can be a hundred times faster there.",
        trap="`step` needs a function that computes the loss again. With a different batch each time, the pairs are noise.",
        torch='`torch.optim.LBFGS(parameters, line_search_fn="strong_wolfe")`',
        code=formulas.lbfgs,
        draw=partial(compare, "After a few steps it knows the ravine", "L-BFGS", formulas.lbfgs, 1.0, steps=12),
        sees="a short first step, a few long ones, and the minimum, while GD is on its way",
        source="[Liu and Nocedal 1989](https://doi.org/10.1007/BF01589116)",
    ),
    Entry(
        name="Muon",
        idea="For matrices: makes all singular values of the momentum about 1, so the step moves all directions alike.",
        formula=r"M \leftarrow \mu M + (1 - \mu)\,G, \qquad "
        r"W \leftarrow (1 - \eta d)\,W - \eta \sqrt{\max(1, \tfrac{D_{out}}{D_{in}})}\; U V^\top",
        shapes="weights and gradients (D_out, D_in); state: one matrix like the weights; $U V^\\top$ from the SVD of the momentum",
        use="Hidden layers of large language models.",
        trap="Matrices only. Biases, embeddings and the last layer get AdamW beside it.",
        torch="`torch.optim.Muon(parameters, lr=0.001)`",
        code=formulas.muon,
        draw=pictures.draw_muon,
        sees="taken as a matrix of one row, each step has nearly the same length; the path swings through the valley and comes close to the minimum",
        source="[Liu et al. 2025](https://arxiv.org/abs/2502.16982)",
        note="Five Newton–Schulz steps stand in for the SVD; they leave singular values between about 0.7 and 1.2.",
    ),
]

OPTIMIZERS = Page(
    "optimizers",
    "Optimizers and schedules",
    "Each optimizer has its update rule, what it remembers, one use and one trap, and PyTorch's name; tests compare the rules "
    "with PyTorch over several steps. "
    "Every path has 40 steps on the same ravine, ½(w₁² + 20 w₂²), from the square to the cross. "
    "Notebooks 5.1 to 5.6 teach the ones that carry the ideas.",
    {
        "One learning rate for all weights": ONE_RATE,
        "A step size for each weight": ADAPTIVE,
        "With curvature, or with matrices": BEYOND,
        "Schedules": SCHEDULES,
    },
)

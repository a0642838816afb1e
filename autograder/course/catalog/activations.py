"""The reference page of activations, first part: from scores to probabilities. `activation_family` has the other activations."""

from __future__ import annotations

from autograder.course.catalog import activation_formulas as formulas
from autograder.course.catalog import activation_pictures as pictures
from autograder.course.catalog.activation_family import BENT, SMOOTH, STRAIGHT
from autograder.course.catalog.activation_pictures import curves, first_of
from autograder.course.catalog.entry import Entry, Page

ANY = "any → the same"
ROWS = "(…, C) → the same; the sum of 1 runs along the last dimension"

PROBABILITIES = [
    Entry(
        name="Step",
        idea="Yes from 0 on, no below it: the oldest activation, and one that can't be trained by its gradient.",
        formula=r"f(z) = \begin{cases} 1 & z \ge 0 \\ 0 & z < 0 \end{cases}",
        shapes=ANY,
        use="Turn a score into a decision once the training is over.",
        trap="Its derivative is 0 wherever it exists, so no gradient reaches the weights before it.",
        torch="`torch.heaviside(z, torch.ones(1))`, or `(z >= 0).float()`",
        code=formulas.step,
        draw=lambda: curves(formulas.step, "The step has no slope to follow", (-0.5, 1.5)),
        sees="0 left of 0, then 1; the derivative is 0 on both sides",
        source="[McCulloch and Pitts 1943](https://doi.org/10.1007/BF02478259)",
    ),
    Entry(
        name="Sigmoid",
        idea="Squeezes any score into a probability between 0 and 1, with 0.5 at a score of 0.",
        formula=r"\sigma(z) = \frac{1}{1 + e^{-z}}, \qquad \sigma' = \sigma\,(1 - \sigma) \le 0.25",
        shapes=ANY,
        use="The output for one yes-or-no question, or for each label when several can hold; gates inside a network.",
        trap="It saturates on both sides: in a deep stack, factors of at most 0.25 make the gradient vanish.",
        torch="`torch.sigmoid`, `nn.Sigmoid`",
        code=formulas.sigmoid,
        draw=lambda: curves(formulas.sigmoid, "The sigmoid saturates on both sides", (-0.2, 1.2), (-8, 8)),
        sees="an S from 0 to 1 through 0.5; the derivative is a low hill with its top, 0.25, at 0",
        source="[Cox 1958](https://doi.org/10.1111/j.2517-6161.1958.tb00292.x)",
        note="Followed in time, σ is logistic growth. Run it backward, as σ(−z) = 1 − σ(z), and you have logistic decay.",
    ),
    Entry(
        name="Softmax",
        idea="Turns C scores into C probabilities that sum to 1. Only differences between scores matter.",
        formula=r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}, \qquad \frac{\partial p_i}{\partial z_j} = p_i\,([i = j] - p_j)",
        shapes=ROWS,
        use="The output when exactly one of C classes is right; weights of an average, as in attention.",
        trap="Over the wrong dimension it still returns numbers between 0 and 1. Sum a row to see.",
        torch="`torch.softmax(z, dim=-1)`, `nn.Softmax(dim=-1)`",
        code=formulas.softmax,
        draw=lambda: first_of(formulas.softmax, "With the others fixed, softmax is a sigmoid", ylim=(-0.2, 1.2)),
        sees="the first of three probabilities against its own score: an S from 0 to 1",
        source="[Bridle 1990](https://doi.org/10.1007/978-3-642-76153-9_28)",
    ),
    Entry(
        name="Log-softmax",
        idea="The logarithm of softmax, computed in one step, so that no probability is rounded to 0 first.",
        formula=r"\log p_i = z_i - \log \sum_j e^{z_j}",
        shapes="(…, C) → the same; all values are 0 or below",
        use="The input of the negative log-likelihood. `nn.CrossEntropyLoss` has it built in.",
        trap="`log(softmax(z))` is −∞ as soon as a score trails the largest by about 104 in float32.",
        torch="`F.log_softmax(z, dim=-1)`, `nn.LogSoftmax(dim=-1)`",
        code=formulas.log_softmax,
        draw=lambda: first_of(formulas.log_softmax, "A straight fall, then a ceiling of 0", ylim=(-5, 2)),
        sees="the first of three log-probabilities: a line of slope 1 that bends to a ceiling of 0",
        source="[Blanchard, Higham and Higham 2021](https://doi.org/10.1093/imanum/draa038)",
    ),
    Entry(
        name="Log-sigmoid",
        idea="The logarithm of the sigmoid, again in one stable step; it is softplus, mirrored twice.",
        formula=r"\log \sigma(z) = \min(z, 0) - \log(1 + e^{-|z|}), \qquad (\log \sigma)' = \sigma(-z)",
        shapes=ANY,
        use="Losses on one score, such as ranking one answer above another.",
        trap="`sigmoid(z).log()` is −∞ from about z = −89 on in float32; the true value there is −89.",
        torch="`F.logsigmoid`, `nn.LogSigmoid`",
        code=formulas.log_sigmoid,
        draw=lambda: curves(formulas.log_sigmoid, "Its slope is σ(−z)", (-5, 2)),
        sees="a line of slope 1 that bends to a ceiling of 0; the derivative falls from 1 to 0",
        source="[Blanchard, Higham and Higham 2021](https://doi.org/10.1093/imanum/draa038)",
    ),
    Entry(
        name="Softmin",
        idea="Softmax of the negated scores: the smallest score gets the largest probability.",
        formula=r"p_i = \frac{e^{-z_i}}{\sum_j e^{-z_j}}",
        shapes=ROWS,
        use="Scores that are costs or distances, so that near means likely.",
        trap="It isn't 1 − softmax(z): those numbers sum to C − 1.",
        torch="`F.softmin(z, dim=-1)`, `nn.Softmin(dim=-1)`",
        code=formulas.softmin,
        draw=lambda: first_of(formulas.softmin, "The smaller the score, the larger the share", ylim=(-0.4, 1.2)),
        sees="the first of three probabilities falls from 1 to 0 as its own score grows",
        source="[Bridle 1990](https://doi.org/10.1007/978-3-642-76153-9_28)",
    ),
    Entry(
        name="Hardmax",
        idea="1 for the largest score and 0 for all others: the argmax, written as a one-hot row. "
        "Softmax tends to it as the temperature goes to 0.",
        formula=r"f(z)_i = [\,i = \operatorname{argmax}_j z_j\,]",
        shapes="(…, C) → the same; `argmax` alone gives (…) of int64",
        use="Read off the predicted class, once the probabilities aren't needed anymore.",
        trap="No gradient comes back through it. To train through a choice, keep the softmax, "
        "or pass the gradient straight through on purpose.",
        torch="`z.argmax(dim=-1)`, then `F.one_hot(…, C)`",
        code=formulas.hardmax,
        draw=pictures.draw_hardmax,
        sees="hardmax jumps from 0 to 1 where the first score passes the others; softmax climbs smoothly through that place",
        source="[Bengio, Léonard and Courville 2013](https://arxiv.org/abs/1308.3432)",
    ),
    Entry(
        name="Adaptive log-softmax",
        idea="A log-softmax for very many classes: frequent ones in a short head, rare ones in clusters that are "
        "computed only when needed.",
        formula=r"\log p(c) = \begin{cases} \log p_{\text{head}}(c) & c \text{ in the head} \\ "
        r"\log p_{\text{head}}(k) + \log p_k(c) & c \text{ in cluster } k \end{cases}",
        shapes="features (N, D), targets (N,) → log-probabilities (N,) and the mean loss; below, scores → (N, C)",
        use="Vocabularies of 50,000 words and more.",
        trap="Classes must be numbered by frequency, most frequent first, or nothing is saved.",
        torch="`nn.AdaptiveLogSoftmaxWithLoss`",
        code=formulas.adaptive_log_softmax,
        draw=pictures.draw_adaptive,
        sees="for 10,000 classes, the cost of an example against the size of the head: it falls steeply, "
        "is lowest for a few hundred classes, and stays far below the full softmax",
        source="[Grave et al. 2017](https://arxiv.org/abs/1609.04309)",
    ),
]

ACTIVATIONS = Page(
    "activations",
    "Activations",
    "Each activation has its picture, formula, shapes, one use and one trap, and PyTorch's name; tests compare the formulas "
    "with PyTorch. Solid is f, dashed is its derivative f′. Where the picture is shaded, in halves of z, |f′| is below 0.05: "
    "almost no gradient comes back. Notebooks 1.1 to 1.4 teach the ones that carry the ideas.",
    {
        "From scores to probabilities": PROBABILITIES,
        "Straight pieces": STRAIGHT,
        "Bent below zero": BENT,
        "Smooth gates, and their cheap copies": SMOOTH,
    },
)

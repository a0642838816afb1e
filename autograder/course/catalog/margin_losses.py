"""The reference page of losses, second part: margins, pairs and triplets, sequences."""

from __future__ import annotations

from autograder.course.catalog import loss_formulas as formulas
from autograder.course.catalog import loss_pictures as pictures
from autograder.course.catalog.entry import Entry

SIGNS = "scores (N,), targets (N,) of −1 and 1 → one number"

MARGINS = [
    Entry(
        name="Hinge",
        idea="Costs nothing once the score is on the right side by at least 1; before that, it grows with slope 1.",
        formula=r"\ell = \max(0,\ 1 - y z), \qquad y \in \{-1, 1\}",
        shapes=SIGNS,
        use="Support vector machines, usually with weight decay.",
        trap="Its scores aren't log-odds: a sigmoid doesn't turn them into probabilities.",
        torch="`F.margin_ranking_loss(z, torch.zeros_like(z), y, margin=1)`",
        code=formulas.hinge,
        draw=lambda: pictures.margin("Enough is enough", {"hinge": formulas.hinge}),
        sees="a line of slope −1 that reaches 0 at y z = 1 and stays there",
        source="[Cortes and Vapnik 1995](https://doi.org/10.1007/BF00994018)",
    ),
    Entry(
        name="Soft margin",
        idea="A hinge without a corner. It's exactly binary cross-entropy, with the labels −1 and 1.",
        formula=r"\ell = \log(1 + e^{-y z})",
        shapes=SIGNS,
        use="Labels that come as −1 and 1, and probabilities that you want to read off with a sigmoid.",
        trap="With labels 0 and 1, every 0 gives log 2 whatever the score, so the model says 1 to all.",
        torch="`F.soft_margin_loss`, `nn.SoftMarginLoss`",
        code=formulas.soft_margin,
        draw=lambda: pictures.margin("A rounded hinge", {"soft margin": formulas.soft_margin, "hinge": formulas.hinge}),
        sees="falls with slope −1, passes 0.69 at 0 and flattens toward 0; the hinge starts above it and ends below",
        source="[Friedman, Hastie and Tibshirani 2000](https://doi.org/10.1214/aos/1016218223)",
    ),
    Entry(
        name="Exponential",
        idea="What AdaBoost minimizes: each further unit on the wrong side multiplies the loss by e.",
        formula=r"\ell = e^{-y z}",
        shapes=SIGNS,
        use="To understand boosting.",
        trap="One mislabeled example can outweigh all others.",
        torch="",
        code=formulas.exponential,
        draw=lambda: pictures.margin(
            "One bad example can weigh most", {"exponential": formulas.exponential, "hinge": formulas.hinge}
        ),
        sees="an exponential that passes 1 at 0 and leaves the picture at y z = −1.6; the hinge lies below it",
        source="[Freund and Schapire 1997](https://doi.org/10.1006/jcss.1997.1504)",
    ),
    Entry(
        name="Multi-margin",
        idea="A hinge for C classes: each wrong class should trail the right one by at least the margin.",
        formula=r"\ell = \frac1C \sum_{c \ne y} \max(0,\ 1 - z_y + z_c)",
        shapes="scores (N, C), targets (N,) int64 → one number",
        use="One class of many, when only the order of scores matters.",
        trap="It divides by C, not by the C − 1 classes in the sum.",
        torch="`F.multi_margin_loss`, `nn.MultiMarginLoss`",
        code=formulas.multi_margin,
        draw=pictures.draw_multi_margin,
        sees="against the lead of the right class, with three classes: slope −2/3 while both others are too close, −1/3 while one is, then 0",
        source="[Crammer and Singer 2001](https://jmlr.org/papers/v2/crammer01a.html)",
    ),
    Entry(
        name="Multi-label margin",
        idea="Each right label should lead each wrong one by 1.",
        formula=r"\ell = \frac1C \sum_{j \in Y} \sum_{i \notin Y} \max\big(0,\ 1 - (z_j - z_i)\big)",
        shapes="scores (N, C); targets (N, C) int64: the right labels first, then −1 → one number",
        use="Rank the labels of an example, without a threshold.",
        trap="Targets aren't zeros and ones: read that way, `[1, 0, 1, 0]` names the classes 1 and 0, twice.",
        torch="`F.multilabel_margin_loss`, `nn.MultiLabelMarginLoss`",
        code=formulas.multilabel_margin,
        draw=pictures.draw_multilabel_margin,
        sees="against the score of one right label: straight pieces that fall and reach a level once it leads all wrong ones by 1",
        source="[Schapire and Singer 2000](https://doi.org/10.1023/A:1007649029923)",
    ),
    Entry(
        name="Multi-label soft margin",
        idea="Binary cross-entropy with logits, averaged over the labels of each example first. With a plain mean it's the same number.",
        formula=r"\ell = -\frac1C \sum_c \big(y_c \log \sigma(z_c) + (1 - y_c) \log \sigma(-z_c)\big)",
        shapes="scores and float targets (N, C) → one number",
        use="Several labels at once, when you want one loss for each example.",
        trap="It takes `weight` for the labels and has no `pos_weight`.",
        torch="`F.multilabel_soft_margin_loss`, `nn.MultiLabelSoftMarginLoss`",
        code=formulas.multilabel_soft_margin,
        draw=pictures.draw_multilabel_soft_margin,
        sees="against one label's score: for y = 1 the loss falls and flattens toward 0, for y = 0 it is mirrored",
        source="[Nam et al. 2014](https://arxiv.org/abs/1312.5419)",
    ),
]

PAIRS = [
    Entry(
        name="Margin ranking",
        idea="Of two items, the better one should score higher by the margin.",
        formula=r"\ell = \max\big(0,\ m - y\,(x_1 - x_2)\big), \qquad y \in \{-1, 1\}",
        shapes="two scores (N,) and targets (N,) → one number",
        use="Learn an order from comparisons.",
        trap="With the default margin of 0, equal scores cost nothing: a model that says 0 to all is perfect.",
        torch="`F.margin_ranking_loss(x1, x2, y, margin=0)`, `nn.MarginRankingLoss`",
        code=formulas.margin_ranking,
        draw=pictures.draw_margin_ranking,
        sees="against x₁ − x₂, with a margin of 1: for y = 1 a line falls to 0 at 1, for y = −1 it is mirrored",
        source="[Joachims 2002](https://doi.org/10.1145/775047.775067)",
    ),
    Entry(
        name="Hinge embedding",
        idea="Similar pairs pay for their distance; others pay for being nearer than the margin.",
        formula=r"\ell = \begin{cases} d & y = 1 \\ \max(0,\ m - d) & y = -1 \end{cases}",
        shapes="distances (N,), targets (N,) of −1 and 1 → one number",
        use="Pairs marked as alike or not, when you measure the distance yourself.",
        trap="The input is a distance, not a score: a negative one for y = 1 earns a negative loss.",
        torch="`F.hinge_embedding_loss(d, y, margin=1.0)`, `nn.HingeEmbeddingLoss`",
        code=formulas.hinge_embedding,
        draw=pictures.draw_hinge_embedding,
        sees="against the distance: for y = 1 a line of slope 1 through 0; for y = −1 a line that falls from 1 to 0 at the margin",
        source="[Hadsell, Chopra and LeCun 2006](https://doi.org/10.1109/CVPR.2006.100)",
    ),
    Entry(
        name="Cosine embedding",
        idea="Only the angle between two vectors counts: alike means the same direction.",
        formula=r"\ell = \begin{cases} 1 - \cos(x_1, x_2) & y = 1 \\ \max(0,\ \cos(x_1, x_2) - m) & y = -1 \end{cases}",
        shapes="two embeddings (N, D), targets (N,) of −1 and 1 → one number",
        use="Texts and images, whose vectors' lengths mean little.",
        trap="With a negative margin you ask unlike pairs to be opposite. Right angles are usually enough.",
        torch="`F.cosine_embedding_loss(x1, x2, y, margin=0)`, `nn.CosineEmbeddingLoss`",
        code=formulas.cosine_embedding,
        draw=pictures.draw_cosine_embedding,
        sees="against the cosine, with a margin of 0.3: for y = 1 a line falls from 2 to 0; for y = −1 it is 0 up to 0.3, then rises",
        source="[Bromley et al. 1993](https://doi.org/10.1142/S0218001493000339)",
    ),
    Entry(
        name="Triplet",
        idea="An anchor should be nearer to a positive than to a negative, by the margin.",
        formula=r"\ell = \max\big(0,\ \|a - p\| - \|a - n\| + m\big)",
        shapes="three embeddings (N, D) → one number",
        use="Faces, products, sentences: find the same again.",
        trap="Most random triplets already cost 0 and teach nothing: look for hard negatives.",
        torch="`F.triplet_margin_loss(a, p, n, margin=1.0)`, `nn.TripletMarginLoss`",
        code=formulas.triplet,
        draw=pictures.draw_triplet,
        sees="against the negative's distance, with the positive at 1: for a margin of 1 a line falls to 0 at 2, for 0.3 at 1.3",
        source="[Schroff, Kalenichenko and Philbin 2015](https://arxiv.org/abs/1503.03832)",
    ),
]

SEQUENCES = [
    Entry(
        name="CTC",
        idea="The target has no positions: the loss sums the probabilities of all ways to spell it, with repeats and blanks in between.",
        formula=r"L = -\log \sum_{\pi\ \text{spells}\ y}\ \prod_t p_{t, \pi_t}",
        shapes="log-probabilities (T, N, C), targets (N, S), both lengths (N,) → one number; below, one sequence (T, C), not divided by S",
        use="Speech and handwriting, where nobody has marked which frame is which letter.",
        trap="T comes first, and class 0 is the blank. A target longer than its input costs ∞.",
        torch="`F.ctc_loss`, `nn.CTCLoss(blank=0)` (its mean also divides by each target's length)",
        code=formulas.ctc,
        draw=pictures.draw_ctc,
        sees="three frames, one letter, against the letter's probability in each frame: the loss falls from far above 4, "
        "and lies well below −3 log p, the price of the one way that repeats the letter three times",
        source="[Graves et al. 2006](https://doi.org/10.1145/1143844.1143891)",
    ),
]

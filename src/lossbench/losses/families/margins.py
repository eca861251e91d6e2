"""Margins between classes."""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.families.cross_entropy import cross_entropy
from lossbench.losses.families.reweighting import class_balanced_weights
from lossbench.losses.probability import pick
from lossbench.losses.shapes import ClassCounts, Logits, PerSample, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "LINKS", "hinge", "hinge_ww", "ldam", "ldam_drw"]


def ldam(
    logits: Logits, target: Target, *, class_counts: ClassCounts, max_margin: float = 0.5, scale: float = 30.0
) -> PerSample:
    r"""Cross entropy with a margin that is larger for rare classes: label-distribution-aware margins.

    .. math:: -\log \operatorname{softmax}(s (z - m_y e))_y, \qquad m_k = m (n_k / \min_j n_j)^{-1/4}

    The rarest class has the margin m. Predictions are made with softmax(s z).

    Args:
        logits: raw outputs, shape (batch, classes); cosines in the paper.
        target: class indices, shape (batch,).
        class_counts: training samples per class, shape (classes,).
        max_margin: the margin m of the rarest class, at least 0.
        scale: the factor s, above 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Cao, Wei, Gaidon, Arechiga, Ma, 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss,
        arXiv:1906.07413.
    """
    logits = widen(logits)
    margins = max_margin * (class_counts / class_counts.min()) ** -0.25
    own = torch.diag(margins.to(logits.dtype))[target]  # (batch, classes): 0 but for the true class
    return cross_entropy(scale * (logits - own), target)


def ldam_drw(
    logits: Logits,
    target: Target,
    *,
    class_counts: ClassCounts,
    progress: float,
    max_margin: float = 0.5,
    scale: float = 30.0,
    beta: float = 0.9999,
    defer: float = 0.8,
) -> PerSample:
    r"""LDAM, and late in training with class-balanced weights: deferred reweighting.

    .. math:: -w_y \log \operatorname{softmax}(s (z - m_y e))_y

    The margins m are those of `ldam`. All weights w are 1 until the share `defer` of training is done, and then
    those of `class_balanced`. Predictions are made with softmax(s z).

    Args:
        logits: raw outputs, shape (batch, classes); cosines in the paper.
        target: class indices, shape (batch,).
        class_counts: training samples per class, shape (classes,).
        progress: the share of training done, 0 to 1.
        max_margin: the margin of the rarest class, at least 0.
        scale: the factor s, above 0.
        beta: of the weights, from 0, where they are all 1, to below 1.
        defer: the share of training after which the weights are used.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Cao, Wei, Gaidon, Arechiga, Ma, 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss,
        arXiv:1906.07413.
    """
    loss = ldam(logits, target, class_counts=class_counts, max_margin=max_margin, scale=scale)
    if progress < defer:
        return loss
    return class_balanced_weights(class_counts, beta).to(loss.dtype)[target] * loss


def hinge(logits: Logits, target: Target, *, margin: float = 1.0) -> PerSample:
    r"""How far the true class's logit is from leading the best of the others by a margin.

    .. math:: \max(0, m + \max_{k \ne y} z_k - z_y)

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        margin: the margin m, above 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Crammer, Singer, 2001, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines,
        Journal of Machine Learning Research 2:265-292.
    """
    return _shortfalls(logits, target, margin).amax(dim=1)


def hinge_ww(logits: Logits, target: Target, *, margin: float = 1.0) -> PerSample:
    r"""How far the true class's logit is from leading each of the others by a margin, in sum.

    .. math:: \sum_{k \ne y} \max(0, m + z_k - z_y)

    `torch.nn.MultiMarginLoss` is this sum divided by the number of classes.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        margin: the margin m, above 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Weston, Watkins, 1999, Support Vector Machines for Multi-Class Pattern Recognition, ESANN 1999.
    """
    return _shortfalls(logits, target, margin).relu().sum(dim=1)


def _shortfalls(logits: Tensor, target: Tensor, margin: float) -> Tensor:
    """What the true class's logit lacks of a margin over each other, (batch, classes); 0 at the true class."""
    logits = widen(logits)
    lead = logits - pick(logits, target).unsqueeze(1)
    return (lead + margin).scatter(1, target.unsqueeze(1), 0.0)


def _scaled_log_softmax(logits: Logits, *, scale: float, **_: float) -> Logits:
    """The logarithms of LDAM's probabilities, (batch, classes): margins are for training only."""
    return (scale * widen(logits)).log_softmax(dim=1)


CAO = Reference(
    "Cao, Wei, Gaidon, Arechiga, Ma",
    2019,
    "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",
    "arXiv:1906.07413",
)
SCALED_SOFTMAX = "softmax of the logits times the scale"
RARE_MARGINS = Claim(
    "Rare classes get larger margins, in the proportion that is best for a bound on the error of two classes.",
    "Cao et al. 2019, arXiv:1906.07413",
)
COSINES = Claim(
    "The paper's logits are cosines of normalised features and weights, between −1 and 1; of unbounded logits a "
    "margin of 0.5 is a small part, and the scale only makes the softmax sharper and the gradients larger.",
    "Cao et al. 2019, arXiv:1906.07413, and the authors' code",
)
LDAM_HYPERPARAMETERS = (
    Hyperparameter("max_margin", 0.5, "m, margin of the rarest class", minimum=0, search=Interval(0.1, 2, log=True)),
    Hyperparameter(
        "scale",
        30.0,
        "s, factor of the logits, after the margin was taken off",
        above=0,
        search=Interval(1, 100, log=True),
    ),
)

LDAM = LossCard(
    name="ldam",
    version=1,
    family="imbalance and margins",
    title="Label-distribution-aware margin loss (LDAM)",
    formula=r"L(z, y) = -\log \operatorname{softmax}(s (z - m_y e))_y, "
    r"\qquad m_k = m \left( \frac{n_k}{\min_j n_j} \right)^{-1/4}",
    purpose="For imbalanced classes: the fewer samples a class has, the larger the margin by which it has to lead.",
    when="When classes are imbalanced, best with a classifier whose logits are cosines.",
    strengths=(
        RARE_MARGINS,
        Claim("At max_margin=0 and scale=1 it is cross entropy, and it is convex in the logits.", "the formula"),
    ),
    weaknesses=(
        COSINES,
        Claim(
            "Its gradients are up to scale times those of cross entropy, so that it needs another learning rate.",
            "derivative of the formula",
        ),
    ),
    reference=CAO,
    hyperparameters=LDAM_HYPERPARAMETERS,
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=30.0,
        equals=(Equality({"max_margin": 0.0, "scale": 1.0}, "cross_entropy"),),
    ),
    needs=frozenset({"class_counts"}),
    link=SCALED_SOFTMAX,
)

LDAM_DRW = LossCard(
    name="ldam_drw",
    version=1,
    family="imbalance and margins",
    title="LDAM with deferred reweighting (LDAM-DRW)",
    formula=r"L(z, y) = -w_y \log \operatorname{softmax}(s (z - m_y e))_y, "
    r"\qquad m_k = m \left( \frac{n_k}{\min_j n_j} \right)^{-1/4}, "
    r"\qquad w_k = \begin{cases} 1 & \text{before defer} \\ K v_k / \sum_j v_j & \text{from then on} \end{cases}, "
    r"\qquad v_k = \frac{1 - \beta}{1 - \beta^{n_k}}",
    purpose="For imbalanced classes: margins by class all along, and weights by class late in training.",
    when="When classes are imbalanced and training is long enough for two stages.",
    strengths=(
        Claim(
            "A first stage without weights lets the network learn its features free of the complications that "
            "weights bring.",
            "Cao et al. 2019, arXiv:1906.07413",
        ),
        RARE_MARGINS,
        Claim("At beta=0 it is ldam, as it is for every beta until the weights set in.", "the formula"),
    ),
    weaknesses=(
        COSINES,
        Claim(
            "The authors' code starts the weights at epoch 160, so that a shorter run of it never has them; here they "
            "start at a share of training, by default the paper's 160 of 200.",
            "Cao et al. 2019, the authors' code",
        ),
        Claim(
            "When the weights set in, the loss and its gradients jump; the authors' code divides them by the weights "
            "in the batch, which is not done here.",
            "the formula; Cao et al. 2019, the authors' code",
        ),
    ),
    reference=CAO,
    hyperparameters=(
        *LDAM_HYPERPARAMETERS,
        Hyperparameter(
            "beta",
            0.9999,
            "of the class-balanced weights; at 0 they are all 1",
            minimum=0,
            below=1,
            search=(0.9, 0.99, 0.999, 0.9999),
        ),
        Hyperparameter("defer", 0.8, "share of training after which the weights are used", minimum=0, maximum=1),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=None,
        equals=(Equality({"beta": 0.0}, "ldam"),),
    ),
    needs=frozenset({"class_counts", "progress"}),
    link=SCALED_SOFTMAX,
)

NO_PROBABILITIES = Claim(
    "It says nothing about probabilities: softmax(z) stays wherever the margin left it, so that calibration and "
    "log-likelihood of it mean little.",
    "the formula",
)
INCONSISTENT = Claim(
    "With more than two classes it is not consistent: where no class has more than half of the probability, its "
    "minimiser need not single out the most probable one.",
    "Tewari, Bartlett 2007, Journal of Machine Learning Research 8:1007-1025",
)
MARGIN = Hyperparameter(
    "margin", 1.0, "m, by how much the true class's logit is to lead", above=0, search=Interval(0.1, 10, log=True)
)

HINGE = LossCard(
    name="hinge",
    version=1,
    family="imbalance and margins",
    title="Multi-class hinge loss (Crammer-Singer)",
    formula=r"L(z, y) = \max \left( 0, m + \max_{k \ne y} z_k - z_y \right)",
    purpose="The loss of the multi-class support vector machine, for when only the predicted class counts.",
    when="When the decision matters and not the probabilities.",
    strengths=(
        Claim(
            "Samples that lead by the margin cost nothing and have no gradient: training is left to the others.",
            "derivative of the formula",
        ),
        Claim(
            "It is convex in the logits, and at margin 1 an upper bound of the error.",
            "the formula",
        ),
    ),
    weaknesses=(
        INCONSISTENT,
        NO_PROBABILITIES,
        Claim(
            "It moves two logits of a sample at a time, those of the true class and of its strongest rival.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Crammer, Singer",
        2001,
        "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines",
        "Journal of Machine Learning Research 2:265-292",
    ),
    hyperparameters=(MARGIN,),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=1.0),
)

HINGE_WW = LossCard(
    name="hinge_ww",
    version=1,
    family="imbalance and margins",
    title="Multi-class hinge loss (Weston-Watkins)",
    formula=r"L(z, y) = \sum_{k \ne y} \max(0, m + z_k - z_y)",
    purpose="A multi-class support vector machine's loss in which every rival of the true class counts.",
    when="When the decision matters and not the probabilities, and every wrong class shall count.",
    strengths=(
        Claim(
            "Every class that comes too near has a gradient, not only the strongest rival as in hinge.",
            "derivative of the formula",
        ),
        Claim(
            "Samples that lead all others by the margin cost nothing and have no gradient, and it is convex in the "
            "logits.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        INCONSISTENT,
        NO_PROBABILITIES,
        Claim(
            "It is a sum over the rivals, so that values and gradients grow with the number of classes; "
            "torch.nn.MultiMarginLoss divides it by that number.",
            "derivative of the formula; documentation of torch.nn.MultiMarginLoss",
        ),
    ),
    reference=Reference(
        "Weston, Watkins", 1999, "Support Vector Machines for Multi-Class Pattern Recognition", "ESANN 1999"
    ),
    hyperparameters=(MARGIN,),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=None),
)

CARDS = (LDAM, LDAM_DRW, HINGE, HINGE_WW)

LINKS = {"ldam": _scaled_log_softmax, "ldam_drw": _scaled_log_softmax}

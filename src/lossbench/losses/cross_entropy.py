"""The cross-entropy family."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import logsigmoid

from lossbench.losses.card import Claim, Hyperparameter, LossCard, Properties, Reference
from lossbench.losses.shapes import Logits, PerSample, Target
from lossbench.losses.widen import widen

__all__ = ["CROSS_ENTROPY", "FOCAL", "cross_entropy", "focal"]


def cross_entropy(logits: Logits, target: Target) -> PerSample:
    r"""Negative log-likelihood of the true class.

    .. math:: -\log p_y = \log \sum_k e^{z_k} - z_y

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Good, 1952, Rational Decisions, doi:10.1111/j.2517-6161.1952.tb00104.x.
    """
    return torch.nn.functional.cross_entropy(widen(logits), target, reduction="none")


def focal(
    logits: Logits, target: Target, *, gamma: float = 2.0, alpha: float | Sequence[float] | None = None
) -> PerSample:
    r"""Cross entropy, scaled down where the true class is already probable.

    .. math:: -\alpha_y (1 - p_y)^\gamma \log p_y

    With d the logit of the true class minus the log-sum-exp of the others, p = sigmoid(d) and 1 − p = sigmoid(−d),
    so both logarithms are taken without forming 1 − p. The usual form's gradient is NaN at p = 1 when gamma < 1;
    this one is finite in value and gradient for every gamma ≥ 0 and |logit| ≤ 1e4.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma: focusing parameter, at least 0; at 0 this is cross entropy. The factor is differentiated, too.
        alpha: weight of every class, or one weight per class, (classes,); 1 when it is None.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Lin, Goyal, Girshick, He, Dollár, 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.
    """
    logits = widen(logits)
    index = target.unsqueeze(1)
    others = logits.scatter(1, index, -torch.inf).logsumexp(dim=1)
    d = logits.gather(1, index).squeeze(1) - others
    loss = -torch.exp(gamma * logsigmoid(-d)) * logsigmoid(d)
    if alpha is None:
        return loss
    weight = alpha if isinstance(alpha, int | float) else logits.new_tensor(alpha)[target]
    return weight * loss


CROSS_ENTROPY = LossCard(
    name="cross_entropy",
    version=1,
    family="cross-entropy",
    title="Cross entropy",
    formula=r"L(z, y) = -\log p_y, \qquad p = \operatorname{softmax}(z)",
    purpose="The standard loss of classification: the negative log-likelihood of the true class.",
    strengths=(
        Claim(
            "A proper scoring rule: in expectation it is least for the true class probabilities.",
            "Gneiting, Raftery 2007, doi:10.1198/016214506000001437",
        ),
        Claim(
            "Confident wrong predictions cost much, and their gradient does not vanish: by a logit it is p − e.",
            "Goodfellow, Bengio, Courville 2016, Deep Learning, section 6.2",
        ),
        Claim("It is convex in the logits.", "Boyd, Vandenberghe 2004, Convex Optimization, section 3.1.5"),
    ),
    weaknesses=(
        Claim(
            "It is unbounded, so that wrong labels are fitted sooner or later and at any price.",
            "Zhang, Sabuncu 2018, arXiv:1805.07836",
        ),
        Claim("Networks trained with it to the end are over-confident.", "Guo et al. 2017, arXiv:1706.04599"),
        Claim(
            "With imbalanced classes it leans to the majority, whose samples make up most of its mean.",
            "Menon et al. 2020, arXiv:2007.07314",
        ),
    ),
    reference=Reference("Good", 1952, "Rational Decisions", "doi:10.1111/j.2517-6161.1952.tb00104.x"),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=1.0),
)

FOCAL = LossCard(
    name="focal",
    version=1,
    family="cross-entropy",
    title="Focal loss",
    formula=r"L(z, y) = -\alpha_y \, (1 - p_y)^{\gamma} \log p_y, \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy that gives less weight to samples that are already classified well.",
    strengths=(
        Claim(
            "Many easy samples cannot drown the few hard ones; made for detection, where background abounds.",
            "Lin et al. 2017, arXiv:1708.02002",
        ),
        Claim(
            "With gamma near 3 it gives better calibrated networks than cross entropy.",
            "Mukhoti et al. 2020, arXiv:2002.09437",
        ),
    ),
    weaknesses=(
        Claim("gamma and alpha have to be chosen for the data at hand.", "Lin et al. 2017, arXiv:1708.02002"),
        Claim(
            "It is no proper scoring rule: its minimiser is not the true class probabilities.",
            "Charoenphakdee et al. 2021, arXiv:2011.09172",
        ),
        Claim(
            "Written down naively its gradient is NaN at p = 1 for gamma < 1; here it is computed in log space.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Lin, Goyal, Girshick, He, Dollár", 2017, "Focal Loss for Dense Object Detection", "arXiv:1708.02002"
    ),
    hyperparameters=(
        Hyperparameter("gamma", 2.0, "focusing: how fast the weight falls as the true class gets probable", minimum=0),
        Hyperparameter(
            "alpha", None, "weight of all classes, or one per class", minimum=0, optional=True, per_class=True
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.13,
        equals=(({"gamma": 0.0}, "cross_entropy", {}),),
    ),
)

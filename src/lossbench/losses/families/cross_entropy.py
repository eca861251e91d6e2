"""The cross-entropy family."""

from __future__ import annotations

import torch

from lossbench.losses.card import Claim, LossCard, Properties, Reference
from lossbench.losses.shapes import Logits, PerSample, SoftTarget
from lossbench.losses.widen import widen

__all__ = ["CARDS", "cross_entropy"]


def cross_entropy(logits: Logits, target: SoftTarget) -> PerSample:
    r"""Negative log-likelihood of the true class.

    .. math:: -\log p_y = \log \sum_k e^{z_k} - z_y

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Good, 1952, Rational Decisions, doi:10.1111/j.2517-6161.1952.tb00104.x.
    """
    logits = widen(logits)
    if target.is_floating_point():
        target = target.to(logits.dtype)
    return torch.nn.functional.cross_entropy(logits, target, reduction="none")


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
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=1.0, soft_targets=True),
)

CARDS = (CROSS_ENTROPY,)

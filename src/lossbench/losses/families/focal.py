"""Focal loss and its kin: cross entropy with less weight on what is classified well."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import logsigmoid

from lossbench.losses.card import Claim, Equality, Hyperparameter, LossCard, Properties, Reference
from lossbench.losses.probability import log_odds
from lossbench.losses.shapes import Logits, PerSample, Target

__all__ = ["CARDS", "focal"]


def focal(
    logits: Logits,
    target: Target,
    *,
    gamma: float = 2.0,
    alpha: float | Sequence[float] | None = None,
    detach: bool = False,
) -> PerSample:
    r"""Cross entropy, scaled down where the true class is already probable.

    .. math:: -\alpha_y (1 - p_y)^\gamma \log p_y

    With d the logit of the true class minus the log-sum-exp of the others, p = sigmoid(d) and 1 − p = sigmoid(−d),
    so both logarithms are taken without forming 1 − p. The usual form's gradient is NaN at p = 1 when gamma < 1;
    this one is finite in value and gradient for every gamma ≥ 0 and |logit| ≤ 1e4.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma: focusing parameter, at least 0; at 0 this is cross entropy.
        alpha: weight of every class, or one weight per class, (classes,); 1 when it is None.
        detach: whether the factor is held constant in differentiation, as some implementations do; a loss with
            other gradients.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Lin, Goyal, Girshick, He, Dollár, 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.
    """
    d = log_odds(logits, target)
    factor = torch.exp(gamma * logsigmoid(-d))
    loss = -(factor.detach() if detach else factor) * logsigmoid(d)
    if alpha is None:
        return loss
    weight = alpha if isinstance(alpha, int | float) else d.new_tensor(alpha)[target]
    return weight * loss


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
        Hyperparameter("detach", False, "hold the factor constant in differentiation, as some implementations do"),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.13,
        equals=(Equality({"gamma": 0.0}, "cross_entropy"),),
    ),
)

CARDS = (FOCAL,)

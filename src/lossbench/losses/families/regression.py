"""Regression-style losses: the logits are regressed onto the one-hot target."""

from __future__ import annotations

from lossbench.losses.card import Claim, LossCard, Properties, Reference
from lossbench.losses.probability import as_probabilities
from lossbench.losses.shapes import Logits, PerSample, SoftTarget
from lossbench.losses.widen import widen

__all__ = ["CARDS", "l1"]


def l1(logits: Logits, target: SoftTarget) -> PerSample:
    r"""Mean absolute difference between the logits and the one-hot target.

    .. math:: \frac{1}{K} \sum_k |z_k - e_k|

    This is `torch.nn.L1Loss` on raw logits, as the course report used it; `mae` on probabilities is another loss.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Koenker, Bassett, 1978, Regression Quantiles, doi:10.2307/1913643 (minimised by the conditional median).
    """
    return (widen(logits) - as_probabilities(logits, target)).abs().mean(dim=1)


L1 = LossCard(
    name="l1",
    version=1,
    family="regression-style",
    title="L1 loss (mean absolute error on the logits)",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} \left| z_k - e_k \right|",
    purpose="A regression loss, put to classification by regressing each logit onto the one-hot target.",
    strengths=(
        Claim(
            "Its gradient does not grow with the error, so single outliers cannot dominate a step.",
            "Koenker, Bassett 1978, doi:10.2307/1913643",
        ),
    ),
    weaknesses=(
        Claim(
            "It is minimised by the conditional median, and with more than two balanced classes the median of every "
            "one-hot component is 0: until the network is sure beyond one half, the best output is 0 for every class.",
            "Koenker, Bassett 1978, doi:10.2307/1913643",
        ),
        Claim(
            "It measures distances to numbers that only stand for class labels, which is not what a classifier is "
            "asked for.",
            "Pan 2023, Loss function analysis, section 2.1",
        ),
        Claim(
            "Each logit receives a gradient of 1/K whether it is almost right or far off.",
            "derivative of the formula",
        ),
    ),
    reference=Reference("Koenker, Bassett", 1978, "Regression Quantiles", "doi:10.2307/1913643"),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=0.5, soft_targets=True),
)

CARDS = (L1,)

"""Second formulas of the losses for imbalance, and of those with margins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from references_cross_entropy import focal
from references_types import Array, Context, Reference, cross_entropy, true


def counts(context: Context) -> Array:
    return np.array(context.class_counts, dtype=float)


def weighted(weights: Callable[[Array], Array], reference: Reference) -> Reference:
    """Cross entropy (which is linear in e) or a loss of the true class, by the weights of the class counts."""

    def formula(z: Array, e: Array, context: Context) -> Array:
        w = weights(counts(context))
        if reference is cross_entropy:
            return cross_entropy(z, w * e, context)
        return np.asarray((w * e).sum(axis=1) * reference(z, e, context))

    return formula


def adjusted(adjust: Callable[[Array, Array], Array]) -> Reference:
    """Cross entropy of logits that were changed by the class counts."""

    def formula(z: Array, e: Array, context: Context) -> Array:
        return cross_entropy(adjust(z, counts(context)), e, context)

    return formula


def summing_to_classes(w: Array) -> Array:
    return np.asarray(w * (len(w) / w.sum()))


# reweighting


def by_samples(n: Array) -> Array:
    return np.asarray(n.sum() / (len(n) * n))


def by_classes(n: Array) -> Array:
    return summing_to_classes(1 / n)


# Cui et al. 2019, arXiv 1901.05555
def effective(beta: float) -> Callable[[Array], Array]:
    return lambda n: summing_to_classes((1 - beta) / (1 - beta**n))


# adjustment


# Ren et al. 2020, arXiv 2007.10740
balanced_softmax = adjusted(lambda z, n: z + np.log(n))


# Menon et al. 2020, arXiv 2007.07314
def logit_adjusted(tau: float) -> Reference:
    return adjusted(lambda z, n: z + tau * np.log(n / n.sum()))


# Ye et al. 2020, arXiv 2001.01385: logits over a_k = (n_max / n_k)^gamma
def cdt(gamma: float) -> Reference:
    return adjusted(lambda z, n: z / (n.max() / n) ** gamma)


# Kini et al. 2021, arXiv 2103.01550
def vs(gamma: float, tau: float) -> Reference:
    return adjusted(lambda z, n: z * (n / n.max()) ** gamma + tau * np.log(n / n.sum()))


# Tan et al. 2020, arXiv 2003.05176
def softmax_equalization(rate: float, threshold: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        rare = counts(context) / sum(context.class_counts) < threshold
        drawn = torch.rand(*z.shape, generator=context.generator).numpy() < rate
        return cross_entropy(np.where(drawn & rare & (e == 0), -np.inf, z), e, context)

    return formula


# margins


# Cao et al. 2019, arXiv 1906.07413
def ldam(max_margin: float = 0.5, scale: float = 30) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        n = counts(context)
        margins = max_margin * (n / n.min()) ** -0.25
        return cross_entropy(scale * (z - margins * e), e, context)

    return formula


# The same, with class-balanced weights from a share of training on
def ldam_drw(max_margin: float = 0.5, scale: float = 30, beta: float = 0.9999, defer: float = 0.8) -> Reference:
    plain = ldam(max_margin, scale)
    reweighted = weighted(effective(beta), plain)

    def formula(z: Array, e: Array, context: Context) -> Array:
        return (reweighted if context.progress >= defer else plain)(z, e, context)

    return formula


# Crammer & Singer 2001
def hinge(margin: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        rival = np.where(e > 0, -np.inf, z).max(axis=1)
        return np.asarray(np.maximum(0, margin + rival - true(z, e)))

    return formula


# Weston & Watkins 1999
def hinge_ww(margin: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        each = np.maximum(0, margin + z - true(z, e)[:, None])
        return np.asarray(np.where(e > 0, 0, each).sum(axis=1))

    return formula


REFERENCES: dict[str, Reference] = {
    "weighted_ce": weighted(by_samples, cross_entropy),
    "weighted_ce(normalisation=classes)": weighted(by_classes, cross_entropy),
    "class_balanced": weighted(effective(0.9999), cross_entropy),
    **{f"class_balanced(beta={beta})": weighted(effective(beta), cross_entropy) for beta in (0, 0.9, 0.99, 0.999999)},
    "class_balanced_focal": weighted(effective(0.9999), focal(2)),
    "class_balanced_focal(gamma=0.5)": weighted(effective(0.9999), focal(0.5)),
    "class_balanced_focal(beta=0.9, gamma=1)": weighted(effective(0.9), focal(1)),
    "class_balanced_focal(beta=0, gamma=0)": cross_entropy,
    "balanced_softmax": balanced_softmax,
    "logit_adjusted": logit_adjusted(1),
    **{f"logit_adjusted(tau={tau})": logit_adjusted(tau) for tau in (0, 0.5, 2)},
    "cdt": cdt(0.3),
    **{f"cdt(gamma={gamma})": cdt(gamma) for gamma in (0, 0.1, 1)},
    "vs": vs(0.3, 1),
    "vs(gamma=0)": vs(0, 1),
    "vs(tau=0)": vs(0.3, 0),
    "vs(gamma=0.15, tau=1.25)": vs(0.15, 1.25),
    "softmax_equalization": softmax_equalization(0.9, 0.05),
    "softmax_equalization(threshold=0.005)": softmax_equalization(0.9, 0.005),
    "softmax_equalization(rate=0.5, threshold=0.2)": softmax_equalization(0.5, 0.2),
    "softmax_equalization(rate=0, threshold=1)": cross_entropy,
    "softmax_equalization(rate=0.9, threshold=1)": softmax_equalization(0.9, 1),
    "softmax_equalization(rate=1, threshold=0.05)": softmax_equalization(1, 0.05),
    "ldam": ldam(),
    "ldam(max_margin=0)": ldam(0),
    "ldam(max_margin=2, scale=1)": ldam(2, 1),
    "ldam(scale=64)": ldam(0.5, 64),
    "ldam_drw": ldam_drw(),
    "ldam_drw(beta=0.9)": ldam_drw(beta=0.9),
    "ldam_drw(defer=0)": ldam_drw(defer=0),
    "ldam_drw(max_margin=1, scale=5, beta=0)": ldam_drw(1, 5, 0),
    "hinge": hinge(1),
    **{f"hinge(margin={margin})": hinge(margin) for margin in (0.1, 3)},
    "hinge_ww": hinge_ww(1),
    **{f"hinge_ww(margin={margin})": hinge_ww(margin) for margin in (0.1, 3)},
}

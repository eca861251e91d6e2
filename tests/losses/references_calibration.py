"""Second formulas of the losses for calibration, and of those that ask every class by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from references_types import Array, Context, Reference, cross_entropy, log_softmax, probabilities
from scipy.special import digamma, gammaln

# calibration


# Liu et al. 2022, arXiv 2111.15430
def mbls(weight: float = 0.1, margin: float = 10) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        gaps = z.max(axis=1, keepdims=True) - z
        return np.asarray(cross_entropy(z, e, context) + weight * np.maximum(0, gaps - margin).mean(axis=1))

    return formula


# Kumar, Sarawagi & Jain 2018, ICML: the square root of MMCE_m^2, unweighted
def mmce(weight: float = 2, width: float = 0.4) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        p, not_p = probabilities(z)
        rows, top = np.arange(len(z)), z.argmax(axis=1)
        confidence, doubt = p[rows, top], not_p[rows, top]
        gaps = np.where(top == e.argmax(axis=1), doubt, -confidence)
        kernel = np.exp(-np.abs(doubt[:, None] - doubt) / width)
        squared = gaps @ kernel @ gaps / len(z) ** 2
        return np.asarray(cross_entropy(z, e, context) + weight * np.sqrt(squared))

    return formula


# one against all


def bce(divide: bool = False) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        total = (e * np.logaddexp(0, -z) + (1 - e) * np.logaddexp(0, z)).sum(axis=1)
        return np.asarray(total / z.shape[1] if divide else total)

    return formula


# Ridnik et al. 2020, arXiv 2009.14119, for one label
def asymmetric(gamma_pos: float = 0, gamma_neg: float = 4, epsilon: float = 0.1) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        p, not_p = probabilities(z)
        weights = np.where(e > 0, not_p**gamma_pos, p**gamma_neg)
        targets = (1 - epsilon) * e + epsilon / z.shape[1]
        return np.asarray(-(targets * weights * log_softmax(z)).sum(axis=1))

    return formula


# Sensoy, Kaplan & Kandemir 2018, arXiv 1806.01768, equation 5 and the annealed divergence from the flat Dirichlet
def evidential(evidence: Callable[[Array], Array], annealing: float = 0.2) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        alpha = evidence(z) + 1
        total = alpha.sum(axis=1, keepdims=True)
        p = alpha / total
        rest = np.where(e > 0, total - alpha, 0).sum(axis=1, keepdims=True) / total  # 1 - p of the true class
        errors = np.where(e > 0, rest, p) ** 2
        risk = (errors + p * (1 - p) / (total + 1)).sum(axis=1)
        share = min(1.0, context.progress / annealing) if annealing > 0 else 1.0
        return np.asarray(risk + share * from_flat(np.where(e > 0, 1, alpha)))

    return formula


def from_flat(alpha: Array) -> Array:
    """KL(Dirichlet(alpha) || Dirichlet(1, ..., 1)), (n,)."""
    total = alpha.sum(axis=1)
    beta = gammaln(total) - gammaln(alpha).sum(axis=1) - gammaln(alpha.shape[1])
    return np.asarray(beta + ((alpha - 1) * (digamma(alpha) - digamma(total)[:, None])).sum(axis=1))


def relu(z: Array) -> Array:
    return np.maximum(0, z)


def softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


# The authors' code clips at 10
def exp(z: Array) -> Array:
    return np.asarray(np.exp(z.clip(-10, 10)))


REFERENCES: dict[str, Reference] = {
    "mbls": mbls(),
    "mbls(margin=0)": mbls(0.1, 0),
    "mbls(weight=2, margin=1)": mbls(2, 1),
    "mbls(weight=0)": mbls(0),
    "mmce": mmce(),
    "mmce(weight=0.5)": mmce(0.5),
    "mmce(width=0.01)": mmce(2, 0.01),
    "mmce(weight=8, width=10)": mmce(8, 10),
    "bce": bce(),
    "bce(mean=true)": bce(divide=True),
    "asymmetric": asymmetric(),
    "asymmetric(epsilon=0)": asymmetric(epsilon=0),
    "asymmetric(gamma_pos=1, gamma_neg=4)": asymmetric(1, 4),
    "asymmetric(gamma_pos=0.5, gamma_neg=0.5, epsilon=0.3)": asymmetric(0.5, 0.5, 0.3),
    "asymmetric(gamma_pos=0, gamma_neg=0)": asymmetric(0, 0),
    "evidential": evidential(relu),
    "evidential(evidence=softplus)": evidential(softplus),
    "evidential(evidence=exp)": evidential(exp),
    "evidential(annealing=0)": evidential(relu, 0),
    "evidential(evidence=softplus, annealing=1)": evidential(softplus, 1),
}

"""Second formulas of cross entropy and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from references_types import Array, Context, Reference, cross_entropy, dot, log_odds, log_softmax, probabilities, true

# cross entropy


def smoothed(smooth: Callable[[Array], Array]) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        return cross_entropy(z, smooth(e), context)

    return formula


# Szegedy et al. 2016, arXiv 1512.00567
def label_smoothing(epsilon: float) -> Reference:
    return smoothed(lambda e: (1 - epsilon) * e + epsilon / e.shape[1])


def label_smoothing_others(epsilon: float) -> Reference:
    return smoothed(lambda e: (1 - epsilon) * e + epsilon * (1 - e) / (e.shape[1] - 1))


def label_smoothing_normalised(epsilon: float) -> Reference:
    return smoothed(lambda e: (e + epsilon / e.shape[1]) / (1 + epsilon))


# Leng et al. 2022, arXiv 2204.12511
def poly1(epsilon: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        return cross_entropy(z, e, context) + epsilon * dot(e, probabilities(z)[1])

    return formula


# Pereyra et al. 2017, arXiv 1701.06548
def confidence_penalty(beta: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        log_p = log_softmax(z)
        entropy = -dot(np.exp(log_p), log_p)
        return np.asarray(cross_entropy(z, e, context) - beta * entropy)

    return formula


# Zhou et al. 2025, arXiv 2502.15798
def maxsup(alpha: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        return np.asarray(cross_entropy(z, e, context) + alpha * (z.max(axis=1) - z.mean(axis=1)))

    return formula


# focal


# Lin et al. 2017, arXiv 1708.02002
def focal(gamma: float, alpha: float | Sequence[float] = 1.0) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        weight = np.broadcast_to(np.asarray(alpha, dtype=float), z.shape)
        d = true(log_odds(z), e)
        return np.asarray(true(weight, e) * np.exp(-gamma * np.logaddexp(0, d)) * np.logaddexp(0, -d))

    return formula


# Mukhoti et al. 2020, arXiv 2002.09437
def flsd(gamma_hard: float = 5, gamma_easy: float = 3, threshold: float = 0.2) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        hard, easy = focal(gamma_hard)(z, e, context), focal(gamma_easy)(z, e, context)
        return np.where(true(probabilities(z)[0], e) < threshold, hard, easy)

    return formula


# Tao, Dong & Xu 2023, arXiv 2305.13665: nothing is added where no class lies below the true one
def dual_focal(gamma: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        p, not_p = probabilities(z)
        below = np.where(z < true(z, e)[:, None], p, 0).max(axis=1)
        return np.asarray(-((true(not_p, e) + below) ** gamma) * true(log_softmax(z), e))

    return formula


REFERENCES: dict[str, Reference] = {
    "cross_entropy": cross_entropy,
    "label_smoothing": label_smoothing(0.1),
    "label_smoothing(epsilon=0)": cross_entropy,
    "label_smoothing(epsilon=0.4)": label_smoothing(0.4),
    "label_smoothing(epsilon=1)": label_smoothing(1),
    "label_smoothing(convention=others)": label_smoothing_others(0.1),
    "label_smoothing(epsilon=0.5, convention=others)": label_smoothing_others(0.5),
    "label_smoothing(convention=normalised)": label_smoothing_normalised(0.1),
    "label_smoothing(epsilon=0.5, convention=normalised)": label_smoothing_normalised(0.5),
    "poly1": poly1(2),
    **{f"poly1(epsilon={epsilon})": poly1(epsilon) for epsilon in (-1, 0, 0.5, 6)},
    "confidence_penalty": confidence_penalty(0.1),
    **{f"confidence_penalty(beta={beta})": confidence_penalty(beta) for beta in (0, 0.01, 2)},
    "maxsup": maxsup(0.1),
    **{f"maxsup(alpha={alpha})": maxsup(alpha) for alpha in (0, 0.2, 3)},
    "focal": focal(2),
    **{f"focal(gamma={gamma})": focal(gamma) for gamma in (0, 0.1, 0.5, 1, 2, 5, 10)},
    "focal(gamma=0.5, alpha=0.25)": focal(0.5, 0.25),
    "focal(gamma=2, alpha=[0.5, 0, 3])": focal(2, (0.5, 0.0, 3.0)),
    "focal(detach=true)": focal(2),
    "flsd": flsd(),
    "flsd(gamma_hard=3, gamma_easy=0.5, threshold=0.6)": flsd(3, 0.5, 0.6),
    "flsd(gamma_hard=0.5, gamma_easy=0)": flsd(0.5, 0),
    "flsd(threshold=0.01)": flsd(threshold=0.01),
    "dual_focal": dual_focal(5),
    **{f"dual_focal(gamma={gamma})": dual_focal(gamma) for gamma in (0, 0.5, 1, 2.5)},
}

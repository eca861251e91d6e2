"""Second formulas of the losses against label noise."""

from __future__ import annotations

import math

import numpy as np
import torch
from references_types import (
    Array,
    Context,
    Reference,
    cross_entropy,
    dot,
    error,
    log_odds,
    log_softmax,
    plus,
    probabilities,
    true,
)

LOG_ZERO = math.log(1e-4)

# generalised


# Zhang & Sabuncu 2018, arXiv 1805.07836
def gce(q: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        return np.asarray(-np.expm1(q * true(log_softmax(z), e)) / q)

    return formula


# Zhou et al. 2021, arXiv 2106.03110: ((a + 1)^q - (a + p)^q) / q
def agce(a: float, q: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        not_p = true(probabilities(z)[1], e)
        return np.asarray(-((a + 1) ** q) * np.expm1(q * np.log1p(-not_p / (a + 1))) / q)

    return formula


# Zhou et al. 2021, arXiv 2106.03110: ((a - p)^q - (a - 1)^q) / q
def aul(a: float, q: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        not_p = true(probabilities(z)[1], e)
        return np.asarray((a - 1) ** q * np.expm1(q * np.log1p(not_p / (a - 1))) / q)

    return formula


# Zhou et al. 2021, arXiv 2106.03110
def ael(a: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        return np.asarray(np.exp(-true(probabilities(z)[0], e) / a))

    return formula


# Feng et al. 2020, "Can cross entropy loss be robust to label noise?", IJCAI
def taylor_ce(terms: int) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        not_p = true(probabilities(z)[1], e)
        return np.asarray(sum(not_p**j / j for j in range(1, terms + 1)))

    return formula


# Menon et al. 2020, "Can gradient clipping mitigate label noise?", ICLR
def phuber_ce(tau: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        log_p = true(log_softmax(z), e)
        p = np.exp(log_p)
        return np.where(p > 1 / tau, -log_p, -tau * p + math.log(tau) + 1)

    return formula


# symmetric


# Wang et al. 2019, arXiv 1908.06112: -sum_k p_k log e_k with log 0 := A
def rce(log_zero: float = LOG_ZERO) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        p = np.exp(log_softmax(z))
        return np.asarray(-(p * np.where(e > 0, 0, log_zero)).sum(axis=1))

    return formula


# Wang et al. 2019, arXiv 1908.06112
def sce(alpha: float, beta: float, log_zero: float = LOG_ZERO) -> Reference:
    return plus((alpha, cross_entropy), (beta, rce(log_zero)))


# active and passive: Ma et al. 2020, arXiv 2006.13554


def nce(z: Array, e: Array, _: Context) -> Array:
    log_p = log_softmax(z)
    return np.asarray(true(log_p, e) / log_p.sum(axis=1))


def nfl(gamma: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        d = log_odds(z)
        terms = np.exp(-gamma * np.logaddexp(0, d)) * np.logaddexp(0, -d)
        return np.asarray(true(terms, e) / terms.sum(axis=1))

    return formula


def ngce(q: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        terms = -np.expm1(q * log_softmax(z))
        return np.asarray(true(terms, e) / terms.sum(axis=1))

    return formula


# The authors' code has 1 - p for MAE, half of sum_k |p_k - e_k|
def passive_mae(z: Array, e: Array, _: Context) -> Array:
    return true(probabilities(z)[1], e)


# divergence


# Englesson & Azizpour 2021, arXiv 2105.04522: pi KL(e || m) + (1 - pi) KL(p || m), m = pi e + (1 - pi) p, scaled
def jensen_shannon(pi: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        p, excess = probabilities(z)[0], error(z, e)
        m = e + (1 - pi) * excess
        to_target = dot(e, log_quotient(e, m, (pi - 1) * excess))
        to_model = dot(p, log_quotient(p, m, pi * excess))
        return np.asarray((pi * to_target + (1 - pi) * to_model) / (-(1 - pi) * math.log1p(-pi)))

    return formula


def log_quotient(a: Array, b: Array, excess: Array) -> Array:
    """log(a / b), from a - b where the two are near each other; 0 where either is 0."""
    known = (a > 0) & (b > 0)
    a, b = np.where(known, a, 1), np.where(known, b, 1)
    near = np.abs(excess) < 0.5 * b
    return np.where(near, np.log1p(np.where(near & known, excess / b, 0)), np.log(a) - np.log(b))


# Amid et al. 2019, arXiv 1906.03361
def bi_tempered(t1: float = 0.8, t2: float = 1.4, smoothing: float = 0) -> Reference:
    def log_t(u: Array) -> Array:
        return np.asarray((u ** (1 - t1) - 1) / (1 - t1))

    def formula(z: Array, e: Array, _: Context) -> Array:
        classes = z.shape[1]
        e = (1 - smoothing * classes / (classes - 1)) * e + smoothing / (classes - 1)
        p = tempered_softmax(z, t2)
        terms = e * (log_t(e) - log_t(p)) - (e ** (2 - t1) - p ** (2 - t1)) / (2 - t1)
        return np.asarray(terms.sum(axis=1))

    return formula


# exp_t(z - lambda), lambda by bisection until it no longer moves
def tempered_softmax(z: Array, t: float) -> Array:
    if t == 1:
        return np.exp(log_softmax(z))
    below = z.max(axis=1, keepdims=True) - z

    def power(excess: Array) -> Array:
        return np.asarray((1 + (t - 1) * (below + excess)) ** (-1 / (t - 1)))

    low = np.zeros((len(z), 1))
    high = low + (z.shape[1] ** (t - 1) - 1) / (t - 1)
    for _ in range(200):
        middle = (low + high) / 2
        much = power(middle).sum(axis=1, keepdims=True) > 1
        low, high = np.where(much, middle, low), np.where(much, high, middle)
    return power(high)


# Zhu, Ying & Yang 2023, arXiv 2112.14869
def ldr_kl(lam: float = 1, margin: float = 2) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        terms = (np.where(e > 0, 0, margin) + z - true(z, e)[:, None]) / lam
        return np.asarray(lam * (np.logaddexp.reduce(terms, axis=1) - math.log(z.shape[1])))

    return formula


# Wang et al. 2024, "epsilon-softmax", NeurIPS: of equal probabilities the first is the top
def epsilon_softmax(m: float) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        at_top = z.argmax(axis=1) == e.argmax(axis=1)
        raised = np.log1p(-true(probabilities(z)[1], e) / (1 + m))
        return -np.where(at_top, raised, true(log_softmax(z), e) - math.log1p(m))

    return formula


# bootstrapping


# Reed et al. 2014, arXiv 1412.6596
def bootstrap_soft(beta: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        return cross_entropy(z, beta * e + (1 - beta) * np.exp(log_softmax(z)), context)

    return formula


# Reed et al. 2014, arXiv 1412.6596
def bootstrap_hard(beta: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        return cross_entropy(z, beta * e + (1 - beta) * np.eye(z.shape[1])[z.argmax(axis=1)], context)

    return formula


# Liu & Guo 2019, arXiv 1910.03231
def peer(alpha: float) -> Reference:
    def formula(z: Array, e: Array, context: Context) -> Array:
        a, b = (torch.randperm(len(z), generator=context.generator).numpy() for _ in range(2))
        return cross_entropy(z, e, context) - alpha * cross_entropy(z[a], e[b], context)

    return formula


REFERENCES: dict[str, Reference] = {
    "gce": gce(0.7),
    **{f"gce(q={q})": gce(q) for q in (0.01, 0.3, 1)},
    "agce": agce(0.6, 0.6),
    **{f"agce(a={a}, q={q})": agce(a, q) for a, q in ((1e-3, 0.5), (1, 2), (6, 1.5), (0.3, 1), (4, 0.2))},
    "aul": aul(5.5, 3),
    **{f"aul(a={a}, q={q})": aul(a, q) for a, q in ((1.01, 0.5), (3, 0.1), (2, 1), (6.3, 1.5))},
    "ael": ael(2.5),
    **{f"ael(a={a})": ael(a) for a in (0.1, 1, 100)},
    "taylor_ce": taylor_ce(2),
    **{f"taylor_ce(terms={terms})": taylor_ce(terms) for terms in (1, 3, 20)},
    "phuber_ce": phuber_ce(10),
    **{f"phuber_ce(tau={tau})": phuber_ce(tau) for tau in (1.1, 2.5, 1000)},
    "rce": rce(),
    "rce(log_zero=-4)": rce(-4),
    "rce(log_zero=-0.5)": rce(-0.5),
    "sce": sce(0.1, 1),
    "sce(alpha=6, beta=0.1)": sce(6, 0.1),
    "sce(alpha=0)": sce(0, 1),
    "sce(beta=0)": sce(0.1, 0),
    "sce(log_zero=-4)": sce(0.1, 1, -4),
    "nce": nce,
    "nfl": nfl(0.5),
    **{f"nfl(gamma={gamma})": nfl(gamma) for gamma in (0, 0.1, 1, 2, 5)},
    "ngce": ngce(0.1),
    **{f"ngce(q={q})": ngce(q) for q in (0.01, 0.7, 1)},
    "nce_mae": plus((1, nce), (1, passive_mae)),
    "nce_mae(alpha=10, beta=0.1)": plus((10, nce), (0.1, passive_mae)),
    "nce_mae(alpha=0)": passive_mae,
    "nce_mae(beta=0)": nce,
    "nce_rce": plus((1, nce), (1, rce())),
    "nce_rce(alpha=10, beta=0.1)": plus((10, nce), (0.1, rce())),
    "nce_rce(log_zero=-4)": plus((1, nce), (1, rce(-4))),
    "nfl_mae": plus((1, nfl(0.5)), (1, passive_mae)),
    "nfl_mae(alpha=10, beta=0.1)": plus((10, nfl(0.5)), (0.1, passive_mae)),
    "nfl_mae(gamma=2)": plus((1, nfl(2)), (1, passive_mae)),
    "nfl_rce": plus((1, nfl(0.5)), (1, rce())),
    "nfl_rce(alpha=10, beta=0.1)": plus((10, nfl(0.5)), (0.1, rce())),
    "nfl_rce(gamma=2, log_zero=-4)": plus((1, nfl(2)), (1, rce(-4))),
    "ngce_mae": plus((1, ngce(0.1)), (1, passive_mae)),
    "ngce_mae(alpha=10, beta=0.1)": plus((10, ngce(0.1)), (0.1, passive_mae)),
    "ngce_mae(q=0.7)": plus((1, ngce(0.7)), (1, passive_mae)),
    "jensen_shannon": jensen_shannon(0.5),
    **{f"jensen_shannon(pi={pi})": jensen_shannon(pi) for pi in (0.001, 0.1, 0.9, 0.999)},
    "bi_tempered": bi_tempered(),
    "bi_tempered(smoothing=0.1)": bi_tempered(smoothing=0.1),
    "bi_tempered(t1=0, t2=2)": bi_tempered(0, 2),
    "bi_tempered(t1=0.2, t2=4)": bi_tempered(0.2, 4),
    "bi_tempered(t1=0.95, t2=1.05)": bi_tempered(0.95, 1.05),
    "ldr_kl": ldr_kl(),
    "ldr_kl(lam=10)": ldr_kl(10),
    "ldr_kl(margin=0.1)": ldr_kl(1, 0.1),
    "ldr_kl(lam=0.1, margin=0.5)": ldr_kl(0.1, 0.5),
    "ldr_kl(margin=0)": ldr_kl(1, 0),
    "epsilon_softmax": epsilon_softmax(1e5),
    **{f"epsilon_softmax(m={m})": epsilon_softmax(m) for m in (0.1, 1, 1000)},
    "bootstrap_soft": bootstrap_soft(0.95),
    **{f"bootstrap_soft(beta={beta})": bootstrap_soft(beta) for beta in (0, 0.5, 1)},
    "bootstrap_soft(detach=true)": bootstrap_soft(0.95),
    "bootstrap_hard": bootstrap_hard(0.8),
    **{f"bootstrap_hard(beta={beta})": bootstrap_hard(beta) for beta in (0, 0.5, 1)},
    "peer": peer(1),
    **{f"peer(alpha={alpha})": peer(alpha) for alpha in (0, 0.2, 3)},
}

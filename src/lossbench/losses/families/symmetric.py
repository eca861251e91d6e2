"""Reverse cross entropy, alone and beside cross entropy."""

from __future__ import annotations

import math

import torch

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import log_p_true
from lossbench.losses.shapes import Logits, PerSample, Target

__all__ = ["CARDS", "LOG_ZERO", "rce", "sce"]

LOG_ZERO = math.log(1e-4)
"""What the authors' code takes for the logarithm of 0."""


def rce(logits: Logits, target: Target, *, log_zero: float = LOG_ZERO) -> PerSample:
    r"""Reverse cross entropy: the prediction's cross entropy against the label, with a finite log 0.

    .. math:: -\sum_k p_k \log e_k = -A (1 - p_y), \qquad \log 0 := A

    This is `mae` times −A / 2.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        log_zero: A, what stands for log 0; below 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Wang, Ma, Chen, Luo, Yi, Bailey, 2019, Symmetric Cross Entropy for Robust Learning with Noisy Labels,
        arXiv:1908.06112.
    """
    return log_zero * torch.expm1(log_p_true(logits, target))


def sce(
    logits: Logits, target: Target, *, alpha: float = 0.1, beta: float = 1.0, log_zero: float = LOG_ZERO
) -> PerSample:
    r"""Symmetric cross entropy: cross entropy and reverse cross entropy.

    .. math:: -\alpha \log p_y - \beta A (1 - p_y)

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of cross entropy.
        beta: weight of reverse cross entropy.
        log_zero: A, what stands for log 0; below 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Wang, Ma, Chen, Luo, Yi, Bailey, 2019, Symmetric Cross Entropy for Robust Learning with Noisy Labels,
        arXiv:1908.06112.
    """
    log_p = log_p_true(logits, target)
    return beta * log_zero * torch.expm1(log_p) - alpha * log_p


WANG = Reference(
    "Wang, Ma, Chen, Luo, Yi, Bailey",
    2019,
    "Symmetric Cross Entropy for Robust Learning with Noisy Labels",
    "arXiv:1908.06112",
)
LOG_OF_ZERO = Claim(
    "Log 0 has no value, and public versions differ in what they put for it, −4 among others; the default, "
    "log 1e-4 = −9.21, is what the authors' code gets by clipping the label at 1e-4.",
    "Wang et al. 2019, arXiv:1908.06112, the authors' code",
)
A = Hyperparameter("log_zero", LOG_ZERO, "A, what stands for log 0", below=0, search=Interval(-12, -1))

RCE = LossCard(
    name="rce",
    version=1,
    family="label noise",
    title="Reverse cross entropy",
    formula=r"L(z, y) = -A \, (1 - p_y), \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels: the mean absolute error by another name, used mostly beside another loss.",
    when="As a part of sce; alone it is mae at another scale.",
    strengths=(
        Claim(
            "It is symmetric, its sum over all labels being −A (K − 1): uniform label noise at a rate below 1 − 1/K "
            "leaves its minimiser where it is.",
            "Wang et al. 2019, arXiv:1908.06112",
        ),
        Claim("It is bounded, by −A, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "It is mae at another scale, 4.61 times it at the default and mae itself at A = −2; no loss of its own.",
            "Wang et al. 2019, arXiv:1908.06112",
        ),
        LOG_OF_ZERO,
        Claim("Alone it underfits data that are not easy.", "Ma et al. 2020, arXiv:2006.13554"),
        Claim("Its gradient vanishes as p goes to 0.", "derivative of the formula"),
    ),
    reference=WANG,
    hyperparameters=(A,),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=2.303,
        equals=(Equality({}, "mae", factor=-LOG_ZERO / 2), Equality({"log_zero": -2.0}, "mae")),
    ),
)

SCE = LossCard(
    name="sce",
    version=1,
    family="label noise",
    title="Symmetric cross entropy",
    formula=r"L(z, y) = -\alpha \log p_y - \beta A \, (1 - p_y), \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels: cross entropy to learn fast and reverse cross entropy to withstand wrong labels.",
    when="When labels are noisy and cross entropy fits some classes too closely and others too little.",
    strengths=(
        Claim(
            "The cross-entropy part keeps the training going where the symmetric part alone would underfit.",
            "Wang et al. 2019, arXiv:1908.06112",
        ),
        Claim(
            "The symmetric part adds most to the gradient at p = 1/2, so that half-learned classes catch up.",
            "Wang et al. 2019, arXiv:1908.06112",
        ),
    ),
    weaknesses=(
        Claim(
            "It is neither bounded nor symmetric, for its cross-entropy part is not: a wrong label can cost any "
            "amount.",
            "the formula",
        ),
        Claim(
            "The weights have to be chosen for the data: the authors take alpha 0.1 and beta 1 for CIFAR-10, the "
            "defaults here, but 6 and 0.1 for CIFAR-100.",
            "Wang et al. 2019, arXiv:1908.06112",
        ),
        Claim(
            "Three hyperparameters do the work of two: beta and A act by their product, and the loss is alpha times "
            "poly1 with epsilon = −beta A / alpha (92.1 at the defaults).",
            "the formula",
        ),
        LOG_OF_ZERO,
    ),
    reference=WANG,
    hyperparameters=(
        Hyperparameter("alpha", 0.1, "weight of cross entropy", minimum=0, search=Interval(0.01, 10, log=True)),
        Hyperparameter("beta", 1.0, "weight of reverse cross entropy", minimum=0, search=Interval(0.1, 10, log=True)),
        A,
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=2.353,
        equals=(
            Equality({"alpha": 1.0, "beta": 0.0}, "cross_entropy"),
            Equality({"alpha": 0.0}, "rce"),
            Equality({}, "poly1", {"epsilon": -LOG_ZERO / 0.1}, factor=0.1),
        ),
    ),
)

CARDS = (RCE, SCE)

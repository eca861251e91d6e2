"""Between cross entropy and the mean absolute error: functions of the probability of the true class."""

from __future__ import annotations

import math

import torch

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import log_p_true
from lossbench.losses.shapes import Logits, PerSample, Target

__all__ = ["CARDS", "ael", "agce", "aul", "gce", "phuber_ce", "taylor_ce"]


def gce(logits: Logits, target: Target, *, q: float = 0.7) -> PerSample:
    r"""Generalised cross entropy: the negative Box-Cox transformation of the probability of the true class.

    .. math:: \frac{1 - p_y^q}{q}

    It goes to cross entropy as q goes to 0 and is half of `mae` at q = 1. The power is taken of log p, so that p may
    be 0; public code clamps p from below instead and gets no gradient there. The paper's truncated form, which
    leaves samples out by their probability, is another loss.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        q: from 1e-6 (cross entropy, nearly) to 1 (mean absolute error).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhang, Sabuncu, 2018, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels,
        arXiv:1805.07836.
    """
    return torch.expm1(q * log_p_true(logits, target)) / -q


def agce(logits: Logits, target: Target, *, a: float = 0.6, q: float = 0.6) -> PerSample:
    r"""Asymmetric generalised cross entropy: `gce` with the probability shifted away from 0.

    .. math:: \frac{(a + 1)^q - (a + p_y)^q}{q}

    Written with 1 − p, so that it cannot round below 0 at p = 1.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        a: how far p is shifted; at 0 this would be `gce`.
        q: exponent; at 1 this is half of `mae`.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhou, Liu, Jiang, Gao, Ji, 2021, Asymmetric Loss Functions for Learning with Noisy Labels, arXiv:2106.03110.
    """
    p_less_1 = torch.expm1(log_p_true(logits, target))
    return torch.expm1(q * torch.log1p(p_less_1 / (a + 1))) * (-math.pow(a + 1, q) / q)


def aul(logits: Logits, target: Target, *, a: float = 5.5, q: float = 3.0) -> PerSample:
    r"""Asymmetric unhinged loss: a power of the distance of the probability from a point above 1.

    .. math:: \frac{(a - p_y)^q - (a - 1)^q}{q}

    Written with 1 − p, so that it cannot round below 0 at p = 1.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        a: the point from which p is measured, above 1.
        q: exponent; at 1 this is half of `mae`, whatever a.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhou, Liu, Jiang, Gao, Ji, 2021, Asymmetric Loss Functions for Learning with Noisy Labels, arXiv:2106.03110.
    """
    p_less_1 = torch.expm1(log_p_true(logits, target))
    return torch.expm1(q * torch.log1p(p_less_1 / (1 - a))) * (math.pow(a - 1, q) / q)


def ael(logits: Logits, target: Target, *, a: float = 2.5) -> PerSample:
    r"""Asymmetric exponential loss: the exponential of the probability, falling.

    .. math:: \exp(-p_y / a)

    It runs from 1 at p = 0 to exp(−1 / a) at p = 1, and is never 0.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        a: how slowly it falls.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhou, Liu, Jiang, Gao, Ji, 2021, Asymmetric Loss Functions for Learning with Noisy Labels, arXiv:2106.03110.
    """
    return torch.exp(log_p_true(logits, target).exp() / -a)


def taylor_ce(logits: Logits, target: Target, *, terms: int = 2) -> PerSample:
    r"""The first terms of the Taylor series of cross entropy in the probability, about p = 1.

    .. math:: \sum_{j=1}^{t} \frac{(1 - p_y)^j}{j}

    It is half of `mae` with one term and goes to cross entropy with many.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        terms: how many terms, t.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Feng, Shu, Lin, Lv, Li, An, 2020, Can Cross Entropy Loss Be Robust to Label Noise?,
        doi:10.24963/ijcai.2020/305.
    """
    rest = -torch.expm1(log_p_true(logits, target))
    series = rest / terms
    for j in range(terms - 1, 0, -1):  # Horner: ((rest / 3 + 1 / 2) rest + 1) rest
        series = (series + 1 / j) * rest
    return series


def phuber_ce(logits: Logits, target: Target, *, tau: float = 10.0) -> PerSample:
    r"""Partially Huberised cross entropy: linear in the probability where that is small.

    .. math::
        -\log p_y \text{ if } p_y > 1 / \tau, \text{ else } 1 + \log \tau - \tau p_y

    The logarithm is followed by its tangent at p = 1 / tau, so that its slope in p is at most tau. Both branches are
    finite everywhere in value and gradient.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        tau: the steepest slope in p, above 1.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Menon, Rawat, Reddi, Kumar, 2020, Can gradient clipping mitigate label noise?, openreview:rklB76EKPr.
    """
    log_p = log_p_true(logits, target)
    return torch.where(log_p > -math.log(tau), -log_p, 1 + math.log(tau) - tau * log_p.exp())


VANISHES = Claim(
    "Its gradient vanishes as p goes to 0, so that hard samples with right labels are learned late or never.",
    "derivative of the formula",
)

GCE = LossCard(
    name="gce",
    version=1,
    family="label noise",
    title="Generalised cross entropy",
    formula=r"L(z, y) = \frac{1 - p_y^{q}}{q}, \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels: one exponent chooses between cross entropy and the mean absolute error.",
    when="When an unknown part of the labels is wrong.",
    strengths=(
        Claim(
            "It trades the fitting of cross entropy (q near 0) against the robustness of the mean absolute error "
            "(q = 1).",
            "Zhang, Sabuncu 2018, arXiv:1805.07836",
        ),
        Claim(
            "Its gradient is that of cross entropy times p to the power q: samples whose label is improbable, as wrong "
            "labels are, count less.",
            "derivative of the formula",
        ),
        Claim("It is bounded, by 1 / q, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "Below q = 1 it is not symmetric: noise may move its minimiser, and theory only bounds what that costs.",
            "Zhang, Sabuncu 2018, arXiv:1805.07836",
        ),
        VANISHES,
        Claim(
            "At q = 1 it is the mean absolute error, half of mae, and as slow on hard data.",
            "Zhang, Sabuncu 2018, arXiv:1805.07836",
        ),
        Claim(
            "Public versions differ near p = 0: those that clamp p from below give no gradient below the clamp, those "
            "that do not give NaN at 0; here the power is taken of log p, which needs no clamp.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Zhang, Sabuncu",
        2018,
        "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels",
        "arXiv:1805.07836",
    ),
    hyperparameters=(
        Hyperparameter(
            "q",
            0.7,
            "from near 0, cross entropy, to 1, the mean absolute error",
            minimum=1e-6,
            maximum=1,
            search=Interval(0.05, 1),
        ),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=0.317,
        equals=(Equality({"q": 1.0}, "mae", factor=0.5),),
    ),
)

ZHOU = Reference(
    "Zhou, Liu, Jiang, Gao, Ji",
    2021,
    "Asymmetric Loss Functions for Learning with Noisy Labels",
    "arXiv:2106.03110",
)
HARD_TO_FIT = Claim(
    "It can underfit where there are many classes: on clean CIFAR-100 it stayed well behind cross entropy.",
    "Ou, Zhang 2023, arXiv:2305.02139",
)

AGCE = LossCard(
    name="agce",
    version=1,
    family="label noise",
    title="Asymmetric generalised cross entropy",
    formula=r"L(z, y) = \frac{(a + 1)^{q} - (a + p_y)^{q}}{q}, \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels, as long as the right label of a picture is more frequent than any wrong one.",
    when="When labels are noisy, the right one still the most frequent in each class, and two numbers can be chosen.",
    strengths=(
        Claim(
            "It is asymmetric: label noise leaves its minimiser where it is if the right label is more frequent than "
            "each wrong one, at least (1 + 1/a)^(1 − q) times for q below 1 (1.48 times at the defaults).",
            "Zhou et al. 2021, arXiv:2106.03110",
        ),
        Claim(
            "From q = 1 upwards any lead of the right label suffices.",
            "Zhou et al. 2021, arXiv:2106.03110",
        ),
        Claim("It is bounded, by ((a + 1)^q − a^q) / q, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "a and q have to be chosen for the data: the authors take 0.6 and 0.6 for CIFAR, the defaults here, and 4 "
            "and 0.2 for MNIST.",
            "Zhou et al. 2021, arXiv:2106.03110, the authors' code",
        ),
        HARD_TO_FIT,
        VANISHES,
        Claim("At q = 1 it is the mean absolute error, half of mae, whatever a.", "the formula"),
    ),
    reference=ZHOU,
    hyperparameters=(
        Hyperparameter(
            "a", 0.6, "how far p is shifted away from 0", minimum=0.001, maximum=100, search=Interval(0.1, 10, log=True)
        ),
        Hyperparameter("q", 0.6, "exponent", minimum=1e-6, maximum=10, search=Interval(0.1, 3, log=True)),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=0.243,
        equals=(Equality({"q": 1.0}, "mae", factor=0.5),),
    ),
)

AUL = LossCard(
    name="aul",
    version=1,
    family="label noise",
    title="Asymmetric unhinged loss",
    formula=r"L(z, y) = \frac{(a - p_y)^{q} - (a - 1)^{q}}{q}, \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels, as long as the right label of a picture is more frequent than any wrong one.",
    when="When labels are noisy, the right one still the most frequent in each class, and two numbers can be chosen.",
    strengths=(
        Claim(
            "It is asymmetric: label noise leaves its minimiser where it is if the right label is more frequent than "
            "each wrong one, at least (a / (a − 1))^(q − 1) times for q above 1 (1.49 times at the defaults).",
            "Zhou et al. 2021, arXiv:2106.03110",
        ),
        Claim("Up to q = 1 any lead of the right label suffices.", "Zhou et al. 2021, arXiv:2106.03110"),
        Claim("It is bounded, by (a^q − (a − 1)^q) / q, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "a and q have to be chosen for the data: the authors take 5.5 and 3 for CIFAR, the defaults here, and 3 "
            "and 0.1 for MNIST.",
            "Zhou et al. 2021, arXiv:2106.03110, the authors' code",
        ),
        Claim(
            "Its scale goes with a and q: at the defaults its gradient by a logit reaches 6.3, that of cross entropy "
            "only 1, so that the learning rate does not carry over.",
            "derivative of the formula",
        ),
        HARD_TO_FIT,
        VANISHES,
        Claim("At q = 1 it is the mean absolute error, half of mae, whatever a.", "the formula"),
    ),
    reference=ZHOU,
    hyperparameters=(
        Hyperparameter(
            "a",
            5.5,
            "the point from which p is measured",
            minimum=1.001,
            maximum=100,
            search=Interval(1.1, 20, log=True),
        ),
        Hyperparameter("q", 3.0, "exponent", minimum=1e-6, maximum=10, search=Interval(0.5, 6, log=True)),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=6.32,
        equals=(Equality({"q": 1.0}, "mae", factor=0.5),),
    ),
)

AEL = LossCard(
    name="ael",
    version=1,
    family="label noise",
    title="Asymmetric exponential loss",
    formula=r"L(z, y) = \exp(-p_y / a), \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels, as long as the right label of a picture is more frequent than any wrong one.",
    when="When labels are noisy, the right one still the most frequent in each class, and one number can be chosen.",
    strengths=(
        Claim(
            "It is asymmetric: label noise leaves its minimiser where it is if the right label is more frequent than "
            "each wrong one, at least exp(1 / a) times (1.49 times at the default).",
            "Zhou et al. 2021, arXiv:2106.03110",
        ),
        Claim("It has a single hyperparameter and is bounded by 1.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "It is never 0: a perfect prediction costs exp(−1 / a), 0.67 at the default, so that its value says "
            "little by itself.",
            "the formula",
        ),
        Claim(
            "Its gradient is small, at most 0.083 by a logit at the default, so that the learning rate of cross "
            "entropy does not carry over.",
            "derivative of the formula",
        ),
        Claim(
            "a has to be chosen for the data: the authors take 2.5 for CIFAR, the default here, and 3.5 for MNIST.",
            "Zhou et al. 2021, arXiv:2106.03110, the authors' code",
        ),
        VANISHES,
    ),
    reference=ZHOU,
    hyperparameters=(
        Hyperparameter("a", 2.5, "how slowly it falls with p", minimum=0.001, search=Interval(0.5, 10, log=True)),
    ),
    properties=Properties(bounded=True, symmetric=False, convex=False, gradient_bound=0.083),
)

TAYLOR_CE = LossCard(
    name="taylor_ce",
    version=1,
    family="label noise",
    title="Taylor cross entropy",
    formula=r"L(z, y) = \sum_{j=1}^{t} \frac{(1 - p_y)^{j}}{j}, \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels: cross entropy by the first terms of its series, the fewer the more robust.",
    when="When labels are noisy; with few terms against much noise, with many against little.",
    strengths=(
        Claim(
            "It goes in whole steps from the mean absolute error (one term) to cross entropy (infinitely many).",
            "Feng et al. 2020, doi:10.24963/ijcai.2020/305",
        ),
        Claim(
            "Under symmetric label noise the risk of its minimiser exceeds the least one by no more than a bound that "
            "grows with the number of terms.",
            "Feng et al. 2020, doi:10.24963/ijcai.2020/305",
        ),
        Claim("It is bounded, by 1 + 1/2 + ... + 1/t, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "The number of terms has to be chosen for the data: the authors choose between 2 and 6; the default is the "
            "least of these.",
            "Feng et al. 2020, doi:10.24963/ijcai.2020/305",
        ),
        VANISHES,
        Claim("With one term it is the mean absolute error, half of mae.", "the formula"),
    ),
    reference=Reference(
        "Feng, Shu, Lin, Lv, Li, An",
        2020,
        "Can Cross Entropy Loss Be Robust to Label Noise?",
        "doi:10.24963/ijcai.2020/305",
    ),
    hyperparameters=(
        Hyperparameter(
            "terms",
            2,
            "how many terms of the series",
            minimum=1,
            maximum=100,
            whole=True,
            search=Interval(1, 20, log=True),
        ),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=0.385,
        equals=(Equality({"terms": 1}, "mae", factor=0.5),),
    ),
)

PHUBER_CE = LossCard(
    name="phuber_ce",
    version=1,
    family="label noise",
    title="Partially Huberised cross entropy",
    formula=(
        r"L(z, y) = \begin{cases} -\log p_y & p_y > 1 / \tau \\ 1 + \log \tau - \tau p_y & p_y \le 1 / \tau "
        r"\end{cases}, \qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: cross entropy, but linear in p for samples whose label is improbable.",
    when="When single labels are far off and shall pull no harder than a bound.",
    strengths=(
        Claim(
            "Where the label is probable it is cross entropy itself, and fits as well.",
            "the formula",
        ),
        Claim(
            "Clipping the norm of the gradient does not in general withstand label noise; clipping the slope in p, "
            "which is this loss, provably does.",
            "Menon et al. 2020, openreview:rklB76EKPr",
        ),
        Claim("It is bounded, by 1 + log tau, so that no single label can cost more.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "Much hangs on tau: the authors choose 2 or 10 by data set, and on CIFAR-100 a replication with 10 stayed "
            "behind cross entropy at every rate of noise.",
            "Mizrahi, Yüksel, Marlen Kyzy 2021, doi:10.5281/zenodo.4834744",
        ),
        Claim(
            "A network that knows nothing yet gives p near 1/K: with tau classes or more training begins in the linear "
            "part, where the gradient is that of mae, up to a factor, and vanishes with p.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Menon, Rawat, Reddi, Kumar", 2020, "Can gradient clipping mitigate label noise?", "openreview:rklB76EKPr"
    ),
    hyperparameters=(
        Hyperparameter(
            "tau",
            10.0,
            "the steepest slope in p; linear where p is at most 1 / tau",
            above=1,
            maximum=1e6,
            search=Interval(1.5, 100, log=True),
        ),
    ),
    properties=Properties(bounded=True, symmetric=False, convex=False, gradient_bound=0.9),
)

CARDS = (GCE, AGCE, AUL, AEL, TAYLOR_CE, PHUBER_CE)

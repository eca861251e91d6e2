"""Other divergences, other softmaxes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import as_probabilities, log_p_true, pick
from lossbench.losses.shapes import Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "LINKS", "bi_tempered", "epsilon_softmax", "jensen_shannon", "ldr_kl"]


def jensen_shannon(logits: Logits, target: SoftTarget, *, pi: float = 0.5) -> PerSample:
    r"""Weighted Jensen-Shannon divergence between target and prediction, scaled.

    .. math:: \frac{H(m) - \pi H(e) - (1 - \pi) H(p)}{-(1 - \pi) \log(1 - \pi)}, \qquad m = \pi e + (1 - \pi) p

    For a class index it is a function of p_y alone, and no logarithm is taken of what may be 0: value and gradient
    are finite without the clamps of public code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        pi: weight of the target in the mixture, 0.001 to 0.999; towards 0 this is cross entropy, towards 1 it is half
            the sum of absolute differences, 1 − p_y.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Englesson, Azizpour, 2021, Generalized Jensen-Shannon Divergence Loss for Learning with Noisy Labels,
        arXiv:2105.04522.
    """
    rest = 1 - pi
    scale = -rest * math.log1p(-pi)
    if target.is_floating_point():
        wide = widen(logits)
        exact = wide if 0.1 <= pi <= 0.9 else wide.double()  # beyond, the last digits of float32 are lost
        return (_soft_jensen_shannon(exact.log_softmax(dim=1), target.to(exact.dtype), pi) / scale).to(wide.dtype)
    narrow = log_p_true(logits, target)
    log_p = narrow.double() if pi < 0.1 else narrow  # a small pi takes the last digits of float32
    change = torch.expm1(log_p)  # p − 1
    log_m = torch.log1p(rest * change)
    mixed = torch.addcmul(log_m, rest * change, log_m)  # m log m
    return ((rest * torch.addcmul(log_p, change, log_p) - mixed) / scale - change).to(narrow.dtype)


def _soft_jensen_shannon(log_p: Tensor, target: Tensor, pi: float) -> Tensor:
    """Pi KL(e, m) + (1 − pi) KL(p, m), (batch,), from log-probabilities and class probabilities, (batch, classes)."""
    log_m = torch.logaddexp((pi * target).log(), math.log1p(-pi) + log_p)
    from_target = torch.xlogy(target, target) - target * log_m
    from_prediction = log_p.exp() * (log_p - log_m)
    return _from_zero((pi * from_target + (1 - pi) * from_prediction).sum(dim=1))


def _from_zero(loss: Tensor) -> Tensor:
    """A loss that is never negative but by rounding, with 0 where it was rounded below; its gradient is kept."""
    return loss - loss.detach().clamp(max=0)


def bi_tempered(
    logits: Logits, target: SoftTarget, *, t1: float = 0.8, t2: float = 1.4, smoothing: float = 0.0
) -> PerSample:
    r"""Bregman divergence with a bounded logarithm, between the target and a softmax with heavy tails.

    .. math::
        \sum_k \Big( e_k \log_{t_1} e_k - e_k \log_{t_1} p_k - \frac{e_k^{2 - t_1} - p_k^{2 - t_1}}{2 - t_1} \Big),
        \qquad p_k = \exp_{t_2}(z_k - \lambda)

    log_t(x) = (x^(1 − t) − 1) / (1 − t) and exp_t is its inverse; lambda makes p sum to 1. The authors approach
    lambda by a few steps of a fixed-point iteration; here it is solved for by Newton's method until nothing is left
    to gain, so that the value is exact and its gradient the derivative. Both temperatures at 1 give cross entropy.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        t1: temperature of the logarithm, 0 to 1; below 1 the loss is bounded.
        t2: temperature of the softmax, 1 to 5; above 1 its tails are heavy.
        smoothing: share of the target that goes to the other classes, in equal parts.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Amid, Warmuth, Anil, Koren, 2019, Robust Bi-Tempered Logistic Loss Based on Bregman Divergences,
        arXiv:1906.03361.
    """
    log_p = _tempered_log_softmax(logits, t2)
    power = (torch.exp((2 - t1) * log_p) / (2 - t1)).sum(dim=1)
    if smoothing == 0 and not target.is_floating_point():
        return _from_zero(power - 1 / (2 - t1) - _tempered(pick(log_p, target), t1))
    e = as_probabilities(logits, target)
    classes = logits.shape[1]
    e = (1 - smoothing * classes / (classes - 1)) * e + smoothing / (classes - 1)
    own = torch.xlogy(e, e) if t1 == 1 else e * _tempered(e.log(), t1)
    own = own - e.pow(2 - t1) / (2 - t1)
    return _from_zero((own - e * _tempered(log_p, t1)).sum(dim=1) + power)


def _tempered(log_x: Tensor, t: float) -> Tensor:
    """The tempered logarithm log_t(x) from log x."""
    return log_x if t == 1 else torch.expm1((1 - t) * log_x) / (1 - t)


def _tempered_log_softmax(logits: Tensor, t: float) -> Tensor:
    """Logarithms of the tempered softmax, (batch, classes).

    With s = t − 1 and lambda counted from the largest logit they are −log(1 + s (lambda − z_k)) / s. The solution's
    derivative by z is the escort distribution, proportional to p^t.
    """
    logits = widen(logits)
    if t == 1:
        return logits.log_softmax(dim=1)
    s = t - 1
    below = -s * (logits - logits.amax(dim=1, keepdim=True).detach())
    fixed = below.detach()
    offset, escort = _normalise(fixed, s)
    nothing = (escort * (below - fixed)).sum(dim=1, keepdim=True)  # but for its gradient
    return torch.log1p(below + (offset - nothing)) / -s


def _normalise(below: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """The lambda at which the tempered softmax sums to 1, times s, (batch, 1), and its escort, (batch, classes).

    Newton's method on the −s-th power of the sum, which is concave in lambda: it climbs to the solution from below.
    Four steps leave nothing to gain at moderate temperatures, eight at any; the last is taken on the sum itself.

    Args:
        below: s times the distance of each logit to the largest one.
        s: temperature minus 1.
    """
    offset = torch.zeros_like(below[:, :1])
    for _ in range(4 if s <= 0.5 and below.shape[1] <= 100 else 8):
        total, slope = _sums(below + offset, s)
        offset = offset + torch.expm1(s * total.log()) * total / slope.sum(dim=1, keepdim=True)
    total, slope = _sums(below + offset, s)
    slope_of_total = slope.sum(dim=1, keepdim=True)
    return offset + s * (total - 1) / slope_of_total, slope / slope_of_total


def _sums(u: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """The sum of (1 + u)^(−1/s) over the classes, (batch, 1), and (1 + u)^(−1/s − 1), (batch, classes)."""
    p = torch.exp(torch.log1p(u) / -s)
    return p.sum(dim=1, keepdim=True), p / (1 + u)


def ldr_kl(logits: Logits, target: Target, *, lam: float = 1.0, margin: float = 2.0) -> PerSample:
    r"""Worst case over weights of the classes, held near to equal ones by their Kullback-Leibler divergence.

    .. math:: \lambda \log \frac{1}{K} \sum_k \exp\big( (m_k + z_k - z_y) / \lambda \big), \qquad m_k = m (1 - e_k)

    The mean over K classes makes it negative, down to −lam log K, where the true class leads by far. The authors' code
    puts softplus on the logits and divides them by their mean before; this is the formula, on the logits themselves.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        lam: lambda, temperature; towards 0 this is a hinge loss, the larger it is the more alike are the classes.
        margin: m, by how much the true class is to lead.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhu, Ying, Yang, 2023, Label Distributionally Robust Losses for Multi-class Classification: Consistency,
        Robustness and Adaptivity, arXiv:2112.14869.
    """
    true = target.unsqueeze(1)
    logits = widen(logits)
    lead = (logits - logits.gather(1, true) + margin) / lam
    return lam * (lead.scatter(1, true, 0).logsumexp(dim=1) - math.log(logits.shape[1]))


def epsilon_softmax(logits: Logits, target: Target, *, m: float = 1e5) -> PerSample:
    r"""Cross entropy after m is added to the largest probability and all are scaled to sum to 1 again.

    .. math:: -\log \frac{p_y + m [y = \operatorname{argmax}_k p_k]}{1 + m}

    Which class is the largest is held constant in differentiation, the first one where several are. For another class
    this is cross entropy plus log(1 + m), with the gradient of cross entropy; for the largest one the gradient is that
    of cross entropy times p_y / (p_y + m). There is a step between the two.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        m: what is added; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Wang, Zhou, Zhai, Jiang, Ji, Liu, 2024, ε-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise,
        arXiv:2508.02387.
    """
    log_p = log_p_true(logits, target)
    largest = logits.argmax(dim=1) == target
    lifted = torch.log1p(torch.expm1(torch.where(largest, log_p, 0)) / (1 + m))
    return -torch.where(largest, lifted, log_p - math.log1p(m))


def _tempered_probabilities(logits: Tensor, *, t1: float = 0.8, t2: float = 1.4, smoothing: float = 0.0) -> Tensor:
    """Logarithms of the tempered softmax, (batch, classes); the same whatever `t1` and `smoothing` are."""
    del t1, smoothing
    return _tempered_log_softmax(logits, t2)


JENSEN_SHANNON = LossCard(
    name="jensen_shannon",
    version=1,
    family="label noise",
    title="Jensen-Shannon divergence",
    formula=(
        r"L(z, y) = \frac{H(\pi e + (1 - \pi) p) - \pi H(e) - (1 - \pi) H(p)}{-(1 - \pi) \log(1 - \pi)}, "
        r"\qquad H(p) = -\sum_{k=1}^{K} p_k \log p_k, \qquad p = \operatorname{softmax}(z)"
    ),
    purpose="A bounded loss for noisy labels, between cross entropy, which learns fast, and the robust absolute error.",
    when="When labels are noisy; with pi nearer to 1 the noisier they are.",
    strengths=(
        Claim(
            "One weight leads from cross entropy (pi towards 0) to half the mean absolute error (pi towards 1), and "
            "so trades ease of learning for robustness.",
            "Englesson, Azizpour 2021, arXiv:2105.04522",
        ),
        Claim("It is bounded, so that no single wrong label can cost more than a fixed amount.", "the formula"),
        Claim("Its gradient is at most 0.45 at pi = 0.5, and finite without clamps.", "derivative of the formula"),
    ),
    weaknesses=(
        Claim(
            "A confidently wrong prediction gets almost no gradient: it vanishes like −p_y log p_y.",
            "derivative of the formula",
        ),
        Claim(
            "The authors do best with the generalised form, which also compares the predictions for two views of a "
            "picture; that needs more than one set of logits and is not this loss.",
            "Englesson, Azizpour 2021, arXiv:2105.04522",
        ),
        Claim("The weight has to be chosen for the amount of noise.", "Englesson, Azizpour 2021, arXiv:2105.04522"),
        Claim("It costs about two and a half times as much as cross entropy.", "measured: benchmarks/losses.py"),
    ),
    reference=Reference(
        "Englesson, Azizpour",
        2021,
        "Generalized Jensen-Shannon Divergence Loss for Learning with Noisy Labels",
        "arXiv:2105.04522",
    ),
    hyperparameters=(
        Hyperparameter(
            "pi", 0.5, "weight of the target in the mixture", minimum=0.001, maximum=0.999, search=Interval(0.01, 0.99)
        ),
    ),
    properties=Properties(bounded=True, symmetric=False, convex=False, gradient_bound=0.4449, soft_targets=True),
)

BI_TEMPERED = LossCard(
    name="bi_tempered",
    version=1,
    family="label noise",
    title="Bi-tempered logistic loss",
    formula=(
        r"L(z, y) = -\log_{t_1} p_y - \frac{1}{2 - t_1} \left( 1 - \sum_{k=1}^{K} p_k^{2 - t_1} \right), \qquad "
        r"p_k = \left( 1 + (t_2 - 1)(\lambda - z_k) \right)^{-1 / (t_2 - 1)}, \quad \sum_{k=1}^{K} p_k = 1, \qquad "
        r"\log_t x = \frac{x^{1 - t} - 1}{1 - t}"
    ),
    purpose="Cross entropy made bounded, with a softmax of heavy tails, for labels of which some are wrong.",
    when="When some labels are far off (t1 below 1) or wrong next to the boundary (t2 above 1).",
    strengths=(
        Claim(
            "With t1 below 1 it is bounded, so that outliers far from the boundary cannot dominate; with t2 above 1 "
            "the tails are heavy, so that wrong labels near the boundary do not bend it.",
            "Amid et al. 2019, arXiv:1906.03361",
        ),
        Claim(
            "As a Bregman divergence between target and prediction it is a proper loss: in expectation it is least "
            "for the true class probabilities.",
            "Amid et al. 2019, arXiv:1906.03361",
        ),
        Claim(
            "At t1 = t2 = 1 it is cross entropy, at t1 = 0 and t2 = 1 half the Brier score.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim("It has two temperatures to choose.", "Amid et al. 2019, arXiv:1906.03361"),
        Claim("Its probabilities are the tempered softmax: measures taken from softmax do not apply.", "the formula"),
        Claim(
            "lambda has no closed form and is solved for. The authors stop after five steps of another iteration, "
            "which leaves their probabilities with a sum near 1; here it is 1.",
            "code: github.com/google/bi-tempered-loss",
        ),
        Claim(
            "It costs about six times what cross entropy costs, for the equation that its normalisation has to solve: "
            "more than 5 % of a training step of LeNet-5, and less of a larger network's.",
            "measured: benchmarks/losses.py",
        ),
    ),
    reference=Reference(
        "Amid, Warmuth, Anil, Koren",
        2019,
        "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences",
        "arXiv:1906.03361",
    ),
    hyperparameters=(
        Hyperparameter(
            "t1", 0.8, "temperature of the logarithm; bounded below 1", minimum=0, maximum=1, search=Interval(0.2, 1)
        ),
        Hyperparameter(
            "t2", 1.4, "temperature of the softmax; heavy tails above 1", minimum=1, maximum=5, search=Interval(1, 4)
        ),
        Hyperparameter(
            "smoothing",
            0.0,
            "share of the target that goes to the other classes",
            minimum=0,
            below=1,
            search=Interval(0, 0.5),
        ),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=0.394,
        soft_targets=True,
        equals=(
            Equality({"t1": 1.0, "t2": 1.0}, "cross_entropy"),
            Equality({"t1": 0.0, "t2": 1.0}, "brier", factor=0.5),
        ),
    ),
    link="tempered softmax with t2",
)

LDR_KL = LossCard(
    name="ldr_kl",
    version=1,
    family="label noise",
    title="Label-distributionally robust loss (LDR-KL)",
    formula=(
        r"L(z, y) = \lambda \log \frac{1}{K} \sum_{k=1}^{K} \exp \left( \frac{m_k + z_k - z_y}{\lambda} \right), "
        r"\qquad m_k = m \, (1 - e_k)"
    ),
    purpose="Cross entropy with a temperature and a margin: how many of the wrong classes a sample is held against.",
    when="When labels are noisy and one number shall lead from a soft loss to a margin loss.",
    strengths=(
        Claim(
            "lambda leads from the hinge loss of Crammer and Singer (towards 0) past cross entropy (1, without "
            "margin) to a loss that treats all wrong classes alike.",
            "Zhu, Ying, Yang 2023, arXiv:2112.14869",
        ),
        Claim(
            "Losses of this family are consistent for the top k classes, whatever k, as long as lambda is above 0.",
            "Zhu, Ying, Yang 2023, arXiv:2112.14869",
        ),
        Claim("It is convex in the logits.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "It is negative where the true class leads by far, down to −lambda log K; at lambda = 1 without margin it "
            "is cross entropy minus log K, with the same gradient.",
            "the formula",
        ),
        Claim("It is unbounded, as cross entropy is.", "the formula"),
        Claim(
            "The authors' code puts softplus on the logits and divides them by their mean before; on the logits "
            "themselves, as the formula has it, lambda and margin act at another scale.",
            "code: github.com/Optimization-AI/ICML2023_LDR",
        ),
        Claim(
            "Against noisy labels the authors propose a variant that adapts lambda to each sample; it keeps a state "
            "for every training sample and is not this loss.",
            "Zhu, Ying, Yang 2023, arXiv:2112.14869",
        ),
    ),
    reference=Reference(
        "Zhu, Ying, Yang",
        2023,
        "Label Distributionally Robust Losses for Multi-class Classification: Consistency, Robustness and Adaptivity",
        "arXiv:2112.14869",
    ),
    hyperparameters=(
        Hyperparameter(
            "lam",
            1.0,
            "lambda, temperature: from the worst wrong class alone to all alike",
            minimum=1e-6,
            search=Interval(0.1, 10, log=True),
        ),
        Hyperparameter("margin", 2.0, "m, by how much the true class is to lead", minimum=0, search=Interval(0, 10)),
    ),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=1.0, nonnegative=False),
)

EPSILON_SOFTMAX = LossCard(
    name="epsilon_softmax",
    version=1,
    family="label noise",
    title="Cross entropy on ε-softmax",
    formula=(
        r"L(z, y) = -\log \frac{p_y + m \, \left[ y = \operatorname{argmax}_k p_k \right]}{1 + m}, "
        r"\qquad p = \operatorname{softmax}(z)"
    ),
    purpose="Cross entropy that stops pulling once the label is predicted, for labels of which some are wrong.",
    when="When labels are noisy; the authors add mae to it.",
    strengths=(
        Claim(
            "The larger m, the closer are the outputs to one-hot vectors, on which every loss is symmetric: the "
            "excess risk under label noise has a bound that m controls.",
            "Wang et al. 2024, arXiv:2508.02387",
        ),
        Claim(
            "Samples whose label is the largest class get the gradient of cross entropy times p_y / (p_y + m), which "
            "at the default is almost none: what is learnt is not driven further.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It jumps by log(1 + m / p_y) where the label becomes the largest class, and the jump has no gradient.",
            "the formula",
        ),
        Claim(
            "A sample whose label is not the largest class has the gradient of cross entropy, wrong labels included, "
            "and the loss is unbounded.",
            "derivative of the formula",
        ),
        Claim(
            "Alone it fits clean data less well; the authors train with a weighted sum of it and the mean absolute "
            "error, and choose m and the weights for each data set and kind of noise: m = 1e5 is theirs for CIFAR-10 "
            "with symmetric noise.",
            "Wang et al. 2024, arXiv:2508.02387; code: github.com/cswjl/eps-softmax",
        ),
        Claim(
            "Its probabilities are nearly one-hot at a large m, whatever the network knows: they are no confidences.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Wang, Zhou, Zhai, Jiang, Ji, Liu",
        2024,
        "ε-Softmax: Approximating One-Hot Vectors for Mitigating Label Noise",
        "arXiv:2508.02387",
    ),
    hyperparameters=(
        Hyperparameter(
            "m", 1e5, "what is added to the largest probability", minimum=0, search=Interval(1, 1e6, log=True)
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.0,
        equals=(Equality({"m": 0.0}, "cross_entropy"),),
    ),
)

CARDS = (JENSEN_SHANNON, BI_TEMPERED, LDR_KL, EPSILON_SOFTMAX)

LINKS = {"bi_tempered": _tempered_probabilities}

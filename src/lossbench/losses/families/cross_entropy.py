"""Cross entropy, and what is added to it or to its target against over-confidence."""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import as_probabilities, log_p_true
from lossbench.losses.shapes import Logits, PerSample, SoftTarget
from lossbench.losses.widen import widen

__all__ = ["CARDS", "confidence_penalty", "cross_entropy", "label_smoothing", "maxsup", "poly1"]


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
    when="First, and as what everything else is held against.",
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


def label_smoothing(
    logits: Logits,
    target: SoftTarget,
    *,
    epsilon: float = 0.1,
    convention: str = "uniform",
) -> PerSample:
    r"""Cross entropy against a target that gives every class a little.

    .. math:: -\sum_k e'_k \log p_k, \quad e'_k = (1 - \varepsilon) e_k + \varepsilon / K

    The conventions: `uniform` as above; `others` gives the true class 1 − epsilon and each other class
    epsilon / (K − 1), that is e' = (1 − epsilon) e + epsilon (1 − e) / (K − 1); `normalised` adds epsilon / K to every
    class and divides by 1 + epsilon.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        epsilon: how much is given away, 0 to 1; at 0 this is cross entropy.
        convention: where it goes: uniform, others or normalised.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, 2016, Rethinking the Inception Architecture for Computer Vision,
        arXiv:1512.00567.
    """
    e = as_probabilities(logits, target)
    return cross_entropy(logits, _smoothed(e, epsilon, convention))


def _smoothed(e: Tensor, epsilon: float, convention: str) -> Tensor:
    """Class probabilities (batch, classes), smoothed; never below 0 by rounding."""
    classes = e.shape[1]
    if convention == "others":
        return (1 - epsilon) * e + epsilon / (classes - 1) * (1 - e)
    if convention == "normalised":
        epsilon = epsilon / (1 + epsilon)
    return (1 - epsilon) * e + epsilon / classes


LABEL_SMOOTHING = LossCard(
    name="label_smoothing",
    version=1,
    family="cross-entropy",
    title="Label smoothing",
    formula=r"L(z, y) = -\sum_{k=1}^{K} e'_k \log p_k, \qquad e'_k = (1 - \varepsilon) \, e_k + \frac{\varepsilon}{K}, "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy that does not ask for certainty: the usual first remedy against over-confidence.",
    when="When the network ends over-confident.",
    strengths=(
        Claim(
            "It often improves generalisation, and the calibration of networks.",
            "Müller, Kornblith, Hinton 2019, arXiv:1906.02629",
        ),
        Claim(
            "Under label noise it is competitive with methods that correct the loss by the noise rates.",
            "Lukasik et al. 2020, arXiv:2003.02819",
        ),
        Claim(
            "Its minimum lies at finite logits, at p = e', where that of cross entropy lies at infinity.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "A network trained with it is a worse teacher for distillation: it forgets how classes resemble each "
            "other.",
            "Müller, Kornblith, Hinton 2019, arXiv:1906.02629",
        ),
        Claim(
            "On misclassified samples it makes the wrong prediction more confident.",
            "Zhou et al. 2025, arXiv:2502.15798",
        ),
        Claim(
            "Three conventions share the name: the same epsilon gives the true class 1 − ε + ε/K in Szegedy et al. and "
            "PyTorch (uniform), 1 − ε where only the other classes share it (others), and (1 + ε/K)/(1 + ε) "
            "(normalised). others is uniform at εK/(K − 1), normalised is uniform at ε/(1 + ε).",
            "the formula",
        ),
        Claim("Its least value is the entropy of the smoothed target, not 0.", "the formula"),
    ),
    reference=Reference(
        "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna",
        2016,
        "Rethinking the Inception Architecture for Computer Vision",
        "arXiv:1512.00567",
    ),
    hyperparameters=(
        Hyperparameter(
            "epsilon", 0.1, "how much of the target is given away", minimum=0, maximum=1, search=Interval(0, 0.5)
        ),
        Hyperparameter(
            "convention",
            "uniform",
            "where it goes: to all classes, to the others only, or on top and normalised",
            choices=("uniform", "others", "normalised"),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(
            Equality({"epsilon": 0.0}, "cross_entropy"),
            Equality({"epsilon": 0.25, "convention": "normalised"}, "label_smoothing", {"epsilon": 0.2}),
        ),
    ),
)


def poly1(logits: Logits, target: SoftTarget, *, epsilon: float = 2.0) -> PerSample:
    r"""Cross entropy with another weight on the first term of its expansion in 1 − p.

    .. math:: -\log p_y + \varepsilon (1 - p_y)

    Class probabilities e give Σ e_k (−log p_k + ε (1 − p_k)).

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        epsilon: what is added to the first coefficient, at least −1; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov, 2022, PolyLoss: A Polynomial Expansion Perspective of
        Classification Loss Functions, arXiv:2204.12511.
    """
    if target.is_floating_point():
        log_p = widen(logits).log_softmax(dim=1)
        return (as_probabilities(logits, target) * _poly1(log_p, epsilon)).sum(dim=1)
    return _poly1(log_p_true(logits, target), epsilon)


def _poly1(log_p: Tensor, epsilon: float) -> Tensor:
    """−log p + epsilon (1 − p) of each log p, any shape."""
    return -log_p - epsilon * torch.expm1(log_p)


POLY1 = LossCard(
    name="poly1",
    version=1,
    family="cross-entropy",
    title="Poly-1 cross entropy",
    formula=r"L(z, y) = -\log p_y + \varepsilon (1 - p_y), \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy with one number to tune, where its confidence is too low or too high for the task.",
    when="When cross entropy works and validation data can choose one more number.",
    strengths=(
        Claim(
            "One hyperparameter and one line of code, and it did better than cross entropy and focal loss in "
            "classification, detection and segmentation.",
            "Leng et al. 2022, arXiv:2204.12511",
        ),
        Claim(
            "The added term is bounded: for improbable true classes it is cross entropy, and stays finite in gradient.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "The best epsilon depends on task and data, in its sign, too, and has to be searched.",
            "Leng et al. 2022, arXiv:2204.12511",
        ),
        Claim(
            "The added term is mae times epsilon/2, which is no proper scoring rule: the minimum is not at the true "
            "class probabilities.",
            "the formula",
        ),
        Claim("It is not convex in the logits for epsilon above 0.", "derivative of the formula"),
    ),
    reference=Reference(
        "Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov",
        2022,
        "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions",
        "arXiv:2204.12511",
    ),
    hyperparameters=(
        Hyperparameter("epsilon", 2.0, "what is added to the weight of 1 − p", minimum=-1, search=Interval(-1, 8)),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.125,
        soft_targets=True,
        equals=(Equality({"epsilon": 0.0}, "cross_entropy"),),
    ),
)


def confidence_penalty(logits: Logits, target: SoftTarget, *, beta: float = 0.1) -> PerSample:
    r"""Cross entropy less a share of the prediction's entropy.

    .. math:: -\log p_y - \beta H(p), \quad H(p) = -\sum_k p_k \log p_k

    The entropy is the sum over the classes, in nats, as in the paper.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        beta: weight of the entropy, at least 0; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider; at least −beta log K.

    References:
        Pereyra, Tucker, Chorowski, Kaiser, Hinton, 2017, Regularizing Neural Networks by Penalizing Confident Output
        Distributions, arXiv:1701.06548.
    """
    log_p = widen(logits).log_softmax(dim=1)
    return ((beta * log_p.exp() - as_probabilities(logits, target)) * log_p).sum(dim=1)


CONFIDENCE_PENALTY = LossCard(
    name="confidence_penalty",
    version=1,
    family="cross-entropy",
    title="Confidence penalty",
    formula=r"L(z, y) = -\log p_y - \beta H(p), \qquad H(p) = -\sum_{k=1}^{K} p_k \log p_k, "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy that rewards uncertainty: an alternative to label smoothing against over-confidence.",
    when="When the network ends over-confident and label smoothing is not what is wanted.",
    strengths=(
        Claim(
            "Like label smoothing it improved strong models on six benchmarks without a change of their other "
            "hyperparameters.",
            "Pereyra et al. 2017, arXiv:1701.06548",
        ),
        Claim(
            "It is the divergence of the prediction from the uniform distribution, where label smoothing takes the "
            "divergence the other way round: a class that is ruled out costs next to nothing.",
            "Pereyra et al. 2017, arXiv:1701.06548",
        ),
    ),
    weaknesses=(
        Claim(
            "It falls slightly below 0 for sure and right predictions, and its least value is not 0.",
            "the formula",
        ),
        Claim(
            "The sum over the classes is meant here, as in the paper; code that takes the mean needs a beta K times as "
            "large.",
            "the formula",
        ),
        Claim("It is not convex in the logits.", "derivative of the formula"),
    ),
    reference=Reference(
        "Pereyra, Tucker, Chorowski, Kaiser, Hinton",
        2017,
        "Regularizing Neural Networks by Penalizing Confident Output Distributions",
        "arXiv:1701.06548",
    ),
    hyperparameters=(
        Hyperparameter("beta", 0.1, "weight of the entropy", minimum=0, search=Interval(0.01, 1, log=True)),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.01,  # up to ten thousand classes: it rises, very slowly, with log K
        soft_targets=True,
        nonnegative=False,
        equals=(Equality({"beta": 0.0}, "cross_entropy"),),
    ),
)


def maxsup(logits: Logits, target: SoftTarget, *, alpha: float = 0.1) -> PerSample:
    r"""Cross entropy plus the height of the greatest logit above their mean.

    .. math:: -\log p_y + \alpha \left( \max_k z_k - \frac{1}{K} \sum_k z_k \right)

    Where several logits are greatest they share the gradient.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        alpha: weight of the added term, at least 0; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Zhou, Li, Cheng, Yan, Dong, Fritz, Keuper, 2025, MaxSup: Overcoming Representation Collapse in Label Smoothing,
        arXiv:2502.15798.
    """
    wide = widen(logits)
    return cross_entropy(logits, target) + alpha * (wide.amax(dim=1) - wide.mean(dim=1))


MAXSUP = LossCard(
    name="maxsup",
    version=1,
    family="cross-entropy",
    title="Max suppression",
    formula=r"L(z, y) = -\log p_y + \alpha \left( \max_k z_k - \frac{1}{K} \sum_{k=1}^{K} z_k \right), "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Label smoothing that holds back the predicted class, right or wrong, instead of the true one.",
    when="When label smoothing helps and is suspected of rewarding confident mistakes.",
    strengths=(
        Claim(
            "It regularises right and wrong predictions alike, where label smoothing makes wrong ones more confident.",
            "Zhou et al. 2025, arXiv:2502.15798",
        ),
        Claim(
            "Features keep more variety within a class than with label smoothing.",
            "Zhou et al. 2025, arXiv:2502.15798",
        ),
        Claim("It is convex in the logits, as cross entropy is.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "The authors' code raises alpha from 0.1 to 0.2 in the course of training; here it stays as given.",
            "code of Zhou et al. 2025, arXiv:2502.15798",
        ),
        Claim(
            "It only differs from label smoothing, at epsilon = alpha, where the prediction is wrong: late in training "
            "that is on few samples.",
            "the formula",
        ),
        Claim("Its least value is above 0 and depends on K and alpha.", "the formula"),
    ),
    reference=Reference(
        "Zhou, Li, Cheng, Yan, Dong, Fritz, Keuper",
        2025,
        "MaxSup: Overcoming Representation Collapse in Label Smoothing",
        "arXiv:2502.15798",
    ),
    hyperparameters=(
        Hyperparameter(
            "alpha", 0.1, "weight of the greatest logit's height", minimum=0, search=Interval(0.01, 1, log=True)
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.1,
        soft_targets=True,
        equals=(Equality({"alpha": 0.0}, "cross_entropy"),),
    ),
)

CARDS = (CROSS_ENTROPY, LABEL_SMOOTHING, POLY1, CONFIDENCE_PENALTY, MAXSUP)

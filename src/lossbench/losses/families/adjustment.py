"""Logits that are adjusted by class while training."""

from __future__ import annotations

import torch

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.families.cross_entropy import cross_entropy
from lossbench.losses.shapes import ClassCounts, Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "balanced_softmax", "cdt", "logit_adjusted", "softmax_equalization", "vs"]


def balanced_softmax(logits: Logits, target: SoftTarget, *, class_counts: ClassCounts) -> PerSample:
    r"""Cross entropy of a softmax whose terms are weighted by the class counts.

    .. math:: -\log \frac{n_y e^{z_y}}{\sum_k n_k e^{z_k}}

    The counts are added while training only: predictions are made with softmax(z).

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ren, Yu, Sheng, Ma, Zhao, Yi, Li, 2020, Balanced Meta-Softmax for Long-Tailed Visual Recognition,
        arXiv:2007.10740.
    """
    return logit_adjusted(logits, target, class_counts=class_counts)


def logit_adjusted(logits: Logits, target: SoftTarget, *, class_counts: ClassCounts, tau: float = 1.0) -> PerSample:
    r"""Cross entropy of logits to which the logarithms of the class shares are added.

    .. math:: -\log \operatorname{softmax}(z + \tau \log \pi)_y, \qquad \pi_k = n_k / \sum_j n_j

    The shares are added while training only: predictions are made with softmax(z).

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).
        tau: how much is added, at least 0; at 0 this is cross entropy, at 1 balanced softmax.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Menon, Jayasumana, Rawat, Jain, Veit, Kumar, 2020, Long-tail Learning via Logit Adjustment, arXiv:2007.07314.
    """
    logits = widen(logits)
    shift = tau * (class_counts / class_counts.sum()).log()
    return cross_entropy(logits + shift.to(logits.dtype), target)


def cdt(logits: Logits, target: SoftTarget, *, class_counts: ClassCounts, gamma: float = 0.3) -> PerSample:
    r"""Cross entropy of logits that are scaled down where the class is rare: class-dependent temperatures.

    .. math:: -\log \operatorname{softmax}(\Delta \odot z)_y, \qquad \Delta_k = (n_k / \max_j n_j)^\gamma

    The paper divides by its temperature, which is 1/Δ. Logits are scaled while training only: predictions are made
    with softmax(z).

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).
        gamma: how strongly the scale follows the count, at least 0; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ye, Chen, Zhan, Chao, 2020, Identifying and Compensating for Feature Deviation in Imbalanced Deep Learning,
        arXiv:2001.01385.
    """
    logits = widen(logits)
    scale = (class_counts / class_counts.max()) ** gamma
    return cross_entropy(logits * scale.to(logits.dtype), target)


def vs(
    logits: Logits, target: SoftTarget, *, class_counts: ClassCounts, gamma: float = 0.3, tau: float = 1.0
) -> PerSample:
    r"""Cross entropy of logits that are scaled and shifted by class: vector scaling.

    .. math:: -\log \operatorname{softmax}(\Delta \odot z + \iota)_y,
        \qquad \Delta_k = (n_k / \max_j n_j)^\gamma, \qquad \iota_k = \tau \log \pi_k

    It joins `cdt` (τ = 0) and `logit_adjusted` (γ = 0). Predictions are made with softmax(z).

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).
        gamma: how strongly the scale follows the count, at least 0.
        tau: how much of the logarithms of the class shares π is added, at least 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Kini, Paraskevas, Oymak, Thrampoulidis, 2021, Label-Imbalanced and Group-Sensitive Classification under
        Overparameterization, arXiv:2103.01550.
    """
    logits = widen(logits)
    scale = (class_counts / class_counts.max()) ** gamma
    return logit_adjusted(logits * scale.to(logits.dtype), target, class_counts=class_counts, tau=tau)


def softmax_equalization(
    logits: Logits,
    target: Target,
    *,
    class_counts: ClassCounts,
    generator: torch.Generator | None,
    rate: float = 0.9,
    threshold: float = 0.05,
) -> PerSample:
    r"""Cross entropy of a softmax from which rare classes are mostly left out where they are not the true one.

    .. math:: -\log \frac{e^{z_y}}{\sum_k w_k e^{z_k}}, \qquad w_k = 1 - \beta_k [\pi_k < t] (1 - e_k)

    π is the share of a class in the training samples, t the threshold below which it is rare; β is 1 with the
    probability `rate`, drawn for each sample and class. A term is left out by a logit of −∞, whose gradient is 0, so
    that nothing overflows.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        class_counts: training samples per class, shape (classes,).
        generator: what β is drawn from: a uniform number in float32 for each sample and class; None for torch's own,
            which no trial draws from.
        rate: how often a rare class is left out, 0 to 1; at 0 this is cross entropy.
        threshold: the share of the training samples below which a class is rare.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Tan, Wang, Li, Li, Ouyang, Yin, Yan, 2020, Equalization Loss for Long-Tailed Object Recognition,
        arXiv:2003.05176.
    """
    rare = class_counts < threshold * class_counts.sum()
    drawn = torch.rand(logits.shape, generator=generator, dtype=torch.float32, device=logits.device) < rate
    left_out = (drawn & rare).scatter(1, target.unsqueeze(1), False)
    return cross_entropy(widen(logits).masked_fill(left_out, -torch.inf), target)


FOR_BALANCED_DATA = Claim(
    "Its probabilities, softmax(z), are for classes that are all as likely; where the data to come are as imbalanced "
    "as those of training it costs accuracy.",
    "the formula",
)
ADDITIVE = Claim(
    "What is added to the logits no longer moves the margins once all training data are fitted.",
    "Kini et al. 2021, arXiv:2103.01550",
)
MULTIPLICATIVE = Claim(
    "At the start of training the factors can harm the very classes that are rare.",
    "Kini et al. 2021, arXiv:2103.01550",
)
NOT_INVARIANT = Claim(
    "A constant added to all logits changes it, though softmax(z), which predicts, stays the same.", "the formula"
)
GAMMA = Hyperparameter(
    "gamma", 0.3, "how strongly the scale of a logit follows the class count", minimum=0, search=Interval(0, 1)
)
TAU = Hyperparameter(
    "tau", 1.0, "how much of the logarithms of the class shares is added", minimum=0, search=Interval(0, 3)
)

BALANCED_SOFTMAX = LossCard(
    name="balanced_softmax",
    version=1,
    family="imbalance and margins",
    title="Balanced softmax",
    formula=r"L(z, y) = -\log \frac{n_y e^{z_y}}{\sum_{k=1}^{K} n_k e^{z_k}}",
    purpose="For imbalanced training data, where all classes will matter alike when the network is used.",
    when="When classes are imbalanced in training and balanced where the network will be used.",
    strengths=(
        Claim(
            "It accounts for the shift from imbalanced training classes to balanced test classes, and has nothing to "
            "be chosen.",
            "Ren et al. 2020, arXiv:2007.10740",
        ),
        Claim(
            "It is logit_adjusted with tau=1: a constant added to all logits, as the logarithm of the number of "
            "samples is, changes nothing.",
            "the formula",
        ),
    ),
    weaknesses=(FOR_BALANCED_DATA, ADDITIVE),
    reference=Reference(
        "Ren, Yu, Sheng, Ma, Zhao, Yi, Li",
        2020,
        "Balanced Meta-Softmax for Long-Tailed Visual Recognition",
        "arXiv:2007.10740",
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({}, "logit_adjusted", {"tau": 1.0}),),
    ),
    needs=frozenset({"class_counts"}),
)

LOGIT_ADJUSTED = LossCard(
    name="logit_adjusted",
    version=1,
    family="imbalance and margins",
    title="Logit-adjusted cross entropy",
    formula=r"L(z, y) = -\log \operatorname{softmax}(z + \tau \log \pi)_y, \qquad \pi_k = \frac{n_k}{\sum_j n_j}",
    purpose="For imbalanced training data, where the balanced error, the mean over the classes, is to be small.",
    when="When classes are imbalanced and the error averaged over classes is what counts.",
    strengths=(
        Claim("At tau=1 it is consistent for the balanced error.", "Menon et al. 2020, arXiv:2007.07314"),
        Claim(
            "It asks for a larger margin of a rare class over a frequent one than the other way round.",
            "Menon et al. 2020, arXiv:2007.07314",
        ),
        Claim("It is balanced softmax at tau=1 and cross entropy at tau=0.", "the formula"),
    ),
    weaknesses=(FOR_BALANCED_DATA, ADDITIVE),
    reference=Reference(
        "Menon, Jayasumana, Rawat, Jain, Veit, Kumar",
        2020,
        "Long-tail Learning via Logit Adjustment",
        "arXiv:2007.07314",
    ),
    hyperparameters=(TAU,),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({}, "balanced_softmax"), Equality({"tau": 0.0}, "cross_entropy")),
    ),
    needs=frozenset({"class_counts"}),
)

CDT = LossCard(
    name="cdt",
    version=1,
    family="imbalance and margins",
    title="Class-dependent temperatures",
    formula=r"L(z, y) = -\log \operatorname{softmax}(\Delta \odot z)_y, "
    r"\qquad \Delta_k = \left( \frac{n_k}{\max_j n_j} \right)^{\gamma}",
    purpose="For imbalanced classes: the logits of rare classes are scaled down while training, so that they grow.",
    when="When classes are imbalanced and the network fits its training data so well that weights do nothing.",
    strengths=(
        Claim(
            "It makes up for features of rare classes that deviate between training and test data: the network has "
            "to enlarge the logits of these classes.",
            "Ye et al. 2020, arXiv:2001.01385",
        ),
        Claim(
            "Factors change the margins between classes even after all training data are fitted, where weights and "
            "shifts do not.",
            "Kini et al. 2021, arXiv:2103.01550",
        ),
        Claim("At gamma=0 it is cross entropy.", "the formula"),
    ),
    weaknesses=(
        MULTIPLICATIVE,
        Claim(
            "gamma has to be chosen for the data at hand; the default is that of the code of Kini et al. for CIFAR.",
            "Ye et al. 2020, arXiv:2001.01385; Kini et al. 2021, arXiv:2103.01550",
        ),
        NOT_INVARIANT,
    ),
    reference=Reference(
        "Ye, Chen, Zhan, Chao",
        2020,
        "Identifying and Compensating for Feature Deviation in Imbalanced Deep Learning",
        "arXiv:2001.01385",
    ),
    hyperparameters=(GAMMA,),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({"gamma": 0.0}, "cross_entropy"),),
    ),
    needs=frozenset({"class_counts"}),
)

VS = LossCard(
    name="vs",
    version=1,
    family="imbalance and margins",
    title="Vector-scaling loss",
    formula=r"L(z, y) = -\log \operatorname{softmax}(\Delta \odot z + \iota)_y, "
    r"\qquad \Delta_k = \left( \frac{n_k}{\max_j n_j} \right)^{\gamma}, "
    r"\qquad \iota_k = \tau \log \frac{n_k}{\sum_j n_j}",
    purpose="For imbalanced classes and long training: logits are scaled and shifted by class.",
    when="When classes are imbalanced and both corrections, by factor and by shift, can be chosen.",
    strengths=(
        Claim(
            "The factors move the margins late in training; the shifts make up for the harm that factors do early.",
            "Kini et al. 2021, arXiv:2103.01550",
        ),
        Claim("It is cdt at tau=0 and logit_adjusted at gamma=0.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "Two hyperparameters have to be chosen for the data at hand; the defaults are those of the authors' code "
            "for CIFAR.",
            "Kini et al. 2021, arXiv:2103.01550",
        ),
        NOT_INVARIANT,
    ),
    reference=Reference(
        "Kini, Paraskevas, Oymak, Thrampoulidis",
        2021,
        "Label-Imbalanced and Group-Sensitive Classification under Overparameterization",
        "arXiv:2103.01550",
    ),
    hyperparameters=(GAMMA, TAU),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({"tau": 0.0}, "cdt"), Equality({"gamma": 0.0}, "logit_adjusted")),
    ),
    needs=frozenset({"class_counts"}),
)

SOFTMAX_EQUALIZATION = LossCard(
    name="softmax_equalization",
    version=1,
    family="imbalance and margins",
    title="Softmax equalization loss",
    formula=r"L(z, y) = -\log \frac{e^{z_y}}{\sum_{k=1}^{K} w_k e^{z_k}}, "
    r"\qquad w_k = 1 - \beta_k \left[ \pi_k < t \right] (1 - e_k), \qquad \pi_k = \frac{n_k}{\sum_j n_j}, "
    r"\qquad \beta_k \sim \operatorname{Bernoulli}(r)",
    purpose="For long-tailed classes: samples of other classes mostly do not push the logits of rare ones down.",
    when="When classes are many and most of them rare.",
    strengths=(
        Claim(
            "Each sample of one class discourages all others, the rare ones most of all; here rare classes are "
            "spared most of that.",
            "Tan et al. 2020, arXiv:2003.05176",
        ),
        Claim("It is convex in the logits for whatever was drawn, and cross entropy at rate=0.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "A sample whose rivals are all left out has a loss of 0 and no gradient, however wrong it is classified.",
            "derivative of the formula",
        ),
        Claim(
            "The threshold goes with the number of classes: published code for long-tailed CIFAR-100 has 0.005, half "
            "the share of each of 100 equal classes; the default here is half the share of each of ten.",
            "Sinha et al. 2020, arXiv:2010.01824, and Zhang et al. 2021, Bag of Tricks for Long-Tailed Visual "
            "Recognition, their code",
        ),
        Claim(
            "Written down with raw exponentials it overflows; here it is computed in log space.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Tan, Wang, Li, Li, Ouyang, Yin, Yan",
        2020,
        "Equalization Loss for Long-Tailed Object Recognition",
        "arXiv:2003.05176",
    ),
    hyperparameters=(
        Hyperparameter("rate", 0.9, "r, how often a rare class is left out", minimum=0, maximum=1),
        Hyperparameter(
            "threshold",
            0.05,
            "t, share of the training samples below which a class is rare",
            minimum=0,
            maximum=1,
            search=Interval(0.001, 0.2, log=True),
        ),
    ),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=1.0, dead_region=True),
    needs=frozenset({"class_counts", "generator"}),
)

CARDS = (BALANCED_SOFTMAX, LOGIT_ADJUSTED, CDT, VS, SOFTMAX_EQUALIZATION)

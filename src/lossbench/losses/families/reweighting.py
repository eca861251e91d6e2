"""Weights by class."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.families.focal import focal
from lossbench.losses.shapes import ClassCounts, Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "class_balanced", "class_balanced_focal", "class_balanced_weights", "weighted_ce"]


def weighted_ce(
    logits: Logits, target: SoftTarget, *, class_counts: ClassCounts, normalisation: str = "samples"
) -> PerSample:
    r"""Cross entropy, weighted by the inverse frequency of the true class.

    .. math:: -w_y \log p_y, \qquad w_k \propto 1 / n_k

    The weights have a mean of 1 over the training samples (`samples`), w_k = N / (K n_k) with N samples in all, or
    over the classes (`classes`). Class probabilities e give −Σ e_k w_k log p_k.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).
        normalisation: `samples` or `classes`, over which the mean weight is 1.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        King, Zeng, 2001, Logistic Regression in Rare Events Data, doi:10.1093/oxfordjournals.pan.a004868.
    """
    if normalisation == "samples":
        return _weighted(logits, target, class_counts.mean() / class_counts)
    return _weighted(logits, target, _with_mean_one(1 / class_counts))


def class_balanced(logits: Logits, target: SoftTarget, *, class_counts: ClassCounts, beta: float = 0.9999) -> PerSample:
    r"""Cross entropy, weighted by the inverse effective number of samples of the true class.

    .. math:: -w_y \log p_y, \qquad w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}, \qquad \sum_k w_k = K

    Class probabilities e give −Σ e_k w_k log p_k.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        class_counts: training samples per class, shape (classes,).
        beta: from 0, where all weights are 1, to below 1; near 1 they are inverse frequencies.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Cui, Jia, Lin, Song, Belongie, 2019, Class-Balanced Loss Based on Effective Number of Samples,
        arXiv:1901.05555.
    """
    return _weighted(logits, target, class_balanced_weights(class_counts, beta))


def class_balanced_focal(
    logits: Logits, target: Target, *, class_counts: ClassCounts, beta: float = 0.9999, gamma: float = 2.0
) -> PerSample:
    r"""Focal loss, weighted by the inverse effective number of samples of the true class.

    .. math:: -w_y (1 - p_y)^\gamma \log p_y,
        \qquad w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}, \qquad \sum_k w_k = K

    p is softmax(z); the paper's own has K sigmoids.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        class_counts: training samples per class, shape (classes,).
        beta: from 0, where all weights are 1, to below 1; near 1 they are inverse frequencies.
        gamma: focusing parameter, at least 0; at 0 this is `class_balanced`.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Cui, Jia, Lin, Song, Belongie, 2019, Class-Balanced Loss Based on Effective Number of Samples,
        arXiv:1901.05555.
    """
    loss = focal(logits, target, gamma=gamma)
    return class_balanced_weights(class_counts, beta).to(loss.dtype)[target] * loss


def class_balanced_weights(class_counts: ClassCounts, beta: float) -> ClassCounts:
    """One over the effective number of samples of each class, (classes,), scaled to a mean of 1."""
    log_beta = math.log(beta) if beta else -math.inf
    return _with_mean_one(1 / torch.expm1(log_beta * class_counts))  # β^n − 1 < 0: the mean takes the sign away


def _with_mean_one(weights: Tensor) -> Tensor:
    return weights / weights.mean()


def _weighted(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy, (batch,), each class's part of it times its weight."""
    logits = widen(logits)
    if target.is_floating_point():
        target = target.to(logits.dtype)
    return cross_entropy(logits, target, weight=weights.to(logits.dtype), reduction="none")


TERMINAL_PHASE = Claim(
    "Once a network fits all training data, weights change little about where it separates the classes.",
    "Byrd, Lipton 2019, arXiv:1812.03372; Kini et al. 2021, arXiv:2103.01550",
)
MEAN_OF_A_BATCH = Claim(
    "The mean over a batch is over its samples, so that a batch with rare classes counts more; "
    "torch.nn.CrossEntropyLoss(weight=w) divides by the weights in the batch, which is another loss, but for class "
    "probabilities as targets by the number of samples, as here.",
    "documentation of torch.nn.CrossEntropyLoss",
)

WEIGHTED_CE = LossCard(
    name="weighted_ce",
    version=1,
    family="imbalance and margins",
    title="Weighted cross entropy",
    formula=r"L(z, y) = -w_y \log p_y, \qquad w_k = \frac{\sum_j n_j}{K \, n_k}, \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy in which each class weighs the same in all, however few samples it has.",
    when="When classes are imbalanced and all of them count alike.",
    strengths=(
        Claim(
            "Summed over the training data, every class has the same weight, as in a class-balanced data set.",
            "the formula",
        ),
        Claim("It is convex in the logits, as cross entropy is.", "the formula"),
    ),
    weaknesses=(
        TERMINAL_PHASE,
        Claim(
            "A class of a few samples gets a weight, and thus gradients, as large as it is rare.",
            "derivative of the formula",
        ),
        Claim(
            "Inverse frequencies leave a factor open, and public code differs in it: here, as in scikit-learn, the "
            "weights have a mean of 1 over the samples, or, with normalisation=classes, over the classes.",
            "documentation of sklearn.utils.class_weight.compute_class_weight",
        ),
        MEAN_OF_A_BATCH,
    ),
    reference=Reference(
        "King, Zeng", 2001, "Logistic Regression in Rare Events Data", "doi:10.1093/oxfordjournals.pan.a004868"
    ),
    hyperparameters=(
        Hyperparameter(
            "normalisation",
            "samples",
            "whether the mean weight is 1 over the training samples or over the classes",
            choices=("samples", "classes"),
        ),
    ),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=None, soft_targets=True),
    needs=frozenset({"class_counts"}),
)

CUI = Reference(
    "Cui, Jia, Lin, Song, Belongie",
    2019,
    "Class-Balanced Loss Based on Effective Number of Samples",
    "arXiv:1901.05555",
)
BETA = Hyperparameter(
    "beta",
    0.9999,
    "how fast samples of a class repeat each other; at 0 all weights are 1",
    minimum=0,
    below=1,
    search=(0.9, 0.99, 0.999, 0.9999),
)
EFFECTIVE_NUMBER = Claim(
    "The more samples a class has, the less another one adds; weights by the effective number of samples take that "
    "into account and lie between none and inverse frequencies.",
    "Cui et al. 2019, arXiv:1901.05555",
)
BETA_IS_CHOSEN = Claim(
    "beta has to be chosen for the data at hand; far below 1 − 1/n all classes of n samples or more weigh the same.",
    "Cui et al. 2019, arXiv:1901.05555; the formula",
)

CLASS_BALANCED = LossCard(
    name="class_balanced",
    version=1,
    family="imbalance and margins",
    title="Class-balanced cross entropy",
    formula=r"L(z, y) = -w_y \log p_y, \qquad w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}, "
    r"\qquad \sum_{k=1}^{K} w_k = K, \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy for imbalanced classes, with weights that are less extreme than inverse frequencies.",
    when="When classes are imbalanced by so much that weights by inverse frequency would overdo it.",
    strengths=(
        EFFECTIVE_NUMBER,
        Claim("At beta=0 it is cross entropy, and it is convex in the logits at every beta.", "the formula"),
    ),
    weaknesses=(
        BETA_IS_CHOSEN,
        Claim(
            "The name stands for several losses: the paper has it for K sigmoids, too, and a widespread PyTorch "
            "version calls softmax what is a binary cross entropy of softmax probabilities; here it is cross entropy.",
            "Cui et al. 2019, arXiv:1901.05555; the code of Class-balanced-loss-pytorch",
        ),
        TERMINAL_PHASE,
        MEAN_OF_A_BATCH,
    ),
    reference=CUI,
    hyperparameters=(BETA,),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=None,
        soft_targets=True,
        equals=(Equality({"beta": 0.0}, "cross_entropy"),),
    ),
    needs=frozenset({"class_counts"}),
)

CLASS_BALANCED_FOCAL = LossCard(
    name="class_balanced_focal",
    version=1,
    family="imbalance and margins",
    title="Class-balanced focal loss",
    formula=r"L(z, y) = -w_y (1 - p_y)^{\gamma} \log p_y, \qquad w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}, "
    r"\qquad \sum_{k=1}^{K} w_k = K, \qquad p = \operatorname{softmax}(z)",
    purpose="Focal loss for imbalanced classes: less weight on frequent classes and on what is classified well.",
    when="When classes are imbalanced and easy samples outnumber the hard ones in each.",
    strengths=(
        EFFECTIVE_NUMBER,
        Claim(
            "It is focal loss at beta=0 and class-balanced cross entropy at gamma=0, so that what either part does "
            "can be told apart.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "The paper's version, and a widespread PyTorch one, sums K sigmoid focal losses, which have other values "
            "and other gradients; here p is softmax(z).",
            "Cui et al. 2019, arXiv:1901.05555; the code of Class-balanced-loss-pytorch",
        ),
        Claim(
            "Two hyperparameters, beta and gamma, have to be chosen for the data at hand.",
            "Cui et al. 2019, arXiv:1901.05555",
        ),
        TERMINAL_PHASE,
        Claim(
            "It costs more than twice as much as cross entropy, which is little beside a network.",
            "measured: benchmarks/losses.py",
        ),
    ),
    reference=CUI,
    hyperparameters=(
        BETA,
        Hyperparameter(
            "gamma",
            2.0,
            "focusing: how fast the weight falls as the true class gets probable",
            minimum=0,
            search=Interval(0, 5),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=None,
        equals=(Equality({"beta": 0.0}, "focal"), Equality({"gamma": 0.0}, "class_balanced")),
    ),
    needs=frozenset({"class_counts"}),
)

CARDS = (WEIGHTED_CE, CLASS_BALANCED, CLASS_BALANCED_FOCAL)

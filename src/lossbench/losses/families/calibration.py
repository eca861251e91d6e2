"""Losses that hold back confidence while training."""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.families.cross_entropy import cross_entropy
from lossbench.losses.probability import pick
from lossbench.losses.shapes import Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "mbls", "mmce"]


def mbls(logits: Logits, target: SoftTarget, *, weight: float = 0.1, margin: float = 10.0) -> PerSample:
    r"""Cross entropy, plus a penalty on logits that lie more than a margin below the largest one.

    .. math:: -\log p_y + w \cdot \frac{1}{K} \sum_k \max(0, \max_j z_j - z_k - m)

    The penalty is the mean over all K classes, the largest one with its 0 among them, as in the authors' code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        weight: w, weight of the penalty; at 0 this is cross entropy.
        margin: m, the distance between logits that costs nothing.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Liu, Ben Ayed, Galdran, Dolz, 2022, The Devil is in the Margin: Margin-based Label Smoothing for Network
        Calibration, arXiv:2111.15430.
    """
    logits = widen(logits)
    excess = logits.amax(dim=1, keepdim=True) - margin - logits
    return cross_entropy(logits, target) + weight * excess.relu().mean(dim=1)


def mmce(logits: Logits, target: Target, *, weight: float = 2.0, width: float = 0.4) -> PerSample:
    r"""Cross entropy, plus a kernel estimate of the calibration error of the batch.

    .. math::
        -\log p_y + w \Big( \frac{1}{B^2} \sum_{j,l} (c_j - r_j)(c_l - r_l) \, e^{-|r_j - r_l| / h} \Big)^{1/2}

    The second term is one number for the whole batch, added to each of its samples: B samples, r the largest
    probability of each, c whether it belongs to the true class. This is the unweighted estimator, and its square root.
    Where it is 0 the root has no derivative, and its gradient is taken as 0.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        weight: w, weight of the calibration error; at 0 this is cross entropy.
        width: h, width of the kernel: confidences much closer than this are compared, others not.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Kumar, Sarawagi, Jain, 2018, Trainable Calibration Measures for Neural Networks from Kernel Mean Embeddings,
        ICML, PMLR 80:2805-2814.
    """
    log_p = widen(logits).log_softmax(dim=1)
    log_confidence, predicted = log_p.max(dim=1)
    confidence = log_confidence.exp()
    error = (predicted == target).to(confidence.dtype) - confidence
    kernel = torch.exp((confidence.unsqueeze(1) - confidence).abs() / -width)
    squared = error.dot(kernel.mv(error)) / len(error) ** 2
    return weight * _root(squared) - pick(log_p, target)


def _root(square: Tensor) -> Tensor:
    """The square root of what may be 0 or rounded below it; its gradient there is 0."""
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1).sqrt(), 0)


MBLS = LossCard(
    name="mbls",
    version=1,
    family="cross-entropy",
    title="Margin-based label smoothing (MbLS)",
    formula=r"L(z, y) = -\log p_y + \frac{w}{K} \sum_{k=1}^{K} \max \left( 0, \; \max_j z_j - z_k - m \right), "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy for calibrated networks: only logits too far below the largest one are pulled up.",
    when="When calibration matters and logits that are only a little apart shall be left alone.",
    strengths=(
        Claim(
            "Label smoothing, focal loss and the confidence penalty pull all logits towards each other without end; "
            "here distances up to the margin cost nothing.",
            "Liu et al. 2022, arXiv:2111.15430",
        ),
        Claim(
            "Its authors report better calibrated networks than with label smoothing and focal loss, without loss of "
            "accuracy.",
            "Liu et al. 2022, arXiv:2111.15430",
        ),
        Claim("It is convex in the logits, as cross entropy is.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "As long as the logits of a sample lie closer together than the margin it is cross entropy: a margin of "
            "10 only holds back predictions with probabilities apart by a factor of exp(10), about 22 000.",
            "the formula",
        ),
        Claim("Weight and margin have to be chosen for the data at hand.", "Liu et al. 2022, arXiv:2111.15430"),
    ),
    reference=Reference(
        "Liu, Ben Ayed, Galdran, Dolz",
        2022,
        "The Devil is in the Margin: Margin-based Label Smoothing for Network Calibration",
        "arXiv:2111.15430",
    ),
    hyperparameters=(
        Hyperparameter(
            "weight", 0.1, "weight of the penalty beside cross entropy", minimum=0, search=Interval(0.01, 1, log=True)
        ),
        Hyperparameter(
            "margin", 10.0, "distance to the largest logit that costs nothing", minimum=0, search=Interval(0, 20)
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.1,
        soft_targets=True,
        equals=(
            Equality({"weight": 0.0}, "cross_entropy"),
            Equality({"margin": 0.0}, "maxsup", {"alpha": 0.1}),
        ),
    ),
)

MMCE = LossCard(
    name="mmce",
    version=1,
    family="cross-entropy",
    title="Maximum mean calibration error (MMCE)",
    formula=(
        r"L(z_i, y_i) = -\log p_{i, y_i} + w \, \left( \frac{1}{B^2} \sum_{j, l = 1}^{B} (c_j - r_j)(c_l - r_l) "
        r"\, e^{-|r_j - r_l| / h} \right)^{1/2}, \qquad r_i = \max_k p_{i k}, "
        r"\quad c_i = \left[ \operatorname{argmax}_k p_{i k} = y_i \right], \qquad p_i = \operatorname{softmax}(z_i)"
    ),
    purpose="Cross entropy with an estimate of the calibration error of the batch as a second term to bring down.",
    when="When calibration is to be trained for itself and batches are large enough to estimate it.",
    strengths=(
        Claim(
            "What it adds is a measure of calibration, whose true value is 0 exactly when the confidences are "
            "calibrated.",
            "Kumar, Sarawagi, Jain 2018, ICML, PMLR 80:2805-2814",
        ),
        Claim(
            "It keeps more of the predictions that are rightly confident than an entropy penalty or temperature "
            "scaling.",
            "Kumar, Sarawagi, Jain 2018, ICML, PMLR 80:2805-2814",
        ),
    ),
    weaknesses=(
        Claim(
            "The loss of a sample depends on its batch: batches have to be large enough for the estimate, and the "
            "result changes with the batch size.",
            "the formula",
        ),
        Claim("Time and memory grow with the square of the batch size.", "the formula"),
        Claim(
            "In batches of 128 it costs about four and a half times what cross entropy costs, for its kernel of all "
            "pairs: 5 % of a training step of LeNet-5, and less of a larger network's.",
            "measured: benchmarks/losses.py",
        ),
        Claim(
            "Public versions differ: this is the paper's unweighted estimator with its square root; the authors' "
            "script trains with one that weights right and wrong predictions, other code leaves out the root.",
            "code: github.com/aviralkumar2907/MMCE, github.com/torrvision/focal_calibration",
        ),
    ),
    reference=Reference(
        "Kumar, Sarawagi, Jain",
        2018,
        "Trainable Calibration Measures for Neural Networks from Kernel Mean Embeddings",
        "ICML, PMLR 80:2805-2814",
    ),
    hyperparameters=(
        Hyperparameter(
            "weight",
            2.0,
            "weight of the calibration error beside cross entropy",
            minimum=0,
            search=Interval(0.1, 10, log=True),
        ),
        Hyperparameter(
            "width",
            0.4,
            "width of the kernel that compares confidences",
            minimum=1e-6,
            search=Interval(0.1, 1, log=True),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=None,
        equals=(Equality({"weight": 0.0}, "cross_entropy"),),
    ),
    needs=frozenset({"batch"}),
)

CARDS = (MBLS, MMCE)

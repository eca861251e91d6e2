"""Focal loss and its kin: cross entropy with less weight on what is classified well."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn.functional import logsigmoid

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import log_odds
from lossbench.losses.shapes import Logits, PerSample, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "dual_focal", "flsd", "focal"]


def focal(
    logits: Logits,
    target: Target,
    *,
    gamma: float = 2.0,
    alpha: float | Sequence[float] | None = None,
    detach: bool = False,
) -> PerSample:
    r"""Cross entropy, scaled down where the true class is already probable.

    .. math:: -\alpha_y (1 - p_y)^\gamma \log p_y

    With d the logit of the true class minus the log-sum-exp of the others, p = sigmoid(d) and 1 − p = sigmoid(−d),
    so both logarithms are taken without forming 1 − p. The usual form's gradient is NaN at p = 1 when gamma < 1;
    this one is finite in value and gradient for every gamma ≥ 0 and |logit| ≤ 1e4.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma: focusing parameter, at least 0; at 0 this is cross entropy.
        alpha: weight of every class, or one weight per class, (classes,); 1 when it is None.
        detach: whether the factor is held constant in differentiation, as some implementations do; a loss with
            other gradients.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Lin, Goyal, Girshick, He, Dollár, 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.
    """
    d = log_odds(logits, target)
    factor = torch.exp(gamma * logsigmoid(-d))
    loss = -(factor.detach() if detach else factor) * logsigmoid(d)
    if alpha is None:
        return loss
    weight = alpha if isinstance(alpha, int | float) else d.new_tensor(alpha)[target]
    return weight * loss


FOCAL = LossCard(
    name="focal",
    version=1,
    family="cross-entropy",
    title="Focal loss",
    formula=r"L(z, y) = -\alpha_y \, (1 - p_y)^{\gamma} \log p_y, \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy that gives less weight to samples that are already classified well.",
    when="When easy samples outnumber the hard ones by far, or when cross entropy ends over-confident.",
    strengths=(
        Claim(
            "Many easy samples cannot drown the few hard ones; made for detection, where background abounds.",
            "Lin et al. 2017, arXiv:1708.02002",
        ),
        Claim(
            "With gamma near 3 it gives better calibrated networks than cross entropy.",
            "Mukhoti et al. 2020, arXiv:2002.09437",
        ),
    ),
    weaknesses=(
        Claim("gamma and alpha have to be chosen for the data at hand.", "Lin et al. 2017, arXiv:1708.02002"),
        Claim(
            "It is no proper scoring rule: its minimiser is not the true class probabilities.",
            "Charoenphakdee et al. 2021, arXiv:2011.09172",
        ),
        Claim(
            "Two losses bear the name: the paper's takes a sigmoid of each logit, with weights alpha for the present "
            "and 1 − alpha for the absent class; here p is softmax(z), and alpha is a weight of the true class.",
            "Lin et al. 2017, arXiv:1708.02002",
        ),
        Claim(
            "Where code holds the factor (1 − p)^gamma constant (detach = true), the gradient is a smaller one, and no "
            "longer that of this formula.",
            "derivative of the formula",
        ),
        Claim(
            "Written down naively its gradient is NaN at p = 1 for gamma < 1; here it is computed in log space.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Lin, Goyal, Girshick, He, Dollár", 2017, "Focal Loss for Dense Object Detection", "arXiv:1708.02002"
    ),
    hyperparameters=(
        Hyperparameter(
            "gamma",
            2.0,
            "focusing: how fast the weight falls as the true class gets probable",
            minimum=0,
            search=Interval(0, 5),
        ),
        Hyperparameter(
            "alpha", None, "weight of all classes, or one per class", minimum=0, optional=True, per_class=True
        ),
        Hyperparameter("detach", False, "hold the factor constant in differentiation, as some implementations do"),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.13,
        equals=(Equality({"gamma": 0.0}, "cross_entropy"),),
    ),
)


def flsd(
    logits: Logits,
    target: Target,
    *,
    gamma_hard: float = 5.0,
    gamma_easy: float = 3.0,
    threshold: float = 0.2,
) -> PerSample:
    r"""Focal loss with a greater gamma for the samples that are far from right.

    .. math:: -(1 - p_y)^\gamma \log p_y, \quad \gamma = \gamma_\mathrm{hard} \text{ if } p_y < t,
        \text{ else } \gamma_\mathrm{easy}

    The paper's FLSD-53, with its gammas and its threshold as hyperparameters. In log space, as `focal`.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma_hard: focusing parameter below the threshold, at least 0.
        gamma_easy: focusing parameter from the threshold on, at least 0.
        threshold: the probability of the true class that divides hard from easy, above 0 and at most 1.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Mukhoti, Kulharia, Sanyal, Golodetz, Torr, Dokania, 2020, Calibrating Deep Neural Networks using Focal Loss,
        arXiv:2002.09437.
    """
    d = log_odds(logits, target)
    log_p, log_rest = logsigmoid(d), logsigmoid(-d)
    exponent = torch.where(log_p < math.log(threshold), gamma_hard * log_rest, gamma_easy * log_rest)
    return -torch.exp(exponent) * log_p


FLSD = LossCard(
    name="flsd",
    version=1,
    family="cross-entropy",
    title="Sample-dependent focal loss (FLSD-53)",
    formula=r"L(z, y) = -(1 - p_y)^{\gamma} \log p_y, \qquad \gamma = \begin{cases} "
    r"\gamma_{\text{hard}} & p_y < t \\ \gamma_{\text{easy}} & p_y \ge t \end{cases}, "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Focal loss for calibrated probabilities, with a gamma that depends on how hard the sample is.",
    when="When calibration matters and there are no validation data to choose one gamma by.",
    strengths=(
        Claim(
            "In almost all of its authors' experiments networks trained with it were as accurate as with other losses "
            "and better calibrated.",
            "Mukhoti et al. 2020, arXiv:2002.09437",
        ),
        Claim(
            "With both gammas equal it is focal, so that either can be tried within one loss.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It jumps at the threshold: by default from 0.53 to 0.82 as p rises through 0.2, so that a hard sample "
            "has to climb a step to become an easy one.",
            "the formula",
        ),
        Claim(
            "It is focal on either side of the threshold, and focal is no proper scoring rule: its minimiser is not "
            "the true class probabilities.",
            "Charoenphakdee et al. 2021, arXiv:2011.09172",
        ),
        Claim(
            "Two gammas and a threshold have to be right at once for the data at hand.",
            "the formula",
        ),
        Claim("It costs about two and a half times as much as cross entropy.", "measured: benchmarks/losses.py"),
    ),
    reference=Reference(
        "Mukhoti, Kulharia, Sanyal, Golodetz, Torr, Dokania",
        2020,
        "Calibrating Deep Neural Networks using Focal Loss",
        "arXiv:2002.09437",
    ),
    hyperparameters=(
        Hyperparameter(
            "gamma_hard", 5.0, "focusing where the true class is improbable", minimum=0, search=Interval(0, 10)
        ),
        Hyperparameter("gamma_easy", 3.0, "focusing elsewhere", minimum=0, search=Interval(0, 10)),
        Hyperparameter(
            "threshold",
            0.2,
            "the probability of the true class that divides hard from easy",
            above=0,
            maximum=1,
            search=Interval(0.05, 0.5),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.315,
        equals=(
            Equality({"gamma_hard": 2.0, "gamma_easy": 2.0}, "focal"),
            Equality({"gamma_hard": 0.0, "gamma_easy": 0.0}, "cross_entropy"),
        ),
    ),
)


def dual_focal(logits: Logits, target: Target, *, gamma: float = 5.0) -> PerSample:
    r"""Focal loss by the lead of the true class over the next class below it.

    .. math:: -(1 - p_y + p_j)^\gamma \log p_y, \quad p_j = \max \{ p_k : p_k < p_y \}

    Where no class is less probable than the true one, p_j is 0; classes exactly as probable as the true one do not
    count. 1 − p_y + p_j is the sum of the other probabilities with p_j counted twice, and is summed in log space:
    finite in value and gradient for every gamma ≥ 0. p_j is differentiated, as in the authors' code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma: focusing parameter, at least 0; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Tao, Dong, Xu, 2023, Dual Focal Loss for Calibration, arXiv:2305.13665.
    """
    log_p = widen(logits).log_softmax(dim=1)
    true = target.unsqueeze(1)
    log_p_y = log_p.gather(1, true)  # (batch, 1)
    log_p_j = log_p.masked_fill(log_p >= log_p_y, -torch.inf).amax(dim=1, keepdim=True)
    log_factor = log_p.scatter(1, true, log_p_j).logsumexp(dim=1)
    return -torch.exp(gamma * log_factor) * log_p_y.squeeze(1)


DUAL_FOCAL = LossCard(
    name="dual_focal",
    version=1,
    family="cross-entropy",
    title="Dual focal loss",
    formula=r"L(z, y) = -(1 - p_y + p_j)^{\gamma} \log p_y, \qquad p_j = \max \left\{ p_k : p_k < p_y \right\}, "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="Focal loss for calibration that also widens the gap to the runner-up, against under-confidence.",
    when="When focal loss overdoes it and leaves the network under-confident.",
    strengths=(
        Claim(
            "It balances over-confidence, which cross entropy brings, and under-confidence, which focal loss may "
            "bring.",
            "Tao, Dong, Xu 2023, arXiv:2305.13665",
        ),
        Claim(
            "A sample counts as easy only once the true class leads the next one clearly: with equal p_y, a close "
            "runner-up raises the loss.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It jumps wherever the true class overtakes another one, as p_j changes to that class; where it is the "
            "least probable class there is no p_j, and it is focal.",
            "the formula",
        ),
        Claim(
            "gamma has to be chosen for data and network: at the default of the authors' code, 0, it is cross entropy; "
            "the 5 here is what re-implementations take.",
            "code of Tao, Dong, Xu 2023, arXiv:2305.13665",
        ),
        Claim("It costs about three times as much as cross entropy.", "measured: benchmarks/losses.py"),
        Claim(
            "Another dual focal loss, of Hossain et al. for imbalanced segmentation, bears the same name and is "
            "something else.",
            "Hossain, Betts, Paplinski 2021, doi:10.1016/j.neucom.2021.07.055",
        ),
    ),
    reference=Reference("Tao, Dong, Xu", 2023, "Dual Focal Loss for Calibration", "arXiv:2305.13665"),
    hyperparameters=(
        Hyperparameter(
            "gamma",
            5.0,
            "focusing: how fast the weight falls as the true class takes the lead",
            minimum=0,
            search=Interval(0, 10),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=2.506,
        equals=(Equality({"gamma": 0.0}, "cross_entropy"),),
    ),
)

CARDS = (FOCAL, FLSD, DUAL_FOCAL)

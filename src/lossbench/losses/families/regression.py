"""Regression-style losses: the logits, or their softmax, are regressed onto the one-hot target."""

from __future__ import annotations

import torch
from torch.nn.functional import huber_loss, mse_loss, smooth_l1_loss

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import as_probabilities, log_p_true
from lossbench.losses.shapes import Logits, PerSample, SoftTarget
from lossbench.losses.widen import widen

__all__ = ["CARDS", "amse", "brier", "huber", "l1", "l1_probabilities", "mae", "mse", "smooth_l1"]


def l1(logits: Logits, target: SoftTarget) -> PerSample:
    r"""Mean absolute difference between the logits and the one-hot target.

    .. math:: \frac{1}{K} \sum_k |z_k - e_k|

    This is `torch.nn.L1Loss` on raw logits, as the course report used it; `mae` on probabilities is another loss.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Koenker, Bassett, 1978, Regression Quantiles, doi:10.2307/1913643 (minimised by the conditional median).
    """
    return (widen(logits) - as_probabilities(logits, target)).abs().mean(dim=1)


L1 = LossCard(
    name="l1",
    version=1,
    family="regression-style",
    title="L1 loss (mean absolute error on the logits)",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} \left| z_k - e_k \right|",
    purpose="A regression loss on the logits, kept as a baseline that shows what a loss can do to a classifier.",
    when="As a baseline that shows what goes wrong; not to train a classifier for use.",
    strengths=(
        Claim(
            "Its gradient does not grow with the error, so single outliers cannot dominate a step.",
            "Koenker, Bassett 1978, doi:10.2307/1913643",
        ),
    ),
    weaknesses=(
        Claim(
            "It is minimised by the conditional median, and with more than two balanced classes the median of every "
            "one-hot component is 0: until the network is sure beyond one half, the best output is 0 for every class.",
            "Koenker, Bassett 1978, doi:10.2307/1913643",
        ),
        Claim(
            "It measures distances to numbers that only stand for class labels, which is not what a classifier is "
            "asked for.",
            "Pan 2023, Loss function analysis, section 2.1",
        ),
        Claim(
            "Each logit receives a gradient of 1/K whether it is almost right or far off.",
            "derivative of the formula",
        ),
    ),
    reference=Reference("Koenker, Bassett", 1978, "Regression Quantiles", "doi:10.2307/1913643"),
    properties=Properties(bounded=False, symmetric=False, convex=True, gradient_bound=0.5, soft_targets=True),
)


def l1_probabilities(logits: Logits, target: SoftTarget) -> PerSample:
    r"""Mean absolute difference between the probabilities and the one-hot target.

    .. math:: \frac{1}{K} \sum_k |p_k - e_k| = \frac{2}{K} (1 - p_y)

    This is `torch.nn.L1Loss` on softmax outputs: `mae` divided by the number of classes.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ghosh, Kumar, Sastry, 2017, Robust Loss Functions under Label Noise for Deep Neural Networks,
        arXiv:1712.09482.
    """
    return mae(logits, target) / logits.shape[1]


L1_PROBABILITIES = LossCard(
    name="l1_probabilities",
    version=1,
    family="regression-style",
    title="L1 loss on the probabilities",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} \left| p_k - e_k \right| = \frac{2}{K} (1 - p_y), "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="The mean absolute error as L1Loss of PyTorch computes it on softmax outputs, to compare with such code.",
    when="When results of code that takes L1Loss of softmax outputs are to be repeated.",
    strengths=(
        Claim(
            "It is symmetric: summed over all possible labels it is the same for every prediction, so that uniform "
            "label noise does not move its minimiser.",
            "Ghosh, Kumar, Sastry 2017, arXiv:1712.09482",
        ),
        Claim("It is bounded by 2/K: no sample, however wrong its label, can dominate.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "It is mae divided by the number of classes: with the same learning rate, training slows down as there are "
            "more classes.",
            "the formula",
        ),
        Claim(
            "Its gradient by the true logit is 2p(1 − p)/K, which vanishes where the true class is improbable: hard "
            "samples are hardly learned.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Ghosh, Kumar, Sastry",
        2017,
        "Robust Loss Functions under Label Noise for Deep Neural Networks",
        "arXiv:1712.09482",
    ),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=0.25,
        soft_targets=True,
        equals=(Equality({}, "mae", per_class=True),),
    ),
)


def mae(logits: Logits, target: SoftTarget) -> PerSample:
    r"""Sum of the absolute differences between the probabilities and the one-hot target.

    .. math:: \sum_k |p_k - e_k| = 2 (1 - p_y)

    1 − p is taken from log p, so that it keeps the sign and the gradient that 1 − softmax loses where p rounds to 1.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ghosh, Kumar, Sastry, 2017, Robust Loss Functions under Label Noise for Deep Neural Networks,
        arXiv:1712.09482.
    """
    if target.is_floating_point():
        return (widen(logits).softmax(dim=1) - as_probabilities(logits, target)).abs().sum(dim=1)
    return -2 * torch.expm1(log_p_true(logits, target))


MAE = LossCard(
    name="mae",
    version=1,
    family="regression-style",
    title="Mean absolute error (on the probabilities)",
    formula=r"L(z, y) = \sum_{k=1}^{K} \left| p_k - e_k \right| = 2 (1 - p_y), \qquad p = \operatorname{softmax}(z)",
    purpose="For noisy labels: the simplest loss that withstands them, and a part of those that were built on it.",
    when="When many labels are wrong, classes are few and training may be long; otherwise as a part of a combination.",
    strengths=(
        Claim(
            "It is symmetric: summed over all possible labels it is the same for every prediction. Uniform label noise "
            "then does not move its minimiser as long as fewer than (K − 1)/K of the labels are wrong.",
            "Ghosh, Kumar, Sastry 2017, arXiv:1712.09482",
        ),
        Claim("It is bounded by 2: no sample, however wrong its label, can dominate.", "the formula"),
    ),
    weaknesses=(
        Claim(
            "Training with it is slow and ends in lower accuracy on demanding data, as it gives hard samples no more "
            "weight than easy ones.",
            "Zhang, Sabuncu 2018, arXiv:1805.07836",
        ),
        Claim(
            "Its gradient by the true logit is 2p(1 − p), which vanishes where the true class is improbable: a "
            "confidently wrong prediction is hardly corrected.",
            "derivative of the formula",
        ),
        Claim(
            "The same loss goes by several names and scales: 2(1 − p) here and in Ghosh et al., 2(1 − p)/K as "
            "l1_probabilities, 1 − p in other code and as gce at q = 1, and −A(1 − p) as rce. For ten classes that is "
            "2, 0.2, 1 and 9.21 times 1 − p, and a learning rate found for one scale does not fit another.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Ghosh, Kumar, Sastry",
        2017,
        "Robust Loss Functions under Label Noise for Deep Neural Networks",
        "arXiv:1712.09482",
    ),
    properties=Properties(bounded=True, symmetric=True, convex=False, gradient_bound=0.5, soft_targets=True),
)


def smooth_l1(logits: Logits, target: SoftTarget, *, beta: float = 1.0) -> PerSample:
    r"""L1 loss on the logits with its kink rounded off.

    .. math:: \frac{1}{K} \sum_k s(z_k - e_k), \quad s(d) = d^2 / (2 \beta) \text{ if } |d| < \beta,
        \text{ else } |d| - \beta / 2

    This is `torch.nn.SmoothL1Loss` on raw logits; `huber` divided by its threshold.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        beta: the difference at which the square becomes linear, above 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Girshick, 2015, Fast R-CNN, arXiv:1504.08083.
    """
    return smooth_l1_loss(widen(logits), as_probabilities(logits, target), reduction="none", beta=beta).mean(dim=1)


SMOOTH_L1 = LossCard(
    name="smooth_l1",
    version=1,
    family="regression-style",
    title="Smooth L1 loss (on the logits)",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} s(z_k - e_k), \qquad "
    r"s(d) = \begin{cases} d^2 / (2 \beta) & |d| < \beta \\ |d| - \beta / 2 & |d| \ge \beta \end{cases}",
    purpose="L1 without its kink: a regression loss of object detection, put to classification.",
    when="When a regression loss on the logits is to be held against l1 and mse.",
    strengths=(
        Claim("It is less sensitive to outliers than the squared error.", "Girshick 2015, arXiv:1504.08083"),
        Claim(
            "Unlike that of l1, its gradient goes to 0 with the error, so that steps get small where the logits are "
            "right.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "Every logit is judged alone: nothing in it knows that one class excludes the others.",
            "the formula",
        ),
        Claim(
            "Beyond beta each logit receives a gradient of 1/K whether it is wrong by little or by much.",
            "derivative of the formula",
        ),
        Claim(
            "It is easily taken for huber, which is beta times as large; the two agree only at a threshold of 1.",
            "the formula",
        ),
    ),
    reference=Reference("Girshick", 2015, "Fast R-CNN", "arXiv:1504.08083"),
    hyperparameters=(
        Hyperparameter(
            "beta",
            1.0,
            "the difference at which the square becomes linear",
            above=0,
            search=Interval(0.1, 10, log=True),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=0.5,
        soft_targets=True,
        equals=(
            Equality({}, "huber"),
            Equality({"beta": 0.5}, "huber", {"delta": 0.5}, 2.0),
        ),
    ),
)


def huber(logits: Logits, target: SoftTarget, *, delta: float = 1.0) -> PerSample:
    r"""Squared error on the logits that becomes linear beyond a threshold.

    .. math:: \frac{1}{K} \sum_k h(z_k - e_k), \quad h(d) = d^2 / 2 \text{ if } |d| \le \delta,
        \text{ else } \delta (|d| - \delta / 2)

    This is `torch.nn.HuberLoss` on raw logits.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        delta: the difference at which the square becomes linear, above 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Huber, 1964, Robust Estimation of a Location Parameter, doi:10.1214/aoms/1177703732.
    """
    return huber_loss(widen(logits), as_probabilities(logits, target), reduction="none", delta=delta).mean(dim=1)


HUBER = LossCard(
    name="huber",
    version=1,
    family="regression-style",
    title="Huber loss (on the logits)",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} h(z_k - e_k), \qquad h(d) = \begin{cases} "
    r"d^2 / 2 & |d| \le \delta \\ \delta \left( |d| - \delta / 2 \right) & |d| > \delta \end{cases}",
    purpose="The classical compromise between squared and absolute error, put to classification on the logits.",
    when="When code that uses HuberLoss is to be repeated; otherwise smooth_l1, of which it is a multiple.",
    strengths=(
        Claim(
            "What minimises it is the mean for large thresholds and the median for small ones; in between it has the "
            "least variance, in the worst case, on a normal distribution with a given share of outliers.",
            "Huber 1964, doi:10.1214/aoms/1177703732",
        ),
        Claim(
            "Its gradient is that of the squared error for small errors and bounded for large ones.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "Every logit is judged alone: nothing in it knows that one class excludes the others.",
            "the formula",
        ),
        Claim(
            "delta scales the loss as well as its shape: it is delta times smooth_l1 with beta = delta, so that the "
            "learning rate has to follow delta.",
            "the formula",
        ),
    ),
    reference=Reference("Huber", 1964, "Robust Estimation of a Location Parameter", "doi:10.1214/aoms/1177703732"),
    hyperparameters=(
        Hyperparameter(
            "delta",
            1.0,
            "the difference at which the square becomes linear",
            above=0,
            search=Interval(0.1, 10, log=True),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=0.5,
        soft_targets=True,
        equals=(
            Equality({}, "smooth_l1"),
            Equality({"delta": 2.0}, "smooth_l1", {"beta": 2.0}, 2.0),
        ),
    ),
)


def mse(
    logits: Logits,
    target: SoftTarget,
    *,
    true_weight: float = 1.0,
    true_target: float = 1.0,
    mean: bool = False,
) -> PerSample:
    r"""Squared error on the logits: the square loss of Hui and Belkin.

    .. math:: \sum_k w_k (z_k - M e_k)^2, \quad w_k = 1 + (w - 1) e_k

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        true_weight: weight of the true class's square, above 0; the paper's k. Between the weights of the true and
            the other classes where the target is between 0 and 1.
        true_target: what the true class's logit is to become, above 0; the paper's M.
        mean: whether to divide by the number of classes, as the paper and `torch.nn.MSELoss` do.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Hui, Belkin, 2020, Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in
        Classification Tasks, arXiv:2006.07322.
    """
    e = as_probabilities(logits, target)
    squares = mse_loss(widen(logits), true_target * e, reduction="none")
    if true_weight != 1:
        squares = (1 + (true_weight - 1) * e) * squares
    return squares.mean(dim=1) if mean else squares.sum(dim=1)


MSE = LossCard(
    name="mse",
    version=1,
    family="regression-style",
    title="Square loss (squared error on the logits)",
    formula=r"L(z, y) = \sum_{k=1}^{K} w_k (z_k - M e_k)^2, \qquad w_k = 1 + (w - 1) e_k",
    purpose="The least-squares classifier: an alternative to cross entropy that needs no softmax in training.",
    when="When the decision matters and not the probabilities; with a larger target when classes are many.",
    strengths=(
        Claim(
            "Networks trained with it do as well as with cross entropy or better on most language and speech tasks, "
            "and slightly worse on images.",
            "Hui, Belkin 2020, arXiv:2006.07322",
        ),
        Claim(
            "Training with it depends less on the random initialisation.",
            "Hui, Belkin 2020, arXiv:2006.07322",
        ),
        Claim(
            "The squared error is least in expectation at the mean, so that each logit estimates the probability of "
            "its class.",
            "Gneiting 2011, doi:10.1198/jasa.2011.r10138",
        ),
    ),
    weaknesses=(
        Claim(
            "For many classes true_weight and true_target have to be raised, or training is slow: the one square of "
            "the true class is lost among the others.",
            "Hui, Belkin 2020, arXiv:2006.07322",
        ),
        Claim(
            "A logit of the true class above its target costs as much as one below: right answers are punished for "
            "being clear.",
            "the formula",
        ),
        Claim(
            "Its logits are no logits of a softmax: at the minimum (1, 0, ..., 0) softmax gives the true class "
            "e/(e + K − 1), which is 0.23 for ten classes.",
            "the formula",
        ),
        Claim(
            "Sum and mean over the classes differ by K; here it is the sum, and mean = true gives the paper's.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Hui, Belkin",
        2020,
        "Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in Classification Tasks",
        "arXiv:2006.07322",
    ),
    hyperparameters=(
        Hyperparameter(
            "true_weight",
            1.0,
            "w, weight of the true class's square, the paper's k",
            above=0,
            maximum=1e6,
            search=Interval(1, 50, log=True),
        ),
        Hyperparameter(
            "true_target",
            1.0,
            "M, target of the true class's logit",
            above=0,
            maximum=1e6,
            search=Interval(1, 50, log=True),
        ),
        Hyperparameter("mean", False, "divide by the number of classes"),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=None,
        soft_targets=True,
        equals=(Equality({"mean": True}, "mse", per_class=True),),
    ),
)


def brier(logits: Logits, target: SoftTarget, *, mean: bool = False) -> PerSample:
    r"""Squared distance between the probabilities and the one-hot target.

    .. math:: \sum_k (p_k - e_k)^2

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        mean: whether to divide by the number of classes, as `torch.nn.MSELoss` on softmax outputs does.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Brier, 1950, Verification of Forecasts Expressed in Terms of Probability,
        doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    squares = mse_loss(widen(logits).softmax(dim=1), as_probabilities(logits, target), reduction="none")
    return squares.mean(dim=1) if mean else squares.sum(dim=1)


BRIER = LossCard(
    name="brier",
    version=1,
    family="regression-style",
    title="Brier score (squared error on the probabilities)",
    formula=r"L(z, y) = \sum_{k=1}^{K} (p_k - e_k)^2, \qquad p = \operatorname{softmax}(z)",
    purpose="A bounded proper scoring rule, where probabilities matter and single wrong labels must not.",
    when="When the probabilities matter and some labels may be wrong.",
    strengths=(
        Claim(
            "A strictly proper scoring rule: in expectation it is least for the true class probabilities only.",
            "Gneiting, Raftery 2007, doi:10.1198/016214506000001437",
        ),
        Claim(
            "It is bounded by 2, so that no sample, however wrong its label, can dominate.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It is not convex in the logits, and its gradient vanishes for confidently wrong predictions.",
            "derivative of the formula",
        ),
        Claim(
            "The sum over the classes, as here and with Brier, and the mean, as torch.nn.MSELoss takes it, differ by "
            "K; in two-class use a score half as large, of one class only, goes by the same name.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Brier",
        1950,
        "Verification of Forecasts Expressed in Terms of Probability",
        "doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    ),
    hyperparameters=(Hyperparameter("mean", False, "divide by the number of classes"),),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=0.5926,
        soft_targets=True,
        equals=(Equality({"mean": True}, "brier", per_class=True),),
    ),
)


def amse(logits: Logits, target: SoftTarget, *, a: float = 30.0) -> PerSample:
    r"""Asymmetric mean square error: the probabilities against a one-hot target of length a.

    .. math:: \frac{1}{K} \sum_k (a e_k - p_k)^2

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        a: the target of the true class, above 0; at 1 this is the mean Brier score.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Wang, Liu, Zhou, Hu, Zhai, Jiang, Ji, 2025, Joint Asymmetric Loss for Learning with Noisy Labels,
        arXiv:2507.17692.
    """
    return mse_loss(widen(logits).softmax(dim=1), a * as_probabilities(logits, target), reduction="none").mean(dim=1)


AMSE = LossCard(
    name="amse",
    version=1,
    family="regression-style",
    title="Asymmetric mean square error",
    formula=r"L(z, y) = \frac{1}{K} \sum_{k=1}^{K} (a e_k - p_k)^2, \qquad p = \operatorname{softmax}(z)",
    purpose="The passive part of the joint asymmetric loss against label noise, looked at alone.",
    when="As the passive part of a combination, or to see what it does alone.",
    strengths=(
        Claim(
            "Its authors prove when, depending on a, it is asymmetric, a condition that is weaker than symmetry and "
            "still gives tolerance to label noise.",
            "Wang et al. 2025, arXiv:2507.17692",
        ),
        Claim(
            "It is bounded: no sample, however wrong its label, can dominate.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It was made to be added to an active loss, such as nce, not to be used alone.",
            "Wang et al. 2025, arXiv:2507.17692",
        ),
        Claim(
            "For large a it is little but a scaled mae: up to a constant it is a/K times mae plus the mean of the "
            "squared probabilities, and like that of mae its gradient vanishes for confidently wrong predictions.",
            "the formula",
        ),
        Claim(
            "Its least value is (a − 1)²/K, not 0: 84.1 for ten classes at a = 30, which hides all progress from "
            "whoever reads the loss.",
            "the formula",
        ),
        Claim(
            "Its gradient grows with a and falls with K, so that the learning rate has to follow both.",
            "derivative of the formula",
        ),
    ),
    reference=Reference(
        "Wang, Liu, Zhou, Hu, Zhai, Jiang, Ji",
        2025,
        "Joint Asymmetric Loss for Learning with Noisy Labels",
        "arXiv:2507.17692",
    ),
    hyperparameters=(
        Hyperparameter(
            "a", 30.0, "the target of the true class", above=0, maximum=1e6, search=Interval(1, 100, log=True)
        ),
    ),
    properties=Properties(
        bounded=True,
        symmetric=False,
        convex=False,
        gradient_bound=7.503,
        soft_targets=True,
        equals=(Equality({"a": 1.0}, "brier", per_class=True),),
    ),
)

CARDS = (L1, L1_PROBABILITIES, MAE, SMOOTH_L1, HUBER, MSE, BRIER, AMSE)

"""Normalised losses, alone and beside a passive one."""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.families.symmetric import LOG_ZERO, A
from lossbench.losses.probability import pick
from lossbench.losses.shapes import Logits, PerSample, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "nce", "nce_mae", "nce_rce", "nfl", "nfl_mae", "nfl_rce", "ngce", "ngce_mae"]


def _log_p(logits: Tensor) -> Tensor:
    """Logarithms of the probabilities, (batch, classes), none above 0."""
    return torch.log_softmax(widen(logits), dim=1)


def _focal(log_p: Tensor, gamma: float) -> Tensor:
    """The focal loss of every class, were it the true one, negative; (batch, classes)."""
    rest = -torch.expm1(log_p)
    # At p = 1 the power's own derivative is infinite for gamma < 1, the product's is 0: its other factor is 0 there.
    power: Tensor = rest.clamp(min=torch.finfo(rest.dtype).tiny) ** gamma
    return log_p * power


def _box_cox(log_p: Tensor, q: float) -> Tensor:
    """The generalised cross entropy of every class, were it the true one, times −q; (batch, classes)."""
    return torch.expm1(q * log_p)


def _share(losses: Tensor, target: Tensor) -> Tensor:
    """The true class's part in the sum of the losses of all classes, (batch,)."""
    return pick(losses, target) / losses.sum(dim=1)


def _with_mae(losses: Tensor, log_p: Tensor, target: Tensor, alpha: float, beta: float) -> Tensor:
    """The share of the true class in the losses of all, times alpha, plus its 1 − p, times beta; (batch,)."""
    true = target.unsqueeze(1)
    passive = torch.expm1(log_p.gather(1, true)) * -beta
    # One fused operation instead of three: about a tenth of the time less.
    return torch.addcdiv(passive, losses.gather(1, true), losses.sum(dim=1, keepdim=True), value=alpha).squeeze(1)


def nce(logits: Logits, target: Target) -> PerSample:
    r"""Normalised cross entropy: cross entropy divided by its sum over all classes as targets.

    .. math:: \frac{\log p_y}{\sum_k \log p_k}

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider, from 0 to 1.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    return _share(_log_p(logits), target)


def nfl(logits: Logits, target: Target, *, gamma: float = 0.5) -> PerSample:
    r"""Normalised focal loss: focal loss divided by its sum over all classes as targets.

    .. math:: \frac{(1 - p_y)^\gamma \log p_y}{\sum_k (1 - p_k)^\gamma \log p_k}

    The factors are differentiated, as the formula has it; the authors' code holds them constant.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma: focusing parameter, 0 to 50, beyond which float32 would not do; at 0 this is `nce`.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider, from 0 to 1.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    return _share(_focal(_log_p(logits), gamma), target)


def ngce(logits: Logits, target: Target, *, q: float = 0.1) -> PerSample:
    r"""Normalised generalised cross entropy: `gce` divided by its sum over all classes as targets.

    .. math:: \frac{1 - p_y^q}{\sum_k (1 - p_k^q)}

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        q: from near 0 (`nce`) to 1 (`mae` divided by 2 (K − 1)).

    Returns:
        The loss of each sample, shape (batch,), float32 or wider, from 0 to 1.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    return _share(_box_cox(_log_p(logits), q), target)


def nce_mae(logits: Logits, target: Target, *, alpha: float = 1.0, beta: float = 1.0) -> PerSample:
    r"""Normalised cross entropy and the mean absolute error.

    .. math:: \alpha \frac{\log p_y}{\sum_k \log p_k} + \beta (1 - p_y)

    The mean absolute error counts as 1 − p, half of `mae`, as in the authors' code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of `nce`, the active part.
        beta: weight of 1 − p, the passive part.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    log_p = _log_p(logits)
    return _with_mae(log_p, log_p, target, alpha, beta)


def nce_rce(
    logits: Logits, target: Target, *, alpha: float = 1.0, beta: float = 1.0, log_zero: float = LOG_ZERO
) -> PerSample:
    r"""Normalised cross entropy and reverse cross entropy.

    .. math:: \alpha \frac{\log p_y}{\sum_k \log p_k} - \beta A (1 - p_y)

    This is `nce_mae` with another beta.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of `nce`, the active part.
        beta: weight of `rce`, the passive part.
        log_zero: A, what stands for log 0; below 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    return nce_mae(logits, target, alpha=alpha, beta=-beta * log_zero)


def nfl_mae(logits: Logits, target: Target, *, alpha: float = 1.0, beta: float = 1.0, gamma: float = 0.5) -> PerSample:
    r"""Normalised focal loss and the mean absolute error.

    .. math:: \alpha \frac{(1 - p_y)^\gamma \log p_y}{\sum_k (1 - p_k)^\gamma \log p_k} + \beta (1 - p_y)

    The mean absolute error counts as 1 − p, half of `mae`, as in the authors' code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of `nfl`, the active part.
        beta: weight of 1 − p, the passive part.
        gamma: focusing parameter of `nfl`, 0 to 50.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    log_p = _log_p(logits)
    return _with_mae(_focal(log_p, gamma), log_p, target, alpha, beta)


def nfl_rce(
    logits: Logits,
    target: Target,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.5,
    log_zero: float = LOG_ZERO,
) -> PerSample:
    r"""Normalised focal loss and reverse cross entropy.

    .. math:: \alpha \frac{(1 - p_y)^\gamma \log p_y}{\sum_k (1 - p_k)^\gamma \log p_k} - \beta A (1 - p_y)

    This is `nfl_mae` with another beta.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of `nfl`, the active part.
        beta: weight of `rce`, the passive part.
        gamma: focusing parameter of `nfl`, 0 to 50.
        log_zero: A, what stands for log 0; below 0.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    return nfl_mae(logits, target, alpha=alpha, beta=-beta * log_zero, gamma=gamma)


def ngce_mae(logits: Logits, target: Target, *, alpha: float = 1.0, beta: float = 1.0, q: float = 0.1) -> PerSample:
    r"""Normalised generalised cross entropy and the mean absolute error.

    .. math:: \alpha \frac{1 - p_y^q}{\sum_k (1 - p_k^q)} + \beta (1 - p_y)

    The mean absolute error counts as 1 − p, half of `mae`, as in the authors' code.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        alpha: weight of `ngce`, the active part.
        beta: weight of 1 − p, the passive part.
        q: of `ngce`, from near 0 to 1.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    log_p = _log_p(logits)
    return _with_mae(_box_cox(log_p, q), log_p, target, alpha, beta)


MA = Reference(
    "Ma, Huang, Wang, Romano, Erfani, Bailey",
    2020,
    "Normalized Loss Functions for Deep Learning with Noisy Labels",
    "arXiv:2006.13554",
)
PAPER = "Ma et al. 2020, arXiv:2006.13554"
CODE = "Ma et al. 2020, arXiv:2006.13554, the authors' code"

SYMMETRIC = Claim(
    "It is symmetric: uniform label noise at a rate below 1 − 1/K leaves its minimiser where it is.",
    PAPER,
)
BOUNDED = Claim("It lies between 0 and 1, so that no single label can cost much.", "the formula")
UNDERFITS = Claim(
    "Robust but slow: alone it underfits, for it can fall by other classes' part in the sum instead of by the true "
    "class's probability.",
    PAPER,
)
SHRINKS = Claim(
    "The sum it is divided by is at least K log K, so that its gradient shrinks as the classes become many.",
    "derivative of the formula",
)
BOTH = Claim(
    "The active part raises the probability of the label, the passive one lowers the others': together they fit where "
    "either alone underfits.",
    PAPER,
)
WEIGHTS = Claim(
    "The weights have to be chosen for the data: the defaults are the authors' for CIFAR-10; for CIFAR-100 they take a "
    "greater alpha, for MNIST a greater beta.",
    CODE,
)
SCALE = Claim(
    "The mean absolute error counts as 1 − p here, as in the authors' code, and as 2 (1 − p) in their paper: beta of "
    "the one is twice that of the other.",
    CODE,
)
RCE_IS_MAE = "reverse cross entropy is the mean absolute error at another scale, so that this is no loss of its own."
FACTORS = Claim(
    "Public versions differ: the factors (1 − p)^gamma are differentiated here; the authors' code holds them constant, "
    "which has other gradients.",
    CODE,
)
COST = Claim("It costs between two and three times the time of cross entropy.", "measured: benchmarks/losses.py")

ALPHA = Hyperparameter(
    "alpha", 1.0, "weight of the active part, the normalised loss", minimum=0, search=Interval(0.1, 100, log=True)
)
BETA = Hyperparameter("beta", 1.0, "weight of the passive part", minimum=0, search=Interval(0.1, 100, log=True))
GAMMA = Hyperparameter(
    "gamma", 0.5, "focusing of the normalised focal loss", minimum=0, maximum=50, search=Interval(0, 5)
)
Q = Hyperparameter(
    "q",
    0.1,
    "exponent of the normalised generalised cross entropy",
    minimum=1e-6,
    maximum=1,
    search=Interval(0.01, 1, log=True),
)

NCE = LossCard(
    name="nce",
    version=1,
    family="label noise",
    title="Normalised cross entropy",
    formula=r"L(z, y) = \frac{\log p_y}{\sum_{k=1}^{K} \log p_k}, \qquad p = \operatorname{softmax}(z)",
    purpose="Cross entropy made robust to noisy labels; a part of combinations rather than a loss to use alone.",
    when="As the active part of a combination; alone it fits too little.",
    strengths=(SYMMETRIC, BOUNDED),
    weaknesses=(UNDERFITS, SHRINKS),
    reference=MA,
    properties=Properties(bounded=True, symmetric=True, convex=False, gradient_bound=0.361),
)

NFL = LossCard(
    name="nfl",
    version=1,
    family="label noise",
    title="Normalised focal loss",
    formula=(
        r"L(z, y) = \frac{(1 - p_y)^{\gamma} \log p_y}{\sum_{k=1}^{K} (1 - p_k)^{\gamma} \log p_k}, "
        r"\qquad p = \operatorname{softmax}(z)"
    ),
    purpose="Focal loss made robust to noisy labels; a part of combinations rather than a loss to use alone.",
    when="As the active part of a combination; alone it fits too little.",
    strengths=(SYMMETRIC, BOUNDED, Claim("At gamma = 0 it is nce.", "the formula")),
    weaknesses=(UNDERFITS, FACTORS, COST),
    reference=MA,
    hyperparameters=(GAMMA,),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=0.486,
        equals=(Equality({"gamma": 0.0}, "nce"),),
    ),
)

NGCE = LossCard(
    name="ngce",
    version=1,
    family="label noise",
    title="Normalised generalised cross entropy",
    formula=r"L(z, y) = \frac{1 - p_y^{q}}{\sum_{k=1}^{K} (1 - p_k^{q})}, \qquad p = \operatorname{softmax}(z)",
    purpose="Generalised cross entropy made symmetric; a part of combinations rather than a loss to use alone.",
    when="As the active part of a combination; alone it fits too little.",
    strengths=(
        SYMMETRIC,
        BOUNDED,
        Claim("It goes from nce (q near 0) to the mean absolute error over 2 (K − 1) (q = 1).", "the formula"),
    ),
    weaknesses=(
        UNDERFITS,
        Claim(
            "q has to be chosen for the data: the authors take 0.1 for CIFAR-10, the default here, and 0.7 for "
            "CIFAR-100.",
            CODE,
        ),
    ),
    reference=MA,
    hyperparameters=(Q,),
    properties=Properties(bounded=True, symmetric=True, convex=False, gradient_bound=0.349),
)

NCE_MAE = LossCard(
    name="nce_mae",
    version=1,
    family="label noise",
    title="Normalised cross entropy + mean absolute error",
    formula=(
        r"L(z, y) = \alpha \frac{\log p_y}{\sum_{k=1}^{K} \log p_k} + \beta (1 - p_y), "
        r"\qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.",
    when="When labels are noisy and the weights of the two parts can be chosen.",
    strengths=(BOTH, SYMMETRIC),
    weaknesses=(WEIGHTS, SCALE),
    reference=MA,
    hyperparameters=(ALPHA, BETA),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=0.611,
        equals=(Equality({"beta": 0.0}, "nce"), Equality({"alpha": 0.0}, "mae", factor=0.5)),
    ),
)

NCE_RCE = LossCard(
    name="nce_rce",
    version=1,
    family="label noise",
    title="Normalised cross entropy + reverse cross entropy",
    formula=(
        r"L(z, y) = \alpha \frac{\log p_y}{\sum_{k=1}^{K} \log p_k} - \beta A \, (1 - p_y), "
        r"\qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.",
    when="When labels are noisy and the weights of the two parts can be chosen.",
    strengths=(BOTH, SYMMETRIC),
    weaknesses=(
        Claim(f"It is nce_mae with −A times its beta, 9.21 at the defaults: {RCE_IS_MAE}", "the formula"),
        WEIGHTS,
    ),
    reference=MA,
    hyperparameters=(ALPHA, BETA, A),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=2.664,
        equals=(
            Equality({}, "nce_mae", {"beta": -LOG_ZERO}),
            Equality({"alpha": 0.0}, "rce"),
            Equality({"beta": 0.0}, "nce"),
        ),
    ),
)

NFL_MAE = LossCard(
    name="nfl_mae",
    version=1,
    family="label noise",
    title="Normalised focal loss + mean absolute error",
    formula=(
        r"L(z, y) = \alpha \frac{(1 - p_y)^{\gamma} \log p_y}{\sum_{k=1}^{K} (1 - p_k)^{\gamma} \log p_k} "
        r"+ \beta (1 - p_y), \qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.",
    when="When labels are noisy, samples differ in difficulty, and the weights of the two parts can be chosen.",
    strengths=(BOTH, SYMMETRIC),
    weaknesses=(WEIGHTS, SCALE, FACTORS, COST),
    reference=MA,
    hyperparameters=(ALPHA, BETA, GAMMA),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=0.736,
        equals=(
            Equality({"beta": 0.0}, "nfl"),
            Equality({"alpha": 0.0}, "mae", factor=0.5),
            Equality({"gamma": 0.0}, "nce_mae"),
        ),
    ),
)

NFL_RCE = LossCard(
    name="nfl_rce",
    version=1,
    family="label noise",
    title="Normalised focal loss + reverse cross entropy",
    formula=(
        r"L(z, y) = \alpha \frac{(1 - p_y)^{\gamma} \log p_y}{\sum_{k=1}^{K} (1 - p_k)^{\gamma} \log p_k} "
        r"- \beta A \, (1 - p_y), \qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.",
    when="When labels are noisy, samples differ in difficulty, and the weights of the two parts can be chosen.",
    strengths=(BOTH, SYMMETRIC),
    weaknesses=(
        Claim(f"It is nfl_mae with −A times its beta, 9.21 at the defaults: {RCE_IS_MAE}", "the formula"),
        WEIGHTS,
        FACTORS,
        COST,
    ),
    reference=MA,
    hyperparameters=(ALPHA, BETA, GAMMA, A),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=2.789,
        equals=(
            Equality({}, "nfl_mae", {"beta": -LOG_ZERO}),
            Equality({"alpha": 0.0}, "rce"),
            Equality({"beta": 0.0}, "nfl"),
            Equality({"gamma": 0.0}, "nce_rce"),
        ),
    ),
)

NGCE_MAE = LossCard(
    name="ngce_mae",
    version=1,
    family="label noise",
    title="Normalised generalised cross entropy + mean absolute error",
    formula=(
        r"L(z, y) = \alpha \frac{1 - p_y^{q}}{\sum_{k=1}^{K} (1 - p_k^{q})} + \beta (1 - p_y), "
        r"\qquad p = \operatorname{softmax}(z)"
    ),
    purpose="For noisy labels: an active and a passive symmetric loss that make up for each other's slowness.",
    when="When labels are noisy and the weights of the two parts can be chosen.",
    strengths=(BOTH, SYMMETRIC),
    weaknesses=(WEIGHTS, SCALE, COST),
    reference=MA,
    hyperparameters=(ALPHA, BETA, Q),
    properties=Properties(
        bounded=True,
        symmetric=True,
        convex=False,
        gradient_bound=0.599,
        equals=(Equality({"beta": 0.0}, "ngce"), Equality({"alpha": 0.0}, "mae", factor=0.5)),
    ),
)

CARDS = (NCE, NFL, NGCE, NCE_MAE, NCE_RCE, NFL_MAE, NFL_RCE, NGCE_MAE)

"""Losses that do not quite believe the labels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.shapes import Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "bootstrap_hard", "bootstrap_soft", "peer"]


def bootstrap_soft(logits: Logits, target: SoftTarget, *, beta: float = 0.95, detach: bool = False) -> PerSample:
    r"""Cross entropy against a mixture of the label and the network's own probabilities.

    .. math:: -\sum_k (\beta e_k + (1 - \beta) p_k) \log p_k

    It is β times cross entropy plus 1 − β times the entropy of p. Where p is held constant in differentiation
    (`detach`), the entropy's gradient is p − p = 0, so that the gradient is β times that of cross entropy.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        beta: how far the label is believed, 0 to 1; at 1 this is cross entropy.
        detach: whether the mixed-in p is held constant in differentiation, as many implementations do.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Reed, Lee, Anguelov, Szegedy, Erhan, Rabinovich, 2014, Training Deep Neural Networks on Noisy Labels with
        Bootstrapping, arXiv:1412.6596, equation 6.
    """
    log_p = widen(logits).log_softmax(dim=1)
    p = log_p.exp()
    entropy = -((p.detach() if detach else p) * log_p).sum(dim=1)
    return beta * _negative_log_p(log_p, target) + (1 - beta) * entropy


def bootstrap_hard(logits: Logits, target: SoftTarget, *, beta: float = 0.8) -> PerSample:
    r"""Cross entropy against a mixture of the label and the network's own prediction.

    .. math:: -\beta \sum_k e_k \log p_k - (1 - \beta) \max_k \log p_k

    The paper's one-hot vector of the most probable class picks out the greatest log p, so no argmax is needed. The
    value is continuous where two classes tie for it; the gradient jumps there.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        beta: how far the label is believed, 0 to 1; at 1 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Reed, Lee, Anguelov, Szegedy, Erhan, Rabinovich, 2014, Training Deep Neural Networks on Noisy Labels with
        Bootstrapping, arXiv:1412.6596, equation 7.
    """
    log_p = widen(logits).log_softmax(dim=1)
    return beta * _negative_log_p(log_p, target) - (1 - beta) * log_p.amax(dim=1)


def peer(logits: Logits, target: Target, *, generator: torch.Generator | None, alpha: float = 1.0) -> PerSample:
    r"""Cross entropy, less that of some sample's logits with another sample's label.

    .. math:: -\log p_y(z_i) + \alpha \log p_{y_{b(i)}}(z_{a(i)})

    Here p(z) = softmax(z), y without an index is the label of sample i, and a and b are two independent random
    permutations of the batch, drawn in this order.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        generator: what the permutations are drawn from; None for torch's own, which no trial draws from.
        alpha: weight of the peer term, at least 0; at 0 this is cross entropy.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider; may be negative.

    References:
        Liu, Guo, 2019, Peer Loss Functions: Learning from Noisy Labels without Knowing Noise Rates, arXiv:1910.03231.
    """
    log_p = widen(logits).log_softmax(dim=1)
    a = torch.randperm(len(target), generator=generator, device=logits.device)
    b = torch.randperm(len(target), generator=generator, device=logits.device)
    return nll_loss(log_p, target, reduction="none") + alpha * log_p[a, target[b]]


def _negative_log_p(log_p: Tensor, target: Tensor) -> Tensor:
    """Cross entropy, (batch,), out of log-probabilities (batch, classes)."""
    if target.is_floating_point():
        return -(target.to(log_p.dtype) * log_p).sum(dim=1)
    return nll_loss(log_p, target, reduction="none")


REED = Reference(
    "Reed, Lee, Anguelov, Szegedy, Erhan, Rabinovich",
    2014,
    "Training Deep Neural Networks on Noisy Labels with Bootstrapping",
    "arXiv:1412.6596",
)

BOOTSTRAP_SOFT = LossCard(
    name="bootstrap_soft",
    version=1,
    family="label noise",
    title="Soft bootstrapping",
    formula=r"L(z, y) = -\sum_{k=1}^{K} \left( \beta e_k + (1 - \beta) p_k \right) \log p_k, "
    r"\qquad p = \operatorname{softmax}(z)",
    purpose="For labels of which a few are wrong: the network's own probabilities are mixed into the target.",
    when="When some labels are wrong and the network soon knows better than they do.",
    strengths=(
        Claim(
            "The network may disagree with a label that does not fit what it has seen, and in effect relabels the "
            "data while it learns.",
            "Reed et al. 2014, arXiv:1412.6596",
        ),
        Claim("It needs neither the noise rates nor clean data.", "the formula"),
        Claim(
            "At the default beta it is convex in the logits, and its gradient by a logit is never beyond beta.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "Too much mistrust of the labels ends with a network that believes only itself: what it adds to cross "
            "entropy is an entropy that is least for any sure prediction, right or wrong.",
            "Reed et al. 2014, arXiv:1412.6596, introduction; the formula",
        ),
        Claim(
            "With detach=true, as many public versions have it, its gradient is beta times that of cross entropy, and "
            "nothing of the bootstrapping is left but a smaller step; the paper's formula is detach=false.",
            "derivative of the formula",
        ),
        Claim(
            "It is unbounded, as cross entropy is, and at the default beta its gradient is close to that of cross "
            "entropy.",
            "derivative of the formula",
        ),
    ),
    reference=REED,
    hyperparameters=(
        Hyperparameter(
            "beta",
            0.95,
            "how far the label is believed; 1 is cross entropy",
            minimum=0,
            maximum=1,
            search=Interval(0.3, 1),
        ),
        Hyperparameter("detach", False, "hold the mixed-in p constant in differentiation, as many implementations do"),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=0.95,
        soft_targets=True,
        equals=(Equality({"beta": 1.0}, "cross_entropy"),),
    ),
)

BOOTSTRAP_HARD = LossCard(
    name="bootstrap_hard",
    version=1,
    family="label noise",
    title="Hard bootstrapping",
    formula=r"L(z, y) = -\beta \log p_y - (1 - \beta) \max_k \log p_k, \qquad p = \operatorname{softmax}(z)",
    purpose="For labels of which some are wrong: the network's own prediction is mixed into the target.",
    when="When some labels are wrong and the network soon knows better than they do.",
    strengths=(
        Claim(
            "The network may disagree with a label that does not fit what it has seen, and in effect relabels the "
            "data while it learns.",
            "Reed et al. 2014, arXiv:1412.6596",
        ),
        Claim(
            "By a logit its gradient is p less the mixed target, whether or not the prediction is held constant, for "
            "an argmax has no gradient.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "The prediction it adds to the target is believed from the first step, when it is no better than chance, "
            "as much as at the end.",
            "the formula",
        ),
        Claim(
            "Its gradient jumps by 1 − beta where two classes tie for the most probable one, and it is not convex.",
            "derivative of the formula",
        ),
        Claim("It is unbounded, as cross entropy is.", "the formula"),
    ),
    reference=REED,
    hyperparameters=(
        Hyperparameter(
            "beta",
            0.8,
            "how far the label is believed; 1 is cross entropy",
            minimum=0,
            maximum=1,
            search=Interval(0.3, 1),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({"beta": 1.0}, "cross_entropy"),),
    ),
)

PEER = LossCard(
    name="peer",
    version=1,
    family="label noise",
    title="Peer loss",
    formula=r"L(z_i, y_i) = -\log p_{y_i}(z_i) + \alpha \log p_{y_{b(i)}}(z_{a(i)}), "
    r"\qquad p(z) = \operatorname{softmax}(z), \qquad a, b \; \text{random permutations}",
    purpose="For noisy labels whose noise rates are unknown: it punishes agreement with labels drawn at random.",
    when="When labels are noisy at a rate that nobody knows.",
    strengths=(
        Claim(
            "Under mild conditions its minimiser on noisy labels is that on clean ones or near it, and no noise rate "
            "has to be known.",
            "Liu, Guo 2019, arXiv:1910.03231",
        ),
        Claim(
            "Predicting the same distribution for every sample gains nothing: at alpha=1 such a network has a mean "
            "loss of 0 on every batch.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "It is unbounded below: one confident disagreement with a random label pays more than all others cost.",
            "the formula",
        ),
        Claim(
            "At alpha=1 the log-sum-exps cancel over the batch: the mean loss is the mean of the peer label's logit "
            "minus the label's, linear in the logits. Its gradient knows nothing of the prediction, and is 0 where the "
            "two labels agree.",
            "derivative of the formula",
        ),
        Claim(
            "The authors' networks for pictures have a schedule: on CIFAR-10 alpha rises from 0 to 20 in 300 epochs, "
            "the learning rate is divided by 1 + alpha, and 1e-5 is added to p; here alpha is a constant, and p is "
            "as it is.",
            "Liu, Guo 2019, the code for CIFAR-10",
        ),
        Claim(
            "It couples the samples of a batch, and the peers come from the batch, where the paper draws them from "
            "all training data; a batch of one is its own peer.",
            "the formula; Liu, Guo 2019, arXiv:1910.03231",
        ),
    ),
    reference=Reference(
        "Liu, Guo",
        2019,
        "Peer Loss Functions: Learning from Noisy Labels without Knowing Noise Rates",
        "arXiv:1910.03231",
    ),
    hyperparameters=(
        Hyperparameter("alpha", 1.0, "weight of the peer term; 0 is cross entropy", minimum=0, search=Interval(0, 2)),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=None,
        nonnegative=False,
        dead_region=True,
        equals=(Equality({"alpha": 0.0}, "cross_entropy"),),
    ),
    needs=frozenset({"batch", "generator"}),
)

CARDS = (BOOTSTRAP_SOFT, BOOTSTRAP_HARD, PEER)

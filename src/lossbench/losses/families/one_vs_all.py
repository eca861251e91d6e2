"""Losses that see each class as a question of its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from lossbench.losses.card import Claim, Equality, Hyperparameter, Interval, LossCard, Properties, Reference
from lossbench.losses.probability import as_probabilities, log_odds
from lossbench.losses.shapes import Logits, PerSample, SoftTarget, Target
from lossbench.losses.widen import widen

__all__ = ["CARDS", "LINKS", "asymmetric", "bce", "evidential"]


def bce(logits: Logits, target: SoftTarget, *, mean: bool = False) -> PerSample:
    r"""Binary cross entropy of every class against all others, summed over the classes.

    .. math:: -\sum_k \big( e_k \log \sigma(z_k) + (1 - e_k) \log(1 - \sigma(z_k)) \big)

    Each logit has a sigmoid of its own, and the probabilities of the classes need not sum to 1.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,), or class probabilities, shape (batch, classes).
        mean: whether the sum is divided by the number of classes, as timm does.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Wightman, Touvron, Jégou, 2021, ResNet strikes back: An improved training procedure in timm, arXiv:2110.00476.
    """
    logits = widen(logits)
    each = binary_cross_entropy_with_logits(logits, as_probabilities(logits, target), reduction="none")
    return each.mean(dim=1) if mean else each.sum(dim=1)


def asymmetric(
    logits: Logits, target: Target, *, gamma_pos: float = 0.0, gamma_neg: float = 4.0, epsilon: float = 0.1
) -> PerSample:
    r"""Cross entropy against smoothed labels, focused apart for the true class and for the others.

    .. math::
        -s_y (1 - p_y)^{\gamma_+} \log p_y - \sum_{k \ne y} s_k \, p_k^{\gamma_-} \log p_k,
        \qquad s = (1 - \varepsilon) e + \varepsilon / K

    This is the authors' form for one label per sample, on softmax; theirs for several labels has sigmoids and a
    shifted probability, and is another loss.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        gamma_pos: focusing of the true class, at least 0.
        gamma_neg: focusing of the others, at least 0; without effect where epsilon is 0.
        epsilon: smoothing, the only weight that the others have.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter, Zelnik-Manor, 2020, Asymmetric Loss For Multi-Label
        Classification, arXiv:2009.14119.
    """
    log_p = widen(logits).log_softmax(dim=1)
    share = epsilon / logits.shape[1]
    true = target.unsqueeze(1)
    weight = share * torch.exp(gamma_neg * log_p)
    if gamma_pos == 0:
        weight = weight.scatter(1, true, 1 - epsilon + share)
    else:
        factor = torch.exp(gamma_pos * logsigmoid(-log_odds(logits, target)))
        weight = weight.scatter(1, true, (1 - epsilon + share) * factor.unsqueeze(1))
    return -(weight * log_p).sum(dim=1)


def evidential(
    logits: Logits, target: Target, *, progress: float, evidence: str = "relu", annealing: float = 0.2
) -> PerSample:
    r"""Expected squared error under a Dirichlet distribution of evidence, plus a penalty on evidence for wrong classes.

    .. math::
        \sum_k \Big( (e_k - p_k)^2 + \frac{p_k (1 - p_k)}{S + 1} \Big)
        + \lambda \, \mathrm{KL}\big( \mathrm{Dir}(\tilde\alpha) \,\|\, \mathrm{Dir}(1, \ldots, 1) \big),
        \qquad p = \alpha / S, \quad S = \sum_k \alpha_k, \quad \alpha = \mathrm{evidence}(z) + 1

    The first sum is equation 5 of the paper; alpha~ is alpha with a 1 at the true class. lambda rises in proportion
    to the training done, min(1, progress / annealing); the paper counts epochs instead, min(1, epoch / 10), and the
    authors' script trains for 50. The divergence is the difference of large terms and is computed in float64.

    Args:
        logits: raw outputs, shape (batch, classes).
        target: class indices, shape (batch,).
        progress: the share of training done, 0 to 1.
        evidence: how evidence comes from a logit: relu, softplus, or exp, which is the exponential of the logit
            clipped to ±10 as the authors have it.
        annealing: the share of training after which lambda is 1; at 0 it is 1 from the start, above 1 never.

    Returns:
        The loss of each sample, shape (batch,), float32 or wider.

    References:
        Sensoy, Kaplan, Kandemir, 2018, Evidential Deep Learning to Quantify Classification Uncertainty,
        arXiv:1806.01768.
    """
    alpha = _alpha(logits, evidence)
    strength = alpha.sum(dim=1, keepdim=True)
    p = alpha / strength
    true = torch.zeros_like(p, dtype=torch.bool).scatter(1, target.unsqueeze(1), True)
    risk = ((true.to(p.dtype) - p).square() + p * (1 - p) / (strength + 1)).sum(dim=1)
    weight = 1.0 if annealing == 0 else min(1.0, progress / annealing)
    return risk + weight * _divergence_from_uniform(alpha.masked_fill(true, 1.0).double()).to(risk.dtype)


def _alpha(logits: Tensor, evidence: str) -> Tensor:
    """Concentrations of the Dirichlet distribution, (batch, classes): evidence, and 1 for each class."""
    logits = widen(logits)
    if evidence == "relu":
        return logits.relu() + 1
    if evidence == "softplus":
        return 1 - logsigmoid(-logits)
    return logits.clamp(-10, 10).exp() + 1


def _divergence_from_uniform(alpha: Tensor) -> Tensor:
    """Kullback-Leibler divergence of Dir(alpha) from the uniform Dirichlet distribution, (batch,)."""
    strength = alpha.sum(dim=1)
    log_scale = strength.lgamma() - alpha.lgamma().sum(dim=1) - math.lgamma(alpha.shape[1])
    gap = alpha.digamma() - strength.digamma().unsqueeze(1)
    return log_scale + ((alpha - 1) * gap).sum(dim=1)


def _sigmoids(logits: Tensor, *, mean: bool = False) -> Tensor:
    """Logarithms of the sigmoids of the logits, scaled to sum to 1, (batch, classes); the same whatever `mean` is."""
    del mean
    return logsigmoid(widen(logits)).log_softmax(dim=1)


def _expected_probabilities(logits: Tensor, *, evidence: str = "relu", annealing: float = 0.2) -> Tensor:
    """Logarithms of the Dirichlet distribution's mean, (batch, classes); the same whatever `annealing` is."""
    del annealing
    return _alpha(logits, evidence).log().log_softmax(dim=1)


BCE = LossCard(
    name="bce",
    version=1,
    family="cross-entropy",
    title="Binary cross entropy, one class against the others",
    formula=(
        r"L(z, y) = -\sum_{k=1}^{K} \left( e_k \log \sigma(z_k) + (1 - e_k) \log(1 - \sigma(z_k)) \right), "
        r"\qquad \sigma(z) = \frac{1}{1 + e^{-z}}"
    ),
    purpose="Treats every class as a yes or no of its own, for pictures that may show several classes or none.",
    when="When a picture may show several classes or none, or in recipes that mix pictures.",
    strengths=(
        Claim(
            "Pictures mixed out of several may count as all of their classes at once, which improves training with "
            "mixup and CutMix.",
            "Wightman, Touvron, Jégou 2021, arXiv:2110.00476",
        ),
        Claim(
            "It is convex, and the derivative by a logit depends on that logit alone: classes do not compete.",
            "derivative of the formula",
        ),
        Claim(
            "In expectation it is least where each sigmoid is the probability of its class.",
            "derivative of the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "At logits of 0 each of the K − 1 wrong classes pulls as hard as the true one, so that with many classes "
            "the first steps say no to all of them.",
            "derivative of the formula",
        ),
        Claim(
            "The sigmoids need not sum to 1; for probabilities they are divided by their sum here.",
            "the formula",
        ),
        Claim(
            "Sum or mean over the classes is a matter of convention: timm takes the mean, which is 1/K of this "
            "(mean=true), and needs another learning rate.",
            "the formula",
        ),
    ),
    reference=Reference(
        "Wightman, Touvron, Jégou",
        2021,
        "ResNet strikes back: An improved training procedure in timm",
        "arXiv:2110.00476",
    ),
    hyperparameters=(Hyperparameter("mean", False, "divide by the number of classes, as timm does"),),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=1.0,
        soft_targets=True,
        equals=(Equality({"mean": True}, "bce", per_class=True),),
    ),
    link="sigmoid of each logit, divided by their sum",
)

ASYMMETRIC = LossCard(
    name="asymmetric",
    version=1,
    family="cross-entropy",
    title="Asymmetric loss (ASL), single label",
    formula=(
        r"L(z, y) = -s_y (1 - p_y)^{\gamma_{+}} \log p_y - \sum_{k \neq y} s_k \, p_k^{\gamma_{-}} \log p_k, "
        r"\qquad s_k = (1 - \varepsilon) e_k + \frac{\varepsilon}{K}, \qquad p = \operatorname{softmax}(z)"
    ),
    purpose="Label smoothing in which only wrong classes that the network already believes in keep their weight.",
    when="When label smoothing shall not pull at classes that are already improbable.",
    strengths=(
        Claim(
            "Made for pictures with several labels, where most classes are absent: true and absent classes have a "
            "focusing parameter each, so that the many easy absent ones do not drown the present.",
            "Ridnik et al. 2020, arXiv:2009.14119",
        ),
        Claim(
            "Of label smoothing it drops the pull on improbable classes: with gamma_neg of 4 their terms vanish like "
            "the fourth power of their probability.",
            "the formula",
        ),
    ),
    weaknesses=(
        Claim(
            "The wrong classes have only the weight epsilon / K that smoothing gives them, and at epsilon = 0 "
            "gamma_neg does nothing: this is then cross entropy or, with gamma_pos, focal loss.",
            "the formula",
        ),
        Claim(
            "The loss of the paper's main experiments, for several labels, has sigmoids and shifts the probabilities "
            "of absent classes; this is the authors' code for a single label.",
            "code: github.com/Alibaba-MIIL/ASL, ASLSingleLabel",
        ),
    ),
    reference=Reference(
        "Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter, Zelnik-Manor",
        2020,
        "Asymmetric Loss For Multi-Label Classification",
        "arXiv:2009.14119",
    ),
    hyperparameters=(
        Hyperparameter("gamma_pos", 0.0, "focusing of the true class", minimum=0, search=Interval(0, 4)),
        Hyperparameter("gamma_neg", 4.0, "focusing of the other classes", minimum=0, search=Interval(0, 8)),
        Hyperparameter(
            "epsilon", 0.1, "share of the target spread over all classes", minimum=0, maximum=1, search=Interval(0, 0.5)
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=True,
        gradient_bound=0.95,
        equals=(
            Equality({"epsilon": 0.0}, "cross_entropy"),
            Equality({"epsilon": 0.0, "gamma_pos": 2.0}, "focal", {"gamma": 2.0}),
            Equality({"gamma_neg": 0.0}, "label_smoothing", {"epsilon": 0.1}),
        ),
    ),
)

EVIDENTIAL = LossCard(
    name="evidential",
    version=1,
    family="cross-entropy",
    title="Evidential loss (expected squared error under a Dirichlet distribution)",
    formula=(
        r"L(z, y) = \sum_{k=1}^{K} \left( (e_k - p_k)^2 + \frac{p_k (1 - p_k)}{S + 1} \right) + \lambda \, "
        r"\operatorname{KL} \left( \operatorname{Dir}(\tilde{\alpha}) \, \| \, \operatorname{Dir}(1, \ldots, 1) "
        r"\right), \qquad p_k = \frac{\alpha_k}{S}, \quad S = \sum_{k=1}^{K} \alpha_k, "
        r"\quad \alpha_k = \operatorname{evidence}(z_k) + 1, \quad \tilde{\alpha}_k = e_k + (1 - e_k) \alpha_k, "
        r"\quad \lambda = \min \left( 1, \frac{\text{share of training done}}{\text{annealing}} \right)"
    ),
    purpose="Lets a network say how much evidence it has for each class, and so when it has little for any.",
    when="When a network shall be able to say that it does not know.",
    strengths=(
        Claim(
            "Beside probabilities it gives an uncertainty, K / S, which is 1 when there is no evidence for any class.",
            "Sensoy, Kaplan, Kandemir 2018, arXiv:1806.01768",
        ),
        Claim(
            "Its authors report that the uncertainty is higher for classes and perturbed pictures that the network "
            "was not trained on.",
            "Sensoy, Kaplan, Kandemir 2018, arXiv:1806.01768",
        ),
    ),
    weaknesses=(
        Claim(
            "With relu evidence a sample whose logits are all negative has no evidence and no gradient: it is never "
            "learnt from.",
            "Pandey, Yu 2023, arXiv:2306.11113",
        ),
        Claim(
            "Minimising a loss of this kind gives no incentive to state the uncertainty of the prediction faithfully.",
            "Bengs, Hüllermeier, Waegeman 2022, arXiv:2203.06102",
        ),
        Claim(
            "Its probabilities are evidence plus 1, divided by the sum, and not softmax of the logits: measures taken "
            "from softmax do not apply.",
            "the formula",
        ),
        Claim(
            "It costs about six times what cross entropy costs, for its gamma functions in float64: more than 5 % of a "
            "training step of LeNet-5, and less of a larger network's.",
            "measured: benchmarks/losses.py",
        ),
    ),
    reference=Reference(
        "Sensoy, Kaplan, Kandemir",
        2018,
        "Evidential Deep Learning to Quantify Classification Uncertainty",
        "arXiv:1806.01768",
    ),
    hyperparameters=(
        Hyperparameter("evidence", "relu", "how evidence comes from a logit", choices=("relu", "softplus", "exp")),
        Hyperparameter(
            "annealing",
            0.2,
            "share of training until the penalty on wrong evidence has its full weight",
            minimum=0,
            search=Interval(0, 1),
        ),
    ),
    properties=Properties(
        bounded=False,
        symmetric=False,
        convex=False,
        gradient_bound=1.0,
        dead_region=True,
    ),
    needs=frozenset({"progress"}),
    link="evidence plus 1, divided by the sum over the classes",
)

CARDS = (BCE, ASYMMETRIC, EVIDENTIAL)

LINKS = {"bce": _sigmoids, "evidential": _expected_probabilities}

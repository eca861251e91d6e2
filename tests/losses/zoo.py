"""Losses that are broken on purpose, each in a way that was met in the wild: the audit has to find every one."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional


def _p(logits: Tensor, target: Tensor) -> Tensor:
    return logits.softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)


def naive_focal(logits: Tensor, target: Tensor, gamma: float = 0.5) -> Tensor:
    """Its gradient is NaN at p = 1: infinity times 0."""
    p = _p(logits, target)
    return -((1 - p) ** gamma) * functional.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)


def log_of_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Infinite where p underflows."""
    return -_p(logits, target).log()


def double_softmax(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits.softmax(1), target)


def double_softmax_focal(logits: Tensor, target: Tensor) -> Tensor:
    p = _p(logits.softmax(1), target)
    return -((1 - p) ** 2) * p.log()


def of_probabilities(logits: Tensor, target: Tensor) -> Tensor:
    """Takes probabilities, as its user forgot."""
    return -logits.gather(1, target.unsqueeze(1)).squeeze(1).log()


def mean_over_classes(logits: Tensor, target: Tensor) -> Tensor:
    rows = functional.one_hot(target, logits.shape[1])
    return -(rows * logits.log_softmax(1)).mean()


def sum_reduction(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits, target, reduction="sum")


def detached_factor(logits: Tensor, target: Tensor) -> Tensor:
    log_p = functional.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)
    return -((1 - log_p.detach().exp()) ** 2) * log_p


def clamped_gce(logits: Tensor, target: Tensor, q: float = 0.7) -> Tensor:
    """Below the clamp there is no gradient, and so no way back."""
    return (1 - _p(logits, target).clamp(min=1e-7) ** q) / q


def mae_without_abs(logits: Tensor, target: Tensor) -> Tensor:
    """Identically 0, up to rounding: both sides sum to 1."""
    return (logits.softmax(1) - functional.one_hot(target, logits.shape[1])).sum(1)


def whole_number_smoothing(logits: Tensor, target: Tensor, epsilon: float = 0.1) -> Tensor:
    """The smoothing is divided away."""
    share = epsilon // logits.shape[1]
    return functional.cross_entropy(logits, target, label_smoothing=share, reduction="none")


def floored(logits: Tensor, target: Tensor) -> Tensor:
    """Counts in whole steps: a value that changes, and a gradient that is 0."""
    return functional.cross_entropy(logits, target, reduction="none").floor()


def whole_numbers(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits, target, reduction="none") // 1


def mixes_samples(logits: Tensor, target: Tensor) -> Tensor:
    """Broadcasts (batch, 1) against (batch,)."""
    hits = logits.gather(1, target.unsqueeze(1))
    return (logits.logsumexp(1) - hits).mean(1)


def normalised_over_the_batch(logits: Tensor, target: Tensor) -> Tensor:
    losses = functional.cross_entropy(logits, target, reduction="none")
    return (losses * losses.detach() / losses.detach().sum()).sum()


def softmax_over_the_batch(logits: Tensor, target: Tensor) -> Tensor:
    """The wrong dimension."""
    return -logits.log_softmax(0).gather(1, target.unsqueeze(1)).squeeze(1)


def upside_down(logits: Tensor, target: Tensor) -> Tensor:
    return logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)


def favourite_class(logits: Tensor, target: Tensor) -> Tensor:
    """Takes the first class for background, as detection losses do."""
    return functional.cross_entropy(logits, target, reduction="none") * (target != 0)


def two_classes_only(logits: Tensor, target: Tensor) -> Tensor:
    rows = functional.one_hot(target, 10).to(logits.dtype)
    return functional.binary_cross_entropy_with_logits(logits, rows, reduction="none").sum(1)


def swallows_soft_targets(logits: Tensor, target: Tensor) -> Tensor:
    labels = target.argmax(1).flip(0) if target.dim() == 2 else target
    return functional.cross_entropy(logits, labels, reduction="none")


def accuracy(logits: Tensor, target: Tensor) -> Tensor:
    return (logits.argmax(1) == target).float()


class Squeezes(nn.Module):
    """Fails on a batch of one."""

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(logits.squeeze(), target)


ZOO: dict[Callable[..., object], tuple[str, str, str]] = {
    naive_focal: (
        "extreme logits",
        "fail",
        "its gradient is NaN at logits of ±1e4, logits of ±100, p near 1, p = 1 (float64)",
    ),
    log_of_softmax: ("extreme logits", "fail", "infinite at"),
    double_softmax: ("input", "fail", "softmax is applied twice: it is cross_entropy of probabilities"),
    double_softmax_focal: ("input", "fail", "softmax is applied twice: it is focal of probabilities"),
    of_probabilities: ("input", "fail", "it expects probabilities"),
    nn.NLLLoss: (
        "input",
        "fail",
        "it expects logarithms of probabilities where lossbench gives logits",
    ),
    mean_over_classes: ("catalogue", "fail", "it is cross_entropy / K, K classes: a mean is taken over classes, too"),
    sum_reduction: ("reduction", "warn", "the sum over the batch"),
    detached_factor: ("whole expression", "fail", "a factor is detached"),
    clamped_gce: ("dead gradient", "fail", "a confidently wrong prediction gets no gradient at all"),
    mae_without_abs: ("direction", "fail", "whatever the logits are"),
    whole_number_smoothing: ("hyperparameters", "fail", "no effect of epsilon (0.1 to 0.06)"),
    floored: ("direction", "fail", "its gradient is zero although its value changes"),
    whole_numbers: ("call", "fail", "floor_divide is not implemented"),
    mixes_samples: ("samples", "fail", "depends on the others of its batch"),
    normalised_over_the_batch: ("samples", "fail", "depends on the others of its batch"),
    softmax_over_the_batch: ("samples", "fail", "depends on the others of its batch"),
    upside_down: ("direction", "fail", "a wrong prediction costs no more than a right one"),
    favourite_class: ("permutation of classes", "warn", "classes are treated unlike each other"),
    two_classes_only: ("two classes", "fail", "raises ValueError"),
    swallows_soft_targets: ("soft targets", "fail", "gives something else for one-hot rows"),
    accuracy: ("call", "fail", "does not depend on the logits"),
    Squeezes: ("batch of one", "fail", "raises"),
}
"""Per loss the check that finds it, how it comes out, and words of its reason."""

SOUND: tuple[Callable[..., object] | nn.Module, ...] = (
    functional.cross_entropy,
    nn.CrossEntropyLoss(label_smoothing=0.1),
    nn.MSELoss,
    nn.MultiMarginLoss,
    nn.BCEWithLogitsLoss(),
)
"""Losses of torch's own that nothing is wrong with."""

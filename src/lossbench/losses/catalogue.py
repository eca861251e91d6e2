"""The catalogue: every loss by name, and how a spec becomes a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from torch import Tensor

from lossbench.errors import RequestError, UnknownNameError
from lossbench.losses.card import LossCard
from lossbench.losses.cross_entropy import CROSS_ENTROPY, FOCAL, cross_entropy, focal
from lossbench.losses.regression import L1, l1
from lossbench.spec import LossSpec, print_value

__all__ = ["CATALOGUE", "Loss", "PerSampleLoss", "bind", "complete", "loss"]

PerSampleLoss = Callable[[Tensor, Tensor], Tensor]
"""(logits (batch, classes), target (batch,)) -> loss (batch,)."""


@dataclass(frozen=True)
class Loss:
    """A loss of the catalogue: a pure function, and its card."""

    function: Callable[..., Tensor]
    card: LossCard


CATALOGUE: Mapping[str, Loss] = MappingProxyType(
    {
        entry.card.name: entry
        for entry in (
            Loss(l1, L1),
            Loss(cross_entropy, CROSS_ENTROPY),
            Loss(focal, FOCAL),
        )
    }
)


def complete(spec: LossSpec) -> LossSpec:
    """The spec with every hyperparameter filled in.

    Raises:
        RequestError: an unknown loss or hyperparameter, or a value out of its range.
    """
    if spec.name not in CATALOGUE:
        raise UnknownNameError("losses", spec.name, CATALOGUE)
    return LossSpec.of(spec.name, CATALOGUE[spec.name].card.complete(spec.keywords))


def bind(spec: LossSpec, num_classes: int) -> PerSampleLoss:
    """The function of a spec.

    Args:
        spec: a loss and its hyperparameters.
        num_classes: how many classes the logits have.

    Returns:
        A function of (logits, target) that gives the loss of each sample.

    Raises:
        RequestError: as `complete`, and a list that does not have one value per class.
    """
    spec = complete(spec)
    entry = CATALOGUE[spec.name]
    for name, value in spec.hyperparameters:
        if isinstance(value, tuple) and len(value) != num_classes:
            raise RequestError(f"losses.{spec.name}.{name}", f"one value per class ({num_classes})", print_value(value))
    return partial(entry.function, **spec.keywords)


def loss(spec: str | LossSpec, class_counts: Sequence[int] | None = None) -> PerSampleLoss:
    """The loss that a text such as `focal(gamma=0.5)` names.

    Args:
        spec: the text, or a LossSpec.
        class_counts: training pictures per class; a hyperparameter with one value per class is checked against them.

    Returns:
        A function (logits (batch, classes), target (batch,)) -> per-sample loss (batch,).

    Raises:
        RequestError: an unknown loss or hyperparameter, or a value out of its range.
    """
    spec = spec if isinstance(spec, LossSpec) else LossSpec.parse(spec)
    if class_counts is not None:
        return bind(spec, len(class_counts))
    spec = complete(spec)
    return partial(CATALOGUE[spec.name].function, **spec.keywords)

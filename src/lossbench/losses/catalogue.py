"""The catalogue: every loss by name, and how a spec becomes a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from lossbench.errors import RequestError, UnknownNameError
from lossbench.losses.bound import BoundLoss
from lossbench.losses.card import LossCard
from lossbench.losses.families import FAMILIES
from lossbench.losses.own import bind_own, check_own
from lossbench.spec import LossSpec, print_value

__all__ = ["CATALOGUE", "Loss", "bind", "complete", "loss"]


@dataclass(frozen=True)
class Loss:
    """A loss of the catalogue: a pure function, its card, and how its probabilities come from the logits.

    Args:
        function: (logits, target, *, what it needs, hyperparameters) -> per-sample loss (batch,).
        card: what is known about it.
        link: (logits, *, hyperparameters) -> logarithms of probabilities (batch, classes); None for softmax.
    """

    function: Callable[..., Tensor]
    card: LossCard
    link: Callable[..., Tensor] | None = None


def _gathered() -> dict[str, Loss]:
    """A family's module has its cards in CARDS, a function by the name on each, and links in LINKS."""
    found = {}
    for family in FAMILIES:
        links: Mapping[str, Callable[..., Tensor]] = getattr(family, "LINKS", {})
        for card in family.CARDS:
            found[card.name] = Loss(getattr(family, card.name), card, links.get(card.name))
    return found


CATALOGUE: Mapping[str, Loss] = MappingProxyType(_gathered())


def complete(spec: LossSpec) -> LossSpec:
    """The spec with every hyperparameter filled in; a user's own loss knows its defaults itself.

    Raises:
        RequestError: an unknown loss or hyperparameter, a value out of its range, or an own loss that is not there.
    """
    if spec.own:
        check_own(spec)
        return spec
    if spec.name not in CATALOGUE:
        raise UnknownNameError("losses", spec.name, CATALOGUE)
    return LossSpec.of(spec.name, CATALOGUE[spec.name].card.complete(spec.keywords))


def bind(spec: LossSpec, class_counts: Sequence[int], device: torch.device | str = "cpu") -> BoundLoss:
    """The function of a spec.

    Args:
        spec: a loss and its hyperparameters.
        class_counts: training pictures per class.
        device: where the logits will be.

    Raises:
        RequestError: as `complete`; a list that does not have one value per class; a class without a training
            picture, for a loss that needs class counts; an own loss that cannot be trained with.
    """
    if spec.own:
        return bind_own(spec, class_counts, device)
    spec = complete(spec)
    num_classes = len(class_counts)
    for name, value in spec.hyperparameters:
        if isinstance(value, tuple) and len(value) != num_classes:
            raise RequestError(f"losses.{spec.name}.{name}", f"one value per class ({num_classes})", print_value(value))
    counts: dict[str, Tensor] = {}
    if "class_counts" in CATALOGUE[spec.name].card.needs:
        if min(class_counts) < 1:
            empty = ", ".join(str(label) for label, count in enumerate(class_counts) if count < 1)
            allowed = "at least one training picture of every class"
            raise RequestError(f"losses.{spec.name}", allowed, f"none of class {empty}")
        wide = torch.float32 if torch.device(device).type == "mps" else torch.float64  # mps has no float64
        counts["class_counts"] = torch.tensor(class_counts, dtype=wide, device=device)
    return _bound(spec, counts)


def loss(spec: str | LossSpec, class_counts: Sequence[int] | None = None) -> BoundLoss:
    """The loss that a text such as `focal(gamma=0.5)` names.

    Args:
        spec: the text, or a LossSpec.
        class_counts: training pictures per class; a loss whose card says `needs: class_counts` and a user's own
            need them.

    Returns:
        A function (logits (batch, classes), target (batch,)) -> per-sample loss (batch,).

    Raises:
        RequestError: an unknown loss or hyperparameter, a value out of its range, or class counts that are missing.
    """
    spec = spec if isinstance(spec, LossSpec) else LossSpec.parse(spec)
    if class_counts is not None:
        return bind(spec, class_counts)
    spec = complete(spec)
    if spec.own or "class_counts" in CATALOGUE[spec.name].card.needs:
        raise RequestError("class_counts", f"training pictures per class, which {spec.name} needs", None)
    return _bound(spec, {})


def _bound(spec: LossSpec, counts: Mapping[str, Tensor]) -> BoundLoss:
    """A completed spec's function."""
    entry = CATALOGUE[spec.name]
    keywords: dict[str, Any] = {
        hyperparameter.name: int(value) if hyperparameter.whole and isinstance(value, float) else value
        for hyperparameter in entry.card.hyperparameters
        for value in [spec.keywords[hyperparameter.name]]
    }
    return BoundLoss(
        spec,
        partial(entry.function, **counts, **keywords),
        entry.card.needs,
        entry.card.properties.soft_targets,
        entry.link and partial(entry.link, **keywords),
    )

"""The facts on a loss's card in words, for the terminal and the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lossbench.spec import LossSpec, print_value

if TYPE_CHECKING:
    from lossbench.losses import Equality, Hyperparameter, LossCard

__all__ = ["needs", "properties", "searched"]

_FACTS: Mapping[str, tuple[str, str]] = {
    "bounded": ("bounded", "not bounded"),
    "symmetric": (
        "symmetric: its sum over all possible targets is the same for all logits",
        "not symmetric: its sum over all possible targets depends on the logits",
    ),
    "convex": ("convex in the logits", "not convex in the logits"),
    "nonnegative": ("never below 0", "may be below 0"),
    "soft_targets": (
        "defined for class probabilities as target, too",
        "defined for class indices as target only",
    ),
}
_NEEDS: Mapping[str, str] = {
    "class_counts": "the training pictures per class",
    "progress": "at every step, how much of the training is done",
    "generator": "random numbers at every step",
    "batch": "a batch: the loss of a sample depends on the others beside it",
}


def searched(one: Hyperparameter) -> str:
    """Where tuning looks for a number; nothing for what is no number."""
    searched = one.searched
    if isinstance(one.default, bool) or one.choices or not searched:
        return ""
    if isinstance(searched, tuple):
        return f"; tuned among {', '.join(map(print_value, searched))}"
    return f"; tuned from {searched.low:g} to {searched.high:g}" + " by ratios" * searched.log


def properties(card: LossCard) -> Iterator[str]:
    """What is so at the defaults, one fact at a time."""
    for name, (holds, fails) in _FACTS.items():
        yield holds if getattr(card.properties, name) else fails
    bound = card.properties.gradient_bound
    yield "the derivative by one logit " + ("has no bound" if bound is None else f"is at most {bound:.4g} in size")
    if card.properties.dead_region:
        yield "a wrong prediction may get no gradient at all"
    for equality in card.properties.equals:
        yield f"{LossSpec.of(card.name, equality.own)} is {_equal(equality)}"


def _equal(equality: Equality) -> str:
    """`cross_entropy`, `4.605 × mae`, `2/K × mae`."""
    other = LossSpec.of(equality.other, equality.theirs)
    factor = f"{equality.factor:.4g}" + "/K" * equality.per_class
    return str(other) if factor == "1" else f"{factor} × {other}"


def needs(card: LossCard) -> str:
    """What the loss needs beyond logits and target."""
    words = [words for name, words in _NEEDS.items() if name in card.needs]
    return "; ".join(words) or "nothing beyond logits and target"

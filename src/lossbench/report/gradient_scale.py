"""How long a loss's first gradient is, held against cross entropy's at the same weights and batch.

At one learning rate for all losses, part of what is compared is the scale of their gradients, unless the optimizer
divides by it, as Adam does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.results import LossView, Results
from lossbench.text import counted, isolate, significant

__all__ = ["GradientScale", "first_step", "gradient_scales", "span", "spread"]

_FAR = 10.0  # between the shortest and the longest gradient of a study: what the answer must mention
_ALIKE = 0.0005  # a ratio this near to 1 is 1 to three decimals


@dataclass(frozen=True)
class GradientScale:
    """The L2 norm of a loss's gradient over cross entropy's, of the first batch at the first weights.

    Args:
        loss: its label.
        ratios: one per seed that has both norms; infinite where the loss's gradient is not finite.
        rate: the recipe's learning rate; None where the optimizer's steps are as long whatever the gradient's scale.
        own_rate: the loss's own learning rate, where the study gives it one; None for the recipe's.
    """

    loss: str
    ratios: tuple[float, ...]
    rate: float | None
    own_rate: float | None = None

    @property
    def ratio(self) -> float | None:
        """The geometric mean over seeds, for ratios multiply: 2 and 1/2 are 1 together.

        0 where a seed's gradient is 0, infinite where one is not finite, None without seeds.
        """
        if not self.ratios:
            return None
        if math.inf in self.ratios:
            return math.inf
        low, high = min(self.ratios), max(self.ratios)
        if not low:
            return 0.0
        mean = math.exp(math.fsum(map(math.log, self.ratios)) / len(self.ratios))
        return min(max(mean, low), high)  # rounding leaves it between them

    @property
    def equalising_rate(self) -> float | None:
        """The learning rate that would give its first steps the length of cross entropy's.

        None where none does, and where it needs none.
        """
        return self.rate / self.ratio if self.rate is not None and self.ratio and self.ratio < math.inf else None


def gradient_scales(results: Results) -> dict[str, GradientScale]:
    """Every loss's, in the study's order; trials without both norms, as in older stores and tables, are left out."""
    rate = None if results.scale_free else float(results.study["recipe"].get("optimizer", {}).get("lr", math.nan))
    columns = results.trials.select("loss_function", "initial_gradient_norm", "cross_entropy_gradient_norm")
    ratios: dict[str, list[float]] = {label: [] for label in results.labels}
    for label, own, reference in columns.iter_rows():
        ratios[label] += _ratio(own, reference)
    own = {view.label: view.overrides.get("lr") for view in results.losses}
    return {label: GradientScale(label, tuple(values), rate, own[label]) for label, values in ratios.items()}


def first_step(scale: GradientScale, view: LossView) -> str:
    """What a loss's section says of it; nothing where no trial has both norms."""
    lead, ratio, rate = "At the first weights its gradient is", scale.ratio, scale.equalising_rate
    if ratio is None:
        return ""
    for value, words, so in (
        (math.inf, "not finite", "no learning rate gives its first steps the length of cross entropy's"),
        (0.0, "0", "its first step moves nothing, whatever the learning rate"),
    ):
        if ratio == value:
            return f"{lead} {words}{_in_some(scale.ratios.count(value), len(scale.ratios))}, so {so}."
    same = abs(ratio - 1) < _ALIKE
    length = f"{lead} {significant(ratio)} times as long as cross entropy's ({_over(scale.ratios)})"
    if view.name == "cross_entropy" and same:
        return f"{lead} the measure that every other loss's is held against."
    if scale.rate is None and not same:
        return f"{length}; Adam's steps are as long whatever the gradient's scale."
    if scale.rate is not None and scale.own_rate is not None:
        steps = significant(ratio * scale.own_rate / scale.rate)
        return f"{length}; at its own learning rate of {scale.own_rate:g} its first steps are {steps} times as long."
    if same or rate is None:
        return f"{lead} as long as cross entropy's ({_over(scale.ratios)}), and so are its first steps."
    how = "shorter" if ratio < 1 else "longer"
    return (
        f"{length}, so at one learning rate for all its first steps are {how} by that factor; a learning rate of "
        f"{significant(rate)} would make them equal."
    )


def spread(scales: Mapping[str, GradientScale]) -> str:
    """A caution where the losses' gradients differ by more than a factor of ten at the start, and it matters.

    A loss with a learning rate of its own has been given what may make up for its scale, and is left out.
    """
    alike = {loss: scale.ratio for loss, scale in scales.items() if scale.own_rate is None}
    known = {loss: ratio for loss, ratio in alike.items() if ratio is not None and ratio < math.inf}
    if not known or any(scale.rate is None for scale in scales.values()):
        return ""
    least, most = min(known, key=lambda loss: known[loss]), max(known, key=lambda loss: known[loss])
    if known[most] <= _FAR * known[least]:
        return ""
    return (
        f"At the first weights the losses' gradients are between {significant(known[least])} ({isolate(least)}) and "
        f"{significant(known[most])} ({isolate(most)}) times as long as cross entropy's: at one learning rate for all, "
        "part of what is compared is scale."
    )


def _ratio(own: float | None, reference: float | None) -> list[float]:
    """One ratio, or none; where cross entropy's norm is known and the loss's is not, the latter was not a number."""
    if not reference or not math.isfinite(reference):
        return []
    return [math.inf if own is None or not math.isfinite(own) else own / reference]


def _in_some(count: int, seeds: int) -> str:
    return "" if count == seeds else f" in {count} of {counted(seeds, 'seed')}"


def _over(ratios: Sequence[float]) -> str:
    """What a mean is taken over: `0.21 to 0.25 over 5 seeds`."""
    if len(ratios) == 1:
        return "one seed"
    words = span(ratios)
    return f"{words} over {len(ratios)} seeds" if " to " in words else f"the same in {len(ratios)} seeds"


def span(ratios: Sequence[float]) -> str:
    """From the least to the greatest: `0.21 to 0.25`, or one number where both are written alike."""
    return " to ".join(dict.fromkeys((significant(min(ratios)), significant(max(ratios)))))

"""The losses of a study by name, each with what is said of its training."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.analysis.types import Analysis
from lossbench.report.gradient_scale import first_step, gradient_scales
from lossbench.report.sentences_loss import loss_sentences
from lossbench.report.sentences_why import why
from lossbench.results import LossView, Results

__all__ = ["Family", "Member", "families"]


@dataclass(frozen=True)
class Member:
    """A loss: what is said of how it trained, why, and of its first step."""

    view: LossView
    sentences: tuple[str, ...]
    why: tuple[str, ...]
    first_step: str


@dataclass(frozen=True)
class Family:
    """The losses of one name: what they share, and each with what was measured."""

    view: LossView
    members: tuple[Member, ...]


def families(results: Results, analysis: Analysis) -> list[Family]:
    """In the study's order; nothing where no more is known of the losses than tables say."""
    if results.external and results.history["epoch"].n_unique() < 2:
        return []
    views: dict[str, list[LossView]] = {}
    for view in results.losses:
        views.setdefault(view.name, []).append(view)
    reasons = {x: [item.rule for item in analysis.explanations if item.loss == x] for x in results.labels}
    scales = gradient_scales(results)
    return [
        Family(
            view=group[0],
            members=tuple(
                Member(
                    view,
                    loss_sentences(results, view.label, reasons[view.label]),
                    tuple(why(results, analysis, view.label)),
                    first_step(scales[view.label], view),
                )
                for view in group
            ),
        )
        for group in views.values()
    ]

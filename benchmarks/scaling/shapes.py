"""The studies that are measured: their losses, conditions and seeds, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scaling.made_store import made_study
from lossbench.spec import Study

__all__ = ["SHAPES", "Shape", "study_of"]

_LOSSES = (
    "cross_entropy", "l1", "mae", "focal", "gce", "sce", "mse", "brier", "huber", "smooth_l1",
    "label_smoothing", "poly1", "confidence_penalty", "maxsup", "dual_focal", "mbls", "bce", "asymmetric", "agce",
    "aul", "ael", "taylor_ce", "phuber_ce", "rce", "nce", "nfl", "ngce", "nce_mae", "nce_rce", "nfl_mae", "nfl_rce",
    "ngce_mae", "jensen_shannon", "bi_tempered", "ldr_kl", "epsilon_softmax", "bootstrap_soft", "bootstrap_hard",
    "peer", "hinge",
)  # fmt: skip
_MODELS = ("mlp", "cnn", "cnn8", "resnet20", "resnet32")


@dataclass(frozen=True)
class Shape:
    """How many of each a study has.

    Args:
        losses: at most 40.
        models: at most 5.
        scenarios: the first is clean, the others have more and more wrong labels.
        seeds: of each loss in each condition.
    """

    losses: int
    models: int
    scenarios: int
    seeds: int

    @property
    def trials(self) -> int:
        """All of them."""
        return self.losses * self.models * self.scenarios * self.seeds


SHAPES: Mapping[str, Shape] = {
    "20": Shape(4, 1, 1, 5),
    "1000": Shape(10, 1, 5, 20),
    "10000": Shape(20, 1, 10, 50),
    "100000": Shape(40, 1, 25, 100),
    "100000-models": Shape(20, 5, 10, 100),
    "100000-seeds": Shape(4, 1, 1, 25_000),
    "10000-seeds": Shape(4, 1, 1, 2_500),
    "1000-seeds": Shape(4, 1, 1, 250),
}


def study_of(shape: Shape, data: Path) -> Study:
    """The study of a shape on made pictures."""
    levels = [round(0.5 * place / max(1, shape.scenarios - 1), 3) for place in range(shape.scenarios)]
    scenarios = ["clean", *(f"noise(symmetric, {level})" for level in levels[1:])]
    return made_study(
        data, list(_LOSSES[: shape.losses]), shape.seeds, models=list(_MODELS[: shape.models]), scenarios=scenarios
    )

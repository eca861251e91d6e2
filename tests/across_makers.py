"""Studies of several conditions made up for tests: where each loss ends is given, noise differs from seed to seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import synthetic
from lossbench.analysis import Within, analyse
from lossbench.results import Results
from lossbench.spec import FIXED, Condition

__all__ = ["LOSSES", "condition", "noisy"]

LOSSES = ("cross_entropy", "gce(q=0.7)", "mae")

# Where each loss ends by the noise rate: the first is ahead without noise, the second from 0.2 on, the third never.
ENDS: Mapping[float, tuple[float, float, float]] = {
    0.0: (0.90, 0.87, 0.60),
    0.2: (0.80, 0.84, 0.58),
    0.4: (0.65, 0.80, 0.55),
}


def condition(
    model: str,
    scenario: str,
    accuracy: Sequence[float],
    recipe: str = FIXED,
    losses: Sequence[str] = LOSSES,
    **options: Any,
) -> Within:
    """One condition of a made-up study, analysed as any other."""
    ends = dict(zip(losses, accuracy, strict=True))
    options = {"seeds": 4, "epochs": 3, "samples": False, "name": f"{model}-{scenario}", **options}
    made = synthetic.study(losses=losses, accuracy=ends, **options)
    made = replace(made, study={**made.study, "models": [model], "scenarios": [scenario]})
    return Within(Condition(model, scenario, recipe), made, analyse(made))


def noisy(models: Sequence[str] = ("mlp", "cnn"), ends: Mapping[float, Sequence[float]] = ENDS) -> tuple[Within, ...]:
    """Two models at three rates of symmetric noise; the second is 0.02 below the first."""
    return tuple(
        condition(model, _scenario(rate), [value - 0.02 * place for value in values])
        for place, model in enumerate(models)
        for rate, values in ends.items()
    )


def results_of(within: Sequence[Within]) -> tuple[Results, ...]:
    """Their tables."""
    return tuple(item.results for item in within)


def _scenario(rate: float) -> str:
    return f"noise(symmetric, {rate})" if rate else "clean"

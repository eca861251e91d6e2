"""The study that confirms a tuning: every loss as it was asked for and as tuned, on seeds that chose nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, islice

from lossbench.errors import RequestError
from lossbench.rng import stream
from lossbench.spec import Arm, Study

__all__ = ["check_untied", "confirmation", "fresh_seeds", "tuning_seeds"]

_FROM, _TO = 10**6, 10**9  # far above the seeds that people write


def tuning_seeds(study: Study, number: int) -> tuple[int, ...]:
    """The seeds that settings are tried with: the same for every study, but never one of the study's own."""
    generator = stream(0, "tuning seeds")
    drawn = (int(generator.integers(_FROM, _TO)) for _ in count())
    fitting = (seed for seed in drawn if seed not in study.seeds)
    return tuple(islice(dict.fromkeys(islice(fitting, 2 * number)), number))


def fresh_seeds(study: Study, number: int, used: Sequence[int]) -> tuple[int, ...]:
    """The smallest seeds that are neither the study's nor the tuning's."""
    return tuple(islice((seed for seed in count(1) if seed not in study.seeds and seed not in used), number))


def check_untied(arms: Sequence[Arm]) -> None:
    """Checks that no two losses of a study differ only in what is tuned, for then they are one.

    Raises:
        RequestError: two do.
    """
    seen: dict[Arm, Arm] = {}
    for arm in arms:
        left = Arm(arm.loss, tuple(pair for pair in arm.overrides if pair[0] != "lr"))
        if left in seen:
            allowed = "losses that differ in more than their learning rates, which are tuned"
            raise RequestError("losses", allowed, f"{seen[left]} and {arm}")
        seen[left] = arm


def confirmation(study: Study, chosen: Mapping[str, Arm], seeds: Sequence[int]) -> Study:
    """The study in both recipes.

    Args:
        study: that was tuned.
        chosen: what tuning chose, by the loss as the study writes it.
        seeds: fresh ones.
    """
    name = f"{study.name.encode()[:190].decode(errors='ignore')}-tuned"
    return study.model_copy(update={"name": name, "tuned": dict(chosen), "seeds": tuple(seeds)})

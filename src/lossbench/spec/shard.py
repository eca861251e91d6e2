"""`Shard`: one of several parts of a study's trials, for machines that share nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lossbench.errors import RequestError
from lossbench.spec._model import canonical_json
from lossbench.spec.trial import Trial

__all__ = ["Shard", "deal"]

_MOST = 100_000
_ALLOWED = "a part and the number of parts, as 3/16, the part from 1 to that number"
_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Shard:
    """A part of a study's trials.

    Args:
        part: which, from 1 on.
        parts: how many there are.
    """

    part: int
    parts: int

    @classmethod
    def parse(cls, value: object, field: str = "shard") -> Shard:
        """The shard that a user wrote: `3/16` or `(3, 16)`.

        Raises:
            RequestError: it is neither, or there is no such part.
        """
        given: Sequence[object] = value if isinstance(value, tuple | list) else ()
        if isinstance(value, str) and (written := _WRITTEN.fullmatch(value.strip())):
            given = [int(number) for number in written.groups()]
        match given:
            case [int() as part, int() as parts] if 1 <= part <= parts <= _MOST and not isinstance(part, bool):
                return cls(part, parts)
        raise RequestError(field, _ALLOWED, value)

    def __str__(self) -> str:
        return f"{self.part}/{self.parts}"

    def keys(self, trials: Iterable[Trial]) -> frozenset[str]:
        """The keys of the trials that this part has.

        Args:
            trials: all of the study.
        """
        return frozenset(key for key, part in deal(trials, self.parts).items() if part == self.part)


def deal(trials: Iterable[Trial], parts: int) -> dict[str, int]:
    """Deals trials out to parts that cost alike; gives the part of each, from 1 on, by its key.

    Trials of one model on one scenario cost about the same, those of one loss in it even more so: they lie together,
    and are dealt like cards, one part after the other. So of every model, every scenario of a model and every loss in
    one a part has as many as any other, up to one. Where a loss has fewer trials than there are parts, it is dealt next
    where the parts whose turn it is have the fewest of it.

    Nothing but the trials decides, and not their order: whoever knows the study comes to the same parts.

    Args:
        trials: all of a study.
        parts: how many.
    """
    dealt: dict[str, int] = {}
    had = Counter[tuple[str, int]]()
    for hands in _alike(trials):
        while hands:
            turns = [range(len(dealt), len(dealt) + len(hand)) for hand in hands]
            fewest = [
                sum(had[str(hand[0].loss), turn % parts] for turn in some)
                for hand, some in zip(hands, turns, strict=True)
            ]
            hand = hands.pop(fewest.index(min(fewest)))
            for trial in hand:
                part = len(dealt) % parts
                had[str(trial.loss), part] += 1
                dealt[trial.key] = part + 1
    return dealt


def _alike(trials: Iterable[Trial]) -> list[list[list[Trial]]]:
    """Trials by model and scenario, in each by loss and recipe, in each by seed: all in an order of their own."""
    found: defaultdict[tuple[str, str], defaultdict[tuple[str, str], dict[str, Trial]]]
    found = defaultdict(lambda: defaultdict(dict))
    for trial in trials:
        place = found[trial.recipe.model, str(trial.scenario)]
        place[str(trial.loss), canonical_json(trial.recipe.canonical())][trial.key] = trial
    return [
        [sorted(hand.values(), key=lambda trial: (trial.seed, trial.key)) for _, hand in sorted(losses.items())]
        for _, losses in sorted(found.items())
    ]

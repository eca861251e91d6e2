"""Hypotheses: what a study expects, written before its run, one per line, in a small grammar.

```
[SCENARIO |] METRIC: A > B          also <; METRIC = split.metric, or split.metric[class]
METRIC: A ~ B within 0.01           equivalence
METRIC: highest A                   also lowest
METRIC: A within 0.05 of 0.1        the last value of every seed lies in the band
METRIC: A falls                     also rises; "monotonically" for every step
METRIC: A > B along training        the mean over the evaluated epochs; also of <, and of ~ ... within
METRIC follows METRIC               the losses are ranked alike
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lossbench.errors import RequestError
from lossbench.spec.arm import Arm
from lossbench.spec.call import print_value

__all__ = ["Band", "Claim", "Equivalence", "Extreme", "Follows", "Hypothesis", "Measure", "Order", "Trend"]


@dataclass(frozen=True)
class Measure:
    """What is measured: `test.accuracy`, `test.recall[cat]`.

    Args:
        split: `train`, `validation` or `test`.
        metric: a metric's column, `accuracy`.
        class_name: the class that it is of; None for all classes.
    """

    split: str
    metric: str
    class_name: str | None = None

    def __str__(self) -> str:
        return f"{self.split}.{self.metric}" + (f"[{self.class_name}]" if self.class_name else "")


@dataclass(frozen=True)
class Order:
    """`A > B`: the number of `a` is greater than that of `b`; with `greater` false `A < B`."""

    a: str
    b: str
    greater: bool = True
    along_training: bool = False

    def __str__(self) -> str:
        return f"{written(self.a)} {'>' if self.greater else '<'} {written(self.b)}" + _along(self.along_training)


@dataclass(frozen=True)
class Equivalence:
    """`A ~ B within MARGIN`: the two differ by less than the margin."""

    a: str
    b: str
    margin: float
    along_training: bool = False

    def __str__(self) -> str:
        both = f"{written(self.a)} ~ {written(self.b)}"
        return f"{both} within {print_value(self.margin)}" + _along(self.along_training)


@dataclass(frozen=True)
class Extreme:
    """`highest A`, or `lowest A`: no other loss has a greater, or a smaller, number."""

    loss: str
    highest: bool = True

    def __str__(self) -> str:
        return f"{'highest' if self.highest else 'lowest'} {written(self.loss)}"


@dataclass(frozen=True)
class Band:
    """`A within WIDTH of CENTRE`: the last value of every seed, and the interval of their mean, lies in the band."""

    loss: str
    width: float
    centre: float

    def __str__(self) -> str:
        return f"{written(self.loss)} within {print_value(self.width)} of {print_value(self.centre)}"


@dataclass(frozen=True)
class Trend:
    """`A falls`, or `A rises`: in every seed, over the epochs; `monotonically`: at every step."""

    loss: str
    rises: bool
    monotonically: bool = False

    def __str__(self) -> str:
        return f"{written(self.loss)} {'rises' if self.rises else 'falls'}" + " monotonically" * self.monotonically


@dataclass(frozen=True)
class Follows:
    """`METRIC follows METRIC`: the losses' values of one are ranked like those of the other, epoch by epoch."""

    other: Measure

    def __str__(self) -> str:
        return f"follows {self.other}"


Claim = Order | Equivalence | Extreme | Band | Trend | Follows


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis; as text it reads back as itself.

    Args:
        measure: what it is about.
        claim: what it says of that.
        scenario: which scenario it is about; None for the study's.
    """

    measure: Measure
    claim: Claim
    scenario: str | None = None

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses that it names."""
        claim = self.claim
        if isinstance(claim, Order | Equivalence):
            return claim.a, claim.b
        return () if isinstance(claim, Follows) else (claim.loss,)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it measures."""
        return (self.measure, self.claim.other) if isinstance(self.claim, Follows) else (self.measure,)

    def renamed(self, labels: Mapping[str, str]) -> Hypothesis:
        """The same with other names for losses; those that are not mentioned stay."""
        claim = self.claim
        if isinstance(claim, Order | Equivalence):
            return replace(self, claim=replace(claim, a=labels.get(claim.a, claim.a), b=labels.get(claim.b, claim.b)))
        if isinstance(claim, Follows):
            return self
        return replace(self, claim=replace(claim, loss=labels.get(claim.loss, claim.loss)))

    def __str__(self) -> str:
        about = f"{self.scenario} | {self.measure}" if self.scenario else str(self.measure)
        return f"{about} {self.claim}" if isinstance(self.claim, Follows) else f"{about}: {self.claim}"


def written(label: str) -> str:
    """A loss as a hypothesis writes it: in quotes where it is no `name(key=value, ...)` or a word of the grammar."""
    try:
        bare = str(Arm.parse(label)) == label and label not in ("highest", "lowest")
    except RequestError:
        bare = False
    return label if bare else f'"{label}"'


def _along(along: bool) -> str:
    return " along training" if along else ""

"""`LossCard`: what is known about a loss, as facts that tests execute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import Value, print_value

__all__ = ["Claim", "Equality", "Hyperparameter", "Interval", "LossCard", "Need", "Properties", "Reference"]

Need = Literal["class_counts", "progress", "generator", "batch"]
"""What a loss may need beyond logits and target.

`class_counts`: training pictures per class, (classes,), bound at set-up. `progress`: the share of training done, 0 to
1, per step. `generator`: a torch generator to draw from, per step. `batch`: nothing more, but the loss of a sample
depends on the others of its batch.
"""


@dataclass(frozen=True)
class Reference:
    """The paper that defines the loss.

    Args:
        authors: family names, as cited.
        year: of publication.
        title: of the paper.
        identifier: arXiv id, DOI or venue.
    """

    authors: str
    year: int
    title: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.identifier}."


@dataclass(frozen=True)
class Claim:
    """A strength or a weakness, and who says so."""

    text: str
    source: str


@dataclass(frozen=True)
class Interval:
    """Where values of a hyperparameter are of use: finite, its ends included.

    Args:
        low: the least value.
        high: the greatest value.
        log: whether values are told apart by their ratios, as 0.1, 1 and 10 are, and not by their differences.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter of a loss: a number, a flag, or one of a few words.

    Args:
        name: the keyword.
        default: the authors' value; a flag's is false.
        meaning: what it does, in a few words.
        minimum: the least allowed value.
        maximum: the greatest allowed value.
        above: what the value must be greater than.
        below: what the value must be less than.
        whole: whether only whole numbers are allowed.
        optional: whether `none` is allowed.
        per_class: whether a list with one value per class is allowed.
        choices: the allowed words.
        search: where tuning looks for a value: an interval within the range, or a few numbers; None for the whole
            range. What is tuned over what: `searched`.
    """

    name: str
    default: float | bool | str | None
    meaning: str
    minimum: float = -math.inf
    maximum: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    whole: bool = False
    optional: bool = False
    per_class: bool = False
    choices: tuple[str, ...] = ()
    search: Interval | tuple[float, ...] | None = None

    @property
    def searched(self) -> Interval | tuple[Value, ...]:
        """Where tuning looks for a value: an interval, or every value of a few; nothing where the default is none."""
        if self.default is None:
            return ()
        if isinstance(self.default, bool):
            return (False, True)
        return self.choices or self.search or Interval(self.minimum, self.maximum)

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        limits = {
            "above": self.above,
            "of at least": self.minimum,
            "below": self.below,
            "of at most": self.maximum,
        }
        bounds = " and ".join(f"{words} {limit:g}" for words, limit in limits.items() if math.isfinite(limit))
        bounds = bounds.replace("and of at most", "and at most")
        options = [f"a {'whole ' * self.whole}number {bounds}".strip()]
        if self.per_class:
            options.append("a list of such numbers, one per class")
        if self.optional:
            options.append("none")
        return " or ".join(options)

    def check(self, loss: str, value: Value) -> None:
        """Raises a RequestError unless the value is allowed."""
        if not self._allows(value):
            raise RequestError(f"losses.{loss}.{self.name}", self.allowed, print_value(value))

    def _allows(self, value: Value) -> bool:
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if self.choices:
            return value in self.choices
        if value is None:
            return self.optional
        if isinstance(value, tuple) and self.per_class and value:
            return all(self._allows_number(number) for number in value)
        return self._allows_number(value)

    def _allows_number(self, value: Value) -> bool:
        if not isinstance(value, float | int) or isinstance(value, bool) or not math.isfinite(value):
            return False
        if self.whole and not float(value).is_integer():
            return False
        return self.minimum <= value <= self.maximum and self.above < value < self.below


@dataclass(frozen=True)
class Equality:
    """A place where a loss is another one, up to a factor.

    Args:
        own: hyperparameters of this loss, beside its defaults.
        other: the other loss.
        theirs: hyperparameters of the other loss, beside its defaults.
        factor: this loss is so many times the other one.
        per_class: whether the factor is to be divided by the number of classes.
    """

    own: Mapping[str, Value]
    other: str
    theirs: Mapping[str, Value] = field(default_factory=dict)
    factor: float = 1.0
    per_class: bool = False


@dataclass(frozen=True)
class Properties:
    """Facts about the loss as a function of the logits, at its default hyperparameters; tests execute them.

    Args:
        bounded: whether the loss of one sample is bounded over all logits.
        symmetric: whether its sum over all possible targets is the same for all logits (Ghosh et al., 2017).
        convex: whether it is convex in the logits.
        gradient_bound: a bound, within a few per cent the least one, on the absolute derivative by one logit; None
            when there is none.
        soft_targets: whether its definition admits class probabilities, (batch, classes), as target.
        nonnegative: whether it is never below 0.
        dead_region: whether a wrong prediction may get no gradient at all.
        equals: where it is another loss, up to a factor.
    """

    bounded: bool
    symmetric: bool
    convex: bool
    gradient_bound: float | None
    soft_targets: bool = False
    nonnegative: bool = True
    dead_region: bool = False
    equals: tuple[Equality, ...] = ()


@dataclass(frozen=True)
class LossCard:
    """What is known about a loss.

    Args:
        name: as the user writes it.
        version: raised when the loss's values or gradients change; part of a trial's key.
        family: the file it lives in.
        title: its name for people.
        formula: TeX of the per-sample loss; z logits, y the true class, p softmax(z), e one-hot(y), K classes.
        purpose: what it is for, in one sentence.
        when: when to use it, in one sentence.
        strengths: what speaks for it.
        weaknesses: what speaks against it.
        reference: the paper.
        hyperparameters: in the order of its signature.
        properties: facts that tests execute.
        needs: what it needs beyond logits and target.
        link: how its probabilities come from the logits, in a few words; empty where that is softmax.
    """

    name: str
    version: int
    family: str
    title: str
    formula: str
    purpose: str
    when: str
    strengths: tuple[Claim, ...]
    weaknesses: tuple[Claim, ...]
    reference: Reference
    properties: Properties
    hyperparameters: tuple[Hyperparameter, ...] = ()
    needs: frozenset[Need] = frozenset()
    link: str = ""

    def complete(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Every hyperparameter with its value: those given, checked, and the defaults of the others.

        Raises:
            RequestError: an unknown hyperparameter, or a value out of its range.
        """
        known = {hyperparameter.name: hyperparameter for hyperparameter in self.hyperparameters}
        for name, value in given.items():
            if name not in known:
                raise self._unknown(name, known)
            known[name].check(self.name, value)
        return {name: given.get(name, hyperparameter.default) for name, hyperparameter in known.items()}

    def _unknown(self, name: str, known: Mapping[str, Hyperparameter]) -> RequestError:
        if known:
            return UnknownNameError(f"losses.{self.name}", name, known)
        return RequestError(f"losses.{self.name}", "no hyperparameters", name)

"""`LossCard`: what is known about a loss, as facts that tests execute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import Value, print_value

__all__ = ["Claim", "Hyperparameter", "LossCard", "Properties", "Reference"]


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
class Hyperparameter:
    """One hyperparameter of a loss.

    Args:
        name: the keyword.
        default: the authors' value.
        meaning: what it does, in a few words.
        minimum: the least allowed value.
        maximum: the greatest allowed value.
        optional: whether `none` is allowed.
        per_class: whether a list with one value per class is allowed.
    """

    name: str
    default: float | None
    meaning: str
    minimum: float = -math.inf
    maximum: float = math.inf
    optional: bool = False
    per_class: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        number = "a number"
        if math.isfinite(self.minimum):
            number += f" of at least {self.minimum:g}"
        if math.isfinite(self.maximum):
            number += f"{' and' if math.isfinite(self.minimum) else ' of'} at most {self.maximum:g}"
        options = [number]
        if self.per_class:
            options.append("a list of such numbers, one per class")
        if self.optional:
            options.append("none")
        return " or ".join(options)

    def check(self, loss: str, value: Value) -> None:
        """Raises a RequestError unless the value is allowed."""
        numbers = value if isinstance(value, tuple) and self.per_class and value else (value,)
        if value is None and self.optional:
            return
        for number in numbers:
            is_number = isinstance(number, float | int) and not isinstance(number, bool) and math.isfinite(number)
            if not is_number or not self.minimum <= float(number) <= self.maximum:  # type: ignore[arg-type]  # a number by the line above
                raise RequestError(f"losses.{loss}.{self.name}", self.allowed, print_value(value))


@dataclass(frozen=True)
class Properties:
    """Facts about the loss as a function of the logits, at its default hyperparameters; tests execute them.

    Args:
        bounded: whether the loss of one sample is bounded over all logits.
        symmetric: whether its sum over all possible targets is the same for all logits (Ghosh et al., 2017).
        convex: whether it is convex in the logits.
        gradient_bound: the greatest absolute derivative by one logit; None when there is none.
        equals: the loss and its hyperparameters, and this loss's, at which the two are one.
    """

    bounded: bool
    symmetric: bool
    convex: bool
    gradient_bound: float | None
    equals: tuple[tuple[Mapping[str, float], str, Mapping[str, float]], ...] = ()


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
        strengths: what speaks for it.
        weaknesses: what speaks against it.
        reference: the paper.
        hyperparameters: in the order of its signature.
        needs: what it needs beyond logits and target.
        properties: facts that tests execute.
    """

    name: str
    version: int
    family: str
    title: str
    formula: str
    purpose: str
    strengths: tuple[Claim, ...]
    weaknesses: tuple[Claim, ...]
    reference: Reference
    properties: Properties
    hyperparameters: tuple[Hyperparameter, ...] = ()
    needs: frozenset[Literal["class_counts", "progress", "generator", "batch"]] = frozenset()

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

"""Is it a loss of the catalogue, up to a factor? Of logits, of probabilities, with softmax applied twice?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from lossbench.losses.audit.subject import Subject, counts_of, derivative_at, made_batch
from lossbench.losses.audit.types import Check
from lossbench.losses.catalogue import CATALOGUE, bind
from lossbench.spec import LossSpec

__all__ = ["Identity", "identify", "input_kind", "known"]

_FEW, _MANY = 5, 20
_VARIANTS = (
    *(f"focal(gamma={gamma})" for gamma in (0.5, 1, 3, 5)),
    *(f"label_smoothing(convention={name})" for name in ("others", "normalised")),
    *(f"gce(q={q})" for q in (0.1, 0.3, 0.5, 0.9)),
    "focal(detach=true)",
    "weighted_ce(normalisation=classes)",
    "bce(mean=true)",
    "brier(mean=true)",
    "mse(mean=true)",
)
_SUMS = frozenset({"bce", "brier", "hinge_ww", "mse"})  # of which some libraries take the mean over classes on purpose
_SAME = 1e-3

Link = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Identity:
    """The loss of the catalogue that another one is.

    Args:
        name: as the catalogue writes it.
        factor: so many times, before the number of classes counts.
        exponent: and so many powers of the number of classes.
    """

    name: str
    factor: float
    exponent: float

    def __str__(self) -> str:
        times = "" if abs(self.factor - 1) < _SAME else f"{self.factor:.4g} times "
        power = "" if abs(self.exponent) < _SAME else f" times K to the power {self.exponent:.3g}"
        return f"{times}{self.name}{' / K' if abs(self.exponent + 1) < _SAME else power}"


def identify(subject: Subject, before: Link | None = None, twice: bool = False) -> Identity | None:
    """The loss of the catalogue whose gradient is this one's, up to a factor; None when there is none.

    Args:
        subject: what is looked for.
        before: what its logits go through first.
        twice: whether the catalogue's losses are to see softmax probabilities in place of logits.
    """
    allowed = 1e-6 if subject.dtype == torch.float64 else 1e-5
    numbers = (subject.classes,) if subject.fixed else (_FEW, _MANY)
    own = [_gradient(_total(subject, n), n, subject.dtype, before).double() for n in numbers]
    found = []
    for name in _candidates():
        factors = [_factor(own[i], _catalogues(name, n, twice), allowed) for i, n in enumerate(numbers)]
        few, many = factors[0], factors[-1]
        if few is not None and many is not None:
            exponent = 0.0 if subject.fixed else math.log(abs(many / few)) / math.log(_MANY / _FEW)
            found.append(Identity(name, few * _FEW**-exponent, exponent))
    return min(found, key=lambda one: (abs(one.exponent) > _SAME, abs(one.factor - 1)), default=None)


def input_kind(subject: Subject) -> Check:
    """Logits, probabilities, or logarithms of them; or logits that are made probabilities twice."""
    name = "input"
    if not subject.spec.own or identify(subject):
        return Check(name, "pass", "logits")
    twice = identify(subject, twice=True)
    if twice:
        words = f"softmax is applied twice: it is {twice} of probabilities that are taken for logits"
        return Check(name, "fail", words)
    for link, words in ((_log_softmax, "logarithms of probabilities"), (_softmax, "probabilities")):
        inner = identify(subject, link)
        if inner:
            return Check(name, "fail", f"it expects {words} where lossbench gives logits: of them it is {inner}")
    logits, target = subject.batch()
    values, of_probabilities = subject.each(logits, target), subject.each(logits.softmax(1), target)
    if not torch.isfinite(values).all() and torch.isfinite(of_probabilities).all():
        return Check(name, "fail", "it seems to expect probabilities: random logits give NaN or infinity")
    if _hardly_moves(subject):
        words = "sure predictions, right or wrong, change its value little: softmax may be applied twice"
        return Check(name, "warn", words)
    return Check(name, "pass", "logits")


def known(subject: Subject, identity: Identity | None) -> Check:
    """What the catalogue knows of it."""
    name = "catalogue"
    if not subject.spec.own:
        return Check(name, "pass", "one of the catalogue's")
    if identity is None:
        return Check(name, "pass", "no loss of the catalogue, up to a factor, among those and the settings compared")
    if abs(identity.exponent + 1) < _SAME:
        words = f"it is {identity}, K classes: a mean is taken over classes, too"
        return Check(name, "warn" if identity.name in _SUMS else "fail", words)
    if abs(identity.exponent) > _SAME:
        return Check(name, "warn", f"it is {identity}, the number of classes")
    return Check(name, "pass" if abs(identity.factor - 1) < _SAME else "warn", f"it is {identity}")


def _hardly_moves(subject: Subject) -> bool:
    """Whether the values of sure predictions, right and wrong, stay near that of no prediction at all."""
    others = [0.0] * (subject.few - 1)
    at = torch.tensor([[0.0, *others], [40.0, *others], [*others, 40.0]], dtype=subject.dtype)
    none, right, wrong = subject.each(at, torch.zeros(3, dtype=torch.int64)).tolist()
    return bool(none > 0 and right > 0.4 * none and wrong < 2 * none)


def _candidates() -> Iterator[str]:
    """Every loss of the catalogue whose samples are independent and not drawn, and a few settings that people use."""
    for text in (*CATALOGUE, *_VARIANTS):
        spec = LossSpec.parse(text)
        entry = CATALOGUE.get(spec.name)
        if entry and not entry.card.needs & {"batch", "generator"}:
            yield text


def _total(subject: Subject, classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, target: subject.total(logits, target, counts_of(classes))


@cache
def _catalogues(name: str, classes: int, twice: bool) -> Tensor:
    """The gradient of a loss of the catalogue."""
    bound = bind(LossSpec.parse(name), counts_of(classes))
    link = _softmax if twice else None
    return _gradient(lambda z, y: bound(z, y, progress=1.0).sum(), classes, torch.float64, link)


def _gradient(total: Callable[[Tensor, Tensor], Tensor], classes: int, dtype: torch.dtype, link: Link | None) -> Tensor:
    """The gradient at a few places, through a link where there is one."""
    through = link or (lambda logits: logits)
    parts = []
    for scale in (0.5, 3.0):
        logits, target = made_batch(8, classes, scale, seed=classes)
        parts.append(derivative_at(lambda z: total(through(z), target), logits.to(dtype)))  # noqa: B023 - called at once
    return torch.cat(parts)


def _factor(gradient: Tensor, other: Tensor, allowed: float) -> float | None:
    """How many times the other gradient this one is; None when it is not."""
    size = gradient.norm()
    if not torch.isfinite(gradient).all() or size == 0 or other.norm() == 0:
        return None
    factor = float((gradient * other).sum() / (other * other).sum())
    return factor if float((gradient - factor * other).norm() / size) < allowed else None


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)


def _log_softmax(logits: Tensor) -> Tensor:
    return logits.log_softmax(dim=1)

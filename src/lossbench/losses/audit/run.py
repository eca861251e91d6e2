"""The audit of one loss, check by check, in the spirit of scikit-learn's `check_estimator`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch

from lossbench.errors import RequestError
from lossbench.losses.audit import gradient, identity, structure, tools, value
from lossbench.losses.audit.subject import CLASSES, Subject, counts_of, first_line
from lossbench.losses.audit.types import Audit, Check
from lossbench.losses.catalogue import CATALOGUE, complete
from lossbench.losses.own import build_own_loss, try_own_loss
from lossbench.spec import LossSpec, parse_losses

__all__ = ["DECLARATIONS", "audit"]

DECLARATIONS = ("batch", "detached", "dead")
"""What may be declared: the batch is coupled, a factor is detached, wrong predictions may get no gradient."""

_MOST_CLASSES = 1000

_CHECKS: tuple[Callable[[Subject], Check | list[Check]], ...] = (
    value.reduction,
    identity.input_kind,
    gradient.direction,
    value.extremes,
    value.sizes,
    gradient.gradcheck,
    gradient.derivative,
    gradient.dead,
    structure.independence,
    structure.shift,
    structure.permutation,
    structure.soft_targets,
    structure.hyperparameters,
    value.precisions,
    tools.compiles,
    tools.vmaps,
    gradient.scale,
)


def audit(loss: Any, declared: Iterable[str] = (), num_classes: int | None = None) -> Audit:
    """Examines a loss.

    What a card declares, or the caller does, is no fault; what a loss hides is one.

    Args:
        loss: a text such as `focal(gamma=0.5)` or `my_module:MyLoss`, a spec, a function, a class or a
            `torch.nn.Module`.
        declared: of `batch`, `detached` and `dead`, what is known of the loss and meant.
        num_classes: of a loss that is made for one number of classes, such as one with class weights: it is examined
            for that number alone. None for ten classes, and for two and a thousand.

    Raises:
        RequestError: an unknown loss or hyperparameter, something that cannot be imported, an unknown declaration, or
            fewer than two classes.
    """
    _check_classes(num_classes)
    for name in declared:
        if name not in DECLARATIONS:
            raise RequestError("--declare", f"some of {', '.join(DECLARATIONS)}", name)
    (spec,) = parse_losses([loss], "loss")
    spec = complete(spec)
    known, fixed = frozenset(declared) | _on_the_card(spec), num_classes is not None
    subject = Subject(spec, known, classes=num_classes or CLASSES, fixed=fixed)
    try:
        subject = _known(subject)
    except Exception as error:  # whatever a user's code raises
        return Audit(str(spec), "", "", None, "", (_refused(error),))
    checks = [found for check in _CHECKS for found in _made(check, subject)]
    same = _identity(subject)
    checks.append(identity.known(subject, same))
    target = "one-hot" if subject.one_hot_target else "indices"
    return Audit(str(spec), subject.reduction, target, _scale(subject), str(same or ""), tuple(checks))


def _check_classes(number: object) -> None:
    whole = isinstance(number, int) and not isinstance(number, bool)
    if number is not None and not (whole and 2 <= number <= _MOST_CLASSES):  # type: ignore[operator]  # it is whole
        raise RequestError("num_classes", f"a whole number from 2 to {_MOST_CLASSES}", number)


def _on_the_card(spec: LossSpec) -> frozenset[str]:
    if spec.own:
        return frozenset()
    card = CATALOGUE[spec.name].card
    facts = {
        "batch": "batch" in card.needs,
        "detached": spec.keywords.get("detach") is True,
        "dead": card.properties.dead_region,
    }
    return frozenset(name for name, fact in facts.items() if fact)


def _known(subject: Subject) -> Subject:
    """The subject with its target, reduction and type found out."""
    counts = counts_of(subject.classes)
    if subject.spec.own:
        own = build_own_loss(subject.spec, counts)
        tried = try_own_loss(subject.spec, own, subject.classes, "cpu")
        subject = replace(subject, one_hot_target=tried.one_hot_target, reduction=tried.reduction)
    try:
        subject.gradient(*subject.batch())
    except Exception:  # such as a float32 weight that meets float64 logits
        subject = replace(subject, dtype=torch.float32)
        subject.gradient(*subject.batch())
    return subject


def _made(check: Callable[[Subject], Check | list[Check]], subject: Subject) -> list[Check]:
    try:
        found = check(subject)
    except Exception as error:  # whatever a user's code raises is an answer
        name = check.__name__.replace("_", " ")
        return [Check(name, "fail", f"raises {type(error).__name__}: {first_line(error)}")]
    return found if isinstance(found, list) else [found]


def _scale(subject: Subject) -> float | None:
    with suppress(Exception):  # said by the check of the same matter
        return gradient.gradient_scale(subject)
    return None


def _identity(subject: Subject) -> identity.Identity | None:
    if subject.spec.own:
        with suppress(Exception):  # as above
            return identity.identify(subject)
    return None


def _refused(error: Exception) -> Check:
    received = error.received if isinstance(error, RequestError) else f"{type(error).__name__}: {first_line(error)}"
    return Check("call", "fail", f"cannot be trained with: {received}")

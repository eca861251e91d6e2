"""What a loss does not depend on, or should not: other samples, a shift of all logits, the names of the classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from lossbench.losses.audit.subject import Subject, counts_of, derivative_at
from lossbench.losses.audit.types import Check, Outcome
from lossbench.losses.own import found_own
from lossbench.spec import LossSpec, Value

__all__ = ["hyperparameters", "independence", "permutation", "shift", "soft_targets"]


_TINY = 1e-3


def independence(subject: Subject) -> Check:
    """The loss of a sample alone and beside others."""
    name = "samples"
    logits, target = subject.batch()
    if _coupled(subject, logits, target):
        words = "the loss of a sample depends on the others of its batch"
        declared = "batch" in subject.declared
        return Check(name, "pass" if declared else "fail", f"as declared: {words}" if declared else words)
    return Check(name, "pass", "the loss of a sample does not depend on the others of its batch")


def shift(subject: Subject) -> Check:
    """Softmax does not see a shift of all logits; what does works on the raw logits."""
    name = "shift of all logits"
    logits, target = subject.batch()
    moved, still = subject.each(logits + 3.0, target), subject.each(logits, target)
    if _close(moved, still, subject.exact):
        return Check(name, "pass", "changes nothing: it sees differences of logits, as softmax does")
    return Check(name, "pass", "changes the value: it works on the raw logits, not on softmax probabilities")


def permutation(subject: Subject) -> Check:
    """Classes by other names, with their counts, give the same loss."""
    name = "permutation of classes"
    if subject.random:
        return Check(name, "pass", "not asked: it draws by place")
    logits, target = subject.batch()
    order = torch.arange(subject.classes).roll(3 if subject.classes > 3 else 1)
    back = order.argsort()
    counts = counts_of(subject.classes)
    renamed = subject.each(logits[:, order], back[target], [counts[k] for k in order.tolist()])
    if _close(renamed, subject.each(logits, target), subject.exact):
        return Check(name, "pass", "changes nothing: no class is treated unlike another")
    return Check(name, "warn", "changes the value: classes are treated unlike each other, whatever their counts")


def soft_targets(subject: Subject) -> Check:
    """Class probabilities as target, as mixup wants them."""
    name = "soft targets"
    if subject.one_hot_target:
        return Check(name, "pass", "takes one-hot rows, not class indices; lossbench makes them")
    logits, target = subject.batch()
    rows = one_hot(target, subject.classes).to(logits.dtype)
    try:
        given = subject.each(logits, rows)
    except Exception:  # a refusal, in whatever words
        return Check(name, "pass", "takes class indices alone")
    if given.shape == (len(target),) and _close(given, subject.each(logits, target), subject.exact):
        mixed = subject.each(logits, 0.7 * rows + 0.3 * rows.roll(1, dims=1))
        if torch.isfinite(mixed).all():
            return Check(name, "pass", "takes class probabilities, too; one-hot rows give what indices give")
    return Check(name, "fail", "takes class probabilities without a word, and gives something else for one-hot rows")


def hyperparameters(subject: Subject) -> Check:
    """Every number that can be set has an effect."""
    name = "hyperparameters"
    if not subject.spec.own:
        return Check(name, "pass", "those of the card")
    worst: Outcome = "warn"
    idle = []
    tried = 0
    for key, before, after, harmless in _settings(subject.spec):
        changed = replace(subject.spec, hyperparameters=_with(subject.spec, key, after))
        with suppress(Exception):  # a value that it does not take says nothing of its effect
            other = replace(subject, spec=changed, _built={})
            tried += 1
            if not _differ(subject, other):
                idle.append(f"{key} ({before:g} to {after:g})")
                worst = worst if harmless else "fail"
    if idle:
        return Check(name, worst, f"no effect of {', '.join(idle)}: lost in a whole-number division, or never used")
    return Check(name, "pass", f"each of {tried} has an effect" if tried else "none that can be changed")


def _coupled(subject: Subject, logits: Tensor, target: Tensor) -> bool:
    if subject.reduction == "none":
        changed = torch.cat([logits[:1], logits[1:].roll(1, dims=1) + 1.0])
        labels = torch.cat([target[:1], target[1:].roll(2)])
        if not _close(subject.each(logits, target)[:1], subject.each(changed, labels)[:1], subject.exact):
            return True
        return bool((derivative_at(lambda z: subject.each(z, target)[0], logits)[1:] != 0).any())
    halves = [subject.total(logits[rows], target[rows]) for rows in (slice(0, 5), slice(5, None))]
    return not _close(torch.stack(halves).sum(), subject.total(logits, target), subject.exact)


def _differ(subject: Subject, other: Subject) -> bool:
    for scale in (1.0, 8.0):
        logits, target = subject.batch(scale=scale)
        for progress in (0.5, 1.0):
            values = [one.total(logits, target, progress=progress) for one in (subject, other)]
            if not torch.equal(*values):
                return True
        if not torch.equal(subject.gradient(logits, target), other.gradient(logits, target)):
            return True
    return False


def _settings(spec: LossSpec) -> Iterator[tuple[str, float, float, bool]]:
    """The numbers that can be set: name, value as it is, another, and whether it may well do nothing here.

    A whole number may be an option by number, and a tiny one may guard against a division by 0.
    """
    given = spec.keywords
    try:
        parameters = inspect.signature(found_own(spec)).parameters.values()
    except (TypeError, ValueError):
        return
    for parameter in parameters:
        value = given.get(parameter.name, parameter.default)
        if not isinstance(value, float | int) or isinstance(value, bool):
            continue
        whole = type(parameter.default) is int or parameter.annotation in (int, "int")
        if not whole:
            yield parameter.name, float(value), float(value) * 0.6 or 0.1, abs(value) < _TINY
        elif value > 0:
            yield parameter.name, value, value + 1, True


def _with(spec: LossSpec, key: str, value: float) -> tuple[tuple[str, Value], ...]:
    return LossSpec.of(spec.name, {**spec.keywords, key: value}).hyperparameters


def _close(a: Tensor, b: Tensor, exact: float) -> bool:
    return bool(torch.isclose(a, b, rtol=exact, atol=exact).all())

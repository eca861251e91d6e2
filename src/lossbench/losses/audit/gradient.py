"""The gradient: is it that of the value, is there one, does it point the right way, how long is it?"""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.audit.subject import Subject, made_batch
from lossbench.losses.audit.types import Check
from lossbench.losses.families.cross_entropy import cross_entropy

__all__ = ["dead", "derivative", "direction", "gradcheck", "gradient_scale", "scale"]

_TOO_SMALL, _TOO_LARGE = 0.1, 10.0


def gradcheck(subject: Subject) -> Check:
    """Torch's own comparison of gradient and value, in float64."""
    name = "gradcheck"
    if subject.dtype != torch.float64:
        return Check(name, "warn", "not asked: it takes no float64 logits")
    logits, target = subject.batch(4, subject.few)
    fine = torch.autograd.gradcheck(lambda z: subject.total(z, target), logits.requires_grad_(), raise_exception=False)
    if fine:
        return Check(name, "pass", "autograd's gradient is the derivative (float64)")
    return _unless_declared(subject, name, "detached", "autograd's gradient is not the derivative of the value")


def derivative(subject: Subject) -> Check:
    """The slope of the whole expression by finite differences, relative to its size: finds a detached factor."""
    name = "whole expression"
    step, allowed = (1e-6, 1e-5) if subject.dtype == torch.float64 else (1e-2, 5e-2)
    for scale in (0.5, 2.0, 6.0):
        logits, target = subject.batch(4, subject.few, scale, seed=1)
        slope = _slope(subject, logits, target, step)
        gradient = subject.gradient(logits, target)
        size = slope.norm()
        if size == 0 and gradient.norm() == 0:
            continue
        if float((gradient - slope).norm() / size.clamp(min=1e-12)) > allowed:
            share = float((gradient * slope).sum() / size**2)
            words = f"its gradient is not that of its value (about {share:.2f} times it): a factor is detached"
            return _unless_declared(subject, name, "detached", words)
    return Check(name, "pass", "the gradient is the slope of the value, every factor of it")


def dead(subject: Subject) -> Check:
    """No gradient at all for a confidently wrong prediction, or where every logit is far below 0."""
    name = "dead gradient"
    margin = 30.0 if subject.dtype == torch.float64 else 20.0  # p of 1e-13: clamps lie above it
    target = torch.tensor([0, min(3, subject.classes - 2)])
    wrong = torch.zeros(2, subject.classes, dtype=subject.dtype)
    wrong[torch.arange(2), target] = -margin / 2
    wrong[torch.arange(2), target + 1] = margin / 2
    low, _ = subject.batch(2, scale=0.1)
    places = {"a confidently wrong prediction": wrong, "logits that are all far below 0": low - 50}
    for words, logits in places.items():
        if bool((subject.gradient(logits, target) == 0).all()):
            return _unless_declared(subject, name, "dead", f"{words} gets no gradient at all, and is never mended")
    return Check(name, "pass", "confidently wrong predictions still get a gradient")


def direction(subject: Subject) -> Check:
    """It depends on the logits, and is least where the prediction is right."""
    name = "direction"
    logits, target = subject.batch()
    values = subject.each(logits, target)
    if float(values.max() - values.min()) <= 1e-12 * max(1.0, float(values.abs().max())):
        at = float(values.mean())
        return Check(name, "fail", f"its value is {at:.3g} whatever the logits are")
    if bool((subject.gradient(logits, target) == 0).all()):
        words = "its gradient is zero although its value changes: something is rounded, floored or an index"
        return Check(name, "fail", words)
    if "batch" in subject.declared:
        return Check(name, "pass", "not asked of single samples: it couples its batch")
    rows = torch.arange(len(target))
    right, wrong = (torch.zeros_like(logits) for _ in range(2))
    right[rows, target] = 2.0
    wrong[rows, (target + 1) % subject.classes] = 2.0
    if float(subject.each(right, target).mean()) >= float(subject.each(wrong, target).mean()):
        return Check(name, "fail", "a wrong prediction costs no more than a right one")
    return Check(name, "pass", "a right prediction costs less than a wrong one")


def scale(subject: Subject) -> Check:
    """The length of the first steps beside cross entropy's, at one learning rate."""
    name = "gradient scale"
    ratio = gradient_scale(subject)
    if ratio == 0:
        return Check(name, "fail", "no gradient at small random logits, where training begins")
    words = (
        f"{ratio:.3g} times that of cross entropy at initialisation; a learning rate {1 / ratio:.3g} times as high "
        "would make the first steps equal"
    )
    return Check(name, "pass" if _TOO_SMALL <= ratio <= _TOO_LARGE else "warn", words)


def gradient_scale(subject: Subject) -> float:
    """Norm of the gradient by the logits over that of cross entropy, at logits as a fresh network gives them."""
    logits, target = made_batch(64, subject.classes, scale=0.1)
    leaf = logits.clone().requires_grad_()
    (reference,) = torch.autograd.grad(cross_entropy(leaf, target).sum(), leaf)
    return float(subject.gradient(logits.to(subject.dtype), target).double().norm() / reference.norm())


def _slope(subject: Subject, logits: Tensor, target: Tensor, step: float) -> Tensor:
    """Central differences of the sum over the batch, (batch, classes)."""
    slope = torch.zeros_like(logits)
    with torch.no_grad():
        for i in range(logits.shape[0]):
            for k in range(logits.shape[1]):
                aside = torch.zeros_like(logits)
                aside[i, k] = step
                up, down = subject.total(logits + aside, target), subject.total(logits - aside, target)
                slope[i, k] = (up - down) / (2 * step)
    return slope


def _unless_declared(subject: Subject, name: str, declaration: str, words: str) -> Check:
    if declaration in subject.declared:
        return Check(name, "pass", f"as declared: {words}")
    return Check(name, "fail", words)

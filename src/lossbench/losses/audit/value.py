"""What a loss gives: shape and type, finiteness at the extremes, other sizes, other precisions."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from lossbench.losses.audit.subject import Subject, first_line
from lossbench.losses.audit.types import Check

__all__ = ["extremes", "precisions", "reduction", "sizes"]


_NARROW = 0.01  # bfloat16 itself keeps two to three digits


def reduction(subject: Subject) -> Check:
    """One value per sample, or a mean, or a sum, whose gradient grows with the batch."""
    name = "reduction"
    if subject.reduction == "sum":
        words = "the sum over the batch, so that the step grows with the batch size (lossbench divides by it)"
        return Check(name, "warn", words)
    words = {"none": "one value per sample", "mean": "the mean over the batch"}[subject.reduction]
    return Check(name, "pass", words)


def extremes(subject: Subject) -> Check:
    """Value and gradient where p, that of the true class, goes to 0 and to 1, and where one class dominates."""
    name = "extreme logits"
    places = {
        "logits of ±1e4": _corners(1e4, subject.classes),
        "logits of ±100": _corners(100.0, subject.classes),
        "p near 1": _dominated(40.0, subject.classes),
        "p near 0": _dominated(-40.0, subject.classes),
        "p = 1": _dominated(1000.0, subject.classes),
        "p = 0": _dominated(-1000.0, subject.classes),
    }
    for dtype in dict.fromkeys((subject.dtype, torch.float32)):
        where: dict[str, list[str]] = {}
        for words, (logits, target) in places.items():
            wide = logits.to(dtype)
            for what, values in (
                ("value", subject.each(wide, target)),
                ("gradient", subject.gradient(wide, target)),
            ):
                if not torch.isfinite(values).all():
                    kind = "NaN" if values.isnan().any() else "infinite"
                    where.setdefault(f"its {what} is {kind} at", []).append(words)
        if where:
            found = "; ".join(f"{what} {', '.join(words)}" for what, words in where.items())
            return Check(name, "fail", f"{found} ({_word(dtype)})")
    return Check(name, "pass", "value and gradient are finite for p near and at 0 and 1, and for logits up to ±1e4")


def sizes(subject: Subject) -> list[Check]:
    """A batch of one, two classes, a thousand."""
    checks = []
    for name, n, classes in (("batch of one", 1, subject.classes), ("two classes", 12, 2), ("1000 classes", 12, 1000)):
        if subject.fixed and classes != subject.classes:
            checks.append(Check(name, "pass", f"not asked: it is examined as a loss of {subject.classes} classes"))
            continue
        try:
            logits, target = subject.batch(n, classes)
            value, gradient = subject.total(logits, target), subject.gradient(logits, target)
            finite = bool(torch.isfinite(value) and torch.isfinite(gradient).all())
            checks.append(Check(name, *(("pass", "works") if finite else ("fail", "gives NaN or infinity"))))
        except Exception as error:  # whatever a user's code raises
            checks.append(Check(name, "fail", f"raises {type(error).__name__}: {first_line(error)}"))
    return checks


def precisions(subject: Subject) -> list[Check]:
    """Under autocast, and with logits that came narrow."""
    return [_precision(subject, dtype) for dtype in (torch.bfloat16, torch.float16)]


def _precision(subject: Subject, dtype: torch.dtype) -> Check:
    name = _word(dtype)
    logits, target = subject.batch(scale=8.0)
    logits = logits.to(dtype).float()  # so that the logits themselves are the same
    expected = subject.each(logits, target)
    try:
        with torch.autocast("cpu", dtype):
            under = subject.each(logits, target)
        narrow = subject.each(logits.to(dtype), target)
        gradient = subject.gradient(logits.to(dtype), target)
    except Exception as error:  # whatever a user's code raises
        return Check(name, "warn", f"raises {type(error).__name__}: {first_line(error)}")
    if not all(torch.isfinite(values).all() for values in (under, narrow, gradient)):
        return Check(name, "fail", "gives NaN or infinity where float32 does not")
    off = {
        words: float((values.float() - expected).abs().max() / expected.abs().max().clamp(min=1e-6))
        for words, values in (("under autocast", under), ("with narrow logits", narrow))
    }
    words, most = max(off.items(), key=lambda item: item[1])
    if most > _NARROW:
        return Check(name, "warn", f"{words} its value is off by up to {most:.1%}: it computes in {name} itself")
    if most > 1e-6:
        return Check(name, "pass", f"finite; its value is off by up to {most:.2%} {words}")
    return Check(name, "pass", "computes in float32, under autocast and with narrow logits")


def _corners(size: float, classes: int) -> tuple[Tensor, Tensor]:
    """Every triple out of (−size, 0, size) beside classes at 0, with each of the three true; of two classes, pairs."""
    first = min(3, classes)
    corners = torch.tensor(list(product((-size, 0.0, size), repeat=first)), dtype=torch.float64)
    logits = torch.cat([corners, torch.zeros(len(corners), classes - first, dtype=torch.float64)], dim=1)
    return logits.repeat(first, 1), torch.arange(first).repeat_interleave(len(logits))


def _dominated(margin: float, classes: int) -> tuple[Tensor, Tensor]:
    """The true class ahead of the others by a margin, or one other ahead of it."""
    logits = torch.zeros(3, classes, dtype=torch.float64)
    target = torch.tensor([0, (classes - 1) // 2, classes - 1])
    rows = torch.arange(3)
    if margin > 0:
        logits[rows, target] = margin
    else:
        logits[rows, (target + 1) % classes] = -margin
    return logits, target


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")

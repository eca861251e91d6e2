"""Does it go through what people put around losses: torch.compile, vmap?"""

from __future__ import annotations

from types import FunctionType

import torch
from torch import Tensor

from lossbench.losses.audit.subject import Subject, counts_of, first_line, quiet
from lossbench.losses.audit.types import Check

__all__ = ["compiles", "vmaps"]


def compiles(subject: Subject) -> Check:
    """torch.compile in one graph, with the same value and gradient."""
    name = "torch.compile"
    if subject.random:
        return Check(name, "pass", "not asked: a generator cannot be handed to a graph")
    logits, target = subject.batch()
    function = subject.function(counts_of(logits.shape[1]))
    expected = subject.target_for(target, logits.shape[1], logits.dtype)

    def mean(z: Tensor) -> Tensor:
        return function(z, expected, progress=1.0, generator=None).mean()  # type: ignore[no-any-return]  # any loss

    try:
        with quiet():
            code = mean.__code__.replace()  # compilers remember by code object, and would take this loss for the last
            fresh = FunctionType(code, mean.__globals__, closure=mean.__closure__)
            leaf = logits.clone().requires_grad_()
            value = torch.compile(fresh, backend="aot_eager", fullgraph=True)(leaf)
            (gradient,) = torch.autograd.grad(value, leaf)
            plain = logits.clone().requires_grad_()
            (reference,) = torch.autograd.grad(mean(plain), plain)
    except Exception as error:  # compilers raise many kinds
        return Check(name, "warn", f"does not go into one graph ({type(error).__name__}: {first_line(error)})")
    if not torch.allclose(gradient, reference, rtol=1e-4, atol=1e-6):
        return Check(name, "fail", "gives another gradient when it is compiled")
    return Check(name, "pass", "goes into one graph and gives the same gradient")


def vmaps(subject: Subject) -> Check:
    """torch.func.vmap over samples, with the same values."""
    name = "vmap"
    if subject.random or "batch" in subject.declared:
        return Check(name, "pass", "not asked: it draws at random or couples its batch")
    logits, target = subject.batch()

    def one(z: Tensor, y: Tensor) -> Tensor:
        value: Tensor = subject.raw(z.unsqueeze(0), y.unsqueeze(0))
        return value.squeeze()

    try:
        with quiet():
            values = torch.func.vmap(one)(logits, target)
    except Exception as error:  # what it meets inside a loss is of many kinds
        return Check(name, "warn", f"cannot be mapped over samples ({type(error).__name__}: {first_line(error)})")
    if not torch.allclose(values, subject.each(logits, target), rtol=subject.exact, atol=subject.exact):
        return Check(name, "fail", "gives other values when it is mapped over samples")
    return Check(name, "pass", "can be mapped over samples")
